"""Compiled code, cached on disk where that can be written."""

import logging

from numba import njit

logger = logging.getLogger(__name__)


def njit_cached(**options):
    """Return numba's njit with its disk cache, where it finds a folder for that."""

    def decorate(function):
        try:
            return njit(cache=True, **options)(function)
        except RuntimeError as error:  # the package and the home folder are read-only
            logger.warning(
                "%s is compiled anew in every process; let NUMBA_CACHE_DIR name a "
                "folder that can be written: %s",
                function.__name__,
                error,
            )
            return njit(**options)(function)

    return decorate
