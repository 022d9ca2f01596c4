"""
Every kind of stimulus
======================

Nine waveforms, how they are joined, and one of your own. Each is a small object that
becomes the drive of a simulation when it is told nodes, duration and step.
"""

# %%
# Windows, ``start`` to ``end``, are in ms, and a waveform starts with its window. Noise
# has its own seed.
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np

from skneuro.dynamics import WilsonCowan
from skneuro.dynamics.stimuli import (
    BaseStimulus,
    Concatenation,
    Exponential,
    LinearRamp,
    OrnsteinUhlenbeck,
    Rectified,
    Sinusoid,
    Square,
    Step,
    Sum,
    Wiener,
    Zero,
)

window = {"start": 100.0, "end": 800.0}
kinds = [
    Step(1.0, **window),
    LinearRamp(1.0, rise_time=300.0, **window),
    Sinusoid(1.0, frequency=4.0, **window),
    Square(1.0, frequency=4.0, **window),
    Exponential(1.0, tau=150.0, **window),
    Exponential(1.0, tau=150.0, kind="decay", **window),
    Rectified(1.0, **window),
    Wiener(1.0, random_state=0, **window),
    OrnsteinUhlenbeck(0.0, sigma=0.1, tau=50.0, random_state=0, **window),
]

# %%
# ``+`` makes a sum and ``&`` a sequence, whose parts have equal shares of the time
# unless ``Concatenation`` is told others.
pulses = Step(0.5, start=200.0, end=300.0) + Step(0.5, start=500.0, end=600.0)
row = Zero() & Sinusoid(1.0, frequency=10.0) & Step(-1.0)
uneven = Concatenation((Step(1.0), LinearRamp(1.0, rise_time=600.0)), ratios=(1, 3))
both = Sum((pulses, OrnsteinUhlenbeck(sigma=0.02, random_state=1)))


# %%
# A stimulus of your own is a frozen dataclass with a ``waveform``: here a chirp.
@dataclass(frozen=True)
class Chirp(BaseStimulus):
    """A sine whose frequency rises."""

    slowest: float = 1.0  # Hz
    fastest: float = 20.0  # Hz

    def waveform(self, t, n_nodes):
        """Sweep once through all frequencies."""
        slope = (self.fastest - self.slowest) / t[-1]
        return np.sin(2e-3 * np.pi * (self.slowest + 0.5 * slope * t) * t)


titles = [type(kind).__name__ for kind in kinds]
titles[5] += " (decay)"
kinds += [row, uneven, both]
titles += ["a & b & c", "Concatenation, 1 : 3", "a + b + noise"]
times = np.arange(1, 1001.0)  # ms
fig, axes = plt.subplots(4, 3, figsize=(10, 7), layout="constrained", sharex=True)
for ax, kind, title in zip(axes.flat, kinds, titles, strict=True):
    ax.plot(times, kind.to_array(1, duration=1000.0, dt=1.0)[0], lw=1)
    ax.set_title(title, fontsize=10)
for ax in axes[-1]:
    ax.set_xlabel("time (ms)")

# %%
# The chirp drives the first of two nodes without connection; the second one has
# nothing.
chirp = Chirp(start=200.0, end=1800.0, at="driven")
labels = ["driven", "left alone"]
X = 0.4 * chirp.to_array(2, 2000.0, 0.1, labels=labels)
nodes = WilsonCowan(exc_input=0.5, duration=None, labels=labels, random_state=0)
exc = nodes.fit_transform(X[None])[0]

fig, (top, bottom) = plt.subplots(
    2, 1, figsize=(9, 4.5), layout="constrained", sharex=True
)
top.plot(0.1 * np.arange(1, 20_001), X.T, label=labels)
bottom.plot(0.1 * np.arange(1, 20_001), exc.T)
top.set(ylabel="drive", title="Chirp, from 1 to 20 Hz")
top.legend(frameon=False)
bottom.set(xlabel="time (ms)", ylabel="excitatory activity")
