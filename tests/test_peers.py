"""The same numbers as scikit-learn's inspection module, for models that people use."""

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

import sipakit as sp


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Small batches gain nothing from threads, and lose much where other work runs beside."""
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="module")
def bike():
    """Numbers only, since scikit-learn's partial dependence wants floats."""
    X, y = sp.datasets.bike()
    rng = np.random.default_rng(0)
    rows = rng.permutation(len(X))
    X = X.drop(columns=["season", "weather"]).astype(float)
    return X.iloc[rows[:4000]], y.iloc[rows[:4000]], X.iloc[rows[4000:4600]], y.iloc[rows[4000:4600]]


def boosters():
    yield pytest.param("sklearn", id="HistGradientBoosting")
    yield pytest.param("lightgbm", id="LightGBM", marks=pytest.mark.peer)
    yield pytest.param("xgboost", id="XGBoost", marks=pytest.mark.peer)


def regressor(library):
    if library == "lightgbm":
        return pytest.importorskip("lightgbm").LGBMRegressor(n_estimators=60, verbose=-1, n_jobs=1)
    if library == "xgboost":
        return pytest.importorskip("xgboost").XGBRegressor(n_estimators=60, n_jobs=1)
    return HistGradientBoostingRegressor(max_iter=60, random_state=0)


@pytest.fixture(scope="module", params=boosters())
def boosted(request, bike):
    X, y, *_ = bike
    return regressor(request.param).fit(X, y)


def theirs_of(model, X, feature, kind="average", **options):
    """scikit-learn's curves at every value of the column."""
    found = partial_dependence(
        model, X, [feature], kind=kind, method="brute", percentiles=(0, 1), grid_resolution=1000, **options
    )
    return found["grid_values"][0], found[kind]


@pytest.mark.parametrize("feature", ["hour", "weekday", "temp"])
def test_partial_dependence_and_ice(boosted, bike, feature):
    *_, X, _ = bike
    grid, individual = theirs_of(boosted, X, feature, "individual")
    average = individual.astype(float).mean(axis=1)  # scikit-learn adds XGBoost's float32 up as they are
    if individual.dtype == float:
        np.testing.assert_allclose(theirs_of(boosted, X, feature)[1], average)
    pdp = sp.PartialDependence(features=[feature], grid_resolution="all").explain(boosted, X)
    ice = sp.ICE(features=[feature], grid_resolution="all").explain(boosted, X)
    np.testing.assert_array_equal(pdp.axes[0].positions, grid)
    np.testing.assert_allclose(pdp.values[0][:, 0], average[0], rtol=0, atol=1e-9 * np.abs(average).max())
    np.testing.assert_allclose(ice.values[0][:, :, 0], individual[0], rtol=0, atol=1e-9 * np.abs(individual).max())


def test_weighted_partial_dependence(bike):
    X, y, few, _ = bike
    model = regressor("sklearn").fit(X, y)
    weights = np.random.default_rng(0).exponential(size=len(few))
    grid, average = theirs_of(model, few, "hour", sample_weight=weights)
    e = sp.PartialDependence(features=["hour"], grid_resolution="all").explain(model, few, sample_weight=weights)
    np.testing.assert_array_equal(e.axes[0].positions, grid)
    np.testing.assert_allclose(e.values[0][:, 0], average[0], rtol=1e-9)


@pytest.mark.parametrize("scoring", ["neg_mean_squared_error", "r2"])
def test_permutation_importance_of_a_regressor(boosted, bike, scoring):
    *_, X, y = bike
    features = ["hour", "temp", "year", "humidity", "holiday"]
    theirs = permutation_importance(boosted, X, y, scoring=scoring, n_repeats=15, random_state=0)
    ours = sp.PermutationImportance(features=features, scoring=scoring).explain(boosted, X, y)
    at = [list(X.columns).index(name) for name in features]
    mean, spread = theirs.importances_mean[at], theirs.importances_std[at] / np.sqrt(15)
    error = np.hypot(ours.estimate.parts["std_error_shuffles"][:, 0], spread)
    gap = np.abs(ours.values[:, 0] - mean)
    assert (gap < 4.5 * error + mean / len(X)).all()  # a row is among its own donors here, and not there
    assert ours.baseline[0] == pytest.approx(_score(boosted, X, y, scoring))


def _score(model, X, y, scoring):
    from sklearn.metrics import get_scorer

    return get_scorer(scoring)(model, X, y)


@pytest.mark.parametrize(
    "model",
    [
        pytest.param(LogisticRegression(max_iter=1000), id="logistic"),
        pytest.param(RandomForestClassifier(30, random_state=0), id="forest"),
        pytest.param(HistGradientBoostingClassifier(max_iter=10, random_state=0), id="boosting"),
    ],
)
@pytest.mark.parametrize("labels", ["two", "three"])
def test_classifiers(model, labels):
    X, y = load_iris(return_X_y=True, as_frame=True)
    X, y = (X, y) if labels == "three" else (X, y == 1)
    model = model.fit(X, y)
    name = "petal length (cm)"
    grid, average = theirs_of(model, X, name, response_method="predict_proba")
    pdp = sp.PartialDependence(features=[name], grid_resolution="all").explain(model, X)
    np.testing.assert_array_equal(pdp.axes[0].positions, grid)
    np.testing.assert_allclose(pdp.values[0].T, average, rtol=0, atol=1e-9)
    area = ["roc_auc"] if labels == "two" else ["roc_auc_ovr"] * isinstance(model, LogisticRegression)
    for scoring in ["neg_log_loss", "accuracy", *area]:
        theirs = permutation_importance(model, X, y, scoring=scoring, n_repeats=12, random_state=0)
        ours = sp.PermutationImportance(scoring=scoring).explain(model, X, y)
        spread = theirs.importances_std / np.sqrt(12)
        error = np.hypot(ours.estimate.parts["std_error_shuffles"][:, 0], spread)
        gap = np.abs(ours.values[:, 0] - theirs.importances_mean)
        assert (gap < 4.5 * error + 0.02 * np.abs(theirs.importances_mean) + 1e-9).all(), scoring
        assert ours.baseline[0] == pytest.approx(_score(model, X, y, scoring))


def test_individual_curves_of_a_classifier():
    X, y = load_iris(return_X_y=True, as_frame=True)
    model = LogisticRegression(max_iter=1000).fit(X, y)
    name = "sepal width (cm)"
    _, individual = theirs_of(model, X, name, "individual", response_method="predict_proba")
    ice = sp.ICE(features=[name], grid_resolution="all").explain(model, X)
    np.testing.assert_allclose(ice.values[0].transpose(2, 0, 1), individual, atol=1e-9)
