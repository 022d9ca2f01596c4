"""Connectomes drawn from a distance rule: no download needed."""

from numbers import Integral, Real

import numpy as np
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial.distance import pdist, squareform
from sklearn.utils import check_random_state

from skneuro.datasets._bunch import connectome_bunch, read_descr
from skneuro.utils._param_validation import Interval, validate_params

# Right hemisphere, in mm of MNI space: the box that holds the centres of the 80
# cortical regions of AAL2 (|x| 3 to 57, y -86 to 52, z -35 to 69).
_CENTRE = np.array([30.0, -17.0, 17.0])
_SEMI_AXES = np.array([27.0, 69.0, 52.0])
# Tract length over straight distance, between the medians of gw (1.06) and hcp (1.61).
_CURVATURE = 1.3
# Least distance term of homotopic links over the median one within hemispheres. With
# it, median homotopic weights are 2.8 times median weights within hemispheres, between
# gw (2.6) and hcp (3.0).
_HOMOTOPIC_FLOOR = 2.0
# Standard deviation of the natural logarithm of a weight about the distance rule.
_LOG_SPREAD = 1.0


@validate_params(
    {
        "n_nodes": [Interval(Integral, 2, None, closed="left")],
        "decay": [Interval(Real, 0, None, closed="left")],
        "density": [Interval(Real, 0, 1, closed="right")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_connectome(n_nodes=80, *, decay=0.1, density=0.25, random_state=None):
    r"""Draw a connectome of two hemispheres from an exponential distance rule.

    The rule [1]_ says that an axon of length :math:`d` exists with a probability that
    falls as :math:`e^{-\lambda d}`, and that the weight of a link falls likewise:

    1. Regions lie evenly on two mirrored ellipsoids of the size of the human cortex
       (centres at x = ±30, y = -17, z = 17 mm, semi-axes 27, 69 and 52 mm, from the
       centres of the cortical AAL2 regions), turned at random.
    2. The tract between two regions is 1.3 times as long as the straight line.
    3. Mirror images are always linked. All other links are drawn without replacement
       with probabilities in proportion to :math:`e^{-\lambda d}`, as if axons were
       thrown until the wanted number of links exists. Links that join what would fall
       apart come first, so that the graph is connected.
    4. Weights are lognormal, :math:`w = e^{-\lambda d + \xi}` with
       :math:`\xi \sim N(0, 1)`. For links of mirror images, which are stronger than
       their length says, the distance term is at least twice its median over the links
       within hemispheres, and at most its maximum there.
    5. All weights are scaled such that the spectral radius of the matrix is 1, so that
       a global coupling means the same for any number of regions.

    Parameters
    ----------
    n_nodes : int, default=80
        Number of regions. Of an odd number the left hemisphere has one more.
    decay : float, default=0.1
        Decay rate :math:`\lambda` of the distance rule along tracts, in 1/mm.
    density : float, default=0.25
        Fraction of the ``n_nodes * (n_nodes - 1) / 2`` pairs that are linked. The
        number of links is this fraction rounded, but never below ``n_nodes - 1``, the
        least that connects all regions.
    random_state : int, RandomState instance or None, default=None
        Seed of positions, links and weights.

    Returns
    -------
    connectome : Bunch
        The fields of every connectome of skneuro:

        - ``connectivity`` : ndarray of shape (n_nodes, n_nodes), weights without unit,
          symmetric, zero diagonal
        - ``tract_lengths`` : ndarray of shape (n_nodes, n_nodes), in mm, of all pairs,
          linked or not
        - ``centroids`` : ndarray of shape (n_nodes, 3), in mm: x to the right, y to the
          front, z up
        - ``labels`` : ndarray of shape (n_nodes,), ``"Region01_L"``, ...; first all
          left regions, then all right ones; mirror images share their number
        - ``fc``, ``subject_connectivity``, ``subject_tract_lengths``, ``subject_fc``,
          ``subject_bold``, ``subjects``, ``t_r`` : None, nobody was scanned
        - ``DESCR`` : str

    Raises
    ------
    ValueError
        If a parameter is outside its range.

    See Also
    --------
    fetch_connectome : Measured connectomes.
    load_connectome : A connectome of your own.

    Notes
    -----
    The decay rate of the macaque is 0.19 per mm [1]_; over mouse, marmoset and macaque
    the rate falls with the volume :math:`V` of grey matter as :math:`V^{-2/9}`, from
    which about 0.1 per mm is expected for humans [2]_ [3]_: the default. Weights of the
    macaque are lognormal over five orders of magnitude [1]_; here the middle 99 % of
    them span four and a half (80 regions). In human tractography, too, weights are
    lognormal, fall exponentially with tract length, and mirror images are linked more
    strongly than expected [4]_. Tractography sees weak long links that the rule does
    not predict: in the data of :func:`fetch_connectome`, the logarithm of the weight
    falls by only 0.03 per mm within hemispheres.

    A departure from [1]_: there the length of an axon is drawn first and then a pair of
    regions at that distance; here every pair has a probability of its own, so that the
    rate asked for can be read off the pairs.

    The matrix is symmetric because diffusion imaging, the source of human connectomes,
    cannot tell the direction of an axon.

    Two factors come from the data of :func:`fetch_connectome`. The median of tract
    lengths over distances between centroids is 1.06 for gw and 1.61 for hcp: 1.3 lies
    between. The ratio of median homotopic weight to median weight within hemispheres is
    2.6 for gw and 3.0 for hcp: the factor 2 above gives 2.8.

    References
    ----------
    .. [1] M. Ercsey-Ravasz et al. (2013), Neuron 80, 184-197.
       :doi:`10.1016/j.neuron.2013.07.036`
    .. [2] P. Theodoni et al. (2022), Cereb. Cortex 32, 15-28.
       :doi:`10.1093/cercor/bhab191`
    .. [3] X.-J. Wang (2022), Annu. Rev. Neurosci. 45, 533-560.
       :doi:`10.1146/annurev-neuro-110920-035434`
    .. [4] B. Q. Rosen, E. Halgren (2021), eNeuro 8, ENEURO.0416-20.2020.
       :doi:`10.1523/ENEURO.0416-20.2020`

    Examples
    --------
    >>> from skneuro.datasets import make_connectome
    >>> connectome = make_connectome(n_nodes=20, random_state=0)
    >>> connectome.connectivity.shape
    (20, 20)
    >>> connectome.labels[[0, 10]].tolist()
    ['Region01_L', 'Region01_R']
    """
    rng = check_random_state(random_state)
    centroids = _place_regions(n_nodes, rng)
    lengths = _CURVATURE * pdist(centroids)  # (n_pairs,)
    first, second = np.triu_indices(n_nodes, k=1)
    n_left = n_nodes - n_nodes // 2
    homotopic = second - first == n_left
    within = (first < n_left) == (second < n_left)

    linked = _draw_links(n_nodes, lengths, homotopic, decay, density, rng)
    log_weights = -decay * lengths
    if (typical := log_weights[linked & within]).size:
        floor = np.median(typical) + np.log(_HOMOTOPIC_FLOOR)
        log_weights[homotopic] = log_weights[homotopic].clip(floor, typical.max())
    log_weights += _LOG_SPREAD * rng.standard_normal(lengths.size)
    # With the largest at 1, none is so small that its exponential underflows.
    log_weights = (log_weights - log_weights[linked].max()).clip(-700)
    connectivity = squareform(np.where(linked, np.exp(log_weights), 0.0))
    connectivity /= np.linalg.eigvalsh(connectivity)[-1]  # the spectral radius: Perron

    numbers = np.r_[1 : n_left + 1, 1 : n_nodes - n_left + 1]
    sides = np.repeat(["L", "R"], [n_left, n_nodes - n_left])
    digits = max(2, len(str(n_left)))
    labels = [f"Region{i:0{digits}d}_{s}" for i, s in zip(numbers, sides, strict=True)]
    return connectome_bunch(
        connectivity=connectivity,
        tract_lengths=squareform(lengths),
        labels=np.array(labels),
        centroids=centroids,
        DESCR=read_descr("synthetic_connectome"),
    )


def _place_regions(n_nodes, rng):
    """Spread regions evenly over two mirrored ellipsoids; (n_nodes, 3), in mm."""
    n_left = n_nodes - n_nodes // 2
    index = np.arange(n_left) + 0.5
    height = 1 - 2 * index / n_left  # a Fibonacci lattice on the unit sphere
    angle = np.pi * (1 + np.sqrt(5)) * index
    radius = np.sqrt(1 - height**2)
    points = np.stack([radius * np.cos(angle), radius * np.sin(angle), height], axis=1)
    turn, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    right = _CENTRE + _SEMI_AXES * (points @ turn)
    return np.concatenate([right * [-1, 1, 1], right[: n_nodes - n_left]])


def _draw_links(n_nodes, lengths, homotopic, decay, density, rng):
    """Choose pairs by the distance rule; bool mask of shape (n_pairs,)."""
    n_links = max(round(density * lengths.size), n_nodes - 1)
    # The largest of log-probability + Gumbel noise are a draw without replacement.
    keys = -decay * lengths + rng.gumbel(size=lengths.size)
    keys[homotopic] = np.inf
    order = np.argsort(-keys, kind="stable")
    rank = np.empty(lengths.size)
    rank[order] = np.arange(1, lengths.size + 1)

    tree = minimum_spanning_tree(squareform(rank))  # its entries are ranks again
    rank[order[tree.data.astype(int) - 1]] = 0
    linked = np.zeros(lengths.size, dtype=bool)
    linked[np.argsort(rank, kind="stable")[:n_links]] = True
    return linked
