"""The engine's random numbers, and Python processes of their own."""

import os
import subprocess
import sys

import pytest

from skneuro.engine._normals import draw_normals


@pytest.fixture(scope="session")
def normals():
    """``normals(keys, first_step, n_steps, dtype)``: numbers by step and stream."""
    return draw_normals


@pytest.fixture
def run_python(tmp_path):
    """Factory: run code in a process of its own; returns it when it has ended."""

    def run(code, **environment):
        process = start(code, **environment)
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
        return out, err

    def start(code, **environment):
        path = os.pathsep.join(p for p in sys.path if p)
        return subprocess.Popen(
            [sys.executable, "-W", "error", "-c", code],
            env={**os.environ, "PYTHONPATH": path, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
        )

    run.start = start
    return run
