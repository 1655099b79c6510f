"""The functional decomposition against its definition, closed forms, brute force and its own errors."""

from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sipakit as sp
from tests import brute
from tests.analytic import T1, T2, T3, T4, T5, T8
from tests.explainers import mixed

INDEPENDENT = [pytest.param(model, id=type(model).__name__) for model in (T3, T4, T5, T8)]
BOTH = pytest.mark.parametrize("inputs", ["observed", "independent"])


def shares(e, column="estimate", output=0):
    """{names of a set: value}; the rest has the empty set of names."""
    values = e.values if column == "estimate" else e.estimate.columns()[column]
    return {tuple(n for n in names if n is not None): values[s, output] for s, names in enumerate(e.sets)}


def decompose(f, X, **given):
    weights = given.pop("sample_weight", None)
    return sp.FunctionalDecomposition(**given).explain(f, X, sample_weight=weights)


# ---- the definition


def components_by_definition(f, X, features, order, weights=None):
    """Inclusion and exclusion of partial dependence, centred by itself: what moves no covariance."""
    found = {}
    for size in range(1, order + 1):
        for names in combinations(features, size):
            found[names] = sum(
                (-1) ** (size - len(part)) * brute.pd_at_rows(f, X, list(part), weights=weights)
                for inner in range(1, size + 1)
                for part in combinations(names, inner)
            )
    return found


@pytest.mark.parametrize("weighted", [False, True])
def test_shares_are_those_of_the_definition(weighted):
    X = mixed.table(12)
    weights = np.random.default_rng(0).integers(0, 4, 12).astype(float) if weighted else np.ones(12)
    features = ["number", "text", "when", "size"]
    e = decompose(
        mixed.scores, X, features=features, order=3, n_draws=None, sample_weight=weights if weighted else None
    )
    f, w = mixed.scores(X), weights / weights.sum()
    about = f - w @ f
    variance = w @ about**2
    known = components_by_definition(mixed.scores, X, features, 3, weights)
    rest = about - sum(known.values())
    for names, component in [*known.items(), ((), rest)]:
        s = list(shares(e)).index(names)
        np.testing.assert_allclose(e.values[s], w @ (component * about) / variance, atol=1e-9, err_msg=str(names))
        structural = w @ (component - w @ component) ** 2 / variance
        np.testing.assert_allclose(e.estimate.parts["structural"][s], structural, atol=1e-9)
        np.testing.assert_allclose(e.estimate.parts["sd"][s], np.sqrt(structural * variance), atol=1e-9)
        shown = e.components[:, s]
        kept = weights[e.rows] / weights[e.rows].sum()
        np.testing.assert_allclose(shown - kept @ shown, component[e.rows], atol=1e-9)
    for j in features:
        total = f - brute.pd_at_rows(mixed.scores, X, [n for n in X if n != j], weights=weights)
        s = list(shares(e)).index((j,))
        np.testing.assert_allclose(e.estimate.parts["total"][s], w @ (total * about) / variance, atol=1e-9)


def anova(f, X, features, order):
    """Variances of all sets under the product of the features' own distributions, by every combination of cells."""
    grid = list(product(range(len(X)), repeat=len(features)))
    table = pd.DataFrame(
        {name: X[name].take(list(at)).array for name, at in zip(features, zip(*grid, strict=True), strict=True)}
    )
    values = np.asarray(f(table)).reshape([len(X)] * len(features))
    found = {}
    for size in range(1, order + 1):
        for names in combinations(range(len(features)), size):
            part = values
            for axis in range(len(features)):
                mean = part.mean(axis=axis, keepdims=True)
                part = part - mean if axis in names else mean
            found[tuple(features[j] for j in names)] = part.var()
    return {names: part / values.var() for names, part in found.items()}


def test_shares_of_independent_inputs_are_those_of_every_combination_of_cells():
    X = mixed.table(7)[["number", "text", "whole", "flag"]]

    def f(Z):
        text = Z["text"].map({"red": 1.0, "green": -1.0, "blue": 0.5}).fillna(2.0).to_numpy(float)
        return Z["number"].fillna(-2).to_numpy(float) * text + Z["whole"].to_numpy(float) * Z["flag"].to_numpy(float)

    truth = anova(f, X, list(X), 3)
    e = decompose(f, X, inputs="independent", order=3, n_draws=300)
    found, errors = shares(e), shares(e, "std_error")
    mixed.assert_within([found[n] for n in truth], list(truth.values()), [errors[n] for n in truth])
    assert max(errors.values()) < 0.01


def test_a_group_acts_as_one_and_columns_that_are_no_feature_are_in_the_rest():
    X = T3.sample(60, np.random.default_rng(0))
    e = decompose(T3.predict, X, groups={"g": ["x1", "x3"]}, n_draws=None)
    parts = shares(e)
    assert parts["x2", "g"] == pytest.approx(0, abs=1e-12)
    assert parts["g",] + parts["x2",] == pytest.approx(1)
    alone = decompose(T3.predict, X, features=["x1"], n_draws=None)
    whole = decompose(T3.predict, X, n_draws=None)
    assert shares(alone)["x1",] == pytest.approx(shares(whole)["x1",])
    assert shares(alone)[()] == pytest.approx(1 - shares(whole)["x1",])


@BOTH
@pytest.mark.parametrize("n_draws", [None, 30])
def test_components_add_up_to_the_prediction_and_shares_to_one(inputs, n_draws):
    X = mixed.table(80)
    e = decompose(mixed.scores, X, inputs=inputs, n_draws=n_draws, features=["number", "text", "size", "when"])
    np.testing.assert_allclose(e.base_values + e.components.sum(axis=1), e.predictions, atol=1e-9)
    np.testing.assert_allclose(e.values.sum(axis=0), 1, atol=1e-12)
    np.testing.assert_allclose(e.explained().values, 1 - e.values[-1])
    parts = e.estimate.parts
    np.testing.assert_allclose(
        (parts["structural"] + parts["correlative"])[e.values > 0], e.values[e.values > 0], atol=0.1
    )
    if inputs == "observed":
        np.testing.assert_allclose(mixed.scores(X.iloc[e.rows]), e.predictions)
        assert e.row_values.shape == (len(e.rows), X.shape[1])
        assert ("drawn" in e.error) == (n_draws is not None)
    else:
        assert e.rows is None


# ---- closed forms


def test_dependent_features_have_the_closed_forms_of_covariances():
    X, weights = T1.population()
    e = decompose(T1.predict, X, n_draws=None, sample_weight=weights)
    (a1, a2), r, v = T1.a, T1.r, T1.variance
    expected = {("x1",): (a1**2 + r * a1 * a2) / v, ("x2",): (a2**2 + r * a1 * a2) / v, ("x1", "x2"): 0.0, (): 0.0}
    assert shares(e) == pytest.approx(expected, abs=1e-12)
    assert shares(e)["x2",] < 0  # the share of what works against a stronger feature
    assert shares(e, "structural")["x2",] == pytest.approx(a2**2 / v)
    X, weights = T2.population()
    e = decompose(T2.predict, X, n_draws=None, sample_weight=weights)
    (m1, m2), r, v = T2.m, T2.r, T2.variance
    expected = {
        ("x1",): m2 * (m2 + r * m1) / v,
        ("x2",): m1 * (m1 + r * m2) / v,
        ("x1", "x2"): (1 + r**2) / v,
        (): 0.0,
    }
    assert shares(e) == pytest.approx(expected, abs=1e-12)
    assert shares(e, "structural")["x1",] == pytest.approx(m2**2 / v)
    assert shares(e, "correlative")["x1", "x2"] == pytest.approx(0, abs=1e-12)


def test_independent_inputs_ignore_the_dependence_of_the_data():
    X, weights = T2.population()
    e = decompose(T2.predict, X, inputs="independent", sample_weight=weights)
    m1, m2 = T2.m
    v = m1**2 + m2**2 + 1
    truth = {("x1",): m2**2 / v, ("x2",): m1**2 / v, ("x1", "x2"): 1 / v}
    found, errors = shares(e), shares(e, "std_error")
    mixed.assert_within([found[n] for n in truth], list(truth.values()), [errors[n] for n in truth])
    assert max(errors.values()) < 0.01
    assert found[()] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("model", INDEPENDENT)
def test_populations_have_the_sobol_indices(model):
    X, weights = model.population()
    e = decompose(model.predict, X, order=3, n_draws=None, sample_weight=weights)
    for names, share in shares(e).items():
        truth = sum(part for term, part in model.parts.items() if set(term) == set(names)) if names else 0.0
        assert share == pytest.approx(truth / model.variance, abs=1e-12)
    totals = shares(e, "total")
    assert [totals[name,] for name in model.names] == pytest.approx(list(map(model.sobol_total, model.names)))


def total_of(model, names):
    return sum(part for term, part in model.parts.items() if set(names) <= set(term)) / model.variance


@pytest.mark.parametrize("model", INDEPENDENT)
@pytest.mark.parametrize("order", [1, 2, 3])
def test_products_of_differences_have_the_sobol_indices_and_totals(model, order):
    X, weights = model.population()
    e = decompose(model.predict, X, inputs="independent", order=order, sample_weight=weights)
    found, errors = shares(e), shares(e, "std_error")
    totals, of_totals = shares(e, "total"), shares(e, "total_std_error")
    for names in found:
        if names:
            truth = sum(part for term, part in model.parts.items() if set(term) == set(names)) / model.variance
            assert abs(found[names] - truth) < 4 * errors[names] + 1e-12
            assert abs(totals[names] - total_of(model, names)) < 4 * of_totals[names] + 1e-12
    left = sum(part for term, part in model.parts.items() if len(term) > order) / model.variance
    assert abs(found[()] - left) < 4 * errors[()] + 1e-12
    assert max(errors.values()) < 0.03


def test_a_parity_is_all_in_the_triple_or_in_the_rest():
    X, weights = T5.population()
    three = decompose(T5.predict, X, order=3, n_draws=None, sample_weight=weights)
    assert shares(three)["x1", "x2", "x3"] == pytest.approx(1)
    two = decompose(T5.predict, X, order=2, n_draws=None, sample_weight=weights)
    assert shares(two)[()] == pytest.approx(1)
    assert shares(two, "total")["x1",] == pytest.approx(1)
    np.testing.assert_allclose(two.values[:-1], 0, atol=1e-12)


def test_totals_are_what_permutation_importance_measures():
    X = T3.sample(1500, np.random.default_rng(1))
    y = T3.predict(X)
    e = decompose(T3.predict, X, inputs="independent", order=1)
    importance = sp.PermutationImportance(n_repeats=5).explain(T3.predict, X, y)
    for j, name in enumerate(T3.names):
        expected = 2 * y.var() * shares(e, "total")[name,]
        error = np.hypot(importance.std_error[j, 0], 2 * y.var() * shares(e, "total_std_error")[name,])
        assert abs(importance.values[j, 0] - expected) < 4 * error


# ---- invariants


@BOTH
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10**6), slope=st.floats(-5, 5), shift=st.floats(-100, 100))
def test_additive_models_leave_no_rest_and_units_do_not_matter(inputs, seed, slope, shift):
    X = np.random.default_rng(seed).normal(size=(30, 3))

    def additive(Z):
        return np.sin(Z[:, 0]) + slope * Z[:, 1]

    def scaled(Z):
        return shift - 3 * additive(Z)

    one, two = (decompose(f, X, inputs=inputs, n_draws=20) for f in (additive, scaled))
    assert (one.values[one.of_size(2)] ** 2 < 1e-20).all()
    assert abs(one.values[-1, 0]) < 1e-9
    assert one.values[2, 0] == 0  # a feature that is not used
    np.testing.assert_allclose(two.values, one.values, atol=1e-6)
    np.testing.assert_allclose(two.estimate.parts["sd"], 3 * one.estimate.parts["sd"], atol=1e-6)


@pytest.mark.parametrize("n_draws", [None, 20])
def test_the_order_of_the_columns_changes_nothing(n_draws):
    X = T3.sample(150, np.random.default_rng(0))
    one = shares(decompose(T3.predict, X, n_draws=n_draws))
    two = shares(decompose(T3.predict, X[["x3", "x1", "x2"]], n_draws=n_draws))
    assert {frozenset(names): share for names, share in two.items()} == pytest.approx(
        {frozenset(names): share for names, share in one.items()}, abs=1e-12
    )


def test_a_weight_of_two_is_a_row_twice():
    X = mixed.table(15)[["number", "text", "whole"]]
    weights = np.random.default_rng(1).integers(0, 3, 15)

    def f(Z):
        return Z["number"].fillna(-2.0).to_numpy(float) * Z["whole"].to_numpy(float) + Z["text"].isna().to_numpy(float)

    weighted = decompose(f, X, n_draws=None, sample_weight=weights.astype(float))
    repeated = decompose(f, X.loc[np.repeat(np.arange(15), weights)], n_draws=None)
    np.testing.assert_allclose(weighted.values, repeated.values, atol=1e-9)
    weighted = decompose(f, X, inputs="independent", sample_weight=weights.astype(float))
    repeated = decompose(f, X.loc[np.repeat(np.arange(15), weights)], inputs="independent")
    np.testing.assert_allclose(weighted.values, repeated.values, atol=1e-9)


@pytest.mark.usefixtures("unlooked")
def test_few_contexts_of_each_row_have_no_bias():
    X = T2.sample(400, np.random.default_rng(0))
    truth = decompose(T2.predict, X, n_draws=None)
    few = [decompose(T2.predict, X, n_draws=40, random_state=seed) for seed in range(60)]
    assert few[0].estimator.startswith("incomplete")
    mixed.assert_mean_is([e.values[:3, 0] for e in few], truth.values[:3, 0])
    mixed.assert_mean_is(
        [e.estimate.parts["structural"][:3, 0] for e in few], truth.estimate.parts["structural"][:3, 0]
    )


@pytest.mark.usefixtures("unlooked")
@pytest.mark.parametrize(("model", "times"), [(T3, 2), (T4, 8)])
def test_products_of_differences_beat_the_usual_estimator(model, times):
    """At equal model rows, against Saltelli (2010) with independent rows: the mean square error of all indices."""
    truth = np.array([model.sobol_first(name) for name in model.names])
    X, weights = model.population()

    def usual(seed):
        rng = np.random.default_rng(seed)
        A, B = (model.sample(1638, rng).to_numpy() for _ in range(2))
        base, other = model.predict(A), model.predict(B)
        mixes = [np.where(np.arange(3) == j, A, B) for j in range(3)]
        return [np.mean((base - base.mean()) * (model.predict(M) - other)) / base.var() for M in mixes]

    def own(seed):
        drawn = {"inputs": "independent", "order": 1, "n_draws": 46, "random_state": seed}
        e = decompose(model.predict, X, sample_weight=weights, **drawn)
        assert "1,024 pairs" in e.estimator  # of rows, each asked in 8 patterns: 5 x 1,638
        return e.values[:3, 0]

    errors = [np.mean([(np.array(run(seed)) - truth) ** 2 for seed in range(25)]) for run in (usual, own)]
    assert errors[0] > times * errors[1]


# ---- the edges


@BOTH
def test_a_prediction_that_does_not_vary_has_no_shares_and_says_so(inputs):
    X = np.random.default_rng(0).normal(size=(30, 2))
    e = decompose(lambda Z: np.full(len(Z), 0.1), X, inputs=inputs, n_draws=20)
    assert (e.values == 0).all()
    assert np.isinf(e.std_error).all()
    assert not e.shared.any()
    assert "SIPA023" in [c.code for c in e.caveats]
    mixed_outputs = decompose(lambda Z: np.column_stack([Z[:, 0], 0 * Z[:, 0]]), X, inputs=inputs, n_draws=20)
    assert mixed_outputs.shared.tolist() == [True, False]
    np.testing.assert_allclose(mixed_outputs.explained().values, [1, 0])
    assert np.isfinite(mixed_outputs.std_error[:, 0]).all()
    for one in (e, mixed_outputs):
        assert repr(one)
        one.plot().svg()
        one.plot("shares").svg()


@BOTH
@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_rows_and_one_column_are_no_reason_to_refuse(inputs, n):
    X = np.arange(float(n))[:, None]
    e = decompose(lambda Z: Z[:, 0] ** 2, X, inputs=inputs)
    if n > 1:
        assert shares(e)["x0",] == pytest.approx(1)
    assert decompose(lambda Z: Z[:, 0], X, inputs=inputs, order=3, n_draws=2).sets[-1] == (None, None)


@BOTH
def test_strings_missing_cells_dates_and_constant_columns_come_through(inputs):
    X = mixed.table(50)
    e = decompose(mixed.probabilities, X, inputs=inputs, n_draws=12)
    assert len(e.frame()) == len(e.sets) * 3
    assert shares(e)["same",] == 0
    assert [axis.name for axis in e.axes] == list(X)
    e.plot().svg()


def test_a_budget_that_is_too_small_is_refused():
    X = T3.sample(100, np.random.default_rng(0))
    with pytest.raises(sp.BudgetError, match="FunctionalDecomposition asks for"):
        sp.FunctionalDecomposition().explain(T3.predict, X, budget=2_000)


@pytest.mark.parametrize("value", ["both", None, 1])
def test_inputs_takes_two_words(value):
    with pytest.raises(sp.InputError, match="inputs takes 'observed' or 'independent'"):
        sp.FunctionalDecomposition(inputs=value)


@BOTH
def test_rows_that_the_model_refuses_can_be_left_out(inputs):
    X = np.random.default_rng(0).normal(size=(60, 3))

    def picky(Z):
        return np.where(Z[:, 0] * Z[:, 1] > 2.5, np.nan, Z[:, 0] + Z[:, 1] * Z[:, 2])

    e = sp.FunctionalDecomposition(inputs=inputs, n_draws=30).explain(picky, X, on_bad="drop")
    assert "SIPA018" in [c.code for c in e.caveats]
    assert e.values.sum() == pytest.approx(1)
