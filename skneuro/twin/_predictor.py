"""What a fitted twin does: predict, also long movies, score, and go to a file."""

from collections.abc import Iterable

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from skneuro.metrics import cc_abs, cc_norm
from skneuro.twin._running import arrange, cut, run_chunks, run_trials
from skneuro.twin._trials import (
    check_responses,
    check_traces,
    check_videos,
    find_repeats,
    table_to_videos,
)
from skneuro.twin._weights import save_weights


class _TwinPredictor(TransformerMixin, RegressorMixin, BaseEstimator):
    """Methods of `DigitalTwinRegressor` that need a fitted network."""

    def _running(self):
        self.net_.precision = self.precision  # that of now, not that of ``fit``
        compiler = "inductor" if self.compile is True else self.compile or None
        return {
            "net": self.net_,
            "scale": self.response_scale_,
            "dtype": self._dtype_,
            "compiler": compiler,
        }

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
        if is_table(X):
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
        if is_table(X):
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


def is_table(X):
    if isinstance(X, (list, tuple)):
        return not (len(X) and np.ndim(X[0]) > 1)
    return getattr(X, "ndim", 0) <= 2


def _median(values):
    values = np.asarray(values)[np.isfinite(values)]
    return float(np.median(values)) if values.size else float("nan")
