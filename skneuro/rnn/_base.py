"""What both recurrent estimators share: parameters, training, hidden rates, files."""

from numbers import Integral, Real
from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from skneuro.rnn._build import network_arguments
from skneuro.rnn._files import FilesMixin
from skneuro.rnn._fitted import FittedNetwork
from skneuro.rnn._simulate import RATES
from skneuro.utils._param_validation import Interval, StrOptions
from skneuro.utils._torch import resolve_device, seeded_torch

_POSITIVE = Interval(Real, 0, None, closed="neither")
_NOT_NEGATIVE = Interval(Real, 0, None, closed="left")
_SHARE = Interval(Real, 0, 1, closed="both")
_ARRAY = ["array-like", None]


class BaseCTRNN(FilesMixin, FittedNetwork, TransformerMixin, BaseEstimator):
    """Train a network with skorch; subclasses say what it learns.

    Parameters
    ----------
    **parameters : object
        See `CTRNNRegressor`.
    """

    _parameter_constraints: ClassVar[dict] = {
        "n_hidden": [Interval(Integral, 1, None, closed="left"), tuple, list],
        "tau": [_POSITIVE, "array-like"],
        "dt": [_POSITIVE],
        "learn_tau": ["boolean"],
        "tau_bounds": [tuple, list, StrOptions({"raw"}), None],
        "activation": [StrOptions(set(RATES)), callable, tuple, list],
        "preact_noise": [_NOT_NEGATIVE],
        "postact_noise": [_NOT_NEGATIVE],
        "noise_convention": [StrOptions({"song", "nn4n", "raw"})],
        "noise_at_predict": ["boolean"],
        "ei_ratio": [_SHARE, None],
        "ei_mask": _ARRAY,
        "constraint": [StrOptions({"project", "rectify", "abs"})],
        "density": [_SHARE],
        "self_connections": ["boolean"],
        "input_mask": _ARRAY,
        "recurrent_mask": _ARRAY,
        "output_mask": _ARRAY,
        "input_signs": [Real, *_ARRAY],
        "recurrent_signs": _ARRAY,
        "output_signs": [Real, *_ARRAY],
        "excitatory_readout": ["boolean"],
        "feedback_mask": _ARRAY,
        "feedback_signs": [Real, *_ARRAY],
        "input_plasticity": _ARRAY,
        "recurrent_plasticity": _ARRAY,
        "output_plasticity": _ARRAY,
        "feedback_plasticity": _ARRAY,
        "input_weights": [
            StrOptions({"uniform", "normal", "zero"}),
            Real,
            "array-like",
        ],
        "recurrent_weights": [
            StrOptions({"auto", "gamma", "uniform", "normal", "zero"}),
            Real,
            "array-like",
        ],
        "output_weights": [
            StrOptions({"uniform", "normal", "zero"}),
            Real,
            "array-like",
        ],
        "feedback_weights": [
            StrOptions({"uniform", "normal", "zero"}),
            Real,
            "array-like",
        ],
        "balance": [StrOptions({"row", "matrix"}), None],
        "spectral_radius": [_POSITIVE, StrOptions({"auto"}), None],
        "input_bias": [StrOptions({"zero", "uniform", "normal"}), Real, *_ARRAY],
        "recurrent_bias": [StrOptions({"zero", "uniform", "normal"}), Real, *_ARRAY],
        "output_bias": [StrOptions({"zero", "uniform", "normal"}), Real, *_ARRAY],
        "initial_state": [Real, "array-like"],
        "learn_initial_state": ["boolean"],
        "start": [StrOptions({"activation", "state"})],
        "feedforward_delay": [_NOT_NEGATIVE],
        "feedback_delay": [_POSITIVE, None],
        "readout": [StrOptions({"last", "all"})],
        "duration": [_POSITIVE],
        "penalties": [dict, None],
        "optimizer": [StrOptions({"adam", "adamw", "sgd", "rmsprop"}), callable],
        "optimizer_params": [dict, None],
        "lr": [_POSITIVE],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "gradient_clip": [_POSITIVE, None],
        "train_split": [callable, None],
        "callbacks": ["array-like", tuple, None],
        "warm_start": ["boolean"],
        "device": [str, object],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
    }

    _loss = "mse"

    def __init__(
        self,
        n_hidden=100,
        *,
        tau=100.0,
        dt=20.0,
        learn_tau=False,
        tau_bounds=None,
        activation="relu",
        preact_noise=0.0,
        postact_noise=0.0,
        noise_convention="song",
        noise_at_predict=False,
        ei_ratio=None,
        ei_mask=None,
        constraint="project",
        density=1.0,
        self_connections=False,
        input_mask=None,
        recurrent_mask=None,
        output_mask=None,
        input_signs=None,
        recurrent_signs=None,
        output_signs=None,
        excitatory_readout=True,
        feedback_mask=None,
        feedback_signs=None,
        input_plasticity=None,
        recurrent_plasticity=None,
        output_plasticity=None,
        feedback_plasticity=None,
        input_weights="uniform",
        recurrent_weights="auto",
        output_weights="uniform",
        feedback_weights="uniform",
        balance="row",
        spectral_radius="auto",
        input_bias=None,
        recurrent_bias="zero",
        output_bias="zero",
        initial_state=0.0,
        learn_initial_state=False,
        start="activation",
        feedforward_delay=0.0,
        feedback_delay=None,
        readout="last",
        duration=200.0,
        penalties=None,
        optimizer="adam",
        optimizer_params=None,
        lr=0.001,
        max_epochs=20,
        batch_size=64,
        gradient_clip=1.0,
        train_split=None,
        callbacks=None,
        warm_start=False,
        device="auto",
        verbose=0,
        random_state=None,
    ):
        self.n_hidden = n_hidden
        self.tau = tau
        self.dt = dt
        self.learn_tau = learn_tau
        self.tau_bounds = tau_bounds
        self.activation = activation
        self.preact_noise = preact_noise
        self.postact_noise = postact_noise
        self.noise_convention = noise_convention
        self.noise_at_predict = noise_at_predict
        self.ei_ratio = ei_ratio
        self.ei_mask = ei_mask
        self.constraint = constraint
        self.density = density
        self.self_connections = self_connections
        self.input_mask = input_mask
        self.recurrent_mask = recurrent_mask
        self.output_mask = output_mask
        self.input_signs = input_signs
        self.recurrent_signs = recurrent_signs
        self.output_signs = output_signs
        self.excitatory_readout = excitatory_readout
        self.feedback_mask = feedback_mask
        self.feedback_signs = feedback_signs
        self.input_plasticity = input_plasticity
        self.recurrent_plasticity = recurrent_plasticity
        self.output_plasticity = output_plasticity
        self.feedback_plasticity = feedback_plasticity
        self.input_weights = input_weights
        self.recurrent_weights = recurrent_weights
        self.output_weights = output_weights
        self.feedback_weights = feedback_weights
        self.balance = balance
        self.spectral_radius = spectral_radius
        self.input_bias = input_bias
        self.recurrent_bias = recurrent_bias
        self.output_bias = output_bias
        self.initial_state = initial_state
        self.learn_initial_state = learn_initial_state
        self.start = start
        self.feedforward_delay = feedforward_delay
        self.feedback_delay = feedback_delay
        self.readout = readout
        self.duration = duration
        self.penalties = penalties
        self.optimizer = optimizer
        self.optimizer_params = optimizer_params
        self.lr = lr
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.gradient_clip = gradient_clip
        self.train_split = train_split
        self.callbacks = callbacks
        self.warm_start = warm_start
        self.device = device
        self.verbose = verbose
        self.random_state = random_state

    # What goes in

    def _read_signals(self, X, *, reset):
        """Return X as (n_samples, n_channels, n_times); hold a table over time."""
        X = validate_data(self, X, reset=reset, allow_nd=True, dtype=np.float32)
        if X.ndim > 3:
            raise ValueError(
                f"X has {X.ndim} axes, expected 3, (n_samples, n_channels, n_times), or"
                " 2 for inputs that stay constant."
            )
        if X.ndim == 2:
            n_times = max(1, round(self.duration / self.dt))
            X = np.repeat(X[:, :, None], n_times, axis=2)
        return np.ascontiguousarray(X)

    def _read_mask(self, mask, shape, n_outputs):
        """Return step weights, (n_samples, 1 or n_outputs, n_times); None if none."""
        if mask is None:
            return None
        mask = np.asarray(mask, np.float32)
        n_samples, _, n_times = shape
        allowed = ((n_samples, n_times), (n_samples, n_outputs, n_times))
        if mask.shape not in (*allowed, (n_samples, 1, n_times)):
            raise ValueError(
                f"mask has shape {mask.shape}, expected {allowed[0]} or {allowed[1]}: "
                "the weight of each step, 0 where it does not count."
            )
        if not np.isfinite(mask).all() or (mask < 0).any():
            raise ValueError(
                "mask holds negative or non-finite weights; expected >= 0."
            )
        return mask[:, None] if mask.ndim == 2 else mask

    # Training

    def _make_net(self, n_inputs, n_outputs, rng):
        import torch

        from skneuro.rnn._losses import PredictionLoss
        from skneuro.rnn._modules import CTRNN
        from skneuro.rnn._net import ArrayBatches, ConstrainedNet

        arguments = network_arguments(self, n_inputs, n_outputs, rng)
        named = {
            "adam": torch.optim.Adam,
            "adamw": torch.optim.AdamW,
            "sgd": torch.optim.SGD,
            "rmsprop": torch.optim.RMSprop,
        }
        options = {
            f"optimizer__{name}": value
            for name, value in (self.optimizer_params or {}).items()
        }
        penalties = self.penalties or {}
        return ConstrainedNet(
            CTRNN,
            PredictionLoss,
            optimizer=named.get(self.optimizer, self.optimizer),
            lr=self.lr,
            max_epochs=self.max_epochs,
            batch_size=self.batch_size,
            iterator_train=ArrayBatches,
            iterator_train__shuffle=True,
            iterator_valid=ArrayBatches,
            train_split=self.train_split,
            callbacks=None if self.callbacks is None else list(self.callbacks),
            device=str(resolve_device(self.device)),
            verbose=int(self.verbose),
            gradient_clip=self.gradient_clip,
            omega=penalties.get("omega", 0.0),
            criterion__loss=self._loss,
            criterion__penalties=penalties,
            **{f"module__{name}": value for name, value in arguments.items()},
            **options,
        )

    def _start(self, n_outputs, *, keep):
        """Make a network unless there is one to go on with; return a seed."""
        if keep and hasattr(self, "net_"):
            self.n_fits_ += 1
            self.net_.set_params(max_epochs=self.max_epochs)
        else:
            rng = check_random_state(self.random_state)
            self.net_ = self._make_net(self.n_features_in_, n_outputs, rng)
            self.seed_ = int(rng.randint(2**31 - 1))
            self.n_fits_ = 0
            with seeded_torch(self.seed_):
                self.net_.initialize()
        return (self.seed_ + self.n_fits_) % 2**31

    def _begin(self, n_inputs, n_outputs):
        """Make the network without training it; return self."""
        self.n_features_in_ = n_inputs
        self._start(n_outputs, keep=False)
        return self

    def _train(self, X, target, weights, *, epochs=None, keep=False):
        """Train on targets and step weights, (n_samples, n, n_times)."""
        import torch

        n_outputs = target.shape[1]
        seed = self._start(n_outputs, keep=keep)
        expected = self.net_.module_.readout.shape[0]
        if n_outputs != expected:
            raise ValueError(
                f"y has {n_outputs} outputs, but the network was begun with {expected}"
                "; expected as many. Call fit with warm_start=False to begin anew."
            )
        packed = np.concatenate([target, weights], axis=1).astype(np.float32)
        data = torch.from_numpy(X), torch.from_numpy(packed)
        with seeded_torch(seed):
            self.net_.partial_fit(*data, epochs=epochs)
        return self

    # What comes out

    def _run(self, X, *, hidden=False):
        """Return outputs, or hidden rates, for checked signals.

        Batches always have the same size, so that a prediction does not depend on
        which other trials are asked for.
        """
        import torch

        module = self.net_.module_
        module.eval()
        parts = []
        with torch.no_grad(), seeded_torch(self.seed_):
            size = max(self.batch_size, 64)
            for batch in torch.from_numpy(X).split(size):
                full = batch.new_zeros((size, *batch.shape[1:]))
                full[: len(batch)] = batch
                outputs, rates, _ = module(full.to(self.net_.device))
                parts.append((rates if hidden else outputs)[: len(batch)].cpu())
        return np.ascontiguousarray(torch.cat(parts).numpy())

    def transform(self, X):
        """Return the rates of the hidden units.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels, n_times)
            Inputs; 2-D ones stay constant.

        Returns
        -------
        ndarray of shape (n_samples, n_hidden, n_times)
            Rates of all units, layer by layer, dimensionless.
        """
        check_is_fitted(self)
        return self._run(self._read_signals(X, reset=False), hidden=True)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


def last_scored_step(weights):
    """Index of the last step of each trial that counts.

    Parameters
    ----------
    weights : ndarray of shape (n_samples, n, n_times)
        Weights of steps.

    Returns
    -------
    ndarray of int of shape (n_samples,)
        Step; the last one where none counts.
    """
    counted = (weights > 0).any(axis=1)
    return counted.shape[1] - 1 - np.argmax(counted[:, ::-1], axis=1)
