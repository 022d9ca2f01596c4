"""The digital twin as a regressor: video, gaze and behaviour to neural activity."""

import copy
from collections.abc import Iterable
from numbers import Integral, Real
from os import PathLike

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin, TransformerMixin, clone
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from skneuro.metrics import cc_abs, cc_norm
from skneuro.twin._net import TwinNet
from skneuro.twin._net import Windows as _Windows
from skneuro.twin._network import ARCHITECTURES, TwinNetwork
from skneuro.twin._readout_start import regress_readout
from skneuro.twin._running import arrange, cut, run_chunks, run_trials
from skneuro.twin._transfer import inherit, take_over
from skneuro.twin._trials import (
    check_responses,
    check_traces,
    check_videos,
    find_repeats,
    table_to_videos,
)
from skneuro.twin._weights import save_weights
from skneuro.utils import resolve_device, seeded_torch
from skneuro.utils._param_validation import (
    HasMethods,
    Interval,
    StrOptions,
    _fit_context,
)

_POSITIVE = Interval(Integral, 1, None, closed="left")
_NOT_NEGATIVE = Interval(Integral, 0, None, closed="left")


class DigitalTwinRegressor(TransformerMixin, RegressorMixin, BaseEstimator):
    r"""Predict the activity of visual cortex from what the animal sees and does [1]_.

    Each frame of a video is projected onto the retina of an eye that follows ``gaze``
    (perspective); causal convolutions and a recurrent network with attention turn it
    into features (core), which behaviour modulates (modulation); each neuron reads them
    at one point (readout). Four independent streams of the latter three are averaged:

    .. math:: r_n(t) = \exp \frac{1}{4} \sum_s \left( w_{ns} \cdot f_s(t, p_n) +
       b_{ns} \right).

    ``fit`` trains it on recordings, either all of it, or, with ``core``, the readout of
    new neurons, the eye and the uptake of behaviour on top of a trained core.

    Parameters
    ----------
    core : DigitalTwinRegressor, str, path-like or None, default=None
        Where the core comes from: a fitted twin, which is neither changed nor cloned,
        or a file of weights (``save`` of a twin, or the published ``params_core.pt``).
        None trains everything from scratch.
    architecture : {"microns", "loader"}, default="microns"
        Which of the two published networks: the one of the released weights, or the
        one that is built by the authors' model loader. A twin as ``core`` brings its
        own.
    network_params : dict or None, default=None
        Sizes and kinds of parts that differ from the architecture, for example
        ``{"recurrent": "conv_lstm", "streams": 2}``.
    frozen : tuple of str, default=("core", "modulation.lstm")
        Parts that are taken from ``core`` and stay as they are. Without ``core``, none
        is. The memory of behaviour (``"modulation.lstm"``) does not include the layers
        that come before it.
    readout_start : {"zero", "regression"}, default="zero"
        Where the readout of new neurons starts: in the middle of the map with weights
        of zero, as published; or at the place and with the weights that ridge
        regression of activity on the trained core finds, so that little training is
        left to do. Eye and uptake of behaviour then start as those of ``core``. Without
        ``core`` it is zero.
    sample_frames : int, default=100
        Length of the windows of training, in frames; that of the shortest trial where
        this is less.
    burn_in : int, default=10
        First frames of a window, and of each trial in ``score``, that do not count; all
        but one where there are fewer.
    batch_size : int, default=4
        Windows per step of training.
    batches_per_epoch : int, default=500
        Steps per epoch.
    max_epochs : int, default=100
        Epochs; the learning rate falls along a cosine over them.
    warmup_epochs : int, default=10
        First epochs, in which the learning rate grows.
    lr : float, default=0.1
        Largest learning rate, dimensionless.
    momentum : float, default=0.9
        Nesterov momentum, dimensionless.
    weight_decay : float, default=0.0001
        Decay of weights, times the learning rate; gains, biases and geometry do not
        decay.
    clip : float, default=0.01
        Largest norm of a step over that of its parameter.
    sample_stream : bool, default=True
        Whether each step trains one stream, drawn at random.
    recompute_frames : int or None, default=None
        Save memory in training: keep activations only every so many frames and compute
        them again when needed.
    checkpoint : str, path-like or None, default=None
        File that is written after each epoch. If it exists, ``fit`` goes on from it
        and ends with the same weights as a run that was not interrupted.
    chunk_frames : int, default=16
        Frames that are predicted at once; memory grows with it, not with the length of
        the video.
    trials_at_once : int, default=1
        Trials of equal length that are predicted at once; more suits a GPU.
    callbacks : list or None, default=None
        Callbacks of skorch.
    device : str, default="auto"
        Where to compute; ``"auto"`` is a CUDA device where there is one.
    random_state : int, RandomState instance or None, default=None
        Seed of first weights, windows, streams and noise.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        Holds the network as ``net_.module_``.
    n_neurons_ : int
        Neurons that are predicted.
    frame_size_ : tuple of int or None
        Height and width of the videos; None if weights were loaded that take any.
    response_scale_ : float
        Mean of ``y``, by which it is divided in training.
    loss_curve_ : list of float
        Mean loss of each epoch.
    n_features_in_ : int
        Number of columns, where X was a table.

    See Also
    --------
    skneuro.metrics.cc_norm : Noise-corrected correlation.

    Notes
    -----
    A table (2-D X) is taken as still images: each row fills a square and is shown for
    one frame, its lowest and highest number seen in ``fit`` being black and white; then
    ``y`` has one row per sample.

    Defaults of training are those of the published transfer to new mice [1]_. The
    network is made for 144 x 256 pixels at 30 frames per second.

    Releases are trained on activity divided by its mean; here ``fit`` divides by one
    number, the mean over all neurons, and ``predict`` multiplies by it again.

    References
    ----------
    .. [1] E. Y. Wang et al. (2025), Nature 640, 470-477.
       :doi:`10.1038/s41586-025-08829-y`

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.twin import DigitalTwinRegressor
    >>> small = {
    ...     "streams": 1, "retina_size": (8, 12), "block_channels": (4,),
    ...     "block_groups": (1,), "block_layers": (1,), "block_temporals": (2,),
    ...     "block_spatials": (3,), "block_pools": (1,), "feedforward_channels": 4,
    ...     "recurrent": "conv_lstm", "recurrent_in": 4, "recurrent_hidden": 4,
    ...     "recurrent_out": 4, "recurrent_groups": 1,
    ... }
    >>> rng = np.random.default_rng(0)
    >>> video = rng.integers(256, size=(2, 20, 18, 32), dtype=np.uint8)
    >>> response = rng.random((2, 3, 20))  # two trials of three neurons
    >>> twin = DigitalTwinRegressor(
    ...     network_params=small, max_epochs=1, batches_per_epoch=2, random_state=0
    ... )
    >>> twin.fit(video, response).predict(video).shape
    (2, 3, 20)
    """

    _parameter_constraints: dict = {  # noqa: RUF012
        "core": [HasMethods(["predict"]), str, PathLike, None],
        "architecture": [StrOptions(set(ARCHITECTURES))],
        "network_params": [dict, None],
        "frozen": [tuple, list],
        "readout_start": [StrOptions({"zero", "regression"})],
        "sample_frames": [_POSITIVE],
        "burn_in": [_NOT_NEGATIVE],
        "batch_size": [_POSITIVE],
        "batches_per_epoch": [_POSITIVE],
        "max_epochs": [_POSITIVE],
        "warmup_epochs": [_NOT_NEGATIVE],
        "lr": [Interval(Real, 0, None, closed="neither")],
        "momentum": [Interval(Real, 0, 1, closed="left")],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "clip": [Interval(Real, 0, None, closed="neither")],
        "sample_stream": ["boolean"],
        "recompute_frames": [_POSITIVE, None],
        "checkpoint": [str, PathLike, None],
        "chunk_frames": [_POSITIVE],
        "trials_at_once": [_POSITIVE],
        "callbacks": [list, None],
        "device": [str],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        core=None,
        *,
        architecture="microns",
        network_params=None,
        frozen=("core", "modulation.lstm"),
        readout_start="zero",
        sample_frames=100,
        burn_in=10,
        batch_size=4,
        batches_per_epoch=500,
        max_epochs=100,
        warmup_epochs=10,
        lr=0.1,
        momentum=0.9,
        weight_decay=1e-4,
        clip=0.01,
        sample_stream=True,
        recompute_frames=None,
        checkpoint=None,
        chunk_frames=16,
        trials_at_once=1,
        callbacks=None,
        device="auto",
        random_state=None,
    ):
        self.core = core
        self.architecture = architecture
        self.network_params = network_params
        self.frozen = frozen
        self.readout_start = readout_start
        self.sample_frames = sample_frames
        self.burn_in = burn_in
        self.batch_size = batch_size
        self.batches_per_epoch = batches_per_epoch
        self.max_epochs = max_epochs
        self.warmup_epochs = warmup_epochs
        self.lr = lr
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.clip = clip
        self.sample_stream = sample_stream
        self.recompute_frames = recompute_frames
        self.checkpoint = checkpoint
        self.chunk_frames = chunk_frames
        self.trials_at_once = trials_at_once
        self.callbacks = callbacks
        self.device = device
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, *, gaze=None, behavior=None):
        """Train on recorded activity.

        Parameters
        ----------
        X : array-like of shape (n_trials, n_frames, height, width) or list
            Videos, uint8; trials of unequal length are a list. A table is taken as
            still images, see the notes of the class.
        y : array-like of shape (n_trials, n_neurons, n_frames) or list
            Activity at each frame, not negative; a table has (n_samples, n_neurons).
        gaze : array-like of shape (n_trials, 2, n_frames) or list, default=None
            Pupil centre, x and y, standardised. None is 0, looking ahead.
        behavior : array-like of shape (n_trials, 2, n_frames) or list, default=None
            Pupil radius and running speed, standardised. None is 0.

        Returns
        -------
        self : DigitalTwinRegressor
            The fitted twin.

        Raises
        ------
        ValueError
            If trials, frames or sizes do not fit, if responses are not finite, or if
            the core is of another architecture.
        TypeError
            If videos are not uint8.
        FloatingPointError
            If the loss is not finite.
        """
        videos, y = self._check_training_data(X, y)
        gaze = check_traces(gaze, videos, "gaze")
        behavior = check_traces(behavior, videos, "behavior")
        n_frames = min(self.sample_frames, *map(len, videos))
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        mean = float(np.mean([np.mean(r, dtype=np.float64) for r in y]))
        self.response_scale_ = mean if mean > np.finfo(np.float32).eps else 1.0
        self.n_neurons_ = len(y[0])
        options, state = inherit(self.core, self.architecture, self.network_params)
        with seeded_torch(seed):
            self.net_ = self._make_net(options, seed)
            if state is not None:
                take_over(
                    self.net_.module_,
                    state,
                    self.frozen,
                    start_others=self.readout_start == "regression",
                )
                self.net_.initialize_optimizer()
        y = [r / np.float32(self.response_scale_) for r in y]
        if state is not None and self.readout_start == "regression":
            regress_readout(
                self.net_,
                (videos, gaze, behavior),
                y,
                burn_in=self.burn_in,
                separately=self.sample_stream,
                seed=seed,
            )
        data = _Windows(
            videos,
            gaze,
            behavior,
            y,
            n_frames=n_frames,
            n_windows=self.batch_size * self.batches_per_epoch,
            seed=seed,
        )
        done = 0 if self.checkpoint is None else self.net_.resume()
        if done < self.max_epochs:
            self.net_.fit_loop(data, epochs=self.max_epochs - done)
        self.net_.module_.eval()
        self.loss_curve_ = [float(row["train_loss"]) for row in self.net_.history]
        return self

    def _check_training_data(self, X, y):
        """Return videos and responses as lists; remember what X and y were."""
        self._is_table_ = _is_table(X)
        if not self._is_table_:
            for name in ("n_features_in_", "feature_names_in_"):
                if hasattr(self, name):
                    delattr(self, name)
            videos = check_videos(X)
            self._n_outputs_ = None
            y = list(y)
            dtypes = {np.asarray(r).dtype for r in y}
            responses = check_responses(y, videos)
            self._dtype_ = np.float32 if dtypes == {np.dtype("f4")} else np.float64
        else:
            X, y = validate_data(
                self, X, y, dtype=np.float64, multi_output=True, y_numeric=True
            )
            self._range_ = float(X.min()), float(X.max())
            videos = table_to_videos(X, *self._range_)
            self._n_outputs_ = None if y.ndim == 2 else 1
            self._dtype_ = np.float32 if y.dtype == np.float32 else np.float64
            responses = list(np.asarray(y, np.float32).reshape(len(y), -1, 1))
        self.frame_size_ = tuple(videos[0].shape[1:])
        return videos, responses

    def _make_net(self, options, seed):
        return TwinNet(
            TwinNetwork,
            **{f"module__{name}": value for name, value in options.items()},
            module__n_neurons=self.n_neurons_,
            lr=self.lr,
            optimizer__momentum=self.momentum,
            optimizer__nesterov=self.momentum > 0,
            optimizer__weight_decay=self.weight_decay,
            optimizer__clip=self.clip,
            batch_size=self.batch_size,
            max_epochs=self.max_epochs,
            burn_in=self.burn_in,
            sample_stream=self.sample_stream,
            warmup_epochs=min(self.warmup_epochs, self.max_epochs - 1),
            cycle_size=self.max_epochs,
            seed=seed,
            recompute_frames=self.recompute_frames,
            resume_file=self.checkpoint,
            callbacks=self.callbacks,
            device=resolve_device(self.device),
            verbose=0,
        ).initialize()

    def _running(self):
        return {"net": self.net_, "scale": self.response_scale_, "dtype": self._dtype_}

    def _predict_trials(self, videos, gaze, behavior):
        return run_trials(
            videos,
            gaze,
            behavior,
            chunk_frames=self.chunk_frames,
            trials_at_once=self.trials_at_once,
            **self._running(),
        )

    def predict(self, X, *, gaze=None, behavior=None):
        """Predict activity.

        Parameters
        ----------
        X : array-like of shape (n_trials, n_frames, height, width) or list
            Videos, uint8, of the frame size of ``fit``; or a table as there.
        gaze : array-like of shape (n_trials, 2, n_frames) or list, default=None
            Pupil centre, x and y, standardised. None is 0, looking ahead.
        behavior : array-like of shape (n_trials, 2, n_frames) or list, default=None
            Pupil radius and running speed, standardised. None is 0.

        Returns
        -------
        ndarray of shape (n_trials, n_neurons, n_frames) or list
            Activity in the units of ``y``; a list of (n_neurons, n_frames) where trials
            differ in length. Of a table, (n_samples, n_neurons), or (n_samples,) where
            ``y`` had one axis.

        Raises
        ------
        ValueError
            If sizes do not fit.
        TypeError
            If videos are not uint8.
        """
        check_is_fitted(self)
        if _is_table(X):
            return self._predict_table(X)
        videos = check_videos(X, frame_size=self.frame_size_)
        gaze = check_traces(gaze, videos, "gaze")
        behavior = check_traces(behavior, videos, "behavior")
        rates = self._predict_trials(videos, gaze, behavior)
        if len({r.shape for r in rates}) == 1:
            return np.stack(rates)
        return rates

    def _predict_table(self, X):
        if not getattr(self, "_is_table_", False):
            raise ValueError(
                f"X has shape {np.shape(X)}, but this twin was fitted to videos; "
                "expected (n_trials, n_frames, height, width)."
            )
        X = validate_data(self, X, reset=False, dtype=np.float64)
        videos = table_to_videos(X, *self._range_)
        rates = np.stack(self._predict_trials(videos, None, None))[..., 0]
        return rates[:, 0] if self._n_outputs_ == 1 else rates

    def iter_predict(self, video, *, gaze=None, behavior=None, chunk_frames=None):
        """Predict a long movie piece by piece, in constant memory.

        Parameters
        ----------
        video : array-like of shape (n_frames, height, width) or iterable
            One video, uint8, which may be memory-mapped; or an iterable of its pieces
            in order, which is never held as a whole.
        gaze, behavior : array-like of shape (2, n_frames), default=None
            Traces of the whole video. None is 0.
        chunk_frames : int or None, default=None
            Frames of each piece; None is the parameter of the class. Not used where
            the video comes in pieces.

        Yields
        ------
        ndarray of shape (n_neurons, n_frames_of_piece)
            Activity, the same as that of ``predict``.

        Raises
        ------
        ValueError
            If sizes do not fit.
        """
        check_is_fitted(self)
        if hasattr(video, "shape"):
            whole = check_videos([video], frame_size=self.frame_size_)[0]
            length = range(len(whole))
            size = chunk_frames or self.chunk_frames
            pieces = (whole[w] for w in cut(len(whole), size))
        elif isinstance(video, Iterable):
            pieces, length = iter(video), None
        else:
            raise ValueError(
                f"video is {type(video).__name__}, expected an array (n_frames, "
                "height, width), or an iterable of such arrays."
            )
        traces = []
        for name, trace in (("gaze", gaze), ("behavior", behavior)):
            if trace is not None:
                frames = length or range(np.shape(trace)[-1])
                trace = check_traces([trace], [frames], name)[0][None]
            traces.append(trace)
        pieces = (
            check_videos([p], frame_size=self.frame_size_)[0][None] for p in pieces
        )
        for rate in run_chunks(pieces, *traces, **self._running()):
            yield rate[0]

    def transform(self, X, *, gaze=None, behavior=None):
        """Return what `predict` does, as features for what follows in a pipeline.

        Parameters
        ----------
        X : array-like of shape (n_trials, n_frames, height, width) or list
            Videos, or a table.
        gaze : array-like of shape (n_trials, 2, n_frames) or list, default=None
            Pupil centre. None is 0.
        behavior : array-like of shape (n_trials, 2, n_frames) or list, default=None
            Pupil radius and running speed. None is 0.

        Returns
        -------
        ndarray of shape (n_trials, n_neurons, n_frames) or list
            Activity. Of a table (n_samples, n_neurons).

        Raises
        ------
        ValueError
            If sizes do not fit.
        """
        rates = self.predict(X, gaze=gaze, behavior=behavior)
        return (
            rates[:, None]
            if isinstance(rates, np.ndarray) and rates.ndim == 1
            else rates
        )

    def score(self, X, y, *, gaze=None, behavior=None):
        """Return the median correlation over neurons, corrected for noise if possible.

        Trials that show the same video are repeats. If there are any, the score is the
        median of `skneuro.metrics.cc_norm` over neurons, from those videos; else it is
        the median of `skneuro.metrics.cc_abs`. The first ``burn_in`` frames of each
        trial do not count.

        Parameters
        ----------
        X : array-like of shape (n_trials, n_frames, height, width) or list
            Videos, or a table.
        y : array-like of shape (n_trials, n_neurons, n_frames) or list
            Activity.
        gaze : array-like of shape (n_trials, 2, n_frames) or list, default=None
            Pupil centre. None is 0.
        behavior : array-like of shape (n_trials, 2, n_frames) or list, default=None
            Pupil radius and running speed. None is 0.

        Returns
        -------
        float
            At most about 1; NaN if no neuron has a score.
        """
        rates = self.predict(X, gaze=gaze, behavior=behavior)
        if _is_table(X):
            y = np.asarray(y).reshape(len(rates), -1).T[:, None]
            return _median(cc_abs(y, rates.reshape(len(rates), -1).T[:, None]))
        videos = check_videos(X, frame_size=self.frame_size_)
        y = check_responses(y, videos, n_neurons=self.n_neurons_)
        groups = find_repeats(videos)
        repeated = [group for group in groups if len(group) > 1]
        both = [
            arrange(parts, repeated or groups, self.burn_in) for parts in (y, rates)
        ]
        return _median((cc_norm if repeated else cc_abs)(*both))

    def save(self, path):
        """Write the weights to a safetensors file.

        Parameters
        ----------
        path : str or path-like
            File, ``.safetensors``; `load_twin` and ``core=`` read it.
        """
        check_is_fitted(self)
        about = {"frame_size": self.frame_size_, "response_scale": self.response_scale_}
        save_weights(path, self.net_.module_, about)

    def __sklearn_clone__(self):
        """Clone parameters, but share the core, whose weights are meant."""
        params = {
            name: value if name == "core" else clone(value, safe=False)
            for name, value in self.get_params(deep=False).items()
        }
        twin = type(self)(**params)
        for name in ("_metadata_request", "_sklearn_output_config"):
            if name in vars(self):
                setattr(twin, name, copy.deepcopy(vars(self)[name]))
        return twin

    def __sklearn_is_fitted__(self):
        """Whether there is a network."""
        return hasattr(self, "net_")

    def __sklearn_tags__(self):
        """Say that videos have more than two axes, and that noise bounds the score."""
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.target_tags.multi_output = True
        tags.regressor_tags.poor_score = True
        return tags


def _is_table(X):
    if isinstance(X, (list, tuple)):
        return not (len(X) and np.ndim(X[0]) > 1)
    return getattr(X, "ndim", 0) <= 2


def _median(values):
    values = np.asarray(values)[np.isfinite(values)]
    return float(np.median(values)) if values.size else float("nan")
