"""How much of a column the other columns tell, against shares that are known."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest

import sipakit as sp
from sipakit.sample import Dependence
from sipakit.table import Table


def looked_at(X, weights=None):
    table = Table.from_data(X)
    return Dependence.of(table, np.ones(len(table)) if weights is None else weights)


def shares(X, weights=None):
    """Share of each column that all others tell, NaN where nothing can be said."""
    dependence = looked_at(X, weights)
    found = {told.column: told.share for j in range(X.shape[1]) for told in dependence.told((j,))}
    return np.array([found.get(j, np.nan) for j in range(X.shape[1])])


def broken(X, moved=None, weights=None):
    """(column, teller) of all that no longer fits."""
    sets = [(j,) for j in range(X.shape[1])] if moved is None else moved
    return [(told.column, told.teller) for told in looked_at(X, weights).broken_by(sets)]


def normal(n, p, seed=0):
    return np.random.default_rng(seed).normal(size=(n, p))


# ---- shares


@pytest.mark.parametrize("r", [0.3, 0.6, 0.9, 0.98])
def test_of_normal_columns_the_share_is_the_squared_correlation_of_their_ranks(r):
    X = np.random.default_rng(0).multivariate_normal([0, 0], [[1, r], [r, 1]], size=20_000)
    rank_correlation = 6 / np.pi * np.arcsin(r / 2)
    np.testing.assert_allclose(shares(X), rank_correlation**2, atol=0.04)


def test_a_sum_is_told_as_a_regression_on_all_ranks_tells_it():
    X = normal(2_000, 5)
    X = np.column_stack([X, X.sum(axis=1)])
    covariance = np.cov(pd.DataFrame(X).rank().to_numpy().T)
    full = 1 - 1 / np.diagonal(np.linalg.inv(covariance) * covariance)  # by variance inflation factors
    np.testing.assert_allclose(shares(X), full, atol=0.03)


def test_of_a_category_the_share_is_that_of_the_gini_impurity():
    rng = np.random.default_rng(0)
    shown = rng.integers(0, 3, 40_000)
    level = np.where(rng.uniform(size=40_000) < 0.8, shown, rng.integers(0, 3, 40_000))
    # a level is right with 13 / 15, so that 1 - (13 / 15)^2 - 2 (1 / 15)^2 of an impurity of 2 / 3 is left
    left = (1 - (13 / 15) ** 2 - 2 / 15**2) / (2 / 3)
    names = pd.DataFrame({"level": np.array(["b", "a", "c"])[level], "shown": np.array(["x", "z", "y"])[shown]})
    np.testing.assert_allclose(shares(names), 1 - left, atol=0.04)


def test_bends_and_what_two_columns_tell_together_are_seen():
    x = normal(2_000, 1)[:, 0]
    assert shares(np.column_stack([x, x**2]))[1] > 0.98
    assert shares(np.column_stack([x, x**2]))[0] < 0.05
    weekday = np.random.default_rng(0).integers(0, 7, 2_000)
    holiday = (np.random.default_rng(1).uniform(size=2_000) < 0.1) & (weekday < 5)
    working = (weekday < 5) & ~holiday
    assert shares(np.column_stack([weekday, holiday, working]))[1:] == pytest.approx([1, 1])


def test_dummies_of_a_category_tell_each_other():
    levels = pd.get_dummies(pd.Series(np.random.default_rng(0).integers(0, 12, 2_000).astype(str)))
    assert (shares(levels) > 0.9).all()
    assert len(broken(levels)) == 12


@pytest.mark.parametrize(("n", "p"), [(2, 60), (10, 60), (20, 60), (30, 60), (500, 12)])
def test_noise_tells_nothing(n, p):
    assert not broken(normal(n, p))


def test_columns_of_the_bike_table_that_follow_from_others_are_named():
    X, _ = sp.datasets.bike()
    names = list(X)
    found = {names[told.column]: told for told in looked_at(X).broken_by([(j,) for j in range(len(names))])}
    assert set(found) == {"holiday", "workingday", "temp", "feel_temp", "season"}
    tellers = {name: names[told.teller] for name, told in found.items()}
    assert tellers["temp"], tellers["feel_temp"] == ("feel_temp", "temp")
    assert tellers["season"] == "month"


# ---- what moves


def test_a_column_that_leaves_its_follower_behind_is_found_by_the_follower():
    x, noise = normal(500, 2).T
    X = np.column_stack([x, x**2, noise])
    assert broken(X, [(0,)]) == [(1, 0)]
    assert broken(X, [(2,)]) == []
    assert broken(X, [(0, 1)]) == []  # both together
    assert broken(X, [(0, 1), (2,)]) == []
    assert broken(X, [(0, 2)]) == [(1, 0)]
    assert broken(X, [(0, 1), (0,)]) == [(1, 0)]  # together, and alone as well


def test_columns_are_told_by_those_outside_of_their_group():
    x, noise = normal(500, 2).T
    X = np.column_stack([x, x, x + 1e-3 * noise, noise])
    assert broken(X, [(0, 1, 2)]) == []
    assert broken(X, [(0, 1)]) == [(0, 2), (1, 2), (2, 0)]  # the third is left behind


def test_the_most_told_come_first():
    x, y, noise = normal(1_000, 3).T
    X = np.column_stack([x + 0.2 * noise, x, y, y + 0.01 * noise])
    found = looked_at(X).broken_by([(j,) for j in range(4)])
    assert [told.column for told in found][:2] in ([2, 3], [3, 2])
    percent = [round(told.share, 2) for told in found]
    assert len(found) == 4
    assert percent == sorted(percent, reverse=True)
    assert percent[1] > percent[2]


def test_copies_in_a_wide_table_of_noise_are_found():
    X = normal(1_000, 30)
    X[:, 17] = np.exp(X[:, 3])
    assert sorted(broken(X)) == [(3, 17), (17, 3)]


# ---- odd columns


def odd(n=80):
    rng = np.random.default_rng(0)
    x = rng.normal(size=n)
    return pd.DataFrame(
        {
            "number": x,
            "copy": x,
            "constant": 1.0,
            "absent": np.nan,
            "some absent": np.where(x > 0, np.nan, x),
            "infinite": np.where(x > 1, np.inf, x),
            "text": np.where(x > 0, "high", "low"),
            "id": [f"row {i}" for i in range(n)],
            "nothing": [None] * n,
            "mixed": [(1, "1", 2.0, None)[i % 4] for i in range(n)],
            "lists": [[i] for i in range(n)],
            "flag": x > 0,
            "flag or absent": pd.array(np.where(x > 1, None, x > 0), dtype="boolean"),
            "date": pd.Timestamp("2020-01-01", tz="Europe/Rome") + pd.to_timedelta(x.round(3), "D"),
            "length": pd.to_timedelta(x, "D"),
            "level": pd.Categorical(np.where(x > 0, "high", None), categories=["high", "never"]),
            "order": pd.Categorical(np.where(x > 0, "high", "low"), categories=["low", "high"], ordered=True),
            "whole": pd.array(rng.integers(0, 3, n), dtype="Int64"),
        }
    )


def test_columns_of_any_kind_are_looked_at_without_a_warning():
    X = odd()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = {X.columns[j] for j, _ in broken(X)}
    told = {"number", "copy", "some absent", "infinite", "text", "flag", "flag or absent", "date", "length"}
    assert told | {"level", "order"} <= found
    assert not {"constant", "absent", "id", "nothing", "mixed", "lists", "whole"} & found


@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_rows_say_nothing(n):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert broken(odd().head(n)) == []
        assert np.isnan(shares(odd().head(n))).all()


def test_a_single_column_has_nobody_to_tell_it():
    assert broken(normal(100, 1)) == []


def test_which_cells_are_missing_counts():
    x, y = normal(1_000, 2).T
    X = np.column_stack([np.where(y > 0, np.nan, x), np.where(y > 0, np.nan, y)])
    assert (shares(X) > 0.75).all()  # half of the ranks are one and the same


# ---- weights, and which rows


def test_rows_without_weight_are_not_seen():
    x, noise = normal(1_000, 2).T
    X = np.column_stack([x, np.where(np.arange(1_000) < 500, x, noise)])
    weights = (np.arange(1_000) < 500).astype(float)
    assert len(broken(X, weights=weights)) == 2
    assert broken(X) == []
    assert broken(X, weights=1 - weights) == []
    assert broken(X, weights=np.zeros(1_000)) == []


def test_weights_count_as_often_repeated_rows():
    x, noise = normal(300, 2).T
    X = np.column_stack([x, np.where(np.arange(300) < 150, x, noise)])
    assert len(broken(X, weights=np.where(np.arange(300) < 150, 50.0, 1.0))) == 2
    assert broken(X, weights=np.where(np.arange(300) < 150, 1.0, 50.0)) == []


def test_one_row_with_all_the_weight_says_nothing():
    X = np.column_stack([np.arange(100.0), np.arange(100.0)])
    assert len(broken(X)) == 2
    assert broken(X, weights=np.where(np.arange(100) == 3, 1e9, 1.0)) == []


def test_long_and_wide_tables_are_judged_by_some_of_their_rows():
    assert len(looked_at(normal(5_000, 3)).rows) == 2_000
    assert len(looked_at(normal(500, 3)).rows) == 500
    assert len(looked_at(normal(600, 2_000)).rows) == 200
    X = normal(250, 1_200)
    X[:, 7] = X[:, 1_100]
    assert broken(X, [(7,)]) == [(7, 1_100), (1_100, 7)]  # too wide for linear models


def test_equal_tables_give_equal_bits_and_no_global_generator_is_touched():
    X = odd(2_500)[["number", "copy", "text", "flag or absent", "whole"]]
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - the one that must stay as it is
    found = [looked_at(X).broken_by([(j,) for j in range(5)]) for _ in range(2)]
    assert found[0] == found[1]
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002


def test_what_is_found_is_kept_and_can_be_pickled():
    dependence = looked_at(normal(200, 3))
    assert dependence.told((0,)) is dependence.told([0])
    again = pickle.loads(pickle.dumps(dependence))
    assert again.told((0,)) == dependence.told((0,))
