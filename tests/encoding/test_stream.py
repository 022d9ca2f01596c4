"""Responses written batch by batch, killed and resumed."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

from skneuro.encoding import GNetEncoder, make_gnet_weights

SIZE = 35
WEIGHTS = make_gnet_weights(
    4, channels=(2, 3, 4, 2), image_size=SIZE, sizes=0.1, random_state=0
)


def make_encoder(**parameters):
    parameters = {"image_size": SIZE, "batch_size": 4, "device": "cpu"} | parameters
    return GNetEncoder(WEIGHTS, **parameters)


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, size=(21, 3, SIZE, SIZE), dtype=np.uint8)


@pytest.fixture(params=["npy", "zarr"])
def path(request, tmp_path):
    if request.param == "zarr":
        pytest.importorskip("zarr")
    return tmp_path / f"responses.{request.param}"


class Broken(RuntimeError):
    """Stands for a run that is cut off."""


def break_off(images, n):
    """Yield n images, then fail."""
    yield from images[:n]
    raise Broken


def test_files_hold_what_predict_returns(path, images):
    expected = make_encoder().predict(images)
    found = make_encoder().predict(images, out=path)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found[:], expected)
    again = make_encoder().predict(images, out=str(path))  # complete: nothing to do
    np.testing.assert_array_equal(again[:], expected)


def test_iterators_are_written_and_resumed(path, images):
    with pytest.raises(Broken):
        make_encoder().predict(break_off(images, 10), out=path)
    calls = []
    encoder = make_encoder()
    respond = encoder._respond
    encoder._respond = lambda batch: calls.append(len(batch)) or respond(batch)
    found = encoder.predict(iter(images), out=path)
    assert calls == [4, 4, 4, 1]  # two batches were there
    np.testing.assert_array_equal(found[:], make_encoder().predict(images))


def test_other_iterators_do_not_go_on(path, images):
    with pytest.raises(Broken):
        make_encoder().predict(break_off(images, 10), out=path)
    with pytest.raises(ValueError, match="to other images"):
        make_encoder().predict(iter(images[::-1]), out=path)


def test_unfinished_npy_files_are_valid(tmp_path, images):
    with pytest.raises(Broken):
        make_encoder().predict(break_off(images, 10), out=tmp_path / "r.npy")
    found = np.load(tmp_path / "r.npy")
    np.testing.assert_array_equal(found, make_encoder().predict(images[:8]))


def test_a_cut_npy_file_is_completed(tmp_path, images):
    path = tmp_path / "r.npy"
    make_encoder().predict(images, out=path)
    whole = path.read_bytes()
    for size in (20, 128 + 9 * 16 + 3):
        path.write_bytes(whole[:size])
        make_encoder().predict(images, out=path)
        assert path.read_bytes() == whole


def test_a_zarr_array_killed_while_it_was_made_is_completed(tmp_path, images):
    pytest.importorskip("zarr")
    path = tmp_path / "r.zarr"
    expected = make_encoder().predict(images, out=path)[:]
    (path / "zarr.json").unlink()
    found = make_encoder().predict(images, out=path)
    np.testing.assert_array_equal(found[:], expected)


@pytest.mark.parametrize("change", ["first", "inner", "encoder", "foreign"])
def test_files_of_something_else_are_not_touched(path, images, change):
    other = images.copy()
    encoder = make_encoder()
    if change == "foreign":
        path.write_bytes(b"mine")
    else:
        encoder.predict(images, out=path)
    if change in ("first", "inner"):
        other[0 if change == "first" else 10 :] //= 2
    if change == "encoder":
        encoder.set_params(square="stretch")
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(ValueError, match="exists and holds something else"):
        encoder.predict(other, out=path)
    assert before is None or path.read_bytes() == before


def test_arrays_are_filled(images):
    out = np.full((21, 4), np.nan)
    assert make_encoder().predict(images, out=out) is out
    np.testing.assert_allclose(out, make_encoder().predict(images))


@pytest.mark.parametrize(
    ("out", "match"),
    [
        (np.zeros((21, 5)), r"out has shape \(21, 5\); expected \(21, 4\)"),
        (np.zeros((20, 4)), r"out has shape \(20, 4\); expected \(21, 4\)"),
        ("responses.txt", r"ending in \.npy or \.zarr"),
        (3, "out is a int"),
    ],
)
def test_what_cannot_hold_the_responses_is_refused(images, out, match):
    with pytest.raises(ValueError, match=match):
        make_encoder().predict(images, out=out)


def test_empty_iterators_are_refused():
    with pytest.raises(ValueError, match="iterator was empty"):
        make_encoder().predict(iter([]))


SCRIPT = textwrap.dedent(
    """
    import sys
    import numpy as np
    from skneuro.encoding import GNetEncoder, make_gnet_weights
    weights = make_gnet_weights(
        4, channels=(2, 3, 4, 2), image_size=35, sizes=0.1, random_state=0
    )
    images = np.load(sys.argv[1], mmap_mode="r")
    encoder = GNetEncoder(weights, image_size=35, batch_size=4, device="cpu")
    encoder.predict(images, out=sys.argv[2])
    """
)


@pytest.mark.skipif(os.name != "posix", reason="sends SIGKILL")
def test_a_killed_run_resumes_to_the_same_file(tmp_path):
    """As `benchmarks/encoding.py --only stream` does with 20,000 images."""
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, size=(6000, 3, 35, 35), dtype=np.uint8)
    np.save(tmp_path / "images.npy", images)
    out = tmp_path / "responses.npy"
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "images.npy"), str(out)]
    process = subprocess.Popen(command)
    deadline = time.monotonic() + 60
    while not (out.exists() and out.stat().st_size > 128 + 16 * 100):
        assert process.poll() is None, "finished before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = len(np.load(out))
    assert 100 <= done < 6000
    encoder = make_encoder()
    encoder.predict(images, out=out)
    whole = tmp_path / "whole.npy"
    encoder.predict(images, out=whole)
    assert out.read_bytes() == whole.read_bytes()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_memory_does_not_grow_with_the_number_of_images(tmp_path):
    n_images, size = 24, 1024
    stored = np.lib.format.open_memmap(
        tmp_path / "big.npy", "w+", np.uint8, (n_images, 3, size, size)
    )
    stored[:] = 7
    stored.flush()
    del stored
    images = np.load(tmp_path / "big.npy", mmap_mode="r")
    resident = []
    encoder = make_encoder(batch_size=2)
    respond = encoder._respond

    def watch(batch):
        responses = respond(batch)
        with open("/proc/self/smaps") as file:
            text = file.read().split("big.npy")[1]
        resident.append(int(text.split("Rss:")[1].split()[0]))  # kB
        return responses

    encoder._respond = watch
    expected = make_encoder().predict(np.asarray(images[:2]))
    found = encoder.predict(images, out=tmp_path / "out.npy")
    np.testing.assert_allclose(found[:2], expected, atol=1e-6)
    assert len(resident) == 12
    assert max(resident[1:]) < 4 * 2 * 3 * size**2 / 1024  # four batches, not twelve
