"""Permutation importance against its definition, closed forms and its own errors."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss, make_scorer, mean_squared_error, r2_score, roc_auc_score

import sipakit as sp
from sipakit.aggregate.losses import increase
from sipakit.explainers.dealing import dealt_within
from sipakit.sample import balanced_shuffles, strata_of
from sipakit.table import Table
from tests import brute
from tests.analytic import ALL, T1, T2, T5, T6, T9
from tests.explainers import mixed

CLOSED = [pytest.param(model, id=type(model).__name__) for model in ALL]


def squared(y, f):
    return (np.asarray(y) - f) ** 2


def noisy(X, seed=0):
    return mixed.score(X) + np.random.default_rng(seed).normal(size=len(X))


def all_pairs(predict, X, y, feature, loss=squared, weights=None):
    return brute.permutation_importance_all_pairs(predict, X, y, loss, feature, weights=weights)


@pytest.fixture(scope="module")
def classes():
    """Three classes, a model of them, and labels drawn from it."""
    X = mixed.table(60)
    p = mixed.probabilities(X)
    draws = np.random.default_rng(0).random(60)
    y = np.array(["a", "b", "c"])[(draws[:, None] > np.cumsum(p, axis=1)).sum(axis=1)]
    return X, y, sp.adapt(mixed.probabilities, classes=["a", "b", "c"])


# ---- the definition


@pytest.mark.parametrize("weighted", [False, True])
def test_as_many_repeats_as_rows_are_all_pairs(weighted):
    X = mixed.table(40)
    y = noisy(X)
    weights = np.random.default_rng(1).integers(0, 4, 40).astype(float) if weighted else None
    e = sp.PermutationImportance(n_repeats=40).explain(mixed.score, X, y, sample_weight=weights)
    truth = [all_pairs(mixed.score, X, y, name, weights=weights) for name in mixed.NAMES]
    np.testing.assert_allclose(e.values[:, 0], truth, atol=1e-9)
    assert (e.estimate.parts["std_error_shuffles"] == 0).all()


def test_more_repeats_than_rows_cost_no_more():
    X = T1.sample(30, np.random.default_rng(0))
    y = T1.predict(X)
    some, many = (sp.PermutationImportance(n_repeats=n, features=["x1"]).explain(T1.predict, X, y) for n in (30, 1000))
    np.testing.assert_array_equal(some.values, many.values)
    assert some.cost.rows == many.cost.rows == 30 + 30 * 29


@pytest.mark.parametrize("name", ["whole", "text", "level", "size", "flag", "same"])
def test_few_values_are_dealt_in_full(name):
    X = mixed.table(200)
    y = noisy(X)
    e = sp.PermutationImportance(features=[name], n_repeats=5).explain(mixed.score, X, y)
    assert e.values[0, 0] == pytest.approx(all_pairs(mixed.score, X, y, name), abs=1e-9)
    assert e.estimate.parts["std_error_shuffles"][0, 0] == 0
    assert e.cost.rows <= 200 + 200 * (X[name].nunique(dropna=False) - 1)


def test_a_group_is_dealt_together():
    X = mixed.table(40)
    y = noisy(X)
    groups = {"pair": ["number", "when"]}
    e = sp.PermutationImportance(groups=groups, n_repeats=40).explain(mixed.score, X, y)
    assert set(e.features) == {"whole", "text", "level", "size", "flag", "same", "pair"}
    value = e.frame().set_index("feature")["estimate"]["pair"]
    assert value == pytest.approx(all_pairs(mixed.score, X, y, ["number", "when"]), abs=1e-9)


def test_a_group_of_equal_columns_keeps_them_equal():
    X = T6.sample(50, np.random.default_rng(0))
    e = sp.PermutationImportance(groups={"both": ["x1", "x2"]}, n_repeats=50).explain(T6.predict, X, T6.predict(X))
    assert e.values[0, 0] == pytest.approx(2 * X["x1"].var(ddof=0))


def test_three_classes_by_log_loss(classes):
    X, y, model = classes

    def loss(y, p):
        return -np.log(p[np.arange(len(y)), np.searchsorted(["a", "b", "c"], y)])

    e = sp.PermutationImportance(n_repeats=60).explain(model, X, y)
    truth = [all_pairs(mixed.probabilities, X, y, name, loss) for name in mixed.NAMES]
    np.testing.assert_allclose(e.values[:, 0], truth, atol=1e-9)
    assert e.metrics == ("neg_log_loss",)
    assert e.baseline[0] == pytest.approx(-log_loss(y, mixed.probabilities(X)))


def test_zero_one_loss_of_two_classes():
    X, weights = T9.population()
    y = T9.predict(X).astype(int)

    def model(X):
        return np.column_stack([1 - T9.predict(X), T9.predict(X)])

    e = sp.PermutationImportance(scoring="accuracy").explain(
        sp.adapt(model, classes=[0, 1]), X, y, sample_weight=weights
    )
    np.testing.assert_allclose(e.values[:, 0], [0.5, 0])
    np.testing.assert_allclose(e.baseline, [1.0])


def test_several_outputs_of_a_regressor():
    X = mixed.table(40)
    y = mixed.scores(X) + 1
    e = sp.PermutationImportance(features=["whole"], n_repeats=40).explain(mixed.scores, X, y)
    truth = all_pairs(mixed.scores, X, y, "whole", lambda y, f: squared(y, f).mean(axis=1))
    assert e.values[0, 0] == pytest.approx(truth, abs=1e-9)


def test_weights_are_rows_given_again():
    X = mixed.table(20)
    y = noisy(X)
    weights = np.random.default_rng(0).integers(1, 4, 20)
    twice, target = X.loc[X.index.repeat(weights)], np.repeat(y, weights)
    e = sp.PermutationImportance(n_repeats=1000).explain(mixed.score, X, y, sample_weight=weights.astype(float))
    other = sp.PermutationImportance(n_repeats=1000).explain(mixed.score, twice, target)
    np.testing.assert_allclose(e.values, other.values, atol=1e-12)


def test_a_row_of_weight_zero_counts_for_nothing():
    X = mixed.table(60)
    y = noisy(X)
    weights = (np.arange(60) < 40).astype(float)
    e = sp.PermutationImportance(n_repeats=100).explain(mixed.score, X, y, sample_weight=weights)
    few = sp.PermutationImportance(n_repeats=100).explain(mixed.score, X.head(40), y[:40])
    np.testing.assert_allclose(e.values, few.values, atol=1e-12)
    np.testing.assert_allclose(e.std_error, few.std_error, atol=1e-12)


def test_an_unused_feature_is_exactly_unimportant():
    X = mixed.table(100).assign(extra=np.random.default_rng(0).normal(size=100))
    for scoring in (None, "r2", "neg_root_mean_squared_error", "neg_median_absolute_error"):
        e = sp.PermutationImportance(features=["extra", "same"], scoring=scoring).explain(mixed.score, X, noisy(X))
        np.testing.assert_array_equal(e.values, 0)
        np.testing.assert_array_equal(e.std_error, 0)


# ---- closed forms


@pytest.mark.parametrize("model", CLOSED)
def test_populations_have_the_closed_forms(model):
    X, weights = model.population()
    e = sp.PermutationImportance(n_repeats=len(X)).explain(model.predict, X, model.predict(X), sample_weight=weights)
    np.testing.assert_allclose(e.values[:, 0], [model.pfi(name) for name in model.names], atol=1e-9)


@pytest.mark.parametrize("model", CLOSED)
def test_samples_have_the_closed_forms(model):
    X = model.sample(1000, np.random.default_rng(5))
    e = sp.PermutationImportance().explain(model.predict, X, model.predict(X))
    mixed.assert_within(e.values[:, 0], [model.pfi(name) for name in model.names], e.std_error[:, 0] + 1e-9)


def test_noise_of_the_target_cancels():
    X = T1.sample(2000, np.random.default_rng(6))
    y = T1.predict(X) + np.random.default_rng(7).normal(scale=2, size=2000)
    e = sp.PermutationImportance().explain(T1.predict, X, y)
    mixed.assert_within(e.values[:, 0], [8, 2], e.std_error[:, 0])


def test_parity_needs_every_feature():
    X, weights = T5.population()
    e = sp.PermutationImportance().explain(T5.predict, X, T5.predict(X), sample_weight=weights)
    np.testing.assert_allclose(e.values[:, 0], 2)


# ---- the shuffles


@pytest.mark.parametrize(("n", "repeats"), [(12, 4), (11, 4), (9, 8), (7, 7), (5, 1)])
def test_every_place_counts_equally_for_every_place(n, repeats):
    rng = np.random.default_rng(0)
    runs = 4000
    met, seen = np.zeros((2, n, n))
    for _ in range(runs):
        dealt, counts = balanced_shuffles(n, repeats, rng)
        cells = np.tile(np.arange(n), repeats), dealt.ravel()
        np.add.at(met, cells, counts.ravel())
        np.add.at(seen, cells, 1)
    expected = runs * repeats / n
    assert np.abs(met - expected).max() < 4.5 * np.sqrt(expected) * (counts.max() if n % repeats else 1)
    assert (seen.sum(axis=1) == runs * repeats).all()


@pytest.mark.parametrize("n", [40, 43])
def test_every_place_receives_from_every_stratum(n):
    dealt, counts = balanced_shuffles(n, 10, np.random.default_rng(0))
    strata = np.sort(dealt * 10 // n, axis=0)
    np.testing.assert_array_equal(strata, np.tile(np.arange(10)[:, None], n))
    np.testing.assert_allclose(counts.sum(axis=0), 10)


def spread_of(make, runs=60):
    values = [make(seed) for seed in range(runs)]
    return np.mean(values, axis=0), np.std(values, axis=0, ddof=1)


@pytest.mark.usefixtures("unlooked")
@pytest.mark.parametrize("n", [200, 203])
def test_shuffles_are_unbiased_and_know_their_error(n):
    X = T2.sample(n, np.random.default_rng(8))
    y = T2.predict(X)
    truth = [all_pairs(T2.predict, X, y, name) for name in X]
    runs = [sp.PermutationImportance(random_state=seed).explain(T2.predict, X, y) for seed in range(60)]
    values = np.array([e.values[:, 0] for e in runs])
    mixed.assert_mean_is(values, truth)
    told = np.sqrt(np.mean([e.estimate.parts["std_error_shuffles"][:, 0] ** 2 for e in runs], axis=0))
    ratio = told / values.std(axis=0, ddof=1)
    assert (ratio > 1).all(), ratio  # never too small,
    assert (ratio < 3).all(), ratio  # and not much too large


@pytest.mark.usefixtures("unlooked")
@pytest.mark.parametrize("n_repeats", [1, 2, 5])
def test_few_repeats_are_unbiased_and_do_not_claim_too_much(n_repeats):
    X = T2.sample(150, np.random.default_rng(9))
    y = T2.predict(X)
    truth = [all_pairs(T2.predict, X, y, name) for name in X]
    runs = [sp.PermutationImportance(n_repeats=n_repeats, random_state=s).explain(T2.predict, X, y) for s in range(60)]
    values = np.array([e.values[:, 0] for e in runs])
    mixed.assert_mean_is(values, truth)
    told = np.sqrt(np.mean([e.estimate.parts["std_error_shuffles"][:, 0] ** 2 for e in runs], axis=0))
    assert (told > values.std(axis=0, ddof=1)).all()
    assert ("SIPA030" in {c.code for c in runs[0].caveats}) == (n_repeats == 1)


def test_shuffles_vary_at_least_five_times_less_than_plain_ones():
    X = T2.sample(300, np.random.default_rng(10))
    y = T2.predict(X)
    before = squared(y, T2.predict(X)).mean()

    def plain(seed):
        rng = np.random.default_rng(seed)
        moved = [X.assign(x1=rng.permutation(X["x1"])) for _ in range(10)]
        return np.mean([squared(y, T2.predict(Z)).mean() for Z in moved]) - before

    def ours(seed):
        e = sp.PermutationImportance(features=["x1"], random_state=seed).explain(T2.predict, X, y)
        return e.values[0, 0]

    assert spread_of(plain)[1] ** 2 > 5 * spread_of(ours)[1] ** 2


@pytest.mark.usefixtures("unlooked")
def test_weighted_shuffles_are_nearly_unbiased_and_know_their_error():
    X = T2.sample(300, np.random.default_rng(11))
    y = T2.predict(X)
    weights = np.random.default_rng(12).exponential(size=300)
    truth = [all_pairs(T2.predict, X, y, name, weights=weights) for name in X]
    runs = [
        sp.PermutationImportance(random_state=s).explain(T2.predict, X, y, sample_weight=weights) for s in range(60)
    ]
    values = np.array([e.values[:, 0] for e in runs])
    mixed.assert_mean_is(values, truth)
    told = np.sqrt(np.mean([e.estimate.parts["std_error_shuffles"][:, 0] ** 2 for e in runs], axis=0))
    assert (told > 0.9 * values.std(axis=0, ddof=1)).all()


# ---- scores of a whole table


def binary(n, seed=0):
    X = T1.sample(n, np.random.default_rng(seed))
    p = 1 / (1 + np.exp(-T1.predict(X)))
    return X, (np.random.default_rng(seed + 1).random(n) < p).astype(int)


def classifier():
    def model(X):
        p = 1 / (1 + np.exp(-T1.predict(X)))
        return np.column_stack([1 - p, p])

    return sp.adapt(model, classes=[0, 1])


def test_r_squared_is_the_squared_loss_over_the_variance():
    X = T2.sample(300, np.random.default_rng(13))
    y = T2.predict(X) + np.random.default_rng(0).normal(size=300)
    e = sp.PermutationImportance(scoring=["r2", "neg_mean_squared_error"]).explain(T2.predict, X, y)
    np.testing.assert_allclose(e.values[:, 0] * y.var(), e.values[:, 1], rtol=1e-9)
    np.testing.assert_allclose(
        e.estimate.parts["std_error_shuffles"][:, 0] * y.var(), e.estimate.parts["std_error_shuffles"][:, 1], rtol=0.05
    )
    assert e.baseline[0] == pytest.approx(r2_score(y, T2.predict(X)))


@pytest.mark.parametrize("scoring", ["roc_auc", "neg_root_mean_squared_error"])
def test_scores_of_a_table_are_those_of_shuffled_tables(scoring):
    """Shuffles along the sorted column must look shuffled to a score that is no mean over rows."""
    if scoring == "roc_auc":
        (X, y), model = binary(400), classifier()

        def loss(Z):
            return -roc_auc_score(y, T1.predict(Z))
    else:
        X = T1.sample(400, np.random.default_rng(0))
        y, model = T1.predict(X), T1.predict

        def loss(Z):
            return np.sqrt(mean_squared_error(y, T1.predict(Z)))

    rng = np.random.default_rng(1)
    for name in X:
        shuffled = [loss(X.assign(**{name: rng.permutation(X[name])})) for _ in range(300)]
        runs = [
            sp.PermutationImportance(features=[name], scoring=scoring, random_state=s).explain(model, X, y)
            for s in range(10)
        ]
        ours = [e.values[0, 0] for e in runs]
        truth = np.mean(shuffled) - loss(X)
        error = np.hypot(np.std(shuffled) / np.sqrt(300), np.std(ours, ddof=1) / np.sqrt(10))
        assert abs(np.mean(ours) - truth) < 4 * error + 2 / 400 * abs(truth)
        told = np.sqrt(np.mean([e.estimate.parts["std_error_shuffles"] ** 2 for e in runs]))
        assert told > 0.7 * np.std(ours, ddof=1)


def test_a_sum_over_the_table_is_not_multiplied_by_the_repeats():
    X = T1.sample(200, np.random.default_rng(0))
    y = T1.predict(X)
    e = sp.PermutationImportance(scoring=[lambda y, f: ((y - f) ** 2).sum(), "neg_mean_squared_error"])
    e = e.explain(T1.predict, X, y)
    np.testing.assert_allclose(e.values[:, 0], 200 * e.values[:, 1])


def area(y, p):
    """A function of the table that sipakit knows nothing of."""
    return -roc_auc_score(y, p) if len(np.unique(y)) > 1 else np.nan


@pytest.mark.usefixtures("unlooked")
def test_the_error_of_a_score_of_a_table_is_about_its_spread_over_samples():
    runs = []
    for seed in range(100):
        X, y = binary(300, seed=2 * seed)
        explainer = sp.PermutationImportance(scoring=["roc_auc", lambda y, p: -np.cov(y, p)[0, 1]])
        runs.append(explainer.explain(classifier(), X, y))
    told = np.mean([e.std_error for e in runs], axis=0)
    seen = np.std([e.values for e in runs], axis=0, ddof=1)
    assert (told > 0.85 * seen).all()
    assert (told[:, 0] < 1.2 * seen[:, 0]).all()  # by influences
    assert (told[:, 1] < 1.8 * seen[:, 1]).all()  # by leaving out parts of the table


def test_a_small_table_has_no_error_for_functions_of_tables():
    X, y = binary(30)
    e = sp.PermutationImportance(scoring=["roc_auc", area]).explain(classifier(), X, y)
    assert np.isfinite(e.std_error[:, 0]).all()
    assert np.isinf(e.std_error[:, 1]).all()
    assert "SIPA011" in {c.code for c in e.caveats}


def test_a_rare_class_makes_the_error_of_a_function_infinite_and_nothing_breaks():
    X, _ = binary(60)
    y = np.zeros(60, int)
    y[7] = 1
    e = sp.PermutationImportance(scoring=["roc_auc", area]).explain(classifier(), X, y)
    assert np.isfinite(e.values).all()
    np.testing.assert_allclose(e.values[:, 0], e.values[:, 1], atol=0.15)
    assert np.isinf(e.std_error[:, 1]).all()


@pytest.mark.parametrize("scoring", ["r2", "neg_root_mean_squared_error", "roc_auc"])
def test_scores_with_influences_take_weights_and_all_values(scoring):
    X, y = binary(40)
    model = classifier()
    if scoring != "roc_auc":
        model, y = T1.predict, T1.predict(X) + np.random.default_rng(0).normal(size=40)
    weights = np.random.default_rng(0).integers(1, 4, 40)
    explainer = sp.PermutationImportance(scoring=scoring, n_repeats=1000)
    e = explainer.explain(model, X, y, sample_weight=weights.astype(float))
    twice = explainer.explain(model, X.loc[X.index.repeat(weights)], np.repeat(y, weights))
    np.testing.assert_allclose(e.values, twice.values, atol=1e-12)
    np.testing.assert_array_equal(e.estimate.parts["std_error_shuffles"], 0)


# ---- within strata


def conditional(**params):
    return sp.PermutationImportance(conditional="strata", **params)


def pairs_within(predict, X, y, feature, stratum, weights):
    """The definition: different rows of one stratum, each receiver counting as it weighs."""
    total = 0.0
    for number in np.unique(stratum):
        rows = np.flatnonzero(stratum == number)
        w, here, target = weights[rows], X.iloc[rows], y[rows]
        before, increase, mass = squared(target, predict(here)), np.zeros(len(rows)), np.zeros(len(rows))
        for k in range(len(rows)):
            moved = here.copy()
            for name in [feature] if isinstance(feature, str) else feature:
                moved[name] = here[name].take([k] * len(rows)).set_axis(here.index)
            other = w[k] * (np.arange(len(rows)) != k)
            increase += other * (squared(target, predict(moved)) - before)
            mass += other
        total += w.sum() * (w @ increase) / (w @ mass)
    return total / weights.sum()


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("feature", ["number", "whole", "level", "when", "pair"])
def test_conditional_importance_is_the_mean_over_pairs_of_a_stratum(feature, weighted):
    X = mixed.table(120)
    y, columns = noisy(X), {"pair": ["text", "size"]}.get(feature, feature)
    weights = np.random.default_rng(1).integers(0, 4, 120).astype(float) if weighted else np.ones(120)
    groups = {"pair": columns} if feature == "pair" else None
    explainer = conditional(features=[feature], groups=groups, min_stratum=6, n_repeats=120)
    e = explainer.explain(mixed.score, X, y, sample_weight=weights)
    table = Table.from_data(X)
    members = [table.names.index(name) for name in ([columns] if isinstance(columns, str) else columns)]
    stratum = strata_of(table, members, weights, fewest=6, rng=np.random.default_rng(0))
    truth = pairs_within(mixed.score, X, y, columns, stratum, weights)
    assert e.values[0, 0] == pytest.approx(truth, rel=1e-9)
    assert e.estimate.parts["std_error_shuffles"][0, 0] == 0
    assert e.estimate.parts["strata"][0, 0] == stratum.max() + 1 > 2


def test_conditional_importance_lies_between_its_limit_and_the_marginal_one():
    limits = np.array([2 * 4, 2 * 1]) * (1 - 0.6**2)
    runs = {}
    for rows in (300, 50, 10):
        found = []
        for seed in range(20):
            X = T1.sample(1500, np.random.default_rng(seed))
            found.append(conditional(min_stratum=rows, random_state=seed).explain(T1.predict, X, T1.predict(X)))
        runs[rows] = np.mean([e.values[:, 0] for e in found], axis=0)
    error = np.sqrt(np.mean([e.std_error[:, 0] ** 2 for e in found], axis=0)) / np.sqrt(20)
    assert (runs[300] > runs[50]).all()
    assert (runs[50] > runs[10]).all()
    assert (runs[300] < [T1.pfi("x1"), T1.pfi("x2")]).all()
    mixed.assert_within(runs[10], limits, error)
    assert (runs[10] < 1.05 * limits).all()


def test_a_twin_has_no_conditional_importance():
    X = T6.sample(2000, np.random.default_rng(0))
    y = T6.predict(X)
    e, marginal = conditional().explain(T6.predict, X, y), sp.PermutationImportance().explain(T6.predict, X, y)
    assert marginal.values[0, 0] == pytest.approx(T6.pfi("x1"), rel=0.1)  # 0.77
    assert (e.values < 1e-3 * marginal.values).all()


def test_columns_of_noise_do_not_make_strata_narrower():
    noise = np.random.default_rng(0).normal(size=(1500, 8))
    values = []
    for seed in range(10):
        X = T1.sample(1500, np.random.default_rng(seed))
        wide = X.assign(**{f"noise {j}": noise[:, j] for j in range(8)})
        e = conditional(features=["x1", "x2"], random_state=seed).explain(T1.predict, wide, T1.predict(X))
        values.append(e.values[:, 0] / [5.12, 1.28])
    assert (np.mean(values, axis=0) > 0.97).all()


def test_conditional_shuffles_are_unbiased_and_errors_are_known():
    X = T1.sample(400, np.random.default_rng(0))
    y = T1.predict(X)
    task = [conditional(n_repeats=n, features=["x1"]).explain(T1.predict, X, y) for n in (4, 400)]
    assert task[1].estimate.parts["std_error_shuffles"][0, 0] == 0
    # other shuffles of the same strata: of rows whose order was turned
    rng, stratum = (
        np.random.default_rng(5),
        strata_of(Table.from_data(X), [0], np.ones(400), fewest=20, rng=np.random.default_rng(0)),
    )
    values = []
    own = np.argsort(np.argsort(X["x1"].to_numpy()))
    for _ in range(60):
        donor, deals = dealt_within(np.ones(400), own, stratum, 4, rng, in_full=True)
        rise = 4 * (X["x1"].to_numpy()[donor] - X["x1"].to_numpy()) ** 2
        values.append(increase(deals, rise))
    mixed.assert_mean_is([v[0] for v in values], task[1].values[0, 0])
    told = np.sqrt(np.mean([v[2] ** 2 for v in values]))
    assert 1 < told / np.std([v[0] for v in values], ddof=1) < 5  # four pieces of a stratum are wide: never too small


def test_conditional_errors_over_rows_are_about_the_spread_over_samples():
    found = []
    for seed in range(100):
        X = T1.sample(300, np.random.default_rng(seed))
        found.append(conditional(random_state=seed).explain(T1.predict, X, T1.predict(X)))
    told = np.sqrt(np.mean([e.std_error[:, 0] ** 2 for e in found], axis=0))
    ratio = told / np.std([e.values[:, 0] for e in found], axis=0, ddof=1)
    assert (ratio > 0.85).all(), ratio
    assert (ratio < 1.4).all(), ratio


def test_conditional_importance_of_scores_of_a_table():
    """x2 counts more by the area than without strata: shuffled freely, it makes the scores vary more."""
    X, y = binary(600)
    scoring = ["roc_auc", area]
    e, marginal = (
        sp.PermutationImportance(scoring=scoring, conditional=how, features=["x1"]).explain(classifier(), X, y)
        for how in ("strata", False)
    )
    assert (e.values < marginal.values).all()
    assert e.values[0, 0] == pytest.approx(e.values[0, 1], rel=0.05)
    assert np.isfinite(e.std_error).all()


def test_conditional_importance_says_what_it_is():
    X = T1.sample(300, np.random.default_rng(0))
    e = conditional().explain(T1.predict, X, T1.predict(X))
    assert "strata" in e.estimator
    assert "only this feature" in e.question
    assert "strata are taken as given" in e.error
    assert "SIPA035" in {c.code for c in e.caveats}
    assert {"strata", "rows_in_stratum"} <= set(e.frame())
    few = conditional().explain(T1.predict, X.head(79), T1.predict(X.head(79)))
    assert "SIPA034" in {c.code for c in few.caveats}
    assert not {"strata", "rows_in_stratum"} & set(sp.PermutationImportance().explain(T1.predict, X, X["x1"]).frame())


def test_one_row_and_one_column_have_a_conditional_importance():
    e = conditional().explain(mixed.score, mixed.table(1), [1.0])
    np.testing.assert_array_equal(e.values, 0)
    X = np.arange(100.0)[:, None]
    alone = conditional(n_repeats=100).explain(lambda X: X[:, 0], X, X[:, 0])
    assert alone.values[0, 0] == pytest.approx(2 * X.var(ddof=1))


# ---- what it says


def test_several_metrics_at_once():
    X = T2.sample(100, np.random.default_rng(0))
    y = T2.predict(X)
    scoring = ["neg_mean_absolute_error", lambda y, f: np.abs(y - f), make_scorer(r2_score)]
    e = sp.PermutationImportance(scoring=scoring, n_repeats=100).explain(T2.predict, X, y)
    assert e.values.shape == (2, 3)
    np.testing.assert_allclose(e.values[:, 0], e.values[:, 1])
    assert e.metrics[0] == "neg_mean_absolute_error"
    assert e.metrics[2] == "r2"
    assert list(e.frame().columns[:4]) == ["feature", "metric", "estimate", "std_error"]


def test_errors_are_the_parts_together():
    X = T2.sample(100, np.random.default_rng(0))
    e = sp.PermutationImportance().explain(T2.predict, X, T2.predict(X))
    parts = e.estimate.parts
    np.testing.assert_allclose(e.std_error, np.hypot(parts["std_error_rows"], parts["std_error_shuffles"]))


def test_errors_over_rows_are_those_of_leaving_each_row_out():
    X = T2.sample(50, np.random.default_rng(1))
    y = T2.predict(X)
    explainer = sp.PermutationImportance(n_repeats=50)
    e = explainer.explain(T2.predict, X, y)
    left_out = [explainer.explain(T2.predict, X.drop(index=i), np.delete(y, i)).values[:, 0] for i in range(50)]
    np.testing.assert_allclose(e.std_error[:, 0], np.sqrt(49 * np.var(left_out, axis=0)), rtol=0.08)


def test_one_row_has_an_infinite_error():
    X = mixed.table(1)
    e = sp.PermutationImportance().explain(mixed.score, X, [1.0])
    np.testing.assert_array_equal(e.values, 0)
    assert np.isinf(e.std_error).all()
    assert "SIPA011" in {c.code for c in e.caveats}


def test_a_model_worse_than_a_constant_is_told():
    X = T1.sample(100, np.random.default_rng(0))
    e = sp.PermutationImportance().explain(T1.predict, X, -T1.predict(X))
    assert "SIPA008" in {c.code for c in e.caveats}
    good = sp.PermutationImportance().explain(T1.predict, X, T1.predict(X))
    assert "SIPA008" not in {c.code for c in good.caveats}


def test_it_needs_a_target():
    with pytest.raises(sp.InputError, match="needs y"):
        sp.PermutationImportance().explain(mixed.score, mixed.table(5))


def test_losses_must_be_finite():
    X = pd.DataFrame({"a": [0.0, 1.0, 2.0], "b": [2.0, 1.0, 1.0]})
    y = np.array([1.0, 2.0, 3.0])
    with pytest.raises(sp.InputError, match="with another value of 'a'"), np.errstate(divide="ignore"):
        sp.PermutationImportance(features=["a"], scoring=lambda y, f: 1 / f).explain(
            lambda Z: Z["a"] * 0 + (Z["a"] + Z["b"] - 1), X, y
        )


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_equal_seeds_give_equal_bits(n_jobs):
    X = T2.sample(200, np.random.default_rng(0))
    y = T2.predict(X)
    first = sp.PermutationImportance().explain(T2.predict, X, y, n_jobs=1)
    again = sp.PermutationImportance().explain(T2.predict, X, y, n_jobs=n_jobs)
    np.testing.assert_array_equal(first.values, again.values)
    np.testing.assert_array_equal(first.std_error, again.std_error)
