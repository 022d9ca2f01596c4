"""The cache folder: where files lie, how they get there whole, who may write."""

import contextlib
import dataclasses
import errno
import hashlib
import json
import logging
import os
import uuid
from pathlib import Path

import pooch

from skneuro.exceptions import CacheError, DownloadError
from skneuro.io._registry import RegistryRow, check_key

logger = logging.getLogger("skneuro")

# Locks, unfinished downloads and records lie here; no key can begin with a dot.
_PRIVATE = ".skneuro"
_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
_FORBIDDEN = {errno.EROFS, errno.EACCES, errno.EPERM}


def get_data_home(data_home=None) -> Path:
    """Say where downloaded files are kept; creates nothing.

    Parameters
    ----------
    data_home : str or path-like, default=None
        The cache folder. None is the environment variable ``SKNEURO_DATA``, and
        without it the platform's cache folder (``~/.cache/skneuro`` on Linux).

    Returns
    -------
    pathlib.Path
        Absolute path.

    Raises
    ------
    ValueError
        If ``data_home`` is an empty string.

    Examples
    --------
    >>> from skneuro.io import get_data_home
    >>> get_data_home("/data/brains").as_posix().endswith("/data/brains")
    True
    """
    if data_home is None:
        data_home = os.environ.get("SKNEURO_DATA") or pooch.os_cache("skneuro")
    elif not os.fspath(data_home):
        raise ValueError(
            "data_home is an empty string; pass a folder, or None for SKNEURO_DATA "
            "or the platform's cache folder."
        )
    return Path(data_home).expanduser().absolute()


def _inside(home, parts):
    """Join a path below home, refusing to pass through symbolic links."""
    path = home
    for part in parts:
        path = path / part
        if path.is_symlink():
            raise CacheError(
                f"{path} is a symbolic link; skneuro writes only inside its cache "
                f"{home}. Remove the link, or point SKNEURO_DATA at the folder that "
                "shall hold the whole cache."
            )
    return path


def cache_path(home, key) -> Path:
    """Path of a key in the cache; see `check_key` for what is refused."""
    return _inside(home, check_key(key).split("/"))


def _private_path(home, kind, key, suffix) -> Path:
    """Path of a file that the cache keeps for itself about one key."""
    digest = hashlib.sha256(check_key(key).encode()).hexdigest()[:24]
    name = f"{key.rsplit('/', 1)[-1][:40]}-{digest}{suffix}"
    return _inside(home, (_PRIVATE, kind, name))


def private_folder(home, kind) -> Path:
    """Folder of the files of one kind that the cache keeps for itself."""
    return _inside(home, (_PRIVATE, kind))


def partial_path(home, key) -> Path:
    """Path of the unfinished download of a key, shared by all processes."""
    return _private_path(home, "partial", key, ".part")


def state_path(part) -> Path:
    """Path of the note on which version of a file an unfinished download is of."""
    return part.with_name(part.name + ".json")


def discard_partial(part):
    """Remove an unfinished download and the note beside it."""
    part.unlink(missing_ok=True)
    state_path(part).unlink(missing_ok=True)


@contextlib.contextmanager
def storage_errors(home, key):
    """Turn a failed write into an error that says what to do."""
    try:
        yield
    except DownloadError:
        raise
    except OSError as exc:
        what = f"{key} cannot be kept in the cache {home}: {exc}."
        if exc.errno in _FULL:
            way_out = (
                "Free space there (`python -m skneuro.datasets clear KEY` removes "
                "files), or set SKNEURO_DATA (or data_home=) to a larger disk."
            )
        elif exc.errno in _FORBIDDEN:
            way_out = (
                "Set SKNEURO_DATA (or data_home=) to a folder that you may write, or "
                "ask its owner to run "
                f"`python -m skneuro.datasets fetch {key}`."
            )
        else:
            way_out = "Set SKNEURO_DATA (or data_home=) to a working folder."
        raise CacheError(f"{what} {way_out}", key=key) from exc


@contextlib.contextmanager
def key_lock(home, key):
    """Hold the lock of one key, so that only one process downloads it."""
    from filelock import FileLock, Timeout

    path = _private_path(home, "locks", key, ".lock")
    with storage_errors(home, key):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path, mode=0o664, thread_local=False)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            logger.info("waiting for another process that fetches %s", key)
            lock.acquire()
        except NotImplementedError as exc:
            raise CacheError(
                f"the file system of the cache {home} cannot lock files ({exc}); set "
                "SKNEURO_DATA (or data_home=) to a folder on another one.",
                key=key,
            ) from exc
    try:
        yield
    finally:
        lock.release()


def open_partial(part) -> int:
    """Open an unfinished download for writing at its end; a file descriptor."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    return os.open(part, flags, 0o666)


def write_all(fd, data):
    """Write all of some bytes to a file descriptor."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def sync_folder(folder):
    """Make renames inside a folder survive a power cut, where the system can."""
    if os.name != "posix":
        return
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    except OSError as exc:  # some network file systems cannot sync folders
        if exc.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(fd)


def install(part, target):
    """Move a complete file to its place: it appears there whole or not at all."""
    fd = os.open(part, os.O_RDWR)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(part, target)
    sync_folder(target.parent)


def write_text(path, text):
    """Write a small file atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{uuid.uuid4().hex}.tmp")
    try:
        with open(temporary, "x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@dataclasses.dataclass(frozen=True)
class Record:
    """What was downloaded, kept as a small JSON file beside the cache.

    For an unverified file the recorded hash is from then on the one that is expected.
    """

    key: str
    url: str
    sha256: str
    bytes: int
    date: str
    etag: str | None = None
    last_modified: str | None = None


def record_path(home, key) -> Path:
    """Path of the record of a key."""
    return _private_path(home, "records", key, ".json")


def read_record(home, key) -> Record | None:
    """Read the record of a key, None where there is none."""
    path = record_path(home, key)
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        names = [field.name for field in dataclasses.fields(Record)]
        return Record(**{name: found[name] for name in names})
    except (FileNotFoundError, NotADirectoryError):  # the cache may even be a file
        return None
    except (ValueError, TypeError, KeyError) as exc:
        raise CacheError(
            f"the record {path} of {key} is damaged ({exc}); remove it, and the file "
            "is checked anew.",
            key=key,
        ) from exc


def write_record(home, record: Record):
    """Write the record of a key."""
    text = json.dumps(dataclasses.asdict(record), indent=1) + "\n"
    write_text(record_path(home, record.key), text)


def leftovers(home) -> list[Path]:
    """Small files that processes left when they were killed while writing them."""
    return sorted(_inside(home, (_PRIVATE,)).glob("*/*.tmp"))


def recorded_keys(home) -> list[str]:
    """Keys of all files that were ever downloaded here and not cleared."""
    folder = _inside(home, (_PRIVATE, "records"))
    keys = []
    for path in sorted(folder.glob("*.json")):
        with contextlib.suppress(ValueError, KeyError, TypeError):
            keys.append(check_key(json.loads(path.read_text(encoding="utf-8"))["key"]))
    return keys


def expected_hash(home, row: RegistryRow) -> str:
    """Hash that a file must have: the registry's, else the recorded, else ``""``."""
    if row.verified:
        return row.hash
    record = read_record(home, row.key)
    return f"sha256:{record.sha256}" if record else ""


def file_hash(path, expected="sha256:") -> str:
    """Hash a file with the algorithm of another hash."""
    algorithm = expected.split(":")[0]
    return f"{algorithm}:{pooch.file_hash(path, alg=algorithm)}"


def check_cached(home, row: RegistryRow) -> str:
    """Compare a cached file with what is known of it.

    Returns
    -------
    {"ok", "missing", "wrong size", "wrong hash", "unverified"}
        ``"unverified"``: the file is there, and neither registry nor record knows
        its hash.
    """
    path = cache_path(home, row.key)
    if not path.is_file():
        return "missing"
    if row.bytes is not None and path.stat().st_size != row.bytes:
        return "wrong size"
    expected = expected_hash(home, row)
    if not expected:
        return "unverified"
    return "ok" if file_hash(path, expected) == expected else "wrong hash"
