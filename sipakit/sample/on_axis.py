"""Where rows lie on an axis: their positions, and how they are shared between the places on either side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sipakit import columns as col
from sipakit.axis import Axis, Plane

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sipakit.table import Table
    from sipakit.task import Feature

__all__ = ["matched", "placed_on", "positions_of", "shares_of", "weights_of"]


def positions_of(table: Table, feature: Feature, axis: Axis) -> NDArray[np.float64]:
    """(n,) where each row sits on the axis; NaN for missing cells and for levels without a place."""
    column = table.columns[feature.columns[0]]
    if axis.kind != "category":
        return col.numbers(column)
    place = matched(axis.values, column)
    return np.where(place < 0, np.nan, axis.positions[place])


def shares_of(axis: Axis | Plane, *columns: col.Column) -> NDArray[np.float64]:
    """(n, g) how each cell is shared between its two neighbouring places: the weights of linear interpolation.

    Levels and missing cells belong to their own place alone; a level that has no place belongs to none. On a plane,
    with a column for each of its features, shares multiply.
    """
    if isinstance(axis, Plane):
        one, other = (shares_of(a, c) for a, c in zip((axis.first, axis.second), columns, strict=True))
        return (one[:, :, None] * other[:, None, :]).reshape(len(one), -1)
    (column,) = columns
    shares = np.zeros((len(column), len(axis)))
    place, along = placed_on(axis, column)
    row, (on,) = np.flatnonzero(place >= 0), np.nonzero(along)
    shares[row, place[row]] = 1 - along[row]
    shares[on, place[on] + 1] = along[on]
    return shares


def weights_of(axis: Axis, column: col.Column, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """(g,) weight of each place: what ``weights @ shares_of(axis, column)`` is, without the shares of every row."""
    place, along = placed_on(axis, column)
    onward = weights * along
    # one bin more at either end, for cells without a place and for what goes on from the last one, which is nothing
    here = np.bincount(place + 1, weights - onward, len(axis) + 2)
    return np.asarray((here + np.bincount(place + 2, onward, len(axis) + 2))[1:-1], np.float64)


def placed_on(axis: Axis, column: col.Column) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """(n,) place of each cell, -1 for none, and (n,) how far it is on its way to the next place."""
    if axis.kind == "category":
        return matched(axis.values, column), np.zeros(len(column))
    places = col.numbers(column)
    known, absent = int(np.isfinite(axis.positions).sum()), np.isnan(places)
    if known > 1:
        place, along = _between(axis.positions[:known], places)
    else:
        place, along = np.full(len(column), known - 1), np.zeros(len(column))
    place[absent], along[absent] = len(axis) - 1 if axis.has_missing else -1, 0
    return place, along


def _between(edges: NDArray[np.float64], places: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    left = np.searchsorted(edges[1:-1], places)
    low, high = edges[left], edges[left + 1]
    huge = np.maximum(np.abs(low), np.abs(high)) > 2.0**1022
    half = np.where(huge, 0.5, 1.0)  # the difference of two huge numbers is no float
    low, high, inside = half * low, half * high, half * np.clip(places, low, high)
    return left, (inside - low) / (high - low)


def matched(values: col.Column, column: col.Column) -> NDArray[np.intp]:
    """(n,) which of ``values`` each cell equals; -1 for none."""
    known, asked = col.cell_hashes(values), col.cell_hashes(column)
    order = np.argsort(known)
    place = order[np.minimum(np.searchsorted(known, asked, sorter=order), len(known) - 1)]
    return np.where(known[place] == asked, place, -1)
