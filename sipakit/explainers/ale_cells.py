"""Where rows lie between the edges of ALE's cells, and which edges they are moved to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sipakit.sample import Grids, cells_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sipakit.axis import Axis
    from sipakit.task import Feature, Task

__all__ = ["Cells", "Side", "make_cells"]


@dataclass(frozen=True, eq=False)
class Side:
    """The rows on one feature's axis.

    Parameters
    ----------
    axis : Axis
    levels : bool
        Whether the places are levels and every row has one of them: the "cells" are then the levels themselves.
    own : (n,) int
        Cell, or level, of each row.
    along : (n,) float
        How far along its cell a row lies; 0 for levels.
    inside : (n,) bool
        Whether a row has a cell.
    """

    axis: Axis
    levels: bool
    own: NDArray[np.intp]
    along: NDArray[np.float64]
    inside: NDArray[np.bool_]

    @property
    def size(self) -> int:
        """How many cells or levels there are; none for a feature that never changes."""
        return len(self.axis) - (not self.levels or len(self.axis) == 1)

    @property
    def n_moves(self) -> int:
        """How many places a row is moved to: both edges of its cell, or its level and those beside it."""
        return 3 if self.levels else 2

    def moves(self, rows: NDArray[np.intp]) -> NDArray[np.intp]:
        """(r, 2 or 3) the places that rows are moved to, in their order on the axis."""
        own = self.own[rows, None]
        places: NDArray[np.intp] = own + (np.arange(-1, 2) if self.levels else np.arange(2))
        return places.clip(0, len(self.axis) - 1)


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


def make_cells(task: Task, edges: Grids) -> Cells:
    """Put the rows into the cells between edges."""
    made: dict[Feature, Side] = {}
    for feature, axis in zip(task.features, edges.axes, strict=True):
        parts = feature.parts or (feature,)
        axes = (axis.first, axis.second) if feature.parts else (axis,)  # type: ignore[union-attr]
        for part, one in zip(parts, axes, strict=True):
            made.setdefault(part, _side(task, part, one))  # type: ignore[arg-type]
    return Cells(edges, tuple(tuple(made[part] for part in f.parts or (f,)) for f in task.features))


def _side(task: Task, feature: Feature, axis: Axis) -> Side:
    own, along, inside = cells_of(axis, task.rows.columns[feature.columns[0]])
    # without a place for every level, levels are no more than numbers
    levels = axis.kind in {"ordered", "category"} and not ((along % 1 != 0) & inside & (task.weights > 0)).any()
    if levels:
        own, along = own + (along == 1), np.zeros_like(along)
    return Side(axis, bool(levels), own, along, inside)
