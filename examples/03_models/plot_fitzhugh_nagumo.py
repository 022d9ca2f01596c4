"""
FitzHugh and Nagumo: between two rests
======================================

A fast variable with a cubic curve of rest, and a slow one that pulls it along the two
outer branches. Input moves the node from a low rest through a rhythm to a high rest
[1]_.
"""

# %%
# 160 inputs side by side; the shade is between lowest and highest late value.
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np

from skneuro.dynamics import FitzHughNagumo, SubSample, simulate_batch

inputs = np.linspace(0.5, 1.6, 160)
node = FitzHughNagumo(duration=1500.0, random_state=0, monitor=SubSample(0.5))
late = simulate_batch(node, [{"x_input": value} for value in inputs])[:, 0, 1500:]

# %%
# The period, from the times at which x rises through its mean.
rises = np.diff((late > late.mean(axis=1, keepdims=True)).astype(int), axis=1) == 1
period = np.full(len(inputs), np.nan)
for k in np.flatnonzero(np.ptp(late, axis=1) > 0.1):
    period[k] = np.diff(np.flatnonzero(rises[k])).mean() * 0.5  # ms

# %%
# In the plane, paths of three inputs: one rests on the left branch, one goes round, and
# one rests on the right. The equations of a model are an ordinary function, so the
# curves where a rate vanishes are contours of what it returns.
x, y = np.meshgrid(np.linspace(-0.3, 1.5, 200), np.linspace(0.0, 1.9, 200))
nothing = SimpleNamespace(net=0.0, x=0.0, y=0.0)
parameters = SimpleNamespace(**node.get_params(), diffusive=0.0, net_strength=0.0)


def rates(value):
    """Time derivatives of x and y everywhere in the plane, for one input."""
    drive = SimpleNamespace(x=value, y=0.0)
    state = SimpleNamespace(x=x, y=y)
    return node.equations(state, nothing, drive, nothing, parameters)


fig, axes = plt.subplots(1, 3, figsize=(12, 3.6), layout="constrained")
axes[0].fill_between(inputs, late.min(axis=1), late.max(axis=1), alpha=0.2)
axes[0].plot(inputs, late.min(axis=1), "C0", inputs, late.max(axis=1), "C0")
axes[0].set(xlabel="input (1/ms)", ylabel="x", title="Bifurcation diagram")
axes[1].plot(inputs, period, "C1")
axes[1].set(xlabel="input (1/ms)", ylabel="period (ms)", title="Speed of the rhythm")
axes[2].contour(x, y, rates(0.0)["y"], [0], colors="k", linestyles=":")
for value, color in ((0.6, "C0"), (1.0, "C1"), (1.5, "C2")):
    start = {"x": 0.9, "y": 0.4}
    path = node.set_params(
        x_input=value, initial_state=start, duration=400.0, monitor="raw"
    ).simulate()
    axes[2].contour(
        x, y, rates(value)["x"], [0], colors=color, linewidths=0.7, linestyles="--"
    )
    axes[2].plot(path["x"][0], path["y"][0], color, label=f"input {value:g}")
axes[2].set(xlabel="x", ylabel="y", title="Phase plane")
axes[2].legend(frameon=False, fontsize="small", loc="upper left")

# %%
# References
# ----------
# .. [1] R. FitzHugh (1961), Biophys. J. 1, 445-466.
#    :doi:`10.1016/S0006-3495(61)86902-6`
