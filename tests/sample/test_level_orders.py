"""The order of levels that have none, against its definition."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sipakit as sp
from sipakit import columns as col
from sipakit.sample import level_orders
from sipakit.sample.level_orders import order_as_given, order_by_similarity, order_of_distances
from sipakit.table import Table


def distances(frame, column, weights=None):
    """Sums over the other columns of how far shares are apart, pair of levels by pair, value by value."""
    w = np.ones(len(frame)) if weights is None else weights
    levels = sorted(frame.loc[w > 0, column].dropna().unique())
    total = np.zeros((len(levels), len(levels)))
    for name in frame.columns.drop(column):
        cells = frame[name]
        values = sorted(cells.dropna().unique())
        masks = [(cells == value).to_numpy() for value in values] + [cells.isna().to_numpy()]
        shares = []
        for level in levels:
            own = (frame[column] == level).to_numpy() & (w > 0)
            shares.append([w[own & mask].sum() / w[own].sum() for mask in masks])
        for a, one in enumerate(shares):
            for b, other in enumerate(shares):
                if col.kind(Table.from_data(frame[[name]]).columns[0]) == "category":
                    total[a, b] += sum(abs(p - q) for p, q in zip(one, other, strict=True)) / 2
                else:
                    total[a, b] += max(abs(np.cumsum(one) - np.cumsum(other)))
    return total


def scaled(distance):
    """Coordinates on the main axis of Torgerson's scaling, by a singular value decomposition."""
    square = distance**2
    inner = -(square - square.mean(axis=0) - square.mean(axis=1)[:, None] + square.mean()) / 2
    values, vectors = np.linalg.eig(inner)
    return np.real(vectors[:, np.real(values).argmax()])


def order_of(frame, weights=None):
    table = Table.from_data(frame)
    w = np.ones(len(frame)) if weights is None else weights
    ranks = col.ranks(table.columns[0])
    held = np.unique(ranks[~col.missing(table.columns[0]) & (w > 0)])
    number = np.full(ranks.max(initial=0) + 1, -1)
    number[held] = np.arange(len(held))
    return order_by_similarity(table, 0, np.where(w > 0, number[ranks], -1), w)


def frame_of(n, levels, seed):
    """Levels with shifted numbers, a column of words, ordered sizes and missing cells."""
    rng = np.random.default_rng(seed)
    place = rng.integers(0, levels, n)
    frame = pd.DataFrame(
        {
            "c": np.array(list("abcdefghij"))[place],
            "x": (rng.normal(size=n) + 0.4 * place**1.5).round(1),
            "word": np.array(["p", "q", "r"])[(rng.random(n) * 2 + place % 2).astype(int)],
            "size": pd.Categorical(rng.choice(["s", "m", "l"], n), categories=["s", "m", "l"], ordered=True),
        }
    )
    frame.loc[rng.random(n) < 0.2, "x"] = np.nan
    frame.loc[rng.random(n) < 0.1, "word"] = None
    frame.loc[rng.random(n) < 0.1, "c"] = None
    return frame


@pytest.mark.parametrize("at_once", [1, 20, 2**20])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_orders_are_those_of_the_definition(seed, weighted, at_once, monkeypatch):
    monkeypatch.setattr(level_orders, "_AT_ONCE", at_once)
    frame = frame_of(120, 6, seed)
    weights = np.random.default_rng(seed).integers(0, 4, len(frame)).astype(float) if weighted else None
    seen = []
    monkeypatch.setattr(level_orders, "order_of_distances", lambda d: seen.append(d) or order_of_distances(d))
    found = order_of(frame, weights)
    truth = distances(frame, "c", weights)
    np.testing.assert_allclose(seen[0], truth, atol=1e-12)
    expected = np.argsort(scaled(truth))
    assert found.tolist() in (expected.tolist(), expected[::-1].tolist())
    assert found[0] < found[-1]


@settings(max_examples=30, derandomize=True)
@given(st.integers(2, 8), st.integers(0, 10_000), st.randoms(use_true_random=False))
def test_neither_rows_nor_names_matter(size, seed, chance):
    places = np.random.default_rng(seed).normal(size=(size, 2))
    distance = np.abs(places[:, None] - places).sum(axis=2)
    order = order_of_distances(distance)
    names = list(range(size))
    chance.shuffle(names)
    renamed = np.array(names)[order_of_distances(distance[np.ix_(names, names)])].tolist()
    assert renamed in (order.tolist(), order[::-1].tolist())
    frame = frame_of(40, 4, seed)
    shuffled = list(range(40))
    chance.shuffle(shuffled)
    assert order_of(frame).tolist() == order_of(frame.iloc[shuffled]).tolist()


def test_points_of_a_line_are_in_its_order():
    places = np.array([4.0, 0.0, 9.0, 1.0, 2.5])
    assert order_of_distances(np.abs(places[:, None] - places)).tolist() == [1, 3, 4, 0, 2]


@pytest.mark.parametrize("size", [2, 3, 4, 7])
def test_levels_that_are_equally_far_apart_keep_their_order(size):
    assert order_of_distances(1 - np.eye(size)).tolist() == list(range(size))
    assert order_of_distances(1e-7 * (1 - np.eye(size))).tolist() == list(range(size))
    assert order_of_distances(np.zeros((size, size))).tolist() == list(range(size))


def test_a_square_has_two_main_axes_and_one_order():
    corners = np.array([[0, 0], [1, 1], [0, 1], [1, 0]], float)
    distance = np.sqrt(((corners[:, None] - corners) ** 2).sum(axis=2))
    first = order_of_distances(distance)
    jiggled = distance * (1 + 1e-14 * np.random.default_rng(0).normal(size=(4, 4)))
    assert first.tolist() == order_of_distances((jiggled + jiggled.T) / 2).tolist()
    apart = np.diff(corners[first] @ (corners[first[-1]] - corners[first[0]]))
    assert (apart >= -1e-12).all()


@pytest.mark.parametrize("other", [None, np.full(6, 2.0), np.full(6, np.nan), np.array(["same"] * 6, object)])
def test_a_column_that_never_changes_tells_nothing(other):
    frame = pd.DataFrame({"c": list("bacbac")})
    if other is not None:
        frame["other"] = other
    assert order_of(frame).tolist() == [0, 1, 2]


@pytest.mark.parametrize("cells", [["a"] * 4, [None] * 4, ["a", None, None, "a"]])
def test_fewer_than_two_levels_have_the_order_that_they_have(cells):
    frame = pd.DataFrame({"c": np.array(cells, object), "x": np.arange(4.0)})
    assert order_of(frame).tolist() == [0] * ("a" in cells)


def test_a_missing_cell_tells_as_much_as_a_value():
    frame = pd.DataFrame({"c": list("abc") * 4, "x": [1.0, np.nan, 1.0] * 3 + [2.0, np.nan, np.nan]})
    assert order_of(frame).tolist() == [0, 2, 1]


def test_levels_follow_a_list_and_stay_where_it_is_silent():
    levels = np.array(["a", "b", "c"], object)
    assert order_as_given("c", levels, {"c": ["c", "zz", "a", "b"]}).tolist() == [2, 0, 1]
    assert order_as_given("c", levels, {"d": ["c"]}).tolist() == [0, 1, 2]
    assert order_as_given("c", levels, "given").tolist() == [0, 1, 2]
    with pytest.raises(sp.InputError, match=r"category_order\['c'\] lacks 2"):
        order_as_given("c", np.array([1, 2]), {"c": [1, "2"]})
