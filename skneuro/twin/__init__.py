"""Digital twin of mouse visual cortex: predict, transfer to new neurons, probe."""

import lazy_loader

__getattr__, __dir__, _ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "_preparation": ["resample_trace", "resample_video", "standardize_trials"],
        "_regressor": ["DigitalTwinRegressor"],
        "_saved": ["load_twin"],
        "_readout_maps": ["readout_locations", "readout_weights"],
        "_receptive_fields": ["receptive_fields"],
        "_optimal_video": ["most_exciting_video", "reconstruct_video"],
        "_training": ["SgdClip", "cosine_rate"],
        "_tuning": ["direction_tuning", "von_mises"],
    },
)

__all__ = [
    "DigitalTwinRegressor",
    "SgdClip",
    "cosine_rate",
    "direction_tuning",
    "load_twin",
    "most_exciting_video",
    "readout_locations",
    "readout_weights",
    "receptive_fields",
    "reconstruct_video",
    "resample_trace",
    "resample_video",
    "standardize_trials",
    "von_mises",
]
