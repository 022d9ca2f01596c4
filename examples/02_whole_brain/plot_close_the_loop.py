"""
Close the loop: stimulate when it matters
=========================================

A controller that watches a simulation while it runs, and answers at every step. It
stops an oscillation, by a force or with pulses at the right phase.
"""

# %%
# Twenty regions that oscillate on their own. ``Stepper`` keeps the compiled run alive
# between calls: each call takes the drive of the next steps and returns the state.
import matplotlib.pyplot as plt
import numpy as np

from skneuro.datasets import make_connectome
from skneuro.dynamics import Hopf, Stepper
from skneuro.plotting import plot_timeseries

brain = make_connectome(n_nodes=20, random_state=0)
network = Hopf(
    brain.connectivity,
    brain.tract_lengths,
    a=0.03,
    frequency=0.06,
    coupling=0.08,
    sigma=0.002,
    dt=0.2,
    duration=None,
    random_state=0,
)
n_steps, start = 7500, 2500
gain, jump = 0.12, -0.7


def run(control):
    """Simulate 1.5 s; the controller acts after 0.5 s."""
    loop, x, past = Stepper(network), np.zeros(20), np.zeros(20)
    drives, outputs = [], []
    for k in range(n_steps):
        drives.append(control(x, past) if k >= start else np.zeros(20))
        past, x = x, loop.step(drives[-1])
        outputs.append(x)
    return np.stack(drives, axis=1), np.stack(outputs, axis=1)


# %%
# Two controllers: one pushes against the value of each region, and one gives all
# regions the same brief pulse whenever their mean rises through zero.
def oppose(x, past):
    """Push each region against its own value."""
    return -gain * x


def pulse(x, past):
    """Push all regions for one step when their mean rises through zero."""
    return np.full(20, jump if past.mean() < 0 <= x.mean() else 0.0)


free = run(lambda x, past: np.zeros(20))[1]
opposing, opposed = run(oppose)
pulses, pulsed = run(pulse)

# %%
# A loop that was closed can be played back: the same drive in one run gives the same
# bits.
again = network.fit_transform(opposing[None])[0]
print("played back, bit by bit the same:", np.array_equal(again, opposed))

fig, axes = plt.subplots(3, 1, figsize=(9, 6.5), layout="constrained", sharex=True)
for ax, x, title in zip(
    axes,
    (free, opposed, pulsed),
    ("free", "each region opposed from 500 ms on", "pulses on the rise of the mean"),
    strict=True,
):
    plot_timeseries(x[:6], dt=0.2, offset=0.6, ax=ax)
    ax.axvline(500.0, color="C3", lw=1)
    ax.set_title(title)
for ax in axes[:2]:
    ax.set_xlabel("")
