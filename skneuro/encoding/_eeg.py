"""Responses of electrodes in time: one regression per repeat."""

from numbers import Real

import numpy as np

from skneuro.encoding._linear_base import LINEAR_CONSTRAINTS, BaseLinearEncoder
from skneuro.encoding._linear_readout import find_array, read_factor, read_rows
from skneuro.utils._param_validation import Interval, StrOptions
from skneuro.utils._validation import find_indices


class EEGEncoder(BaseLinearEncoder):
    """Predict EEG responses that are linear in the principal components of features.

    Like `LinearEncoder`, with responses in channels and times, and one regression per
    repeat: the published models [1]_ have four, each fitted to other presentations of
    the same images. They differ by what they were trained on, not by noise.

    Parameters
    ----------
    weights : EncoderWeights, mapping or path-like, default=None
        Arrays named as in the published files: ``"scaler_param.mean_"``,
        ``"scaler_param.scale_"``, ``"reg_param.rep-1.coef_"`` and
        ``"reg_param.rep-1.intercept_"`` of each repeat, rows channel by channel, and
        ``"pca_param.mean_"`` and ``"pca_param.components_"``, or
        ``"pca_param.rep-1.*"`` of each repeat. None: `fit` learns them.
    features : transformer, default=None
        What turns X into features, such as `VisionFeatures`; it is used as it is with
        ``weights``, else a clone is fitted. None: X are features, (n_samples,
        n_features).
    ch_names : sequence of str of shape (n_channels,), default=None
        Names of all channels of the model, in its order; needed with ``weights``.
    times : array-like of shape (n_times,), default=None
        Times of all samples of the model, in ms; needed with ``weights``.
    channels : str, sequence of str or int, or mask, default=None
        Channels to predict, in this order. None predicts all.
    tmin, tmax : float, default=None
        First and last time to predict, in ms, both included. None is the first, or
        last, of the model.
    samples : array-like of int or bool of shape (n_selected,), default=None
        Samples to predict, as indices or a mask, instead of ``tmin`` and ``tmax``.
    repeats : {"mean", "all"}, default="mean"
        Whether to average over repeats, which predicts best, or return all.
    n_components : int, default=250
        Number of principal components that `fit` keeps, or as many as there are.
    alpha : float, default=0.0
        Strength of the ridge penalty in `fit`; 0 is ordinary least squares.
    batch_size : int or "auto", default="auto"
        Samples per step of `predict`.
    random_state : int, RandomState instance or None, default=None
        Seed of the randomised PCA in `fit`.

    Attributes
    ----------
    ch_names_ : list of str
        Names of the predicted channels.
    times_ : ndarray of shape (n_selected,)
        Times of the predicted samples, in ms.
    coef_ : ndarray of shape (n_targets, n_components)
        Coefficients that `fit` learned, in the dtype of y.
    intercept_ : ndarray of shape (n_targets,)
        Intercepts that `fit` learned, in the dtype of y.
    target_shape_ : tuple of int
        Shape of the responses to one sample in `fit`.
    features_ : transformer
        Fitted clone of ``features``.
    module_ : torch.nn.Module
        Differentiable: images in [0, 1], or features where there is no network, to
        responses.
    n_features_in_ : int
        Number of features, where X are features.

    Raises
    ------
    ValueError
        If the weights are of another model, or a channel or time does not exist.

    See Also
    --------
    LinearEncoder : Responses without channels and times.

    Notes
    -----
    Responses are (n_samples, n_channels, n_times), or (n_samples, n_repeats,
    n_channels, n_times) with ``repeats="all"``, also for one channel, time or image.
    Of the published models they are in standard deviations of the baseline of the
    current source density. 2-D X are features, or flattened square images if
    ``features`` takes images.

    References
    ----------
    .. [1] A. T. Gifford, K. Dwivedi, G. Roig, R. M. Cichy (2022), NeuroImage 264,
       119754. :doi:`10.1016/j.neuroimage.2022.119754`

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.encoding import EEGEncoder
    >>> rng = np.random.default_rng(0)
    >>> F = rng.normal(size=(40, 5))
    >>> eeg = np.einsum("nf,fct->nct", F, rng.normal(size=(5, 2, 3)))
    >>> encoder = EEGEncoder(ch_names=["O1", "O2"], times=[0, 5, 10], channels="O2")
    >>> encoder.fit(F, eeg).predict(F[:4]).shape
    (4, 1, 3)
    """

    _parameter_constraints: dict = LINEAR_CONSTRAINTS | {
        "ch_names": ["array-like", None],
        "times": ["array-like", None],
        "channels": ["array-like", str, None],
        "tmin": [Interval(Real, None, None, closed="neither"), None],
        "tmax": [Interval(Real, None, None, closed="neither"), None],
        "samples": ["array-like", None],
        "repeats": [StrOptions({"mean", "all"})],
    }

    def __init__(
        self,
        weights=None,
        *,
        features=None,
        ch_names=None,
        times=None,
        channels=None,
        tmin=None,
        tmax=None,
        samples=None,
        repeats="mean",
        n_components=250,
        alpha=0.0,
        batch_size="auto",
        random_state=None,
    ):
        self.weights = weights
        self.features = features
        self.ch_names = ch_names
        self.times = times
        self.channels = channels
        self.tmin = tmin
        self.tmax = tmax
        self.samples = samples
        self.repeats = repeats
        self.n_components = n_components
        self.alpha = alpha
        self.batch_size = batch_size
        self.random_state = random_state

    @property
    def ch_names_(self):
        """Names of the predicted channels."""
        n_channels = self._model_shape()[0]
        names = range(n_channels) if self.ch_names is None else self.ch_names
        return [str(np.asarray(names)[i]) for i in self._channels()]

    @property
    def times_(self):
        """Times of the predicted samples, in ms; without ``times`` their numbers."""
        n_times = self._model_shape()[1]
        times = np.arange(n_times) if self.times is None else self.times
        return np.asarray(times, np.float64)[self._samples()]

    def _built_from(self):
        return (
            self.weights,
            self.ch_names,
            self.times,
            self.channels,
            self.tmin,
            self.tmax,
            self.samples,
            self.repeats,
        )

    def _model_shape(self):
        """Count channels and times of the whole model."""
        if self.weights is None:
            return self.target_shape_[-2:] if len(self.target_shape_) > 1 else (1, 1)
        if self.ch_names is None or self.times is None:
            raise ValueError(
                "ch_names and times are needed with weights; expected the names of all "
                "channels and all times in ms, as in the metadata of the model."
            )
        return len(self.ch_names), len(self.times)

    def _channels(self):
        """Find the wanted channels, in the user's order."""
        n_channels = self._model_shape()[0]
        if self.channels is None:
            return np.arange(n_channels)
        wanted = [self.channels] if isinstance(self.channels, str) else self.channels
        wanted = np.asarray(wanted)
        if wanted.dtype.kind in "UTO":
            names = [] if self.ch_names is None else [str(n) for n in self.ch_names]
            unknown = [str(name) for name in wanted if str(name) not in names]
            if unknown:
                raise ValueError(
                    f"channels names {unknown[0]!r}; expected some of "
                    f"{', '.join(names) or 'no names: pass ch_names'}."
                )
            wanted = np.array([names.index(str(name)) for name in wanted], int)
        return find_indices(wanted, n_channels, "channels")

    def _samples(self):
        """Find the wanted samples."""
        n_times = self._model_shape()[1]
        if self.samples is not None:
            if self.tmin is not None or self.tmax is not None:
                raise ValueError(
                    "samples and tmin or tmax are both set; expected one of them."
                )
            return find_indices(self.samples, n_times, "samples")
        if self.tmin is None and self.tmax is None:
            return np.arange(n_times)
        if self.times is None:
            raise ValueError("tmin and tmax need times; pass the times of all samples.")
        times = np.asarray(self.times, np.float64)
        tmin = times[0] if self.tmin is None else self.tmin
        tmax = times[-1] if self.tmax is None else self.tmax
        margin = 1e-6 * np.ptp(times)  # times that are sums of rounded steps
        chosen = np.flatnonzero((times >= tmin - margin) & (times <= tmax + margin))
        if chosen.size == 0:
            raise ValueError(
                f"no sample lies between tmin={tmin:g} and tmax={tmax:g} ms; expected "
                f"times from {times[0]:g} to {times[-1]:g} ms."
            )
        return chosen

    def _read(self, weights, index):
        """Read the factors, and of every repeat the wanted rows."""
        names = sorted(
            name.removeprefix("reg_param.").removesuffix(".coef_")
            for name in weights
            if name.startswith("reg_param.") and name.endswith(".coef_")
        )
        if not names:
            find_array(weights, "reg_param.rep-1.coef_", "EEGEncoder")
        n_channels, n_times = self._model_shape()
        rows = (self._channels()[:, None] * n_times + self._samples()).ravel()
        shared = "pca_param.components_" in weights
        pcas = ["pca_param"] if shared else [f"pca_param.{name}" for name in names]
        factors = [read_factor(weights, pca, "EEGEncoder") for pca in pcas]
        regressions = []
        for i, name in enumerate(names):
            coef = weights[f"reg_param.{name}.coef_"]
            if len(coef) != n_channels * n_times:
                raise ValueError(
                    f"the regression of {name} has {len(coef)} rows; expected "
                    f"{n_channels} channels x {n_times} times = {n_channels * n_times}."
                )
            bias = find_array(weights, f"reg_param.{name}.intercept_", "EEGEncoder")
            coef, bias = read_rows(coef, rows), read_rows(bias, rows)
            regressions.append((0 if shared else i, coef, bias))
        if shared and self.repeats == "mean":  # of linear maps with one input
            coef = np.mean([coef for _, coef, _ in regressions], axis=0)
            bias = np.mean([bias for _, _, bias in regressions], axis=0)
            regressions = [(0, coef, bias)]
        return factors, regressions

    def _shape(self):
        if self.weights is None and len(self.target_shape_) < 2:
            return self.target_shape_
        shape = (len(self._channels()), len(self._samples()))
        if self.repeats == "mean":
            return shape
        if self.weights is not None:
            return (len(self._readout()[1]), *shape)
        return (*self.target_shape_[:-2], *shape)

    def _arrange(self, found):
        """Give responses their axes: repeats, channels, times."""
        responses, parts = found
        if self.weights is not None:
            shape = (len(self._channels()), len(self._samples()))
            parts = [part.reshape(len(part), *shape) for part in parts]
            stacked = _stack(parts)  # (n_samples, n_repeats, n_channels, n_times)
            return stacked.mean(axis=1) if self.repeats == "mean" else stacked
        responses = responses.reshape(len(responses), *self.target_shape_)
        if len(self.target_shape_) == 3 and self.repeats == "mean":
            responses = responses.mean(axis=1)
        if len(self.target_shape_) < 2:
            return responses
        return responses[..., self._channels()[:, None], self._samples()]


def _stack(parts):
    """Stack arrays, or tensors, along a new second axis."""
    if isinstance(parts[0], np.ndarray):
        return np.stack(parts, axis=1)
    import torch

    return torch.stack(parts, dim=1)
