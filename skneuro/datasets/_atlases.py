"""Region tables of brain atlases, shipped with the package."""

from importlib.resources import files
from numbers import Real
from os import PathLike

import numpy as np
import pandas as pd

from skneuro.utils._param_validation import Interval, StrOptions, validate_params

_ATLASES = ("aal2", "desikan_killiany")


@validate_params(
    {"name": [StrOptions(set(_ATLASES))]}, prefer_skip_nested_validation=True
)
def load_atlas_labels(name):
    """Load the regions of an atlas: names, hemispheres, lobes and groups.

    Parameters
    ----------
    name : {"aal2", "desikan_killiany"}
        ``"aal2"``: the 120 regions of the second automated anatomical labelling
        atlas [1]_, left and right in turn. ``"desikan_killiany"``: the 68 cortical
        regions of the Desikan-Killiany atlas [2]_ by their FreeSurfer names, first
        all left ones, then all right ones.

    Returns
    -------
    regions : DataFrame of shape (n_regions, n_columns)
        One row per region, in the order of the atlas:

        - ``name``: the region, ending in ``_L`` or ``_R`` where it has a side
        - ``hemisphere``: ``"left"``, ``"right"`` or ``"midline"``
        - ``lobe``: for AAL2 the first digit of its own region codes in words, for
          Desikan-Killiany the lobe (the cingulate counted as one of its own)
        - ``group``: ``"cortex"`` or, for AAL2, one of ``"hippocampus"`` (with the
          parahippocampal gyrus), ``"amygdala"``, ``"basal_ganglia"``,
          ``"thalamus"`` and ``"cerebellum"``
        - ``code``: number of the region in the atlas image (AAL2 only)
        - ``x``, ``y``, ``z``: centre of mass of the region, in mm of MNI space
          (AAL2 only)

    Raises
    ------
    ValueError
        If there is no such atlas.

    References
    ----------
    .. [1] E. T. Rolls, M. Joliot, N. Tzourio-Mazoyer (2015), NeuroImage 122, 1-5.
       :doi:`10.1016/j.neuroimage.2015.07.075`
    .. [2] R. S. Desikan et al. (2006), NeuroImage 31, 968-980.
       :doi:`10.1016/j.neuroimage.2006.01.021`

    Examples
    --------
    >>> from skneuro.datasets import load_atlas_labels
    >>> regions = load_atlas_labels("aal2")
    >>> regions["name"][:2].tolist()
    ['Precentral_L', 'Precentral_R']
    >>> int((regions["group"] == "cortex").sum())
    80
    """
    with (files("skneuro.datasets") / "data" / f"{name}.csv").open("rb") as file:
        return pd.read_csv(file)


def load_atlas_centroids(image, *, names=None):
    """Find the centres of the regions of an atlas image.

    Parameters
    ----------
    image : str, Path or Nifti1Image
        Volume of whole numbers: 0 is outside, every other number one region.
    names : dict of int to str, default=None
        Name of each number, such as columns ``code`` and ``name`` of the table of an
        atlas. None leaves the names out.

    Returns
    -------
    regions : DataFrame of shape (n_regions, n_columns)
        One row per region, in the order of their numbers:

        - ``code``: its number in the image
        - ``name``: its name, where ``names`` is given
        - ``x``, ``y``, ``z``: centre of mass of its largest connected part, in mm of
          the space of the image

    Raises
    ------
    ValueError
        If the image is no volume with regions, or ``names`` lacks one of them.
    TypeError
        If ``image`` is neither a file nor an image.
    ImportError
        If nilearn is not installed.

    See Also
    --------
    load_atlas_labels : Two atlases whose tables come with the package.
    fetch_connectome : Its ``centroids`` are those of AAL2.
    find_atlas_regions : The region of each point.

    Examples
    --------
    >>> import nibabel
    >>> import numpy as np
    >>> from skneuro.datasets import load_atlas_centroids
    >>> volume = np.zeros((10, 10, 10), np.int16)
    >>> volume[2:5, 2:5, 2:5], volume[6:9, 6:9, 6:9] = 7, 9
    >>> atlas = nibabel.Nifti1Image(volume, np.diag([2.0, 2.0, 2.0, 1.0]))  # mm
    >>> load_atlas_centroids(atlas, names={7: "V1", 9: "MT"})
       code name     x     y     z
    0     7   V1   6.0   6.0   6.0
    1     9   MT  14.0  14.0  14.0
    """
    try:
        from nilearn.plotting import find_parcellation_cut_coords
    except ImportError as exc:
        raise ImportError(
            'load_atlas_centroids needs nilearn; pip install "skneuro[plot]".'
        ) from exc
    image, _ = _read_atlas(image, "load_atlas_centroids")
    centres, codes = find_parcellation_cut_coords(image, return_label_names=True)
    codes = np.asarray(codes).astype(int)
    regions = pd.DataFrame({"code": codes})
    if names is not None:
        if missing := sorted(set(codes.tolist()) - set(names)):
            raise ValueError(
                f"names lacks the regions {missing[:5]} of the image, {len(missing)} "
                "in all; expected a name for each number."
            )
        regions["name"] = [names[code] for code in codes]
    regions[["x", "y", "z"]] = np.asarray(centres, float)
    return regions.sort_values("code", ignore_index=True)


@validate_params(
    {"coords": ["array-like"], "radius": [Interval(Real, 0, None, closed="left")]},
    prefer_skip_nested_validation=True,
)
def find_atlas_regions(coords, image, *, names=None, radius=0.0):
    """Find the regions of an atlas image that points lie in.

    Dipoles of a lead field, electrodes or peaks of a map become regions of a volume
    such as AAL2.

    Parameters
    ----------
    coords : array-like of shape (n_points, 3)
        Points, in mm of the space of the image: x to the right, y to the front, z up.
    image : str, Path or Nifti1Image
        Volume of whole numbers: 0 is outside, every other number one region.
    names : dict of int to str, default=None
        Name of each number, such as columns ``code`` and ``name`` of the table of an
        atlas. Regions without a name do not count, as if they were outside. None counts
        all, and returns their numbers.
    radius : float, default=0.0
        A point outside takes the region of the nearest voxel whose centre is at most so
        far away, in mm; 0 takes the voxel that it lies in and no other.

    Returns
    -------
    ndarray of shape (n_points,)
        Names, or numbers where ``names`` is None; ``""`` or 0 for points in no region.

    Raises
    ------
    ValueError
        If the image is no volume with regions, has none of ``names``, or ``coords`` are
        no points.
    TypeError
        If ``image`` is neither a file nor an image.
    ImportError
        If nibabel is not installed.

    See Also
    --------
    load_atlas_centroids : Where the regions are.
    skneuro.dynamics.average_lead_field : The mean lead field of each region.

    Examples
    --------
    >>> import nibabel
    >>> import numpy as np
    >>> from skneuro.datasets import find_atlas_regions
    >>> volume = np.zeros((10, 10, 10), np.int16)
    >>> volume[2:5, 2:5, 2:5], volume[6:9, 6:9, 6:9] = 7, 9
    >>> atlas = nibabel.Nifti1Image(volume, np.diag([2.0, 2.0, 2.0, 1.0]))  # mm
    >>> points = [[6.2, 5.8, 6.0], [14.0, 14.0, 18.5], [0.0, 0.0, 0.0]]
    >>> find_atlas_regions(points, atlas, names={7: "V1", 9: "MT"}).tolist()
    ['V1', '', '']
    >>> find_atlas_regions(points, atlas, radius=3.0).tolist()
    [7, 9, 0]
    """
    image, numbers = _read_atlas(image, "find_atlas_regions")
    coords = np.asarray(coords, np.float64)
    if coords.ndim != 2 or coords.shape[1] != 3 or not np.isfinite(coords).all():
        raise ValueError(
            f"coords has shape {coords.shape}; expected (n_points, 3), finite, in mm."
        )
    if names is not None:
        numbers = np.where(np.isin(numbers, list(names)), numbers, 0)
        if not numbers.any():
            raise ValueError(
                f"the image has none of the numbers {list(names)[:5]}, ..., of names; "
                "expected a name for each number of a region."
            )
    affine = np.asarray(image.affine, np.float64)
    # (n_points, 3): whole voxels are centred on whole numbers
    voxels = (coords - affine[:3, 3]) @ np.linalg.inv(affine[:3, :3]).T
    voxels = np.floor(voxels + 0.5)
    inside = ((voxels >= 0) & (voxels < numbers.shape)).all(axis=1)
    codes = np.zeros(len(coords), int)
    codes[inside] = numbers[tuple(voxels[inside].astype(int).T)]
    outside = codes == 0
    if radius > 0 and outside.any():
        from scipy.spatial import cKDTree

        places = np.argwhere(numbers)
        tree = cKDTree(places @ affine[:3, :3].T + affine[:3, 3])
        distance, nearest = tree.query(coords[outside], distance_upper_bound=radius)
        near = np.isfinite(distance)
        found = numbers[tuple(places[nearest[near]].T)]
        codes[np.flatnonzero(outside)[near]] = found
    if names is None:
        return codes
    return np.array([names[code] if code else "" for code in codes.tolist()], object)


def _read_atlas(image, caller):
    """Open an atlas and return its image and the number of every voxel."""
    try:
        import nibabel
    except ImportError as exc:
        raise ImportError(
            f'{caller} needs nibabel; pip install "skneuro[plot]".'
        ) from exc
    if not hasattr(image, "get_fdata"):
        if not isinstance(image, str | PathLike):
            raise TypeError(
                f"image is a {type(image).__name__}, expected a file or an image of "
                "nibabel, which knows where its voxels lie."
            )
        image = nibabel.load(image)
    numbers = np.asarray(image.dataobj)
    if numbers.ndim != 3 or not numbers.any() or (numbers != np.round(numbers)).any():
        raise ValueError(
            f"image has shape {numbers.shape} and dtype {numbers.dtype}; expected a "
            "volume of whole numbers, 0 outside and one number per region."
        )
    return image, numbers.astype(int, copy=False)
