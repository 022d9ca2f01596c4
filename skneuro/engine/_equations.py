"""What a model declares, and the schemes that turn its equations into one step.

The schemes are ordinary functions of states, inputs and parameters: called with traced
values they give the kernel, with numpy or torch values they compute a step.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from types import SimpleNamespace

from skneuro.engine._math import floor, maximum, minimum
from skneuro.engine._trace import Graph


@dataclass(frozen=True, eq=False)
class Equations:
    """The equations of one population model, without numbers.

    Parameters
    ----------
    name : str
        Name of the model, for messages and file names.
    function : callable
        ``function(x, net, drive, noise, p)`` returns a dict with the time derivative of
        every state, per ms, and the value of every algebraic variable. Its arguments
        are namespaces: ``x`` holds states and the previous values of algebraic
        variables, ``net`` the delayed sums, ``drive`` the inputs, ``noise`` one
        Ornstein-Uhlenbeck process per population, ``p`` the parameters and ``dt``.
    states : tuple of str
        Variables that are integrated.
    algebraic : tuple of str, default=()
        Variables that are assigned in every step.
    noise : tuple of str, default=()
        Names of the noise processes.
    ports : tuple of str, default=()
        Names of the inputs that a drive can reach.
    inputs : tuple of str, default=()
        Names of the delayed sums.
    sources : tuple of str, default=()
        Names of the values that other nodes can see.
    source_function : callable, default=None
        ``source_function(x, p)`` returns a dict of the sources; by default they are
        variables of the same names.
    bounds : dict, default=None
        Lower and upper bound per state, in its unit; None is unbounded. Applied after
        every step.
    periods : dict, default=None
        Period per state that lives on a circle, in its unit; the state is kept in
        [0, period), to rounding.
    parameters : tuple of str, default=()
        Names of the parameters.
    constants : dict, default=None
        What ``function`` finds in ``p`` by name besides, known when it is traced:
        tables, and booleans that it may branch on.

    See Also
    --------
    skneuro.dynamics.BaseSimulator : Simulators, which declare their equations.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from skneuro.engine import Equations
    >>> def decay(x, net, drive, noise, p):
    ...     return {"v": -x.v / p.tau}
    >>> equations = Equations("Decay", decay, states=("v",), parameters=("tau",))
    >>> x, p = SimpleNamespace(v=1.0), SimpleNamespace(tau=10.0, dt=1.0)
    >>> equations.euler_step(x, None, None, None, None, p)[0].v
    0.9
    """

    name: str
    function: Callable
    states: tuple
    algebraic: tuple = ()
    noise: tuple = ()
    ports: tuple = ()
    inputs: tuple = ()
    sources: tuple = ()
    source_function: Callable | None = None
    bounds: dict | None = None
    periods: dict | None = None
    parameters: tuple = ()
    constants: dict | None = None

    def __post_init__(self):
        """Turn missing bounds, periods and constants into empty ones."""
        for name in ("bounds", "periods", "constants"):
            object.__setattr__(self, name, dict(getattr(self, name) or {}))

    @property
    def variables(self):
        """Names of states and algebraic variables, in the order of their rows."""
        return self.states + self.algebraic

    @cached_property
    def unseen(self):
        """Equations of nodes that no node sees: their sources are not computed."""
        return replace(self, sources=(), source_function=None)

    @property
    def all_parameters(self):
        """Names of parameters, the step and the constants of the noise."""
        noise = tuple(
            f"{kind}_{name}"
            for name in self.noise
            for kind in ("noise_mean", "noise_rate", "noise_step")
        )
        return (*self.parameters, "dt", *noise)

    def evaluate(self, x, net, drive, noise, p):
        """Call the equations and check what they return.

        Parameters
        ----------
        x, net, drive, noise, p : SimpleNamespace
            Variables, delayed sums, inputs, noise and parameters.

        Returns
        -------
        dict
            Derivative per ms of each state, and value of each algebraic variable.

        Raises
        ------
        ValueError
            If an entry is missing or unknown.
        """
        if self.constants:
            p = SimpleNamespace(**{**vars(p), **self.constants})
        values = self.function(x, net, drive, noise, p)
        expected = set(self.variables)
        if not isinstance(values, dict) or set(values) != expected:
            got = sorted(values) if isinstance(values, dict) else type(values).__name__
            raise ValueError(
                f"equations of {self.name} returned {got}; expected a dict with one "
                f"entry for each of {sorted(expected)}."
            )
        return values

    def bounded(self, state, value):
        """Bring a state back into its bounds or onto its circle.

        Parameters
        ----------
        state : str
            Name of the state.
        value : float, ndarray, Tensor or traced value
            Its value.

        Returns
        -------
        float, ndarray, Tensor or traced value
            The value that the state takes.
        """
        low, high = self.bounds.get(state, (None, None))
        if low is not None:
            value = maximum(value, low)
        if high is not None:
            value = minimum(value, high)
        period = self.periods.get(state)
        if period is not None:
            value = value - period * floor(value * (1.0 / period))
        return value

    def visible(self, x, p):
        """Return what other nodes see.

        Parameters
        ----------
        x, p : SimpleNamespace
            Variables and parameters.

        Returns
        -------
        dict
            Value of each source.
        """
        if self.source_function is None:
            return {name: getattr(x, name) for name in self.sources}
        return self.source_function(x, p)

    def noise_step(self, noise, normal, p):
        """Advance the Ornstein-Uhlenbeck processes by one step.

        Parameters
        ----------
        noise : SimpleNamespace
            Value of each process.
        normal : SimpleNamespace
            A normal random number for each process.
        p : SimpleNamespace
            Parameters, the constants of the noise among them.

        Returns
        -------
        SimpleNamespace
            Value of each process after the step.
        """
        new = {}
        for name in self.noise:
            z = getattr(noise, name)
            mean = getattr(p, f"noise_mean_{name}")
            rate = getattr(p, f"noise_rate_{name}")
            step = getattr(p, f"noise_step_{name}")
            new[name] = z + (mean - z) * rate + step * getattr(normal, name)
        return SimpleNamespace(**new)

    def euler_step(self, x, net, drive, noise, normal, p):
        """Advance by one step of the Euler-Maruyama scheme.

        Parameters
        ----------
        x, net, drive, noise, normal, p : SimpleNamespace
            Variables, delayed sums, inputs, noise, random numbers and parameters.

        Returns
        -------
        x, noise : SimpleNamespace
            Values after the step. The states see the noise from before it.
        """
        rate = self.evaluate(x, net, drive, noise, p)
        new = {s: self.bounded(s, getattr(x, s) + p.dt * rate[s]) for s in self.states}
        new.update({a: rate[a] for a in self.algebraic})
        return SimpleNamespace(**new), self.noise_step(noise, normal, p)

    def heun_predict(self, x, net, drive, noise, p):
        """Take the first stage of Heun's scheme: an Euler step, the noise unchanged.

        Parameters
        ----------
        x, net, drive, noise, p : SimpleNamespace
            Variables, delayed sums, inputs, noise and parameters.

        Returns
        -------
        x : SimpleNamespace
            Predicted values.
        rate : dict
            Time derivatives at the start of the step.
        """
        rate = self.evaluate(x, net, drive, noise, p)
        new = {s: self.bounded(s, getattr(x, s) + p.dt * rate[s]) for s in self.states}
        new.update({a: rate[a] for a in self.algebraic})
        return SimpleNamespace(**new), rate

    def heun_correct(self, x, rate, net, drive, noise, normal, p):
        """Take the second stage: the mean of the rates at both ends of the step.

        Parameters
        ----------
        x : SimpleNamespace
            Values at the start of the step; algebraic variables already new.
        rate : dict
            Time derivatives at the start.
        net : SimpleNamespace
            Delayed sums at the end of the step, from predicted values.
        drive, noise, normal, p : SimpleNamespace
            As in `euler_step`.

        Returns
        -------
        x, noise : SimpleNamespace
            Values after the step.
        """
        predicted = {
            s: self.bounded(s, getattr(x, s) + p.dt * rate[s]) for s in self.states
        }
        predicted.update({a: getattr(x, a) for a in self.algebraic})
        new_noise = self.noise_step(noise, normal, p)
        end = self.evaluate(SimpleNamespace(**predicted), net, drive, new_noise, p)
        new = {
            s: self.bounded(s, getattr(x, s) + 0.5 * p.dt * (rate[s] + end[s]))
            for s in self.states
        }
        new.update({a: getattr(x, a) for a in self.algebraic})
        return SimpleNamespace(**new), new_noise


def trace_stages(equations, method, driven):
    """Trace one step of a scheme.

    Parameters
    ----------
    equations : Equations
        The model.
    method : {"euler", "heun"}
        Scheme; Heun's has two stages with the delayed sums in between.
    driven : tuple of str
        Ports that a time series reaches; at the others the drive is a parameter.

    Returns
    -------
    list of dict
        One per stage: the traced value of every row of the state that the stage
        writes, keyed by ``("variable", name)``, ``("noise", name)``, ``("rate", name)``
        or ``("source", name)``.
    """
    graph = Graph()

    def leaves(op, names, prefix=""):
        return SimpleNamespace(
            **{name: graph.node(op, prefix + name) for name in names}
        )

    p = leaves("param", equations.all_parameters)
    x = leaves("input", equations.variables, "x.")
    noise = leaves("input", equations.noise, "noise.")
    normal = leaves("input", equations.noise, "normal.")
    net = leaves("input", equations.inputs, "net.")
    drive = leaves("param", equations.ports, "input_")
    for port in driven:
        constant = getattr(drive, port)
        setattr(drive, port, constant + graph.node("input", f"drive.{port}"))

    def values(kind, namespace, names):
        return {(kind, n): graph.constant(getattr(namespace, n)) for n in names}

    def sources(state):
        visible = equations.visible(state, p)
        return {("source", n): graph.constant(visible[n]) for n in equations.sources}

    if method == "euler":
        new, new_noise = equations.euler_step(x, net, drive, noise, normal, p)
        return [
            values("variable", new, equations.variables)
            | values("noise", new_noise, equations.noise)
            | sources(new)
        ]
    predicted, rate = equations.heun_predict(x, net, drive, noise, p)
    start = {s: graph.node("input", f"rate.{s}") for s in equations.states}
    new, new_noise = equations.heun_correct(x, start, net, drive, noise, normal, p)
    return [
        {("rate", s): graph.constant(rate[s]) for s in equations.states}
        | values("variable", predicted, equations.algebraic)
        | sources(predicted),
        values("variable", new, equations.variables)
        | values("noise", new_noise, equations.noise)
        | sources(new),
    ]
