"""LinearEncoder and EEGEncoder: scikit-learn's chain, selections, forms of files."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from skneuro.encoding import (
    EEGEncoder,
    EncoderWeights,
    LinearEncoder,
    VisionFeatures,
)
from skneuro.utils import seeded_torch

N_FEATURES, N_COMPONENTS = 24, 5
CHANNELS, TIMES = ["O1", "Oz", "O2"], np.arange(-100.0, 400.0, 100)


def make_weights(seed=0, *, parts=("lh_", "rh_"), n_targets=7, pcas=("",)):
    """Weights in the form of the published files."""
    rng = np.random.default_rng(seed)
    arrays = {
        "scaler_param.mean_": rng.normal(size=N_FEATURES),
        "scaler_param.scale_": rng.uniform(0.5, 2, size=N_FEATURES),
    }
    for name in pcas:
        arrays[f"pca_param.{name}mean_"] = rng.normal(size=N_FEATURES) * 0.1
        arrays[f"pca_param.{name}components_"] = rng.normal(
            size=(N_COMPONENTS, N_FEATURES)
        ).astype(np.float32)
    for part in parts:
        name = (
            part if part.endswith("reg_param.") or "." in part else f"{part}reg_param."
        )
        arrays[f"{name}coef_"] = rng.normal(size=(n_targets, N_COMPONENTS))
        arrays[f"{name}intercept_"] = rng.normal(size=n_targets)
    return EncoderWeights(arrays)


def make_eeg_weights(layout="shared"):
    repeats = [f"rep-{i}" for i in range(1, 5)]
    return make_weights(
        parts=[f"reg_param.{r}." for r in repeats],
        n_targets=len(CHANNELS) * len(TIMES),
        pcas=("",) if layout == "shared" else [f"{r}." for r in repeats],
    )


def expected_responses(weights, F, regression, pca="pca_param."):
    z = (F - weights["scaler_param.mean_"]) / weights["scaler_param.scale_"]
    scores = (z - weights[f"{pca}mean_"]) @ weights[f"{pca}components_"].T
    return scores @ weights[f"{regression}coef_"].T + weights[f"{regression}intercept_"]


@pytest.fixture
def F():
    return np.random.default_rng(1).normal(size=(9, N_FEATURES))


def make_backbone():
    with seeded_torch(0):
        return VisionFeatures(nn.Conv2d(3, 6, 4, stride=4), image_size=8, device="cpu")


@pytest.fixture
def images():
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, size=(9, 3, 8, 8), dtype=np.uint8)


@pytest.mark.parametrize("alpha", [0.0, 2.0])
def test_fit_is_the_chain_of_scikit_learn(alpha):
    rng = np.random.default_rng(0)
    F, y = rng.normal(size=(40, 12)) * 3 + 1, rng.normal(size=(40, 4))
    regression = LinearRegression() if alpha == 0 else Ridge(alpha=alpha)
    chain = make_pipeline(StandardScaler(), PCA(6), regression).fit(F, y)
    encoder = LinearEncoder(n_components=6, alpha=alpha).fit(F, y)
    np.testing.assert_allclose(encoder.predict(F), chain.predict(F), atol=1e-10)
    assert encoder.score(F, y) == pytest.approx(chain.score(F, y))


def test_left_comes_before_right(F):
    weights = make_weights(parts=("rh_", "lh_"))
    encoder = LinearEncoder(weights)
    expected = [expected_responses(weights, F, f"{h}_reg_param.") for h in ("lh", "rh")]
    responses = encoder.predict(F)
    assert responses.dtype == np.float32
    np.testing.assert_allclose(responses, np.hstack(expected), atol=1e-4)


@pytest.mark.parametrize(
    "targets",
    [
        [2, 3, 11],
        [11, 2, 2, 7],
        [0],
        [],
        np.arange(14) % 3 == 0,
        (np.arange(14) % 3 == 0).astype(int),
        np.arange(14),
    ],
    ids=["left and right", "order", "one", "none", "mask", "0-1 mask", "all"],
)
@pytest.mark.parametrize("batch_size", [1, 4, "auto"])
def test_selections_are_slices_of_the_whole(F, targets, batch_size):
    weights = make_weights()
    whole = LinearEncoder(weights).predict(F)
    encoder = LinearEncoder(weights, targets=targets, batch_size=batch_size)
    index = np.asarray(targets)
    if len(index) == 14 and set(index.tolist()) <= {0, 1}:
        index = index.astype(bool)
    if len(index) == 0:
        index = index.astype(int)
    np.testing.assert_allclose(encoder.predict(F), whole[:, index], atol=1e-5)
    assert encoder.predict(F[:1]).shape == (1, whole[:, index].shape[1])


def test_only_selected_rows_are_read(F):
    class Watched(np.ndarray):
        rows = 0

        def __getitem__(self, key):
            found = super().__getitem__(key)
            Watched.rows += len(np.atleast_1d(found))
            return np.asarray(found)

    arrays = dict(make_weights(n_targets=1000))
    for name in list(arrays):
        if "reg_param" in name:
            arrays[name] = arrays[name].view(Watched)
    responses = LinearEncoder(arrays, targets=[5, 1500]).predict(F)
    assert responses.shape == (9, 2)
    assert Watched.rows == 4  # coefficients and intercepts of two targets


def test_several_files_stand_side_by_side(F):
    first, second = make_weights(0), make_weights(1, parts=("",), n_targets=3)
    whole = LinearEncoder([first, second]).predict(F)
    parts = [LinearEncoder(w).predict(F) for w in (first, second)]
    np.testing.assert_allclose(whole, np.hstack(parts), atol=1e-5)
    some = LinearEncoder([first, second], targets=[16, 1]).predict(F)
    np.testing.assert_allclose(some, whole[:, [16, 1]], atol=1e-5)


def test_images_go_through_the_features(images):
    backbone = make_backbone()
    weights = make_weights()
    encoder = LinearEncoder(weights, features=backbone, batch_size=4)
    F = backbone.transform(images)
    expected = LinearEncoder(weights).predict(F)
    np.testing.assert_allclose(encoder.predict(images), expected, atol=1e-5)
    np.testing.assert_allclose(encoder.predict_from_features(F), expected, atol=1e-5)
    pil = [Image.fromarray(np.moveaxis(image, 0, -1)) for image in images]
    np.testing.assert_allclose(encoder.predict(pil), expected, atol=1e-5)
    np.testing.assert_allclose(encoder.predict(iter(images)), expected, atol=1e-5)


def test_images_train_an_encoder_too(images):
    backbone = make_backbone()
    rng = np.random.default_rng(0)
    y = backbone.transform(images) @ rng.normal(size=(N_FEATURES, 3))
    encoder = LinearEncoder(features=backbone).fit(images, y)
    np.testing.assert_allclose(encoder.predict(images), y, atol=1e-3)
    assert encoder.features_ is not backbone
    rows = make_pipeline(StandardScaler())
    other = LinearEncoder(features=rows).fit(images.reshape(9, -1), y)
    assert other.predict(images.reshape(9, -1)).shape == (9, 3)


def test_responses_stream_to_files(images, tmp_path):
    encoder = LinearEncoder(make_weights(), features=make_backbone(), batch_size=2)
    expected = encoder.predict(images)
    found = encoder.predict(images, out=tmp_path / "responses.npy")
    np.testing.assert_array_equal(found, expected)
    with pytest.raises(ValueError, match="exists and holds something else"):
        clone(encoder).set_params(targets=[1]).predict(
            images, out=tmp_path / "responses.npy"
        )


@pytest.mark.parametrize("make", [np.asarray, pd.DataFrame])
def test_tables_of_features_stream_to_files(F, tmp_path, make):
    encoder = LinearEncoder(make_weights(), batch_size=4)
    expected = encoder.predict(make(F))
    for _ in range(2):  # the second time it is complete
        found = encoder.predict(make(F), out=tmp_path / "r.npy")
        np.testing.assert_array_equal(found, expected)
    with pytest.raises(ValueError, match="to other images"):
        encoder.predict(make(F[::-1]), out=tmp_path / "r.npy")


@pytest.mark.parametrize("freeze", [False, True])
def test_pipeline_and_grid_search_keep_the_weights(images, freeze):
    encoder = LinearEncoder(make_weights(), features=make_backbone())
    expected = encoder.predict(images)
    copied = clone(encoder)
    assert copied.weights is encoder.weights
    np.testing.assert_array_equal(copied.predict(images), expected)
    frozen = FrozenEstimator(encoder) if freeze else encoder
    search = GridSearchCV(
        make_pipeline(frozen), {}, cv=2, scoring=lambda m, X, y: m.predict(X).sum()
    )
    rows = images.reshape(9, -1)
    search.fit(rows, expected)
    np.testing.assert_array_equal(search.predict(rows), expected)


@pytest.mark.parametrize(
    ("parameters", "match"),
    [
        ({"targets": [14]}, r"names 14, but there are 14.*0 to 13"),
        ({"targets": [-1]}, "names -1"),
        ({"targets": [True, False]}, "mask of length 2, expected 14"),
        ({"targets": np.ones(13, int)}, "mask of length 13, expected 14"),
        ({"targets": np.zeros(15)}, "mask of length 15, expected 14"),
        ({"targets": [0.5]}, "targets names 0.5"),
        ({"targets": [np.nan]}, "targets names nan"),
        ({"targets": ["V1"]}, "expected a mask of 14 values"),
        ({"weights": {"other": np.zeros(3)}}, "no 'scaler_param.mean_'.*'other'"),
    ],
)
def test_wrong_selections_and_files(F, parameters, match):
    encoder = LinearEncoder(**({"weights": make_weights()} | parameters))
    with pytest.raises(ValueError, match=match):
        encoder.predict(F)


def test_features_of_another_backbone_are_refused(F, images):
    with pytest.raises(ValueError, match="23 features, but the weights expect 24"):
        LinearEncoder(make_weights()).predict(F[:, 1:])
    with pytest.raises(ValueError, match=r"F has shape \(9, 23\); expected"):
        LinearEncoder(make_weights()).predict_from_features(F[:, 1:])


def test_files_without_regression_or_of_wrong_sizes(F):
    arrays = dict(make_weights())
    without = {n: a for n, a in arrays.items() if "reg_param" not in n}
    with pytest.raises(ValueError, match=r"no 'reg_param\.coef_'"):
        LinearEncoder(without).predict(F)
    arrays["pca_param.components_"] = np.zeros((5, 23), np.float32)
    with pytest.raises(ValueError, match=r"components shape \(5, 23\); expected"):
        LinearEncoder(arrays).predict(F)


@pytest.mark.parametrize("layout", ["shared", "per repeat"])
@pytest.mark.parametrize("n", [1, 9])
def test_eeg_has_repeats_channels_and_times(F, layout, n):
    weights = make_eeg_weights(layout)
    make = {"weights": weights, "ch_names": CHANNELS, "times": TIMES}
    every = EEGEncoder(**make, repeats="all").predict(F[:n])
    assert every.shape == (n, 4, 3, 5)
    for i in range(4):
        pca = "pca_param." if layout == "shared" else f"pca_param.rep-{i + 1}."
        expected = expected_responses(weights, F[:n], f"reg_param.rep-{i + 1}.", pca)
        np.testing.assert_allclose(every[:, i], expected.reshape(n, 3, 5), atol=1e-4)
    mean = EEGEncoder(**make).predict(F[:n])
    np.testing.assert_allclose(mean, every.mean(axis=1), atol=1e-5)


@pytest.mark.parametrize(
    ("selection", "channels", "samples"),
    [
        ({"channels": ["O2", "O1"]}, [2, 0], range(5)),
        ({"channels": "Oz"}, [1], range(5)),
        ({"channels": [2, 2]}, [2, 2], range(5)),
        ({"channels": [True, False, True]}, [0, 2], range(5)),
        ({"tmin": 0.0, "tmax": 200.0}, range(3), [1, 2, 3]),
        ({"tmin": 250.0}, range(3), [4]),
        ({"tmax": -100.0, "channels": ["Oz"]}, [1], [0]),
        ({"samples": [0, 1, 0, 0, 1]}, range(3), [1, 4]),
    ],
)
@pytest.mark.parametrize("repeats", ["mean", "all"])
def test_eeg_selections_are_slices(F, selection, channels, samples, repeats):
    make = {
        "weights": make_eeg_weights(),
        "ch_names": CHANNELS,
        "times": TIMES,
        "repeats": repeats,
    }
    whole = EEGEncoder(**make).predict(F)
    encoder = EEGEncoder(**make, **selection)
    channels, samples = list(channels), list(samples)
    expected = whole[..., channels, :][..., samples]
    np.testing.assert_allclose(encoder.predict(F), expected, atol=1e-5)
    assert encoder.ch_names_ == [CHANNELS[i] for i in channels]
    np.testing.assert_array_equal(encoder.times_, TIMES[samples])


@pytest.mark.parametrize(
    ("parameters", "match"),
    [
        ({"channels": ["Fz"]}, "names 'Fz'.*O1, Oz, O2"),
        ({"channels": [3]}, "names 3, but there are 3"),
        ({"channels": []}, "selects nothing"),
        ({"channels": [True, False]}, "mask of length 2, expected 3"),
        ({"samples": [1, 1, 0, 1]}, "mask of length 4, expected 5"),
        ({"tmin": 0.1, "tmax": 0.3}, "between tmin=0.1 and tmax=0.3 ms.*-100 to 300"),
        ({"samples": [0, 0, 0, 0, 0]}, "selects nothing"),
        ({"samples": [1], "tmin": 0.0}, "both set"),
        ({"ch_names": None}, "ch_names and times are needed"),
        ({"ch_names": ["a"]}, "15 rows; expected 1 channels x 5 times"),
        ({"weights": make_weights()}, "no 'reg_param.rep-1.coef_'"),
    ],
)
def test_wrong_channels_and_times(F, parameters, match):
    make = {"weights": make_eeg_weights(), "ch_names": CHANNELS, "times": TIMES}
    with pytest.raises(ValueError, match=match):
        EEGEncoder(**(make | parameters)).predict(F)


def test_eeg_fit_learns_each_repeat():
    rng = np.random.default_rng(0)
    F, truth = rng.normal(size=(60, 8)), rng.normal(size=(8, 2, 3, 5))
    eeg = np.einsum("nf,frct->nrct", F, truth)
    encoder = EEGEncoder(ch_names=CHANNELS, times=TIMES, repeats="all").fit(F, eeg)
    np.testing.assert_allclose(encoder.predict(F), eeg, atol=1e-8)
    encoder.set_params(repeats="mean", channels=["O2"], tmin=100.0)
    expected = eeg.mean(axis=1)[:, 2:, 2:]
    np.testing.assert_allclose(encoder.predict(F), expected, atol=1e-8)
    assert encoder.score(F, expected) == pytest.approx(1)
