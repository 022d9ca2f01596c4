"""
Experiments on a twin
=====================

A twin can see more stimuli than any mouse. This example fits a small twin to a
recording and then asks for the tuning of its neurons, their receptive fields, the video
that excites one of them most, and what the animal might have seen.
"""

# %%
# Fit a readout of 20 neurons on a known core.
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from skneuro.datasets import make_movies, make_twin_data
from skneuro.plotting import plot_direction_tuning, plot_frames, save_movie
from skneuro.twin import (
    DigitalTwinRegressor,
    direction_tuning,
    most_exciting_video,
    receptive_fields,
    reconstruct_video,
)

known = make_twin_data(
    2, n_trials=1, n_test_videos=1, duration=0.2, random_state=0
).twin
recording = make_twin_data(
    n_neurons=20, n_trials=18, n_test_videos=1, core=known, random_state=1
)
twin = DigitalTwinRegressor(
    known,
    readout_start="regression",
    sample_stream=False,
    sample_frames=40,
    max_epochs=1,
    batches_per_epoch=10,
    lr=0.1,
    random_state=0,
)
twin.fit(
    recording.videos,
    recording.responses,
    gaze=recording.gaze,
    behavior=recording.behavior,
)

# %%
# Tuning: gratings of twelve directions, mean activity after the first frames.
directions = np.arange(0, 360, 30)
movies = make_movies(
    n_movies=12, duration=1.0, frame_size=(36, 64), directions=directions
)
mean_rates = twin.predict(movies.videos)[..., 10:].mean(axis=-1)
tuning = direction_tuning(mean_rates, directions)
neuron = int(tuning["gOSI"].argmax())
print(tuning.loc[[neuron], ["gOSI", "gDSI", "pref_ori", "pref_dir"]].round(2))

# %%
# Receptive fields: white and black dots at 9 x 16 places.
fields = receptive_fields(twin, n_before=8, n_frames=5)
print(fields.table.loc[[neuron]].round(2))

# %%
# The video that excites that neuron most, and how much more than gratings do.
found = most_exciting_video(
    twin, neuron, n_frames=20, n_steps=60, spatial_std=2, sample_stream=False
)
gain = found.response[0, 10:].mean() / mean_rates[:, neuron].max()
print(f"{gain:.1f} times the activity of the best grating")
path = save_movie(Path(tempfile.mkdtemp()) / "most_exciting.gif", found.video, scale=4)
print(path.name, path.stat().st_size > 0)

# %%
# Back from activity to video: with 20 neurons many videos explain it equally well.
seen = movies.videos[3, :20]
target = twin.predict(seen[None])[0]
guess = reconstruct_video(twin, target, n_steps=60, random_state=0)
off = np.corrcoef(guess.response.ravel(), target.ravel())[0, 1]
print(f"activity of the reconstruction correlates with the target: {off:.2f}")

# %%
# Tuning, receptive field, and the videos as film strips.
fig, axes = plt.subplot_mosaic(
    [["tuning", "on", "off"], ["best"] * 3, ["guess"] * 3],
    figsize=(9, 6),
    height_ratios=[2, 1, 1],
    layout="constrained",
)
plot_direction_tuning(
    directions, mean_rates[:, neuron], tuning=tuning.iloc[neuron], ax=axes["tuning"]
)
for name in ("on", "off"):
    image = fields[name][neuron]
    axes[name].imshow(image, cmap="magma", extent=(-1, 1, 0.5625, -0.5625))
    axes[name].set(title=f"{name} field", xticks=[], yticks=[])
plot_frames(found.video, ax=axes["best"])
axes["best"].set_title("Most exciting video")
plot_frames(guess.video, ax=axes["guess"])
axes["guess"].set_title("Reconstruction")

# %%
# References
# ----------
# E. Y. Walker et al. (2019), Nat. Neurosci. 22, 2060-2065.
#    :doi:`10.1038/s41593-019-0517-x`
