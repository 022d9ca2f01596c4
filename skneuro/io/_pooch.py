"""The one downloader: mirror, HTTP and DOIs into the cache, checked with Pooch."""

import contextlib
import datetime
import logging
import math
import os
import sys
import urllib.parse
import warnings
from pathlib import Path
from typing import ClassVar

from skneuro.exceptions import (
    CacheError,
    DownloadError,
    HashMismatchError,
    OfflineError,
    UnexpectedResponseError,
    UnverifiedDownloadWarning,
)
from skneuro.io import _answers, _cache
from skneuro.io._http import USER_AGENT, ResumingDownloader, Served, open_session
from skneuro.io._registry import RegistryRow
from skneuro.utils import progress_bar

logger = logging.getLogger("skneuro")

_WEB = ("http", "https")


def known_bytes(rows) -> int:
    """Sum of the lengths that are known."""
    return sum(row.bytes for row in rows if row.bytes is not None)


def describe_size(rows) -> str:
    """Say how many files and bytes are to come: ``"3 files, 5.2 MB"``."""
    text = f"{len(rows)} file{'s' * (len(rows) != 1)}"
    n_unknown = sum(row.bytes is None for row in rows)
    if rows and n_unknown == len(rows):
        return f"{text} of unknown size"
    text += f", {format_bytes(known_bytes(rows))}"
    return text + f" and {n_unknown} of unknown size" * (n_unknown > 0)


def format_bytes(n_bytes) -> str:
    """Write a number of bytes for people, in powers of 1000."""
    if n_bytes < 1000:
        return f"{n_bytes} B"
    power = min(int(math.log10(n_bytes) // 3), 4)
    return f"{n_bytes / 1000**power:.1f} {('kB', 'MB', 'GB', 'TB')[power - 1]}"


def _setting(name, default, parse, expected):
    text = os.environ.get(name, "").strip()
    if not text:
        return default
    try:
        return parse(text)
    except (ValueError, KeyError):
        raise ValueError(f"{name}={text!r}; expected {expected}.") from None


def _parse_flag(text):
    words = {"1": True, "true": True, "yes": True, "on": True}
    words |= {"0": False, "false": False, "no": False, "off": False}
    return words[text.lower()]


def _parse_seconds(text):
    seconds = float(text)
    if not 0 < seconds < float("inf"):
        raise ValueError
    return seconds


def _http_address(text):
    """Return an http(s) address without its last slashes, None for anything else."""
    try:
        parts = urllib.parse.urlsplit(text)
        complete = parts.hostname and parts.port != 0
    except ValueError:
        return None
    return text.rstrip("/") if parts.scheme in _WEB and complete else None


def warn_user(message, category):
    """Warn at the line outside skneuro (and scikit-learn) that led here."""
    level, frame, inside = 1, sys._getframe(), ("skneuro.", "sklearn.")
    while frame.f_back and frame.f_globals.get("__name__", "").startswith(inside):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


def _warn(row):
    warn_user(
        f"the registry knows no hash of {row.key}: its content is taken on trust and "
        "its hash recorded, so that a later change is noticed. Pass strict=True to "
        "refuse such files.",
        UnverifiedDownloadWarning,
    )


def _record(home, row, path, served, sha256=None):
    sha256 = sha256 or _cache.file_hash(path)
    _cache.write_record(
        home,
        _cache.Record(
            key=row.key,
            url=served.url,
            sha256=sha256.removeprefix("sha256:"),
            bytes=path.stat().st_size,
            date=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            etag=served.etag,
            last_modified=served.last_modified,
        ),
    )


def adopt(home, row):
    """Take a cached file of unknown hash on trust: warn, and record its hash."""
    _warn(row)
    path = _cache.cache_path(home, row.key)
    try:
        with _cache.key_lock(home, row.key), _cache.storage_errors(home, row.key):
            if _cache.read_record(home, row.key) is None:
                _record(home, row, path, Served(str(path)))
    except CacheError as exc:  # a read-only cache can be used, and warns every time
        logger.info("the hash of %s stays unrecorded: %s", row.key, exc)


class Fetcher:
    """One call of `fetch_files`: its session, its progress bar, its settings."""

    # Keyword arguments of ResumingDownloader: patience with servers.
    patience: ClassVar[dict] = {}

    def __init__(self, home, progress):
        self.home = home
        self.progress = progress
        self.offline = _setting("SKNEURO_OFFLINE", False, _parse_flag, "1 or 0")
        self.timeout = _setting(
            "SKNEURO_TIMEOUT", 30.0, _parse_seconds, "a number of seconds > 0"
        )
        self.mirror = os.environ.get("SKNEURO_MIRROR", "").strip()
        self.archives = {}
        self.mirror_url = _http_address(self.mirror)
        self.mirror_folder = None
        if self.mirror and not self.mirror_url:
            self.mirror_folder = Path(self.mirror).expanduser().absolute()
            if not self.mirror_folder.is_dir():
                raise ValueError(
                    f"SKNEURO_MIRROR={self.mirror!r} is neither a folder nor an "
                    "http(s) address; correct or unset it."
                )

    def fetch(self, rows):
        size = describe_size(rows)
        logger.info("fetching %s into %s", size, self.home)
        bar = progress_bar(
            known_bytes(rows) or None,
            desc=f"fetching {size}",
            unit="B",
            enabled=self.progress,
            unit_scale=True,
        )
        with bar as self.bar, open_session() as self.session:
            for row in rows:
                self.fetch_one(row)

    def fetch_one(self, row: RegistryRow):
        target = _cache.cache_path(self.home, row.key)
        with _cache.key_lock(self.home, row.key):
            with _cache.storage_errors(self.home, row.key):
                state = _cache.check_cached(self.home, row)
                expected = _cache.expected_hash(self.home, row)
            if state == "ok":  # another process was faster
                self.bar.update(row.bytes or 0)
                return
            if not expected:
                _warn(row)
            if state == "unverified":  # somebody put it there in this moment
                with _cache.storage_errors(self.home, row.key):
                    _record(self.home, row, target, Served(str(target)))
                return
            if state != "missing":
                logger.warning("%s: %s, fetching it again", target, state)
            part = _cache.partial_path(self.home, row.key)
            with _cache.storage_errors(self.home, row.key):
                part.parent.mkdir(parents=True, exist_ok=True)
            served, sha256 = self.obtain(row, part, expected)
            with _cache.storage_errors(self.home, row.key):
                _record(self.home, row, part, served, sha256)
                _cache.install(part, target)
                _cache.discard_partial(part)

    # -- where a file comes from ------------------------------------------------

    def obtain(self, row, part, expected):
        """Bring a file to ``part`` and check it; return its origin and sha256.

        A resumed download that is wrong is fetched once more from its beginning.
        """
        may_repeat = True
        while True:
            served = self.transfer(row, part, bool(expected))
            try:
                return served, self.check(row, part, served, expected)
            except HashMismatchError:
                with _cache.storage_errors(self.home, row.key):
                    size = part.stat().st_size
                    _cache.discard_partial(part)
                self.bar.update(-size)
                if not (served.resumed and may_repeat):
                    raise
            may_repeat = False
            logger.info("%s: the resumed download is wrong; starting over", row.key)

    def transfer(self, row, part, verified) -> Served:
        if self.mirror_folder is not None:
            if (served := self.copy(row, part)) is not None:
                return served
        if self.offline:
            raise OfflineError(
                f"{row.key} is not in the cache {self.home}"
                + (f" nor in the mirror {self.mirror}" if self.mirror_folder else "")
                + ", and SKNEURO_OFFLINE is set. Unset it, set SKNEURO_MIRROR to a "
                "folder that holds the file, or on a machine with a network run "
                f"`python -m skneuro.datasets fetch {row.key}` and copy its cache.",
                key=row.key,
                url=row.url,
            )
        refusal = None
        if self.mirror_folder is not None:
            refusal = f"{self.mirror_folder} has no file {row.key}"
        if self.mirror_url is not None:
            try:
                address = f"{self.mirror_url}/{urllib.parse.quote(row.key)}"
                return self.download(row, address, part, verified)
            except UnexpectedResponseError as exc:
                if exc.status not in (403, 404, 410):  # stores say 403 of what is not
                    raise
                refusal = exc
                logger.info("%s is not in the mirror %s", row.key, self.mirror_url)
        try:
            return self.download(row, self.resolve(row), part, verified)
        except DownloadError as exc:
            if refusal is not None:
                exc.add_note(f"The mirror was asked before: {refusal}")
            raise

    def resolve(self, row):
        """Turn a ``doi:`` address into an HTTP address, as Pooch's downloader does."""
        if not row.url.startswith("doi:"):
            return row.url
        import requests
        from pooch.downloaders import doi_to_repository
        from pooch.utils import parse_url

        parts = parse_url(row.url)
        doi, name = parts["netloc"], parts["path"].lstrip("/")
        try:
            if doi not in self.archives:
                self.archives[doi] = doi_to_repository(
                    doi, timeout=self.timeout, headers=USER_AGENT
                )
            return self.archives[doi].download_url(name)
        except (requests.ConnectionError, requests.Timeout) as exc:
            raise OfflineError(
                f"{row.key}: the archive of {row.url} does not answer ({exc}). Check "
                "the connection, or set SKNEURO_MIRROR to a folder that holds it.",
                key=row.key,
                url=row.url,
            ) from exc
        except (requests.RequestException, ValueError, KeyError) as exc:
            raise UnexpectedResponseError(
                f"{row.key}: {row.url} does not lead to a file ({exc}). Update "
                "skneuro, or set SKNEURO_MIRROR to a folder that holds the file.",
                key=row.key,
                url=row.url,
            ) from exc

    def download(self, row, url, part, verified) -> Served:
        return ResumingDownloader(
            key=row.key,
            home=self.home,
            length=row.bytes,
            verified=verified,
            session=self.session,
            on_progress=self.bar.update,
            on_length=self.lengthen if row.bytes is None else None,
            timeout=self.timeout,
            **self.patience,
        )(url, part)

    def lengthen(self, n_bytes):
        """Count a file of unknown length in, once its server names the length."""
        self.bar.total = (self.bar.total or 0) + n_bytes
        self.bar.refresh()

    def copy(self, row, part) -> Served | None:
        """Copy a file of the mirror folder; None if it is not there."""
        source = self.mirror_folder.joinpath(*row.key.split("/"))
        with self.mirror_errors(row, source):
            try:
                file = open(source, "rb", buffering=0)
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                logger.info("%s is not in the mirror %s", row.key, self.mirror_folder)
                return None
        with file:
            with _cache.storage_errors(self.home, row.key):
                _cache.discard_partial(part)
                copy = _cache.open_partial(part)
            try:
                with self.mirror_errors(row, source):
                    self.copy_chunks(row, file, copy)
            except BaseException:
                _cache.discard_partial(part)
                raise
            finally:
                os.close(copy)
        return Served(str(source))

    def copy_chunks(self, row, file, copy):
        size = os.fstat(file.fileno()).st_size
        if row.bytes not in (None, size):
            raise UnexpectedResponseError(
                f"{row.key}: the mirror's file {file.name} has {size} bytes, expected "
                f"{row.bytes}. Copy it anew into the mirror, or unset SKNEURO_MIRROR.",
                key=row.key,
                url=str(file.name),
            )
        while chunk := file.read(1 << 20):
            with _cache.storage_errors(self.home, row.key):
                _cache.write_all(copy, chunk)
            self.bar.update(len(chunk))

    @contextlib.contextmanager
    def mirror_errors(self, row, source):
        """Turn a failed reading of the mirror into an error that says what to do."""
        try:
            yield
        except DownloadError:
            raise
        except OSError as exc:
            raise DownloadError(
                f"{row.key}: the mirror's file {source} cannot be read: {exc}. Correct "
                "its permissions, or unset SKNEURO_MIRROR.",
                key=row.key,
                url=str(source),
            ) from exc

    # -- what it must be --------------------------------------------------------

    def check(self, row, part, served, expected):
        """Compare a complete file with what is known of it; return its sha256."""
        with _cache.storage_errors(self.home, row.key):
            found = sha256 = _cache.file_hash(part)
            if expected.startswith("md5:"):
                found = _cache.file_hash(part, expected)
            is_page = _answers.looks_like_page(part)
            if expected:
                fault = self.mismatch(row, expected, found) if found != expected else ""
            else:
                fault = self.distrust(row, part, served, is_page)
        if fault:
            hint = " It begins as a web page does." if is_page else ""
            raise HashMismatchError(
                f"{row.key} from {served.url} {fault}{hint}",
                key=row.key,
                url=served.url,
            )
        if not expected:
            logger.info("%s: recorded %s", row.key, sha256)
        return sha256

    def distrust(self, row, part, served, is_page):
        """Say what is wrong with a file of unknown hash; empty if nothing is seen."""
        if is_page and not _answers.may_be_page(row.key):
            return (
                "is not the file and was not kept. Open the address in a browser, or "
                "set SKNEURO_MIRROR to a folder that holds the file."
            )
        said = f"md5:{served.md5}"
        if served.md5 and (found := _cache.file_hash(part, said)) != said:
            return (
                f"has {found}, but the server says {said}: it was damaged on "
                "the way and was not kept. Try again."
            )
        return ""

    def mismatch(self, row, expected, found):
        if row.verified:
            return (
                f"has {found}, but the registry expects {expected}; it was not kept. "
                "It was damaged on the way or has changed at its source: try again, "
                "and if it repeats, update skneuro or set SKNEURO_MIRROR to a folder "
                "with the right file."
            )
        record = _cache.read_record(self.home, row.key)
        return (
            f"has {found}, but {expected} was recorded when it was first fetched "
            f"({record.date}): it has changed at its source, and the new file "
            "was not kept. If you trust it, run "
            f"`python -m skneuro.datasets clear {row.key}` and fetch again."
        )
