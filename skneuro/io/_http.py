"""Download over HTTP: resumed by Range, retried with patience, never spliced."""

import contextlib
import dataclasses
import json
import logging
import os
import queue
import random
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

from skneuro._version import __version__
from skneuro.exceptions import (
    CacheError,
    DownloadError,
    IncompleteDownloadError,
    OfflineError,
    UnexpectedResponseError,
)
from skneuro.io import _answers
from skneuro.io._answers import TryAgain
from skneuro.io._cache import (
    discard_partial,
    open_partial,
    state_path,
    storage_errors,
    write_all,
    write_text,
)

logger = logging.getLogger("skneuro")

_CHUNK = 1 << 18  # bytes
USER_AGENT = {"User-Agent": f"skneuro/{__version__}"}


def open_session():
    """Open the HTTP session that a batch of downloads shares."""
    import requests

    session = requests.Session()
    session.headers.update(USER_AGENT)
    session.headers["Accept-Encoding"] = "identity"  # as stored, so that ranges fit
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
    resumed: bool = False


def _get(session, url, headers, timeout):
    """Get the head of an answer, and of those that redirect to it.

    ``timeout`` bounds each silence, and four times as much the whole, or a server that
    sends a byte now and then would be waited for without end.
    """
    import requests

    answers, given_up = queue.SimpleQueue(), threading.Event()

    def ask():
        try:
            response = session.get(url, headers=headers, stream=True, timeout=timeout)
        except BaseException as exc:
            answers.put((None, exc))
            return
        answers.put((response, None))
        if given_up.is_set():
            response.close()

    threading.Thread(target=ask, name="skneuro-http", daemon=True).start()
    try:
        response, exc = answers.get(timeout=4 * timeout)
    except queue.Empty:
        given_up.set()
        raise requests.Timeout(
            f"no whole answer within {4 * timeout:g} seconds"
        ) from None
    if exc is not None:
        raise exc
    return response


def _told(exc):
    """Text of a fault that may quote what came: printable, and short."""
    text = "".join(char if char.isprintable() else "?" for char in str(exc))
    return text if len(text) <= 300 else f"{text[:300]}..."


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
        Attempts after a fault that brings less than 1 MiB nearer to the end; at most
        2 of them as long as no server has answered at all.
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
        self._reported = 0
        self._length_told = self._answered = False
        best, failures = self._size(), 0
        session = self.session or open_session()
        with contextlib.nullcontext() if self.session else session:
            while True:
                try:
                    return self._attempt(session, url)
                except _StartOver as reason:
                    logger.info("%s: %s; starting over.", self.key, reason)
                except TryAgain as fault:
                    if (size := self._size()) >= best + (1 << 20):
                        best, failures = size, 0
                    failures += 1
                    self._wait(fault, failures)

    def _wait(self, fault, failures):
        wait = self.backoff * 2 ** (failures - 1) * random.uniform(0.75, 1.25)
        if fault.retry_after is not None:
            wait = fault.retry_after
        retries = self.retries if self._answered else min(self.retries, 2)
        if failures > retries or wait > self.max_wait:
            raise fault.error from fault.__cause__
        logger.info("%s: %s Trying again in %.1f s.", self.key, fault, wait)
        time.sleep(wait)

    def _discard(self):
        """Remove the unfinished file."""
        with storage_errors(self.home, self.key):
            discard_partial(self._part)
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
            if validator := _answers.validator(state):
                headers["If-Range"] = validator
        try:
            response = _get(session, url, headers, self.timeout)
        except (requests.exceptions.SSLError, requests.exceptions.ProxyError) as exc:
            raise self._error(
                OfflineError,
                url,
                f"no connection ({_told(exc)}). Check the proxy settings "
                "(HTTPS_PROXY), the certificates and the date of this machine",
            ) from exc
        except (requests.ConnectionError, requests.Timeout) as exc:
            error = self._error(
                OfflineError,
                url,
                f"the server does not answer ({_told(exc)}). Check the connection, "
                "or set SKNEURO_MIRROR to a folder or address that holds the file",
            )
            raise TryAgain(error) from exc
        except (requests.RequestException, ValueError) as exc:  # of a redirection, too
            raise self._unexpected(url, f"the request failed ({_told(exc)})") from exc
        self._answered = True
        with response:
            return self._receive(response, url, offset, state)

    def _receive(self, response, url, offset, state):
        headers, status = response.headers, response.status_code
        if status == 416 and offset:
            complete = headers.get("Content-Range") == f"bytes */{offset}"
            if not complete or self.length not in (None, offset):
                self._start_over("the server does not have the missing range")
        else:
            _answers.check_answer(
                response, key=self.key, url=url, verified=self.verified
            )
        encoded = _answers.is_encoded(headers)
        if status == 200:
            total = None if encoded else _answers.content_length(headers)
        else:
            total = self._check_range(response, url, offset, state)
            if encoded:
                self._start_over("the server compresses ranges")
        if self.length is not None and total not in (None, self.length):
            self._discard()
            raise self._unexpected(
                url, f"the server announces {total} bytes, expected {self.length}"
            )
        limit = self.length if self.length is not None else total
        if self.on_length and limit is not None and not self._length_told:
            self._length_told = True
            self.on_length(limit)
        if status == 200:
            offset = 0
            self._begin(url, headers, total, encoded)
        self._check_space(offset, limit)
        resumed = offset > 0
        self._report(offset)
        if status != 416:
            self._copy_body(response, url, offset, limit, encoded)
        return self._served(url, response, resumed=resumed)

    def _check_range(self, response, url, offset, state):
        """Check that a range goes on where the part ends; return the whole length."""
        if response.status_code == 416:
            start, total = offset, offset
        else:
            start, total = _answers.content_range(response.headers) or (None, None)
        if not offset:
            raise self._unexpected(url, "a range came, but the whole was asked for")
        if start != offset:
            self._start_over("the server sent another range")
        same = _answers.same_version(state, response.headers, self.verified)
        before = state.get("length", total)
        if not same or (before != total and None not in (before, total)):
            self._start_over("the file has changed at its source")
        return total

    def _copy_body(self, response, url, offset, limit, encoded):
        import urllib3

        read = getattr(response.raw, "read1", None)  # what is there, without waiting
        if encoded or read is None:
            read = response.raw.read
        with storage_errors(self.home, self.key):
            fd = open_partial(self._part)
        try:
            window, received = time.monotonic(), 0
            while True:
                try:
                    chunk = read(_CHUNK, decode_content=encoded)
                except (urllib3.exceptions.HTTPError, OSError) as exc:
                    self._broke_off(
                        url, offset, limit, f"the connection broke: {_told(exc)}"
                    )
                if not chunk:
                    break
                if limit is not None and offset + len(chunk) > limit:
                    self._discard()
                    raise self._unexpected(url, f"more than {limit} bytes came")
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

    def _write(self, fd, chunk):
        try:
            with storage_errors(self.home, self.key):
                write_all(fd, chunk)
        except CacheError:
            self._discard()
            raise

    def _broke_off(self, url, offset, limit, reason):
        of = f" of {limit}" if limit is not None else ""
        error = self._error(
            IncompleteDownloadError,
            url,
            f"{offset}{of} bytes came, then {reason}. Call again to go on from there",
        )
        raise TryAgain(error) from None

    def _begin(self, url, headers, total, encoded):
        """Empty the part and remember which version of the file follows."""
        state = {
            "url": url,
            "etag": headers.get("ETag"),
            "last_modified": headers.get("Last-Modified"),
            "length": total,
            "encoded": encoded,
        }
        with storage_errors(self.home, self.key):
            self._part.parent.mkdir(parents=True, exist_ok=True)
            self._part.unlink(missing_ok=True)
            write_text(state_path(self._part), json.dumps(state))

    def _resume_point(self, url):
        """Bytes that can be kept, and what is known of the version they are of."""
        size = self._size()
        try:
            state = json.loads(state_path(self._part).read_text(encoding="utf-8"))
            known = state["url"], state["encoded"]
        except (OSError, ValueError, KeyError, TypeError):
            return 0, {}
        if known[1] or (self.length is not None and size > self.length):
            return 0, {}
        if known[0] != url:  # another mirror: its ETag means nothing here
            state = {}
        return (size, state) if self.verified or _answers.validator(state) else (0, {})

    def _start_over(self, reason):
        self._discard()
        raise _StartOver(reason)

    def _check_space(self, offset, limit):
        if limit is None:
            return
        with storage_errors(self.home, self.key):
            free = shutil.disk_usage(self._part.parent).free
        if limit - offset > free:
            self._discard()
            raise CacheError(
                f"{self.key} needs {limit - offset} more bytes, but the disk of the "
                f"cache {self.home} has {free} free. Free space there (`python -m "
                "skneuro.datasets clear KEY` removes files), or set SKNEURO_DATA (or "
                "data_home=) to a larger disk.",
                key=self.key,
            )

    def _served(self, url, response, *, resumed):
        headers = response.headers
        md5 = _answers.md5_etag(headers)
        if response.status_code == 200:  # of a range, Content-MD5 covers the range
            md5 = _answers.content_md5(headers) or md5
        return Served(
            url,
            etag=headers.get("ETag"),
            last_modified=headers.get("Last-Modified"),
            md5=md5,
            resumed=resumed,
        )

    # -- small things -----------------------------------------------------------

    def _size(self):
        with storage_errors(self.home, self.key):
            return self._part.stat().st_size if self._part.exists() else 0

    def _report(self, position):
        if self.on_progress and position != self._reported:
            self.on_progress(position - self._reported)
        self._reported = position

    def _error(self, kind, url, text) -> DownloadError:
        where = f" from {url}" if url else ""
        return kind(f"{self.key}{where}: {text}.", key=self.key, url=url)

    def _unexpected(self, url, text):
        return self._error(
            UnexpectedResponseError,
            url,
            f"{text}. The file has changed at its source, or the server is wrong: "
            "update skneuro, or set SKNEURO_MIRROR to a folder with the right file",
        )
