"""What a fitted network holds, and what may be done with it besides predictions."""

import copy

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skneuro.rnn._build import layer_sizes
from skneuro.rnn._network import RateNetwork
from skneuro.rnn._simulate import read_layer


class FittedNetwork:
    """Simulate in NumPy, silence units, and show the torch module as arrays."""

    def simulate(
        self, X, dt_test=None, *, initial_state=None, noise=False, random_state=None
    ):
        """Run the fitted network in NumPy, in float64 and at any time step.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels, n_times)
            Inputs, one per ``dt``, held in between; 2-D ones stay constant.
        dt_test : float, default=None
            Step of the integration, which divides ``dt``; None is ``dt``, in ms.
        initial_state : array-like of shape ([n_samples,] n_hidden), default=None
            States before the first step, such as ``states`` of the run before; None
            starts as in training.
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
            If ``dt_test`` does not divide ``dt``, or the activation is a callable.
        """
        check_is_fitted(self)
        return self.to_numpy().simulate(
            self._read_signals(X, reset=False),
            dt_test,
            initial_state=initial_state,
            noise=noise,
            random_state=random_state,
        )

    def to_numpy(self):
        """Return the fitted network as arrays, which run and pickle without torch.

        Returns
        -------
        RateNetwork
            Copy of all that the network computes with.

        Raises
        ------
        ValueError
            If the activation is a callable.
        """
        check_is_fitted(self)
        module = self.net_.module_
        return RateNetwork(
            [read_layer(layer) for layer in module.layers],
            self.output_weights_,
            self.output_bias_,
            dt=self.dt,
            delays=(module.feedforward_delay, module.feedback_delay),
        )

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
