"""Region tables of brain atlases, shipped with the package."""

from importlib.resources import files

import numpy as np
import pandas as pd

from skneuro.utils._param_validation import StrOptions, validate_params

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
    ImportError
        If nilearn is not installed.

    See Also
    --------
    load_atlas_labels : Two atlases whose tables come with the package.
    fetch_connectome : Its ``centroids`` are those of AAL2.

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
        import nibabel
        from nilearn.plotting import find_parcellation_cut_coords
    except ImportError as exc:
        raise ImportError(
            'load_atlas_centroids needs nilearn; pip install "skneuro[plot]".'
        ) from exc
    if not hasattr(image, "get_fdata"):
        image = nibabel.load(image)
    numbers = np.asarray(image.dataobj)
    if numbers.ndim != 3 or not numbers.any() or (numbers != np.round(numbers)).any():
        raise ValueError(
            f"image has shape {numbers.shape} and dtype {numbers.dtype}; expected a "
            "volume of whole numbers, 0 outside and one number per region."
        )
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
