"""Files that would do harm if they were unpickled, and the words of the refusal.

Each payload would make the file that it is given. ``payloads(marker)`` maps a name to
the bytes of a pickle and a part of the message that must name what was refused.
"""

import io
import pickle
import struct
import zipfile

MAKE = "open({!r}, 'w').close()"


def call(module, name, *arguments, protocol=2):
    """Pickle a call, written opcode by opcode so that nothing is imported."""
    return b"\x80" + bytes([protocol]) + value_of_call(module, name, *arguments) + b"."


def value_of_call(module, name, *arguments):
    return (
        b"c" + f"{module}\n{name}\n".encode() + b"(" + b"".join(arguments) + b"t" + b"R"
    )


def text(word):
    data = word.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def payloads(marker):
    code = text(MAKE.format(str(marker)))
    shell = text(f"touch {marker}")
    evil = value_of_call("os", "system", shell)
    partial = value_of_call("functools", "partial", b"cos\nsystem\n", shell)
    namespace = b"cargparse\nNamespace\n)\x81"
    array = value_of_call(
        "numpy.core.multiarray",
        "_reconstruct",
        b"cnumpy\nndarray\n",
        b"K\x00\x85C\x01b",
    )
    laughs = b"\x80\x02(]q\x00" + b"".join(
        b"](" + b"h%c" % i * 10 + b"eq%c" % (i + 1) for i in range(40)
    )
    tuples = b"\x80\x02()q\x00" + b"".join(
        b"h%ch%c\x86q%c" % (i, i, i + 1) for i in range(60)
    )
    return {
        "os.system": (b"\x80\x02" + evil + b".", r"os\.system"),
        "posix.system": (call("posix", "system", shell), r"posix\.system"),
        "nt.system": (call("nt", "system", shell), r"nt\.system"),
        "eval": (call("builtins", "eval", code), r"builtins\.eval"),
        "exec": (call("builtins", "exec", code), r"builtins\.exec"),
        "python 2 eval": (call("__builtin__", "eval", code), r"__builtin__\.eval"),
        "import": (call("builtins", "__import__", text("os")), "__import__"),
        "getattr": (
            call("builtins", "getattr", namespace, text("__class__")),
            r"builtins\.getattr",
        ),
        "open": (call("builtins", "open", text(str(marker)), text("w")), "open"),
        "subprocess": (call("subprocess", "Popen", shell), r"subprocess\.Popen"),
        "partial": (b"\x80\x02" + partial + b")R.", r"functools\.partial"),
        "map": (call("builtins", "map", b"cos\nsystem\n", shell), r"builtins\.map"),
        "methodcaller": (
            call("operator", "methodcaller", text("system"), shell),
            r"operator\.methodcaller",
        ),
        "attrgetter": (call("operator", "attrgetter", text("x")), "attrgetter"),
        "compiled": (call("marshal", "loads", b"C\x01N"), r"marshal\.loads"),
        "code object": (call("types", "CodeType"), r"types\.CodeType"),
        "lambda": (call("types", "FunctionType"), r"types\.FunctionType"),
        "dotted stack global": (
            b"\x80\x04" + text("numpy") + text("ndarray.__reduce__") + b"\x93.",
            r"numpy\.ndarray\.__reduce__",
        ),
        "stack global": (
            b"\x80\x04" + text("os") + text("system") + b"\x93" + shell + b"\x85R.",
            r"os\.system",
        ),
        "torch.load": (call("torch", "load", text("x.pt")), r"torch\.load"),
        "torch from file": (
            call("torch.storage", "_load_from_bytes", b"C\x01N"),
            r"torch\.storage\._load_from_bytes",
        ),
        "torch hub": (call("torch.hub", "load", text("x")), r"torch\.hub\.load"),
        "torch module": (
            call("torch.nn.modules.linear", "Linear", b"K\x02", b"K\x02"),
            r"torch\.nn\.modules\.linear\.Linear",
        ),
        "numpy runstring": (
            call("numpy.testing._private.utils", "runstring", code, b"}"),
            r"utils\.runstring",
        ),
        "numpy load": (call("numpy", "load", text("x.npy")), r"numpy\.load"),
        "sklearn other": (
            call("sklearn.pipeline", "Pipeline"),
            r"sklearn\.pipeline\.Pipeline",
        ),
        "joblib": (call("joblib", "load", text("x")), r"joblib\.load"),
        "pickle in pickle": (
            call("pickle", "loads", b"C\x01N"),
            r"pickle\.loads",
        ),
        "nested reduce": (
            b"\x80\x02" + value_of_call("collections", "OrderedDict", evil) + b".",
            r"os\.system",
        ),
        "deep in a state": (
            b"\x80\x02" + namespace + b"}" + text("lr") + evil + b"sb.",
            r"os\.system",
        ),
        "state with slots": (
            b"\x80\x02" + namespace + b"N}" + text("__class__") + b"K\x01s\x86b.",
            "state of its argparse.Namespace is a tuple",
        ),
        "state of a name": (
            b"\x80\x02cargparse\nNamespace\n}" + text("__init__") + b"K\x01sb.",
            "sets the state of a Name",
        ),
        "state of a list": (b"\x80\x02]}b.", "sets the state of a list"),
        "setstate of an array": (
            b"\x80\x02" + array + b"(K\x01K\x02K\x03tb.",
            "state of an array",
        ),
        "array of objects that calls": (
            b"\x80\x02"
            + array
            + b"(K\x01K\x01\x85"
            + value_of_call("numpy", "dtype", text("O8"))
            + b"\x89]"
            + evil
            + b"atb.",
            r"os\.system",
        ),
        "call of a text": (
            b"\x80\x02" + text("os.system") + shell + b"\x85R.",
            "calls",
        ),
        "call of what a call made": (b"\x80\x02" + namespace + b")R.", "calls"),
        "keyword arguments": (
            b"\x80\x04cargparse\nNamespace\n)}" + text("a") + b"K\x01s\x92.",
            "keyword arguments",
        ),
        "newobj of a class": (b"\x80\x02cos\n_wrap_close\n)\x81.", r"os\._wrap_close"),
        "ext1": (b"\x80\x02\x82\x01.", "EXT1"),
        "ext2": (b"\x80\x02\x83\x01\x00.", "EXT2"),
        "ext4": (b"\x80\x02\x84\x01\x00\x00\x00.", "EXT4"),
        "inst": (b"(S'x'\nios\nsystem\n.", "no opcode|INST"),
        "inst alone": (b"\x80\x02(ios\nsystem\n.", "INST"),
        "obj": (b"\x80\x02(cos\nsystem\n" + shell + b"o.", r"os\.system"),
        "obj of an allowed name": (b"\x80\x02(cargparse\nNamespace\no.", "OBJ"),
        "copyreg": (call("copyreg", "_reconstructor"), r"copyreg\._reconstructor"),
        "add extension": (call("copyreg", "add_extension"), r"copyreg\.add_extension"),
        "encode to a file": (
            call("_codecs", "encode", text("x"), text("zlib")),
            r"_codecs\.encode for 'zlib'",
        ),
        "decode": (call("_codecs", "decode", text("x"), text("zip")), "_codecs.decode"),
        "persistent id in text": (b"\x80\x02Pos.system\n.", "PERSID"),
        "out of band": (b"\x80\x05\x97.", "NEXT_BUFFER"),
        "billion laughs": (laughs + b"1h\x28.", "unfolds"),
        "billion tuples": (tuples + b"1h\x3c.", "unfolds"),
        "holds itself": (b"\x80\x02]q\x00h\x00a.", "holds itself"),
        "too deep": (b"\x80\x02" + b"(" * 500 + b"t" * 500 + b".", "nested deeper"),
        "storage of a class": (
            b"\x80\x02("
            + text("storage")
            + b"cos\nsystem\n"
            + text("0")
            + text("cpu")
            + b"K\x01tQ.",
            r"os\.system",
        ),
    }


def damages():
    """Pickles that are broken rather than hostile."""
    huge = b"\xff" * 8
    array = value_of_call(
        "numpy.core.multiarray",
        "_reconstruct",
        b"cnumpy\nndarray\n",
        b"K\x00\x85C\x01b",
    )

    def built(dtype, shape, data):
        dtype = value_of_call("numpy", "dtype", text(dtype))
        return b"\x80\x02" + array + b"(K\x01" + shape + dtype + b"\x89" + data + b"tb."

    return {
        "nothing": b"",
        "no stop": b"\x80\x02N",
        "text of 16 EB": b"\x80\x04\x8d" + huge + b"x.",
        "bytes of 16 EB": b"\x80\x04\x8e" + huge + b"x.",
        "bytes of 4 GB": b"\x80\x04B\xff\xff\xff\xff.",
        "whole number of 4 GB": b"\x80\x02\x8b\xff\xff\xff\xff.",
        "memo that is not there": b"\x80\x02h\x07.",
        "stack that is empty": b"\x80\x02.",
        "mark as a value": b"\x80\x02(.",
        "no mark": b"\x80\x02t.",
        "protocol 9": b"\x80\x09N.",
        "unknown opcode": b"\x80\x02\xf0.",
        "append to a tuple": b"\x80\x02)Na.",
        "key without value": b"\x80\x02}(Nu.",
        "list as a key": b"\x80\x02}]Ns.",
        "text that is no UTF-8": b"\x80\x02X\x01\x00\x00\x00\xff.",
        "array without state": b"\x80\x02" + array + b".",
        "array of wrong length": built("f4", b"K\x04\x85", b"C\x04abcd"),
        "array of negative shape": built("f4", b"J\xff\xff\xff\xff\x85", b"C\x04abcd"),
        "array of huge shape": built(
            "f4", b"\x8a\x08" + b"\xff" * 7 + b"\x7f\x85", b"C\0"
        ),
        "array of odd dtype": built("V8", b"K\x01\x85", b"C\x08abcdefgh"),
        "structured array": built("f4,i4", b"K\x01\x85", b"C\x08abcdefgh"),
        "boolean of 7": built("b1", b"K\x01\x85", b"C\x01\x07"),
        "text beyond Unicode": built("<U1", b"K\x01\x85", b"C\x04\xff\xff\xff\xff"),
    }


def in_npy(data, bare=False):
    """Write a pickle into an array of objects, as numpy would."""
    if not bare:
        array = value_of_call(
            "numpy.core.multiarray",
            "_reconstruct",
            b"cnumpy\nndarray\n",
            b"K\x00\x85C\x01b",
        )
        dtype = value_of_call("numpy", "dtype", text("O8"))
        state = b"(K\x01)" + dtype + b"\x89]" + data[2:-1] + b"atb."
        data = b"\x80\x04" + array + state
    header = b"{'descr': '|O', 'fortran_order': False, 'shape': (), }\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data


def in_zip(data, **members):
    """Write a pickle into an archive, as torch would."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", data)
        archive.writestr("archive/byteorder", b"little")
        for name, content in members.items():
            archive.writestr(f"archive/{name}", content)
    return file.getvalue()


def in_old_torch(data):
    """Write a pickle as torch did before version 1.6."""
    heads = [0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}]
    return b"".join(pickle.dumps(head, 2) for head in heads) + data + b"\x80\x02]."
