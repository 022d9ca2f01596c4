"""Tuning curves of direction."""

import numpy as np

from skneuro.plotting._axes import get_axes


def plot_direction_tuning(directions, responses, *, tuning=None, ax=None):
    """Draw responses to moving stimuli over their direction, and the fitted curve.

    Parameters
    ----------
    directions : array-like of shape (n_directions,)
        Directions of motion, in degrees.
    responses : array-like of shape (n_directions,)
        Mean responses of one neuron.
    tuning : Series or mapping, default=None
        Row of that neuron of `skneuro.twin.direction_tuning`; its curve is drawn, and
        its preferred direction. None draws points only.
    ax : matplotlib.axes.Axes, default=None
        Where to draw; None opens a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Axes with points and curve.

    Raises
    ------
    ValueError
        If there is not one response per direction.
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.plotting import plot_direction_tuning
    >>> from skneuro.twin import direction_tuning
    >>> directions = np.arange(0, 360, 45)
    >>> responses = 1 + np.exp(np.cos(np.radians(directions - 90)))
    >>> tuning = direction_tuning(responses[:, None], directions)
    >>> ax = plot_direction_tuning(directions, responses, tuning=tuning.iloc[0])
    >>> len(ax.lines)
    3
    """
    directions, responses = (np.asarray(x, float) for x in (directions, responses))
    if directions.ndim != 1 or responses.shape != directions.shape:
        raise ValueError(
            f"responses has shape {responses.shape} and directions {directions.shape}; "
            "expected one response of one neuron per direction, (n_directions,)."
        )
    ax = get_axes(ax, "plot_direction_tuning", (4, 3))
    ax.plot(directions % 360, responses, "ko", ms=4)
    if tuning is not None:
        from skneuro.twin import von_mises

        names = ("mean", "kappa", "balance", "amplitude", "base")
        angles = np.linspace(0, 360, 361)
        curve = von_mises(np.radians(angles), *(tuning[name] for name in names))
        ax.plot(angles, curve, "C3")
        ax.axvline(tuning["pref_dir"], color="0.6", lw=0.8, zorder=0)
    ax.set(xlabel="direction of motion (degrees)", ylabel="mean response")
    ax.set(xlim=(-5, 365), xticks=np.arange(0, 361, 90), ylim=(0, None))
    return ax
