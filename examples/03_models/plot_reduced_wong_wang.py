"""
The reduced Wong-Wang model: one variable, two rests
====================================================

One gating variable per node. Recurrence bends the curve of rest until it folds, and
between the two folds there are two stable states [1]_.
"""

# %%
# A plane of 48 x 48 recurrences and currents, started low and high, all side by side.
import matplotlib.pyplot as plt
import numpy as np

from skneuro.dynamics import ReducedWongWang, SubSample, simulate_batch

recurrence = np.linspace(0.5, 1.2, 48)
current = np.linspace(0.26, 0.38, 48)  # nA
node = ReducedWongWang(duration=3000.0, dt=1.0, monitor=SubSample(100.0))
ends = {}
for name, start in (("low", 0.01), ("high", 0.9)):
    sets = [
        {"w": w, "exc_input": c, "initial_state": {"s": start}}
        for w in recurrence
        for c in current
    ]
    ends[name] = simulate_batch(node, sets)[:, 0, -1].reshape(48, 48)

# %%
# Where low and high starts end apart, the node has a memory.
fig, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.8), layout="constrained")
image = left.pcolormesh(
    current, recurrence, ends["high"] - ends["low"], cmap="magma", shading="nearest"
)
fig.colorbar(image, ax=left, label="distance of the two states")
left.set(xlabel="current (nA)", ylabel="recurrence w", title="Bistability")
for k, color in ((0, "C0"), (20, "C1"), (40, "C3")):
    right.plot(current, ends["low"][k], color, label=f"w = {recurrence[k]:.2f}")
    right.plot(current, ends["high"][k], color, ls="--")
right.set(xlabel="current (nA)", ylabel="gating variable", title="From low and high")
right.legend(frameon=False)

# %%
# References
# ----------
# .. [1] G. Deco et al. (2013), J. Neurosci. 33, 11239-11252.
#    :doi:`10.1523/JNEUROSCI.1091-13.2013`
