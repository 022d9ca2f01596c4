"""Networks of different models: against a plain loop, and against their parts."""

import pickle
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, LeaveOneOut

from skneuro.dynamics import (
    BalloonWindkessel,
    Bold,
    FitzHughNagumo,
    Hopf,
    Kuramoto,
    NetworkSimulator,
    SubSample,
    TemporalAverage,
    ThalamicNode,
    WholeBrainRegressor,
    WilsonCowan,
    WongWang,
    simulate_batch,
)
from skneuro.exceptions import SimulationError

DT = 0.1
RNG = np.random.default_rng(0)
# Three Hopf nodes, two Wilson-Cowan nodes, one thalamic node: weights [to, from] and
# delays in ms of each coupling.
WITHIN_HOPF = RNG.uniform(0.1, 0.5, (3, 3)) * (1 - np.eye(3))
LENGTHS = RNG.uniform(0.0, 100.0, (3, 3))  # mm
COUPLINGS = {
    ("hopf__x", "cortex__net"): (RNG.uniform(0, 1, (2, 3)), RNG.uniform(0, 4, (2, 3))),
    ("cortex__exc", "hopf__y"): (RNG.uniform(0, 1, (3, 2)), 2.0),
    ("cortex__exc", "thalamus__net_trn"): (RNG.uniform(0, 100, (1, 2)), [[13.0, 0.0]]),
    ("thalamus__rate", "cortex__inh"): ([[0.02], [0.0]], 0.05),
}
START = {
    "hopf": {"x": [0.1, -0.2, 0.3], "y": [0.0, 0.1, -0.1]},
    "cortex": {"exc": [0.1, 0.05], "inh": [0.02, 0.2]},
    "thalamus": {"v_tcr": -62.0, "v_trn": -66.0, "h_trn": 0.1},
}


def make_parts(**settings):
    """Simulators of the three groups."""
    return [
        ("hopf", Hopf(WITHIN_HOPF, LENGTHS, initial_state=START["hopf"], **settings)),
        (
            "cortex",
            WilsonCowan(
                exc_input=[0.6, 0.9], initial_state=START["cortex"], **settings
            ),
        ),
        ("thalamus", ThalamicNode(initial_state=START["thalamus"], **settings)),
    ]


def make_network(*, kinds=None, sigma=0.0, **settings):
    settings = {"duration": 40.0, "dt": DT, "random_state": 0} | settings
    return NetworkSimulator(
        make_parts(sigma=sigma),
        {key: weights for key, (weights, _) in COUPLINGS.items()},
        delays={key: delays for key, (_, delays) in COUPLINGS.items()},
        coupling_kind=kinds or "additive",
        n_nodes=(3, 2, 1),
        **settings,
    )


def own_value(target, key, kind, x):
    """The target's own value that goes with a sum."""
    if kind == "additive":
        return 1.0
    name = {"net": "exc", "inh": "inh", "y": "y"}[target]
    return x[name]


def plain_loop(kinds, n_steps):
    """Step by step, node by node, from each model's own equations."""
    models = {
        name: (model, n)
        for (name, model), n in zip(make_parts(), (3, 2, 1), strict=True)
    }
    edges = [
        (key, np.atleast_2d(w), np.broadcast_to(d, np.shape(np.atleast_2d(w))))
        for key, (w, d) in COUPLINGS.items()
    ]
    edges.append((("hopf__x", "hopf__net"), WITHIN_HOPF, LENGTHS / 20.0))
    x, p = {}, {}
    for name, (model, n) in models.items():
        variables = (*model.states, *model.algebraic)
        low = {v: model.initial.get(v, (0.0, 0.0))[0] for v in variables}
        x[name] = {
            v: np.broadcast_to(np.asarray(START[name].get(v, low[v]), float), (n,))
            for v in variables
        }
        p[name] = dict.fromkeys((f"{i}_strength" for i in model.coupling_inputs), 0.0)
        p[name] |= {"diffusive": 1.0, "n_nodes": n, "dt": DT}
        p[name] |= {
            k: np.asarray(getattr(model, k))
            for k in model.parameters
            if k not in model.options
        }
    p["hopf"]["net_strength"] = WITHIN_HOPF.sum(axis=1)

    def visible(name):
        model = models[name][0]
        if hasattr(model, "sources"):
            seen = model.sources(SimpleNamespace(**x[name]), SimpleNamespace(**p[name]))
            return {**x[name], **seen}
        return dict(x[name])

    past = [{name: visible(name) for name in models}]
    series = []
    for _ in range(n_steps):
        new = {}
        for name, (model, n) in models.items():
            net = {i: np.zeros(n) for i in model.coupling_inputs}
            drive = {i: p[name][f"{i}_input"] + np.zeros(n) for i in model.ports}
            for key, weights, delays in edges:
                source, variable = key[0].split("__")
                group, target = key[1].split("__")
                if group != name:
                    continue
                kind = kinds.get(key, "additive")
                inputs = net if target in net else drive
                for i, j in np.ndindex(weights.shape):
                    back = round(delays[i, j] / DT)
                    sent = past[max(len(past) - 1 - back, 0)][source][variable][j]
                    own = own_value(target, key, kind, x[name])
                    own = own[i] if np.ndim(own) else own
                    if kind == "diffusive":
                        inputs[target][i] += weights[i, j] * (sent - own)
                    else:
                        inputs[target][i] += weights[i, j] * sent * own
            rates = model.equations(
                SimpleNamespace(**x[name]),
                SimpleNamespace(**net),
                SimpleNamespace(**drive),
                SimpleNamespace(**dict.fromkeys(model.noise, 0.0)),
                SimpleNamespace(**p[name]),
            )
            new[name] = {v: rates[v] for v in model.algebraic}
            for state in model.states:
                value = x[name][state] + DT * rates[state]
                new[name][state] = np.clip(
                    value, *model.bounds.get(state, (-np.inf, np.inf))
                )
        x = new
        past.append({name: visible(name) for name in models})
        series.append(x)
    return {
        f"{name}__{v}": np.stack([s[name][v] for s in series], axis=-1)
        for name in models
        for v in x[name]
    }


@pytest.mark.parametrize(
    "kinds",
    [
        {},
        {("hopf__x", "cortex__net"): "diffusive"},
        {
            ("hopf__x", "cortex__net"): "multiplicative",
            ("cortex__exc", "hopf__y"): "diffusive",
            ("thalamus__rate", "cortex__inh"): "multiplicative",
        },
    ],
    ids=["additive", "diffusive", "multiplicative"],
)
def test_mixed_network_equals_a_plain_loop(kinds):
    series = make_network(kinds=kinds).simulate()
    expected = plain_loop(kinds, 400)
    assert set(series) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(
            series[name], values, rtol=1e-9, atol=1e-11, err_msg=name
        )


@pytest.mark.parametrize("model", [Hopf, WilsonCowan, Kuramoto, WongWang, ThalamicNode])
@pytest.mark.parametrize("where", ["inside", "outside"])
def test_a_network_of_one_group_is_its_simulator(model, where):
    rng = np.random.default_rng(1)
    weights, lengths = rng.uniform(size=(5, 5)), rng.uniform(0, 60, (5, 5))
    settings = {"duration": 20.0, "random_state": 3}
    own = {"sigma": 0.01, "coupling": rng.uniform(0.1, 0.5, 5)}
    X = rng.uniform(0, 0.1, (2, 5, 200))
    expected = model(weights, lengths, **own, **settings).fit_transform(X)
    if where == "inside":
        network = NetworkSimulator([("a", model(weights, lengths, **own))], **settings)
    else:
        network = NetworkSimulator([("a", model(**own))], weights, lengths, **settings)
    np.testing.assert_array_equal(network.fit_transform(X), expected)


def test_uncoupled_groups_do_not_see_each_other():
    parts = make_parts()
    series = NetworkSimulator(
        parts, n_nodes=(3, 2, 1), duration=20.0, random_state=0
    ).simulate()
    for name, simulator in parts:
        simulator.set_params(duration=20.0, random_state=0)
        X = np.zeros((1, {"hopf": 3, "cortex": 2, "thalamus": 1}[name]))
        alone = simulator.fit(X).simulate(X)
        for variable in alone:
            np.testing.assert_array_equal(
                series[f"{name}__{variable}"], alone[variable][0]
            )


def test_a_matrix_couples_models_as_their_own_kind_is_coupled():
    weights = np.array([[0.0, 0.3, 0.2], [0.5, 0.0, 0.0], [0.1, 0.0, 0.0]])
    nodes = [("hopf", Hopf()), ("cortex", WilsonCowan()), ("fhn", FitzHughNagumo())]
    settings = {"duration": 20.0, "random_state": 0, "delays": 1.5}
    one = NetworkSimulator(nodes, weights, **settings).simulate()
    pairs = {
        ("cortex__exc", "hopf__net"): 0.3,
        ("fhn__x", "hopf__net"): 0.2,
        ("hopf__x", "cortex__net"): 0.5,
        ("hopf__x", "fhn__net"): 0.1,
    }
    other = NetworkSimulator(nodes, pairs, **settings).simulate()
    for name in one:
        np.testing.assert_allclose(one[name], other[name], rtol=1e-12)


def test_names_without_group_mean_all_groups():
    nodes = [("a", WilsonCowan()), ("b", WilsonCowan(exc_input=0.5))]
    weights = np.array([[0.0, 0.7], [0.4, 0.0]])
    settings = {"duration": 20.0, "random_state": 0}
    pairs = {("exc", "net"): weights, ("exc", "inh"): 0.5 * weights}
    wide = NetworkSimulator(nodes, pairs, **settings).simulate()
    pairs = {
        ("b__exc", "a__net"): 0.7,
        ("a__exc", "b__net"): 0.4,
        ("b__exc", "a__inh"): 0.35,
        ("a__exc", "b__inh"): 0.2,
    }
    narrow = NetworkSimulator(nodes, pairs, **settings).simulate()
    for name in wide:
        np.testing.assert_allclose(wide[name], narrow[name], rtol=1e-12)


def test_lengths_at_a_speed_are_delays():
    weights = {key: w for key, (w, _) in COUPLINGS.items()}
    lengths = {key: 5.0 * np.asarray(d) for key, (_, d) in COUPLINGS.items()}
    settings = {"n_nodes": (3, 2, 1), "duration": 40.0, "random_state": 0}
    network = NetworkSimulator(
        make_parts(), weights, lengths, conduction_speed=5.0, **settings
    )
    np.testing.assert_array_equal(
        network.simulate()["cortex__exc"], make_network().simulate()["cortex__exc"]
    )


# -- the same bits however it is run ---------------------------------------------------

RUNS = {
    "euler": {},
    "heun": {"method": "heun"},
    "float32": {"dtype": "float32"},
    "mean": {"monitor": TemporalAverage(1.1)},
    "sample": {"monitor": SubSample(0.7)},
    "bold": {"monitor": Bold(t_r=0.002, dt=0.5)},
}


@pytest.mark.parametrize("run", RUNS)
def test_alone_equals_in_a_batch(run):
    network = make_network(sigma=0.05, duration=15.4, **RUNS[run])
    rng = np.random.default_rng(0)
    sets = [
        {
            "cortex__exc_input": rng.uniform(0.2, 1.0, 2),
            "*__sigma": 0.1 * (k % 2),
            "random_state": k % 3,
        }
        for k in range(19)
    ]
    together = simulate_batch(network, sets, n_jobs=2)
    before = network.get_params()["cortex__exc_input"]
    for k in (0, 7, 18):
        alone = clone(network).set_params(**sets[k]).fit_transform(np.zeros((1, 6)))
        np.testing.assert_array_equal(together[k], alone[0])
    assert network.get_params()["cortex__exc_input"] is before  # it was not changed
    assert np.ptp(together, axis=0).max() > 0


@pytest.mark.parametrize("run", RUNS)
def test_whole_equals_in_pieces_and_pickled(run):
    network = make_network(sigma=0.05, duration=15.4, **RUNS[run])
    X = np.random.default_rng(0).uniform(0, 0.2, (2, 6, 154))
    whole = network.fit(X).simulate(X)
    end, states, pieces, done = network.state_, None, [], 0
    for length in (37, 1, 60, 56):
        network.set_params(duration=length * DT)
        network, states = pickle.loads(pickle.dumps((network, states)))
        part = X[..., done : done + length]
        pieces.append(network.simulate(part, continue_from=states))
        states, done = network.state_, done + length
    for name in whole:
        joined = np.concatenate([piece[name].values for piece in pieces], axis=-1)
        np.testing.assert_array_equal(joined, whole[name], err_msg=name)
    for one, other in zip(states, end, strict=True):
        for mine, theirs in zip(one.variables, other.variables, strict=True):
            for name in theirs:
                np.testing.assert_array_equal(mine[name], theirs[name])


def test_threads_and_pickles_change_nothing():
    network = make_network(sigma=0.05, independent_noise=True)
    X = np.random.default_rng(0).uniform(0, 0.2, (9, 6))
    expected = network.fit(X).transform(X)
    np.testing.assert_array_equal(network.set_params(n_jobs=2).transform(X), expected)
    copy = pickle.loads(pickle.dumps(network))
    np.testing.assert_array_equal(copy.transform(X), expected)
    np.testing.assert_array_equal(clone(network).fit_transform(X), expected)
    assert np.abs(expected[0] - expected[1]).max() > 0


@pytest.mark.torch
def test_torch_form_repeats_the_compiled_network():
    torch = pytest.importorskip("torch")
    from skneuro.dynamics import simulate_torch

    network = make_network(sigma=0.01, duration=20.0, independent_noise=True)
    rng = np.random.default_rng(0)
    for X in (rng.uniform(0, 0.1, (2, 6)), rng.uniform(0, 0.1, (2, 6, 200))):
        expected = network.fit(X).simulate(X)
        got = simulate_torch(network, X)
        assert set(got) == set(expected)
        for name, series in got.items():
            np.testing.assert_allclose(
                series.numpy(), expected[name], rtol=1e-9, atol=1e-10, err_msg=name
            )

    def loss(weight):
        series = simulate_torch(network, parameters={"thalamus__g_k_leak": weight})
        return series["cortex__inh"].square().mean()

    leak = torch.tensor(0.018, dtype=torch.float64, requires_grad=True)
    loss(leak).backward()
    with torch.no_grad():
        h = 1e-5
        ends = [loss(torch.tensor(0.018 + s, dtype=torch.float64)) for s in (h, -h)]
    expected = float(ends[0] - ends[1]) / (2 * h)
    assert float(leak.grad) == pytest.approx(expected, rel=1e-6)
    assert expected != 0
    with pytest.raises(ValueError, match="expected parameters of the groups"):
        simulate_torch(network, parameters={"g_k_leak": 0.0})


# -- drive, recording, haemodynamics ---------------------------------------------------


def test_channels_are_those_of_the_groups_one_after_the_other():
    network = make_network(duration=5.0)
    network.set_params(cortex__inputs=("exc", "inh"))
    X = np.zeros((1, 8, 50))
    X[0, 3:5, 20:] = 0.3  # excitatory drive of the cortical nodes
    X[0, 6, 30:] = 0.2  # inhibitory drive of the second one
    driven = network.fit(X).simulate(X).isel(sample=0)
    rest = network.simulate(np.zeros_like(X)).isel(sample=0)
    moved = abs(driven["cortex__exc"] - rest["cortex__exc"])
    assert (moved[:, :20] == 0).all()
    assert (moved[:, 20] > 0).all()
    moved = abs(driven["cortex__inh"] - rest["cortex__inh"])
    assert moved[1, 30] > 0
    constant = X[..., 40]
    inputs = {"cortex__exc_input": [0.9, 1.2], "cortex__inh_input": [0.0, 0.2]}
    by_drive = network.simulate(constant).isel(sample=0)
    by_parameter = network.set_params(**inputs).simulate()
    for name in by_drive:
        np.testing.assert_array_equal(by_drive[name], by_parameter[name])


def test_recorded_variables_are_named_by_group():
    network = make_network(record=("thalamus__v_tcr", "exc", "hopf__x"), duration=2.0)
    series = network.simulate()
    assert list(series) == ["hopf__x", "cortex__exc", "thalamus__v_tcr"]
    assert series["cortex__exc"].dims == ("node_cortex", "time")
    assert series["node_cortex"].values.tolist() == ["cortex_0", "cortex_1"]
    assert series["node_thalamus"].values.tolist() == ["thalamus"]
    assert series["thalamus__v_tcr"].attrs["units"] == "mV"
    assert network.groups_ == {
        "hopf": slice(0, 3),
        "cortex": slice(3, 5),
        "thalamus": slice(5, 6),
    }
    out = network.transform(np.zeros((1, 6)))
    np.testing.assert_array_equal(out[0, 3:5], series["cortex__exc"])
    assert out.shape == (1, 6, 20)
    names = network.set_params(record=None, labels=list("abcdef")).simulate()
    assert names["node_hopf"].values.tolist() == ["a", "b", "c"]
    assert len(names) == 2 + 2 + 17


def test_bold_follows_the_activity_of_every_group():
    network = make_network(duration=60.0)
    transit = np.linspace(0.8, 1.2, 6)
    constants = {"t_r": 0.01, "transit_time": transit}
    bold = network.set_params(monitor=Bold(**constants)).simulate()
    assert bold["bold"].dims == ("node", "time")
    assert bold["node"].values.tolist() == [
        *("hopf_0", "hopf_1", "hopf_2", "cortex_0", "cortex_1", "thalamus"),
    ]
    series = network.set_params(monitor="raw").simulate()
    activity = np.concatenate(
        [
            4.0 * (series["hopf__x"] + 1.0),
            50.0 * series["cortex__exc"],
            series["thalamus__rate_tcr"],
        ]
    )
    expected = BalloonWindkessel(dt=DT, **constants).fit_transform(activity[None])[0]
    np.testing.assert_allclose(bold["bold"], expected, rtol=1e-9, atol=1e-15)


def test_bold_of_a_phase_is_refused():
    network = NetworkSimulator(
        [("a", Hopf()), ("b", Kuramoto())], duration=10.0, monitor=Bold(t_r=0.01)
    )
    with pytest.raises(ValueError, match="Kuramoto declares no bold_input"):
        network.simulate()


# -- parameters ------------------------------------------------------------------------


def test_nested_names_and_wildcards_reach_the_groups():
    network = make_network()
    network.set_params(cortex__tau_exc=3.0, hopf=Hopf(WITHIN_HOPF, a=0.5))
    assert network.named_nodes["cortex"].tau_exc == 3.0
    assert network.get_params()["hopf__a"] == 0.5
    network.set_params(**{"*__tau*": 4.0, "cortex__tau_exc": 2.0})
    found = {k: v for k, v in network.get_params().items() if "__tau" in k}
    assert found.pop("cortex__tau_exc") == 2.0
    assert set(found.values()) == {4.0}
    assert {"cortex__tau_inh", "thalamus__tau", "hopf__tau_noise"} <= set(found)
    with pytest.raises(ValueError, match=r"'\*__taau' matches no parameter"):
        network.set_params(**{"*__taau": 1.0})
    with pytest.raises(ValueError, match="Invalid parameter 'tauu'"):
        network.set_params(cortex__tauu=1.0)


def test_wildcards_reach_the_sets_of_a_batch():
    network = make_network(duration=3.0)
    values = (0.0, 0.05, 0.1)
    batch = simulate_batch(network, [{"*__sigma": s} for s in values], n_jobs=2)
    for series, value in zip(batch, values, strict=True):
        alone = clone(network).set_params(**{"*__sigma": value})
        assert all(model.sigma == value for _, model in alone.nodes)
        np.testing.assert_array_equal(series, alone.fit_transform([[0.0] * 6])[0])
    with pytest.raises(ValueError, match=r"'\*__sigmas' matches no parameter"):
        simulate_batch(network, [{"*__sigmas": 1.0}])


def test_every_parameter_of_a_group_takes_one_value_per_node():
    network = make_network(duration=1.0)
    network.fit(np.zeros((1, 6)))
    expected = network.transform(np.zeros((1, 6)))
    for name, model in network.nodes:
        n = {"hopf": 3, "cortex": 2, "thalamus": 1}[name]
        for parameter, value in model.parameters.items():
            if parameter not in model.options and np.ndim(getattr(model, parameter)):
                continue
            if parameter not in model.options:
                network.set_params(**{f"{name}__{parameter}": np.full(n, value)})
    got = network.fit_transform(np.zeros((1, 6)))
    np.testing.assert_array_equal(got, expected)


def test_a_change_after_fit_is_noticed_in_groups_too():
    network = make_network(duration=1.0).fit(np.zeros((1, 6)))
    network.set_params(cortex__exc_input=0.1)
    with pytest.raises(ValueError, match="nodes changed after fit"):
        network.transform(np.zeros((1, 6)))


def test_networks_can_be_searched_as_one_estimator():
    rng = np.random.default_rng(0)
    people = rng.uniform(0, 1, (3, 4, 4))
    people = people + np.swapaxes(people, 1, 2)
    network = NetworkSimulator(
        [("hopf", Hopf(a=-0.02, sigma=0.02)), ("cortex", WilsonCowan(sigma=0.02))],
        n_nodes=(3, 1),
        duration=300.0,
        monitor=SubSample(1.0),
        random_state=0,
    )
    model = WholeBrainRegressor(network, transient=50.0)
    truth = clone(model).set_params(simulator__hopf__coupling=0.02)
    y = truth.fit(people, np.stack([np.eye(4)] * 3)).predict(people)
    search = GridSearchCV(
        model, {"simulator__hopf__coupling": [0.002, 0.02]}, cv=LeaveOneOut()
    )
    assert search.fit(people, y).best_params_ == {"simulator__hopf__coupling": 0.02}


def test_tables_and_sparse_matrices_are_connectomes_too():
    names = ["A", "B", "C"]
    weights = pd.DataFrame(np.ones((3, 3)), index=names, columns=names)
    nodes = [("hopf", Hopf()), ("cortex", WilsonCowan())]
    network = NetworkSimulator(nodes, weights, n_nodes=(-1, 1), duration=1.0)
    network.simulate()
    assert network.labels_.tolist() == names
    assert network.groups_["hopf"] == slice(0, 2)
    network.set_params(connectivity=sparse.csr_array(np.ones((3, 3))))
    assert network.simulate()["hopf__x"].shape == (2, 10)


# -- errors ----------------------------------------------------------------------------


def test_a_diverging_run_names_group_and_node():
    network = make_network(duration=20.0)
    network.set_params(hopf__a=[0.2, 1e300, 0.2])
    with pytest.raises(SimulationError, match="of node hopf_1 is not finite") as info:
        network.fit_transform(np.zeros((1, 6)))
    assert info.value.node == "hopf_1"
    network.set_params(hopf__a=0.2)
    sets = [{}, {"thalamus__v_tcr": 1}, {"cortex__tau_exc": 1e-320}]
    with pytest.raises(ValueError, match="Invalid parameter 'v_tcr'"):
        simulate_batch(network, sets)
    with pytest.warns(UserWarning, match="NetworkSimulator diverged"):
        runs = simulate_batch(
            network, [{}, {"hopf__a": 1e300}] * 4, on_divergence="warn"
        )
    assert np.isnan(runs[1::2]).all()
    assert np.isfinite(runs[::2]).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"nodes": []}, r"expected a list of \(name, simulator\)"),
        ({"nodes": [("a", Hopf()), ("a", Hopf())]}, "Names provided are not unique"),
        ({"nodes": [("dt", Hopf())]}, "conflict with constructor arguments"),
        ({"nodes": [("a", Hopf(dt=0.2))]}, r"a has dt=0\.2, which the network sets"),
        ({"hopf__sigma": -1.0}, "hopf: The 'sigma' parameter of Hopf"),
        ({"cortex__exc_input": [1.0, 2.0, 3.0]}, r"cortex: exc_input has shape \(3,\)"),
        ({"tract_lengths": 1.0}, "got tract_lengths and delays"),
        ({"n_nodes": (3, 2)}, "one positive number for each of the 3 groups"),
        ({"n_nodes": (2, 2, 1)}, "gives 'hopf' 2 nodes, but its connectivity"),
        ({"record": "z"}, r"record='z', expected .*'hopf__x'"),
        ({"record": ("x", "hopf__x")}, "each once"),
        ({"connectivity": {"x": 1.0}}, r"key 'x', expected pairs \(source, target\)"),
        ({"connectivity": {("a__x", "net"): 1.0}}, "there is no 'a' among the nodes"),
        (
            {"connectivity": {("hopf__z", "net"): 1.0}},
            r"'hopf__z', expected a variable",
        ),
        (
            {"connectivity": {("x", "hopf__z"): 1.0}},
            "expected a coupling input or port",
        ),
        ({"connectivity": {("x", "net"): 1.0}}, "weights from 'cortex', but a Wilson"),
        (
            {"connectivity": {("hopf__x", "hopf__x"): np.ones((2, 2))}},
            r"has shape \(2, 2\), expected \(3, 3\)",
        ),
        (
            {"connectivity": np.ones((6, 6)), "coupling_kind": {}},
            "coupling_kind is a dict, but connectivity is not",
        ),
        ({"delays": {("a", "b"): 1.0}}, r"delays names .*expected pairs of"),
        ({"delays": -1.0}, "delays holds -1, expected at least 0"),
        ({"coupling_kind": {("exc", "y"): 1}}, "coupling_kind names"),
        (
            {"coupling_kind": {("cortex__exc", "hopf__y"): "x"}},
            "coupling_kind is 'x', expected one of",
        ),
        (
            {
                "connectivity": {("thalamus__rate", "thalamus__tcr"): 1.0},
                "coupling_kind": "diffusive",
                "delays": None,
            },
            "a ThalamicNode has no value of its own",
        ),
    ],
)
def test_networks_that_do_not_fit_are_refused(changes, message):
    network = make_network()
    if not set(changes) & {"delays", "tract_lengths"} and "connectivity" in changes:
        network.set_params(delays=None)
    network.set_params(**changes)
    with pytest.raises(ValueError, match=message):
        network.simulate()


def test_models_without_a_common_language_need_pairs():
    nodes = [("phase", Kuramoto()), ("rate", WilsonCowan())]
    with pytest.raises(ValueError, match="Pass a dict with the pair"):
        NetworkSimulator(nodes, np.ones((2, 2))).simulate()
    with pytest.raises(TypeError, match="expected a simulator of one model"):
        NetworkSimulator([("a", SubSample())]).simulate()


@pytest.mark.parametrize("size", [2, 4])
def test_a_matrix_of_another_size_is_refused(size):
    nodes = [("a", Hopf()), ("b", Hopf()), ("c", Hopf())]
    network = NetworkSimulator(nodes, np.ones((size, size)))
    with pytest.raises(ValueError, match=r"expected \(3, 3\). Pass n_nodes"):
        network.simulate()
    assert network.set_params(
        connectivity=np.ones((4, 4)), n_nodes=(1, -1, 1)
    ).simulate()["b__x"].shape == (2, 10_000)


def test_drives_of_another_size_are_refused():
    with pytest.raises(ValueError, match=r"X has 5 channels, but the network has 6"):
        make_network().fit(np.zeros((1, 5)))
    with pytest.raises(ValueError, match=r"X has 1 feature\(s\)"):
        NetworkSimulator([("a", Hopf()), ("b", Hopf())], n_nodes=(1, -1)).fit([[0.0]])
