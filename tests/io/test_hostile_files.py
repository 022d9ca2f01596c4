"""Hostile and broken files: refused by name, never run, never another error."""

import io
import os
import random
import struct
import subprocess
import sys
import warnings
import zipfile
from functools import partial

import numpy as np
import pytest
from hostile_pickles import damages, in_npy, in_old_torch, in_zip, payloads
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skneuro.exceptions import UnreadableFileError, UnsafeFileError
from skneuro.io import load_npy, load_torch

HOSTILE = sorted(payloads("x"))
FORMS = {"npy": (in_npy, load_npy), "zip": (in_zip, load_torch)}
FORMS["old torch"] = (in_old_torch, load_torch)


@pytest.fixture
def write(tmp_path):
    def write(content):
        path = tmp_path / "weights"
        path.write_bytes(content)
        return path

    return write


def test_there_are_many_hostile_files():
    assert len(HOSTILE) >= 50


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pickles_are_refused_by_name(write, tmp_path, name, form):
    wrap, load = FORMS[form]
    data, words = payloads(tmp_path / "marker")[name]
    path = write(wrap(data))
    with pytest.raises(UnreadableFileError, match=words) as caught:
        load(path)
    assert str(path) in str(caught.value)
    assert not (tmp_path / "marker").exists()


def test_payloads_would_work_where_pickles_are_run(tmp_path):
    """The marker proves something: Python itself does run such a file."""
    data, _ = payloads(tmp_path / "marker")["exec"]
    code = "import pickle, sys; pickle.loads(sys.stdin.buffer.read())"
    subprocess.run([sys.executable, "-c", code], input=data, check=True)
    assert (tmp_path / "marker").exists()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", sorted(damages()))
def test_broken_pickles_are_said_to_be_so(write, name, form):
    wrap, load = (
        FORMS[form] if form != "npy" else (partial(in_npy, bare=True), load_npy)
    )
    with pytest.raises(UnreadableFileError, match=r"cannot be read|is refused"):
        load(write(wrap(damages()[name])))


def test_reading_imports_nothing_that_a_file_names(write):
    path = write(in_npy(payloads("x")["sklearn other"][0]))
    code = (
        "import sys; from skneuro.io import load_npy\n"
        f"try: load_npy({str(path)!r})\n"
        "except ValueError: print('sklearn.pipeline' in sys.modules)"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert out.stdout.strip() == "False"


# -- archives -----------------------------------------------------------------------


def archive(*members, compression=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as written, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # two members of one name
        for name, content in members:
            written.writestr(name, content)
    return file.getvalue()


PLAIN = b"\x80\x02N."


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            archive(
                ("a/data.pkl", PLAIN),
                ("a/x", bytes(1 << 24)),
                ("a/data/0", bytes(1 << 24)),
                compression=zipfile.ZIP_DEFLATED,
            ),
            "is compressed",
        ),
        (archive(("a/data.pkl", PLAIN), ("a/../../etc/passwd", b"")), "leads out"),
        (archive(("/data.pkl", PLAIN)), "leads out"),
        (archive(("..\\a/data.pkl", PLAIN)), "leads out"),
        (archive(("a/data.pkl", PLAIN), ("b/data.pkl", PLAIN)), "two members"),
        (archive(("a/data.pkl", PLAIN), ("a/data.pkl", PLAIN)), "two members"),
        (archive(("a/data.pkl", PLAIN), ("b/x", PLAIN)), "several folders"),
        (archive(("a/data.pkl", PLAIN), ("a/code/m.py", b"")), "TorchScript"),
        (archive(("a/data.pkl", PLAIN), ("a/constants.pkl", b"")), "TorchScript"),
    ],
)
def test_hostile_archives_are_refused(write, content, words):
    with pytest.raises(UnsafeFileError, match=words):
        load_torch(write(content))


def storage(key, n_items):
    n_items = b"\x8a\x08" + struct.pack("<q", n_items)
    return (
        b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\n"
        + b"X\x01\x00\x00\x00"
        + key
        + b"X\x03\x00\x00\x00cpu"
        + n_items
        + b"tQ"
    )


def tensor(n_items, offset, size, stride):
    return (
        b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n("
        + storage(b"0", n_items)
        + b"M"
        + struct.pack("<H", offset)
        + b"J"
        + struct.pack("<i", size)
        + b"\x85J"
        + struct.pack("<i", stride)
        + b"\x85\x89}tR."
    )


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (tensor(4, 0, 5, 1), "reaches beyond"),
        (tensor(4, 2, 3, 1), "reaches beyond"),
        (tensor(4, 0, 4, 2), "reaches beyond"),
        (tensor(4, 0, 1 << 30, 0), "reaches beyond"),
        (tensor(4, 0, -1, 1), "shape"),
        (tensor(4, 0, 2, -1), "shape"),
        (tensor(5, 0, 2, 1), "has 16 bytes, expected 20"),
        (tensor(1 << 60, 0, 2, 1), "odd length"),
        (tensor(-1, 0, 2, 1), "odd length"),
    ],
)
def test_tensors_stay_inside_their_numbers(write, data, words):
    content = in_zip(data, **{"data/0": bytes(16)})
    with pytest.raises(UnreadableFileError, match=words):
        load_torch(write(content))


def test_tensor_within_its_numbers_is_read(write):
    numbers = np.arange(4, dtype="f4")
    content = in_zip(tensor(4, 1, 2, 2), **{"data/0": numbers.tobytes()})
    np.testing.assert_array_equal(load_torch(write(content)), [1, 3])


@pytest.mark.parametrize(
    ("content", "load"),
    [
        (b"", load_npy),
        (b"", load_torch),
        (b"PK", load_torch),
        (b"\x93NUMPY", load_npy),
        (b"\x93NUMPY\x07\x00\x10\x00", load_npy),
        (b"\x93NUMPY\x01\x00\x20\x00" + b"(" * 32, load_npy),
        (b"\x93NUMPY\x01\x00\x1f\x00__import__('os').system('true')", load_npy),
        (b"<!doctype html>", load_npy),
        (b"<!doctype html>", load_torch),
    ],
)
def test_other_files_are_said_to_be_so(write, content, load):
    with pytest.raises(UnreadableFileError, match="cannot be read"):
        load(write(content))


def test_tar_archives_are_named(write):
    import tarfile

    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as written:
        written.addfile(tarfile.TarInfo("pickle"))
    with pytest.raises(UnreadableFileError, match="tar archive"):
        load_torch(write(file.getvalue()))


# -- fuzzing ------------------------------------------------------------------------


def reads_or_refuses(load, path, content):
    path.write_bytes(content)
    try:
        load(path)
    except UnreadableFileError:
        return False
    return True


@pytest.fixture(scope="module")
def good_files(tmp_path_factory):
    import torch

    folder = tmp_path_factory.mktemp("good")
    rng = np.random.default_rng(0)
    weights = {
        "scaler_param": {"mean_": rng.standard_normal(5), "n_features_in_": 5},
        "names": ["Fp1", "Oz"],
        "image_files": np.array(["a.jpg", "b.jpg"]),
        "mask": np.array([[True, False]]),
        "object": np.array([1, "x", None], dtype=object),
    }
    np.save(folder / "a.npy", weights)
    state = {"w": torch.ones(3, 2).T, "n": torch.tensor(3), **weights}
    torch.save(state, folder / "zip.pt")
    torch.save(state, folder / "old.pt", _use_new_zipfile_serialization=False)
    loads = {"a.npy": load_npy, "zip.pt": load_torch, "old.pt": load_torch}
    return [((folder / name).read_bytes(), load) for name, load in loads.items()]


@pytest.mark.parametrize("which", range(3))
def test_good_files_are_read(good_files, tmp_path, which):
    content, load = good_files[which]
    assert reads_or_refuses(load, tmp_path / "x", content)
    value = load(tmp_path / "x")
    assert value["names"] == ["Fp1", "Oz"]
    assert value["image_files"].tolist() == ["a.jpg", "b.jpg"]
    assert value["object"].tolist() == [1, "x", None]


@pytest.mark.parametrize("which", range(3))
def test_truncated_files_are_refused(good_files, tmp_path, which):
    content, load = good_files[which]
    for end in range(0, len(content) - 1, max(1, len(content) // 300)):
        assert not reads_or_refuses(load, tmp_path / "x", content[:end]), end


@pytest.mark.parametrize("which", range(3))
def test_mutated_files_run_nothing_and_raise_only_what_is_documented(
    good_files, tmp_path, which, monkeypatch
):
    def ran(*arguments):
        raise AssertionError(f"a file ran {arguments}")

    for name in ("system", "popen", "execv"):
        monkeypatch.setattr(os, name, ran)
    content, load = good_files[which]
    rng = random.Random(which)
    for _ in range(1500):
        mutated = bytearray(content)
        for _ in range(rng.choice([1, 1, 2, 5])):
            at = rng.randrange(len(mutated))
            kind = rng.random()
            if kind < 0.6:
                mutated[at] = rng.randrange(256)
            elif kind < 0.8:
                del mutated[at : at + rng.randrange(1, 9)]
            else:
                other = rng.randrange(len(mutated))
                mutated[at:at] = mutated[other : other + rng.randrange(1, 30)]
        reads_or_refuses(load, tmp_path / "x", bytes(mutated))


OPCODES = [bytes([code]) for code in range(256)]
PIECES = [
    b"cnumpy\ndtype\n",
    b"cnumpy.core.multiarray\n_reconstruct\n",
    b"cnumpy.core.multiarray\nscalar\n",
    b"cnumpy.core.numeric\n_frombuffer\n",
    b"cnumpy\nndarray\n",
    b"cargparse\nNamespace\n",
    b"ccollections\nOrderedDict\n",
    b"ctorch._utils\n_rebuild_tensor_v2\n",
    b"ctorch._utils\n_rebuild_parameter\n",
    b"ctorch\nFloatStorage\n",
    b"ctorch\nSize\n",
    b"cbuiltins\nset\n",
    b"cbuiltins\ncomplex\n",
    b"c_codecs\nencode\n",
    b"X\x02\x00\x00\x00f4",
    b"X\x02\x00\x00\x00O8",
    b"X\x06\x00\x00\x00latin1",
    b"X\x07\x00\x00\x00storage",
    b"C\x04abcd",
    b"K\x01\x85",
    b"K\x00",
    b")R",
    b"}b",
    b"tR",
    b"tb",
    b"tQ",
    b"(",
]


@settings(
    max_examples=600,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
    database=None,
)
@given(st.lists(st.sampled_from(OPCODES + PIECES * 6), max_size=40))
def test_any_opcodes_run_nothing_and_raise_only_what_is_documented(tmp_path, pieces):
    data = b"\x80\x04" + b"".join(pieces) + b"."
    for wrap, load in FORMS.values():
        reads_or_refuses(load, tmp_path / "x", wrap(data))
    reads_or_refuses(load_npy, tmp_path / "x", in_npy(data, bare=True))
