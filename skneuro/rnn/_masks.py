"""Masks of connections: areas, cell types, inputs and readouts, as plain arrays.

All have one row per target and one column per source, as weights have.
"""

import numpy as np
from sklearn.utils import check_random_state


def _check_density(density, name):
    density = np.asarray(density, np.float64)
    if (density < 0).any() or (density > 1).any() or not np.isfinite(density).all():
        raise ValueError(
            f"{name} is {density.tolist()}, expected shares between 0 and 1. It is the "
            "probability of each connection."
        )
    return density


def area_labels(n_hidden, areas=2):
    """Say which area each unit is in, in contiguous blocks.

    Parameters
    ----------
    n_hidden : int
        Number of units.
    areas : int or array-like of int, default=2
        Number of areas of equal size, or size of each.

    Returns
    -------
    ndarray of int of shape (n_hidden,)
        Area of each unit, from 0.

    Raises
    ------
    ValueError
        If sizes do not add up to ``n_hidden``.

    Examples
    --------
    >>> from skneuro.rnn import area_labels
    >>> area_labels(5, [2, 3])
    array([0, 0, 1, 1, 1])
    """
    if np.ndim(areas) == 0:
        if areas < 1 or n_hidden % areas:
            raise ValueError(
                f"areas={areas} does not divide n_hidden={n_hidden}; expected a "
                "divisor. Pass a list of sizes for areas of unequal size."
            )
        areas = [n_hidden // areas] * int(areas)
    if sum(areas) != n_hidden or min(areas) < 1:
        raise ValueError(
            f"areas={list(areas)} adds up to {sum(areas)}, expected positive sizes "
            f"that add up to n_hidden={n_hidden}."
        )
    return np.repeat(np.arange(len(areas)), areas)


def area_means(rates, areas):
    """Average rates over the units of each area, as what an area sends to others.

    In a pipeline between a network and a whole-brain simulator, put it into a
    ``FunctionTransformer`` of scikit-learn.

    Parameters
    ----------
    rates : array-like of shape (n_samples, n_hidden, n_times)
        Rates of units, as ``transform`` returns them.
    areas : array-like of int of shape (n_hidden,)
        Area of each unit, from 0, as `area_labels` returns it; -1 leaves a unit out.

    Returns
    -------
    ndarray of shape (n_samples, n_areas, n_times)
        Mean rate of each area, in units of ``rates``.

    Raises
    ------
    ValueError
        If there is not one area per unit, or an area has no unit.

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.rnn import area_means
    >>> area_means(np.array([[[1.0], [3.0], [5.0]]]), [0, 0, 1])
    array([[[2.],
            [5.]]])
    """
    rates, areas = np.asarray(rates), np.asarray(areas)
    if rates.ndim != 3 or areas.shape != rates.shape[1:2]:
        raise ValueError(
            f"areas has shape {areas.shape} and rates {rates.shape}; expected one area "
            "per unit and (n_samples, n_hidden, n_times)."
        )
    member = areas == np.arange(areas.max(initial=-1) + 1)[:, None]
    sizes = member.sum(axis=1, keepdims=True)
    if not sizes.size or not sizes.all():
        raise ValueError(
            f"areas {np.flatnonzero(sizes == 0).tolist()} have no units; expected "
            "areas numbered from 0 without gaps."
        )
    return (member / sizes).astype(rates.dtype) @ rates


def _area_densities(connectivity, n_areas):
    connectivity = _check_density(connectivity, "connectivity")
    if connectivity.ndim == 2:
        if connectivity.shape != (n_areas, n_areas):
            raise ValueError(
                f"connectivity has shape {connectivity.shape}, expected "
                f"({n_areas}, {n_areas}): one row per target area."
            )
        return connectivity
    if connectivity.shape not in ((2,), (3,)):
        raise ValueError(
            f"connectivity has shape {connectivity.shape}, expected (forward, "
            "backward), (forward, backward, within) or a square matrix of areas."
        )
    forward, backward, *within = connectivity
    densities = np.where(np.tri(n_areas, k=-1, dtype=bool), forward, backward)
    np.fill_diagonal(densities, within[0] if within else 1.0)
    return densities


def multi_area_mask(
    n_hidden,
    areas=2,
    *,
    connectivity=(0.1, 0.1),
    self_connections=True,
    random_state=None,
):
    """Connect units densely within areas and sparsely between them.

    Parameters
    ----------
    n_hidden : int
        Number of units.
    areas : int or array-like of int, default=2
        Number of areas of equal size, or size of each.
    connectivity : array-like of float, default=(0.1, 0.1)
        Probability of a connection from an area to later ones, to earlier ones and,
        third, within it (1 if left out); or a matrix with one row per target area,
        dimensionless.
    self_connections : bool, default=True
        Whether a unit may connect to itself.
    random_state : int, RandomState instance or None, default=None
        Seed.

    Returns
    -------
    mask : ndarray of bool of shape (n_hidden, n_hidden)
        Where connections are.
    areas : ndarray of int of shape (n_hidden,)
        Area of each unit.

    Raises
    ------
    ValueError
        If areas or probabilities do not fit.

    Examples
    --------
    >>> from skneuro.rnn import multi_area_mask
    >>> mask, areas = multi_area_mask(4, 2, connectivity=(1.0, 0.0))
    >>> mask.astype(int)
    array([[1, 1, 0, 0],
           [1, 1, 0, 0],
           [1, 1, 1, 1],
           [1, 1, 1, 1]])
    """
    rng = check_random_state(random_state)
    labels = area_labels(n_hidden, areas)
    densities = _area_densities(connectivity, labels[-1] + 1)
    mask = rng.uniform(size=(n_hidden, n_hidden)) < densities[np.ix_(labels, labels)]
    if not self_connections:
        np.fill_diagonal(mask, False)
    return mask, labels


def ei_signs(n_hidden, ei_ratio=0.8, *, areas=1):
    """Make the first units of each area excitatory and the others inhibitory.

    Parameters
    ----------
    n_hidden : int
        Number of units.
    ei_ratio : float, default=0.8
        Share of excitatory units, rounded down in each area, dimensionless.
    areas : int or array-like of int, default=1
        Number of areas of equal size, or size of each.

    Returns
    -------
    ndarray of int of shape (n_hidden,)
        1 for excitatory, -1 for inhibitory units.

    Raises
    ------
    ValueError
        If the share lies outside 0 and 1, or areas do not fit.

    Examples
    --------
    >>> from skneuro.rnn import ei_signs
    >>> ei_signs(5)
    array([ 1,  1,  1,  1, -1])
    """
    _check_density(ei_ratio, "ei_ratio")
    labels = area_labels(n_hidden, areas)
    signs = np.full(n_hidden, -1)
    for area in np.unique(labels):
        members = np.flatnonzero(labels == area)
        # 0.7 * 10 is 6.999...
        signs[members[: int(len(members) * ei_ratio + 1e-9)]] = 1
    return signs


def multi_area_ei_mask(
    n_hidden,
    areas=2,
    *,
    connectivity=(0.1, 0.1),
    ei_ratio=0.8,
    inter_area=("EE", "EI"),
    self_connections=True,
    random_state=None,
):
    """Connect areas of excitatory and inhibitory units.

    Parameters
    ----------
    n_hidden : int
        Number of units.
    areas : int or array-like of int, default=2
        Number of areas of equal size, or size of each.
    connectivity : array-like of float, default=(0.1, 0.1)
        As for `multi_area_mask`, dimensionless.
    ei_ratio : float, default=0.8
        Share of excitatory units in each area, dimensionless.
    inter_area : tuple of str, default=("EE", "EI")
        Which connections cross areas, source first: "EE", "EI", "IE", "II". In the
        cortex, inhibition is local.
    self_connections : bool, default=True
        Whether a unit may connect to itself.
    random_state : int, RandomState instance or None, default=None
        Seed.

    Returns
    -------
    mask : ndarray of int of shape (n_hidden, n_hidden)
        1 for excitatory, -1 for inhibitory and 0 for absent connections.
    signs : ndarray of int of shape (n_hidden,)
        1 for excitatory, -1 for inhibitory units.
    areas : ndarray of int of shape (n_hidden,)
        Area of each unit.

    Raises
    ------
    ValueError
        If areas, probabilities or kinds of connections do not fit.

    Examples
    --------
    >>> from skneuro.rnn import multi_area_ei_mask
    >>> mask, signs, areas = multi_area_ei_mask(
    ...     4, 2, connectivity=(1.0, 1.0), ei_ratio=0.5
    ... )
    >>> mask
    array([[ 1, -1,  1,  0],
           [ 1, -1,  1,  0],
           [ 1,  0,  1, -1],
           [ 1,  0,  1, -1]])
    """
    unknown = set(inter_area) - {"EE", "EI", "IE", "II"}
    if unknown:
        raise ValueError(
            f"inter_area has {sorted(unknown)}, expected some of 'EE', 'EI', 'IE' and "
            "'II', source first."
        )
    mask, labels = multi_area_mask(
        n_hidden,
        areas,
        connectivity=connectivity,
        self_connections=self_connections,
        random_state=random_state,
    )
    signs = ei_signs(n_hidden, ei_ratio, areas=np.bincount(labels))
    between = labels[:, None] != labels[None, :]
    for source, sign in (("E", 1), ("I", -1)):
        for target, target_sign in (("E", 1), ("I", -1)):
            if source + target not in inter_area:
                block = (signs[:, None] == target_sign) & (signs[None, :] == sign)
                mask &= ~(between & block)
    return mask * signs, signs, labels


def input_mask(n_hidden, n_inputs, *, units=None, groups=None, table=None):
    """Say which inputs reach which units.

    Parameters
    ----------
    n_hidden : int
        Number of units.
    n_inputs : int
        Number of input channels.
    units : array-like of int or bool, default=None
        Units that receive inputs; None is all.
    groups : array-like of int of shape (n_inputs,), default=None
        Group of each input channel, from 0; each channel is its own group if None.
    table : array-like of shape (n_groups, n_hidden), default=None
        Which group reaches which unit; None is all.

    Returns
    -------
    ndarray of bool of shape (n_hidden, n_inputs)
        Where connections are.

    Raises
    ------
    ValueError
        If groups and table do not fit.

    Examples
    --------
    >>> from skneuro.rnn import input_mask
    >>> input_mask(3, 2, units=[0, 2]).astype(int)
    array([[1, 1],
           [0, 0],
           [1, 1]])
    """
    return _channel_mask(n_hidden, n_inputs, units, groups, table)


def readout_mask(n_hidden, n_outputs, *, units=None, groups=None, table=None):
    """Say which units each output reads.

    Parameters
    ----------
    n_hidden : int
        Number of units.
    n_outputs : int
        Number of outputs.
    units : array-like of int or bool, default=None
        Units that are read, for example ``signs > 0``; None is all.
    groups : array-like of int of shape (n_outputs,), default=None
        Group of each output, from 0; each output is its own group if None.
    table : array-like of shape (n_groups, n_hidden), default=None
        Which group reads which unit; None is all.

    Returns
    -------
    ndarray of bool of shape (n_outputs, n_hidden)
        Where connections are.

    Raises
    ------
    ValueError
        If groups and table do not fit.

    Examples
    --------
    >>> from skneuro.rnn import ei_signs, readout_mask
    >>> readout_mask(5, 1, units=ei_signs(5) > 0).astype(int)
    array([[1, 1, 1, 1, 0]])
    """
    return _channel_mask(n_hidden, n_outputs, units, groups, table).T


def _channel_mask(n_hidden, n_channels, units, groups, table):
    chosen = np.zeros(n_hidden, bool)
    chosen[slice(None) if units is None else np.asarray(units)] = True
    mask = np.repeat(chosen[:, None], n_channels, axis=1)
    if table is None:
        return mask
    table = np.asarray(table) != 0
    groups = np.arange(n_channels) if groups is None else np.asarray(groups)
    if groups.shape != (n_channels,) or table.shape != (groups.max() + 1, n_hidden):
        raise ValueError(
            f"groups has shape {groups.shape} and table {table.shape}, expected "
            f"({n_channels},) and (n_groups, {n_hidden}): one row per group."
        )
    return mask & table[groups].T


def random_input_mask(
    n_hidden,
    n_inputs,
    n_outputs=None,
    *,
    input_density=1.0,
    readout_density=1.0,
    overlap=True,
    random_state=None,
):
    """Choose units at random that receive inputs, and units that are read.

    Parameters
    ----------
    n_hidden : int
        Number of units.
    n_inputs : int
        Number of input channels.
    n_outputs : int, default=None
        Number of outputs; None makes no mask for them.
    input_density, readout_density : float, default=1.0
        Share of units, rounded down, dimensionless.
    overlap : bool, default=True
        Whether a unit may do both.
    random_state : int, RandomState instance or None, default=None
        Seed.

    Returns
    -------
    input_mask : ndarray of bool of shape (n_hidden, n_inputs)
        Where inputs arrive.
    readout_mask : ndarray of bool of shape (n_outputs, n_hidden)
        What is read. Only if ``n_outputs`` is given.

    Raises
    ------
    ValueError
        If shares lie outside 0 and 1, or exceed 1 together without overlap.

    Examples
    --------
    >>> from skneuro.rnn import random_input_mask
    >>> random_input_mask(10, 2, input_density=0.3, random_state=0).sum(axis=0)
    array([3, 3])
    """
    _check_density([input_density, readout_density], "input_density, readout_density")
    rng = check_random_state(random_state)
    order = rng.permutation(n_hidden)
    receiving = order[: int(n_hidden * input_density + 1e-9)]
    mask = input_mask(n_hidden, n_inputs, units=receiving)
    if n_outputs is None:
        return mask
    n_read = int(n_hidden * readout_density + 1e-9)
    candidates = rng.permutation(n_hidden) if overlap else order[len(receiving) :]
    if n_read > len(candidates):
        raise ValueError(
            f"input_density={input_density} and readout_density={readout_density} "
            "exceed 1 together, expected at most 1 without overlap. Lower one, or pass "
            "overlap=True."
        )
    return mask, readout_mask(n_hidden, n_outputs, units=candidates[:n_read])
