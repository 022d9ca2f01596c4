"""Reference networks of fnn: small ones of every kind, and the full-size ones."""

import zlib

import numpy as np
import pytest
import torch

from skneuro.twin._network import ARCHITECTURES, TwinNetwork

CLASSES = {
    "InputDense": "input_dense",
    "Dense": "dense",
    "CvtLstm": "cvt_lstm",
    "ConvLstm": "conv_lstm",
    "Rvt": "rvt",
    "Mlp": "mlp_monitor_retina",
    "Plain": "monitor_retina",
    "MlpLstm": "mlp_lstm",
    "FlatLstm": "flat_lstm",
    "SigmoidLstm": "sigmoid_lstm",
    "Poisson": "poisson",
    "EluMse": "elu_mse",
}
SMALL = ("microns", "loader", "convlstm", "rvt", "cvt1", "decorr")
SIZES = {  # of all small reference networks
    "streams": 3,
    "block_channels": (8, 8, 12),
    "block_groups": (1, 2, 3),
    "block_layers": (2, 3, 1),
    "block_temporals": (3, 2, 1),
    "block_spatials": (3, 3, 1),
    "block_pools": (2, 1, 2),
    "feedforward_channels": 10,
    "recurrent_in": 16,
    "recurrent_out": 6,
    "recurrent_hidden": 24,
    "recurrent_common": 32,
    "retina_size": (32, 48),
}


def small_network(config):
    """Network of one entry of the reference file."""
    feature = config["feat"]
    options = {
        "feedforward": CLASSES[config["ff"]],
        "recurrent": CLASSES[config["rec"]],
        "recurrent_groups": config["rec_groups"],
        "perspective": CLASSES[config["per"]],
        "perspective_features": (16,) * (3 if config["per"] == "Mlp" else 2),
        "modulation": CLASSES[config["mod"]],
        "modulation_features": 4,
        "nonlinear": config["nonlinear"],
        "feature": "vanilla" if feature == "Vanilla" else "norm",
        "feature_groups": 2 if feature == "Norm2" else 1,
        "unit": CLASSES[config["unit"]],
        "dropout": config["drop"],
    }
    if config.get("raw_pixels"):
        options |= {"monitor_pixel": "raw", "retina_pixel": "raw"}
    if config.get("decorr"):
        options |= {"decorr_length": 3, "decorr_weight": 0.01}
    return TwinNetwork(n_neurons=16, **SIZES, **options).eval()


@pytest.fixture(scope="session")
def make_small_network():
    """Builder of the network of one entry of the reference file."""
    return small_network


@pytest.fixture(scope="session")
def small_golden(shared_data):
    """Reference outputs, gradients and steps of the small networks."""
    from numpy._core.multiarray import _reconstruct

    dtypes = [type(np.dtype(t)) for t in ("f4", "f8", "i8", "u1", "bool")]
    with torch.serialization.safe_globals(
        [_reconstruct, np.ndarray, np.dtype, *dtypes]
    ):
        return torch.load(
            shared_data / "fnn" / "fnn_golden_small.pt", weights_only=True
        )


@pytest.fixture(scope="session", params=SMALL)
def small_case(request, small_golden):
    """One small network with its weights, its inputs as tensors, and what is right."""
    entry = small_golden[request.param] | {"name": request.param}
    network = small_network(entry["config"])
    network.load_state_dict(entry["state_dict"], strict=True)
    inputs = {name: torch.from_numpy(x) for name, x in entry["inputs"].items()}
    data = (
        inputs["stimuli"][..., 0],
        inputs["perspectives"],
        inputs["modulations"],
    )
    return network, data, inputs["units"], entry


@pytest.fixture(scope="session")
def full_golden(shared_data):
    """Reference outputs of the full-size networks."""
    with np.load(shared_data / "fnn" / "fnn_golden_full_outputs.npz") as file:
        return dict(file)


@pytest.fixture(scope="session", params=["microns", "loader"])
def full_case(request, full_golden):
    """One full-size network with the weights of the reference, and what is right."""
    network = full_network(request.param)
    head = f"{request.param}/"
    right = {k.removeprefix(head): v for k, v in full_golden.items() if head in k}
    inputs = {k: torch.from_numpy(full_golden[f"in/{k}"]) for k in INPUTS}
    return network, [inputs["stimuli"][..., 0], *(inputs[k] for k in INPUTS[1:])], right


INPUTS = ("stimuli", "perspectives", "modulations")


def full_network(architecture, n_neurons=16):
    """Full-size network whose weights are drawn from the names of parameters."""
    network = TwinNetwork(n_neurons=n_neurons, **ARCHITECTURES[architecture]).eval()
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            parameter.copy_(_value(name, parameter.double()))
    return network


def _value(name, init):
    seed = zlib.crc32(name.encode())
    z = torch.from_numpy(np.random.RandomState(seed).standard_normal(init.shape))
    rules = [
        ("retina_pixel.logit", lambda: 0.3 * z),
        ("retina_pixel.", lambda: init + 0.1 * z),
        ("monitor.center_std", lambda: torch.full_like(z, 0.05)),
        ("monitor.angle_std", lambda: torch.full_like(z, 0.05)),
        ("monitor.center", lambda: init + 0.03 * z),
        ("monitor.angle", lambda: 0.05 * z),
        ("position.mu", lambda: 0.7 * z),
        ("position.sigma", lambda: init + 0.05 * z),
        ("perspective.mlp.linears.3.gains", lambda: 0.15 + 0.02 * z),
        ("perspective.out.gains", lambda: 0.15 + 0.02 * z),
        ("modulation.out.gains", lambda: 0.8 + 0.1 * z),
        ("core.recurrent.out.gains", lambda: 3 + 0.3 * z),
        ("feature.weights", lambda: 2 * z / np.sqrt(z[0].numel())),
        (".gains.", lambda: init + 0.1 * z),
        (".biases.", lambda: init + 0.1 * z),
        (".scales.", lambda: 6 + z),
        ("", lambda: z / np.sqrt(z[0].numel())),
    ]
    return next(rule() for part, rule in rules if part in name)
