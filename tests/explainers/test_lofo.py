"""LOFO against its definition, closed forms, and its interval over new tables."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import log_loss
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeRegressor

import sipakit as sp
from sipakit.sample import folds_of
from tests.analytic import T1, T6
from tests.explainers import mixed
from tests.models import encoded, people


def noisy(X, seed=0, scale=1.0):
    return T1.predict(X) + np.random.default_rng([9, seed]).normal(scale=scale, size=len(X))


def by_hand(model, X, y, leave_out, *, n_folds, n_repeats=1, labels=None, loss=None, predict="predict"):
    """The definition: (folds, features) differences of the loss on rows held back."""
    rng, differences = np.random.default_rng(0), []
    for _ in range(n_repeats):
        fold = folds_of(np.ones(len(X)), labels, n_folds, rng)
        for number in range(n_folds):
            seen, unseen = fold != number, fold == number

            def lost(Z, seen=seen, unseen=unseen):
                fitted = clone(model).fit(Z[seen], y[seen])
                f = getattr(fitted, predict)(Z[unseen])
                return np.mean((y[unseen] - f) ** 2) if loss is None else loss(y[unseen], f)

            differences.append([lost(Z) - lost(X) for Z in leave_out])
    return np.array(differences)


# ---- the definition


@pytest.mark.parametrize("model", [LinearRegression(), DecisionTreeRegressor(random_state=3), KNeighborsRegressor()])
def test_it_is_the_difference_of_cross_validated_losses(model):
    X = T1.sample(100, np.random.default_rng(0))
    y = noisy(X)
    e = sp.LOFO(n_folds=4, n_repeats=3).explain(clone(model).fit(X, y), X, y)
    rises = by_hand(model, X, y, [X.drop(columns=name) for name in X], n_folds=4, n_repeats=3)
    np.testing.assert_allclose(e.values[:, 0], rises.mean(axis=0))
    np.testing.assert_allclose(e.std_error[:, 0], np.sqrt((1 / 12 + 1 / 3) * rises.var(axis=0, ddof=1)))
    assert e.cost.refits == 12 * 3
    assert e.cost.asked == 3 * 3 * 100


def test_classes_are_scored_by_log_loss_and_are_in_every_fold():
    X = T1.sample(120, np.random.default_rng(0))
    y = np.where(noisy(X) > 2.5, "rare", "usual")  # about one of seven
    model = LogisticRegression()
    e = sp.LOFO(n_folds=5, n_repeats=1).explain(clone(model).fit(X, y), X, y)
    codes = (y == "usual").astype(int)

    def loss(y, p):
        return log_loss(y, p, labels=["rare", "usual"])

    leave_out = [X.drop(columns=name) for name in X]
    rises = by_hand(model, X, y, leave_out, n_folds=5, labels=codes, loss=loss, predict="predict_proba")
    np.testing.assert_allclose(e.values[:, 0], rises.mean(axis=0))
    assert e.metrics == ("neg_log_loss",)


def test_a_group_is_left_out_together():
    X = T6.sample(200, np.random.default_rng(0))  # two equal columns
    y = X["x1"].to_numpy()
    model = LinearRegression().fit(X, y)
    alone = sp.LOFO().explain(model, X, y)
    together = sp.LOFO(groups={"both": ["x1", "x2"]}).explain(model, X, y)
    np.testing.assert_allclose(alone.values, 0, atol=1e-12)
    assert together.values[0, 0] == pytest.approx(y.var(), rel=0.05)
    assert together.cost.refits == 10 * 2


def test_a_pipeline_that_names_its_columns_is_given_constants():
    X, y = people(150)
    pipeline = make_pipeline(encoded(), LinearRegression())
    e = sp.LOFO(n_folds=3, n_repeats=1).explain(clone(pipeline).fit(X, y), X, y)
    assert "SIPA036" in {c.code for c in e.caveats}
    city = X["city"].mode()[0]
    rises = by_hand(pipeline, X, y, [X.assign(city=city)], n_folds=3)
    place = e.features.index("city")
    assert e.values[place, 0] == pytest.approx(rises.mean())
    plain = make_pipeline(StandardScaler(), LinearRegression())
    numbers = X[["height", "children"]]
    assert not sp.LOFO(n_folds=3).explain(clone(plain).fit(numbers, y), numbers, y).caveats


@pytest.mark.parametrize(
    ("estimator", "drops"),
    [
        (LinearRegression(), True),
        (HistGradientBoostingRegressor(), True),
        (HistGradientBoostingRegressor(categorical_features=["a"]), False),
        (HistGradientBoostingRegressor(monotonic_cst=[1, 0]), False),
        (make_pipeline(StandardScaler(), LinearRegression()), True),
        (make_pipeline(make_column_transformer((OneHotEncoder(), ["a"])), LinearRegression()), False),
        (make_pipeline(make_column_transformer((OneHotEncoder(), [0])), LinearRegression()), False),
    ],
)
def test_a_column_is_dropped_where_no_parameter_names_columns(estimator, drops):
    assert sp.adapt(estimator).drops_columns == drops


def test_dropping_a_column_and_making_it_constant_are_the_same_to_most_learners():
    X = T1.sample(200, np.random.default_rng(0))
    y = noisy(X)
    for free in (LinearRegression(), DecisionTreeRegressor(random_state=0), KNeighborsRegressor()):
        bound = make_pipeline(make_column_transformer(("passthrough", ["x1", "x2"])), free)
        values = [sp.LOFO().explain(clone(m).fit(X, y), X, y).values for m in (free, bound)]
        np.testing.assert_allclose(*values, rtol=1e-9)


def test_the_only_column_is_left_out_as_a_constant():
    X = np.random.default_rng(0).normal(size=(100, 1))
    y = 3 * X[:, 0]
    e = sp.LOFO().explain(LinearRegression().fit(X, y), X, y)
    assert e.values[0, 0] == pytest.approx(9 * X.var(), rel=0.1)


def test_refits_that_are_compared_have_the_same_random_state():
    X = T1.sample(150, np.random.default_rng(0)).assign(noise=0.0)
    y = noisy(X)
    forest = RandomForestRegressor(5, max_features=1.0).fit(X, y)  # random_state=None
    one, two = (sp.LOFO(n_repeats=1).explain(forest, X, y) for _ in range(2))
    np.testing.assert_array_equal(one.values, two.values)
    assert forest.random_state is None


def test_weights_reach_the_fits_and_the_scores():
    X = T1.sample(100, np.random.default_rng(0))
    y = noisy(X)
    weights = (np.arange(100) < 60).astype(float)
    for model in (LinearRegression(), make_pipeline(StandardScaler(), LinearRegression())):
        few = sp.LOFO(n_folds=3).explain(clone(model).fit(X, y), X.head(60), y[:60])
        e = sp.LOFO(n_folds=3).explain(clone(model).fit(X, y), X, y, sample_weight=weights)
        assert e.values[0, 0] == pytest.approx(few.values[0, 0], rel=0.3)  # other folds of the same 60 rows
    doubled = sp.LOFO().explain(LinearRegression().fit(X, y), X, y, sample_weight=np.full(100, 2.0))
    np.testing.assert_allclose(doubled.values, sp.LOFO().explain(LinearRegression().fit(X, y), X, y).values)
    with pytest.raises(sp.CapabilityError, match="takes none"):
        sp.LOFO().explain(KNeighborsRegressor().fit(X, y), X, y, sample_weight=weights)


# ---- closed forms


def test_lofo_of_least_squares_is_what_only_the_feature_tells():
    X = T1.sample(4000, np.random.default_rng(0))
    y = noisy(X)
    e = sp.LOFO().explain(LinearRegression().fit(X, y), X, y)
    limits = np.array([4, 1]) * (1 - 0.6**2)  # 2.56 and 0.64
    mixed.assert_within(e.values[:, 0], limits, e.std_error[:, 0])
    np.testing.assert_allclose(e.values[:, 0], limits, rtol=0.1)
    assert e.baseline[0] == pytest.approx(-1, rel=0.1)


def test_permutation_importance_of_least_squares_is_twice_the_variance_times_the_square():
    X = T1.sample(2000, np.random.default_rng(0))
    y = noisy(X)
    e = sp.LOFO(kind="permutation").explain(LinearRegression().fit(X, y), X, y)
    np.testing.assert_allclose(e.values[:, 0], [8, 2], rtol=0.1)
    assert e.cost.refits == 10


def coverage(kind, truth, runs, *, naive=False):
    hits = []
    for seed in range(runs):
        X = T1.sample(200, np.random.default_rng([5, seed]))
        y = noisy(X, seed)
        e = sp.LOFO(kind=kind, random_state=seed).explain(LinearRegression().fit(X, y), X, y)
        half = (e.estimate.upper - e.values) * (np.sqrt(0.1 / 0.35) if naive else 1)
        hits.append(np.abs(e.values - truth)[:, 0] <= half[:, 0])
    return np.mean(hits, axis=0)


def test_intervals_hold_the_truth_over_new_tables():
    assert (coverage("leave_out", [[2.56], [0.64]], 60) >= 0.88).all()


def test_intervals_of_permutation_hold_the_truth_less_often():
    """What the fits have in common is not in the spread of the folds; the page of the method says so."""
    assert (coverage("permutation", [[8], [2]], 60) >= 0.7).all()


def test_the_spread_of_the_folds_alone_would_be_too_small():
    assert (coverage("leave_out", [[2.56], [0.64]], 60, naive=True) < 0.9).all()


# ---- what it says


def test_it_says_what_it_is():
    X = T1.sample(60, np.random.default_rng(0))
    y = noisy(X)
    model = LinearRegression().fit(X, y)
    e = sp.LOFO(scoring=["r2", "neg_mean_absolute_error", lambda y, f: np.abs(y - f)]).explain(model, X, y)
    assert e.values.shape == (2, 3)
    np.testing.assert_allclose(e.values[:, 1], e.values[:, 2])
    assert e.baseline[0] > 0.5
    assert "5 folds, 2 times" in e.estimator
    assert "30 refits" in repr(e)
    other = sp.LOFO(kind="permutation").explain(model, X, y)
    assert "dealt among" in other.estimator


def test_more_folds_than_rows_leave_out_one_row_at_a_time():
    X = T1.sample(12, np.random.default_rng(0))
    y = noisy(X)
    e = sp.LOFO(n_folds=50, n_repeats=1).explain(LinearRegression().fit(X, y), X, y)
    assert e.cost.refits == 12 * 3
    for kind in ("leave_out", "permutation"):
        two = sp.LOFO(kind=kind).explain(LinearRegression().fit(X, y), X.head(2), y[:2])
        assert np.isfinite(two.values).all()
    with pytest.raises(sp.InputError, match="1 row with weight"):
        sp.LOFO().explain(LinearRegression().fit(X, y), X.head(1), y[:1])


def test_a_function_cannot_be_fitted_anew():
    X = np.eye(4)
    with pytest.raises(sp.CapabilityError, match="needs refits, and FunctionAdapter offers: prediction"):
        sp.LOFO().explain(lambda X: X[:, 0], X, X[:, 0])


def test_a_class_that_a_training_part_lacks_is_told():
    X = np.random.default_rng(0).normal(size=(20, 2))
    y = np.array(["a"] * 19 + ["b"])
    model = LogisticRegression().fit(X, y)
    with pytest.raises(sp.SipakitError, match=r"knows 1 of 2 classes|needs samples of at least 2 classes"):
        sp.LOFO().explain(model, X, y)


class Grumbling(RegressorMixin, BaseEstimator):
    """A learner that raises when it is fitted to less than 50 rows, and answers NaN to some."""

    def __init__(self, silent=False):
        self.silent = silent

    def fit(self, X, y):
        if len(X) < 50:
            message = "too few."
            raise RuntimeError(message)
        self.mean_ = np.mean(y)
        return self

    def predict(self, X):
        return np.where(self.silent & (np.asarray(X)[:, 0] > 2.2), np.nan, self.mean_)


def test_what_a_fit_raises_is_told():
    X = T1.sample(60, np.random.default_rng(0))
    model = Grumbling().fit(X, X["x1"])
    with pytest.raises(sp.PredictionError, match="A model fitted anew raised RuntimeError: too few"):
        sp.LOFO(n_folds=2).explain(model, X, X["x1"])


def test_rows_without_an_answer_are_left_out_of_the_fits_too():
    X = T1.sample(200, np.random.default_rng(0))
    model = Grumbling(silent=True).fit(X, X["x1"])
    e = sp.LOFO().explain(model, X, X["x1"], on_bad="drop")
    np.testing.assert_allclose(e.values, 0, atol=1e-12)
    assert "SIPA018" in {c.code for c in e.caveats}


@pytest.mark.parametrize("kind", ["leave_out", "permutation"])
def test_workers_do_not_change_a_bit(kind):
    X, y = people(120)
    model = make_pipeline(encoded(), RandomForestRegressor(5)).fit(X, y)
    one, two = (sp.LOFO(kind=kind, n_repeats=1).explain(model, X, y, n_jobs=n) for n in (1, 2))
    np.testing.assert_array_equal(one.values, two.values)
    np.testing.assert_array_equal(one.std_error, two.std_error)


def test_missing_cells_and_categories_pass_through():
    lightgbm = pytest.importorskip("lightgbm")
    X = mixed.table(200).drop(columns=["when", "text"])
    y = mixed.score(mixed.table(200))
    model = lightgbm.LGBMRegressor(n_estimators=10, verbose=-1, n_jobs=1).fit(X, y)
    e = sp.LOFO(n_folds=3, n_repeats=1).explain(model, X, y)
    assert e.values[e.features.index("same"), 0] == 0
    assert not {c.code for c in e.caveats} & {"SIPA036"}
    assert isinstance(e.frame(), pd.DataFrame)
