"""Sums of a weighted least squares problem; any number of problems side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sipakit.aggregate.base import State, Update

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["NormalEquations"]


@dataclass
class NormalEquations(State):
    """The sums Z'WZ, Z'WY and Y'WY of each problem, from which coefficients and fit follow.

    Parameters
    ----------
    gram : (c, u, u)
    moment : (c, u, k)
    square : (c, k)
        Sums of w y^2.

    Examples
    --------
    >>> import numpy as np
    >>> Z, y = np.array([[1.0, 0.0], [1.0, 2.0]]), np.array([[1.0], [5.0]])
    >>> seen = NormalEquations.zero(1, 2, 1).update(Update(np.zeros(2, int), y, inputs=Z))
    >>> np.linalg.solve(seen.gram[0], seen.moment[0]).ravel().round(6).tolist()
    [1.0, 2.0]
    """

    gram: NDArray[np.float64]
    moment: NDArray[np.float64]
    square: NDArray[np.float64]

    @classmethod
    def zero(cls, n_cells: int, u: int, k: int) -> NormalEquations:
        """Problems of ``u`` regressors and ``k`` outputs that have seen nothing."""
        return cls(np.zeros((n_cells, u, u)), np.zeros((n_cells, u, k)), np.zeros((n_cells, k)))

    def empty(self, n_cells: int) -> NormalEquations:
        """Return problems of the same size that have seen nothing."""
        return NormalEquations.zero(n_cells, *self.moment.shape[1:])

    def update(self, update: Update) -> NormalEquations:
        """Take observations in: inputs (r, u), values (r, k), weights (r,)."""
        z, y, w = update.inputs, update.values, update.weight_of_each()
        if z is None:
            message = "NormalEquations.update needs inputs"
            raise TypeError(message)
        together = np.argsort(update.cells, kind="stable")
        z, y, w = z[together], y[together], w[together]
        found = np.unique(update.cells[together], return_index=True, return_counts=True)
        for cell, start, count in zip(*found, strict=True):
            rows = slice(start, start + count)
            weighted = (w[rows, None] * z[rows]).T
            self.gram[cell] += weighted @ z[rows]
            self.moment[cell] += weighted @ y[rows]
            self.square[cell] += w[rows] @ y[rows] ** 2
        return self

    def merge(self, other: NormalEquations, cells: NDArray[np.intp] | None = None) -> NormalEquations:
        """Add the sums of other observations."""
        at = slice(None) if cells is None else cells
        self.gram[at] += other.gram
        self.moment[at] += other.moment
        self.square[at] += other.square
        return self

    def arrays(self) -> Mapping[str, NDArray[np.float64]]:
        """Everything the state knows, by name."""
        return vars(self)
