"""Time series, stacked node above node."""

import numpy as np

from skneuro.plotting._axes import (
    check_labels,
    get_axes,
    label_ticks,
    read_channels,
    size_of,
)

SECONDS_FROM = 10_000  # ms; longer recordings get an axis in seconds


def make_times(times, dt, t_r, own_times, n_times):
    """Work out the times of the samples and the unit to show them in.

    Parameters
    ----------
    times : array-like of shape (n_times,) or None
        Times, in ms.
    dt : float or None
        Time step, in ms.
    t_r : float or None
        Repetition time, in s.
    own_times : ndarray of shape (n_times,) or None
        Times that the data carry, in ms.
    n_times : int
        Number of samples.

    Returns
    -------
    times : ndarray of shape (n_times,)
        Times in the unit of the label.
    label : str
        Label of the time axis.

    Raises
    ------
    ValueError
        If more than one of the three is given, or their number is wrong.
    """
    given = [
        name
        for name, value in (("times", times), ("dt", dt), ("t_r", t_r))
        if value is not None
    ]
    if len(given) > 1:
        raise ValueError(
            f"{' and '.join(given)} are given; expected one of times (ms), dt (ms) and "
            "t_r (s)."
        )
    if dt is not None:
        times = dt * np.arange(n_times)
    elif t_r is not None:
        return t_r * np.arange(n_times), "Time (s)"
    elif times is None:
        times = own_times
    if times is None:
        return np.arange(n_times), "Time point"
    times = np.asarray(times, np.float64)
    if times.shape != (n_times,):
        raise ValueError(
            f"times has shape {times.shape}, but X has {n_times} time points; expected "
            f"({n_times},)."
        )
    if np.ptp(times) >= SECONDS_FROM:
        return times / 1000, "Time (s)"
    return times, "Time (ms)"


def round_down(x):
    """Round down to 1, 2 or 5 times a power of ten.

    Parameters
    ----------
    x : float
        Positive number.

    Returns
    -------
    float
        Largest such number that is not above x.
    """
    power = 10.0 ** np.floor(np.log10(x))
    return float(max(f * power for f in (1, 2, 5) if f * power <= x * (1 + 1e-9)))


def plot_timeseries(
    X,
    *,
    times=None,
    dt=None,
    t_r=None,
    labels=None,
    unit=None,
    offset=None,
    ax=None,
    color=None,
):
    """Plot time series, stacked so that every node can be seen.

    The first node is on top. Each is drawn around its own mean, and a bar at the
    right shows the scale that all share.

    Parameters
    ----------
    X : array-like of shape (n_nodes, n_times) or (n_times,)
        Signals. A DataFrame has one column per node and, where its index holds numbers,
        times in ms; a DataArray brings times in ms, labels and its ``units``.
    times : array-like of shape (n_times,), default=None
        Time of each sample, in ms. From 10 s on, the axis is in seconds.
    dt : float, default=None
        Time step, in ms, instead of ``times``.
    t_r : float, default=None
        Repetition time, in s, instead of ``times``.
    labels : array-like of str of shape (n_nodes,), default=None
        Names of the nodes. As many are shown as there is room for.
    unit : str, default=None
        Unit of X, such as ``"Hz"``.
    offset : float, default=None
        Distance between neighbours in the stack, in the unit of X; 0 draws all signals
        over one another on an ordinary axis. None takes the median range of the nodes,
        and 0 for one node.
    ax : matplotlib.axes.Axes, default=None
        Axes to draw on; None opens a new figure.
    color : str or list of str, default=None
        Colour of the lines, or one per node. None is black for stacks, and matplotlib's
        cycle for signals over one another.

    Returns
    -------
    matplotlib.axes.Axes
        Axes that hold the lines, in the order of the nodes.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If X holds several samples, times do not match, labels or colours are too many
        or too few, or the offset is negative.

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.plotting import plot_timeseries
    >>> times = np.arange(0, 500, 0.5)  # ms
    >>> X = np.sin(2 * np.pi * 10 * times / 1000 + np.arange(3)[:, None])
    >>> ax = plot_timeseries(X, times=times, labels=["V1", "V2", "MT"], unit="mV")
    >>> ax.get_xlabel()
    'Time (ms)'
    >>> ax.figure.savefig("timeseries.png")
    """
    X, own_labels, own_times, own_unit = read_signals(X)
    n_nodes, n_times = X.shape
    labels = check_labels(own_labels if labels is None else labels, n_nodes)
    unit = own_unit if unit is None else unit
    times, time_label = make_times(times, dt, t_r, own_times, n_times)
    if offset is not None and not offset >= 0:
        raise ValueError(
            f"offset={offset:g}; expected 0 or more. Pass offset=0 to draw the signals "
            "over one another."
        )
    if offset is None:
        ranges = np.nanmax(X, axis=1) - np.nanmin(X, axis=1)
        offset = 0.0 if n_nodes == 1 else (np.nanmedian(ranges) or 1.0)
    ax = get_axes(ax, "plot_timeseries", (6.4, 2.4 if n_nodes == 1 else 4.4))

    stacked = offset > 0
    colors = [color] * n_nodes if color is None or isinstance(color, str) else color
    check_labels(colors, n_nodes, "color")
    if stacked and color is None:
        colors = ["0.1"] * n_nodes
    positions = offset * np.arange(n_nodes)[::-1]
    lines = X
    if stacked:
        lines = X - np.nanmean(X, axis=1, keepdims=True) + positions[:, None]
    width = np.interp(n_nodes, [10, 80], [1.0, 0.6])
    for i, line in enumerate(lines):
        label = None if labels is None else labels[i]
        ax.plot(times, line, color=colors[i], linewidth=width, label=label)
    ax.set_xlabel(time_label)
    ax.set_xlim(times[0], times[-1] if n_times > 1 else times[0] + 1)
    ax.spines[["top", "right"]].set_visible(False)
    if stacked:
        margin = 0.6 * offset
        ax.set_ylim(
            min(np.nanmin(lines), -margin), max(np.nanmax(lines), positions[0] + margin)
        )
        label_stack(ax, positions, labels)
        draw_scale_bar(ax, unit)
    else:
        ax.set_ylabel("Activity" if unit is None else f"Activity ({unit})")
        if labels is not None and 1 < n_nodes <= 10:
            ax.legend(
                frameon=False,
                fontsize="small",
                loc="upper left",
                bbox_to_anchor=(1, 1),
            )
    return ax


def read_signals(X):
    """Read signals with all that they carry.

    Parameters
    ----------
    X : array-like, DataFrame or DataArray
        Signals.

    Returns
    -------
    X : ndarray of shape (n_nodes, n_times)
        Floats.
    labels : list of str or None
        Names of the nodes.
    times : ndarray of shape (n_times,) or None
        Times, in ms.
    unit : str or None
        Unit of X.
    """
    unit = getattr(X, "attrs", {}).get("units")
    return (*read_channels(X, "X", "time"), unit)


def label_stack(ax, positions, labels):
    """Label the baselines of a stack.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Axes that hold the stack.
    positions : ndarray of shape (n_nodes,)
        Baselines.
    labels : list of str or None
        Names of the nodes, None for numbers.
    """
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    if labels is None:
        ax.set_ylabel("Node")
        labels = [str(i) for i in range(len(positions))]
    label_ticks([ax.yaxis], positions, labels, length=size_of(ax)[1])


def draw_scale_bar(ax, unit):
    """Draw a vertical bar right of the Axes that shows the scale.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Axes that hold the stack.
    unit : str or None
        Unit to write beside the length of the bar.
    """
    low, high = ax.get_ylim()
    length = round_down((high - low) / 6)
    transform = ax.get_yaxis_transform()  # x in parts of the Axes, y in data units
    ax.plot(
        [1.02, 1.02],
        [low, low + length],
        color="0.1",
        linewidth=2,
        solid_capstyle="butt",
        transform=transform,
        clip_on=False,
    )
    ax.text(
        1.035,
        low + length / 2,
        f"{length:g}" if unit is None else f"{length:g} {unit}",
        transform=transform,
        rotation=90,
        va="center",
        ha="left",
        fontsize="small",
    )
    ax.set_ylim(low, high)
