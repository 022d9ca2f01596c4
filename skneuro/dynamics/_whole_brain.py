"""A whole-brain model as a regressor: connectome in, functional connectivity out."""

import math
from numbers import Integral, Real
from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.metrics import r2_score
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from skneuro.dynamics._base import BaseSimulator
from skneuro.dynamics._subjects import Targets, check_lengths, expected_graph
from skneuro.dynamics._sweep import simulate_batch
from skneuro.exceptions import SimulationError
from skneuro.metrics import FunctionalConnectivity, fc_correlation, fcd_distance
from skneuro.metrics._pairs import as_pairs
from skneuro.utils._param_validation import (
    HasMethods,
    Interval,
    StrOptions,
    _fit_context,
)

_POSITIVE = Interval(Real, 0, None, closed="neither")


class WholeBrainRegressor(RegressorMixin, BaseEstimator):
    r"""Predict people's functional connectivity by simulating their connectomes.

    For each subject the simulator runs on that subject's connectivity, the observation
    turns its signals into functional connectivity, and ``score`` compares this with
    what was measured. Nothing is learned in ``fit`` but the seed of the noise; what is
    unknown, such as the coupling strength, is a parameter, which
    :class:`~sklearn.model_selection.GridSearchCV` finds with people held out.

    All subjects share one realisation of noise and initial state, so that predictions
    differ by the connectome and by nothing else, and do not depend on who else is
    predicted.

    Parameters
    ----------
    simulator : BaseSimulator
        Model with its parameters. Its ``connectivity`` is replaced by that of each
        subject, its ``tract_lengths`` where the subjects' are given; it records one
        variable, or BOLD.
    observation : transformer or None, default=None
        Turns signals (n_subjects, n_nodes, n_times) into node pairs or symmetric
        matrices. None is ``FunctionalConnectivity()``. It is cloned and fitted on the
        signals that it observes, so it may learn nothing from them that the next
        signals need; a pipeline such as filter and ``FunctionalConnectivity`` is fine.
    loss : {"fc", "fcd"}, default="fc"
        What ``score`` compares: functional connectivity, or, where ``y`` is BOLD, the
        distribution of functional connectivity dynamics.
    transient : float, default=0.0
        Initial time that is dropped from the simulated signals, rounded up to whole
        samples, in ms.
    window_length : float, default=60.0
        Length of the windows of ``loss="fcd"``, in s.
    step : float, default=10.0
        Time from one window to the next, in s.
    t_r : float, default=None
        Repetition time of measured BOLD, in s. None is the time between the samples of
        the simulator.
    n_jobs : int, default=None
        Threads over subjects, as joblib counts them. None is ``simulator.n_jobs``.

    Attributes
    ----------
    simulator_ : BaseSimulator
        The simulator as it was checked in ``fit``, with the seed that is used.
    n_features_in_ : int
        Number of nodes.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the nodes, where ``fit`` saw a DataFrame of strengths.

    Raises
    ------
    ValueError
        If connectomes, tract lengths and ``y`` do not fit together.
    SimulationError
        If a simulation leaves the finite numbers; names the subject.

    See Also
    --------
    skneuro.metrics.FunctionalConnectivity : The usual observation.
    skneuro.metrics.fc_correlation : The measure behind ``loss="fc"``.
    skneuro.metrics.fcd_distance : The measure behind ``loss="fcd"``.

    Notes
    -----
    3-D X holds one connectivity matrix per subject. 2-D X, (n_subjects, n_nodes), holds
    node strengths :math:`s`, for example from a table of summary measures. The
    connectome is then the expected graph of given strengths [1]_,
    :math:`C_{ij} = s_i s_j / \sum_k s_k`, without its diagonal.

    ``y`` takes four forms: matrices (n_subjects, n_nodes, n_nodes); node pairs
    (n_subjects, n_pairs); BOLD (n_subjects, n_nodes, n_volumes) or a list of
    (n_nodes, n_volumes), which pass through the same observation as the simulation; or
    one number per subject, (n_subjects,), the mean functional connectivity, which is
    then what ``predict`` returns.

    Tract lengths are a keyword of ``fit``, ``predict`` and ``score``. Inside pipelines
    and searches they travel by metadata routing: ``sklearn.set_config(
    enable_metadata_routing=True)``, then ``set_fit_request(tract_lengths=True)`` and
    likewise for score and predict. A search hands nothing on in its own ``predict``;
    call that of its ``best_estimator_``.

    References
    ----------
    .. [1] F. Chung and L. Lu (2002), Proc. Natl. Acad. Sci. 99, 15879-15882:
       :doi:`10.1073/pnas.252631999`
    .. [2] G. Deco et al. (2017), Sci. Rep. 7, 3095, fits of functional connectivity and
       its dynamics: :doi:`10.1038/s41598-017-03073-5`

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.model_selection import GridSearchCV, LeaveOneOut
    >>> from skneuro.datasets import make_connectome
    >>> from skneuro.dynamics import Hopf, SubSample, WholeBrainRegressor
    >>> from skneuro.dynamics import simulate_batch
    >>> from skneuro.metrics import functional_connectivity
    >>> people = [make_connectome(n_nodes=10, random_state=i) for i in range(3)]
    >>> X = np.stack([person.connectivity for person in people])
    >>> hopf = Hopf(
    ...     a=-0.02, coupling=0.1, sigma=0.01, duration=5000.0,
    ...     monitor=SubSample(interval=10.0), random_state=0,
    ... )
    >>> signals = simulate_batch(hopf, [{"connectivity": weights} for weights in X])
    >>> y = functional_connectivity(signals)
    >>> model = WholeBrainRegressor(hopf.set_params(random_state=1), transient=500.0)
    >>> couplings = {"simulator__coupling": [0.01, 0.1, 1.0]}
    >>> search = GridSearchCV(model, couplings, cv=LeaveOneOut()).fit(X, y)
    >>> search.best_params_
    {'simulator__coupling': 0.1}
    >>> search.predict(X).shape  # one row per subject, one column per node pair
    (3, 45)
    """

    _parameter_constraints: ClassVar[dict] = {
        "simulator": [BaseSimulator],
        "observation": [HasMethods(["fit", "transform"]), None],
        "loss": [StrOptions({"fc", "fcd"})],
        "transient": [Interval(Real, 0, None, closed="left")],
        "window_length": [_POSITIVE],
        "step": [_POSITIVE],
        "t_r": [_POSITIVE, None],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        simulator,
        observation=None,
        *,
        loss="fc",
        transient=0.0,
        window_length=60.0,
        step=10.0,
        t_r=None,
        n_jobs=None,
    ):
        self.simulator = simulator
        self.observation = observation
        self.loss = loss
        self.transient = transient
        self.window_length = window_length
        self.step = step
        self.t_r = t_r
        self.n_jobs = n_jobs

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, *, tract_lengths=None):
        """Check data and simulator, and fix the noise.

        Parameters
        ----------
        X : array-like of shape (n_subjects, n_nodes, n_nodes) or (n_subjects, n_nodes)
            Connectivity of each subject, ``[i, j]`` from node j to node i, or 2-D node
            strengths.
        y : array-like of shape (n_subjects, n_nodes, n_nodes)
            Measured functional connectivity; or (n_subjects, n_pairs), BOLD of shape
            (n_subjects, n_nodes, n_volumes), or its mean, (n_subjects,).
        tract_lengths : array-like of shape (n_subjects, n_nodes, n_nodes), default=None
            Lengths of each subject's connections, in mm. None takes those of the
            simulator, for all subjects.

        Returns
        -------
        WholeBrainRegressor
            This regressor.
        """
        if y is None:
            raise ValueError(
                f"This {type(self).__name__} estimator requires y to be passed, but "
                "the target y is None."
            )
        connectivity, lengths = self._check_subjects(X, tract_lengths, reset=True)
        targets = self._check_targets(y, connectivity)
        simulator = clone(self.simulator)
        if not isinstance(simulator.random_state, Integral):
            rng = check_random_state(simulator.random_state)
            simulator.random_state = int(rng.randint(np.iinfo(np.int32).max))
        if simulator.independent_noise:
            raise ValueError(
                "simulator has independent_noise=True, expected False: the prediction "
                "of a subject must not depend on who else is predicted. Average over "
                "several random_state instead."
            )
        simulator.set_params(**self._subject_params(connectivity, lengths)[0])
        self.simulator_ = simulator._fit_without_drive()
        self._first_kept()
        self._target_form = "mean" if targets.form == "mean" else "pairs"
        self._target_is_column = targets.is_column
        self._target_dtype = targets.dtype
        self._fit_saw_lengths = lengths is not None
        return self

    def predict(self, X, *, tract_lengths=None):
        """Simulate each subject and return the functional connectivity.

        Parameters
        ----------
        X : array-like of shape (n_subjects, n_nodes, n_nodes) or (n_subjects, n_nodes)
            Connectivity of each subject, or 2-D node strengths.
        tract_lengths : array-like of shape (n_subjects, n_nodes, n_nodes), default=None
            Lengths of each subject's connections, in mm.

        Returns
        -------
        ndarray of shape (n_subjects, n_pairs) or (n_subjects,)
            Functional connectivity as node pairs, (0, 1), (0, 2), ..., (1, 2), ..., or
            its mean over pairs where ``y`` was 1-D in ``fit``. NaN for a subject whose
            run diverged, if the simulator has ``on_divergence="warn"``.

        Raises
        ------
        SimulationError
            If a simulation leaves the finite numbers; names the subject.
        ValueError
            If X has another number of nodes than in ``fit``, or if only one of ``fit``
            and this call got tract lengths.
        """
        fc = self._observe(self.predict_signals(X, tract_lengths=tract_lengths))
        if self._target_form == "mean":
            fc = fc.mean(axis=1, keepdims=self._target_is_column)
        return fc.astype(self._target_dtype)

    def predict_signals(self, X, *, tract_lengths=None):
        """Simulate each subject and return the signals, without the transient.

        Parameters
        ----------
        X : array-like of shape (n_subjects, n_nodes, n_nodes) or (n_subjects, n_nodes)
            Connectivity of each subject, or 2-D node strengths.
        tract_lengths : array-like of shape (n_subjects, n_nodes, n_nodes), default=None
            Lengths of each subject's connections, in mm.

        Returns
        -------
        ndarray of shape (n_subjects, n_nodes, n_times)
            What the simulator's monitor records: BOLD, or a variable of the model.

        Raises
        ------
        SimulationError
            If a simulation leaves the finite numbers; names the subject.
        ValueError
            As for `predict`.
        """
        check_is_fitted(self)
        connectivity, lengths = self._check_subjects(X, tract_lengths, reset=False)
        if (lengths is not None) != self._fit_saw_lengths:
            here, there = (
                ("got", "did not") if lengths is not None else ("lacks", "did")
            )
            raise ValueError(
                f"this call {here} tract_lengths, but fit {there} get them; expected "
                "them in both or in none. Inside a search or pipeline, enable metadata "
                "routing: sklearn.set_config(enable_metadata_routing=True) and "
                "set_fit_request(tract_lengths=True), set_predict_request and "
                "set_score_request likewise."
            )
        n_jobs = self.simulator_.n_jobs if self.n_jobs is None else self.n_jobs
        try:
            signals = simulate_batch(
                self.simulator_,
                self._subject_params(connectivity, lengths),
                n_jobs=n_jobs,
                verbose=self.simulator_.verbose,
            )
        except SimulationError as error:
            strength = np.abs(connectivity[error.simulation]).sum(axis=1).max()
            raise SimulationError(
                f"{type(self.simulator_).__name__} diverged at t = {error.time:g} ms "
                f"for subject {error.simulation}: {error.variable} of node "
                f"{error.node} is not finite. Reduce dt={self.simulator_.dt:g}, the "
                "coupling or the noise, or scale the connectivity, whose largest "
                f"in-strength is {strength:g}.",
                time=error.time,
                node=error.node,
                variable=error.variable,
                simulation=error.simulation,
            ) from None  # all that it says is said here
        if signals.shape[1] != connectivity.shape[1]:
            raise ValueError(
                f"simulator records {signals.shape[1]} series for "
                f"{connectivity.shape[1]} nodes; expected one per node. Pass one name "
                "as its parameter record."
            )
        return signals[..., self._first_kept() :]

    def score(self, X, y, sample_weight=None, *, tract_lengths=None):
        """Return how well the prediction fits, on average over subjects.

        Parameters
        ----------
        X : array-like of shape (n_subjects, n_nodes, n_nodes) or (n_subjects, n_nodes)
            Connectivity of each subject, or 2-D node strengths.
        y : array-like of shape (n_subjects, n_nodes, n_nodes)
            Measured functional connectivity in any of the forms that ``fit`` takes.
        sample_weight : array-like of shape (n_subjects,), default=None
            Weights of the subjects.
        tract_lengths : array-like of shape (n_subjects, n_nodes, n_nodes), default=None
            Lengths of each subject's connections, in mm.

        Returns
        -------
        float
            Mean over subjects of `per_subject_scores`. Where ``fit`` saw one number
            per subject: :math:`R^2` over subjects.
        """
        if self._is_mean():
            prediction = self.predict(X, tract_lengths=tract_lengths)
            return float(r2_score(y, prediction, sample_weight=sample_weight))
        scores = self.per_subject_scores(X, y, tract_lengths=tract_lengths)
        return float(np.average(scores, weights=sample_weight))

    def per_subject_scores(self, X, y, *, tract_lengths=None):
        """Return how well the prediction fits each subject.

        Parameters
        ----------
        X : array-like of shape (n_subjects, n_nodes, n_nodes) or (n_subjects, n_nodes)
            Connectivity of each subject, or 2-D node strengths.
        y : array-like of shape (n_subjects, n_nodes, n_nodes)
            Measured functional connectivity in any of the forms that ``fit`` takes, but
            for one number per subject.
        tract_lengths : array-like of shape (n_subjects, n_nodes, n_nodes), default=None
            Lengths of each subject's connections, in mm.

        Returns
        -------
        ndarray of shape (n_subjects,)
            Correlation of predicted and measured functional connectivity over node
            pairs, or, for ``loss="fcd"``, one minus the Kolmogorov-Smirnov distance of
            the distributions of functional connectivity dynamics. At most 1; NaN for a
            subject whose run diverged with a warning.

        Raises
        ------
        ValueError
            If ``fit`` saw one number per subject.
        """
        if self._is_mean():
            raise ValueError(
                "fit saw one number per subject, which has no score of its own; "
                "expected functional connectivity or BOLD. Use score, R^2 over "
                "subjects, or fit on node pairs."
            )
        signals = self.predict_signals(X, tract_lengths=tract_lengths)
        targets = self._check_targets(y, signals)
        finite = np.isfinite(signals).all(axis=(1, 2))
        scores = np.full(len(signals), np.nan)
        if self.loss == "fc":
            measured = targets.pairs(self._observe)
            fc = self._observe(signals)
            scores[finite] = fc_correlation(fc[finite], measured[finite])
            return scores
        t_r = self._sampling_interval() / 1000.0  # ms to s
        for k in np.flatnonzero(finite):
            scores[k] = 1.0 - fcd_distance(
                signals[k],
                targets.values[k],
                window_length=self.window_length,
                step=self.step,
                t_r=t_r,
                t_r_y=self.t_r,
            )
        return scores

    # -- data ------------------------------------------------------------------------

    def _is_mean(self):
        check_is_fitted(self)
        return self._target_form == "mean"

    def _check_subjects(self, X, tract_lengths, *, reset):
        """Return (n_subjects, n_nodes, n_nodes) weights and tract lengths, or None."""
        X = validate_data(
            self,
            X,
            reset=reset,
            allow_nd=True,
            dtype=np.float64,
            ensure_min_features=2 if reset else 0,
        )
        n_nodes = X.shape[1]
        if X.ndim == 2:
            X = expected_graph(X)
        if X.shape[1:] != (n_nodes, n_nodes):
            raise ValueError(
                f"X has shape {X.shape}, expected (n_subjects, n_nodes, n_nodes), one "
                "square matrix per subject, or (n_subjects, n_nodes), node strengths."
            )
        if tract_lengths is None:
            return X, None
        return X, check_lengths(tract_lengths, X.shape)

    def _subject_params(self, connectivity, lengths):
        """Parameters of the simulator that differ between subjects."""
        if lengths is None:
            return [{"connectivity": weights} for weights in connectivity]
        return [
            {"connectivity": weights, "tract_lengths": mm}
            for weights, mm in zip(connectivity, lengths, strict=True)
        ]

    def _check_targets(self, y, subjects):
        """Find out which form y has; ``subjects`` has axes subject and node first."""
        targets = Targets(y, subjects.shape[1], bold_expected=self.loss == "fcd")
        check_consistent_length(subjects, targets.values)
        return targets

    # -- signals ---------------------------------------------------------------------

    def _sampling_interval(self):
        return self.simulator_._monitor().sampling_interval(self.simulator_.dt)

    def _first_kept(self):
        """Index of the first sample behind the transient."""
        interval = self._sampling_interval()
        first = math.ceil(self.transient / interval - 1e-9)
        duration = self.simulator_.duration
        if duration is None or duration / interval - first < 2:
            raise ValueError(
                f"transient={self.transient:g} ms leaves less than two samples of a "
                f"simulation of duration={duration} ms, sampled every {interval:g} ms; "
                "simulate longer or drop less."
            )
        return first

    def _observe(self, signals):
        """Functional connectivity as node pairs; NaN where signals are not finite."""
        observation = self.observation
        observation = (
            FunctionalConnectivity() if observation is None else clone(observation)
        )
        n_nodes = signals.shape[1]
        pairs = np.full((len(signals), n_nodes * (n_nodes - 1) // 2), np.nan)
        finite = np.isfinite(signals).all(axis=(1, 2))
        if finite.any():
            fc = np.asarray(observation.fit_transform(signals[finite]))
            matrices = (n_nodes, n_nodes)
            if fc.shape[1:] not in (pairs.shape[1:], matrices):
                raise ValueError(
                    f"observation returned shape {fc.shape} for signals of shape "
                    f"{signals[finite].shape}; expected one row of {pairs.shape[1]} "
                    f"node pairs or one {n_nodes} x {n_nodes} matrix per subject."
                )
            pairs[finite] = as_pairs(fc, "observation") if fc.ndim == 3 else fc
        return pairs

    def __sklearn_tags__(self):
        """Tags for scikit-learn."""
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.positive_only = True  # strengths; matrices may be negative
        tags.target_tags.multi_output = True
        tags.regressor_tags.poor_score = True  # nothing is learned from y
        tags.non_deterministic = getattr(self.simulator, "random_state", 0) is None
        return tags
