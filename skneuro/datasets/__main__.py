"""Run ``python -m skneuro.datasets list | fetch KEY... | verify | clear``."""

import sys

from skneuro.io._cli import main

if __name__ == "__main__":
    sys.exit(main())
