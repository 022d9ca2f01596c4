"""Generated modules, when several threads ask for the same one first."""

from concurrent.futures import ThreadPoolExecutor

from skneuro.engine import _codegen

SLOW = "import time\n\ntime.sleep(0.2)\nstage_0 = 'made'\n"


def test_no_thread_sees_a_module_half_made(tmp_path, monkeypatch):
    monkeypatch.setenv("SKNEURO_CACHE", str(tmp_path))

    def load(_):
        return _codegen._load_module("m", SLOW).stage_0  # read at once

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(load, range(4))) == ["made"] * 4
