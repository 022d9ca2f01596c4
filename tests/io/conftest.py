"""A real HTTP server on loopback that can misbehave, and files to fetch from it."""

import csv
import dataclasses
import email.utils
import gzip
import hashlib
import random
import re
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from skneuro.io import Registry, RegistryRow
from skneuro.io._pooch import Fetcher


@pytest.fixture(scope="session")
def make_content():
    """Bytes that look like data."""

    def make(n_bytes, seed=0):
        return random.Random(seed).randbytes(n_bytes)

    return make


@dataclasses.dataclass
class Resource:
    """One file of the server and everything that it can do wrong with it.

    Lists hold one entry per request, the last request of a list is not repeated:
    after it the server behaves.
    """

    content: bytes
    etag: str | None = None
    last_modified: str | None = None
    content_type: str = "application/octet-stream"
    headers: dict = dataclasses.field(default_factory=dict)
    statuses: list = dataclasses.field(default_factory=list)  # (status, headers, body)
    cuts: list = dataclasses.field(default_factory=list)  # bytes, then hang up
    stalls: list = dataclasses.field(default_factory=list)  # bytes, then silence
    framing: str = "length"  # "length", "chunked" or "close"
    surplus: bytes = b""  # sent after the content, where the framing allows it
    ranges: bool = True
    check_if_range: bool = True
    gzipped: bool = False
    before: Callable | None = None  # called with the number of the request


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        server = self.server.owner
        with server.lock:
            number = sum(path == self.path for path, _ in server.requests)
            server.requests.append((self.path, dict(self.headers)))
        resource = server.resources.get(self.path)
        if resource is None:
            self.answer(404, {}, b"no such file")
            return
        if resource.before:
            resource.before(number)
        if number < len(resource.statuses):
            status = resource.statuses[number]
            if status is not None:
                self.answer(*status)
                return
        self.send(resource, number)

    def answer(self, status, headers, body):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def send(self, resource, number):
        body, start = resource.content, 0
        found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        condition = self.headers.get("If-Range")
        current = condition in (None, resource.etag, resource.last_modified)
        if found and resource.ranges and (current or not resource.check_if_range):
            start = int(found.group(1))
            if start >= len(body):
                headers = {"Content-Range": f"bytes */{len(body)}"}
                if resource.etag:
                    headers["ETag"] = resource.etag
                self.answer(416, headers, b"")
                return
            self.send_response(206)
            self.send_header(
                "Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}"
            )
        else:
            self.send_response(200)
        self.send_header("Content-Type", resource.content_type)
        for name, value in [
            ("ETag", resource.etag),
            ("Last-Modified", resource.last_modified),
            *resource.headers.items(),
        ]:
            if value is not None:
                self.send_header(name, value)
        body = body[start:]
        if resource.gzipped:
            body = gzip.compress(body)
            self.send_header("Content-Encoding", "gzip")
        if resource.framing == "length":
            if "Content-Length" not in resource.headers:
                self.send_header("Content-Length", str(len(body)))
        elif resource.framing == "chunked":
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        body += resource.surplus
        self.send_body(resource, number, body)

    def send_body(self, resource, number, body):
        cut = resource.cuts[number] if number < len(resource.cuts) else None
        stall = resource.stalls[number] if number < len(resource.stalls) else None
        write = self.write_chunk if resource.framing == "chunked" else self.wfile.write
        try:
            if cut is not None:
                write(body[:cut])
                self.close_connection = True
                return
            if stall is not None:
                write(body[:stall])
                self.wfile.flush()
                self.server.owner.released.wait(20)
                self.close_connection = True
                return
            write(body)
            if resource.framing == "chunked":
                self.wfile.write(b"0\r\n\r\n")
            with self.server.owner.lock:
                self.server.owner.completed.append(self.path)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def write_chunk(self, data):
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")


class QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Clients may hang up, that is what some tests are about."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class FileServer:
    """Serve resources on loopback; remembers all requests."""

    def __init__(self):
        self.resources, self.requests, self.completed = {}, [], []
        self.lock = threading.Lock()
        self.released = threading.Event()
        self.httpd = QuietServer(("127.0.0.1", 0), Handler)
        self.httpd.owner = self
        self.url = f"http://127.0.0.1:{self.httpd.server_port}"
        self.thread = threading.Thread(
            target=self.httpd.serve_forever, kwargs={"poll_interval": 0.02}
        )
        self.thread.start()

    def add(self, key, content, **misbehaviour):
        self.resources[f"/{key}"] = resource = Resource(content, **misbehaviour)
        return resource

    def ranges(self, key):
        """Range headers of all requests for a key, None where it had none."""
        return [h.get("Range") for path, h in self.requests if path == f"/{key}"]

    def close(self):
        self.released.set()
        self.httpd.shutdown()
        self.httpd.server_close()
        self.thread.join()


@pytest.fixture
def server():
    server = FileServer()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def impatience(monkeypatch):
    """No proxies, no user settings, and short waits."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name in ("SKNEURO_OFFLINE", "SKNEURO_TIMEOUT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Fetcher, "patience", {"backoff": 0.001, "retries": 3})


@pytest.fixture
def make_row(server):
    """Row of a file of the server, with hash and length unless told otherwise."""

    def make(key, content, *, algorithm="sha256", verified=True, sized=True, url=None):
        digest = hashlib.new(algorithm, content).hexdigest()
        return RegistryRow(
            key=key,
            url=url or f"{server.url}/{key}",
            hash=f"{algorithm}:{digest}" if verified else "",
            bytes=len(content) if sized else None,
            licence="CC0",
        )

    return make


@pytest.fixture
def serve(server, make_row):
    """Put a file on the server and make the registry that knows it."""

    def serve(key, content, *, row=None, **misbehaviour):
        server.add(key, content, **misbehaviour)
        return Registry([make_row(key, content, **(row or {}))])

    return serve


@pytest.fixture
def write_registry(tmp_path):
    """Write a registry to a CSV file, for other processes."""

    def write(registry):
        path = tmp_path / "registry.csv"
        with path.open("w", newline="") as file:
            names = [field.name for field in dataclasses.fields(RegistryRow)]
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            for row in registry.values():
                cells = dataclasses.asdict(row)
                writer.writerow(cells)
        return path

    return write


@pytest.fixture
def cached_files(data_cache):
    """List the files of the cache that are not its own."""

    def listing(folder=data_cache):
        return sorted(
            p.relative_to(folder).as_posix()
            for p in folder.rglob("*")
            if p.is_file() and ".skneuro" not in p.parts
        )

    return listing


@pytest.fixture
def partial_files(data_cache):
    """List the unfinished downloads of the cache."""

    def listing(folder=data_cache):
        return sorted(folder.glob(".skneuro/partial/*"))

    return listing


@pytest.fixture
def assert_nothing_left(cached_files, partial_files):
    """Assert that neither a file nor a part of one is in the cache."""

    def check():
        assert cached_files() == []
        assert partial_files() == []

    return check


@pytest.fixture
def wait_until():
    """Wait for a condition, at most 10 s."""

    def wait(condition):
        end = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < end, "waited 10 s in vain"
            time.sleep(0.005)

    return wait


@pytest.fixture
def http_date():
    return email.utils.formatdate(1_700_000_000, usegmt=True)
