"""Recurrent networks with the constraints of biology."""

import lazy_loader

__getattr__, __dir__, _ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "_ctrnn": ["CTRNNClassifier", "CTRNNRegressor"],
        "_masks": [
            "area_labels",
            "area_means",
            "ei_signs",
            "input_mask",
            "multi_area_ei_mask",
            "multi_area_mask",
            "random_input_mask",
            "readout_mask",
        ],
        "_network": ["RateNetwork"],
        "_omega": ["VanishingGradient"],
        "_penalties": [
            "Hebbian",
            "MeanRateLevel",
            "PopulationKL",
            "RateChange",
            "RateEntropy",
            "RateLevel",
            "RateSpread",
            "WeightLevel",
        ],
        "_step": ["network_step"],
    },
)

__all__ = [
    "CTRNNClassifier",
    "CTRNNRegressor",
    "Hebbian",
    "MeanRateLevel",
    "PopulationKL",
    "RateChange",
    "RateEntropy",
    "RateLevel",
    "RateNetwork",
    "RateSpread",
    "VanishingGradient",
    "WeightLevel",
    "area_labels",
    "area_means",
    "ei_signs",
    "input_mask",
    "multi_area_ei_mask",
    "multi_area_mask",
    "network_step",
    "random_input_mask",
    "readout_mask",
]
