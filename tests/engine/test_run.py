"""The loop: slices that cover a round, generators that follow from them, budgets, and what a run cost."""

import time

import joblib
import numpy as np
import pytest
import threadpoolctl
from hypothesis import given
from hypothesis import strategies as st

import sipakit as sp
from sipakit.checks import same
from sipakit.engine import explain
from sipakit.engine.work import slices
from sipakit.errors import BudgetError

rng = np.random.default_rng(0)
X, BEHIND = rng.normal(size=(700, 2)), rng.normal(size=(30, 2))
Y = X[:, 0] + rng.normal(size=700)
SLICE, CELLS = 32_768, 2**23
FINITE = {  # their need does not depend on the budget
    "ALE": sp.ALE(),
    "CeterisParibus": sp.CeterisParibus(background=BEHIND, grid_resolution=15),
    "PartialDependence": sp.PartialDependence(grid_resolution=15),
    "PermutationImportance": sp.PermutationImportance(n_repeats=15),
    "Shapley": sp.Shapley(background=BEHIND, estimator="enumeration"),
}


def product(X):
    return X[:, 0] * X[:, 1]


def slow(X):
    time.sleep(0.01)
    return product(X)


@given(draws=st.integers(0, 5000), rows=st.integers(0, 40_000), width=st.sampled_from([0, 1, 256, 257, 5_000, 10**8]))
def test_slices_cover_all_draws_once_in_order_and_are_no_larger_than_needed(draws, rows, width):
    cut = slices(sp.Round(draws=draws, rows=rows), width)
    most = min(SLICE, CELLS // max(width, 1))
    assert [draw for part in cut for draw in part] == list(range(draws))
    assert all(len(part) == 1 or len(part) * max(rows, 1) <= most for part in cut)
    assert all((len(part) + 1) * max(rows, 1) > most for part in cut[:-1])


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("seed", [0, 5])
def test_a_slice_has_a_generator_made_from_seed_round_and_first_draw(monkeypatch, n_jobs, seed):
    sampled, original = [], sp.LIME.sample

    def spy(self, task, round_, index, rng):
        sampled.append((index, rng.bit_generator.state, round_))
        return original(self, task, round_, index, rng)

    monkeypatch.setattr(sp.LIME, "sample", spy)
    explainer = sp.LIME(background=BEHIND, n_samples=4096, random_state=seed)
    with joblib.parallel_config("threading"):  # a spy sees its own process only
        explainer.explain(product, X[:17], n_jobs=n_jobs)
    sampled.sort(key=lambda one: one[0][0])
    assert [index.tolist() for index, _, _ in sampled] == list(map(list, slices(sampled[0][2], X.shape[1])))
    assert len(sampled) > 1
    for index, state, round_ in sampled:
        assert state == np.random.default_rng([seed, round_.number, index[0]]).bit_generator.state


def needed(name):
    """Rows that a budget must cover: what is asked for, what is predicted first, and the check."""
    explainer = FINITE[name]
    cost = explainer.explain(product, X, Y).cost
    first = ("rows" in explainer.uses) * len(X) + ("background" in explainer.uses) * len(BEHIND)
    return cost.asked + first + cost.check_rows


@pytest.mark.parametrize("name", FINITE)
def test_any_budget_that_suffices_gives_the_same_bits_for_any_number_of_workers(name):
    plain, enough = FINITE[name].explain(product, X, Y), needed(name)
    for budget, n_jobs in [(enough, 1), (enough, 2), (10 * enough, 2), (None, 2)]:
        other = FINITE[name].explain(product, X, Y, budget=budget, n_jobs=n_jobs)
        assert same(other.estimate.columns(), plain.estimate.columns())
        assert (other.cost.rows, other.cost.asked) == (plain.cost.rows, plain.cost.asked)
        assert other.manifest == {**plain.manifest, "budget": budget}


@pytest.mark.parametrize("name", sorted(set(FINITE) - {"Shapley"}))
def test_a_budget_one_row_short_is_refused_before_anything_is_asked(name):
    enough, seen = needed(name), []
    asked = FINITE[name].explain(product, X, Y).cost.asked

    def counting(X):
        seen.append(len(X))
        return product(X)

    with pytest.raises(BudgetError) as refused:
        FINITE[name].explain(counting, X, Y, budget=enough - 1)
    assert f"{name} asks for up to {asked:,} more model rows, and the budget has {asked - 1:,}." in str(refused.value)
    assert "Raise the budget" in str(refused.value)
    assert sum(seen) == enough - asked


def test_a_budget_below_the_base_predictions_is_refused_with_their_number():
    first = 700 + 30 + 64 + 32
    with pytest.raises(
        BudgetError, match=f"budget={first - 1:,} is less than the {first:,} rows that Shapley predicts"
    ):
        FINITE["Shapley"].explain(product, X, budget=first - 1)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_seconds_in_the_model_and_outside_are_told(n_jobs):
    calls = []

    def model(X):
        calls.append(len(X))
        return slow(X)

    started = time.perf_counter()
    cost = FINITE["PartialDependence"].explain(model, X, n_jobs=n_jobs).cost
    passed = time.perf_counter() - started
    looks = 2  # at its manners
    assert len(calls) >= looks + 2
    assert sum(calls) == cost.rows + cost.check_rows
    assert cost.seconds_in_model >= 0.01 * (len(calls) - looks)
    assert cost.seconds_outside > 0
    if n_jobs == 1:
        assert cost.seconds_in_model + cost.seconds_outside <= passed


def test_seconds_of_base_predictions_count_as_in_the_model():
    cost = sp.Shapley(background=BEHIND[:1]).explain(slow, X[:1]).cost
    assert cost.rows == 1 + 1 + 2  # row, background, two coalitions
    assert cost.seconds_in_model >= 0.03
    assert cost.seconds_outside > 0


def test_results_come_in_the_order_of_the_explainers_and_shared_rows_are_asked_once():
    seen = []

    def model(X):
        seen.append(len(X))
        return product(X)

    names = ["ICE", "PermutationImportance", "PartialDependence", "ALE"]
    made, _ = explain([getattr(sp, name)() for name in names], model, X, Y)
    assert [one.explainer for one in made] == names
    ice, importance, curve, ale = (one.cost for one in made)
    assert (ice.rows, ice.asked) == (curve.rows, curve.asked)
    own = sum(cost.rows - len(X) for cost in (curve, importance, ale))  # the rows themselves are predicted once
    assert sum(seen) == ice.check_rows + len(X) + own


def test_a_run_has_one_blas_thread_and_gives_the_rest_back():
    def threads():
        return [pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"]

    inside = []

    def model(X):
        inside.append(threads())
        return X[:, 0]

    with threadpoolctl.threadpool_limits(limits=2, user_api="blas"):
        before = threads()
        sp.PartialDependence().explain(model, X[:20])
        assert threads() == before
    assert all(set(found) <= {1} for found in inside)


def test_the_manifest_tells_what_a_repetition_needs():
    told = sp.ALE(random_state=7, background=BEHIND).explain(product, X, sample_weight=np.arange(700.0)).manifest
    assert (told["random_state"], told["rows"], told["background"]) == (7, 700, 30)
    assert (told["weighted"], told["columns"], told["budget"]) == (True, ["x0", "x1"], None)
    other = sp.ALE(random_state=7, background=BEHIND).explain(product, X[::-1]).manifest
    assert not other["weighted"]
    assert other["rows_fingerprint"] != told["rows_fingerprint"]
    assert other["background_fingerprint"] == told["background_fingerprint"]


@pytest.mark.parametrize("background", [None, BEHIND])
def test_rows_compared_with_each_other_are_told_of(background):
    codes = [one.code for one in sp.Shapley(background=background).explain(product, X[:20]).caveats]
    assert ("SIPA010" in codes) == (background is None)
