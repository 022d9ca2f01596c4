"""Where a recurrent network rests, and how it moves nearby."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils import Bunch, check_array

from skneuro.utils._param_validation import Interval, validate_params

POSITIVE = Interval(Real, 0, None, closed="neither")
# Damping of the first step, and the one at which a point counts as stuck.
FIRST_DAMPING, LAST_DAMPING = 1e-3, 1e12


@validate_params(
    {
        "step": [callable],
        "initial_states": ["array-like"],
        "x": ["array-like", None],
        "jacobian": [callable, None],
        "dt": [POSITIVE, None],
        "tol": [POSITIVE],
        "slow_tol": [POSITIVE, None],
        "unique_tol": [POSITIVE],
        "max_distance": [POSITIVE, None],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
    },
    prefer_skip_nested_validation=True,
)
def find_fixed_points(
    step,
    initial_states,
    x=None,
    *,
    jacobian=None,
    dt=None,
    tol=1e-12,
    slow_tol=None,
    unique_tol=1e-3,
    max_distance=10.0,
    max_iter=200,
):
    r"""Find fixed and slow points of a network under constant input.

    From each start, a damped Newton method (Levenberg-Marquardt) goes down
    :math:`q(h) = \frac{1}{2} \lVert F(h) - h \rVert^2` for the step :math:`F`, all
    starts at once [1]_. Points with q below ``tol`` are fixed. Others where q has a
    minimum are slow: the network passes, but takes its time.

    Parameters
    ----------
    step : callable
        ``step(h, x)`` or, without ``x``, ``step(h)``: states of shape
        (n_points, n_units) after one step from states of that shape, without noise.
    initial_states : array-like of shape (n_starts, n_units)
        Where to start, such as states visited in trials.
    x : array-like of shape (n_inputs,) or (n_starts, n_inputs), default=None
        Constant input, in units of the network's input.
    jacobian : callable, default=None
        With the arguments of ``step``, its derivatives of shape
        (n_points, n_units, n_units), row by target; None takes central differences.
    dt : float, default=None
        Length of a step, in ms, to turn eigenvalues into time constants.
    tol : float, default=1e-12
        Largest q of a fixed point, in units of the squared state.
    slow_tol : float, default=None
        Largest q of a slow point, in units of the squared state; None returns fixed
        points only.
    unique_tol : float, default=1e-3
        Points that are closer to each other count once, in units of the state.
    max_distance : float, default=10.0
        Points farther from the mean start than this times the mean distance of starts
        are left out, dimensionless; None keeps all.
    max_iter : int, default=200
        Largest number of Newton steps.

    Returns
    -------
    found : Bunch
        One entry per point, by rising q, in

        - ``points`` : ndarray of shape (n_points, n_units)
        - ``q`` : ndarray of shape (n_points,)
        - ``fixed`` : bool ndarray of shape (n_points,), whether q is at most ``tol``
        - ``stable`` : bool ndarray of shape (n_points,), whether all eigenvalues lie
          inside the unit circle
        - ``eigenvalues`` : complex ndarray of shape (n_points, n_units), of the
          Jacobian, by falling magnitude
        - ``jacobians`` : ndarray of shape (n_points, n_units, n_units)
        - ``time_constants`` : ndarray of shape (n_points, n_units), in ms, negative for
          growth; None without ``dt``
        - ``starts`` : int ndarray of shape (n_points,), the start that led there
        - ``x`` : float ndarray, input at the point, or None

    Raises
    ------
    ValueError
        If shapes do not match, or the network leaves the finite numbers.

    Notes
    -----
    Newton steps need far fewer iterations than the gradient descent by Adam that is
    usual, and find the same minima, since both go down the same q.

    References
    ----------
    .. [1] D. Sussillo, O. Barak (2013), Neural Comput. 25, 626-649.
       :doi:`10.1162/NECO_a_00409`

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.metrics import find_fixed_points
    >>> def step(h):  # one unit that excites itself
    ...     return 0.9 * h + 0.1 * np.tanh(2 * h)
    >>> found = find_fixed_points(step, np.linspace(-2, 2, 9)[:, None], dt=10.0)
    >>> order = found.points[:, 0].argsort()
    >>> found.points[order, 0].round(3) + 0.0
    array([-0.958,  0.   ,  0.958])
    >>> found.stable[order]
    array([ True, False,  True])
    """
    h = check_array(initial_states, dtype=np.float64, input_name="initial_states")
    n_starts, n_units = h.shape
    h = h.copy()
    if x is not None:
        x = np.atleast_2d(np.asarray(x, np.float64))
        if x.ndim != 2 or len(x) not in (1, n_starts):
            raise ValueError(
                f"x has shape {x.shape}, but there are {n_starts} starts; expected "
                f"(n_inputs,) or ({n_starts}, n_inputs)."
            )
        x = np.broadcast_to(x, (n_starts, x.shape[1]))

    def evaluate(function, points, which):
        return np.asarray(
            function(points) if x is None else function(points, x[which]), np.float64
        )

    def derivatives(points, which):
        if jacobian is not None:
            return evaluate(jacobian, points, which)
        return _differences(lambda p: evaluate(step, p, which), points)

    everything = np.arange(n_starts)
    after = evaluate(step, h, everything)
    if after.shape != h.shape or not np.isfinite(after).all():
        raise ValueError(
            f"step returned an array of shape {after.shape}, or infinite numbers, "
            f"for states of shape {h.shape}; expected finite states of that shape."
        )
    residual = after - h
    q = 0.5 * (residual**2).sum(axis=1)
    damping = np.full(n_starts, FIRST_DAMPING)
    identity = np.eye(n_units)
    for _ in range(max_iter):
        moving = np.flatnonzero((q > 1e-6 * tol) & (damping < LAST_DAMPING))
        if len(moving) == 0:
            break
        slope = derivatives(h[moving], moving) - identity
        gradient = np.einsum("pij,pi->pj", slope, residual[moving])
        normal = slope.swapaxes(1, 2) @ slope
        normal += damping[moving, None, None] * identity
        trial = h[moving] - np.linalg.solve(normal, gradient[:, :, None])[:, :, 0]
        off = evaluate(step, trial, moving) - trial
        q_trial = 0.5 * (off**2).sum(axis=1)
        better = q_trial < q[moving]
        took = moving[better]
        h[took], residual[took] = trial[better], off[better]
        stalled = q_trial > q[moving] * (1 - 1e-9)
        q[took] = q_trial[better]
        damping[moving] *= np.where(better & ~stalled, 0.1, 10.0)
    kept = np.flatnonzero(q <= (tol if slow_tol is None else max(tol, slow_tol)))
    if max_distance is not None and n_starts > 1:
        centre = np.asarray(initial_states, float).mean(axis=0)
        reach = np.linalg.norm(np.asarray(initial_states) - centre, axis=1).mean()
        near = np.linalg.norm(h[kept] - centre, axis=1) <= max_distance * reach
        kept = kept[near] if reach > 0 else kept
    kept = kept[_distinct(h[kept], q[kept], unique_tol)]

    jacobians = np.zeros((0, n_units, n_units))
    if len(kept):
        jacobians = derivatives(h[kept], kept)
    eigenvalues = np.linalg.eigvals(jacobians).astype(complex)
    order = np.argsort(-np.abs(eigenvalues), axis=1, kind="stable")
    eigenvalues = np.take_along_axis(eigenvalues, order, axis=1)
    time_constants = None
    if dt is not None:
        with np.errstate(divide="ignore"):
            time_constants = -dt / np.log(np.abs(eigenvalues))
    return Bunch(
        points=h[kept],
        q=q[kept],
        fixed=q[kept] <= tol,
        stable=(np.abs(eigenvalues) < 1).all(axis=1),
        eigenvalues=eigenvalues,
        jacobians=jacobians,
        time_constants=time_constants,
        starts=kept,
        x=None if x is None else x[kept],
    )


def _differences(function, points):
    """Return the Jacobians of a function at points by central differences."""
    n_points, n_units = points.shape
    jacobians = np.empty((n_points, n_units, n_units))
    for j in range(n_units):
        width = 6e-6 * (1 + np.abs(points[:, j]))
        above, below = points.copy(), points.copy()
        above[:, j] += width
        below[:, j] -= width
        change = function(above) - function(below)
        jacobians[:, :, j] = change / (above[:, j] - below[:, j])[:, None]
    return jacobians


def _distinct(points, q, tol):
    """Return indices of points, by rising q, that are not close to a better one."""
    kept = []
    for i in np.argsort(q, kind="stable"):
        if not kept or np.linalg.norm(points[kept] - points[i], axis=1).min() >= tol:
            kept.append(i)
    return np.array(kept, int)
