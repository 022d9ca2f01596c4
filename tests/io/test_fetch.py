"""What fetch_file and fetch_files do when servers, mirrors and users behave."""

import base64
import hashlib
import logging
import os
import stat
import warnings
from pathlib import Path

import pooch
import pytest
import requests

from skneuro.exceptions import (
    DownloadError,
    HashMismatchError,
    NotCachedError,
    OfflineError,
    UnexpectedResponseError,
    UnknownKeyError,
    UnverifiedDownloadWarning,
    UnverifiedFileError,
)
from skneuro.io import (
    Registry,
    clear_data_home,
    fetch_file,
    fetch_files,
    get_data_home,
)
from skneuro.io._http import ResumingDownloader
from skneuro.utils import progress_bar

KEY = "group/set/subject-1/data.mat"


def test_a_file_is_fetched_once_and_then_found(server, serve, data_cache, make_content):
    content = make_content(300_000)
    registry = serve(KEY, content)
    path = fetch_file(KEY, registry=registry)
    assert path == data_cache / KEY
    assert path.read_bytes() == content
    assert fetch_file(KEY, registry=registry) == path
    assert fetch_file(KEY, registry=registry, download_if_missing=False) == path
    assert len(server.requests) == 1


def test_a_file_gets_the_permissions_of_the_user(serve, make_content):
    mask = os.umask(0)
    os.umask(mask)
    path = fetch_file(KEY, registry=serve(KEY, make_content(10)))
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask


def test_an_empty_file_can_be_fetched(serve):
    assert fetch_file(KEY, registry=serve(KEY, b"")).read_bytes() == b""


def test_md5_is_a_known_hash(serve, make_content):
    registry = serve(KEY, make_content(1000), row={"algorithm": "md5"})
    path = fetch_file(KEY, registry=registry, strict=True)
    path.write_bytes(make_content(1000, seed=1))
    assert fetch_file(KEY, registry=registry).read_bytes() == make_content(1000)


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
@pytest.mark.parametrize("sized", [True, False])
def test_every_framing_of_a_body_is_understood(serve, make_content, framing, sized):
    content = make_content(200_000)
    registry = serve(KEY, content, framing=framing, row={"sized": sized})
    assert fetch_file(KEY, registry=registry).read_bytes() == content


def test_a_compressed_body_is_unpacked(serve, make_content):
    content = b"0 1 2 3\n" * 50_000
    registry = serve(KEY, content, gzipped=True)
    assert fetch_file(KEY, registry=registry).read_bytes() == content


def test_a_body_that_only_says_it_is_encoded_can_be_resumed(
    server, serve, make_content
):
    """Object stores keep the framing of the upload as the encoding of the file."""
    content = make_content(100_000)
    registry = serve(
        KEY,
        content,
        headers={"Content-Encoding": "aws-chunked"},
        cuts=[60_000],
        etag='"v"',
    )
    assert fetch_file(KEY, registry=registry).read_bytes() == content
    assert server.ranges(KEY) == [None, "bytes=60000-"]


def test_a_compressed_body_that_breaks_off_starts_over(server, serve):
    content = b"".join(b"%d\n" % i for i in range(100_000))
    registry = serve(KEY, content, gzipped=True, cuts=[50_000], etag='"v"')
    assert fetch_file(KEY, registry=registry).read_bytes() == content
    assert server.ranges(KEY) == [None, None]


def test_redirections_are_followed(server, serve, make_content):
    content = make_content(5000)
    registry = serve(KEY, content)
    server.resources["/elsewhere"] = server.resources[f"/{KEY}"]
    server.add(KEY, b"", statuses=[(302, {"Location": "/elsewhere"}, b"")])
    assert fetch_file(KEY, registry=registry).read_bytes() == content


def test_a_damaged_cached_file_is_replaced(serve, make_content, caplog):
    content = make_content(5000)
    registry = serve(KEY, content)
    path = fetch_file(KEY, registry=registry)
    for damaged in (content[:100], bytes(5000)):
        path.write_bytes(damaged)
        with pytest.raises(NotCachedError, match="not as the registry says"):
            fetch_file(KEY, registry=registry, download_if_missing=False)
        assert fetch_file(KEY, registry=registry).read_bytes() == content
    assert "wrong size" in caplog.text
    assert "wrong hash" in caplog.text


def test_a_missing_file_raises_when_downloads_are_not_allowed(
    server, serve, make_content, data_cache
):
    registry = serve(KEY, make_content(10))
    with pytest.raises(NotCachedError, match=r"download_if_missing.*datasets fetch"):
        fetch_file(KEY, registry=registry, download_if_missing=False)
    with pytest.raises(FileNotFoundError):
        fetch_file(KEY, registry=registry, download_if_missing=False)
    assert server.requests == []
    assert not data_cache.exists()


def test_many_files_come_in_the_order_asked_for(server, make_row, make_content, caplog):
    caplog.set_level(logging.INFO, "skneuro")
    keys = [f"many/{i}.bin" for i in (3, 1, 2)]
    for i, key in enumerate(keys):
        server.add(key, make_content(1000, seed=i))
    registry = Registry(
        make_row(key, make_content(1000, seed=i)) for i, key in enumerate(keys)
    )
    paths = fetch_files([*keys, keys[0]], registry=registry)
    assert [p.name for p in paths] == ["3.bin", "1.bin", "2.bin", "3.bin"]
    assert len(server.requests) == 3
    assert "fetching 3 files, 3.0 kB into" in caplog.text


def test_all_keys_are_looked_up_before_the_first_download(server, serve, make_content):
    registry = serve(KEY, make_content(10))
    with pytest.raises(UnknownKeyError, match="did you mean"):
        fetch_files([KEY, KEY + "x"], registry=registry)
    assert server.requests == []


def test_files_that_arrived_stay_when_a_later_one_fails(
    server, make_row, make_content, cached_files
):
    content = make_content(10)
    server.add("a", content)
    registry = Registry([make_row("a", content), make_row("b", content)])
    with pytest.raises(UnexpectedResponseError, match="404"):
        fetch_files(["a", "b"], registry=registry)
    assert cached_files() == ["a"]


def test_one_key_is_not_many():
    with pytest.raises(TypeError, match="call fetch_file"):
        fetch_files(KEY)
    with pytest.raises(TypeError, match="expected a Registry"):
        fetch_file(KEY, registry={KEY: "somewhere"})


@pytest.mark.parametrize("sized", [True, False])
def test_the_progress_bar_counts_bytes_once(
    serve, make_content, monkeypatch, sized, capsys
):
    """Also where a download starts over, or the length is not known before."""
    bars = []

    def remember(total, **options):
        bars.append(progress_bar(total, **options))
        return bars[-1]

    monkeypatch.setattr("skneuro.io._pooch.progress_bar", remember)
    registry = serve(
        KEY, make_content(100_000), cuts=[60_000, 30_000], row={"sized": sized}
    )
    fetch_file(KEY, registry=registry, progress=True)
    (bar,) = bars
    assert bar.n == bar.total == 100_000
    announced = "1 file, 100.0 kB" if sized else "1 file of unknown size"
    assert f"fetching {announced}" in capsys.readouterr().err


def test_nothing_is_printed_without_being_asked(serve, make_content, capfd):
    fetch_file(KEY, registry=serve(KEY, make_content(10)))
    assert capfd.readouterr() == ("", "")


# -- where the cache is ---------------------------------------------------------------


def test_the_cache_folder_is_argument_then_setting_then_platform(monkeypatch, tmp_path):
    monkeypatch.setenv("SKNEURO_DATA", str(tmp_path / "setting"))
    assert get_data_home(tmp_path / "argument") == tmp_path / "argument"
    assert get_data_home() == tmp_path / "setting"
    monkeypatch.setenv("SKNEURO_DATA", "")
    assert get_data_home() == Path(pooch.os_cache("skneuro"))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert get_data_home("~/brains") == tmp_path / "brains"
    with pytest.raises(ValueError, match="empty string"):
        get_data_home("")
    assert list(tmp_path.iterdir()) == []


def test_data_home_is_used(serve, make_content, tmp_path, data_cache):
    registry = serve(KEY, make_content(10))
    path = fetch_file(KEY, registry=registry, data_home=tmp_path / "other")
    assert path == tmp_path / "other" / KEY
    assert not data_cache.exists()


# -- mirrors --------------------------------------------------------------------------


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    folder = tmp_path / "mirror"
    folder.mkdir()
    monkeypatch.setenv("SKNEURO_MIRROR", str(folder))

    def put(key, content):
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    return put


def test_a_mirror_folder_is_asked_first_and_copied_from(
    server, serve, make_content, mirror
):
    content = make_content(3_000_000)
    registry = serve(KEY, content)
    original = mirror(KEY, content)
    path = fetch_file(KEY, registry=registry)
    assert path.read_bytes() == content
    assert path.stat().st_ino != original.stat().st_ino
    assert server.requests == []


def test_what_the_mirror_folder_lacks_comes_from_its_address(
    server, serve, make_content, mirror
):
    registry = serve(KEY, make_content(10))
    assert fetch_file(KEY, registry=registry).read_bytes() == make_content(10)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("seed", "size", "error", "match"),
    [
        (1, 1000, HashMismatchError, r"mirror.*the registry expects sha256:"),
        (0, 999, UnexpectedResponseError, "has 999 bytes, expected 1000"),
    ],
)
def test_a_wrong_file_in_the_mirror_is_an_error(
    serve, make_content, mirror, assert_nothing_left, seed, size, error, match
):
    registry = serve(KEY, make_content(1000))
    wrong = mirror(KEY, make_content(1000, seed)[:size])
    with pytest.raises(error, match=match):
        fetch_file(KEY, registry=registry)
    assert_nothing_left()
    assert wrong.exists()


def test_a_mirror_that_is_nowhere_is_named(serve, make_content, monkeypatch, tmp_path):
    registry = serve(KEY, make_content(10))
    monkeypatch.setenv("SKNEURO_MIRROR", str(tmp_path / "nowhere"))
    with pytest.raises(ValueError, match=r"SKNEURO_MIRROR=.*nowhere"):
        fetch_file(KEY, registry=registry)


def test_an_http_mirror_is_asked_first(server, serve, make_content, monkeypatch):
    key = "group/a file, 50%.mat"
    registry = serve(key, make_content(10))
    server.add("deep/mirror/group/a%20file%2C%2050%25.mat", make_content(10))
    monkeypatch.setenv("SKNEURO_MIRROR", f"{server.url}/deep/mirror/")
    assert fetch_file(key, registry=registry).read_bytes() == make_content(10)
    assert [path for path, _ in server.requests] == [
        "/deep/mirror/group/a%20file%2C%2050%25.mat"
    ]


@pytest.mark.parametrize("status", [403, 404])
def test_what_the_http_mirror_lacks_comes_from_its_address(
    server, serve, make_content, monkeypatch, status
):
    registry = serve(KEY, make_content(10))
    server.add(f"mirror/{KEY}", b"", statuses=[(status, {}, b"")])
    monkeypatch.setenv("SKNEURO_MIRROR", f"{server.url}/mirror")
    assert fetch_file(KEY, registry=registry).read_bytes() == make_content(10)
    assert [path for path, _ in server.requests] == [f"/mirror/{KEY}", f"/{KEY}"]


def test_a_failed_mirror_is_mentioned_when_the_address_fails_too(
    server, serve, make_content, monkeypatch
):
    registry = serve(KEY, make_content(10))
    server.resources.clear()
    monkeypatch.setenv("SKNEURO_MIRROR", f"{server.url}/mirror")
    with pytest.raises(UnexpectedResponseError, match="404") as caught:
        fetch_file(KEY, registry=registry)
    (note,) = caught.value.__notes__
    assert f"{server.url}/mirror/{KEY}" in note


def test_a_broken_mirror_is_an_error(server, serve, make_content, monkeypatch):
    registry = serve(KEY, make_content(10))
    server.add(f"mirror/{KEY}", b"", statuses=[(500, {}, b"")] * 9)
    monkeypatch.setenv("SKNEURO_MIRROR", f"{server.url}/mirror")
    with pytest.raises(UnexpectedResponseError, match="HTTP 500"):
        fetch_file(KEY, registry=registry)


def test_a_part_from_elsewhere_is_completed_only_under_a_known_hash(
    server, serve, make_content, monkeypatch, partial_files
):
    """An interrupted download from an address goes on from a mirror."""
    content = make_content(100_000)
    registry = serve(KEY, content, cuts=[50_000, 0, 0, 0], etag='"a"')
    with pytest.raises(DownloadError, match="50000 of 100000 bytes"):
        fetch_file(KEY, registry=registry)
    assert partial_files()
    server.add(f"mirror/{KEY}", content, etag='"b"')
    monkeypatch.setenv("SKNEURO_MIRROR", f"{server.url}/mirror")
    assert fetch_file(KEY, registry=registry).read_bytes() == content
    assert server.ranges(f"mirror/{KEY}") == ["bytes=50000-"]


# -- offline --------------------------------------------------------------------------


def test_offline_mode_uses_cache_and_mirror_folder_only(
    server, serve, make_row, make_content, mirror, monkeypatch
):
    content = make_content(10)
    registry = serve(KEY, content)
    monkeypatch.setenv("SKNEURO_OFFLINE", "1")
    with pytest.raises(
        OfflineError, match=r"nor in the mirror.*SKNEURO_OFFLINE is set"
    ):
        fetch_file(KEY, registry=registry)
    mirror(KEY, content)
    assert fetch_file(KEY, registry=registry).read_bytes() == content
    monkeypatch.delenv("SKNEURO_MIRROR")
    assert fetch_file(KEY, registry=registry).read_bytes() == content
    monkeypatch.setenv("SKNEURO_MIRROR", server.url)
    server.add("x", content)
    with pytest.raises(OfflineError):
        fetch_file("x", registry=Registry([make_row("x", content)]))
    assert server.requests == []


@pytest.mark.parametrize(
    ("name", "value", "match"),
    [
        ("SKNEURO_OFFLINE", "perhaps", "expected 1 or 0"),
        ("SKNEURO_TIMEOUT", "-3", "expected a number of seconds > 0"),
        ("SKNEURO_TIMEOUT", "soon", "expected a number of seconds > 0"),
    ],
)
def test_a_senseless_setting_is_named(
    serve, make_content, monkeypatch, name, value, match
):
    registry = serve(KEY, make_content(10))
    monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match=f"{name}='{value}'; {match}"):
        fetch_file(KEY, registry=registry)


def test_offline_mode_can_be_switched_off(serve, make_content, monkeypatch):
    monkeypatch.setenv("SKNEURO_OFFLINE", "0")
    assert fetch_file(KEY, registry=serve(KEY, make_content(10))).exists()


# -- files whose hash the registry does not know --------------------------------------


def test_the_first_unverified_download_warns_at_the_caller(serve, make_content):
    registry = serve(KEY, make_content(1000), row={"verified": False})
    with pytest.warns(UnverifiedDownloadWarning, match="taken on trust") as caught:
        fetch_file(KEY, registry=registry)
    assert [Path(w.filename).name for w in caught] == [Path(__file__).name]
    fetch_file(KEY, registry=registry)  # a warning would be an error


def test_an_unverified_file_that_changes_is_an_error_until_cleared(
    server, serve, make_content, cached_files
):
    old, new = make_content(1000), make_content(1000, seed=1)
    registry = serve(KEY, old, row={"verified": False, "sized": False})
    with pytest.warns(UnverifiedDownloadWarning):
        path = fetch_file(KEY, registry=registry)
    path.write_bytes(new)  # changed here: healed from the source
    assert fetch_file(KEY, registry=registry).read_bytes() == old
    path.unlink()
    server.add(KEY, new)  # changed there
    with pytest.raises(HashMismatchError, match=r"recorded .*datasets clear group/set"):
        fetch_file(KEY, registry=registry)
    assert cached_files() == []
    clear_data_home(keys=[KEY], registry=registry)
    with pytest.warns(UnverifiedDownloadWarning):
        assert fetch_file(KEY, registry=registry).read_bytes() == new


def test_strict_refuses_unverified_files_also_in_the_cache(server, serve, make_content):
    registry = serve(KEY, make_content(10), row={"verified": False})
    with pytest.raises(UnverifiedFileError, match="strict=True"):
        fetch_file(KEY, registry=registry, strict=True)
    assert server.requests == []
    with pytest.warns(UnverifiedDownloadWarning):
        fetch_file(KEY, registry=registry)
    with pytest.raises(UnverifiedFileError):
        fetch_file(KEY, registry=registry, strict=True)


def test_a_warning_made_an_error_leaves_no_file(
    server, serve, make_content, assert_nothing_left
):
    registry = serve(KEY, make_content(10), row={"verified": False})
    with pytest.raises(UnverifiedDownloadWarning):
        fetch_file(KEY, registry=registry)
    assert_nothing_left()
    assert server.requests == []


@pytest.mark.parametrize("allowed", [True, False])
def test_an_unverified_file_put_there_by_hand_is_recorded(
    server, serve, make_content, data_cache, allowed
):
    registry = serve(KEY, make_content(10), row={"verified": False})
    path = data_cache / KEY
    path.parent.mkdir(parents=True)
    path.write_bytes(make_content(10, seed=7))
    with pytest.warns(UnverifiedDownloadWarning):
        fetch_file(KEY, registry=registry, download_if_missing=allowed)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fetch_file(KEY, registry=registry, download_if_missing=allowed)
    assert server.requests == []
    path.unlink()
    with pytest.raises(HashMismatchError, match="was recorded"):
        fetch_file(KEY, registry=registry)


@pytest.mark.parametrize("source", ["etag", "header"])
def test_a_server_that_gives_an_md5_is_held_to_it(
    serve, make_content, assert_nothing_left, source
):
    content = make_content(1000)

    def told(data):
        if source == "etag":
            return {"etag": f'"{hashlib.md5(data).hexdigest()}"'}
        digest = base64.b64encode(hashlib.md5(data).digest()).decode()
        return {"headers": {"Content-MD5": digest}}

    wrong = told(make_content(1000, seed=1))
    registry = serve(KEY, content, row={"verified": False}, **wrong)
    with pytest.warns(UnverifiedDownloadWarning):
        with pytest.raises(HashMismatchError, match="the server says md5:"):
            fetch_file(KEY, registry=registry)
    assert_nothing_left()
    registry = serve(KEY, content, row={"verified": False}, **told(content))
    with pytest.warns(UnverifiedDownloadWarning):
        assert fetch_file(KEY, registry=registry).read_bytes() == content


@pytest.mark.parametrize(
    ("etag", "headers"),
    [
        ('"0123456789abcdef0123456789abcdef-3"', {}),  # multipart upload
        ('W/"0123456789abcdef0123456789abcdef"', {}),  # weak
        (
            '"0123456789abcdef0123456789abcdef"',
            {"x-amz-server-side-encryption": "aws:kms"},
        ),
    ],
)
def test_an_etag_that_is_no_md5_is_not_taken_for_one(
    serve, make_content, etag, headers
):
    registry = serve(
        KEY, make_content(10), row={"verified": False}, etag=etag, headers=headers
    )
    with pytest.warns(UnverifiedDownloadWarning):
        assert fetch_file(KEY, registry=registry).read_bytes() == make_content(10)


# -- DOIs and Pooch -------------------------------------------------------------------


class Archive:
    """Stands for pooch's client of an archive, which needs the internet."""

    def __init__(self, url):
        self.url = url

    def download_url(self, file_name):
        if file_name != "data.mat":
            raise ValueError(f"File '{file_name}' not found in data archive")
        return f"{self.url}/archived.mat"


def test_a_doi_is_resolved_by_pooch(server, make_row, make_content, monkeypatch):
    content = make_content(10)
    server.add("archived.mat", content)
    dois = []

    def resolve(doi, **_):
        dois.append(doi)
        return Archive(server.url)

    monkeypatch.setattr("pooch.downloaders.doi_to_repository", resolve)
    registry = Registry(
        make_row(key, content, url=f"doi:10.5281/zenodo.1/{name}")
        for key, name in [(KEY, "data.mat"), ("b", "data.mat"), ("c", "other.mat")]
    )
    fetch_files([KEY, "b"], registry=registry)
    assert dois == ["10.5281/zenodo.1"]
    with pytest.raises(
        UnexpectedResponseError, match=r"does not lead to a file.*other"
    ):
        fetch_file("c", registry=registry)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (requests.ConnectionError("no route"), OfflineError),
        (requests.HTTPError("404"), UnexpectedResponseError),
    ],
)
def test_a_doi_that_does_not_resolve_is_an_error(
    make_row, monkeypatch, fault, error, assert_nothing_left
):
    def fail(*_, **__):
        raise fault

    monkeypatch.setattr("pooch.downloaders.doi_to_repository", fail)
    registry = Registry([make_row(KEY, b"", url="doi:10.5281/zenodo.1/data.mat")])
    with pytest.raises(error, match="SKNEURO_MIRROR"):
        fetch_file(KEY, registry=registry)
    assert_nothing_left()


def test_the_downloader_serves_in_a_plain_pooch(server, make_content, tmp_path):
    content = make_content(100_000)
    server.add("data.bin", content, cuts=[40_000], etag='"a"')
    path = pooch.retrieve(
        f"{server.url}/data.bin",
        known_hash=hashlib.sha256(content).hexdigest(),
        fname="data.bin",
        path=tmp_path,
        downloader=ResumingDownloader(key="data.bin", home=tmp_path, backoff=0.001),
    )
    assert Path(path).read_bytes() == content
    assert server.ranges("data.bin") == [None, "bytes=40000-"]
