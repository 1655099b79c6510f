"""The refit null of H statistics: its targets, its statistics by hand, and how often it is wrong."""

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

import sipakit as sp
from sipakit.documents import loads
from tests.models import encoded, people

SIGNS = (-1, 1)
SEEN = []  # what every clone was fitted to, in order


class Watched(LinearRegression):
    """Least squares that tell what they were fitted to."""

    def fit(self, X, y, sample_weight=None):
        SEEN.append((np.array(X), np.array(y), sample_weight))
        return super().fit(X, y, sample_weight)


class WatchedOdds(LogisticRegression):
    """A logistic regression that tells what it was fitted to."""

    def fit(self, X, y, sample_weight=None):
        SEEN.append((np.array(X), np.array(y), sample_weight))
        return super().fit(X, y, sample_weight)


class WatchedTree(DecisionTreeRegressor):
    """A tree that tells what it was fitted to."""

    def fit(self, X, y, **settings):
        SEEN.append((np.array(X), np.array(y), None))
        return super().fit(X, y, **settings)


class Picky(BaseEstimator, RegressorMixin):
    """A tree without an answer in one corner."""

    def fit(self, X, y):
        self.tree_ = DecisionTreeRegressor(max_depth=3, random_state=0).fit(X, y)
        return self

    def predict(self, X):
        return np.where((X[:, 0] > 1) & (X[:, 1] < -1), np.nan, self.tree_.predict(X))


def table(n=80, p=3, seed=0):
    rng = np.random.default_rng([3, seed])
    X = rng.normal(size=(n, p))
    return X, X[:, 0] + X[:, 1], rng.normal(size=n)


def with_null(n_refits, **settings):
    return sp.HStatistic(null="refit", n_refits=n_refits, **{"n_draws": 12, **settings})


def fits_of(model, X, y, explainer, **settings):
    """The result, and what the refits were fitted to."""
    fitted = clone(model).fit(X, y)
    SEEN.clear()
    return explainer.explain(fitted, X, y, **settings), list(SEEN)


def by_set(e, part):
    return dict(zip(e.sets, e.estimate.parts[part][:, 0], strict=True))


# ---- targets


def test_a_target_is_the_additive_fit_with_its_residuals_dealt_anew():
    X, y, noise = table()
    _, fits = fits_of(Watched(), X, y + noise, with_null(3))
    own = LinearRegression().fit(X, y + noise)  # additive, so its additive fit is its predictions
    residuals = y + noise - own.predict(X)
    assert len(fits) == 3
    for rows, target, weights in fits:
        np.testing.assert_array_equal(rows, X)
        assert weights is None
        np.testing.assert_allclose(np.sort(target - own.predict(X)), np.sort(residuals), atol=1e-9)
    assert len({target.tobytes() for _, target, _ in fits}) == 3


def test_columns_that_are_in_no_feature_have_their_effect():
    X, y, noise = table()
    _, (first,) = fits_of(Watched(), X, y + noise, with_null(1, features=["x0", "x2"]))
    own = LinearRegression().fit(X, y + noise)
    np.testing.assert_allclose(np.sort(first[1] - own.predict(X)), np.sort(y + noise - own.predict(X)), atol=1e-9)


def test_the_interaction_of_the_model_is_not_in_the_additive_fit():
    X = np.random.default_rng(0).choice([-1.0, 1.0], size=(400, 2))
    y = X[:, 0] * X[:, 1] + X[:, 0]
    _, (first,) = fits_of(WatchedTree(), X, y, with_null(1, n_draws=20))
    by_cell = np.array([[first[1][(X[:, 0] == i) & (X[:, 1] == j)].mean() for j in SIGNS] for i in SIGNS])
    assert abs(by_cell[0, 0] - by_cell[0, 1] - by_cell[1, 0] + by_cell[1, 1]) < 0.5  # of the table itself: 4
    assert by_cell[1].mean() - by_cell[0].mean() == pytest.approx(2, abs=0.3)


def test_weights_deal_residuals_in_their_proportion_and_leave_out_rows_without_any():
    X, y, noise = table(600)
    weights = np.repeat([0.0, 1.0, 5.0], 200)
    noise[400:] += 3  # heavy rows have high residuals
    fitted = Watched().fit(X, y)
    SEEN.clear()
    with_null(8).explain(fitted, X, y + noise, sample_weight=weights)
    for rows, target, given in SEEN:
        np.testing.assert_array_equal(rows, X[200:])
        np.testing.assert_array_equal(given, weights[200:])
        high = target - fitted.predict(X[200:]) > 1.5
        assert high.mean() == pytest.approx(np.average(noise[200:] > 1.5, weights=weights[200:]), abs=0.02)


def test_labels_are_drawn_from_the_probabilities_of_the_additive_fit():
    X, y, noise = table(300)
    labels = np.where(y + noise > 0, "yes", "no")
    e, fits = fits_of(WatchedOdds(), X, labels, with_null(50, order=1, n_draws=2))
    p = LogisticRegression().fit(X, labels).predict_proba(X)[:, 1]
    drawn = np.mean([target == "yes" for _, target, _ in fits], axis=0)
    z = (drawn - p) / np.sqrt(p * (1 - p) / 50)
    assert np.sqrt(np.mean(z**2)) == pytest.approx(1, abs=0.2)
    assert e.outputs == ("yes",)


def test_a_rare_class_is_in_every_target():
    X, _, _ = table(60)
    labels = (X[:, 0] >= np.sort(X[:, 0])[-2]).astype(int)
    e = with_null(20, order=1).explain(LogisticRegression(C=0.01).fit(X, labels), X, labels)
    assert e.cost.refits == 20


# ---- statistics


@pytest.mark.parametrize(
    "settings", [{"estimator": "pairs"}, {"estimator": "incomplete"}, {"order": 3}, {"background": 1}]
)
def test_a_refit_is_measured_like_the_model(settings):
    X, y, noise = table()
    if "background" in settings:
        settings = {"background": np.random.default_rng(5).normal(size=(30, 3))}
    explainer = with_null(1, conf_level=0.5, **settings)  # the median of one refit is that refit
    e, (first,) = fits_of(WatchedTree(max_depth=4, random_state=1), X, y + noise, explainer)
    again = DecisionTreeRegressor(max_depth=4, random_state=1).fit(X, first[1])
    plain = sp.HStatistic(n_draws=12, conf_level=0.5, **settings)
    np.testing.assert_allclose(e.estimate.parts["null_upper"], plain.explain(again, X).values, atol=1e-9)
    own = plain.explain(WatchedTree(max_depth=4, random_state=1).fit(X, y + noise), X)
    np.testing.assert_array_equal(e.values, own.values)
    np.testing.assert_array_equal(e.estimate.lower, own.estimate.lower)


def test_the_p_value_counts_refits_and_its_interval_is_exact():
    X, y, noise = table()
    e = with_null(19).explain(DecisionTreeRegressor(max_depth=3).fit(X, y + noise), X, y + noise)
    parts = {name: part[:, 0] for name, part in e.estimate.parts.items()}
    above = np.round(parts["p_value"] * 20 - 1).astype(int)
    assert len(set(above.tolist())) > 2
    for i, count in enumerate(above.tolist()):
        low, high = binomtest(count, 19).proportion_ci(0.95, "exact")
        assert (parts["p_lower"][i], parts["p_upper"][i]) == pytest.approx((low, high), abs=1e-12)
        assert (e.values[i, 0] > parts["null_upper"][i]) == (parts["p_value"][i] <= 0.05 + 1e-12)
    assert {"null_upper", "p_value", "p_lower", "p_upper"} <= set(e.frame())


def test_a_model_that_is_additive_invents_nothing():
    X, y, noise = table()
    stumps = GradientBoostingRegressor(max_depth=1, n_estimators=20).fit(X, y + noise)
    lines = LinearRegression().fit(X, y + noise)
    for model in (stumps, lines):
        e = with_null(5).explain(model, X, y + noise)
        assert (e.estimate.parts["p_value"] == 1).all()
        assert (e.estimate.parts["p_lower"] > 0.4).all()


def test_a_product_is_more_than_a_learner_invents():
    X, _, noise = table(200)
    y = X[:, 0] * X[:, 1] + X[:, 2] + 0.3 * noise
    model = GradientBoostingRegressor(max_depth=3, n_estimators=20, random_state=0).fit(X, y)
    e = with_null(19, features=["x0", "x1"]).explain(model, X, y)
    assert by_set(e, "p_value")["x0", "x1"] == 0.05
    assert e.values[e.sets.index(("x0", "x1")), 0] > 1.5 * by_set(e, "null_upper")["x0", "x1"]


def test_p_values_of_an_additive_truth_are_spread_out():
    p_values = []
    for seed in range(20):
        X, y, noise = table(60, p=2, seed=seed)
        model = DecisionTreeRegressor(max_depth=3, random_state=0).fit(X, y + noise)
        e = with_null(9, n_draws=8, random_state=seed).explain(model, X, y + noise)
        p_values.append(by_set(e, "p_value")["x0", "x1"])
    assert 0.3 < np.mean(p_values) < 0.8
    assert np.mean(np.array(p_values) <= 0.1) < 0.3
    assert np.mean(np.array(p_values) > 0.5) > 0.2


# ---- how it runs


def test_any_number_of_workers_gives_the_same_bits():
    X, y, noise = table()
    model = DecisionTreeRegressor(max_depth=3, max_features=2).fit(X, y + noise)
    one, two = (with_null(4).explain(model, X, y + noise, n_jobs=jobs) for jobs in (1, 2))
    for name, part in one.estimate.columns().items():
        np.testing.assert_array_equal(part, two.estimate.columns()[name])
    assert one.cost.refits == two.cost.refits == 4


def test_a_model_of_open_randomness_gets_a_seed_for_each_refit():
    X, y, noise = table()
    model = DecisionTreeRegressor(max_features=1, max_depth=3).fit(X, y + noise)
    one, two = (with_null(4).explain(model, X, y + noise) for _ in range(2))
    np.testing.assert_array_equal(one.estimate.parts["null_upper"], two.estimate.parts["null_upper"])


def test_a_plan_counts_refits_and_a_budget_covers_all_or_is_refused():
    X, y, noise = table()
    model = DecisionTreeRegressor(max_depth=3).fit(X, y + noise)
    explainer = with_null(5)
    plan, e = explainer.plan(model, X, y + noise), explainer.explain(model, X, y + noise)
    assert plan.refits == e.cost.refits == 5
    assert "5 refits" in str(plan)
    assert plan.rows == e.cost.asked + len(X)
    enough = plan.rows + e.cost.check_rows
    explainer.explain(model, X, y + noise, budget=enough)
    with pytest.raises(sp.BudgetError, match="HStatistic asks for up to"):
        explainer.explain(model, X, y + noise, budget=enough - 1)
    with pytest.raises(sp.BudgetError, match=r"HStatistic would take about .*, with 5 refits"):
        explainer.explain(model, X, y + noise, budget="1ms")
    assert not explainer.plan(model, X, y + noise, budget=plan.rows - 1).fits


def test_missing_cells_and_strings_travel_to_the_refits():
    X, y = people(150)
    X.loc[::7, "height"] = np.nan
    model = make_pipeline(encoded(), HistGradientBoostingRegressor(max_iter=5)).fit(X, np.nan_to_num(y))
    e = with_null(3, order=1, n_draws=8).explain(model, X, y)
    assert np.isfinite(e.estimate.parts["p_value"]).all()
    assert e.cost.refits == 3


def test_rows_without_an_answer_are_left_out_of_model_and_refits_alike():
    X, y, noise = table(200)
    fitted = Picky().fit(X, y + noise)
    e = with_null(5, estimator="incomplete").explain(fitted, X, y + noise, on_bad="drop")
    assert "SIPA018" in {one.code for one in e.caveats}
    assert np.isfinite(e.estimate.parts["p_value"]).all()
    assert "null by 5 refits" in e.estimator


def test_three_classes_and_log_odds():
    X, y, noise = table(150)
    labels = np.digitize(y + noise, [-1, 1])
    model = DecisionTreeClassifier(max_depth=3, random_state=0).fit(X, labels)
    e = with_null(3, order=1).explain(model, X, labels)
    assert e.estimate.parts["p_value"].shape == (3, 3)
    e = with_null(3, order=1, output="log_odds").explain(model, X, labels)
    assert e.scale == "log_odds"
    assert (e.estimate.parts["p_value"] <= 1).all()


def test_two_targets_keep_their_residuals_together():
    X, y, noise = table()
    both = np.column_stack([y + noise, y - noise])
    _, (first,) = fits_of(Watched(), X, both, with_null(1))
    left = first[1] - LinearRegression().fit(X, both).predict(X)
    residuals = both - LinearRegression().fit(X, both).predict(X)
    order, own = np.argsort(left[:, 0]), np.argsort(residuals[:, 0])
    np.testing.assert_allclose(left[order], residuals[own], atol=1e-9)


# ---- what is told, and refused


def test_few_refits_are_told():
    X, y, noise = table()
    model = DecisionTreeRegressor(max_depth=3).fit(X, y + noise)
    few = with_null(9).explain(model, X, y + noise)
    (told,) = [one for one in few.caveats if one.code == "SIPA043"]
    assert "no p-value is below 0.1" in told.message
    assert "n_refits=19" in told.cure
    assert np.isinf(few.estimate.parts["null_upper"]).all()
    enough = with_null(19).explain(model, X, y + noise)
    assert not [one for one in enough.caveats if one.code == "SIPA043"]
    assert np.isfinite(enough.estimate.parts["null_upper"]).all()


def test_it_says_what_it_did_and_travels():
    X, y, noise = table()
    e = with_null(19).explain(DecisionTreeRegressor(max_depth=3).fit(X, y + noise), X, y + noise)
    assert "null by 19 refits to targets without interactions" in e.estimator
    assert "p-value" in repr(e)
    assert "19 refits" in repr(e)
    back = loads(e.to_json().encode(), "it")
    for name, part in e.estimate.parts.items():
        np.testing.assert_array_equal(back.estimate.parts[name], part)
    assert back.to_json() == e.to_json()


def test_without_a_null_nothing_is_fitted_or_needed():
    X, y, noise = table()
    e, fits = fits_of(Watched(), X, y + noise, sp.HStatistic(n_draws=12))
    assert not fits
    assert e.invented is None
    assert "p_value" not in e.frame()
    assert not sp.HStatistic().requires()


@pytest.mark.parametrize(
    ("settings", "words"),
    [({"null": "other"}, "null='other'"), ({"n_refits": 0}, "n_refits=0"), ({"null": True}, "null=True")],
)
def test_wrong_parameters_are_refused(settings, words):
    with pytest.raises(sp.InputError, match=words):
        sp.HStatistic(**settings)


def test_what_it_cannot_do_is_refused_with_a_cure():
    X, y, noise = table()
    labels = np.digitize(y + noise, [-1, 1])
    with pytest.raises(sp.InputError, match="HStatistic needs y"):
        with_null(3).explain(LinearRegression().fit(X, y), X)
    with pytest.raises(sp.CapabilityError, match="Use PermutationImportance, or no null, here"):
        with_null(3).explain(lambda X: X[:, 0], X, y)
    with pytest.raises(sp.CapabilityError, match="needs refits, and FunctionAdapter offers: prediction"):
        with_null(3).explain(lambda X: X[:, 0], X, y)
    several = DecisionTreeClassifier(max_depth=2).fit(X, labels)
    with pytest.raises(sp.InputError, match="labels of 3 classes, and output= names 1"):
        with_null(3, output=["1"]).explain(several, X, labels)
    with pytest.raises(sp.InputError, match="the explained outputs are scores"):
        with_null(3, output="score").explain(LogisticRegression().fit(X, labels), X, labels)
