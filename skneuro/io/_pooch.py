"""The one downloader: mirror, HTTP and DOIs into the cache, checked with Pooch."""

import datetime
import logging
import math
import os
import sys
import urllib.parse
import warnings
from pathlib import Path

from skneuro.exceptions import (
    CacheError,
    DownloadError,
    HashMismatchError,
    OfflineError,
    UnexpectedResponseError,
    UnverifiedDownloadWarning,
)
from skneuro.io import _cache, _headers
from skneuro.io._http import ResumingDownloader, Served, open_session
from skneuro.io._registry import RegistryRow
from skneuro.utils import progress_bar

logger = logging.getLogger("skneuro")


def total_bytes(rows):
    """Sum of the lengths, and the number of rows of unknown length."""
    sizes = [row.bytes for row in rows]
    return sum(s for s in sizes if s is not None), sizes.count(None)


def describe_size(rows) -> str:
    """Say how many files and bytes are to come: ``"3 files, 5.2 MB"``."""
    rows = list(rows)
    known, n_unknown = total_bytes(rows)
    text = f"{len(rows)} file{'s' * (len(rows) != 1)}"
    if n_unknown < len(rows):
        text += f", {format_bytes(known)}"
    if n_unknown:
        text += (
            f"{' and' if n_unknown < len(rows) else ','} {n_unknown} of unknown size"
        )
    return text


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


def _warn(message):
    """Warn at the line outside skneuro.io that asked for the file."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").startswith("skneuro."):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, UnverifiedDownloadWarning, stacklevel=level - 1)


class Fetcher:
    """One call of `fetch_files`: its session, its progress bar, its settings."""

    # Keyword arguments of ResumingDownloader: patience with servers.
    patience: dict = {}  # noqa: RUF012

    def __init__(self, home, progress):
        self.home = home
        self.progress = progress
        self.offline = _setting("SKNEURO_OFFLINE", False, _parse_flag, "1 or 0")
        self.timeout = _setting(
            "SKNEURO_TIMEOUT", 30.0, _parse_seconds, "a number of seconds > 0"
        )
        self.mirror = os.environ.get("SKNEURO_MIRROR", "").strip()
        self.archives = {}
        is_address = self.mirror.startswith(("http://", "https://"))
        self.mirror_url = self.mirror.rstrip("/") if is_address else None
        self.mirror_folder = None
        if self.mirror and not is_address:
            self.mirror_folder = Path(self.mirror).expanduser().absolute()
            if not self.mirror_folder.is_dir():
                raise ValueError(
                    f"SKNEURO_MIRROR={self.mirror!r} is neither a folder nor an "
                    "http(s) address; correct or unset it."
                )

    def fetch(self, rows):
        size = describe_size(rows)
        logger.info("fetching %s into %s", size, self.home)
        known, n_unknown = total_bytes(rows)
        bar = progress_bar(
            known if n_unknown == 0 else None,
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
                _warn(
                    f"the registry knows no hash of {row.key}: its content is taken on "
                    "trust and its hash recorded, so that a later change is noticed. "
                    "Pass strict=True to refuse such files."
                )
            if state == "unverified":  # somebody put it there
                self.adopt(row, target)
                return
            if state != "missing":
                logger.warning("%s: %s, fetching it again", target, state)
            part = _cache.partial_path(self.home, row.key)
            with _cache.storage_errors(self.home, row.key):
                part.parent.mkdir(parents=True, exist_ok=True)
            served, sha256 = self.obtain(row, part, expected)
            with _cache.storage_errors(self.home, row.key):
                self.record(row, part, served, sha256)
                _cache.install(part, target)
                part.with_name(part.name + ".json").unlink(missing_ok=True)

    def adopt(self, row, target):
        """Record a file of unknown hash that is already there."""
        self.bar.update(row.bytes or 0)
        try:
            with _cache.storage_errors(self.home, row.key):
                sha256 = _cache.file_hash(target).removeprefix("sha256:")
                self.record(row, target, Served(str(target)), sha256)
        except CacheError as exc:
            logger.info("%s stays unrecorded: %s", row.key, exc)

    def record(self, row, path, served, sha256):
        _cache.write_record(
            self.home,
            _cache.Record(
                key=row.key,
                url=served.url,
                sha256=sha256 or _cache.file_hash(path).removeprefix("sha256:"),
                bytes=path.stat().st_size,
                date=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
                etag=served.etag,
                last_modified=served.last_modified,
            ),
        )

    # -- where a file comes from ------------------------------------------------

    def obtain(self, row, part, expected):
        """Bring a file to ``part`` and check it; return its origin and sha256."""
        while True:
            served = self.transfer(row, part, bool(expected))
            try:
                return served, self.check(row, part, served, expected)
            except HashMismatchError:
                with _cache.storage_errors(self.home, row.key):
                    size = part.stat().st_size
                    part.unlink()
                self.bar.update(-size)
                if not served.resumed:
                    raise
            logger.info("%s: the resumed download is wrong; starting over", row.key)

    def transfer(self, row, part, verified) -> Served:
        if self.mirror_folder is not None:
            source = self.mirror_folder.joinpath(*row.key.split("/"))
            if source.is_file():
                return self.copy(row, source, part)
            logger.info("%s is not in the mirror %s", row.key, self.mirror_folder)
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
        if self.mirror_url is not None:
            try:
                address = f"{self.mirror_url}/{urllib.parse.quote(row.key)}"
                return self.download(row, address, part, verified)
            except UnexpectedResponseError as exc:
                if exc.status not in (404, 410):
                    raise
            logger.info("%s is not in the mirror %s", row.key, self.mirror_url)
        return self.download(row, self.resolve(row), part, verified)

    def resolve(self, row):
        """Turn a ``doi:`` address into an HTTP address, as Pooch's downloader does."""
        if not row.url.startswith("doi:"):
            return row.url
        import requests
        from pooch.downloaders import REQUESTS_HEADERS, doi_to_repository

        doi, _, name = row.url.removeprefix("doi:").rpartition("/")
        try:
            if doi not in self.archives:
                self.archives[doi] = doi_to_repository(
                    doi, timeout=self.timeout, headers=REQUESTS_HEADERS
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
            timeout=self.timeout,
            **self.patience,
        )(url, part)

    def copy(self, row, source, part) -> Served:
        """Copy a file of the mirror folder, which stays as it is."""
        with _cache.storage_errors(self.home, row.key):
            part.unlink(missing_ok=True)
            copy = open(part, "xb", buffering=0)
        try:
            with copy:
                size = self.copy_chunks(row, source, copy)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        return Served(str(source), length=size)

    def copy_chunks(self, row, source, copy):
        size = 0
        try:
            with open(source, "rb", buffering=0) as file:
                announced = os.fstat(file.fileno()).st_size
                if row.bytes not in (None, announced):
                    raise UnexpectedResponseError(
                        f"{row.key}: the mirror's file {source} has {announced} bytes, "
                        f"expected {row.bytes}. Copy it anew into the mirror, or unset "
                        "SKNEURO_MIRROR.",
                        key=row.key,
                        url=str(source),
                    )
                while chunk := file.read(1 << 20):
                    with _cache.storage_errors(self.home, row.key):
                        _cache.write_all(copy.fileno(), chunk)
                    size += len(chunk)
                    self.bar.update(len(chunk))
        except DownloadError:
            raise
        except OSError as exc:
            raise DownloadError(
                f"{row.key}: the mirror's file {source} cannot be read: {exc}. Correct "
                "its permissions, or unset SKNEURO_MIRROR.",
                key=row.key,
                url=str(source),
            ) from exc
        return size

    # -- what it must be --------------------------------------------------------

    def check(self, row, part, served, expected):
        """Compare a complete file with what is known of it; return its sha256."""
        with _cache.storage_errors(self.home, row.key):
            found = sha256 = _cache.file_hash(part)
            if expected.startswith("md5:"):
                found = _cache.file_hash(part, expected)
            is_page = _headers.looks_like_page(part)
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
        return sha256.removeprefix("sha256:")

    def distrust(self, row, part, served, is_page):
        """Say what is wrong with a file of unknown hash; empty if nothing is seen."""
        if is_page and not row.key.lower().endswith((".html", ".htm")):
            return (
                "is not the file and was removed. Open the address in a browser, or "
                "set SKNEURO_MIRROR to a folder that holds the file."
            )
        if (
            served.md5
            and (found := _cache.file_hash(part, "md5:")) != f"md5:{served.md5}"
        ):
            return (
                f"has {found}, but the server says md5:{served.md5}: it was damaged on "
                "the way and removed. Try again."
            )
        return ""

    def mismatch(self, row, expected, found):
        if row.verified:
            return (
                f"has {found}, but the registry expects {expected}; the file was "
                "removed. It was damaged on the way or has changed at its source: try "
                "again, and if it repeats, update skneuro or set SKNEURO_MIRROR to a "
                "folder with the right file."
            )
        record = _cache.read_record(self.home, row.key)
        return (
            f"has {found}, but {expected} was recorded when it was first fetched "
            f"({record.date}): it has changed at its source, and the new file was "
            "removed. If you trust the new one, run "
            f"`python -m skneuro.datasets clear {row.key}` and fetch again."
        )
