"""Movies: angles, frequencies and directions are what was asked for."""

import numpy as np
import pytest

from skneuro.datasets import make_movies, make_twin_data


def test_gratings_have_their_temporal_and_spatial_frequency():
    movies = make_movies(
        n_movies=1, duration=3.0, temporal_frequency=3.0, spatial_frequency=0.05
    )
    pixel = movies.videos[0, :, 72, 128].astype(float)
    power = np.abs(np.fft.rfft(pixel - pixel.mean()))
    assert np.fft.rfftfreq(90, 1 / 30)[power.argmax()] == pytest.approx(3.0)
    row = movies.videos[0, 0, 72].astype(float)
    x = (2 * np.arange(256) + 1) / 256 - 1
    degrees = np.degrees(np.arctan2(x, 0.5))
    basis = np.exp(2j * np.pi * 0.05 * degrees)
    assert abs(np.corrcoef(row, basis.real)[0, 1]) > 0.99


def test_a_grating_of_0_degrees_moves_right_and_of_90_up():
    movies = make_movies(n_movies=2, directions=[0, 90], frame_size=(36, 64))
    first, second = movies.videos[:, :2].astype(float)[:, :, :]
    shift = [np.sum(first[0] * np.roll(first[1], s, axis=1)) for s in (-1, 0, 1)]
    assert np.argmax(shift) == 0, "moved back to the left, it looks as before"
    shift = [np.sum(second[0] * np.roll(second[1], s, axis=0)) for s in (-1, 0, 1)]
    assert np.argmax(shift) == 2, "moved back down"


@pytest.mark.parametrize("kind", ["gratings", "gabors", "noise", "dots"])
def test_movies_depend_on_the_seed_alone(kind):
    options = {"n_movies": 2, "duration": 0.2, "frame_size": (36, 64)}
    a, b, c = (
        make_movies(kind, random_state=seed, **options).videos for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(a, b)
    assert a.dtype == np.uint8 and a.shape == (2, 6, 36, 64)
    assert a.std() > 5
    if kind != "gratings":
        assert not np.array_equal(a, c)


def test_a_movie_without_frames_is_refused():
    with pytest.raises(ValueError, match=r"duration=0\.01 s has no frame"):
        make_movies(duration=0.01)
    for directions in ([], [np.nan], [[0.0]]):
        with pytest.raises(ValueError, match="expected at least one finite angle"):
            make_movies(directions=directions)


def test_neurons_of_a_known_core_have_that_core():
    options = {"n_trials": 1, "n_test_videos": 1, "duration": 0.2, "random_state": 0}
    known = make_twin_data(2, **options).twin
    new = make_twin_data(3, core=known, **options)
    for name, value in new.twin.net_.module_.state_dict().items():
        if not name.startswith("readout."):
            assert value.equal(known.net_.module_.state_dict()[name])
    np.testing.assert_allclose(new.twin.predict(new.videos).shape, (1, 3, 6))
    assert new.responses.mean() == pytest.approx(1, abs=0.3)
    silent = make_twin_data(2, count=None, **options)
    np.testing.assert_array_equal(
        silent.test_responses[0], silent.test_rates[0], strict=True
    )
