"""Weights of fnn, the foundation model of the neural network of mouse visual cortex."""

from collections.abc import Mapping
from os import PathLike

from skneuro.utils._param_validation import StrOptions, validate_params

__all__ = ["from_fnn"]


@validate_params(
    {
        "state_dict": [Mapping, str, PathLike],
        "architecture": [StrOptions({"microns", "loader"})],
        "network_params": [dict, None],
        "frame_size": [tuple, list, None],
        "device": [str],
    },
    prefer_skip_nested_validation=True,
)
def from_fnn(
    state_dict,
    architecture="microns",
    *,
    network_params=None,
    frame_size=None,
    device="auto",
):
    """Turn weights of fnn [1]_ into a fitted digital twin.

    Parameters
    ----------
    state_dict : mapping of str to Tensor, str or path-like
        Weights of the whole network by their names in fnn, or a PyTorch file of them,
        which is read without running any code in it. The released ``params_core.pt``
        and ``params_{session}_{scan}.pt`` belong together: pass the union of both.
    architecture : {"microns", "loader"}, default="microns"
        Which network they are of: that of the released files, or that of the model
        loader of fnn's repository.
    network_params : dict or None, default=None
        Sizes and kinds of parts that differ, as in
        :class:`~skneuro.twin.DigitalTwinRegressor`.
    frame_size : tuple of int or None, default=None
        Height and width that videos must have; None takes any. The released ones were
        trained on (144, 256).
    device : str, default="auto"
        Where to compute.

    Returns
    -------
    DigitalTwinRegressor
        Fitted; its predictions are those of fnn. The number of neurons is read from
        the weights.

    Raises
    ------
    ValueError
        If names are missing or foreign, or shapes differ; names the first ones.

    References
    ----------
    .. [1] E. Y. Wang et al. (2025), Nature 640, 470-477.
       :doi:`10.1038/s41586-025-08829-y`

    Examples
    --------
    >>> from skneuro.compat.fnn import from_fnn
    >>> from skneuro.datasets import make_twin_data
    >>> recording = make_twin_data(
    ...     n_neurons=3, n_trials=1, n_test_videos=1, duration=0.2, random_state=0
    ... )
    >>> network = recording.twin.net_.module_
    >>> sizes = {k: v for k, v in network.options_given.items() if k != "n_neurons"}
    >>> from_fnn(network.state_dict(), network_params=sizes, device="cpu").n_neurons_
    3
    """
    from skneuro.twin._saved import build_twin
    from skneuro.twin._weights import count_neurons, network_options, read_weights

    if not isinstance(state_dict, Mapping):
        state_dict, _ = read_weights(state_dict)
    options = network_options(architecture, network_params)
    options = options | {"n_neurons": count_neurons(state_dict)}
    return build_twin(
        dict(state_dict),
        options,
        frame_size=frame_size,
        architecture=architecture,
        network_params=network_params,
        device=device,
    )
