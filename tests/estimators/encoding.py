"""Estimators of skneuro.encoding, on narrow networks and small images."""

import numpy as np
from torch import nn

from skneuro.encoding import (
    EEGEncoder,
    GNetEncoder,
    LinearEncoder,
    VisionFeatures,
    make_gnet_weights,
)
from skneuro.utils import seeded_torch

# Whole vectors of numbers: torch rounds the elements that fill none in another way, so
# that an image's response would depend on its place among others, by one bit.
CHANNELS = (16, 16, 16, 16)


def make_images():
    """Twelve images of 3 x 3 pixels, flattened, and their responses."""
    rng = np.random.default_rng(0)
    return rng.uniform(0, 255, size=(12, 9)), rng.uniform(size=12)


WEIGHTS = make_gnet_weights(
    3, channels=CHANNELS, image_size=59, sizes=0.1, random_state=0
)

with seeded_torch(0):
    NETWORK = nn.Sequential(nn.Conv2d(3, 4, 4, stride=4), nn.ReLU())

ESTIMATORS = [
    # scikit-learn's tables have rows of any length: fill them up to squares
    GNetEncoder(WEIGHTS, image_size=59, square="pad"),
    VisionFeatures(NETWORK, layers=["0", "1"], image_size=8, square="pad"),
    LinearEncoder(random_state=0),
    LinearEncoder(n_components=50, alpha=1.0, batch_size=7),
    EEGEncoder(random_state=0),
]
EXPECTED_FAILED_CHECKS = {
    "VisionFeatures": {
        "check_estimators_overwrite_params": (
            "joblib hashes a torch module by the addresses of its storages, so that "
            "equal copies of the backbone differ"
        ),
    }
}
DATA = {"GNetEncoder": make_images, "VisionFeatures": make_images}
