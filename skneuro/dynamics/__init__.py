"""Whole-brain simulators, monitors and haemodynamics as scikit-learn estimators."""

from skneuro.dynamics._base import BaseSimulator
from skneuro.dynamics._hemodynamics import BalloonWindkessel
from skneuro.dynamics._hopf import Hopf
from skneuro.dynamics._monitors import Bold, Raw, SubSample, TemporalAverage
from skneuro.dynamics._sweep import simulate_batch
from skneuro.dynamics._whole_brain import WholeBrainRegressor
from skneuro.dynamics._wilson_cowan import WilsonCowan

__all__ = [
    "BalloonWindkessel",
    "BaseSimulator",
    "Bold",
    "Hopf",
    "Raw",
    "SubSample",
    "TemporalAverage",
    "WholeBrainRegressor",
    "WilsonCowan",
    "simulate_batch",
]
