"""
Watch activity move over the brain
==================================

Regions that oscillate at almost the same frequency, with delays between them, form
waves. Stills and a film show them in a glass brain and on the cortex.
"""

# %%
# A network in which what is near is coupled strongly and soon.
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from skneuro.datasets import make_connectome
from skneuro.dynamics import Hopf, SubSample
from skneuro.plotting import animate_activity, plot_on_brain

brain = make_connectome(n_nodes=100, random_state=1)
place = brain.centroids[:, 1] / 100  # from back to front
network = Hopf(
    brain.connectivity,
    brain.tract_lengths,
    a=0.02,
    frequency=2 * np.pi * 0.01 * (1 + 0.1 * place),  # rad/ms: 10 Hz, faster in front
    coupling=0.05,
    conduction_speed=5.0,
    sigma=0.001,
    duration=1500.0,
    monitor=SubSample(5.0),
    random_state=0,
)
x = network.fit_transform(np.zeros((1, 100)))[0, :, -24:]  # the last 120 ms

# %%
# Four moments, 25 ms apart, each drawn on Axes of its own.
fig, axes = plt.subplots(2, 2, figsize=(9, 5), layout="constrained")
limit = np.abs(x).max()
for k, ax in enumerate(axes.flat):
    plot_on_brain(
        x[:, 5 * k],
        brain.centroids,
        views=("left", "top"),
        cmap="RdBu_r",
        vmin=-limit,
        vmax=limit,
        label="x",
        ax=ax,
    )
    ax.set_title(f"{25 * k} ms")

# %%
# On the cortex every vertex takes the value of the nearest region.
ax = plot_on_brain(
    x[:, 0],
    brain.centroids,
    kind="surface",
    views=("left", "left_medial", "right"),
    cmap="RdBu_r",
    vmin=-limit,
    vmax=limit,
    label="x",
)

# %%
# The same as a film, saved as a GIF; a path that ends in ``.mp4`` needs ffmpeg.
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "waves.gif"
    film = animate_activity(
        x[:, ::2],
        brain.centroids,
        dt=10.0,
        path=path,
        fps=6,
        views=("left", "top"),
        cmap="RdBu_r",
        label="x",
    )
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")
plt.show()
