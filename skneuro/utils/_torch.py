"""The one device rule, and seeding that leaves torch's global state alone."""

from contextlib import contextmanager


def resolve_device(device="auto"):
    """Turn a device name into a ``torch.device``.

    Parameters
    ----------
    device : str or torch.device, default="auto"
        ``"auto"`` is the current CUDA device where there is one, else the CPU.

    Returns
    -------
    torch.device
        The device to use.

    Raises
    ------
    ValueError
        If there is no such device, or a CUDA device is asked for and this machine or
        build has none.

    Examples
    --------
    >>> from skneuro.utils import resolve_device
    >>> resolve_device("cpu")
    device(type='cpu')
    """
    import torch

    if isinstance(device, str) and device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        resolved = torch.device(device)
    except (RuntimeError, TypeError) as exc:
        raise ValueError(
            f"device={device!r} is no device of torch; expected 'auto', 'cpu' or "
            f"'cuda', or another of its names. ({str(exc)[:200]})"
        ) from exc
    if resolved.type == "cuda" and not torch.cuda.is_available():
        raise ValueError(
            f"device={str(device)!r}, but torch {torch.__version__} sees no CUDA "
            "device; pass device='auto' or 'cpu'."
        )
    return resolved


@contextmanager
def seeded_torch(seed):
    """Seed torch inside a ``with`` block and restore its generators after it.

    Parameters
    ----------
    seed : int
        Seed of the CPU and CUDA generators inside the block.

    Yields
    ------
    None

    Examples
    --------
    >>> import torch
    >>> from skneuro.utils import seeded_torch
    >>> with seeded_torch(0):
    ...     first = torch.rand(3)
    >>> with seeded_torch(0):
    ...     second = torch.rand(3)
    >>> bool((first == second).all())
    True
    """
    import torch

    devices = range(torch.cuda.device_count()) if torch.cuda.is_available() else []
    with torch.random.fork_rng(devices=list(devices)):
        torch.manual_seed(seed)
        yield
