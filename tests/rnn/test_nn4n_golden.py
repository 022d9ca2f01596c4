"""Numbers of nn4n, reproduced: forward, gradients, constrained training, losses."""

import json

import numpy as np
import pytest
import torch

from skneuro.compat.nn4n import from_nn4n
from skneuro.rnn import (
    Hebbian,
    MeanRateLevel,
    PopulationKL,
    RateChange,
    RateEntropy,
    RateSpread,
    WeightLevel,
)
from skneuro.rnn._initial import balance_matrix, clip_signs
from skneuro.rnn._losses import prediction_loss
from skneuro.rnn._modules import CTRNN

TOLERANCE = {"rtol": 1e-5, "atol": 1e-6}
PARTS = {
    "W_in": "recurrent_layer.input_layer.weight",
    "b_in": "recurrent_layer.input_layer.bias",
    "W_rec": "recurrent_layer.hidden_layer.weight",
    "b_rec": "recurrent_layer.hidden_layer.bias",
    "W_out": "readout_layer.weight",
    "b_out": "readout_layer.bias",
    "alpha": "recurrent_layer.alpha",
}
NETS = {
    "vanilla": {"activation": "tanh", "lr": 0.2},
    "ei": {"activation": "relu", "lr": 0.5},
    "multiarea": {"activation": "retanh", "lr": 1.0},
}


@pytest.fixture(scope="session")
def golden(shared_data):
    return np.load(shared_data / "nn4n" / "golden.npz")


def weight_of(golden, net, stage, part):
    arrays = {"weight": golden[f"{net}/{stage}/W_{part}"]}
    for mask, name in (("sparsity", "sparsity"), ("ei", "sign")):
        key = f"{net}/{mask}_mask_{part}"
        arrays[f"{name}_mask"] = golden[key] if key in golden else None
    if net == "multiarea":
        arrays["plasticity_mask"] = golden[f"{net}/plasticity_mask_{part}"]
    return arrays


def build(golden, net, stage="init", **options):
    """Module with the weights of one golden network."""
    own = {key: golden[f"{net}/{stage}/{key}"] for key in PARTS}
    layer = {
        "input_weight": weight_of(golden, net, stage, "in"),
        "recurrent_weight": weight_of(golden, net, stage, "rec"),
        "alpha": {"alpha": own["alpha"], "learn": net == "ei"},
        "initial_state": np.zeros(len(own["alpha"])),
        "input_bias": own["b_in"],
        "recurrent_bias": own["b_rec"],
        "activation": NETS.get(net, {"activation": "relu"})["activation"],
        **options,
    }
    return CTRNN(
        [layer],
        weight_of(golden, net, stage, "out"),
        output_bias=own["b_out"],
    )


def signals(array):
    """(n_times, n_samples, n_channels) of the file to (samples, channels, times)."""
    return torch.from_numpy(np.ascontiguousarray(array.transpose(1, 2, 0)))


def agree(found, expected):
    found = found.detach().numpy() if isinstance(found, torch.Tensor) else found
    np.testing.assert_allclose(found, expected, **TOLERANCE)


def parameters(module):
    layer = module.layers[0]
    return {
        "W_in": layer.input_weight.raw,
        "b_in": layer.input_bias,
        "W_rec": layer.recurrent_weight.raw,
        "b_rec": layer.recurrent_bias,
        "W_out": module.readout.raw,
        "b_out": module.output_bias,
        "alpha": layer.alpha.raw,
    }


@pytest.mark.parametrize("net", NETS)
def test_forward_from_zero_and_from_a_given_state(golden, net):
    module = build(golden, net)
    X = signals(golden[f"{net}/x"])
    y, h, _ = module(X)
    agree(y, signals(golden[f"{net}/y"]))
    agree(h, signals(golden[f"{net}/h"]))
    y, h, _ = module(X, v0=[torch.from_numpy(golden[f"{net}/v0"])])
    agree(y, signals(golden[f"{net}/y_v0"]))
    agree(h, signals(golden[f"{net}/h_v0"]))


@pytest.mark.parametrize("net", NETS)
def test_gradients_and_three_constrained_steps(golden, net):
    module = build(golden, net)
    X, target = signals(golden[f"{net}/x"]), signals(golden[f"{net}/target"])
    optimizer = torch.optim.SGD(module.parameters(), lr=NETS[net]["lr"])
    losses = []
    for step in range(3):
        before = module.snapshot()
        loss = ((module(X)[0] - target) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        if step == 0:
            for name, parameter in parameters(module).items():
                key = f"{net}/grad1/{PARTS[name]}"
                if key in golden and parameter.grad is not None:
                    agree(parameter.grad, golden[key])
        optimizer.step()
        losses.append(loss.item())
        if step == 2:  # nn4n projects at the next forward pass only
            for weight, old in zip(module.constrained(), before, strict=True):
                weight.restore_plasticity_(old)
            for name, parameter in parameters(module).items():
                agree(parameter, golden[f"{net}/after3_raw/{name}"])
        module.enforce_(before if step < 2 else [None] * len(before))
    agree(np.array(losses), golden[f"{net}/losses"])
    for name, parameter in parameters(module).items():
        agree(parameter, golden[f"{net}/after3/{name}"])
    y, h, _ = module(X)
    agree(y, signals(golden[f"{net}/y_after3"]))
    agree(h, signals(golden[f"{net}/h_after3"]))


def test_given_noise(golden):
    module = build(
        golden,
        "noise",
        preact_noise=0.3,
        postact_noise=0.1,
        noise_convention="nn4n",
    )
    noise = [
        tuple(torch.from_numpy(golden[f"noise/eps_{when}"]) for when in ("pre", "post"))
    ]
    y, h, _ = module(signals(golden["noise/x"]), noise=noise)
    expected_y, expected_h = golden["noise/y"], golden["noise/h"]
    agree(y, signals(expected_y))
    agree(h, signals(expected_h))


def test_stack_of_two_layers(golden):
    layers = [
        {
            "input_weight": {"weight": golden[f"stack/l{i}/W_in"]},
            "recurrent_weight": {"weight": golden[f"stack/l{i}/W_rec"]},
            "alpha": {"alpha": golden[f"stack/l{i}/alpha"]},
            "initial_state": np.zeros(len(golden[f"stack/l{i}/alpha"])),
            "input_bias": golden[f"stack/l{i}/b_in"],
            "recurrent_bias": golden[f"stack/l{i}/b_rec"],
            "activation": activation,
            "start": "state",
        }
        for i, activation in enumerate(["sigmoid", "relu"])
    ]
    module = CTRNN(
        layers, {"weight": golden["stack/W_out"]}, output_bias=golden["stack/b_out"]
    )
    X = signals(golden["stack/x"])
    for v0, end in (
        (None, ""),
        ([torch.from_numpy(golden[f"stack/s0_{i}"]) for i in (0, 1)], "_s0"),
    ):
        y, h, _ = module(X, v0=v0)
        agree(y, signals(golden[f"stack/y{end}"]))
        agree(h[:, :12], signals(golden[f"stack/h0{end}"]))
        agree(h[:, 12:], signals(golden[f"stack/h1{end}"]))


@pytest.mark.parametrize("part", ["in", "rec", "out"])
@pytest.mark.parametrize("net", ["ei", "multiarea"])
def test_construction_clips_and_balances_as_nn4n_does(golden, net, part):
    masks = weight_of(golden, net, "raw", part)
    weights = clip_signs(masks["weight"], masks["sparsity_mask"], masks["sign_mask"])
    if masks["sign_mask"] is not None:
        balanced = balance_matrix(weights, masks["sign_mask"])
        one_sided = balanced is weights
        weights = weights / 10 if one_sided else balanced
    agree(weights, golden[f"{net}/init/W_{part}"])


def state_dict_of(golden, net, stage="init"):
    return {name: golden[f"{net}/{stage}/{key}"] for key, name in PARTS.items()}


def masks_of(golden, net, kind):
    keys = [f"{net}/{kind}_mask_{part}" for part in ("in", "rec", "out")]
    return [golden[key].T if key in golden else None for key in keys]


@pytest.mark.parametrize("stage", ["init", "after3"])
@pytest.mark.parametrize("net", NETS)
def test_imported_networks_predict_the_same(golden, net, stage):
    model = from_nn4n(
        state_dict_of(golden, net, stage),
        activation=NETS[net]["activation"],
        sparsity_masks=masks_of(golden, net, "sparsity"),
        ei_masks=masks_of(golden, net, "ei"),
    )
    X = signals(golden[f"{net}/x"]).numpy()
    end = "" if stage == "init" else "_after3"
    agree(model.predict(X), signals(golden[f"{net}/y{end}"]).numpy())
    agree(model.transform(X), signals(golden[f"{net}/h{end}"]).numpy())
    agree(model.simulate(X).rates, signals(golden[f"{net}/h{end}"]).numpy())


@pytest.mark.parametrize("net", NETS)
def test_imported_networks_train_the_same(golden, net):
    plasticity = masks_of(golden, net, "plasticity") if net == "multiarea" else None
    model = from_nn4n(
        state_dict_of(golden, net),
        activation=NETS[net]["activation"],
        sparsity_masks=masks_of(golden, net, "sparsity"),
        ei_masks=masks_of(golden, net, "ei"),
        plasticity_masks=plasticity,
        learn_alpha=net == "ei",
    )
    model.set_params(optimizer="sgd", lr=NETS[net]["lr"], max_epochs=3)
    X = signals(golden[f"{net}/x"]).numpy()
    model.begin(X.shape[1], golden[f"{net}/target"].shape[2])
    model.fit(X, signals(golden[f"{net}/target"]).numpy())
    agree([h["train_loss"] for h in model.history_], golden[f"{net}/losses"])
    agree(model.input_weights_, golden[f"{net}/after3/W_in"])
    agree(model.recurrent_weights_, golden[f"{net}/after3/W_rec"])
    agree(model.output_weights_, golden[f"{net}/after3/W_out"])
    agree(model.dt / model.tau_, golden[f"{net}/after3/alpha"])
    agree(model.predict(X), signals(golden[f"{net}/y_after3"]).numpy())


def test_imported_stack(golden):
    state = {
        "readout_layer.weight": golden["stack/W_out"],
        "readout_layer.bias": golden["stack/b_out"],
    }
    for i in (0, 1):
        own = f"hidden_layers.{i}"
        state[f"{own}.alpha"] = golden[f"stack/l{i}/alpha"]
        for key, name in (("in", "input_layer"), ("rec", "linear_layer")):
            state[f"{own}.{name}.weight"] = golden[f"stack/l{i}/W_{key}"]
            state[f"{own}.{name}.bias"] = golden[f"stack/l{i}/b_{key}"]
    model = from_nn4n(state, activation=["sigmoid", "relu"])
    X = signals(golden["stack/x"]).numpy()
    agree(model.predict(X), signals(golden["stack/y"]).numpy())
    h = model.transform(X)
    agree(h[:, :12], signals(golden["stack/h0"]).numpy())
    agree(h[:, 12:], signals(golden["stack/h1"]).numpy())


def test_imported_initial_states_are_kept():
    # nn4n 1.1.1 keeps a learned state as recurrent_layer.hidden_state: a v, not a rate
    rng = np.random.default_rng(0)
    start, X = rng.standard_normal(4), rng.standard_normal((3, 2, 6))
    state = {
        "recurrent_layer.input_layer.weight": rng.standard_normal((4, 2)),
        "recurrent_layer.hidden_layer.weight": rng.standard_normal((4, 4)) / 2,
        "recurrent_layer.hidden_state": start,
        "readout_layer.weight": rng.standard_normal((1, 4)),
    }
    w_in, w, _, w_out = state.values()
    v, expected = np.tile(start, (3, 1)), []
    r = np.tanh(v)
    for t in range(6):
        v = 0.8 * v + 0.2 * (X[:, :, t] @ w_in.T + r @ w.T)
        r = np.tanh(v)
        expected.append(r @ w_out.T)
    net = from_nn4n(state, alpha=0.2, activation="tanh", learn_initial_state=True)
    agree(net.predict(X), np.stack(expected, axis=2))
    net.set_params(max_epochs=1).fit(X, np.zeros((3, 1, 6)))
    assert (net.net_.module_.layers[0].initial_state.detach().numpy() != start).all()


def test_learned_integration_factors_may_leave_their_range_as_in_nn4n(tmp_path):
    rng = np.random.default_rng(0)
    state = {
        "recurrent_layer.input_layer.weight": rng.standard_normal((3, 2)),
        "recurrent_layer.hidden_layer.weight": np.zeros((3, 3)),
        "recurrent_layer.alpha": np.array([1.2, -0.1, 0.5]),
        "readout_layer.weight": np.eye(3),
    }
    X = np.ones((1, 2, 2))
    net = from_nn4n(state, activation="tanh", learn_alpha=True)
    alpha = state["recurrent_layer.alpha"]
    first = alpha * state["recurrent_layer.input_layer.weight"].sum(axis=1)
    agree(net.predict(X)[0], np.tanh([first, (2 - alpha) * first]).T)
    net.save(tmp_path / "net")
    agree(type(net).load(tmp_path / "net").predict(X), net.predict(X))
    with pytest.raises(ValueError, match="positive numbers, in ms"):
        net.set_params(tau_bounds=None).begin(2, 3)


def test_imported_stacks_may_lack_an_input_layer():
    rng = np.random.default_rng(0)
    w, w_out = rng.standard_normal((2, 3, 3)) / 2, rng.standard_normal((1, 3))
    X = rng.standard_normal((4, 3, 5))
    state = {f"hidden_layers.{i}.linear_layer.weight": w[i] for i in (0, 1)}
    state["readout_layer.weight"] = w_out
    net = from_nn4n(state, alpha=[0.2, 0.5], activation="tanh")
    r, v, expected = np.zeros((2, 4, 3)), np.zeros((2, 4, 3)), []
    for t in range(5):
        received = X[:, :, t]
        for i, alpha in enumerate((0.2, 0.5)):
            v[i] = (1 - alpha) * v[i] + alpha * (r[i] @ w[i].T + received)
            received = r[i] = np.tanh(v[i])
        expected.append(received @ w_out.T)
    agree(net.predict(X), np.stack(expected, axis=2))
    net.set_params(max_epochs=1).fit(X, np.zeros((4, 1, 5)))
    np.testing.assert_array_equal(net.input_weights_[1], np.eye(3))
    assert (net.recurrent_weights_[1] != w[1].astype(np.float32)).all()
    alone = {"hidden_layers.0.linear_layer.weight": w[0], "readout_layer.weight": w_out}
    same = {
        "recurrent_layer.input_layer.weight": np.eye(3),
        "recurrent_layer.hidden_layer.weight": w[0],
        "readout_layer.weight": w_out,
    }
    for activation in ("tanh", ["tanh"]):
        one = from_nn4n(alone, alpha=0.2, activation=activation)
        agree(one.predict(X), from_nn4n(same, alpha=0.2, activation="tanh").predict(X))
    state["hidden_layers.1.linear_layer.weight"] = np.eye(2)
    state["readout_layer.weight"] = w_out[:, :2]
    with pytest.raises(ValueError, match="layer 1 has no input layer and 2 units"):
        from_nn4n(state, alpha=[0.2, 0.5])


def test_import_says_what_is_missing():
    state = {"recurrent_layer.input_layer.weight": np.ones((2, 1))}
    with pytest.raises(ValueError, match=r"hidden_layer\.weight', expected the names"):
        from_nn4n(state)
    state["recurrent_layer.hidden_layer.weight"] = np.zeros((2, 2))
    with pytest.raises(ValueError, match="expected a readout"):
        from_nn4n(state)
    state["readout_layer.weight"] = np.ones((1, 2))
    with pytest.raises(ValueError, match="alpha is None and not in state_dict"):
        from_nn4n(state)
    with pytest.raises(ValueError, match="sparsity_masks has 2 entries"):
        from_nn4n(state, alpha=0.1, sparsity_masks=[None, None])


PENALTY_VALUES = {
    "fr_l1": MeanRateLevel(1),
    "fr_l2": MeanRateLevel(2),
    "fr_dist_sd": RateSpread("sd"),
    "fr_dist_cv": RateSpread("cv"),
    "fr_dist_mean_ad": RateSpread("mean_ad"),
    "fr_dist_max_ad": RateSpread("max_ad"),
    "state_pred_time_axis_tau1_NOT_UPSTREAM": RateChange(),
    "entropy_reg10": RateEntropy(),
    "entropy_reg0": RateEntropy(size=0.0),
}


@pytest.mark.parametrize("name", PENALTY_VALUES)
def test_penalties_on_rates(golden, name):
    criteria = json.loads(str(golden["meta_json"]))["criteria"]
    rates = torch.from_numpy(golden["crit/state_btn"]).permute(0, 2, 1)
    agree(PENALTY_VALUES[name](rates).numpy(), criteria[name])


def weights_of_ei(golden, criteria):
    """The stage of the network that the connectivity losses were computed with."""
    for stage in ("init", "after3", "after3_raw"):
        norm = np.linalg.norm(golden[f"ei/{stage}/W_rec"])
        if abs(norm - criteria["rnn_conn_hidden_fro"]) < 1e-5:
            return stage
    raise AssertionError("no stage has this norm")


def test_penalties_on_weights(golden):
    criteria = json.loads(str(golden["meta_json"]))["criteria"]
    module = build(golden, "ei", weights_of_ei(golden, criteria))
    rates = torch.from_numpy(golden["crit/state_btn"]).permute(0, 2, 1)
    for part, theirs in (
        ("input", "input"),
        ("recurrent", "hidden"),
        ("output", "readout"),
    ):
        for order, name in (("norm", "fro"), ("sum", "l1")):
            value = WeightLevel(part, order)(rates, module)
            agree(value, criteria[f"rnn_conn_{theirs}_{name}"])
    agree(Hebbian()(rates, module), criteria["hebbian"])


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize(("size", "name"), [(1e-3, "1e-3"), (0.0, "0")])
def test_population_divergence(golden, symmetric, reduction, size, name):
    criteria = json.loads(str(golden["meta_json"]))["criteria"]
    rates = np.concatenate([golden["crit/kl_state0"], golden["crit/kl_state1"]], axis=2)
    penalty = PopulationKL(
        range(20), range(20, 40), symmetric=symmetric, size=size, reduction=reduction
    )
    key = f"popkl_sym{int(symmetric)}_{reduction}_reg{name}"
    agree(penalty(torch.from_numpy(rates).permute(0, 2, 1)), criteria[key])


def test_prediction_losses(golden):
    meta = json.loads(str(golden["meta_json"]))
    pred, target = (
        torch.from_numpy(golden[f"crit/{name}_btk"]).permute(0, 2, 1)
        for name in ("pred", "target")
    )
    parts = golden["crit/rnnloss_parts_mse_in_hid_out_fr_sd_cv"]
    agree(prediction_loss("mse", pred, target), parts[0])
    criteria = meta["criteria"]
    probabilities = torch.softmax(target, dim=1)
    entropy = -(probabilities * torch.log_softmax(pred, dim=1)).sum(dim=1).mean()
    agree(prediction_loss("cross_entropy", pred, probabilities), entropy)
    agree(2 * prediction_loss("mse", pred, target), criteria["composite_parts"]["a"])
