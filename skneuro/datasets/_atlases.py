"""Region tables of brain atlases, shipped with the package."""

from importlib.resources import files

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
