"""Where along a feature a model is asked: grids of values that occur, and edges of cells.

The values of all features' grids sit in one small table: row g of it holds the g-th value of every feature, so that
*row i, but feature j comes from grid row g* is an ordinary sentence of `sipakit.intervene`. Every pair of features has
rows of its own below them, one for each of its places.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sipakit import columns as col
from sipakit.axis import Axis, Plane
from sipakit.caveats import Caveat, caveat
from sipakit.errors import InputError
from sipakit.sample.level_orders import check_orders, order_as_given, order_by_similarity

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sipakit.sample.level_orders import CategoryOrder
    from sipakit.table import Table
    from sipakit.task import Feature, Task

__all__ = ["Grids", "cells_of", "make_edges", "make_grids", "positions_of", "shares_of"]

MOST_LEVELS = 50  # levels of an unordered category on one axis
_RUG = 300


@dataclass(frozen=True, eq=False)
class Grids:
    """Grids of all features.

    Parameters
    ----------
    axes : tuple of u Axis, or Plane for a pair
    table : Table, as many rows as the longest grid and all planes have places
        Short grids repeat their last value; those rows are never asked for.
    feature, place : (e,) int
        The feature and the row of ``table`` of each place, features one after the other.
    caveats : tuple of Caveat
    """

    axes: tuple[Axis | Plane, ...]
    table: Table
    feature: NDArray[np.intp]
    place: NDArray[np.intp]
    caveats: tuple[Caveat, ...] = ()

    @property
    def lines(self) -> tuple[Axis, ...]:
        """The axes of single features: all of them, for a method that takes no pairs."""
        return tuple(axis for axis in self.axes if isinstance(axis, Axis))

    def of(self, kept: NDArray[np.bool_]) -> Grids:
        """Return the grids of some features."""
        here = kept[self.feature]
        axes = tuple(axis for axis, one in zip(self.axes, kept, strict=True) if one)
        return replace(self, axes=axes, feature=(np.cumsum(kept) - 1)[self.feature[here]], place=self.place[here])

    @property
    def starts(self) -> NDArray[np.intp]:
        """(u,) the row of ``table`` that holds each feature's first place."""
        return self.place[np.searchsorted(self.feature, np.arange(len(self.axes)))]


@dataclass(frozen=True, eq=False)
class _Layout:
    """What of `Grids` follows from the background alone, so that it serves any explained rows.

    ``axis_of`` has the axis of every single feature and of every part of a pair.
    """

    axis_of: dict[Feature, Axis]
    table: Table
    feature: NDArray[np.intp]
    place: NDArray[np.intp]
    caveats: tuple[Caveat, ...]


def make_grids(task: Task, resolution: int | str) -> Grids:
    """Values that occur in the background: all of them, or ``resolution`` weighted quantiles where there are more.

    A missing cell is a place of its own, the last one. Unordered categories keep all levels up to 50. A pair has the
    product of its two features' grids.

    Raises
    ------
    InputError
        For a feature that is a group of columns: a curve has one axis.
    """

    def laid_out() -> _Layout:
        single = dict.fromkeys(part for feature in task.features for part in feature.parts or (feature,))
        found = {feature: _occurring(task, feature, resolution, with_missing=True) for feature in single}
        chosen = {feature: rows for feature, (rows, _) in found.items()}
        return _lay_out(task, chosen, [one for _, caveats in found.values() for one in caveats])

    key = ("grids", task.features, resolution, hash(task.background_weights.tobytes()))
    return _with_rows(task, task.background.remembered(key, laid_out))


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
    found = {feature: _occurring(task, feature, edges, with_missing=False) for feature in single}
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
    return _with_rows(task, _lay_out(task, kept, [one for _, caveats in found.values() for one in caveats]))


def _in_order(task: Task, feature: Feature, rows: NDArray[np.intp], category_order: CategoryOrder) -> NDArray[np.intp]:
    """Order the levels that explained rows with weight have; ``rows`` of the background hold all levels."""
    (j,) = feature.columns
    column = task.background.columns[j]
    level = np.where(task.weights > 0, _match(column.take(rows), task.rows.columns[j]), -1)
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


def _occurring(
    task: Task, feature: Feature, resolution: int | str, *, with_missing: bool
) -> tuple[NDArray[np.intp], list[Caveat]]:
    """Rows of the background that hold the grid's values, in the order of the axis."""
    if len(feature.columns) > 1:
        message = f"Feature {feature.name!r} is a group of {len(feature.columns)} columns."
        raise InputError(message, "A curve has one axis.", "Name single columns in features=.")
    key = ("places", feature, resolution, with_missing, hash(task.background_weights.tobytes()))
    return task.background.remembered(key, lambda: _found(task, feature, resolution, with_missing=with_missing))


def _found(
    task: Task, feature: Feature, resolution: int | str, *, with_missing: bool
) -> tuple[NDArray[np.intp], list[Caveat]]:
    caveats: list[Caveat] = []
    column = task.background.columns[feature.columns[0]]
    if task.background.kind(feature.columns[0]) == "category":
        rows = _levels(column, task.background_weights, feature, caveats)
    else:
        rows = _quantiles(col.numbers(column), task.background_weights, resolution)
    absent = np.flatnonzero(col.missing(column))
    if not len(rows) and not len(absent):
        message = f"Feature {feature.name!r} has no finite value in a row with weight."
        raise InputError(message, "A curve needs one.", "Leave it out of features=, or mend the column.")
    use_missing = (with_missing or not len(rows)) and len(absent)
    return (np.append(rows, absent[:1]) if use_missing else rows), caveats


def _quantiles(places: NDArray[np.float64], weights: NDArray[np.float64], resolution: int | str) -> NDArray[np.intp]:
    use = np.flatnonzero(np.isfinite(places) & (weights > 0))
    order = use[np.argsort(places[use], kind="stable")]
    values = places[order]
    starts = np.flatnonzero(np.append(True, values[1:] != values[:-1])[: len(values)])
    first = order[starts]
    if isinstance(resolution, int) and len(first) > resolution:
        # the inverse of the distribution gives values that occur, and takes a row twice exactly as a weight of two
        share = np.cumsum(np.add.reduceat(weights[order], starts))
        first = first[np.unique(np.searchsorted(share / share[-1], np.linspace(0, 1, resolution)))]
    return first


def _levels(
    column: col.Column, weights: NDArray[np.float64], feature: Feature, caveats: list[Caveat]
) -> NDArray[np.intp]:
    use = np.flatnonzero(~col.missing(column))
    codes, first = np.unique(col.ranks(column)[use], return_index=True)
    if len(codes) > MOST_LEVELS:
        mass = np.bincount(col.ranks(column)[use], weights[use])[codes]
        common = np.sort(np.argsort(-mass, kind="stable")[:MOST_LEVELS])
        share = mass[common].sum() / mass.sum()
        message = f"Feature {feature.name!r} has {len(codes)} levels; the {MOST_LEVELS} most frequent ones are drawn."
        caveats.append(caveat("SIPA022", f"{message} They hold {share:.1%} of the rows."))
        first = first[common]
    return use[first]


def _lay_out(task: Task, chosen: dict[Feature, NDArray[np.intp]], caveats: list[Caveat]) -> _Layout:
    """Put the chosen rows of the background into one table: single features side by side, then pair after pair."""
    alone = [feature for feature in task.features if not feature.parts]
    longest = max((len(chosen[feature]) for feature in alone), default=0)
    padded = {f: np.pad(chosen[f], (0, longest - len(chosen[f])), mode="edge") for f in alone}
    blocks, size = [(longest, padded)], longest
    places: list[NDArray[np.intp]] = []
    for feature in task.features:
        if feature.parts:
            first, second = feature.parts
            block = _product(first, second, chosen)
            pairs = len(block[first])
            blocks.append((pairs, block))
            places.append(size + np.arange(pairs))
            size += pairs
        else:
            places.append(np.arange(len(chosen[feature])))
    owner = np.repeat(np.arange(len(places)), [len(of_one) for of_one in places])
    axis_of = {feature: _axis(task.background, feature, rows) for feature, rows in chosen.items()}
    return _Layout(axis_of, _stacked(task.background, blocks), owner, np.concatenate(places), tuple(caveats))


def _with_rows(task: Task, layout: _Layout) -> Grids:
    """Say of every place how many of the explained rows lie near it."""
    axis_of = {feature: _near(task, feature, axis) for feature, axis in layout.axis_of.items()}
    axes = [_plane(task, f, *(axis_of[part] for part in f.parts)) if f.parts else axis_of[f] for f in task.features]
    return Grids(tuple(axes), layout.table, layout.feature, layout.place, layout.caveats)


def _product(
    first: Feature, second: Feature, chosen: dict[Feature, NDArray[np.intp]]
) -> dict[Feature, NDArray[np.intp]]:
    """Every row of the first grid with every row of the second."""
    one, other = np.meshgrid(chosen[first], chosen[second], indexing="ij")
    return {first: one.ravel(), second: other.ravel()}


def _stacked(background: Table, blocks: list[tuple[int, dict[Feature, NDArray[np.intp]]]]) -> Table:
    """Take each block's rows of the background, column by column; untouched columns repeat its first row."""
    rows: list[list[NDArray[np.intp]]] = []
    for size, block in blocks:
        of_column = {feature.columns[0]: taken for feature, taken in block.items()}
        rows.append([of_column.get(j, np.zeros(size, np.intp)) for j in range(background.n_columns)])
    columns = [
        c.take(np.concatenate(parts)) for c, parts in zip(background.columns, zip(*rows, strict=True), strict=True)
    ]
    return background.with_columns(columns)


def _plane(task: Task, feature: Feature, first: Axis, second: Axis) -> Plane:
    """Lay two axes together, with the share of the rows near each place."""
    columns = [task.rows.columns[j] for j in feature.columns]
    placed = [_placed(axis, column) for axis, column in zip((first, second), columns, strict=True)]
    weight = np.zeros((len(first), len(second)))
    here = (placed[0][0] >= 0) & (placed[1][0] >= 0)
    for steps in ((0, 0), (0, 1), (1, 0), (1, 1)):  # the four corners of the cell that a row lies in
        share = task.weights[here]
        for (_, along), step in zip(placed, steps, strict=True):
            share = share * (along[here] if step else 1 - along[here])
        row, column = (
            np.minimum(place[here] + step, g - 1)
            for (place, _), step, g in zip(placed, steps, weight.shape, strict=True)
        )
        weight += np.bincount(row * len(second) + column, share, weight.size).reshape(weight.shape)
    own = np.column_stack([positions_of(task.rows, f, a) for f, a in zip(feature.parts, (first, second), strict=True)])
    few = np.unique(np.linspace(0, len(own) - 1, min(len(own), _RUG)).astype(np.intp))
    return Plane(first, second, weight / task.weights.sum(), own[few])


def _axis(background: Table, feature: Feature, rows: NDArray[np.intp]) -> Axis:
    """Lay out the places that rows of the background hold, as yet without explained rows."""
    (j,) = feature.columns
    kind, values = background.kind(j), background.columns[j].take(rows)
    absent = col.missing(values)
    if kind == "category":
        positions = np.where(absent, np.nan, np.arange(len(rows), dtype=np.float64))
    else:
        positions = col.numbers(values)
    return Axis(feature.name, kind, values, positions, _labels(values, absent), np.zeros(len(rows)), np.empty(0))


def _near(task: Task, feature: Feature, axis: Axis) -> Axis:
    """Tell an axis where the explained rows are."""
    weight = _weights_of(axis, task.rows.columns[feature.columns[0]], task.weights) / task.weights.sum()
    return replace(axis, weight=weight, rug=_rug(positions_of(task.rows, feature, axis)))


def positions_of(table: Table, feature: Feature, axis: Axis) -> NDArray[np.float64]:
    """(n,) where each row sits on the axis; NaN for missing cells and for levels without a place."""
    column = table.columns[feature.columns[0]]
    if axis.kind != "category":
        return col.numbers(column)
    place = _match(axis.values, column)
    return np.where(place < 0, np.nan, axis.positions[place])


def _rug(own: NDArray[np.float64]) -> NDArray[np.float64]:
    inside = np.sort(own[np.isfinite(own)])
    if len(inside) <= _RUG:
        return inside
    return inside[np.linspace(0, len(inside) - 1, _RUG).astype(np.intp)]


def _labels(values: col.Column, absent: NDArray[np.bool_]) -> tuple[str, ...]:
    return tuple("missing" if gone else _label(value) for value, gone in zip(values, absent, strict=True))


def _label(value: Any) -> str:
    if isinstance(value, (float, np.floating)):
        return f"{value:.6g}"
    if isinstance(value, (np.datetime64, pd.Timestamp)):
        stamp = pd.Timestamp(value)
        return str(stamp.date()) if stamp == stamp.normalize() else str(stamp)
    return str(value)


def _match(values: col.Column, column: col.Column) -> NDArray[np.intp]:
    """(n,) which of ``values`` each cell equals; -1 for none."""
    known, asked = col.cell_hashes(values), col.cell_hashes(column)
    order = np.argsort(known)
    place = order[np.minimum(np.searchsorted(known, asked, sorter=order), len(known) - 1)]
    return np.where(known[place] == asked, place, -1)


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
    place, along = _placed(axis, column)
    row, (on,) = np.flatnonzero(place >= 0), np.nonzero(along)
    shares[row, place[row]] = 1 - along[row]
    shares[on, place[on] + 1] = along[on]
    return shares


def _weights_of(axis: Axis, column: col.Column, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """(g,) weight of each place: what ``weights @ shares_of(axis, column)`` is, without the shares of every row."""
    place, along = _placed(axis, column)
    onward = weights * along
    # one bin more at either end, for cells without a place and for what goes on from the last one, which is nothing
    here = np.bincount(place + 1, weights - onward, len(axis) + 2)
    return np.asarray((here + np.bincount(place + 2, onward, len(axis) + 2))[1:-1], np.float64)


def _placed(axis: Axis, column: col.Column) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """(n,) place of each cell, -1 for none, and (n,) how far it is on its way to the next place."""
    if axis.kind == "category":
        return _match(axis.values, column), np.zeros(len(column))
    places = col.numbers(column)
    known, absent = int(np.isfinite(axis.positions).sum()), np.isnan(places)
    if known > 1:
        place, along = _between(axis.positions[:known], places)
    else:
        place, along = np.full(len(column), known - 1), np.zeros(len(column))
    place[absent], along[absent] = len(axis) - 1 if axis.has_missing else -1, 0
    return place, along


def cells_of(axis: Axis, column: col.Column) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.bool_]]:
    """Cell between two edges that each row lies in, how far along it, and whether the row lies in any.

    Cells are open on the left: a row on an edge is at the upper end of its cell (the first edge at the lower end).
    """
    cell, along = _placed(axis, column)
    inside = (cell >= 0) & (len(axis) > 1)
    return np.where(inside, cell, 0), np.where(inside, along, 0.0), inside


def _between(edges: NDArray[np.float64], places: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    left = np.searchsorted(edges[1:-1], places)
    along = (places - edges[left]) / np.diff(edges)[left]
    return left, np.clip(along, 0, 1, out=along)
