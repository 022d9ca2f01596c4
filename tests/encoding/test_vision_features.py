"""VisionFeatures: torchvision's network and preprocessing, layers, and the cache."""

import copy
import importlib.util

import numpy as np
import pytest
import torch
from sklearn.base import clone
from torch import nn

from skneuro.encoding import VisionFeatures
from skneuro.encoding._preprocessing import prepare
from skneuro.encoding._vit import (
    EncoderBlock,
    LayerTap,
    VisionTransformer,
    load_vit,
)
from skneuro.utils import seeded_torch


@pytest.fixture(scope="module")
def torchvision():
    """Import torchvision; stand in for two operators that a CPU-only torch lacks."""
    if importlib.util.find_spec("torchvision") is None:
        pytest.skip("torchvision is not installed")
    try:
        library = torch.library.Library("torchvision", "FRAGMENT")
        for name in ("nms", "qnms"):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou) -> Tensor")
    except RuntimeError:  # it has them
        pass
    return pytest.importorskip("torchvision")


def small_vit():
    with seeded_torch(0):
        return VisionTransformer(
            image_size=16, patch_size=8, n_layers=2, n_heads=1, n_hidden=8, n_mlp=12
        )


def make_images(n=3, size=16):
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, size=(n, 3, size, size), dtype=np.uint8)


LAYERS = [f"encoder.layers.encoder_layer_{i}" for i in range(2)]


def make_features(**parameters):
    parameters = {"layers": LAYERS, "image_size": 16, "device": "cpu"} | parameters
    return VisionFeatures(small_vit(), **parameters)


@pytest.mark.slow
def test_all_blocks_agree_with_torchvision(torchvision):
    with seeded_torch(0):
        theirs = torchvision.models.vit_b_32(weights=None).eval()
        images = torch.rand(2, 3, 224, 224)
    ours = load_vit(theirs.state_dict()).eval()
    layers = [f"encoder.layers.encoder_layer_{i}" for i in range(12)]
    with torch.inference_mode():
        pairs = zip(
            *(
                LayerTap(n, layers, (0.5,) * 3, (0.2,) * 3).outputs(images)
                for n in (theirs, ours)
            ),
            strict=True,
        )
        for expected, found in pairs:
            assert found.shape == (2, 50 * 768)
            torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


def test_blocks_agree_with_the_layer_of_torch():
    """A reference that is always there: torch's layer, with the norm first."""
    with seeded_torch(1):
        ours = EncoderBlock(n_hidden=64, n_heads=4, n_mlp=96).eval()
        for parameter in ours.parameters():
            nn.init.normal_(parameter, std=0.3)
        tokens = torch.randn(2, 7, 64)
    theirs = nn.TransformerEncoderLayer(
        64, 4, 96, 0.0, "gelu", layer_norm_eps=1e-6, batch_first=True, norm_first=True
    ).eval()
    names = {"ln_1": "norm1", "ln_2": "norm2", "self_attention": "self_attn"}
    names |= {"mlp.0": "linear1", "mlp.3": "linear2"}
    state = ours.state_dict()
    for old, new in names.items():
        state = {name.replace(old, new): value for name, value in state.items()}
    theirs.load_state_dict(state)
    torch.testing.assert_close(ours(tokens), theirs(tokens), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("shape", [(425, 425), (480, 640), (640, 427), (100, 70)])
def test_preprocessing_agrees_with_torchvision(torchvision, shape):
    from torchvision.transforms import functional as F

    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, size=(2, 3, *shape), dtype=np.uint8)
    tensor = torch.from_numpy(images)
    berg = F.center_crop(F.resize(tensor, [256], antialias=True), [224])
    np.testing.assert_array_equal(prepare(images, 224, resize=256), berg)
    square = F.center_crop(tensor, [min(shape)] * 2)
    train = F.resize(square, [224, 224], antialias=True)
    np.testing.assert_array_equal(prepare(images, 224), train)


def test_resizing_averages_what_it_makes_smaller():
    image = np.zeros((1, 3, 8, 8), np.uint8)
    image[..., ::2] = 200  # stripes finer than the new pixels
    small = prepare(image, 2)
    assert small.shape == (1, 3, 2, 2)
    assert np.abs(small.astype(int) - 100).max() <= 8
    # values of torchvision 0.29, resize of arange(25) * 10 to 3 x 3, antialiased
    ramp = (np.arange(25, dtype=np.uint8) * 10).reshape(1, 1, 5, 5).repeat(3, axis=1)
    np.testing.assert_array_equal(prepare(ramp, 3)[0, 0], RAMP)


RAMP = [[26, 41, 57], [104, 120, 136], [183, 199, 214]]


def test_half_levels_round_to_even():
    image = np.zeros((1, 3, 2, 2), np.uint8)
    image[..., 0, 0] = 2
    assert prepare(image, 1)[0, 0, 0, 0] == 0  # 0.5
    image[..., 0, 0] = 6
    assert prepare(image, 1)[0, 0, 0, 0] == 2  # 1.5


@pytest.mark.parametrize("side", ["tall", "wide"])
def test_padding_is_black_and_centred(side):
    image = np.full((1, 3, 4, 2), 9, np.uint8)
    padded = prepare(image if side == "tall" else image.swapaxes(2, 3), 4, square="pad")
    expected = np.tile([0, 9, 9, 0], (4, 1))
    np.testing.assert_array_equal(
        padded[0, 0], expected if side == "tall" else expected.T
    )


def test_berg_sees_the_centre_only_and_train_all():
    image = np.zeros((1, 3, 224, 224), np.uint8)
    image[..., :8, :] = 255
    assert prepare(image, 224)[..., :4, :].min() == 255
    assert prepare(image, 224, resize=256).max() == 0
    stretched = prepare(image[..., :100], 224, square="stretch", resize=256)
    assert stretched.shape == (1, 3, 224, 224)


def test_vit_layers_are_tokens_class_token_first():
    network = small_vit()
    images = make_images()
    features = make_features().transform(images)
    assert features.shape == (3, 2 * 5 * 8)
    assert features.dtype == np.float32
    mean = torch.tensor([0.485, 0.456, 0.406]).reshape(3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225]).reshape(3, 1, 1)
    x = (torch.from_numpy(images) / 255 - mean) / std
    with torch.inference_mode():
        patches = network.conv_proj(x).flatten(2).transpose(1, 2)
        tokens = torch.cat([network.class_token.expand(3, 1, 8), patches], 1)
        tokens = tokens + network.encoder.pos_embedding
        for i, block in enumerate(network.encoder.layers):
            tokens = block(tokens)
            np.testing.assert_allclose(
                features[:, 40 * i : 40 * (i + 1)], tokens.flatten(1), atol=1e-5
            )


def test_state_dicts_load_also_with_old_names():
    network = small_vit().eval()
    state = network.state_dict()
    old = {
        name.replace("mlp.0.", "mlp.linear_1.").replace("mlp.3.", "mlp.linear_2."): w
        for name, w in state.items()
    }
    assert old.keys() != state.keys()
    images = torch.rand(2, 3, 16, 16)
    with torch.inference_mode():
        for weights in (state, old):
            loaded = load_vit(weights).eval()
            torch.testing.assert_close(loaded(images), network(images))
    arrays = {name: tensor.numpy() for name, tensor in old.items()}
    features = VisionFeatures(weights=arrays, layers=LAYERS, image_size=16)
    np.testing.assert_allclose(
        features.transform(make_images()), make_features().transform(make_images())
    )


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda w: {"other": torch.zeros(2)}, "conv_proj.weight"),
        (lambda w: w | {"extra": torch.zeros(2)}, "extra"),
    ],
)
def test_weights_of_other_networks_are_refused(change, match):
    with pytest.raises(ValueError, match=f"(?s)do not fit a vision tr.*{match}"):
        load_vit(change(dict(small_vit().state_dict())))


def test_default_backbone_says_where_weights_come_from():
    with pytest.raises(ValueError, match=r"needs weights.*fetch"):
        VisionFeatures().transform(make_images())


def test_unknown_layers_are_named():
    with pytest.raises(ValueError, match=r"'nothing'.*conv_proj"):
        make_features(layers=["nothing"]).transform(make_images())


def test_any_module_gives_its_output():
    network = nn.Sequential(nn.Conv2d(3, 2, 4, stride=4), nn.Flatten())
    features = VisionFeatures(network, image_size=8).transform(make_images(size=8))
    assert features.shape == (3, 8)


def test_layers_before_one_that_works_in_place_keep_their_values():
    with seeded_torch(0):
        convolution = nn.Conv2d(3, 4, 8, stride=8)
    network = nn.Sequential(convolution, nn.ReLU(inplace=True))
    images = np.random.default_rng(0).integers(0, 256, (2, 3, 16, 16), dtype=np.uint8)
    features = VisionFeatures(network, layers=["0", "1"], image_size=16, device="cpu")
    before, after = np.split(features.transform(images), 2, axis=1)
    assert before.min() < 0
    np.testing.assert_array_equal(after, np.maximum(before, 0))


def test_the_users_module_stays_as_it_was():
    network = nn.Sequential(nn.Conv2d(3, 2, 4), nn.BatchNorm2d(2)).train()
    before = copy.deepcopy(network.state_dict())
    VisionFeatures(network, image_size=8).transform(make_images(size=8))
    assert network.training
    assert all(p.requires_grad for p in network.parameters())
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name])


def test_clone_keeps_the_weights():
    features = make_features()
    images = make_images()
    np.testing.assert_array_equal(
        clone(features).transform(images), features.transform(images)
    )


def test_module_is_differentiable():
    module = make_features().module_
    image = torch.rand(1, 3, 16, 16, requires_grad=True)
    (gradient,) = torch.autograd.grad(module(image)[0, 50], image)
    assert gradient.abs().max() > 0


def count_passes(monkeypatch):
    """Count the images that go through the network."""
    seen = []
    original = LayerTap.forward
    monkeypatch.setattr(
        LayerTap,
        "forward",
        lambda self, images: seen.append(len(images)) or original(self, images),
    )
    return seen


def test_cache_computes_each_image_once(tmp_path, monkeypatch):
    seen = count_passes(monkeypatch)
    features = make_features(cache=tmp_path)
    images = make_images(4)
    first = features.transform(images[:3])
    np.testing.assert_array_equal(make_features().transform(images[:3]), first)
    seen.clear()
    again = clone(features).transform(images[[2, 3, 0]])
    assert sum(seen) == 1  # the new one
    np.testing.assert_array_equal(again[[2, 0]], first[[0, 2]])
    one = make_features(cache=tmp_path, layers=LAYERS[1:]).transform(images[:3])
    assert sum(seen) == 1  # its layer is there
    np.testing.assert_array_equal(one, first[:, 40:])
    varied = make_features(cache=tmp_path).transform([images[0], images[1][:, :12]])
    np.testing.assert_array_equal(varied[0], first[0])
    assert sum(seen) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"preprocessing": "berg"},
        {"mean": (0.5, 0.5, 0.5)},
        {"image_size": 16, "square": "stretch"},
    ],
)
def test_cache_tells_settings_apart(tmp_path, monkeypatch, change):
    images = make_images()
    make_features(cache=tmp_path).transform(images)
    seen = count_passes(monkeypatch)
    make_features(cache=tmp_path, **change).transform(images)
    assert sum(seen) == 3


def test_cache_tells_weights_apart(tmp_path, monkeypatch):
    images = make_images()
    make_features(cache=tmp_path).transform(images)
    seen = count_passes(monkeypatch)
    other = small_vit()
    with torch.no_grad():
        other.encoder.layers[0].ln_1.bias[0] += 1
    VisionFeatures(other, layers=LAYERS, image_size=16, cache=tmp_path).transform(
        images
    )
    assert sum(seen) == 3


def test_damaged_cache_files_are_replaced(tmp_path):
    images = make_images()
    expected = make_features(cache=tmp_path).transform(images)
    files = sorted(tmp_path.rglob("*.npy"))
    assert len(files) == 6
    files[0].write_bytes(b"")
    files[1].write_bytes(b"no array")
    np.save(files[2], np.zeros(3, np.float32))
    np.testing.assert_array_equal(
        make_features(cache=tmp_path).transform(images), expected
    )
    assert np.load(files[2]).shape == (40,)
    assert list(tmp_path.rglob("*.tmp")) == []
