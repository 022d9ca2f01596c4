"""Constructor and documentation that all simulators share."""

import functools
import textwrap

import numpy as np

SETTINGS = {
    "conduction_speed": 20.0,
    "sigma": 0.0,
    "tau_noise": 5.0,
    "noise_mean": 0.0,
    "inputs": (),
    "duration": 1000.0,
    "dt": 0.1,
    "method": "euler",
    "stimulus_interval": None,
    "initial_state": None,
    "record": None,
    "monitor": "raw",
    "labels": None,
    "independent_noise": False,
    "on_divergence": "raise",
    "dtype": "float64",
    "n_jobs": None,
    "verbose": False,
    "random_state": None,
}

_CONNECTOME = """\
connectivity : array-like or sparse array of shape (n_nodes, n_nodes), default=None
    Weights, ``connectivity[i, j]`` from node j to node i, dimensionless; the
    diagonal is ignored. None leaves the nodes uncoupled, as many as X drives.
tract_lengths : array-like or sparse array of shape (n_nodes, n_nodes), default=None
    Lengths of the connections, in mm. The diagonal is ignored; None is no delay.
"""

_EQUATIONS = """\
Parameters
----------
x : SimpleNamespace
    Variables before the step.
net : SimpleNamespace
    Sums over the network, delayed.
drive : SimpleNamespace
    Input at each port.
noise : SimpleNamespace
    Noise of each population.
p : SimpleNamespace
    Parameters by name.

Returns
-------
dict
    Derivative per ms of each state, and value of each algebraic variable.
"""

_SIMULATION = """\
conduction_speed : float, default=20.0
    Speed of signals between nodes, in m/s. ``np.inf`` is no delay.
sigma : float, array-like of shape (n_nodes,) or dict, default=0.0
    Amplitude of the noise that adds to the input of each population, in units of
    that input times ms^-1/2, or ms^1/2 for white noise. A dict names populations.
tau_noise : float, array-like of shape (n_nodes,) or dict, default=5.0
    Correlation time of the noise, an Ornstein-Uhlenbeck process, in ms. 0 is white
    noise.
noise_mean : float, array-like of shape (n_nodes,) or dict, default=0.0
    Mean of the noise process, in units of the input that it adds to.
inputs : tuple of str, default={inputs}
    Ports that X drives, of {ports}.
duration : float, default=1000.0
    Simulated time, in ms. None takes it from 3-D X.
dt : float, default=0.1
    Integration step, in ms.
method : {{"euler", "heun"}}, default="euler"
    Euler-Maruyama scheme (order 1) or Heun's (order 2 without noise).
stimulus_interval : float, default=None
    Time for which each column of 3-D X is held, in ms. None is ``dt``.
initial_state : dict, default=None
    First value of variables: numbers, arrays of shape (n_nodes,), or
    (n_nodes, n_columns) whose columns are the past, one per ``dt``, the latest last;
    ``<name>_noise`` for noise processes. In units of the variable. What is not named
    is drawn at random.
record : str or tuple of str, default=None
    Variables to return, of {variables}. None is ``{output}`` in
    ``transform`` and all of them in ``simulate``.
monitor : Monitor or "raw", default="raw"
    What leaves the simulation and how often: `Raw`, `SubSample`, `TemporalAverage` or
    `Bold`.
labels : array-like of shape (n_nodes,), default=None
    Names of the nodes. None takes them from a DataFrame of weights.
independent_noise : bool, default=False
    Whether each sample has its own noise; by default all share one realisation.
on_divergence : {{"raise", "warn"}}, default="raise"
    Whether a run that leaves the finite numbers is an error, or a warning and NaN.
dtype : {{"float64", "float32"}}, default="float64"
    Precision of the simulation and of what it returns.
n_jobs : int, default=None
    Threads for several samples, as joblib counts them.
verbose : bool, default=False
    Whether to show a progress bar.
random_state : int, RandomState instance or None, default=None
    Seed of noise and random initial values.
"""

_ATTRIBUTES = """\
connectivity_ : ndarray of shape (n_nodes, n_nodes)
    Weights in use, without their diagonal.
labels_ : ndarray of shape (n_nodes,)
    Names of the nodes.
n_nodes_ : int
    Number of nodes.
state_ : list of SimulationState
    Where the last ``simulate`` ended, one per sample, to continue from.
"""


def check_declarations(cls):
    """Check that what a model declares fits together, when its class is made.

    Parameters
    ----------
    cls : type
        Model.

    Raises
    ------
    TypeError
        If a declaration names what the model does not have.
    """
    lacking = [p for p in cls.ports if f"{p}_input" not in cls.parameters]
    if lacking:
        raise TypeError(
            f"{cls.__name__}.parameters lacks {[f'{p}_input' for p in lacking]}; "
            "expected one constant input for each port, with its default."
        )
    taken = sorted({"connectivity", "tract_lengths", *SETTINGS} & set(cls.parameters))
    if taken:
        raise TypeError(
            f"{cls.__name__}.parameters has {taken}, names of settings that all "
            "simulators share; choose others."
        )
    variables = (*cls.states, *cls.algebraic)
    seen, own = cls.coupling_inputs.values(), [s for s, _ in cls.self_inputs.values()]
    if hasattr(cls, "sources"):
        seen = own = ()
    both = sorted(cls.coupling_inputs.keys() & cls.self_inputs.keys())
    if both:
        raise TypeError(
            f"{cls.__name__} has {both} in coupling_inputs and in self_inputs; give "
            "them different names."
        )
    observed = () if cls.bold_input is None else cls.bold_input[:1]
    for declaration, names, known in (
        ("positive", cls.positive, cls.parameters),
        ("options", cls.options, cls.parameters),
        ("bounds", cls.bounds, cls.states),
        ("periods", cls.periods, cls.states),
        ("initial", cls.initial, variables),
        ("units", cls.units, variables),
        ("output", (cls.output,) if cls.output else (), variables),
        ("coupling_inputs", seen, variables),
        ("self_inputs", own, variables),
        ("self_inputs", [d for _, d in cls.self_inputs.values()], cls.parameters),
        ("weight_powers", cls.weight_powers, cls.coupling_inputs),
        ("tables", cls.tables, cls.parameters),
        ("bold_input", observed, variables),
    ):
        unknown = sorted(set(names) - set(known))
        if unknown:
            raise TypeError(
                f"{cls.__name__}.{declaration} names {unknown}, expected some of "
                f"{list(known)}."
            )


def seen_sources(cls):
    """List what nodes of a model send to each other and to themselves, each once."""
    own = [source for source, _ in cls.self_inputs.values()]
    return tuple(dict.fromkeys([*cls.coupling_inputs.values(), *own]))


@functools.cache
def numeric_parameters(cls):
    """Parameters of a model that its equations read as numbers.

    Parameters
    ----------
    cls : type
        Model.

    Returns
    -------
    tuple of str
        Without words, tables, switches and delays.
    """
    delays = {delay for _, delay in cls.self_inputs.values()}
    others = {*cls.options, *cls.tables, *delays}
    return tuple(
        name
        for name, default in cls.parameters.items()
        if name not in others and not isinstance(default, bool)
    )


def make_init(cls, parameters, settings):
    """Make a constructor with an explicit signature that stores its arguments.

    Parameters
    ----------
    cls : type
        Class that gets it.
    parameters, settings : dict
        Names and defaults of the model's own parameters and of the shared settings.

    Returns
    -------
    function
        ``__init__(self, connectivity=None, tract_lengths=None, *, ...)``.
    """
    defaults = {**parameters, **settings}
    names = ["connectivity", "tract_lengths", *defaults]
    keywords = ", ".join(f"{name}=_defaults[{name!r}]" for name in defaults)
    lines = [f"    self.{name} = {name}" for name in names]
    source = (
        "def __init__(self, connectivity=None, tract_lengths=None, *, "
        f"{keywords}):\n" + "\n".join(lines)
    )
    namespace = {"_defaults": defaults}
    exec(source, namespace)
    init = namespace["__init__"]
    init.__module__ = cls.__module__
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    return init


def fill_docstring(cls):
    """Replace ``%(...)s`` in the docstrings of a model and of its equations."""
    function = cls.equations
    if function.__doc__:
        filled = textwrap.indent(_EQUATIONS, " " * 8).strip()
        function.__doc__ = function.__doc__.replace("%(equations)s", filled)
    if not cls.__doc__:
        return
    simulation = _SIMULATION.format(
        inputs=cls.ports[:1],
        ports=", ".join(f"``{p!r}``" for p in cls.ports),
        variables=", ".join(f"``{v!r}``" for v in (*cls.states, *cls.algebraic)),
        output=cls.output or cls.states[0],
    )
    for name, text in (
        ("connectome", _CONNECTOME),
        ("simulation", simulation),
        ("attributes", _ATTRIBUTES),
    ):
        filled = textwrap.indent(text, "    ").strip()
        cls.__doc__ = cls.__doc__.replace(f"%({name})s", filled)


def same_value(a, b):
    """Whether two values of a parameter are the same.

    Parameters
    ----------
    a, b : object
        Numbers, words, arrays, tables, or containers of these.

    Returns
    -------
    bool
    """
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same_value(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same_value, a, b))
    if hasattr(a, "equals"):  # tables
        return a.equals(b)
    if isinstance(a, np.ndarray):
        return np.array_equal(a, b)
    if hasattr(a, "toarray"):  # sparse
        return a.shape == b.shape and (a != b).nnz == 0
    return bool(a == b)
