"""State space: trajectories, fixed points, eigenvalues, decoding over time."""

import numpy as np

from skneuro.plotting._axes import get_axes


def plot_trajectories(
    trajectories, *, values=None, labels=None, dims=(0, 1), cmap="coolwarm", ax=None
):
    """Plot trajectories through state space, from a dot to an arrow head.

    Parameters
    ----------
    trajectories : array-like of shape (n_trajectories, n_dims, n_times)
        For example :func:`skneuro.metrics.pca_trajectories` of the averages of
        conditions. NaN ends a trajectory.
    values : array-like of shape (n_trajectories,), default=None
        Numbers that give the colours, such as signed coherences.
    labels : array-like of str of shape (n_trajectories,), default=None
        Names for the legend, each with the colour of its first trajectory.
    dims : tuple of int, default=(0, 1)
        Which two dimensions to draw, or three on Axes with a 3-D projection.
    cmap : str, default="coolwarm"
        Colour map of ``values``.
    ax : matplotlib.axes.Axes, default=None
        Axes to draw on; None opens a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Axes that hold one line per trajectory, in their order.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If shapes do not match.

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.plotting import plot_trajectories
    >>> t = np.linspace(0, 1, 50)
    >>> turns = np.stack([[np.cos(k * t), np.sin(k * t)] for k in (-3, 3)])
    >>> ax = plot_trajectories(turns, values=[-1, 1])
    >>> ax.get_xlabel()
    'Dimension 1'
    """
    paths = np.asarray(trajectories, np.float64)
    if paths.ndim != 3 or max(dims) >= paths.shape[1]:
        raise ValueError(
            f"trajectories has shape {paths.shape}; expected (n_trajectories, n_dims, "
            f"n_times) with more than {max(dims)} dimensions for dims={tuple(dims)}."
        )
    for name, given in (("values", values), ("labels", labels)):
        if given is not None and len(given) != len(paths):
            raise ValueError(
                f"{name} has {len(given)} entries, but there are {len(paths)} "
                "trajectories; expected one for each."
            )
    ax = get_axes(ax, "plot_trajectories", (4.6, 4.0))
    colors = color_by(values, labels, len(paths), cmap)
    named = set()
    for i, path in enumerate(paths):
        line = path[list(dims)]
        line = line[:, np.isfinite(line).all(axis=0)]
        label = None if labels is None or labels[i] in named else str(labels[i])
        named.add(None if labels is None else labels[i])
        ax.plot(*line, color=colors[i], linewidth=1.2, label=label)
        if line.shape[1] == 0:
            continue
        ax.plot(*line[:, :1], "o", color=colors[i], markersize=3)
        if len(dims) == 2 and line.shape[1] > 1:
            moved = np.linalg.norm(line - line[:, -1:], axis=0)
            before = np.flatnonzero(moved > 0.02 * (moved.max() or 1.0))
            if len(before):
                ax.annotate(
                    "",
                    line[:, -1],
                    line[:, before[-1]],
                    arrowprops={"arrowstyle": "-|>", "color": colors[i], "lw": 1.2},
                )
    ax.set(xlabel=f"Dimension {dims[0] + 1}", ylabel=f"Dimension {dims[1] + 1}")
    if len(dims) == 3:
        ax.set_zlabel(f"Dimension {dims[2] + 1}")
    else:
        ax.spines[["top", "right"]].set_visible(False)
    if labels is not None:
        ax.legend(frameon=False, fontsize="small")
    return ax


def color_by(values, labels, n, cmap):
    """Return one colour per thing: by number, by name, or one after the other."""
    from matplotlib import colormaps

    if values is not None:
        values = np.asarray(values, np.float64)
        low, high = np.nanmin(values), np.nanmax(values)
        if low < 0 < high:  # the middle of the map is 0
            high = max(-low, high)
            low = -high
        return colormaps[cmap]((values - low) / ((high - low) or 1.0))
    palette = colormaps["tab10"].colors
    if labels is None:
        return [palette[i % 10] for i in range(n)]
    order = {name: i for i, name in enumerate(dict.fromkeys(labels))}
    return [palette[order[name] % 10] for name in labels]


def plot_fixed_points(found, components, *, mean=None, dims=(0, 1), modes=0, ax=None):
    """Plot fixed points, filled where stable, and slow points.

    Parameters
    ----------
    found : Bunch
        What :func:`skneuro.metrics.find_fixed_points` returned.
    components : array-like of shape (n_components, n_units)
        Axes of the plot, such as ``components`` of
        :func:`skneuro.metrics.pca_trajectories`.
    mean : array-like of shape (n_units,), default=None
        What is taken off before; None takes nothing.
    dims : tuple of int, default=(0, 1)
        Which two components to draw.
    modes : int, default=0
        Number of leading eigenvectors to draw through each point; their length shows
        the projection of a unit vector, scaled to a tenth of the Axes.
    ax : matplotlib.axes.Axes, default=None
        Axes to draw on; None opens a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Axes that hold the points.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If components do not suit the points.

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.metrics import find_fixed_points
    >>> from skneuro.plotting import plot_fixed_points
    >>> def step(h):
    ...     return 0.9 * h + 0.1 * np.tanh(2 * h)
    >>> starts = np.random.default_rng(0).uniform(-1, 1, (20, 2))
    >>> ax = plot_fixed_points(find_fixed_points(step, starts), np.eye(2))
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['stable', 'unstable']
    """
    components = np.asarray(components, np.float64)
    n_units = found.points.shape[1]
    if components.ndim != 2 or components.shape[1] != n_units:
        raise ValueError(
            f"components has shape {components.shape}, but the points have {n_units} "
            f"units; expected (n_components, {n_units})."
        )
    axes = components[list(dims)]
    centre = np.zeros(n_units) if mean is None else np.asarray(mean, np.float64)
    at = (found.points - centre) @ axes.T
    ax = get_axes(ax, "plot_fixed_points", (4.6, 4.0))
    kinds = {
        "stable": (found.fixed & found.stable, {"color": "black"}),
        "unstable": (
            found.fixed & ~found.stable,
            {"color": "white", "markeredgecolor": "black"},
        ),
        "slow": (~found.fixed, {"color": "tab:orange", "markeredgecolor": "black"}),
    }
    for name, (which, style) in kinds.items():
        if which.any():
            ax.plot(*at[which].T, "o", markersize=6, zorder=5, label=name, **style)
    if modes and len(at):
        reach = 0.1 * max(np.ptp(ax.get_xlim()), np.ptp(ax.get_ylim()))
        for point, jacobian in zip(at, found.jacobians, strict=True):
            values, vectors = np.linalg.eig(jacobian)
            for k in np.argsort(-np.abs(values))[:modes]:
                arm = reach * axes @ vectors[:, k].real
                ends = np.stack([point - arm, point + arm])
                color = "tab:red" if abs(values[k]) >= 1 else "tab:blue"
                ax.plot(*ends.T, color=color, linewidth=1.2, zorder=4)
    if not ax.get_xlabel():
        ax.set(xlabel=f"Dimension {dims[0] + 1}", ylabel=f"Dimension {dims[1] + 1}")
    ax.spines[["top", "right"]].set_visible(False)
    if len(at):
        ax.legend(frameon=False, fontsize="small")
    return ax


def plot_eigenvalues(matrix, *, circle=True, label=None, ax=None):
    """Plot the eigenvalues of a matrix, or eigenvalues, in the complex plane.

    Parameters
    ----------
    matrix : array-like of shape (n, n) or (n,)
        Square matrix, such as recurrent weights, or its eigenvalues.
    circle : bool, default=True
        Whether to draw the unit circle, inside which steps of a network decay.
    label : str, default=None
        Name in the legend.
    ax : matplotlib.axes.Axes, default=None
        Axes to draw on; None opens a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Axes that hold one dot per eigenvalue.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If it is neither a square matrix nor a list of numbers.

    Examples
    --------
    >>> from skneuro.plotting import plot_eigenvalues
    >>> ax = plot_eigenvalues([[0, -1], [1, 0]])
    >>> ax.lines[-1].get_ydata()
    array([ 1., -1.])
    """
    matrix = np.asarray(matrix)
    if matrix.ndim == 2 and matrix.shape[0] == matrix.shape[1]:
        matrix = np.linalg.eigvals(matrix)
    if matrix.ndim != 1:
        raise ValueError(
            f"matrix has shape {matrix.shape}; expected a square matrix or a list of "
            "eigenvalues."
        )
    ax = get_axes(ax, "plot_eigenvalues", (4.0, 4.0))
    if circle:
        angle = np.linspace(0, 2 * np.pi, 200)
        ax.plot(np.cos(angle), np.sin(angle), color="0.6", linewidth=0.8)
    ax.axhline(0, color="0.85", linewidth=0.8, zorder=0)
    ax.axvline(0, color="0.85", linewidth=0.8, zorder=0)
    ax.plot(matrix.real, matrix.imag, "o", markersize=3.5, alpha=0.8, label=label)
    ax.set(xlabel="Real part", ylabel="Imaginary part", aspect="equal")
    ax.spines[["top", "right"]].set_visible(False)
    if label is not None:
        ax.legend(frameon=False, fontsize="small")
    return ax


def plot_cross_temporal_decoding(decoded, *, dt=1.0, ax=None):
    """Plot scores by the times of training and of testing.

    Parameters
    ----------
    decoded : Bunch
        What :func:`skneuro.metrics.cross_temporal_decoding` returned.
    dt : float, default=1.0
        Length of a step, in ms.
    ax : matplotlib.axes.Axes, default=None
        Axes to draw on; None opens a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Axes that hold the image, with its colour bar beside; white is chance.

    Raises
    ------
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.metrics import cross_temporal_decoding
    >>> from skneuro.plotting import plot_cross_temporal_decoding
    >>> X = np.random.default_rng(0).standard_normal((20, 2, 3))
    >>> decoded = cross_temporal_decoding(X, np.arange(20) % 2)
    >>> ax = plot_cross_temporal_decoding(decoded, dt=20.0)
    >>> ax.get_xlabel()
    'Tested at (ms)'
    """
    ax = get_axes(ax, "plot_cross_temporal_decoding", (4.6, 3.8))
    every = decoded.steps[1] - decoded.steps[0] if len(decoded.steps) > 1 else 1
    end = dt * (decoded.steps[-1] + every)
    far = max(np.abs(decoded.scores - decoded.chance).max(), 0.05)
    image = ax.imshow(
        decoded.scores,
        origin="lower",
        extent=(0, end, 0, end),
        cmap="RdBu_r",
        vmin=decoded.chance - far,
        vmax=decoded.chance + far,
    )
    bar = ax.figure.colorbar(image, ax=ax, label="Score")
    bar.ax.set_ylim(min(decoded.scores.min(), decoded.chance), decoded.chance + far)
    ax.plot([0, end], [0, end], color="0.5", linewidth=0.6, linestyle="--")
    ax.set(xlabel="Tested at (ms)", ylabel="Trained at (ms)")
    return ax
