"""An order for levels that have none: levels lie near each other where the other columns of their rows are alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sipakit import columns as col

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sipakit.table import Table

__all__ = ["order_by_similarity"]


def order_by_similarity(
    table: Table, column: int, levels: NDArray[np.intp], weights: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Order the levels of a column along the main axis of a scaling of their distances, as Apley and Zhu do.

    The distance between two levels is the sum over the other columns of the largest difference of the two distribution
    functions for what has an order, and of half the summed differences of shares for what has none.

    Parameters
    ----------
    table : Table
    column : int
    levels : (n,) int
        Level of each row, from 0 on; -1 for rows that do not count.
    weights : (n,)

    Returns
    -------
    (l,) int
        Numbers of the levels, the lower of the first and the last one first.
    """
    n_levels = int(levels.max(initial=-1)) + 1
    distance = np.zeros((n_levels, n_levels))
    for other in range(table.n_columns):
        if other != column:
            distance += _apart(table, other, levels, weights, n_levels)
    centred = np.eye(n_levels) - 1 / n_levels
    _, vectors = np.linalg.eigh(-centred @ distance**2 @ centred / 2)
    along = vectors[:, -1].round(9)
    order = np.argsort(along, kind="stable")
    return order if n_levels < 2 or order[0] < order[-1] else order[::-1]


def _apart(
    table: Table, other: int, levels: NDArray[np.intp], weights: NDArray[np.float64], n_levels: int
) -> NDArray[np.float64]:
    """(l, l) distances of the levels in one other column, among rows where it is known."""
    cells = table.columns[other]
    use = (levels >= 0) & ~col.missing(cells) & (weights > 0)
    values, at = np.unique(col.ranks(cells)[use], return_inverse=True)
    mass = np.bincount(levels[use] * len(values) + at, weights[use], n_levels * len(values)).reshape(n_levels, -1)
    total = mass.sum(axis=1, keepdims=True)
    share = np.divide(mass, total, out=np.zeros_like(mass), where=total > 0)
    if table.kind(other) == "category":
        return np.array([np.abs(share - one).sum(axis=1) / 2 for one in share])
    below = np.cumsum(share, axis=1)
    return np.array([np.abs(below - one).max(axis=1, initial=0) for one in below])
