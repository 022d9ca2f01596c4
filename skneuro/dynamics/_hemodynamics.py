"""The Balloon-Windkessel model of the BOLD signal."""

from numbers import Real
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from skneuro.dynamics._batch import Plan, run_plans
from skneuro.dynamics._numbers import node_values
from skneuro.dynamics._states import check_states
from skneuro.engine import Equations, exp, log, maximum
from skneuro.engine._jobs import Job, Network, Population, SimulationState, Tap
from skneuro.utils._param_validation import Interval, _fit_context
from skneuro.utils._validation import check_multiple

STATES = ("signal", "flow", "volume", "deoxyhemoglobin")
_SMALLEST_FLOW = 1e-120  # keeps 1 / flow finite


def balloon_step(x, activity, p):
    """Advance the four states by one step of the sequential Euler scheme.

    Each line sees the values that the lines above it have just computed, as in the
    reference implementation.

    Parameters
    ----------
    x : SimpleNamespace
        Signal (1/s), flow, volume and deoxyhemoglobin (relative to rest).
    activity : array
        Neural activity that drives the flow.
    p : SimpleNamespace
        Constants and the step ``dt``, in s.
    """
    flow = maximum(x.flow, _SMALLEST_FLOW)
    signal = x.signal + p.dt * (
        activity - p.signal_decay * x.signal - p.flow_elimination * (flow - 1.0)
    )
    volume_power = exp(log(x.volume) * (1.0 / p.grubb_exponent))  # outflow
    extraction = 1.0 - exp(log(1.0 - p.oxygen_extraction) / flow)
    deoxyhemoglobin = x.deoxyhemoglobin + p.dt / p.transit_time * (
        flow / p.oxygen_extraction * extraction
        - x.deoxyhemoglobin * volume_power / x.volume
    )
    volume = x.volume + p.dt / p.transit_time * (flow - volume_power)
    return SimpleNamespace(
        signal=signal,
        flow=flow + p.dt * signal,
        volume=volume,
        deoxyhemoglobin=deoxyhemoglobin,
    )


class _BalloonObserver(Equations):
    """The step as the engine calls it beside a simulation."""

    def euler_step(self, x, net, drive, noise, normal, p):
        activity = p.activity_gain * (net.activity + p.activity_offset)
        return balloon_step(x, activity, p), SimpleNamespace()


class _BalloonPopulation(Equations):
    """The step as the engine calls it for given activity."""

    def euler_step(self, x, net, drive, noise, normal, p):
        return balloon_step(x, drive.activity, p), SimpleNamespace()


_CONSTANTS = (
    "oxygen_extraction",
    "grubb_exponent",
    "signal_decay",
    "flow_elimination",
    "transit_time",
)
OBSERVER = _BalloonObserver(
    name="BalloonObserver",
    function=None,
    states=STATES,
    inputs=("activity",),
    parameters=(*_CONSTANTS, "activity_gain", "activity_offset"),
)
POPULATION = _BalloonPopulation(
    name="Balloon",
    function=None,
    states=STATES,
    ports=("activity",),
    parameters=_CONSTANTS,
)


# Values at rest: no signal, and flow and contents of one.
RESTING_STATE = {"signal": 0.0, "flow": 1.0, "volume": 1.0, "deoxyhemoglobin": 1.0}


class BalloonConstants:
    """Constants of the model and what follows from them, for its estimators."""

    _constant_constraints: ClassVar[dict] = {
        "oxygen_extraction": [Interval(Real, 0, 1, closed="neither"), "array-like"],
        "grubb_exponent": [Interval(Real, 0, None, closed="neither"), "array-like"],
        "signal_decay": [Interval(Real, 0, None, closed="neither"), "array-like"],
        "flow_elimination": [Interval(Real, 0, None, closed="neither"), "array-like"],
        "transit_time": [Interval(Real, 0, None, closed="neither"), "array-like"],
        "blood_volume": [Interval(Real, 0, None, closed="neither"), "array-like"],
        "signal_weights": ["array-like", None],
    }

    def _constants(self, n_nodes):
        """Values by name: numbers or arrays of shape (n_nodes,)."""
        values = {}
        for name in (*_CONSTANTS, "blood_volume"):
            value = node_values(getattr(self, name), name, n_nodes)
            if (value <= 0).any():
                raise ValueError(f"{name} must be larger than 0, got {value}.")
            values[name] = value
        if (values["oxygen_extraction"] >= 1).any():
            raise ValueError(
                "oxygen_extraction must lie between 0 and 1, got "
                f"{values['oxygen_extraction']}."
            )
        if self.signal_weights is not None:
            weights = np.asarray(self.signal_weights, dtype=float)
            if weights.shape != (3,) or not np.isfinite(weights).all():
                raise ValueError(
                    f"signal_weights is {self.signal_weights!r}, expected three finite "
                    "numbers, k1, k2 and k3."
                )
        return values

    def _first_values(self, n_nodes):
        """Values of the four states at the start: those at rest, or given ones."""
        first = dict(RESTING_STATE)
        for name, value in (self.initial_state or {}).items():
            if name not in first:
                raise ValueError(
                    f"initial_state names {name!r}, expected some of {STATES}."
                )
            first[name] = node_values(value, f"initial_state[{name!r}]", n_nodes)
            if name in ("flow", "volume") and (first[name] <= 0).any():
                raise ValueError(
                    f"initial_state[{name!r}] must be larger than 0, got "
                    f"{first[name]}; 1 is rest."
                )
        return first

    def bold_signal(self, volume, deoxyhemoglobin):
        """Compute the BOLD signal of the two states that it depends on.

        Parameters
        ----------
        volume, deoxyhemoglobin : ndarray of shape (..., n_nodes, n_times)
            States relative to rest.

        Returns
        -------
        ndarray of shape (..., n_nodes, n_times)
            Relative signal change, dimensionless.
        """
        constants = self._constants(volume.shape[-2])
        rho = constants["oxygen_extraction"][..., None]
        if self.signal_weights is None:
            k1, k2, k3 = 7 * rho, 2.0, 2 * rho - 0.2
        else:
            k1, k2, k3 = np.asarray(self.signal_weights, dtype=float)
        return constants["blood_volume"][..., None] * (
            k1 * (1 - deoxyhemoglobin)
            + k2 * (1 - deoxyhemoglobin / volume)
            + k3 * (1 - volume)
        )


class BalloonWindkessel(BalloonConstants, TransformerMixin, BaseEstimator):
    r"""Turn neural activity into BOLD signals by the Balloon-Windkessel model [1]_.

    Activity :math:`z` raises a vasodilatory signal :math:`s`, which raises the blood
    flow :math:`f` into a balloon of volume :math:`v` that holds deoxyhemoglobin
    :math:`q`:

    .. math::

        \dot s &= z - \kappa s - \gamma (f - 1), \qquad \dot f = s \\
        \tau \dot v &= f - v^{1/\alpha}, \qquad
        \tau \dot q = \frac{f}{\rho} \left(1 - (1 - \rho)^{1/f}\right)
            - q v^{1/\alpha - 1} \\
        y &= V_0 \left(k_1 (1 - q) + k_2 (1 - q/v) + k_3 (1 - v)\right)

    The same model runs beside a simulation, without storing its activity, as the
    monitor `Bold`.

    Parameters
    ----------
    t_r : float, default=2.0
        Repetition time, in s. Volume k is taken at time ``(k + 1) * t_r``.
    dt : float, default=0.1
        Time between samples of the activity, and integration step, in ms.
    oxygen_extraction : float or array-like of shape (n_nodes,), default=0.34
        Resting oxygen extraction fraction :math:`\rho`, dimensionless.
    grubb_exponent : float or array-like of shape (n_nodes,), default=0.32
        Stiffness :math:`\alpha` of the vessel, dimensionless.
    signal_decay : float or array-like of shape (n_nodes,), default=0.65
        Rate :math:`\kappa` of signal decay, in 1/s.
    flow_elimination : float or array-like of shape (n_nodes,), default=0.41
        Rate :math:`\gamma` of flow-dependent elimination, in 1/s.
    transit_time : float or array-like of shape (n_nodes,), default=0.98
        Mean transit time :math:`\tau` through the balloon, in s.
    blood_volume : float or array-like of shape (n_nodes,), default=0.02
        Resting blood volume fraction :math:`V_0`, dimensionless.
    signal_weights : array-like of shape (3,), default=None
        Weights :math:`k_1, k_2, k_3`, dimensionless. None takes
        :math:`7\rho, 2, 2\rho - 0.2`, which hold at 1.5 T.
    initial_state : dict, default=None
        First value of ``signal`` (1/s), ``flow``, ``volume`` and ``deoxyhemoglobin``
        (relative to rest): numbers or arrays of shape (n_nodes,). None starts at rest.
    duration : float, default=10000.0
        Simulated time for 2-D X, in ms.

    Attributes
    ----------
    n_features_in_ : int
        Number of nodes.

    See Also
    --------
    Bold : The same model as a monitor of a simulator.

    Notes
    -----
    3-D X of shape (n_samples, n_nodes, n_times) is activity; in 2-D X of shape
    (n_samples, n_nodes) each node has one activity for the whole ``duration``.
    Integration is Euler's scheme in the order signal, deoxyhemoglobin, volume, flow,
    each with the values just computed. The deoxyhemoglobin equation is stiff at flows
    near zero, where a step of 1 ms is safe.

    References
    ----------
    .. [1] K. J. Friston, L. Harrison and W. Penny (2003), NeuroImage 19, 1273-1302,
       equations 4-8 and table 1: :doi:`10.1016/S1053-8119(03)00202-7`

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.dynamics import BalloonWindkessel
    >>> activity = np.zeros((1, 1, 20_000))
    >>> activity[..., :1000] = 1.0  # one second of activity, dt = 1 ms
    >>> bold = BalloonWindkessel(t_r=1.0, dt=1.0).fit_transform(activity)
    >>> bold.shape, int(bold.argmax())
    ((1, 1, 20), 2)
    """

    _parameter_constraints: ClassVar[dict] = {
        "t_r": [Interval(Real, 0, None, closed="neither")],
        "dt": [Interval(Real, 0, None, closed="neither")],
        **BalloonConstants._constant_constraints,
        "initial_state": [dict, None],
        "duration": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(
        self,
        t_r=2.0,
        dt=0.1,
        *,
        oxygen_extraction=0.34,
        grubb_exponent=0.32,
        signal_decay=0.65,
        flow_elimination=0.41,
        transit_time=0.98,
        blood_volume=0.02,
        signal_weights=None,
        initial_state=None,
        duration=10_000.0,
    ):
        self.t_r = t_r
        self.dt = dt
        self.oxygen_extraction = oxygen_extraction
        self.grubb_exponent = grubb_exponent
        self.signal_decay = signal_decay
        self.flow_elimination = flow_elimination
        self.transit_time = transit_time
        self.blood_volume = blood_volume
        self.signal_weights = signal_weights
        self.initial_state = initial_state
        self.duration = duration

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Check parameters and learn the number of nodes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_nodes, n_times) or (n_samples, n_nodes)
            Activity.
        y : None
            Ignored.

        Returns
        -------
        BalloonWindkessel
            This estimator.
        """
        self._check_activity(X, reset=True)
        self._constants(self.n_features_in_)
        self._first_values(self.n_features_in_)
        self._steps_per_volume()
        return self

    def _steps_per_volume(self):
        return check_multiple(self.t_r * 1000.0, self.dt, "t_r in ms", "dt")

    def _check_activity(self, X, *, reset=False):
        X = validate_data(self, X, reset=reset, allow_nd=True, dtype=np.float64)
        if X.ndim > 3 or X.shape[-1] == 0:
            raise ValueError(
                f"X has shape {X.shape}, expected (n_samples, n_nodes) or (n_samples, "
                "n_nodes, n_times) with at least one time."
            )
        return X

    def transform(self, X):
        """Compute BOLD signals, from the initial state.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_nodes, n_times) or (n_samples, n_nodes)
            Activity.

        Returns
        -------
        ndarray of shape (n_samples, n_nodes, n_volumes)
            BOLD signal, relative change.

        Raises
        ------
        SimulationError
            If the integration diverges, which a smaller step prevents.
        ValueError
            If X is shorter than ``t_r``, so that there is no volume.
        """
        bold = self.simulate(X)
        if not bold.shape[-1]:
            raise ValueError(
                f"X lasts less than t_r={self.t_r:g} s, so there is no volume; pass a "
                "longer series or a shorter t_r, and check dt="
                f"{self.dt:g} ms."
            )
        return bold

    def simulate(self, X, *, continue_from=None, return_state=False):
        """Compute BOLD signals of a piece of activity.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_nodes, n_times) or (n_samples, n_nodes)
            Activity.
        continue_from : list of SimulationState, default=None
            States that an earlier call returned, one per sample; the volumes are then
            those of one uninterrupted recording.
        return_state : bool, default=False
            Whether to return the states at the end as well.

        Returns
        -------
        bold : ndarray of shape (n_samples, n_nodes, n_volumes)
            BOLD signal, relative change, of the volumes that end within this piece.
        states : list of SimulationState
            Only with ``return_state=True``.

        Raises
        ------
        TypeError
            If ``continue_from`` is not a list of states.
        ValueError
            If ``continue_from`` has another number of samples or of nodes.
        SimulationError
            If the integration diverges, which a smaller step prevents.
        """
        check_is_fitted(self)
        X = self._check_activity(X)
        n_nodes = X.shape[1]
        network = Network((Population(POPULATION, n_nodes),))
        if continue_from is not None:
            check_states(continue_from, network, len(X))
        constants = self._constants(n_nodes)
        initial = self._first_values(n_nodes)
        interval = self._steps_per_volume()
        n_steps = (
            X.shape[2]
            if X.ndim == 3
            else check_multiple(self.duration, self.dt, "duration", "dt")
        )
        plans = []
        for k, sample in enumerate(X):
            state = SimulationState(
                step=0, variables=[initial], noise=[{}], history=[{}]
            )
            if continue_from is not None:
                state = continue_from[k]
            series = X.ndim == 3
            parameters = {
                **{name: constants[name] for name in _CONSTANTS},
                "dt": self.dt / 1000.0,  # ms to s, the unit of the constants
                "input_activity": 0.0 if series else sample,
            }
            job = Job(
                [parameters],
                state,
                drive=[{"activity": sample}] if series else None,
            )
            plans.append(
                Plan(
                    network,
                    job,
                    n_steps,
                    taps=(
                        Tap(0, "volume", interval),
                        Tap(0, "deoxyhemoglobin", interval),
                    ),
                )
            )
        results = run_plans(plans)
        for k, result in enumerate(results):
            if result.failure is not None:
                raise result.error("BalloonWindkessel", self.dt, what=f"sample {k}")
        bold = np.stack([self.bold_signal(*r.recorded) for r in results])
        return (bold, [r.state for r in results]) if return_state else bold

    def __sklearn_tags__(self):
        """Tags for scikit-learn."""
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags
