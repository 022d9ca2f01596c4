"""Fitted networks in files that hold numbers and text, and no code."""

import json
from numbers import Integral
from pathlib import Path

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

_FORMAT = "skneuro recurrent network 1"


class FilesMixin:
    """Save and load estimators as safetensors files."""

    def save(self, path):
        """Write the fitted network to a safetensors file.

        Parameters
        ----------
        path : str or path-like
            File to write.

        Raises
        ------
        ValueError
            If a parameter is a function, which a safe file cannot hold.
        """
        from safetensors.numpy import save_file

        check_is_fitted(self)
        tensors = {
            f"network.{name}": np.ascontiguousarray(value.cpu().numpy())
            for name, value in self.net_.module_.state_dict().items()
        }
        header = {"class": type(self).__name__, "parameters": {}}
        for name, value in self.get_params(deep=False).items():
            if name in ("callbacks", "train_split", "device"):
                continue  # how it was trained, not what it is
            if name == "random_state" and not isinstance(value, Integral):
                continue
            if isinstance(value, np.ndarray):
                tensors[f"parameter.{name}"] = np.ascontiguousarray(value)
                continue
            try:
                header["parameters"][name] = json.loads(
                    json.dumps(value, default=_plain)
                )
            except TypeError as exc:
                raise ValueError(
                    f"{name} is {value!r}, expected numbers, text or arrays in a file. "
                    "Pass names instead of functions, or pickle the estimator."
                ) from exc
        header["fitted"] = self._fitted_facts()
        metadata = {"format": _FORMAT, "estimator": json.dumps(header)}
        save_file(tensors, str(Path(path)), metadata=metadata)

    def _fitted_facts(self):
        facts = {"n_features_in_": int(self.n_features_in_), "seed_": self.seed_}
        if hasattr(self, "feature_names_in_"):
            facts["feature_names_in_"] = self.feature_names_in_.tolist()
        return facts

    def _restore_facts(self, facts):
        self.n_features_in_ = facts["n_features_in_"]
        self.seed_, self.n_fits_ = facts["seed_"], 0
        if "feature_names_in_" in facts:
            self.feature_names_in_ = np.array(facts["feature_names_in_"], dtype=object)

    @classmethod
    def load(cls, path, *, device="auto"):
        """Read a network that `save` wrote; nothing in the file is executed.

        Parameters
        ----------
        path : str or path-like
            File to read.
        device : str or torch.device, default="auto"
            Where to put the network.

        Returns
        -------
        estimator
            Fitted estimator.

        Raises
        ------
        ValueError
            If the file is of another kind.
        """
        import torch

        header, parameters, state = read_file(path)
        if header["class"] != cls.__name__:
            raise ValueError(
                f"{path} holds {header['class']!r}, expected {cls.__name__!r}. Load it "
                "with the class that saved it."
            )
        model = cls(**parameters)
        model.device = device
        model._restore_facts(header["fitted"])
        n_outputs = state["readout.raw"].shape[0]
        model.net_ = model._make_net(
            model.n_features_in_, n_outputs, check_random_state(0)
        )
        model.net_.initialize()
        model.net_.module_.load_state_dict(
            {name: torch.from_numpy(value) for name, value in state.items()}
        )
        return model


def read_file(path):
    """Read what `FilesMixin.save` wrote.

    Parameters
    ----------
    path : str or path-like
        File to read.

    Returns
    -------
    header : dict
        ``class`` and what ``fitted`` says.
    parameters : dict
        Parameters of the estimator.
    state : dict of str to ndarray
        Parameters and buffers of the network.

    Raises
    ------
    ValueError
        If the file is of another kind.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(Path(path)), framework="numpy") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}
    except SafetensorError as exc:
        raise ValueError(
            f"{path} is no safetensors file ({exc}). Pass a file that a recurrent "
            "network was saved to."
        ) from exc
    if metadata.get("format") != _FORMAT:
        raise ValueError(
            f"{path} holds {metadata.get('format', 'something else')!r}, expected "
            f"{_FORMAT!r}. Pass a file that a recurrent network was saved to."
        )
    header = json.loads(metadata["estimator"])
    parameters, state = dict(header.pop("parameters")), {}
    for name, value in tensors.items():
        kind, _, rest = name.partition(".")
        (parameters if kind == "parameter" else state)[rest] = value
    return header, {k: _as_given(k, v) for k, v in parameters.items()}, state


def _plain(value):
    """Give numbers and arrays inside lists the form that JSON has."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise TypeError


def _as_given(name, value):
    """Turn lists back into the tuples that JSON does not know."""
    return (
        tuple(value) if name in ("n_hidden", "tau_bounds") and np.ndim(value) else value
    )
