"""Rows with independent features: own distributions kept, dependence gone."""

import numpy as np
import pandas as pd
import pytest

from sipakit.sample import even_places, independent_rows
from sipakit.table import Table
from tests.explainers import mixed


def test_each_column_keeps_its_weighted_distribution_and_no_cell_is_new():
    table = Table.from_data(mixed.table(20))
    weights = np.random.default_rng(0).integers(0, 3, 20).astype(float)
    together = [(j,) for j in range(table.n_columns)]
    drawn = independent_rows(table, together, weights, even_places(4096, 8, 1, np.random.default_rng(1)))
    for j in range(table.n_columns):
        given = pd.Series(weights).groupby(table.cell_hashes(j)).sum() / weights.sum()
        found = pd.Series(drawn.cell_hashes(j)).value_counts() / 4096
        assert set(found.index) == set(given[given > 0].index)
        np.testing.assert_allclose(found[given[given > 0].index], given[given > 0], atol=0.002)
        assert drawn.columns[j].dtype == table.columns[j].dtype


def test_features_do_not_follow_each_other_and_groups_stay_together():
    x = np.random.default_rng(0).normal(size=500)
    table = Table.from_data(np.column_stack([x, 2 * x, -x]))
    drawn = independent_rows(table, [(0, 1), (2,)], np.ones(500), even_places(1024, 2, 1, np.random.default_rng(1)))
    values = drawn.matrix
    np.testing.assert_array_equal(values[:, 1], 2 * values[:, 0])
    assert abs(np.corrcoef(values[:, 0], values[:, 2])[0, 1]) < 0.02


@pytest.mark.parametrize("coordinates", [3, 10_001])
def test_places_lie_inside_the_unit_cube(coordinates):
    places = even_places(4, coordinates, 2, np.random.default_rng(0))
    assert places.shape == (8, coordinates)
    assert ((places > 0) & (places < 1)).all()
