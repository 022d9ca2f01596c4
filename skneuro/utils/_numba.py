"""Compiled code, cached on disk where that can be written."""

import contextlib
import logging

from numba import njit
from numba.core.caching import FunctionCache
from numba.core.ccallback import CFunc
from numba.core.sigutils import normalize_signature

logger = logging.getLogger(__name__)


class _ForgivingCache(FunctionCache):
    """A disk cache that a damaged file or a full disk cannot stop.

    Numba notices changes of the file that holds the function; ``made_of`` stands for
    those of what it calls.
    """

    def __init__(self, function, made_of=""):
        super().__init__(function)
        self._made_of = made_of

    def _index_key(self, sig, codegen):
        return (*super()._index_key(sig, codegen), self._made_of)

    def load_overload(self, sig, target_context):
        try:
            return super().load_overload(sig, target_context)
        except Exception as error:  # whatever pickle finds in a damaged file
            logger.warning(
                "damaged code in %s is compiled anew: %r", self.cache_path, error
            )
            with contextlib.suppress(OSError):
                self.flush()
            return None

    def save_overload(self, sig, data):
        try:
            super().save_overload(sig, data)
        except OSError as error:
            _warn_uncached(self._py_func, error)


def _warn_uncached(function, error):
    logger.warning(
        "%s is compiled anew in every process; let NUMBA_CACHE_DIR name a folder that "
        "can be written: %s",
        function.__name__,
        error,
    )


def _keep_on_disk(compiled, function, made_of=""):
    """Give a dispatcher or callback a cache, where there is a folder for that."""
    try:
        compiled._cache = _ForgivingCache(function, made_of)
    except RuntimeError as error:  # the package and the home folder are read-only
        _warn_uncached(function, error)


def njit_cached(*, made_of="", **options):
    """Return numba's njit with a disk cache.

    Parameters
    ----------
    made_of : str, default=""
        Hash of the code in other files that the function calls.
    **options : dict
        What numba's njit takes.

    Returns
    -------
    callable
        The decorator.
    """

    def decorate(function):
        compiled = njit(**options)(function)
        _keep_on_disk(compiled, function, made_of)
        return compiled

    return decorate


def cfunc_cached(signature, **options):
    """Return numba's cfunc with a disk cache."""

    def decorate(function):
        sig = normalize_signature(signature)
        compiled = CFunc(function, sig, locals={}, options=options)
        _keep_on_disk(compiled, function)
        compiled.compile()
        return compiled

    return decorate
