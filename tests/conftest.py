"""Fixtures: a throw-away data cache for every test, and the reference data."""

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
def close_figures():
    """Close what examples and pages of the guide opened: pyplot keeps figures."""
    yield
    if (pyplot := sys.modules.get("matplotlib.pyplot")) is not None:
        pyplot.close("all")


@pytest.fixture(scope="session")
def shared_data():
    """Folder of reference files; skips where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"reference data not found at {SHARED_DATA}")
    return SHARED_DATA
