"""Fetch files by key: into the cache, checked, once."""

import os
from pathlib import Path

from skneuro.exceptions import NotCachedError, UnverifiedFileError
from skneuro.io import _cache
from skneuro.io._pooch import Fetcher, adopt
from skneuro.io._registry import Registry, load_registry


def fetch_file(
    key,
    *,
    data_home=None,
    download_if_missing=True,
    strict=False,
    progress=False,
    registry=None,
) -> Path:
    """Bring one file into the cache, if it is not there, and check it.

    A file that is in the cache with the right hash costs one reading. Otherwise it
    comes from the mirror, where one is set and holds it, or from its public address;
    a broken download goes on where it stopped. The file appears in the cache whole
    and checked, or not at all, and two processes fetch it once.

    Parameters
    ----------
    key : str
        Key of the file in the registry, for example
        ``"neurolib/quantities_cascade.h5"``.
    data_home : str or path-like, default=None
        Cache folder; None is ``SKNEURO_DATA`` or the platform's cache folder.
    download_if_missing : bool, default=True
        If False, raise instead of fetching a file that is not in the cache.
    strict : bool, default=False
        If True, refuse a file whose hash the registry does not know.
    progress : bool, default=False
        Whether to show a progress bar of bytes.
    registry : Registry, str or path-like, default=None
        Files that can be fetched, or the CSV file that lists them; None is the list
        that comes with skneuro.

    Returns
    -------
    pathlib.Path
        The file in the cache. Treat it as read-only: it is checked at every fetch.

    Raises
    ------
    UnknownKeyError
        If the registry has no such key; names the nearest ones.
    UnsafeKeyError
        If the key is not a plain relative path.
    NotCachedError
        If the file is missing and ``download_if_missing`` is False.
    UnverifiedFileError
        If ``strict`` is True and the registry does not know the hash.
    DownloadError
        If the file cannot be had: no connection or offline mode (`OfflineError`),
        an HTTP error, a web page or a file of another length
        (`UnexpectedResponseError`), a body that broke off
        (`IncompleteDownloadError`), other content (`HashMismatchError`), a full or
        read-only cache (`CacheError`).

    Warns
    -----
    UnverifiedDownloadWarning
        At the first download of a file whose hash the registry does not know. Its
        hash is recorded then, and from then on expected.

    See Also
    --------
    fetch_files : Fetch many files with one progress bar.
    verify_files : Check what is in the cache.

    Notes
    -----
    Environment variables: ``SKNEURO_DATA``, the cache folder; ``SKNEURO_MIRROR``, a
    folder or an http(s) address that holds files under the same keys and is asked
    first (files are copied from it, so it may come and go); ``SKNEURO_OFFLINE=1``,
    use no network; ``SKNEURO_TIMEOUT``, longest wait for a server, in s (30).

    Examples
    --------
    >>> import tempfile
    >>> from skneuro.io import fetch_file
    >>> with tempfile.TemporaryDirectory() as home:
    ...     fetch_file(
    ...         "neurolib/quantities_cascade.h5",
    ...         data_home=home,
    ...         download_if_missing=False,
    ...     )
    Traceback (most recent call last):
        ...
    skneuro.exceptions.NotCachedError: neurolib/quantities_cascade.h5 is not in ...
    """
    return fetch_files(
        [key],
        data_home=data_home,
        download_if_missing=download_if_missing,
        strict=strict,
        progress=progress,
        registry=registry,
    )[0]


def fetch_files(
    keys,
    *,
    data_home=None,
    download_if_missing=True,
    strict=False,
    progress=False,
    registry=None,
) -> list[Path]:
    """Bring files into the cache; see `fetch_file` for what is checked.

    All keys are looked up before the first download, the number of files and bytes to
    come is announced (logger ``skneuro``, and the progress bar), and files that have
    arrived stay when a later one fails.

    Parameters
    ----------
    keys : iterable of str
        Keys of the registry; `Registry.match` finds those of a folder.
    data_home : str or path-like, default=None
        Cache folder; None is ``SKNEURO_DATA`` or the platform's cache folder.
    download_if_missing : bool, default=True
        If False, raise instead of fetching files that are not in the cache.
    strict : bool, default=False
        If True, refuse files whose hash the registry does not know.
    progress : bool, default=False
        Whether to show one progress bar of bytes for all files.
    registry : Registry, str or path-like, default=None
        Files that can be fetched; None is the list that comes with skneuro.

    Returns
    -------
    list of pathlib.Path
        The files in the cache, in the order of ``keys``.

    Raises
    ------
    DownloadError
        And its kinds, `UnknownKeyError` and `UnsafeKeyError`, as `fetch_file` does.

    Examples
    --------
    >>> from skneuro.io import fetch_files
    >>> fetch_files([])
    []
    """
    if isinstance(keys, (str, os.PathLike)):
        raise TypeError(
            f"keys={keys!r} is one key; fetch_files expects several: pass [key], or "
            "call fetch_file."
        )
    registry = as_registry(registry)
    rows = [registry[key] for key in keys]
    home = _cache.get_data_home(data_home)
    if strict and (trusted := [row.key for row in rows if not row.verified]):
        raise UnverifiedFileError(
            f"strict=True, but the registry knows no hash of {_listed(trusted)}. Pass "
            "strict=False to take the first download on trust and record its hash.",
            key=trusted[0],
        )
    todo = []
    for row in dict.fromkeys(rows):
        with _cache.storage_errors(home, row.key):
            state = _cache.check_cached(home, row)
        if state == "unverified":
            adopt(home, row)
        elif state != "ok":
            todo.append(row)
    if todo and not download_if_missing:
        names = [row.key for row in todo]
        raise NotCachedError(
            f"{_listed(names)} is not in the cache {home} (or not as the registry "
            "says), and download_if_missing is False. Pass download_if_missing=True, "
            f"or run `python -m skneuro.datasets fetch {names[0]}`.",
            key=names[0],
        )
    if todo:
        Fetcher(home, progress).fetch(todo)
    return [_cache.cache_path(home, row.key) for row in rows]


def as_registry(registry) -> Registry:
    """Take a registry, its path, or None for the one that comes with skneuro."""
    if isinstance(registry, Registry):
        return registry
    if registry is None or isinstance(registry, (str, os.PathLike)):
        return load_registry(registry)
    raise TypeError(
        f"registry is {type(registry).__name__}; expected a Registry, the path of a "
        "CSV file, or None for the one that comes with skneuro."
    )


def _listed(keys):
    return ", ".join(keys[:3]) + (f" and {len(keys) - 3} more" if len(keys) > 3 else "")
