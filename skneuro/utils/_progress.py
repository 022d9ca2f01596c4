"""The one progress bar."""

from tqdm.auto import tqdm


def progress_bar(total, *, desc, unit="it", enabled=False, **tqdm_options):
    """Open a progress bar; a disabled one costs nothing and prints nothing.

    Parameters
    ----------
    total : int or None
        Number of units of work, None if unknown.
    desc : str
        What is being done, shown left of the bar.
    unit : str, default="it"
        Name of one unit of work, for example ``"B"`` for bytes.
    enabled : bool, default=False
        Whether to show the bar.
    **tqdm_options : dict
        Passed to ``tqdm``, for example ``unit_scale=True``.

    Returns
    -------
    tqdm.tqdm
        Bar with ``update(n)`` and ``close()``; also a context manager.

    Examples
    --------
    >>> from skneuro.utils import progress_bar
    >>> with progress_bar(3, desc="steps") as bar:
    ...     for _ in range(3):
    ...         _ = bar.update(1)
    """
    return tqdm(total=total, desc=desc, unit=unit, disable=not enabled, **tqdm_options)
