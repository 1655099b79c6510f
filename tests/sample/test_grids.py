"""Grids of all features share one table; missing cells and constants have their places, rows near them a weight."""

import numpy as np
import pandas as pd
import pytest

from sipakit.sample import make_edges, make_grids
from tests.sample.axes import axis_of, task_of


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


@pytest.mark.parametrize("n", [10, 300, 5000])
def test_the_rug_shows_a_few_hundred_values_from_end_to_end(n):
    values = np.random.default_rng(0).normal(size=n)
    rug = axis_of(values, 4).rug
    assert len(rug) == min(n, 300)
    assert set(rug) <= set(values)
    assert (rug[0], rug[-1]) == (values.min(), values.max())
