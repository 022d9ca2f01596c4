"""Regions in the glass brain and on the cortex, still and moving."""

import numpy as np
import pytest
import xarray
from matplotlib.animation import FFMpegWriter
from PIL import Image

from skneuro.datasets import load_atlas_labels
from skneuro.plotting import animate_activity, plot_on_brain

REGIONS = load_atlas_labels("aal2").query("group == 'cortex'")
COORDS = REGIONS[["x", "y", "z"]].to_numpy()


def discs(panel):
    (collection,) = [c for c in panel.collections if len(c.get_offsets()) > 1]
    return np.asarray(collection.get_offsets()), np.asarray(collection.get_array())


def test_panels_show_the_regions_of_their_side(make_axes):
    values = np.arange(80.0)
    ax = make_axes(8, 3)
    assert plot_on_brain(values, COORDS, ax=ax, label="number") is ax
    left, top, right = ax.child_axes
    for panel, mine, axes in (
        (left, COORDS[:, 0] <= 0, [1, 2]),
        (right, COORDS[:, 0] >= 0, [1, 2]),
        (top, np.ones(80, bool), [0, 1]),
    ):
        places, shown = discs(panel)
        order = np.argsort(shown)
        np.testing.assert_array_equal(shown[order], values[mine])
        np.testing.assert_allclose(places[order], COORDS[mine][:, axes])
    assert left.xaxis_inverted()
    assert not right.xaxis_inverted()


def test_large_values_lie_on_top():
    values = np.random.default_rng(0).standard_normal(80)
    ax = plot_on_brain(values, COORDS, views="side")
    _, shown = discs(ax.child_axes[0])
    assert (np.diff(np.abs(shown)) >= 0).all()


def test_cortex_takes_the_value_of_the_nearest_region():
    side = (REGIONS["hemisphere"] == "right").to_numpy(float)
    ax = plot_on_brain(side, COORDS, kind="surface", views="right", vmin=0, vmax=1)
    (panel,) = ax.child_axes
    assert panel.name == "3d"
    with pytest.raises(ValueError, match="no vertex of the left cortex is within"):
        plot_on_brain(side, COORDS + 500.0 * (COORDS > 0), kind="surface", radius=0.1)


def test_a_film_has_one_frame_per_time_point(tmp_path):
    X = np.sin(np.linspace(0, 6, 5) + np.arange(80)[:, None])
    path = tmp_path / "waves.gif"
    film = animate_activity(X, COORDS, dt=2.0, path=path, fps=10, views="top")
    with Image.open(path) as image:
        assert image.n_frames == 5
        assert image.info["duration"] == 100
        frames = []
        for k in range(5):
            image.seek(k)
            frames.append(np.asarray(image.convert("RGB")).astype(int))
    assert np.abs(frames[0] - frames[3]).max() > 50
    ax = film._fig.axes[0]
    assert ax.get_title() == "8 ms"


@pytest.mark.skipif(not FFMpegWriter.isAvailable(), reason="ffmpeg is not installed")
def test_films_are_saved_as_mp4_too(tmp_path):
    X = np.sin(np.linspace(0, 6, 5) + np.arange(80)[:, None])
    path = tmp_path / "waves.mp4"
    animate_activity(X, COORDS, dt=2.0, path=path, fps=10, views="top")
    assert path.read_bytes()[4:8] == b"ftyp"


def test_films_take_times_from_labelled_series(tmp_path):
    series = xarray.DataArray(
        np.random.default_rng(0).standard_normal((3, 80)),
        dims=("time", "node"),
        coords={"time": [0.5, 1.0, 1.5]},
    )
    film = animate_activity(
        series, COORDS, views=("left", "front"), path=tmp_path / "film.gif"
    )
    assert film._fig.axes[0].get_title() == "1.5 ms"


def test_other_endings_say_so(tmp_path):
    X = np.zeros((80, 2))
    with pytest.raises(ValueError, match=r"expected a name in \.gif or \.mp4"):
        animate_activity(X, COORDS, path=tmp_path / "film.avi")
    with pytest.raises(ValueError, match=r"a folder that exists. Make .*nowhere"):
        animate_activity(X, COORDS, path=tmp_path / "nowhere" / "film.gif")
    with pytest.raises(ValueError, match="'fps' parameter"):
        animate_activity(X, COORDS, path=tmp_path / "film.gif", fps=0)
    if not FFMpegWriter.isAvailable():
        with pytest.raises(RuntimeError, match=r"needs ffmpeg.*save as \.gif"):
            animate_activity(X, COORDS, path=tmp_path / "film.mp4")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"values": np.zeros(79)}, r"shape \(79,\), but there are 80 coords"),
        ({"values": np.full(80, np.nan)}, "values hold NaN"),
        ({"coords": COORDS[:, :2]}, r"coords has shape \(80, 2\)"),
        ({"values": np.full(80, 1j)}, "dtype complex128; expected real numbers"),
        ({"values": ["a"] * 80}, "expected real numbers"),
        ({"kind": "flat"}, "'kind' parameter"),
        ({"vmin": 3.0, "vmax": 1.0}, "from 3 to 1; expected vmin below vmax"),
        ({"vmin": np.nan}, "'vmin' parameter"),
        ({"size": 0.0}, "'size' parameter"),
        ({"kind": "surface", "radius": -1.0}, "'radius' parameter"),
        ({"views": 3}, "'views' parameter"),
        ({"views": ("left", "back")}, "views=.*expected some of"),
        ({"kind": "surface", "views": "top"}, "left_medial"),
    ],
)
def test_wrong_input_says_so(change, message):
    kwargs = {"values": np.zeros(80), "coords": COORDS} | change
    with pytest.raises(ValueError, match=message):
        plot_on_brain(**kwargs)
