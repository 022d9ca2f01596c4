"""Pretrained encoders in pipelines and searches; their differentiable networks."""

import sys

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from torch import nn

from skneuro.encoding import (
    EEGEncoder,
    EncoderWeights,
    GNetEncoder,
    LinearEncoder,
    VisionFeatures,
    make_gnet_weights,
)
from skneuro.encoding._vit import VisionTransformer
from skneuro.utils import seeded_torch

SIZE, N_COMPONENTS = 8, 5
N_FEATURES = 6 * 4  # six maps of 2 x 2 pixels


def make_backbone():
    with seeded_torch(0):
        network = nn.Conv2d(3, 6, 4, stride=4)
    return VisionFeatures(network, image_size=SIZE, device="cpu")


def make_weights(n_targets, names, *, pcas=("",)):
    """Weights in the form of the published files."""
    rng = np.random.default_rng(0)
    arrays = {
        "scaler_param.mean_": rng.normal(size=N_FEATURES),
        "scaler_param.scale_": rng.uniform(0.5, 2, N_FEATURES),
    }
    for pca in pcas:
        arrays[f"pca_param.{pca}mean_"] = rng.normal(size=N_FEATURES)
        shape = (N_COMPONENTS, N_FEATURES)
        arrays[f"pca_param.{pca}components_"] = rng.normal(size=shape)
    for name in names:
        arrays[f"{name}.coef_"] = rng.normal(size=(n_targets, N_COMPONENTS))
        arrays[f"{name}.intercept_"] = rng.normal(size=n_targets)
    return EncoderWeights(arrays)


def make_linear(**parameters):
    weights = make_weights(7, ["lh_reg_param", "rh_reg_param"])
    return LinearEncoder(weights, features=make_backbone(), **parameters)


def make_eeg(*, own_pcas=False, **parameters):
    repeats = [f"rep-{i}" for i in range(1, 5)]
    pcas = [f"{name}." for name in repeats] if own_pcas else [""]
    weights = make_weights(6, [f"reg_param.{name}" for name in repeats], pcas=pcas)
    make = {"ch_names": ["O1", "Oz"], "times": [0.0, 5.0, 10.0]} | parameters
    return EEGEncoder(weights, features=make_backbone(), **make)


def make_gnet():
    weights = make_gnet_weights(
        4, channels=(2, 3, 4, 2), image_size=35, sizes=0.1, random_state=0
    )
    return GNetEncoder(weights, image_size=35, device="cpu")


def make_vit():
    with seeded_torch(0):
        network = VisionTransformer(
            image_size=8, patch_size=4, n_layers=2, n_heads=1, n_hidden=64, n_mlp=8
        )
    weights = {name: value.numpy() for name, value in network.state_dict().items()}
    layers = ["encoder.layers.encoder_layer_1"]
    return VisionFeatures(
        weights=EncoderWeights(weights), layers=layers, image_size=SIZE, device="cpu"
    )


ENCODERS = [make_linear, make_eeg, make_gnet, make_vit]


@pytest.fixture
def images():
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (10, 3, SIZE, SIZE), dtype=np.uint8)


def flatten(responses):
    return responses.reshape(len(responses), -1)


def as_a_step(encoder, freeze):
    return FrozenEstimator(encoder) if freeze else encoder


@pytest.mark.parametrize("make", ENCODERS)
def test_clone_keeps_the_weights(make, images):
    encoder = make()
    expected = encoder.transform(images)
    for copy in (clone(encoder), clone(clone(encoder)), clone(encoder, safe=False)):
        assert copy is not encoder
        assert copy.weights is encoder.weights
        np.testing.assert_array_equal(copy.transform(images), expected)
    assert clone(FrozenEstimator(encoder)).estimator.weights is encoder.weights


@pytest.mark.parametrize("freeze", [False, True])
@pytest.mark.parametrize("make", ENCODERS)
def test_encoders_stand_in_the_middle_of_a_searched_pipeline(make, images, freeze):
    encoder = make()
    responses = flatten(encoder.transform(images))
    y = responses @ np.linspace(-1, 1, responses.shape[1])
    pipeline = make_pipeline(
        as_a_step(encoder, freeze),
        FunctionTransformer(flatten),
        StandardScaler(),
        Ridge(),
    )
    search = GridSearchCV(pipeline, {"ridge__alpha": [1e-3, 1e3]}, cv=2)
    search.fit(images.reshape(10, -1), y)
    best = search.best_estimator_
    rows = images.reshape(10, -1)
    np.testing.assert_array_equal(best[:2].transform(rows), responses)
    np.testing.assert_allclose(best.predict(rows), y, atol=0.05)
    step = best[0].estimator if freeze else best[0]
    assert step.weights is encoder.weights


@pytest.mark.parametrize("make", [make_linear, make_eeg, make_gnet])
def test_transform_is_predict(make, images):
    encoder = make()
    np.testing.assert_array_equal(encoder.transform(images), encoder.predict(images))
    np.testing.assert_array_equal(
        encoder.fit_transform(images), encoder.predict(images)
    )


def test_settings_of_an_encoder_can_be_searched(images):
    encoder = make_linear()
    rows = images.reshape(10, -1)
    y = encoder.predict(images)[:, 11]
    search = GridSearchCV(
        make_pipeline(encoder, Ridge(alpha=1e-3)),
        {"linearencoder__targets": [[0], [11], [13]]},
        cv=2,
    )
    search.fit(rows, y)
    assert search.best_params_ == {"linearencoder__targets": [11]}


def test_columns_have_names(images):
    pytest.importorskip("pandas")
    encoder = make_linear(targets=[3, 9])
    frame = encoder.set_output(transform="pandas").transform(images.reshape(10, -1))
    assert list(frame) == ["linearencoder0", "linearencoder1"]
    rng = np.random.default_rng(0)
    F, y = rng.normal(size=(10, 4)), rng.normal(size=(10, 2, 3))
    fitted = LinearEncoder().fit(F, y)
    assert fitted.transform(F).shape == (10, 2, 3)
    assert not hasattr(fitted, "get_feature_names_out")
    assert LinearEncoder().fit(F, y[:, 0, 0]).transform(F).shape == (10, 1)


@pytest.mark.parametrize(
    "encoder",
    [
        make_linear(),
        make_linear(targets=[9, 2, 2]),
        make_eeg(),
        make_eeg(own_pcas=True),
        make_eeg(own_pcas=True, repeats="all", channels=["Oz"], samples=[0, 2]),
    ],
    ids=["linear", "targets", "EEG", "EEG, own PCAs", "EEG, all repeats"],
)
def test_network_gives_the_responses_and_their_gradient(encoder, images):
    module = encoder.module_
    x = torch.from_numpy(images).float().div(255).requires_grad_(True)
    responses = module(x)
    np.testing.assert_allclose(
        responses.detach().numpy(), encoder.predict(images), atol=1e-4
    )
    (gradient,) = torch.autograd.grad(responses.flatten(1)[0, 0], x)
    assert (gradient[1:] == 0).all()
    step = 1e-2 * gradient / gradient.norm()  # the whole map is linear here
    with torch.no_grad():
        change = (module(x + step) - module(x)).flatten(1)[0, 0]
    np.testing.assert_allclose(change, 1e-2 * gradient.norm(), rtol=1e-2)


def test_network_of_a_fitted_encoder():
    rng = np.random.default_rng(0)
    F, eeg = rng.normal(size=(40, 6)), rng.normal(size=(40, 2, 2, 3))
    encoder = EEGEncoder(channels=[1], samples=[0, 2]).fit(F, eeg)
    found = encoder.module_(torch.from_numpy(F))
    assert found.dtype == torch.float64
    np.testing.assert_allclose(found.numpy(), encoder.predict(F), atol=1e-10)


def test_pickled_files_are_weights_too(tmp_path):
    arrays = {"scaler_param": {"mean_": np.ones(2), "n": 2}, "reg": np.zeros((2, 3))}
    np.save(tmp_path / "weights.npy", arrays)
    weights = EncoderWeights(tmp_path / "weights.npy")
    assert set(weights) == {"scaler_param.mean_", "reg"}
    assert isinstance(weights["reg"], np.memmap)  # of the conversion
    torch.save({"w": torch.arange(3.0)}, tmp_path / "weights.pth")
    assert EncoderWeights(str(tmp_path / "weights.pth"))["w"].tolist() == [0, 1, 2]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_rows_that_lie_apart_do_not_stay_in_memory(tmp_path):
    arrays = dict(make_weights(40_000, ["reg_param"]))
    arrays["reg_param.coef_"] = np.zeros((40_000, 100), np.float32)  # 16 MB
    arrays["pca_param.components_"] = np.ones((100, N_FEATURES), np.float32)
    save_file({k: np.array(v) for k, v in arrays.items()}, tmp_path / "w.safetensors")
    targets = np.arange(0, 40_000, 100)
    encoder = LinearEncoder(tmp_path / "w.safetensors", targets=targets)
    assert encoder.predict(np.ones((1, N_FEATURES))).shape == (1, 400)
    with open("/proc/self/smaps") as file:
        mapped = file.read().split("w.safetensors")[1:]
    resident = sum(int(text.split("Rss:")[1].split()[0]) for text in mapped)  # kB
    assert resident < 1000
