"""Check and clear the cache."""

import contextlib
from pathlib import Path

from skneuro.exceptions import CacheError
from skneuro.io import _cache, _converted
from skneuro.io._fetch import as_registry


def verify_files(keys=None, *, data_home=None, registry=None):
    """Compare cached files with the registry; changes and downloads nothing.

    Parameters
    ----------
    keys : iterable of str, default=None
        Keys to check, None means all of the registry.
    data_home : str or path-like, default=None
        Cache folder; None is ``SKNEURO_DATA`` or the platform's cache folder.
    registry : Registry, str or path-like, default=None
        What the files must be; None is the list that comes with skneuro.

    Returns
    -------
    pandas.DataFrame
        Index ``key``; ``status`` is ``"ok"``, ``"missing"``, ``"wrong size"``,
        ``"wrong hash"``, or ``"unverified"`` for a file whose hash neither the
        registry nor the record of its first download knows; ``bytes`` is its length
        on disk (missing if the file is).

    Raises
    ------
    UnknownKeyError
        If the registry has no such key.

    Examples
    --------
    >>> from skneuro.io import verify_files
    >>> table = verify_files(
    ...     ["neurolib/quantities_cascade.h5"], data_home="/nowhere"
    ... )
    >>> table["status"].to_list()
    ['missing']
    """
    import pandas as pd

    registry = as_registry(registry)
    home = _cache.get_data_home(data_home)
    rows = [registry[key] for key in (registry if keys is None else keys)]
    found = []
    for row in rows:
        with _cache.storage_errors(home, row.key):
            status = _cache.check_cached(home, row)
            path = _cache.cache_path(home, row.key)
            found.append((status, None if status == "missing" else path.stat().st_size))
    index = pd.Index([row.key for row in rows], name="key", dtype=object)
    table = pd.DataFrame(found, index=index, columns=["status", "bytes"])
    return table.astype({"bytes": "Int64"})


def clear_data_home(data_home=None, *, keys=None, registry=None) -> list[Path]:
    """Remove downloaded files, their conversions, unfinished downloads and records.

    Only files that skneuro put there, or that bear the name of one that it could, are
    removed, so a wrong ``data_home`` costs nothing.

    Parameters
    ----------
    data_home : str or path-like, default=None
        Cache folder; None is ``SKNEURO_DATA`` or the platform's cache folder.
    keys : iterable of str, default=None
        Keys to remove, None means all.
    registry : Registry, str or path-like, default=None
        Files that can be fetched; None is the list that comes with skneuro.

    Returns
    -------
    list of pathlib.Path
        The files that were removed.

    Raises
    ------
    UnknownKeyError
        If a key is neither in the registry nor recorded in the cache.
    CacheError
        If a file cannot be removed.

    Examples
    --------
    >>> from skneuro.io import clear_data_home
    >>> clear_data_home("/nowhere")
    []
    """
    registry = as_registry(registry)
    home = _cache.get_data_home(data_home)
    recorded = _cache.recorded_keys(home)
    if keys is None:
        for path in _cache.leftovers(home):
            with _removal_errors(path.name):
                path.unlink(missing_ok=True)
        with _removal_errors("a conversion"):
            _converted.remove_conversions(home)
        keys = dict.fromkeys([*recorded, *registry])
    else:
        keys = list(keys)
        for key in keys:
            if key not in recorded:
                registry[key]  # complains
    removed = []
    for key in keys:
        path = _cache.cache_path(home, key)
        part = _cache.partial_path(home, key)
        own = [part, _cache.state_path(part), _cache.record_path(home, key)]
        if not any(p.exists() for p in (path, *own)):
            continue
        with _cache.key_lock(home, key), _removal_errors(key):
            _converted.remove_conversions(home, [path])
            if path.is_file():
                path.unlink()
                removed.append(path)
            for p in own:
                p.unlink(missing_ok=True)
        _prune(home, path.parent)
    return removed


def _prune(home, folder):
    """Remove folders that became empty, up to the cache folder itself."""
    with contextlib.suppress(OSError):  # not empty
        while folder != home:
            folder.rmdir()
            folder = folder.parent


@contextlib.contextmanager
def _removal_errors(key):
    try:
        yield
    except OSError as exc:
        raise CacheError(
            f"{key} cannot be removed: {exc}. Ask the owner of the cache folder, or "
            "close the program that uses the file.",
            key=key,
        ) from exc
