"""Paths through an arena whose places look alike only nearby."""

from numbers import Integral, Real

import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter
from sklearn.utils import check_random_state

from skneuro.datasets._trials import (
    COUNT,
    POSITIVE,
    TRIALS,
    Trials,
    pack_task,
    share_text,
)
from skneuro.utils._param_validation import Interval, StrOptions, validate_params
from skneuro.utils._validation import check_multiple

# Released settings, per step of 50 ms: mean and sd of speed (cm/s), heading drift (in
# units of pi), probabilities of a new heading and of a new speed, distance from the
# wall at which paths turn away (cm).
MOTION = {
    "fast": (20.0, 5.0, 0.10, 0.30, 0.10, 30.0),
    "medium": (10.0, 2.0, 0.05, 0.15, 0.05, 10.0),
    "slow": (4.0, 1.0, 0.02, 0.06, 0.03, 5.0),
}
MOTION_STEP = 50.0  # ms


@share_text
@validate_params(
    {
        "n_trials": [COUNT],
        "dt": [POSITIVE],
        "duration": [POSITIVE],
        "n_cells": [COUNT],
        "arena": [tuple],
        "map_width": [POSITIVE],
        "map_mean": [POSITIVE],
        "senses": [StrOptions({"view", "motion"})],
        "observed_prob": [Interval(Real, 0, 1, closed="both")],
        "glimpse": [POSITIVE],
        "motion": [StrOptions(set(MOTION))],
        "n_paths": [Interval(Integral, 1, None, closed="left")],
        "random_state": TRIALS["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_spatial_navigation(
    n_trials=1000,
    *,
    dt=50.0,
    duration=1000.0,
    n_cells=200,
    arena=(100, 100),
    map_width=12.0,
    map_mean=4.0,
    senses="view",
    observed_prob=0.5,
    glimpse=100.0,
    motion="medium",
    n_paths=128,
    random_state=None,
):
    """Make paths through an arena, whose next view is to be predicted from gaps.

    Each of ``n_cells`` sensory cells has a smooth random map of the arena. X is the
    view along a path, where at random steps all cells are dark; y is the full view one
    step later. Networks that learn it grow place cells [1]_. Or, after a glimpse of the
    start, all is dark, and X is the velocity, which has to be integrated [2]_ [3]_.

    Parameters
    ----------
    %(n_trials)s Trials are successive pieces of ``n_paths`` paths.
    dt : float, default=50.0
        Length of a step, in ms. Probabilities per step of 50 ms are converted, so that
        paths have the same statistics at any step, but they are other paths.
    duration : float, default=1000.0
        Length of a trial, in ms.
    n_cells : int, default=200
        Number of sensory cells.
    arena : tuple of int, default=(100, 100)
        Width and height of the arena, in cm; maps have one pixel per cm.
    map_width : float, default=12.0
        Standard deviation of the Gaussian that smooths white noise into a map, in cm.
    map_mean : float, default=4.0
        Mean of each map over the arena, without unit.
    senses : {"view", "motion"}, default="view"
        Whether X is the view with gaps, or a glimpse and then the velocity along x and
        y, as two more inputs, over the mean speed of ``motion``.
    observed_prob : float, default=0.5
        Probability that the view of a step is not dark, dimensionless, where ``senses``
        is ``"view"``.
    glimpse : float, default=100.0
        How long the view is seen at the start of a trial, in ms, where ``senses`` is
        ``"motion"``.
    motion : {"fast", "medium", "slow"}, default="medium"
        Speeds of 20 ± 5, 10 ± 2 and 4 ± 1 cm/s, with as released less and less turning.
    n_paths : int, default=128
        Number of paths.
    %(random_state)s

    Returns
    -------
    task : Bunch
        The fields of every task (see :func:`make_perceptual_decision`), and

        - ``positions`` : ndarray of shape (n_trials, 2, n_times), x and y at each step,
          in cm
        - ``maps`` : ndarray of shape (n_cells, height, width), without unit
        - ``arena`` : tuple of int, in cm

    Raises
    ------
    ValueError
        If ``duration`` is no multiple of ``dt``, or the arena is no pair of widths.

    Notes
    -----
    The authors' simulator of paths is not public. Here heading drifts by a normal
    deviate per step; heading and speed are drawn anew with their probabilities; near a
    wall, paths that head for it turn along it, and what crosses it is reflected.
    Training in the paper: 1024 units, batches of 512 pieces, Adam with rate 0.005, mean
    squared error plus 20 times the mean of squared mean rates.

    References
    ----------
    .. [1] Z. Wang et al. (2024), Adv. Neural Inf. Process. Syst. 37.
       :doi:`10.48550/arXiv.2408.05798`
    .. [2] C. J. Cueva, X.-X. Wei (2018), Int. Conf. Learn. Represent.
       :doi:`10.48550/arXiv.1803.07770`
    .. [3] A. Banino et al. (2018), Nature 557, 429-433.
       :doi:`10.1038/s41586-018-0102-6`

    Examples
    --------
    >>> from skneuro.datasets import make_spatial_navigation
    >>> task = make_spatial_navigation(16, n_cells=5, n_paths=4, random_state=0)
    >>> task.X.shape, task.positions.shape
    ((16, 5, 20), (16, 2, 20))
    """
    rng = check_random_state(random_state)
    if len(arena) != 2 or min(arena) < 2 or any(int(side) != side for side in arena):
        raise ValueError(
            f"arena is {arena}; expected width and height in whole cm of at least 2, "
            "such as (100, 100)."
        )
    width, height = (int(side) for side in arena)
    n_times = check_multiple(duration, dt, "duration", "dt")
    maps = experience_maps(n_cells, (height, width), map_width, map_mean, rng)
    n_pieces = -(-n_trials // n_paths)
    path = simulate_paths(
        n_paths, n_pieces * n_times + 1, dt, (width, height), MOTION[motion], rng
    )
    start = n_times * np.arange(n_pieces)
    steps = start[:, None] + np.arange(n_times + 1)  # (n_pieces, n_times + 1)
    pieces = path[:, :, steps].swapaxes(1, 2)  # (n_paths, n_pieces, 2, n_times + 1)
    pieces = pieces.reshape(-1, 2, n_times + 1)[:n_trials]

    x, y = (
        np.clip(np.rint(pieces), 0, [[[width - 1], [height - 1]]])
        .astype(int)[:, [0, 1]]
        .swapaxes(0, 1)
    )
    view = maps[:, y, x].swapaxes(0, 1)  # (n_trials, n_cells, n_times + 1)
    trials = Trials({"path": duration}, dt, n_trials)
    number = np.arange(n_trials)
    cells = [f"cell {i}" for i in range(n_cells)]
    inputs = list(cells)
    if senses == "view":
        seen = rng.uniform(size=(n_trials, 1, n_times)) < observed_prob
        X = view[:, :, :-1] * seen
    else:
        trials.add_epoch("glimpse", 0.0, min(glimpse, duration))
        X = view[:, :, :-1] * trials.during("glimpse")[:, None]
        velocity = np.diff(pieces, axis=2) / (MOTION[motion][0] * dt / 1000)
        X = np.concatenate([X, velocity], axis=1)
        inputs += ["velocity x", "velocity y"]
    return pack_task(
        trials,
        X,
        view[:, :, 1:],
        mask=trials.valid,
        conditions=pd.DataFrame(
            {"path": number // n_pieces, "piece": number % n_pieces}
        ),
        criterion="rmse",
        title="Spatial navigation",
        source="10.48550/arXiv.2408.05798"
        if senses == "view"
        else ["10.48550/arXiv.1803.07770", "10.1038/s41586-018-0102-6"],
        inputs=inputs,
        outputs=cells,
        positions=pieces[:, :, :-1],
        maps=maps,
        arena=(width, height),
    )


def experience_maps(n_cells, shape, map_width, map_mean, rng):
    """Draw smooth random maps.

    Parameters
    ----------
    n_cells : int
        Number of maps.
    shape : tuple of int
        Height and width, in cm.
    map_width : float
        Standard deviation of the smoothing, in cm.
    map_mean : float
        Mean of each map.
    rng : RandomState
        Source of randomness.

    Returns
    -------
    float32 ndarray of shape (n_cells, height, width)
        Maps, with minimum 0.
    """
    maps = np.empty((n_cells, *shape), np.float32)
    for i in range(n_cells):
        smooth = gaussian_filter(
            rng.standard_normal(shape), map_width, mode="constant", cval=0.0
        )
        smooth -= smooth.min()
        maps[i] = smooth * (map_mean / smooth.mean())
    return maps


def simulate_paths(n_paths, n_steps, dt, arena, motion, rng):
    """Let animals run in a box.

    Parameters
    ----------
    n_paths, n_steps : int
        Numbers of paths and steps.
    dt : float
        Length of a step, in ms.
    arena : tuple of int
        Width and height, in cm.
    motion : tuple of float
        A row of ``MOTION``.
    rng : RandomState
        Source of randomness.

    Returns
    -------
    ndarray of shape (n_paths, 2, n_steps)
        Positions, in cm.
    """
    mean, spread, drift, turn_prob, speed_prob, margin = motion
    ratio = dt / MOTION_STEP
    turn_prob, speed_prob = 1 - (1 - np.array([turn_prob, speed_prob])) ** ratio
    walls = np.asarray(arena, float) - 1  # positions of the first and the last pixel
    margin = min(margin, walls.min() / 4)
    at = rng.uniform(size=(n_paths, 2)) * walls
    heading = rng.uniform(-np.pi, np.pi, n_paths)
    speed = np.maximum(rng.normal(mean, spread, n_paths), 0)
    path = np.empty((n_paths, 2, n_steps))
    for k in range(n_steps):
        path[:, :, k] = at
        heading = heading + rng.normal(0, drift * np.pi * np.sqrt(ratio), n_paths)
        anew = rng.uniform(size=n_paths) < turn_prob
        heading = np.where(anew, rng.uniform(-np.pi, np.pi, n_paths), heading)
        anew = rng.uniform(size=n_paths) < speed_prob
        speed = np.where(anew, np.maximum(rng.normal(mean, spread, n_paths), 0), speed)
        step = np.stack([np.cos(heading), np.sin(heading)], axis=1)
        # What heads for a wall turns along it, more the nearer it is: on a straight way
        # through the margin the part of the step that heads outward falls by exp(-2).
        room = np.where(step < 0, at, walls - at) / margin
        turn = np.clip(room, 1e-3, 1) ** (2 * speed * dt / 1000 / margin)[:, None]
        step *= turn
        step /= np.maximum(np.linalg.norm(step, axis=1, keepdims=True), 1e-12)
        heading = np.arctan2(step[:, 1], step[:, 0])
        at = at + step * (speed * dt / 1000)[:, None]
        beyond = (at < 0) | (at > walls)
        at = np.where(at < 0, -at, at)
        at = np.clip(np.where(at > walls, 2 * walls - at, at), 0, walls)
        step = np.where(beyond, -step, step)
        heading = np.arctan2(step[:, 1], step[:, 0])
    return path
