"""Rate maps of many units."""

import numpy as np

from skneuro.plotting._axes import check_labels, get_axes


def plot_rate_maps(maps, *, titles=None, n_columns=None, normalize=True, ax=None):
    """Plot rate maps beside each other.

    Parameters
    ----------
    maps : array-like of shape (n_units, n_rows, n_columns)
        What :func:`skneuro.metrics.rate_maps` returned; NaN, not visited, stays white.
        The first row is at the bottom.
    titles : array-like of str of shape (n_units,), default=None
        Text over each map, such as its information.
    n_columns : int, default=None
        Maps per row; None makes about a square.
    normalize : bool, default=True
        Whether each map has its own colours, from 0 to its peak.
    ax : matplotlib.axes.Axes, default=None
        Axes to draw on; None opens a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Axes that hold one image per map; with common colours, a colour bar beside.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If maps are no maps or titles are too many or too few.

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.plotting import plot_rate_maps
    >>> ax = plot_rate_maps(np.random.default_rng(0).random((6, 10, 10)))
    >>> len(ax.images)
    6
    """
    maps = np.asarray(maps, np.float64)
    if maps.ndim != 3 or 0 in maps.shape:
        raise ValueError(
            f"maps has shape {maps.shape}; expected (n_units, n_rows, n_columns)."
        )
    titles = check_labels(titles, len(maps), "titles")
    n_columns = int(np.ceil(np.sqrt(len(maps)))) if n_columns is None else n_columns
    n_rows = -(-len(maps) // n_columns)
    ax = get_axes(ax, "plot_rate_maps", (1.1 * n_columns, 1.2 * n_rows), "compressed")
    height = maps.shape[1] / maps.shape[2]
    gap = 0.12 if titles is None else 0.28 * max(height, 1)
    top = np.nanmax(maps)
    for i, rates in enumerate(maps):
        column, row = i % n_columns, i // n_columns
        left, bottom = column * 1.12, -row * (height + gap)
        peak = np.nanmax(rates, initial=0.0) if normalize else top
        image = ax.imshow(
            rates,
            origin="lower",
            extent=(left, left + 1, bottom, bottom + height),
            cmap="viridis",
            vmin=min(0.0, np.nanmin(rates if normalize else maps)),
            vmax=peak if peak > 0 else 1.0,
        )
        if titles is not None:
            ax.text(
                left + 0.5, bottom + height, titles[i], ha="center", va="bottom", size=7
            )
    ax.set(
        xlim=(-0.05, n_columns * 1.12 - 0.07),
        ylim=(-(n_rows - 1) * (height + gap) - 0.05, height + gap),
        aspect="equal",
    )
    ax.set_axis_off()
    if not normalize:
        ax.figure.colorbar(image, ax=ax, label="Rate", shrink=0.7)
    return ax
