"""Fitted networks as plain arrays, which run without torch."""

import numpy as np
from sklearn.utils import Bunch, check_random_state

from skneuro.rnn._build import network_arguments
from skneuro.rnn._files import read_file
from skneuro.rnn._simulate import RATES, simulate_layers
from skneuro.utils._validation import check_multiple


class RateNetwork:
    """Hold a fitted network as arrays, and run it in NumPy at any time step.

    It needs no torch, neither to read a file that a network was saved to nor to run:
    for other programs, and where torch is not installed.

    Parameters
    ----------
    layers : list of dict
        One per stacked layer: ``input`` (n_units, n_inputs) and ``recurrent`` (n_units,
        n_units) weights, ``feedback`` weights from the next layer or None, ``bias``,
        ``alpha``, ``active`` and ``initial_state`` (n_units,), ``activation``,
        ``sigma`` (of states and of rates), ``noise_convention`` and ``start``.
    output_weights : array-like of shape (n_outputs, n_units)
        Weights of the readout.
    output_bias : array-like of shape (n_outputs,)
        Bias of the readout.
    dt : float
        Time step that ``alpha`` belongs to, in ms.
    delays : tuple of int, default=(0, 1)
        Steps forward and back between stacked layers.

    Attributes
    ----------
    n_hidden : int
        Number of units of all layers.

    Raises
    ------
    ValueError
        If an activation has no name.

    See Also
    --------
    CTRNNRegressor.to_numpy : Makes one of a fitted network.

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.rnn import CTRNNRegressor
    >>> net = CTRNNRegressor(5, random_state=0).begin(n_inputs=2, n_outputs=1)
    >>> found = net.to_numpy().simulate(np.ones((3, 2, 10)), dt_test=10.0)
    >>> found.outputs.shape, found.rates.shape, found.times[:3]
    ((3, 1, 20), (3, 5, 20), array([10., 20., 30.]))
    """

    def __init__(self, layers, output_weights, output_bias, *, dt, delays=(0, 1)):
        for layer in layers:
            if layer["activation"] not in RATES:
                raise ValueError(
                    f"activation is {layer['activation']!r}, expected one of "
                    f"{sorted(RATES)} in NumPy. Use transform for callables."
                )
        self.layers = layers
        self.output_weights = np.asarray(output_weights, np.float64)
        self.output_bias = np.asarray(output_bias, np.float64)
        self.dt = dt
        self.delays = delays

    def __repr__(self):
        sizes = [len(layer["recurrent"]) for layer in self.layers]
        n_inputs = self.layers[0]["input"].shape[1]
        return (
            f"{type(self).__name__}({n_inputs} inputs, {sizes} units, "
            f"{len(self.output_weights)} outputs, dt={self.dt:g})"
        )

    @property
    def n_hidden(self):
        """Number of units of all layers."""
        return sum(len(layer["recurrent"]) for layer in self.layers)

    def simulate(
        self, X, dt_test=None, *, initial_state=None, noise=False, random_state=None
    ):
        """Run the network in float64.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels, n_times)
            Inputs, one per ``dt``, held in between.
        dt_test : float, default=None
            Step of the integration, which divides ``dt``; None is ``dt``, in ms.
        initial_state : array-like of shape ([n_samples,] n_hidden), default=None
            States of all layers before the first step, such as ``states`` of the run
            before; None starts as in training.
        noise : bool, default=False
            Whether to add the noise of training.
        random_state : int, RandomState instance or None, default=None
            Seed of the noise.

        Returns
        -------
        Bunch
            ``outputs`` (n_samples, n_outputs, n_steps), ``rates``
            (n_samples, n_hidden, n_steps), ``states`` (n_samples, n_hidden) after the
            last step, and ``times`` (n_steps,), the end of each step, in ms.

        Raises
        ------
        ValueError
            If shapes do not fit or ``dt_test`` does not divide ``dt``.
        """
        X = np.asarray(X, np.float64)
        n_inputs = self.layers[0]["input"].shape[1]
        if X.ndim != 3 or X.shape[1] != n_inputs:
            raise ValueError(
                f"X has shape {X.shape}, expected (n_samples, {n_inputs}, n_times)."
            )
        dt_test = self.dt if dt_test is None else dt_test
        n_sub = check_multiple(self.dt, dt_test, "dt", "dt_test")
        layers = [{**layer, "alpha": layer["alpha"] / n_sub} for layer in self.layers]
        rates, states = simulate_layers(
            X,
            layers,
            n_sub=n_sub,
            delays=tuple(delay * n_sub for delay in self.delays),
            initial=self._initial(initial_state, len(X)),
            rng=check_random_state(random_state) if noise else None,
        )
        every = np.concatenate(rates, axis=1)
        all_read = self.output_weights.shape[1] == every.shape[1]
        outputs = self.output_weights @ (every if all_read else rates[-1])
        return Bunch(
            outputs=outputs + self.output_bias[:, None],
            rates=every,
            states=np.concatenate(states, axis=1),
            times=dt_test * np.arange(1, every.shape[2] + 1),
        )

    def _initial(self, initial_state, n_samples):
        """States of each layer before the first step, (n_samples, n_units)."""
        if initial_state is None:
            initial_state = np.concatenate([p["initial_state"] for p in self.layers])
        initial = np.asarray(initial_state, np.float64)
        if initial.shape not in ((self.n_hidden,), (n_samples, self.n_hidden)):
            raise ValueError(
                f"initial_state has shape {initial.shape}, expected ({self.n_hidden},)"
                f" or {(n_samples, self.n_hidden)}: states of all units."
            )
        initial = np.broadcast_to(initial, (n_samples, self.n_hidden))
        ends = np.cumsum([len(layer["recurrent"]) for layer in self.layers])
        return np.split(initial, ends[:-1], axis=1)

    @classmethod
    def load(cls, path):
        """Read a network that an estimator saved, without torch.

        Parameters
        ----------
        path : str or path-like
            File that `CTRNNRegressor.save` or `CTRNNClassifier.save` wrote.

        Returns
        -------
        RateNetwork
            The same network.

        Raises
        ------
        ValueError
            If the file is of another kind.
        """
        from skneuro.rnn._ctrnn import CTRNNRegressor

        header, parameters, state = read_file(path)
        state = {name: np.asarray(value, float) for name, value in state.items()}
        # what follows draws weights, which are replaced: no need to scale them
        model = CTRNNRegressor(**{**parameters, "spectral_radius": None})
        n_inputs = header["fitted"]["n_features_in_"]
        n_outputs = len(state["readout.raw"])
        made = network_arguments(model, n_inputs, n_outputs, np.random.RandomState(0))
        layers = [
            _layer(settings, state, f"layers.{i}.", model.constraint)
            for i, settings in enumerate(made["layers"])
        ]
        return cls(
            layers,
            _weight(state, "readout.", model.constraint),
            state.get("output_bias", np.zeros(n_outputs)),
            dt=model.dt,
            delays=(made["feedforward_delay"], made["feedback_delay"]),
        )


def _weight(state, prefix, constraint):
    """Weights as they act; None where there are none."""
    raw, sign = state.get(f"{prefix}raw"), state.get(f"{prefix}sign")
    if raw is None or sign is None or constraint == "project":
        return raw
    positive = np.maximum(raw, 0.0) if constraint == "rectify" else np.abs(raw)
    return np.where(sign == 0, raw, positive * sign)


def _layer(settings, state, prefix, constraint):
    """Arrays and settings of one layer."""
    alpha, bounds = state[f"{prefix}alpha.raw"], settings["alpha"].get("bounds")
    if bounds is not None:
        alpha = bounds[0] + (bounds[1] - bounds[0]) * RATES["sigmoid"](alpha)
    biases = [state.get(f"{prefix}{name}_bias", 0.0) for name in ("input", "recurrent")]
    return {
        **{
            name: _weight(state, f"{prefix}{name}_weight.", constraint)
            for name in ("input", "recurrent", "feedback")
        },
        "bias": sum(biases) + np.zeros(len(alpha)),
        "alpha": alpha,
        "active": state[f"{prefix}active"],
        "initial_state": state[f"{prefix}initial_state"],
        "activation": settings["activation"],
        "sigma": (settings["preact_noise"], settings["postact_noise"]),
        "noise_convention": settings["noise_convention"],
        "start": settings["start"],
    }
