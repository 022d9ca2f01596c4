"""The published files' network against responses that BERG's code gave on them."""

import argparse

import numpy as np
import pytest
import torch

from skneuro.encoding import GNetEncoder

FOLDER = (
    "berg/encoding_models/modality-fmri/train_dataset-nsd/model-fwrf/"
    "encoding_models_weights"
)


def read_pt(path):
    """Read a published file through torch's own allow-list."""
    core = np._core.multiarray
    allowed = [
        argparse.Namespace,
        np.ndarray,
        np.dtype,
        core._reconstruct,
        core.scalar,
        (core._reconstruct, "numpy.core.multiarray._reconstruct"),
        (core.scalar, "numpy.core.multiarray.scalar"),
        *(type(np.dtype(code)) for code in "fd?lih"),
    ]
    with torch.serialization.safe_globals(allowed):
        best = torch.load(path, weights_only=True)["best_params"]
    (readout,) = best["fwrfs"].values()
    arrays = {f"enc.{name}": value.numpy() for name, value in best["enc"].items()}
    return arrays | {f"fwrf.{name}": value.numpy() for name, value in readout.items()}


@pytest.mark.parametrize(
    ("roi", "parts"),
    [
        ("V1", ["V1"]),
        ("RSC", ["RSC"]),
        ("lateral", ["lateral_split-1", "lateral_split-2"]),
    ],
)
def test_responses_are_those_of_berg(shared_data, roi, parts):
    with np.load(shared_data / "berg/fwrf_expected.npz") as expected:
        images, responses = expected["images"], expected[roi]
    weights = [
        read_pt(shared_data / FOLDER / f"weights_sub-01_roi-{part}.pt")
        for part in parts
    ]
    encoder = GNetEncoder.from_weights(*weights)
    np.testing.assert_allclose(encoder.predict(images), responses, atol=1e-5)
