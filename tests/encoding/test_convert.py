"""Responses as volumes, surfaces, MNE objects and labelled arrays."""

import sys

import numpy as np
import pandas as pd
import pytest

from skneuro.encoding import to_gifti, to_mne, to_nifti, to_xarray


@pytest.fixture
def mask():
    return np.random.default_rng(0).random((4, 5, 6)) < 0.2


def test_voxels_return_to_their_places(mask):
    nibabel = pytest.importorskip("nibabel")
    responses = np.random.default_rng(1).normal(size=(3, mask.sum()))
    affine = np.diag([1.8, 1.8, 1.8, 1])
    image = to_nifti(responses, mask, affine=affine, fill=0)
    assert image.shape == (4, 5, 6, 3)
    np.testing.assert_allclose(image.get_fdata()[mask].T, responses, rtol=1e-6)
    assert (image.get_fdata()[~mask] == 0).all()
    np.testing.assert_array_equal(image.affine, affine)
    as_image = nibabel.Nifti1Image(mask.astype(np.uint8), affine)
    one = to_nifti(responses[1], as_image)
    assert one.shape == (4, 5, 6)
    np.testing.assert_array_equal(one.affine, affine)
    np.testing.assert_allclose(one.get_fdata()[mask], responses[1], rtol=1e-6)
    assert np.isnan(one.get_fdata()[~mask]).all()


def test_masks_of_other_regions_are_refused(mask):
    pytest.importorskip("nibabel")
    with pytest.raises(ValueError, match=rf"\(2, 3\).*has {mask.sum()} voxels"):
        to_nifti(np.zeros((2, 3)), mask)


def test_hemispheres_become_two_surfaces():
    pytest.importorskip("nibabel")
    responses = np.arange(12.0).reshape(2, 6)
    whole = to_gifti(responses, ["lh"] * 3 + ["rh"] * 3, n_vertices=3)
    assert list(whole) == ["left", "right"]
    right = [array.data.tolist() for array in whole["right"].darrays]
    assert right == [[3, 4, 5], [9, 10, 11]]
    assert whole["left"].meta["AnatomicalStructurePrimary"] == "CortexLeft"
    some = to_gifti(responses[:, :2], "right", vertex=[4, 1], n_vertices=5, fill=-1)
    assert list(some) == ["right"]
    assert some["right"].darrays[1].data.tolist() == [-1, 7, -1, -1, 6]


def test_surfaces_survive_a_file(tmp_path):
    nibabel = pytest.importorskip("nibabel")
    surface = to_gifti([1.0, 2.0], "left", n_vertices=2)["left"]
    nibabel.save(surface, tmp_path / "lh.func.gii")
    read = nibabel.load(tmp_path / "lh.func.gii")
    assert read.darrays[0].data.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"hemisphere": "left"}, "3 targets on the left, but 163842 vertices"),
        ({"hemisphere": "up"}, r"hemisphere names \['u'\]"),
        ({"hemisphere": "left", "vertex": [0, 1, 9], "n_vertices": 5}, "from 0 to 9"),
        ({"hemisphere": "left", "vertex": [0, 1]}, r"vertex has shape \(2,\).*\(3,\)"),
        ({"hemisphere": "left", "vertex": [4, 0, 4]}, "left more than once.*subject"),
    ],
)
def test_vertices_that_do_not_fit(arguments, match):
    pytest.importorskip("nibabel")
    with pytest.raises(ValueError, match=match):
        to_gifti(np.zeros(3), **arguments)


def test_images_become_epochs_and_one_image_an_evoked_response():
    mne = pytest.importorskip("mne")
    responses = np.random.default_rng(0).normal(size=(4, 2, 140))
    times = np.arange(-100.0, 600.0, 5.0)
    places = {"O1": [-0.03, -0.1, 0.0], "Oz": [0.0, -0.1, 0.0]}
    montage = mne.channels.make_dig_montage(places, coord_frame="head")
    epochs = to_mne(responses, ["O1", "Oz"], times, montage=montage)
    assert isinstance(epochs, mne.BaseEpochs)
    np.testing.assert_allclose(epochs.get_data(), responses)
    assert epochs.info["chs"][0]["loc"][:3].tolist() == pytest.approx(places["O1"])
    assert epochs.info["sfreq"] == pytest.approx(200)
    np.testing.assert_allclose(epochs.times * 1000, times, atol=1e-9)
    assert epochs.events[:, 2].tolist() == [1, 2, 3, 4]
    evoked = to_mne(responses[0], ["O1", "Oz"], times)
    np.testing.assert_allclose(evoked.data, responses[0])


def test_a_simulation_becomes_a_continuous_recording():
    pytest.importorskip("mne", reason="the extra eeg is not installed")
    signals = np.random.default_rng(0).standard_normal((2, 500))
    times = 4.0 * np.arange(26, 526)  # ms
    raw = to_mne(signals, ["O1", "Oz"], times, montage="biosemi64", continuous=True)
    assert raw.info["sfreq"] == 250.0
    assert (raw.first_samp, len(raw.times)) == (26, 500)
    np.testing.assert_array_equal(raw.get_data(), signals)
    with pytest.raises(ValueError, match=r"shape \(1, 2, 500\); expected \(n_channels"):
        to_mne(signals[None], ["O1", "Oz"], times, continuous=True)


@pytest.mark.parametrize(
    ("shape", "times", "match"),
    [
        ((2, 4, 2, 3), [0.0, 5, 10], "repeats='mean'"),
        ((2, 3), [0.0, 5, 20], "steps of 5 to 15 ms"),
        ((2, 1), [0.0], "two or more times"),
    ],
)
def test_responses_that_mne_cannot_hold(shape, times, match):
    pytest.importorskip("mne")
    with pytest.raises(ValueError, match=match):
        to_mne(np.zeros(shape), ["a", "b"], times)


@pytest.mark.parametrize(
    ("function", "module", "extra"),
    [
        (lambda: to_nifti([1], [[[1]]]), "nibabel", "plot"),
        (lambda: to_gifti([1], "left"), "nibabel", "plot"),
        (lambda: to_mne([[1]], ["a"], [0]), "mne", "eeg"),
    ],
)
def test_missing_libraries_say_how_to_get_them(monkeypatch, function, module, extra):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=rf'needs {module}; .*"skneuro\[{extra}\]"'):
        function()


def test_labels_follow_the_axes():
    table = pd.DataFrame({"roi": ["V1", "V2", "V1"], "r2": [0.1, 0.2, 0.3]})
    labelled = to_xarray(np.arange(6.0).reshape(2, 3), table, images=["cat", "dog"])
    chosen = labelled.sel(image="dog").where(labelled.roi == "V1", drop=True)
    assert chosen.values.tolist() == [3, 5]
    eeg = to_xarray(np.zeros((1, 4, 2, 3)), ch_names=["O1", "O2"], times=[0, 5, 10])
    assert eeg.dims == ("image", "repeat", "channel", "time")
    assert eeg.time.attrs["units"] == "ms"
    assert to_xarray(np.zeros((1, 2, 3)), table[:2]).roi.dims == ("channel",)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"images": ["one"]}, r"image has shape \(1,\).*one label for each image"),
        ({"times": [0.0]}, "one label for each time"),
    ],
)
def test_labels_that_do_not_fit(arguments, match):
    with pytest.raises(ValueError, match=match):
        to_xarray(np.zeros((2, 3)), **arguments)
    with pytest.raises(ValueError, match="expected"):
        to_xarray(np.zeros(3))
