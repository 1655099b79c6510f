"""Background rows are dealt evenly, and paired with near ones."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipakit.sample import dealt, nearest_pairs
from sipakit.table import Table

COUNTS = st.integers(1, 80)


@given(count=COUNTS, b=COUNTS, start=st.floats(0, 0.999), seed=st.integers(0, 99))
def test_rows_are_dealt_as_evenly_as_their_number_allows(count, b, start, seed):
    rows = 1000 + np.random.default_rng(seed).permutation(b)
    often = np.array([(dealt(count, rows, start) == row).sum() for row in rows])
    assert often.sum() == count  # rows of the table and nothing else
    assert often.max() - often.min() <= 1
    assert count % b or often.max() == often.min()


@given(count=COUNTS, more=COUNTS, start=st.floats(0, 0.999))
def test_fewer_places_than_rows_lie_one_in_each_stratum(count, more, start):
    b = count + more
    places = dealt(count, np.arange(b), start)
    for number, place in enumerate(places):
        assert number * b / count - 1 < place < (number + 1) * b / count
    assert (np.diff(places) >= b // count).all()


@pytest.mark.parametrize(("count", "b"), [(1, 7), (3, 7), (6, 7), (4, 10)])
def test_a_random_start_draws_every_row_equally_often(count, b):
    starts = (np.arange(7000) + 0.5) / 7000
    share = np.bincount(np.concatenate([dealt(count, np.arange(b), s) for s in starts]), minlength=b) / 7000
    np.testing.assert_allclose(share, count / b, atol=1e-3)


def mixed(n, seed):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "number": np.round(rng.normal(size=n), 1),
            "level": pd.Categorical(rng.choice(list("abc"), n), list("cab")),
            "order": pd.Categorical(rng.choice(list("sml"), n), list("sml"), ordered=True),
            "constant": 1.0,
        }
    )


def gower(frame, one, other):
    """Differences of dense ranks over the largest, or unequal levels, as written."""
    total = 0.0
    for name in ("number", "order"):
        ranks = frame[name].rank(method="dense") if name == "number" else frame[name].cat.codes
        total += abs(ranks[one] - ranks[other]) / max(ranks.max() - ranks.min(), 1)
    return total + (frame["level"][one] != frame["level"][other])


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("n", [2, 3, 9, 12])
def test_each_pair_is_the_nearest_of_the_rows_that_were_left(n, seed):
    frame = mixed(n, seed)
    pairs = nearest_pairs(Table.from_data(frame), np.arange(n))
    assert pairs.shape == (n // 2, 2)
    left = set(range(n))
    for one, other in pairs.tolist():
        nearest = min(gower(frame, a, b) for a in left for b in left if a < b)
        assert gower(frame, one, other) == pytest.approx(nearest, abs=1e-12)
        left -= {one, other}
    assert len(left) == n % 2


def test_levels_are_equal_or_not_and_have_no_order():
    frame = pd.DataFrame({"level": pd.Categorical(list("abcdad"))})
    pairs = nearest_pairs(Table.from_data(frame), np.arange(6))
    assert {frozenset(pair) for pair in pairs.tolist()} == {frozenset({0, 4}), frozenset({3, 5}), frozenset({1, 2})}


@pytest.mark.parametrize("n", [1, 256, 257, 601])
def test_rows_named_by_an_index_are_in_one_pair_each_within_their_block(n):
    rng = np.random.default_rng(n)
    index = rng.permutation(700)[:n]
    pairs = nearest_pairs(Table.from_data(rng.normal(size=(700, 2))), index)
    assert pairs.shape == (n // 2, 2)
    assert len(np.unique(pairs)) == 2 * (n // 2)
    place = {row: position for position, row in enumerate(index.tolist())}
    assert all(place[one] // 256 == place[other] // 256 for one, other in pairs.tolist())
