"""The scikit-learn face that all simulators share."""

import copy
import warnings
from numbers import Integral, Real
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from skneuro.dynamics._batch import Plan, run_plans
from skneuro.dynamics._monitors import Monitor, Raw
from skneuro.dynamics._parameters import SETTINGS, fill_docstring, make_init
from skneuro.engine._equations import Equations
from skneuro.engine._jobs import (
    Job,
    Network,
    Population,
    Projection,
    SimulationState,
)
from skneuro.utils._param_validation import (
    Interval,
    StrOptions,
    _fit_context,
)
from skneuro.utils._validation import check_multiple, check_square_matrix

_POSITIVE = Interval(Real, 0, None, closed="neither")
_NOT_NEGATIVE = Interval(Real, 0, None, closed="left")


class BaseSimulator(TransformerMixin, BaseEstimator):
    """Base of all simulators: a model is a class with declarations and equations.

    A subclass declares what its model has and writes the equations once; delays,
    coupling, noise, stimulus, recording, batches and the constructor come from here.
    The user guide, "Writing your own simulator", shows a complete model.

    Attributes
    ----------
    parameters : dict
        Class attribute: every constructor parameter of the model with its default, in
        the order of the signature. One of them is ``<port>_input`` for each port: the
        constant input there.
    positive : tuple of str
        Class attribute: parameters that must be larger than zero.
    options : dict
        Class attribute: parameters that are words,
        ``{"name": {"word": {"number_in_equations": value}}}``.
    states, algebraic : tuple of str
        Class attributes: variables that are integrated, and those that equations
        assign.
    noise : tuple of str
        Class attribute: names of the noise processes.
    ports : tuple of str
        Class attribute: inputs that a drive can reach.
    coupling_inputs : dict
        Class attribute: name of each delayed sum and the variable that it sums.
    bounds, periods : dict
        Class attributes: (low, high) per bounded state; period per state on a circle.
    initial : dict
        Class attribute: (low, high) per variable, between which random initial values
        are drawn.
    output : str
        Class attribute: variable that ``transform`` returns by default.
    units : dict
        Class attribute: unit of each variable.
    bold_input : tuple of (str, float, float) or None
        Class attribute: variable, offset and gain of what drives the haemodynamics.

    See Also
    --------
    Hopf : A model written this way.
    """

    parameters: ClassVar[dict] = {}
    positive: ClassVar[tuple] = ()
    options: ClassVar[dict] = {}
    states: ClassVar[tuple] = ()
    algebraic: ClassVar[tuple] = ()
    noise: ClassVar[tuple] = ()
    ports: ClassVar[tuple] = ()
    coupling_inputs: ClassVar[dict] = {}
    bounds: ClassVar[dict] = {}
    periods: ClassVar[dict] = {}
    initial: ClassVar[dict] = {}
    output: ClassVar[str] = ""
    units: ClassVar[dict] = {}
    bold_input: ClassVar[tuple | None] = None

    _parameter_constraints: ClassVar[dict] = {}
    _setting_constraints: ClassVar[dict] = {
        "connectivity": ["array-like", None],
        "tract_lengths": ["array-like", None],
        "conduction_speed": [_POSITIVE],
        "sigma": [_NOT_NEGATIVE, "array-like", dict],
        "tau_noise": [_NOT_NEGATIVE, "array-like", dict],
        "noise_mean": [Real, "array-like", dict],
        "inputs": [tuple, list],
        "duration": [_POSITIVE, None],
        "dt": [_POSITIVE],
        "method": [StrOptions({"euler", "heun"})],
        "stimulus_interval": [_POSITIVE, None],
        "initial_state": [dict, None],
        "record": [str, tuple, list, None],
        "monitor": [StrOptions({"raw"}), Monitor],
        "labels": ["array-like", None],
        "independent_noise": ["boolean"],
        "on_divergence": [StrOptions({"raise", "warn"})],
        "dtype": [StrOptions({"float64", "float32"})],
        "n_jobs": [Integral, None],
        "verbose": ["boolean"],
        "random_state": ["random_state"],
    }

    def __init_subclass__(cls, **kwargs):
        """Make the constructor, its constraints and the shared documentation."""
        super().__init_subclass__(**kwargs)
        if "parameters" not in vars(cls):
            return
        missing = [
            f"{p}_input" for p in cls.ports if f"{p}_input" not in cls.parameters
        ]
        if missing:
            raise TypeError(
                f"{cls.__name__}.parameters lacks {missing}; expected one constant "
                "input for each port, with its default."
            )
        defaults = {**SETTINGS, "inputs": cls.ports[:1]}
        if "__init__" not in vars(cls):
            cls.__init__ = make_init(cls, cls.parameters, defaults)
        constraints = dict(cls._setting_constraints)
        for name in cls.parameters:
            if name in cls.options:
                constraints[name] = [StrOptions(set(cls.options[name]))]
            else:
                number = _POSITIVE if name in cls.positive else Real
                constraints[name] = [number, "array-like"]
        cls._parameter_constraints = constraints
        fill_docstring(cls)
        cls._class_equations = None

    # -- equations -------------------------------------------------------------------

    def _equations(self):
        """Equations of the model, traced and compiled once per class."""
        cls = type(self)
        if cls._class_equations is None:
            words = {
                key
                for option in cls.options.values()
                for w in option.values()
                for key in w
            }
            cls._class_equations = Equations(
                name=cls.__name__,
                function=cls.equations,
                states=cls.states,
                algebraic=cls.algebraic,
                noise=cls.noise,
                ports=cls.ports,
                inputs=tuple(cls.coupling_inputs),
                sources=tuple(dict.fromkeys(cls.coupling_inputs.values())),
                source_function=getattr(cls, "sources", None),
                bounds=cls.bounds,
                periods=cls.periods,
                parameters=(
                    *(p for p in cls.parameters if p not in cls.options),
                    *sorted(words),
                    *(f"{name}_strength" for name in cls.coupling_inputs),
                ),
            )
        return cls._class_equations

    @staticmethod
    def equations(x, net, drive, noise, p):
        """Return time derivatives of states and values of algebraic variables.

        Parameters
        ----------
        x, net, drive, noise, p : SimpleNamespace
            Variables, delayed sums, inputs, noise and parameters; see the user guide.

        Returns
        -------
        dict
            Derivative per ms of each state, and value of each algebraic variable.
        """
        raise NotImplementedError("a simulator defines its equations")

    # -- fit -------------------------------------------------------------------------

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Check parameters and network, and draw seed and initial state.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels[, n_times])
            Drive; see `transform`.
        y : None
            Ignored.

        Returns
        -------
        BaseSimulator
            This simulator.
        """
        X = validate_data(self, X, allow_nd=True, dtype=np.float64)
        self._fit(X.shape[1])
        return self

    def _fit(self, n_channels):
        ports = tuple(self.inputs)
        unknown = [p for p in ports if p not in self.ports]
        if unknown or not ports or len(set(ports)) < len(ports):
            raise ValueError(
                f"inputs={self.inputs!r}, expected one or several of {self.ports}, "
                "each once."
            )
        if self.connectivity is None:
            if n_channels % len(ports):
                raise ValueError(
                    f"X has {n_channels} channels, expected a multiple of "
                    f"{len(ports)}, the number of ports in inputs={ports}."
                )
            n_nodes = n_channels // len(ports)
            weights = np.zeros((n_nodes, n_nodes))
        else:
            weights = check_square_matrix(self.connectivity, "connectivity").copy()
            n_nodes = len(weights)
            if n_channels is not None and n_channels != len(ports) * n_nodes:
                raise ValueError(
                    f"connectivity has shape {weights.shape}, but X drives "
                    f"{n_channels} channels; expected {len(ports) * n_nodes}: one "
                    f"channel per node for each port in inputs={ports}."
                )
            np.fill_diagonal(weights, 0.0)
        lengths = np.zeros((n_nodes, n_nodes))
        if self.tract_lengths is not None:
            lengths = check_square_matrix(
                self.tract_lengths, "tract_lengths", n_nodes=n_nodes
            )
            if (lengths < 0).any():
                i, j = np.argwhere(lengths < 0)[0]
                raise ValueError(
                    f"tract_lengths[{i}, {j}] is {lengths[i, j]:g} mm, expected "
                    "lengths of at least 0; a signal cannot arrive before it is sent."
                )
        self.connectivity_ = weights
        self.n_nodes_ = n_nodes
        self.labels_ = self._make_labels(n_nodes)
        self._network = self._make_network(weights, lengths)
        self._check_monitor()
        self._steps_of_duration()
        rng = check_random_state(self.random_state)
        self._seed = int(rng.randint(np.iinfo(np.int32).max))
        self._start = self._make_initial_state(rng)
        self._numbers = self._make_numbers()

    def _make_labels(self, n_nodes):
        labels = self.labels
        if labels is None and hasattr(self.connectivity, "columns"):
            labels = list(self.connectivity.columns)
        if labels is None:
            return np.arange(n_nodes)
        labels = np.asarray(labels)
        if labels.shape != (n_nodes,):
            raise ValueError(
                f"labels has shape {labels.shape}, expected ({n_nodes},): one name per "
                "node."
            )
        return labels

    def _make_network(self, weights, lengths):
        """Edges with their lags; a value sent in one step is seen in the next."""
        key = (weights, lengths, self.conduction_speed, self.dt)
        known = getattr(self, "_network_key", None)
        if known is not None and all(map(np.array_equal, key, known)):
            return self._network  # with its sorted edges
        self._network_key = key
        delays = np.rint(lengths / (self.conduction_speed * self.dt))
        to, start = np.nonzero(weights)
        lag = delays[to, start].astype(np.int64) + 1
        equations = self._equations()
        projections = tuple(
            Projection((0, name), (0, source), to, start, lag, weights[to, start])
            for name, source in self.coupling_inputs.items()
        )
        return Network((Population(equations, self.n_nodes_),), projections)

    def _monitor(self):
        return Raw() if isinstance(self.monitor, str) else self.monitor

    def _check_monitor(self):
        self._monitor()._validate_params()
        self._recorded(all_by_default=False)
        self._monitor().taps((), self.dt)
        self._observers()

    def _observers(self):
        if self.bold_input is None and type(self._monitor()).__name__ == "Bold":
            raise ValueError(
                f"{type(self).__name__} declares no bold_input, so Bold cannot follow "
                "it; set the class attribute bold_input=(variable, offset, gain)."
            )
        return self._monitor().observers(self.bold_input, self.n_nodes_, self.dt)

    def _recorded(self, *, all_by_default):
        """Names of the variables to record."""
        variables = (*self.states, *self.algebraic)
        if self.record is None:
            return variables if all_by_default else (self.output or self.states[0],)
        names = (self.record,) if isinstance(self.record, str) else tuple(self.record)
        unknown = [n for n in names if n not in variables]
        if unknown or not names:
            raise ValueError(
                f"record={self.record!r}, expected one or several of {variables}."
            )
        return names

    def _steps_of_duration(self):
        if self.duration is None:
            return None
        return check_multiple(self.duration, self.dt, "duration", "dt")

    def _hold(self):
        if self.stimulus_interval is None:
            return 1
        return check_multiple(
            self.stimulus_interval, self.dt, "stimulus_interval", "dt"
        )

    def _node_values(self, value, name):
        """Check a number or one number per node."""
        value = np.asarray(value, dtype=np.float64)
        if value.shape not in ((), (self.n_nodes_,)):
            raise ValueError(
                f"{name} has shape {value.shape}, expected a number or one per node, "
                f"({self.n_nodes_},)."
            )
        if not np.isfinite(value).all():
            raise ValueError(f"{name} must be finite, got {value}.")
        return value

    def _make_initial_state(self, rng):
        """Draw the initial values and put the given ones in their place."""
        n = self.n_nodes_
        values = {}
        for name in (*self.states, *self.algebraic):
            low, high = self.initial.get(name, (0.0, 0.0))
            values[name] = low + (high - low) * rng.uniform(size=n)
        given = dict(self.initial_state or {})
        noise = {}
        for name in self.noise:
            mean = self._per_population(self.noise_mean, name, "noise_mean")
            noise[name] = given.pop(f"{name}_noise", mean)
            noise[name] = self._node_values(noise[name], f"initial {name}_noise")
        past = {}
        for name, value in given.items():
            if name not in values:
                expected = [*values, *(f"{n}_noise" for n in self.noise)]
                raise ValueError(
                    f"initial_state names {name!r}, expected some of {expected}."
                )
            value = np.asarray(value, dtype=np.float64)
            if value.ndim == 2 and len(value) == n and value.shape[1]:
                past[name] = value
                value = value[:, -1]
            values[name] = self._node_values(value, f"initial_state[{name!r}]")
        return SimulationState(
            step=0,
            variables=[values],
            noise=[noise],
            history=[self._make_history(values, past)],
        )

    def _make_history(self, values, past):
        """Past of every value that other nodes can see."""
        equations = self._equations()
        columns = max((v.shape[1] for v in past.values()), default=1)
        series = {}
        for name, value in values.items():
            value = np.broadcast_to(value, (self.n_nodes_,))[:, None]
            series[name] = np.broadcast_to(value, (self.n_nodes_, columns)).copy()
            if name in past:
                known = past[name]
                series[name][:, :] = known[:, :1]
                series[name][:, columns - known.shape[1] :] = known
        visible = equations.visible(SimpleNamespace(**series), SimpleNamespace())
        return {name: visible[name] for name in equations.sources}

    def _per_population(self, value, population, name):
        """Value of a noise setting for one population."""
        if isinstance(value, dict):
            unknown = sorted(set(value) - set(self.noise))
            if unknown:
                raise ValueError(
                    f"{name} names {unknown}, expected some of {self.noise}."
                )
            value = value.get(population, SETTINGS[name])
        value = self._node_values(value, name)
        if name != "noise_mean" and (value < 0).any():
            raise ValueError(f"{name} must not be negative, got {value}.")
        return value

    def _make_numbers(self):
        """Every number that the equations need, by name."""
        numbers = {"dt": self.dt}
        for name in self.parameters:
            value = getattr(self, name)
            if name in self.options:
                numbers.update(self.options[name][value])
                continue
            value = self._node_values(value, name)
            if name in self.positive and (value <= 0).any():
                raise ValueError(f"{name} must be larger than 0, got {value}.")
            if name.removesuffix("_input") in self.ports and name.endswith("_input"):
                numbers[f"input_{name.removesuffix('_input')}"] = value
            numbers[name] = value
        strength = self.connectivity_.sum(axis=1)
        for name in self.coupling_inputs:
            numbers[f"{name}_strength"] = strength
        for name in self.noise:
            sigma = self._per_population(self.sigma, name, "sigma")
            tau = self._per_population(self.tau_noise, name, "tau_noise")
            white = tau == 0
            if ((tau > 0) & (tau < self.dt)).any():
                raise ValueError(
                    f"tau_noise={self.tau_noise} ms is shorter than dt={self.dt} ms; "
                    "pass 0 for white noise, or at least dt."
                )
            safe = np.where(white, 1.0, tau)
            numbers[f"noise_rate_{name}"] = np.where(white, 1.0, self.dt / safe)
            numbers[f"noise_step_{name}"] = sigma * np.where(
                white, 1.0 / np.sqrt(self.dt), np.sqrt(self.dt)
            )
            numbers[f"noise_mean_{name}"] = self._per_population(
                self.noise_mean, name, "noise_mean"
            )
        return numbers

    # -- run -------------------------------------------------------------------------

    def _plan(self, sample, names, *, simulation=0, state=None):
        """Make the plan of one sample: (n_channels,), (n_channels, n_times) or None."""
        numbers, drive = self._numbers, None
        n_steps, hold = self._steps_of_duration(), self._hold()
        if sample is not None and sample.ndim == 1:
            numbers = dict(numbers)
            for port, values in zip(
                self.inputs, np.split(sample, len(self.inputs)), strict=True
            ):
                numbers[f"input_{port}"] = numbers[f"input_{port}"] + values
        elif sample is not None:
            parts = np.split(sample, len(self.inputs))
            drive = [dict(zip(self.inputs, parts, strict=True))]
            driven = sample.shape[1] * hold
            if n_steps is None:
                n_steps = driven
            if n_steps != driven:
                raise ValueError(
                    f"X has {sample.shape[1]} columns of {hold * self.dt:g} ms, which "
                    f"is {driven * self.dt:g} ms, but duration={self.duration:g} ms; "
                    "expected the same. Pass duration=None to take it from X, or "
                    "stimulus_interval to hold each column."
                )
        if n_steps is None:
            raise ValueError(
                "duration=None needs 3-D X (n_samples, n_channels, n_times), got a "
                "constant drive; pass duration in ms."
            )
        return Plan(
            self._network,
            Job(
                [numbers],
                self._start if state is None else state,
                seed=self._seed,
                simulation=simulation if self.independent_noise else 0,
                drive=drive,
            ),
            n_steps,
            taps=self._monitor().taps(names, self.dt),
            observers=self._observers(),
            method=self.method,
            dtype=self.dtype,
            hold=hold,
        )

    def _check_drive(self, X):
        return validate_data(self, X, reset=False, allow_nd=True, dtype=np.float64)

    def _name(self, recorded, observed, names=None, first_step=0):
        """Let the monitor name what was recorded."""
        return self._monitor().name_recordings(
            recorded,
            observed,
            variables=names or self._recorded(all_by_default=False),
            units=self.units,
            first_step=first_step,
            dt=self.dt,
        )

    def _collect(self, results, names, first_step=0):
        """Stack and name the recordings of several runs; failures raise or warn."""
        for k, result in enumerate(results):
            if result.failure is not None:
                error = result.error(
                    type(self).__name__,
                    self.dt,
                    what=f"sample {k}",
                    labels=self.labels_,
                )
                error.simulation = k
                if self.on_divergence == "raise":
                    raise error
                warnings.warn(f"{error} Its values are NaN.", stacklevel=3)
        return self._name(results.recorded, results.observed, names, first_step)

    def transform(self, X):
        """Simulate the response to each drive.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels[, n_times])
            What is added to the constant inputs, port by port: the first ``n_nodes``
            channels drive the first port in ``inputs``. 2-D X is a constant drive; 3-D
            X has one column per ``dt``, or per ``stimulus_interval``; step k receives
            column k.

        Returns
        -------
        ndarray of shape (n_samples, n_recorded * n_nodes, n_times)
            What the monitor recorded, variable by variable.

        Raises
        ------
        SimulationError
            If a run leaves the finite numbers.
        ValueError
            If the length of X and ``duration`` disagree.
        """
        check_is_fitted(self)
        X = self._check_drive(X)
        names = self._recorded(all_by_default=False)
        plans = [self._plan(x, names, simulation=k) for k, x in enumerate(X)]
        results = run_plans(
            plans,
            n_jobs=self.n_jobs,
            progress=self.verbose,
            desc=type(self).__name__,
        )
        return _join(self._collect(results, names))

    def simulate(self, X=None, *, continue_from=None):
        """Simulate and return labelled series; the end is kept in ``state_``.

        A simulator that is not fitted is fitted first.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels[, n_times]), default=None
            Drive as in `transform`; None is one sample without.
        continue_from : list of SimulationState, default=None
            States to go on from, one per sample: ``state_`` of an earlier call. Noise
            and time go on as if there had been no break.

        Returns
        -------
        xarray.Dataset
            One variable per recorded quantity with dimensions ``sample`` (where X is
            given), ``node`` and ``time`` (ms); units are in the attributes.

        Raises
        ------
        SimulationError
            If a run leaves the finite numbers.
        ValueError
            If the length of X and ``duration`` disagree, or the number of states and
            samples.
        """
        import xarray

        if not hasattr(self, "_network"):
            self._fit_without_drive() if X is None else self.fit(X)
        samples = [None]
        if X is not None:
            samples = validate_data(
                self, X, reset=False, allow_nd=True, dtype=np.float64
            )
        if continue_from is not None and len(continue_from) != len(samples):
            raise ValueError(
                f"continue_from has {len(continue_from)} states for {len(samples)} "
                "samples; pass one state per sample."
            )
        states = continue_from or [None] * len(samples)
        names = self._recorded(all_by_default=True)
        plans = [
            self._plan(x, names, simulation=k, state=state)
            for k, (x, state) in enumerate(zip(samples, states, strict=True))
        ]
        results = run_plans(
            plans,
            n_jobs=self.n_jobs,
            progress=self.verbose,
            desc=type(self).__name__,
        )
        first_step = plans[0].job.state.step
        recordings = self._collect(results, names, first_step)
        self.state_ = [r.state for r in results]
        dims = ("node", "time") if X is None else ("sample", "node", "time")
        return xarray.Dataset(
            {
                r.name: (
                    dims,
                    r.values[0] if X is None else r.values,
                    {"units": r.unit},
                )
                for r in recordings
            },
            coords={
                "node": self.labels_,
                "time": ("time", recordings[0].times, {"units": "ms"}),
            },
            attrs={"model": type(self).__name__},
        )

    @_fit_context(prefer_skip_nested_validation=True)
    def _fit_without_drive(self):
        """Fit to the network alone; one node where there is none."""
        n_nodes = 1 if self.connectivity is None else len(self.connectivity)
        self.n_features_in_ = len(self.inputs) * n_nodes
        self._fit(self.n_features_in_)
        return self

    def __sklearn_tags__(self):
        """Tags for scikit-learn."""
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = [self.dtype]
        return tags


def simulate_batch(
    simulator, param_list, X=None, *, n_jobs=None, on_divergence=None, verbose=False
):
    """Simulate many parameter sets at once.

    Sets that share network and delays run side by side in the lanes of vectors, others
    one by one; each gives the same bits as alone.

    Parameters
    ----------
    simulator : BaseSimulator
        Model with its common parameters; it is not changed.
    param_list : list of dict
        Parameters of each set, as for ``set_params``.
    X : array-like of shape (n_samples, n_channels[, n_times]), default=None
        Drive as in ``transform``, the same for all sets; None is none.
    n_jobs : int, default=None
        Threads, as joblib counts them.
    on_divergence : {"raise", "warn"}, default=None
        What to do about sets that leave the finite numbers; the values of a set that
        is warned of are NaN. None is what the simulator says.
    verbose : bool, default=False
        Whether to show a progress bar.

    Returns
    -------
    ndarray of shape (n_sets, n_channels, n_times) or (n_sets, n_samples, n_channels, \
n_times)
        What ``transform`` of each set returns, without a sample axis where X is None.
        A list of arrays where durations or monitors make the shapes differ.

    Raises
    ------
    SimulationError
        If a set leaves the finite numbers; its ``simulation`` is the index of the set.
    ValueError
        If a set names parameters that the simulator does not have.

    Examples
    --------
    >>> from skneuro.datasets import make_connectome
    >>> from skneuro.dynamics import Hopf, simulate_batch
    >>> brain = make_connectome(n_nodes=10, random_state=0)
    >>> hopf = Hopf(brain.connectivity, brain.tract_lengths, duration=50.0)
    >>> simulate_batch(hopf, [{"coupling": c} for c in (0.1, 0.5, 0.9)]).shape
    (3, 10, 500)
    """
    fitted, plans = [], []
    for params in param_list:
        one = _variant(simulator, params, fitted[-1] if fitted else None)
        fitted.append(one)
        samples = [None]
        if X is None:
            one._fit_without_drive()
        else:
            samples = one.fit(X)._check_drive(X)
        names = one._recorded(all_by_default=False)
        plans += [one._plan(x, names, simulation=k) for k, x in enumerate(samples)]
    results = run_plans(
        plans, n_jobs=n_jobs, progress=verbose, desc=type(simulator).__name__
    )
    n_samples = len(plans) // len(fitted)
    for k, result in enumerate(results):
        if result.failure is None:
            continue
        index = k // n_samples
        one = fitted[index]
        error = result.error(
            type(one).__name__,
            one.dt,
            what=f"parameter set {index}, {_describe(param_list[index])}",
            labels=one.labels_,
        )
        error.simulation = index
        if (on_divergence or one.on_divergence) == "raise":
            raise error
        warnings.warn(f"{error} Its values are NaN.", stacklevel=2)

    if results.recorded is not None:
        # All sets record the same: their series lie in one array already.
        values = _join(fitted[0]._name(results.recorded, results.observed))
        if X is None:
            return values
        return values.reshape(len(fitted), n_samples, *values.shape[1:])
    outputs = []
    for index, one in enumerate(fitted):
        mine = results[index * n_samples : (index + 1) * n_samples]
        values = _join(
            one._name(
                [np.stack(v) for v in zip(*(r.recorded for r in mine), strict=True)],
                [np.stack(v) for v in zip(*(r.observed for r in mine), strict=True)],
            )
        )
        outputs.append(values[0] if X is None else values)
    return outputs


def _describe(params):
    """Parameters in words; of large arrays only the shape."""
    return {
        name: value if np.size(value) <= 4 else f"shape {np.shape(value)}"
        for name, value in params.items()
    }


def _variant(simulator, params, previous):
    """Copy a simulator with other parameters; arrays that are not set are shared."""
    one = copy.copy(simulator)
    for name, value in vars(simulator).items():
        if isinstance(value, BaseEstimator):  # may be changed by nested names
            setattr(one, name, clone(value))
    if previous is not None:  # its network is kept if it turns out to be the same
        one._network, one._network_key = previous._network, previous._network_key
    return one.set_params(**params)


def _join(recordings):
    """Join recordings along the channels, variable by variable."""
    if len(recordings) == 1:
        return recordings[0].values
    return np.concatenate([r.values for r in recordings], axis=1)
