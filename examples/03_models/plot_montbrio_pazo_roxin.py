"""
Montbrio, Pazo and Roxin: the exact mean field of spiking neurons
=================================================================

Rate and mean potential of infinitely many quadratic integrate-and-fire neurons. A node
is bistable between a quiet node and a busy focus, and switches when it is pushed [1]_.
"""

# %%
# Blue runs start low, red ones high, 96 excitabilities side by side. The focus is
# weakly damped and takes Heun's scheme.
import matplotlib.pyplot as plt
import numpy as np

from skneuro.dynamics import MontbrioPazoRoxin, SubSample, simulate_batch

excitability = np.linspace(-8.0, 0.0, 96)
starts = {"from below": {"r": 80.0, "v": -2.0}, "from above": {"r": 1500.0, "v": -0.3}}
node = MontbrioPazoRoxin(
    duration=60.0, dt=0.01, method="heun", monitor=SubSample(interval=0.1)
)
fig, ax = plt.subplots(figsize=(5, 3.8), layout="constrained")
for (name, start), color in zip(starts.items(), ("C0", "C3"), strict=True):
    sets = [{"mean_excitability": e, "initial_state": start} for e in excitability]
    ends = simulate_batch(node, sets)[:, 0, -1]
    ax.plot(excitability, ends, color, label=name)
ax.set(xlabel="mean excitability", ylabel="firing rate (Hz)", title="Bistability")
ax.legend(frameon=False)

# %%
# Paths in the plane of potential and rate from a grid of starts: to the quiet node, or
# in a spiral to the busy focus.
node.set_params(mean_excitability=-5.0, duration=25.0, record=("r", "v"), monitor="raw")
grid = [
    {"r": r, "v": v} for r in (100.0, 600.0, 1100.0) for v in (-2.0, -1.0, 0.0, 1.0)
]
paths = simulate_batch(node, [{"initial_state": start} for start in grid])
fig, ax = plt.subplots(figsize=(5, 3.8), layout="constrained")
for start, (rate, potential) in zip(grid, paths, strict=True):
    color = "C3" if rate[-1] > 300 else "C0"
    ax.plot(potential, rate, color, lw=0.8)
    ax.plot(start["v"], start["r"], ".", color=color)
ax.set(xlabel="mean potential", ylabel="firing rate (Hz)", title="Phase plane")
ax.set(xlim=(-3.5, 3.5), ylim=(0, 2500))

# %%
# References
# ----------
# .. [1] E. Montbrio, D. Pazo and A. Roxin (2015), Phys. Rev. X 5, 021028.
#    :doi:`10.1103/PhysRevX.5.021028`
