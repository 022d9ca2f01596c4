"""Responses on the cortical surface."""

import numpy as np

N_FSAVERAGE, N_FSAVERAGE5 = 163_842, 10_242


def plot_on_fsaverage(
    values,
    *,
    vertex=None,
    hemisphere="left",
    view="lateral",
    surface="inflated",
    cmap="viridis",
    vmin=None,
    vmax=None,
    label=None,
    colorbar=True,
    ax=None,
):
    """Draw numbers of vertices on one hemisphere of the average brain.

    The mesh is fsaverage5, which nilearn carries, so nothing is downloaded. Its 10,242
    vertices are the first of the 163,842 of fsaverage: of values on fsaverage, one in
    sixteen is shown.

    Parameters
    ----------
    values : array-like of shape (n_vertices,)
        One number per vertex, such as predicted responses or noise ceilings; NaN is
        not coloured.
    vertex : array-like of int of shape (n_vertices,), default=None
        Number of each vertex on fsaverage. None: all vertices of fsaverage or
        fsaverage5, in order.
    hemisphere : {"left", "right"}, default="left"
        Side that the values belong to.
    view : str, default="lateral"
        From where to look: "lateral", "medial", "ventral", "dorsal", "anterior" or
        "posterior".
    surface : {"inflated", "pial", "white_matter", "flat"}, default="inflated"
        Shape of the cortex.
    cmap : str or matplotlib.colors.Colormap, default="viridis"
        Colours.
    vmin, vmax : float, default=None
        Values of the first and last colour; None takes the smallest and largest.
    label : str, default=None
        Title, with the unit of the values.
    colorbar : bool, default=True
        Whether to draw a colour bar.
    ax : mpl_toolkits.mplot3d.Axes3D, default=None
        Where to draw, with 3-D projection; None opens a new figure.

    Returns
    -------
    mpl_toolkits.mplot3d.Axes3D
        Axes with the surface.

    Raises
    ------
    ValueError
        If there is not one value per vertex, or none on fsaverage5.
    ImportError
        If matplotlib or nilearn is not installed.

    See Also
    --------
    plot_encoding_accuracy : Scores by region.

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.plotting import plot_on_fsaverage
    >>> ax = plot_on_fsaverage([1.0, 2.0], vertex=[5, 9000], label="response (z)")
    >>> ax.get_title()
    'response (z)'
    """
    try:
        from matplotlib import pyplot as plt
        from nilearn import datasets, plotting
    except ImportError as exc:
        raise ImportError(
            'plot_on_fsaverage needs nilearn; pip install "skneuro[plot]".'
        ) from exc
    shown = _on_fsaverage5(np.asarray(values, np.float64), vertex)
    if ax is None:
        _, ax = plt.subplots(figsize=(4.5, 3.6), subplot_kw={"projection": "3d"})
    if hemisphere not in ("left", "right"):
        raise ValueError(f"hemisphere is {hemisphere!r}; expected 'left' or 'right'.")
    mesh = datasets.load_fsaverage("fsaverage5")[surface].parts[hemisphere]
    folds = datasets.load_fsaverage_data(mesh="fsaverage5", data_type="sulcal")
    finite = shown[np.isfinite(shown)]
    plotting.plot_surf_stat_map(
        mesh,
        shown,
        bg_map=folds.data.parts[hemisphere],
        hemi=hemisphere,
        view=view,
        cmap=cmap,
        vmin=finite.min() if vmin is None else vmin,
        vmax=finite.max() if vmax is None else vmax,
        symmetric_cbar=False,
        colorbar=colorbar,
        engine="matplotlib",
        axes=ax,
        figure=ax.figure,
    )
    if label is not None:
        ax.set_title(label, y=0.9)
    return ax


def _on_fsaverage5(values, vertex):
    """Bring values onto the vertices of fsaverage5, NaN where there are none."""
    if values.ndim != 1:
        raise ValueError(
            f"values have shape {values.shape}; expected (n_vertices,): one image. "
            "Select one row."
        )
    if vertex is None:
        if len(values) not in (N_FSAVERAGE, N_FSAVERAGE5):
            raise ValueError(
                f"there are {len(values)} values; expected {N_FSAVERAGE} (fsaverage) "
                f"or {N_FSAVERAGE5} (fsaverage5) of one hemisphere. Pass vertex=, the "
                "number of each."
            )
        shown = values[:N_FSAVERAGE5].copy()
    else:
        vertex = np.asarray(vertex)
        bad = vertex.shape != values.shape or vertex.dtype.kind not in "iu"
        if bad or (vertex < 0).any() or (vertex >= N_FSAVERAGE).any():
            raise ValueError(
                f"vertex has shape {vertex.shape} and dtype {vertex.dtype}; expected "
                f"{values.shape}: whole numbers from 0 to {N_FSAVERAGE - 1}."
            )
        shown = np.full(N_FSAVERAGE5, np.nan)
        kept = vertex < N_FSAVERAGE5
        shown[vertex[kept]] = values[kept]
    if not np.isfinite(shown).any():
        raise ValueError(
            "no value lies on a vertex of fsaverage5, the first "
            f"{N_FSAVERAGE5} of fsaverage; expected finite values on some."
        )
    return shown
