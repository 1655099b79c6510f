"""Between edges lie cells; none is empty, and every row has its own."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sipakit.sample import cells_of, make_edges
from tests.sample.axes import COLUMN, axis_of, column


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
