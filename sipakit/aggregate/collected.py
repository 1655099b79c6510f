"""Answers kept as they are: one place a cell, filled once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sipakit.aggregate.base import State, Update

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["Collected"]


@dataclass
class Collected(State):
    """Values by cell, and which cells were filled.

    Parameters
    ----------
    values : (c, ...)
    filled : (c,) bool

    Examples
    --------
    >>> import numpy as np
    >>> kept = Collected.zero(2, 1, 1).update(Update(np.array([1]), np.array([[[7.0]]])))
    >>> kept.values[1].ravel().tolist()
    [7.0]
    """

    values: NDArray[np.float64]
    filled: NDArray[np.bool_]

    @classmethod
    def zero(cls, n_cells: int, *shape: int) -> Collected:
        """Return ``n_cells`` empty places for arrays of ``shape``."""
        return cls(np.zeros((n_cells, *shape)), np.zeros(n_cells, bool))

    def empty(self, n_cells: int) -> Collected:
        """Return places of the same shape that hold nothing."""
        return Collected.zero(n_cells, *self.values.shape[1:])

    def update(self, update: Update) -> Collected:
        """Put values (r, ...) into their cells; weights say nothing here."""
        self.values[update.cells] = update.values
        self.filled[update.cells] = True
        return self

    def merge(self, other: Collected, cells: NDArray[np.intp] | None = None) -> Collected:
        """Take over the places that the other state has filled."""
        at = np.flatnonzero(other.filled)
        mine = at if cells is None else cells[at]
        self.values[mine] = other.values[at]
        self.filled[mine] = True
        return self

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """Everything the state knows, by name."""
        return vars(self)
