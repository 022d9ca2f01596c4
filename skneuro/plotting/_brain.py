"""Values of regions inside a glass brain or on the cortex, still or moving."""

from numbers import Real
from os import PathLike
from pathlib import Path

import numpy as np

from skneuro.plotting._axes import get_axes
from skneuro.plotting._surface import N_FSAVERAGE5, plot_on_fsaverage
from skneuro.plotting._timeseries import make_times
from skneuro.utils._param_validation import Interval, StrOptions, validate_params

# Direction of nilearn's glass brain, the coordinates to the right and up, and the width
# of the panel relative to its height.
_GLASS = {
    "left": ("l", (1, 2), 1.23),
    "right": ("r", (1, 2), 1.23),
    "side": ("x", (1, 2), 1.23),
    "top": ("z", (0, 1), 0.84),
    "front": ("y", (0, 2), 1.03),
}
_SURFACE = {
    "left": ("left", "lateral"),
    "right": ("right", "lateral"),
    "left_medial": ("left", "medial"),
    "right_medial": ("right", "medial"),
}

_POSITIVE = Interval(Real, 0, None, closed="neither")
_LIMIT = [Interval(Real, None, None, closed="neither"), None]
_COMMON = {
    "coords": ["array-like"],
    "views": [str, tuple, list, None],
    "size": [_POSITIVE],
    "vmin": _LIMIT,
    "vmax": _LIMIT,
    "label": [str, None],
}


@validate_params(
    {
        "values": ["array-like"],
        "kind": [StrOptions({"glass", "surface"})],
        "radius": [_POSITIVE],
        "colorbar": ["boolean"],
        **_COMMON,
    },
    prefer_skip_nested_validation=True,
)
def plot_on_brain(
    values,
    coords,
    *,
    kind="glass",
    views=None,
    size=60.0,
    radius=30.0,
    cmap="viridis",
    vmin=None,
    vmax=None,
    label=None,
    colorbar=True,
    ax=None,
):
    """Draw one number per region in the brain.

    In the glass brain regions are discs at their centres, the largest absolute value
    on top. On the cortex each vertex of fsaverage5 takes the value of the nearest
    centre of its hemisphere. nilearn brings outlines and mesh; nothing is downloaded.

    Parameters
    ----------
    values : array-like of shape (n_nodes,)
        One number per region.
    coords : array-like of shape (n_nodes, 3)
        Centres of the regions, in mm of MNI space, such as ``centroids`` of a
        connectome.
    kind : {"glass", "surface"}, default="glass"
        Glass brain, or inflated cortex.
    views : str or tuple of str, default=None
        Panels: ``"left"``, ``"right"`` and, in glass, ``"top"``, ``"front"`` and
        ``"side"`` (both hemispheres), on the cortex ``"left_medial"`` and
        ``"right_medial"``. None is left, top and right, or left and right.
    size : float, default=60.0
        Area of the discs, in points squared.
    radius : float, default=30.0
        Vertices of the cortex further from every centre stay bare, in mm.
    cmap : str or matplotlib.colors.Colormap, default="viridis"
        Colours.
    vmin, vmax : float, default=None
        Values of the first and last colour; None takes the smallest and largest.
    label : str, default=None
        What the values are, with their unit, beside the colour bar.
    colorbar : bool, default=True
        Whether to draw a colour bar.
    ax : matplotlib.axes.Axes, default=None
        Axes that the panels share; None opens a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Axes that hold the panels, its ``child_axes``.

    Raises
    ------
    ValueError
        If there is not one finite number per region, a view is unknown, or ``vmin`` is
        above ``vmax``.
    ImportError
        If matplotlib or nilearn is not installed.

    See Also
    --------
    animate_activity : The same over time.
    plot_on_fsaverage : One number per vertex.

    Examples
    --------
    >>> from skneuro.datasets import make_connectome
    >>> from skneuro.plotting import plot_on_brain
    >>> brain = make_connectome(n_nodes=20, random_state=0)
    >>> strength = brain.connectivity.sum(axis=1)
    >>> ax = plot_on_brain(strength, brain.centroids, label="strength")
    >>> len(ax.child_axes)
    3
    """
    _need_nilearn("plot_on_brain")
    coords = _check_coords(coords)
    values = _check_values(values, len(coords), 1)
    vmin, vmax = _limits(values, vmin, vmax)
    views = _check_views(views, kind)
    if kind == "glass":
        ax, panels = _glass_panels(ax, views, "plot_on_brain")
        discs = _draw_discs(panels, views, coords, size, cmap, vmin, vmax)
        _color_discs(discs, values)
        shown = discs[0][0]
    else:
        from matplotlib.cm import ScalarMappable
        from matplotlib.colors import Normalize

        ax = get_axes(ax, "plot_on_brain", (3.2 * len(views), 2.8))
        ax.set_axis_off()
        for i, view in enumerate(views):
            # larger than its share: nilearn leaves wide margins
            width = 1 / len(views)
            place = [(i - 0.15) * width, -0.15, 1.3 * width, 1.3]
            panel = ax.inset_axes(place, projection="3d")
            hemisphere, direction = _SURFACE[view]
            plot_on_fsaverage(
                _on_cortex(values, coords, hemisphere, radius),
                hemisphere=hemisphere,
                view=direction,
                cmap=cmap,
                vmin=vmin,
                vmax=vmax,
                colorbar=False,
                ax=panel,
            )
        shown = ScalarMappable(Normalize(vmin, vmax), cmap)
    if colorbar:
        _add_colorbar(ax, shown, label)
    return ax


@validate_params(
    {
        "X": ["array-like"],
        "path": [str, PathLike, None],
        "fps": [_POSITIVE],
        **_COMMON,
    },
    prefer_skip_nested_validation=True,
)
def animate_activity(
    X,
    coords,
    *,
    times=None,
    dt=None,
    t_r=None,
    path=None,
    fps=20,
    views=None,
    size=60.0,
    cmap="viridis",
    vmin=None,
    vmax=None,
    label=None,
    ax=None,
):
    """Let activity move over a glass brain, as a film of one frame per time point.

    Parameters
    ----------
    X : array-like of shape (n_nodes, n_times)
        Activity. A DataArray with the dimension ``time`` brings its times, in ms.
    coords : array-like of shape (n_nodes, 3)
        Centres of the regions, in mm of MNI space.
    times : array-like of shape (n_times,), default=None
        Time of each frame, in ms, for the title.
    dt : float, default=None
        Time step, in ms, instead of ``times``.
    t_r : float, default=None
        Repetition time, in s, instead of ``times``.
    path : str or Path, default=None
        Where to save the film: ``.gif``, or ``.mp4`` where ffmpeg is installed. None
        does not save it.
    fps : int, default=20
        Frames per second of the film.
    views : str or tuple of str, default=None
        Panels, as for `plot_on_brain` in glass.
    size : float, default=60.0
        Area of the discs, in points squared.
    cmap : str or matplotlib.colors.Colormap, default="viridis"
        Colours.
    vmin, vmax : float, default=None
        Values of the first and last colour; None takes the smallest and largest of all
        frames.
    label : str, default=None
        What is shown, with its unit, beside the colour bar.
    ax : matplotlib.axes.Axes, default=None
        Axes that the panels share; None opens a new figure.

    Returns
    -------
    matplotlib.animation.FuncAnimation
        Film; keep it as long as it is shown. ``to_jshtml()`` shows it in a notebook.

    Raises
    ------
    ValueError
        If shapes do not agree, X is not finite, the path has another ending or its
        folder does not exist, or ``vmin`` is above ``vmax``.
    ImportError
        If matplotlib or nilearn is not installed.
    RuntimeError
        If ffmpeg is needed and not installed.

    See Also
    --------
    plot_on_brain : One moment.

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.plotting import animate_activity
    >>> waves = np.sin(np.linspace(0, 6, 8) + np.array([[0.0], [1.5], [3.0]]))
    >>> centres = [[-40, 20, 30], [0, -60, 50], [40, 20, 30]]
    >>> film = animate_activity(waves, centres, dt=10.0, path="waves.gif", views="top")
    """
    _need_nilearn("animate_activity")
    from matplotlib.animation import FuncAnimation

    coords = _check_coords(coords)
    own_times = None
    if "time" in getattr(X, "dims", ()):
        X = X.transpose(..., "time")
        own_times = np.asarray(X["time"].values, float) if "time" in X.coords else None
    X = _check_values(X, len(coords), 2)
    writer = None if path is None else _make_writer(Path(path), fps)
    times, time_label = make_times(times, dt, t_r, own_times, X.shape[1])
    unit = time_label.partition("(")[2].rstrip(")")
    vmin, vmax = _limits(X, vmin, vmax)
    views = _check_views(views, "glass")
    ax, panels = _glass_panels(ax, views, "animate_activity")
    discs = _draw_discs(panels, views, coords, size, cmap, vmin, vmax)
    _color_discs(discs, X[:, 0])
    _add_colorbar(ax, discs[0][0], label)

    def show(frame):
        _color_discs(discs, X[:, frame])
        now = f"{times[frame]:.6g} {unit}" if unit else f"time point {frame}"
        ax.set_title(now)
        return [collection for collection, _ in discs]

    show(0)
    film = FuncAnimation(
        ax.figure, show, frames=X.shape[1], interval=1000 / fps, blit=False
    )
    if writer is not None:
        film.save(str(path), writer=writer)
    return film


def _need_nilearn(caller):
    try:
        import matplotlib  # noqa: F401
        import nilearn.plotting  # noqa: F401
    except ImportError as exc:
        raise ImportError(
            f'{caller} needs matplotlib and nilearn; pip install "skneuro[plot]".'
        ) from exc


def _check_coords(coords):
    coords = np.asarray(coords, np.float64)
    if coords.ndim != 2 or coords.shape[1] != 3 or not np.isfinite(coords).all():
        raise ValueError(
            f"coords has shape {coords.shape}; expected (n_nodes, 3), finite, in mm: x "
            "to the right, y to the front, z up."
        )
    return coords


def _check_values(values, n_nodes, ndim):
    values = np.asarray(values)
    if values.dtype.kind not in "fiub":
        raise ValueError(
            f"values have dtype {values.dtype}; expected real numbers, one per region. "
            "Draw the amplitude or the phase of complex ones."
        )
    values = values.astype(np.float64)
    expected = f"({n_nodes},)" if ndim == 1 else f"({n_nodes}, n_times)"
    if values.ndim != ndim or len(values) != n_nodes or values.size == 0:
        raise ValueError(
            f"values have shape {values.shape}, but there are {n_nodes} coords; "
            f"expected {expected}."
        )
    if not np.isfinite(values).all():
        raise ValueError("values hold NaN or infinity; leave such regions out.")
    return values


def _check_views(views, kind):
    known = _GLASS if kind == "glass" else _SURFACE
    if views is None:
        views = ("left", "top", "right") if kind == "glass" else ("left", "right")
    views = (views,) if isinstance(views, str) else tuple(views)
    unknown = [view for view in views if view not in known]
    if unknown or not views:
        raise ValueError(
            f"views={views!r}; expected some of {list(known)} for kind={kind!r}."
        )
    return views


def _limits(values, vmin, vmax):
    low = values.min() if vmin is None else vmin
    high = values.max() if vmax is None else vmax
    if low > high:
        raise ValueError(
            f"colours go from {low:g} to {high:g}; expected vmin below vmax. Pass both."
        )
    return low, high


def _glass_panels(ax, views, caller):
    """Draw the outlines of a glass brain, one panel per view."""
    from nilearn.plotting.displays import GlassBrainAxes

    widths = np.array([_GLASS[view][2] for view in views])
    ax = get_axes(ax, caller, (2.3 * widths.sum() + 0.7, 2.4))
    ax.set_axis_off()
    starts = np.concatenate([[0], np.cumsum(widths)]) / widths.sum()
    panels = []
    for view, start, width in zip(views, starts, np.diff(starts), strict=False):
        panel = ax.inset_axes([start, 0.0, width, 1.0])
        direction, _, _ = _GLASS[view]
        GlassBrainAxes(panel, direction, 0)
        panel.set_aspect("equal")
        panel.set_axis_off()
        if direction == "l" and not panel.xaxis_inverted():
            panel.invert_xaxis()
        panels.append(panel)
    return ax, panels


def _draw_discs(panels, views, coords, size, cmap, vmin, vmax):
    """Draw a disc per node and panel; values come later."""
    discs = []
    for panel, view in zip(panels, views, strict=True):
        direction, (right, up), _ = _GLASS[view]
        shown = np.ones(len(coords), bool)
        if direction in "lr":
            shown = coords[:, 0] <= 0 if direction == "l" else coords[:, 0] >= 0
        here = np.flatnonzero(shown)
        collection = panel.scatter(
            coords[here, right],
            coords[here, up],
            s=size,
            c=np.zeros(len(here)),
            cmap=cmap,
            vmin=vmin,
            vmax=vmax,
            edgecolors="0.3",
            linewidths=0.3,
            zorder=1000,  # above the outlines
        )
        discs.append((collection, here))
    return discs


def _color_discs(discs, values):
    """Colour the discs by value, the largest on top."""
    for collection, here in discs:
        order = np.argsort(np.abs(values[here]), kind="stable")
        if not hasattr(collection, "_places"):
            collection._places = np.asarray(collection.get_offsets())
        collection.set_offsets(collection._places[order])
        collection.set_array(values[here][order])


def _add_colorbar(ax, shown, label):
    bar = ax.figure.colorbar(shown, ax=ax, shrink=0.7, pad=0.02, aspect=15)
    if label is not None:
        bar.set_label(label)


def _on_cortex(values, coords, hemisphere, radius):
    """Give each vertex of fsaverage5 the value of the nearest centre."""
    from nilearn import datasets
    from scipy.spatial import cKDTree

    mine = coords[:, 0] <= 0 if hemisphere == "left" else coords[:, 0] >= 0
    mesh = datasets.load_fsaverage("fsaverage5")["pial"].parts[hemisphere]
    on_vertices = np.full(N_FSAVERAGE5, np.nan)
    if mine.any():
        distance, nearest = cKDTree(coords[mine]).query(mesh.coordinates)
        near = distance <= radius
        on_vertices[near] = values[mine][nearest[near]]
    if np.isnan(on_vertices).all():
        raise ValueError(
            f"no vertex of the {hemisphere} cortex is within radius={radius:g} mm of a "
            "centre; expected coords in mm of MNI space. Pass a larger radius."
        )
    return on_vertices


def _make_writer(path, fps):
    """Return the writer for the ending of a path."""
    from matplotlib.animation import FFMpegWriter, PillowWriter

    ending = path.suffix.lower()
    if ending not in (".gif", ".mp4"):
        raise ValueError(f"path is {str(path)!r}; expected a name in .gif or .mp4.")
    if not path.parent.is_dir():
        raise ValueError(
            f"path is {str(path)!r}; expected a folder that exists. Make "
            f"{str(path.parent)!r} first."
        )
    if ending == ".gif":
        return PillowWriter(fps=fps)
    if not FFMpegWriter.isAvailable():
        raise RuntimeError(
            f"{path.name} needs ffmpeg, which is not installed; save as .gif instead."
        )
    return FFMpegWriter(fps=fps)
