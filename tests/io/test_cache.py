"""The cache: nothing is written outside it, or half, or twice, or by force."""

import contextlib
import errno
import json
import os
import tempfile
import types
from pathlib import Path

import pandas  # noqa: F401  (now: an unprivileged user may not be able to)
import pytest
import requests  # noqa: F401
from hypothesis import example, given, settings
from hypothesis import strategies as st

from skneuro.exceptions import (
    CacheError,
    UnsafeKeyError,
    UnverifiedDownloadWarning,
)
from skneuro.io import (
    Registry,
    RegistryRow,
    check_key,
    clear_data_home,
    fetch_file,
    verify_files,
)
from skneuro.io._cache import cache_path, partial_path, record_path

KEY = "group/data.mat"


# -- no key leads out -----------------------------------------------------------------

parts = st.one_of(
    st.sampled_from(["..", ".", "", "~", "C:", "\\", "..\\", "a", "b.mat", "con", "-"]),
    st.text(max_size=8),
)
keys = st.one_of(st.text(max_size=40), st.lists(parts, max_size=5).map("/".join))


@settings(max_examples=300, deadline=None)
@given(key=keys)
@example(key="../x")
@example(key="/etc/passwd")
@example(key="a/../../x")
@example(key="a\\..\\..\\x")
@example(key="C:/x")
@example(key="//server/share/x")
@example(key="a/\x00b")
@example(key=".skneuro/records/x.json")
@example(key="a/NUL.txt")
@example(key="a//b")
@example(key="a/")
@example(key="\ud800")
def test_no_key_escapes_the_cache(key):
    """A key is refused, or a fetch of it writes below the cache and nowhere else."""
    try:
        check_key(key)
    except UnsafeKeyError as error:
        assert "not a file of the cache" in str(error)
        with pytest.raises(UnsafeKeyError):
            RegistryRow(key=key, url="https://example.org/x")
        with pytest.raises(UnsafeKeyError):
            fetch_file(key)
        return
    with tempfile.TemporaryDirectory() as folder:
        home, mirror = Path(folder, "cache"), Path(folder, "mirror")
        source = mirror.joinpath(*key.split("/"))
        source.parent.mkdir(parents=True)
        source.write_bytes(b"x")
        row = RegistryRow(key=key, url="https://example.invalid/x", bytes=1)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SKNEURO_MIRROR", str(mirror))
            patch.setenv("SKNEURO_OFFLINE", "1")
            with pytest.warns(UnverifiedDownloadWarning):
                path = fetch_file(key, data_home=home, registry=Registry([row]))
        assert path.resolve().is_relative_to(home.resolve())
        assert path.relative_to(home).as_posix() == key
        assert path.read_bytes() == b"x"
        everything = {p for p in Path(folder).rglob("*") if p.is_file()}
        outside = {p for p in everything if not p.is_relative_to(home)}
        assert outside == {source}


@pytest.mark.parametrize(
    "key",
    ["../x", "/x", "a/../x", "a\\x", "C:x", "a//x", "a/", "", ".hidden", "a/x.", "nul"],
)
def test_unsafe_keys_are_refused_with_a_reason(key):
    with pytest.raises(UnsafeKeyError, match=r"Expected a relative path such as"):
        check_key(key)


def test_a_key_is_a_string():
    with pytest.raises(TypeError, match="expected str; got 3"):
        check_key(3)


@pytest.mark.parametrize("link", ["group", KEY, ".skneuro", ".skneuro/partial"])
def test_symbolic_links_in_the_cache_are_refused(
    serve, make_content, data_cache, tmp_path, link
):
    outside = tmp_path / "outside"
    outside.mkdir()
    target = outside / "file" if link == KEY else outside
    path = data_cache / link
    path.parent.mkdir(parents=True)
    path.symlink_to(target)
    with pytest.raises(CacheError, match=r"is a symbolic link.*SKNEURO_DATA"):
        fetch_file(KEY, registry=serve(KEY, make_content(10)))
    assert list(outside.iterdir()) == []


def test_the_cache_itself_may_be_reached_by_a_link(serve, make_content, tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "cache").symlink_to(tmp_path / "disk")
    registry = serve(KEY, make_content(10))
    path = fetch_file(KEY, registry=registry, data_home=tmp_path / "cache")
    assert path.read_bytes() == make_content(10)
    assert (tmp_path / "disk" / KEY).is_file()


def test_long_names_fit(serve, make_content):
    key = "/".join(["p" * 200, "q" * 200, "r" * 196 + ".mat"])
    assert fetch_file(key, registry=serve(key, make_content(10))).exists()
    with pytest.raises(UnsafeKeyError, match="longer than 200 bytes"):
        check_key("ä" * 101)
    with pytest.raises(UnsafeKeyError, match="more than 1000"):
        check_key("a/" * 600)


# -- full and read-only disks ---------------------------------------------------------


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_fills_up_is_told_and_freed(
    serve, make_content, monkeypatch, assert_nothing_left, code
):
    registry = serve(KEY, make_content(1_000_000), framing="chunked")
    write, written = os.write, []

    def limited(fd, data):
        if sum(written) > 300_000:
            raise OSError(code, os.strerror(code))
        written.append(write(fd, data[:1000]))  # short, as on a disk almost full
        return written[-1]

    with monkeypatch.context() as context:
        context.setattr("skneuro.io._cache.os.write", limited)
        with pytest.raises(CacheError, match=r"Free space there.*SKNEURO_DATA"):
            fetch_file(KEY, registry=registry)
    assert_nothing_left()
    assert fetch_file(KEY, registry=registry).read_bytes() == make_content(1_000_000)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("mirrored", [True, False])
def test_a_full_device_is_told(
    serve, make_content, monkeypatch, tmp_path, assert_nothing_left, mirrored
):
    """Here the kernel itself says that the device is full."""
    registry = serve(KEY, make_content(1000))
    if mirrored:
        (tmp_path / "group").mkdir()
        (tmp_path / KEY).write_bytes(make_content(1000))
        monkeypatch.setenv("SKNEURO_MIRROR", str(tmp_path))
    for module in ("_cache", "_http"):
        monkeypatch.setattr(
            f"skneuro.io.{module}.open_partial",
            lambda _: os.open("/dev/full", os.O_WRONLY),
        )
    with pytest.raises(CacheError, match=r"No space left on device.*Free space"):
        fetch_file(KEY, registry=registry)
    assert_nothing_left()


def test_too_little_space_is_told_before_the_download(
    serve, make_content, monkeypatch, assert_nothing_left
):
    registry = serve(KEY, make_content(100_000))
    monkeypatch.setattr(
        "skneuro.io._http.shutil.disk_usage", lambda _: types.SimpleNamespace(free=1000)
    )
    with pytest.raises(CacheError, match=r"needs 100000 more bytes.* has 1000 free"):
        fetch_file(KEY, registry=registry)
    assert_nothing_left()


@contextlib.contextmanager
def unprivileged():
    """Be a user who may not write everywhere."""
    if os.name != "posix":
        pytest.skip("file permissions are POSIX ones")
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.fixture
def locked_cache(serve, make_content):
    """A cache with one file, in which nobody may write."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder, "cache")
        fetch_file(KEY, registry=serve(KEY, make_content(10)), data_home=home)
        record_path(home, KEY).unlink()
        folders = [Path(folder), home, *(p for p in home.rglob("*") if p.is_dir())]
        for path in folders:
            path.chmod(0o555)
        yield home
        for path in folders:
            path.chmod(0o755)


def test_a_read_only_cache_can_be_read(serve, make_content, locked_cache):
    registry = serve(KEY, make_content(10))
    with unprivileged():
        path = fetch_file(KEY, registry=registry, data_home=locked_cache)
        table = verify_files(data_home=locked_cache, registry=registry)
    assert path.read_bytes() == make_content(10)
    assert table["status"].to_list() == ["ok"]


def test_a_read_only_cache_says_who_can_help(server, serve, make_content, locked_cache):
    registry = serve("other.mat", make_content(10))
    n_requests = len(server.requests)
    with pytest.raises(CacheError, match=r"SKNEURO_DATA.*ask its owner.*fetch other"):
        with unprivileged():
            fetch_file("other.mat", registry=registry, data_home=locked_cache)
    with pytest.raises(CacheError, match="Ask the owner"):
        with unprivileged():
            clear_data_home(locked_cache, keys=[KEY], registry=serve(KEY, b""))
    assert (locked_cache / KEY).exists()
    assert len(server.requests) == n_requests


def test_an_unverified_file_in_a_read_only_cache_can_be_used(
    serve, make_content, locked_cache
):
    """It warns every time, since its hash cannot be recorded."""
    registry = serve(KEY, make_content(10), row={"verified": False})
    for _ in range(2):
        with pytest.warns(UnverifiedDownloadWarning), unprivileged():
            fetch_file(KEY, registry=registry, data_home=locked_cache)


def test_a_cache_that_is_a_file_is_told(serve, make_content, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    registry = serve(KEY, make_content(10))
    with pytest.raises(CacheError, match=r"Set SKNEURO_DATA .* to a working folder"):
        fetch_file(KEY, registry=registry, data_home=tmp_path / "file")


def test_a_folder_in_the_place_of_a_file_is_told(serve, make_content, data_cache):
    (data_cache / KEY / "inside").mkdir(parents=True)
    with pytest.raises(CacheError, match="cannot be kept"):
        fetch_file(KEY, registry=serve(KEY, make_content(10)))


def test_a_damaged_record_is_named(serve, make_content, data_cache):
    registry = serve(KEY, make_content(10), row={"verified": False})
    with pytest.warns(UnverifiedDownloadWarning):
        fetch_file(KEY, registry=registry)
    record = record_path(data_cache, KEY)
    assert json.loads(record.read_text())["bytes"] == 10
    record.write_text('{"key": ')
    with pytest.raises(CacheError, match=r"record .* is damaged .* remove it"):
        fetch_file(KEY, registry=registry)


def test_paths_of_a_key_differ(tmp_path):
    """Also where names are the same, or differ after 40 characters."""
    keys = ["a/x.mat", "b/x.mat", "a/" + "x" * 40 + "1", "a/" + "x" * 40 + "2"]
    for path in (cache_path, partial_path, record_path):
        assert len({path(tmp_path, key) for key in keys}) == len(keys)
