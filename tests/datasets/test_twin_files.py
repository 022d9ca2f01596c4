"""Recordings in the layout of the release, as folders and as HDF5."""

import numpy as np
import pytest

from skneuro.datasets import load_twin_data, save_twin_data


@pytest.fixture
def recording():
    """Three trials of unequal length, the first and the last of one video."""
    rng = np.random.default_rng(0)
    lengths = (6, 4, 6)
    videos = [rng.integers(256, size=(n, 4, 6), dtype=np.uint8) for n in lengths]
    videos[2] = videos[0]
    return {
        "videos": videos,
        "responses": [rng.random((5, n), dtype=np.float32) for n in lengths],
        "gaze": [rng.standard_normal((2, n)).astype("f4") for n in lengths],
        "behavior": [rng.standard_normal((2, n)).astype("f4") for n in lengths],
    }


@pytest.mark.parametrize("name", ["training_data", "training.h5"])
def test_training_data_come_back(recording, tmp_path, name):
    save_twin_data(tmp_path / name, **recording, training=[True, False, True])
    found = load_twin_data(tmp_path / name)
    for field, expected in recording.items():
        for got, right in zip(found[field], expected, strict=True):
            np.testing.assert_array_equal(got, right)
    assert found.metadata["training"].tolist() == [True, False, True]
    assert len(load_twin_data(tmp_path / name, max_trials=2).videos) == 2


def test_files_have_the_axes_of_the_release(recording, tmp_path):
    save_twin_data(tmp_path, **recording)
    shapes = {
        folder: np.load(tmp_path / folder / "001.npy").shape
        for folder in ("training", "samples", "stimuli", "perspectives", "units")
    }
    assert shapes == {
        "training": (),
        "samples": (),
        "stimuli": (4, 4, 6, 1),
        "perspectives": (4, 2),
        "units": (4, 5),
    }
    assert np.load(tmp_path / "modulations" / "001.npy").dtype == np.float32
    assert isinstance(load_twin_data(tmp_path).videos[0], np.memmap)
    for name in ("000", "001", "002"):  # flags of one element are the other form
        np.save(tmp_path / "training" / f"{name}.npy", np.array([False]))
    assert not load_twin_data(tmp_path).metadata["training"].any()


@pytest.mark.parametrize("name", ["evaluation_data", "evaluation.hdf5"])
def test_evaluation_data_are_grouped_by_video(recording, tmp_path, name):
    save_twin_data(tmp_path / name, **recording, videos_shown=["b", "a", "b"])
    found = load_twin_data(tmp_path / name, kind="evaluation")
    assert found.metadata["video"].tolist() == ["a", "b", "b"]
    assert found.metadata["repeat"].tolist() == ["000", "000", "001"]
    np.testing.assert_array_equal(found.responses[2], recording["responses"][2])


def test_missing_and_odd_files_are_named(recording, tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere does not exist"):
        load_twin_data(tmp_path / "nowhere")
    save_twin_data(tmp_path, **recording)
    with pytest.raises(FileNotFoundError, match="lacks 000"):
        (tmp_path / "units" / "000.npy").unlink()
        load_twin_data(tmp_path)
    np.save(tmp_path / "units" / "000.npy", np.ones((6, 5), "f4"))
    np.save(tmp_path / "samples" / "001.npy", np.array(7))
    with pytest.raises(ValueError, match=r"samples of trial 001 is 7.* 4 frames"):
        load_twin_data(tmp_path)
    np.save(tmp_path / "units" / "000.npy", np.ones(6, "f4"))
    with pytest.raises(ValueError, match=r"units of trial 000 has shape \(6,\)"):
        load_twin_data(tmp_path)
    with pytest.raises(FileNotFoundError, match="has no training"):
        load_twin_data(tmp_path / "units")


def test_pickled_arrays_are_refused(recording, tmp_path):
    save_twin_data(tmp_path, **recording)
    np.save(tmp_path / "units" / "000.npy", np.array([None]))
    with pytest.raises(ValueError, match="Python objects"):
        load_twin_data(tmp_path)


def test_bad_arguments_are_named(recording, tmp_path):
    with pytest.raises(ValueError, match="both given"):
        save_twin_data(
            tmp_path / "x", **recording, training=[1] * 3, videos_shown=[1] * 3
        )
    with pytest.raises(ValueError, match=r"training has 2 entries.* 3 trials"):
        save_twin_data(tmp_path / "x", **recording, training=[True, False])
