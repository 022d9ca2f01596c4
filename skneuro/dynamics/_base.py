"""The scikit-learn face that all simulators share."""

import os
import warnings
from dataclasses import replace
from numbers import Integral, Real
from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from skneuro.dynamics._batch import Plan, run_plans
from skneuro.dynamics._connectome import (
    check_connectome,
    check_feature_names,
    count_lags,
    count_own_lags,
    count_rows,
    make_labels,
)
from skneuro.dynamics._monitors import Monitor, Raw
from skneuro.dynamics._numbers import make_numbers, node_values
from skneuro.dynamics._parameters import (
    SETTINGS,
    check_declarations,
    fill_docstring,
    make_init,
    numeric_parameters,
    same_value,
    seen_sources,
)
from skneuro.dynamics._states import (
    check_states,
    make_first_state,
    monitored_by,
    renew_history,
    resume,
)
from skneuro.engine._equations import Equations
from skneuro.engine._jobs import (
    Job,
    Network,
    Population,
    Projection,
)
from skneuro.utils._param_validation import (
    Interval,
    StrOptions,
    _fit_context,
)
from skneuro.utils._validation import check_multiple

_POSITIVE = Interval(Real, 0, None, closed="neither")
_NOT_NEGATIVE = Interval(Real, 0, None, closed="left")
_VALUES = ("sigma", "tau_noise", "noise_mean")
_REDRAWING = {"random_state", "initial_state", "noise_mean"}  # change the first state
_NOT_FITTED = {"n_jobs", "verbose", "on_divergence"}  # may change after fit
_MOST_EQUATIONS = 8  # per class, of different tables and switches


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
        constant input there. A default of True or False makes a switch, on which
        equations may branch.
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
    weight_powers : dict
        Class attribute: power of the weights in a delayed sum, where it is not 1.
    self_inputs : dict
        Class attribute: ``{"name": ("variable", "parameter")}``, a variable of the node
        itself as it was a delay ago, which is a parameter, in ms.
    tables : dict
        Class attribute: parameters that are look-up tables, and the function that makes
        a `skneuro.engine.Table` of each value.
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

    Examples
    --------
    Nodes that relax to their input:

    >>> import numpy as np
    >>> from skneuro.dynamics import BaseSimulator
    >>> class Relaxation(BaseSimulator):
    ...     parameters = {"tau": 10.0, "coupling": 0.5, "x_input": 1.0}
    ...     positive = ("tau",)
    ...     states = noise = ports = ("x",)
    ...     coupling_inputs = {"net": "x"}
    ...     output = "x"
    ...
    ...     @staticmethod
    ...     def equations(x, net, drive, noise, p):
    ...         network = p.coupling * net.net
    ...         return {"x": (-x.x + network + drive.x + noise.x) / p.tau}
    >>> weights = np.array([[0.0, 1.0], [1.0, 0.0]])
    >>> x = Relaxation(weights, duration=500.0).simulate()["x"]
    >>> x[:, -1].values.round(3)  # 1 / (1 - 0.5)
    array([2., 2.])
    """

    parameters: ClassVar[dict] = {}
    positive: ClassVar[tuple] = ()
    options: ClassVar[dict] = {}
    states: ClassVar[tuple] = ()
    algebraic: ClassVar[tuple] = ()
    noise: ClassVar[tuple] = ()
    ports: ClassVar[tuple] = ()
    coupling_inputs: ClassVar[dict] = {}
    weight_powers: ClassVar[dict] = {}
    self_inputs: ClassVar[dict] = {}
    tables: ClassVar[dict] = {}
    bounds: ClassVar[dict] = {}
    periods: ClassVar[dict] = {}
    initial: ClassVar[dict] = {}
    output: ClassVar[str] = ""
    units: ClassVar[dict] = {}
    bold_input: ClassVar[tuple | None] = None
    _joined_equations = None  # in a network: with what that adds to the model

    _parameter_constraints: ClassVar[dict] = {}
    _setting_constraints: ClassVar[dict] = {
        "connectivity": ["array-like", "sparse matrix", None],
        "tract_lengths": ["array-like", "sparse matrix", None],
        "conduction_speed": [Interval(Real, 0, None, closed="right")],
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
        cls._class_equations = {}  # a subclass may have changed what is traced
        if not cls.parameters:
            return
        check_declarations(cls)
        if "__init__" not in vars(cls) and {"parameters", "ports"} & set(vars(cls)):
            defaults = {**SETTINGS, "inputs": cls.ports[:1]}
            cls.__init__ = make_init(cls, cls.parameters, defaults)
        constraints = dict(cls._setting_constraints)
        for name, default in cls.parameters.items():
            if name in cls.options:
                constraints[name] = [StrOptions(set(cls.options[name]))]
            elif name in cls.tables:
                constraints[name] = [None, str, os.PathLike, dict]
            elif isinstance(default, bool):
                constraints[name] = ["boolean"]
            else:
                number = _POSITIVE if name in cls.positive else Real
                constraints[name] = [number, "array-like"]
        cls._parameter_constraints = constraints
        fill_docstring(cls)

    @classmethod
    def _get_param_names(cls):
        """Read the signature once per class: batches of many sets ask for it often."""
        if "_parameter_names" not in vars(cls):
            cls._parameter_names = tuple(super()._get_param_names())
        return list(cls._parameter_names)

    # -- equations -------------------------------------------------------------------

    def _read_constants(self):
        """Tables and switches, which the equations are traced with."""
        tables = {name: make(getattr(self, name)) for name, make in self.tables.items()}
        return tables | {
            name: getattr(self, name)
            for name, default in self.parameters.items()
            if isinstance(default, bool)
        }

    def _equations(self):
        """Equations of the model, traced and compiled once per class and constants."""
        if self._joined_equations is not None:
            return self._joined_equations
        cls = type(self)
        known, key = cls._class_equations, tuple(self._constants.values())
        if key not in known:
            if len(known) == _MOST_EQUATIONS:
                del known[next(iter(known))]
            words = {
                key
                for option in cls.options.values()
                for w in option.values()
                for key in w
            }
            known[key] = Equations(
                name=cls.__name__,
                function=cls.equations,
                states=cls.states,
                algebraic=cls.algebraic,
                noise=cls.noise,
                ports=cls.ports,
                inputs=(*cls.coupling_inputs, *cls.self_inputs),
                sources=seen_sources(cls),
                source_function=getattr(cls, "sources", None),
                bounds=cls.bounds,
                periods=cls.periods,
                parameters=(
                    *numeric_parameters(cls),
                    *sorted(words),
                    *(f"{name}_strength" for name in cls.coupling_inputs),
                    "n_nodes",
                ),
                constants=self._constants,
            )
        return known[key]

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

        Raises
        ------
        NotImplementedError
            Here: each model has its own.
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
        self._fit(self._check_drive(X, reset=True).shape[1])
        return self

    def _fit(self, n_channels):
        ports = tuple(self.inputs)
        unknown = [p for p in ports if p not in self.ports]
        if unknown or not ports or len(set(ports)) < len(ports):
            raise ValueError(
                f"inputs={self.inputs!r}, expected one or several of {self.ports}, "
                "each once."
            )
        if n_channels % len(ports):
            raise ValueError(
                f"X has {n_channels} channels, expected a multiple of {len(ports)}, "
                f"the number of ports in inputs={ports}."
            )
        weights, lengths = check_connectome(
            self.connectivity, self.tract_lengths, n_channels // len(ports)
        )
        n_nodes = len(weights)
        if n_channels != len(ports) * n_nodes:
            raise ValueError(
                f"connectivity has shape {weights.shape}, but X drives {n_channels} "
                f"channels; expected {len(ports) * n_nodes}: one channel per node for "
                f"each port in inputs={ports}."
            )
        self.connectivity_ = weights
        self.n_nodes_ = n_nodes
        self.labels_ = make_labels(self.labels, self.connectivity, n_nodes)
        if len(ports) == 1 and hasattr(self, "feature_names_in_"):
            check_feature_names(self.feature_names_in_, self.labels_)
        self._constants = self._read_constants()
        self._network = self._make_network(weights, lengths)
        self._check_monitor()
        self._steps_of_duration()
        self._hold()
        self._fit_numbers()

    def _fit_numbers(self, changed=None):
        """Learn what depends on the values of parameters only.

        ``changed`` names what may differ from the last fit, None is everything. A copy
        of which only that is fitted is for one run.
        """
        self._numbers = make_numbers(self, changed)
        redrawn = changed is None or not changed.isdisjoint(_REDRAWING)
        if redrawn or not isinstance(self.random_state, Integral):
            rng = check_random_state(self.random_state)
            self._seed = int(rng.randint(np.iinfo(np.int32).max))
            self._start = make_first_state(self, rng)
        else:
            self._start = renew_history(self, self._start)
        if changed is None:
            self._fitted_settings = self._settings()

    def _settings(self):
        """Parameters that a fit depends on."""
        settings = {
            name: getattr(self, name)
            for name in self._parameter_constraints
            if name not in _NOT_FITTED
        }
        if isinstance(self.monitor, Monitor):
            settings["monitor"] = (type(self.monitor), self.monitor.get_params())
        return settings

    def _changed_since_fit(self):
        """Names of the parameters that were set to other values after the last fit."""
        return [
            name
            for name, value in self._settings().items()
            if not same_value(value, self._fitted_settings[name])
        ]

    def _make_network(self, weights, lengths):
        """Edges with their lags; a value sent in one step is seen in the next."""
        equations = self._equations()
        delays = [
            self._node_values(getattr(self, name), name)
            for _, name in self.self_inputs.values()
        ]
        key = (weights, lengths, self.conduction_speed, self.dt, *delays)
        known = getattr(self, "_network_key", None)
        if (
            known is not None
            and known[0] is equations
            and all(map(np.array_equal, key, known[1:]))
        ):
            return self._network  # with its sorted edges
        n_sources = len(weights) * len(equations.sources)
        to, start = np.nonzero(weights)
        lag = count_lags(
            lengths[to, start],
            self.conduction_speed,
            self.dt,
            n_sources,
        )
        projections = []
        for name, source in self.coupling_inputs.items():
            powers = weights[to, start] ** self.weight_powers.get(name, 1)
            projections.append(
                Projection((0, name), (0, source), to, start, lag, powers)
            )
        nodes = np.arange(self.n_nodes_)
        for delay, (name, (source, parameter)) in zip(
            delays, self.self_inputs.items(), strict=True
        ):
            lag = count_own_lags(delay, parameter, self.dt, self.n_nodes_, n_sources)
            projections.append(
                Projection((0, name), (0, source), nodes, nodes, lag, np.ones(len(lag)))
            )
        self._network_key = (equations, *key)
        if (
            equations.source_function is not None
            and self._joined_equations is None
            and not any(len(p.lag) for p in projections)
        ):
            return Network((Population(equations.unseen, self.n_nodes_),))
        return Network((Population(equations, self.n_nodes_),), tuple(projections))

    def _monitor(self):
        return Raw() if isinstance(self.monitor, str) else self.monitor

    def _check_monitor(self):
        self._monitor()._validate_params()
        self._taps(self._recorded(all_by_default=False))
        self._observers()

    def _observers(self):
        activity = self._activity_for(self._monitor())
        return self._monitor().observers(activity, self.n_nodes_, self.dt)

    def _activity_for(self, monitor):
        """Activity that a monitor follows; complain if the model declares none."""
        if self.bold_input is None and type(monitor).__name__ == "Bold":
            raise ValueError(
                f"{type(self).__name__} declares no bold_input, so Bold cannot follow "
                "it; set the class attribute bold_input=(variable, offset, gain)."
            )
        return self.bold_input

    def _taps(self, names):
        return self._monitor().taps(names, self.dt)

    def _recorded(self, *, all_by_default):
        """Names of the variables to record."""
        variables = (*self.states, *self.algebraic)
        if self.record is None:
            return variables if all_by_default else (self.output or self.states[0],)
        names = (self.record,) if isinstance(self.record, str) else tuple(self.record)
        unknown = [n for n in names if n not in variables]
        if unknown or not names or len(set(names)) < len(names):
            raise ValueError(
                f"record={self.record!r}, expected one or several of {variables}, each "
                "once."
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

    def _node_values(self, value, name, *, past=False):
        """Check a number or one number per node, and with ``past`` series of them."""
        return node_values(value, name, self.n_nodes_, past=past)

    # -- run -------------------------------------------------------------------------

    def _plan(self, sample, names, *, simulation=0, state=None, in_pieces=False):
        """Make the plan of one sample: (n_channels,), (n_channels, n_times) or None.

        Only a run that is one of several pieces may end before its first sample.
        """
        numbers, drive = self._numbers_by_population(), None
        n_steps, hold = self._steps_of_duration(), self._hold()
        parts = [] if sample is None else self._split(sample)
        if sample is not None and sample.ndim == 1:
            numbers = [
                known | {f"input_{k}": known[f"input_{k}"] + v for k, v in part.items()}
                for known, part in zip(numbers, parts, strict=True)
            ]
        elif sample is not None:
            drive = parts
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
        taps, observers = self._taps(names), self._observers()
        intervals = [t.interval for t in taps] + [o.record_interval for o in observers]
        if not in_pieces and n_steps < min(intervals):
            raise ValueError(
                f"duration is {n_steps * self.dt:g} ms, but {self._monitor()} takes "
                f"its first sample at {min(intervals) * self.dt:g} ms, so nothing "
                "would be recorded; simulate longer or sample more often."
            )
        if state is not None:
            state = resume(state, self.dt, taps, observers)
        return Plan(
            self._network,
            Job(
                numbers,
                self._start if state is None else state,
                seed=self._seed,
                simulation=simulation if self.independent_noise else 0,
                drive=drive,
            ),
            n_steps,
            taps=taps,
            observers=observers,
            method=self.method,
            dtype=self.dtype,
            hold=hold,
        )

    def _numbers_by_population(self):
        return [self._numbers]

    def _labels_by_population(self):
        return [self.labels_]

    def _models_by_population(self):
        """Prefix of names, and fitted simulator, of each population."""
        return [("", self)]

    def _split(self, sample):
        """Split one sample by population and port."""
        parts = np.split(sample, len(self.inputs))
        return [dict(zip(self.inputs, parts, strict=True))]

    def _check_drive(self, X, *, reset=False):
        X = validate_data(self, X, reset=reset, allow_nd=True, dtype=np.float64)
        if X.ndim > 3 or X.shape[-1] == 0:
            raise ValueError(
                f"X has shape {X.shape}, expected (n_samples, n_channels) or "
                "(n_samples, n_channels, n_times) with at least one time."
            )
        return X

    def _name(self, recorded, observed, names=None, first_step=0):
        """Let the monitor name what was recorded."""
        recordings = self._monitor().name_recordings(
            recorded,
            observed,
            variables=names or self._recorded(all_by_default=False),
            units=self.units,
            first_step=first_step,
            dt=self.dt,
        )
        return [
            r._replace(values=r.values.astype(self.dtype, copy=False))
            for r in recordings
        ]

    def _collect(self, results, names, first_step=0):
        """Stack and name the recordings of several runs; failures raise or warn."""
        for k, result in enumerate(results):
            if result.failure is not None:
                error = result.error(
                    type(self).__name__,
                    self.dt,
                    what=f"sample {k}",
                    labels=self._labels_by_population(),
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
            If the length of X and ``duration`` disagree, nothing would be recorded, or
            parameters were changed after `fit`.
        """
        check_is_fitted(self)
        if changed := self._changed_since_fit():
            raise ValueError(
                f"{', '.join(changed)} changed after fit; call fit again, so that the "
                "whole simulation sees the new value."
            )
        X = self._check_drive(X)
        names = self._recorded(all_by_default=False)
        plans = [self._plan(x, names, simulation=k) for k, x in enumerate(X)]
        results = run_plans(
            plans,
            n_jobs=self.n_jobs,
            progress=self.verbose,
            desc=type(self).__name__,
        )
        return join(self._collect(results, names))

    def simulate(self, X=None, *, continue_from=None):
        """Simulate and return labelled series; the end is kept in ``state_``.

        A simulator that is not fitted, or whose parameters were changed since, is
        fitted first.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels[, n_times]), default=None
            Drive as in `transform`; None is one sample without.
        continue_from : list of SimulationState, default=None
            States to go on from, one per sample: ``state_`` of an earlier call. Noise
            and time go on as if there had been no break; parameters may change, except
            ``dt`` and delays that reach further back than the state remembers.

        Returns
        -------
        xarray.Dataset
            One variable per recorded quantity with dimensions ``sample`` (where X is
            given), ``node`` and ``time`` (ms); units are in the attributes. It has no
            times if the run, which may be a piece of a longer one, ends before the
            monitor's next sample.

        Raises
        ------
        SimulationError
            If a run leaves the finite numbers.
        TypeError
            If ``continue_from`` is not a list of states.
        ValueError
            If the length of X and ``duration`` disagree, or ``continue_from`` does not
            fit the model, the network, the samples or the monitor.
        """
        import xarray

        self._fit_if_needed(X, keep_noise=continue_from is not None)
        samples = [None] if X is None else self._check_drive(X)
        if continue_from is not None:
            check_states(continue_from, self._network, len(samples))
        states = continue_from or [None] * len(samples)
        names = self._recorded(all_by_default=True)
        plans = [
            self._plan(x, names, simulation=k, state=state, in_pieces=True)
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
        monitored = monitored_by(self.dt, plans[0].observers)
        self.state_ = [replace(r.state, monitored=monitored) for r in results]
        samples = () if X is None else ("sample",)
        nodes = [self._nodes_of(r.name) for r in recordings]
        return xarray.Dataset(
            {
                r.name: (
                    (*samples, dim, "time"),
                    r.values[0] if X is None else r.values,
                    {"units": r.unit},
                )
                for r, (dim, _) in zip(recordings, nodes, strict=True)
            },
            coords={
                **dict(nodes),
                "time": ("time", recordings[0].times, {"units": "ms"}),
            },
            attrs={"model": type(self).__name__},
        )

    def _nodes_of(self, variable):
        """Name of the dimension of a recorded variable, and its labels."""
        return "node", self.labels_

    def _fit_if_needed(self, X, *, keep_noise):
        """Fit unless that has been done with these parameters."""
        changed = None
        if hasattr(self, "_fitted_settings"):
            changed = self._changed_since_fit()
            if not changed:
                return
        seed = None
        if keep_noise and changed and "random_state" not in changed:
            seed = self._seed
        self._fit_without_drive() if X is None else self.fit(X)
        if seed is not None:
            self._seed = seed

    @_fit_context(prefer_skip_nested_validation=True)
    def _fit_without_drive(self):
        """Fit to the network alone; one node where there is none."""
        self.n_features_in_ = self._count_channels()
        vars(self).pop("feature_names_in_", None)
        self._fit(self.n_features_in_)
        return self

    def _count_channels(self):
        """Channels that a drive of the network would have."""
        return len(self.inputs) * (count_rows(self.connectivity) or 1)

    # -- copies for parameter sets ---------------------------------------------------

    def _names_of_values(self):
        """Parameters that change numbers only, neither network nor recording."""
        numbers = numeric_parameters(type(self))
        return {*numbers, *self.options, *_VALUES, "random_state"}

    def _names_of_parameters(self):
        """List what `set_params` knows, without the parameters of parameters."""
        return list(self._parameter_constraints)

    def _expand(self, params):
        """Spell out names that stand for several parameters."""
        return params

    def _detach(self):
        """Copy the parameters that nested names may change."""
        for name, value in self.get_params(deep=False).items():
            if isinstance(value, BaseEstimator):
                setattr(self, name, clone(value))

    def __sklearn_tags__(self):
        """Tags for scikit-learn."""
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = [self.dtype]
        return tags


def join(recordings):
    """Join recordings along the channels, variable by variable."""
    if len(recordings) == 1:
        return recordings[0].values
    return np.concatenate([r.values for r in recordings], axis=1)
