"""WholeBrainRegressor, which takes connectomes or tables of node strengths."""

import numpy as np

from skneuro.dynamics import Bold, Hopf, WholeBrainRegressor, WilsonCowan
from skneuro.metrics import FunctionalConnectivity


def make_people():
    """Connectomes of four people and their functional connectivity as node pairs."""
    rng = np.random.default_rng(0)
    return rng.uniform(size=(4, 6, 6)), rng.uniform(-1, 1, size=(4, 15))


HOPF = Hopf(duration=5.0, dt=0.05, sigma=0.01, random_state=0)
BOLD = WilsonCowan(duration=200.0, monitor=Bold(t_r=0.02), sigma=0.01, random_state=0)

ESTIMATORS = [
    WholeBrainRegressor(HOPF, transient=1.0),
    WholeBrainRegressor(BOLD, FunctionalConnectivity("partial"), n_jobs=2),
]
EXPECTED_FAILED_CHECKS = {
    "WholeBrainRegressor": {
        "check_regressor_multioutput": (
            "the check asks for 5 targets of 10 nodes, but the targets of 10 nodes are "
            "their 45 pairs, or one mean"
        ),
    }
}
DATA = {"WholeBrainRegressor": make_people}
