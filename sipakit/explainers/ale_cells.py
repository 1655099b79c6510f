"""Where rows lie between the edges of ALE's cells, which edges they are moved to, and which steps they tell of.

A missing cell has a place that one step leads to, from the middle of the axis: the median, or the most frequent of
levels without an order. The rows that tell of that step are those whose cell is missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sipakit import columns as col
from sipakit.sample import Grids, cells_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from sipakit.axis import Axis
    from sipakit.task import Feature, Task

__all__ = ["Cells", "Line", "Moves", "Side", "make_cells"]


@dataclass(frozen=True, eq=False)
class Side:
    """The rows on one feature's axis.

    Parameters
    ----------
    axis : Axis
    levels : bool
        Whether the places are levels and every row has one of them: the "cells" are then the levels themselves.
    at : (n,) float
        Position of each row on the axis, NaN of a missing cell; or its level.
    own : (n,) int
        Cell, or level, of each row.
    along : (n,) float
        How far along its cell a row lies; 0 for levels.
    inside : (n,) bool
        Whether a row has a cell.
    middle : int or None
        The place from which the last one is reached, which is that of missing cells; None where none are missing.
    """

    axis: Axis
    levels: bool
    at: NDArray[np.float64]
    own: NDArray[np.intp]
    along: NDArray[np.float64]
    inside: NDArray[np.bool_]
    middle: int | None = None

    @property
    def size(self) -> int:
        """How many cells or levels there are, a missing one too; none for a feature that never changes."""
        return len(self.axis) - (not self.levels or len(self.axis) == 1)

    @cached_property
    def line(self) -> Line:
        """How its cells stand to its places and steps."""
        return Line.of(self)

    @property
    def n_moves(self) -> int:
        """How many places a row is moved to: both edges of its cell, or its level and those beside it."""
        return 3 if self.levels else 2

    def moves(self, rows: NDArray[np.intp]) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        """(2 or 3, r) places that rows are moved to, in their order on the axis, and whether that changes a row.

        It does if the row has a cell, and is not at the place already.
        """
        own, at, last = self.own[rows].astype(np.int32), self.at[rows], np.int32(len(self.axis) - 1)
        places: NDArray[np.int32] = own + np.arange(-1 if self.levels else 0, 2, dtype=np.int32)[:, None]
        places.clip(0, last if self.middle is None else last - 1, out=places)
        if self.middle is not None:
            gone = own == self.size - 1
            places[0, gone], places[1:, gone] = self.middle, last
        there = places if self.levels else self.axis.positions.take(places)
        changed: NDArray[np.bool_] = (there != at) & self.inside[rows]
        if self.middle is not None:
            changed &= ~(np.isnan(there) & np.isnan(at))
        return places, changed


@dataclass(frozen=True, eq=False)
class Moves:
    """Where rows are moved to.

    Parameters
    ----------
    features : (f,) int
    to : (f, m, r) int
        Rows of the edges' table.
    changed : (f, m, r) bool
        Whether that changes a row at all; the model is not asked about one that stays as it is.
    """

    features: NDArray[np.intp]
    to: NDArray[np.signedinteger]
    changed: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Cells:
    """Where each row lies on every feature's axis.

    Parameters
    ----------
    edges : Grids
    sides : tuple, one a feature, of tuples of one Side, or two for a pair
    """

    edges: Grids
    sides: tuple[tuple[Side, ...], ...]

    @cached_property
    def lines(self) -> NDArray[np.intp]:
        """Numbers of the single features."""
        return np.array([j for j, sides in enumerate(self.sides) if len(sides) == 1], np.intp)

    @cached_property
    def pairs(self) -> NDArray[np.intp]:
        """Numbers of the pairs."""
        return np.array([j for j, sides in enumerate(self.sides) if len(sides) > 1], np.intp)

    @cached_property
    def first(self) -> NDArray[np.intp]:
        """(u + 1,) number of each feature's first cell, single features and pairs being counted apart."""
        sizes = np.array([np.prod([side.size for side in sides]) for sides in self.sides], np.intp)
        first = np.zeros(len(sizes) + 1, np.intp)
        for family in (self.lines, self.pairs):
            first[family] = np.cumsum(sizes[family]) - sizes[family]
        return first

    def span(self, feature: int) -> slice:
        """Return where the cells of a feature are among those of its family."""
        start = self.first[feature]
        return slice(start, start + int(np.prod([side.size for side in self.sides[feature]])))

    def count(self, family: NDArray[np.intp]) -> int:
        """Return how many cells the single features, or the pairs, have."""
        return self.span(int(family[-1])).stop if len(family) else 0

    @cached_property
    def inside(self) -> NDArray[np.bool_]:
        """(n, u) whether each row has a cell of each feature."""
        return np.column_stack([np.logical_and.reduce([side.inside for side in sides]) for sides in self.sides])

    @property
    def n_moves(self) -> int:
        """How many virtual rows are asked of a row at most; a level's own place is the row itself."""
        return sum(2 if len(sides) == 1 else sides[0].n_moves * sides[1].n_moves for sides in self.sides)

    @cached_property
    def n_changed(self) -> int:
        """How many are asked of all rows."""
        every = np.arange(len(self.inside))
        of_pairs = sum(int(self._of_pair(j, every).changed.sum()) for j in self.pairs.tolist())
        return of_pairs + int(self._along_lines[1].sum())

    def moves(self, rows: NDArray[np.intp]) -> Iterator[Moves]:
        """Yield where rows are moved to: all single features together, and pair after pair."""
        if len(self.lines):
            to, changed = self._along_lines
            yield Moves(self.lines, to.take(rows, axis=2), changed.take(rows, axis=2))
        for j in self.pairs.tolist():
            yield self._of_pair(j, rows)

    def _of_pair(self, feature: int, rows: NDArray[np.intp]) -> Moves:
        """Where rows are moved to of a pair: every two places beside them."""
        (one, first), (other, second) = (side.moves(rows) for side in self.sides[feature])
        to = self.edges.starts[feature] + one[:, None] * len(self.sides[feature][1].axis) + other
        changed = (first[:, None] | second) & self.inside[rows, feature]
        return Moves(np.array([feature]), to.reshape(1, -1, len(rows)), changed.reshape(1, -1, len(rows)))

    @cached_property
    def _along_lines(self) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        """(f, 2, n) moves of all rows to both ends along single features, and whether they change them."""
        every = np.arange(len(self.inside))
        shape = len(self.lines), 2, len(every)
        to, changed = np.empty(shape, np.int32), np.empty(shape, np.bool_)
        for line, j in enumerate(self.lines):
            places, changes = self.sides[j][0].moves(every)
            to[line], changed[line] = self.edges.starts[j] + places[[0, -1]], changes[[0, -1]]
        return to, changed

    @cached_property
    def hold_all(self) -> bool:
        """Whether each row has a cell of each feature."""
        return bool(self.inside.all())


@dataclass(frozen=True, eq=False)
class Line:
    """How own cells (o) stand to places (g) and to the steps (s) that lead to all of them but the first.

    Parameters
    ----------
    start, end : (o,) int
        The places at both ends of a cell; a level is one place.
    steps : (o, 1 or 2) int
        The steps that rows of a cell tell of; -1 for none.
    full, part : (o, s)
        Whether such a row is beyond a step, or as far within it as it lies along its cell.
    member : (o, s)
        Whether it tells of the step.
    passed : (g, s)
        Whether a place is beyond the step.
    """

    start: NDArray[np.intp]
    end: NDArray[np.intp]
    steps: NDArray[np.intp]
    full: NDArray[np.float64]
    part: NDArray[np.float64]
    member: NDArray[np.float64]
    passed: NDArray[np.float64]

    def turns(self) -> Iterator[tuple[NDArray[np.intp], int, NDArray[np.intp]]]:
        """Yield each number that rows tell: the own cells that do, its slot, and the steps that it is of."""
        for slot, steps in enumerate(self.steps.T):
            cells = np.flatnonzero(steps >= 0)
            yield cells, slot, steps[cells]

    @classmethod
    def of(cls, side: Side) -> Line:
        """Lay out the cells or levels of a feature."""
        g, own = len(side.axis), np.arange(side.size)
        passed = np.tril(np.ones((g, g - 1)), -1)
        if side.middle is not None:
            passed[-1, :-1] = passed[side.middle, :-1]
        if not side.levels:
            start = own if side.middle is None else np.append(own[:-1], side.middle)
            each = np.eye(g - 1)
            return cls(start, own + 1, own[:, None], passed[start], each, each, passed)
        last = g - 1 - (side.middle is not None)  # level from which no step goes on
        steps = np.stack([own - 1, np.where(own < last, own, -1)], axis=1)
        member = np.array([np.isin(np.arange(g - 1), tells) for tells in steps], np.float64)
        return cls(own, own, steps, passed, np.zeros_like(passed), member, passed)


def make_cells(task: Task, edges: Grids) -> Cells:
    """Put the rows into the cells between edges."""
    made: dict[Feature, Side] = {}
    for feature, axis in zip(task.features, edges.axes, strict=True):
        parts = feature.parts or (feature,)
        axes = (axis.first, axis.second) if feature.parts else (axis,)  # type: ignore[union-attr]
        for part, one in zip(parts, axes, strict=True):
            made.setdefault(part, _side(task, part, one))  # type: ignore[arg-type]
    sides = tuple(tuple(made[part] for part in f.parts or (f,)) for f in task.features)
    return Cells(edges, sides)


def _side(task: Task, feature: Feature, axis: Axis) -> Side:
    column = task.rows.columns[feature.columns[0]]
    own, along, inside = cells_of(axis, column)
    placed = len(axis) - axis.has_missing
    # without a place for every level, levels are no more than numbers; one number beside missing cells is a level
    ranked = axis.kind in {"ordered", "category"} and not ((along % 1 != 0) & inside & (task.weights > 0)).any()
    levels = bool(ranked or placed == 1 < len(axis))
    if levels:
        own, along = own + (along == 1), np.zeros_like(along)
    at = own.astype(np.float64) if levels else col.numbers(column)
    if not axis.has_missing or not placed:
        return Side(axis, levels, at, own, along, inside)
    gone = col.missing(column)
    mass = np.bincount((own + np.rint(along).astype(np.intp))[inside & ~gone], task.weights[inside & ~gone], placed)
    half = np.searchsorted(np.cumsum(mass), mass.sum() / 2)
    middle = int(mass.argmax() if axis.kind == "category" else min(half, placed - 1))
    # a row whose cell is missing is at the end of the step that leads there
    own, along = np.where(gone, placed - (not levels), own), np.where(gone & inside, float(not levels), along)
    return Side(axis, levels, own.astype(np.float64) if levels else at, own, along, inside, middle)
