"""Feedback inhibition control: inhibition that gives each node a target rate."""

import math
import warnings
from numbers import Integral, Real
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skneuro.dynamics._base import BaseSimulator
from skneuro.dynamics._derivatives import differentiate_step
from skneuro.dynamics._monitors import TemporalAverage
from skneuro.dynamics._parameters import numeric_parameters
from skneuro.dynamics._wong_wang import WongWang
from skneuro.utils import progress_bar
from skneuro.utils._param_validation import Interval, _fit_context
from skneuro.utils._validation import check_multiple

_POSITIVE = Interval(Real, 0, None, closed="neither")
_LARGEST_CHANGE = 0.5  # of a node's inhibition, per iteration
_LOWEST_RATE = 1e-3  # of the target; its logarithm is finite
_NEWTON_STEPS = 50


class FeedbackInhibitionControl(TransformerMixin, BaseEstimator):
    r"""Set each node's inhibition such that it fires at a target rate [1]_.

    A node that gets more from the network fires more. In the brain local inhibition
    makes up for that. ``fit`` simulates, measures the mean rate :math:`\bar r_n` of
    each node, and changes the inhibition :math:`J_n` of all nodes at once by Newton's
    method,

    .. math:: R\, \Delta J = r^* - \bar r, \qquad
        R_{nm} = \frac{\partial r_n}{\partial J_m}

    until all rates are within ``tol`` of the target. :math:`R` is the response of the
    whole network's fixed point, from the derivatives of the model's equations at the
    mean state. The second simulation has the inhibition at which the network without
    noise would rest at the target. 2-D X is a constant drive, as for the simulator.

    Parameters
    ----------
    simulator : BaseSimulator, default=None
        Model to control; it is not changed. None is ``WongWang()``.
    target_rate : float or array-like of shape (n_nodes,), default=3.0631
        Mean rate of each node, in Hz. The default is that of :math:`I_E - b_E / a_E =
        -0.026` nA [1]_.
    tol : float, default=0.1
        Largest departure of a node's mean rate, in Hz.
    transient : float, default=1000.0
        Time at the start of each simulation that does not count, in ms.
    max_iter : int, default=30
        Most simulations.
    parameter : str, default="j_inh"
        Parameter of the simulator that is set.
    rate : str, default="r_exc"
        Variable of the simulator that is brought to the target.
    verbose : bool, default=False
        Whether to show a progress bar.

    Attributes
    ----------
    inhibition_ : ndarray of shape (n_nodes,)
        Value of ``parameter`` at each node.
    rates_ : ndarray of shape (n_nodes,)
        Mean rates in the last simulation, in Hz.
    errors_ : ndarray of shape (n_iter_,)
        Largest departure in each simulation, in Hz.
    n_iter_ : int
        Simulations until rates were at the target.
    simulator_ : BaseSimulator
        Copy of the simulator, fitted, with the inhibition found.
    n_features_in_ : int
        Number of channels that X drives.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the channels, where ``fit`` saw a DataFrame.

    Raises
    ------
    SimulationError
        If a run leaves the finite numbers.
    ValueError
        If the simulator lacks the parameter or the rate, or the transient is as long as
        a run.

    Warns
    -----
    ConvergenceWarning
        If rates are not at the target after ``max_iter`` simulations.

    See Also
    --------
    WongWang : The model that this was made for.

    Notes
    -----
    The published rule changes each node's inhibition by a small constant, up or down,
    until its current is in a window, which takes hundreds of simulations. Above the
    target the step is Newton's for the rate, below it for its logarithm, and never more
    than half of a node's inhibition; it becomes smaller while it makes things worse.
    All simulations have the same noise, those of several samples are averaged.

    Strong coupling makes the state in which all nodes fire at the target unstable; no
    inhibition then holds it, and ``fit`` warns.

    References
    ----------
    .. [1] G. Deco, A. Ponce-Alvarez, P. Hagmann, G. L. Romani, D. Mantini and
       M. Corbetta (2014), J. Neurosci. 34, 7886-7898:
       :doi:`10.1523/JNEUROSCI.5068-13.2014`

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.dynamics import FeedbackInhibitionControl, WongWang
    >>> weights = [[0, 1, 0], [1, 0, 1], [0, 1, 0]]
    >>> network = WongWang(weights, duration=3000.0, dt=0.5, random_state=0)
    >>> balanced = FeedbackInhibitionControl(network).fit(np.zeros((1, 3)))
    >>> bool((abs(balanced.rates_ - 3.0631) < 0.1).all())
    True
    >>> bool(balanced.inhibition_[1] > balanced.inhibition_[0])  # it gets most
    True
    """

    _parameter_constraints: ClassVar[dict] = {
        "simulator": [BaseSimulator, None],
        "target_rate": [_POSITIVE, "array-like"],
        "tol": [_POSITIVE],
        "transient": [Interval(Real, 0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "parameter": [str],
        "rate": [str],
        "verbose": ["boolean"],
    }

    def __init__(
        self,
        simulator=None,
        *,
        target_rate=3.0631,
        tol=0.1,
        transient=1000.0,
        max_iter=30,
        parameter="j_inh",
        rate="r_exc",
        verbose=False,
    ):
        self.simulator = simulator
        self.target_rate = target_rate
        self.tol = tol
        self.transient = transient
        self.max_iter = max_iter
        self.parameter = parameter
        self.rate = rate
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None):
        """Find the inhibition.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels[, n_times])
            Drive of the simulator; zeros are none. Rates are means over samples.
        y : None
            Ignored.

        Returns
        -------
        FeedbackInhibitionControl
            This estimator.
        """
        simulator = WongWang() if self.simulator is None else clone(self.simulator)
        self._check_model(simulator)
        seed = check_random_state(simulator.random_state).randint(2**31 - 1)
        simulator.set_params(random_state=seed).fit(X)
        self.simulator_ = clone(simulator)
        n_steps = simulator._steps_of_duration()
        if n_steps is None:
            n_steps = np.shape(X)[-1] * simulator._hold()
        variables = (*simulator.states, *simulator.algebraic)
        first, interval = self._window(simulator, n_steps)
        monitor = TemporalAverage(interval * simulator.dt)
        simulator.set_params(record=variables, monitor=monitor)
        target = simulator._node_values(self.target_rate, "target_rate")
        if (target <= 0).any():
            raise ValueError(f"target_rate must be larger than 0, got {target}.")
        n_nodes = simulator.n_nodes_
        value = np.full(n_nodes, getattr(simulator, self.parameter), dtype=float)
        point = _FixedPoint(simulator, self.parameter, self.rate, _mean_drive(X))
        scale, best, errors = 1.0, (np.inf, value, None), []
        with progress_bar(
            self.max_iter, desc="balancing", unit="run", enabled=self.verbose
        ) as bar:
            while True:
                simulator.set_params(**{self.parameter: value})
                runs = simulator.fit(X).transform(X)[..., first:]
                means = runs.astype(float).mean(axis=(0, 2)).reshape(-1, n_nodes)
                means = dict(zip(variables, means, strict=True))
                rates = means[self.rate]
                errors.append(float(np.abs(rates - target).max()))
                bar.update()
                improved = errors[-1] < best[0]
                if improved:
                    best = (errors[-1], value, rates)
                if best[0] <= self.tol or len(errors) == self.max_iter:
                    break
                if len(errors) == 1:
                    value = point.solve(means, value, target)
                    continue
                scale = min(1.0, 2 * scale) if improved else scale / 4
                if improved or len(errors) == 2:
                    change = point.change(means, target)
                limit = _LARGEST_CHANGE * np.maximum(np.abs(best[1]), 1e-3)
                value = best[1] + np.clip(scale * change, -limit, limit)
        if best[0] > self.tol:
            warnings.warn(
                f"rates are up to {best[0]:.3g} Hz off the target after "
                f"{self.max_iter} simulations, but tol={self.tol:g} Hz; simulate "
                "longer, raise max_iter or tol, or lower the coupling.",
                ConvergenceWarning,
                stacklevel=2,
            )
        _, self.inhibition_, self.rates_ = best
        self.errors_, self.n_iter_ = np.array(errors), len(errors)
        self.simulator_.set_params(**{self.parameter: self.inhibition_}).fit(X)
        self.n_features_in_ = self.simulator_.n_features_in_
        vars(self).pop("feature_names_in_", None)
        if hasattr(self.simulator_, "feature_names_in_"):
            self.feature_names_in_ = self.simulator_.feature_names_in_
        return self

    def transform(self, X):
        """Simulate the response of the balanced network.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels[, n_times])
            Drive of the simulator.

        Returns
        -------
        ndarray of shape (n_samples, n_recorded * n_nodes, n_times)
            What ``simulator_.transform`` returns.
        """
        check_is_fitted(self)
        return self.simulator_.transform(X)

    def _check_model(self, simulator):
        """Complain about a model without what is to be set or measured."""
        numbers = list(numeric_parameters(type(simulator)))
        variables = (*simulator.states, *simulator.algebraic)
        hidden = set(simulator.coupling_inputs.values()) - set(variables)
        if self.parameter not in numbers or self.rate not in variables or hidden:
            raise ValueError(
                f"parameter={self.parameter!r} and rate={self.rate!r} with "
                f"{type(simulator).__name__}; expected one of {numbers} and one of "
                f"{variables}, in a model whose nodes see each other's variables."
            )

    def _window(self, simulator, n_steps):
        """Return the first mean that counts, and the steps of each."""
        skipped = 0
        if self.transient > 0:
            skipped = check_multiple(self.transient, simulator.dt, "transient", "dt")
        if skipped >= n_steps:
            raise ValueError(
                f"transient={self.transient:g} ms, but the simulator runs for "
                f"{n_steps * simulator.dt:g} ms; expected less. Pass a shorter "
                "transient or a longer duration."
            )
        interval = math.gcd(skipped, n_steps)
        return skipped // interval, interval

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        if self.simulator is not None:
            dtype = getattr(self.simulator, "dtype", "float64")
            tags.transformer_tags.preserves_dtype = [dtype]
        return tags


def _mean_drive(X):
    """Mean of the drive over samples and time, shape (n_channels,)."""
    X = np.asarray(X, dtype=float)
    return X.mean(axis=(0, 2) if X.ndim == 3 else 0)


class _FixedPoint:
    """Fixed point of a network, and how it moves with one parameter of its nodes.

    A step maps the variables of all nodes to themselves there, F(x, J) = x.
    """

    def __init__(self, simulator, parameter, rate, mean_drive):
        self.simulator, self.parameter, self.rate = simulator, parameter, rate
        parts = np.split(mean_drive, len(simulator.inputs))
        self.drive = dict(zip(simulator.inputs, parts, strict=True))
        self.names = (*simulator.states, *simulator.algebraic)
        n = simulator.n_nodes_
        self.place = {k: slice(i * n, (i + 1) * n) for i, k in enumerate(self.names)}
        # each delayed sum: its variable and its weights; delays do not matter here
        powers = simulator.weight_powers
        self.sums = {
            key: (source, simulator.connectivity_ ** powers.get(key, 1))
            for key, source in simulator.coupling_inputs.items()
        } | {
            key: (source, np.eye(n))
            for key, (source, _) in simulator.self_inputs.items()
        }

    def _net(self, x):
        return {key: weights @ x[v] for key, (v, weights) in self.sums.items()}

    def linearize(self, x):
        """Differentiate F(x, J) - x by all variables and by J, all nodes together."""
        simulator, n = self.simulator, self.simulator.n_nodes_
        net = self._net(x)
        by_state = -np.eye(len(self.names) * n)
        by_inhibition = np.zeros((len(self.names) * n, n))
        for name in self.names:
            bars = {name: np.ones(n)}
            step = differentiate_step(simulator, bars, x, net, drive=self.drive)
            rows = self.place[name]
            for other in self.names:
                by_state[rows, self.place[other]] += np.diag(step["x"][other])
            for key, (source, weights) in self.sums.items():
                columns = self.place[source]
                by_state[rows, columns] += step["net"][key][:, None] * weights
            by_inhibition[rows] = np.diag(step["parameters"][self.parameter])
        return by_state, by_inhibition

    def change(self, means, target):
        """Change of J that should bring the rates to the target."""
        by_state, by_inhibition = self.linearize(means)
        moved = np.linalg.lstsq(by_state, by_inhibition)[0]
        response = -moved[self.place[self.rate]]
        rates = np.maximum(means[self.rate], _LOWEST_RATE * target)
        off = np.where(rates > target, target - rates, rates * np.log(target / rates))
        return np.linalg.lstsq(response, off)[0]

    def solve(self, x, value, target):
        """Solve for the J at which the network without noise rests at the target."""
        simulator, n = self.simulator, self.simulator.n_nodes_
        x = {k: v.copy() for k, v in x.items()}
        first = value
        for _ in range(_NEWTON_STEPS):
            simulator.set_params(**{self.parameter: value})
            simulator._fit_numbers()
            by_state, by_inhibition = self.linearize(x)
            residual = self._departure(x)
            size = len(self.names) * n
            system = np.zeros((size + n, size + n))
            system[:size, :size], system[:size, size:] = by_state, by_inhibition
            system[size:, self.place[self.rate]] = np.eye(n)
            off = x[self.rate] - target
            change = -np.linalg.lstsq(system, np.concatenate([residual, off]))[0]
            if not np.isfinite(change).all():
                return first
            for name in self.names:
                low, high = simulator.bounds.get(name, (-np.inf, np.inf))
                x[name] = np.clip(x[name] + change[self.place[name]], low, high)
            value = value + change[size:]
            if np.abs(change[size:]).max() <= 1e-9 * np.abs(value).max():
                return value
        return first

    def _departure(self, x):
        """F(x, J) - x, from the equations without noise."""
        simulator = self.simulator
        numbers = simulator._numbers
        p = SimpleNamespace(**numbers)
        inputs = {
            port: numbers[f"input_{port}"] + self.drive.get(port, 0.0)
            for port in simulator.ports
        }
        noise = {k: numbers[f"noise_mean_{k}"] for k in simulator.noise}
        rate = simulator._equations().evaluate(
            SimpleNamespace(**x),
            SimpleNamespace(**self._net(x)),
            SimpleNamespace(**inputs),
            SimpleNamespace(**noise),
            p,
        )
        states = [simulator.dt * rate[s] for s in simulator.states]
        others = [rate[a] - x[a] for a in simulator.algebraic]
        shape = (simulator.n_nodes_,)
        return np.concatenate([np.broadcast_to(v, shape) for v in states + others])
