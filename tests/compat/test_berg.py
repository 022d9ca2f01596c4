"""The calls of BERG and NEST: same arguments and returns, without their defects."""

import hashlib

import berg_miniatures as mini
import numpy as np
import pytest
import torch
from sklearn.base import clone
from torch import nn

from skneuro.compat import (
    BERG,
    NED,
    NEST,
    AbsentMetadataError,
    BERGError,
    InvalidParameterError,
    ModelLoadError,
    ModelNotFoundError,
    ResourceError,
    StimulusError,
    load_precomputed_responses,
    save_precomputed_responses,
)
from skneuro.datasets import _linear_files
from skneuro.encoding import EncoderWeights, VisionFeatures
from skneuro.encoding._vit import VisionTransformer
from skneuro.io import Registry, RegistryRow
from skneuro.utils import seeded_torch

FWRF = "fmri-nsd-fwrf"
SURFACE = "fmri-nsd_fsaverage-vit_b_32"
EEG = "eeg-things_eeg_2-vit_b_32"
N = mini.N_VERTICES


@pytest.fixture(scope="module")
def volume(shared_data):
    with np.load(shared_data / "berg/fwrf_expected.npz") as file:
        expected = dict(file)
    return BERG(shared_data / "berg"), expected


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Miniature files of the linear models, images and expected responses."""
    with seeded_torch(0):
        network = nn.Sequential(nn.Conv2d(3, 4, 8, stride=8), nn.Tanh())
    features = VisionFeatures(network, image_size=16, device="cpu")
    rng = np.random.default_rng(0)
    trained = rng.integers(0, 256, (30, 3, 16, 16)).astype(np.uint8)
    images = rng.integers(0, 256, (5, 3, 16, 16))  # int64, as in BERG's examples
    folder = tmp_path_factory.mktemp("berg")
    F, seen = features.transform(trained), features.transform(images.astype(np.uint8))
    surface, _ = mini.write_fsaverage(folder, F)
    eeg, _ = mini.write_eeg(folder, F)
    berg = BERG(folder, features=features)
    return berg, images, surface(seen), eeg(seen)


def make_backbone(folder):
    """Write a narrow vision transformer of twelve blocks into a mirror."""
    with seeded_torch(0):
        network = VisionTransformer(n_hidden=64, n_mlp=8, n_heads=1, n_classes=2)
    mirror = folder / "mirror" / "backbones"
    mirror.mkdir(parents=True)
    torch.save(network.state_dict(), mirror / "vit.pth")
    digest = hashlib.sha256((mirror / "vit.pth").read_bytes()).hexdigest()
    path = (mirror / "vit.pth").rename(mirror / f"vit-{digest[:8]}.pth")
    features = VisionFeatures(weights=EncoderWeights(path), device="cpu")
    return mirror, path.name, features


# -- responses ----------------------------------------------------------------------


def test_script_of_berg_runs(volume):
    berg, expected = volume
    model = berg.get_encoding_model(
        FWRF, subject=1, selection={"roi": "V1"}, device="cpu"
    )
    responses, metadata = berg.encode(
        model, expected["images"], return_metadata=True, show_progress=False
    )
    np.testing.assert_allclose(responses, expected["V1"], rtol=0, atol=1e-4)
    assert metadata["fmri"]["ncsnr"].shape == (7,)
    again = berg.get_model_metadata(FWRF, subject=1, roi="V1")
    np.testing.assert_array_equal(again["fmri"]["ncsnr"], metadata["fmri"]["ncsnr"])


def test_one_voxel_keeps_its_axis(volume):
    berg, expected = volume
    model = berg.get_encoding_model(FWRF, selection={"roi": "RSC"}, device="cpu")
    responses = berg.encode(model, expected["images"], show_progress=False)
    assert responses.shape == (6, 1)
    np.testing.assert_allclose(responses, expected["RSC"], rtol=0, atol=1e-4)


def test_surface_gives_left_and_right(small):
    berg, images, expected, _ = small
    model = berg.get_encoding_model(SURFACE, subject=1, device="cpu")
    left, right = berg.encode(model, images, show_progress=False)
    np.testing.assert_allclose(np.hstack([left, right]), expected, atol=1e-4)
    assert left.dtype == right.dtype == np.float32


@pytest.mark.parametrize("roi", ["OWFA", "OVWFA"])
def test_region_of_the_surface(small, roi):
    berg, images, expected, _ = small
    selection = {"roi": roi, "lh_vertices": np.eye(N)[0]}  # of which roi wins
    model = berg.get_encoding_model(SURFACE, selection=selection, device="cpu")
    left, right = model.generate_response(images, show_progress=False)
    np.testing.assert_allclose(left, expected[:, [5]], atol=1e-4)
    np.testing.assert_allclose(right, expected[:, [N + 1, N + 4]], atol=1e-4)
    assert model.selected_rh_vertices.tolist() == [1, 4]


def test_several_regions_of_the_surface_are_united(small):
    berg, images, expected, _ = small
    model = berg.get_encoding_model(
        SURFACE, selection={"roi": ["V1v", "V1d"]}, device="cpu"
    )
    left, right = model.generate_response(images, show_progress=False)
    np.testing.assert_allclose(left, expected[:, [1, 2, 3, 7]], atol=1e-4)
    np.testing.assert_allclose(right, expected[:, [N, N + 10, N + 11]], atol=1e-4)
    assert model.roi == ["V1v", "V1d"]
    one = berg.get_encoding_model(SURFACE, selection={"roi": ["OWFA"]}, device="cpu")
    assert one.roi == "OWFA"


def test_mask_of_one_hemisphere_leaves_the_other_complete(small):
    berg, images, expected, _ = small
    selection = {"roi": None, "rh_vertices": np.eye(N, dtype=int)[3]}
    model = berg.get_encoding_model(SURFACE, selection=selection, device="cpu")
    left, right = berg.encode(model, images, show_progress=False)
    np.testing.assert_allclose(left, expected[:, :N], atol=1e-4)
    np.testing.assert_allclose(right, expected[:, [N + 3]], atol=1e-4)


def test_empty_region_of_the_surface(small):
    berg, images, _, _ = small
    model = berg.get_encoding_model(SURFACE, selection={"roi": "FBA-2"}, device="cpu")
    left, right = berg.encode(model, images, show_progress=False)
    assert left.shape == right.shape == (5, 0)


def test_eeg_has_four_repeats(small):
    berg, images, _, expected = small
    model = berg.get_encoding_model(EEG, subject=1, device="cpu")
    responses = berg.encode(model, images, show_progress=False)
    np.testing.assert_allclose(responses, expected, atol=1e-4)
    assert model.ch_names == mini.CHANNELS
    np.testing.assert_allclose(model.times, np.linspace(-0.1, 0.1, 5))


def test_one_channel_one_time_one_image_keep_their_axes(small):
    berg, images, _, expected = small
    selection = {"channels": ["O1"], "timepoints": [0, 0, 1, 0, 0]}
    model = berg.get_encoding_model(EEG, selection=selection, device="cpu")
    responses = berg.encode(model, images[:1], show_progress=False)
    assert responses.shape == (1, 4, 1, 1)
    np.testing.assert_allclose(responses, expected[:1, :, 2:, 2:3], atol=1e-4)
    assert model.channel_indices.tolist() == [2]
    assert model.selected_timepoints.tolist() == [2]


def test_channels_keep_the_order_of_the_user(small):
    berg, images, _, expected = small
    selection = {"channels": ["O1", "Fp1"]}
    model = berg.get_encoding_model(EEG, selection=selection, device="cpu")
    responses = berg.encode(model, images, show_progress=False)
    np.testing.assert_allclose(responses, expected[:, :, [2, 0]], atol=1e-4)


def test_images_are_seen_as_berg_shows_them(tmp_path, monkeypatch):
    """The backbone is fetched, and sees the centre only; EEG keeps its repeats."""
    folder, name, features = make_backbone(tmp_path)
    monkeypatch.setattr(_linear_files, "BACKBONE", name)
    monkeypatch.setenv("SKNEURO_MIRROR", str(tmp_path / "mirror"))
    key = f"backbones/{name}"
    digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    registry = Registry(
        [RegistryRow(key=key, url=f"https://x.test/{key}", hash=f"sha256:{digest}")]
    )
    rng = np.random.default_rng(0)
    trained = rng.integers(0, 256, (12, 3, 224, 224)).astype(np.uint8)
    images = rng.integers(0, 256, (2, 3, 300, 300))
    F = features.transform(trained)
    surface, _ = mini.write_fsaverage(tmp_path, F)
    eeg, _ = mini.write_eeg(tmp_path, F)
    seen = {
        kind: clone(features).set_params(preprocessing=kind).transform(images)
        for kind in ("berg", "train")
    }
    berg = BERG(tmp_path, registry=registry)
    model = berg.get_encoding_model(SURFACE, subject=1, device="cpu")
    left, right = berg.encode(model, images, show_progress=False)
    both = np.hstack([left, right])
    np.testing.assert_allclose(both, surface(seen["berg"]), atol=1e-3)
    assert np.abs(both - surface(seen["train"])).max() > 1e-2
    model = berg.get_encoding_model(EEG, subject=1, device="cpu")
    responses = berg.encode(model, images, show_progress=False)
    np.testing.assert_allclose(responses, eeg(seen["berg"]), atol=1e-3)
    model = berg.get_encoding_model(EEG, device="cpu", preprocessing="train")
    responses = berg.encode(model, images, show_progress=False)
    np.testing.assert_allclose(responses, eeg(seen["train"]), atol=1e-3)


# -- model objects ------------------------------------------------------------------


def test_models_work_in_a_with_statement_and_clean_up(volume):
    berg, expected = volume
    with berg.get_encoding_model(FWRF, selection={"roi": "RSC"}, device="cpu") as model:
        assert model.encoder is not None
    assert model.encoder is None
    model.load_model(device="cpu")
    responses = model.generate_response(expected["images"], show_progress=False)
    assert responses.shape == (6, 1)


def test_what_models_say_of_themselves(small):
    berg, *_ = small
    model = berg.get_encoding_model(SURFACE, device="cpu")
    assert model.get_model_id() == SURFACE
    assert set(model.get_supported_parameters()) == {
        "subject",
        "roi",
        "lh_vertices",
        "rh_vertices",
    }
    assert model.describe()["model_id"] == SURFACE
    assert model.describe_from_id(EEG)["model_id"] == EEG
    assert model.VERTICES_LENGTH == 163842
    assert model.VALID_SUBJECTS == list(range(1, 9))
    assert "V1v" in model.VALID_ROIS
    eeg = berg.get_encoding_model(EEG, device="cpu")
    assert eeg.TIMEPOINTS_LENGTH == 140
    assert len(eeg.VALID_CHANNELS) == 63
    metadata = eeg.get_metadata()  # of an instance
    assert list(type(eeg).get_metadata(berg.berg_dir, subject=1)) == list(metadata)


def test_loading_leaves_the_global_generator_alone(volume):
    berg, _ = volume
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    berg.get_encoding_model(FWRF, selection={"roi": "RSC"}, device="cpu")
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


# -- catalog ------------------------------------------------------------------------


def test_catalog(capsys):
    berg = BERG()
    assert berg.list_models() == [EEG, FWRF, SURFACE]
    catalog = berg.get_model_catalog(print_format=True)
    assert list(catalog) == ["EEG", "fMRI"]
    assert len(catalog["fMRI"]) == 2
    assert berg.list_models(expand_brainscore_vision=True) == berg.list_models()
    assert berg.get_model_variants(EEG) == []
    assert "THINGS EEG2" in capsys.readouterr().out


@pytest.mark.parametrize("model_id", [FWRF, SURFACE, EEG])
def test_describe_prints_and_returns_the_card(capsys, model_id):
    found = BERG().describe(model_id)
    assert model_id in capsys.readouterr().out
    assert set(found) == {
        "model_id",
        "model_info",
        "description",
        "input",
        "output",
        "parameters",
        "parameters_by_function",
        "performance",
        "example_usage",
    }
    assert all(found["model_info"].values())
    compile(found["example_usage"], "example", "exec")


# -- errors -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"model_id": "fmri"}, ModelNotFoundError, "does not exist; there are eeg"),
        ({"model_id": "fmri-bmd-s3d"}, ModelNotFoundError, "has no reader yet"),
        ({"subject": 9}, InvalidParameterError, "subject=9"),
        ({"subject": [1, 2]}, InvalidParameterError, "subject"),
        ({"selection": {}}, InvalidParameterError, "needs selection="),
        ({"selection": None}, InvalidParameterError, "needs selection="),
        ({"selection": "V1"}, InvalidParameterError, "expected a dictionary"),
        ({"selection": {"rois": "V1"}}, InvalidParameterError, "the key 'rois'"),
        ({"selection": {"roi": "V9"}}, InvalidParameterError, "roi='V9'"),
        ({"selection": {"roi": ["V1", "RSC"]}}, InvalidParameterError, "2 regions"),
        ({"selection": {"roi": 1}}, InvalidParameterError, "roi=1"),
        ({"device": "gpu"}, InvalidParameterError, "device='gpu'"),
        ({"train_split": 1}, InvalidParameterError, "train_split is no argument of"),
        ({"selection": {"roi": "V2"}}, ModelLoadError, "does not exist"),
    ],
)
def test_errors_have_the_names_of_berg(volume, arguments, error, words):
    berg, _ = volume
    arguments = {"model_id": FWRF, "selection": {"roi": "V1"}, **arguments}
    with pytest.raises(error, match=words) as caught:
        berg.get_encoding_model(**arguments)
    assert isinstance(caught.value, BERGError)
    assert isinstance(caught.value, (ValueError, RuntimeError))


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        ({"channels": ["T3"]}, "channels has 'T3'"),
        ({"timepoints": [0, 0, 0, 0, 0]}, "selects nothing"),
    ],
)
def test_wrong_selections_of_eeg(small, selection, words):
    with pytest.raises(BERGError, match=words):
        small[0].get_encoding_model(EEG, selection=selection, device="cpu")


def test_load_errors_keep_their_cause(volume):
    berg, _ = volume
    with pytest.raises(ModelLoadError) as caught:
        berg.get_encoding_model(FWRF, subject=2, selection={"roi": "V1"})
    assert isinstance(caught.value.__cause__, FileNotFoundError)


def test_too_little_memory_is_said(volume, monkeypatch):
    from skneuro.compat import _berg_models

    def fetch(*arguments, **parameters):
        raise MemoryError

    monkeypatch.setattr(_berg_models, "fetch_nsd_fwrf", fetch)
    with pytest.raises(ResourceError, match="does not fit into memory"):
        volume[0].get_encoding_model(FWRF, selection={"roi": "V1"})


@pytest.mark.parametrize(
    "images", [np.zeros((2, 5)), np.full((1, 3, 8, 8), 999), "nowhere.jpg", None]
)
def test_what_is_no_image_is_a_stimulus_error(volume, images):
    berg, _ = volume
    model = berg.get_encoding_model(FWRF, selection={"roi": "RSC"}, device="cpu")
    with pytest.raises(StimulusError, match="expects images of 0 to 255"):
        berg.encode(model, images, show_progress=False)


def test_missing_metadata_are_an_error(volume):
    berg, _ = volume
    with pytest.raises(InvalidParameterError, match="need roi"):
        berg.get_model_metadata(FWRF, subject=1)
    with pytest.raises(InvalidParameterError, match="need subject and roi"):
        berg.get_model_metadata(FWRF)
    for error in (FileNotFoundError, InvalidParameterError, AbsentMetadataError):
        with pytest.raises(error, match="does not exist"):
            berg.get_model_metadata(FWRF, subject=3, roi="V1")
    with pytest.raises(InvalidParameterError, match="foo is no option"):
        BERG(foo=1)
    with pytest.raises(InvalidParameterError, match="expected what get_encoding_model"):
        berg.encode(None, np.zeros((1, 3, 8, 8)))


# -- older generations --------------------------------------------------------------


def test_names_of_the_first_generation():
    nest = NEST()
    assert nest.which_modalities() == ["fmri", "eeg"]
    assert nest.which_train_datasets("fmri") == ["nsd", "nsd_fsaverage"]
    assert nest.which_models("fmri", "nsd") == ["fwrf"]
    assert nest.which_models("eeg", "things_eeg_2") == ["vit_b_32"]
    assert nest.which_subjects("eeg", "things_eeg_2") == list(range(1, 11))
    assert len(nest.which_rois("nsd")) == 23
    assert nest.which_rois("things_eeg_2") == []
    with pytest.raises(InvalidParameterError, match="modality='meg', but there are"):
        nest.which_train_datasets("meg")
    with pytest.raises(InvalidParameterError, match="but there are nsd"):
        nest.which_models("fmri", "things")
    with pytest.raises(InvalidParameterError, match="train_dataset='x'"):
        nest.which_rois("x")


def test_script_of_the_first_generation_runs(volume):
    berg, expected = volume
    nest = NEST(nest_dir=berg.berg_dir)
    model = nest.get_encoding_model(
        modality="fmri",
        train_dataset="nsd",
        model="fwrf",
        subject=1,
        roi="V1",
        device="cpu",
    )
    responses, metadata = nest.encode(
        encoding_model=model, images=expected["images"], show_progress=False
    )
    np.testing.assert_allclose(responses, expected["V1"], rtol=0, atol=1e-4)
    alone = nest.encode(
        model, expected["images"], return_metadata=False, show_progress=False
    )
    np.testing.assert_array_equal(alone, responses)
    found = nest.get_metadata("fmri", "nsd", "fwrf", 1, "V1")
    np.testing.assert_array_equal(found["fmri"]["ncsnr"], metadata["fmri"]["ncsnr"])
    positional = nest.get_encoding_model("fmri", "nsd", "fwrf", 1, "V1", "cpu")
    assert positional.roi == "V1"
    with pytest.raises(InvalidParameterError, match="subject are missing"):
        nest.get_encoding_model("fmri", "nsd", "fwrf")
    with pytest.raises(ModelNotFoundError, match="does not exist"):
        nest.get_encoding_model("fmri", "nsd", "gnet", 1)


def test_script_of_ned_runs(volume):
    berg, expected = volume
    ned = NED(ned_dir=berg.berg_dir)
    model = ned.get_encoding_model("fmri", "nsd", "fwrf", 1, roi="RSC", device="cpu")
    responses, _ = ned.encode(model, expected["images"], True, "cpu")
    np.testing.assert_allclose(responses, expected["RSC"], rtol=0, atol=1e-4)
    with pytest.raises(ModelNotFoundError, match="does not exist"):
        ned.get_encoding_model(modality="meg", train_dataset="x", model="y", subject=1)


def test_script_of_nest_1_runs(volume):
    berg, expected = volume
    nest = NEST(berg.berg_dir)
    model = nest.get_encoding_model(FWRF, subject=1, selection={"roi": "V1"})
    responses = nest.encode(
        model, expected["images"], device="cpu", show_progress=False
    )
    np.testing.assert_allclose(responses, expected["V1"], rtol=0, atol=1e-4)


def test_precomputed_responses_are_written_and_read(tmp_path):
    names = {"modality": "fmri", "train_dataset": "nsd_fsaverage", "model": "vit_b_32"}
    names |= {"imageset": "nsd", "subject": 3}
    left, right = np.arange(6.0).reshape(3, 2), np.ones((3, 1))
    path = save_precomputed_responses(tmp_path, (left, right), {"a": [1]}, **names)
    assert path.relative_to(tmp_path).as_posix() == (
        "pregenerated_insilico_neural_responses/modality-fmri/"
        "train_dataset-nsd_fsaverage/model-vit_b_32/imageset-nsd/"
        "synthetic_neural_responses_sub-03.h5"
    )
    nest = NEST(tmp_path)
    arguments = ["fmri", "nsd_fsaverage", "vit_b_32", "nsd", 3]
    responses, metadata = nest.load_insilico_neural_responses(*arguments)
    np.testing.assert_array_equal(responses, np.hstack([left, right]))
    assert responses.dtype == np.float32
    assert metadata == {"a": [1]}
    some = load_precomputed_responses(
        tmp_path, **names, images=[0, 2], return_metadata=False
    )
    np.testing.assert_array_equal(some, responses[[0, 2]])
    stored = np.lib.format.open_memmap(
        tmp_path / "r.npy", "w+", np.float32, (2500, 4, 2)
    )
    stored[:] = np.arange(2500)[:, None, None]
    save_precomputed_responses(tmp_path, stored, {}, **names)
    back = load_precomputed_responses(tmp_path, **names, return_metadata=False)
    np.testing.assert_array_equal(back, stored)
    with pytest.raises(ValueError, match="as many images in all parts"):
        save_precomputed_responses(tmp_path, (left, right[:1]), {}, **names)
    with pytest.raises(FileNotFoundError, match=r"sub-04\.h5 does not exist"):
        nest.load_insilico_neural_responses(*arguments[:-1], 4)
    with pytest.raises(InvalidParameterError, match="read from a folder"):
        NEST().load_insilico_neural_responses(*arguments)
