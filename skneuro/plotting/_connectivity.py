"""Connectivity matrices as images."""

import numpy as np

from skneuro.metrics import vector_to_connectivity
from skneuro.plotting._axes import check_labels, get_axes, label_ticks, size_of


def read_matrix(connectivity):
    """Read a matrix or node pairs, with the labels that they carry.

    Parameters
    ----------
    connectivity : array-like, DataFrame or DataArray
        Matrix of shape (n_nodes, n_nodes), or node pairs.

    Returns
    -------
    matrix : ndarray of shape (n_nodes, n_nodes)
        Floats.
    labels : list of str or None
        Labels of the nodes, where the data carry them.

    Raises
    ------
    ValueError
        If the matrix is not square.
    """
    labels = None
    if hasattr(connectivity, "columns"):  # pandas
        labels = [str(label) for label in connectivity.index]
    elif hasattr(connectivity, "dims") and hasattr(connectivity, "coords"):  # xarray
        coordinate = connectivity.coords.get(connectivity.dims[0])
        if coordinate is not None and connectivity.ndim == 2:
            labels = [str(label) for label in coordinate.values]
    matrix = np.asarray(connectivity, np.float64)
    if matrix.ndim == 1:
        correlations = np.nanmax(np.abs(matrix), initial=0) <= 1
        matrix = vector_to_connectivity(matrix, diagonal=float(correlations))
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or len(matrix) < 2:
        raise ValueError(
            f"connectivity has shape {matrix.shape}; expected (n_nodes, n_nodes) or "
            "node pairs. Select one sample: connectivity[0]."
        )
    return matrix, labels


def is_correlation(matrix):
    """Whether a matrix has ones on the diagonal and nothing beyond one elsewhere.

    Parameters
    ----------
    matrix : ndarray of shape (n_nodes, n_nodes)
        Floats.

    Returns
    -------
    bool
        Whether it looks like a correlation matrix.
    """
    return np.allclose(np.diag(matrix), 1) and np.nanmax(np.abs(matrix)) <= 1 + 1e-6


def plot_connectivity_matrix(
    connectivity,
    *,
    labels=None,
    groups=None,
    ax=None,
    log=False,
    cmap=None,
    vmin=None,
    vmax=None,
    colorbar=True,
    colorbar_label=None,
):
    """Plot a connectivity matrix as an image.

    Correlation matrices, recognised by ones on the diagonal, and matrices with negative
    entries get a diverging colour map that is symmetric around zero, unless ``vmin`` is
    zero or more; others start at zero. Colour limits come from the entries off the
    diagonal. A diagonal that holds one and the same value everywhere says nothing, and
    is left blank.

    Parameters
    ----------
    connectivity : array-like of shape (n_nodes, n_nodes) or (n_pairs,)
        Structural or functional connectivity, or node pairs as
        :class:`skneuro.metrics.FunctionalConnectivity` returns them. DataFrames and
        DataArrays bring their labels.
    labels : array-like of str of shape (n_nodes,), default=None
        Names of the nodes. As many are shown as there is room for.
    groups : array-like of str of shape (n_nodes,), default=None
        Hemisphere, lobe or network of each node. Nodes are sorted by group, in the
        order in which the groups first appear; lines part the groups and their names
        replace the labels.
    ax : matplotlib.axes.Axes, default=None
        Axes to draw on; None opens a new figure.
    log : bool, default=False
        Whether colours follow the logarithm, as lognormal weights want; entries that
        are not positive are left blank.
    cmap : str or matplotlib.colors.Colormap, default=None
        Colour map; None chooses as described above.
    vmin : float, default=None
        Value of the first colour; None chooses as described above.
    vmax : float, default=None
        Value of the last colour; None chooses as described above.
    colorbar : bool, default=True
        Whether to draw a colour bar.
    colorbar_label : str, default=None
        What the colours mean, with unit; None says correlation or connectivity.

    Returns
    -------
    matplotlib.axes.Axes
        Axes that hold the image.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If the matrix is not square, labels or groups are too many or too few, or
        ``log=True`` and no entry is positive.

    See Also
    --------
    skneuro.metrics.functional_connectivity : Computes such matrices.

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.metrics import functional_connectivity
    >>> from skneuro.plotting import plot_connectivity_matrix
    >>> X = np.random.default_rng(0).standard_normal((4, 100)).cumsum(axis=1)
    >>> ax = plot_connectivity_matrix(
    ...     functional_connectivity(X), labels=["V1", "V2", "V4", "MT"]
    ... )
    >>> [tick.get_text() for tick in ax.get_yticklabels()]
    ['V1', 'V2', 'V4', 'MT']
    >>> ax.figure.savefig("fc.png")
    """
    matrix, own_labels = read_matrix(connectivity)
    n_nodes = len(matrix)
    labels = check_labels(own_labels if labels is None else labels, n_nodes)
    groups = check_labels(groups, n_nodes, "groups")
    ax = get_axes(ax, "plot_connectivity_matrix", (5.4, 4.4), "compressed")

    if groups is not None:
        names = list(dict.fromkeys(groups))
        order = np.argsort([names.index(group) for group in groups], kind="stable")
        matrix = matrix[np.ix_(order, order)]
    correlation = is_correlation(matrix)
    diagonal = np.eye(n_nodes, dtype=bool)
    blank = ~np.isfinite(matrix)
    if np.ptp(np.diag(matrix)) == 0:
        blank |= diagonal
    if log:
        blank |= matrix <= 0
    shown = np.ma.masked_array(matrix, blank)
    if shown.count() == 0:
        raise ValueError(
            "connectivity has no entry to show; expected finite"
            f"{', positive' if log else ''} entries off the diagonal. "
            f"{'Pass log=False.' if log else 'Replace NaN first.'}"
        )
    off_diagonal = shown[~diagonal].compressed() if n_nodes > 1 else shown
    diverging = (
        not log
        and (correlation or off_diagonal.min(initial=0) < 0)
        and (vmin is None or vmin < 0)
    )
    image = draw_image(ax, shown, off_diagonal, diverging, log, cmap, vmin, vmax)

    directed = not np.allclose(matrix, matrix.T, equal_nan=True)
    ax.set(
        xlabel="From node" if directed else "Node",
        ylabel="To node" if directed else "Node",
    )
    if groups is not None:
        mark_groups(ax, groups, names, "0.15" if diverging else "white")
    elif labels is not None:
        # the labels themselves will take room from the image
        side = 0.85 * min(size_of(ax))
        axes = [ax.xaxis, ax.yaxis]
        label_ticks(axes, np.arange(n_nodes), labels, length=side)
    if groups is not None or labels is not None:
        ax.tick_params(length=0)
        if not directed:  # the names say what the axes are
            ax.set(xlabel="", ylabel="")
    if colorbar:
        if colorbar_label is None:
            colorbar_label = "Correlation" if correlation else "Connectivity"
        # an inset is exactly as high as the image
        bar = ax.figure.colorbar(image, cax=ax.inset_axes([1.03, 0, 0.045, 1]))
        bar.set_label(colorbar_label)
        bar.outline.set_linewidth(0.5)
    return ax


def draw_image(ax, shown, off_diagonal, diverging, log, cmap, vmin, vmax):
    """Draw the matrix with colours that suit it.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Axes to draw on.
    shown : masked array of shape (n_nodes, n_nodes)
        Matrix, masked where it is to stay blank.
    off_diagonal : ndarray of shape (n_entries,)
        Entries that set the limits.
    diverging : bool
        Whether colours are symmetric around zero.
    log : bool
        Whether colours follow the logarithm.
    cmap : str, matplotlib.colors.Colormap or None
        Colour map, or None to choose.
    vmin, vmax : float or None
        Limits, or None to choose.

    Returns
    -------
    matplotlib.image.AxesImage
        The image.
    """
    import matplotlib as mpl
    from matplotlib.colors import LogNorm, Normalize

    high = float(np.max(off_diagonal, initial=-np.inf))
    low = float(np.min(off_diagonal, initial=np.inf))
    if not len(off_diagonal):
        low, high = float(shown.min()), float(shown.max())
    if diverging:
        # one given limit is mirrored, so that zero stays in the middle
        given = [abs(v) for v in (vmin, vmax) if v is not None]
        high = max(given) if given else max(abs(low), abs(high)) or 1.0
        low = -high
    elif not log:
        low = 0.0
    low = low if vmin is None else vmin
    high = high if vmax is None else vmax
    if high <= low:  # all entries are equal
        low, high = (low / 2, 2 * low) if log else (low, low + 1)
    if cmap is None:
        cmap = "RdBu_r" if diverging else "viridis"
    cmap = mpl.colormaps[cmap] if isinstance(cmap, str) else cmap
    cmap = cmap.with_extremes(bad="0.88")
    norm = LogNorm(low, high) if log else Normalize(low, high)
    return ax.imshow(shown, cmap=cmap, norm=norm, interpolation="nearest")


def mark_groups(ax, groups, names, color):
    """Part the groups by lines and write their names at their centres.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Axes that hold the image.
    groups : list of str
        Group of each node, in the original order.
    names : list of str
        Groups in the order of the image.
    color : str
        Colour of the lines.
    """
    sizes = np.array([groups.count(name) for name in names])
    ends = np.cumsum(sizes) - 0.5
    for end in ends[:-1]:
        ax.axhline(end, color=color, linewidth=0.8)
        ax.axvline(end, color=color, linewidth=0.8)
    centres = ends - sizes / 2
    longest = max(len(name) for name in names) * len(names)
    label_ticks(
        [ax.xaxis, ax.yaxis],
        centres,
        names,
        length=0.85 * min(size_of(ax)),
        turn_x=longest > 35,  # characters that fit below an image of usual size
    )
