"""The list of files that skneuro can fetch: key, address, hash, size, terms."""

import csv
import dataclasses
import difflib
import fnmatch
import functools
import importlib.resources
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from skneuro.exceptions import UnknownKeyError, UnsafeKeyError

_COLUMNS = ("key", "url", "hash", "bytes", "licence", "citation")
_HASH = re.compile(r"sha256:[0-9a-f]{64}|md5:[0-9a-f]{32}")
_UNSAFE_CHARACTERS = re.compile(r'[\x00-\x1f\x7f\\:*?"<>|\ud800-\udfff]')
# Names that Windows gives to devices, with any extension.
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def check_key(key):
    """Check that a key is a plain relative POSIX path.

    Parameters
    ----------
    key : str
        Key of a file, for example ``"neurolib/quantities_cascade.h5"``.

    Returns
    -------
    str
        The same key.

    Raises
    ------
    TypeError
        If the key is not a string.
    UnsafeKeyError
        If it could name a file outside the cache on some platform, or one of the
        files that the cache keeps for itself: absolute paths, drives, backslashes,
        control characters, and parts that are empty or begin or end with a dot.

    Examples
    --------
    >>> from skneuro.io import check_key
    >>> check_key("neurolib/quantities_cascade.h5")
    'neurolib/quantities_cascade.h5'
    """
    if not isinstance(key, str):
        raise TypeError(f"key is {type(key).__name__}, expected str; got {key!r}.")
    reason = None
    if bad := _UNSAFE_CHARACTERS.search(key):
        reason = f"it contains {bad.group()!r}"
    elif len(key) > 1000:
        reason = f"it has {len(key)} characters, more than 1000"
    else:
        for part in key.split("/"):
            if not part:
                reason = "it is absolute or has an empty part"
            elif part.startswith(".") or part.endswith((".", " ")):
                reason = (
                    f"its part {part!r} begins with a dot or ends in a dot or space"
                )
            elif _DEVICES.fullmatch(part):
                reason = f"its part {part!r} is a device name on Windows"
            elif len(part.encode()) > 200:
                reason = f"its part {part[:20]!r}... is longer than 200 bytes"
    if reason:
        raise UnsafeKeyError(
            f"key={key[:200]!r} is not a file of the cache: {reason}. Expected a "
            "relative path such as 'neurolib/quantities_cascade.h5'; see "
            "`python -m skneuro.datasets list`."
        )
    return key


@dataclasses.dataclass(frozen=True)
class RegistryRow:
    """One file that can be fetched.

    Parameters
    ----------
    key : str
        Relative POSIX path of the file in the cache and in mirrors.
    url : str
        Public address: ``https://``, ``http://`` or ``doi:10.x/y/file``.
    hash : str, default=""
        ``"sha256:..."`` or ``"md5:..."``; empty if nobody could know it yet, and
        then the file is *unverified*.
    bytes : int or None, default=None
        Length of the file, None if unknown.
    licence : str, default=""
        Licence or terms of use.
    citation : str, default=""
        What to cite.
    """

    key: str
    url: str
    hash: str = ""
    bytes: int | None = None
    licence: str = ""
    citation: str = ""

    def __post_init__(self):
        check_key(self.key)
        if not self.url.startswith(("https://", "http://", "doi:")):
            raise ValueError(
                f"url={self.url!r} of {self.key} has no known scheme; expected "
                "'https://...', 'http://...' or 'doi:10.x/y/file'."
            )
        if self.hash and not _HASH.fullmatch(self.hash):
            raise ValueError(
                f"hash={self.hash!r} of {self.key} is neither 'sha256:' and 64 nor "
                "'md5:' and 32 lower-case hexadecimal digits; leave it empty if "
                "unknown."
            )
        if self.bytes is not None and (
            not isinstance(self.bytes, int) or self.bytes < 0
        ):
            raise ValueError(
                f"bytes={self.bytes!r} of {self.key}; expected a whole number >= 0, "
                "or None if unknown."
            )

    @property
    def verified(self):
        """Whether the registry knows the hash of the file."""
        return bool(self.hash)


class Registry(Mapping):
    """Rows of files that can be fetched, by key.

    Parameters
    ----------
    rows : iterable of RegistryRow
        The files. Keys must differ by more than case, and no key may be a folder
        of another.

    Raises
    ------
    ValueError
        If two keys cannot lie in one folder together.

    Examples
    --------
    >>> from skneuro.io import load_registry
    >>> registry = load_registry()
    >>> len(registry.match("neurolib/datasets/gw"))
    15
    >>> registry["neurolib/quantities_cascade.h5"].verified
    True
    """

    def __init__(self, rows: Iterable[RegistryRow]):
        self._rows: dict[str, RegistryRow] = {}
        folded: dict[str, str] = {}
        for row in rows:
            if (other := folded.get(row.key.casefold())) is not None:
                raise ValueError(
                    f"keys {other!r} and {row.key!r} are the same file on file "
                    "systems that ignore case; rename one."
                )
            folded[row.key.casefold()] = row.key
            self._rows[row.key] = row
        for key in self._rows:
            parts = key.casefold().split("/")
            for i in range(1, len(parts)):
                if (folder := folded.get("/".join(parts[:i]))) is not None:
                    raise ValueError(
                        f"key {folder!r} is a file, but {key!r} needs it to be a "
                        "folder; rename one."
                    )

    def __getitem__(self, key: str) -> RegistryRow:
        check_key(key)
        try:
            return self._rows[key]
        except KeyError:
            raise UnknownKeyError(
                f"key={key!r} is not in the registry{self._suggest(key)}"
            ) from None

    def __contains__(self, key) -> bool:
        return key in self._rows

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __repr__(self) -> str:
        unverified = sum(not row.verified for row in self._rows.values())
        return f"<Registry of {len(self)} files, {unverified} of them unverified>"

    def _suggest(self, key):
        near = difflib.get_close_matches(key, self._rows, n=3, cutoff=0.6)
        hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else "."
        return f"{hint} `python -m skneuro.datasets list` shows all {len(self)} keys."

    def match(self, pattern: str) -> list[str]:
        """List the keys that fit a pattern.

        Parameters
        ----------
        pattern : str
            A key, a folder (everything under it), or a shell pattern in which
            ``*`` also crosses ``/``.

        Returns
        -------
        list of str
            Keys in the order of the registry, at least one.

        Raises
        ------
        UnknownKeyError
            If nothing fits; names the nearest keys.
        """
        if pattern in self._rows:
            return [pattern]
        if any(c in pattern for c in "*?["):
            keys = [key for key in self._rows if fnmatch.fnmatchcase(key, pattern)]
        else:
            folder = pattern.rstrip("/") + "/"
            keys = [key for key in self._rows if key.startswith(folder)]
        if not keys:
            raise UnknownKeyError(
                f"pattern={pattern!r} fits no key of the registry"
                f"{self._suggest(pattern)}"
            )
        return keys

    def to_frame(self):
        """Show the registry as a table.

        Returns
        -------
        pandas.DataFrame
            Index ``key``; columns url, hash, bytes (missing if unknown), licence,
            citation and verified.
        """
        import pandas as pd

        fields = _COLUMNS[1:]
        table = pd.DataFrame(
            [[getattr(row, name) for name in fields] for row in self._rows.values()],
            index=pd.Index(list(self._rows), name="key", dtype=object),
            columns=list(fields),
        ).astype({"bytes": "Int64"})
        table["verified"] = [row.verified for row in self._rows.values()]
        return table


def load_registry(path=None) -> Registry:
    """Load the registry of files that can be fetched.

    Parameters
    ----------
    path : str or path-like, default=None
        CSV file with the columns key, url, hash, bytes, licence, citation; None
        is the one that comes with skneuro.

    Returns
    -------
    Registry
        Rows by key.

    Raises
    ------
    ValueError
        If the columns differ or a row is not valid; names the line.

    Examples
    --------
    >>> from skneuro.io import load_registry
    >>> load_registry()["neurolib/quantities_cascade.h5"].url[:34]
    'https://raw.githubusercontent.com/'
    """
    return _builtin_registry() if path is None else _read_registry(Path(path))


@functools.cache
def _builtin_registry():
    return _read_registry(importlib.resources.files("skneuro.io") / "registry.csv")


def _read_registry(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        if tuple(reader.fieldnames or ()) != _COLUMNS:
            raise ValueError(
                f"{path} has the columns {reader.fieldnames}, expected "
                f"{list(_COLUMNS)}."
            )
        rows = []
        for cells in reader:
            try:
                if None in cells or None in cells.values():
                    raise ValueError(f"expected {len(_COLUMNS)} cells.")
                size = int(cells["bytes"]) if cells["bytes"] else None
                rows.append(RegistryRow(**{**cells, "bytes": size}))
            except ValueError as exc:
                raise ValueError(f"{path}, line {reader.line_num}: {exc}") from exc
    return Registry(rows)
