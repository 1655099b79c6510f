"""Intervals: Student's t, Hall's lean for skewed estimates, and one layout for all."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sipakit.estimate import Estimate, falling

SKEWS = np.linspace(-0.25, 0.25, 41)  # where quantiles below 3.5 keep the cubic on its rising branch
LEVELS = st.floats(0.5, 0.999)
DEGREES = st.sampled_from([1.0, 2.0, 7.5, 40.0, np.inf])


def within(value, error, **more):
    return Estimate.within(np.array([value]), np.array([error]), **{"conf_level": 0.95, **more})


def hall(t, skew):
    """The cubic transformation of Hall (1992), after which a skewed statistic is as good as symmetric."""
    return t + skew / 3 * t**2 + skew**2 / 27 * t**3 + skew / 6


@given(st.floats(-1e3, 1e3), st.floats(0, 1e3), LEVELS, DEGREES)
def test_an_interval_is_students_t(value, error, level, df):
    e = within(value, error, conf_level=level, df=df)
    low, high = stats.t.interval(level, df, loc=value, scale=error) if error else (value, value)
    np.testing.assert_allclose([e.lower[0], e.upper[0]], [low, high], rtol=1e-9, atol=1e-9)


@given(st.floats(-1.2, 1.2), LEVELS, DEGREES)
def test_halls_transformation_of_the_ends_are_quantiles(skew, level, df):
    e = within(3.0, 2.0, conf_level=level, df=df, skew=skew)
    ends = (3.0 - np.array([e.lower[0], e.upper[0]])) / 2.0
    wanted = stats.t.ppf([(1 + level) / 2, (1 - level) / 2], df)
    np.testing.assert_allclose(hall(ends, skew), wanted, rtol=1e-4, atol=1e-4)


@given(st.floats(0.5, 0.99), st.sampled_from([8.0, 40.0, np.inf]))
def test_ends_rise_with_skew_and_mirror_each_other(level, df):
    zeros = np.zeros(len(SKEWS))
    e = Estimate.within(zeros, zeros + 1, conf_level=level, df=df, skew=SKEWS)
    np.testing.assert_allclose(e.lower, -e.upper[::-1], atol=1e-9)
    assert (e.lower < e.upper).all()
    assert (np.diff(e.lower) > 0).all()
    assert (np.diff(e.upper) > 0).all()


@pytest.mark.parametrize("skew", [1e-7, 2e-6, -2e-6, 1e-5])
def test_a_hardly_skewed_estimate_has_a_hardly_leaning_interval(skew):
    e, straight = within(0.0, 1.0, skew=skew), within(0.0, 1.0)
    assert e.lower[0] == pytest.approx(straight.lower[0], abs=1e-4)
    assert e.upper[0] == pytest.approx(straight.upper[0], abs=1e-4)


def test_a_leaning_interval_misses_skewed_means_as_often_on_either_side():
    n = 30
    draws = np.random.default_rng(0).exponential(size=(20_000, n))
    error = draws.std(axis=1, ddof=1) / np.sqrt(n)
    skew = stats.skew(draws, axis=1) / np.sqrt(n)
    missed = {}
    for name, lean in (("straight", 0.0), ("leaning", skew)):
        e = Estimate.within(draws.mean(axis=1), error, conf_level=0.9, df=n - 1, skew=lean)
        missed[name] = np.array([(e.lower > 1).mean(), (e.upper < 1).mean()])
    assert abs(missed["leaning"] - 0.05).max() < 0.02 < abs(missed["straight"] - 0.05).max()
    assert np.ptp(missed["leaning"]) < np.ptp(missed["straight"]) / 2


def test_degrees_errors_and_skews_may_differ_by_cell():
    values, error = np.arange(6.0).reshape(3, 2), np.array([0.5, 0.0])
    df, skew = np.array([[2.0], [9.0], [np.inf]]), np.array([[0.0], [0.4], [-0.4]])
    e = Estimate.within(values, error, conf_level=0.8, df=df, skew=skew)
    assert e.values.shape == e.std_error.shape == e.lower.shape == e.upper.shape == (3, 2)
    for i in range(3):
        for j in range(2):
            alone = within(values[i, j], error[j], conf_level=0.8, df=df[i, 0], skew=skew[i, 0])
            assert (e.lower[i, j], e.upper[i, j]) == (alone.lower[0], alone.upper[0])
    e.std_error[0, 0] = 9.0  # its own array, not a view of what was given
    assert error.tolist() == [0.5, 0.0]


def test_no_error_is_no_interval():
    values = np.array([[1.0, -2.0]])
    for e in (Estimate.exact(values), Estimate.within(values, np.zeros((1, 2)), conf_level=0.95, df=3, skew=0.7)):
        assert not e.std_error.any()
        np.testing.assert_array_equal(e.lower, values)
        np.testing.assert_array_equal(e.upper, values)


def test_an_infinite_error_is_an_interval_of_all_numbers():
    e = within(1.0, np.inf, df=5)
    assert (e.lower[0], e.upper[0]) == (-np.inf, np.inf)


def test_columns_have_the_names_of_a_frame():
    parts = {"between": np.array([0.1])}
    for e in (Estimate.exact(np.array([1.0]), parts), within(1.0, 2.0, parts=parts)):
        assert list(e.columns()) == ["estimate", "std_error", "lower", "upper", "between"]
        assert e.columns()["between"] is parts["between"]
        assert e.columns()["estimate"] is e.values


def test_the_largest_come_first_and_equal_ones_in_their_own_order():
    assert falling([2.0, np.inf, np.nan, 2.0, -np.inf, 5.0]).tolist() == [1, 5, 0, 3, 4, 2]
    assert falling(np.array([1, 3, 2])).tolist() == [1, 2, 0]
    assert falling([]).tolist() == []
