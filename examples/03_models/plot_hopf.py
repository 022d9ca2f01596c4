r"""
Hopf: an oscillation is born
============================

The simplest oscillator, in the plane: below its bifurcation it spirals to rest, above
it every start ends on a circle of radius :math:`\sqrt a` [1]_.
"""

# %%
# Hundreds of values of ``a`` are simulated side by side. What is drawn is the lowest
# and highest value of each run, once its start is over.
import matplotlib.pyplot as plt
import numpy as np

from skneuro.dynamics import Hopf, simulate_batch

a = np.linspace(-0.1, 0.25, 120)  # 1/ms
node = Hopf(duration=1000.0, method="heun", random_state=0)
x = simulate_batch(node, [{"a": value} for value in a])[:, 0, 5000:]

# %%
# Noise blurs the bifurcation: a node that would rest follows its noise at its own
# frequency, which is what whole-brain models use it for.
noisy = Hopf(duration=4000.0, sigma=0.01, random_state=0)
spread = simulate_batch(noisy, [{"a": value} for value in a])[:, 0, 5000:].std(axis=1)

# %%
# Two ways to rest and to move: paths in the plane of x and y from inside and outside.
fig, axes = plt.subplots(1, 3, figsize=(11, 3.6), layout="constrained")
axes[0].fill_between(a, x.min(axis=1), x.max(axis=1), color="C0", alpha=0.2)
axes[0].plot(a, x.min(axis=1), "C0", a, x.max(axis=1), "C0")
axes[0].plot(a, np.sqrt(np.maximum(a, 0)), "k:", label="square root of a")
axes[0].plot(a, spread, "C1", label="standard deviation with noise")
axes[0].set(xlabel="a (1/ms)", ylabel="x", title="Bifurcation diagram")
axes[0].legend(frameon=False, loc="upper left", fontsize="small")
for ax, value in zip(axes[1:], (-0.03, 0.15), strict=True):
    for start, color in ((0.05, "C2"), (0.7, "C3")):
        path = node.set_params(
            a=value, duration=120.0, initial_state={"x": start, "y": 0.0}
        ).simulate()
        ax.plot(path["x"][0], path["y"][0], color, lw=1)
    ax.plot(0, 0, "k+")
    ax.set(xlabel="x", ylabel="y", title=f"a = {value:g} per ms")
    ax.set(aspect="equal", xlim=(-0.5, 0.75), ylim=(-0.5, 0.5))

# %%
# References
# ----------
# .. [1] G. Deco et al. (2017), Sci. Rep. 7, 3095. :doi:`10.1038/s41598-017-03073-5`
