"""Whole-brain simulators, monitors and haemodynamics as scikit-learn estimators."""

from skneuro.dynamics import stimuli
from skneuro.dynamics._aln import ALN
from skneuro.dynamics._aln_transfer import aln_transfer
from skneuro.dynamics._base import BaseSimulator
from skneuro.dynamics._derivatives import differentiate_step, simulate_torch
from skneuro.dynamics._fitzhugh_nagumo import FitzHughNagumo
from skneuro.dynamics._hemodynamics import BalloonWindkessel
from skneuro.dynamics._hopf import Hopf
from skneuro.dynamics._inhibition import FeedbackInhibitionControl
from skneuro.dynamics._jansen_rit import JansenRit
from skneuro.dynamics._kuramoto import Kuramoto
from skneuro.dynamics._lead_field import (
    LeadField,
    average_lead_field,
    lead_field_from_mne,
)
from skneuro.dynamics._monitors import Bold, Raw, SubSample, TemporalAverage
from skneuro.dynamics._montbrio_pazo_roxin import MontbrioPazoRoxin
from skneuro.dynamics._network_simulator import NetworkSimulator
from skneuro.dynamics._reduced_wong_wang import ReducedWongWang
from skneuro.dynamics._stepping import Stepper
from skneuro.dynamics._sweep import simulate_batch
from skneuro.dynamics._thalamic_node import ThalamicNode
from skneuro.dynamics._whole_brain import WholeBrainRegressor
from skneuro.dynamics._wilson_cowan import WilsonCowan
from skneuro.dynamics._wong_wang import WongWang

__all__ = [
    "ALN",
    "BalloonWindkessel",
    "BaseSimulator",
    "Bold",
    "FeedbackInhibitionControl",
    "FitzHughNagumo",
    "Hopf",
    "JansenRit",
    "Kuramoto",
    "LeadField",
    "MontbrioPazoRoxin",
    "NetworkSimulator",
    "Raw",
    "ReducedWongWang",
    "Stepper",
    "SubSample",
    "TemporalAverage",
    "ThalamicNode",
    "WholeBrainRegressor",
    "WilsonCowan",
    "WongWang",
    "aln_transfer",
    "average_lead_field",
    "differentiate_step",
    "lead_field_from_mne",
    "simulate_batch",
    "simulate_torch",
    "stimuli",
]
