"""Networks as arrays: without torch, and from the state in which a run ended."""

import pickle
import subprocess
import sys

import numpy as np
import pytest

from skneuro.rnn import CTRNNClassifier, CTRNNRegressor, RateNetwork

SMALL = {"n_hidden": 16, "max_epochs": 2, "batch_size": 16, "random_state": 0}
STACK = {
    "n_hidden": (8, 6),
    "activation": ["sigmoid", "softplus"],
    "feedforward_delay": 20.0,
    "feedback_delay": 60.0,
    "readout": "all",
}
OPTIONS = [
    {"ei_ratio": 0.75, "constraint": "rectify", "input_signs": 1.0, "density": 0.5},
    {"ei_ratio": 0.75, "constraint": "abs", "activation": "power", "start": "state"},
    {"learn_tau": True, "tau_bounds": (30.0, 200.0), "input_bias": "normal"},
    {"learn_tau": True, "tau_bounds": "raw", "learn_initial_state": True, "lr": 0.05},
    {"recurrent_bias": None, "output_bias": None, "initial_state": 0.1},
    STACK,
]
WITHOUT_TORCH = """
import sys

class Missing:
    def find_spec(self, name, *args):
        if name.partition(".")[0] in ("torch", "skorch"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Missing())
import numpy as np
from skneuro.rnn import RateNetwork
X, path = np.load("X.npy"), "net.safetensors"
found = RateNetwork.load(path).simulate(X, noise=True, random_state=0)
np.savez("found.npz", **found)
"""


def signals(n=24, n_times=12):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, 2, n_times)).astype(np.float32)  # as torch sees them
    return X, X.cumsum(axis=2)[:, :1] / 4


@pytest.mark.parametrize("options", OPTIONS, ids=lambda o: "-".join(o)[:40])
def test_files_and_pickles_run_as_the_network_does(options, tmp_path):
    X, y = signals()
    net = CTRNNRegressor(**{**SMALL, **options}).fit(X, y).lesion([1])
    net.save(tmp_path / "net")
    arrays = net.to_numpy()
    copies = [arrays, RateNetwork.load(tmp_path / "net")]
    copies.append(pickle.loads(pickle.dumps(arrays)))
    for copy in copies:
        found = copy.simulate(X)
        np.testing.assert_allclose(found.rates, net.transform(X), atol=2e-5)
        np.testing.assert_allclose(found.outputs, net.predict(X), atol=2e-5)
    expected = net.simulate(X, 5.0)
    np.testing.assert_array_equal(copies[2].simulate(X, 5.0).rates, expected.rates)


def test_torch_is_not_needed_to_read_and_to_run(tmp_path):
    X, y = signals()
    labels = (y[:, 0, -1] > 0).astype(int)
    net = CTRNNClassifier(**SMALL, ei_ratio=0.75, preact_noise=0.1, postact_noise=0.1)
    net.fit(X, labels).save(tmp_path / "net.safetensors")
    np.save(tmp_path / "X.npy", X)
    subprocess.run([sys.executable, "-c", WITHOUT_TORCH], cwd=tmp_path, check=True)
    expected = net.simulate(X, noise=True, random_state=0)
    with np.load(tmp_path / "found.npz") as found:
        for name in ("outputs", "rates", "states", "times"):
            np.testing.assert_allclose(found[name], expected[name], atol=1e-12)


@pytest.mark.parametrize("options", [{}, {**STACK, "feedback_delay": 20.0}])
def test_a_run_goes_on_from_the_states_in_which_one_ended(options):
    X, y = signals()
    net = CTRNNRegressor(**{**SMALL, **options}).fit(X, y).to_numpy()
    whole = net.simulate(X)
    first = net.simulate(X[:, :, :7])
    second = net.simulate(X[:, :, 7:], initial_state=first.states)
    joined = np.concatenate([first.rates, second.rates], axis=2)
    np.testing.assert_allclose(joined, whole.rates, atol=1e-12)
    np.testing.assert_allclose(second.states, whole.states, atol=1e-12)


def test_what_does_not_fit_is_named(tmp_path):
    X, y = signals()
    model = CTRNNRegressor(**SMALL, activation=_tanh)
    with pytest.raises(ValueError, match="Use transform for callables"):
        model.fit(X, y).simulate(X)
    net = CTRNNRegressor(**SMALL).begin(2, 1).to_numpy()
    assert repr(net) == "RateNetwork(2 inputs, [16] units, 1 outputs, dt=20)"
    with pytest.raises(ValueError, match=r"initial_state has shape \(3,\), expected"):
        net.simulate(X, initial_state=np.zeros(3))
    with pytest.raises(ValueError, match=r"X has shape \(24, 1, 12\), expected"):
        net.simulate(X[:, :1])
    with pytest.raises(ValueError, match="dt is 20"):
        net.simulate(X, 7.0)
    (tmp_path / "text").write_text("no network")
    with pytest.raises(ValueError, match="is no safetensors file"):
        RateNetwork.load(tmp_path / "text")


def _tanh(v):
    return v.tanh()
