"""Grids and edges hold values that occur; missing cells, constants and levels have their places."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sipakit.errors import InputError
from sipakit.sample import cells_of, make_edges, make_grids, positions_of, shares_of
from sipakit.table import Table
from sipakit.task import Feature, Task, resolve_features

COLUMN = st.integers(2, 60).flatmap(lambda n: arrays(float, n, elements=st.integers(-20, 20).map(lambda v: v / 4)))


def task_of(X, background=None, weights=None, background_weights=None, features=None):
    rows = Table.from_data(X)
    behind = rows if background is None else Table.from_data(background)
    own = np.ones(len(rows)) if weights is None else np.asarray(weights, float)
    if background_weights is None:
        background_weights = own if background is None else np.ones(len(behind))
    return Task(rows, behind, features or resolve_features(rows), ("y",), None, own, background_weights)


def column(values):
    return np.asarray(values, float)[:, None]


def axis_of(values, resolution, make=make_grids, **settings):
    return make(task_of(column(values), **settings), resolution).axes[0]


@pytest.mark.parametrize("make", [make_grids, make_edges])
@given(values=COLUMN, resolution=st.integers(2, 12))
def test_places_occur_in_the_data_and_reach_from_its_least_to_its_greatest(make, values, resolution):
    places = axis_of(values, resolution, make).positions
    assert set(places) <= set(values)
    assert (places[0], places[-1]) == (values.min(), values.max())
    assert (np.diff(places) > 0).all()
    assert len(places) <= resolution + (make is make_edges)
    if len(set(values)) <= resolution:
        assert set(places) == set(values)


@given(values=COLUMN, data=st.data())
def test_places_are_weighted_quantiles(values, data):
    weights = data.draw(arrays(int, len(values), elements=st.integers(0, 4)).filter(np.any))
    places = axis_of(values, 5, weights=weights).positions
    given_often = np.sort(np.repeat(values, weights))
    if len(set(given_often)) > 5:
        total = len(given_often)
        wanted = [next(v for k, v in enumerate(given_often, 1) if 4 * k >= q * total) for q in range(5)]
        np.testing.assert_array_equal(places, sorted(set(wanted)))
    else:
        np.testing.assert_array_equal(places, sorted(set(given_often)))


def test_all_means_every_value_that_occurs():
    values = np.random.default_rng(0).normal(size=90)
    np.testing.assert_array_equal(axis_of(values, "all").positions, np.sort(values))
    np.testing.assert_array_equal(axis_of(values, "all", make_edges).positions, np.sort(values))


@pytest.mark.parametrize("make", [make_grids, make_edges])
def test_a_constant_column_has_one_place_with_all_the_weight(make):
    axis = axis_of([3.0] * 9, 4, make)
    assert (axis.positions.tolist(), axis.weight.tolist()) == ([3.0], [1.0])


def test_missing_is_the_last_place():
    values = [2.0, np.nan, 1.0, np.nan]
    axis = axis_of(values, 4)
    assert (axis.labels, axis.has_missing) == (("1", "2", "missing"), True)
    assert axis.weight.tolist() == [0.25, 0.25, 0.5]
    assert axis_of(values, 4, make_edges).labels == axis.labels
    assert axis_of([np.nan] * 3, 4, make_edges).labels == ("missing",)
    assert axis_of([np.nan] * 3, 4).labels == ("missing",)


def test_infinite_values_and_rows_without_weight_are_no_places():
    assert axis_of([np.inf, 1, 5, 2, -np.inf], 9, weights=[1, 1, 0, 1, 1]).positions.tolist() == [1, 2]
    with pytest.raises(InputError, match="'x0' has no finite value in a row with weight"):
        axis_of([np.inf, 1.0], 9, weights=[1, 0])


def test_a_group_has_no_grid():
    task = task_of(np.eye(3), features=(Feature("both", (0, 1)),))
    with pytest.raises(InputError, match="Feature 'both' is a group of 2 columns"):
        make_grids(task, 3)


def test_the_table_holds_the_values_of_every_axis_at_its_places():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=40), "b": rng.integers(0, 3, 40), "c": rng.choice(list("xyz"), 40)})
    grids = make_grids(task_of(frame), 6)
    for j, axis in enumerate(grids.axes):
        mine = grids.place[grids.feature == j]
        assert mine.tolist() == list(range(len(axis)))
        assert list(grids.table.columns[j][mine]) == list(axis.values)
    assert [len(axis) for axis in grids.axes] == [6, 3, 3]
    assert len(grids.table) == 6


def test_the_fifty_most_frequent_levels_are_kept_and_it_is_told():
    often = {f"level {i:02}": 1 + i % 7 for i in range(60)}
    names = [name for name, count in often.items() for _ in range(count)]
    grids = make_grids(task_of(pd.DataFrame({"city": names})), 5)
    kept = grids.axes[0].labels
    assert len(kept) == 50
    assert min(often[name] for name in kept) >= max(often[name] for name in set(often) - set(kept))
    (found,) = grids.caveats
    assert found.code == "SIPA022"
    assert f"They hold {sum(often[name] for name in kept) / len(names):.1%}" in found.message


@given(values=COLUMN, background=COLUMN, resolution=st.integers(2, 8), data=st.data())
def test_no_cell_is_empty_and_every_row_lies_in_its_own(values, background, resolution, data):
    weights = data.draw(arrays(int, len(values), elements=st.integers(0, 1)).filter(np.any))
    axis = axis_of(values, resolution, make_edges, background=column(background), weights=weights)
    edges = axis.positions
    cell, along, inside = cells_of(axis, values)
    assert inside.all() == (len(edges) > 1)
    if len(edges) > 1:
        within = np.clip(values, edges[0], edges[-1])
        assert ((edges[cell] < within) | ((cell == 0) & (within == edges[0]))).all()
        assert (within <= edges[cell + 1]).all()
        np.testing.assert_allclose(edges[cell] + along * (edges[cell + 1] - edges[cell]), within)
        assert set(cell[weights > 0]) == set(range(len(edges) - 1))


@given(values=COLUMN, background=COLUMN, resolution=st.integers(2, 8))
def test_shares_are_the_weights_of_linear_interpolation(values, background, resolution):
    axis = axis_of(values, resolution, background=column(background))
    heights = np.random.default_rng(0).normal(size=len(axis))
    shares = shares_of(axis, values)
    np.testing.assert_allclose(shares @ heights, np.interp(values, axis.positions, heights), atol=1e-12)
    np.testing.assert_allclose(axis.weight, shares.mean(axis=0))
    assert ((shares > 0).sum(axis=1) <= 2).all()


def test_levels_and_missing_cells_belong_to_their_own_place_alone():
    rows, behind = pd.DataFrame({"c": ["b", "new", None, "a"]}), pd.DataFrame({"c": ["a", "b", "b", None]})
    task = task_of(rows, background=behind)
    (axis,) = make_grids(task, 5).axes
    assert axis.labels == ("a", "b", "missing")
    shares = [[0, 1, 0], [0, 0, 0], [0, 0, 1], [1, 0, 0]]
    np.testing.assert_array_equal(shares_of(axis, task.rows.columns[0]), shares)
    np.testing.assert_array_equal(positions_of(task.rows, task.features[0], axis), [1, np.nan, np.nan, 0])


@pytest.mark.parametrize("n", [10, 300, 5000])
def test_the_rug_shows_a_few_hundred_values_from_end_to_end(n):
    values = np.random.default_rng(0).normal(size=n)
    rug = axis_of(values, 4).rug
    assert len(rug) == min(n, 300)
    assert set(rug) <= set(values)
    assert (rug[0], rug[-1]) == (values.min(), values.max())
