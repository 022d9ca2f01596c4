"""
Stimulate one region and watch the others
=========================================

Stimuli are written in ms and region names, added by ``+`` and joined by ``&``.
Here a wave reaches one region of a network at rest; what the others do follows from
their connections and delays.
"""

# %%
# Hopf nodes just below their bifurcation answer a drive, and rest without.
import matplotlib.pyplot as plt
import numpy as np

from skneuro.datasets import make_connectome
from skneuro.dynamics import Hopf
from skneuro.dynamics.stimuli import LinearRamp, Sinusoid, Step
from skneuro.plotting import plot_timeseries

brain = make_connectome(n_nodes=12, random_state=0)
labels = [f"region {i}" for i in range(12)]
hopf = Hopf(
    brain.connectivity,
    brain.tract_lengths,
    a=-0.05,
    coupling=0.3,
    duration=None,
    dt=0.1,
    labels=labels,
    initial_state={"x": 0.0, "y": 0.0},
)

# %%
# The region that is connected best gets a wave between 100 and 400 ms. Another region
# gets two pulses, and the second half of the run is a slow ramp on all.
hub = int(np.argmax(brain.connectivity.sum(axis=0)))
other = (hub + 6) % 12
wave = Sinusoid(0.05, frequency=32.0, start=100.0, end=400.0, at=labels[hub])
pulse = Step(0.1, start=450.0, end=455.0, at=labels[other])
again = Step(0.1, start=520.0, end=525.0, at=labels[other])
stimulus = (wave + pulse + again) & LinearRamp(0.05, rise_time=300.0, end=400.0)
drive = stimulus.to_array(12, 1200.0, 0.1, labels=labels)
x = hopf.fit_transform(drive[None])[0]

# %%
# Above the drive, below the response, region by region on one scale each.
fig, (top, bottom) = plt.subplots(
    2, 1, figsize=(9, 7), layout="constrained", height_ratios=(1, 2), sharex=True
)
plot_timeseries(
    drive[[hub, other]], dt=0.1, labels=[labels[hub], labels[other]], ax=top
)
plot_timeseries(x, dt=0.1, labels=labels, ax=bottom)
top.set(title="Drive", xlabel="")
bottom.set_title("Response x")
