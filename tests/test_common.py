"""Conventions that hold for every public estimator, scikit-learn's own included."""

import re
import runpy
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import NotFittedError
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import (
    estimator_checks_generator,
    parametrize_with_checks,
)

from skneuro.utils._testing import kind_of, public_objects

MOST_EXEMPTED_CHECKS = 5

ESTIMATORS, EXPECTED_FAILED_CHECKS, DATA = [], {}, {}
for path in sorted((Path(__file__).parent / "estimators").glob("[!_]*.py")):
    declared = runpy.run_path(str(path))
    ESTIMATORS += declared["ESTIMATORS"]
    EXPECTED_FAILED_CHECKS |= declared["EXPECTED_FAILED_CHECKS"]
    DATA |= declared.get("DATA", {})

PUBLIC_ESTIMATORS = {
    address: value
    for address, value in public_objects().items()
    if kind_of(value) == "Estimators"
}
# Parameters of other estimators, such as monitors: nothing to fit.
PUBLIC_SETTINGS = {
    address: value
    for address, value in public_objects().items()
    if kind_of(value) == "Classes" and issubclass(value, BaseEstimator)
}


def expected_failed_checks(estimator):
    return EXPECTED_FAILED_CHECKS.get(type(estimator).__name__, {})


def each_estimator(estimators=None):
    """Parametrise a test over instances, named by their class."""
    return pytest.mark.parametrize(
        "estimator",
        ESTIMATORS if estimators is None else estimators,
        ids=lambda estimator: type(estimator).__name__,
    )


def make_data(estimator):
    """Data that suit the estimator: nine channels, which are also 3 x 3 matrices."""
    if type(estimator).__name__ in DATA:
        return DATA[type(estimator).__name__]()
    rng = np.random.default_rng(0)
    return rng.uniform(size=(12, 9)), rng.uniform(size=12)


@parametrize_with_checks(ESTIMATORS, expected_failed_checks=expected_failed_checks)
def test_scikit_learn_contract(estimator, check):
    check(estimator)


@pytest.mark.parametrize("address", PUBLIC_ESTIMATORS)
def test_every_public_estimator_is_checked(address):
    checked = {type(estimator) for estimator in ESTIMATORS}
    assert PUBLIC_ESTIMATORS[address] in checked, (
        f"{address} is public, but no file of tests/estimators has an instance of it"
    )


@each_estimator()
def test_few_checks_are_exempted_and_each_for_a_reason(estimator):
    exempted = expected_failed_checks(estimator)
    assert len(exempted) <= MOST_EXEMPTED_CHECKS
    for check, reason in exempted.items():
        words = re.findall(r"[A-Za-z]{2,}", reason)
        assert len(words) >= 5, f"{check}: {reason!r} does not explain"
        assert "todo" not in reason.lower(), f"{check}: {reason!r} is a plan"


@each_estimator([e for e in ESTIMATORS if expected_failed_checks(e)])
def test_exempted_checks_exist(estimator):
    names = {
        getattr(check, "func", check).__name__
        for _, check in estimator_checks_generator(clone(estimator))
    }
    assert set(expected_failed_checks(estimator)) <= names


def test_exemptions_name_checked_estimators():
    names = {type(estimator).__name__ for estimator in ESTIMATORS}
    assert set(EXPECTED_FAILED_CHECKS) <= names
    assert set(DATA) <= names


@each_estimator()
def test_two_d_input_stays_allowed(estimator):
    # switched off, scikit-learn runs one single check
    assert get_tags(estimator).input_tags.two_d_array


@each_estimator()
def test_docstring_says_what_two_d_input_means(estimator):
    tags = get_tags(estimator).input_tags
    if not tags.three_d_array:
        pytest.skip("takes tables only")
    text = " ".join(
        (type(estimator).__doc__ + (type(estimator).fit.__doc__ or "")).split()
    )
    assert re.search(r"2-D|two-dimensional", text), (
        f"{type(estimator).__name__} takes 3-D input; say in its docstring what "
        "2-D input means"
    )


@each_estimator()
def test_transform_before_fit_says_so(estimator):
    if not get_tags(estimator).requires_fit or not hasattr(estimator, "transform"):
        pytest.skip("needs no fit, or has no transform")
    X, _ = make_data(estimator)
    with pytest.raises(NotFittedError):
        clone(estimator).transform(X)


@each_estimator()
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_predictions_have_the_dtype_of_y(estimator, dtype):
    if (
        not hasattr(estimator, "predict")
        or get_tags(estimator).estimator_type != "regressor"
    ):
        pytest.skip("not a regressor")
    X, y = make_data(estimator)
    prediction = clone(estimator).fit(X, np.asarray(y, dtype)).predict(X)
    assert prediction.dtype == dtype


@each_estimator()
def test_transformed_data_are_floats_of_the_promised_precision(estimator):
    if not hasattr(estimator, "transform"):
        pytest.skip("has no transform")
    X, y = make_data(estimator)
    if "dtype" not in estimator.get_params(deep=False):
        assert np.asarray(clone(estimator).fit(X, y).transform(X)).dtype.kind == "f"
        return
    for dtype in ("float32", "float64"):
        model = clone(estimator).set_params(dtype=dtype).fit(X, y)
        assert np.asarray(model.transform(X)).dtype == dtype


@each_estimator()
def test_feature_names_only_for_tables(estimator):
    if not hasattr(estimator, "transform"):
        pytest.skip("has no transform")
    X, y = make_data(estimator)
    model = clone(estimator).fit(X, y)
    output = np.asarray(model.transform(X))
    if output.ndim == 2 and hasattr(model, "get_feature_names_out"):
        assert len(model.get_feature_names_out()) == output.shape[1]
    elif output.ndim != 2:
        assert not hasattr(model, "get_feature_names_out")


@each_estimator()
def test_every_parameter_has_constraints(estimator):
    constrained = set(type(estimator)._parameter_constraints)
    assert constrained == set(estimator.get_params(deep=False))


@pytest.mark.parametrize("address", PUBLIC_SETTINGS)
def test_settings_clone_and_keep_their_parameters(address):
    setting = PUBLIC_SETTINGS[address]()
    copy = clone(setting)
    assert copy is not setting
    assert copy.get_params() == setting.get_params()
