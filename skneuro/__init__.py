"""scikit-learn for in-silico neuroscience.

Subpackages load when first used, so ``import skneuro`` stays light.
"""

import lazy_loader

from skneuro._version import __version__

_SUBPACKAGES = [
    "compat",
    "datasets",
    "dynamics",
    "encoding",
    "engine",
    "exceptions",
    "io",
    "metrics",
    "plotting",
    "rnn",
    "twin",
    "utils",
]

__getattr__, __dir__, _ = lazy_loader.attach(__name__, submodules=_SUBPACKAGES)

__all__ = ["__version__", *_SUBPACKAGES]
