"""What every aggregator is: a state that takes observations and merges with others of its kind.

The merge law: any split of the observations over states, merged again, gives the same state, counts to the bit and
sums to rounding. A slice of a run fills a small state that holds only the cells which it touches (`State.part`), and
the run's own state absorbs those parts in the order of the slices.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields, replace
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.sparse import csc_array

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

_FEW = 2  # columns, for which a pass each is quicker than one over all of them
_SPARSE = 8  # cells an observation, from which on a search is quicker than a pass over all cells

__all__ = ["Part", "State", "Update", "adder", "cell_sums"]


@dataclass(frozen=True, slots=True)
class Update:
    """Observations for an aggregator: one row, one independent value of one cell.

    Parameters
    ----------
    cells : (r,) int
        Which cell each observation belongs to.
    values : (r, ...) float
        What was observed; the trailing axes are the aggregator's own.
    weights : (r,) float, optional
        Importance weights; ones by default.
    inputs : (r, u) float, optional
        Regressors, for normal equations.
    draws : (r,) int, optional
        The draw that made each observation, counted within its slice; equally many a draw, one draw after the other,
        by default.

    Examples
    --------
    >>> import numpy as np
    >>> from sipakit.aggregate import Moments, Update
    >>> seen = Moments.zero(2, 1).update(Update(np.array([0, 0, 1]), np.array([[1.0], [3.0], [5.0]])))
    >>> seen.mean.ravel().tolist()
    [2.0, 5.0]
    """

    cells: NDArray[np.intp]
    values: NDArray[np.float64]
    weights: NDArray[np.float64] | None = None
    inputs: NDArray[np.float64] | None = None
    draws: NDArray[np.intp] | None = None

    def draw_of_each(self, n_draws: int) -> NDArray[np.intp]:
        """(r,) the draw that made each observation, of ``n_draws``."""
        return np.arange(len(self.cells)) * n_draws // max(len(self.cells), 1) if self.draws is None else self.draws

    def known(self) -> NDArray[np.bool_]:
        """(r,) whether an observation is known: no answer that it is made of was missing."""
        return np.asarray(~np.isnan(self.values).reshape(len(self.values), -1).any(axis=1))

    def only(self, kept: NDArray[np.bool_]) -> Update:
        """Return the observations ``kept`` (r,)."""
        given = {f.name: getattr(self, f.name) for f in fields(self)}
        parts: dict[str, Any] = {name: part[kept] for name, part in given.items() if part is not None}
        return Update(**parts)

    def weight_of_each(self) -> NDArray[np.float64]:
        """(r,) weights, ones where none were given."""
        return np.ones(len(self.cells)) if self.weights is None else self.weights


@dataclass(frozen=True, slots=True)
class Part:
    """What one slice observed: a state over the cells numbered ``cells`` of the whole."""

    cells: NDArray[np.intp]
    state: State


class State(ABC):
    """An aggregator with what it has seen so far; all of it is arrays."""

    @abstractmethod
    def empty(self, n_cells: int) -> State:
        """Return a state of the same shape that has seen nothing, with ``n_cells`` cells."""

    @abstractmethod
    def update(self, update: Any) -> State:
        """Take observations in; returns the state, which may have reused its own arrays."""

    @abstractmethod
    def merge(self, other: Any, cells: NDArray[np.intp] | None = None) -> State:
        """Take another state in, whose cells are numbers ``cells`` of this one (all cells by default)."""

    @abstractmethod
    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """Everything the state knows, by name."""

    def picked(self, units: NDArray[np.bool_]) -> State:
        """Return the state of some of the units that its cells belong to, equally many a unit, one after the other."""
        arrays = self.arrays().items()
        return type(self)(**{name: array[np.repeat(units, len(array) // len(units))] for name, array in arrays})

    def part(self, update: Any) -> Any:
        """Return what one slice observed, as a state of only the cells that it touched."""
        local, cells = _numbered(update.cells)
        return Part(cells, self.empty(len(cells)).update(replace(update, cells=local)))

    def absorb(self, part: Any) -> State:
        """Take a slice's part in."""
        return self.merge(part.state, part.cells)


def _numbered(cells: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the number of each cell among those that occur, and these in order."""
    if _in_turn(cells):
        return cells, np.arange(int(cells[-1]) + 1)
    if len(cells) and cells.max() > _SPARSE * len(cells):
        local, there = pd.factorize(cells, sort=True)
        return local, np.asarray(there, np.intp)
    occurs = np.bincount(cells) > 0
    return (np.cumsum(occurs) - 1)[cells], np.flatnonzero(occurs)


def _in_turn(cells: NDArray[np.intp]) -> int:
    """Return the number of cells if observations are of all of them in turn, again and again; else 0."""
    count = int(cells[-1]) + 1 if len(cells) else 0
    in_turn = count > 0 and len(cells) % count == 0 and bool((cells.reshape(-1, count) == np.arange(count)).all())
    return count if in_turn else 0


def adder(cells: NDArray[np.intp], n_cells: int) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """Return what turns values (r, ...) into (n_cells, ...) sums of those that fall into each cell."""
    if n_cells and _in_turn(cells) == n_cells:
        return lambda values: np.asarray(values.reshape(-1, n_cells, *values.shape[1:]).sum(axis=0))
    return lambda values: cell_sums(cells, values, n_cells)


def cell_sums(
    cells: NDArray[np.intp], values: NDArray[np.float64], n_cells: int, times: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """(n_cells, ...) sums of the values (r, ...) that fall into each cell, each ``times`` (r,) a number of its own."""
    width = prod(values.shape[1:])
    if (width <= _FEW and times is None) or not len(cells):
        sums = np.empty((n_cells, width))
        for number, column in enumerate(values.reshape(len(values), width).T):
            sums[:, number] = np.bincount(cells, column, n_cells)
    else:  # by rows, which lie together
        times, each = np.ones(len(cells)) if times is None else times, np.arange(len(cells) + 1)
        belongs = csc_array((times, cells, each), shape=(n_cells, len(cells)))
        sums = belongs @ values.reshape(len(values), width)
    return sums.reshape(n_cells, *values.shape[1:])
