"""What all plots share: the Axes, labelled input, and labels that fit."""

import numpy as np


def get_axes(ax, caller, figsize, layout="constrained"):
    """Return the Axes to draw on; matplotlib is imported here and not before.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        Axes that the user gave; None opens a new figure.
    caller : str
        Name of the plotting function, for the error.
    figsize : tuple of float
        Width and height of a new figure, in inches.
    layout : {"constrained", "compressed"}, default="constrained"
        Layout of a new figure; images of fixed aspect want the second.

    Returns
    -------
    matplotlib.axes.Axes
        Axes to draw on.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    try:
        from matplotlib import pyplot as plt
    except ImportError as exc:
        raise ImportError(
            f'{caller} needs matplotlib; pip install "skneuro[plot]".'
        ) from exc
    if ax is None:
        _, ax = plt.subplots(figsize=figsize, layout=layout)
    return ax


def read_channels(data, name, points):
    """Read signals or spectra, with the labels that they carry.

    Parameters
    ----------
    data : array-like, DataFrame or DataArray
        Arrays are (n_channels, n_points) or (n_points,); a DataFrame has one column per
        channel; a DataArray has the dimension ``points``, or has it last. A leading
        axis of one sample is dropped.
    name : str
        Name of the data in errors.
    points : {"time", "frequency"}
        What the other axis holds.

    Returns
    -------
    values : ndarray of shape (n_channels, n_points)
        Floats.
    labels : list of str or None
        Labels of the channels, where the data carry them.
    positions : ndarray of shape (n_points,) or None
        Times or frequencies, where the data carry them.

    Raises
    ------
    ValueError
        If the data have more than two axes that are longer than one.
    """
    labels, positions = None, None
    if hasattr(data, "columns"):  # pandas
        labels = [str(column) for column in data.columns]
        index = data.index
        if np.issubdtype(index.dtype, np.number) and not hasattr(index, "step"):
            positions = index.to_numpy(np.float64)
        data = data.to_numpy().T
    elif hasattr(data, "dims") and hasattr(data, "coords"):  # xarray
        if points in data.dims:
            data = data.transpose(..., points)
        point_dim = data.dims[-1]
        if point_dim in data.coords:
            positions = np.asarray(data.coords[point_dim], np.float64)
        if data.ndim > 1 and data.dims[-2] in data.coords:
            labels = [str(label) for label in data.coords[data.dims[-2]].values]
        data = data.values
    values = np.asarray(data, np.float64)
    if values.ndim == 3 and len(values) == 1:
        values = values[0]
    if values.ndim == 1:
        values = values[None]
    if values.ndim != 2 or 0 in values.shape:
        raise ValueError(
            f"{name} has shape {values.shape}; expected (n_channels, n_points) or one "
            f"channel. Select one sample: {name}[0]."
        )
    return values, labels, positions


def check_labels(labels, n, name="labels"):
    """Turn labels into strings and check their number.

    Parameters
    ----------
    labels : array-like of str or None
        Labels; None stays None.
    n : int
        Number of things to label.
    name : str, default="labels"
        Name of the labels in the error.

    Returns
    -------
    list of str or None
        Labels.

    Raises
    ------
    ValueError
        If their number differs.
    """
    if labels is None:
        return None
    labels = [str(label) for label in labels]
    if len(labels) != n:
        raise ValueError(
            f"{name} has {len(labels)} entries, but there are {n} nodes or channels; "
            "expected one for each."
        )
    return labels


def label_ticks(axes, positions, labels, *, length, turn_x=True):
    """Label axes at as many positions as there is room for, evenly spaced.

    Parameters
    ----------
    axes : list of matplotlib.axis.Axis
        ``ax.xaxis``, ``ax.yaxis`` or both.
    positions : ndarray of shape (n,)
        Where the things to label are, in data units.
    labels : list of str
        One label per position.
    length : float
        Room along each axis, in inches.
    turn_x : bool, default=True
        Whether to turn the labels of a horizontal axis by 90 degrees.
    """
    from matplotlib.font_manager import FontProperties

    line_height = 1.35 * FontProperties(size="small").get_size_in_points() / 72
    step = max(1, int(np.ceil(len(labels) * line_height / length)))
    for axis in axes:
        axis.set_ticks(
            positions[::step],
            labels[::step],
            fontsize="small",
            rotation=90 if turn_x and axis.axis_name == "x" else 0,
        )


def size_of(ax):
    """Width and height of Axes as they are now.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Axes.

    Returns
    -------
    ndarray of shape (2,)
        Width and height, in inches.
    """
    box = ax.get_window_extent()
    return np.array([box.width, box.height]) / ax.figure.dpi
