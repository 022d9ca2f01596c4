"""The published fwRF encoders: BERG's numbers, from its folder and over HTTP."""

import logging
import shutil

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skneuro.datasets import fetch_encoder_metadata, fetch_nsd_fwrf
from skneuro.exceptions import (
    HashMismatchError,
    HashMismatchWarning,
    NotCachedError,
    OfflineError,
    UnreadableFileError,
    UnsafeFileError,
    UnverifiedDownloadWarning,
    UnverifiedFileError,
)

FOLDER = "encoding_models/modality-fmri/train_dataset-nsd/model-fwrf"
WEIGHTS = f"{FOLDER}/encoding_models_weights"
METADATA = f"{FOLDER}/metadata"
N_VOXELS = {"V1": 7, "lateral": 7, "RSC": 1}
LITERAL = [0.5902287, -0.96726245, 1.4405869]  # first image, first voxels of V1


@pytest.fixture(scope="module")
def berg(shared_data):
    return shared_data / "berg"


@pytest.fixture(scope="module")
def expected(berg):
    with np.load(berg / "fwrf_expected.npz") as file:
        return dict(file)


@pytest.fixture
def berg_copy(berg, tmp_path):
    """A copy of the folder that a test may change."""
    copy = tmp_path / "berg"
    shutil.copytree(berg / "encoding_models", copy / "encoding_models")
    for path in copy.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return copy


@pytest.mark.parametrize("roi", N_VOXELS)
def test_responses_are_those_of_berg(berg, expected, roi):
    found = fetch_nsd_fwrf(1, roi=roi, berg_dir=berg, device="cpu")
    responses = found.encoder.predict(expected["images"])
    assert responses.dtype == np.float32
    np.testing.assert_allclose(responses, expected[roi], rtol=0, atol=1e-4)
    assert len(found.metadata) == N_VOXELS[roi]


def test_literal_responses_of_berg(berg, expected):
    """Three numbers, written down, so that the file cannot drift with the code."""
    found = fetch_nsd_fwrf(1, roi="V1", berg_dir=berg, device="cpu")
    responses = found.encoder.predict(expected["images"][:1])[0]
    np.testing.assert_allclose(responses[:3], LITERAL, rtol=0, atol=1e-4)


@pytest.mark.parametrize("verified", [True, False])
def test_responses_over_http_are_those_of_berg(
    berg, expected, serve_folder, make_registry, verified
):
    url, asked = serve_folder(berg)
    registry = make_registry(berg, url, verified=verified)
    keys = [f"{METADATA}/metadata_sub-01_roi-lateral.npy"]
    keys += [f"{WEIGHTS}/weights_sub-01_roi-lateral_split-{i}.pt" for i in (1, 2)]

    def fetch():
        return fetch_nsd_fwrf(1, roi="lateral", registry=registry, device="cpu")

    if verified:
        found = fetch()
    else:
        with pytest.warns(UnverifiedDownloadWarning) as caught:
            found = fetch()
        assert len(caught) == 3
        assert caught[0].filename == __file__
    responses = found.encoder.predict(expected["images"])
    np.testing.assert_allclose(responses, expected["lateral"], rtol=0, atol=1e-4)
    assert asked == keys  # only what the selection needs
    again = fetch()
    assert len(asked) == 3  # nothing is fetched twice
    np.testing.assert_array_equal(again.encoder.predict(expected["images"]), responses)


def test_several_regions_stand_side_by_side(berg, expected):
    found = fetch_nsd_fwrf(1, roi=["RSC", "V1"], berg_dir=berg, device="cpu")
    responses = found.encoder.predict(expected["images"])
    both = np.hstack([expected["RSC"], expected["V1"]])
    np.testing.assert_allclose(responses, both, rtol=0, atol=1e-4)
    assert found.metadata["roi"].to_list() == ["RSC"] + ["V1"] * 7


def test_lateral_is_split_1_then_split_2(berg, expected):
    from skneuro.io import open_weights

    counts = [
        len(open_weights(berg / path)["best_params.fwrfs.1.b"])
        for path in (
            f"{WEIGHTS}/weights_sub-01_roi-lateral_split-1.pt",
            f"{WEIGHTS}/weights_sub-01_roi-lateral_split-2.pt",
        )
    ]
    assert counts == [4, 3]
    found = fetch_nsd_fwrf(1, roi="lateral", berg_dir=berg, device="cpu")
    first = found.encoder.predict(expected["images"])[:, :4]
    np.testing.assert_allclose(first, expected["lateral"][:, :4], rtol=0, atol=1e-4)


@pytest.mark.parametrize("batch_size", [1, 2, 5, 100])
def test_batches_do_not_matter(berg, expected, batch_size):
    encoder = fetch_nsd_fwrf(1, roi="V1", berg_dir=berg, device="cpu").encoder
    whole = encoder.predict(expected["images"])
    parts = encoder.set_params(batch_size=batch_size).predict(expected["images"])
    np.testing.assert_allclose(parts, whole, rtol=0, atol=1e-6)
    one = encoder.predict(expected["images"][3:4])
    assert one.shape == (1, 7)
    np.testing.assert_allclose(one[0], whole[3], rtol=0, atol=1e-6)


def test_encoder_keeps_its_weights_through_clone(berg, expected):
    encoder = fetch_nsd_fwrf(1, roi="RSC", berg_dir=berg, device="cpu").encoder
    copies = [clone(encoder), clone(FrozenEstimator(encoder))]
    for copy in copies:
        responses = copy.predict(expected["images"])
        np.testing.assert_allclose(responses, expected["RSC"], rtol=0, atol=1e-4)


def test_encoder_keeps_its_weights_in_a_search(berg, expected):
    encoder = fetch_nsd_fwrf(1, roi="V1", berg_dir=berg, device="cpu").encoder
    pipeline = make_pipeline(FrozenEstimator(encoder), Ridge())
    search = GridSearchCV(pipeline, {"ridge__alpha": [0.1, 1.0]}, cv=2)
    search.fit(expected["images"], np.arange(6.0))
    kept = search.best_estimator_[0].estimator
    responses = kept.predict(expected["images"])
    np.testing.assert_allclose(responses, expected["V1"], rtol=0, atol=1e-4)


def test_metadata_is_a_table_of_voxels(berg):
    found = fetch_nsd_fwrf(1, roi="V1", berg_dir=berg, device="cpu")
    table = found.metadata
    columns = "subject roi voxel ncsnr r2 noise_ceiling explained_variance i j k x y z"
    assert list(table) == columns.split()
    assert found.volumes[1]["shape"] == (12, 14, 10)
    index = table[["i", "j", "k"]].to_numpy()
    assert (np.diff(np.ravel_multi_index(index.T, (12, 14, 10))) > 0).all()  # C order
    affine = found.volumes[1]["affine"]
    places = index @ affine[:3, :3].T + affine[:3, 3]
    np.testing.assert_allclose(table[["x", "y", "z"]], places)
    assert len(found.images[1, "V1"]["test_img_num"]) == 515
    assert "no commercial use" in found.DESCR
    assert found.card["model_id"] == "fmri-nsd-fwrf"


def test_metadata_come_without_weights(berg, serve_folder, make_registry):
    url, asked = serve_folder(berg)
    registry = make_registry(berg, url)
    found = fetch_encoder_metadata("fmri-nsd-fwrf", roi="V1", registry=registry)
    assert asked == [f"{METADATA}/metadata_sub-01_roi-V1.npy"]
    assert found.encoder is None
    whole = fetch_nsd_fwrf(1, roi="V1", berg_dir=berg, device="cpu").metadata
    assert found.metadata.equals(whole)


def test_folder_of_the_user_is_not_written_to(berg_copy):
    def listing():
        return {p: p.stat().st_mtime_ns for p in berg_copy.rglob("*")}

    before = listing()
    fetch_nsd_fwrf(1, roi="V1", berg_dir=berg_copy, device="cpu")
    assert listing() == before


def test_folder_serves_without_a_cache(berg, expected, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    found = fetch_nsd_fwrf(1, berg_dir=berg, data_home=tmp_path / "file", device="cpu")
    responses = found.encoder.predict(expected["images"])
    np.testing.assert_allclose(responses, expected["V1"], rtol=0, atol=1e-4)


def test_terms_are_shown_once(berg, caplog, tmp_path):
    from skneuro.datasets import _berg_files

    for _ in range(2):
        _berg_files._TERMS_SHOWN.clear()  # as in another process
        with caplog.at_level(logging.WARNING, "skneuro"):
            fetch_nsd_fwrf(
                1, roi="RSC", berg_dir=berg, data_home=tmp_path / "c", device="cpu"
            )
    assert sum("terms of use" in record.message for record in caplog.records) == 1


# -- bad input ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"subject": 9}, r"subject=9, but .* has 1, 2, 3, 4, 5, 6, 7, 8"),
        ({"subject": "1"}, r"subject='1'"),
        ({"subject": True}, r"subject=True"),
        ({"subject": []}, r"subject is empty"),
        ({"subject": [1, 1]}, r"names something twice"),
        ({"roi": "FFA-3"}, r"roi='FFA-3', but .* has V1, V2.* mean 'FFA-"),
        ({"roi": None}, r"roi=None"),
        ({"roi": []}, r"roi is empty"),
        ({"roi": ["V1", 3]}, r"roi=3"),
        ({"roi": ["V1", None]}, r"roi=None"),
        ({"roi": "ffa-1"}, r"roi='ffa-1', .* Did you mean 'FFA-1'\?"),
        ({"device": "gpu"}, r"device='gpu'.*'auto', 'cpu', 'cuda'"),
    ],
)
def test_wrong_selections_name_what_exists(berg, arguments, words):
    with pytest.raises(ValueError, match=words):
        fetch_nsd_fwrf(**arguments, berg_dir=berg)


def test_names_in_an_array_are_names(berg):
    bunch = fetch_nsd_fwrf(np.array([1]), roi=np.array(["RSC", "V1"]), berg_dir=berg)
    assert [*map(type, next(iter(bunch.images)))] == [int, str]
    assert list(bunch.images) == [(1, "RSC"), (1, "V1")]


@pytest.mark.parametrize("name", ["OWFA", "OVWFA"])
def test_two_names_of_one_region(berg, name):
    with pytest.raises(FileNotFoundError, match=r"metadata_sub-01_roi-OWFA\.npy"):
        fetch_nsd_fwrf(1, roi=name, berg_dir=berg)


def test_absent_file_says_what_is_there(berg):
    with pytest.raises(FileNotFoundError, match=r"metadata holds metadata_sub-01"):
        fetch_nsd_fwrf(2, roi="V1", berg_dir=berg)


def test_folder_that_is_no_berg_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no folder 'encoding_models'"):
        fetch_nsd_fwrf(berg_dir=tmp_path)


def test_no_network(monkeypatch):
    monkeypatch.setenv("SKNEURO_OFFLINE", "1")
    with (
        pytest.raises(OfflineError, match="SKNEURO_OFFLINE is set"),
        pytest.warns(UnverifiedDownloadWarning),
    ):
        fetch_nsd_fwrf()


def test_no_download_and_strict():
    with pytest.raises(NotCachedError, match="metadata_sub-01_roi-V1"):
        fetch_nsd_fwrf(download_if_missing=False)
    with pytest.raises(UnverifiedFileError, match="strict=True"):
        fetch_nsd_fwrf(strict=True)


def test_changed_file_of_a_folder_warns(berg, berg_copy, make_registry, expected):
    registry = make_registry(berg, "http://127.0.0.1:9")
    path = berg_copy / f"{WEIGHTS}/weights_sub-01_roi-V1.pt"
    path.write_bytes(path.read_bytes() + b" ")  # still a readable archive
    with pytest.warns(HashMismatchWarning, match="another version, or damaged"):
        found = fetch_nsd_fwrf(
            1, roi="V1", berg_dir=berg_copy, registry=registry, device="cpu"
        )
    assert found.encoder.predict(expected["images"]).shape == (6, 7)


def test_changed_file_at_its_source_is_an_error(
    berg_copy, serve_folder, make_registry, data_cache
):
    url, _ = serve_folder(berg_copy)
    registry = make_registry(berg_copy, url, verified=False)
    with pytest.warns(UnverifiedDownloadWarning):
        fetch_nsd_fwrf(1, roi="RSC", registry=registry, device="cpu")
    key = f"{METADATA}/metadata_sub-01_roi-RSC.npy"
    content = (berg_copy / key).read_bytes()
    (berg_copy / key).write_bytes(content.replace(b"ncsnr", b"NCSNR"))
    (data_cache / key).unlink()
    with pytest.raises(HashMismatchError, match="has changed at its source"):
        fetch_nsd_fwrf(1, roi="RSC", registry=registry, device="cpu")


def test_file_of_another_subject_is_refused(berg_copy):
    for path in berg_copy.rglob("*_roi-V1.*"):
        path.rename(path.with_name(path.name.replace("sub-01", "sub-02")))
    with pytest.raises(UnreadableFileError, match=r"no readout .* of subject 2"):
        fetch_nsd_fwrf(2, roi="V1", berg_dir=berg_copy)


def test_file_of_another_model_is_refused(berg_copy):
    path = berg_copy / f"{WEIGHTS}/weights_sub-01_roi-V1.pt"
    shutil.copy(berg_copy / f"{METADATA}/metadata_sub-01_roi-V1.npy", path)
    with pytest.raises(UnreadableFileError, match="a file of another model"):
        fetch_nsd_fwrf(1, roi="V1", berg_dir=berg_copy)
    path = berg_copy / f"{METADATA}/metadata_sub-01_roi-V1.npy"
    np.save(path, {"eeg": {"ch_names": ["Oz"]}})
    with pytest.raises(UnreadableFileError, match=r"has no fmri; it has .*eeg"):
        fetch_nsd_fwrf(1, roi="V1", berg_dir=berg_copy)


def test_files_that_do_not_belong_together_are_refused(berg_copy):
    folder = berg_copy / METADATA
    shutil.copy(
        folder / "metadata_sub-01_roi-RSC.npy", folder / "metadata_sub-01_roi-V1.npy"
    )
    with pytest.raises(UnreadableFileError, match=r"have \[7\] voxels, .* \[1\]"):
        fetch_nsd_fwrf(1, roi="V1", berg_dir=berg_copy)


def test_planted_payload_is_refused(berg_copy):
    class Evil:
        def __reduce__(self):
            return eval, ("1",)

    np.save(berg_copy / f"{METADATA}/metadata_sub-01_roi-V1.npy", {"fmri": Evil()})
    with pytest.raises(UnsafeFileError, match=r"builtins\.eval"):
        fetch_nsd_fwrf(1, roi="V1", berg_dir=berg_copy)


@pytest.mark.parametrize(
    "images",
    [
        np.full((1, 3, 64, 64), 300),
        np.full((1, 3, 64, 64), -1),
        np.zeros((1, 5, 64, 64), np.uint8),
        np.array([["a", "b"]]),
        [],
    ],
)
def test_what_is_no_image_is_refused(berg, images):
    encoder = fetch_nsd_fwrf(1, roi="RSC", berg_dir=berg, device="cpu").encoder
    with pytest.raises(ValueError, match=r".+"):
        encoder.predict(images)
