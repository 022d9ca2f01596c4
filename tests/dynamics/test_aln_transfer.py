"""Transfer functions of integrate-and-fire neurons, against neurolib's table."""

import numpy as np
import pytest

from skneuro.dynamics import aln_transfer

# Every 87th mean input and every 21st sigma of quantities_cascade.h5.
MU = -1.0 + 8.0 / 349 * np.arange(0, 349, 87)
SIGMA = np.array([0.5, 2.0, 3.5, 5.0])


@pytest.fixture(scope="module")
def table():
    return aln_transfer(MU, SIGMA, compat="neurolib")


def test_table_equals_that_of_neurolib(table, shared_data):
    h5py = pytest.importorskip("h5py")
    with h5py.File(shared_data / "neurolib" / "quantities_cascade.h5") as file:
        known = {n: file[n][:349:87, ::21] for n in ("r_ss", "V_mean_ss", "tau_mu_exp")}
        np.testing.assert_allclose(file["mu_vals"][:349:87], MU, rtol=1e-12)
        np.testing.assert_allclose(file["sigma_vals"][::21], SIGMA, rtol=1e-12)
    firing = known["r_ss"] > 1e-6
    assert firing.sum() > 10
    np.testing.assert_allclose(table.rate[firing], known["r_ss"][firing], rtol=1e-9)
    np.testing.assert_allclose(table.voltage, known["V_mean_ss"], atol=1e-8)
    np.testing.assert_allclose(table.tau, known["tau_mu_exp"], atol=0.02)


def test_known_values(table):
    # two points of that file: kHz, mV and ms at sigma 2
    np.testing.assert_allclose(
        table.rate[1:3, 1], [0.025415032935, 0.088488714334], rtol=1e-10
    )
    np.testing.assert_allclose(
        table.voltage[1:3, 1], [-57.567696400625, -56.875632218891], atol=1e-9
    )
    np.testing.assert_allclose(table.tau[1:3, 1], [2.451, 0.501], atol=0.02)


def test_rate_without_noise_is_one_over_the_interval():
    # almost without noise and exponential, V climbs from the reset to the cut-off
    mu, tau_m, leak, reset, cutoff = 3.0, 20.0, -65.0, -70.0, -50.0
    table = aln_transfer(
        [mu, 3.1],
        [0.05, 0.1],
        delta_t=0.01,
        v_threshold=-40.0,
        v_cutoff=cutoff,
        v_lowest=-75.0,
        dv=0.002,
    )
    end = leak + tau_m * mu
    interval = 1.5 + tau_m * np.log((end - reset) / (end - cutoff))
    np.testing.assert_allclose(table.rate[0, 0], 1 / interval, rtol=1e-3)


def test_time_constant_is_that_of_the_fit_over_many_frequencies(monkeypatch):
    from skneuro.dynamics import _aln_transfer

    arguments = {"mu": [0.2, 2.0], "sigma": [1.0, 3.0], "dv": 0.05}
    few = aln_transfer(**arguments).tau
    equidistant = 0.25e-3 * np.arange(1, 4001)
    frequencies = np.concatenate([equidistant[:1], [1e-8], equidistant])
    weights = np.concatenate([[0.0, 0.0], np.ones(4000)])
    monkeypatch.setattr(
        _aln_transfer, "_make_frequencies", lambda n: (frequencies, weights)
    )
    np.testing.assert_allclose(few, aln_transfer(**arguments).tau, atol=2e-3)


def test_reset_cell_of_neurolib_matters_less_on_a_finer_grid():
    def difference(dv):
        arguments = {"mu": [-0.3, 0.3], "sigma": [1.0, 2.0], "dv": dv}
        ours = aln_transfer(**arguments)
        theirs = aln_transfer(**arguments, compat="neurolib")
        np.testing.assert_array_equal(ours.rate, theirs.rate)
        return np.abs(ours.tau - theirs.tau).max()

    assert 0 < difference(0.02) < 0.3
    np.testing.assert_allclose(difference(0.02), difference(0.04) / 2, rtol=0.2)


def test_threads_give_the_same_bits():
    arguments = {"mu": [0.5, 1.0], "sigma": [1.0, 2.0, 3.0], "dv": 0.1}
    one, two = aln_transfer(**arguments), aln_transfer(**arguments, n_jobs=2)
    for name in ("rate", "voltage", "tau"):
        assert one[name].shape == (2, 3)
        np.testing.assert_array_equal(one[name], two[name])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"mu": [1.0]}, "mu is .* expected a list of at least two"),
        ({"mu": [0.0, 1.0, 3.0]}, "mu is not equidistant"),
        ({"sigma": [2.0, 1.0]}, "sigma is .* expected a list of at least two"),
        ({"sigma": [0.0, 1.0]}, "sigma is 0.0, expected a positive"),
        ({"tau_m": -1.0}, "tau_m is -1.0, expected a positive"),
        ({"t_refractory": -1.0}, "t_refractory is -1.0 ms"),
        ({"v_reset": -30.0}, "must rise in this order"),
        ({"sigma": [0.05, 0.1], "mu": [-1.0, 0.0], "dv": 0.1}, "too small .*-1 mV/ms"),
        ({"compat": "other"}, "compat='other', expected None or 'neurolib'"),
    ],
)
def test_wrong_arguments_are_explained(arguments, message):
    with pytest.raises(ValueError, match=message):
        aln_transfer(**arguments)
