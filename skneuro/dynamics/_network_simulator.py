"""Networks whose nodes are of different models."""

import contextlib
import copy
import fnmatch
from numbers import Real
from typing import ClassVar

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_random_state

from skneuro.dynamics._base import BaseSimulator
from skneuro.dynamics._batch import same_network
from skneuro.dynamics._connectome import check_feature_names, count_rows, make_labels
from skneuro.dynamics._couplings import (
    KINDS,
    Group,
    join_equations,
    make_projections,
    name_terms,
    read_couplings,
)
from skneuro.dynamics._parameters import SETTINGS
from skneuro.engine._jobs import Network, Population, SimulationState
from skneuro.utils._param_validation import (
    Interval,
    StrOptions,
    _BaseComposition,
)

# Settings that the network has for all of its nodes.
_COMMON = (
    *("duration", "dt", "method", "stimulus_interval", "record", "monitor"),
    *("independent_noise", "on_divergence", "dtype", "n_jobs", "verbose"),
    "random_state",
)


class NetworkSimulator(_BaseComposition, BaseSimulator):
    r"""Simulate a network whose nodes are of different models.

    Each entry of ``nodes`` is a simulator that says what one group of nodes is: one
    node, or as many as its own ``connectivity`` has rows. ``connectivity`` of the
    network joins all of them, group after group:

    .. math::

        \text{input}_n \leftarrow \text{input}_n
            + \sum_l C_{nl}\, x_l(t - d_{nl})

    from any variable of one node to any coupling input or port of another, with as many
    matrices as needed, each with delays of its own.

    Parameters
    ----------
    nodes : list of (str, BaseSimulator)
        Name and model of each group. Parameters of the model, ``sigma``, ``tau_noise``,
        ``noise_mean``, ``initial_state``, ``inputs``, ``labels``, and connectivity,
        tract lengths and conduction speed within the group are the simulator's; what is
        listed below is the network's.
    connectivity : array-like of shape (n_nodes, n_nodes) or dict, default=None
        Weights between all nodes, ``connectivity[i, j]`` from node j to node i, in
        units of the target's input per unit of the source. A matrix couples nodes as
        those of one model are coupled; its diagonal is ignored. A dict has one matrix
        for each pair ``(source, target)``: a variable and a coupling input or port,
        ``"group__name"`` for one group, ``"name"`` for all groups; the matrix has one
        row per node of the target's groups and one column per node of the source's,
        or is a number. None leaves the groups uncoupled.
    tract_lengths : float, array-like of shape (n_nodes, n_nodes) or dict, default=None
        Lengths of the connections, in mm. A dict has one matrix for some or all pairs
        of ``connectivity``. None is no delay.
    delays : float, array-like of shape (n_nodes, n_nodes) or dict, default=None
        Delays in place of ``tract_lengths``, in ms.
    coupling_kind : str or dict, default="additive"
        How sums enter: ``"additive"`` as they are, ``"diffusive"`` as the sum of
        differences :math:`x_l - x_n` to the node's own value, ``"multiplicative"``
        multiplied by it. A dict has a kind for some pairs of ``connectivity``.
    n_nodes : array-like of int of shape (n_groups,), default=None
        Numbers of nodes of each group, dimensionless; -1, at most once, is what is left
        of ``connectivity`` or X. None takes the rows of the simulators' own
        connectivity, else one node; a single group without one takes what is left.
    conduction_speed : float, default=20.0
        Speed of signals between groups, in m/s. ``np.inf`` is no delay.
    duration : float, default=1000.0
        Simulated time, in ms. None takes it from 3-D X.
    dt : float, default=0.1
        Integration step, in ms.
    method : {"euler", "heun"}, default="euler"
        Euler-Maruyama scheme (order 1) or Heun's (order 2 without noise).
    stimulus_interval : float, default=None
        Time for which each column of 3-D X is held, in ms. None is ``dt``.
    record : str or tuple of str, default=None
        Variables to return, ``"group__name"``, or ``"name"`` for all groups that have
        it. None is the output of each group in ``transform`` and all of them in
        ``simulate``.
    monitor : Monitor or "raw", default="raw"
        What leaves the simulation and how often: `Raw`, `SubSample`, `TemporalAverage`
        or `Bold`.
    labels : array-like of shape (n_nodes,), default=None
        Names of all nodes. None takes them from a DataFrame of weights, else makes them
        of the names of the groups.
    independent_noise : bool, default=False
        Whether each sample has its own noise; by default all share one realisation.
    on_divergence : {"raise", "warn"}, default="raise"
        Whether a run that leaves the finite numbers is an error, or a warning and NaN.
    dtype : {"float64", "float32"}, default="float64"
        Precision of the simulation and of what it returns.
    n_jobs : int, default=None
        Threads for several samples, as joblib counts them.
    verbose : bool, default=False
        Whether to show a progress bar.
    random_state : int, RandomState instance or None, default=None
        Seed of noise and random initial values.

    Attributes
    ----------
    groups_ : dict of str to slice
        Nodes of each group.
    labels_ : ndarray of shape (n_nodes,)
        Names of the nodes.
    n_nodes_ : int
        Number of nodes.
    state_ : list of SimulationState
        Where the last ``simulate`` ended, one per sample, to continue from.

    See Also
    --------
    WilsonCowan, ThalamicNode : Models to join.
    simulate_batch : Many parameter sets at once.

    Notes
    -----
    2-D X is a constant drive, 3-D X a time series; see ``transform``. Its channels are
    those of the groups one after the other, each driven at the ports that its
    ``inputs`` names: one channel per node by default.

    A coupling input is scaled by the model's own ``coupling``, a port is not; where the
    model takes differences by itself (``coupling_kind="diffusive"`` of `Hopf`), it does
    so for additive sums into that input.

    Parameters of a group are reached by nested names,
    ``set_params(cortex__exc_input=0.7)``, those of several groups by wildcards,
    ``set_params(**{"*__sigma": 0.1})``, also in `simulate_batch`. The network runs in
    the same engine as its simulators: alone, in a batch, in pieces and on any number of
    threads it gives the same bits, and a network of one group gives those of its
    simulator.

    References
    ----------
    .. [1] N. Jajcay, C. Cakan and K. Obermayer (2022), Front. Comput. Neurosci. 16,
       769860, a thalamocortical network of different models:
       :doi:`10.3389/fncom.2022.769860`

    Examples
    --------
    A cortical node and a thalamic one, 13 ms apart:

    >>> from skneuro.dynamics import NetworkSimulator, ThalamicNode, WilsonCowan
    >>> loop = NetworkSimulator(
    ...     [("cortex", WilsonCowan(exc_input=0.6)), ("thalamus", ThalamicNode())],
    ...     {
    ...         ("cortex__exc", "thalamus__net_tcr"): 100.0,
    ...         ("thalamus__rate", "cortex__net"): 0.02,
    ...     },
    ...     delays=13.0, duration=100.0, random_state=0,
    ... )
    >>> series = loop.set_params(thalamus__g_k_leak=0.03).simulate()
    >>> series["cortex__exc"].shape, series["thalamus__v_tcr"].shape
    ((1, 1000), (1, 1000))
    """

    _parameter_constraints: ClassVar[dict] = {
        "nodes": [list],
        "connectivity": ["array-like", "sparse matrix", dict, None],
        "tract_lengths": [Real, "array-like", "sparse matrix", dict, None],
        "delays": [Real, "array-like", "sparse matrix", dict, None],
        "coupling_kind": [StrOptions(set(KINDS)), dict],
        "n_nodes": ["array-like", None],
        "conduction_speed": [Interval(Real, 0, None, closed="right")],
        "labels": ["array-like", None],
        **{name: BaseSimulator._setting_constraints[name] for name in _COMMON},
    }

    def __init__(
        self,
        nodes,
        connectivity=None,
        tract_lengths=None,
        *,
        delays=None,
        coupling_kind="additive",
        n_nodes=None,
        conduction_speed=20.0,
        duration=1000.0,
        dt=0.1,
        method="euler",
        stimulus_interval=None,
        record=None,
        monitor="raw",
        labels=None,
        independent_noise=False,
        on_divergence="raise",
        dtype="float64",
        n_jobs=None,
        verbose=False,
        random_state=None,
    ):
        self.nodes = nodes
        self.connectivity = connectivity
        self.tract_lengths = tract_lengths
        self.delays = delays
        self.coupling_kind = coupling_kind
        self.n_nodes = n_nodes
        self.conduction_speed = conduction_speed
        self.duration = duration
        self.dt = dt
        self.method = method
        self.stimulus_interval = stimulus_interval
        self.record = record
        self.monitor = monitor
        self.labels = labels
        self.independent_noise = independent_noise
        self.on_divergence = on_divergence
        self.dtype = dtype
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.random_state = random_state

    # -- parameters ------------------------------------------------------------------

    def get_params(self, deep=True):
        """Return the parameters, and with ``deep`` those of the groups.

        Parameters
        ----------
        deep : bool, default=True
            Whether to list the groups and their parameters, ``group__name``.

        Returns
        -------
        dict
            Values by name.
        """
        return self._get_params("nodes", deep=deep)

    def set_params(self, **params):
        """Set parameters, also those of groups and several by wildcards.

        Parameters
        ----------
        **params : dict
            Values by name, by ``group__name``, or by patterns of such names with ``*``
            and ``?``. What is named without pattern takes precedence.

        Returns
        -------
        NetworkSimulator
            This network.

        Raises
        ------
        ValueError
            If a parameter is unknown, or no parameter matches a pattern.
        """
        return self._set_params("nodes", **self._expand(params))

    def _expand(self, params):
        patterns = [name for name in params if set(name) & set("*?[")]
        if not patterns:
            return params
        expanded, known = {}, list(self.get_params(deep=True))
        for pattern in patterns:
            found = fnmatch.filter(known, pattern)
            if not found:
                raise ValueError(
                    f"{pattern!r} matches no parameter of this network; expected a "
                    f"pattern of names such as {[n for n in known if '__' in n][:4]}."
                )
            expanded |= dict.fromkeys(found, params[pattern])
        return expanded | {k: v for k, v in params.items() if k not in patterns}

    def _names_of_parameters(self):
        return [*self._parameter_constraints, *(name for name, _ in self.nodes)]

    def _names_of_values(self):
        return {
            f"{name}__{value}"
            for name, model in self.nodes
            for value in _values_of(model)
        } | {"random_state"}

    def _detach(self):
        super()._detach()
        self.nodes = [(name, clone(model)) for name, model in self.nodes]

    def _settings(self):
        settings = super()._settings()
        settings["nodes"] = [
            (name, type(model), model.get_params(deep=False))
            for name, model in self.nodes
        ]
        return settings

    def _equations(self):
        raise TypeError(
            "a network has no equations of its own, but those of its nodes; expected "
            "one model. Pass one of its simulators, network.named_nodes[name]."
        )

    @property
    def named_nodes(self):
        """Simulators by the name of their group.

        Returns
        -------
        dict
            In the order of ``nodes``.
        """
        return dict(self.nodes)

    # -- fit -------------------------------------------------------------------------

    def _check_nodes(self):
        """Complain about groups that are none, or set what the network sets."""
        if not self.nodes or not all(
            isinstance(entry, tuple | list) and len(entry) == 2 for entry in self.nodes
        ):
            raise ValueError(
                f"nodes is {self.nodes!r}, expected a list of (name, simulator)."
            )
        self._validate_names([name for name, _ in self.nodes])
        for name, model in self.nodes:
            if not isinstance(model, BaseSimulator) or not model.parameters:
                raise TypeError(
                    f"nodes has {name!r}: {model!r}, expected a simulator of one model."
                )
            for setting in _COMMON:
                value = getattr(model, setting)
                if value != SETTINGS[setting] and value != getattr(self, setting):
                    raise ValueError(
                        f"{name} has {setting}={value!r}, which the network sets for "
                        f"all nodes: {setting}={getattr(self, setting)!r}; expected "
                        "the default. Set it on the network instead."
                    )
        if self.delays is not None and self.tract_lengths is not None:
            raise ValueError(
                "got tract_lengths and delays, expected one of them; delays in ms "
                "stand for tract_lengths / conduction_speed."
            )

    def _count_nodes(self, n_channels=None):
        """Nodes of each group: given, of its connectivity, what is left, or one."""
        ports = [len(model.inputs) for _, model in self.nodes]
        own = [count_rows(model.connectivity) for _, model in self.nodes]
        given = self.n_nodes
        if given is None:
            given = own
            if own.count(None) == 1:
                given = [-1 if n is None else n for n in own]
            given = [1 if n is None else n for n in given]
        counts = [int(n) for n in np.ravel(given)]
        if (
            len(counts) != len(self.nodes)
            or counts.count(-1) > 1
            or any(n < 1 and n != -1 for n in counts)
        ):
            raise ValueError(
                f"n_nodes={self.n_nodes!r}, expected one positive number for each of "
                f"the {len(self.nodes)} groups; one of them may be -1."
            )
        if -1 in counts:
            rest = counts.index(-1)
            left = 1
            if not isinstance(self.connectivity, dict | None):
                left = count_rows(self.connectivity) - sum(counts) - 1
            elif n_channels is not None:
                others = sum(n * k for n, k in zip(counts, ports, strict=True) if n > 0)
                left = (n_channels - others) // ports[rest]
            if left < 1:
                raise ValueError(
                    f"nothing is left for {self.nodes[rest][0]!r}: X has {n_channels} "
                    f"feature(s), connectivity {count_rows(self.connectivity)} rows, "
                    f"and n_nodes is {counts}; expected at least one node per group."
                )
            counts[rest] = left
        for (name, _), count, rows in zip(self.nodes, counts, own, strict=True):
            if rows not in (None, count):
                raise ValueError(
                    f"n_nodes gives {name!r} {count} nodes, but its connectivity has "
                    f"{rows} rows; expected the same."
                )
        return counts

    def _count_channels(self):
        self._check_nodes()
        counts = self._count_nodes()
        return sum(
            n * len(model.inputs)
            for n, (_, model) in zip(counts, self.nodes, strict=True)
        )

    def _fit(self, n_channels):
        self._check_nodes()
        counts = self._count_nodes(n_channels)
        starts = np.cumsum([0, *counts]).tolist()
        groups = [
            Group(name, model, start, n)
            for (name, model), start, n in zip(self.nodes, starts, counts, strict=False)
        ]
        expected = [len(g.model.inputs) * g.n_nodes for g in groups]
        if n_channels != sum(expected):
            listed = {g.name: n for g, n in zip(groups, expected, strict=True)}
            raise ValueError(
                f"X has {n_channels} channels, but the network has {sum(expected)}: "
                f"{listed}, one per node and port in the inputs of each group. Pass as "
                "many, or n_nodes."
            )
        self.n_nodes_ = starts[-1]
        self.groups_ = {g.name: g.nodes for g in groups}
        lengths, speed = self.tract_lengths, self.conduction_speed
        name = "tract_lengths"
        if self.delays is not None:
            lengths, speed, name = self.delays, 1.0, "delays"
        couplings = read_couplings(
            groups, self.connectivity, lengths, self.coupling_kind, name=name
        )
        terms, variables, inputs = name_terms(groups, couplings)
        self._members = [
            self._fit_member(g, t, v)
            for g, t, v in zip(groups, terms, variables, strict=True)
        ]
        projections, sums = make_projections(
            groups, couplings, inputs, speed=speed, dt=self.dt
        )
        self._join(projections, sums)
        self.labels_ = self._make_labels(groups)
        if hasattr(self, "feature_names_in_") and expected == counts:
            check_feature_names(self.feature_names_in_, self.labels_)
        self._check_monitor()
        self._steps_of_duration()
        self._hold()
        self._fit_numbers()

    def _fit_member(self, group, terms, variables):
        """Fit a copy of a group's simulator, with what the network adds to it."""
        model = group.model
        member = type(model)(**model.get_params(deep=False))
        for setting in _COMMON:
            setattr(member, setting, SETTINGS[setting])
        member.dt, member.method, member.duration = self.dt, self.method, self.dt
        member.random_state = 0
        with _named(group.name):
            member._validate_params()
            member._constants = member._read_constants()
            equations = member._equations()
            member._joined_equations = join_equations(equations, terms, variables)
            member._fit(len(member.inputs) * group.n_nodes)
        return member

    def _join(self, projections, sums):
        """Put the networks of the groups and what is between them together."""
        populations, inner = [], []
        self._strengths = []
        for g, (member, more) in enumerate(zip(self._members, sums, strict=True)):
            populations.append(Population(member._equations(), member.n_nodes_))
            inner += [
                p._replace(target=(g, p.target[1]), source=(g, p.source[1]))
                for p in member._network.projections
                if len(p.to)
            ]
            self._strengths.append(
                {
                    f"{name}_strength": value
                    + member._numbers.get(f"{name}_strength", 0.0)
                    for name, value in more.items()
                }
            )
        network = Network(tuple(populations), (*inner, *projections))
        known = vars(self).get("_network")
        if known is None or not same_network(known, network):
            self._network = network

    def _make_labels(self, groups):
        labels = self.labels
        if labels is None and not hasattr(self.connectivity, "columns"):
            labels = []
            for group, member in zip(groups, self._members, strict=True):
                own = list(member.labels_)
                if own == list(range(group.n_nodes)):
                    own = [f"{group.name}_{k}" for k in own]
                    own = own if group.n_nodes > 1 else [group.name]
                labels += own
        return make_labels(labels, self.connectivity, self.n_nodes_)

    def _fit_numbers(self, changed=None):
        rng = check_random_state(self.random_state)
        members = []
        for (name, model), fitted, strengths in zip(
            self.nodes, self._members, self._strengths, strict=True
        ):
            member = copy.copy(fitted)
            for value in _values_of(model):
                setattr(member, value, getattr(model, value))
            member.random_state = rng
            with _named(name):
                member._validate_params()
                member._fit_numbers()
            member.random_state = 0
            member._numbers = member._numbers | strengths
            members.append(member)
        self._members = members
        self._seed = members[0]._seed
        starts = [member._start for member in members]
        self._start = SimulationState(
            step=0,
            variables=[s.variables[0] for s in starts],
            noise=[s.noise[0] for s in starts],
            history=[s.history[0] for s in starts],
        )
        self._fitted_settings = self._settings()

    # -- what the runs of the base need ----------------------------------------------

    @property
    def _names(self):
        return [name for name, _ in self.nodes]

    @property
    def units(self):
        """Unit of each variable, by ``group__name``.

        Returns
        -------
        dict
        """
        return {
            f"{name}__{variable}": unit
            for name, model in self.nodes
            for variable, unit in model.units.items()
        }

    def _numbers_by_population(self):
        return [member._numbers for member in self._members]

    def _labels_by_population(self):
        return [self.labels_[nodes] for nodes in self.groups_.values()]

    def _models_by_population(self):
        return [
            (f"{name}__", member)
            for name, member in zip(self._names, self._members, strict=True)
        ]

    def _split(self, sample):
        parts, start = [], 0
        for member in self._members:
            stop = start + len(member.inputs) * member.n_nodes_
            parts += member._split(sample[start:stop])
            start = stop
        return parts

    def _recorded(self, *, all_by_default):
        """Group and name of each variable to record."""
        known = {
            (g, variable): (name, variable)
            for g, (name, model) in enumerate(self.nodes)
            for variable in (*model.states, *model.algebraic)
        }
        if self.record is None:
            if all_by_default:
                return tuple(known)
            return tuple(
                (g, model.output or model.states[0])
                for g, (_, model) in enumerate(self.nodes)
            )
        wanted = (self.record,) if isinstance(self.record, str) else tuple(self.record)
        found = []
        for text in wanted:
            matches = [
                place
                for place, (name, variable) in known.items()
                if text in (variable, f"{name}__{variable}")
            ]
            found += matches
            if not matches or len(set(found)) < len(found):
                raise ValueError(
                    f"record={self.record!r}, expected one or several of "
                    f"{[f'{n}__{v}' for n, v in known.values()]}, each once; without "
                    "the name of a group a variable stands for those of all groups."
                )
        return tuple(sorted(found, key=lambda place: place[0]))

    def _taps(self, names):
        monitor = self._monitor()
        return tuple(
            tap._replace(population=g)
            for g, variable in names
            for tap in monitor.taps((variable,), self.dt)
        )

    def _observers(self):
        observers = []
        for g, (member, nodes) in enumerate(
            zip(self._members, self.groups_.values(), strict=True)
        ):
            activity = member._activity_for(self._monitor())
            for observer in self._monitor().observers(activity, self.n_nodes_, self.dt):
                parts = {
                    field: {
                        name: value[nodes] if np.ndim(value) else value
                        for name, value in getattr(observer, field).items()
                    }
                    for field in ("parameters", "initial")
                }
                observers.append(observer._replace(population=g, **parts))
        return tuple(observers)

    def _name(self, recorded, observed, names=None, first_step=0):
        names = names or self._recorded(all_by_default=False)
        if observed:  # one signal of all nodes
            n_rows = len(observed) // len(self._members)
            observed = [
                np.concatenate(observed[row::n_rows], axis=1) for row in range(n_rows)
            ]
        labels = [f"{self._names[g]}__{variable}" for g, variable in names]
        return super()._name(recorded, observed, labels, first_step)

    def _nodes_of(self, variable):
        group, separator, _ = variable.partition("__")
        if not separator:
            return super()._nodes_of(variable)
        return f"node_{group}", self.labels_[self.groups_[group]]


def _values_of(model):
    """Parameters of a group that change numbers only."""
    return {*model._names_of_values(), "initial_state"} - {"random_state"}


@contextlib.contextmanager
def _named(group):
    """Say in errors which group they are about."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{group}: {error}") from error
