"""The recurrence of whole sequences: against a plain loop and finite differences."""

import pytest
import torch

from skneuro.engine._backend import VECTORS
from skneuro.rnn._modules import CTRNN
from skneuro.rnn._scan import ACTIVATIONS, _plain_scan, leaky_scan
from skneuro.utils import seeded_torch


def arguments(n_times=5, n_samples=3, n_units=4, n_inputs=2, seed=0):
    with seeded_torch(seed):
        shapes = {
            "inputs": (n_times, n_samples, n_inputs),
            "input_weight": (n_units, n_inputs),
            "bias": (n_units,),
            "weight": (n_units, n_units),
            "decay": (n_units,),
            "v0": (n_samples, n_units),
            "r0": (n_samples, n_units),
        }
        return {
            name: torch.randn(shape, dtype=torch.float64).requires_grad_()
            for name, shape in shapes.items()
        }


@pytest.fixture(params=["vectors", "vectors, short blocks", "torch", "torch, short"])
def blocks(request, monkeypatch):
    """Take compiled code or that for other devices; cut sequences into blocks."""
    if request.param.startswith("torch"):
        monkeypatch.setattr("skneuro.rnn._scan._compilable", lambda *tensors: False)
    elif not VECTORS:
        pytest.skip("vectors cannot be built here")
    if "short" in request.param:
        monkeypatch.setattr("skneuro.rnn._scan.BLOCK", 2 * 3 * 4)
        monkeypatch.setattr("skneuro.rnn._vector_scan.BLOCK", 2 * 3 * 8)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradients_agree_with_finite_differences(activation, blocks):
    values = arguments()
    with seeded_torch(1):
        for name, shape in {"readout": (2, 4), "push": (5, 3, 4)}.items():
            values[name] = torch.randn(shape, dtype=torch.float64).requires_grad_()

    def run(*tensors):
        options = dict(zip(values, tensors, strict=True))
        return leaky_scan(**options, activation=activation)

    assert torch.autograd.gradcheck(run, tuple(values.values()))


@pytest.mark.parametrize("with_noise", [False, True])
@pytest.mark.parametrize("decay", ["learned", "of each unit", "of all units"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_scan_agrees_with_a_plain_loop(activation, decay, with_noise, blocks):
    values = arguments(seed=1)
    if decay == "of all units":
        values["decay"] = torch.full((4,), 0.8, dtype=torch.float64)
    elif decay == "of each unit":
        values["decay"] = values["decay"].detach()
    learned = [value for value in values.values() if value.requires_grad]
    with seeded_torch(2):
        noise = torch.randn(5, 3, 4, dtype=torch.float64) if with_noise else None
        weights = torch.randn(5, 3, 4, dtype=torch.float64)
    results = []
    for scan in (leaky_scan, _plain_scan):
        options = {"activation": activation, "push": None, "noise": noise}
        rates, last = scan(**values, **options)[:2]
        gradients = torch.autograd.grad(
            (rates * weights).sum() + last.square().sum(), learned
        )
        results.append((rates, last, *gradients))
    for fast, plain in zip(*results, strict=True):
        torch.testing.assert_close(fast, plain)


def test_outputs_and_rates_may_both_be_used(blocks):
    values = arguments()
    readout = torch.randn(2, 4, dtype=torch.float64).requires_grad_()
    learned = [*values.values(), readout]
    rates, _, outputs = leaky_scan(**values, activation="tanh", readout=readout)
    found = torch.autograd.grad(outputs.sum() + rates.square().sum(), learned)
    rates, _ = _plain_scan(**values, activation="tanh", push=None, noise=None)
    loss = (rates @ readout.t()).sum() + rates.square().sum()
    for one, other in zip(found, torch.autograd.grad(loss, learned), strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("with_rates", [False, True])
def test_single_precision_agrees_with_double(with_rates, blocks):
    exact = arguments(n_times=9)
    exact["readout"] = torch.randn(2, 4, dtype=torch.float64).requires_grad_()
    exact["decay"] = torch.full((4,), 0.7, dtype=torch.float64)
    results = []
    for dtype in (torch.float32, torch.float64):
        values = {
            name: value.detach().to(dtype).requires_grad_(value.requires_grad)
            for name, value in exact.items()
        }
        learned = [value for value in values.values() if value.requires_grad]
        rates, last, outputs = leaky_scan(**values, activation="relu")
        loss = outputs.square().mean() + last.mean()
        loss = loss + rates.mean() if with_rates else loss
        results.append((rates, outputs, *torch.autograd.grad(loss, learned)))
    for single, double in zip(*results, strict=True):
        assert single.dtype == torch.float32
        torch.testing.assert_close(single.double(), double, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("n_samples", [1, 7, 8, 29])
@pytest.mark.parametrize("n_units, n_inputs", [(1, 1), (13, 3), (16, 15), (40, 0)])
@pytest.mark.parametrize("activation", ["relu", "softplus"])
def test_any_size_agrees_with_a_plain_loop(
    n_samples, n_units, n_inputs, activation, monkeypatch
):
    monkeypatch.setattr("skneuro.rnn._vector_scan._WORTH", 1)  # threads
    values = arguments(6, n_samples, n_units, n_inputs, seed=3)
    with seeded_torch(4):
        readout = torch.randn(n_units + 1, n_units, dtype=torch.float64)
    values["weight"] = (values["weight"] / n_units).detach().requires_grad_()
    readout.requires_grad_()
    learned = [*values.values(), readout]
    rates, last, outputs = leaky_scan(**values, activation=activation, readout=readout)
    loss = outputs.square().sum() + last.sum()
    found = torch.autograd.grad(loss, learned)
    plain, last = _plain_scan(**values, activation=activation, push=None, noise=None)
    loss = (plain @ readout.t()).square().sum() + last.sum()
    torch.testing.assert_close(rates, plain)
    for one, other in zip(found, torch.autograd.grad(loss, learned), strict=True):
        torch.testing.assert_close(one, other)


def test_a_trial_alone_is_the_same_bits_as_among_others():
    if not VECTORS:
        pytest.skip("vectors cannot be built here")
    values = {name: x.detach() for name, x in arguments(9, 21, 19, 4).items()}
    rates, *_ = leaky_scan(**values, activation="tanh")
    for i in (0, 20):
        for name in ("v0", "r0"):
            values[name] = values[name][i : i + 1]
        alone = leaky_scan(
            **{**values, "inputs": values["inputs"][:, i : i + 1]}, activation="tanh"
        )[0]
        assert torch.equal(alone[:, 0], rates[:, i])
        values = {name: x.detach() for name, x in arguments(9, 21, 19, 4).items()}


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_tiny_and_huge_states_keep_their_precision(activation):
    states = torch.cat([10.0 ** torch.arange(-30.0, 4.0, 1.5), torch.tensor([0.0])])
    states = torch.cat([states, -states])[None]
    n = states.shape[1]
    results = []
    for scan, dtype in ((leaky_scan, torch.float32), (_plain_scan, torch.float64)):
        inputs = states[None].to(dtype).requires_grad_()
        zeros = torch.zeros(n, n, dtype=dtype)
        rest = torch.eye(n, dtype=dtype), zeros[0], zeros, zeros[0], zeros[:1]
        rates = scan(
            inputs, *rest, zeros[:1], activation=activation, push=None, noise=None
        )[0]
        results.append((rates, torch.autograd.grad(rates.sum(), inputs)[0]))
    for single, double in zip(*results, strict=True):
        # 1 - r * r of a tanh has what r can hold
        torch.testing.assert_close(single.double(), double, rtol=4e-7, atol=2e-7)
        if activation == "softplus":  # also where nearly nothing is left
            some = double > 1e-30
            torch.testing.assert_close(
                single.double()[some], double[some], rtol=4e-7, atol=0.0
            )


def test_what_is_not_a_number_stays_so(blocks):
    values = arguments()
    with torch.no_grad():
        values["inputs"][2, 1] = float("nan")
    rates, *_ = leaky_scan(**values, activation="relu")
    missing = torch.isnan(rates)
    assert missing[2:, 1].all() and not missing[:2].any() and not missing[:, 0].any()


def test_tap_receives_the_gradients_of_states(blocks):
    values, tap = arguments(), []
    push = torch.zeros(5, 3, 4, dtype=torch.float64).requires_grad_()
    rates, *_ = leaky_scan(**values, activation="tanh", push=push, tap=tap)
    expected = torch.autograd.grad(rates.square().sum(), push)[0]
    states, delta = tap[0]
    torch.testing.assert_close(delta, expected)
    torch.testing.assert_close(torch.tanh(states), rates)


def test_noise_with_a_gradient_is_refused():
    noise = torch.zeros(5, 3, 4, dtype=torch.float64, requires_grad=True)
    rates, *_ = leaky_scan(**arguments(), activation="relu", noise=noise)
    with pytest.raises(NotImplementedError, match="noise has no gradient"):
        rates.sum().backward()


def two_layers(feedforward_delay, feedback_delay, dtype=torch.float64):
    torch.set_default_dtype(dtype)
    try:
        with seeded_torch(0):
            back = {"weight": torch.randn(4, 3)}
            layers = [
                {
                    "input_weight": {"weight": torch.randn(n, m)},
                    "recurrent_weight": {"weight": 0.5 * torch.randn(n, n)},
                    "feedback_weight": back if n == 4 else None,
                    "alpha": {"alpha": [0.3] * n, "learn": True},
                    "initial_state": [0.1] * n,
                    "learn_initial_state": True,
                    "activation": "sigmoid",
                    "postact_noise": 0.1,
                }
                for n, m in ((4, 2), (3, 4))
            ]
            return CTRNN(
                layers,
                {"weight": torch.randn(2, 7)},
                feedforward_delay=feedforward_delay,
                feedback_delay=feedback_delay,
            ), torch.randn(5, 2, 11)
    finally:
        torch.set_default_dtype(torch.float32)


def stepwise(module, X, noise):
    """Two layers with delays, one step after the other, as the equations say."""
    first, second = (layer.prepare() for layer in module.layers)
    v = [layer.begin(len(X))[0] for layer in module.layers]
    start = [torch.sigmoid(state) for state in v]
    r = [[] for _ in v]

    def rate(i, t):
        return start[i] if t < 0 else r[i][t]

    for t in range(X.shape[2]):
        for i, weights in enumerate((first, second)):
            u = X[:, :, t] if i == 0 else rate(0, t - module.feedforward_delay)
            c = u @ weights["input"].t() + rate(i, t - 1) @ weights["recurrent"].t()
            if i == 0:
                c = c + rate(1, t - module.feedback_delay) @ weights["feedback"].t()
            v[i] = (1 - weights["alpha"]) * v[i] + c + weights["bias"]
            r[i].append(torch.sigmoid(v[i]) + 0.1 * noise[i][1][t])
    return torch.cat([torch.stack(layer, dim=-1) for layer in r], dim=1)


@pytest.mark.parametrize("feedback_delay", [1, 2, 4, 20])
@pytest.mark.parametrize("feedforward_delay", [0, 1, 3])
def test_delays_between_layers_are_exact(feedforward_delay, feedback_delay):
    module, X = two_layers(feedforward_delay, feedback_delay)
    with seeded_torch(3):
        noise = [layer.draw_noise(11, 5) for layer in module.layers]
    expected = stepwise(module, X, noise)
    _, rates, _ = module(X, noise=noise)
    torch.testing.assert_close(rates, expected)
    chosen = list(module.layers.parameters())
    found = torch.autograd.grad(rates.square().sum(), chosen)
    wanted = torch.autograd.grad(expected.square().sum(), chosen)
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other)
