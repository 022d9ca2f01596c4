"""The conversion of weights: same numbers, once, mapped, whole, and removable."""

import os
import subprocess
import sys

import numpy as np
import pytest
import safetensors.numpy
from sklearn.decomposition import PCA

from skneuro.exceptions import UnreadableFileError, UnsafeFileError
from skneuro.io import (
    _converted,
    clear_data_home,
    fetch_file,
    load_torch,
    open_weights,
    read_safetensors,
)


@pytest.fixture
def weights():
    rng = np.random.default_rng(0)
    return {
        "scaler_param": {"mean_": rng.standard_normal(9), "n_features_in_": 9},
        "pca_param": {"components_": np.asfortranarray(rng.random((4, 9), "f4"))},
        "mask": np.array([True, False, True]),
        "index": {1: np.arange(3), "empty": np.zeros((0, 4), "f2")},
        "ch_names": ["Fp1", "Oz"],
        "files": np.array(["a.jpg", "ü.jpg"]),
        "curves": {1: [np.ones(2, "f4"), np.zeros(2, "f4")]},
        "score": np.float64(0.1),
        "nothing": None,
    }


@pytest.fixture
def source(tmp_path, weights):
    path = tmp_path / "weights.npy"
    np.save(path, weights)
    return path


def conversions(folder):
    return sorted(folder.glob(".skneuro/converted/*.safetensors"))


def test_conversion_holds_the_same_numbers(source, weights):
    opened = open_weights(source)
    components = weights["pca_param"]["components_"]
    np.testing.assert_array_equal(opened["pca_param.components_"], components)
    assert opened["pca_param.components_"].dtype == np.float32
    np.testing.assert_array_equal(opened["mask"], weights["mask"])
    np.testing.assert_array_equal(opened["index.1"], [0, 1, 2])
    assert opened["index.empty"].shape == (0, 4)
    np.testing.assert_array_equal(opened["curves.1.0"], [1, 1])
    assert list(opened.part("scaler_param.")) == ["mean_"]
    assert opened.attributes == {
        "scaler_param.n_features_in_": 9,
        "ch_names": ["Fp1", "Oz"],
        "files": ["a.jpg", "ü.jpg"],
        "score": 0.1,
        "nothing": None,
    }


def test_arrays_are_mapped_aligned_and_read_only(source):
    for array in open_weights(source).values():
        assert array.flags.c_contiguous and array.flags.aligned
        assert not array.flags.writeable
        assert isinstance(array, np.memmap) or not array.size


def test_other_tools_read_the_conversion(source, data_cache, weights):
    open_weights(source)
    (path,) = conversions(data_cache)
    found = safetensors.numpy.load_file(path)
    expected = weights["pca_param"]["components_"]
    np.testing.assert_array_equal(found["pca_param.components_"], expected)


def test_large_arrays_are_written_in_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr(_converted, "_CHUNK", 100)
    array = np.arange(7 * 11, dtype=">i4").reshape(11, 7).T
    np.save(tmp_path / "x.npy", {"x": array})
    np.testing.assert_array_equal(open_weights(tmp_path / "x.npy")["x"], array)


def test_second_time_the_source_is_not_read(source, monkeypatch):
    first = open_weights(source)
    monkeypatch.setattr(_converted, "_load", None)
    monkeypatch.setattr(_converted._cache, "file_hash", None)
    second = open_weights(source)
    np.testing.assert_array_equal(first["mask"], second["mask"])


def test_changed_source_is_converted_anew(source, data_cache):
    open_weights(source)
    np.save(source, {"mask": np.zeros(5)})
    assert open_weights(source)["mask"].shape == (5,)
    assert len(conversions(data_cache)) == 2


def test_same_content_elsewhere_shares_the_conversion(source, data_cache, tmp_path):
    open_weights(source)
    (tmp_path / "copy.npy").write_bytes(source.read_bytes())
    open_weights(tmp_path / "copy.npy")
    assert len(conversions(data_cache)) == 1


def test_new_version_of_the_form_converts_anew(source, data_cache, monkeypatch):
    open_weights(source)
    monkeypatch.setattr(_converted, "_VERSION", 2)
    open_weights(source)
    assert len(conversions(data_cache)) == 2


def test_hostile_source_leaves_no_conversion(tmp_path, data_cache):
    class Evil:
        def __reduce__(self):
            return os.system, ("true",)

    np.save(tmp_path / "evil.npy", {"w": Evil()})
    with pytest.raises(UnsafeFileError, match=r"posix\.system|nt\.system"):
        open_weights(tmp_path / "evil.npy")
    assert not list(data_cache.glob(".skneuro/converted/*"))


def test_interrupted_conversion_leaves_nothing(source, data_cache, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(_converted, "_pieces", stop)
    with pytest.raises(KeyboardInterrupt):
        open_weights(source)
    assert not list(data_cache.glob(".skneuro/converted/*"))


def test_folder_that_cannot_be_written_still_serves(source, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    opened = open_weights(source, data_home=tmp_path / "file")
    np.testing.assert_array_equal(opened["mask"], [True, False, True])


def test_processes_convert_once(source, data_cache):
    code = f"from skneuro.io import open_weights; open_weights({str(source)!r})"
    running = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(3)]
    assert [process.wait() for process in running] == [0, 0, 0]
    assert len(conversions(data_cache)) == 1


def test_clearing_removes_conversions(source, data_cache):
    open_weights(source)
    clear_data_home()
    assert not list(data_cache.glob(".skneuro/converted/*"))


def test_clearing_a_key_removes_its_conversion(
    source, data_cache, serve, recwarn, cached_files
):
    registry = serve("a/weights.npy", source.read_bytes())
    open_weights(fetch_file("a/weights.npy", registry=registry))
    assert len(conversions(data_cache)) == 1
    clear_data_home(keys=["a/weights.npy"], registry=registry)
    assert cached_files() == []
    assert conversions(data_cache) == []


def test_scikit_learn_objects_become_parts_of_names(tmp_path):
    rng = np.random.default_rng(0)
    pca = PCA(2, random_state=0).fit(rng.random((9, 4)))
    np.save(tmp_path / "pca.npy", {"pca_param": {"rep-1": pca}})
    opened = open_weights(tmp_path / "pca.npy")
    np.testing.assert_array_equal(
        opened["pca_param.rep-1.components_"], pca.components_
    )
    assert opened.attributes["pca_param.rep-1.n_components_"] == 2


@pytest.mark.parametrize("new", [True, False])
def test_torch_types_are_read(tmp_path, new):
    import torch

    values = {
        str(dtype): torch.arange(-2, 4).to(dtype)
        for dtype in (
            torch.float64,
            torch.float32,
            torch.float16,
            torch.int64,
            torch.int32,
            torch.int16,
            torch.int8,
            torch.uint8,
            torch.bool,
        )
    }
    path = tmp_path / "x.pt"
    torch.save(values, path, _use_new_zipfile_serialization=new)
    for name, array in load_torch(path).items():
        np.testing.assert_array_equal(array, values[name].numpy())
        assert array.dtype == values[name].numpy().dtype
    torch.save({"b": torch.tensor([1.5]).bfloat16()}, path)
    np.testing.assert_array_equal(load_torch(path)["b"], np.float32([1.5]))


def test_published_form_is_read_as_torch_reads_it(shared_data):
    """V1 of subject 1: values written down from torch's own restricted reader."""
    path = (
        shared_data / "berg/encoding_models/modality-fmri/train_dataset-nsd/model-fwrf/"
        "encoding_models_weights/weights_sub-01_roi-V1.pt"
    )
    opened = open_weights(path)
    assert opened["best_params.fwrfs.1.rf0"].shape == (7, 27, 27)
    assert opened.attributes["args..roi"] == "V1"
    assert opened.attributes["args..lr"] == 0.001
    assert len(opened.part("best_params.enc.")) == 54


def test_damaged_safetensors_is_said_to_be_so(tmp_path):
    path = tmp_path / "x.safetensors"
    for content in (b"", b"\xff" * 20, b"\x02" + b"\0" * 7 + b"[]"):
        path.write_bytes(content)
        with pytest.raises(UnreadableFileError, match="is no safetensors file"):
            read_safetensors(path)


def test_what_cannot_be_kept_is_named(tmp_path):
    np.save(tmp_path / "x.npy", {"a": {"z": np.ones(2, complex)}})
    with pytest.raises(UnreadableFileError, match=r"a\.z is a ndarray"):
        open_weights(tmp_path / "x.npy")
