"""Means with one or two columns set, from the structure of a model, are means of its own answers."""

from itertools import combinations

import numpy as np
import pytest

from sipakit.adapters import adapt
from sipakit.door import open_table
from sipakit.exact import deal, join, joint
from sipakit.intervene import Mix, Rows
from tests.adapters.trees import cases

pytest.importorskip("numba")
ADDITIVE = ["a tree", "a leaf", "a forest of two", "a forest of two targets"]
ADDITIVE += ["boosting", "boosting of two, score", "boosting of three, score", "histograms"]
try:
    BOOSTED = [
        name
        for name in cases.boosters()
        if name in ("lightgbm", "lightgbm of stumps", "lightgbm of two, score", "lightgbm with levels", "xgboost")
    ]
except ImportError:
    BOOSTED = []
CURVED = ["a forest of two, log odds", "boosting of two", "boosting of three", "histograms of counts"]


def every_pair(columns):
    return list(combinations(range(columns), 2))


def joined(name, weights=None):
    model, data, output = cases.fitted(name)
    adapter = adapt(model, output=output)
    table, _ = open_table(data[:150], expects=adapter.expects)
    weights = np.ones(len(table)) if weights is None else weights
    return adapter, table, join(adapter.structure, table, weights, adapter.read, every_pair(table.n_columns))


def asked(adapter, table, donors, columns, weights):
    """(donors, k) mean answers with the columns of each donor."""
    n, index = len(table), np.arange(len(table))
    take = np.isin(np.arange(table.n_columns), columns)
    found = []
    for donor in donors:
        mix = Mix.of(Rows(table, index), Rows(table, np.full(n, donor)), take)
        found.append(np.average(adapter.predict(mix), axis=0, weights=weights))
    return np.array(found)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", ADDITIVE + BOOSTED)
def test_means_with_one_and_two_columns_set(name, weighted):
    rng = np.random.default_rng(0)
    weights = rng.integers(0, 4, 150) / 3 if weighted else np.ones(150)
    adapter, table, made = joined(name, weights)
    share, donors = made.batches.share, rng.integers(0, 150, 4)
    tolerance = max(made.trees.tolerance, 1e-9) * 20
    level = share @ made.level
    np.testing.assert_allclose(level, asked(adapter, table, donors[:1], [], weights)[0], rtol=tolerance)
    single = {}
    for j in range(table.n_columns):
        at = made.codes(table, j)[donors]
        single[j] = np.tensordot(share, made.single(j), 1)[at]
        expected = asked(adapter, table, donors, [j], weights)
        np.testing.assert_allclose(level + single[j], expected, rtol=tolerance, atol=tolerance)
    for (j, k), both in made.pairs():
        one, other = made.codes(table, j)[donors], made.codes(table, k)[donors]
        ours = level + single[j] + single[k] + np.tensordot(share, both, 1)[one, other]
        expected = asked(adapter, table, donors, [j, k], weights)
        np.testing.assert_allclose(ours, expected, rtol=tolerance, atol=tolerance)


def test_each_batch_has_the_means_of_its_own_rows():
    adapter, table, made = joined("a forest")
    own = adapter.predict(Mix.unchanged(Rows(table, np.arange(150))))
    np.testing.assert_allclose(made.level, made.batches.means(own))
    for batch in (0, 17):
        weights = (made.batches.of_row == batch).astype(float)
        ours = made.level[batch] + made.single(1)[batch][made.codes(table, 1)[:3]]
        np.testing.assert_allclose(ours, asked(adapter, table, range(3), [1], weights))


def test_tables_made_in_parts_are_the_same(monkeypatch):
    _, _, made = joined("boosting")
    whole = dict(made.pairs())
    monkeypatch.setattr(joint, "_MOST_CELLS", 1)
    parts = joined("boosting")[2]
    for pair, both in parts.pairs():
        np.testing.assert_array_equal(both, whole[pair])
    assert len(whole) == 6


def test_a_pair_that_no_leaf_asks_about_adds_exactly_nothing():
    model = cases.ensemble.GradientBoostingRegressor(n_estimators=5, max_depth=1).fit(cases.FULL, cases.Y)
    adapter = adapt(model)
    table, _ = open_table(cases.FULL)
    made = join(adapter.structure, table, np.ones(len(table)), adapter.read, [(3, 2), (0, 1)])
    assert all((both == 0).all() for _, both in made.pairs())
    assert made.wanted == ((0, 1), (2, 3))


@pytest.mark.parametrize("name", CURVED)
def test_answers_that_are_no_sums_are_not_averaged(name):
    assert joined(name)[2] is None


def test_tables_that_are_too_large_are_left_to_the_model(monkeypatch):
    monkeypatch.setattr(joint, "_MOST_WORDS", 10)
    assert joined("a tree")[2] is None


@pytest.mark.parametrize(
    ("n", "batches"), [(1, 1), (63, 63), (64, 64), (65, 64), (1_000, 64), (12_000, 64), (17_379, 55), (100_000, 63)]
)
def test_rows_are_dealt_evenly(n, batches):
    dealt = deal(np.ones(n))
    sizes = np.bincount(dealt.of_row)
    assert len(sizes) == batches
    assert np.ptp(sizes) <= 1
    np.testing.assert_allclose(dealt.share, sizes / n)


def test_rows_without_weight_are_in_no_batch():
    weights = np.array([0.0, 2, 0, 1, 1])
    dealt = deal(weights)
    assert (dealt.of_row < 0).tolist() == [True, False, True, False, False]
    np.testing.assert_allclose(dealt.share @ dealt.means(np.arange(5.0)[:, None]), (2 * 1 + 3 + 4) / 4)
    np.testing.assert_allclose(dealt.share @ dealt.shares_of(np.array([0, 0, 0, 1, 1]), 2), [0.5, 0.5])
