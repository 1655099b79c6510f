"""Rows lie between two places, or at one; missing cells and levels have their own."""

import numpy as np
import pandas as pd
import pytest
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


@pytest.mark.parametrize(
    ("values", "background", "wanted"),
    [
        ([1e300, -1e300, 5e-201, np.inf], [0.0, 1e-200], [[0, 1], [1, 0], [0.5, 0.5], [0, 1]]),
        ([0.0, 1.7e308, -0.85e308], [-1.7e308, 1.7e308], [[0.5, 0.5], [0, 1], [0.75, 0.25]]),
        ([5e-324, 0.0], [0.0, 5e-324, 1.7e308], [[0, 1, 0], [1, 0, 0]]),
    ],
)
def test_places_of_any_size_are_shared_without_a_warning(values, background, wanted):
    X, B = pd.DataFrame({"a": values}), pd.DataFrame({"a": background})
    (axis,) = make_grids(task_of(X, background=B), 5).axes
    np.testing.assert_array_equal(shares_of(axis, X["a"].to_numpy()), wanted)
