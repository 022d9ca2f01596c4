"""
New neurons on a trained core
=============================

A digital twin has two parts: a core that all neurons share, and a readout of each
neuron. Once the core is known, new neurons need little data. This example records new
neurons of a small known cortex, fits them on its frozen core, and predicts stimuli of
another kind than those it was fitted to.
"""

# %%
# Recordings come from a twin with random weights, whose neurons fire Poisson counts. In
# training it sees noise, Gabors and dots; in the test gratings, eight times each. Gaze
# and behaviour go along with the video.
import matplotlib.pyplot as plt
import numpy as np

from skneuro.datasets import make_twin_data
from skneuro.metrics import cc_abs, cc_max
from skneuro.twin import DigitalTwinRegressor

known = make_twin_data(n_neurons=5, n_trials=3, n_test_videos=1, random_state=0).twin
recording = make_twin_data(n_neurons=12, n_trials=12, core=known, random_state=1)
print(recording.videos.shape, recording.responses.shape)

# %%
# The core is kept as it is, not copied: fitting changes the eye, how behaviour is taken
# up, and where and what each neuron reads. The readout starts from ridge regression of
# the recording on the core, so that little training is left to do.
traces = {"gaze": recording.gaze, "behavior": recording.behavior}
twin = DigitalTwinRegressor(
    core=known,
    readout_start="regression",
    sample_stream=False,
    sample_frames=30,
    batch_size=8,
    max_epochs=5,
    warmup_epochs=0,
    batches_per_epoch=6,
    lr=0.1,
    random_state=0,
)
twin.fit(recording.videos, recording.responses, **traces)

# %%
# Trials with the same video are repeats. The score is the correlation with their mean,
# over the highest that noise allows: the median over neurons.
test = {"gaze": recording.test_gaze, "behavior": recording.test_behavior}
score = twin.score(recording.test_videos, recording.test_responses, **test)
print(f"noise-corrected correlation {score:.2f}")

# %%
# The loss over a short training, neurons against the ceiling that noise sets, and one
# of them: more data brings neurons closer to their ceilings.
rates = twin.predict(recording.test_videos, **test)
responses = recording.test_responses


def as_repeats(trials):
    """Trials of four videos, eight times each, as (neurons, repeats, time)."""
    trials = trials.reshape(4, 8, *trials.shape[1:])[..., twin.burn_in :]
    return trials.transpose(2, 1, 0, 3).reshape(trials.shape[2], 8, -1)


reached = cc_abs(as_repeats(responses), as_repeats(rates))
ceiling = cc_max(as_repeats(responses))

fig, axes = plt.subplots(1, 3, figsize=(11, 3.2), layout="constrained")
axes[0].plot(twin.loss_curve_, "k.-")
axes[0].set(xlabel="epoch", ylabel="loss", title="Training")
axes[1].plot(ceiling, reached, "o")
axes[1].plot([0, 1], [0, 1], "k:", lw=1)
axes[1].set(xlabel="ceiling", ylabel="correlation", title="Neurons, new stimuli")
best = int(np.argmax(reached))
seconds = np.arange(rates.shape[2]) / recording.sfreq
axes[2].plot(seconds, responses[:8, best].mean(0), "0.6", label="mean of 8 repeats")
axes[2].plot(seconds, rates[0, best], "C3", label="twin")
axes[2].set(xlabel="time (s)", ylabel="activity", title="One neuron, a grating")
axes[2].legend()

# %%
# References
# ----------
# E. Y. Wang et al. (2025), Nature 640, 470-477.
#    :doi:`10.1038/s41586-025-08829-y`
