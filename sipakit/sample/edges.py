"""Edges of the cells that accumulated local effects walk along: what an axis is cut at, and the cell of each row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sipakit import columns as col
from sipakit.sample.grids import lay_out, with_rows
from sipakit.sample.level_orders import check_orders, order_as_given, order_by_similarity
from sipakit.sample.occurring import occurring_rows
from sipakit.sample.on_axis import matched, placed_on

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sipakit.axis import Axis
    from sipakit.sample.grids import Grids
    from sipakit.sample.level_orders import CategoryOrder
    from sipakit.task import Feature, Task

__all__ = ["cells_of", "make_edges"]


def make_edges(task: Task, resolution: int | str, category_order: CategoryOrder = "similarity") -> Grids:
    """Edges of at most ``resolution`` cells, and levels in an order; a missing cell is the last place.

    A pair has the product of its two features' edges.

    Parameters
    ----------
    task : Task
    resolution : int or "all"
    category_order : "similarity", "given", or name -> levels
        Of levels that have no order of their own; levels as they are sorted are "given".

    Returns
    -------
    Grids
        ``resolution`` cells have ``resolution + 1`` edges.

    Raises
    ------
    InputError
        For an order of what is no column of levels, or one that lacks a level.
    """
    if not isinstance(category_order, str):
        check_orders(category_order, task.background)
    edges = resolution if isinstance(resolution, str) else resolution + 1
    single = dict.fromkeys(part for feature in task.features for part in feature.parts or (feature,))
    found = {feature: occurring_rows(task, feature, edges, with_missing=False) for feature in single}
    kept = {
        feature: _and_missing(
            task,
            feature,
            _in_order(task, feature, rows, category_order)
            if task.background.kind(feature.columns[0]) == "category"
            else _without_empty_cells(task, feature, rows),
        )
        for feature, (rows, _) in found.items()
    }
    return with_rows(task, lay_out(task, kept, [one for _, caveats in found.values() for one in caveats]))


def _in_order(task: Task, feature: Feature, rows: NDArray[np.intp], category_order: CategoryOrder) -> NDArray[np.intp]:
    """Order the levels that explained rows with weight have; ``rows`` of the background hold all levels."""
    (j,) = feature.columns
    column = task.background.columns[j]
    level = np.where(task.weights > 0, matched(column.take(rows), task.rows.columns[j]), -1)
    there = np.unique(level[level >= 0])
    if not len(there):
        return rows[:1]
    if category_order == "similarity":
        number = np.full(len(rows) + 1, -1)  # the last one is for rows without a level here
        number[there] = np.arange(len(there))
        order = order_by_similarity(task.rows, j, number[level], task.weights)
    else:
        order = order_as_given(feature.name, column.take(rows[there]), category_order)
    in_order: NDArray[np.intp] = rows[there[order]]
    return in_order


def _and_missing(task: Task, feature: Feature, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Add a row of the background with a missing cell, if explained rows with weight have one; alone if all have."""
    (j,) = feature.columns
    absent, gone = np.flatnonzero(col.missing(task.background.columns[j])), col.missing(task.rows.columns[j])
    use = task.weights > 0
    if not len(absent) or not (gone & use).any():
        return rows
    return np.append(rows, absent[:1]) if (~gone & use).any() else absent[:1]


def _without_empty_cells(task: Task, feature: Feature, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Drop the upper edge of each cell that no explained row with weight falls into: it says nothing there."""
    if task.background is task.rows:
        return rows  # every edge is the place of a row with weight
    (j,) = feature.columns
    edges, places = col.numbers(task.background.columns[j])[rows], col.numbers(task.rows.columns[j])
    use = ~np.isnan(places) & (task.weights > 0)
    if len(rows) < 2 or not use.any():
        return rows[:1]
    cell = np.searchsorted(edges[1:-1], places[use])
    kept: NDArray[np.bool_] = np.append(True, np.bincount(cell, minlength=len(rows) - 1) > 0)
    return rows[kept]


def cells_of(axis: Axis, column: col.Column) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.bool_]]:
    """Cell between two edges that each row lies in, how far along it, and whether the row lies in any.

    Cells are open on the left: a row on an edge is at the upper end of its cell (the first edge at the lower end).
    """
    cell, along = placed_on(axis, column)
    inside = (cell >= 0) & (len(axis) > 1)
    return np.where(inside, cell, 0), np.where(inside, along, 0.0), inside
