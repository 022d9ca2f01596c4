"""Download over HTTP: resumed by Range, retried with patience, never spliced."""

import contextlib
import dataclasses
import json
import logging
import os
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from skneuro._version import __version__
from skneuro.exceptions import (
    CacheError,
    DownloadError,
    IncompleteDownloadError,
    OfflineError,
    UnexpectedResponseError,
)
from skneuro.io import _headers
from skneuro.io._cache import storage_errors, write_all, write_text

logger = logging.getLogger("skneuro")

_CHUNK = 1 << 18  # bytes
_TRANSIENT = {408, 425, 429, 500, 502, 503, 504}
_PAGES = {".html", ".htm", ".xhtml"}
_HEADERS = {
    "User-Agent": f"skneuro/{__version__}",
    "Accept-Encoding": "identity",  # the bytes as stored, so that ranges fit
}


def open_session():
    """Open the HTTP session that a batch of downloads shares."""
    import requests

    session = requests.Session()
    session.headers.update(_HEADERS)
    return session


@dataclasses.dataclass(frozen=True)
class Served:
    """What a server said about the file that it sent, and how it came.

    ``md5`` is the sum of the whole file; ``resumed`` tells that bytes of an earlier
    attempt are in it.
    """

    url: str
    etag: str | None = None
    last_modified: str | None = None
    md5: str | None = None
    length: int | None = None
    resumed: bool = False


class _TryAgain(Exception):
    """A fault that may pass; ``error`` is raised if it does not."""

    def __init__(self, error, retry_after=None):
        super().__init__(str(error))
        self.error = error
        self.retry_after = retry_after


class _StartOver(Exception):
    """The bytes at hand cannot be completed; they were thrown away."""


@dataclasses.dataclass
class ResumingDownloader:
    """Download one file, as `pooch` expects a downloader to.

    Parameters
    ----------
    key : str
        Key of the file, for messages.
    home : pathlib.Path
        Cache folder, for messages.
    length : int or None, default=None
        Number of bytes that the file must have.
    verified : bool, default=False
        Whether the caller compares a hash afterwards. Only then may a download be
        resumed where the server gives neither ETag nor Last-Modified.
    session : requests.Session, default=None
        Session to use, None opens one.
    on_progress : callable, default=None
        Called with the number of new bytes, negative when a part is thrown away.
    on_length : callable, default=None
        Called once with the number of bytes of the file, when the server names it.
    timeout : float, default=30.0
        Longest wait for a connection or for data, in s.
    retries : int, default=5
        Attempts after a fault that brings less than 1 MiB nearer to the end.
    backoff : float, default=0.5
        Wait before the first retry, in s; doubles each time.
    max_wait : float, default=120.0
        Longest wait that a server may ask for, in s.
    """

    key: str
    home: Path
    length: int | None = None
    verified: bool = False
    session: object = None
    on_progress: Callable[[int], object] | None = None
    on_length: Callable[[int], object] | None = None
    timeout: float = 30.0
    retries: int = 5
    backoff: float = 0.5
    max_wait: float = 120.0

    def __call__(self, url, output_file, pooch=None):
        """Download ``url`` to ``output_file``, going on from what is there.

        Parameters
        ----------
        url : str
            HTTP address.
        output_file : str or path-like
            File to write; a JSON file beside it remembers which version it is of.
        pooch : pooch.Pooch, default=None
            Not used; part of Pooch's protocol.

        Returns
        -------
        Served
            What the server said.

        Raises
        ------
        DownloadError
            One of its kinds, when the file is not complete.
        """
        self._part = Path(output_file)
        self._state_path = self._part.with_name(self._part.name + ".json")
        self._reported = 0
        best, failures = self._size(), 0
        session = self.session or open_session()
        with contextlib.nullcontext() if self.session else session:
            while True:
                try:
                    return self._attempt(session, url)
                except _StartOver as reason:
                    logger.info("%s: %s; starting over.", self.key, reason)
                except _TryAgain as fault:
                    if (size := self._size()) >= best + (1 << 20):
                        best, failures = size, 0
                    failures += 1
                    self._wait(fault, failures)

    def _wait(self, fault, failures):
        wait = self.backoff * 2 ** (failures - 1) * random.uniform(0.75, 1.25)
        if fault.retry_after is not None:
            wait = fault.retry_after
        if failures > self.retries or wait > self.max_wait:
            raise fault.error from fault.__cause__
        logger.info("%s: %s Trying again in %.1f s.", self.key, fault, wait)
        time.sleep(wait)

    def discard(self):
        """Remove the unfinished file."""
        with storage_errors(self.home, self.key):
            self._part.unlink(missing_ok=True)
            self._state_path.unlink(missing_ok=True)
        self._report(0)

    # -- one attempt ------------------------------------------------------------

    def _attempt(self, session, url):
        import requests

        offset, state = self._resume_point(url)
        if self.verified and offset and offset == self.length:
            self._report(offset)
            return Served(url, resumed=True)  # only its last check was cut off
        headers = {}
        if offset:
            headers["Range"] = f"bytes={offset}-"
            if validator := _headers.strong(state.get("etag")) or state.get(
                "last_modified"
            ):
                headers["If-Range"] = validator
        try:
            response = session.get(
                url, headers=headers, stream=True, timeout=self.timeout
            )
        except (requests.exceptions.SSLError, requests.exceptions.ProxyError) as exc:
            raise self._error(
                OfflineError,
                url,
                f"no secure connection ({exc}). Check the date of this machine, its "
                "certificates and HTTPS_PROXY",
            ) from exc
        except (requests.ConnectionError, requests.Timeout) as exc:
            error = self._error(
                OfflineError,
                url,
                f"the server does not answer ({exc}). Check the connection, or set "
                "SKNEURO_MIRROR to a folder or address that holds the file",
            )
            raise _TryAgain(error) from exc
        except requests.RequestException as exc:
            raise self._unexpected(
                url,
                f"the request failed ({exc}). Check the address, or set "
                "SKNEURO_MIRROR to a folder that holds the file",
            ) from exc
        with response:
            return self._receive(response, url, offset, state)

    def _receive(self, response, url, offset, state):
        status = response.status_code
        if status == 416 and offset:
            if response.headers.get("Content-Range") == f"bytes */{offset}":
                if _headers.same_version(state, response.headers, self.verified):
                    self._report(offset)
                    return self._served(url, response, offset, resumed=True)
            self._start_over("the server does not have the missing range")
        self._check_status(response, url)
        served_range = None
        if status == 206:
            served_range = _headers.content_range(response.headers)
            if not offset or served_range is None or served_range[0] != offset:
                if not offset:
                    raise self._unexpected(
                        url, "a part came where the whole file was asked for", 206
                    )
                self._start_over("the server sent another range")
            if not _headers.same_version(state, response.headers, self.verified):
                self._start_over("the file has changed at its source")
        encoded = response.headers.get("Content-Encoding", "identity") != "identity"
        if encoded and status == 206:
            self._start_over("the server compresses ranges")
        total = (
            served_range[1]
            if served_range
            else _headers.content_length(response.headers)
        )
        total = None if encoded else total
        if self.length is not None and total not in (None, self.length):
            self.discard()
            raise self._unexpected(
                url,
                f"the server announces {total} bytes, expected {self.length}: the "
                "file has changed at its source. Update skneuro, or set "
                "SKNEURO_MIRROR to a folder with the right file",
                status,
            )
        limit = self.length if self.length is not None else total
        if self.on_length and limit is not None:
            self.on_length(limit)
        if status == 200:
            offset = 0
            self._begin(url, response, encoded)
        self._check_space(offset, limit)
        resumed = offset > 0
        self._report(offset)
        size = self._copy_body(response, url, offset, limit, encoded)
        return self._served(url, response, size, resumed=resumed)

    def _copy_body(self, response, url, offset, limit, encoded):
        import urllib3

        read = getattr(response.raw, "read1", None)  # what is there, without waiting
        if encoded or read is None:
            read = response.raw.read
        with storage_errors(self.home, self.key):
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
            flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
            fd = os.open(self._part, flags, 0o666)
        try:
            window, received = time.monotonic(), 0
            while True:
                try:
                    chunk = read(_CHUNK, decode_content=encoded)
                except (urllib3.exceptions.HTTPError, OSError) as exc:
                    self._broke_off(url, offset, limit, f"the connection broke: {exc}")
                if not chunk:
                    break
                if limit is not None and offset + len(chunk) > limit:
                    self.discard()
                    raise self._unexpected(
                        url,
                        f"more than the expected {limit} bytes came: the file has "
                        "changed at its source. Update skneuro, or set "
                        "SKNEURO_MIRROR to a folder with the right file",
                    )
                self._write(fd, chunk)
                offset += len(chunk)
                received += len(chunk)
                self._report(offset)
                if (now := time.monotonic()) - window > self.timeout:
                    if received < 100 * (now - window):
                        self._broke_off(
                            url, offset, limit, "fewer than 100 bytes per second came"
                        )
                    window, received = now, 0
        finally:
            os.close(fd)
        if limit is not None and offset < limit:
            self._broke_off(url, offset, limit, "the body ended early")
        return offset

    def _write(self, fd, chunk):
        try:
            with storage_errors(self.home, self.key):
                write_all(fd, chunk)
        except CacheError:
            self.discard()
            raise

    def _broke_off(self, url, offset, limit, reason):
        of = f" of {limit}" if limit is not None else ""
        error = self._error(
            IncompleteDownloadError,
            url,
            f"{offset}{of} bytes came, then {reason}. Call again to go on from there",
        )
        raise _TryAgain(error) from None

    def _begin(self, url, response, encoded):
        """Empty the part and remember which version of the file follows."""
        state = {
            "url": url,
            "etag": response.headers.get("ETag"),
            "last_modified": response.headers.get("Last-Modified"),
            "encoded": encoded,
        }
        with storage_errors(self.home, self.key):
            self._part.parent.mkdir(parents=True, exist_ok=True)
            self._part.unlink(missing_ok=True)
            write_text(self._state_path, json.dumps(state))

    def _resume_point(self, url):
        """Bytes that can be kept, and what is known of the version they are of."""
        size = self._size()
        try:
            state = json.loads(self._state_path.read_text(encoding="utf-8"))
            known = state["url"], state["encoded"]
        except (OSError, ValueError, KeyError, TypeError):
            return 0, {}
        if known[1] or (self.length is not None and size > self.length):
            return 0, {}
        if known[0] != url:  # another mirror: its ETag means nothing here
            state = {}
        named = _headers.strong(state.get("etag")) or state.get("last_modified")
        return (size, state) if self.verified or named else (0, {})

    def _start_over(self, reason):
        self.discard()
        raise _StartOver(reason)

    # -- checks -----------------------------------------------------------------

    def _check_status(self, response, url):
        status = response.status_code
        page = _headers.page_title(response)
        if status in (200, 206):
            is_page = PurePosixPath(self.key).suffix.lower() in _PAGES
            if page is not None and not is_page:
                raise self._unexpected(
                    url,
                    f"a web page came instead of the file{_quoted(page)}: a login, a "
                    "proxy or an error page. Open the address in a browser, or set "
                    "SKNEURO_MIRROR to a folder that holds the file",
                    status,
                )
            if url.startswith("https:") and not response.url.startswith("https:"):
                if not self.verified:
                    raise self._unexpected(
                        url,
                        f"the server redirects to {response.url}, which is not "
                        "encrypted, and no hash of the file is known. Set "
                        "SKNEURO_MIRROR to a folder that holds the file",
                        status,
                    )
            return
        title = f"HTTP {status} {response.reason or ''}".rstrip() + _quoted(page)
        if status in _TRANSIENT:
            retry_after = _headers.retry_after(response.headers)
            when = f" (it asks to wait {retry_after:.0f} s)" if retry_after else ""
            error = self._unexpected(
                url,
                f"the server is busy or broken: {title}{when}. Try again later, or "
                "set SKNEURO_MIRROR",
                status,
            )
            raise _TryAgain(error, retry_after)
        if status in (401, 403, 407, 451):
            way_out = (
                "the server refuses the file. Open the address in a browser to see "
                "whether it asks for an account"
            )
        elif status in (404, 410):
            way_out = (
                "the file is not there any more. Update skneuro (it may know a newer "
                "address)"
            )
        else:
            way_out = "this answer makes no sense for a file. Open it in a browser"
        raise self._unexpected(
            url,
            f"{title}: {way_out}, or get the file by other means and set "
            f"SKNEURO_MIRROR to a folder that holds it as {self.key}",
            status,
        )

    def _check_space(self, offset, limit):
        if limit is None:
            return
        with storage_errors(self.home, self.key):
            free = shutil.disk_usage(self._part.parent).free
        if limit - offset > free:
            self.discard()
            raise CacheError(
                f"{self.key} needs {limit - offset} more bytes, but the disk of the "
                f"cache {self.home} has {free} free. Free space there (`python -m "
                "skneuro.datasets clear KEY` removes files), or set SKNEURO_DATA (or "
                "data_home=) to a larger disk.",
                key=self.key,
            )

    def _served(self, url, response, size, *, resumed):
        headers = response.headers
        md5 = _headers.md5_etag(headers)
        if response.status_code == 200:  # of a range, Content-MD5 covers the range
            md5 = _headers.content_md5(headers) or md5
        return Served(
            url,
            etag=headers.get("ETag"),
            last_modified=headers.get("Last-Modified"),
            md5=md5,
            length=size,
            resumed=resumed,
        )

    # -- small things -----------------------------------------------------------

    def _size(self):
        try:
            return self._part.stat().st_size
        except FileNotFoundError:
            return 0

    def _report(self, position):
        if self.on_progress and position != self._reported:
            self.on_progress(position - self._reported)
        self._reported = position

    def _error(self, kind, url, text) -> DownloadError:
        where = f" from {url}" if url else ""
        return kind(f"{self.key}{where}: {text}.", key=self.key, url=url)

    def _unexpected(self, url, text, status=None):
        error = self._error(UnexpectedResponseError, url, text)
        error.status = status
        return error


def _quoted(page):
    return f" ({page!r})" if page else ""
