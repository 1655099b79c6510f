"""A cap in time becomes one in rows, and the result is that of those rows."""

import time

import numpy as np
import pytest

import sipakit as sp
from sipakit.engine.budget import Budget
from sipakit.errors import BudgetError, InputError

rng = np.random.default_rng(0)
X, BEHIND = rng.normal(size=(40, 5)), rng.normal(size=(20, 5))


def slow(Z):
    time.sleep(2e-5 * len(Z))
    return Z[:, 0] * Z[:, 1] + Z[:, 2]


@pytest.mark.parametrize(
    ("given", "seconds"), [("30s", 30), ("250 ms", 0.25), ("1.5min", 90), ("2 h", 7200), (" 5 sec ", 5)]
)
def test_times_are_read(given, seconds):
    assert Budget.of(given) == Budget(seconds=seconds)


@pytest.mark.parametrize("given", ["", "30", "s", "0s", "-3s", "1 day", "1e3s", 0, -5, 2.5, True, [10], "30s later"])
def test_anything_else_is_refused_with_what_is_allowed(given):
    with pytest.raises(InputError, match=r"budget=.* cannot be used\. It takes a number of model rows, a time such as"):
        sp.ALE().explain(slow, X, budget=given)


def test_a_time_gives_the_bits_of_the_rows_that_it_tells():
    shapley = sp.Shapley(background=BEHIND, estimator="permutation")
    timed = shapley.explain(slow, X, budget="2s")
    again = shapley.explain(slow, X, budget=timed.manifest["budget"])
    np.testing.assert_array_equal(timed.values, again.values)
    np.testing.assert_array_equal(timed.std_error, again.std_error)
    assert timed.cost.rows == again.cost.rows <= timed.manifest["budget"]
    assert timed.cost.check_rows > again.cost.check_rows  # the look


def test_more_time_asks_more():
    few, many = (
        sp.Shapley(background=BEHIND, estimator="permutation").explain(slow, X, budget=budget).cost.asked
        for budget in ("1s", "5s")
    )
    assert many > few


def test_a_time_that_does_not_suffice_is_told_in_rows():
    with pytest.raises(BudgetError, match=r"budget='0.2s' is about [\d,]+ model rows here\. .*PartialDependence"):
        sp.PartialDependence().explain(slow, np.repeat(X, 50, axis=0), budget="200ms")


def test_a_study_shares_its_time_and_its_rows():
    study = sp.explain(slow, X, methods=["ale", "shapley"], background=BEHIND, budget="5s")
    assert study["shapley"].manifest["budget"] > 0
    rows = sp.explain(slow, X, methods=["ale", "shapley"], background=BEHIND, budget=50_000)
    assert sum(one.cost.rows + one.cost.check_rows for one in rows.values()) <= 50_000
