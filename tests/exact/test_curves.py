"""Answers from the structure of a model are the model's own, wherever one column is changed."""

import numpy as np
import pandas as pd
import pytest

import sipakit as sp
from sipakit.adapters import adapt
from sipakit.checks import same
from sipakit.door import open_table
from sipakit.engine import shortcuts
from sipakit.exact import curves
from sipakit.exact.curves import trace
from sipakit.intervene import Mix, Rows
from sipakit.structure import Numbers
from tests.adapters.trees import cases

pytest.importorskip("numba")
SKLEARN = list(cases.forests())
try:
    BOOSTED = list(cases.boosters())
except ImportError:
    BOOSTED = []


def traced(name):
    model, data, output = cases.fitted(name)
    adapter = adapt(model, output=output)
    table, _ = open_table(data, expects=adapter.expects)
    return adapter, table, trace(adapter.structure, table, adapter.read)


@pytest.mark.parametrize("name", SKLEARN + BOOSTED)
def test_rows_with_one_column_from_elsewhere(name):
    adapter, table, made = traced(name)
    index, donor = np.arange(len(table)), np.random.default_rng(0).permutation(len(table))
    tolerance = made.trees.tolerance * max(1.0, np.abs(made.own).max())
    np.testing.assert_allclose(made.own, adapter.predict(Mix.unchanged(Rows(table, index))), atol=tolerance, rtol=0)
    for j in range(table.n_columns):
        mix = Mix.of(Rows(table, index), Rows(table, donor), np.arange(table.n_columns) == j)
        assert made.knows(mix).all()
        np.testing.assert_allclose(made.answers(mix), adapter.predict(mix), atol=tolerance, rtol=0)


ODD = [name for name in ("lightgbm", "lightgbm of zeros", "xgboost", "xgboost where -1 is missing") if name in BOOSTED]
ODD += [name for name in ("lightgbm with numbered levels", "xgboost with numbered levels") if name in BOOSTED]


def odd_cells(coding):
    """Thresholds, their neighbours in double and single precision, fractions, and numbers out of all proportion."""
    some = coding.thresholds[:40] if isinstance(coding, Numbers) else np.zeros(0)
    some = some[np.abs(some) < 1e30]  # a forest tells missing cells apart by an infinite one
    single = some.astype(np.float32)
    near = [np.nextafter(some, side) for side in (-np.inf, np.inf)]
    near += [np.nextafter(single, np.float32(side)).astype(float) for side in (-np.inf, np.inf)]
    small = [
        0.0,
        -0.0,
        1e-36,
        -1e-36,
        float(np.float32(1e-35)),
        -float(np.float32(1e-35)),
        -1.0,
        -0.5,
        0.5,
        2.9999999999,
    ]
    return np.concatenate(
        [some, *near, small, [4.99, 5.0, 1e9, -1e9, 2.0**24 + 1, 2.0**31 + 0.5, 2.0**53, 1e30, -1e30, np.nan]]
    )


@pytest.mark.parametrize("name", ["a tree", "histograms", "histograms with numbered levels", *ODD])
def test_cells_that_the_model_never_saw(name):
    adapter, table, made = traced(name)
    ends = (
        [] if name in {"a tree", "histograms with numbered levels"} else [np.inf, -np.inf, 1e300]
    )  # which refuse these
    tolerance = made.trees.tolerance * max(1.0, np.abs(made.own).max())
    index = np.random.default_rng(0).permutation(len(table))[:4]
    for j, coding in enumerate(made.trees.codings):
        cells = np.concatenate([odd_cells(coding), ends if isinstance(coding, Numbers) else []])
        donors, _ = open_table(np.column_stack([cells] * 4))
        base, donor = np.repeat(index, len(cells)), np.tile(np.arange(len(cells)), len(index))
        mix = Mix.of(Rows(table, base), Rows(donors, donor), np.arange(4) == j)
        assert made.knows(mix).all()
        np.testing.assert_allclose(made.answers(mix), adapter.predict(mix), atol=tolerance, rtol=0)


@pytest.mark.parametrize("name", ["histograms with levels", *(n for n in BOOSTED if n == "lightgbm with levels")])
def test_levels_that_the_model_never_saw(name):
    adapter, table, made = traced(name)
    other = cases.frame().head(4)[list(table.names)]
    other["level"] = pd.Categorical(["new", None, "x", "u"])
    donors, _ = open_table(other)
    at = list(other).index("level")
    mix = Mix.of(Rows(table, np.zeros(4, np.intp)), Rows(donors, np.arange(4)), np.arange(table.n_columns) == at)
    answers = made.answers(mix)
    np.testing.assert_allclose(answers, adapter.predict(mix), atol=1e-9)
    assert answers[0] == answers[1] != answers[2]


@pytest.mark.skipif("xgboost with levels" not in BOOSTED, reason="needs XGBoost and LightGBM")
def test_levels_that_xgboost_never_saw_are_asked_for():
    _, table, made = traced("xgboost with levels")
    for label, known in (("x", True), ("new", False)):
        donors, _ = open_table(cases.frame().head(1).assign(level=pd.Categorical([label])))
        at = list(table.names).index("level")
        mix = Mix.of(Rows(table, np.zeros(1, np.intp)), Rows(donors, np.zeros(1, np.intp)), np.arange(6) == at)
        assert made.knows(mix).tolist() == [known]


def test_what_it_does_not_know():
    _, table, made = traced("a tree")
    rows = Rows(table, np.arange(2))
    two = Mix.of(rows, rows, np.array([[True, True, False, False], [True, False, False, False]]))
    assert made.knows(two).tolist() == [False, True]
    other = Rows(table.take(np.arange(2)), np.arange(2))
    assert not made.knows(Mix.of(other, rows, np.array([True, False, False, False]))).any()
    assert not made.knows(Mix.of(rows, rows, np.array([0.5, 0, 0, 0]))).any()


def test_columns_that_do_not_suit_and_tables_that_are_too_large(monkeypatch):
    adapter, table, _ = traced("a tree")
    texts, _ = open_table(pd.DataFrame({name: ["a", "b"] for name in "abcd"}))
    assert trace(adapter.structure, texts, adapter.read) is None
    monkeypatch.setattr(curves, "_MOST_CELLS", 100)
    assert trace(adapter.structure, table, adapter.read) is None


# ---- the same explanations


EXPLAINERS = {
    "PartialDependence": sp.PartialDependence(),
    "PartialDependence centred": sp.PartialDependence(centred=True, grid_resolution=8),
    "PartialDependence pairs": sp.PartialDependence(features=["x0", ("x0", "x1")], grid_resolution=6),
    "ICE": sp.ICE(grid_resolution=7),
    "ALE": sp.ALE(),
}


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(shortcuts, "_ENOUGH", 0)


@pytest.mark.parametrize("name", EXPLAINERS)
@pytest.mark.parametrize("model", ["a forest", "boosting of three", "histograms of two"])
def test_explanations_are_those_of_the_sampled_route(name, model, small, monkeypatch):
    fitted, _, _ = cases.fitted(model)
    by_structure = EXPLAINERS[name].explain(fitted, cases.FULL)
    monkeypatch.setattr(shortcuts, "_ENOUGH", 10**9)
    asked = EXPLAINERS[name].explain(fitted, cases.FULL)
    assert by_structure.manifest["structure"] == "trees"
    assert asked.manifest["structure"] is None
    follows = name != "PartialDependence pairs"
    if follows:
        assert by_structure.cost.rows == len(cases.FULL) < asked.cost.rows
    columns = zip(by_structure.estimate.columns().values(), asked.estimate.columns().values(), strict=True)
    for one, other in columns if follows else [(by_structure.estimate.values, asked.estimate.values)]:
        np.testing.assert_allclose(one, other, atol=1e-10, rtol=1e-9)


@pytest.mark.parametrize("name", ["histograms with levels", *(n for n in BOOSTED if n.endswith("with levels"))])
def test_explanations_of_levels_are_those_of_the_sampled_route(name, small):
    model, table, _ = cases.fitted(name)
    for explainer in (sp.PartialDependence(grid_resolution=5), sp.ALE()):
        told, asked = (explainer.explain(one, table) for one in (model, sp.adapt(model, structure=False)))
        assert told.manifest["structure"] == "trees"
        assert asked.manifest["structure"] is None
        for one, other in zip(told.estimate.columns().values(), asked.estimate.columns().values(), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-5)  # XGBoost adds in single precision


@pytest.mark.parametrize("scoring", [None, "neg_mean_absolute_error"])
def test_importance_is_the_mean_over_all_pairs(scoring, small):
    fitted, data, _ = cases.fitted("a forest")
    rows, y = data[:150], cases.Y[:150]
    e = sp.PermutationImportance(scoring=scoring, n_repeats=3).explain(fitted, rows, y)
    power = 2 if scoring is None else 1
    before = np.abs(y - fitted.predict(rows)) ** power
    for j in range(4):
        after = []
        for donor in range(150):
            moved = rows.copy()
            moved[:, j] = rows[donor, j]
            after.append(np.abs(y - fitted.predict(moved)) ** power)
        np.testing.assert_allclose(e.values[j, 0], np.mean(after) - before.mean(), rtol=1e-9)
    np.testing.assert_array_equal(e.estimate.parts["std_error_shuffles"], 0)
    assert e.cost.rows == 150


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_the_bits_are_the_same_in_every_run(n_jobs, small):
    fitted, _, _ = cases.fitted("boosting")
    once, again = (sp.ALE().explain(fitted, cases.FULL, n_jobs=n) for n in (1, n_jobs))
    assert same(once.estimate, again.estimate)


def test_a_budget_is_for_what_the_model_is_asked(small):
    fitted, data, _ = cases.fitted("a forest")
    e = sp.PartialDependence().explain(fitted, data, budget=1_000)
    assert e.cost.rows + e.cost.check_rows <= 1_000 < e.cost.asked
    with pytest.raises(sp.BudgetError):
        sp.ALE(features=[("x0", "x1")], grid_resolution=40).explain(fitted, data, budget=1_000)


def test_a_plan_knows_that_the_model_will_not_be_asked(small):
    fitted, data, _ = cases.fitted("a forest")
    plan = sp.PartialDependence().plan(fitted, data)
    e = sp.PartialDependence().explain(fitted, data)
    assert plan.rows == plan.expected_rows == e.cost.rows == 600
    assert "follow from the model's trees" in str(plan)
    assert plan.seconds[0] > 0
    asked = sp.PartialDependence().plan(sp.adapt(fitted, structure=False), data)
    assert asked.rows > 10_000


def test_a_model_may_be_asked_for_everything(small):
    fitted, data, _ = cases.fitted("histograms of two")
    adapter = sp.adapt(fitted, structure=False)
    assert adapter.structure is None
    assert adapter.with_output("log_odds").structure is None
    e = sp.PartialDependence(grid_resolution=4).explain(adapter, data)
    assert e.manifest["structure"] is None
    assert "trees" not in e.estimator


def test_small_tables_are_answered_by_the_model():
    fitted, data, _ = cases.fitted("a forest")
    assert sp.ALE().explain(fitted, data).manifest["structure"] is None


@pytest.mark.parametrize("centred", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("features", [["x3", ("x2", "x0"), "x1"], [("x0", "x1"), ("x3", "x1")]])
def test_surfaces_are_those_of_the_sampled_route(centred, weighted, features, small):
    fitted, data, _ = cases.fitted("a forest of two targets")
    weights = np.random.default_rng(0).integers(0, 3, 300).astype(float) if weighted else None
    explainer = sp.PartialDependence(features=features, grid_resolution=6, centred=centred)
    told = explainer.explain(fitted, data[:300], sample_weight=weights)
    asked = explainer.explain(sp.adapt(fitted, structure=False), data[:300], sample_weight=weights)
    assert told.manifest["structure"] == "trees"
    assert told.cost.rows == 300 < asked.cost.rows
    for one, other in zip(told.values, asked.values, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-10)
    apart = asked.std_error > 1e-6
    ratio = told.std_error[apart] / asked.std_error[apart]
    assert 0.8 < np.median(ratio) < 1.25
    np.testing.assert_allclose(ratio, 1, atol=0.45)
    np.testing.assert_allclose(told.std_error[~apart], 0, atol=1e-6)


def test_a_surface_of_a_link_asks_the_model_for_it(small):
    fitted, data, _ = cases.fitted("histograms of two")
    e = sp.PartialDependence(features=["x0", ("x0", "x1")], grid_resolution=4).explain(fitted, data[:200])
    asked = sp.PartialDependence(features=["x0", ("x0", "x1")], grid_resolution=4)
    asked = asked.explain(sp.adapt(fitted, structure=False), data[:200])
    np.testing.assert_allclose(e.estimate.values, asked.estimate.values, atol=1e-12)
    assert 200 < e.cost.rows < asked.cost.rows


def test_a_surface_needs_no_budget_where_it_follows(small):
    fitted, data, _ = cases.fitted("a forest")
    e = sp.PartialDependence(features=[("x0", "x1"), "x2"]).explain(fitted, data, budget=1_000)
    assert e.cost.rows == 600
