"""Bring models from other tools: each becomes a skneuro estimator."""

import lazy_loader

__getattr__, __dir__, _ = lazy_loader.attach(
    __name__,
    submodules=["berg", "neurolib", "nn4n"],
    submod_attrs={
        "berg": [
            "BERG",
            "NED",
            "NEST",
            "AbsentMetadataError",
            "BERGError",
            "InvalidParameterError",
            "ModelLoadError",
            "ModelNotFoundError",
            "ResourceError",
            "StimulusError",
            "load_precomputed_responses",
            "save_precomputed_responses",
        ],
        "_multimodel": ["from_multimodel"],
        "neurolib": ["drive_from_neurolib", "from_neurolib"],
        "nn4n": ["from_nn4n"],
    },
)

__all__ = [
    "BERG",
    "NED",
    "NEST",
    "AbsentMetadataError",
    "BERGError",
    "InvalidParameterError",
    "ModelLoadError",
    "ModelNotFoundError",
    "ResourceError",
    "StimulusError",
    "berg",
    "drive_from_neurolib",
    "from_multimodel",
    "from_neurolib",
    "from_nn4n",
    "load_precomputed_responses",
    "neurolib",
    "nn4n",
    "save_precomputed_responses",
]
