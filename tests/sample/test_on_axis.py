"""Rows lie between two places, or at one; missing cells and levels have their own."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from sipakit.sample import make_grids, positions_of, shares_of
from tests.sample.axes import COLUMN, axis_of, column, task_of


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
