"""The calls of BERG and NEST: a script of theirs runs after changing its import."""

from skneuro.compat._berg import BERG
from skneuro.compat._berg_errors import (
    AbsentMetadataError,
    BERGError,
    InvalidParameterError,
    ModelLoadError,
    ModelNotFoundError,
    ResourceError,
    StimulusError,
)
from skneuro.compat._nest import NED, NEST
from skneuro.compat._precomputed import (
    load_precomputed_responses,
    save_precomputed_responses,
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
    "load_precomputed_responses",
    "save_precomputed_responses",
]
