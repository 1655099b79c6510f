"""Orders are uniform; balanced shuffles deal every place one place of every stratum."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sipakit.sample import balanced_shuffles, orders

SIZES = st.integers(1, 60).flatmap(lambda n: st.tuples(st.just(n), st.integers(1, n)))
SEEDS = st.integers(0, 2**32)


@given(d=st.integers(0, 20), u=st.integers(1, 9), seed=SEEDS)
def test_an_order_names_every_feature_once(d, u, seed):
    drawn = orders(d, u, np.random.default_rng(seed))
    assert drawn.shape == (d, u)
    assert all(sorted(line) == list(range(u)) for line in drawn.tolist())


def test_all_orders_are_equally_likely_whatever_the_order_before():
    drawn = list(map(tuple, orders(12_000, 4, np.random.default_rng(0)).tolist()))
    counts = [drawn.count(order) for order in permutations(range(4))]
    assert stats.chisquare(counts).pvalue > 1e-3
    middle = [one[:1] + two[:1] for one, two in zip(drawn[::2], drawn[1::2], strict=True)]
    pairs = [middle.count((a, b)) for a in range(4) for b in range(4)]
    assert stats.chisquare(pairs).pvalue > 1e-3


@given(sizes=SIZES, seed=SEEDS)
def test_donors_of_a_place_lie_one_in_each_stratum(sizes, seed):
    n, repeats = sizes
    dealt, counts = balanced_shuffles(n, repeats, np.random.default_rng(seed))
    assert dealt.shape == counts.shape == (repeats, n)
    stratum = [place * repeats // n for place in range(n)]
    for place in range(n):
        assert sorted(stratum[donor] for donor in dealt[:, place]) == list(range(repeats))
        # a deal counts what its stratum holds
        held = [stratum.count(stratum[donor]) * repeats / n for donor in dealt[:, place]]
        np.testing.assert_allclose(counts[:, place], held)


@given(size=st.integers(1, 8), repeats=st.integers(1, 12), seed=SEEDS)
def test_equal_strata_are_matched_one_to_one(size, repeats, seed):
    n = size * repeats
    dealt, counts = balanced_shuffles(n, repeats, np.random.default_rng(seed))
    assert (counts == 1).all()
    receiving = np.tile(np.arange(n) // size, repeats)
    given_to = np.zeros((n, repeats), int)
    np.add.at(given_to, (dealt.ravel(), receiving), 1)
    assert (given_to == 1).all()  # every place goes to every stratum exactly once


@pytest.mark.parametrize("place", [0, 5, 11])
def test_every_line_by_itself_deals_any_place(place):
    rng = np.random.default_rng(1)
    first = np.bincount([balanced_shuffles(12, 4, rng)[0][2, place] for _ in range(3000)], minlength=12)
    assert stats.chisquare(first).pvalue > 1e-3


def test_luck_is_smaller_than_in_plain_shuffles():
    rng = np.random.default_rng(2)
    n, repeats = 100, 10
    balanced, plain = np.empty((2, 200))
    for run in range(200):
        dealt, _ = balanced_shuffles(n, repeats, rng)
        balanced[run] = dealt[:, 30].mean()
        plain[run] = np.mean([rng.permutation(n)[30] for _ in range(repeats)])
    assert abs(balanced.mean() - (n - 1) / 2) < 4 * balanced.std() / np.sqrt(200)
    # within strata only: sqrt((10^2 - 1) / (100^2 - 1)) of the plain spread
    assert balanced.std() / plain.std() == pytest.approx(np.sqrt(99 / 9999), rel=0.3)
