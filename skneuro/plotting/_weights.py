"""Weights and masks of recurrent networks, as an image and as a histogram."""

import numpy as np

from skneuro.plotting._axes import check_labels, get_axes


def plot_weights(weights, *, areas=None, limit=None, colorbar=True, ax=None):
    """Plot weights or a mask from sources (columns) to targets (rows).

    Zero is white, excitation red and inhibition blue, equally dark where equally large.

    Parameters
    ----------
    weights : array-like of shape (n_targets, n_sources)
        Weights, or a mask of 0 and 1, or of signs.
    areas : array-like of shape (n_targets,), default=None
        Area of each target, in contiguous blocks, between which there are lines; for a
        square matrix, of the sources as well.
    limit : float, default=None
        Weight of the darkest colours, in units of the weights; None takes the largest
        absolute one.
    colorbar : bool, default=True
        Whether to draw a colour bar.
    ax : matplotlib.axes.Axes, default=None
        Axes to draw on; None opens a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Axes that hold the image.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If it is no matrix, or areas are too many or too few.

    See Also
    --------
    plot_weight_distribution : How often weights of a size occur.
    plot_eigenvalues : Eigenvalues of recurrent weights.

    Examples
    --------
    >>> from skneuro.plotting import plot_weights
    >>> from skneuro.rnn import input_mask
    >>> ax = plot_weights(input_mask(6, 2, units=[0, 1, 2]), areas=[0, 0, 0, 1, 1, 1])
    >>> ax.get_ylabel()
    'To unit'
    """
    weights = _read_weights(weights, 2)
    n_targets, n_sources = weights.shape
    areas = check_labels(areas, n_targets, "areas")
    ax = get_axes(ax, "plot_weights", (4.6, 3.8), "compressed")
    if limit is None:
        limit = float(np.abs(weights).max(initial=0.0)) or 1.0
    square = n_targets == n_sources
    image = ax.imshow(
        weights,
        cmap="RdBu_r",
        vmin=-limit,
        vmax=limit,
        aspect="equal" if square else "auto",
        interpolation="nearest",
    )
    if areas is not None:
        borders = [i for i in range(1, n_targets) if areas[i] != areas[i - 1]]
        for border in borders:
            ax.axhline(border - 0.5, color="0.4", linewidth=0.8)
            if square:
                ax.axvline(border - 0.5, color="0.4", linewidth=0.8)
    for axis, size in ((ax.xaxis, n_sources), (ax.yaxis, n_targets)):
        if size < 6:
            axis.set_ticks(range(size))
    ax.set_xlabel("From input" if n_targets > n_sources else "From unit")
    ax.set_ylabel("To output" if n_targets < n_sources else "To unit")
    if colorbar:
        ax.figure.colorbar(image, ax=ax, label="Weight", shrink=0.8)
    return ax


def plot_weight_distribution(weights, *, bins=100, absent=False, label=None, ax=None):
    """Plot how often weights of a size occur.

    Parameters
    ----------
    weights : array-like of any shape
        Weights.
    bins : int, default=100
        Number of bins.
    absent : bool, default=False
        Whether to count weights that are zero.
    label : str, default=None
        Name in the legend.
    ax : matplotlib.axes.Axes, default=None
        Axes to draw on; None opens a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Axes that hold the histogram.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If no weight is left, or one is not finite.

    See Also
    --------
    plot_weights : The weights themselves.

    Examples
    --------
    >>> from skneuro.plotting import plot_weight_distribution
    >>> ax = plot_weight_distribution([[0.0, 0.5], [-1.0, 0.5]], bins=3)
    >>> int(sum(bar.get_height() for bar in ax.patches))  # the zero does not count
    3
    """
    weights = _read_weights(weights, None).ravel()
    if not absent:
        weights = weights[weights != 0]
    if not weights.size:
        raise ValueError(
            "weights holds no weight but zeros; expected at least one. Pass absent=True"
            " to count zeros."
        )
    ax = get_axes(ax, "plot_weight_distribution", (4.8, 3.0))
    ax.hist(weights, bins=bins, alpha=0.7, label=label)
    ax.set(xlabel="Weight", ylabel="Number of connections")
    ax.spines[["top", "right"]].set_visible(False)
    if label is not None:
        ax.legend(frameon=False, fontsize="small")
    return ax


def _read_weights(weights, n_axes):
    weights = np.asarray(weights, np.float64)
    if n_axes is not None and weights.ndim != n_axes:
        raise ValueError(
            f"weights has shape {weights.shape}; expected (n_targets, n_sources). Of "
            "stacked layers, pass one: net.recurrent_weights_[0]."
        )
    if not np.isfinite(weights).all():
        raise ValueError("weights holds NaN or infinity; expected finite numbers.")
    return weights
