"""
Get a released twin and use it
==============================

The digital twins of thirteen scans of the MICrONS mouse come in one archive of 222 MB.
This example reads one of them and asks its neurons about drifting gratings. So that it
runs without a network, it first writes an archive in the layout of the release, with
random weights; with the real one, leave ``archive`` out.
"""

# %%
# Write the archive: weights of the core, which all scans share, weights of one scan,
# and the table of its neurons. The network has its full size, four streams and 4.5
# million weights.
import tempfile
import zipfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch

from skneuro.datasets import fetch_microns_twin, make_movies
from skneuro.plotting import plot_frames
from skneuro.twin import DigitalTwinRegressor

N_NEURONS = 50
network = DigitalTwinRegressor(
    sample_frames=2, batch_size=1, max_epochs=1, batches_per_epoch=1, random_state=0
)
grey = np.full((1, 2, 144, 256), 128, np.uint8)
network.fit(grey, np.ones((1, N_NEURONS, 2)))
weights = network.net_.module_.state_dict()
torch.manual_seed(0)
weights["readout.position.mu"].normal_(0, 0.5)
for stream in range(4):
    weights[f"readout.feature.weights.{stream}"].normal_(0, 0.15)

folder = Path(tempfile.mkdtemp())
core = {name: value for name, value in weights.items() if name.startswith("core.")}
scan = {name: value for name, value in weights.items() if name not in core}
units = {"session": 8, "scan_idx": 5, "unit_id": np.arange(1, N_NEURONS + 1)}
units = pd.DataFrame(units).assign(readout_id=np.arange(N_NEURONS))
with zipfile.ZipFile(folder / "release.zip", "w") as archive:
    for name, part in (("params_core.pt", core), ("params_8_5.pt", scan)):
        torch.save(part, folder / name)
        archive.write(folder / name, name)
    archive.writestr("units.csv", units.to_csv(index=False))

# %%
# Get the twin: a fitted estimator, and the table of its neurons in the order of its
# predictions. Nothing in the archive is run, and names and shapes are checked.
found = fetch_microns_twin(session=8, scan=5, archive=folder / "release.zip")
twin = found.twin
print(found.metadata.head(3))

# %%
# Use it: gratings of two directions, seen by a running mouse whose eye moves. Without
# gaze and behaviour both would be 0, the mean of the recording.
movies = make_movies(n_movies=2, duration=0.8, directions=[0, 90])
n_frames = movies.videos.shape[1]
drift = np.linspace(-1, 1, n_frames)
gaze = np.tile([drift, 0 * drift], (2, 1, 1))
behavior = np.tile([0.5 + 0 * drift, 1.0 + 0 * drift], (2, 1, 1))
rates = twin.predict(movies.videos, gaze=gaze, behavior=behavior)
print(rates.shape, "trials, neurons, frames")

# %%
# A long movie is predicted piece by piece in constant memory, with the same result.
pieces = twin.iter_predict(movies.videos[0], gaze=gaze[0], behavior=behavior[0])
print("same:", np.allclose(np.concatenate(list(pieces), axis=1), rates[0], rtol=1e-4))

# %%
# The video, and the neurons whose activity changes most.
fig, axes = plt.subplots(
    3, figsize=(8, 5.2), height_ratios=[1, 1.5, 1.5], layout="constrained"
)
plot_frames(movies.videos[0], ax=axes[0])
most = np.argsort(rates.std(axis=(0, 2)))[-4:]
seconds = np.arange(n_frames) / movies.sfreq
for ax, trial, direction in zip(
    axes[1:], rates, movies.metadata["direction"], strict=True
):
    ax.plot(seconds, trial[most].T)
    ax.set(ylabel="activity", title=f"Gratings at {direction:.0f} degrees")
axes[1].set_xticklabels([])
axes[2].set_xlabel("time (s)")

# %%
# References
# ----------
# E. Y. Wang et al. (2025), Nature 640, 470-477.
#    :doi:`10.1038/s41586-025-08829-y`
