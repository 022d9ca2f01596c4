"""Monitors: what leaves a simulation, and how often."""

from numbers import Real
from typing import ClassVar, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator

from skneuro.dynamics._hemodynamics import OBSERVER, BalloonConstants
from skneuro.engine._jobs import Observer, Tap
from skneuro.utils._param_validation import Interval
from skneuro.utils._validation import check_multiple


class Recording(NamedTuple):
    """One recorded quantity.

    Attributes
    ----------
    name : str
        Variable, or ``"bold"``.
    values : ndarray of shape (n_jobs, n_nodes, n_samples)
        Samples.
    times : ndarray of shape (n_samples,)
        Their times, in ms from the start of the simulation.
    unit : str
        Unit of the values.
    """

    name: str
    values: np.ndarray
    times: np.ndarray
    unit: str


class Monitor(BaseEstimator):
    """Base of all monitors: a setting of a simulator, with searchable parameters.

    A monitor sees every step and is nothing to fit. ``set_params(monitor__t_r=1.0)`` on
    a simulator reaches it.
    """

    _parameter_constraints: ClassVar[dict] = {}

    def sampling_interval(self, dt):
        """Return the time between samples.

        Parameters
        ----------
        dt : float
            Step of the simulation, in ms.

        Returns
        -------
        float
            Interval, in ms.
        """
        raise NotImplementedError

    def taps(self, variables, dt):
        """List the taps that record variables of population 0."""
        return ()

    def observers(self, activity, n_nodes, dt):
        """List the observers that look at the simulator's activity."""
        return ()

    def name_recordings(self, recorded, observed, *, variables, units, first_step, dt):
        """Name what the taps and observers returned.

        Returns
        -------
        list of Recording
        """
        raise NotImplementedError


class _TapMonitor(Monitor):
    """Monitors that record the model's own variables."""

    _averages = False

    def _interval(self, dt):
        raise NotImplementedError

    def sampling_interval(self, dt):
        """Return the time between samples.

        Parameters
        ----------
        dt : float
            Step of the simulation, in ms.

        Returns
        -------
        float
            Interval, in ms.
        """
        return self._interval(dt) * dt

    def taps(self, variables, dt):
        """List the taps that record variables of population 0."""
        interval = self._interval(dt)
        return tuple(Tap(0, name, interval, self._averages) for name in variables)

    def name_recordings(self, recorded, observed, *, variables, units, first_step, dt):
        """Name the recorded variables."""
        interval = self._interval(dt)
        first = first_step // interval
        return [
            Recording(
                name,
                values,
                (first + np.arange(1, values.shape[-1] + 1)) * (interval * dt),
                units.get(name, ""),
            )
            for name, values in zip(variables, recorded, strict=True)
        ]


class Raw(_TapMonitor):
    """Record every step.

    The sample of a step is the state after it: the first one is that at time ``dt``.

    Examples
    --------
    >>> from skneuro.dynamics import Hopf, Raw
    >>> Hopf(duration=1.0, dt=0.1, monitor=Raw()).fit_transform([[0.0]]).shape
    (1, 1, 10)
    """

    def _interval(self, dt):
        return 1


class SubSample(_TapMonitor):
    """Record the state at regular times.

    Parameters
    ----------
    interval : float, default=1.0
        Time between samples, in ms. The first sample is that at time ``interval``.

    Examples
    --------
    >>> from skneuro.dynamics import Hopf, SubSample
    >>> simulator = Hopf(duration=10.0, monitor=SubSample(interval=1.0))
    >>> simulator.fit_transform([[0.0]]).shape
    (1, 1, 10)
    """

    _parameter_constraints: ClassVar[dict] = {
        "interval": [Interval(Real, 0, None, closed="neither")]
    }

    def __init__(self, interval=1.0):
        self.interval = interval

    def _interval(self, dt):
        return check_multiple(self.interval, dt, "interval of the monitor", "dt")


class TemporalAverage(SubSample):
    """Record means over consecutive intervals.

    Parameters
    ----------
    interval : float, default=1.0
        Length of an interval, in ms. The time of a sample is the end of its interval.

    Examples
    --------
    >>> from skneuro.dynamics import Hopf, TemporalAverage
    >>> simulator = Hopf(duration=10.0, monitor=TemporalAverage(interval=5.0))
    >>> simulator.fit_transform([[0.0]]).shape
    (1, 1, 2)
    """

    _averages = True


class Bold(BalloonConstants, Monitor):
    """Record BOLD signals, integrated beside the simulation.

    The Balloon-Windkessel model of `BalloonWindkessel` runs along in float64; activity
    is not stored. What drives it is part of each model's definition.

    Parameters
    ----------
    t_r : float, default=2.0
        Repetition time, in s. Volume k is taken at time ``(k + 1) * t_r``.
    dt : float, default=None
        Integration step of the haemodynamics, in ms. They see the mean activity over
        it. None is the step of the simulation; 1 ms is faster and 3e-6 off.
    oxygen_extraction : float or array-like of shape (n_nodes,), default=0.34
        Resting oxygen extraction fraction, dimensionless.
    grubb_exponent : float or array-like of shape (n_nodes,), default=0.32
        Stiffness of the vessel, dimensionless.
    signal_decay : float or array-like of shape (n_nodes,), default=0.65
        Rate of signal decay, in 1/s.
    flow_elimination : float or array-like of shape (n_nodes,), default=0.41
        Rate of flow-dependent elimination, in 1/s.
    transit_time : float or array-like of shape (n_nodes,), default=0.98
        Mean transit time through the balloon, in s.
    blood_volume : float or array-like of shape (n_nodes,), default=0.02
        Resting blood volume fraction, dimensionless.
    signal_weights : array-like of shape (3,), default=None
        Weights of the three terms of the signal, dimensionless; see
        `BalloonWindkessel`.
    initial_state : dict, default=None
        First value of ``signal`` (1/s), ``flow``, ``volume`` and ``deoxyhemoglobin``
        (relative to rest): numbers or arrays of shape (n_nodes,). None starts at rest.

    See Also
    --------
    BalloonWindkessel : The model, with its equations, for given activity.

    References
    ----------
    .. [1] K. J. Friston, L. Harrison and W. Penny (2003), NeuroImage 19, 1273-1302,
       equations 4-8 and table 1: :doi:`10.1016/S1053-8119(03)00202-7`

    Examples
    --------
    >>> from skneuro.dynamics import Bold, Hopf
    >>> simulator = Hopf(duration=4000.0, monitor=Bold(t_r=1.0))
    >>> simulator.fit_transform([[0.0, 0.1]]).shape
    (1, 2, 4)
    """

    _parameter_constraints: ClassVar[dict] = {
        "t_r": [Interval(Real, 0, None, closed="neither")],
        "dt": [Interval(Real, 0, None, closed="neither"), None],
        **BalloonConstants._constant_constraints,
        "initial_state": [dict, None],
    }

    def __init__(
        self,
        t_r=2.0,
        *,
        dt=None,
        oxygen_extraction=0.34,
        grubb_exponent=0.32,
        signal_decay=0.65,
        flow_elimination=0.41,
        transit_time=0.98,
        blood_volume=0.02,
        signal_weights=None,
        initial_state=None,
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

    def sampling_interval(self, dt):
        """Return the time between volumes.

        Parameters
        ----------
        dt : float
            Step of the simulation, in ms.

        Returns
        -------
        float
            Interval, in ms.
        """
        return self.t_r * 1000.0  # s to ms

    def observers(self, activity, n_nodes, dt):
        """List the observers that look at the simulator's activity.

        Parameters
        ----------
        activity : tuple of (str, float, float)
            Variable, offset and gain: the model sees ``gain * (variable + offset)``.
        n_nodes : int
            Number of nodes.
        dt : float
            Step of the simulation, in ms.

        Returns
        -------
        tuple of Observer
            One, which records volume and deoxyhemoglobin.
        """
        variable, offset, gain = activity
        update = 1
        if self.dt is not None:
            update = check_multiple(self.dt, dt, "dt of the monitor", "dt")
        volume = check_multiple(self.t_r * 1000.0, update * dt, "t_r in ms", "dt")
        constants = self._constants(n_nodes)
        constants.pop("blood_volume")
        return (
            Observer(
                equations=OBSERVER,
                population=0,
                variable=variable,
                parameters={
                    **constants,
                    "dt": update * dt / 1000.0,  # ms to s, the unit of the constants
                    "activity_gain": gain,
                    "activity_offset": offset,
                },
                initial=self._first_values(n_nodes),
                update_interval=update,
                record=("volume", "deoxyhemoglobin"),
                record_interval=volume * update,
            ),
        )

    def name_recordings(self, recorded, observed, *, variables, units, first_step, dt):
        """Compute the BOLD signal of the recorded states.

        Parameters
        ----------
        recorded : list of ndarray
            Recorded variables: none.
        observed : list of ndarray of shape (n_jobs, n_nodes, n_volumes)
            Volume and deoxyhemoglobin.
        variables : tuple of str
            Names of the recorded variables.
        units : dict
            Their units.
        first_step : int
            Steps done before the recording.
        dt : float
            Step of the simulation, in ms.

        Returns
        -------
        list of Recording
            One, ``"bold"``.
        """
        volume, deoxyhemoglobin = observed
        first = first_step // round(self.t_r * 1000.0 / dt)
        times = (first + np.arange(1, volume.shape[-1] + 1)) * (self.t_r * 1000.0)
        return [Recording("bold", self.bold_signal(volume, deoxyhemoglobin), times, "")]
