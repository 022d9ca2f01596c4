"""The one door to files from elsewhere: downloads, mirrors and safe readers."""

from skneuro.io._cache import get_data_home
from skneuro.io._fetch import fetch_file, fetch_files
from skneuro.io._maintenance import clear_data_home, verify_files
from skneuro.io._registry import Registry, RegistryRow, check_key, load_registry

__all__ = [
    "Registry",
    "RegistryRow",
    "check_key",
    "clear_data_home",
    "fetch_file",
    "fetch_files",
    "get_data_home",
    "load_registry",
    "verify_files",
]
