"""
States of a cortical column: ALN
================================

The ALN model turns spiking excitatory and inhibitory neurons into a few equations per
node. What a node does depends on its two inputs; adaptation changes the picture.
"""

# %%
# Each pair of inputs is approached twice: from an input that was lower for a while and
# from one that was higher. Where the ends differ, the node is bistable. Thousands of
# runs share the lanes of vectors.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone

from skneuro.dynamics import ALN, SubSample, simulate_batch

duration = 2000  # ms, one column of the drive each
ramp = 2.0 * np.exp(-np.arange(duration) / 150.0)  # mV/ms, gone after a second
below_and_above = np.stack([-ramp, ramp])[:, None]  # (2 samples, 1 channel, n_times)

exc, inh = np.linspace(0.0, 5.0, 41), np.linspace(0.0, 4.0, 33)  # mV/ms
driven = ALN(
    duration=None,
    stimulus_interval=1.0,
    monitor=SubSample(interval=1.0),
    random_state=0,
)
inputs = [{"exc_input": e, "inh_input": i} for i in inh for e in exc]


def make_diagram(a, b):
    """Highest late rate, and what kind of state each pair of inputs leads to."""
    node = clone(driven).set_params(a=a, b=b)
    rates = simulate_batch(node, inputs, below_and_above)[:, :, 0, duration // 2 :]
    rates = rates.reshape(len(inh), len(exc), 2, -1)
    oscillates = (np.ptp(rates, axis=-1) > 5).all(axis=-1)  # Hz
    bistable = np.abs(np.diff(rates.mean(axis=-1), axis=-1))[..., 0] > 5
    return rates.max(axis=(2, 3)), oscillates, bistable & ~oscillates


# %%
# Inputs in nA are those in mV/ms times the capacitance, 0.2 nF. Without adaptation, the
# silent down state (dark) and the up state (bright) meet in a fast cycle of excitation
# and inhibition, or, where inhibition is strong, both are stable. Adaptation of the
# excitatory neurons wears the up state out: the bistable region becomes a slow cycle,
# and more input is needed. The crosses are points of the reference.
to_na = 0.2
points = {
    "without adaptation": {"A1": (1.2, 1.2), "A2": (1.3, 0.5), "A3": (2.05, 1.7)},
    "with adaptation": {"B3": (4.0, 1.8), "B4": (3.8, 2.0)},
}
adaptation = {"without adaptation": (0.0, 0.0), "with adaptation": (15.0, 40.0)}
fig, axes = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
for ax, (title, marks) in zip(axes, points.items(), strict=True):
    peak, oscillates, bistable = make_diagram(*adaptation[title])
    image = ax.pcolormesh(to_na * exc, to_na * inh, peak, vmax=80, rasterized=True)
    for region, color in ((oscillates, "white"), (bistable, "lime")):
        if region.any():
            ax.contour(to_na * exc, to_na * inh, region, [0.5], colors=color)
    for name, (e, i) in marks.items():
        ax.plot(to_na * e, to_na * i, "rx")
        ax.annotate(name, (to_na * e, to_na * i), (4, 4), color="r",
                    textcoords="offset points")  # fmt: skip
    ax.set(title=title, xlabel="input to E (nA)", ylabel="input to I (nA)")
fig.colorbar(image, ax=axes, label="highest rate (Hz)")

# %%
# The same points in time: a cycle of 20 to 25 Hz at A2, two states at A3 between which
# a current of a fifth of a second switches, and a slow cycle at B3 that follows the
# adaptation current.
time = np.arange(duration)
kick = np.zeros((1, 1, duration))  # mV/ms
kick[..., 500:700], kick[..., 1300:1500] = 1.0, -1.0
fig, (fast, slow) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
for name, color in (("A2", "C0"), ("A3", "C2")):
    e, i = points["without adaptation"][name]
    node = clone(driven).set_params(exc_input=e, inh_input=i)
    drive = kick if name == "A3" else np.zeros_like(kick)
    fast.plot(time, node.fit_transform(drive)[0, 0], color, label=name)
fast.set(xlabel="time (ms)", ylabel="excitatory rate (Hz)")
fast.legend(frameon=False)

e, i = points["with adaptation"]["B3"]
node = ALN(
    a=15.0,
    b=40.0,
    exc_input=e,
    inh_input=i,
    duration=float(duration),
    monitor=SubSample(interval=1.0),
    random_state=1,
)
series = node.simulate()
slow.plot(series["time"], series["rate_exc"][0], label="rate (Hz)")
slow.plot(series["time"], series["adaptation"][0], "C1", label="adaptation (pA)")
slow.set(xlabel="time (ms)", title="B3")
slow.legend(frameon=False)
plt.show()

# %%
# C. Cakan and K. Obermayer (2020), PLoS Comput. Biol. 16, e1007822, figure 2:
# :doi:`10.1371/journal.pcbi.1007822`
