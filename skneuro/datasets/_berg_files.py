"""Files of the Brain Encoding Response Generator: in its folder, or fetched."""

import logging
from os import PathLike
from pathlib import Path

from sklearn.utils import Bunch

from skneuro.datasets._encoder_catalog import describe_encoder
from skneuro.exceptions import HashMismatchError, HashMismatchWarning
from skneuro.io import (
    Registry,
    _cache,
    _converted,
    fetch_files,
    load_npy,
    open_weights,
)
from skneuro.io._cards import TERMS, metadata_key, weights_keys
from skneuro.io._fetch import as_registry
from skneuro.io._pooch import warn_user

FILE_CONSTRAINTS = {
    "berg_dir": [str, PathLike, None],
    "data_home": [str, PathLike, None],
    "download_if_missing": ["boolean"],
    "strict": ["boolean"],
    "progress": ["boolean"],
    "registry": [Registry, str, PathLike, None],
}

logger = logging.getLogger("skneuro")

_TERMS_SHOWN = set()


class BergFiles:
    """Find files by key in a folder of the user, or in the cache, fetching them.

    Parameters
    ----------
    berg_dir : str or path-like, default=None
        Folder in the layout of the public bucket, used in place and only read. None
        fetches into the cache.
    data_home : str or path-like, default=None
        Cache folder.
    download_if_missing, strict, progress : bool
        As of `skneuro.io.fetch_files`.
    registry : Registry, str or path-like, default=None
        Files that can be fetched.
    """

    def __init__(
        self,
        berg_dir=None,
        *,
        data_home=None,
        download_if_missing=True,
        strict=False,
        progress=False,
        registry=None,
    ):
        self.folder = None if berg_dir is None else Path(berg_dir).expanduser()
        if self.folder is not None and not (self.folder / "encoding_models").is_dir():
            raise FileNotFoundError(
                f"berg_dir={str(berg_dir)!r} holds no folder 'encoding_models'. Pass "
                "the folder that mirrors the public bucket, or None to fetch what is "
                "needed."
            )
        self.home = _cache.get_data_home(data_home)
        self.registry = as_registry(registry)
        self.options = {
            "download_if_missing": download_if_missing,
            "strict": strict,
            "progress": progress,
        }

    def locate(self, keys):
        """Return the paths of files, in the order of their keys."""
        show_terms_once(self.home)
        if self.folder is not None:
            return [self._in_folder(key) for key in keys]
        missing = [key for key in keys if not self._is_converted(key)]
        if missing:
            fetch_files(
                missing, data_home=self.home, registry=self.registry, **self.options
            )
        return [_cache.cache_path(self.home, key) for key in keys]

    def locate_models(self, card, subjects, rois=(None,)):
        """Fetch all that models need and is missing, under one progress bar."""
        self.locate(
            [
                key
                for subject in subjects
                for roi in rois
                for key in (
                    metadata_key(card, subject, roi),
                    *weights_keys(card, subject, roi),
                )
            ]
        )

    def _is_converted(self, key):
        """Whether a file was checked and converted before, and has not changed."""
        row = self.registry[key]
        known = _converted.known_hash(_cache.cache_path(self.home, key), self.home)
        return bool(known) and known == _cache.expected_hash(self.home, row)

    def _in_folder(self, key):
        path = self.folder.joinpath(*key.split("/"))
        if not path.is_file():
            there = sorted(p.name for p in path.parent.glob("*")) or ["nothing"]
            more = f" and {len(there) - 5} more" if len(there) > 5 else ""
            raise FileNotFoundError(
                f"{path} does not exist; {path.parent.name} holds "
                f"{', '.join(there[:5])}{more}. Copy the file there, or pass "
                "berg_dir=None to fetch it."
            )
        return path

    def open(self, key):
        """Open weights; converts them at the first time."""
        (path,) = self.locate([key])
        opened = open_weights(path, data_home=self.home)
        self._compare(key, path)
        return opened

    def read(self, key):
        """Read a file of metadata."""
        (path,) = self.locate([key])
        self._compare(key, path)
        return load_npy(path)

    def _compare(self, key, path):
        """Warn of a file of the user's folder that is not the known one."""
        if self.folder is None or key not in self.registry:
            return
        expected = _cache.expected_hash(self.home, self.registry[key])
        if not expected:
            return
        found = _converted.known_hash(path, self.home)
        if not found or expected.startswith("md5:"):
            found = _cache.file_hash(path, expected)
        if found != expected:
            warn_user(
                f"{path} has {found}, but the published file has {expected}: it is "
                "another version, or damaged. It is used as it is; copy it anew, or "
                "pass berg_dir=None to fetch it.",
                HashMismatchWarning,
            )

    def open_backbone(self, name):
        """Open the weights of a network; its name ends in the start of its hash."""
        key = f"backbones/{name}"
        files = BergFiles(data_home=self.home, registry=self.registry, **self.options)
        (path,) = files.locate([key])
        opened = open_weights(path, data_home=self.home)
        start = name.rpartition("-")[2].partition(".")[0]
        found = _converted.known_hash(path, self.home) or _cache.file_hash(path)
        if not found.removeprefix("sha256:").startswith(start):
            raise HashMismatchError(
                f"{path} has {found}, but its name says that its hash begins with "
                f"{start}. Run `python -m skneuro.datasets clear {key}` and fetch it "
                "again.",
                key=key,
            )
        return opened


def show_terms_once(home):
    """Log the terms of use, once for each cache folder."""
    if home in _TERMS_SHOWN:
        return
    _TERMS_SHOWN.add(home)
    path = _cache.private_folder(home, "terms") / "berg.txt"
    if path.is_file():
        return
    logger.warning(TERMS)
    try:
        _cache.write_text(path, TERMS + "\n")
    except OSError as exc:  # a read-only cache: shown once in each process
        logger.info("%s cannot be written: %s", path, exc)


def encoder_bunch(card, tables, **fields):
    """Return what all fetchers of encoders return, with fields of their own."""
    import pandas as pd

    return Bunch(
        encoder=None,
        metadata=pd.concat(tables, ignore_index=True),
        card=card,
        DESCR=describe_encoder(card["model_id"]).text,
        **fields,
    )
