"""Places are values that occur: all of them, or weighted quantiles."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sipakit.errors import InputError
from sipakit.sample import make_edges, make_grids
from sipakit.task import Feature
from tests.sample.axes import COLUMN, axis_of, task_of


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


def test_infinite_values_and_rows_without_weight_are_no_places():
    assert axis_of([np.inf, 1, 5, 2, -np.inf], 9, weights=[1, 1, 0, 1, 1]).positions.tolist() == [1, 2]
    with pytest.raises(InputError, match="'x0' has no finite value in a row with weight"):
        axis_of([np.inf, 1.0], 9, weights=[1, 0])


def test_a_group_has_no_grid():
    task = task_of(np.eye(3), features=(Feature("both", (0, 1)),))
    with pytest.raises(InputError, match="Feature 'both' is a group of 2 columns"):
        make_grids(task, 3)


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
