"""What an HTTP answer means: an error, a web page, a range, a version, a checksum."""

import base64
import email.utils
import html
import re
import time
from pathlib import PurePosixPath

from skneuro.exceptions import UnexpectedResponseError

_TRANSIENT = {408, 425, 429, 500, 502, 503, 504}
_PAGES = {".html", ".htm", ".xhtml"}
_ELSEWHERE = "set SKNEURO_MIRROR to a folder that holds it as"


class TryAgain(Exception):
    """A fault that may pass; ``error`` is raised if it does not.

    Parameters
    ----------
    error : DownloadError
        What to raise in the end.
    retry_after : float, default=None
        Wait that the server asks for, in s.
    """

    def __init__(self, error, retry_after=None):
        super().__init__(str(error))
        self.error = error
        self.retry_after = retry_after


def check_answer(response, *, key, url, verified):
    """Raise unless an answer carries a file.

    Parameters
    ----------
    response : requests.Response
        The answer, its body not yet read.
    key, url : str
        Key of the file, and the address that was asked for.
    verified : bool
        Whether the content is compared with a known hash afterwards.

    Raises
    ------
    UnexpectedResponseError
        For an HTTP error, a web page, or a redirection that gives up encryption
        without a hash to check.
    TryAgain
        For an error that may pass.
    """
    status = response.status_code

    def error(text):
        text = f"{key} from {url}: {text} {key}."
        return UnexpectedResponseError(text, key=key, url=url, status=status)

    if status not in (200, 206):
        title = f"HTTP {status} {response.reason or ''}".rstrip() + _title(response)
        if status in _TRANSIENT:
            wait = retry_after(response.headers)
            asked = f" (it asks to wait {wait:.0f} s)" if wait else ""
            text = f"the server is busy or broken, {title}{asked}. Try later, or"
            raise TryAgain(error(f"{text} {_ELSEWHERE}"), wait)
        if status in (401, 403, 407, 451):
            advice = "the server refuses it. Open the address in a browser to see why"
        elif status in (404, 410):
            advice = "the file is not there any more. Update skneuro"
        else:
            advice = "no answer for a file. Open the address in a browser"
        raise error(f"{title}: {advice}, or get the file elsewhere and {_ELSEWHERE}")
    if is_page(response.headers) and not may_be_page(key):
        raise error(
            f"a web page came instead of the file{_title(response)}: a login, a proxy "
            f"or an error. Open the address in a browser, or {_ELSEWHERE}"
        )
    downgraded = url.startswith("https:") and not response.url.startswith("https:")
    if downgraded and not verified:
        raise error(
            f"the server redirects to {response.url}, which is not encrypted, and no "
            f"hash of the file is known. Get it elsewhere and {_ELSEWHERE}"
        )


def strong(etag):
    """Return an ETag that promises equal bytes, None for a weak or absent one."""
    return etag if etag and etag.startswith('"') else None


def validator(state):
    """Choose what names the version of a part: a strong ETag, else the date."""
    return strong(state.get("etag")) or state.get("last_modified")


def same_version(state, headers, verified):
    """Tell whether an answer is of the version that an earlier part came from."""
    before, now = strong(state.get("etag")), strong(headers.get("ETag"))
    if before and now:
        return before == now
    before, now = state.get("last_modified"), headers.get("Last-Modified")
    if before and now:
        return before == now
    return verified  # nothing to compare: the hash will tell, if there is one


def content_range(headers):
    """Read ``Content-Range`` as (first byte, total or None); None where it is not."""
    value = headers.get("Content-Range", "")
    found = re.fullmatch(
        r"bytes +([0-9]{1,18})-[0-9]{1,18}/([0-9]{1,18}|\*)", value.strip()
    )
    if found is None:
        return None
    first, total = found.groups()
    return int(first), None if total == "*" else int(total)


def content_length(headers):
    """Read ``Content-Length``; None where absent or not what ends the body."""
    value = headers.get("Content-Length", "").strip()
    chunked = "chunked" in headers.get("Transfer-Encoding", "").lower()
    return int(value) if re.fullmatch(r"[0-9]{1,18}", value) and not chunked else None


def retry_after(headers):
    """Read ``Retry-After``, in s; None where absent or not understood."""
    value = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", value):
        return float(value)
    try:
        return max(
            0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time()
        )
    except (TypeError, ValueError):
        return None


def is_page(headers):
    """Tell whether an answer calls itself a web page."""
    kind = headers.get("Content-Type", "").split(";")[0].strip().lower()
    return kind in ("text/html", "application/xhtml+xml")


def may_be_page(key):
    """Tell whether a file is meant to be a web page."""
    return PurePosixPath(key).suffix.lower() in _PAGES


def _title(response):
    """Title of a web page in quotes, empty where there is none."""
    import urllib3

    if not is_page(response.headers):
        return ""
    try:
        head = response.raw.read(4096, decode_content=True)
    except (urllib3.exceptions.HTTPError, OSError):
        return ""  # what is wrong with the page matters less than the page
    found = re.search(rb"<title[^>]*>(.*?)</title>", head, re.IGNORECASE | re.DOTALL)
    if found is None:
        return ""
    title = html.unescape(found.group(1).decode("utf-8", "replace"))
    return f" ({' '.join(title.split())[:100]!r})"


def looks_like_page(path):
    """Tell whether a file begins as a web page does."""
    with open(path, "rb") as file:
        head = file.read(512).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return head.startswith((b"<!doctype html", b"<html"))


def content_md5(headers):
    """MD5 of the content in hexadecimal digits, from ``Content-MD5``, else None."""
    try:
        digest = base64.b64decode(headers.get("Content-MD5", ""), validate=True)
    except ValueError:
        return None
    return digest.hex() if len(digest) == 16 else None


def md5_etag(headers):
    """Return an ETag that is the MD5 sum of the file, as object stores give, else None.

    Excepted are objects encrypted with a user's key, whose ETag is another number, and
    multipart uploads (``"...-N"``), whose ETag depends on a part size that is not told.
    """
    etag = strong(headers.get("ETag")) or ""
    encrypted = headers.get("x-amz-server-side-encryption", "").startswith("aws:kms")
    customer = "x-amz-server-side-encryption-customer-algorithm" in headers
    if encrypted or customer or not re.fullmatch(r'"[0-9a-f]{32}"', etag):
        return None
    return etag.strip('"')
