"""Weights in and out: state dicts checked by name, files without code in them."""

import difflib
import json
import pickle
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from skneuro.twin._network import ARCHITECTURES, TwinNetwork

_MOST_NAMES = 3


def network_options(architecture, network_params=None):
    """Options of `TwinNetwork`: those of an architecture, then one's own.

    Raises
    ------
    ValueError
        If the network has no such option; names the nearest one.
    """
    own = dict(network_params or {})
    with torch.device("meta"):
        known = TwinNetwork().options_given
    for name in own:
        if name not in known or name == "n_neurons":
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else "."
            raise ValueError(
                f"network_params has {name!r}, which the network does not know{hint} "
                f"Known are {sorted(set(known) - {'n_neurons'})}."
            )
    return ARCHITECTURES[architecture] | own


def check_state(state, network, *, prefixes=None):
    """Complain where names or shapes of weights are not those of the network.

    Parameters
    ----------
    state : dict of str to Tensor
        Weights.
    network : TwinNetwork
        Where they belong.
    prefixes : tuple of str, default=None
        Parts of the network that the weights must fill; None is all of it.
    """
    expected = {
        name: value
        for name, value in network.state_dict().items()
        if prefixes is None or name.startswith(prefixes)
    }
    missing = [name for name in expected if name not in state]
    foreign = [name for name in state if name not in expected]
    if missing or foreign:
        text = []
        if missing:
            text.append(f"lack {_some(missing)}")
        if foreign:
            near = difflib.get_close_matches(foreign[0], expected, n=1)
            hint = f" (nearest known: {near[0]!r})" if near else ""
            text.append(f"hold {_some(foreign)}{hint}, which it does not have")
        raise ValueError(
            f"the weights {' and '.join(text)}; expected the {len(expected)} entries "
            "of this architecture. Pass the architecture ('microns' or 'loader') and "
            "network_params that they were made with."
        )
    for name, value in expected.items():
        if state[name].shape != value.shape:
            raise ValueError(
                f"{name} has shape {tuple(state[name].shape)}, but this architecture "
                f"expects {tuple(value.shape)}. Pass the architecture ('microns' or "
                "'loader') and network_params that the weights were made with."
            )


def _some(names):
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(map(repr, names[:_MOST_NAMES])) + more


def count_neurons(state):
    """Count the neurons of a state dict.

    Raises
    ------
    ValueError
        If it has no readout.
    """
    if "readout.position.mu" not in state:
        raise ValueError(
            "the weights lack 'readout.position.mu', which tells the number of "
            "neurons; expected those of a core and of one scan together."
        )
    return len(state["readout.position.mu"])


def read_weights(path):
    """Read a file of weights: safetensors, or a PyTorch file of tensors alone.

    Parameters
    ----------
    path : str or path-like
        ``.safetensors``, else a file of ``torch.save``.

    Returns
    -------
    state : dict of str to Tensor
        Weights.
    about : dict
        Options and scale that `save_weights` wrote; empty if another tool did.
    """
    path = Path(path)
    if path.suffix == ".safetensors":
        with safe_open(path, "pt") as file:
            about = json.loads((file.metadata() or {}).get("skneuro", "{}"))
            return {name: file.get_tensor(name) for name in file.keys()}, about
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as exc:
        raise ValueError(
            f"{path} is not a PyTorch file of tensors alone; nothing of it was run. A "
            "state dict written by torch.save, or safetensors, is expected."
        ) from exc
    if not isinstance(state, dict) or not all(
        isinstance(value, torch.Tensor) for value in state.values()
    ):
        raise ValueError(
            f"{path} does not hold a state dict; expected names and tensors."
        )
    return dict(state), {}


def save_weights(path, network, about):
    """Write weights, and what is needed to build the network again."""
    state = {k: v.detach().cpu().contiguous() for k, v in network.state_dict().items()}
    text = json.dumps(about | {"options": network.options_given})
    save_file(state, path, metadata={"skneuro": text})
