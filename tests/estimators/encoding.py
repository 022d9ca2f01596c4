"""Estimators of skneuro.encoding, on narrow networks and small images."""

import numpy as np

from skneuro.encoding import GNetEncoder, make_gnet_weights

CHANNELS = (2, 3, 4, 2)


def make_images():
    """Twelve images of 3 x 3 pixels, flattened, and their responses."""
    rng = np.random.default_rng(0)
    return rng.uniform(0, 255, size=(12, 9)), rng.uniform(size=12)


WEIGHTS = make_gnet_weights(
    3, channels=CHANNELS, image_size=59, sizes=0.1, random_state=0
)

ESTIMATORS = [
    # scikit-learn's tables have rows of any length: fill them up to squares
    GNetEncoder(WEIGHTS, image_size=59, square="pad"),
]
EXPECTED_FAILED_CHECKS = {}
DATA = {"GNetEncoder": make_images}
