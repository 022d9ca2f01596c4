"""Rate maps, spatial information and place fields."""

from numbers import Integral, Real

import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter, label
from scipy.sparse import csr_array
from sklearn.utils import check_random_state

from skneuro.metrics._trajectories import check_activity
from skneuro.utils._param_validation import Interval, validate_params

POSITIVE = Interval(Real, 0, None, closed="neither")
MAPS = {
    "rates": ["array-like"],
    "positions": ["array-like"],
    "arena": ["array-like"],
    "bin_size": [POSITIVE],
    "smoothing": [Interval(Real, 0, None, closed="left")],
}


def read_paths(rates, positions, arena, bin_size):
    """Return rates (n_points, n_units), the bin of each point and the grid."""
    rates = check_activity(rates, "rates")
    positions = check_activity(positions, "positions")
    expected = (len(rates), 2, rates.shape[2])
    if positions.shape != expected:
        raise ValueError(
            f"positions has shape {positions.shape}, but rates has {rates.shape}; "
            f"expected {expected}: x and y of each trial and step."
        )
    arena = np.asarray(arena, np.float64)
    if arena.shape != (2,) or (arena <= 0).any():
        raise ValueError(
            f"arena is {arena.tolist()}; expected width and height, in cm, above 0."
        )
    grid = np.ceil(arena / bin_size - 1e-9).astype(int)  # columns, rows
    points = positions.swapaxes(1, 2).reshape(-1, 2)
    if (points < 0).any() or (points > arena).any():
        raise ValueError(
            f"positions reach from {points.min(axis=0)} to {points.max(axis=0)}; "
            f"expected to lie between 0 and arena={arena.tolist()}."
        )
    column, row = np.minimum((points / bin_size).astype(int), grid - 1).T
    flat = rates.swapaxes(1, 2).reshape(len(points), -1)
    return flat, row * grid[0] + column, (grid[1], grid[0])


def counting_matrix(bins, n_bins):
    """Return the sparse matrix that sums points into bins."""
    points = np.arange(len(bins))
    return csr_array((np.ones(len(bins)), (bins, points)), shape=(n_bins, len(bins)))


@validate_params(MAPS, prefer_skip_nested_validation=True)
def rate_maps(rates, positions, *, arena, bin_size=4.0, smoothing=0.0):
    """Average rates by place.

    Parameters
    ----------
    rates : array-like of shape (n_trials, n_units, n_times)
        Activity.
    positions : array-like of shape (n_trials, 2, n_times)
        Positions x and y, in cm.
    arena : array-like of shape (2,)
        Width and height of the arena, in cm.
    bin_size : float, default=4.0
        Width of the bins, in cm.
    smoothing : float, default=0.0
        Standard deviation of the Gaussian that smooths sums and visits, in cm.

    Returns
    -------
    maps : ndarray of shape (n_units, n_rows, n_columns)
        Mean rates, in units of ``rates``; NaN where nobody was.
    occupancy : ndarray of shape (n_rows, n_columns)
        Fraction of the time spent in each bin.

    Raises
    ------
    ValueError
        If shapes do not match or positions leave the arena.

    See Also
    --------
    place_cells : Which units tell the place.

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.metrics import rate_maps
    >>> positions = np.array([[[1.0, 3.0, 3.0], [1.0, 1.0, 1.0]]])
    >>> maps, occupancy = rate_maps([[[5.0, 1.0, 2.0]]], positions, arena=(4, 2),
    ...                             bin_size=2.0)
    >>> maps[0], occupancy.round(2)
    (array([[5. , 1.5]]), array([[0.33, 0.67]]))
    """
    flat, bins, shape = read_paths(rates, positions, arena, bin_size)
    visits = np.bincount(bins, minlength=shape[0] * shape[1]).astype(float)
    sums = (counting_matrix(bins, len(visits)) @ flat).T.reshape(-1, *shape)
    occupancy = visits.reshape(shape) / visits.sum()
    visits = visits.reshape(shape)
    visited = visits > 0
    if smoothing > 0:
        width = smoothing / bin_size
        sums = gaussian_filter(sums, (0, width, width), mode="constant")
        visits = gaussian_filter(visits, width, mode="constant")
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(visited, sums / visits, np.nan), occupancy


@validate_params(
    {"maps": ["array-like"], "occupancy": ["array-like"]},
    prefer_skip_nested_validation=True,
)
def spatial_information(maps, occupancy):
    r"""Return how much a rate tells about the place.

    :math:`\sum_k p_k r_k \log_2 r_k` over bins k with occupancy :math:`p_k` and rate
    over mean rate :math:`r_k = \lambda_k / \bar\lambda` [1]_.

    Parameters
    ----------
    maps : array-like of shape (n_units, n_rows, n_columns)
        Rates, not negative; NaN where nobody was.
    occupancy : array-like of shape (n_rows, n_columns)
        Time spent in each bin, in any unit.

    Returns
    -------
    ndarray of shape (n_units,)
        Bits per spike; 0 for silent units.

    Raises
    ------
    ValueError
        If shapes do not match or a rate is negative.

    References
    ----------
    .. [1] W. E. Skaggs, B. L. McNaughton, K. M. Gothard, E. J. Markus (1993), Adv.
       Neural Inf. Process. Syst. 5, 1030-1037.

    Examples
    --------
    >>> from skneuro.metrics import spatial_information
    >>> spatial_information([[[0.0, 4.0], [0.0, 0.0]]], [[1, 1], [1, 1]])
    array([2.])
    """
    maps, occupancy = np.asarray(maps, float), np.asarray(occupancy, float)
    if maps.ndim != 3 or maps.shape[1:] != occupancy.shape:
        raise ValueError(
            f"maps has shape {maps.shape} and occupancy {occupancy.shape}; expected "
            "(n_units, n_rows, n_columns) and (n_rows, n_columns)."
        )
    if np.nanmin(maps, initial=0.0) < 0:
        raise ValueError(
            f"maps holds the rate {np.nanmin(maps):.3g}; expected none below 0, since "
            "information is per spike. Pass rates of a network with activation='relu'."
        )
    rates = np.nan_to_num(maps)
    return _information(
        rates.reshape(len(maps), -1), (occupancy / occupancy.sum()).ravel()
    )


def _information(rates, p):
    """Return bits per spike of rates (n_units, n_bins)."""
    mean = rates @ p
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = rates / mean[:, None]
        bits = np.where(ratio > 0, ratio * np.log2(ratio), 0.0)
    return np.where(mean > 0, np.maximum(bits @ p, 0.0), 0.0)


@validate_params(
    {
        **MAPS,
        "n_shuffles": [Interval(Integral, 1, None, closed="left")],
        "percentile": [Interval(Real, 0, 100, closed="both")],
        "min_shift": [Interval(Integral, 1, None, closed="left")],
        "min_peak": [Interval(Real, 0, None, closed="left")],
        "field_level": [Interval(Real, 0, 1, closed="neither")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def place_cells(
    rates,
    positions,
    *,
    arena,
    bin_size=4.0,
    smoothing=0.0,
    n_shuffles=100,
    percentile=99.0,
    min_shift=1,
    min_peak=0.2,
    field_level=0.5,
    random_state=None,
):
    """Find units that tell the place better than chance.

    Chance is what is left when rates are shifted in time against positions, around the
    whole recording, by a random time of at least some trials [1]_; rates keep their own
    correlations. Place fields are joined bins above a share of the peak [2]_.

    Parameters
    ----------
    rates : array-like of shape (n_trials, n_units, n_times)
        Activity, not negative.
    positions : array-like of shape (n_trials, 2, n_times)
        Positions x and y, in cm.
    arena : array-like of shape (2,)
        Width and height of the arena, in cm.
    bin_size : float, default=4.0
        Width of the bins, in cm.
    smoothing : float, default=0.0
        Standard deviation of the Gaussian that smooths maps, also those of shuffles,
        in cm.
    n_shuffles : int, default=100
        Number of shifts.
    percentile : float, default=99.0
        Percentile of the shuffles to exceed, in %.
    min_shift : int, default=1
        Least shift, and least distance from a whole turn, in trials; where successive
        trials follow one path, as many as 20 s have [1]_.
    min_peak : float, default=0.2
        Least peak of the map of a place cell, in units of ``rates``.
    field_level : float, default=0.5
        Where a field ends, as a share of the peak, dimensionless.
    random_state : int, RandomState instance or None, default=None
        Seed of the shifts.

    Returns
    -------
    DataFrame
        One row per unit: ``information`` in bits per spike, ``threshold``, the
        percentile of its shuffles, ``peak``, ``n_fields``, ``field_size`` in cm^2 (of
        all its fields), and ``is_place_cell``.

    Raises
    ------
    ValueError
        If shapes do not match, rates are negative or trials are too few to shift.

    References
    ----------
    .. [1] R. F. Langston et al. (2010), Science 328, 1576-1580.
       :doi:`10.1126/science.1188210`
    .. [2] Z. Wang et al. (2024), Adv. Neural Inf. Process. Syst. 37.
       :doi:`10.48550/arXiv.2408.05798`

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.metrics import place_cells
    >>> rng = np.random.default_rng(0)
    >>> positions = rng.uniform(0, 20, (40, 2, 25))
    >>> near = np.exp(-((positions - 10) ** 2).sum(axis=1) / 50)
    >>> rates = np.stack([near, rng.uniform(size=near.shape)], axis=1)
    >>> found = place_cells(rates, positions, arena=(20, 20), random_state=0)
    >>> found.is_place_cell.tolist()
    [True, False]
    """
    maps, occupancy = rate_maps(
        rates, positions, arena=arena, bin_size=bin_size, smoothing=smoothing
    )
    flat, bins, shape = read_paths(rates, positions, arena, bin_size)
    n_times = np.shape(rates)[2]
    least = min_shift * n_times  # steps
    if len(flat) < 2 * least + n_times:
        raise ValueError(
            f"rates has {len(flat) // n_times} trials; expected at least "
            f"{2 * min_shift + 1}, to shift by min_shift={min_shift} or more. Cut "
            "recordings into trials, or lower min_shift."
        )
    information = spatial_information(maps, occupancy)
    rng = check_random_state(random_state)
    summing = counting_matrix(bins, shape[0] * shape[1])
    visits = summing.sum(axis=1).reshape(shape)
    width = smoothing / bin_size
    smooth_visits = gaussian_filter(visits, width, mode="constant") if width else visits
    shuffled = np.empty((n_shuffles, flat.shape[1]))
    for i in range(n_shuffles):
        shift = rng.randint(least, len(flat) - least + 1)
        sums = (summing @ np.roll(flat, shift, axis=0)).T.reshape(-1, *shape)
        if width:
            sums = gaussian_filter(sums, (0, width, width), mode="constant")
        means = np.where(visits > 0, sums / np.maximum(smooth_visits, 1e-12), 0.0)
        shuffled[i] = _information(means.reshape(len(means), -1), occupancy.ravel())
    threshold = np.percentile(shuffled, percentile, axis=0)
    filled = np.nan_to_num(maps)
    peak = filled.max(axis=(1, 2))
    fields = filled > field_level * peak[:, None, None]
    return pd.DataFrame(
        {
            "information": information,
            "threshold": threshold,
            "peak": peak,
            "n_fields": [label(field)[1] for field in fields],
            "field_size": fields.sum(axis=(1, 2)) * bin_size**2,
            "is_place_cell": (information > threshold) & (peak > min_peak),
        }
    )


@validate_params(
    {"maps_a": ["array-like"], "maps_b": ["array-like"]},
    prefer_skip_nested_validation=True,
)
def map_correlation(maps_a, maps_b):
    """Correlate the rate maps of each unit in two arenas, or at two times.

    Parameters
    ----------
    maps_a, maps_b : array-like of shape (n_units, n_rows, n_columns)
        Rate maps; bins that are NaN in either are left out.

    Returns
    -------
    ndarray of shape (n_units,)
        Pearson correlations; near 0 where a unit remaps, NaN where a map is flat.

    Raises
    ------
    ValueError
        If shapes differ.

    Examples
    --------
    >>> from skneuro.metrics import map_correlation
    >>> map_correlation([[[0.0, 1.0, 2.0]]], [[[1.0, 2.0, 3.0]]]).round(6)
    array([1.])
    """
    a, b = np.asarray(maps_a, float), np.asarray(maps_b, float)
    if a.shape != b.shape or a.ndim != 3:
        raise ValueError(
            f"maps_a has shape {a.shape} and maps_b {b.shape}; expected both "
            "(n_units, n_rows, n_columns)."
        )
    both = np.isfinite(a) & np.isfinite(b)
    count = np.maximum(both.sum(axis=(1, 2)), 1)[:, None, None]
    a, b = np.where(both, a, 0), np.where(both, b, 0)
    a = np.where(both, a - a.sum(axis=(1, 2), keepdims=True) / count, 0)
    b = np.where(both, b - b.sum(axis=(1, 2), keepdims=True) / count, 0)
    norms = np.sqrt((a**2).sum(axis=(1, 2)) * (b**2).sum(axis=(1, 2)))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(norms > 0, (a * b).sum(axis=(1, 2)) / norms, np.nan)
