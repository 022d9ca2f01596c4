"""Receptive fields and accuracy of encoding models."""

import numpy as np

from skneuro.plotting._axes import check_labels, get_axes


def plot_receptive_fields(
    centers,
    sizes,
    *,
    values=None,
    image=None,
    width=1.0,
    cmap="viridis",
    value_label=None,
    ax=None,
):
    """Draw receptive fields as circles of one standard deviation.

    Parameters
    ----------
    centers : array-like of shape (n_targets, 2)
        Horizontal and vertical position, 0 in the middle, positive right and up; for
        example ``rf_center_`` of `skneuro.encoding.GNetEncoder`.
    sizes : float or array-like of shape (n_targets,)
        Standard deviation of the fields, in the unit of ``centers``.
    values : array-like of shape (n_targets,), default=None
        What the colours show, for example responses. None draws outlines only; NaN
        is left out.
    image : array-like of shape (height, width, 3) or (height, width), default=None
        Image to draw behind the fields, such as one that the responses belong to.
    width : float, default=1.0
        Width of the image, in the unit of ``centers``: 1 for image widths, or degrees
        of visual angle.
    cmap : str or matplotlib.colors.Colormap, default="viridis"
        Colours of ``values``.
    value_label : str, default=None
        Label of the colour bar.
    ax : matplotlib.axes.Axes, default=None
        Where to draw; None opens a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Axes with the circles.

    Raises
    ------
    ValueError
        If there is not one centre, size and value per target.
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> from skneuro.plotting import plot_receptive_fields
    >>> ax = plot_receptive_fields([[0.2, 0.1], [-0.3, 0]], 0.05, values=[0.5, 1])
    >>> len(ax.collections[0].get_offsets())
    2
    """
    ax = get_axes(ax, "plot_receptive_fields", (4.6, 4))
    from matplotlib.collections import EllipseCollection

    centers = np.asarray(centers, np.float64)
    n_targets = len(centers)
    if centers.ndim != 2 or centers.shape[1] != 2:
        raise ValueError(
            f"centers has shape {centers.shape}; expected (n_targets, 2): horizontal "
            "and vertical positions."
        )
    sizes = _one_per_target(sizes, "sizes", n_targets)
    half = width / 2
    if image is not None:
        image = np.asarray(image)
        ratio = image.shape[0] / image.shape[1]
        extent = (-half, half, -half * ratio, half * ratio)
        ax.imshow(image, extent=extent, cmap="gray" if image.ndim == 2 else None)
    shown = np.ones(n_targets, bool)
    if values is not None:
        values = _one_per_target(values, "values", n_targets)
        shown = np.isfinite(values)
    diameters = 2 * sizes[shown]
    circles = EllipseCollection(
        diameters,
        diameters,
        np.zeros(shown.sum()),
        units="xy",
        offsets=centers[shown],
        offset_transform=ax.transData,
        facecolors="none",
        edgecolors="C1",
    )
    if values is not None:
        circles.set(array=values[shown], cmap=cmap, facecolors=None, edgecolors="none")
        circles.set_alpha(0.8)
        ax.figure.colorbar(circles, ax=ax, label=value_label, shrink=0.8)
    ax.add_collection(circles)
    ax.set(xlim=(-half, half), ylim=(-half, half), aspect="equal")
    unit = "image widths" if width == 1 else "same unit as width"
    ax.set(xlabel=f"right ({unit})", ylabel=f"up ({unit})")
    return ax


def plot_encoding_accuracy(
    accuracy,
    *,
    noise_ceiling=None,
    groups=None,
    chance=0.0,
    label="explained variance (%)",
    ax=None,
):
    r"""Show how well targets are predicted, by group and against their noise ceiling.

    Parameters
    ----------
    accuracy : array-like of shape (n_targets,)
        Score of every voxel, vertex or channel; NaN is left out.
    noise_ceiling : array-like of shape (n_targets,), default=None
        Best score that noise allows, in the unit of ``accuracy``. With it, and without
        ``groups``, every target is a point against its ceiling.
    groups : array-like of str of shape (n_targets,), default=None
        Region of each target. With it every group is a violin with its median, in
        order of first appearance, and its median ceiling is a grey bar.
    chance : float, default=0.0
        Score of a model that knows nothing, drawn as a thin line.
    label : str, default="explained variance (%)"
        Name and unit of the score.
    ax : matplotlib.axes.Axes, default=None
        Where to draw; None opens a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Axes with violins, points or a histogram.

    Raises
    ------
    ValueError
        If there is not one ceiling or group per target.
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> from skneuro.plotting import plot_encoding_accuracy
    >>> ax = plot_encoding_accuracy(
    ...     [40, 50, 60, 20, 30], groups=["V1", "V1", "V1", "V2", "V2"]
    ... )
    >>> [label.get_text() for label in ax.get_xticklabels()]
    ['V1\nn = 3', 'V2\nn = 2']
    """
    ax = get_axes(ax, "plot_encoding_accuracy", (5.4, 3.6))
    accuracy = np.asarray(accuracy, np.float64).ravel()
    n_targets = len(accuracy)
    if noise_ceiling is not None:
        noise_ceiling = _one_per_target(noise_ceiling, "noise_ceiling", n_targets)
    groups = check_labels(groups, n_targets, "groups")
    if groups is not None:
        _draw_groups(ax, accuracy, noise_ceiling, np.array(groups))
        ax.set_ylabel(label)
        ax.axhline(chance, color="0.5", lw=0.8, zorder=0)
    elif noise_ceiling is not None:
        ax.plot(noise_ceiling, accuracy, ".", ms=4, alpha=0.6)
        both = np.concatenate([noise_ceiling, accuracy, [chance]])
        ends = np.nanmin(both), np.nanmax(both)
        ax.plot(ends, ends, color="0.5", lw=0.8)
        ax.axhline(chance, color="0.5", lw=0.8, zorder=0)
        ax.set(xlabel=f"noise ceiling of the {label}", ylabel=label)
    else:
        ax.hist(accuracy[np.isfinite(accuracy)], bins="auto")
        ax.axvline(np.nanmedian(accuracy), color="C1", label="median")
        ax.axvline(chance, color="0.5", lw=0.8)
        ax.legend(frameon=False)
        ax.set(xlabel=label, ylabel="targets")
    return ax


def _draw_groups(ax, accuracy, noise_ceiling, groups):
    """Draw one violin per group, with the median and that of the ceiling."""
    names = list(dict.fromkeys(groups))
    ticks = []
    for position, name in enumerate(names):
        scores = accuracy[groups == name]
        scores = scores[np.isfinite(scores)]
        ticks.append(f"{name}\nn = {len(scores)}")
        if not len(scores):
            continue
        if noise_ceiling is not None:
            ceiling = np.nanmedian(noise_ceiling[groups == name])
            ax.bar(position, ceiling, width=0.9, color="0.88", zorder=0)
        if len(scores) > 1 and np.ptp(scores) > 0:
            violin = ax.violinplot(scores, [position], widths=0.8, showextrema=False)
            for body in violin["bodies"]:
                body.set(facecolor="C0", alpha=0.7)
        ax.plot(position, np.median(scores), "o", color="k", ms=4)
    ax.set_xticks(range(len(names)), ticks)


def _one_per_target(values, name, n_targets):
    """Return floats, one per target; a single number holds for all."""
    values = np.asarray(values, np.float64)
    if values.ndim == 0:
        return np.full(n_targets, float(values))
    if values.shape != (n_targets,):
        raise ValueError(
            f"{name} has shape {values.shape}, but there are {n_targets} targets; "
            f"expected ({n_targets},)."
        )
    return values
