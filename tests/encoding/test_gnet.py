"""GNetEncoder: BERG's responses, any kind of image, clone, gradients."""

import copy
import pickle

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skneuro.encoding import EncoderWeights, GNetEncoder, make_gnet_weights

SIZE = 59
WEIGHTS = make_gnet_weights(
    6, channels=(4, 6, 8, 4), image_size=SIZE, sizes=0.08, random_state=0
)


@pytest.fixture
def encoder():
    return GNetEncoder(WEIGHTS, image_size=SIZE, device="cpu")


@pytest.fixture
def images():
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, size=(7, 3, SIZE, SIZE), dtype=np.uint8)


def compress(t):
    return np.log(1 + np.abs(t)) * np.tanh(t)


def test_readout_follows_its_equation(encoder, images):
    module = encoder.module_
    with torch.no_grad():
        maps = module.gnet(torch.from_numpy(images).float() / 255)
    pooled = []
    for level, x in enumerate(maps):
        logits = WEIGHTS[f"fwrf.rf{level}"].astype(np.float64).reshape(6, -1)
        field = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        pooled.append(np.einsum("vp,bcp->bvc", field, compress(x.flatten(2).numpy())))
    features = compress(np.concatenate(pooled, axis=2))
    expected = np.einsum("bvc,vc->bv", features, WEIGHTS["fwrf.w"]) + WEIGHTS["fwrf.b"]
    np.testing.assert_allclose(encoder.predict(images), expected, atol=1e-5)


def test_full_size_has_the_published_shapes():
    weights = make_gnet_weights(2, random_state=0)
    assert [weights[f"fwrf.rf{i}"].shape for i in range(3)] == [
        (2, 27, 27),
        (2, 25, 25),
        (2, 13, 13),
    ]
    assert weights["fwrf.w"].shape == (2, 768)
    network = weights.part("enc.")
    assert len(network) == 54  # 47 arrays and 7 counters
    module = GNetEncoder(weights).module_.gnet
    trainable = sum(p.numel() for p in module.parameters()) - 3  # mu is constant
    assert trainable == 1_365_632
    assert [tuple(x.shape[1:]) for x in module(torch.zeros(1, 3, 227, 227))] == [
        (256, 27, 27),
        (256, 25, 25),
        (256, 13, 13),
    ]


def test_without_prefilter_maps(images):
    few = dict(WEIGHTS)
    few["fwrf.rf0"], few["fwrf.rf1"] = few["fwrf.rf1"], few.pop("fwrf.rf2")
    few["fwrf.w"] = few["fwrf.w"][:, 10:]
    encoder = GNetEncoder(few, image_size=SIZE)
    assert encoder.predict(images).shape == (7, 6)
    assert len(encoder.receptive_fields_) == 2


@pytest.mark.parametrize("batch_size", [1, 2, 7, 100])
def test_batches_do_not_matter(encoder, images, batch_size):
    expected = encoder.predict(images)
    assert expected.dtype == np.float32
    encoder.set_params(batch_size=batch_size)
    np.testing.assert_allclose(encoder.predict(images), expected, atol=1e-6)


def test_one_voxel_and_one_image_keep_their_axes(images):
    one = make_gnet_weights(1, channels=(4, 6, 8, 4), image_size=SIZE, random_state=0)
    encoder = GNetEncoder(one, image_size=SIZE)
    both = encoder.predict(images)
    assert both.shape == (7, 1)
    np.testing.assert_allclose(encoder.predict(images[:1]), both[:1], atol=1e-6)


def test_networks_stand_side_by_side(images):
    other = make_gnet_weights(2, channels=(4, 6, 8, 4), image_size=SIZE, random_state=1)
    joined = GNetEncoder.from_weights(WEIGHTS, other, image_size=SIZE)
    parts = [GNetEncoder(w, image_size=SIZE).predict(images) for w in (WEIGHTS, other)]
    np.testing.assert_allclose(joined.predict(images), np.hstack(parts), atol=1e-6)
    assert joined.tuning_.shape[0] == len(joined.rf_size_) == 8
    assert len(joined.get_feature_names_out()) == 8


@pytest.mark.parametrize(
    "convert",
    [
        lambda x: x.astype(np.int64),
        lambda x: x.astype(np.uint16),
        lambda x: x.astype(np.float64),
        lambda x: x.astype(np.float32) / np.float32(255),
        lambda x: (x / 255).astype(np.float16),
        lambda x: np.moveaxis(x, 1, -1),
        lambda x: np.concatenate([x, x[:, :1]], axis=1).transpose(0, 2, 3, 1),
        lambda x: x.reshape(len(x), -1),
        lambda x: x.astype(np.float16),
        lambda x: x.astype(np.uint64),
        lambda x: x.astype(">i2"),
        lambda x: np.asfortranarray(x)[::-1][::-1],
        lambda x: torch.from_numpy(x),
        lambda x: torch.from_numpy(x).bfloat16(),  # holds whole numbers to 256
        lambda x: torch.from_numpy(x.reshape(len(x), -1)),
        lambda x: [Image.fromarray(np.moveaxis(i, 0, -1)) for i in x],
        lambda x: list(x),
        lambda x: iter(x),
    ],
    ids=[
        "int64",
        "uint16",
        "float64",
        "unit float32",
        "unit float16",
        "channels last",
        "alpha",
        "rows",
        "float16",
        "uint64",
        "other byte order",
        "other strides",
        "torch",
        "torch bfloat16",
        "torch rows",
        "PIL",
        "list",
        "iterator",
    ],
)
def test_the_kind_of_input_does_not_matter(encoder, images, convert):
    responses = encoder.predict(convert(images))
    np.testing.assert_allclose(responses, encoder.predict(images), atol=1e-6)


def test_grey_images_have_three_equal_channels(encoder, images):
    grey = images[:, :1]
    expected = encoder.predict(np.repeat(grey, 3, axis=1))
    for form in (grey, grey[:, 0], grey.reshape(7, -1), np.moveaxis(grey, 1, -1)):
        np.testing.assert_allclose(encoder.predict(form), expected, atol=1e-6)


def test_files_and_folders(encoder, images, tmp_path):
    for i, image in enumerate(images):
        Image.fromarray(np.moveaxis(image, 0, -1)).save(tmp_path / f"{i}.png")
    np.save(tmp_path / "all.npy", images)
    expected = encoder.predict(images)
    paths = sorted(tmp_path.glob("*.png"))
    for form in (tmp_path, str(tmp_path), paths, [str(p) for p in paths]):
        np.testing.assert_allclose(encoder.predict(form), expected, atol=1e-6)
    np.testing.assert_allclose(
        encoder.predict(tmp_path / "all.npy"), expected, atol=1e-6
    )
    np.testing.assert_allclose(encoder.predict(paths[2]), expected[2:3], atol=1e-6)


def test_broken_image_files_are_named(encoder, images, tmp_path, monkeypatch):
    whole = Image.fromarray(np.moveaxis(images[0], 0, -1))
    for name in ("a.jpg", "b.png"):
        whole.save(tmp_path / name)
        content = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(content[: len(content) // 2])
        with pytest.raises(ValueError, match=rf"{name} cannot be read: .*Leave it out"):
            encoder.predict([tmp_path / name])
    (tmp_path / "c.png").write_bytes(b"no image")
    with pytest.raises(ValueError, match=r"c\.png is no image"):
        encoder.predict([tmp_path / "c.png"])
    whole.save(tmp_path / "d.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)  # a bomb, for Pillow
    with pytest.raises(ValueError, match=r"d\.png cannot be read: .*exceeds limit"):
        encoder.predict([tmp_path / "d.png"])


def test_images_of_16_bits_are_not_clipped(encoder, images, tmp_path):
    grey = images[0, 0].astype(np.uint16)
    Image.fromarray(grey * 257).save(tmp_path / "bright.png")
    Image.fromarray(grey).save(tmp_path / "dark.png")
    with pytest.raises(ValueError, match=r"largest pixel is 65\d+; expected 0 to 255"):
        encoder.predict([tmp_path / "bright.png"])
    found = encoder.predict([tmp_path / "dark.png"])
    np.testing.assert_allclose(found, encoder.predict(images[:1, :1]), atol=1e-6)
    unit = Image.fromarray((images[0, 0] / 255).astype(np.float32))
    np.testing.assert_allclose(encoder.predict([unit]), found, atol=1e-6)


def test_images_of_different_sizes(encoder, images):
    tall, wide = images[0, :, :, :40], images[1, :, :31]
    mixed = encoder.predict([tall, images[2], wide])
    np.testing.assert_allclose(mixed[1:2], encoder.predict(images[2:3]), atol=1e-6)
    np.testing.assert_allclose(
        mixed[0], encoder.predict(tall[None, :, 10:50])[0], atol=1e-6
    )
    for square in ("pad", "stretch"):
        encoder.set_params(square=square)
        assert not np.allclose(encoder.predict([tall]), mixed[:1])


@pytest.mark.parametrize(
    ("bad", "error", "match"),
    [
        (np.full((2, 3, 8, 8), 256), ValueError, r"largest pixel is 256.*0 to 255"),
        (np.full((2, 3, 8, 8), -1.0), ValueError, "Negative values in data.*-1"),
        (np.full((2, 3, 8, 8), np.nan), ValueError, "NaN or infinity"),
        (np.zeros((2, 5, 8, 9)), ValueError, r"\(2, 5, 8, 9\); expected"),
        (np.zeros((8, 8, 3)), ValueError, r"images\[None\]"),
        (np.zeros((0, 3, 8, 8)), ValueError, "no images"),
        (np.zeros((2, 10)), ValueError, "10 columns.*9.*16.*square='pad'"),
        (np.zeros((2, 3, 4, 4), complex), TypeError, "complex128"),
        ("nowhere.png", FileNotFoundError, "nowhere.png"),
        ([np.zeros((2, 3, 4, 4))], ValueError, "one image of the list"),
        ({"image": np.zeros((3, 4, 4))}, TypeError, "images are dict; expected"),
        ({"a.png", "b.png"}, TypeError, "images are set; expected"),
    ],
)
def test_what_is_no_image_is_refused(encoder, bad, error, match):
    with pytest.raises(error, match=match):
        encoder.predict(bad)


def test_oblong_images_are_refused_on_request(images):
    encoder = GNetEncoder(WEIGHTS, image_size=SIZE, square="raise")
    with pytest.raises(ValueError, match="59 rows and 40 columns"):
        encoder.predict(images[..., :40])


def test_unit_range_refuses_bytes(images):
    encoder = GNetEncoder(WEIGHTS, image_size=SIZE, value_range="unit")
    with pytest.raises(ValueError, match="expected 0 to 1"):
        encoder.predict(images.astype(float))
    dark = np.ones((1, 3, SIZE, SIZE))
    bright = encoder.predict(dark)
    as_bytes = encoder.set_params(value_range="byte").predict(dark)
    assert not np.allclose(bright, as_bytes)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda w: {"other": np.zeros(2)}, "no 'enc.pre.conv1.0.bias'.*'other'"),
        (lambda w: w | {"fwrf.w": w["fwrf.w"][:, 1:]}, r"fwrf.w has shape \(6, 41\)"),
        (lambda w: w | {"enc.extra": np.zeros(2)}, r"(?s)do not fit the GNet.*extra"),
    ],
)
def test_weights_of_another_model_are_refused(change, match):
    with pytest.raises(ValueError, match=match):
        GNetEncoder.from_weights(change(dict(WEIGHTS)))


def test_without_weights_it_says_where_they_come_from(images):
    with pytest.raises(ValueError, match=r"weights is empty.*fetch"):
        GNetEncoder().predict(images)


def test_clone_keeps_the_weights_and_shares_their_memory(encoder, images):
    expected = encoder.predict(images)
    twin = clone(encoder)
    assert twin.weights is encoder.weights
    np.testing.assert_array_equal(twin.predict(images), expected)
    for copied in (copy.deepcopy(encoder), pickle.loads(pickle.dumps(encoder))):
        np.testing.assert_array_equal(copied.predict(images), expected)


@pytest.mark.parametrize("freeze", [False, True])
def test_pipeline_and_grid_search_keep_the_weights(encoder, images, freeze):
    step = FrozenEstimator(encoder) if freeze else encoder
    responses = encoder.predict(images)
    y = responses @ np.arange(6.0)
    rows = images.reshape(len(images), -1)
    search = GridSearchCV(
        make_pipeline(step, Ridge()), {"ridge__alpha": [1e-8, 1.0]}, cv=2
    )
    search.fit(rows, y)
    best = search.best_estimator_
    np.testing.assert_array_equal(best[:-1].transform(rows), responses)
    np.testing.assert_allclose(best.predict(rows), y, atol=1e-2)
    assert search.best_params_ == {"ridge__alpha": 1e-8}


def test_changed_parameters_take_effect(encoder, images):
    before = encoder.predict(images)
    other = make_gnet_weights(6, channels=(4, 6, 8, 4), image_size=SIZE, random_state=5)
    after = encoder.set_params(weights=other).predict(images)
    assert not np.allclose(before, after)


def test_gradients_follow_the_receptive_field():
    weights = make_gnet_weights(
        2, centers=[[-0.3, 0.3], [0.3, -0.3]], sizes=0.05, random_state=0
    )
    module = GNetEncoder(weights, device="cpu").module_
    rng = np.random.default_rng(0)
    image = torch.from_numpy(rng.uniform(size=(1, 3, 227, 227)).astype(np.float32))
    image.requires_grad_(True)
    (gradient,) = torch.autograd.grad(module(image)[0, 0], image)
    energy = gradient[0].square().sum(0)
    centre = 113
    assert energy[:centre, :centre].sum() > 0.9 * energy.sum()  # up and left
    step = 1e-2 * gradient / gradient.norm()
    with torch.no_grad():
        change = (module(image + step) - module(image - step))[0, 0] / 2
    np.testing.assert_allclose(change, 1e-2 * gradient.norm(), rtol=0.05)


def test_planted_fields_are_read_back():
    centers = np.array([[0.2, 0.1], [-0.1, -0.25], [0.0, 0.0]])
    encoder = GNetEncoder(make_gnet_weights(3, centers=centers, sizes=0.06))
    np.testing.assert_allclose(encoder.rf_center_, centers, atol=5e-3)
    np.testing.assert_allclose(encoder.rf_size_, 0.06, rtol=0.02)
    np.testing.assert_allclose(encoder.layer_contribution_.sum(axis=1), 1)
    for fields in encoder.receptive_fields_:
        np.testing.assert_allclose(fields.sum(axis=(1, 2)), 1)


@pytest.mark.parametrize(
    ("parameters", "match"),
    [
        ({"centers": [[0, 0]]}, r"centers has shape \(1, 2\).*\(2, 2\)"),
        ({"sizes": -1.0}, "expected above 0"),
        ({"image_size": 20}, "image_size is 20"),
    ],
)
def test_fields_that_cannot_be_planted(parameters, match):
    with pytest.raises(ValueError, match=match):
        make_gnet_weights(2, **parameters)


def test_weights_are_read_only_and_mapped(tmp_path, images, encoder):
    from safetensors.numpy import save_file

    arrays = {name: np.array(array) for name, array in WEIGHTS.items()}
    save_file(arrays, tmp_path / "gnet.safetensors")
    mapped = EncoderWeights(tmp_path / "gnet.safetensors")
    assert mapped == WEIGHTS
    assert mapped.digest == WEIGHTS.digest
    assert isinstance(mapped["fwrf.w"], np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        mapped["fwrf.w"][0] = 1
    from_path = GNetEncoder(tmp_path / "gnet.safetensors", image_size=SIZE)
    np.testing.assert_array_equal(from_path.predict(images), encoder.predict(images))
    changed = EncoderWeights(arrays | {"fwrf.b": np.ones(6, np.float32)})
    assert changed.digest != WEIGHTS.digest
    assert changed != WEIGHTS
    (tmp_path / "text").write_text("no weights at all, only words and more words")
    with pytest.raises(ValueError, match="no safetensors file"):
        EncoderWeights(tmp_path / "text")
    with pytest.raises(TypeError, match="weight 'name'"):
        EncoderWeights({"name": "text"})


def test_frames_arrays_of_paths_and_lazy_arrays_are_images(encoder, images, tmp_path):
    pd, h5py = pytest.importorskip("pandas"), pytest.importorskip("h5py")
    expected = encoder.predict(images)
    frame = pd.DataFrame(images.reshape(len(images), -1))
    np.testing.assert_allclose(encoder.predict(frame), expected, atol=1e-6)
    with h5py.File(tmp_path / "images.h5", "w") as file:
        stored = file.create_dataset("stimuli", data=images.astype(np.int16))
        np.testing.assert_allclose(encoder.predict(stored), expected, atol=1e-6)
    for i, image in enumerate(images):
        Image.fromarray(np.moveaxis(image, 0, -1)).save(tmp_path / f"{i}.png")
    paths = np.array([str(p) for p in sorted(tmp_path.glob("*.png"))])
    for form in (paths, paths.astype(object)):
        np.testing.assert_allclose(encoder.predict(form), expected, atol=1e-6)


def test_progress_counts_images(encoder, images, capsys):
    encoder.set_params(batch_size=2).predict(images, progress=True)
    assert "7/7" in capsys.readouterr().err
    encoder.predict(images)
    assert capsys.readouterr().err == ""


def test_repr_stays_short(encoder):
    assert "EncoderWeights(59 arrays" in repr(encoder)
    assert len(repr(encoder)) < 300
