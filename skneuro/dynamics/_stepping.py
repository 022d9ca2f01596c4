"""Simulations that are stepped from outside: closed loops at full speed."""

import copy
from numbers import Integral

import numpy as np

from skneuro.dynamics._base import BaseSimulator
from skneuro.dynamics._batch import Plan, Result, _group
from skneuro.dynamics._states import check_states
from skneuro.engine._stepping import SteppingRun


class Stepper:
    """Step a simulation from outside, with input that depends on what it does.

    The compiled run stays alive between calls, so a step costs little more than in
    ``simulate``. Any number of calls gives the same bits as one run over all steps with
    the same drive.

    Parameters
    ----------
    simulator : BaseSimulator
        Simulator; it is fitted to its network if it is not, and not changed
        otherwise. Its ``record`` says what `step` returns; ``duration``, ``monitor``
        and ``stimulus_interval`` are not used.
    n_samples : int, default=None
        Simulations side by side, each with its own drive. None is one, and arrays then
        have no axis of samples.
    continue_from : list of SimulationState, default=None
        States to go on from, one per sample: ``state_`` of a simulator or of another
        stepper.

    Attributes
    ----------
    names : tuple of str
        Variables that `step` returns, in this order.
    labels : ndarray of shape (n_nodes,)
        Names of the nodes.

    Raises
    ------
    TypeError
        If ``simulator`` is none, ``n_samples`` no integer, or ``continue_from`` no list
        of states.
    ValueError
        If a parameter is wrong, or states do not fit model and network.

    See Also
    --------
    skneuro.dynamics.simulate_batch : Many runs whose drive is known.

    Notes
    -----
    Delayed sums and random numbers are made for blocks of steps, and kept for the next
    call where a call ends inside a block.

    Examples
    --------
    An oscillator that is pushed back in proportion to what it does:

    >>> from skneuro.dynamics import Hopf, Stepper
    >>> loop = Stepper(Hopf(a=0.1, initial_state={"x": 0.3, "y": 0.0}))
    >>> x = loop.step()
    >>> for _ in range(4000):
    ...     x = loop.step(-0.35 * x)
    >>> round(loop.time, 1), bool(abs(x[0]) < 1e-6)  # ms, and at rest
    (400.1, True)
    """

    def __init__(self, simulator, n_samples=None, *, continue_from=None):
        if not isinstance(simulator, BaseSimulator):
            raise TypeError(
                f"simulator is {simulator!r}, expected an instance of a simulator such "
                "as Hopf()."
            )
        if n_samples is not None:
            _check_count(n_samples, "n_samples", 1)
        simulator._fit_if_needed(None, keep_noise=continue_from is not None)
        simulator = copy.copy(simulator)
        simulator.duration, simulator.monitor = float(simulator.dt), "raw"
        simulator.stimulus_interval = None
        self._simulator, self._dt = simulator, simulator.dt
        self._n_samples = n_samples
        n = 1 if n_samples is None else n_samples
        if continue_from is not None:
            check_states(continue_from, simulator._network, n)
        self.labels = simulator.labels_
        channels = np.arange(float(simulator.n_features_in_))
        plans = []
        for k, state in enumerate(continue_from or [None] * n):
            plan = simulator._plan(None, (), simulation=k, state=state, in_pieces=True)
            # memory of its own for each port; its values say which channel it is
            plan.job.drive = [
                {port: values.copy() for port, values in part.items()}
                for part in simulator._split(channels[:, None])
            ]
            plans.append(plan)
        self._groups = _group(plans, n_jobs=1)
        self._runs = [_make_run([plans[i] for i in group]) for group in self._groups]
        # which sample and channel each number of a run's drive is, in one number
        self._sources = [
            np.asarray(group)[run.drive_jobs] * len(channels)
            + run.drive_values.astype(np.int64)
            for group, run in zip(self._groups, self._runs, strict=True)
        ]
        self._drive = np.zeros((n, len(channels)), simulator.dtype)
        self._flat_drive = self._drive.reshape(-1)
        self._finite = np.empty(self._drive.size, bool)
        taps = simulator._taps(simulator._recorded(all_by_default=False))
        self.names = tuple(_name(simulator, tap) for tap in taps)
        self._rows = [run.places(taps) for run in self._runs]
        self._out = np.empty((n, self._rows[0].shape[1]), simulator.dtype)

    @property
    def time(self):
        """Simulated time so far, in ms."""
        return self._runs[0].step * self._dt

    @property
    def state_(self):
        """States to go on from, one per sample, a list of SimulationState."""
        states = [None] * len(self._drive)
        for group, run in zip(self._groups, self._runs, strict=True):
            for index, state in zip(group, run.final_states(), strict=True):
                state.monitored = (self._dt, ())
                states[index] = state
        return states

    def step(self, drive=None, n_steps=1):
        """Simulate one step or a few.

        Parameters
        ----------
        drive : array-like of shape ([n_samples,] n_channels), default=None
            What is added to the constant inputs during these steps, port by port as in
            ``transform``; a number or one row reaches all. None is nothing.
        n_steps : int, default=1
            Steps of ``dt``.

        Returns
        -------
        ndarray of shape (n_channels,) or (n_samples, n_channels)
            What ``record`` names, variable by variable, after the last step.

        Raises
        ------
        SimulationError
            If a simulation leaves the finite numbers.
        TypeError
            If ``n_steps`` is no integer.
        ValueError
            If the drive does not fit, or is not finite, or ``n_steps`` is negative.
        """
        # compiled code is called past the checks of numba
        if type(n_steps) is not int or n_steps < 0:
            n_steps = _check_count(n_steps, "n_steps", 0)
        target = self._drive
        try:
            target[:] = 0.0 if drive is None else drive
        except (TypeError, ValueError) as error:
            expected = target.shape[self._n_samples is None :]
            raise ValueError(
                f"drive has shape {np.shape(drive)} and dtype "
                f"{np.asarray(drive).dtype}, expected real numbers of shape {expected},"
                " a row of it or a number."
            ) from error
        flat = self._flat_drive
        np.isfinite(flat, out=self._finite)
        if b"\0" in self._finite.tobytes():  # several times faster than all()
            raise ValueError("drive holds NaN or infinity; expected finite numbers.")
        for i, run in enumerate(self._runs):
            # clip, as there is nothing to clip: the other modes copy twice
            flat.take(self._sources[i], out=run.drive_values, mode="clip")
            run.advance(n_steps)
            if run.failures:
                self._fail(run.failures[0], self._groups[i])
            if len(self._runs) > 1:
                self._out[self._groups[i]] = run.units[self._rows[i]]
        if len(self._runs) == 1:  # samples are in their order
            run.units.take(self._rows[0], out=self._out, mode="clip")
        return self._out[0].copy() if self._n_samples is None else self._out.copy()

    def read(self):
        """Read all variables as they are now.

        Returns
        -------
        dict
            Arrays of shape (n_nodes,) or (n_samples, n_nodes) by name.
        """
        simulator = copy.copy(self._simulator)
        simulator.record = None
        values = {}
        for tap in simulator._taps(simulator._recorded(all_by_default=True)):
            places = [run.places([tap]) for run in self._runs]
            out = np.empty((len(self._drive), places[0].shape[1]), self._drive.dtype)
            for group, run, rows in zip(self._groups, self._runs, places, strict=True):
                out[group] = run.units[rows]
            name = _name(simulator, tap)
            values[name] = out[0] if self._n_samples is None else out
        return values

    def _fail(self, failure, group):
        """Raise the error of a simulation that left the finite numbers."""
        index = group[failure.job]
        error = Result([], [], None, failure).error(
            type(self._simulator).__name__,
            self._dt,
            what=f"sample {index}",
            labels=self._simulator._labels_by_population(),
        )
        error.simulation = index
        raise error


def _check_count(value, name, least):
    """Return a whole number as an int, or say what is wrong with it."""
    if not isinstance(value, Integral):
        raise TypeError(f"{name} is {value!r}, expected an integer.")
    if value < least:
        raise ValueError(f"{name} is {value}, expected {least} or more.")
    return int(value)


def _name(simulator, tap):
    """Name a variable, in a network of several models with that of its group."""
    groups = getattr(simulator, "_names", None)
    return f"{groups[tap.population]}__{tap.variable}" if groups else tap.variable


def _make_run(plans: list[Plan]):
    first = plans[0]
    return SteppingRun(
        first.network,
        [plan.job for plan in plans],
        method=first.method,
        dtype=first.dtype,
    )
