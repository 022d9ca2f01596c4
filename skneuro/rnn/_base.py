"""What both recurrent estimators share: parameters, training, hidden rates, files."""

import copy
import json
from numbers import Integral, Real
from pathlib import Path
from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import Bunch, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from skneuro.rnn._build import layer_sizes, network_arguments
from skneuro.rnn._simulate import RATES, read_layer, simulate_layers
from skneuro.utils._param_validation import Interval, StrOptions
from skneuro.utils._torch import resolve_device, seeded_torch
from skneuro.utils._validation import check_multiple

_POSITIVE = Interval(Real, 0, None, closed="neither")
_NOT_NEGATIVE = Interval(Real, 0, None, closed="left")
_SHARE = Interval(Real, 0, 1, closed="both")
_ARRAY = ["array-like", None]
_FORMAT = "skneuro recurrent network 1"

PARAMETERS = """n_hidden : int or tuple of int, default=100
    Number of units, or of those of each stacked layer. Where layers are stacked,
    parameters that hold arrays take a list with one entry per layer.
"""


class BaseCTRNN(TransformerMixin, BaseEstimator):
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
        "input_plasticity": _ARRAY,
        "recurrent_plasticity": _ARRAY,
        "output_plasticity": _ARRAY,
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
        input_plasticity=None,
        recurrent_plasticity=None,
        output_plasticity=None,
        input_weights="uniform",
        recurrent_weights="auto",
        output_weights="uniform",
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
        self.input_plasticity = input_plasticity
        self.recurrent_plasticity = recurrent_plasticity
        self.output_plasticity = output_plasticity
        self.input_weights = input_weights
        self.recurrent_weights = recurrent_weights
        self.output_weights = output_weights
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

    def simulate(self, X, dt_test=None, *, noise=False, random_state=None):
        """Run the fitted network in NumPy, in float64 and at any time step.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels, n_times)
            Inputs, one per ``dt``, held in between; 2-D ones stay constant.
        dt_test : float, default=None
            Step of the integration, which divides ``dt``; None is ``dt``, in ms.
        noise : bool, default=False
            Whether to add the noise of training.
        random_state : int, RandomState instance or None, default=None
            Seed of the noise.

        Returns
        -------
        Bunch
            ``outputs`` (n_samples, n_outputs, n_steps), ``rates``
            (n_samples, n_hidden, n_steps) and ``times`` (n_steps,), the end of each
            step, in ms.

        Raises
        ------
        ValueError
            If ``dt_test`` does not divide ``dt``, or the activation is a callable.
        """
        check_is_fitted(self)
        X = self._read_signals(X, reset=False).astype(np.float64)
        dt_test = self.dt if dt_test is None else dt_test
        n_sub = check_multiple(self.dt, dt_test, "dt", "dt_test")
        module = self.net_.module_
        layers = [read_layer(layer) for layer in module.layers]
        for layer in layers:
            if layer["activation"] not in RATES:
                raise ValueError(
                    f"activation is {layer['activation']!r}, expected one of "
                    f"{sorted(RATES)} in simulate. Use transform for callables."
                )
            layer["alpha"] = layer["alpha"] / n_sub
        rates = simulate_layers(
            X,
            layers,
            n_sub=n_sub,
            delays=(module.feedforward_delay * n_sub, module.feedback_delay * n_sub),
            rng=check_random_state(random_state) if noise else None,
        )
        every = np.concatenate(rates, axis=1)
        read = every if self.readout == "all" else rates[-1]
        outputs = np.einsum("ij,bjt->bit", self.output_weights_, read)
        outputs += self.output_bias_[:, None]
        times = dt_test * np.arange(1, every.shape[2] + 1)
        return Bunch(outputs=outputs, rates=every, times=times)

    def lesion(self, units):
        """Return a copy of the fitted network in which some units are silent.

        Parameters
        ----------
        units : array-like of int or bool
            Indices of units as in `transform`, or one truth value per unit.

        Returns
        -------
        estimator
            Fitted copy; lesions add up.

        Raises
        ------
        ValueError
            If a unit does not exist.
        """
        check_is_fitted(self)
        sizes = layer_sizes(self.n_hidden)
        units = np.asarray(units)
        if units.dtype == bool:
            if units.shape != (sum(sizes),):
                raise ValueError(
                    f"units has shape {units.shape}, expected ({sum(sizes)},) truth "
                    "values or a list of indices."
                )
            units = np.flatnonzero(units)
        units = units.astype(int).ravel()
        if units.size and not (0 <= units.min() and units.max() < sum(sizes)):
            raise ValueError(
                f"units runs from {units.min()} to {units.max()}, expected indices "
                f"from 0 to {sum(sizes) - 1}."
            )
        lesioned = copy.deepcopy(self)
        first = 0
        for layer, size in zip(lesioned.net_.module_.layers, sizes, strict=True):
            own = units[(units >= first) & (units < first + size)] - first
            layer.active[own.tolist()] = 0.0
            first += size
        return lesioned

    # The fitted arrays

    def _of_layers(self, get):
        check_is_fitted(self)
        arrays = [
            get(layer).detach().cpu().numpy().copy()
            for layer in self.net_.module_.layers
        ]
        return arrays[0] if len(arrays) == 1 else arrays

    @property
    def input_weights_(self):
        """Weights from inputs, or one array per stacked layer."""
        return self._of_layers(lambda layer: layer.input_weight())

    @property
    def recurrent_weights_(self):
        """Weights among units, or one array per stacked layer."""
        return self._of_layers(lambda layer: layer.recurrent_weight())

    @property
    def output_weights_(self):
        """Weights of the readout."""
        check_is_fitted(self)
        return self.net_.module_.readout().detach().cpu().numpy().copy()

    @property
    def output_bias_(self):
        """Bias of the readout."""
        check_is_fitted(self)
        module = self.net_.module_
        if module.output_bias is None:
            return np.zeros(module.readout.shape[0], np.float32)
        return module.output_bias.detach().cpu().numpy().copy()

    @property
    def tau_(self):
        """Time constants of units in ms, or one array per stacked layer."""
        alpha = self._of_layers(lambda layer: layer.alpha())
        if isinstance(alpha, list):
            return [self.dt / a for a in alpha]
        return self.dt / alpha

    @property
    def history_(self):
        """What skorch recorded in each epoch."""
        check_is_fitted(self)
        return self.net_.history

    # Files

    def save(self, path):
        """Write the fitted network to a safetensors file.

        Parameters
        ----------
        path : str or path-like
            File to write.

        Raises
        ------
        ValueError
            If a parameter is a function, which a safe file cannot hold.
        """
        from safetensors.numpy import save_file

        check_is_fitted(self)
        tensors = {
            f"network.{name}": np.ascontiguousarray(value.cpu().numpy())
            for name, value in self.net_.module_.state_dict().items()
        }
        header = {"class": type(self).__name__, "parameters": {}}
        for name, value in self.get_params(deep=False).items():
            if name in ("callbacks", "train_split", "device"):
                continue  # how it was trained, not what it is
            if name == "random_state" and not isinstance(value, Integral):
                continue
            if isinstance(value, np.ndarray):
                tensors[f"parameter.{name}"] = np.ascontiguousarray(value)
                continue
            try:
                header["parameters"][name] = json.loads(
                    json.dumps(value, default=_plain)
                )
            except TypeError as exc:
                raise ValueError(
                    f"{name} is {value!r}, expected numbers, text or arrays in a file. "
                    "Pass names instead of functions, or pickle the estimator."
                ) from exc
        header["fitted"] = self._fitted_facts()
        metadata = {"format": _FORMAT, "estimator": json.dumps(header)}
        save_file(tensors, str(Path(path)), metadata=metadata)

    def _fitted_facts(self):
        facts = {"n_features_in_": int(self.n_features_in_), "seed_": self.seed_}
        if hasattr(self, "feature_names_in_"):
            facts["feature_names_in_"] = self.feature_names_in_.tolist()
        return facts

    def _restore_facts(self, facts):
        self.n_features_in_ = facts["n_features_in_"]
        self.seed_, self.n_fits_ = facts["seed_"], 0
        if "feature_names_in_" in facts:
            self.feature_names_in_ = np.array(facts["feature_names_in_"], dtype=object)

    @classmethod
    def load(cls, path, *, device="auto"):
        """Read a network that `save` wrote; nothing in the file is executed.

        Parameters
        ----------
        path : str or path-like
            File to read.
        device : str or torch.device, default="auto"
            Where to put the network.

        Returns
        -------
        estimator
            Fitted estimator.

        Raises
        ------
        ValueError
            If the file is of another kind.
        """
        import torch
        from safetensors import safe_open

        with safe_open(str(Path(path)), framework="numpy") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}
        header = json.loads(metadata.get("estimator", "{}"))
        if metadata.get("format") != _FORMAT or header["class"] != cls.__name__:
            raise ValueError(
                f"{path} holds {header.get('class', 'something else')!r}, expected "
                f"{cls.__name__!r}. Load it with the class that saved it."
            )
        parameters = dict(header["parameters"])
        state = {}
        for name, value in tensors.items():
            kind, _, rest = name.partition(".")
            if kind == "parameter":
                parameters[rest] = value
            else:
                state[rest] = torch.from_numpy(value)
        model = cls(**{k: _as_given(k, v) for k, v in parameters.items()})
        model.device = device
        model._restore_facts(header["fitted"])
        n_outputs = state["readout.raw"].shape[0]
        model.net_ = model._make_net(
            model.n_features_in_, n_outputs, check_random_state(0)
        )
        model.net_.initialize()
        model.net_.module_.load_state_dict(state)
        return model

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


def _plain(value):
    """Give numbers and arrays inside lists the form that JSON has."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise TypeError


def _as_given(name, value):
    """Turn lists back into the tuples that JSON does not know."""
    return (
        tuple(value) if name in ("n_hidden", "tau_bounds") and np.ndim(value) else value
    )


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
