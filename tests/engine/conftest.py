"""The engine's random numbers, and Python processes of their own."""

import os
import subprocess
import sys

import numpy as np
import pytest
from numba import njit

from skneuro.engine._backend import fill_normals
from skneuro.engine._noise import STEP_FACTOR


@pytest.fixture(scope="session")
def normals():
    """``normals(keys, first_step, n_steps, dtype)``: numbers by step and stream."""

    @njit
    def fill(out, keys, first, n_steps):
        for step in range(first, first + n_steps, 2):
            fill_normals(out, keys, step * STEP_FACTOR, (step - first) * len(keys))

    def make(keys, first_step, n_steps, dtype=np.float64):
        padded = np.zeros(-(-keys.size // 8) * 8, np.int64)
        padded[: keys.size] = keys.ravel()
        begin = first_step - first_step % 2
        n = first_step + n_steps - begin
        n += n % 2
        out = np.empty(n * padded.size, dtype)
        fill(out, padded, begin, n)
        out = out.reshape(n, padded.size)[first_step - begin :, : keys.size]
        return out[:n_steps]

    return make


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
