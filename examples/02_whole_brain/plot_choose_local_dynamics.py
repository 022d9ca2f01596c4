"""
Hopf or Wilson-Cowan: what a node can do
========================================

Two models of local dynamics, each moved through its regimes by one number; then an
input that changes in time, and the BOLD response to it.
"""

# %%
# Parameter sets are simulated at once, in the lanes of vectors. A node without a
# network is a simulator without connectivity.
import matplotlib.pyplot as plt
import numpy as np

from skneuro.dynamics import BalloonWindkessel, Hopf, WilsonCowan, simulate_batch
from skneuro.plotting import plot_timeseries


def extremes(simulator, name, values):
    """Lowest and highest value of each run, once the start is over."""
    runs = simulate_batch(simulator, [{name: value} for value in values])
    late = runs[:, 0, runs.shape[-1] // 2 :]
    return late.min(axis=1), late.max(axis=1)


# %%
# The Hopf node has one bifurcation: with ``a`` below zero it rests, above zero it
# oscillates with amplitude :math:`\sqrt a` at its own frequency. Wilson and Cowan's
# node is moved by its drive: quiet, then oscillating, then saturated.
bifurcation = np.linspace(-0.1, 0.25, 60)  # 1/ms
drive = np.linspace(0.0, 8.0, 160)
hopf = Hopf(duration=2000.0, method="heun", random_state=0)
wilson_cowan = WilsonCowan(duration=2000.0, random_state=0)

fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
for ax, values, simulator, name, label in (
    (left, bifurcation, hopf, "a", "bifurcation parameter a (1/ms)"),
    (right, drive, wilson_cowan, "exc_input", "drive of the excitatory population"),
):
    low, high = extremes(simulator, name, values)
    ax.fill_between(values, low, high, color="C0", alpha=0.2)
    ax.plot(values, low, "C0", values, high, "C0")
    ax.set(xlabel=label, title=type(simulator).__name__)
left.plot(bifurcation, np.sqrt(np.maximum(bifurcation, 0)), "k:", label="square root")
left.set_ylabel("lowest and highest x")
left.legend()
right.set_ylabel("lowest and highest activity")

# %%
# Input that changes in time is X with a third axis, here one column per 100 ms: two
# drives of three seconds, the first just enough to make the node oscillate.
levels = np.repeat([0.0, 0.8, 0.0, 1.6, 0.0], [150, 30, 150, 30, 150])
node = WilsonCowan(
    stimulus_interval=100.0, duration=None, dt=0.5, sigma=0.02, random_state=0
)
activity = node.fit_transform(levels[None, None])

# %%
# ``BalloonWindkessel`` is the haemodynamics on their own. BOLD does not see the
# oscillation, only what activity is on average over seconds.
balloon = BalloonWindkessel(t_r=0.5, dt=0.5)
bold = balloon.fit_transform(4.0 * activity)  # the flow about doubles

fig, axes = plt.subplots(3, 1, figsize=(9, 6), layout="constrained", sharex=True)
plot_timeseries(levels, dt=100.0, offset=0, ax=axes[0])
plot_timeseries(activity[0], dt=0.5, offset=0, ax=axes[1])
plot_timeseries(bold[0], t_r=0.5, offset=0, ax=axes[2])
for ax, name in zip(axes, ("drive", "activity", "BOLD"), strict=True):
    ax.set_ylabel(name)
for ax in axes[:2]:
    ax.set_xlabel("")
