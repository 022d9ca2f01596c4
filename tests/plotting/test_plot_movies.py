"""Film strips, movie files and tuning curves."""

import shutil

import numpy as np
import pytest
from PIL import Image

from skneuro.plotting import plot_direction_tuning, plot_frames, save_movie
from skneuro.twin import direction_tuning


@pytest.fixture
def video():
    return np.random.default_rng(0).integers(256, size=(12, 7, 9), dtype=np.uint8)


def test_a_film_strip_shows_first_and_last_frame(video):
    ax = plot_frames(video, n_frames=3, sfreq=10.0)
    strip = np.asarray(ax.images[0].get_array())
    np.testing.assert_array_equal(strip[:, :9], video[0])
    np.testing.assert_array_equal(strip[:, -9:], video[-1])
    labels = [label.get_text() for label in ax.get_xticklabels()]
    assert labels == ["0.00", "0.60", "1.10"]


def test_a_gif_holds_all_frames(video, tmp_path):
    path = save_movie(tmp_path / "movie.gif", video, scale=2)
    with Image.open(path) as image:
        assert image.n_frames == 12
        assert image.size == (18, 14)
        assert image.info["duration"] == 30  # ms: 33 frames per second
        image.seek(5)
        np.testing.assert_array_equal(
            np.asarray(image.convert("L"))[::2, ::2], video[5]
        )


def test_an_mp4_needs_ffmpeg(video, tmp_path, monkeypatch):
    if shutil.which("ffmpeg"):
        assert save_movie(tmp_path / "movie.mp4", video).stat().st_size > 100
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(RuntimeError, match=r"needs the program ffmpeg.*\.gif"):
        save_movie(tmp_path / "movie.mp4", video)


def test_bad_movies_are_named(video, tmp_path):
    with pytest.raises(ValueError, match=r"float64 of shape \(12, 7, 9\)"):
        save_movie(tmp_path / "movie.gif", video / 255)
    with pytest.raises(ValueError, match=r"ends in '\.avi'"):
        save_movie(tmp_path / "movie.avi", video)
    with pytest.raises(ValueError, match=r"uint8 of shape \(12, 7\)"):
        plot_frames(video[..., 0])


def test_a_tuning_curve_runs_through_its_points():
    directions = np.arange(0, 360, 30)
    responses = 1 + np.exp(np.cos(np.radians(directions - 120)))
    tuning = direction_tuning(responses[:, None], directions).iloc[0]
    ax = plot_direction_tuning(directions, responses, tuning=tuning)
    points, curve, mark = ax.lines
    np.testing.assert_array_equal(points.get_ydata(), responses)
    assert mark.get_xdata()[0] == pytest.approx(120, abs=1)
    at = np.interp(directions, curve.get_xdata(), curve.get_ydata())
    np.testing.assert_allclose(at, responses, rtol=0.05)
    with pytest.raises(ValueError, match=r"responses has shape \(2,\)"):
        plot_direction_tuning(directions, responses[:2])
