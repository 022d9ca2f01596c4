"""
Evaluate a twin
===============

How well does a twin predict, and how well could it? Videos that were shown several
times tell how much of the activity is reproducible: the correlation with the mean
response, over the highest that noise allows. This example evaluates a twin on files in
the layout of the release, also where repeats are missing.
"""

# %%
# A twin of twelve neurons, fitted on the known core to few trials.
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from skneuro.datasets import load_twin_data, make_twin_data, save_twin_data
from skneuro.metrics import cc_abs, cc_max, cc_norm
from skneuro.plotting import plot_encoding_accuracy
from skneuro.twin import DigitalTwinRegressor

known = make_twin_data(
    2, n_trials=1, n_test_videos=1, duration=0.2, random_state=0
).twin
recording = make_twin_data(n_neurons=12, n_trials=9, core=known, random_state=1)
twin = DigitalTwinRegressor(
    known,
    readout_start="regression",
    sample_stream=False,
    sample_frames=40,
    max_epochs=2,
    batches_per_epoch=5,
    warmup_epochs=0,
    random_state=0,
)
twin.fit(
    recording.videos,
    recording.responses,
    gaze=recording.gaze,
    behavior=recording.behavior,
)

# %%
# The evaluation data: four videos, eight times each, of which three trials were lost.
names = np.repeat(["a", "b", "c", "d"], 8)
kept = np.setdiff1d(np.arange(32), [3, 12, 13])
folder = Path(tempfile.mkdtemp()) / "evaluation_data"
save_twin_data(
    folder,
    recording.test_videos[kept],
    recording.test_responses[kept],
    gaze=recording.test_gaze[kept],
    behavior=recording.test_behavior[kept],
    videos_shown=names[kept],
)
data = load_twin_data(folder, kind="evaluation")
print(data.metadata.groupby("video").size())

# %%
# Each repeat is predicted with its own gaze and behaviour. Trials become (neurons,
# repeats, time); what is missing is NaN, and the first ten frames do not count.
rates = twin.predict(data.videos, gaze=data.gaze, behavior=data.behavior)


def by_video(trials):
    """Videos one after the other, repeats side by side."""
    parts = []
    for _, rows in data.metadata.groupby("video"):
        block = np.full((trials[0].shape[0], 8, trials[0].shape[1] - 10), np.nan)
        for repeat, i in enumerate(rows.index):
            block[:, repeat] = trials[i][:, 10:]
        parts.append(block)
    return np.concatenate(parts, axis=-1)


responses, predictions = by_video(data.responses), by_video(rates)
reached, ceiling = cc_abs(responses, predictions), cc_max(responses)
normalised = cc_norm(responses, predictions)
print("median", np.round([np.median(x) for x in (reached, ceiling, normalised)], 2))
score = twin.score(data.videos, data.responses, gaze=data.gaze, behavior=data.behavior)
print("the same by score:", round(score, 2))

# %%
# Neurons against their ceilings, and one video: repeats, their mean, the prediction.
fig, axes = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
plot_encoding_accuracy(reached, noise_ceiling=ceiling, label="correlation", ax=axes[0])
best = int(np.argmax(reached))
seconds = np.arange(80) / 30 + 1 / 3
first = slice(0, 80)
axes[1].plot(seconds, responses[best, :, first].T, "0.85", lw=0.8)
axes[1].plot(seconds, np.nanmean(responses[best, :, first], 0), "k", label="mean")
axes[1].plot(seconds, predictions[best, 0, first], "C3", label="twin")
axes[1].set(xlabel="time (s)", ylabel="activity", title=f"Neuron {best}, video a")
axes[1].legend()

# %%
# References
# ----------
# O. Schoppe et al. (2016), Front. Comput. Neurosci. 10, 10.
#    :doi:`10.3389/fncom.2016.00010`
