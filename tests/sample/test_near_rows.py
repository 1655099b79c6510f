"""Rows drawn near a row on what is known of it: by the weights as written, and no cell that does not occur."""

import numpy as np
import pandas as pd
import pytest

from sipakit.intervene import Mix, Rows
from sipakit.sample.near_rows import near_rows_of
from sipakit.table import Table
from tests.explainers import mixed


def fitted(data, weights=None, seed=0):
    table = Table.from_data(data)
    weights = np.ones(len(table)) if weights is None else np.asarray(weights, float)
    return near_rows_of(table, weights, np.random.default_rng(seed).normal(size=(len(table), 1)))


def drawn(near, donors, base, donor, take, which=None):
    return near.conditioned(Mix.of(Rows(near.background, base), Rows(donors, donor), take, which)).base.index


def squared_distances(frame, x, names):
    """Gower's distances of the rows of a frame to row ``x``, mean of squares, as written."""
    total = np.zeros(len(frame))
    for name in names:
        cells = frame[name]
        lacks = cells.isna().to_numpy()
        if pd.isna(x[name]):
            total += np.where(lacks, 0.0, 1.0)
            continue
        if isinstance(cells.dtype, pd.CategoricalDtype) and cells.cat.ordered:
            cells, own = cells.cat.codes, list(cells.cat.categories).index(x[name])
        else:
            own = x[name]
        if name in {"text", "level"}:
            apart = (cells != own).to_numpy(float)
        else:
            held = cells[~lacks]
            places = [(np.mean(held < v) + np.mean(held <= v)) / 2 for v in cells]
            apart = (np.array(places) - (np.mean(held < own) + np.mean(held <= own)) / 2) ** 2
        total += np.where(lacks, 1.0, apart)
    return total / max(len(names), 1)


@pytest.mark.parametrize("seed", range(4))
def test_rows_are_drawn_by_weights_of_their_distance(seed):
    rng = np.random.default_rng(seed)
    frame, rows = mixed.table(40, seed=seed), mixed.table(5, seed=seed + 100)
    near = fitted(frame, seed=seed)
    donors = Table.from_data(rows)
    take = rng.random((40, frame.shape[1])) < 0.5
    donor = rng.integers(0, 5, 40)
    found = drawn(near, donors, np.arange(40), donor, take)
    order = near.among
    for i in range(40):
        squares = squared_distances(frame, rows.iloc[donor[i]], [n for n, t in zip(frame, take[i], strict=True) if t])
        h2 = max(np.sort(squares)[near.fewest - 1], 0.01 / 12)
        upto = np.cumsum(np.exp(-squares / (2 * h2))[order])
        place = (np.flatnonzero(order == i)[0] + 0.5) / 40
        at = np.flatnonzero(order == found[i])[0]
        assert (upto[at - 1] if at else 0) / upto[-1] - 1e-5 <= place <= upto[at] / upto[-1] + 1e-5


def test_nothing_known_leaves_every_row_as_it_is():
    for weights in (None, np.random.default_rng(0).integers(1, 5, 30)):
        near = fitted(mixed.table(30), weights)
        found = drawn(near, near.background, np.arange(30), np.zeros(30, int), np.zeros(8, bool))
        np.testing.assert_array_equal(found, np.arange(30))


def test_lines_that_rows_share_are_looked_at_once(monkeypatch):
    frame = mixed.table(50)
    near, rng = fitted(frame), np.random.default_rng(0)
    lines, which, donor = rng.random((6, 8)) < 0.5, rng.integers(0, 6, 200), rng.integers(0, 50, 200)
    base = rng.integers(0, 50, 200)
    shared = drawn(near, near.background, base, donor, lines, which)
    np.testing.assert_array_equal(shared, drawn(near, near.background, base, donor, lines[which]))
    monkeypatch.setattr("sipakit.sample.near_rows._AT_ONCE", 60)
    np.testing.assert_array_equal(shared, drawn(near, near.background, base, donor, lines, which))


def test_near_rows_have_the_level_that_is_known():
    rng = np.random.default_rng(0)
    level = rng.choice(list("ab"), 400)
    frame = pd.DataFrame({"level": level, "number": rng.normal(size=400) + 5 * (level == "a")})
    near = fitted(frame)
    x = Table.from_data(frame.iloc[[int(np.argmax(level == "a"))]])
    found = drawn(near, x, np.arange(400), np.zeros(400, int), np.array([True, False]))
    assert (level[found] == "a").all()
    assert len(set(found)) > 150  # half of the rows are near, and all of these are drawn


def test_a_level_that_does_not_occur_is_as_far_from_all_rows():
    frame = pd.DataFrame({"level": list("abab"), "number": [1.0, 2.0, 3.0, 4.0]})
    near = fitted(frame)
    x = Table.from_data(pd.DataFrame({"level": ["new"], "number": [1.0]}))
    np.testing.assert_array_equal(drawn(near, x, np.arange(4), np.zeros(4, int), np.array([True, False])), range(4))


def test_rows_without_weight_are_never_drawn():
    weights = np.tile([0.0, 1.0], 50)
    near = fitted(mixed.table(100), weights)
    take = np.random.default_rng(0).random((50, 8)) < 0.5
    found = drawn(near, near.background, np.arange(1, 100, 2), np.zeros(50, int), take)
    assert (found % 2 == 1).all()


def test_many_rows_are_looked_at_in_even_steps():
    table = Table.from_data(np.arange(5000.0)[:, None])
    near = near_rows_of(table, np.ones(5000), table.matrix)
    assert len(near.among) == 1000
    assert (np.diff(near.among) == 5).all()
    weights = np.where(np.arange(5000) < 2500, 3.0, 1.0)
    weighted = near_rows_of(table, weights, table.matrix)
    assert 740 <= (weighted.among < 2500).sum() <= 760


def test_reach_is_that_of_the_usual_row_where_columns_are_many():
    rng = np.random.default_rng(0)
    wide, narrow = (fitted(rng.normal(size=(200, p))) for p in (40, 1))
    assert wide.reach(wide.background).min() > 0.7
    assert narrow.reach(narrow.background).max() < 0.3
    same = fitted(np.ones((10, 2)))
    np.testing.assert_array_equal(same.reach(same.background), 0)


@pytest.mark.parametrize("n", [1, 2])
def test_few_rows(n):
    near = fitted(mixed.table(n))
    found = drawn(near, Table.from_data(mixed.table(1, seed=1)), np.arange(n), np.zeros(n, int), np.arange(8) < 3)
    assert set(found) <= set(range(n))
