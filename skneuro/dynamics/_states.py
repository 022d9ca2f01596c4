"""Where a simulation starts: values, their past, and states to go on from."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np

from skneuro.dynamics._numbers import noise_values
from skneuro.engine._jobs import SimulationState


def make_first_state(simulator, rng):
    """Draw the initial values and put the given ones in their place.

    Parameters
    ----------
    simulator : BaseSimulator
        Simulator with checked network and numbers.
    rng : RandomState
        Source of random initial values.

    Returns
    -------
    SimulationState

    Raises
    ------
    ValueError
        If ``initial_state`` names what the model does not have, or its values do not
        fit the nodes or the bounds of the model.
    """
    n = simulator.n_nodes_
    values = {}
    for name in (*simulator.states, *simulator.algebraic):
        low, high = simulator.initial.get(name, (0.0, 0.0))
        values[name] = low + (high - low) * rng.uniform(size=n)
    given = dict(simulator.initial_state or {})
    noise = {}
    for name in simulator.noise:
        mean = noise_values(simulator, "noise_mean", name)
        value = given.pop(f"{name}_noise", mean)
        noise[name] = simulator._node_values(value, f"initial_state['{name}_noise']")
    past = {}
    for name, value in given.items():
        if name not in values:
            expected = [*values, *(f"{n}_noise" for n in simulator.noise)]
            raise ValueError(
                f"initial_state names {name!r}, expected some of {expected}."
            )
        series = simulator._node_values(value, f"initial_state[{name!r}]", past=True)
        low, high = simulator.bounds.get(name, (None, None))
        if (low is not None and (series < low).any()) or (
            high is not None and (series > high).any()
        ):
            raise ValueError(
                f"initial_state[{name!r}] holds values from {series.min():g} to "
                f"{series.max():g}, expected values within the bounds ({low}, {high}) "
                f"of {name}."
            )
        values[name] = series
        if series.ndim == 2:
            past[name] = series
            values[name] = series[:, -1]
    return SimulationState(
        step=0,
        variables=[values],
        noise=[noise],
        history=[_make_history(_seen(simulator), values, past, simulator._numbers, n)],
    )


def renew_history(simulator, state):
    """Take over a first state where only numbers of the equations have changed.

    Parameters
    ----------
    simulator : BaseSimulator
        Simulator with checked numbers, and as before its initial values.
    state : SimulationState
        What `make_first_state` returned.

    Returns
    -------
    SimulationState
    """
    equations = _seen(simulator)
    if equations.source_function is None:  # what others see is a variable
        return state
    values = state.variables[0]
    past = {
        name: np.asarray(value, dtype=np.float64)
        for name, value in (simulator.initial_state or {}).items()
        if name in values and np.ndim(value) == 2
    }
    history = _make_history(
        equations, values, past, simulator._numbers, simulator.n_nodes_
    )
    return replace(state, history=[history])


def _seen(simulator):
    """Equations with what other nodes see."""
    return simulator._network.populations[0].equations


def _make_history(equations, values, past, numbers, n_nodes):
    """Past of every value that other nodes can see."""
    if not equations.sources:
        return {}
    columns = max((v.shape[1] for v in past.values()), default=1)
    series = {}
    for name, value in values.items():
        series[name] = np.empty((n_nodes, columns))
        series[name][:] = np.reshape(value, (-1, 1))
        if name in past:
            known = past[name]
            series[name][:, :] = known[:, :1]
            series[name][:, columns - known.shape[1] :] = known
    columns = {
        name: value if np.ndim(value) == 0 else np.reshape(value, (-1, 1))
        for name, value in numbers.items()
    }
    x, p = SimpleNamespace(**series), SimpleNamespace(**columns)
    with np.errstate(all="ignore"):  # an exponential may overflow; runs are checked
        visible = equations.visible(x, p)
    return {name: visible[name] for name in equations.sources}


def check_states(states, network, n_samples):
    """Check states that an earlier run returned against the network of the next one.

    Parameters
    ----------
    states : list of SimulationState
        One per sample.
    network : Network
        Populations and projections of the next run.
    n_samples : int
        Expected number.

    Raises
    ------
    TypeError
        If it is not a list of states.
    ValueError
        If there are not as many as samples, or they belong to several runs, to another
        model, to another number of nodes or to shorter delays.
    """
    if not isinstance(states, list | tuple) or not all(
        isinstance(s, SimulationState) for s in states
    ):
        kind = type(states).__name__
        raise TypeError(
            f"continue_from is a {kind}, expected a list of states, one per sample: "
            "what an earlier call left in state_, or returned."
        )
    if len(states) != n_samples:
        raise ValueError(
            f"continue_from has {len(states)} states for {n_samples} samples; pass one "
            "state per sample."
        )
    if len({(s.step, s.monitored) for s in states}) > 1:
        raise ValueError(
            f"continue_from has states after {sorted({s.step for s in states})} steps "
            "or of several monitors; expected the states of one run. Continue the "
            "others on their own."
        )
    expected = [
        dict.fromkeys(p.equations.variables, (p.n_nodes,)) for p in network.populations
    ]
    for state in states:
        found = [{k: np.shape(v) for k, v in g.items()} for g in state.variables]
        if found != expected:
            raise ValueError(
                f"continue_from holds the variables {found}, expected {expected}: it "
                "comes from another model or another number of nodes."
            )
        columns = min(
            (
                past[name].shape[1] if name in past else 0
                for p, past in zip(network.populations, state.history, strict=True)
                for name in p.equations.sources
            ),
            default=network.max_lag,
        )
        if columns == 0:
            raise ValueError(
                "continue_from comes from nodes that did not see each other; start "
                "anew to connect them."
            )
        if columns < network.max_lag:
            raise ValueError(
                f"continue_from remembers {columns - 1} steps of the past, but the "
                f"longest delay is {network.max_lag - 1} steps; keep tract_lengths and "
                "conduction_speed, or start anew."
            )


def resume(state, dt, taps, observers):
    """Return the state with the haemodynamics that the next run can go on from.

    Parameters
    ----------
    state : SimulationState
        End of an earlier run.
    dt : float
        Step of the next run, in ms.
    taps, observers : tuple
        What the next run records.

    Returns
    -------
    SimulationState
        The same state if the next run has the same observers; else one without them.

    Raises
    ------
    ValueError
        If the step has changed, or a mean would begin in the middle of its interval.
    """
    if state.monitored is None:
        return state
    earlier_dt, earlier_observers = state.monitored
    if earlier_dt != dt:
        raise ValueError(
            f"continue_from was simulated with dt={earlier_dt:g} ms, but dt={dt:g} ms; "
            "delays and times count steps, so keep dt."
        )
    goes_on = earlier_observers == monitored_by(dt, observers)[1]
    begun = [t.interval for t in taps if t.averages and t not in state.average]
    if not goes_on:
        begun += [o.update_interval for o in observers]
    for interval in begun:
        if state.step % interval:
            raise ValueError(
                f"continue_from ends at {state.step * dt:g} ms, in the middle of an "
                f"interval of {interval * dt:g} ms of a monitor that did not see its "
                "beginning; go on with the same monitor and record, or change them at "
                "a multiple of the interval."
            )
    return state if goes_on else replace(state, observed=[], observed_input=[])


def monitored_by(dt, observers):
    """Say what a run was watched by, to be compared when it goes on."""
    return dt, tuple((o.variable, o.update_interval) for o in observers)
