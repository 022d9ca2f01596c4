"""Transfer and training against a linear-nonlinear model of each neuron.

A small twin with random weights generates Poisson counts. Training trials show noise,
Gabors and dots, test trials gratings, eight times each. Scores are noise-corrected
correlations, medians over neurons.
"""

import numpy as np
import pytest
import torch
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import Ridge
from torch.nn import functional as F

from skneuro.datasets import make_twin_data
from skneuro.metrics import cc_norm
from skneuro.twin import DigitalTwinRegressor

pytestmark = [pytest.mark.torch, pytest.mark.slow]
BURN_IN, N_REPEATS = 10, 8
OPTIONS = {
    "sample_stream": False,  # streams of the generator are not alike
    "batch_size": 8,
    "sample_frames": 30,
    "device": "cpu",
}


@pytest.fixture(scope="module")
def known():
    """Twin that generates all recordings here."""
    return make_twin_data(
        5, n_trials=1, n_test_videos=1, n_repeats=1, duration=0.5, random_state=0
    ).twin


@pytest.fixture(scope="module")
def learned(known):
    """Recording of 30 neurons, and a twin that was trained on it from scratch."""
    recording = make_twin_data(30, n_trials=18, core=known, random_state=2)
    sizes = dict(known.net_.module_.options_given)
    del sizes["n_neurons"]
    twin = DigitalTwinRegressor(
        network_params=sizes,
        lr=1.0,
        clip=0.05,
        max_epochs=4,
        batches_per_epoch=15,
        warmup_epochs=1,
        random_state=7,
        **OPTIONS,
    )
    return recording, fit(twin, recording)


def fit(twin, recording):
    return twin.fit(
        recording.videos,
        recording.responses,
        gaze=recording.gaze,
        behavior=recording.behavior,
    )


def start_readout(core, recording, **options):
    """Readout of new neurons on the frozen core."""
    twin = DigitalTwinRegressor(core, readout_start="regression", random_state=0)
    short = {"max_epochs": 1, "batches_per_epoch": 1, "lr": 1e-6}
    return fit(twin.set_params(**OPTIONS, **short | options), recording)


def score(recording, twin):
    return twin.score(
        recording.test_videos,
        recording.test_responses,
        gaze=recording.test_gaze,
        behavior=recording.test_behavior,
    )


def linear_inputs(recording, prefix=""):
    """What a linear model sees, per trial: (n_frames, n_inputs).

    The images that the generator's own eye sees at that gaze, 8 x 12 pixels, up to
    seven frames back, and behaviour up to ten frames back.
    """
    eye = recording.twin.net_.module_.perspective.bind()
    inputs = []
    parts = (recording[f"{prefix}{name}"] for name in ("videos", "gaze", "behavior"))
    for video, gaze, behavior in zip(*parts, strict=True):
        with torch.no_grad():
            x = torch.from_numpy(video)[:, None] / 255
            x = eye(x, torch.from_numpy(gaze.T.copy()))
            x = F.avg_pool2d(x, 4).flatten(1).numpy()
        shown = [later(x, lag) for lag in (0, 1, 2, 3, 5, 7)]
        inputs.append(np.hstack(shown + [later(behavior.T, k) for k in (0, 5, 10)]))
    return inputs


def later(x, lag):
    return np.vstack([np.repeat(x[:1], lag, axis=0), x[: len(x) - lag]])


def best_linear_score(recording):
    """Score of the best penalty, chosen on the test data in favour of this model."""
    X = np.vstack([x[BURN_IN:] for x in linear_inputs(recording)])
    y = np.hstack(list(recording.responses[..., BURN_IN:])).T
    mean, scale = X.mean(axis=0), X.std(axis=0) + 1e-6
    X = (X - mean) / scale
    tests = np.stack([(x - mean) / scale for x in linear_inputs(recording, "test_")])
    scores = []
    for penalty in (1e1, 1e2, 1e3, 1e4, 1e5):
        model = Ridge(penalty).fit(X, y)
        driven, seen = model.predict(X), model.predict(np.vstack(tests))
        seen = seen.reshape(*tests.shape[:2], -1).transpose(0, 2, 1)
        bent = np.empty_like(seen)  # by any monotonic nonlinearity
        for n in range(y.shape[1]):
            curve = IsotonicRegression(out_of_bounds="clip")
            curve.fit(driven[:, n], y[:, n])
            bent[:, n] = curve.predict(seen[:, n].ravel()).reshape(seen[:, n].shape)
        for predicted in (seen, bent):
            both = (by_repeat(r) for r in (recording.test_responses, predicted))
            scores.append(np.nanmedian(cc_norm(*both)))
    return max(scores)


def by_repeat(trials):
    trials = trials.reshape(-1, N_REPEATS, *trials.shape[1:])[..., BURN_IN:]
    return trials.transpose(2, 1, 0, 3).reshape(trials.shape[2], N_REPEATS, -1)


def test_training_from_scratch_beats_a_linear_nonlinear_model(learned):
    recording, twin = learned
    assert score(recording, twin) > best_linear_score(recording) + 0.1


def test_new_neurons_on_another_core_beat_a_linear_nonlinear_model(known, learned):
    _, core = learned
    generator = known.net_.module_.state_dict()
    name = "core.feedforward.blocks.0.convs.0.weights.0"
    others = core.net_.module_.state_dict()[name]
    assert np.corrcoef(generator[name].ravel(), others.ravel())[0, 1] < 0.5
    recording = make_twin_data(20, n_trials=18, core=known, random_state=3)
    twin = start_readout(core, recording)
    assert score(recording, twin) > best_linear_score(recording) + 0.1


def test_new_neurons_on_their_own_core_reach_the_ceiling(known):
    recording = make_twin_data(20, n_trials=24, count=10.0, core=known, random_state=1)
    both = (by_repeat(r) for r in (recording.test_responses, recording.test_rates))
    assert np.nanmedian(cc_norm(*both)) == pytest.approx(1, abs=0.02)
    assert score(recording, start_readout(known, recording)) > 0.95
