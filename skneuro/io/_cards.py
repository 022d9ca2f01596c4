"""Model cards: what is known of each published encoding model, kept as data."""

import functools
import tomllib
from importlib.resources import files

_FOLDER = files("skneuro.io") / "cards"
BUCKET = "https://brain-encoding-response-generator.s3.us-west-2.amazonaws.com"
TERMS = (
    "The encoding models of the Brain Encoding Response Generator (BERG) come with "
    "terms of use: cite the work, use it for research and education, do not sell it or "
    "use it commercially, and pass derived data on under like terms. Full text: "
    f"{BUCKET}/TERMS.txt"
)
CITATION = (
    "Gifford, Bersch, Roig & Cichy (2025), The Brain Encoding Response Generator, in "
    "preparation, https://github.com/gifale95/BERG"
)


@functools.cache
def load_cards():
    """Load the cards of all models, those without a reader too.

    Returns
    -------
    dict of str to dict
        Cards by model id; ``status`` is ``"built"`` or ``"reader not built yet"``.
    """
    cards = {}
    for path in sorted(_FOLDER.iterdir(), key=lambda path: path.name):
        if path.name.endswith(".toml") and path.name != "not_built.toml":
            card = tomllib.loads(path.read_text("utf-8"))
            cards[card["model_id"]] = card
    listed = tomllib.loads((_FOLDER / "not_built.toml").read_text("utf-8"))
    for card in listed["model"]:
        cards[card["model_id"]] = {"status": "reader not built yet", **card}
    return cards


def weights_keys(card, subject, roi=None):
    """Keys of the weights of one subject (and ROI), in the order of the outputs."""
    found = card["files"]
    if roi is not None and roi in card.get("split_rois", ()):
        names = [
            found["weights_of_split_rois"].format(subject=subject, roi=roi, split=split)
            for split in (1, 2)
        ]
    else:
        names = [found["weights"].format(subject=subject, roi=roi)]
    return [f"{found['folder']}/{name}" for name in names]


def metadata_key(card, subject, roi=None):
    """Key of the metadata of one subject (and ROI)."""
    name = card["files"]["metadata"].format(subject=subject, roi=roi)
    return f"{card['files']['folder']}/{name}"


def card_keys(card):
    """Keys of all files of a model, each once."""
    keys = []
    for subject in card["subjects"]:
        by_roi = "{roi}" in card["files"]["weights"]
        for roi in card["rois"] if by_roi else [None]:
            keys += [
                *weights_keys(card, subject, roi),
                metadata_key(card, subject, roi),
            ]
        for name in card["files"]["accuracy"]:
            keys.append(f"{card['files']['folder']}/{name.format(subject=subject)}")
    return list(dict.fromkeys(keys))
