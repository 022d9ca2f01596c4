"""The one door to files from elsewhere: downloads, mirrors and safe readers."""

from skneuro.io._cache import get_data_home
from skneuro.io._converted import WeightsFile, open_weights, read_safetensors
from skneuro.io._fetch import fetch_file, fetch_files
from skneuro.io._maintenance import clear_data_home, verify_files
from skneuro.io._pickle_names import PickledObject
from skneuro.io._pickles import load_npy, load_torch
from skneuro.io._registry import Registry, RegistryRow, check_key, load_registry

__all__ = [
    "PickledObject",
    "Registry",
    "RegistryRow",
    "WeightsFile",
    "check_key",
    "clear_data_home",
    "fetch_file",
    "fetch_files",
    "get_data_home",
    "load_npy",
    "load_registry",
    "load_torch",
    "open_weights",
    "read_safetensors",
    "verify_files",
]
