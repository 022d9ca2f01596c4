"""Numbers of nn4n, reproduced: forward, gradients, constrained training, losses."""

import numpy as np
import pytest
import torch

from skneuro.rnn._initial import balance_matrix, clip_signs
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
