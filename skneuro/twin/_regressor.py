"""The digital twin as a regressor: video, gaze and behaviour to neural activity."""

import copy
from numbers import Integral, Real
from os import PathLike

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_random_state
from sklearn.utils.validation import validate_data
from skorch.helper import predefined_split

from skneuro.twin._net import TwinNet
from skneuro.twin._net import Windows as _Windows
from skneuro.twin._network import ARCHITECTURES, TwinNetwork
from skneuro.twin._precision import PRECISIONS
from skneuro.twin._predictor import _TwinPredictor, is_table
from skneuro.twin._readout_start import regress_readout
from skneuro.twin._sharing import Sharing
from skneuro.twin._transfer import inherit, take_over
from skneuro.twin._trials import (
    check_not_negative,
    check_responses,
    check_traces,
    check_videos,
    hold_out,
    table_to_videos,
)
from skneuro.utils import resolve_device, seeded_torch
from skneuro.utils._param_validation import (
    HasMethods,
    Interval,
    StrOptions,
    _fit_context,
)

_POSITIVE = Interval(Integral, 1, None, closed="left")
_NOT_NEGATIVE = Interval(Integral, 0, None, closed="left")


class DigitalTwinRegressor(_TwinPredictor):
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
    validation_fraction : float, default=0.0
        Fraction of trials, drawn at random, that are held out to measure the loss after
        each epoch: all streams, no noise, a window for each 25 of training.
    keep_best : bool, default=False
        Whether the weights of the epoch with the least of those losses are kept, not
        those of the last one.
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
    precision : {"float32", "tf32", "bfloat16"}, default="float32"
        How precisely products and convolutions are computed: on a GPU, the latter two
        are faster. Memories, geometry and loss stay float32.
    compile : bool or str, default=False
        Whether predictions are compiled by ``torch.compile``, which takes minutes for
        each size of batch and piece, and pays on a GPU; a string names its backend.
    recording : str, int or None, default=None
        Name of the recording that this process trains on, where several processes
        train one core on many recordings. See the notes.
    shared : tuple of str, default=("core", "modulation.lstm")
        Parts that all recordings have in common then.
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
    validation_curve_ : list of float
        Loss of the trials held out, after each epoch; empty without any.
    best_epoch_ : int or None
        Number of the epoch with the least of them, from 0; None without any.
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

    Several devices: start one process for each recording, or more, each with its own
    trials and ``recording``, by ``torchrun``, and call
    ``torch.distributed.init_process_group()`` in them before ``fit``. At the start of
    each epoch parameters are averaged, and after each step their gradients, over the
    processes that have one: those of ``shared`` parts over all, the others over the
    processes of one recording, which have the same neurons and different trials. Each
    process needs its own ``checkpoint`` and draws its own windows and streams.

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
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "keep_best": ["boolean"],
        "sample_stream": ["boolean"],
        "recompute_frames": [_POSITIVE, None],
        "checkpoint": [str, PathLike, None],
        "chunk_frames": [_POSITIVE],
        "trials_at_once": [_POSITIVE],
        "precision": [StrOptions(set(PRECISIONS))],
        "compile": ["boolean", str],
        "recording": [str, Integral, None],
        "shared": [tuple, list],
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
        validation_fraction=0.0,
        keep_best=False,
        sample_stream=True,
        recompute_frames=None,
        checkpoint=None,
        chunk_frames=16,
        trials_at_once=1,
        precision="float32",
        compile=False,
        recording=None,
        shared=("core", "modulation.lstm"),
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
        self.validation_fraction = validation_fraction
        self.keep_best = keep_best
        self.sample_stream = sample_stream
        self.recompute_frames = recompute_frames
        self.checkpoint = checkpoint
        self.chunk_frames = chunk_frames
        self.trials_at_once = trials_at_once
        self.precision = precision
        self.compile = compile
        self.recording = recording
        self.shared = shared
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
        data = (videos, gaze, behavior, y)
        data, held_out = hold_out(data, self.validation_fraction, seed)
        if self.keep_best and held_out is None:
            raise ValueError(
                f"keep_best=True, but validation_fraction={self.validation_fraction} "
                f"of {len(videos)} trials is none; hold out at least one."
            )
        videos, gaze, behavior, y = data
        self.n_neurons_ = len(y[0])
        sharing = self._join_others()
        means = [np.mean(r, dtype=np.float64) for r in y]
        mean = float(np.mean(means if sharing is None else sharing.gather(means)))
        self.response_scale_ = mean if mean > np.finfo(np.float32).eps else 1.0
        options, state = inherit(self.core, self.architecture, self.network_params)
        if options.get("unit", "poisson") == "poisson" and not self._is_table_:
            check_not_negative(y)
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
        n_windows = self.batch_size * self.batches_per_epoch
        options = {"n_frames": n_frames, "seed": seed}
        data = _Windows(videos, gaze, behavior, y, n_windows=n_windows, **options)
        if held_out is not None:
            *inputs, y = held_out
            y = [r / np.float32(self.response_scale_) for r in y]
            n_windows = self.batch_size * max(1, self.batches_per_epoch // 25)
            valid = _Windows(*inputs, y, n_windows=n_windows, **options)
            self.net_.train_split = predefined_split(valid)
        done = 0 if self.checkpoint is None else self.net_.resume()
        if sharing is not None:
            sharing.start(self.net_.module_, done)
            self.net_.sharing = sharing
        if done < self.max_epochs:
            self.net_.fit_loop(data, epochs=self.max_epochs - done)
        self.net_.sharing = self.net_.train_split = None
        self.loss_curve_ = [float(row["train_loss"]) for row in self.net_.history]
        self.validation_curve_, self.best_epoch_ = [], None
        if held_out is not None:
            self.validation_curve_ = [
                row["validation_loss"] for row in self.net_.history
            ]
            self.best_epoch_ = int(np.argmin(self.validation_curve_))
            if self.keep_best:
                self.net_.module_.load_state_dict(self.net_.best_state_)
        self.net_.module_.eval()
        return self

    def _check_training_data(self, X, y):
        """Return videos and responses as lists; remember what X and y were."""
        self._is_table_ = is_table(X)
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

    def _join_others(self):
        if self.recording is None:
            return None
        names = ["max_epochs", "batches_per_epoch", "shared", "keep_best"]
        agreed = {name: getattr(self, name) for name in names}
        agreed["validation_fraction > 0"] = self.validation_fraction > 0
        return Sharing(
            self.recording,
            self.shared,
            agreed,
            n_neurons=self.n_neurons_,
            checkpoint=self.checkpoint,
        )

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
            keep_best=self.keep_best,
            precision=self.precision,
            callbacks=self.callbacks,
            device=resolve_device(self.device),
            verbose=0,
        ).initialize()

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
