"""Validation, parameter constraints, progress and torch glue shared by all."""

from skneuro.utils._progress import progress_bar
from skneuro.utils._torch import resolve_device, seeded_torch

__all__ = ["progress_bar", "resolve_device", "seeded_torch"]
