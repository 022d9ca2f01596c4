"""What the headers of an HTTP answer say: ranges, versions, lengths, checksums."""

import base64
import email.utils
import html
import re
import time


def strong(etag):
    """Return an ETag that promises equal bytes, None for a weak or absent one."""
    return etag if etag and etag.startswith('"') else None


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
    found = re.fullmatch(r"bytes\s+(\d+)-\d+/(\d+|\*)", value.strip())
    if found is None:
        return None
    first, total = found.groups()
    return int(first), None if total == "*" else int(total)


def content_length(headers):
    """Read ``Content-Length``; None where absent or not what ends the body."""
    value = headers.get("Content-Length", "").strip()
    chunked = "chunked" in headers.get("Transfer-Encoding", "").lower()
    return int(value) if value.isdecimal() and not chunked else None


def retry_after(headers):
    """Read ``Retry-After``, in s; None where absent or not understood."""
    value = headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        return max(
            0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time()
        )
    except (TypeError, ValueError):
        return None


def page_title(response):
    """Title of a web page (perhaps empty), None if the answer is not one."""
    kind = response.headers.get("Content-Type", "").split(";")[0].strip().lower()
    if kind not in ("text/html", "application/xhtml+xml"):
        return None
    try:
        head = response.raw.read(4096, decode_content=True)
    except Exception:
        return ""
    found = re.search(rb"<title[^>]*>(.*?)</title>", head, re.IGNORECASE | re.DOTALL)
    if found is None:
        return ""
    title = html.unescape(found.group(1).decode("utf-8", "replace"))
    return " ".join(title.split())[:100]


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
