"""How precisely a GPU computes: float32, TensorFloat-32 or bfloat16."""

from contextlib import contextmanager

import torch

PRECISIONS = ("float32", "tf32", "bfloat16")


@contextmanager
def computing(precision, device):
    """Compute with a precision inside a ``with`` block; what torch had comes back.

    Parameters
    ----------
    precision : {"float32", "tf32", "bfloat16"}
        Of products and convolutions: 24 bits, or on a GPU 11 bits of the factors, or
        8 bits of factors and results. Memories and losses stay float32.
    device : torch.device
        Where.
    """
    kinds = (torch.backends.cuda.matmul, torch.backends.cudnn.conv)
    before = [kind.fp32_precision for kind in kinds]
    try:
        for kind in kinds:
            kind.fp32_precision = "tf32" if precision == "tf32" else "ieee"
        half = precision == "bfloat16"
        with torch.autocast(device.type, torch.bfloat16, enabled=half):
            yield
    finally:
        for kind, value in zip(kinds, before, strict=True):
            kind.fp32_precision = value
