"""Friedman's H against its definition, closed forms and its own errors."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris

import sipakit as sp
from tests import brute
from tests.analytic import ALL, T1, T2, T3, T4, T5, T8
from tests.explainers import mixed

CLOSED = [pytest.param(model, id=type(model).__name__) for model in ALL if len(model.names) > 1]


def by_pair(e, column="estimate"):
    """{(feature, feature_2 or None): value} of the first output."""
    frame = e.frame()
    frame = frame[frame["output"] == e.outputs[0]]
    second = [None if pd.isna(name) else name for name in frame["feature_2"]]
    return dict(zip(zip(frame["feature"], second, strict=True), frame[column], strict=True))


@pytest.mark.parametrize("weighted", [False, True])
def test_pairs_and_totals_are_those_of_the_definition(weighted):
    X = mixed.table(12)
    weights = np.random.default_rng(0).integers(0, 4, 12).astype(float) if weighted else None
    features = ["number", "when", "size"] if weighted else ["number", "text", "level", "flag", "same"]
    e = sp.HStatistic(n_draws=None, features=features).explain(mixed.scores, X, sample_weight=weights)
    assert e.values.shape == (len(features) * (len(features) + 1) // 2, 2)
    for i, (j, k) in enumerate(e.sets):
        if k is None:
            above, below = brute.h_total(mixed.scores, X, j, weights=weights)
        else:
            above, below = brute.h_pair(mixed.scores, X, j, k, weights=weights)
        np.testing.assert_allclose(e.values[i] ** 2, above, atol=1e-9, err_msg=f"{j} x {k}")
        if (below > 1e-12).all():
            np.testing.assert_allclose(e.estimate.parts["h_squared"][i], above / below, atol=1e-9)


def test_a_group_acts_as_one():
    X = mixed.table(20)
    groups = {"pair": ["number", "text"]}
    e = sp.HStatistic(groups=groups, features=["pair", "whole"], n_draws=None).explain(mixed.score, X)
    pd_group = brute.pd_at_rows(mixed.score, X, ["number", "text"])
    pd_whole = brute.pd_at_rows(mixed.score, X, "whole")
    pd_both = brute.pd_at_rows(mixed.score, X, ["number", "text", "whole"])
    expected = np.sqrt(np.mean((pd_both - pd_group - pd_whole) ** 2))
    assert by_pair(e)["pair", "whole"] == pytest.approx(expected)


@pytest.mark.parametrize("model", CLOSED)
def test_populations_have_the_closed_forms(model):
    X, weights = model.population()
    e = sp.HStatistic(n_draws=None).explain(model.predict, X, sample_weight=weights)
    values, ratios = by_pair(e), by_pair(e, "h_squared")
    for j, k in combinations(model.names, 2):
        assert values[j, k] ** 2 == pytest.approx(model.h_numerator(j, k), abs=1e-12)
        if model is not T5:
            assert ratios[j, k] == pytest.approx(model.h_squared(j, k), abs=1e-12)
    for j in model.names:
        assert ratios[j, None] == pytest.approx(model.h_total(j), abs=1e-12)


@pytest.mark.parametrize("model", CLOSED)
def test_samples_have_the_closed_forms(model):
    X = model.sample(250, np.random.default_rng(3))
    e = sp.HStatistic(n_draws=None).explain(model.predict, X)
    values, errors = by_pair(e), by_pair(e, "std_error")
    for j, k in combinations(model.names, 2):
        truth = np.sqrt(model.h_numerator(j, k))
        assert abs(values[j, k] - truth) < 4 * errors[j, k] + 1e-9


def iris():
    """The features of hstats' examples, and sepals' lengths and widths."""
    found = load_iris(as_frame=True)
    lengths = found.data.set_axis(["Sepal.Length", "Sepal.Width", "Petal.Length", "Petal.Width"], axis=1)
    X = lengths.iloc[:, 1:].assign(Species=found.target_names[found.target])
    return X, lengths.iloc[:, :2].to_numpy()


def least_squares(X, y):
    """A line of all features, with another slope of Petal.Width for each species, as R's lm fits it."""

    def terms(Z):
        species = np.column_stack([Z["Species"] == name for name in ("setosa", "versicolor", "virginica")])
        return np.hstack([species, Z.drop(columns="Species"), species[:, 1:] * Z[["Petal.Width"]].to_numpy()])

    slopes = np.linalg.lstsq(terms(X).astype(float), y, rcond=None)[0]
    return lambda Z: terms(Z).astype(float) @ slopes


def test_it_tells_what_hstats_publishes():
    """The output on the reference pages of hstats 1.0.1, of hstats() and h2_pairwise(), to all digits printed."""
    X, y = iris()
    e = sp.HStatistic(n_draws=None).explain(least_squares(X, y[:, 0]), X)
    values, ratios = by_pair(e), by_pair(e, "h_squared")
    pair = ("Petal.Width", "Species")
    assert ratios[pair] == pytest.approx(0.05546172, abs=5e-9)
    assert values[pair] == pytest.approx(0.1726312, abs=5e-8)
    totals = {"Species": 0.0502364, "Petal.Width": 0.0502364, "Sepal.Width": 0, "Petal.Length": 0}
    assert {name: ratios[name, None] for name in totals} == pytest.approx(totals, abs=5e-8)
    others = [names for names in e.sets if names[1] is not None and names != pair]
    assert len(others) == 5
    assert all(ratios[names] < 1e-12 for names in others)

    X = X.drop(columns="Sepal.Width")
    e = sp.HStatistic(n_draws=None).explain(least_squares(X, y), X)  # both sepals at once
    ratios = dict(zip(e.sets, e.estimate.parts["h_squared"], strict=True))
    np.testing.assert_allclose(ratios[pair], [0.02937378, 0.01637166], atol=5e-9)
    for name in pair:
        np.testing.assert_allclose(ratios[name, None], [0.04758952, 0.03963575], atol=5e-9)
    np.testing.assert_allclose(ratios["Petal.Length", None], 0, atol=1e-12)


@pytest.mark.parametrize("n", [2, 3, 50])
def test_an_additive_model_has_no_interaction_at_any_number_of_rows(n):
    X = T1.sample(n, np.random.default_rng(n))
    e = sp.HStatistic().explain(T1.predict, X)
    np.testing.assert_allclose(e.values, 0, atol=1e-12)
    assert np.isfinite(e.std_error).all()


def test_an_additive_model_has_no_interaction_with_a_background_of_its_own_either():
    rng = np.random.default_rng(0)
    e = sp.HStatistic(background=T1.sample(30, rng)).explain(T1.predict, T1.sample(40, rng))
    np.testing.assert_allclose(e.values, 0, atol=1e-12)


def test_a_background_supplies_the_contexts():
    rng = np.random.default_rng(0)
    X, behind = T2.sample(15, rng), T2.sample(10, rng)
    e = sp.HStatistic(background=behind).explain(T2.predict, X)

    def pd_of(names):
        rows = [T2.predict(brute.from_donor(behind, names, X, i)).mean() for i in range(15)]
        return np.array(rows) - np.mean(rows)

    rest = pd_of(["x1", "x2"]) - pd_of(["x1"]) - pd_of(["x2"])
    assert by_pair(e)["x1", "x2"] == pytest.approx(np.sqrt(np.mean(rest**2)))


def test_an_unused_feature_has_exactly_no_interaction():
    X = mixed.table(40).assign(extra=np.random.default_rng(0).normal(size=40))
    e = sp.HStatistic(features=["extra", "number", "text", "same"]).explain(mixed.score, X)
    values = by_pair(e)
    for pair, value in values.items():
        if "extra" in pair or "same" in pair:
            assert value == 0, pair


def test_pairs_without_any_effect_have_no_ratio_and_it_is_told():
    X, weights = T5.population()
    e = sp.HStatistic().explain(T5.predict, X, sample_weight=weights)
    ratios = by_pair(e, "h_squared")
    assert np.isnan(ratios["x1", "x2"])
    assert ratios["x1", None] == pytest.approx(1)
    (told,) = [c for c in e.caveats if c.code == "SIPA023"]
    assert "x1 x x2" in told.message
    assert np.isfinite(e.values).all()


def test_a_weak_denominator_is_flagged():
    def predict(X):
        return X["x1"] + 0.01 * X["x2"] * X["x3"]

    X = pd.DataFrame(np.random.default_rng(0).normal(size=(100, 3)), columns=["x1", "x2", "x3"])
    e = sp.HStatistic().explain(predict, X)
    weak = dict(zip(e.sets, e.weak[:, 0], strict=True))
    assert weak["x2", "x3"]
    assert not weak["x1", "x2"]


def test_order_one_gives_totals_only():
    X = T8.sample(50, np.random.default_rng(0))
    e = sp.HStatistic(order=1).explain(T8.predict, X)
    assert e.sets == (("x1", None), ("x2", None))
    both = sp.HStatistic().explain(T8.predict, X)
    np.testing.assert_array_equal(e.values, both.values[:2])


def test_drawn_rows_are_told_and_their_statistics_are_close():
    X = T2.sample(2000, np.random.default_rng(1))
    e = sp.HStatistic(n_draws=150, estimator="pairs").explain(T2.predict, X)
    (told,) = [c for c in e.caveats if c.code == "SIPA024"]
    assert "150 of 2,000" in told.message
    truth = np.sqrt(T2.h_numerator("x1", "x2"))
    assert abs(by_pair(e)["x1", "x2"] - truth) < 4 * by_pair(e, "std_error")["x1", "x2"]
    assert e.cost.asked == 150 * 150 * 5


@pytest.mark.parametrize("weights", [None, np.repeat([0.0, 1.0], [5, 45])])
@pytest.mark.parametrize("own", [True, False])
def test_rows_that_are_all_taken_are_not_called_drawn(weights, own):
    X, behind = T2.sample(50, np.random.default_rng(0)), None if own else T2.sample(40, np.random.default_rng(1))
    explainer = sp.HStatistic(order=1, background=behind)
    whole = explainer.explain(T2.predict, X, sample_weight=weights)
    assert whole.estimator == "all pairs of rows"
    assert "all of them evaluation points" in whole.error
    assert "drawn" not in whole.error
    assert "SIPA024" not in {c.code for c in whole.caveats}
    some = replace(explainer, n_draws=42, estimator="pairs").explain(T2.predict, X, sample_weight=weights)
    assert some.estimator == "all pairs of the drawn rows"
    assert some.error.startswith("Choice of the drawn rows")
    (told,) = [c for c in some.caveats if c.code == "SIPA024"]
    assert ("42 of 50 rows were drawn" if own else "42 of 50 rows were evaluated, each in 40 of 40") in told.message


def test_background_rows_that_were_drawn_are_told_where_all_explained_rows_are_taken():
    X, behind = (T2.sample(n, np.random.default_rng(n)) for n in (20, 90))
    e = sp.HStatistic(order=1, n_draws=30, estimator="pairs", background=behind).explain(T2.predict, X)
    (told,) = [c for c in e.caveats if c.code == "SIPA024"]
    assert "20 of 20 rows were evaluated, each in 30 of 90 background rows" in told.message
    assert "drawn" in e.error


def test_weights_are_rows_given_again():
    X = mixed.table(12)
    weights = np.random.default_rng(0).integers(1, 3, 12)
    e = sp.HStatistic(n_draws=None, order=1).explain(mixed.scores, X, sample_weight=weights.astype(float))
    twice = sp.HStatistic(n_draws=None, order=1).explain(mixed.scores, X.loc[X.index.repeat(weights)])
    np.testing.assert_allclose(e.values, twice.values, atol=1e-12)
    np.testing.assert_allclose(e.estimate.parts["h_squared"], twice.estimate.parts["h_squared"], atol=1e-12)


def test_errors_are_those_of_leaving_each_row_out():
    n = 100
    X = T8.sample(n, np.random.default_rng(2)).assign(x1=lambda X: X["x1"] ** 2)
    e = sp.HStatistic(n_draws=None).explain(T8.predict, X)
    values, ratios = [], []
    for i in range(n):
        other = sp.HStatistic(n_draws=None).explain(T8.predict, X.drop(index=i))
        values.append(other.values[:, 0])
        ratios.append(other.estimate.parts["h_squared"][:, 0])
    np.testing.assert_allclose(e.std_error[:, 0], np.sqrt((n - 1) * np.var(values, axis=0)), rtol=0.1)
    parts = e.estimate.parts
    told = (parts["h_squared_upper"] - parts["h_squared_lower"])[:, 0] / (2 * 1.959964)
    np.testing.assert_allclose(told, np.sqrt((n - 1) * np.var(ratios, axis=0)), rtol=0.12)


def test_one_row_has_no_statistic_and_an_infinite_error():
    e = sp.HStatistic(features=["whole", "size"]).explain(mixed.score, mixed.table(1))
    np.testing.assert_array_equal(e.values, 0)
    assert np.isinf(e.std_error).all()


def test_one_column_has_no_interaction():
    with pytest.raises(sp.InputError, match="needs two"):
        sp.HStatistic().explain(lambda X: X[:, 0], np.zeros((5, 1)) + np.arange(5)[:, None])


def test_three_classes():
    X = mixed.table(20)
    model = sp.adapt(mixed.probabilities, classes=["a", "b", "c"])
    e = sp.HStatistic(features=["number", "whole"], n_draws=None).explain(model, X)
    above, _ = brute.h_pair(mixed.probabilities, X, "number", "whole")
    np.testing.assert_allclose(e.values[2] ** 2, above, atol=1e-12)


def by_set(e, column="estimate"):
    """{names: value} of the sets of three of the first output."""
    triples = e.frame().query("output == @e.outputs[0]").dropna(subset="feature_3")
    return dict(
        zip(
            zip(*(triples[name] for name in ("feature", "feature_2", "feature_3")), strict=True),
            triples[column],
            strict=True,
        )
    )


@pytest.mark.parametrize("weighted", [False, True])
def test_sets_of_three_are_those_of_the_definition(weighted):
    X = mixed.table(8)
    weights = np.random.default_rng(0).integers(0, 4, 8).astype(float) if weighted else None
    features = ["number", "text", "level", "flag"]
    e = sp.HStatistic(n_draws=None, features=features, order=3).explain(mixed.scores, X, sample_weight=weights)
    assert [len(e.of_size(size)) for size in (1, 2, 3)] == [4, 6, 4]
    for i in e.of_size(3):
        above, below = brute.h_triple(mixed.scores, X, *e.sets[i], weights=weights)
        np.testing.assert_allclose(e.values[i] ** 2, above, atol=1e-9)
        if (below > 1e-12).all():
            np.testing.assert_allclose(e.estimate.parts["h_squared"][i], above / below, atol=1e-9)


@pytest.mark.parametrize("model", [T3, T4, T5], ids=lambda model: type(model).__name__)
def test_populations_have_the_closed_forms_of_three(model):
    X, weights = model.population()
    e = sp.HStatistic(n_draws=None, order=3).explain(model.predict, X, sample_weight=weights)
    (value,), (ratio,) = by_set(e).values(), by_set(e, "h_squared").values()
    assert value**2 == pytest.approx(model.h_numerator(*model.names), abs=1e-12)
    assert ratio == pytest.approx(model.h_squared(*model.names), abs=1e-12)


def test_parity_is_all_of_three_and_no_pair_has_a_ratio():
    X, weights = T5.population()
    e = sp.HStatistic(order=3).explain(T5.predict, X, sample_weight=weights)
    ratios = e.estimate.parts["h_squared"][:, 0]
    assert np.isnan(ratios[e.of_size(2)]).all()
    np.testing.assert_allclose(ratios[e.of_size(1)], 1)
    np.testing.assert_allclose(ratios[e.of_size(3)], 1)
    (told,) = [c for c in e.caveats if c.code == "SIPA023"]
    for pair in combinations(T5.names, 2):
        assert " x ".join(pair) in told.message


def test_a_third_order_adds_sets_and_leaves_the_others_as_they_are():
    X = T4.sample(40, np.random.default_rng(0))
    two, three = (sp.HStatistic(order=order).explain(T4.predict, X) for order in (2, 3))
    assert "feature_3" not in two.frame()
    np.testing.assert_array_equal(three.values[:6], two.values)
    assert three.frame()["feature_3"].notna().tolist() == [False] * 6 + [True]
    assert three.top()["feature_3"].isna().all()
    assert sp.HStatistic(order=3).explain(T2.predict, T2.sample(9, np.random.default_rng(0))).sets[-1] == ("x1", "x2")


def test_what_an_unused_feature_adds_to_three_is_exactly_nothing():
    X = mixed.table(30).assign(extra=np.random.default_rng(0).normal(size=30))
    e = sp.HStatistic(features=["number", "extra", "text", "level"], order=3).explain(mixed.score, X)
    assert [value for names, value in by_set(e).items() if "extra" in names] == [0, 0, 0]


def test_errors_of_three_are_those_of_leaving_each_row_out():
    n = 60
    X = T4.sample(n, np.random.default_rng(2))

    def predict(X):
        return X["x1"] * X["x2"] * X["x3"]

    e = sp.HStatistic(order=3).explain(predict, X)
    left = [sp.HStatistic(order=3).explain(predict, X.drop(index=i)).values[:, 0] for i in range(n)]
    np.testing.assert_allclose(e.std_error[:, 0], np.sqrt((n - 1) * np.var(left, axis=0)), rtol=0.15)


# ---- contexts of each point's own


@pytest.mark.usefixtures("unlooked")
@pytest.mark.parametrize("weighted", [False, True])
def test_few_contexts_of_many_points_give_the_statistic_of_all_pairs(weighted):
    X = T2.sample(120, np.random.default_rng(0))
    weights = np.random.default_rng(1).integers(0, 3, 120).astype(float) if weighted else None
    whole = sp.HStatistic(n_draws=None).explain(T2.predict, X, sample_weight=weights)
    squares = [
        sp.HStatistic(estimator="incomplete", n_draws=50, random_state=seed)
        .explain(T2.predict, X, sample_weight=weights)
        .values[2, 0]
        ** 2
        for seed in range(80)
    ]
    used = 120 if weights is None else (weights > 0).sum()
    unbiased = whole.values[2, 0] ** 2 * used / (used - 1)
    assert abs(np.mean(squares) - unbiased) < 4 * np.std(squares) / np.sqrt(len(squares)) + 0.01 * unbiased


@pytest.mark.parametrize("n", [1, 2, 3, 60])
@pytest.mark.parametrize("own", [False, True])
def test_an_additive_model_has_no_interaction_in_contexts_of_its_own(n, own):
    rng = np.random.default_rng(n)
    background = T1.sample(25, rng) if own else None
    h = sp.HStatistic(estimator="incomplete", n_draws=12, background=background)
    e = h.explain(T1.predict, T1.sample(n, rng))
    np.testing.assert_allclose(e.values, 0, atol=1e-7)  # the root of a rounding


def test_an_unused_feature_has_exactly_no_interaction_in_contexts_of_its_own():
    X = mixed.table(40).assign(extra=np.random.default_rng(0).normal(size=40))
    h = sp.HStatistic(features=["extra", "number", "text"], order=3, estimator="incomplete", n_draws=10)
    e = h.explain(mixed.score, X)
    assert [value[0] for names, value in zip(e.sets, e.values, strict=True) if "extra" in names] == [0] * 4


def test_the_cheaper_design_is_taken_and_told():
    X = T2.sample(300, np.random.default_rng(0))
    many, all_of_them = (sp.HStatistic(n_draws=n).explain(T2.predict, X) for n in (60, 300))
    assert "300 rows were evaluated, each in 12 drawn contexts" in many.estimator
    assert all_of_them.estimator == "all pairs of rows"
    assert many.cost.asked == 60**2 * 5
    (told,) = [c for c in many.caveats if c.code == "SIPA024"]
    assert "each in 12 drawn contexts" in told.message
    assert not [c for c in all_of_them.caveats if c.code == "SIPA024"]
    plan = sp.HStatistic(n_draws=60).plan(T2.predict, X)
    assert plan.estimator == "incomplete"
    assert set(plan.alternatives) == {"pairs"}


def test_contexts_of_its_own_leave_much_less_error_than_all_pairs_of_few_rows():
    X, truth = T3.sample(2000, np.random.default_rng(1)), np.sqrt(T3.h_numerator("x1", "x3"))
    found = {"pairs": [], "incomplete": []}
    for name, errors in found.items():
        for seed in range(15):
            h = sp.HStatistic(n_draws=40, estimator=name, features=["x1", "x3"], random_state=seed)
            e = h.explain(T3.predict, X)
            errors.append(e.values[2, 0] - truth)
            assert e.cost.asked == 40**2 * 5
    assert np.std(found["incomplete"]) < np.std(found["pairs"]) / 1.5


@pytest.mark.usefixtures("unlooked")
@pytest.mark.parametrize("behind", [False, True])
def test_errors_in_contexts_of_its_own_cover(behind):
    covered = []
    for seed in range(60):
        rng = np.random.default_rng([1, seed])
        background = T2.sample(150, rng) if behind else None
        h = sp.HStatistic(estimator="incomplete", n_draws=40, random_state=seed, background=background)
        e = h.explain(T2.predict, T2.sample(150, rng)).estimate
        truth = np.sqrt(T2.h_numerator("x1", "x2"))
        covered.append(e.lower[2, 0] <= truth <= e.upper[2, 0])
    assert np.mean(covered) > 0.87


@pytest.mark.parametrize("budget", [None, 60_000])
def test_contexts_of_its_own_give_the_same_bits_for_any_number_of_workers(budget):
    X = T4.sample(400, np.random.default_rng(0))
    one, two = (sp.HStatistic(n_draws=80).explain(T4.predict, X, n_jobs=n, budget=budget) for n in (1, 2))
    np.testing.assert_array_equal(one.values, two.values)
    np.testing.assert_array_equal(one.std_error, two.std_error)


def test_noise_about_parity_is_not_taken_for_a_ratio():
    X = T5.sample(2000, np.random.default_rng(0))
    e = sp.HStatistic(order=3, n_draws=100).explain(T5.predict, X)
    ratios = e.estimate.parts["h_squared"][:, 0]
    assert (np.isnan(ratios) | e.weak[:, 0])[e.of_size(2)].all()
    np.testing.assert_allclose(ratios[[0, 1, 2, 6]], 1, atol=0.05)


# ---- a budget that is too small for every pair


def crossed(X):
    return X["a"] * X["b"] + 0.5 * X["b"] * X["c"] + X["d"] + X["e"]


CROSSED = pd.DataFrame(np.random.default_rng(0).normal(size=(500, 5)), columns=list("abcde"))


def test_a_budget_reaches_the_pairs_of_strong_totals_first():
    h = sp.HStatistic(n_draws=40)
    whole = h.explain(crossed, CROSSED)
    budget = whole.cost.asked + 500 + whole.cost.check_rows - 1
    assert len(h.explain(crossed, CROSSED, budget=budget + 1).sets) == 15
    some = h.explain(crossed, CROSSED, budget=budget - 7 * 40**2)
    assert some.sets == (*whole.sets[:5], ("a", "b"), ("b", "c"))
    at = [whole.sets.index(names) for names in some.sets]
    np.testing.assert_array_equal(some.values, whole.values[at])
    np.testing.assert_array_equal(some.std_error, whole.std_error[at])
    (told,) = [c for c in some.caveats if c.code == "SIPA038"]
    assert "left out 8 of 10 sets of features" in told.message
    assert "a x c, a x d" in told.message
    assert some.cost.rows + some.cost.check_rows <= budget


def test_a_budget_reaches_pairs_before_sets_of_three():
    h = sp.HStatistic(n_draws=40, order=3, features=["a", "b", "c", "d"])
    some = h.explain(crossed, CROSSED, budget=40**2 * (8 + 6 + 1) + 1500)
    assert [len(some.of_size(size)) for size in (1, 2, 3)] == [4, 6, 1]
    assert some.sets[-1] == ("a", "b", "c")


def test_all_pairs_of_a_few_rows_are_given_up_where_the_budget_is_too_small_for_them():
    few = CROSSED[:30]
    e = sp.HStatistic().explain(crossed, few, budget=30 * 30 * 13 + 300)
    assert e.estimator.startswith("incomplete")
    assert ("a", "b") in e.sets
    with pytest.raises(sp.BudgetError, match="HStatistic asks for up to"):
        sp.HStatistic(estimator="pairs").explain(crossed, few, budget=30 * 30 * 13 + 300)


def test_a_budget_that_does_not_reach_the_totals_is_refused():
    with pytest.raises(sp.BudgetError, match="HStatistic asks for up to 16,000 more"):
        sp.HStatistic(n_draws=40).explain(crossed, CROSSED, budget=15_000)


def test_a_budget_for_totals_alone_gives_these():
    e = sp.HStatistic(n_draws=40).explain(crossed, CROSSED, budget=18_000)
    assert len(e.of_size(1)) == len(e.sets) == 5
    assert [c.code for c in e.caveats if c.code == "SIPA038"]
