"""Work that is shared among the threads of torch.

Threads of another kind would have to wait for a processor: those of torch spin for some
milliseconds after each operation, in case there is another one.
"""

import ctypes
import functools
import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

logger = logging.getLogger(__name__)

_WORK = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


@functools.cache
def _find_parallel():
    """Return what starts a parallel region of torch's OpenMP; None where unknown."""
    import torch
    from threadpoolctl import threadpool_info

    paths = [
        info["filepath"] for info in threadpool_info() if info["user_api"] == "openmp"
    ]
    home = Path(torch.__file__).parent
    # torch may bring its own, beside those of other packages
    paths.sort(key=lambda path: home not in Path(path).parents)
    try:
        parallel = ctypes.CDLL(paths[0]).GOMP_parallel
    except (IndexError, OSError, AttributeError) as error:
        logger.debug("threads of our own instead of torch's: %r", error)
        return None
    parallel.argtypes = [_WORK, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint]
    parallel.restype = None
    return parallel


def share(function, calls):
    """Call a function several times at once, each in another thread.

    Parameters
    ----------
    function : callable
        Should release the interpreter's lock for most of its work.
    calls : sequence of tuple
        Arguments of each call.
    """
    if len(calls) == 1:
        function(*calls[0])
        return
    parallel = _find_parallel()
    if parallel is None:
        with ThreadPoolExecutor(len(calls)) as threads:
            list(threads.map(lambda call: function(*call), calls))
        return
    waiting, errors = list(calls), []

    def work(_):
        try:
            while True:  # there may be fewer threads than calls
                try:
                    call = waiting.pop()
                except IndexError:
                    return
                function(*call)
        except BaseException as error:
            errors.append(error)

    parallel(_WORK(work), None, len(calls), 0)
    if errors:
        raise errors[0]
