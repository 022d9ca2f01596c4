"""Miniature files of the fsaverage and EEG encoders against scikit-learn's chain."""

import berg_miniatures as mini
import numpy as np
import pytest
from sklearn.base import clone
from torch import nn

from skneuro.datasets import (
    fetch_encoder,
    fetch_encoder_metadata,
    fetch_nsd_fsaverage_vit,
    fetch_things_eeg2_vit,
)
from skneuro.encoding import VisionFeatures
from skneuro.exceptions import HashMismatchError, UnreadableFileError, UnsafeFileError
from skneuro.utils import seeded_torch

N = mini.N_VERTICES


@pytest.fixture(scope="module")
def features():
    """A small network in the place of the backbone."""
    with seeded_torch(0):
        network = nn.Sequential(nn.Conv2d(3, 4, 8, stride=8), nn.Tanh())
    return VisionFeatures(network, image_size=16, device="cpu")


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 256, (7, 3, 16, 16)).astype(np.uint8)


@pytest.fixture(scope="module")
def trained(features):
    """Features of the images that the miniatures are fitted to."""
    rng = np.random.default_rng(1)
    return features.transform(rng.integers(0, 256, (30, 3, 16, 16)).astype(np.uint8))


@pytest.fixture
def brain(tmp_path, trained, features, images):
    """Two subjects on the surface, and their responses."""
    F = features.transform(images)
    found = [mini.write_fsaverage(tmp_path, trained, s)[0](F) for s in (1, 2)]

    def fetch(subject=1, **parameters):
        parameters = {"features": features, "berg_dir": tmp_path} | parameters
        return fetch_nsd_fsaverage_vit(subject, **parameters)

    fetch.expected = found
    fetch.folder = tmp_path
    return fetch


def assert_close(found, expected):
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)


# -- surface ------------------------------------------------------------------------


def test_surface_responses_are_those_of_scikit_learn(brain, images):
    found = brain()
    responses = found.encoder.predict(images)
    assert responses.shape == (7, 2 * N)
    assert_close(responses, brain.expected[0])
    assert found.metadata["hemisphere"].to_list() == ["left"] * N + ["right"] * N
    assert found.metadata["vertex"].to_list() == [*range(N), *range(N)]


@pytest.mark.parametrize(
    ("roi", "left", "right"),
    [
        ("V1v", [1, 2, 7], [0]),
        (["V1v", "V1d"], [1, 2, 3, 7], [0, 10, 11]),
        ("OWFA", [5], [1, 4]),
        ("OVWFA", [5], [1, 4]),
    ],
)
def test_regions_are_slices_of_the_whole(brain, images, roi, left, right):
    found = brain(roi=roi)
    columns = np.array(left + [N + i for i in right])
    assert_close(found.encoder.predict(images), brain.expected[0][:, columns])
    assert found.metadata["vertex"].to_list() == left + right
    whole = brain().metadata
    assert found.metadata.equals(whole.iloc[columns].reset_index(drop=True))
    name = {"OVWFA": "OWFA"}.get(roi, roi) if isinstance(roi, str) else "V1v"
    rows = whole[whole[name]]["vertex"].to_list()
    assert set(rows) <= set(left + right)


def test_hemispheres_are_slices_of_the_whole(brain, images):
    for hemisphere, columns in (("left", slice(0, N)), ("right", slice(N, None))):
        found = brain(hemisphere=hemisphere)
        assert_close(found.encoder.predict(images), brain.expected[0][:, columns])
    assert_close(
        brain(roi="V1v", hemisphere="right").encoder.predict(images),
        brain.expected[0][:, [N]],
    )


@pytest.mark.parametrize("as_mask", [True, False])
def test_vertices_are_slices_of_the_whole(brain, images, as_mask):
    left, right = np.array([2, 9]), np.array([11])
    if as_mask:
        vertices = {"lh_vertices": np.isin(np.arange(N), left)}
        vertices["rh_vertices"] = np.isin(np.arange(N), right).astype(int)
    else:
        vertices = {"lh_vertices": left, "rh_vertices": right}
    found = brain(**vertices)
    columns = [2, 9, N + 11]
    assert_close(found.encoder.predict(images), brain.expected[0][:, columns])
    only = brain(lh_vertices=[9, 2])  # in the user's order, the left alone
    assert_close(only.encoder.predict(images), brain.expected[0][:, [9, 2]])
    assert only.metadata["vertex"].to_list() == [9, 2]


def test_empty_region_gives_no_columns(brain, images):
    found = brain(roi="FBA-2")
    assert found.encoder.predict(images).shape == (7, 0)
    assert len(found.metadata) == 0


def test_subjects_stand_side_by_side(brain, images):
    found = brain([2, 1], roi="V1v")
    columns = [1, 2, 7, N]
    both = np.hstack([brain.expected[1][:, columns], brain.expected[0][:, columns]])
    assert_close(found.encoder.predict(images), both)
    assert found.metadata["subject"].to_list() == [2] * 4 + [1] * 4
    whole = brain([1, 2])
    assert_close(whole.encoder.predict(images), np.hstack(brain.expected))
    assert len(whole.metadata) == 4 * N


@pytest.mark.parametrize(
    ("suffixes", "columns"),
    [
        ([""], ["r2"]),
        (["_nsdcore"], ["r2"]),
        (["_nsdcore", "_nsdsynthetic"], ["r2", "r2_nsdsynthetic"]),
    ],
)
def test_old_and_new_names_of_accuracies(
    tmp_path, trained, features, suffixes, columns
):
    _, metadata = mini.write_fsaverage(tmp_path, trained, suffixes=suffixes)
    table = fetch_encoder_metadata(
        "fmri-nsd_fsaverage-vit_b_32", berg_dir=tmp_path
    ).metadata
    assert [name for name in table if name.startswith("r2")] == columns
    accuracy = metadata["encoding_models"]
    for column, suffix in zip(columns, suffixes, strict=True):
        both = [accuracy[f"{side}_r2{suffix}"] for side in ("lh", "rh")]
        np.testing.assert_allclose(table[column], np.concatenate(both))
    assert table["V1v"].dtype == bool
    assert table["V1v"].sum() == 4


def test_region_of_one_hemisphere_only(tmp_path, trained, features):
    rois = {"lh": {"V1v": [1], "EBA": [3]}, "rh": {"V1v": [2]}}
    mini.write_fsaverage(tmp_path, trained, rois=rois)
    found = fetch_nsd_fsaverage_vit(berg_dir=tmp_path, features=features)
    assert found.metadata["EBA"].dtype == bool
    assert found.metadata["EBA"].sum() == 1


def test_a_subject_is_read_once_and_then_mapped(brain):
    encoder = brain(roi="V1v").encoder
    assert isinstance(encoder.weights["lh_reg_param.coef_"].base, np.memmap)


def test_kind_of_numbers_and_batches_do_not_matter(brain, images):
    encoder = brain(roi="V1v").encoder
    whole = encoder.predict(images)
    for X in (images.astype(np.int64), images.astype(np.float64), images / 255):
        np.testing.assert_allclose(encoder.predict(X), whole, atol=1e-5)
    np.testing.assert_allclose(encoder.predict(images[2:3])[0], whole[2], atol=1e-5)
    small = clone(encoder).set_params(batch_size=2)
    np.testing.assert_allclose(small.predict(images), whole, atol=1e-5)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"subject": 9}, "subject=9"),
        ({"roi": "V5"}, r"roi='V5', but .*has V1d"),
        ({"roi": "EBA"}, r"roi='EBA' is not in .* which has V1v, V1d"),
        ({"roi": []}, "roi is empty"),
        ({"hemisphere": "lh"}, "hemisphere"),
        ({"lh_vertices": np.zeros(N)}, "lh_vertices selects nothing"),
        ({"lh_vertices": np.ones(N + 1, bool)}, "mask of length 13, expected 12"),
        ({"lh_vertices": np.ones(N + 1, int)}, "mask of length 13, expected 12"),
        ({"rh_vertices": np.eye(1, N - 1)[0]}, "mask of length 11, expected 12"),
        ({"rh_vertices": [99]}, "rh_vertices names 99, but there are 12"),
        ({"rh_vertices": [0.5]}, "rh_vertices names 0.5"),
        ({"rh_vertices": [["a"]]}, "rh_vertices has shape"),
        ({"rh_vertices": [1], "roi": "V1v"}, "leave out roi"),
    ],
)
def test_wrong_selections_say_what_exists(brain, parameters, words):
    with pytest.raises(ValueError, match=words):
        brain(**parameters)


# -- EEG ----------------------------------------------------------------------------


@pytest.fixture
def eeg(tmp_path, trained, features, images):
    """One subject of EEG in any layout, and its responses."""
    F = features.transform(images)

    def fetch(layout="shared", subject=1, **parameters):
        responses, _ = mini.write_eeg(tmp_path, trained, 1, layout)
        fetch.expected = responses(F)
        parameters = {"features": features, "berg_dir": tmp_path} | parameters
        return fetch_things_eeg2_vit(subject, **parameters)

    fetch.folder = tmp_path
    return fetch


@pytest.mark.parametrize("layout", ["shared", "objects", "repeats"])
def test_all_layouts_of_the_components_agree(eeg, images, layout):
    responses = eeg(layout, repeats="all").encoder.predict(images)
    assert responses.shape == (7, 4, 3, 5)
    assert_close(responses, eeg.expected)
    mean = eeg(layout).encoder.predict(images)
    assert_close(mean, eeg.expected.mean(axis=1))


@pytest.mark.parametrize("layout", ["shared", "objects", "repeats"])
def test_channels_and_times_are_slices_of_the_whole(eeg, images, layout):
    found = eeg(layout, channels=["O1", "Fp1"], timepoints=[0, 1, 0, 1, 0])
    expected = eeg.expected.mean(axis=1)[:, [2, 0]][:, :, [1, 3]]
    assert_close(found.encoder.predict(images), expected)
    assert found.metadata["channel"].to_list() == ["O1", "Fp1"]
    np.testing.assert_allclose(found.times, [-50, 50])


def test_one_channel_one_time_one_image_keep_their_axes(eeg, images):
    found = eeg(channels="Oz", timepoints=[3], repeats="all")
    responses = found.encoder.predict(images[:1])
    assert responses.shape == (1, 4, 1, 1)
    assert_close(responses[:, :, 0, 0], eeg.expected[:1, :, 1, 3])
    by_number = eeg(channels=[1], timepoints=[3], repeats="all").encoder
    assert_close(by_number.predict(images[:1]), responses)


def test_times_can_be_given_in_milliseconds(eeg, images):
    found = eeg(tmin=-50.0, tmax=50)
    np.testing.assert_allclose(found.times, [-50, 0, 50])
    assert_close(found.encoder.predict(images), eeg.expected.mean(axis=1)[..., 1:4])
    with pytest.raises(ValueError, match="no sample lies between"):
        eeg(tmin=200.0)
    with pytest.raises(ValueError, match="are both set"):
        eeg(tmin=0.0, timepoints=[1])


def test_the_four_repeats_differ(eeg, images):
    responses = eeg(repeats="all").encoder.predict(images)
    assert np.abs(responses[:, 0] - responses[:, 1]).max() > 0.1


def test_several_subjects_share_their_features(eeg, trained, images):
    mini.write_eeg(eeg.folder, trained, 2)
    found = eeg(subject=[1, 2], channels=["Oz"])
    first, second = found.encoder
    assert first.features is second.features
    assert_close(first.predict(images), eeg.expected.mean(axis=1)[:, [1]])
    assert np.abs(first.predict(images) - second.predict(images)).max() > 0.01
    assert found.metadata["subject"].to_list() == [1, 2]
    assert found.metadata["channel"].to_list() == ["Oz", "Oz"]


def test_eeg_metadata(eeg):
    found = eeg()
    assert list(found.metadata) == [
        "subject",
        "channel",
        "correlation",
        "peak_correlation",
        "peak_time",
    ]
    np.testing.assert_allclose(found.times, [-100, -50, 0, 50, 100])
    assert found.correlation[1].shape == (3, 5)
    assert found.correlation_single[1].shape == (4, 3, 5)
    np.testing.assert_allclose(
        found.metadata["correlation"], found.correlation[1].mean(axis=1)
    )
    assert found.images[1]["test_img_info"] == {"test_img_files": ["c.jpg"]}
    alone = fetch_encoder_metadata("eeg-things_eeg_2-vit_b_32", berg_dir=eeg.folder)
    assert alone.metadata.equals(found.metadata)
    with pytest.raises(ValueError, match="leave roi out"):
        fetch_encoder_metadata(
            "eeg-things_eeg_2-vit_b_32", roi="V1", berg_dir=eeg.folder
        )


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"subject": 11}, "subject=11"),
        ({"channels": ["T3"]}, r"channels has 'T3', but there are Fp1, Oz, O1"),
        ({"channels": []}, "channels is empty"),
        ({"channels": [7]}, "channels names 7, but there are"),
        ({"timepoints": np.zeros(5)}, "timepoints selects nothing"),
        ({"timepoints": np.ones(6, bool)}, "mask of length 6, expected 5"),
        ({"timepoints": [0, 1, 1, 0]}, "mask of length 4, expected 5"),
    ],
)
def test_wrong_channels_and_times_say_what_exists(eeg, parameters, words):
    with pytest.raises(ValueError, match=words):
        eeg(**parameters)


# -- files --------------------------------------------------------------------------


def test_files_of_each_other_are_refused(brain, trained):
    mini.write_eeg(brain.folder, trained)
    eeg, surface = brain.folder / mini.EEG, brain.folder / mini.FSAVERAGE
    name = "encoding_models_weights/weights_subject-01.npy"
    content = (eeg / name).read_bytes()
    (surface / name).write_bytes(content)
    with pytest.raises(UnreadableFileError, match=r"no 'lh_reg_param'; it has pca"):
        brain()
    name = "metadata/metadata_subject-01.npy"
    (surface / name).write_bytes((eeg / name).read_bytes())
    with pytest.raises(UnreadableFileError, match="has no fmri"):
        brain()


def test_weights_and_metadata_must_belong_together(brain, trained, monkeypatch):
    monkeypatch.setattr(mini, "N_VERTICES", 5)
    rois = {"lh": {"V1v": [1]}, "rh": {"V1v": [2]}}
    other = brain.folder / "other"
    mini.write_fsaverage(other, trained, rois=rois)
    name = f"{mini.FSAVERAGE}/metadata/metadata_subject-01.npy"
    (brain.folder / name).write_bytes((other / name).read_bytes())
    with pytest.raises(UnreadableFileError, match="metadata have 5 targets"):
        brain()


def test_planted_payload_is_refused(brain):
    class Evil:
        def __reduce__(self):
            return exec, ("raise SystemExit",)

    mini.save(brain.folder, mini.FSAVERAGE, "weights", 1, {"scaler_param": Evil()})
    with pytest.raises(UnsafeFileError, match=r"builtins\.exec"):
        brain()


def test_backbone_comes_through_the_downloader(
    brain, images, serve_folder, make_registry, monkeypatch
):
    """The network is fetched once, and its name says how its hash begins."""
    import hashlib

    import torch

    from skneuro.datasets import _linear_files

    served = brain.folder / "served"
    (served / "backbones").mkdir(parents=True)
    path = served / "backbones" / "net.pth"
    torch.save({"conv.weight": torch.ones(2)}, path)
    start = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    good, bad = f"net-{start}.pth", "net-00000000.pth"
    (served / "backbones" / good).write_bytes(path.read_bytes())
    path.rename(served / "backbones" / bad)
    url, asked = serve_folder(served)
    registry = make_registry(served, url)
    monkeypatch.setattr(_linear_files, "BACKBONE", good)
    found = brain(features=None, registry=registry, preprocessing="berg")
    assert asked == [f"backbones/{good}"]
    assert list(found.encoder.features.weights) == ["conv.weight"]
    assert found.encoder.features.preprocessing == "berg"
    monkeypatch.setattr(_linear_files, "BACKBONE", bad)
    with pytest.raises(HashMismatchError, match="begins with 00000000"):
        brain(features=None, registry=registry)


def test_encoders_are_fetched_by_their_id(brain, images, features):
    found = fetch_encoder(
        "fmri-nsd_fsaverage-vit_b_32",
        subject=1,
        roi="V1v",
        berg_dir=brain.folder,
        features=features,
    )
    assert found.encoder.predict(images).shape == (7, 4)
