"""Servers that err, stall, cut, lie and change: an error that helps, and no bad file.

The server is a real one, on loopback; see conftest.py for what it can do wrong.
"""

import copy
import email.utils
import socket
import threading
import time
import types

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skneuro.exceptions import (
    DownloadError,
    HashMismatchError,
    IncompleteDownloadError,
    OfflineError,
    UnexpectedResponseError,
)
from skneuro.io import Registry, fetch_file
from skneuro.io._answers import TryAgain, check_answer
from skneuro.io._pooch import Fetcher

KEY = "group/data.mat"
PAGE = b"<!DOCTYPE html><html><head><title>Please &amp; log in</title></head></html>"
HTML = {"Content-Type": "text/html; charset=utf-8"}
trusting = pytest.mark.filterwarnings(
    "ignore::skneuro.exceptions.UnverifiedDownloadWarning"
)


# -- wrong content --------------------------------------------------------------------


def test_a_wrong_hash_names_both_hashes_and_the_way_out(
    server, serve, make_content, assert_nothing_left
):
    registry = serve(KEY, make_content(1000))
    server.add(KEY, make_content(1000, seed=1))
    with pytest.raises(HashMismatchError, match=r"has sha256:\w{64}, but.*SKNEURO_MIR"):
        fetch_file(KEY, registry=registry)
    assert_nothing_left()


def test_a_wrong_file_does_not_replace_the_one_in_the_cache(
    server, serve, make_content, data_cache
):
    registry = serve(KEY, make_content(1000))
    path = fetch_file(KEY, registry=registry)
    path.write_bytes(b"edited by hand")
    server.add(KEY, make_content(1000, seed=1))
    with pytest.raises(HashMismatchError):
        fetch_file(KEY, registry=registry)
    assert path.read_bytes() == b"edited by hand"


@trusting
@pytest.mark.parametrize("verified", [True, False])
def test_a_web_page_is_refused_by_its_type(
    serve, make_content, assert_nothing_left, verified
):
    registry = serve(
        KEY,
        make_content(1000),
        row={"verified": verified},
        statuses=[(200, HTML, PAGE)],
    )
    with pytest.raises(UnexpectedResponseError, match=r"web page.*'Please & log in'"):
        fetch_file(KEY, registry=registry)
    assert_nothing_left()
    assert fetch_file(KEY, registry=registry).read_bytes() == make_content(1000)


@trusting
@pytest.mark.parametrize("verified", [True, False])
def test_a_web_page_in_disguise_is_refused_by_its_content(
    server, serve, make_content, assert_nothing_left, verified
):
    registry = serve(
        KEY, make_content(1000), row={"verified": verified, "sized": False}
    )
    server.add(KEY, b"\n " + PAGE)
    with pytest.raises(HashMismatchError, match="begins as a web page does"):
        fetch_file(KEY, registry=registry)
    assert_nothing_left()


@trusting
@pytest.mark.parametrize("verified", [True, False])
def test_a_file_that_is_meant_to_be_a_web_page_is_welcome(serve, verified):
    registry = serve(
        "report.html", PAGE, content_type="text/html", row={"verified": verified}
    )
    assert fetch_file("report.html", registry=registry).read_bytes() == PAGE


def test_another_length_is_noticed_before_the_download(
    server, serve, make_content, assert_nothing_left
):
    registry = serve(KEY, make_content(1000))
    server.add(KEY, make_content(1_000_000))
    with pytest.raises(UnexpectedResponseError, match="1000000 bytes, expected 1000"):
        fetch_file(KEY, registry=registry)
    assert_nothing_left()


@pytest.mark.parametrize("framing", ["chunked", "close"])
def test_a_body_that_is_too_long_is_cut_off(
    serve, make_content, assert_nothing_left, framing
):
    registry = serve(
        KEY, make_content(1000), framing=framing, surplus=make_content(500_000)
    )
    with pytest.raises(UnexpectedResponseError, match="more than 1000 bytes came"):
        fetch_file(KEY, registry=registry)
    assert_nothing_left()


# -- bodies that break off ------------------------------------------------------------


@trusting
@pytest.mark.parametrize("framing", ["length", "chunked"])
@pytest.mark.parametrize("verified", [True, False])
def test_a_truncated_body_is_never_taken_for_the_file(
    serve, make_content, framing, verified, cached_files
):
    registry = serve(
        KEY,
        make_content(100_000),
        row={"verified": verified, "sized": False},
        framing=framing,
        cuts=[50_000] * 9,
        ranges=False,
    )
    with pytest.raises(IncompleteDownloadError, match=r"bytes came.*Call again"):
        fetch_file(KEY, registry=registry)
    assert cached_files() == []


def test_a_truncated_body_without_framing_is_known_by_its_length(
    serve, make_content, cached_files
):
    registry = serve(
        KEY, make_content(1000), framing="close", cuts=[400] * 9, ranges=False
    )
    with pytest.raises(IncompleteDownloadError, match="400 of 1000 bytes"):
        fetch_file(KEY, registry=registry)
    assert cached_files() == []


@trusting
@pytest.mark.parametrize("verified", [True, False])
@pytest.mark.parametrize("named", ["etag", "last_modified"])
def test_a_broken_download_is_resumed(
    server, serve, make_content, verified, named, http_date, partial_files
):
    content = make_content(1_000_000)
    name = {"etag": '"v1"'} if named == "etag" else {"last_modified": http_date}
    registry = serve(
        KEY, content, row={"verified": verified}, cuts=[300_000, 400_000], **name
    )
    assert fetch_file(KEY, registry=registry).read_bytes() == content
    assert server.ranges(KEY) == [None, "bytes=300000-", "bytes=700000-"]
    conditions = [headers.get("If-Range") for _, headers in server.requests]
    assert conditions == [None, *name.values(), *name.values()]
    assert partial_files() == []


@trusting
def test_an_unverified_download_without_a_version_starts_over(
    server, serve, make_content
):
    content = make_content(100_000)
    registry = serve(KEY, content, row={"verified": False}, cuts=[50_000])
    assert fetch_file(KEY, registry=registry).read_bytes() == content
    assert server.ranges(KEY) == [None, None]


def test_a_server_without_ranges_sends_the_whole_again(server, serve, make_content):
    content = make_content(100_000)
    registry = serve(KEY, content, cuts=[50_000], ranges=False)
    assert fetch_file(KEY, registry=registry).read_bytes() == content
    assert server.ranges(KEY) == [None, "bytes=50000-"]


def test_a_long_download_may_break_often_if_it_gets_on(server, serve, make_content):
    step = 1_200_000  # more than the MiB that counts as progress
    content = make_content(8 * step)
    registry = serve(KEY, content, cuts=[step] * 7)
    assert fetch_file(KEY, registry=registry).read_bytes() == content
    assert len(server.requests) == 8


@trusting
@pytest.mark.parametrize("honest", [True, False])
@pytest.mark.parametrize("verified", [True, False])
def test_a_file_that_changes_meanwhile_is_not_spliced(
    server, serve, make_content, honest, verified
):
    """Neither if the server heeds If-Range nor if it does not."""
    old, new = make_content(100_000), make_content(100_000, seed=1)
    registry = serve(KEY, new, row={"verified": verified})
    resource = server.add(KEY, old, etag='"old"', cuts=[50_000], check_if_range=honest)

    def change(number):
        if number:
            resource.content, resource.etag = new, '"new"'

    resource.before = change
    assert fetch_file(KEY, registry=registry).read_bytes() == new


def test_a_changed_file_without_a_version_is_caught_by_its_hash(
    server, serve, make_content
):
    """The splice is noticed, and the file fetched from its beginning."""
    old, new = make_content(100_000), make_content(100_000, seed=1)
    registry = serve(KEY, new)
    resource = server.add(KEY, old, cuts=[50_000])
    resource.before = lambda n: n and setattr(resource, "content", new)
    assert fetch_file(KEY, registry=registry).read_bytes() == new
    assert server.ranges(KEY) == [None, "bytes=50000-", None]


def test_resumed_downloads_that_stay_wrong_come_to_an_end(
    server, serve, make_content, assert_nothing_left
):
    registry = serve(KEY, make_content(100_000))
    server.add(KEY, make_content(100_000, seed=1), cuts=[50_000, None] * 9)
    with pytest.raises(HashMismatchError):
        fetch_file(KEY, registry=registry)
    assert_nothing_left()
    assert len(server.requests) == 4


@trusting
@pytest.mark.parametrize("verified", [True, False])
@pytest.mark.parametrize("sized", [True, False])
def test_a_download_killed_before_its_last_step_needs_no_more_bytes(
    server, serve, make_content, verified, sized, monkeypatch
):
    content = make_content(1000)
    known = {"verified": verified, "sized": sized}
    registry = serve(KEY, content, row=known, etag='"v"')

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as context:
        context.setattr("skneuro.io._cache.write_record", killed)
        with pytest.raises(KeyboardInterrupt):
            fetch_file(KEY, registry=registry)
    assert fetch_file(KEY, registry=registry).read_bytes() == content
    asked = [] if verified and sized else ["bytes=1000-"]  # answered with 416
    assert server.ranges(KEY) == [None, *asked]


@pytest.mark.parametrize("content_range", ["bytes */500", None, "bytes */x"])
def test_an_unsatisfied_range_starts_over(server, serve, make_content, content_range):
    content = make_content(1000)
    headers = {"Content-Range": content_range} if content_range else {}
    registry = serve(
        KEY, content, cuts=[600], statuses=[None, (416, headers, b"")], etag='"v"'
    )
    assert fetch_file(KEY, registry=registry).read_bytes() == content
    assert server.ranges(KEY) == [None, "bytes=600-", None]


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Range": "bytes 0-999/1000"},
        {"Content-Range": "bytes 600-999/2000", "ETag": '"v"'},
        {"Content-Range": "lines 1-2/3"},
        {},
    ],
)
def test_another_range_than_asked_for_starts_over(server, serve, make_content, headers):
    content = make_content(1000)
    registry = serve(
        KEY,
        content,
        cuts=[600],
        statuses=[None, (206, headers, bytes(400))],
        etag='"v"',
    )
    assert fetch_file(KEY, registry=registry).read_bytes() == content
    assert server.ranges(KEY) == [None, "bytes=600-", None]


def test_a_range_nobody_asked_for_is_an_error(serve, make_content, assert_nothing_left):
    headers = {"Content-Range": "bytes 0-99/1000"}
    registry = serve(KEY, make_content(1000), statuses=[(206, headers, bytes(100))])
    with pytest.raises(UnexpectedResponseError, match="a range came, but the whole"):
        fetch_file(KEY, registry=registry)
    assert_nothing_left()


# -- silence --------------------------------------------------------------------------


def test_a_stalled_body_times_out_and_is_resumed(
    server, serve, make_content, monkeypatch
):
    monkeypatch.setenv("SKNEURO_TIMEOUT", "1")
    content = make_content(100_000)
    registry = serve(KEY, content, stalls=[70_000], etag='"v"')
    assert fetch_file(KEY, registry=registry).read_bytes() == content
    assert server.ranges(KEY) == [None, "bytes=70000-"]


def test_a_server_that_always_stalls_is_given_up(
    serve, make_content, monkeypatch, cached_files
):
    monkeypatch.setenv("SKNEURO_TIMEOUT", "0.5")
    registry = serve(KEY, make_content(1000), stalls=[10] * 9)
    with pytest.raises(IncompleteDownloadError, match="40 of 1000 bytes came"):
        fetch_file(KEY, registry=registry)
    assert cached_files() == []


def test_a_server_that_never_answers_is_given_up(
    make_row, monkeypatch, assert_nothing_left
):
    monkeypatch.setenv("SKNEURO_TIMEOUT", "0.1")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        registry = Registry([make_row(KEY, b"x", url=f"http://127.0.0.1:{port}/x")])
        with pytest.raises(OfflineError, match=r"does not answer.*SKNEURO_MIRROR"):
            fetch_file(KEY, registry=registry)
    assert_nothing_left()


def test_a_trickle_counts_as_silence(make_row, make_content, monkeypatch, raw_server):
    """Each byte comes before the timeout, but the file would take days."""
    monkeypatch.setenv("SKNEURO_TIMEOUT", "0.5")
    monkeypatch.setattr(Fetcher, "patience", {"backoff": 0.001, "retries": 0})
    content = make_content(10_000)

    def trickle(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n")
        for byte in content:
            connection.sendall(bytes([byte]))
            time.sleep(0.05)

    registry = Registry([make_row(KEY, content, url=raw_server(trickle))])
    with pytest.raises(IncompleteDownloadError, match="fewer than 100 bytes per"):
        fetch_file(KEY, registry=registry)


def test_a_head_that_trickles_is_given_up(
    make_row, monkeypatch, raw_server, assert_nothing_left
):
    monkeypatch.setenv("SKNEURO_TIMEOUT", "0.2")
    monkeypatch.setattr(Fetcher, "patience", {"backoff": 0.001, "retries": 0})
    stop = threading.Event()

    def trickle(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
        while not stop.wait(0.05):
            connection.sendall(b"x")

    registry = Registry([make_row(KEY, b"x", url=raw_server(trickle))])
    try:
        with pytest.raises(OfflineError, match=r"no whole answer within 0\.8 seconds"):
            fetch_file(KEY, registry=registry)
    finally:
        stop.set()
    assert_nothing_left()


def test_nobody_listens(make_row, assert_nothing_left):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    registry = Registry([make_row(KEY, b"x", url=f"http://127.0.0.1:{port}/x")])
    with pytest.raises(OfflineError, match=r"does not answer.*Check the connection"):
        fetch_file(KEY, registry=registry)
    assert_nothing_left()


def test_a_dead_proxy_is_named(serve, make_content, monkeypatch, assert_nothing_left):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with pytest.raises(OfflineError, match=r"Check the proxy settings"):
        fetch_file(KEY, registry=serve(KEY, make_content(10)))
    assert_nothing_left()


def test_an_answer_that_is_not_http(make_row, assert_nothing_left, raw_server):
    url = raw_server(lambda connection: connection.sendall(b"220 smtp.example.org\r\n"))
    registry = Registry([make_row(KEY, b"x", url=url)])
    with pytest.raises(DownloadError, match="SKNEURO_MIRROR"):
        fetch_file(KEY, registry=registry)
    assert_nothing_left()


def test_an_error_does_not_repeat_binary_that_came(make_row, make_content, raw_server):
    url = raw_server(lambda connection: connection.sendall(make_content(50_000)))
    registry = Registry([make_row(KEY, b"x", url=url)])
    with pytest.raises(DownloadError) as caught:
        fetch_file(KEY, registry=registry)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1000


# -- errors ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "match"),
    [
        (401, "refuses it"),
        (403, "refuses it.*browser.*SKNEURO_MIRROR to a folder"),
        (404, "not there any more.*Update skneuro"),
        (410, "not there any more"),
        (416, "no answer for a file"),
        (418, "no answer for a file"),
        (204, "no answer for a file"),
    ],
)
def test_a_lasting_error_is_raised_at_once(
    server, serve, make_content, assert_nothing_left, status, match
):
    registry = serve(KEY, make_content(10), statuses=[(status, {}, b"")] * 9)
    with pytest.raises(UnexpectedResponseError, match=match) as caught:
        fetch_file(KEY, registry=registry)
    assert caught.value.status == status
    assert caught.value.key == KEY
    assert caught.value.url == f"{server.url}/{KEY}"
    assert len(server.requests) == 1
    assert_nothing_left()


def test_an_error_page_gives_its_title(serve, make_content):
    registry = serve(KEY, make_content(10), statuses=[(403, HTML, PAGE)])
    with pytest.raises(UnexpectedResponseError, match=r"403 Forbidden .'Please & log"):
        fetch_file(KEY, registry=registry)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_passing_error_is_tried_again(server, serve, make_content, status):
    registry = serve(KEY, make_content(10), statuses=[(status, {}, b"")] * 3)
    assert fetch_file(KEY, registry=registry).read_bytes() == make_content(10)
    assert len(server.requests) == 4


def test_a_passing_error_that_stays_is_raised(
    server, serve, make_content, assert_nothing_left
):
    registry = serve(KEY, make_content(10), statuses=[(503, HTML, PAGE)] * 9)
    with pytest.raises(UnexpectedResponseError, match="busy or broken, HTTP 503"):
        fetch_file(KEY, registry=registry)
    assert len(server.requests) == 4
    assert_nothing_left()


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_obeyed(serve, make_content, form):
    wait = {"seconds": "1", "date": None}[form]
    if wait is None:
        wait = email.utils.formatdate(time.time() + 2, usegmt=True)
    registry = serve(
        KEY, make_content(10), statuses=[(503, {"Retry-After": wait}, b"")]
    )
    begin = time.monotonic()
    fetch_file(KEY, registry=registry)
    assert time.monotonic() - begin >= 0.9


def test_a_wait_that_is_too_long_is_told_instead(server, serve, make_content):
    headers = {"Retry-After": "3600"}
    registry = serve(KEY, make_content(10), statuses=[(429, headers, b"")] * 9)
    with pytest.raises(UnexpectedResponseError, match="asks to wait 3600 s"):
        fetch_file(KEY, registry=registry)
    assert len(server.requests) == 1


def test_a_senseless_retry_after_is_ignored(serve, make_content):
    headers = {"Retry-After": "soon"}
    registry = serve(KEY, make_content(10), statuses=[(503, headers, b"")])
    assert fetch_file(KEY, registry=registry).exists()


def test_redirections_in_circles_are_an_error(
    server, serve, make_content, assert_nothing_left
):
    statuses = [(302, {"Location": f"/{KEY}"}, b"")] * 99
    registry = serve(KEY, make_content(10), statuses=statuses)
    with pytest.raises(UnexpectedResponseError, match="redirects"):
        fetch_file(KEY, registry=registry)
    assert_nothing_left()


@pytest.mark.parametrize(
    "location",
    ["file:///etc/hostname", "ftp://127.0.0.1/x", "http://[::bad/x", "http://:0x/"],
)
def test_a_redirection_out_of_the_web_is_refused(
    serve, make_content, assert_nothing_left, location
):
    statuses = [(302, {"Location": location}, b"")]
    registry = serve(KEY, make_content(10), statuses=statuses)
    with pytest.raises(UnexpectedResponseError, match="request failed"):
        fetch_file(KEY, registry=registry)
    assert_nothing_left()


def test_a_redirection_may_not_give_up_encryption_without_a_hash():
    answer = types.SimpleNamespace(
        status_code=200, headers={}, url="http://example.org/data.mat"
    )
    url = "https://example.org/data.mat"
    check_answer(answer, key=KEY, url=url, verified=True)
    with pytest.raises(UnexpectedResponseError, match="not encrypted"):
        check_answer(answer, key=KEY, url=url, verified=False)


def test_errors_cross_processes():
    """Copied as pickle does, with all that they carry."""
    errors = [
        UnexpectedResponseError("text", key="a", url="b", status=404),
        HashMismatchError("text", key="a", url="b"),
    ]
    for error in errors:
        twin = copy.copy(error)
        assert type(twin) is type(error)
        assert str(twin) == "text"
        assert vars(twin) == vars(error)
    assert str(TryAgain(errors[0])) == "text"


# -- anything at all ------------------------------------------------------------------


@trusting
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_whatever_a_server_does_a_file_is_right_or_absent(
    server, make_row, make_content, data, data_cache
):
    """Cuts, errors, changed versions, with or without ranges, hashes and lengths."""
    draw = data.draw
    key = f"fuzz/{len(server.requests)}.bin"
    size = draw(st.integers(0, 3000))
    content, other = make_content(size), make_content(size, seed=1)
    known = draw(
        st.fixed_dictionaries({"verified": st.booleans(), "sized": st.booleans()})
    )
    registry = Registry([make_row(key, content, **known)])
    odd = st.sampled_from([None, (503, {}, b""), (416, {}, b""), (200, HTML, PAGE)])
    resource = server.add(
        key,
        draw(st.sampled_from([content, other])),
        etag=draw(st.sampled_from([None, '"1"', 'W/"1"'])),
        cuts=draw(st.lists(st.none() | st.integers(0, 3000), max_size=6)),
        statuses=draw(st.lists(odd, max_size=4)),
        framing=draw(st.sampled_from(["length", "chunked"])),
        ranges=draw(st.booleans()),
        check_if_range=draw(st.booleans()),
    )
    changes_at = draw(st.integers(1, 8))

    def change(number):
        if number == changes_at:
            resource.content = content
            resource.etag = resource.etag and resource.etag.replace("1", "2")

    resource.before = change
    for _ in range(3):
        try:
            path = fetch_file(key, registry=registry)
        except DownloadError:
            assert not (data_cache / key).exists()
        else:
            right = [content] if known["verified"] else [content, other]
            assert path.read_bytes() in right
    resource.cuts, resource.statuses, resource.content = [], [], content
    if known["verified"]:
        assert fetch_file(key, registry=registry).read_bytes() == content
