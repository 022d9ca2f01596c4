"""Elementary functions for equations: one name for numbers, arrays and tensors.

Each function looks at its argument: a traced value extends the graph, a torch tensor
stays a tensor, anything else goes to numpy. Models import from here and nowhere else.
"""

import sys

import numpy as np

from skneuro.engine._trace import Traced

__all__ = [
    "absolute",
    "cos",
    "exp",
    "floor",
    "linear_over_expm1",
    "log",
    "maximum",
    "minimum",
    "sigmoid",
    "sin",
    "sqrt",
    "tanh",
    "where",
]


def _torch():
    """Return torch if something has imported it: tensors cannot exist before."""
    return sys.modules.get("torch")


def _is_tensor(x):
    torch = _torch()
    return torch is not None and isinstance(x, torch.Tensor)


def _as_tensors(*values):
    like = next(v for v in values if _is_tensor(v))
    torch = _torch()
    return [torch.as_tensor(v, dtype=like.dtype, device=like.device) for v in values]


_UNARY = """{summary}

Parameters
----------
x : float, ndarray, Tensor or traced value
    {argument}

Returns
-------
float, ndarray, Tensor or traced value
    {result} of the kind of ``x``.

Examples
--------
>>> from skneuro.engine import {name}
>>> {name}([{example}])
array([{value}])
"""

_BINARY = """{summary}

Parameters
----------
x, y : float, ndarray, Tensor or traced value
    Values; they broadcast.

Returns
-------
float, ndarray, Tensor or traced value
    {result}; NaN where either is NaN.

Examples
--------
>>> from skneuro.engine import {name}
>>> {name}([1.0, 2.0], 1.5)
array([{value}])
"""


def _unary(name, summary, argument, result, example, value):
    def function(x):
        if isinstance(x, Traced):
            return x.graph.unary(name, x)
        if _is_tensor(x):
            return getattr(_torch(), name)(x)
        return getattr(np, name)(x)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = _UNARY.format(
        name=name,
        summary=summary,
        argument=argument,
        result=result,
        example=example,
        value=value,
    )
    return function


exp = _unary(
    "exp",
    "Raise the base of natural logarithms to a power.",
    "Exponent.",
    "Power",
    "0.0, 1.0",
    "1.        , 2.71828183",
)
log = _unary(
    "log",
    "Return the natural logarithm.",
    "Positive value.",
    "Logarithm",
    "1.0, 2.0",
    "0.        , 0.69314718",
)
sqrt = _unary(
    "sqrt",
    "Return the square root.",
    "Value of at least 0.",
    "Root",
    "4.0, 9.0",
    "2., 3.",
)
sin = _unary(
    "sin",
    "Return the sine.",
    "Angle, in rad.",
    "Sine",
    "0.0, 0.5",
    "0.        , 0.47942554",
)
cos = _unary(
    "cos",
    "Return the cosine.",
    "Angle, in rad.",
    "Cosine",
    "0.0, 0.5",
    "1.        , 0.87758256",
)
tanh = _unary(
    "tanh",
    "Return the hyperbolic tangent.",
    "Argument.",
    "Tangent",
    "0.0, 0.5",
    "0.        , 0.46211716",
)
floor = _unary(
    "floor",
    "Return the largest whole number that is not larger; its derivative is zero.",
    "Value.",
    "Whole number",
    "1.5, -1.5",
    " 1., -2.",
)


def _binary(name, summary, result, value):
    def function(x, y):
        if isinstance(x, Traced):
            return x.graph.binary(name, x, y)
        if isinstance(y, Traced):
            return y.graph.binary(name, x, y)
        if _is_tensor(x) or _is_tensor(y):
            return getattr(_torch(), name)(*_as_tensors(x, y))
        return getattr(np, name)(x, y)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = _BINARY.format(
        name=name, summary=summary, result=result, value=value
    )
    return function


maximum = _binary(
    "maximum", "Return the larger of two values.", "Larger one", "1.5, 2. "
)
minimum = _binary(
    "minimum", "Return the smaller of two values.", "Smaller one", "1. , 1.5"
)


def absolute(x):
    """Return the magnitude.

    Parameters
    ----------
    x : float, ndarray, Tensor or traced value
        Value.

    Returns
    -------
    float, ndarray, Tensor or traced value
        Magnitude of the kind of ``x``.

    Examples
    --------
    >>> from skneuro.engine import absolute
    >>> absolute(-1.5)
    1.5
    """
    return abs(x)


def where(condition, x, y):
    """Select ``x`` where a condition holds, else ``y``.

    Parameters
    ----------
    condition : bool, ndarray, Tensor or traced value
        A comparison such as ``v > 1.0``. A number counts as its difference from 0.
    x, y : float, ndarray, Tensor or traced value
        Values to select from; they broadcast.

    Returns
    -------
    float, ndarray, Tensor or traced value
        Selected values.

    Notes
    -----
    Both sides are computed. As in any automatic differentiation, the side that is
    not selected must still be finite, or its derivative spoils the sum.

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.engine import where
    >>> v = np.array([-1.0, 2.0])
    >>> where(v > 0.0, v, 0.1 * v)
    array([-0.1,  2. ])
    """
    if isinstance(condition, Traced):
        return condition.graph.where(condition, x, y)
    traced = next((v for v in (x, y) if isinstance(v, Traced)), None)
    if traced is not None:  # a condition that is known before the run
        return traced.graph.constant(x if condition else y)
    if _is_tensor(condition):
        torch = _torch()
        if not (_is_tensor(x) or _is_tensor(y)):
            x = torch.as_tensor(x, dtype=torch.get_default_dtype())
        return torch.where(condition != 0, *_as_tensors(x, y))
    return np.where(condition, x, y)


def sigmoid(x):
    r"""Return the logistic function :math:`1 / (1 + e^{-x})`.

    Parameters
    ----------
    x : float, ndarray, Tensor or traced value
        Argument.

    Returns
    -------
    float, ndarray, Tensor or traced value
        Value between 0 and 1, of the kind of ``x``.

    Examples
    --------
    >>> from skneuro.engine import sigmoid
    >>> float(sigmoid(0.0))
    0.5
    """
    return 1.0 / (1.0 + exp(-x))


def linear_over_expm1(x):
    r"""Return the transfer function :math:`x / (1 - e^{-x})`, 1 at zero.

    Parameters
    ----------
    x : float, ndarray, Tensor or traced value
        Argument.

    Returns
    -------
    float, ndarray, Tensor or traced value
        Positive value, of the kind of ``x``.

    Notes
    -----
    Near zero, where numerator and denominator both vanish, its series
    :math:`1 + x/2 + x^2/12 - x^4/720 + x^6/30240` is used; the two branches agree to
    rounding at the seam :math:`|x| = 0.05`.

    Examples
    --------
    >>> from skneuro.engine import linear_over_expm1
    >>> float(linear_over_expm1(0.0))
    1.0
    """
    square = x * x
    near = absolute(x) < 0.05
    series = 1.0 + 0.5 * x
    series = series + square * (1 / 12 - square * (1 / 720 - square * (1 / 30240)))
    safe = where(near, 1.0, x)
    return where(near, series, safe / (1.0 - exp(-safe)))
