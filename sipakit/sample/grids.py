"""Grids of values that occur, along which a model is asked, and how the values of all features share one table.

The values of all features' grids sit in one small table: row g of it holds the g-th value of every feature, so that
*row i, but feature j comes from grid row g* is an ordinary sentence of `sipakit.intervene`. Every pair of features has
rows of its own below them, one for each of its places. Edges of cells are laid out in the same way.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sipakit import columns as col
from sipakit.axis import Axis, Plane
from sipakit.sample.occurring import occurring_rows
from sipakit.sample.on_axis import placed_on, positions_of, weights_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sipakit.caveats import Caveat
    from sipakit.table import Table
    from sipakit.task import Feature, Task

__all__ = ["Grids", "lay_out", "make_grids", "with_rows"]

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
        found = {feature: occurring_rows(task, feature, resolution, with_missing=True) for feature in single}
        chosen = {feature: rows for feature, (rows, _) in found.items()}
        return lay_out(task, chosen, [one for _, caveats in found.values() for one in caveats])

    key = ("grids", task.features, resolution, hash(task.background_weights.tobytes()))
    return with_rows(task, task.background.remembered(key, laid_out))


def lay_out(task: Task, chosen: dict[Feature, NDArray[np.intp]], caveats: list[Caveat]) -> _Layout:
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


def with_rows(task: Task, layout: _Layout) -> Grids:
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
    placed = [placed_on(axis, column) for axis, column in zip((first, second), columns, strict=True)]
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
    weight = weights_of(axis, task.rows.columns[feature.columns[0]], task.weights) / task.weights.sum()
    return replace(axis, weight=weight, rug=_rug(positions_of(task.rows, feature, axis)))


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
