"""A folder served over HTTP on loopback, and registries of what it holds."""

import contextlib
import functools
import hashlib
import http.server
import threading

import pytest

from skneuro.io import Registry, RegistryRow


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def serve_folder(monkeypatch):
    """Serve a folder; returns its address and the list of what was asked for."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with contextlib.ExitStack() as stack:

        def serve(folder):
            asked = []

            class Handler(_Quiet):
                def do_GET(self):
                    asked.append(self.path.lstrip("/"))
                    super().do_GET()

            handler = functools.partial(Handler, directory=str(folder))
            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
            thread = threading.Thread(target=server.serve_forever, args=[0.02])
            thread.start()
            stack.callback(server.server_close)
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            return f"http://127.0.0.1:{server.server_port}", asked

        yield serve


@pytest.fixture
def make_registry():
    """Registry of the files of a folder, at an address."""

    def make(folder, url, *, verified=True):
        rows = []
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            key = path.relative_to(folder).as_posix()
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            rows.append(
                RegistryRow(
                    key=key,
                    url=f"{url}/{key}",
                    hash=f"sha256:{digest}" if verified else "",
                    licence="test",
                    citation="test",
                )
            )
        return Registry(rows)

    return make
