"""Weighted means of independent observations, each with its standard error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sipakit.aggregate.base import State, Update, adder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["Moments", "effective_count"]


@dataclass
class Moments(State):
    """Mean of each cell and output, and what its standard error needs.

    The standard error of a weighted mean with importance weights is sum w_i^2 (v_i - mean)^2 / (sum w_i)^2, which is
    s^2 / n for equal weights. The squared deviations are held about the running mean and shifted when states merge
    (Chan, Golub and LeVeque 1983, extended to squared weights), so nothing cancels.

    Parameters
    ----------
    weight, weight_squares : (c,)
        Sums of w and of w^2.
    mean : (c, k)
    first, second : (c, k)
        Sums of w^2 (v - mean) and of w^2 (v - mean)^2.

    References
    ----------
    Chan, Golub and LeVeque (1983), doi:10.1080/00031305.1983.10483115

    Examples
    --------
    >>> import numpy as np
    >>> seen = Moments.zero(1, 1).update(Update(np.zeros(3, int), np.array([[1.0], [2.0], [6.0]])))
    >>> seen.mean.item(), round(seen.std_error().item(), 4)
    (3.0, 1.5275)
    """

    weight: NDArray[np.float64]
    weight_squares: NDArray[np.float64]
    mean: NDArray[np.float64]
    first: NDArray[np.float64]
    second: NDArray[np.float64]

    @classmethod
    def zero(cls, n_cells: int, k: int) -> Moments:
        """Moments of ``n_cells`` cells and ``k`` outputs that have seen nothing."""
        return cls(np.zeros(n_cells), np.zeros(n_cells), *(np.zeros((n_cells, k)) for _ in range(3)))

    def empty(self, n_cells: int) -> Moments:
        """Return moments of the same outputs that have seen nothing."""
        return Moments.zero(n_cells, self.mean.shape[1])

    def update(self, update: Update) -> Moments:
        """Take observations in: values (r, k)."""
        c, v, w = update.cells, update.values, update.weight_of_each()
        added = adder(c, len(self.weight))
        weight = added(w)
        mean = _share(added(w[:, None] * v), weight[:, None])
        deviation = v - mean.take(c, axis=0)
        square = (w**2)[:, None]
        first, second = (added(square * deviation**power) for power in (1, 2))
        return self.merge(Moments(weight, added(w**2), mean, first, second))

    def merge(self, other: Moments, cells: NDArray[np.intp] | None = None) -> Moments:
        """Take the moments of other observations in."""
        at = slice(None) if cells is None else cells
        weight = self.weight[at] + other.weight
        mean = self.mean[at] + _share(other.weight[:, None], weight[:, None]) * (other.mean - self.mean[at])
        first, second = np.zeros_like(mean), np.zeros_like(mean)
        for w2, m, one, two in (
            (self.weight_squares[at], self.mean[at], self.first[at], self.second[at]),
            (other.weight_squares, other.mean, other.first, other.second),
        ):
            shift = m - mean
            first += one + w2[:, None] * shift
            second += two + 2 * shift * one + w2[:, None] * shift**2
        self.weight[at], self.mean[at] = weight, mean
        self.first[at], self.second[at] = first, second
        self.weight_squares[at] += other.weight_squares
        return self

    def arrays(self) -> Mapping[str, NDArray[np.float64]]:
        """Everything the state knows, by name."""
        return vars(self)

    def std_error(self) -> NDArray[np.float64]:
        """(c, k) standard error of each mean; infinite where fewer than two observations were made."""
        n = effective_count(self.weight, self.weight_squares)
        with np.errstate(divide="ignore", invalid="ignore"):
            variance = self.second / self.weight[:, None] ** 2 * (n / (n - 1))[:, None]
            return np.where(n[:, None] > 1 + 1e-9, np.sqrt(np.maximum(variance, 0)), np.inf)


def effective_count(weight: NDArray[np.float64], weight_squares: NDArray[np.float64]) -> NDArray[np.float64]:
    """(c,) number of equally weighted observations with the same precision: (sum w)^2 / sum w^2 (Kish 1965)."""
    return _share(weight**2, weight_squares)


def _share(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros(np.broadcast_shapes(part.shape, whole.shape)), where=whole > 0)
