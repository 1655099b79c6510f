"""A cap in time becomes one in rows, and the result is that of those rows."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sipakit as sp
from sipakit.adapters import adapt
from sipakit.engine.budget import Budget, Pace, pace_of
from sipakit.errors import BudgetError, InputError
from sipakit.table import Table

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


@given(
    seconds=st.floats(0.1, 1e4),
    slowest=st.floats(1e-7, 0.1),
    base=st.integers(0, 10**5),
    share=st.floats(0.01, 1),
    elapsed=st.floats(0, 10),
)
def test_rows_of_a_time_take_no_longer_at_the_slowest_pace(seconds, slowest, base, share, elapsed):
    rows = Budget(seconds=seconds).in_rows(Pace(slowest / 2, slowest, 0), base=base, share=share, elapsed=elapsed)
    asked = base + max(rows - base, 0) * share  # what the model is really asked
    assert rows >= 0
    if rows > base:
        assert elapsed + asked * slowest <= seconds * (1 + 1e-9)


def test_a_look_at_the_pace_sees_what_a_row_takes_and_tells_what_it_cost():
    asked = []

    def model(Z):
        asked.append(len(Z))
        return slow(Z)

    pace = pace_of(adapt(model), Table.from_data(X))
    assert 2e-5 <= pace.fastest <= pace.slowest
    assert pace.rows == sum(asked)
    assert max(asked) * 2e-5 >= 0.02  # it stops when the clock can tell


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


def test_what_a_call_costs_by_itself_is_not_taken_for_the_pace_of_its_rows():
    def heavy(Z):  # as a forest with workers of its own: 60 ms a call, and hardly more for a thousand rows
        time.sleep(0.06 + 1e-6 * len(Z))
        return Z[:, 0]

    pace = pace_of(adapt(heavy), Table.from_data(X))
    assert pace.fastest < 0.06 / 1_000


def test_a_slow_model_is_looked_at_on_few_rows():
    asked = []

    def crawling(Z):
        asked.append(len(Z))
        time.sleep(0.02 * len(Z))
        return Z[:, 0]

    pace = pace_of(adapt(crawling), Table.from_data(X))
    assert pace.fastest >= 0.02
    assert sum(asked) <= 16 + 64
