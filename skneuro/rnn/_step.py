"""The step of a fitted network, for fixed points and their stability."""

import numpy as np
from scipy.special import expit
from sklearn.utils.validation import check_is_fitted

from skneuro.rnn._simulate import RATES, read_layer

SLOPES = {
    "relu": lambda v: (v > 0).astype(float),
    "tanh": lambda v: 1 - np.tanh(v) ** 2,
    "sigmoid": lambda v: expit(v) * expit(-v),
    "retanh": lambda v: (v > 0) * (1 - np.tanh(v) ** 2),
    "linear": np.ones_like,
    "power": lambda v: 2 * np.maximum(v, 0),
    "softplus": expit,
}


def network_step(net):
    r"""Return the noiseless step of a fitted network, and its Jacobian.

    With states :math:`v`, rates :math:`f(v)` and :math:`\alpha = dt / \tau`, the step
    is :math:`(1 - \alpha) v + \alpha (W f(v) + U x + b)` and its Jacobian
    :math:`1 - \alpha + \alpha W f'(v)`.

    Parameters
    ----------
    net : CTRNNRegressor or CTRNNClassifier
        Fitted network of one layer, whose activation has a name. Lesioned units stay
        silent.

    Returns
    -------
    step : callable
        ``step(v, x)``: states (n_points, n_hidden) one step later, for inputs
        (n_points, n_inputs) or (n_inputs,).
    jacobian : callable
        ``jacobian(v, x)``: derivatives (n_points, n_hidden, n_hidden), row by target.
    rate : callable
        ``rate(v)``: rates of states, as ``net.transform`` returns them.

    Raises
    ------
    ValueError
        If the network has stacked layers, or its activation is a callable.

    See Also
    --------
    skneuro.metrics.find_fixed_points : Takes step and Jacobian.

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.metrics import find_fixed_points
    >>> from skneuro.rnn import CTRNNRegressor, network_step
    >>> X = np.random.default_rng(0).uniform(size=(8, 1, 20)).astype(np.float32)
    >>> net = CTRNNRegressor(5, max_epochs=1, random_state=0).fit(X, X)
    >>> step, jacobian, rate = network_step(net)
    >>> found = find_fixed_points(step, np.ones((3, 5)), [0.5], jacobian=jacobian)
    >>> found.jacobians.shape[1:]
    (5, 5)
    """
    check_is_fitted(net)
    layers = net.net_.module_.layers
    if len(layers) != 1:
        raise ValueError(
            f"net has {len(layers)} stacked layers; expected 1. Delays between layers "
            "make the state of a stack more than its units: look at one layer."
        )
    layer = read_layer(layers[0])
    if layer["activation"] not in RATES:
        raise ValueError(
            f"activation is {layer['activation']!r}; expected one of {sorted(RATES)}, "
            "whose derivative is known. Pass find_fixed_points a step of your own."
        )
    alpha, active = layer["alpha"], layer["active"]
    recurrent, inputs = layer["recurrent"] * active, layer["input"]
    function, slope = RATES[layer["activation"]], SLOPES[layer["activation"]]

    def step(v, x):
        current = function(v) @ recurrent.T + x @ inputs.T + layer["bias"]
        return (1 - alpha) * v + alpha * current

    def jacobian(v, x):
        scaled = (alpha * np.ones(len(recurrent)))[:, None] * recurrent
        derivative = scaled * slope(v)[:, None, :]
        own = np.arange(len(recurrent))
        derivative[:, own, own] += 1 - alpha
        return derivative

    def rate(v):
        return function(v) * active

    return step, jacobian, rate
