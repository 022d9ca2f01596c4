"""Responses batch by batch: into memory, an array, or a file that can be resumed."""

import hashlib
import json
import os
from pathlib import Path

import numpy as np

from skneuro.utils import progress_bar

_N_SAMPLED = 16  # images that tell one set from another
HEADER = 128  # bytes; a multiple of 64, as the format asks for


def run_batches(
    source, respond, *, batch_size, shape, out=None, key="", progress=False
):
    """Compute responses to all images, and keep them where the user wants them.

    Parameters
    ----------
    source : ImageSource
        Images.
    respond : callable
        From a batch to responses of shape (n, *shape), float32.
    batch_size : int
        Images per batch.
    shape : tuple of int
        Shape of the responses to one image.
    out : path-like, array or None, default=None
        None returns an array. A path that ends in ``.npy`` or ``.zarr`` is written as
        responses come, in constant memory, and resumed where a run broke off. Anything
        with ``shape`` and item assignment is filled.
    key : str, default=""
        What the responses depend on beside the images; a file with another key is not
        resumed.
    progress : bool, default=False
        Whether to show a progress bar.

    Returns
    -------
    ndarray, memmap, zarr.Array or ``out``
        Responses, (n_images, *shape).

    Raises
    ------
    ValueError
        If ``out`` has another shape, or belongs to other images or another encoder.
    """
    n_images = source.n_images
    with progress_bar(n_images, desc="images", unit="img", enabled=progress) as bar:
        if out is None:
            parts = []
            for batch in source.batches(batch_size):
                parts.append(respond(batch))
                bar.update(len(batch))
            if not parts:
                raise ValueError("there are no images; the iterator was empty.")
            return parts[0] if len(parts) == 1 else np.concatenate(parts)
        if isinstance(out, (str, os.PathLike)):
            sink = _open_file(Path(out), n_images, shape, batch_size)
        else:
            sink = _ArraySink(out, n_images, shape)
        with sink:
            done = sink.start(_fingerprint(source, key)) if sink.resumes else 0
            if done != n_images:  # the same batches as in one go: the same rounding
                done -= done % batch_size
            bar.update(done)
            for batch in source.batches(batch_size, start=done):
                responses = respond(batch)
                sink.write(done, responses)
                done += len(responses)
                bar.update(len(responses))
            return sink.finish(done)


def _fingerprint(source, key):
    """Hash of what the responses depend on: a key, and some of the images.

    Of an iterator only the first image is known; of all else some from the first to the
    last.
    """
    n_images = source.n_images
    digest = hashlib.sha256(f"{key};{n_images};".encode())
    if n_images is None:
        images = source.first()
    else:
        indices = np.unique(np.linspace(0, n_images - 1, _N_SAMPLED).astype(int))
        batches = (next(iter(source.batches(1, start=i))) for i in indices)
        images = (np.asarray(batch)[0] for batch in batches)
    for image in images:
        digest.update(f"{image.shape};".encode())
        digest.update(np.ascontiguousarray(image))
    return digest.hexdigest()


def _open_file(path, n_images, shape, batch_size):
    if path.suffix == ".npy":
        return _NpySink(path, n_images, shape)
    if path.suffix == ".zarr":
        return _ZarrSink(path, n_images, shape, batch_size)
    raise ValueError(
        f"out is {str(path)!r}; expected a path ending in .npy or .zarr, or an array."
    )


class _Sink:
    """Where responses go; leaving the ``with`` block closes what is open."""

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass


class _ArraySink(_Sink):
    """An array of the user's."""

    resumes = False

    def __init__(self, out, n_images, shape):
        expected = (n_images, *shape)
        if not hasattr(out, "shape") or not hasattr(out, "__setitem__"):
            raise ValueError(
                f"out is a {type(out).__name__}; expected a path that ends in .npy or "
                ".zarr, or an array."
            )
        found = tuple(out.shape)
        if found[1:] != shape or n_images not in (None, found[0]):
            raise ValueError(
                f"out has shape {found}; expected {expected} for these images."
            )
        self.out = out

    def write(self, start, responses):
        self.out[start : start + len(responses)] = responses

    def finish(self, done):
        return self.out


class _FileSink(_Sink):
    """What npy and zarr share: a note beside the file says what it holds."""

    resumes = True

    def __init__(self, path, n_images, shape):
        self.path = path
        self.n_images = n_images
        self.shape = shape
        self.note = path.with_name(path.name + ".json")

    def start(self, fingerprint):
        """Return how many images are done already."""
        if not self.path.exists():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            note = {"key": fingerprint, "n_images": self.n_images}
            self.note.write_text(json.dumps(note))
            self.create()
            return 0
        found = json.loads(self.note.read_text()) if self.note.is_file() else {}
        if found.get("key") != fingerprint:
            raise ValueError(
                f"out={str(self.path)!r} exists and holds something else, or responses "
                "of another encoder or to other images; expected a new path. Remove "
                "the file, or choose another name."
            )
        return self.reopen()


class _NpySink(_FileSink):
    """An npy file that is valid at any time: its header counts what is done."""

    file = None

    def __exit__(self, *error):
        if self.file is not None:
            self.file.close()

    def create(self):
        self.file = self.path.open("x+b")
        self._write_header(0)

    def reopen(self):
        self.file = self.path.open("r+b")
        self.file.seek(0, os.SEEK_END)
        size = self.file.tell()
        if size < HEADER:  # killed while the file was made
            self._write_header(0)
            return 0
        row = 4 * int(np.prod(self.shape, dtype=np.int64))
        self.file.seek(0)
        np.lib.format.read_magic(self.file)
        found, _, _ = np.lib.format.read_array_header_1_0(self.file)
        return min(found[0], (size - HEADER) // max(row, 1))

    def _write_header(self, done):
        text = repr(
            {"descr": "<f4", "fortran_order": False, "shape": (done, *self.shape)}
        )
        text = text.encode().ljust(HEADER - 11) + b"\n"
        self.file.seek(0)
        length = (HEADER - 10).to_bytes(2, "little")
        self.file.write(b"\x93NUMPY\x01\x00" + length + text)
        self.file.flush()

    def write(self, start, responses):
        data = np.ascontiguousarray(responses, "<f4")
        row = data.nbytes // max(len(data), 1)
        self.file.seek(HEADER + start * row)
        self.file.write(data)
        self.file.flush()
        self._write_header(start + len(data))  # last: what it counts is there

    def finish(self, done):
        row = 4 * int(np.prod(self.shape, dtype=np.int64))
        self.file.truncate(HEADER + done * row)
        os.fsync(self.file.fileno())
        return np.load(self.path, mmap_mode="r")


class _ZarrSink(_FileSink):
    """A zarr array with one chunk per batch."""

    def __init__(self, path, n_images, shape, batch_size):
        super().__init__(path, n_images, shape)
        self.batch_size = batch_size
        try:
            import zarr
        except ImportError as exc:
            raise ImportError(
                'out="*.zarr" needs zarr; pip install "skneuro[search]".'
            ) from exc
        self.zarr = zarr

    def create(self):
        self.array = self.zarr.create_array(
            str(self.path),
            shape=(self.n_images or 0, *self.shape),
            chunks=(self.batch_size, *(max(n, 1) for n in self.shape)),
            dtype="float32",
            attributes={"n_done": 0},
        )

    def reopen(self):
        if not (self.path / "zarr.json").is_file():  # killed while it was made
            self.create()
            return 0
        self.array = self.zarr.open_array(str(self.path), mode="r+")
        return int(self.array.attrs["n_done"])

    def write(self, start, responses):
        stop = start + len(responses)
        if stop > self.array.shape[0]:
            self.array.resize((stop, *self.shape))
        self.array[start:stop] = responses
        self.array.attrs["n_done"] = stop

    def finish(self, done):
        return self.array
