"""Fixtures: a data cache and figures that end with the test, and reference data."""

import os
import sys
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # pytest runs one process per core

ROOT = Path(__file__).parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"


@pytest.fixture(autouse=True)
def data_cache(tmp_path, monkeypatch):
    """Point the download cache at an empty folder and forget mirrors."""
    cache = tmp_path / "skneuro-data"
    monkeypatch.setenv("SKNEURO_DATA", str(cache))
    monkeypatch.delenv("SKNEURO_MIRROR", raising=False)
    return cache


@pytest.fixture(autouse=True)
def closed_figures():
    """Close the figures of a test: matplotlib warns of those that pile up."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture(scope="session")
def shared_data():
    """Folder of reference files; skips where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"reference data not found at {SHARED_DATA}")
    return SHARED_DATA
