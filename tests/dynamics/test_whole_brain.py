"""WholeBrainRegressor: what it predicts, what it scores, what it refuses."""

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, LeaveOneOut, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skneuro.dynamics import (
    Bold,
    Hopf,
    SubSample,
    TemporalAverage,
    WholeBrainRegressor,
    WilsonCowan,
)
from skneuro.exceptions import SimulationError
from skneuro.metrics import (
    FunctionalConnectivity,
    fc_correlation,
    fcd_distance,
    functional_connectivity,
    vector_to_connectivity,
)

N_SUBJECTS, N_NODES, N_PAIRS = 4, 6, 15


@pytest.fixture
def people():
    """Connectivity and tract lengths (mm) of four people."""
    rng = np.random.default_rng(0)
    shape = (N_SUBJECTS, N_NODES, N_NODES)
    return rng.lognormal(-2.0, 1.0, shape), rng.uniform(1.0, 50.0, shape)


@pytest.fixture
def make_model():
    """Make a model of a short linear Hopf network; parameters of either as keywords."""

    def make(*, transient=20.0, **params):
        hopf = Hopf(
            a=-0.1,
            coupling=0.5,
            sigma=0.01,
            duration=300.0,
            monitor=SubSample(interval=1.0),
            random_state=0,
        )
        regressor = {k: params.pop(k) for k in list(params) if not hasattr(hopf, k)}
        return WholeBrainRegressor(
            hopf.set_params(**params), transient=transient, **regressor
        )

    return make


def fit(model, X):
    """Fit to targets of the right shape; nothing is learned from them."""
    return model.fit(X, np.zeros((len(X), N_PAIRS)))


# -- prediction ----------------------------------------------------------------------


def test_prediction_is_the_fc_of_each_subjects_own_simulation(people, make_model):
    X, lengths = people
    model = fit(make_model(), X).fit(
        X, np.zeros((N_SUBJECTS, N_PAIRS)), tract_lengths=lengths
    )
    predicted = model.predict(X, tract_lengths=lengths)
    for weights, mm, row in zip(X, lengths, predicted, strict=True):
        alone = clone(model.simulator).set_params(
            connectivity=weights, tract_lengths=mm
        )
        signals = alone.fit_transform(np.zeros((1, N_NODES)))[..., 20:]
        expected = FunctionalConnectivity().fit_transform(signals)[0]
        np.testing.assert_array_equal(row, expected)
    assert not np.allclose(predicted, fit(model, X).predict(X))  # delays matter


def test_prediction_does_not_depend_on_company_order_or_threads(people, make_model):
    X, _ = people
    expected = fit(make_model(), X).predict(X)
    some = [2, 0]
    np.testing.assert_array_equal(fit(make_model(), X).predict(X[some]), expected[some])
    threads = make_model(n_jobs=2)
    np.testing.assert_array_equal(fit(threads, X).predict(X), expected)


def test_noise_is_fixed_in_fit(people, make_model):
    X, _ = people
    model = fit(make_model(random_state=None), X)
    first = model.predict(X)
    np.testing.assert_array_equal(model.predict(X), first)
    assert not np.array_equal(fit(model, X).predict(X), first)

    generator = np.random.RandomState(3)
    model = make_model(random_state=generator)
    before = generator.get_state()[1].copy()
    first = fit(model, X).predict(X)
    np.testing.assert_array_equal(generator.get_state()[1], before)
    np.testing.assert_array_equal(fit(model, X).predict(X), first)


def test_subjects_with_equal_connectomes_get_equal_predictions(people, make_model):
    X = np.repeat(people[0][:1], 3, axis=0)
    predicted = fit(make_model(), X).predict(X)
    np.testing.assert_array_equal(predicted[1], predicted[0])
    np.testing.assert_array_equal(predicted[2], predicted[0])


@pytest.mark.parametrize(
    ("monitor", "transient", "dropped", "kept"),
    [
        ("raw", 20.0, 200, 2800),
        (SubSample(interval=1.0), 20.0, 20, 280),
        (SubSample(interval=1.0), 20.5, 21, 279),
        (TemporalAverage(interval=5.0), 12.0, 3, 57),
        (Bold(t_r=0.01), 20.0, 2, 28),
        (SubSample(interval=1.0), 0.0, 0, 300),
    ],
)
def test_transient_is_dropped_in_whole_samples(
    people, make_model, monitor, transient, dropped, kept
):
    X, _ = people
    signals = fit(make_model(monitor=monitor, transient=transient), X).predict_signals(
        X
    )
    whole = fit(make_model(monitor=monitor, transient=0.0), X).predict_signals(X)
    assert signals.shape == (N_SUBJECTS, N_NODES, kept)
    np.testing.assert_array_equal(signals, whole[..., dropped:])


def test_strengths_stand_for_the_expected_graph(people, make_model):
    strengths = people[0].sum(axis=2)
    total = strengths.sum(axis=1)[:, None, None]
    graphs = strengths[:, :, None] * strengths[:, None, :] / total
    np.testing.assert_allclose(graphs.sum(axis=2), strengths)  # what defines them
    model = fit(make_model(), strengths)
    np.testing.assert_allclose(
        model.predict(strengths), fit(make_model(), graphs).predict(graphs), rtol=1e-9
    )


def test_no_strength_at_all_is_no_network(make_model):
    X = np.zeros((2, N_NODES))
    signals = fit(make_model(), X).predict_signals(X)
    alone = make_model().simulator.fit_transform(X)[..., 20:]
    np.testing.assert_array_equal(signals, alone)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_predictions_have_the_precision_of_y(people, make_model, dtype):
    X, _ = people
    y = np.zeros((N_SUBJECTS, N_PAIRS), dtype)
    expected = dtype if dtype is np.float32 else np.float64
    assert make_model().fit(X, y).predict(X).dtype == expected


def test_one_number_per_subject_is_the_mean_fc(people, make_model):
    X, _ = people
    y = np.linspace(0.0, 1.0, N_SUBJECTS)
    mean = fit(make_model(), X).predict(X).mean(axis=1)
    model = make_model().fit(X, y)
    np.testing.assert_allclose(model.predict(X), mean)
    assert model.score(X, y) == pytest.approx(r2_score(y, mean))
    np.testing.assert_allclose(
        make_model().fit(X, y[:, None]).predict(X), mean[:, None]
    )


# -- forms of y, scores --------------------------------------------------------------


@pytest.fixture
def bold():
    rng = np.random.default_rng(1)
    mixing = rng.standard_normal((N_SUBJECTS, N_NODES, N_NODES))
    return mixing @ rng.standard_normal((N_SUBJECTS, N_NODES, 90))


def test_all_forms_of_y_score_alike(people, make_model, bold):
    X, _ = people
    matrices = functional_connectivity(bold)
    pairs = FunctionalConnectivity().fit_transform(bold)
    model = make_model().fit(X, pairs)
    expected = model.per_subject_scores(X, pairs)
    np.testing.assert_allclose(expected, fc_correlation(model.predict(X), pairs))
    assert model.score(X, pairs) == pytest.approx(expected.mean())
    for y in (matrices, list(matrices), pd.DataFrame(pairs), bold, list(bold)):
        np.testing.assert_allclose(
            make_model().fit(X, y).per_subject_scores(X, y), expected
        )


def test_recordings_may_differ_in_length(people, make_model, bold):
    X, _ = people
    ragged = [bold[0], bold[1][:, :60], bold[2], bold[3][:, :70]]
    pairs = [FunctionalConnectivity().fit_transform(b[None])[0] for b in ragged]
    model = make_model().fit(X, ragged)
    np.testing.assert_allclose(
        model.per_subject_scores(X, ragged), model.per_subject_scores(X, pairs)
    )


@pytest.mark.parametrize(
    "observation",
    [
        FunctionalConnectivity("partial"),
        FunctionalConnectivity(vectorize=False, discard=10),
        make_pipeline(
            FunctionTransformer(np.diff, check_inverse=False), FunctionalConnectivity()
        ),
    ],
)
def test_measured_bold_passes_through_the_same_observation(
    people, make_model, bold, observation
):
    X, _ = people
    model = make_model(observation=observation).fit(X, bold)
    signals = model.predict_signals(X)
    expected = fc_correlation(
        clone(observation).fit_transform(signals),
        clone(observation).fit_transform(bold),
    )
    np.testing.assert_allclose(model.per_subject_scores(X, bold), expected)
    assert model.predict(X).shape == (N_SUBJECTS, N_PAIRS)


def test_score_weighs_subjects(people, make_model, bold):
    X, _ = people
    model = make_model().fit(X, bold)
    scores = model.per_subject_scores(X, bold)
    weights = [1.0, 0.0, 0.0, 3.0]
    expected = (scores[0] + 3 * scores[3]) / 4
    assert model.score(X, bold, sample_weight=weights) == pytest.approx(expected)


@pytest.mark.parametrize("t_r", [None, 2.0])
def test_fcd_score_is_one_minus_the_distance(people, make_model, bold, t_r):
    X, _ = people
    windows = {"window_length": 0.06, "step": 0.02} if t_r is None else {}
    model = make_model(loss="fcd", t_r=t_r, **windows)
    if t_r is not None:  # samples 1 s apart: windows of 60 s hold
        model.set_params(
            simulator__duration=200_000.0,
            simulator__monitor__interval=1000.0,
            simulator__dt=0.5,
            transient=1000.0,
        )
        X = X[:2]
    y = bold[: len(X)]
    model.fit(X, y)
    interval = model.simulator.monitor.interval / 1000.0
    options = {"t_r": interval, "t_r_y": t_r, **windows}
    expected = [
        1 - fcd_distance(simulated, measured, **options)
        for simulated, measured in zip(model.predict_signals(X), y, strict=True)
    ]
    np.testing.assert_allclose(model.per_subject_scores(X, y), expected)
    assert model.score(X, y) == pytest.approx(np.mean(expected))
    assert model.predict(X).shape == (len(X), N_PAIRS)


# -- model selection -----------------------------------------------------------------


def measure(model, X, **truth):
    """Functional connectivity that the model has with these parameters."""
    model = clone(model).set_params(simulator__random_state=99, **truth)
    return vector_to_connectivity(fit(model, X).predict(X))


def test_grid_search_finds_the_planted_coupling(people, make_model):
    X, _ = people
    model = make_model(duration=3000.0)
    y = measure(model, X, simulator__coupling=0.5)
    search = GridSearchCV(
        model, {"simulator__coupling": [0.005, 0.05, 0.5, 5.0]}, cv=LeaveOneOut()
    ).fit(X, y)
    assert search.best_params_ == {"simulator__coupling": 0.5}
    assert search.best_score_ > 0.9
    nested = cross_val_score(search, X, y, cv=LeaveOneOut())
    assert nested.shape == (N_SUBJECTS,)
    assert nested.mean() > 0.9


def test_grid_search_reaches_observation_and_monitor(people, make_model, bold):
    X, _ = people
    model = make_model(observation=FunctionalConnectivity())
    grid = {
        "observation__kind": ["correlation", "partial"],
        "simulator__monitor__interval": [1.0, 2.0],
        "transient": [0.0, 50.0],
    }
    search = GridSearchCV(model, grid, cv=LeaveOneOut(), error_score="raise")
    search.fit(X, bold)
    scores = search.cv_results_["mean_test_score"]
    assert np.isfinite(scores).all()
    assert len(np.unique(scores)) == 8


def test_tables_of_pandas_work_in_a_search(people, make_model):
    X = pd.DataFrame(
        people[0].sum(axis=2),
        columns=[f"Area{i}" for i in range(N_NODES)],
        index=[f"sub-{i}" for i in range(N_SUBJECTS)],
    )
    model = make_model()
    y = pd.DataFrame(fit(make_model(), X).predict(X), index=X.index)
    search = GridSearchCV(model, {"simulator__coupling": [0.05, 0.5]}, cv=LeaveOneOut())
    search.fit(X, y)
    assert search.best_params_ == {"simulator__coupling": 0.5}
    assert search.best_score_ == pytest.approx(1.0)
    assert search.best_estimator_.feature_names_in_.tolist() == X.columns.tolist()


def test_lists_of_labelled_matrices_are_subjects(people, make_model):
    names = [f"Area{i}" for i in range(N_NODES)]
    frames = [pd.DataFrame(weights, names, names) for weights in people[0]]
    expected = fit(make_model(), people[0]).predict(people[0])
    np.testing.assert_array_equal(fit(make_model(), frames).predict(frames), expected)


def test_a_pipeline_may_change_connectomes_first(people, make_model):
    X, _ = people
    mirror = np.eye(N_NODES)[::-1]
    add = FunctionTransformer(lambda X, weight: X + weight * mirror)
    model = make_pipeline(add.set_params(kw_args={"weight": 0.0}), make_model())
    y = measure(make_model(), X + 2.0 * mirror)
    search = GridSearchCV(
        model,
        {"functiontransformer__kw_args": [{"weight": w} for w in (0.0, 2.0)]},
        cv=LeaveOneOut(),
    ).fit(X, y)
    assert search.best_params_["functiontransformer__kw_args"] == {"weight": 2.0}


def test_tract_lengths_are_routed(people, make_model):
    X, lengths = people
    model = make_model(conduction_speed=1.0)
    y = model.fit(X, np.zeros((N_SUBJECTS, N_PAIRS)), tract_lengths=lengths).predict(
        X, tract_lengths=lengths
    )
    grid = {"simulator__conduction_speed": [1.0, 10.0]}
    with config_context(enable_metadata_routing=True):
        routed = (
            clone(model)
            .set_fit_request(tract_lengths=True)
            .set_score_request(tract_lengths=True)
            .set_predict_request(tract_lengths=True)
        )
        search = GridSearchCV(routed, grid, cv=LeaveOneOut())
        search.fit(X, y, tract_lengths=lengths)
        assert search.best_params_ == {"simulator__conduction_speed": 1.0}
        assert search.best_score_ == pytest.approx(1.0)
        piped = make_pipeline(FunctionTransformer(), routed)
        predicted = piped.fit(X, y, tract_lengths=lengths).predict(
            X, tract_lengths=lengths
        )
    np.testing.assert_array_equal(predicted, y)
    best = search.best_estimator_.predict(X, tract_lengths=lengths)
    np.testing.assert_array_equal(best, y)


def test_lengths_that_are_not_routed_to_score_are_noticed(people, make_model):
    X, lengths = people
    y = np.zeros((N_SUBJECTS, N_PAIRS))
    model = make_model().fit(X, y, tract_lengths=lengths)
    with pytest.raises(ValueError, match="lacks tract_lengths, but fit did get them"):
        model.score(X, y)
    model = make_model().fit(X, y)
    with pytest.raises(ValueError, match="got tract_lengths, but fit did not"):
        model.predict(X, tract_lengths=lengths)


# -- what is refused -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.zeros((4, 14)), r"expected \(n_subjects, 15\), one column per node pair"),
        (np.zeros((4, 7, 7)), r"but X has 6 nodes; expected matrices \(n_subjects, 6"),
        (np.ones((4, 90, 6)), "Swap the last two axes of y"),
        (np.arange(144.0).reshape(4, 6, 6), "is not symmetric: neither"),
        (np.zeros((3, 15)), "inconsistent numbers of samples"),
        (np.full((4, 15), np.nan), "Input y contains NaN"),
        ([np.ones((6, 5)), np.ones((6, 4)), np.ones((5, 6))], "but X has 6 nodes"),
        (None, "requires y to be passed"),
    ],
)
def test_targets_that_do_not_fit_are_refused(people, make_model, y, message):
    with pytest.raises(ValueError, match=message):
        make_model().fit(people[0], y)


def test_square_bold_is_bold_where_only_bold_will_do(people, make_model, bold):
    X, _ = people
    model = make_model(loss="fcd", window_length=0.003, step=0.001)
    assert 0 <= model.fit(X, bold[..., :6]).score(X, bold[..., :6]) <= 1


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.ones((4, 6, 5)), "one square matrix per subject"),
        (np.ones((4, 6, 6, 2)), "one square matrix per subject"),
        (-np.ones((4, 6)), "Negative values in data .* X\\[0, 0\\] = -1"),
        (np.full((4, 6, 6), np.nan), "Input X contains NaN"),
    ],
)
def test_connectomes_that_make_no_sense_are_refused(make_model, X, message):
    with pytest.raises(ValueError, match=message):
        fit(make_model(), X)


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        (np.ones((6, 6)), r"expected \(4, 6, 6\): one matrix per subject"),
        (-np.ones((4, 6, 6)), r"tract_lengths\[0, 0, 0\] is -1 mm, expected"),
        (np.full((4, 6, 6), np.inf), "Input tract_lengths contains infinity"),
    ],
)
def test_lengths_that_make_no_sense_are_refused(people, make_model, lengths, message):
    with pytest.raises(ValueError, match=message):
        make_model().fit(people[0], np.zeros((4, 15)), tract_lengths=lengths)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"transient": 299.5}, "leaves less than two samples"),
        ({"duration": None}, "leaves less than two samples"),
        ({"independent_noise": True}, "independent_noise=True, expected False"),
        ({"a": [0.1, 0.2]}, r"a has shape \(2,\), expected a number or one per node"),
        ({"coupling": "strong"}, "'coupling' parameter of Hopf must be"),
        ({"loss": "fcs"}, "'loss' parameter of WholeBrainRegressor must be"),
        ({"loss": "fcd"}, "loss='fcd' with y of functional connectivity"),
    ],
)
def test_settings_that_make_no_sense_are_refused_in_fit(
    people, make_model, params, message
):
    with pytest.raises(ValueError, match=message):
        fit(make_model(**params), people[0])


def test_two_recorded_variables_are_refused(people, make_model):
    model = fit(make_model(record=("x", "y")), people[0])
    with pytest.raises(ValueError, match="records 12 series for 6 nodes"):
        model.predict(people[0])


def test_an_observation_of_something_else_is_refused(people, make_model):
    means = FunctionTransformer(lambda signals: signals.mean(axis=2))
    model = fit(make_model(observation=means), people[0])
    with pytest.raises(ValueError, match=r"observation returned shape \(4, 6\)"):
        model.predict(people[0])


def test_scores_of_subjects_need_more_than_one_number(people, make_model):
    X, y = people[0], np.zeros(4)
    with pytest.raises(ValueError, match="one number per subject"):
        make_model().fit(X, y).per_subject_scores(X, y)
    with pytest.raises(ValueError, match="one number per subject, but fit saw"):
        fit(make_model(), X).score(X, y)


@pytest.fixture
def one_diverges(people):
    X = people[0].copy()
    X[2] *= 1e4
    return X


def test_divergence_names_the_subject(one_diverges, make_model):
    model = fit(make_model(), one_diverges)
    with pytest.raises(SimulationError, match=r"for subject 2: .* in-strength") as info:
        model.predict(one_diverges)
    assert info.value.simulation == 2


def test_divergence_may_be_nan_instead(one_diverges, make_model):
    model = fit(make_model(on_divergence="warn"), one_diverges)
    with pytest.warns(UserWarning, match="parameter set 2.*Its values are NaN"):
        predicted = model.predict(one_diverges)
    assert np.isnan(predicted).all(axis=1).tolist() == [False, False, True, False]
    healthy = np.delete(one_diverges, 2, axis=0)
    np.testing.assert_array_equal(
        np.delete(predicted, 2, axis=0), model.predict(healthy)
    )
    with pytest.warns(UserWarning, match="Its values are NaN"):
        scores = model.per_subject_scores(
            one_diverges, np.eye(N_NODES)[None].repeat(4, 0)
        )
    assert np.isnan(scores).tolist() == [False, False, True, False]


def test_other_simulators_and_bold_predict_too(people):
    simulator = WilsonCowan(
        duration=3000.0, dt=0.5, sigma=0.02, monitor=Bold(t_r=0.1), random_state=0
    )
    X, _ = people
    model = fit(WholeBrainRegressor(simulator, transient=1000.0), X)
    predicted = model.predict(X)
    assert predicted.shape == (N_SUBJECTS, N_PAIRS)
    assert np.ptp(predicted, axis=0).min() > 0  # people differ
