"""The torch form and the adjoint of a step, on mixed networks and tables."""

import numpy as np
import pytest
from engine_models import TURN, advance, draw_job, draw_network

from skneuro.engine import Equations, Table
from skneuro.engine._adjoint import pull_back
from skneuro.engine._jobs import Tap

torch = pytest.importorskip("torch")


@pytest.mark.torch
@pytest.mark.parametrize("seed", range(4))
def test_mixed_networks_equal_the_compiled_kernel(seed):
    from skneuro.engine._torch import TorchRun

    rng = np.random.default_rng(seed)
    network = draw_network(rng, (5, 3, 4), longest=12)
    job = draw_job(rng, network, n_columns=7, drive=40)
    job.state.step = seed
    taps = [
        Tap(g, name)
        for g, p in enumerate(network.populations)
        for name in p.equations.variables
    ]
    recorded, _, _ = advance(network, job, 80, taps=taps, hold=2)
    drive = [
        {port: torch.tensor(values)[None] for port, values in ports.items()}
        for ports in job.drive
    ]
    series = TorchRun(network, [job]).run(
        80, record=[tap[:2] for tap in taps], drive=drive, hold=2
    )
    for tap, got, expected in zip(taps, series, recorded, strict=True):
        difference = np.abs(got[0].numpy() - expected)
        if tap.variable in network.populations[tap.population].equations.periods:
            difference = np.minimum(difference, TURN - difference)
        assert difference.max() < 1e-10, tap


def _lookup(x, net, drive, noise, p):
    rate, tau = TABLE(x.v + drive.v, p.sigma)
    return {"v": (rate * net.net - x.v) / tau}


Y, X = np.mgrid[0.0:4.0, 0.0:5.0]
TABLE = Table(
    np.stack([np.sin(X) + Y, 5.0 + np.cos(X * Y)], axis=-1), x=(0.0, 0.5), y=(-1.0, 1.0)
)
LOOKUP = Equations(
    "Lookup",
    _lookup,
    states=("v",),
    ports=("v",),
    inputs=("net",),
    sources=("v",),
    parameters=("sigma",),
)


@pytest.mark.parametrize("seed", range(3))
def test_derivatives_go_through_tables(seed):
    rng = np.random.default_rng(seed)
    n = 50
    leaves = {
        ("x", "v"): np.floor(rng.uniform(-1.0, 2.0, n)) + rng.uniform(0.1, 0.9, n),
        ("net", "net"): rng.normal(size=n),
        ("p", "sigma"): (np.floor(rng.uniform(0, 4, n)) + rng.uniform(0.1, 0.9, n)) / 2,
        ("p", "input_v"): np.zeros(n),
    }

    def step(values):
        x = values["x", "v"]
        rate, tau = TABLE(x + values["p", "input_v"], values["p", "sigma"])
        return x + 0.1 * (rate * values["net", "net"] - x) / tau

    values = {"x": {}, "net": {}, "p": {"dt": 0.1}}
    for (group, name), value in leaves.items():
        values[group][name] = value
    got = pull_back(LOOKUP, values, {("variable", "v"): 1.0})
    for (group, name), value in leaves.items():
        moved = [
            step(leaves | {(group, name): value + sign * 1e-6}) for sign in (-1, 1)
        ]
        expected = (moved[1] - moved[0]) / 2e-6
        np.testing.assert_allclose(got[group][name], expected, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(got["drive"]["v"], got["p"]["input_v"])
