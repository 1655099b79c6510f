"""Shapley values against their definition, closed forms and their own errors."""

import numpy as np
import pandas as pd
import pytest

import sipakit as sp
from tests import brute
from tests.analytic import T1, T2, T5, T8
from tests.explainers import mixed

FEW = ["number", "whole", "text", "size", "flag"]


def name_of(model):
    return type(model).__name__


def few_columns(X):
    """The model of the mixed table, all other columns being fixed."""
    rest = mixed.table(1)
    return X.assign(
        **{
            name: pd.Series([rest[name].iloc[0]] * len(X)).astype(rest[name].dtype).to_numpy()
            for name in ("when", "same")
        },
        level=pd.Categorical(["u"] * len(X), categories=list("uvwx")),
    )


def predict(X):
    return mixed.scores(few_columns(X))


@pytest.mark.parametrize("weighted", [False, True])
def test_enumeration_is_the_definition_for_columns_of_every_kind(weighted):
    X = mixed.table(6)[FEW]
    weights = np.random.default_rng(0).integers(0, 4, 6).astype(float) if weighted else None
    e = sp.Shapley(estimator="enumeration").explain(predict, X, sample_weight=weights)
    values, base = brute.shapley(predict, X, X, weights=weights)
    np.testing.assert_allclose(e.values, values, atol=1e-9)
    np.testing.assert_allclose(e.base_values, base, atol=1e-9)


def test_a_background_of_its_own():
    X, behind = mixed.table(2, seed=4)[FEW], mixed.table(8)[FEW]
    e = sp.Shapley(background=behind).explain(predict, X)
    assert e.estimator == "enumeration"
    values, base = brute.shapley(predict, X, behind)
    np.testing.assert_allclose(e.values, values, atol=1e-9)
    np.testing.assert_allclose(e.base_values, base)


def test_groups_join_together():
    X, behind = T5.sample(4, np.random.default_rng(0)), T5.sample(20, np.random.default_rng(1))
    e = sp.Shapley(background=behind, groups={"both": ["x1", "x2"]}).explain(T5.predict, X)
    values = dict(zip(e.features, e.values[:, :, 0].T, strict=True))

    def worth(names):
        return np.array([T5.predict(brute.from_donor(behind, names, X, i)).mean() for i in range(4)])

    whole, nothing = T5.predict(X), T5.predict(behind).mean()
    both, third = worth(["x1", "x2"]), worth(["x3"])
    np.testing.assert_allclose(values["both"], (both - nothing + whole - third) / 2)
    np.testing.assert_allclose(values["x3"], (third - nothing + whole - both) / 2)


def test_three_classes():
    X = mixed.table(5)[FEW]

    def of_classes(X):
        return mixed.probabilities(few_columns(X))

    e = sp.Shapley().explain(sp.adapt(of_classes, classes=["a", "b", "c"]), X)
    values, base = brute.shapley(of_classes, X, X)
    np.testing.assert_allclose(e.values, values, atol=1e-9)
    np.testing.assert_allclose(e.base_values, base)
    np.testing.assert_allclose(e.values.sum(axis=2), 0, atol=1e-12)


@pytest.mark.parametrize("model", [T1, T2, T5, T8], ids=name_of)
@pytest.mark.parametrize("estimator", ["enumeration", "permutation"])
def test_closed_forms_against_a_sample_of_the_background(model, estimator):
    X = model.sample(6, np.random.default_rng(2))
    behind = model.sample(400, np.random.default_rng(3))
    e = sp.Shapley(background=behind, estimator=estimator).explain(model.predict, X)
    mixed.assert_within(e.values[:, :, 0], model.shapley(X), e.std_error[:, :, 0] + 1e-9)


@pytest.mark.parametrize("model", [T1, T2, T5, T8], ids=name_of)
def test_closed_forms_with_the_population_as_weighted_background(model):
    behind, weights = model.population()
    e = sp.Shapley().explain(model.predict, behind, sample_weight=weights)
    np.testing.assert_allclose(e.values[:, :, 0], model.shapley(behind), atol=1e-9)


@pytest.mark.parametrize("background", [2, 7, 40, 300])
@pytest.mark.parametrize("estimator", ["enumeration", "permutation"])
def test_values_add_up_to_the_prediction(background, estimator):
    X, behind = mixed.table(4, seed=5), mixed.table(background)
    if estimator == "enumeration":
        X, behind = X[FEW], behind[FEW]
    model = predict if estimator == "enumeration" else mixed.scores
    e = sp.Shapley(background=behind, estimator=estimator).explain(model, X)
    np.testing.assert_allclose(e.base_values + e.values.sum(axis=1), model(X), atol=1e-9)
    np.testing.assert_allclose(e.base_values, model(behind).mean(axis=0))
    np.testing.assert_allclose(e.completeness_gap, 0, atol=1e-9)


def test_a_feature_that_the_model_ignores_has_the_value_zero():
    X = mixed.table(3).assign(extra=[1.0, 2.0, 3.0])
    for estimator, size in (("enumeration", 30), ("permutation", 30), ("permutation", 1500)):
        behind = mixed.table(size).assign(extra=np.arange(size) * 1.0)
        e = sp.Shapley(background=behind, estimator=estimator).explain(mixed.scores, X)
        for unused in (7, 8):  # a constant column, and one that the model does not know
            np.testing.assert_array_equal(e.values[:, unused], 0)
            np.testing.assert_array_equal(e.std_error[:, unused], 0)


# ---- permutations


@pytest.mark.usefixtures("unlooked")
@pytest.mark.parametrize("background", [1, 5, 20, 60, 61, 200])
def test_permutations_are_unbiased(background):
    """From several orders a background row to several background rows an order."""
    rng = np.random.default_rng(background)
    X, behind = rng.normal(size=(1, 5)), rng.normal(size=(background, 5))

    def predict(X):
        return X[:, 0] * X[:, 1] + np.abs(X[:, 2]) * X[:, 3] + X[:, 4] * (X[:, 0] > 0)

    exact = sp.Shapley(background=behind, estimator="enumeration").explain(predict, X)
    budget = 1 + background + 3 + 8 * 50  # fifty orders
    runs = [
        sp.Shapley(background=behind, estimator="permutation", random_state=seed).explain(predict, X, budget=budget)
        for seed in range(50)
    ]
    values = np.array([e.values for e in runs])
    spread = values.std(axis=0, ddof=1)
    mixed.assert_within(values.mean(axis=0), exact.values, spread / np.sqrt(50) + 1e-9)


@pytest.mark.usefixtures("unlooked")
def test_errors_hold_for_orders_and_background_together():
    """Values of many backgrounds vary as much as one run says, also where each background row has many orders."""
    X = T2.sample(1, np.random.default_rng(0))
    for size in (8, 40, 300):
        values, told = [], []
        for seed in range(120):
            behind = T2.sample(size, np.random.default_rng(seed + 1))
            e = sp.Shapley(background=behind, estimator="permutation", random_state=seed).explain(T2.predict, X)
            values.append(e.values[0, :, 0])
            told.append(e.std_error[0, :, 0])
        ratio = np.sqrt(np.mean(np.square(told), axis=0)) / np.std(values, axis=0, ddof=1)
        assert (ratio > 0.8).all(), (size, ratio)
        assert (ratio < 1.3).all(), (size, ratio)


def test_one_background_row_is_taken_as_given():
    X, behind = mixed.table(2, seed=7)[FEW], mixed.table(1)[FEW]
    exact = sp.Shapley(background=behind).explain(predict, X)
    np.testing.assert_array_equal(exact.std_error, 0)
    np.testing.assert_array_equal(exact.base_std_error, 0)
    drawn = sp.Shapley(background=behind, estimator="permutation").explain(predict, X)
    mixed.assert_within(drawn.values, exact.values, drawn.std_error + 1e-9)
    assert np.isfinite(drawn.std_error).all()
    assert (drawn.std_error > 0).any()
    assert "one background row" in exact.error


def test_fewer_draws_than_background_rows_are_told_and_still_add_up():
    X, behind = mixed.table(2, seed=8), mixed.table(1500)
    e = sp.Shapley(background=behind, estimator="permutation").explain(mixed.score, X)
    (told,) = [c for c in e.caveats if c.code == "SIPA025"]
    assert "1,024 of 1,500" in told.message
    np.testing.assert_allclose(e.base_values[0], mixed.score(behind).mean())
    np.testing.assert_allclose(e.base_values + e.values.sum(axis=1), mixed.score(X)[:, None], atol=1e-9)


def test_rows_of_weight_zero_are_no_background():
    X = mixed.table(40)[FEW]
    weights = (np.arange(40) < 15).astype(float)
    for estimator in ("enumeration", "permutation"):
        e = sp.Shapley(estimator=estimator).explain(predict, X, sample_weight=weights)
        few = sp.Shapley(estimator="enumeration", background=X.head(15)).explain(predict, X)
        np.testing.assert_allclose(e.base_values, few.base_values)
        if estimator == "enumeration":
            np.testing.assert_allclose(e.values, few.values, atol=1e-9)


def test_weights_are_rows_given_again():
    X = mixed.table(10)[FEW]
    weights = np.random.default_rng(0).integers(1, 4, 10)
    e = sp.Shapley(estimator="enumeration").explain(predict, X, sample_weight=weights.astype(float))
    other = sp.Shapley(estimator="enumeration", background=X.loc[X.index.repeat(weights)]).explain(predict, X)
    np.testing.assert_allclose(e.values, other.values, atol=1e-12)


def test_many_weighted_background_rows_are_drawn_by_weight():
    behind, X = T2.sample(900, np.random.default_rng(0)), T2.sample(1, np.random.default_rng(1))
    weights = np.where(behind["x1"] > 1, 5.0, 1.0)
    rows = pd.concat([X, behind], ignore_index=True)
    weights = np.append(1e-9, weights)
    exact = sp.Shapley(estimator="enumeration").explain(T2.predict, rows, sample_weight=weights)
    drawn = sp.Shapley(estimator="permutation").explain(T2.predict, rows, sample_weight=weights, budget=4000 * 901)
    mixed.assert_within(drawn.values, exact.values, drawn.std_error + 1e-3)


# ---- choice of estimator, edges


def test_auto_enumerates_where_it_is_cheap():
    few, many = mixed.table(20), mixed.table(400)
    assert sp.Shapley(background=few).explain(mixed.score, few.head(1)).estimator == "enumeration"
    assert sp.Shapley(background=many).explain(mixed.score, many.head(1)).estimator == "permutation"


def test_a_budget_holds_or_is_refused():
    behind = mixed.table(100)
    e = sp.Shapley(background=behind).explain(mixed.score, behind.head(2), budget=5000)
    assert e.cost.rows + e.cost.check_rows <= 5000
    with pytest.raises(sp.BudgetError, match="at least"):
        sp.Shapley(background=behind).explain(mixed.score, behind.head(2), budget=120)
    with pytest.raises(sp.BudgetError, match="runs whole or not at all"):
        sp.Shapley(background=behind, estimator="enumeration").explain(mixed.score, behind.head(2), budget=5000)


def test_one_feature_gets_it_all():
    for estimator in ("enumeration", "permutation"):
        X = np.array([[1.0], [3.0]])
        e = sp.Shapley(estimator=estimator).explain(lambda X: X[:, 0] ** 2, X)
        np.testing.assert_allclose(e.values[:, 0, 0], [-4, 4])


def test_one_row_as_its_own_background_is_told():
    e = sp.Shapley().explain(mixed.score, mixed.table(1))
    np.testing.assert_allclose(e.values, 0, atol=1e-12)
    assert "SIPA031" in {c.code for c in e.caveats}


def test_equal_seeds_give_equal_bits_for_any_number_of_workers():
    X = mixed.table(60)
    one, two = (sp.Shapley(estimator="permutation").explain(mixed.score, X.head(5), n_jobs=n_jobs) for n_jobs in (1, 2))
    np.testing.assert_array_equal(one.values, two.values)
    np.testing.assert_array_equal(one.std_error, two.std_error)
