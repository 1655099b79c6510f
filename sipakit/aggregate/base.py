"""What every aggregator is: a state that takes observations and merges with others of its kind.

The merge law: any split of the observations over states, merged again, gives the same state, counts to the bit and
sums to rounding. A slice of a run fills a small state that holds only the cells which it touches (`State.part`), and
the run's own state absorbs those parts in the order of the slices.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

_FEW = 16  # columns, for which a pass each is quicker than one over all of them

__all__ = ["Part", "State", "Update", "cell_sums"]


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

    def part(self, update: Any) -> Any:
        """Return what one slice observed, as a state of only the cells that it touched."""
        local, cells = pd.factorize(update.cells, sort=True)
        return Part(cells, self.empty(len(cells)).update(replace(update, cells=local)))

    def absorb(self, part: Any) -> State:
        """Take a slice's part in."""
        return self.merge(part.state, part.cells)


def cell_sums(cells: NDArray[np.intp], values: NDArray[np.float64], n_cells: int) -> NDArray[np.float64]:
    """(n_cells, ...) sums of the values (r, ...) that fall into each cell."""
    columns = values.reshape(len(values), int(np.prod(values.shape[1:]))).T
    if len(columns) <= _FEW:
        sums = np.array([np.bincount(cells, column, n_cells) for column in columns], np.float64).T
    else:
        flat = (cells[:, None] * len(columns) + np.arange(len(columns))).ravel()
        sums = np.asarray(np.bincount(flat, values.ravel(), n_cells * len(columns)), np.float64)
    return sums.reshape(n_cells, *values.shape[1:])
