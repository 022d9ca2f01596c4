"""From sources in the brain to sensors: EEG and MEG as a matrix product."""

from typing import ClassVar

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from skneuro.utils._param_validation import StrOptions, _fit_context

_FLOATS = [np.float64, np.float32]


class LeadField(TransformerMixin, BaseEstimator):
    r"""Project the activity of sources to sensors, as EEG and MEG see it.

    .. math:: V_s(t) = \sum_n L_{sn} x_n(t)

    with the lead field :math:`L` of the head. Fields spread without delay, so each time
    point is a matrix product of its own. 2-D X is one pattern of activity per row.

    Parameters
    ----------
    matrix : array-like of shape (n_sensors, n_sources), default=None
        Signal of each sensor for activity 1 of each source, in units of the sensor's
        signal. A DataFrame names sensors by its rows and sources by its columns. None
        is one sensor at each source, which leaves re-referencing.
    reference : {"average"} or None, default=None
        What potentials are measured against. ``"average"``: the mean of all sensors at
        each time; None: what the lead field has.

    Attributes
    ----------
    matrix_ : ndarray of shape (n_sensors, n_sources)
        Lead field with the reference applied.
    ch_names_ : ndarray of str of shape (n_sensors,)
        Names of the sensors.
    n_features_in_ : int
        Number of sources.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the sources, where ``fit`` saw a DataFrame.

    Raises
    ------
    ValueError
        If the matrix does not have one column per source, or names its columns in
        another order than X.

    See Also
    --------
    average_lead_field : From thousands of dipoles to the regions of an atlas.
    lead_field_from_mne : From a forward solution of MNE.
    skneuro.encoding.to_mne : Sensor signals as objects of MNE.

    References
    ----------
    .. [1] J. C. Mosher, R. M. Leahy and P. S. Lewis (1999), IEEE Trans. Biomed. Eng.
       46, 245-259: :doi:`10.1109/10.748978`

    Examples
    --------
    Two regions and three electrodes, against the average:

    >>> import numpy as np
    >>> from skneuro.dynamics import LeadField
    >>> leads = LeadField([[1.0, 0.2], [0.5, 0.5], [0.0, 0.8]], reference="average")
    >>> leads.fit_transform([[1.0, 0.0]])
    array([[ 0.5,  0. , -0.5]])
    >>> leads.transform(np.ones((4, 2, 100))).shape  # a time series per sample
    (4, 3, 100)
    """

    _parameter_constraints: ClassVar[dict] = {
        "matrix": ["array-like", None],
        "reference": [StrOptions({"average"}), None],
    }

    def __init__(self, matrix=None, *, reference=None):
        self.matrix = matrix
        self.reference = reference

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Check the matrix against the sources.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_sources[, n_times])
            Activity of the sources.
        y : Ignored
            Not used, present by convention.

        Returns
        -------
        LeadField
            This transformer.
        """
        X = self._validate(X, reset=True)
        n_sources = X.shape[1]
        matrix = np.eye(n_sources) if self.matrix is None else self.matrix
        values = np.asarray(matrix, np.float64)
        if values.ndim != 2 or values.shape[1] != n_sources or not len(values):
            raise ValueError(
                f"matrix has shape {values.shape}, but X has {n_sources} sources; "
                f"expected (n_sensors, {n_sources}): one column per source."
            )
        if not np.isfinite(values).all():
            raise ValueError(
                "matrix holds NaN or infinity; expected finite numbers. Leave out "
                "sensors and sources without a lead field."
            )
        names = getattr(self, "feature_names_in_", None)
        self.ch_names_ = np.array([f"sensor{i}" for i in range(len(values))], object)
        if hasattr(matrix, "columns"):
            self.ch_names_ = matrix.index.astype(str).to_numpy(object)
            columns = matrix.columns.astype(str)
            if names is not None and list(columns) != list(names):
                raise ValueError(
                    f"the columns of matrix are {list(columns[:3])}, ..., but X has "
                    f"{list(names[:3])}, ...; expected the same sources in the same "
                    "order. Pass matrix[list(X.columns)]."
                )
        elif self.matrix is None and names is not None:
            self.ch_names_ = names
        if self.reference == "average":
            values = values - values.mean(axis=0)
        self.matrix_ = values
        self._tables = X.ndim == 2
        return self

    def transform(self, X):
        """Project activity to the sensors.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_sources[, n_times])
            Activity of the sources.

        Returns
        -------
        ndarray of shape (n_samples, n_sensors[, n_times])
            Sensor signals; float32 if X is float32, else float64.
        """
        check_is_fitted(self)
        X = self._validate(X, reset=False)
        matrix = self.matrix_.astype(X.dtype, copy=False)
        return X @ matrix.T if X.ndim == 2 else matrix @ X

    @available_if(lambda self: getattr(self, "_tables", True))
    def get_feature_names_out(self, input_features=None):
        """Name the sensors.

        Parameters
        ----------
        input_features : None
            Not used, present by convention.

        Returns
        -------
        ndarray of str of shape (n_sensors,)
            ``ch_names_``.
        """
        check_is_fitted(self)
        return np.asarray(self.ch_names_, object)

    def _validate(self, X, *, reset):
        X = validate_data(self, X, reset=reset, allow_nd=True, dtype=_FLOATS)
        if X.ndim > 3:
            raise ValueError(
                f"X has shape {X.shape}; expected (n_samples, n_sources) or (n_samples,"
                " n_sources, n_times)."
            )
        return X

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def average_lead_field(matrix, regions, *, keep=None):
    """Average the columns of a lead field over the regions of an atlas.

    Parameters
    ----------
    matrix : array-like of shape (n_sensors, n_dipoles)
        Lead field, with the orientation of each dipole fixed, as along the normal of
        the cortex. A DataFrame names the sensors by its rows.
    regions : array-like of shape (n_dipoles,)
        Region of each dipole, a name or a number.
    keep : array-like of shape (n_regions,), default=None
        Regions of the result, in this order; dipoles elsewhere are left out. None
        takes all that occur, sorted.

    Returns
    -------
    DataFrame of shape (n_sensors, n_regions)
        Mean lead fields, in the unit of ``matrix``: what a simulator's nodes, one per
        region, are projected with. NaN where a region has no dipole.

    Raises
    ------
    ValueError
        If there is not one region per dipole.

    See Also
    --------
    LeadField : What to use it with.

    Notes
    -----
    Fields of dipoles on opposite walls of a fold cancel in the mean, as they do in the
    head.

    Examples
    --------
    >>> from skneuro.dynamics import average_lead_field
    >>> average_lead_field([[1.0, 3.0, 5.0]], ["V1", "V1", "MT"], keep=["V1", "MT"])
        V1   MT
    0  2.0  5.0
    """
    table = pd.DataFrame(matrix).astype(np.float64)
    regions = np.asarray(regions)
    if regions.shape != (table.shape[1],):
        raise ValueError(
            f"regions has shape {regions.shape}, but the lead field has "
            f"{table.shape[1]} dipoles; expected ({table.shape[1]},)."
        )
    means = table.T.groupby(regions).mean().T
    return means if keep is None else means.reindex(columns=list(keep))


def lead_field_from_mne(forward, labels):
    """Take the lead field of regions from a forward solution of MNE.

    Parameters
    ----------
    forward : mne.Forward
        Forward solution on a surface source space; orientations are fixed along the
        normals of the cortex.
    labels : list of mne.Label or array-like of str of shape (n_sources,)
        Regions, as ``mne.read_labels_from_annot`` gives them; or the name of the region
        of each source, in the order of the forward solution, ``""`` outside.

    Returns
    -------
    DataFrame of shape (n_sensors, n_regions)
        Mean lead fields; rows are channels, columns the names of the labels, or those
        that sources have, sorted. NaN where a label holds no source.

    Raises
    ------
    ImportError
        If mne is not installed.
    TypeError
        If ``forward`` is no forward solution.
    ValueError
        If there is not one region per source.

    See Also
    --------
    average_lead_field : The same for any lead field and atlas.
    skneuro.datasets.find_atlas_regions : The region of each source in a volume.
    LeadField : What to use it with.

    References
    ----------
    .. [1] A. Gramfort et al. (2013), Front. Neurosci. 7, 267:
       :doi:`10.3389/fnins.2013.00267`

    Examples
    --------
    >>> import mne  # doctest: +SKIP
    >>> from skneuro.dynamics import LeadField, lead_field_from_mne
    >>> forward = mne.read_forward_solution("sub-01-fwd.fif")  # doctest: +SKIP
    >>> labels = mne.read_labels_from_annot("fsaverage", "aparc")  # doctest: +SKIP
    >>> leads = LeadField(lead_field_from_mne(forward, labels))  # doctest: +SKIP

    Regions of a volume in MNI space, such as AAL2, instead:

    >>> from skneuro.datasets import find_atlas_regions, load_atlas_labels
    >>> aal2 = load_atlas_labels("aal2").query("group == 'cortex'")
    >>> places = mne.head_to_mni(  # doctest: +SKIP
    ...     forward["source_rr"], "fsaverage", forward["mri_head_t"]
    ... )
    >>> regions = find_atlas_regions(  # doctest: +SKIP
    ...     places, "AAL2.nii", names=dict(zip(aal2.code, aal2.name)), radius=5.0
    ... )
    >>> table = lead_field_from_mne(forward, regions)[aal2.name]  # doctest: +SKIP
    """
    try:
        import mne
    except ImportError as exc:
        raise ImportError(
            'lead_field_from_mne needs mne; pip install "skneuro[eeg]".'
        ) from exc
    if not isinstance(forward, mne.Forward):
        raise TypeError(
            f"forward is a {type(forward).__name__}, expected a forward solution, as "
            "mne.make_forward_solution or mne.read_forward_solution gives."
        )
    fixed = mne.convert_forward_solution(
        forward, surf_ori=True, force_fixed=True, verbose=False
    )
    matrix = pd.DataFrame(fixed["sol"]["data"], index=fixed["sol"]["row_names"])
    if not all(isinstance(label, mne.Label) for label in labels):
        regions = np.asarray(labels, object)
        keep = sorted({name for name in regions.ravel().tolist() if name})
        return average_lead_field(matrix, regions, keep=keep)
    regions, start = np.full(fixed["nsource"], "", object), 0
    for side, space in zip(("lh", "rh"), fixed["src"], strict=True):
        vertices = space["vertno"]
        here = regions[start : start + len(vertices)]
        for label in labels:
            if label.hemi == side:
                here[np.isin(vertices, label.vertices)] = label.name
        start += len(vertices)
    return average_lead_field(matrix, regions, keep=[label.name for label in labels])
