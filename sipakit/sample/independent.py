"""Rows whose features are independent of each other: each keeps its own distribution, and none follows another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sipakit import columns as col
from sipakit.sample.neighbours import scrambled_sobol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sipakit.table import Table

__all__ = ["even_places", "independent_rows"]

_MOST = 10_000  # coordinates of Sobol points


def independent_rows(
    table: Table, together: Sequence[Sequence[int]], weights: NDArray[np.float64], places: NDArray[np.float64]
) -> Table:
    """Draw rows that take the cells of each group of columns from a row of the table of its own.

    Parameters
    ----------
    table : Table, n rows
    together : g groups of column numbers
        Every column is in one of them; the cells of a group come from the same row.
    weights : (n,)
    places : (m, g) float in (0, 1)
        Where each cell lies in the weighted distribution of its group, rows being in the order of their values.

    Returns
    -------
    Table of m rows

    Examples
    --------
    >>> from sipakit.table import Table
    >>> table = Table.from_data(np.array([[3.0, 0.0], [1.0, 8.0], [2.0, 9.0]]))
    >>> drawn = independent_rows(table, [(0,), (1,)], np.ones(3), np.array([[0.1, 0.9], [0.9, 0.1]]))
    >>> drawn.matrix.tolist()
    [[1.0, 9.0], [3.0, 0.0]]
    """
    cells = list(table.columns)
    for group, at in zip(together, places.T, strict=True):
        use = np.flatnonzero(weights > 0)
        order = use[np.lexsort([col.ranks(table.columns[j])[use] for j in reversed(group)])]
        ends = np.cumsum(weights[order])
        drawn = order[np.minimum(np.searchsorted(ends / ends[-1], at, side="right"), len(order) - 1)]
        for j in group:
            cells[j] = table.columns[j].take(drawn)
    return table.with_columns(cells)


def even_places(count: int, coordinates: int, replicates: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """(replicates * count, coordinates) points of the unit cube by scrambled Sobol sequences, one after the other.

    Examples
    --------
    >>> places = even_places(4, 1, 2, np.random.default_rng(0))
    >>> np.sort((places[:4, 0] * 4).astype(int)).tolist()
    [0, 1, 2, 3]
    """
    if coordinates > _MOST:  # beyond what the sequences are known for
        return rng.random((replicates * count, coordinates))
    return scrambled_sobol(count, coordinates, replicates, rng).reshape(replicates * count, coordinates)
