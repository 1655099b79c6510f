"""Tables as numbers, and the words for splits of them."""

import numpy as np
import pandas as pd
import pytest

from sipakit.encoding import encode
from sipakit.table import Table
from sipakit.task import resolve_features
from tests.explainers import mixed


def encoded(frame, *, impute=False):
    table = Table.from_data(frame)
    return encode(table, resolve_features(table), np.ones(len(frame)), impute=impute)


def sides(column, limit, *, missing_below=False):
    """The words for a split of a column between the values up to ``limit``, in its own units, and the others."""
    (term,) = encoded(pd.DataFrame({"x": column})).terms
    absent = np.isnan(term.places)
    below = np.where(absent, missing_below, term.places <= limit)
    return term.sides(below, ~below, limit=(limit - term.middle) / term.unit)


def test_numbers_are_standardised_and_levels_are_columns():
    X = mixed.table(50)
    e = encoded(X)
    terms = {term.text: term for term in e.terms}
    np.testing.assert_allclose(np.nanmean(terms["number"].numbers), 0, atol=1e-12)
    np.testing.assert_allclose(np.nanstd(terms["number"].numbers), 1)
    np.testing.assert_array_equal(np.isnan(terms["number"].numbers), X["number"].isna())
    np.testing.assert_array_equal(terms["text = red"].numbers, X["text"] == "red")
    np.testing.assert_array_equal(terms["text missing"].numbers, X["text"].isna())
    np.testing.assert_array_equal(terms["size"].places, X["size"].cat.codes)
    np.testing.assert_array_equal(terms["same"].numbers, 0)
    assert "level = x" not in terms  # a level that does not occur
    assert e.matrix.shape == (50, len(e.terms))


def test_missing_numbers_get_the_mean_and_a_column_of_their_own():
    X = mixed.table(50)
    e = encoded(X, impute=True)
    terms = {term.text: term for term in e.terms}
    assert not np.isnan(e.matrix).any()
    np.testing.assert_array_equal(terms["number"].numbers[X["number"].isna()], 0)
    np.testing.assert_array_equal(terms["number missing"].numbers, X["number"].isna())
    assert terms["number missing"].feature == "number"


def test_a_word_that_says_missing_is_no_missing_cell():
    e = encoded(pd.DataFrame({"x": ["missing", None, "a"]}))
    assert {term.text: term.numbers.tolist() for term in e.terms} == {
        "x = a": [0, 0, 1],
        "x = missing": [1, 0, 0],
        "x missing": [0, 1, 0],
    }


def test_only_frequent_levels_have_columns_and_it_is_told():
    e = encoded(pd.DataFrame({"x": [f"a{i}" for i in range(60)] + [f"a{i}" for i in range(55)]}))
    assert len(e.terms) == 50
    assert [c.code for c in e.caveats] == ["SIPA022"]
    assert "60 levels" in e.caveats[0].message


@pytest.mark.parametrize(
    ("column", "limit", "words"),
    [
        ([0, 3, 6, 7], 6.5, ("x <= 6.5", "x > 6.5")),
        ([2011, 2012], 2011.5, ("x <= 2011.5", "x > 2011.5")),  # four digits would say 2012
        ([1.00001, 1.00002], 1.000015, ("x <= 1.000015", "x > 1.000015")),
        ([0.1234567, 5.0], 2.5617283, ("x <= 2.562", "x > 2.562")),
        ([1e-9, 2e-9], 1.5e-9, ("x <= 1.5e-09", "x > 1.5e-09")),
        ([1e6, 3e6], 2e6, ("x <= 2000000", "x > 2000000")),
        ([True, False], 0.5, ("x = False", "x = True")),
    ],
)
def test_numbers_are_short_and_on_the_right_side(column, limit, words):
    assert sides(column, limit) == words


def test_ordered_levels_are_named():
    sizes = pd.Categorical(["s", "m", "l", "xl"], categories=["s", "m", "l", "xl"], ordered=True)
    assert sides(sizes, 0.5) == ("x = s", "x > s")
    assert sides(sizes, 1.5) == ("x <= m", "x > m")
    assert sides(sizes, 2.5) == ("x <= l", "x = xl")


def test_missing_cells_are_on_a_side():
    assert sides([1.0, np.nan, 3.0], 2.0) == ("x <= 2", "(x > 2 or missing)")
    assert sides([1.0, np.nan, 3.0], 2.0, missing_below=True) == ("(x <= 2 or missing)", "x > 2")
    assert sides([1.0, np.nan, 3.0], np.inf) == ("x is not missing", "x is missing")


def test_levels_are_or_are_not():
    (a, missing) = encoded(pd.DataFrame({"a = b": ["u", None, "u"]})).terms
    below = np.array([False, True, False])
    assert a.sides(below, ~below, limit=0.5) == ("a = b is not u", "a = b = u")
    assert missing.sides(~below, below, limit=0.5) == ("a = b is not missing", "a = b is missing")


@pytest.mark.parametrize("unit", ["s", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "Europe/Rome"])
def test_dates_are_days_where_days_tell_them_apart(unit, zone):
    days = pd.Series(pd.to_datetime(["2024-01-01", "2024-03-05"])).dt.as_unit(unit).dt.tz_localize(zone)
    places = encoded(pd.DataFrame({"x": days})).terms[0].places
    middle = places.mean()
    assert sides(days, middle) == ("x <= 2024-02-02", "x > 2024-02-02")
    hours = pd.Series(pd.to_datetime(["2024-01-01 10:00", "2024-01-01 11:00"])).dt.as_unit(unit).dt.tz_localize(zone)
    places = encoded(pd.DataFrame({"x": hours})).terms[0].places
    below, _ = sides(hours, places.mean())
    assert below == f"x <= 2024-01-01 10:30:00{'+01:00' if zone else ''}"


def test_durations_are_durations():
    waits = pd.to_timedelta([10, 50], unit="min")
    assert sides(waits, 30 * 60e9) == ("x <= 0 days 00:30:00", "x > 0 days 00:30:00")


@pytest.mark.parametrize("size", [1e-308, 1e-200, 1.0, 1e200, 1.7e308])
def test_numbers_are_standardised_whatever_their_size(size):
    numbers = np.array([-1.0, 1.0, -1.0, 1.0, 0.0])
    (term,) = encoded(pd.DataFrame({"x": numbers * size})).terms
    np.testing.assert_allclose(term.numbers, numbers / np.sqrt(0.8), rtol=1e-12)
    np.testing.assert_allclose(term.unit / size, np.sqrt(0.8), rtol=1e-12)


def test_texts_that_differ_in_the_nul_at_their_end_are_levels_of_their_own():
    e = encoded(pd.DataFrame({"x": ["a", "a\x00", "a", "b"]}))
    assert {term.text: term.numbers.tolist() for term in e.terms} == {
        "x = a": [1, 0, 1, 0],
        "x = a\x00": [0, 1, 0, 0],
        "x = b": [0, 0, 0, 1],
    }
