"""Twins that are fitted already: built from weights, or read from a file."""

import numpy as np

from skneuro.twin._regressor import DigitalTwinRegressor
from skneuro.twin._weights import check_state, read_weights


def build_twin(state, options, *, frame_size=None, response_scale=1.0, **params):
    """Return a fitted regressor that holds given weights.

    Parameters
    ----------
    state : dict of str to Tensor
        Weights of all parts.
    options : dict
        Of `TwinNetwork`, with ``n_neurons``.
    frame_size : tuple of int, default=None
        Height and width of videos; None takes any.
    response_scale : float, default=1.0
        Factor of predictions.
    **params : dict
        Of `DigitalTwinRegressor`.
    """
    twin = DigitalTwinRegressor(**params)
    twin.n_neurons_ = options["n_neurons"]
    twin.frame_size_ = None if frame_size is None else tuple(frame_size)
    twin.response_scale_ = float(response_scale)
    twin._dtype_, twin._is_table_, twin._n_outputs_ = np.float32, False, None
    twin.loss_curve_, twin.validation_curve_, twin.best_epoch_ = [], [], None
    others = {k: v for k, v in options.items() if k != "n_neurons"}
    twin.net_ = twin._make_net(others, seed=0)
    check_state(state, twin.net_.module_)
    twin.net_.module_.load_state_dict(state)
    twin.net_.module_.eval()
    return twin


def load_twin(path, *, device="auto"):
    """Load a twin that was saved.

    Parameters
    ----------
    path : str or path-like
        File of `DigitalTwinRegressor.save`.
    device : str, default="auto"
        Where to compute.

    Returns
    -------
    DigitalTwinRegressor
        Fitted.

    Raises
    ------
    ValueError
        If the file was not written by ``save``.

    Examples
    --------
    >>> from skneuro.twin import load_twin
    >>> twin = load_twin("mine.safetensors")  # doctest: +SKIP
    """
    state, about = read_weights(path)
    if "options" not in about:
        raise ValueError(
            f"{path} does not say how its network is built; expected a file of "
            "DigitalTwinRegressor.save. Pass the weights of another tool to "
            "skneuro.compat.fnn.from_fnn."
        )
    options = {
        k: tuple(v) if isinstance(v, list) else v for k, v in about["options"].items()
    }
    return build_twin(
        state,
        options,
        frame_size=about["frame_size"],
        response_scale=about["response_scale"],
        device=device,
    )
