"""Which subjects, regions and channels a user asks for; errors name what exists."""

import difflib
from collections.abc import Iterable
from numbers import Integral

import numpy as np

from skneuro.utils._validation import find_indices

_ALIASES = {"OVWFA": "OWFA"}  # as one published card spells it


def check_subjects(subject, card):
    """Return a list of subjects from a number, several, or "all"."""
    return _check_names(subject, card["subjects"], "subject", card, kind=Integral)


def check_rois(roi, card):
    """Return a list of regions from a name, several, or "all"."""

    def canonical(name):
        return _ALIASES.get(name, name) if isinstance(name, str) else name

    roi = [canonical(name) for name in roi] if _is_several(roi) else canonical(roi)
    return _check_names(roi, card["rois"], "roi", card, kind=str)


def _check_names(value, valid, argument, card, *, kind):
    if isinstance(value, str) and value == "all":
        return list(valid)
    values = list(value) if _is_several(value) else [value]
    if not values:
        raise ValueError(
            f"{argument} is empty; {card['model_id']} has {_listed(valid)}. Pass one, "
            "a list of them, or 'all'."
        )
    for each in values:
        if isinstance(each, bool) or not isinstance(each, kind) or each not in valid:
            hint = ""
            if isinstance(each, str) and kind is str:
                known = {name.lower(): name for name in valid}
                near = difflib.get_close_matches(each.lower(), known, 1)
                hint = f" Did you mean {known[near[0]]!r}?" if near else ""
            raise ValueError(
                f"{argument}={each!r}, but {card['model_id']} has {_listed(valid)}."
                f"{hint} Pass one, a list of them, or 'all'."
            )
    if len(set(values)) < len(values):
        raise ValueError(
            f"{argument}={values!r} names something twice; pass each once."
        )
    return [int(v) if kind is Integral else str(v) for v in values]


def _is_several(value):
    return isinstance(value, Iterable) and not isinstance(value, (str, bytes))


def _listed(valid):
    return ", ".join(map(str, valid))


def check_channels(channels, names):
    """Return indices of channels, in the user's order, from their names."""
    if channels is None:
        return np.arange(len(names))
    if isinstance(channels, str):
        channels = [channels]
    channels = list(channels)
    if not channels:
        raise ValueError(
            f"channels is empty; there are {_listed(names)}. Pass names, or None for "
            "all."
        )
    if all(isinstance(c, Integral) and not isinstance(c, bool) for c in channels):
        return find_indices(channels, len(names), "channels")  # MNE picks
    lookup = {name: i for i, name in enumerate(names)}
    for channel in channels:
        if channel not in lookup:
            raise ValueError(
                f"channels has {channel!r}, but there are {_listed(names)}. Pass "
                "names of these, or None for all."
            )
    return np.array([lookup[channel] for channel in channels])
