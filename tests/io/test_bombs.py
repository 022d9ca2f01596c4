"""Small files that would fill the memory: refused before they do."""

import json
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hostile_pickles import in_npy, in_zip, text, value_of_call

from skneuro.exceptions import UnreadableFileError, UnsafeFileError
from skneuro.io import load_npy, load_torch, open_weights, read_safetensors

N_COPIES = 20_000
MIB = 1 << 20


def number(n):
    return b"J" + struct.pack("<i", n)


def bombs():
    """Files of about a megabyte that name one value thousands of times."""
    letters = text("a" * MIB) + b"q\x00"
    array = value_of_call(
        "numpy.core.multiarray",
        "_reconstruct",
        b"cnumpy\nndarray\n",
        b"K\x00\x85C\x01b",
    )
    items = b"".join(number(i) + b"N" for i in range(100_000))
    many = {
        "sets of one list": b"](" + b"N" * MIB + b"eq\x00]("
        b"c__builtin__\nset\nq\x01" + b"h\x01h\x00\x85R" * N_COPIES,
        "arguments": b"(" + b"N" * MIB + b"tq\x00]("
        b"ctorch\ndevice\nq\x01" + b"h\x01h\x00R" * N_COPIES,
        "bytes as keys": b"B" + struct.pack("<I", MIB) + b"a" * MIB + b"q\x00]("
        b"" + b"}h\x00Ns" * N_COPIES,
        "tuple as a key": b"(" + b"K\x01" * MIB + b"tq\x00](}" + b"h\x00Ns" * N_COPIES,
        "encoded texts": letters + text("latin1") + b"q\x01]("
        b"c_codecs\nencode\nq\x02" + b"h\x02h\x00h\x01\x86R" * N_COPIES,
        "arrays of one text": letters
        + value_of_call("numpy", "dtype", text("u1"))
        + b"q\x01"
        + number(MIB)
        + b"\x85q\x02]("
        + (array + b"(K\x01h\x02h\x01\x89h\x00tb") * N_COPIES,
        "namespaces of one dict": b"}(" + items + b"uq\x00]("
        b"cargparse\nNamespace\nq\x01" + b"h\x01)\x81h\x00b" * N_COPIES,
    }
    return {name: b"\x80\x03" + data + b"e." for name, data in many.items()}


def bomb_of_bfloat16():
    storage = b"(" + text("storage") + b"ctorch\nBFloat16Storage\n" + text("0")
    storage += text("cpu") + number(4 * MIB) + b"tQq\x00"
    shape, step = number(4 * MIB) + b"\x85", b"K\x01\x85"
    tensor = value_of_call(
        "torch._utils", "_rebuild_tensor_v2", b"h\x00", b"K\x00", shape, step, b"\x89"
    )
    data = b"\x80\x02" + storage + b"0](" + tensor * 1000 + b"e."
    return in_zip(data, **{"data/0": bytes(8 * MIB)})


@pytest.mark.parametrize("name", sorted(bombs()))
def test_copies_without_end_are_refused(tmp_path, name):
    path = tmp_path / "bomb.npy"
    path.write_bytes(in_npy(bombs()[name]))
    with pytest.raises(UnsafeFileError, match="copies its values again and again"):
        load_npy(path)


def test_widened_tensors_without_end_are_refused(tmp_path):
    path = tmp_path / "bomb.pt"
    path.write_bytes(bomb_of_bfloat16())
    with pytest.raises(UnsafeFileError, match="copies its values again and again"):
        load_torch(path)


def test_pickle_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("skneuro.io._pickle_machine._MAX_STEPS", 1000)
    path = tmp_path / "long.npy"
    path.write_bytes(in_npy(b"\x80\x02](" + b"]" * 2000 + b"e."))
    with pytest.raises(UnsafeFileError, match="more than 1000 steps"):
        load_npy(path)


@pytest.mark.skipif(sys.platform != "linux", reason="limits memory as Linux does")
def test_bombs_fit_into_little_memory(tmp_path):
    for name, data in bombs().items():
        (tmp_path / f"{name}.npy").write_bytes(in_npy(data))
    (tmp_path / "tensors.pt").write_bytes(bomb_of_bfloat16())
    code = f"""if True:
        import resource
        from pathlib import Path
        from skneuro.exceptions import UnsafeFileError
        from skneuro.io import load_npy, load_torch
        with open("/proc/self/statm") as file:
            used = int(file.read().split()[0]) * resource.getpagesize()
        limit = used + {512 * MIB}
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        for path in sorted(Path({str(tmp_path)!r}).iterdir()):
            try:
                (load_npy if path.suffix == ".npy" else load_torch)(path)
            except UnsafeFileError:
                print("refused")
    """
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["refused"] * (len(bombs()) + 1)


def test_a_value_that_is_named_a_few_times_is_read(tmp_path):
    """What is refused is the number of copies, not that there are some."""
    array = np.arange(1000.0)
    np.save(tmp_path / "x.npy", {"a": array, "b": [array, array], (1, "c"): array})
    found = load_npy(tmp_path / "x.npy")
    assert found["b"][0] is found["b"][1] is found["a"]


def test_names_without_end_are_refused(tmp_path):
    content = {"a" * MIB: {str(i): i for i in range(10_000)}}
    np.save(tmp_path / "x.npy", content)
    with pytest.raises(UnreadableFileError, match="1048576 characters; expected at"):
        open_weights(tmp_path / "x.npy", data_home=tmp_path / "cache")


@pytest.mark.parametrize(
    "header",
    [
        b"[" * 200_000,
        b'{"a":' * 200_000,
        json.dumps({"__metadata__": {"skneuro": "[" * 200_000}}).encode(),
        b'{"a": {"dtype": "F32", "shape": [0, 1e99], "data_offsets": [0, 0]}}',
        b'{"a": {"dtype": "F32", "shape": [-1, -1], "data_offsets": [0, 4]}}',
        b'{"a": {"dtype": "F32", "shape": [' + b"9" * 6000 + b"]}}",
    ],
    ids=["lists", "dicts", "attributes", "huge", "negative", "digits"],
)
def test_headers_of_safetensors_are_bounded(tmp_path, header):
    path = Path(tmp_path / "x.safetensors")
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(64))
    with pytest.raises(UnreadableFileError, match="is no safetensors file, or damaged"):
        read_safetensors(path)
