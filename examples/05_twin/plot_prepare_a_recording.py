"""
Prepare a recording for a twin
==============================

A twin sees 30 frames per second, and gaze, behaviour and activity at each of them. The
instruments do not: this example starts from frames with times of their own, a camera of
the eye, a treadmill and a microscope, and ends with files in the layout of the release
and a twin that is fitted to them.
"""

# %%
# The raw recording, made up: three trials of 4 s on one clock. The eye is lost now and
# then, and the microscope takes a frame each 0.12 s.
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from skneuro.datasets import load_twin_data, make_movies, make_twin_data, save_twin_data
from skneuro.plotting import plot_frames
from skneuro.twin import (
    DigitalTwinRegressor,
    resample_trace,
    resample_video,
    standardize_trials,
)

rng = np.random.default_rng(0)
N_TRIALS, N_NEURONS = 3, 8
starts = 10.0 * np.arange(N_TRIALS) + 1.0  # s
movies = make_movies("noise", n_movies=N_TRIALS, duration=4, sfreq=60, random_state=0)
flips = [start + np.arange(240) / 60 + rng.uniform(0, 2e-3, 240) for start in starts]

eye_times = np.arange(0, 30, 0.05)
eye = np.cumsum(rng.standard_normal((3, len(eye_times))), axis=1) * 0.3 + 60
eye[:, rng.random(len(eye_times)) < 0.1] = np.nan  # x, y, radius: pixels of the camera
wheel_times = np.arange(0, 30, 0.01)
speed = np.maximum(np.cumsum(rng.standard_normal(len(wheel_times))), 0)
scan_times = np.arange(0, 30, 0.12)
activity = rng.gamma(0.5, 2.0, (N_NEURONS, len(scan_times)))

# %%
# To the frames of the network: the screen is resized and sampled when it showed what;
# traces are smoothed where they are faster than that, and interpolated.
videos, gaze, behavior, responses = [], [], [], []
for frames, times in zip(movies.videos, flips, strict=True):
    videos.append(resample_video(frames, times, frame_size=(36, 64)))
    at = times[0] + np.arange(len(videos[-1])) / 30
    pupil = resample_trace(eye, eye_times, at)
    gaze.append(pupil[:2])
    running = resample_trace(speed, wheel_times, at)
    behavior.append(np.stack([pupil[2], running]))
    responses.append(resample_trace(activity, scan_times, at))
print([v.shape for v in videos], responses[0].shape)

# %%
# Units: position, radius and speed as standard scores, activity over its mean, all by
# the training trials. Then to files; ``.h5`` instead of a folder makes one HDF5 file.
gaze = standardize_trials(gaze, reference=gaze[:2])
behavior = standardize_trials(behavior, reference=behavior[:2])
responses = standardize_trials(
    responses, reference=responses[:2], by="mean", center=False
)
folder = Path(tempfile.mkdtemp()) / "training_data"
save_twin_data(
    folder,
    videos,
    responses,
    gaze=gaze,
    behavior=behavior,
    training=[True, True, False],
)
print(sorted(path.relative_to(folder).as_posix() for path in folder.glob("*/000.npy")))

# %%
# Read them again, and fit a readout on a small core. Activity here is noise, so there
# is nothing to learn; with a real recording, this is all there is to write.
loaded = load_twin_data(folder)
print(loaded.metadata)
known = make_twin_data(
    2, n_trials=1, n_test_videos=1, duration=0.2, random_state=0
).twin
used = loaded.metadata["training"].to_numpy().nonzero()[0]
twin = DigitalTwinRegressor(
    known, readout_start="regression", max_epochs=1, batches_per_epoch=2, random_state=0
)
twin.fit(
    [loaded.videos[i] for i in used],
    [loaded.responses[i] for i in used],
    gaze=[loaded.gaze[i] for i in used],
    behavior=[loaded.behavior[i] for i in used],
)

# %%
# Raw traces in grey, prepared ones in colour.
fig, axes = plt.subplots(
    3, figsize=(8, 5), height_ratios=[1, 1.6, 1.6], layout="constrained"
)
plot_frames(videos[0], ax=axes[0])
for ax, times, raw, done, name in (
    (axes[1], eye_times, eye[0], gaze[0][0], "pupil x"),
    (axes[2], scan_times, activity[0], responses[0][0], "activity"),
):
    inside = (times > flips[0][0]) & (times < flips[0][-1])
    ax.plot(times[inside] - flips[0][0], raw[inside], "0.6", marker=".", ls="")
    ax.set(ylabel=f"{name}, raw")
    twin_axis = ax.twinx()
    twin_axis.plot(np.arange(len(done)) / 30, done, "C0")
    twin_axis.set_ylabel("prepared", color="C0")
axes[2].set_xlabel("time (s)")

# %%
# References
# ----------
# E. Y. Wang et al. (2025), Nature 640, 470-477.
#    :doi:`10.1038/s41586-025-08829-y`
