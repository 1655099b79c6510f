"""A plan tells what an explanation will cost, and the explanation keeps to it."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

import sipakit as sp
from sipakit import explainers
from sipakit.checks import same

rng = np.random.default_rng(0)
X, BEHIND = rng.normal(size=(60, 4)), rng.normal(size=(30, 4))
LEVELS = pd.DataFrame({"a": rng.integers(0, 3, 400), "b": rng.integers(0, 2, 400), "c": rng.normal(size=400)})
Y = X[:, 0]
EXPLAINERS = {
    "ALE": sp.ALE(),
    "CeterisParibus": sp.CeterisParibus(background=BEHIND),
    "FunctionalDecomposition": sp.FunctionalDecomposition(n_draws=20),
    "FunctionalDecomposition of independent inputs": sp.FunctionalDecomposition(n_draws=20, inputs="independent"),
    "GlobalSurrogate": sp.GlobalSurrogate(),
    "HStatistic": sp.HStatistic(n_draws=20),
    "ICE": sp.ICE(),
    "LIME": sp.LIME(background=BEHIND, n_samples=256),
    "PartialDependence": sp.PartialDependence(),
    "PermutationImportance": sp.PermutationImportance(),
    "RegionalEffects": sp.RegionalEffects(),
    "SAGE": sp.SAGE(),
    "SAGE of a background": sp.SAGE(background=BEHIND),
    "Shapley": sp.Shapley(background=BEHIND),
    "Shapley by orders": sp.Shapley(background=BEHIND, estimator="permutation"),
}


def product(Z):
    return Z[:, 0] * Z[:, 1]


@pytest.mark.parametrize("name", EXPLAINERS)
def test_an_explanation_costs_no_more_rows_than_its_plan_and_about_what_is_expected(name):
    explainer = EXPLAINERS[name]
    plan = explainer.plan(product, X, Y)
    cost = explainer.explain(product, X, Y).cost
    tables = {"rows": len(X), "background": 0 if explainer.param("background") is None else len(BEHIND)}
    assert cost.rows <= plan.rows
    assert cost.asked <= plan.rows - sum(tables[name] for name in explainer.uses)
    assert plan.expected_rows == pytest.approx(cost.rows, rel=0.25, abs=30)
    assert 0 < plan.seconds[0] <= plan.seconds[1]
    assert plan.memory > 0
    assert plan.fits
    assert plan.checked > 96
    assert str(plan).startswith(f"{type(explainer).__name__}, ")


def test_every_explainer_is_planned_here():
    planned = {type(explainer).__name__ for explainer in EXPLAINERS.values()}
    assert planned | {"IntegratedGradients", "LOFO"} == set(explainers.__all__)  # of other models, below


def test_gradient_rows_are_planned():
    torch = pytest.importorskip("torch")
    network = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1))
    explainer = sp.IntegratedGradients(background=BEHIND)
    plan, cost = explainer.plan(network, X), explainer.explain(network, X).cost
    assert plan.rows == cost.gradient_rows + cost.rows


def test_refits_are_planned():
    model = LinearRegression().fit(X, Y)
    for kind, refits in (("leave_out", 50), ("permutation", 10)):
        explainer = sp.LOFO(kind=kind)
        plan, e = explainer.plan(model, X, Y), explainer.explain(model, X, Y)
        assert plan.refits == e.cost.refits == refits
        assert plan.rows == e.cost.rows == plan.expected_rows
        assert f"{refits} refits" in str(plan)
        assert f"{refits} refits" in str(e.cost)
        assert 0 < plan.seconds[0] < plan.seconds[1]


def test_a_time_that_suffices_for_all_refits_changes_nothing_and_one_that_does_not_is_refused():
    model, explainer = LinearRegression().fit(X, Y), sp.LOFO(kind="permutation")
    e, timed = explainer.explain(model, X, Y), explainer.explain(model, X, Y, budget="1h")
    assert same(e.estimate.columns(), timed.estimate.columns())
    with pytest.raises(sp.BudgetError, match=r"LOFO would take about .*, with 10 refits, and budget='0.001s'"):
        explainer.explain(model, X, Y, budget="1ms")
    enough, short = (explainer.plan(model, X, Y, budget=budget) for budget in ("1h", "1ms"))
    assert (enough.allowed, enough.fits, short.fits) == (3600, True, False)
    assert "budget: 60.0 min, which covers it" in str(enough)


def test_equal_rows_are_expected_to_be_dropped():
    plan = sp.PartialDependence(features=["a", "b"]).plan(lambda Z: Z["c"].to_numpy(), LEVELS)
    assert plan.rows == 400 + 400 * (3 + 2)
    cost = sp.PartialDependence(features=["a", "b"]).explain(lambda Z: Z["c"].to_numpy(), LEVELS).cost
    assert plan.expected_rows == pytest.approx(cost.rows, rel=0.05)
    assert cost.rows < plan.rows


def test_other_estimators_are_told_with_their_rows():
    plan = sp.Shapley(background=BEHIND).plan(product, X)
    assert plan.estimator == "enumeration"
    assert plan.rows == 60 * 30 * (2**4 - 2) + 60 + 30
    other = sp.Shapley(background=BEHIND, estimator="permutation").plan(product, X)
    third = sp.Shapley(background=BEHIND, estimator="regression").plan(product, X)
    assert dict(plan.alternatives) == {"permutation": other.rows, "regression": third.rows}
    assert dict(other.alternatives) == {"enumeration": plan.rows, "regression": third.rows}
    assert "enumeration would ask at most 25,290" in str(other)


def test_a_budget_is_told_in_rows_and_whether_it_suffices():
    enough, short = (sp.ALE().plan(product, X, budget=budget) for budget in (100_000, 100))
    assert (enough.budget, enough.fits) == (100_000, True)
    assert (short.budget, short.fits) == (100, False)
    assert "does not cover" in str(short)
    assert sp.ALE().plan(product, X, budget="1h").fits


def test_planning_predicts_only_the_look():
    asked = []

    def model(Z):
        asked.append(len(Z))
        return Z[:, 0]

    plan = sp.Shapley(background=BEHIND).plan(model, X)
    assert sum(asked) == plan.checked


def test_a_tolerance_is_told_where_draws_are_added_for_it():
    shapley, ale = (
        explainer.plan(product, X, tolerance=0.01)
        for explainer in (sp.Shapley(background=BEHIND, estimator="permutation"), sp.ALE())
    )
    assert shapley.tolerance == 0.01
    assert "at least" in str(shapley)
    assert "more until every Monte Carlo standard error is at most 0.01" in str(shapley)
    cost = sp.Shapley(background=BEHIND, estimator="permutation").explain(product, X, tolerance=0.01).cost
    assert cost.asked >= shapley.rows - len(X) - len(BEHIND)
    assert ale.tolerance is None  # it draws nothing
    assert "at most" in str(ale)
