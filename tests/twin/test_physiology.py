"""Experiments on twins: receptive fields, readout, optimal and reconstructed videos."""

import numpy as np
import pytest
import torch

from skneuro.datasets import make_movies, make_twin_data
from skneuro.twin import (
    most_exciting_video,
    readout_locations,
    readout_weights,
    receptive_fields,
    reconstruct_video,
)
from skneuro.twin._optimal_video import Pixels
from skneuro.twin._readout_maps import network_locations

pytestmark = pytest.mark.torch


class Eyes:
    """Neurons that see the mean of a patch: white, black or nothing excites them."""

    frame_size_ = (36, 64)
    centers = np.array([[10.0, 20.0], [26.0, 44.0], [18.0, 32.0]])  # rows, columns
    signs = np.array([1.0, -1.0, 0.0])

    def predict(self, videos, behavior=None):
        y, x = np.mgrid[:36, :64] + 0.5
        patches = np.exp(
            -((y - self.centers[:, 0, None, None]) ** 2) / 50
            - (x - self.centers[:, 1, None, None]) ** 2 / 18
        )
        seen = np.tensordot(videos / 127.5 - 1, patches, axes=((2, 3), (1, 2)))
        return np.maximum(self.signs * seen, 0).transpose(0, 2, 1) + 0.3


@pytest.fixture(scope="module")
def recording():
    return make_twin_data(
        n_neurons=4, n_trials=2, n_test_videos=1, duration=0.5, random_state=0
    )


def test_receptive_fields_are_where_neurons_look():
    fields = receptive_fields(Eyes(), grid=(9, 16), size=0.05)
    assert fields.on.shape == (3, 9, 16)
    truth = Eyes.centers[:, ::-1] * 2 / [64, 36] - 1
    np.testing.assert_allclose(fields.table[["x", "y"]][:2], truth[:2], atol=0.08)
    assert fields.on[0].sum() == pytest.approx(1, rel=1e-5)
    assert fields.off[1].sum() == pytest.approx(1, rel=1e-5)
    # dots are wide and overlap, so that some of the other polarity excites nothing
    assert not fields.off[0].any() and not fields.on[1].any()
    assert fields.table.loc[2].isna().all(), "what does not respond has no field"
    wide = receptive_fields(Eyes(), grid=(9, 16), size=0.2).table["selectivity"]
    assert (fields.table["selectivity"][:2] > wide[:2]).all()


def test_readout_locations_are_those_of_fnn(full_case):
    network, _, right = full_case
    places = network_locations(network, (144, 256))
    np.testing.assert_allclose(places, right["readout_location"], atol=2e-4)


def test_readout_of_a_twin_has_the_released_axes(recording):
    places = readout_locations(recording.twin)
    assert places.shape == (4, 2)
    assert np.nanmax(np.abs(places)) <= 1
    weights = readout_weights(recording.twin)
    feature = recording.twin.net_.module_.readout.feature
    np.testing.assert_array_equal(
        weights[:, 16:], feature.weights[1][:, 0].detach().numpy()
    )


def test_a_video_of_noise_excites_less_than_the_best(recording):
    twin = recording.twin
    before = {k: v.clone() for k, v in twin.net_.module_.state_dict().items()}
    found = most_exciting_video(
        twin, 1, n_frames=15, burn_in=8, n_steps=30, sample_stream=False
    )
    usual = twin.predict(recording.videos)[:, 1, 8:]
    assert found.response[0, 8:].mean() > 1.5 * usual.mean()
    assert found.loss_curve[-1] < 0.7 * found.loss_curve[0]
    assert found.video.shape == (15, 36, 64) and found.video.dtype == np.uint8
    again = most_exciting_video(
        twin, 1, n_frames=15, burn_in=8, n_steps=30, sample_stream=False
    )
    np.testing.assert_array_equal(again.video, found.video)
    for name, value in twin.net_.module_.state_dict().items():
        assert torch.equal(value, before[name]), "the twin is not changed"
    assert all(p.grad is None for p in twin.net_.module_.parameters())


def test_a_still_image_stays_still(recording):
    found = most_exciting_video(
        recording.twin, [0, 2], n_frames=12, still=True, n_steps=3, random_state=0
    )
    assert (found.video == found.video[0]).all()
    assert found.response.shape == (2, 12)


def test_penalties_make_videos_smooth(recording):
    def roughness(smoothness):
        video = most_exciting_video(
            recording.twin,
            n_frames=12,
            n_steps=10,
            smoothness=smoothness,
            spatial_std=2.0,
            random_state=0,
        ).video.astype(float)
        return np.abs(np.diff(video, axis=2)).mean() / video.std()

    assert roughness(10.0) < 0.7 * roughness(0)


def test_the_smoothing_filter_is_a_normalised_gaussian():
    pixels = Pixels((9, 40, 40), spatial_std=2.0, temporal_std=1.0)
    point = torch.zeros(9, 40, 40)
    point[4, 20, 20] = 1
    smooth = pixels.smooth(point)
    assert smooth.sum().item() == pytest.approx(1, rel=1e-5)
    ratio = smooth[4, 20, 22] / smooth[4, 20, 20]
    assert ratio.item() == pytest.approx(np.exp(-0.5), rel=1e-4)
    ratio = smooth[5, 20, 20] / smooth[4, 20, 20]
    assert ratio.item() == pytest.approx(np.exp(-0.5), rel=1e-4)
    flat = torch.ones(9, 40, 40)
    torch.testing.assert_close(pixels.smooth(flat), flat)  # edges are repeated


def test_a_reconstruction_explains_the_activity(recording):
    twin = recording.twin
    movie = make_movies(n_movies=1, duration=0.5, frame_size=(36, 64)).videos
    target = twin.predict(movie)[0]
    found = reconstruct_video(twin, target, n_steps=60, random_state=0)
    flat = twin.predict(np.full_like(movie, 128))[0]
    error, before = (np.square(r - target).mean() for r in (found.response, flat))
    assert error < 0.5 * before
    assert found.video.std() > 5


def test_bad_arguments_are_named(recording):
    with pytest.raises(ValueError, match=r"neurons=4, but .* 0 to 3"):
        most_exciting_video(recording.twin, 4)
    with pytest.raises(ValueError, match=r"burn_in=10 leaves none of 5 frames"):
        most_exciting_video(recording.twin, n_frames=5)
    with pytest.raises(ValueError, match=r"responses has shape \(3, 5\).*\(4, n_f"):
        reconstruct_video(recording.twin, np.ones((3, 5)))
