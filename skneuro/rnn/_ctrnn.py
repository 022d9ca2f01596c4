"""Constrained recurrent networks as a regressor and a classifier."""

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import check_array, check_consistent_length, column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from skneuro.rnn._base import BaseCTRNN, last_scored_step
from skneuro.rnn._doc import document
from skneuro.utils._param_validation import _fit_context

_NO_TARGET = "This {} estimator requires y to be passed, but the target y is None."


class CTRNNRegressor(RegressorMixin, BaseCTRNN):
    __doc__ = document(
        "Learn signals with a recurrent network under constraints of biology [1]_.",
        notes="""``y`` has one value per step, (n_samples, n_outputs, n_times), or one
per trial, (n_samples, n_outputs) or (n_samples,), which is wanted at the steps that
``mask`` counts, or else at the last one. Steps where ``y`` is NaN do not count.""",
        see_also="CTRNNClassifier : Learns choices.",
        examples=""">>> import numpy as np
>>> from skneuro.rnn import CTRNNRegressor
>>> rng = np.random.default_rng(0)
>>> X = rng.standard_normal((64, 1, 20))
>>> y = np.cumsum(X, axis=2) / 10  # a leaky integrator can follow it for a while
>>> net = CTRNNRegressor(
...     n_hidden=20, ei_ratio=0.8, batch_size=8, lr=0.01, random_state=0
... ).fit(X, y)
>>> net.score(X, y) > 0.8
True
>>> net.transform(X).shape
(64, 20, 20)
>>> bool((net.recurrent_weights_[:, :16] >= 0).all())  # Dale's law
True""",
    )

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, mask=None):
        """Train a new network, or the present one if ``warm_start``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels, n_times)
            Inputs; 2-D ones stay constant.
        y : array-like of shape (n_samples, n_outputs, n_times)
            Targets per step, or (n_samples, n_outputs) or (n_samples,) per trial.
        mask : array-like of shape (n_samples, n_times), default=None
            Weight of each step, or (n_samples, n_outputs, n_times); None counts all
            steps, or the last one where ``y`` has one value per trial.

        Returns
        -------
        self : CTRNNRegressor
            Fitted estimator.
        """
        keep = self.warm_start and hasattr(self, "net_")
        return self._fit(X, y, mask, keep=keep)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, mask=None):
        """Go on training for one pass over the trials.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels, n_times)
            Inputs; 2-D ones stay constant.
        y : array-like of shape (n_samples, n_outputs, n_times)
            Targets, as in ``fit``.
        mask : array-like of shape (n_samples, n_times), default=None
            Weight of each step, as in ``fit``.

        Returns
        -------
        self : CTRNNRegressor
            Fitted estimator.
        """
        return self._fit(X, y, mask, keep=hasattr(self, "net_"), epochs=1)

    def begin(self, n_inputs, n_outputs):
        """Make the network with its initial weights, without training.

        Parameters
        ----------
        n_inputs, n_outputs : int
            Numbers of channels.

        Returns
        -------
        self : CTRNNRegressor
            Estimator that predicts, (n_samples, n_outputs, n_times), and may be trained
            further by ``partial_fit``.
        """
        self.target_form_, self.target_dtype_ = 3, "float64"
        return self._begin(n_inputs, n_outputs)

    def _fit(self, X, y, mask, *, keep, epochs=None):
        X = self._read_signals(X, reset=not keep)
        target, form, dtype = self._read_target(X, y)
        weights = self._weights(X, target, form, mask)
        self.target_form_, self.target_dtype_ = form, dtype
        return self._train(X, np.nan_to_num(target), weights, epochs=epochs, keep=keep)

    def _read_target(self, X, y):
        """Targets as (n_samples, n_outputs, n_times), axes and dtype they came with."""
        if y is None:
            raise ValueError(_NO_TARGET.format(type(self).__name__))
        per_step = np.asarray(y).ndim == 3
        y = check_array(
            y,
            ensure_2d=False,
            allow_nd=True,
            dtype="numeric",
            ensure_all_finite="allow-nan" if per_step else True,
            input_name="y",
        )
        check_consistent_length(X, y)
        dtype = y.dtype.name if y.dtype.kind == "f" else "float64"
        if per_step and y.shape[2] != X.shape[2]:
            raise ValueError(
                f"y has {y.shape[2]} steps, but X has {X.shape[2]}; expected as many."
            )
        form = y.ndim
        if form < 3:
            y = np.repeat(y.reshape(len(y), -1)[:, :, None], X.shape[2], axis=2)
        return y.astype(np.float32), form, dtype

    def _weights(self, X, target, form, mask):
        weights = self._read_mask(mask, X.shape, target.shape[1])
        if weights is None:
            weights = np.ones((len(X), 1, X.shape[2]), np.float32)
            if form < 3:
                weights[:, :, :-1] = 0.0
        if np.isnan(target).any():
            weights = weights * ~np.isnan(target)
        return weights

    def predict(self, X, *, mask=None):
        """Return the outputs.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels, n_times)
            Inputs; 2-D ones stay constant.
        mask : array-like of shape (n_samples, n_times), default=None
            Where ``y`` had one value per trial: the last step that counts is returned,
            or the last of all.

        Returns
        -------
        ndarray of shape (n_samples, n_outputs, n_times)
            Outputs per step, or the axes that ``y`` had in ``fit``.
        """
        check_is_fitted(self)
        X = self._read_signals(X, reset=False)
        outputs = self._run(X).astype(self.target_dtype_)
        if self.target_form_ == 3:
            return outputs
        steps = np.full(len(X), X.shape[2] - 1)
        weights = self._read_mask(mask, X.shape, outputs.shape[1])
        if weights is not None:
            steps = last_scored_step(weights)
        chosen = outputs[np.arange(len(X)), :, steps]
        return chosen[:, 0] if self.target_form_ == 1 else chosen

    def score(self, X, y, sample_weight=None, *, mask=None):
        """Return the coefficient of determination, averaged over outputs.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels, n_times)
            Inputs; 2-D ones stay constant.
        y : array-like of shape (n_samples, n_outputs, n_times)
            Targets, as in ``fit``.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each trial.
        mask : array-like of shape (n_samples, n_times), default=None
            Weight of each step, as in ``fit``.

        Returns
        -------
        float
            Over all trials and steps that count.
        """
        prediction = self.predict(X, mask=mask)
        if self.target_form_ < 3:
            return float(r2_score(y, prediction, sample_weight=sample_weight))
        X = self._read_signals(X, reset=False)
        target, form, _ = self._read_target(X, y)
        weights = self._weights(X, target, form, mask)
        if sample_weight is not None:
            weights = weights * np.asarray(sample_weight)[:, None, None]
        weights = np.broadcast_to(weights, target.shape)
        target = np.nan_to_num(target)
        return float(
            np.mean(
                [
                    r2_score(
                        target[:, i].ravel(),
                        prediction[:, i].ravel(),
                        sample_weight=weights[:, i].ravel(),
                    )
                    for i in range(target.shape[1])
                ]
            )
        )

    def _fitted_facts(self):
        facts = super()._fitted_facts()
        return {**facts, "form": self.target_form_, "dtype": self.target_dtype_}

    def _restore_facts(self, facts):
        super()._restore_facts(facts)
        self.target_form_, self.target_dtype_ = facts["form"], facts["dtype"]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


class CTRNNClassifier(ClassifierMixin, BaseCTRNN):
    __doc__ = document(
        "Learn choices with a recurrent network under constraints of biology [1]_.",
        extra_attributes="""classes_ : ndarray of shape (n_classes,)
    Labels, one per output.
""",
        notes="""Labels are one per trial, (n_samples,), which is wanted at the steps
that ``mask`` counts, or else at the last one, and read at the last of them; or one per
step, (n_samples, n_times).""",
        see_also="CTRNNRegressor : Learns signals.",
        examples=""">>> import numpy as np
>>> from skneuro.rnn import CTRNNClassifier
>>> rng = np.random.default_rng(0)
>>> X = rng.standard_normal((200, 2, 20))
>>> labels = np.where(X.sum(axis=(1, 2)) > 0, "right", "left")
>>> net = CTRNNClassifier(
...     n_hidden=20, ei_ratio=0.8, lr=0.01, max_epochs=20, random_state=0
... ).fit(X, labels)
>>> net.score(X, labels) > 0.8
True
>>> net.predict(X[:2]).shape
(2,)""",
    )

    _loss = "cross_entropy"

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, mask=None):
        """Train a new network, or the present one if ``warm_start``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels, n_times)
            Inputs; 2-D ones stay constant.
        y : array-like of shape (n_samples,) or (n_samples, n_times)
            Labels per trial or per step.
        mask : array-like of shape (n_samples, n_times), default=None
            Weight of each step; None counts all steps, or the last one where labels are
            per trial.

        Returns
        -------
        self : CTRNNClassifier
            Fitted estimator.
        """
        keep = self.warm_start and hasattr(self, "net_")
        return self._fit(X, y, mask, keep=keep)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, classes=None, mask=None):
        """Go on training for one pass over the trials.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels, n_times)
            Inputs; 2-D ones stay constant.
        y : array-like of shape (n_samples,) or (n_samples, n_times)
            Labels per trial or per step.
        classes : array-like of shape (n_classes,), default=None
            All labels, in the first call; None takes those of ``y``.
        mask : array-like of shape (n_samples, n_times), default=None
            Weight of each step, as in ``fit``.

        Returns
        -------
        self : CTRNNClassifier
            Fitted estimator.
        """
        keep = hasattr(self, "net_")
        return self._fit(X, y, mask, keep=keep, epochs=1, classes=classes)

    def _fit(self, X, y, mask, *, keep, epochs=None, classes=None):
        X = self._read_signals(X, reset=not keep)
        y = self._read_labels(X, y)
        if not keep:
            self.classes_ = np.unique(y if classes is None else classes)
        index = np.searchsorted(self.classes_, y).clip(max=len(self.classes_) - 1)
        if (self.classes_[index] != y).any():
            unknown = np.unique(y[self.classes_[index] != y]).tolist()
            raise ValueError(
                f"y has labels {unknown}, expected those of the first call, "
                f"{self.classes_.tolist()}. Pass all of them as classes then."
            )
        self.per_step_ = y.ndim == 2
        if not self.per_step_:
            index = np.repeat(index[:, None], X.shape[2], axis=1)
        target = np.eye(len(self.classes_), dtype=np.float32)[index].transpose(0, 2, 1)
        weights = self._read_mask(mask, X.shape, 1)
        if weights is None:
            weights = np.ones((len(X), 1, X.shape[2]), np.float32)
            if not self.per_step_:
                weights[:, :, :-1] = 0.0
        return self._train(X, target, weights, epochs=epochs, keep=keep)

    def _read_labels(self, X, y):
        if y is None:
            raise ValueError(_NO_TARGET.format(type(self).__name__))
        y = np.asarray(y)
        if y.ndim != 2 or y.shape[1] != X.shape[2]:
            y = column_or_1d(y, warn=True)
        check_consistent_length(X, y)
        check_array(y.reshape(-1, 1), dtype=None, input_name="y")
        check_classification_targets(y.ravel())
        return y

    def decision_function(self, X, *, mask=None):
        """Return the outputs before the softmax.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels, n_times)
            Inputs; 2-D ones stay constant.
        mask : array-like of shape (n_samples, n_times), default=None
            Labels per trial: the last step that counts is read, or the last of all.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Outputs; (n_samples,), the difference of both, for two classes. With labels
            per step, (n_samples, n_classes, n_times).
        """
        outputs = self._read_out(X, mask)
        if self.per_step_ or len(self.classes_) != 2:
            return outputs
        return outputs[:, 1] - outputs[:, 0]

    def _read_out(self, X, mask):
        check_is_fitted(self)
        X = self._read_signals(X, reset=False)
        outputs = self._run(X).astype(np.float64)
        if self.per_step_:
            return outputs
        steps = np.full(len(X), X.shape[2] - 1)
        weights = self._read_mask(mask, X.shape, 1)
        if weights is not None:
            steps = last_scored_step(weights)
        return outputs[np.arange(len(X)), :, steps]

    def predict_proba(self, X, *, mask=None):
        """Return the softmax of the outputs.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels, n_times)
            Inputs; 2-D ones stay constant.
        mask : array-like of shape (n_samples, n_times), default=None
            Labels per trial: the last step that counts is read, or the last of all.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities; (n_samples, n_classes, n_times) with labels per step.
        """
        outputs = self._read_out(X, mask)
        weights = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        return weights / weights.sum(axis=1, keepdims=True)

    def predict(self, X, *, mask=None):
        """Return the label of the largest output.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels, n_times)
            Inputs; 2-D ones stay constant.
        mask : array-like of shape (n_samples, n_times), default=None
            Labels per trial: the last step that counts is read, or the last of all.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels; (n_samples, n_times) with labels per step.
        """
        outputs = self._read_out(X, mask)
        return self.classes_[outputs.argmax(axis=1)]

    def score(self, X, y, sample_weight=None, *, mask=None):
        """Return the share of correct choices.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels, n_times)
            Inputs; 2-D ones stay constant.
        y : array-like of shape (n_samples,) or (n_samples, n_times)
            Labels per trial or per step.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each trial.
        mask : array-like of shape (n_samples, n_times), default=None
            Weight of each step, as in ``fit``.

        Returns
        -------
        float
            Over trials, or over all steps that count.
        """
        prediction = self.predict(X, mask=mask)
        if not self.per_step_:
            return float(accuracy_score(y, prediction, sample_weight=sample_weight))
        weights = np.ones(prediction.shape)
        if mask is not None:
            n_times = prediction.shape[1]
            weights = self._read_mask(mask, (len(weights), 1, n_times), 1)[:, 0]
        if sample_weight is not None:
            weights = weights * np.asarray(sample_weight)[:, None]
        return float(
            accuracy_score(
                np.ravel(y), prediction.ravel(), sample_weight=weights.ravel()
            )
        )

    def _fitted_facts(self):
        facts = super()._fitted_facts()
        return {**facts, "classes": self.classes_.tolist(), "per_step": self.per_step_}

    def _restore_facts(self, facts):
        super()._restore_facts(facts)
        self.classes_ = np.array(facts["classes"])
        self.per_step_ = facts["per_step"]
