"""Psychometric and chronometric curves, and single trials."""

import numpy as np

from skneuro.plotting._axes import get_axes


def plot_psychometric(fit, *, label=None, xlabel=None, n_min=1, ax=None):
    """Plot choices and the curve that was fitted to them.

    Parameters
    ----------
    fit : Bunch
        What :func:`skneuro.metrics.fit_psychometric` returned.
    label : str, default=None
        Name in the legend.
    xlabel : str, default=None
        Label of the axis of the stimulus, with its unit; None keeps the one that is
        there, or says what it is.
    n_min : int, default=1
        Levels with fewer trials are not drawn.
    ax : matplotlib.axes.Axes, default=None
        Axes to draw on; None opens a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Axes that hold points with the standard error of the fraction, and the curve.

    Raises
    ------
    ImportError
        If matplotlib is not installed.

    See Also
    --------
    skneuro.metrics.fit_psychometric : Fits the curve.

    Examples
    --------
    >>> from skneuro.metrics import fit_psychometric
    >>> from skneuro.plotting import plot_psychometric
    >>> fit = fit_psychometric([-2, -1, -1, 1, 1, 2], [0, 0, 1, 0, 1, 1])
    >>> ax = plot_psychometric(fit, xlabel="Coherence (%)")
    >>> ax.get_ylabel()
    'Fraction of choices'
    """
    from skneuro.metrics import psychometric_function

    ax = get_axes(ax, "plot_psychometric", (4.2, 3.2))
    seen = fit.n_trials >= n_min
    x, p, n = fit.stimulus[seen], fit.fraction[seen], fit.n_trials[seen]
    points = ax.errorbar(
        x, p, np.sqrt(p * (1 - p) / n), fmt="o", markersize=4, elinewidth=1
    )
    grid = np.linspace(x.min(), x.max(), 300)
    parameters = {name: fit[name] for name in ("location", "scale", "guess", "lapse")}
    curve = psychometric_function(grid, kind=fit.kind, **parameters)
    ax.plot(grid, curve, color=points[0].get_color(), linewidth=1.5, label=label)
    weibull = fit.kind == "weibull"
    ax.set(
        xlabel=xlabel or ax.get_xlabel() or "Stimulus",
        ylabel="Fraction correct" if weibull else "Fraction of choices",
        ylim=(0.45 if weibull and fit.guess == 0.5 else -0.03, 1.03),
    )
    if not weibull:
        ax.axhline(0.5, color="0.8", linewidth=0.8, zorder=0)
        ax.axvline(0, color="0.8", linewidth=0.8, zorder=0)
    ax.spines[["top", "right"]].set_visible(False)
    if label is not None:
        ax.legend(frameon=False, fontsize="small")
    return ax


def plot_chronometric(fit, *, label=None, xlabel=None, ax=None):
    """Plot mean response times and the curve that was fitted to them.

    Parameters
    ----------
    fit : Bunch
        What :func:`skneuro.metrics.fit_chronometric` returned.
    label : str, default=None
        Name in the legend.
    xlabel : str, default=None
        Label of the axis of the evidence, with its unit; None keeps the one that is
        there, or says what it is.
    ax : matplotlib.axes.Axes, default=None
        Axes to draw on; None opens a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Axes that hold means with their standard errors, and the curve.

    Raises
    ------
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> from skneuro.metrics import fit_chronometric
    >>> from skneuro.plotting import plot_chronometric
    >>> fit = fit_chronometric([1, 2, 4, 8], [700, 640, 520, 410])
    >>> ax = plot_chronometric(fit, xlabel="Coherence (%)")
    >>> ax.get_ylabel()
    'Response time (ms)'
    """
    ax = get_axes(ax, "plot_chronometric", (4.2, 3.2))
    points = ax.errorbar(
        fit.strength, fit.mean, fit.sem, fmt="o", markersize=4, elinewidth=1
    )
    low, high = fit.strength[0], fit.strength[-1]
    logarithmic = low > 0 and high / low > 4
    space = np.geomspace if logarithmic else np.linspace
    grid = space(low, high, 300)
    drift = np.maximum(fit.sensitivity * grid, 1e-12)
    curve = fit.bound / drift * np.tanh(fit.bound * drift) + fit.residual_time
    ax.plot(grid, curve, color=points[0].get_color(), linewidth=1.5, label=label)
    xlabel = xlabel or ax.get_xlabel() or "Strength"
    ax.set(xlabel=xlabel, ylabel="Response time (ms)")
    if logarithmic:
        ax.set_xscale("log")
        ax.set_xticks(fit.strength, [f"{level:g}" for level in fit.strength])
        ax.minorticks_off()
    ax.spines[["top", "right"]].set_visible(False)
    if label is not None:
        ax.legend(frameon=False, fontsize="small")
    return ax


def plot_trial(task, trial=0, *, output=None, ax=None):
    """Plot the inputs of a trial, and below them its targets.

    Parameters
    ----------
    task : Bunch
        What a ``make_*`` function of a task returned.
    trial : int, default=0
        Which trial.
    output : array-like of shape (n_outputs, n_times), default=None
        Outputs of a network, drawn over the targets.
    ax : matplotlib.axes.Axes, default=None
        Axes to draw on; None opens a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Axes that hold one row per input, then one per output, each with the range of
        its kind; epochs are bounded by lines, steps that count are shaded.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    IndexError
        If there is no such trial.
    ValueError
        If the output does not have the shape of the targets.

    Examples
    --------
    >>> from skneuro.datasets import make_go_nogo
    >>> from skneuro.plotting import plot_trial
    >>> ax = plot_trial(make_go_nogo(2, random_state=0))
    >>> [text.get_text() for text in ax.get_yticklabels()]
    ['fixation', 'no-go', 'go', 'hold', 'go']
    """
    if not -len(task.X) <= trial < len(task.X):
        raise IndexError(
            f"trial is {trial}, but the task has {len(task.X)} trials; expected a "
            "number below."
        )
    x, y = task.X[trial], task.y[trial]
    if output is not None and np.shape(output) != y.shape:
        raise ValueError(
            f"output has shape {np.shape(output)}, but the targets of a trial have "
            f"{y.shape}; expected the same. Pass predict(task.X)[{trial}]."
        )
    n_rows = len(x) + len(y)
    ax = get_axes(ax, "plot_trial", (6.0, min(1.0 + 0.45 * n_rows, 9.0)))
    n_steps = int(task.conditions.n_steps.iloc[trial])
    edges = task.dt * np.arange(n_steps + 1)
    row = 0
    for signals, everything, color in ((x, task.X, "tab:blue"), (y, task.y, "black")):
        low, high = float(everything.min()), float(everything.max())
        span = max(high - low, 1e-12) / 0.8
        for i, signal in enumerate(signals[:, :n_steps]):
            height = row - (signal - low) / span + 0.4
            ax.stairs(height, edges, baseline=None, color=color, linewidth=1)
            if output is not None and color == "black":
                given = row - (np.asarray(output)[i, :n_steps] - low) / span + 0.4
                ax.plot(edges[1:], given, color="tab:red", linewidth=1)
            row += 1
    scored = task.mask[trial, :n_steps].astype(int)
    changes = np.flatnonzero(np.diff(np.r_[0, scored, 0]))
    for first, stop in changes.reshape(-1, 2):
        ax.axvspan(edges[first], edges[stop], color="0.93", zorder=0, linewidth=0)
    named = {
        name: steps[trial] * task.dt
        for name, steps in task.epochs.items()
        if steps[trial, 1] > steps[trial, 0]
    }
    for start, stop in named.values():
        for time in (start, stop):
            ax.axvline(time, color="0.75", linewidth=0.6, zorder=0.5)
    total = edges[-1]
    for name, (start, stop) in named.items():
        if stop - start > 0.012 * total * len(name):
            ax.text(
                (start + stop) / 2, -0.62, name, ha="center", va="bottom", fontsize=8
            )
    ax.set_yticks(range(n_rows), [*task.input_names, *task.output_names])
    ax.tick_params(axis="y", length=0)
    ax.set(xlabel="Time (ms)", xlim=(0, total), ylim=(n_rows - 0.4, -0.6))
    if n_rows > 24:
        ax.tick_params(axis="y", labelsize=5)
    ax.axhline(len(x) - 0.5, color="0.5", linewidth=0.6)
    ax.spines[["top", "right", "left"]].set_visible(False)
    return ax
