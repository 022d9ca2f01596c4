"""
What leaves a simulation: monitors
==================================

The same activity, seen through four monitors. They work inside the compiled run, so
that what nobody asked for is never stored.
"""

# %%
# Five nodes that oscillate at about 50 Hz, for a minute, while their drive rises and
# falls every 20 s, a little later in each.
import matplotlib.pyplot as plt
import numpy as np

from skneuro.dynamics import Bold, Raw, SubSample, TemporalAverage, WilsonCowan
from skneuro.dynamics.stimuli import Sinusoid

drive = sum(
    Sinusoid(0.25, frequency=0.05, start=1000.0 * node, at=node) for node in range(5)
)
X = drive.to_array(5, duration=60_000.0, dt=100.0)[None]
nodes = WilsonCowan(
    exc_input=1.1, stimulus_interval=100.0, duration=None, dt=0.5, random_state=0
)


def watch(monitor):
    """Simulate the same minute through one monitor."""
    return nodes.set_params(monitor=monitor).fit_transform(X)[0]


# %%
# ``Raw`` keeps every step. ``SubSample`` keeps one in many, as it is: every 20 ms, a
# rhythm of 49 Hz looks like one of 1 Hz, an alias. ``TemporalAverage`` keeps the mean
# of all steps in between, which the rhythm hardly moves.
raw = watch(Raw())
aliased = watch(SubSample(interval=20.0))
averaged = watch(TemporalAverage(interval=20.0))

# %%
# ``Bold`` integrates the haemodynamics step by step, and keeps one volume per ``t_r``.
bold = watch(Bold(t_r=1.0))
for name, kept in (("raw", raw), ("20 ms", averaged), ("BOLD", bold)):
    print(f"{name}: {kept.shape[1]} samples of 5 nodes, {kept.nbytes / 1e6:.3f} MB")

fig, axes = plt.subplots(3, 1, figsize=(9, 6.5), layout="constrained")
axes[0].plot(0.5 * np.arange(1, 4001), raw[0, :4000], "0.8", lw=0.8, label="Raw")
for kept, color, name in (
    (aliased, "C3", "SubSample, 20 ms"),
    (averaged, "C0", "TemporalAverage, 20 ms"),
):
    times = 20.0 * np.arange(1, kept.shape[1] + 1)  # ms
    early = times <= 2000.0
    axes[0].plot(times[early], kept[0, early], f"{color}.-", ms=4, label=name)
    axes[1].plot(times / 1000, kept[0], color, lw=0.6)
axes[0].set(ylabel="exc", ylim=(0, 0.6), title="The first two seconds (ms)")
axes[0].legend(frameon=False, ncols=3, loc="upper right")
axes[1].set(ylabel="exc", title="A minute (s)")
axes[2].plot(np.arange(7, 61), bold[:, 6:].T, ".-", lw=1)  # once it has risen
axes[2].set(xlabel="time (s)", ylabel="BOLD", title="The same minute as BOLD")
axes[2].set_xlim(axes[1].get_xlim())
