"""
Kuramoto: how oscillators find one rhythm
=========================================

Phases have no amplitude: what changes with the coupling of many oscillators is how
synchronous they are [1]_.
"""

# %%
# For frequencies with a Lorentz distribution of half-width g, synchrony begins at a
# coupling of 2 g and grows as a square root. 200 oscillators, 24 couplings side by
# side.
import matplotlib.pyplot as plt
import numpy as np

from skneuro.dynamics import Kuramoto, SubSample, simulate_batch
from skneuro.metrics import kuramoto_order, metastability

n_nodes, width = 200, 0.01  # rad/ms
quantiles = (np.arange(n_nodes) + 0.5) / n_nodes
frequency = 0.25 + width * np.tan(np.pi * (quantiles - 0.5))
coupling = np.linspace(0.0, 0.08, 24)  # 1/ms
oscillators = Kuramoto(
    np.ones((n_nodes, n_nodes)),
    frequency=frequency,
    duration=1000.0,
    dt=0.5,
    monitor=SubSample(interval=5.0),
    random_state=0,
)
phases = simulate_batch(oscillators, [{"coupling": c} for c in coupling])
order = kuramoto_order(phases, method="phase")
theory = np.sqrt(np.maximum(1 - 2 * width / np.maximum(coupling, 1e-9), 0))

# %%
# Metastability, how much synchrony comes and goes, is largest near the onset.
changing = metastability(phases[..., 100:], method="phase")
fig, axes = plt.subplots(1, 3, figsize=(12, 3.6), layout="constrained")
axes[0].plot(coupling, order[:, 100:].mean(axis=1), "o", label="simulated")
axes[0].plot(coupling, theory, "k:", label="theory")
axes[0].plot(coupling, 3 * changing, "C1", label="3 x metastability")
axes[0].set(xlabel="coupling (1/ms)", ylabel="order parameter", title="Synchrony")
axes[0].legend(frameon=False)
times = 5.0 * np.arange(1, order.shape[1] + 1)
for k, color in ((3, "0.7"), (8, "C1"), (20, "C0")):
    axes[1].plot(times, order[k], color, label=f"coupling {coupling[k]:.3f}")
axes[1].set(
    xlabel="time (ms)", ylabel="order parameter", title="Over time", ylim=(0, 1)
)
axes[1].legend(frameon=False, fontsize="small")
for k, (color, radius) in {3: ("0.7", 0.9), 20: ("C0", 1.0)}.items():
    last = phases[k][:, -1]
    axes[2].plot(radius * np.cos(last), radius * np.sin(last), ".", color=color, ms=3)
axes[2].set(title="Phases at the end", aspect="equal", xticks=[], yticks=[])
axes[2].set_xlabel("weak coupling inside, strong outside")

# %%
# References
# ----------
# .. [1] Y. Kuramoto (1984), Chemical Oscillations, Waves, and Turbulence, Springer.
#    :doi:`10.1007/978-3-642-69689-3`
