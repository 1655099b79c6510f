"""Codes of cells, and what sums of trees are turned into."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, softmax

from sipakit.structure import Levels, Numbers, linked

CELLS = np.array([-np.inf, -1.0, 0.0, 0.5, 2.0, 3.0, np.inf, np.nan])


@pytest.mark.parametrize(
    ("equal_goes_right", "expected"),
    [(False, [0, 0, 0, 1, 1, 2, 2, 3]), (True, [0, 0, 1, 1, 2, 2, 2, 3])],
)
def test_codes_count_the_thresholds_below(equal_goes_right, expected):
    coding = Numbers(np.array([0.0, 2.0]), equal_goes_right=equal_goes_right)
    assert coding.size == 4
    assert coding.codes(CELLS).tolist() == expected
    nullable = pd.array([0, None, 3], dtype="Int64")
    assert coding.codes(nullable).tolist() == [expected[2], 3, expected[5]]
    assert coding.codes(np.array([True, False])).tolist() == [1, int(equal_goes_right)]


def test_single_precision_rounds_cells_first():
    just_above = np.array([1.0 + 1e-12])
    assert Numbers(np.array([1.0])).codes(just_above).tolist() == [1]
    assert Numbers(np.array([1.0]), single=True).codes(just_above).tolist() == [0]
    assert Numbers(np.array([1.0]), single=True).codes(np.array([1e300])).tolist() == [1]


def test_a_column_that_no_tree_asks_about_has_one_code_whatever_it_holds():
    idle = Numbers(np.zeros(0))
    for column in (pd.Categorical(["a", None]), np.array(["x", 1], dtype=object), CELLS[:2]):
        assert idle.takes(column)
        assert idle.codes(column).tolist() == [0, 0]
    assert not Numbers(np.array([1.0])).takes(pd.Categorical(["a"]))


def test_levels_are_found_by_what_they_are_called():
    coding = Levels(("low", "high"))
    other = pd.Categorical(["high", None, "none", "low"], categories=["none", "low", "high"])
    assert coding.codes(other).tolist() == [1, 2, 2, 0]
    assert not coding.takes(np.array(["high"]))


def test_levels_are_found_among_plain_cells():
    numbers = Levels((0.0, 1.0, 2.0), plain=True)
    cells = np.array([2.0, np.nan, 0.0, 7.0, 1.5])
    assert numbers.takes(cells)
    assert numbers.codes(cells).tolist() == [2, 3, 0, 3, 3]
    assert numbers.codes(pd.Categorical([True, None, False])).tolist() == [1, 3, 0]
    assert numbers.codes(np.array([True, False])).tolist() == [1, 0]
    texts = Levels(("a", "b"), plain=True)
    for column in (pd.array(["b", "c", None], dtype="str"), np.array(["b", "c", None], object)):
        assert texts.takes(column)
        assert texts.codes(column).tolist() == [1, 2, 2]
    assert not texts.takes(np.array(["2020-01-01"], "M8[ns]"))


def test_closed_levels_take_no_others():
    coding = Levels(("a", "b"), closed=True)
    assert coding.takes(pd.Categorical(["b", None]))
    assert coding.takes(pd.Categorical(["b"], categories=["b", "c"]))
    assert not coding.takes(pd.Categorical(["b", "c"]))


def test_numbers_that_stand_for_levels():
    cells = np.array([-np.inf, -1.0, -0.5, 0.0, 0.9, 1.0, 2.0, np.inf, np.nan])
    assert Numbers.levels(2).codes(cells).tolist() == [0, 0, 0, 1, 1, 2, 3, 3, 4]
    from_above = Numbers.levels(2, lowest=np.nextafter(-1, 0))
    assert from_above.codes(cells).tolist() == [0, 0, 1, 1, 1, 2, 3, 3, 4]
    assert Numbers.levels(2, single=True).codes(np.array([1 - 1e-12])).tolist() == [2]


def test_numbers_that_count_as_missing():
    coding = Numbers(np.array([0.5]), absent=(-1.0, -0.5))
    assert coding.codes(np.array([-1.1, -1.0, -0.7, -0.5, 0.0, 1.0, np.nan])).tolist() == [0, 2, 2, 2, 0, 1, 2]


def test_whole_numbers_that_are_rounded_are_not_taken():
    coding = Numbers(np.array([0.5]), whole_to=100)
    assert coding.takes(np.array([-100, 100]))
    assert not coding.takes(np.array([-101, 100]))
    assert not coding.takes(pd.array([101, None], dtype="Int64"))
    assert coding.takes(pd.array([None], dtype="Int64"))
    assert coding.takes(np.array([101.0]))


def test_links():
    sums = np.random.default_rng(0).normal(size=(5, 7, 3))
    np.testing.assert_array_equal(linked(sums, "identity"), sums)
    np.testing.assert_allclose(linked(sums, "exp"), np.exp(sums))
    np.testing.assert_allclose(linked(sums, "softmax"), softmax(sums, axis=-1))
    np.testing.assert_allclose(linked(sums, "each"), expit(sums))
    one = sums[..., :1]
    np.testing.assert_allclose(linked(one, "logistic")[..., 1:], expit(one))
    np.testing.assert_allclose(linked(one, "complement"), np.concatenate([1 - one, one], axis=-1))
