"""Build the registry rows of the encoding models, and fill in their hashes.

    python datasets/berg/build_registry.py              rows from the cards, no network
    python datasets/berg/build_registry.py --ask        ask the server for the lengths
    python datasets/berg/build_registry.py --download   and read every file for its hash

Rows are made from the patterns in ``skneuro/io/cards``. What the registry knows of a
file stays, so that a run that was broken off goes on where it stopped. ``--ask`` also
takes the MD5 sums that the server gives for files that were uploaded in one piece;
``--download`` reads every file once (many gigabytes) and keeps none.
"""

import argparse
import csv
import hashlib
import re
from pathlib import Path

import requests

from skneuro.io._cards import BUCKET, CITATION, card_keys, load_cards

HERE = Path(__file__).parent
REGISTRY = HERE.parents[1] / "skneuro" / "io" / "registry.csv"
COLUMNS = ["key", "url", "hash", "bytes", "licence", "citation"]
PREFIXES = ("encoding_models/", "berg_tutorials/", "backbones/")
LICENCE = "BERG terms of use: cite, research and education, no commercial use"
COCO = "Lin et al. (2014), Microsoft COCO, ECCV, doi:10.1007/978-3-319-10602-1_48"
TORCHVISION = "https://download.pytorch.org/models"
# sha256, where it is known (names end in its first eight digits), and what to cite
BACKBONES = {
    "vit_b_32-d86f8d99.pth": (
        "",
        "Dosovitskiy et al. (2021), An image is worth 16x16 words, ICLR, "
        "doi:10.48550/arXiv.2010.11929",
    ),
    "alexnet-owt-7be5be79.pth": (
        "7be5be791159472b1fbf3c69796f7cb30dca7ad8466c2df70058c37116cdee02",
        "Krizhevsky, Sutskever & Hinton (2012), ImageNet classification with deep "
        "convolutional neural networks, NeurIPS, doi:10.1145/3065386",
    ),
}
TIMEOUT = 60  # s


def build_rows():
    """Make one row for each file, without hash where nobody could know it.

    Returns
    -------
    list of dict
        Rows, sorted by key.
    """
    rows = []

    def add(key, url, licence, citation, sha256=""):
        known = f"sha256:{sha256}" if sha256 else ""
        cells = key, url, known, "", licence, citation
        rows.append(dict(zip(COLUMNS, cells, strict=True)))

    for card in load_cards().values():
        if "files" in card:
            for key in card_keys(card):
                citation = "; ".join([CITATION, *card["references"]])
                add(key, f"{BUCKET}/{key}", LICENCE, citation)
    for number in (HERE / "images.txt").read_text().split():
        key = f"berg_tutorials/tutorial_images/{int(number):012d}.jpg"
        add(key, f"{BUCKET}/{key}", "COCO terms of use (Flickr images)", COCO)
    for name, (sha256, citation) in BACKBONES.items():
        url = f"{TORCHVISION}/{name}"
        add(f"backbones/{name}", url, "BSD-3-Clause (torchvision)", citation, sha256)
    return sorted(rows, key=lambda row: row["key"])


def ask(row, session):
    """Fill in length and MD5 sum from the server's headers."""
    with session.get(row["url"], timeout=TIMEOUT, stream=True) as answer:
        answer.raise_for_status()
        row["bytes"] = answer.headers["Content-Length"]
        etag = answer.headers.get("ETag", "").strip('"')
        encrypted = "kms" in answer.headers.get("x-amz-server-side-encryption", "")
        if not row["hash"] and re.fullmatch("[0-9a-f]{32}", etag) and not encrypted:
            row["hash"] = f"md5:{etag}"


def download(row, session):
    """Fill in length and SHA-256 from the whole file."""
    digest, length = hashlib.sha256(), 0
    with session.get(row["url"], timeout=TIMEOUT, stream=True) as answer:
        answer.raise_for_status()
        expected = answer.headers.get("Content-Length")
        for chunk in answer.iter_content(1 << 20):
            digest.update(chunk)
            length += len(chunk)
    if expected is not None and int(expected) != length:
        raise OSError(f"{row['url']}: {length} of {expected} bytes came; run again.")
    found = f"sha256:{digest.hexdigest()}"
    if row["hash"].startswith("sha256:") and row["hash"] != found:
        raise ValueError(f"{row['url']} has {found}, the registry says {row['hash']}.")
    name = re.search(r"backbones/.*-([0-9a-f]{8})\.pth$", row["key"])
    if name and not digest.hexdigest().startswith(name[1]):
        raise ValueError(f"{row['url']} has {found}, which its name denies.")
    row["hash"], row["bytes"] = found, str(length)


def read_rows(path):
    """Read a registry file; no rows where there is none."""
    if not Path(path).exists():
        return []
    with Path(path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def update_registry(rows, path):
    """Put rows into a registry file; what it knows of the same files stays.

    Parameters
    ----------
    rows : list of dict
        Rows of `build_rows`.
    path : path-like
        Registry file; made where there is none.

    Returns
    -------
    list of dict
        The rows, with what the file knew.
    """
    before = {row["key"]: row for row in read_rows(path)}
    for row in rows:
        known = before.get(row["key"], {})
        row["hash"] = row["hash"] or known.get("hash", "")
        row["bytes"] = row["bytes"] or known.get("bytes", "")
    others = [r for key, r in before.items() if not key.startswith(PREFIXES)]
    with Path(path).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(sorted(others + rows, key=lambda row: row["key"]))
    return rows


def fill(path, method, *, only="", session=None):
    """Fill in what the rows of a registry file lack, saving after each file.

    Parameters
    ----------
    path : path-like
        Registry file.
    method : callable
        `ask` or `download`.
    only : str, default=""
        Beginning of the keys to fill in.
    session : requests.Session, default=None
        Connection to use.

    Returns
    -------
    int
        Number of rows that were filled in.
    """
    rows = [row for row in read_rows(path) if row["key"].startswith(PREFIXES)]
    session = session or requests.Session()
    count = 0
    for row in rows:
        done = row["hash"].startswith("sha256:") if method is download else row["bytes"]
        if row["key"].startswith(only) and not (done and row["bytes"]):
            method(row, session)
            update_registry(rows, path)
            count += 1
    return count


def main():
    """Rebuild or fill the rows from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--ask", action="store_true", help="lengths and MD5 sums")
    parser.add_argument("--download", action="store_true", help="SHA-256 sums")
    parser.add_argument("--only", default="", help="beginning of the keys to fill in")
    parser.add_argument("--output", type=Path, default=REGISTRY)
    arguments = parser.parse_args()
    rows = update_registry(build_rows(), arguments.output)
    print(f"{len(rows)} rows in {arguments.output}")
    for wanted, method in ((arguments.ask, ask), (arguments.download, download)):
        if wanted:
            count = fill(arguments.output, method, only=arguments.only)
            print(f"{method.__name__}: {count} rows filled in")


if __name__ == "__main__":
    main()
