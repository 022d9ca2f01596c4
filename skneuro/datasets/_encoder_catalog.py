"""The catalog of encoding models: a table, and a card for each."""

import copy
import html
from collections.abc import Callable, Mapping

from skneuro.io._cards import CITATION, TERMS, card_keys, load_cards

_REQUIRED = ("model_id", "modality", "training_dataset", "species", "stimuli")
_OWN = {}  # model id -> (card, loader), of `register_encoder`


class EncoderCard(Mapping):
    """What is known of an encoding model: a mapping that prints as a text.

    Parameters
    ----------
    card : mapping
        Facts by name.

    Examples
    --------
    >>> from skneuro.datasets import describe_encoder
    >>> card = describe_encoder("fmri-nsd-fwrf")
    >>> card["modality"], len(card["rois"])
    ('fmri', 23)
    """

    def __init__(self, card):
        self._card = copy.deepcopy(dict(card))

    def __getitem__(self, name):
        """Return one fact."""
        return self._card[name]

    def __iter__(self):
        return iter(self._card)

    def __len__(self):
        return len(self._card)

    def __repr__(self):
        return self.text

    @property
    def text(self):
        """The card as text."""
        title = self["model_id"]
        lines = [title, "=" * len(title), ""]
        if "description" in self:
            lines += [self["description"].strip(), ""]
        lines += [f"{name}: {value}" for name, value in _facts(self)]
        if "references" in self:
            references = self["references"]
            if isinstance(references, str):
                references = [references]
            lines += ["", "References:", *(f"- {text}" for text in references)]
        if example := _example(self):
            lines += ["", "Example:", "", *(f"    {line}" for line in example)]
        if _is_published(self):
            lines += ["", f"Cite: {CITATION}", "", TERMS]
        return "\n".join(lines) + "\n"

    def _repr_html_(self):
        def cell(text):
            return html.escape(str(text))

        rows = "".join(
            f"<tr><th style='text-align:left'>{cell(name)}</th>"
            f"<td style='text-align:left'>{cell(value)}</td></tr>"
            for name, value in _facts(self)
        )
        parts = [f"<h4>{cell(self['model_id'])}</h4>"]
        if "description" in self:
            parts.append(f"<p>{cell(self['description'].strip())}</p>")
        parts.append(f"<table>{rows}</table>")
        if example := _example(self):
            parts.append(f"<pre>{cell(chr(10).join(example))}</pre>")
        if _is_published(self):
            parts.append(f"<p><small>{cell(TERMS)}</small></p>")
        return "".join(parts)


def _is_published(card):
    return card["model_id"] in load_cards()


def _facts(card):
    for name, value in card.items():
        if name in ("model_id", "description", "references", "files"):
            continue
        if name == "parameters" and isinstance(value, Mapping):
            value = "; ".join(
                f"{key}: {_valid_values(entry)}" for key, entry in value.items()
            )
        elif isinstance(value, Mapping):
            value = "; ".join(f"{key} {entry}" for key, entry in value.items())
        elif isinstance(value, (list, tuple)):
            value = ", ".join(map(str, value))
        yield name.replace("_", " "), value


def _valid_values(entry):
    return entry.get("valid_values", "") if isinstance(entry, Mapping) else entry


def _count_files(card):
    """Count the files of a published model, or those that a card of one's own names."""
    found = card.get("files", ())
    if _is_published(card):
        return len(card_keys(card)) if found else 0
    return len(found) if isinstance(found, (list, tuple, Mapping)) else 0


def _example(card):
    """Code that uses a model, from the examples of its card."""
    fetcher = card.get("fetcher")
    if card["status"] != "built":
        return []
    shown = {"subject": card["subjects"][0]}
    if "rois" in card:
        shown["roi"] = card["parameters"]["roi"]["example"]
    arguments = ", ".join(f"{name}={value!r}" for name, value in shown.items())
    return [
        f"from skneuro.datasets import {fetcher}",
        f"bunch = {fetcher}({arguments})",
        "responses = bunch.encoder.predict(images)",
        "bunch.metadata",
    ]


def list_encoders(*, modality=None, built_only=False):
    """List the encoding models that skneuro knows.

    Parameters
    ----------
    modality : str, default=None
        For example ``"fmri"`` or ``"eeg"``; None is all.
    built_only : bool, default=False
        Whether to leave out the models whose files skneuro does not read yet.

    Returns
    -------
    pandas.DataFrame
        Index ``model_id``; columns ``modality``, ``training_dataset``, ``species``,
        ``stimuli``, ``subjects``, ``model_type``, ``n_files``, ``licence``,
        ``fetcher`` and ``status``: ``"built"``, ``"registered"`` for your own, or
        ``"reader not built yet"``.

    Raises
    ------
    ValueError
        If there is no model of that modality; names those that there are.

    See Also
    --------
    describe_encoder : All that is known of one model.
    fetch_encoder : Fetch a model by its id.

    Examples
    --------
    >>> from skneuro.datasets import list_encoders
    >>> list_encoders(built_only=True).loc["fmri-nsd-fwrf", "fetcher"]
    'fetch_nsd_fwrf'
    """
    import pandas as pd

    rows = []
    for card in _all_cards().values():
        subjects = card.get("subjects", "")
        if isinstance(subjects, (list, tuple)):
            subjects = ", ".join(map(str, subjects))
        rows.append(
            {
                "model_id": card["model_id"],
                **{name: card[name] for name in _REQUIRED[1:]},
                "subjects": subjects,
                "model_type": card.get("model_type", ""),
                "n_files": _count_files(card),
                "licence": card.get("licence", ""),
                "fetcher": card["fetcher"] if card["status"] == "built" else "",
                "status": card["status"],
            }
        )
    table = pd.DataFrame(rows).set_index("model_id")
    if modality is not None:
        known = sorted(set(table["modality"]))
        if modality not in known:
            raise ValueError(
                f"modality={modality!r}, but there are {', '.join(known)}. Pass one of "
                "these, or None for all."
            )
        table = table[table["modality"] == modality]
    return table[table["status"] != "reader not built yet"] if built_only else table


def describe_encoder(model_id):
    """Describe an encoding model: its card, as text, HTML and a mapping.

    Parameters
    ----------
    model_id : str
        Name of the model, of `list_encoders`.

    Returns
    -------
    EncoderCard
        Prints as a text, shows as a table in notebooks; facts by name.

    Raises
    ------
    ValueError
        If there is no such model; names those that there are.

    Examples
    --------
    >>> from skneuro.datasets import describe_encoder
    >>> print(describe_encoder("eeg-things_eeg_2-vit_b_32").text[:25])
    eeg-things_eeg_2-vit_b_32
    """
    return EncoderCard(find_card(model_id))


def find_card(model_id):
    """Return the card of a model; complain with the names of all."""
    cards = _all_cards()
    if not isinstance(model_id, str) or model_id not in cards:
        raise ValueError(
            f"model_id={model_id!r}, but there are {', '.join(cards)}. Pass one of "
            "these; list_encoders() tells more."
        )
    return cards[model_id]


def find_loader(model_id):
    """Return what `register_encoder` was given for a model, else None."""
    return _OWN[model_id][1] if model_id in _OWN else None


def _all_cards():
    own = {model_id: card for model_id, (card, _) in _OWN.items()}
    return {**load_cards(), **own}


def register_encoder(card, loader):
    """Add an encoding model of your own to the catalog, for this session.

    Parameters
    ----------
    card : mapping
        Facts: at least ``model_id``, ``modality``, ``training_dataset``, ``species``
        and ``stimuli``, each a text; ``subjects``, ``description``, ``licence``,
        ``files`` (their names), ``references`` and any others are shown too.
    loader : callable
        Called by `fetch_encoder` with its keyword arguments; returns a Bunch with
        ``encoder`` and ``metadata``.

    Raises
    ------
    ValueError
        If a fact is missing, or a published model has this id.
    TypeError
        If the card is no mapping, or ``loader`` cannot be called.

    See Also
    --------
    fetch_encoder : Load it by its id.

    Examples
    --------
    >>> from sklearn.dummy import DummyRegressor
    >>> from sklearn.utils import Bunch
    >>> from skneuro.datasets import fetch_encoder, register_encoder
    >>> card = {
    ...     "model_id": "fmri-sounds-mine",
    ...     "modality": "fmri",
    ...     "training_dataset": "sounds",
    ...     "species": "human",
    ...     "stimuli": "sounds",
    ... }
    >>> register_encoder(card, lambda: Bunch(encoder=DummyRegressor(), metadata=None))
    >>> fetch_encoder("fmri-sounds-mine").encoder
    DummyRegressor()
    """
    if not isinstance(card, Mapping):
        raise TypeError(f"card is a {type(card).__name__}, expected a dictionary.")
    missing = [n for n in _REQUIRED if not isinstance(card.get(n), str) or not card[n]]
    if missing:
        raise ValueError(
            f"card has no {', '.join(missing)}; expected at least "
            f"{', '.join(_REQUIRED)}, each a text."
        )
    if card["model_id"] in load_cards():
        raise ValueError(
            f"model_id={card['model_id']!r} is a published model; choose another name."
        )
    if not isinstance(loader, Callable):
        raise TypeError(
            f"loader is a {type(loader).__name__}, expected a function that returns a "
            "Bunch with encoder and metadata."
        )
    _OWN[card["model_id"]] = ({**card, "status": "registered"}, loader)
