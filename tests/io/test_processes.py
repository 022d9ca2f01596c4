"""Two processes fetch a file once, and a killed one leaves what the next can use."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import filelock
import pytest

import skneuro
from skneuro.exceptions import IncompleteDownloadError, UnverifiedDownloadWarning
from skneuro.io import fetch_file
from skneuro.io._cache import discard_partial, partial_path

KEY = "group/data.mat"
ROOT = Path(skneuro.__file__).parents[1]

FETCH = """
import sys
from skneuro.io import fetch_file
print(fetch_file(sys.argv[1], registry=sys.argv[2]))
"""


def start_fetch(key, registry):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", FETCH, key, str(registry)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_processes_that_want_the_same_file_fetch_it_once(
    server, serve, make_content, write_registry, data_cache, wait_until
):
    content = make_content(500_000)
    registry = serve(KEY, content)
    release = server.released
    server.resources[f"/{KEY}"].before = lambda _: release.wait(10)
    path = write_registry(registry)
    processes = [start_fetch(KEY, path) for _ in range(3)]
    wait_until(lambda: server.requests)
    lock = next(data_cache.glob(".skneuro/locks/*.lock"))
    with pytest.raises(filelock.Timeout):
        filelock.FileLock(lock).acquire(timeout=0)
    release.set()
    for process in processes:
        out, err = process.communicate(timeout=20)
        assert (process.returncode, err) == (0, "")
        assert out.strip() == str(data_cache / KEY)
    assert (data_cache / KEY).read_bytes() == content
    assert len(server.requests) == 1


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
def test_a_killed_download_is_resumed(
    server, serve, make_content, write_registry, data_cache, cached_files, wait_until
):
    content = make_content(2_000_000)
    registry = serve(KEY, content, etag='"v1"', stalls=[1_500_000])
    process = start_fetch(KEY, write_registry(registry))
    part = partial_path(data_cache, KEY)
    wait_until(lambda: part.exists() and part.stat().st_size == 1_500_000)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=20)
    assert cached_files() == []
    path = fetch_file(KEY, registry=registry)
    assert path.read_bytes() == content
    assert server.ranges(KEY) == [None, "bytes=1500000-"]
    assert not part.exists()


def test_an_interrupted_download_keeps_what_came(
    server, serve, make_content, data_cache, monkeypatch
):
    content = make_content(100_000)
    registry = serve(KEY, content, cuts=[60_000] * 4, etag='"v"', ranges=False)
    with pytest.raises(IncompleteDownloadError):
        fetch_file(KEY, registry=registry)
    part = partial_path(data_cache, KEY)
    assert part.read_bytes() == content[:60_000]
    server.resources[f"/{KEY}"].ranges = True
    assert fetch_file(KEY, registry=registry).read_bytes() == content
    assert server.ranges(KEY)[-1] == "bytes=60000-"


def test_a_mirror_copy_that_was_killed_is_not_taken_for_a_part(
    server, serve, make_content, monkeypatch, tmp_path, data_cache
):
    """Its bytes are of another source than the note of an earlier download says."""
    old, new = make_content(100_000, seed=1), make_content(100_000)
    registry = serve(KEY, new, row={"verified": False}, cuts=[50_000] * 4, etag='"v"')
    server.resources[f"/{KEY}"].ranges = False
    with (
        pytest.warns(UnverifiedDownloadWarning),
        pytest.raises(IncompleteDownloadError),
    ):
        fetch_file(KEY, registry=registry)
    mirror = tmp_path / "mirror" / KEY
    mirror.parent.mkdir(parents=True)
    mirror.write_bytes(old)
    with monkeypatch.context() as context:
        context.setenv("SKNEURO_MIRROR", str(tmp_path / "mirror"))
        context.setattr("skneuro.io._cache.discard_partial", discard_before_only())
        context.setattr("skneuro.io._pooch.Fetcher.copy_chunks", copy_half)
        with pytest.warns(UnverifiedDownloadWarning), pytest.raises(KeyboardInterrupt):
            fetch_file(KEY, registry=registry)
    assert partial_path(data_cache, KEY).read_bytes() == old[:50_000]
    server.resources[f"/{KEY}"].ranges = True
    with pytest.warns(UnverifiedDownloadWarning):
        assert fetch_file(KEY, registry=registry).read_bytes() == new


def copy_half(fetcher, row, file, copy):
    os.write(copy, file.read(50_000))
    raise KeyboardInterrupt


def discard_before_only():
    """What a kill leaves: the clean-up before the copy runs, that after it does not."""
    calls = []

    def discard(part):
        calls.append(part)
        if len(calls) == 1:
            discard_partial(part)

    return discard
