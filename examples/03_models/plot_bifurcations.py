"""
Six more models and where they change
=====================================

A node of each model, moved through its regimes by one parameter. Hundreds of runs per
panel take seconds, because parameter sets are simulated side by side.
"""

# %%
# Lowest and highest value of each run, once its start is over; a gap between the two is
# an oscillation. Starting from a low and from a high state shows bistability.
import matplotlib.pyplot as plt
import numpy as np

from skneuro.dynamics import (
    FitzHughNagumo,
    JansenRit,
    Kuramoto,
    MontbrioPazoRoxin,
    ReducedWongWang,
    SubSample,
    WongWang,
    simulate_batch,
)
from skneuro.metrics import kuramoto_order


def extremes(simulator, name, values, initial_state=None):
    """Lowest and highest late value of each run."""
    sets = [{name: v, "initial_state": initial_state} for v in values]
    runs = simulate_batch(simulator, sets)[:, 0]
    late = runs[:, runs.shape[1] // 2 :]
    return late.min(axis=1), late.max(axis=1)


def draw(ax, simulator, name, values, starts=(None,), label=""):
    """Draw the extremes from each start."""
    for start, color in zip(starts, ("C0", "C3"), strict=False):
        low, high = extremes(simulator, name, values, start)
        ax.fill_between(values, low, high, color=color, alpha=0.2)
        ax.plot(values, low, color, values, high, color)
    ax.set(title=type(simulator).__name__, xlabel=label)


# %%
# FitzHugh and Nagumo's node oscillates for a range of inputs. Wong and Wang's gating
# variables and the exact mean field of Montbrio, Pazo and Roxin are bistable: blue runs
# start low, red ones high; the focus of the mean field is weakly damped and takes
# Heun's scheme. Jansen and Rit's column turns from rest to the alpha rhythm.
every = SubSample(interval=1.0)
low_rate, high_rate = {"r": 80.0, "v": -2.0}, {"r": 1500.0, "v": -0.3}
fig, axes = plt.subplots(2, 3, figsize=(10, 5.6), layout="constrained")
draw(
    axes[0, 0],
    FitzHughNagumo(duration=1500.0, random_state=0, monitor=every),
    "x_input",
    np.linspace(0.5, 1.6, 64),
    label="input (1/ms)",
)
draw(
    axes[0, 1],
    ReducedWongWang(w=1.0, duration=4000.0, dt=0.5, monitor=every),
    "exc_input",
    np.linspace(0.28, 0.36, 64),
    ({"s": 0.01}, {"s": 0.9}),
    "current (nA)",
)
draw(
    axes[0, 2],
    WongWang(w_excexc=3.0, inh_input=0.3, duration=4000.0, dt=0.5, monitor=every),
    "exc_input",
    np.linspace(0.2, 0.42, 64),
    ({"s_exc": 0.01, "s_inh": 0.05}, {"s_exc": 0.9, "s_inh": 0.05}),
    "excitatory current (nA)",
)
draw(
    axes[1, 0],
    JansenRit(duration=3000.0, random_state=0, monitor=every),
    "pyramidal_input",
    np.linspace(0.0, 400.0, 64),
    label="input (Hz)",
)
draw(
    axes[1, 1],
    MontbrioPazoRoxin(
        duration=60.0, dt=0.01, method="heun", monitor=SubSample(interval=0.1)
    ),
    "mean_excitability",
    np.linspace(-8.0, 0.0, 64),
    (low_rate, high_rate),
    "mean excitability",
)
axes[0, 0].set_ylabel("x")
axes[0, 1].set_ylabel("gating variable")
axes[0, 2].set_ylabel("firing rate (Hz)")
axes[1, 0].set_ylabel("potential (mV)")
axes[1, 1].set_ylabel("firing rate (Hz)")

# %%
# Phases have no amplitude: what changes with the coupling of many oscillators is how
# synchronous they are. For frequencies with a Lorentz distribution of half-width g it
# begins at a coupling of 2 g and grows as a square root.
n_nodes, width = 200, 0.01  # rad/ms
quantiles = (np.arange(n_nodes) + 0.5) / n_nodes
frequency = 0.25 + width * np.tan(np.pi * (quantiles - 0.5))
coupling = np.linspace(0.0, 0.08, 16)  # 1/ms
oscillators = Kuramoto(
    np.ones((n_nodes, n_nodes)),
    frequency=frequency,
    duration=1000.0,
    dt=0.5,
    monitor=SubSample(interval=5.0),
    random_state=0,
)
phases = simulate_batch(oscillators, [{"coupling": c} for c in coupling])
order = kuramoto_order(phases, method="phase")[:, 100:].mean(axis=1)
theory = np.sqrt(np.maximum(1 - 2 * width / np.maximum(coupling, 1e-9), 0))
axes[1, 2].plot(coupling, order, "o", label="simulated")
axes[1, 2].plot(coupling, theory, "k:", label="theory")
axes[1, 2].set(title="Kuramoto", xlabel="coupling (1/ms)", ylabel="order parameter")
axes[1, 2].legend(frameon=False)
plt.show()

# %%
# Y. Kuramoto (1984), :doi:`10.1007/978-3-642-69689-3`; the papers of the models are in
# their references.
