"""Neighbours lie about the row by the background's spread, and keep the kind of every cell."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from sipakit.sample import draw_neighbours, neighbourhood_of
from sipakit.sample.neighbours import scrambled_sobol
from sipakit.table import Table

MANY = 4096


def drawn(background, row, count=MANY, weights=None, seed=0):
    """Neighbours of a one-row table."""
    behind, table = Table.from_data(background), Table.from_data(row)
    around = neighbourhood_of(behind, np.ones(len(behind)) if weights is None else np.asarray(weights, float))
    return draw_neighbours(around, table, 0, count, np.random.default_rng(seed))


@given(values=arrays(float, 12, elements=st.floats(-1e3, 1e3)), data=st.data())
def test_spread_is_that_of_rows_given_as_often_as_they_weigh(values, data):
    weights = data.draw(arrays(int, 12, elements=st.integers(0, 3)).filter(np.any))
    spread = neighbourhood_of(Table.from_data(values[:, None]), weights.astype(float)).spread
    assert spread[0] == pytest.approx(np.std(np.repeat(values, weights)), abs=1e-9)


@pytest.mark.parametrize(
    ("values", "spread"),
    [
        ([5.0, 5.0, 5.0, 5.0], 0.0),
        ([1.0, np.nan, 3.0, np.inf], 1.0),
        ([1e300, -1e300, 1e300, -1e300], 1e300),
        (["a", "b", "a", "b"], 0.0),
        ([True, False, True, False], 0.0),
        (pd.to_datetime(["2020-01-01", "2020-01-03"] * 2), 86_400e9),
    ],
)
def test_spread_is_of_finite_numbers_and_dates(values, spread):
    table = Table.from_data(pd.DataFrame({"x": values}))
    assert neighbourhood_of(table, np.ones(4)).spread[0] == pytest.approx(spread)


def test_numbers_are_normal_about_the_row_with_the_backgrounds_spread():
    background = np.random.default_rng(1).normal(size=(500, 3)) * [1, 10, 0.1] + [50, 0, -3]
    row = np.array([[7.0, -2.0, 4.0]])
    table, coordinates = drawn(background, row)
    standard = (table.matrix - row) / background.std(axis=0)
    np.testing.assert_allclose(coordinates, standard, atol=1e-9)
    np.testing.assert_allclose(standard.mean(axis=0), 0, atol=0.01)
    np.testing.assert_allclose(standard.var(axis=0), 1, atol=0.02)
    assert all(stats.kstest(one, "norm").statistic < 0.01 for one in standard.T)
    np.testing.assert_allclose(np.corrcoef(standard.T), np.eye(3), atol=0.05)


def test_whole_numbers_are_rounded_and_dates_keep_their_kind():
    days = pd.Series(pd.date_range("2021-01-01", periods=9, tz="Europe/Rome"))
    frame = pd.DataFrame({"n": np.arange(9) * 3, "day": days})
    table, coordinates = drawn(frame, frame.iloc[[4]])
    cells = table.as_data(as_array=False)
    assert cells.dtypes.equals(frame.dtypes)
    assert cells["n"].mean() == pytest.approx(12, abs=0.05)
    assert cells["n"].var() == pytest.approx(frame["n"].var(ddof=0) + 1 / 12, rel=0.02)  # rounding adds a twelfth
    apart = (cells["day"] - days[4]) / days.std(ddof=0)
    np.testing.assert_allclose(coordinates[:, 1], apart, atol=1e-6)
    assert apart.var() == pytest.approx(1, abs=0.02)


def test_whole_numbers_stop_at_the_ends_of_their_type():
    table, _ = drawn(np.array([[-120], [120]], np.int8), np.array([[100]], np.int8))
    values = table.columns[0]
    assert values.dtype == np.int8
    assert (values == 127).mean() == pytest.approx(stats.norm.sf(26.5 / 120), abs=0.01)
    assert (values == -128).mean() == pytest.approx(stats.norm.cdf(-227.5 / 120), abs=0.01)


@pytest.mark.parametrize("weights", [[1, 1, 1, 1], [5, 1, 0, 2]])
@pytest.mark.parametrize("own", ["a", "c", "new"])
def test_a_level_is_kept_or_drawn_from_the_background(weights, own):
    levels = np.array(["a", "b", "c", "a"])
    table, coordinates = drawn(pd.DataFrame({"x": levels}), pd.DataFrame({"x": [own]}), weights=weights)
    got = np.asarray(table.columns[0], str)
    for level in {*levels, own}:
        share = np.sum(np.array(weights)[levels == level]) / np.sum(weights) / 2 + (level == own) / 2
        assert (got == level).mean() == pytest.approx(share, abs=0.01)
    np.testing.assert_array_equal(coordinates[:, 0], np.where(got == own, 0, -1))


@pytest.mark.parametrize("own", [np.nan, 3.0])
def test_missing_and_constant_cells_are_kept_or_drawn(own):
    background = [[1.0], [2.0], [1.0], [2.0]] if np.isnan(own) else [[7.0]] * 4
    table, coordinates = drawn(np.array(background), np.array([[own]]))
    kept = np.isnan(table.matrix) if np.isnan(own) else table.matrix == own
    assert kept.mean() == pytest.approx(0.5, abs=0.01)
    assert set(table.matrix[~kept]) == {value for (value,) in background}
    np.testing.assert_array_equal(coordinates, np.where(kept, 0, -1))


@given(count=st.integers(1, 300), seed=st.integers(0, 2**32))
def test_any_number_of_neighbours_by_the_generator_alone(count, seed):
    background = np.random.default_rng(0).normal(size=(9, 2))
    table, coordinates = drawn(background, background[:1], count, seed=seed)
    again, _ = drawn(background, background[:1], count, seed=seed)
    other, _ = drawn(background, background[:1], count, seed=seed + 1)
    assert len(table) == len(coordinates) == count
    assert table.fingerprint == again.fingerprint != other.fingerprint


def test_a_generator_in_a_state_met_before_gives_the_same_neighbours_and_goes_on_in_the_same_way():
    table = Table.from_data(np.random.default_rng(0).normal(size=(9, 2)))
    around = neighbourhood_of(table, np.ones(9))

    def drawn_twice():
        rng = np.random.default_rng(5)
        both = [draw_neighbours(around, table, row, 32, rng)[0].fingerprint for row in (3, 3)]
        return both, rng.random()

    first, again = drawn_twice(), drawn_twice()
    assert first == again
    assert first[0][0] != first[0][1]


@pytest.mark.parametrize(("count", "p", "replicates"), [(1, 3, 2), (8, 1, 1), (64, 5, 3), (100, 2, 4)])
def test_scrambled_points_are_stratified_and_inside_the_cube(count, p, replicates):
    points = scrambled_sobol(count, p, replicates, np.random.default_rng(0))
    assert points.shape == (replicates, count, p)
    assert (points > 0).all()
    assert (points < 1).all()
    cells = np.floor(points * 2 ** (count - 1).bit_length())
    for replicate in cells:
        assert all(len(set(column)) == count for column in replicate.T)  # no interval has two points


def test_scrambled_points_are_uniform_and_replicates_independent():
    draws = np.concatenate([scrambled_sobol(16, 3, 50, np.random.default_rng(seed)) for seed in range(40)])
    first = draws[:, 0]  # of each replicate
    for column in first.T:
        assert stats.kstest(column, "uniform").pvalue > 1e-4
    assert np.abs(np.corrcoef(first[::2].T, first[1::2].T) - np.eye(6)).max() < 0.12


def test_means_over_scrambled_points_are_much_better_than_over_plain_ones():
    def smooth(u):
        x = 2 * u - 1
        return x[..., 0] * x[..., 1] + x[..., 2] ** 2 * x[..., 5] + np.sin(3 * x[..., 4])

    rng = np.random.default_rng(0)
    ours, plain = smooth(scrambled_sobol(256, 6, 300, rng)).mean(axis=1), smooth(rng.random((300, 256, 6))).mean(axis=1)
    assert abs(ours.mean()) < 4 * ours.std() / np.sqrt(300)
    assert ours.std() < plain.std() / 15
