"""Equations traced once become kernels, adjoints and torch code; the integrator.

Equations import their functions (``exp``, ``sigmoid``, ``where``, ...) from here.
"""

import lazy_loader

_attach = {
    "_equations": ["Equations"],
    "_math": [
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
    ],
    "_table": ["Table"],
}
__getattr__, __dir__, _ = lazy_loader.attach(__name__, submod_attrs=_attach)

__all__ = [
    "Equations",
    "Table",
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
