"""Gradients, the optimizer and the schedule against fnn."""

import numpy as np
import pytest
import torch

from skneuro.twin import SgdClip, cosine_rate
from skneuro.twin._network import TwinNetwork
from skneuro.twin._training import parameter_groups, parameter_options

pytestmark = pytest.mark.torch
# Norms of the gradients of perspective, modulation, core and readout in both steps, by
# fnn itself in double precision (torch.set_default_dtype), from the reference states.
PARTS = ("perspective", "modulation", "core", "readout")
NORMS = {
    "microns": [
        (0.5806173016, 0.05434106703, 1.838092929, 0.2050657084),
        (0.08480206149, 0.1084434196, 1.535434453, 0.143166848),
    ],
    "loader": [
        (0.725179296, 0.04456325051, 0.2706258079, 0.0826568952),
        (0.167870083, 0.02271823149, 0.3076633038, 0.106439129),
    ],
    "convlstm": [
        (0.1101321406, 0.06006350437, 2.224501637, 0.2444537963),
        (0.1847387301, 0.1286466893, 1.366221561, 0.2007624284),
    ],
    "rvt": [
        (0.06102090536, 0.2394820895, 1.364741475, 0.2114631612),
        (0.09171211383, 0.217357108, 1.354278785, 0.2378732296),
    ],
    "cvt1": [
        (0.06553809382, 0.02412250038, 0.3143653391, 0.07957734825),
        (0.07862173151, 0.05363340673, 0.3628605826, 0.08982152492),
    ],
    "decorr": [
        (0.4872257262, 0.1178804379, 4.325032151, 0.230517844),
        (0.2929006617, 0.1081899251, 2.755149613, 0.1866640379),
    ],
}


def test_options_of_parameters_are_those_of_fnn(small_case):
    network, _, _, right = small_case
    options = parameter_options(network)
    assert set(options) == set(right["meta"])
    for name, theirs in right["meta"].items():
        dims = theirs["norm_dim"]
        if dims is not None:
            dims = tuple(np.atleast_1d(dims).tolist())
        assert options[name] == (theirs["scale"], theirs["decay"], dims), name


def test_two_steps_of_training_are_those_of_fnn(small_case):
    network, data, units, right = small_case
    train, hyper = right["train"], dict(right["train"]["hyper"])
    optimizer = SgdClip(
        parameter_groups(network), weight_decay=hyper.pop("decay"), **hyper
    )
    parameters = dict(network.named_parameters())
    for step, stream in enumerate(train["stream"]):
        bound, kept = network.bind(stream=stream, batch=2), {}
        log_rate, _ = bound(*data, keep=kept)
        penalty = bound.penalty(kept["core"])
        objective = network.loss(log_rate, units)[train["burnin"] :].mean() + penalty
        optimizer.zero_grad()
        objective.backward()
        assert objective.item() == pytest.approx(train["objective"][step], rel=1e-6)
        for theirs in train["regularize"][step]:
            assert penalty.item() == pytest.approx(theirs, rel=1e-4)
        gradients = train["grads"][step]
        drawn = {name for name, p in parameters.items() if p.grad is not None}
        assert drawn == set(gradients)  # other streams are left alone
        for name, expected in gradients.items():
            if (largest := expected.abs().max()) < 1e-8:
                continue  # rounding
            off = (parameters[name].grad - expected).abs().max() / largest
            assert off < (2e-3 if step == 0 else 1e-2), name
        optimizer.step()
        for name, expected in train["params"][step].items():
            if name.endswith(("_std", "sigma")):
                continue  # set to 0 there, to switch off noise
            off = (parameters[name] - expected).abs().max()
            assert off <= 1e-4 * expected.abs().max(), name
            # The next step begins where theirs did: pixels at the edge of the monitor
            # lie on a kink, (0 + 1e-5)^0.5, whose gradient makes of the 1e-5 by which
            # parameters differ after one step up to 2e-2 in the gradients of the eye.
            # That is rounding of float32, theirs as ours, as the next test shows.
            with torch.no_grad():
                parameters[name].copy_(expected)
    network.load_state_dict(right["state_dict"])  # the fixture is shared
    network.zero_grad()


def test_two_steps_in_double_precision_are_those_of_fnn(small_case):
    shared, data, units, right = small_case
    name = right["name"]
    network = TwinNetwork(**shared.options_given).double().eval()
    network.load_state_dict(right["state_dict"])
    hyper = dict(right["train"]["hyper"])
    groups = parameter_groups(network)
    optimizer = SgdClip(groups, weight_decay=hyper.pop("decay"), **hyper)
    data = [data[0].double() / 255, *(x.double() for x in data[1:])]
    for step, stream in enumerate(right["train"]["stream"]):
        bound, kept = network.bind(stream=stream, batch=2), {}
        log_rate, _ = bound(*data, keep=kept)
        loss = network.loss(log_rate, units.double())[right["train"]["burnin"] :]
        optimizer.zero_grad()
        (loss.mean() + bound.penalty(kept["core"])).backward()
        for part, expected in zip(PARTS, NORMS[name][step], strict=True):
            gradients = [
                p.grad
                for n, p in network.named_parameters()
                if n.startswith(f"{part}.") and p.grad is not None
            ]
            norm = torch.stack([g.norm() for g in gradients]).norm().item()
            assert norm == pytest.approx(expected, rel=1e-8), (step, part)
        optimizer.step()


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("demo", {"cycle_size": 100, "warmup": 10, "warmup_cycles": 1}),
        ("plain", {"cycle_size": 7}),
    ],
)
def test_learning_rates_are_those_of_fnn(name, options, shared_data):
    with np.load(shared_data / "fnn" / "fnn_golden_pipeline.npz") as file:
        for cycle in range(2):
            expected = file[f"cosine/{name}/cycle{cycle}/lr"]
            got = [
                0.1 * cosine_rate(e, cycle=cycle, **options)
                for e in range(len(expected))
            ]
            np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_a_parameter_without_gradient_does_not_move():
    p, q = (torch.nn.Parameter(torch.ones(2)) for _ in range(2))
    optimizer = SgdClip([p, q], lr=0.1, momentum=0.9, weight_decay=0.1)
    p.grad = torch.ones(2)
    optimizer.step()
    assert torch.equal(q, torch.ones(2))
    assert not optimizer.state[q]


def test_state_of_the_optimizer_survives_saving():
    def run(steps, saved=None):
        p = torch.nn.Parameter(torch.ones(2))
        optimizer = SgdClip([p], lr=0.1, momentum=0.9, nesterov=True)
        if saved is not None:
            p.data.copy_(saved[0])
            optimizer.load_state_dict(saved[1])
        for _ in range(steps):
            p.grad = p.detach() ** 2
            optimizer.step()
        return p.detach().clone(), optimizer.state_dict()

    assert torch.equal(run(1, run(2))[0], run(3)[0])
