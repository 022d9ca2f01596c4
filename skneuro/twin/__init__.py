"""Digital twin of mouse visual cortex: predict, transfer to new neurons, probe."""

import lazy_loader

__getattr__, __dir__, _ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "_regressor": ["DigitalTwinRegressor"],
        "_saved": ["load_twin"],
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
    "von_mises",
]
