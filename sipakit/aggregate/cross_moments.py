"""Weighted means of vectors, with their covariance: for every estimate that is a smooth function of several means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sipakit.aggregate.base import State, Update, cell_sums
from sipakit.aggregate.moments import effective_count

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["CrossMoments"]


@dataclass
class CrossMoments(State):
    """Mean vector of each cell and output, and the sums that variances of functions of it need.

    An estimate T(mean) has the influence gradient . (v_i - mean); the sum of its weighted squares follows from
    ``first`` and ``second`` without keeping a row.

    Parameters
    ----------
    weight, weight_squares : (c,)
        Sums of w and of w^2.
    mean : (c, k, d)
    first : (c, k, d)
        Sums of w^2 (v - mean).
    second : (c, k, d, d)
        Sums of w^2 (v - mean)(v - mean)'.
    """

    weight: NDArray[np.float64]
    weight_squares: NDArray[np.float64]
    mean: NDArray[np.float64]
    first: NDArray[np.float64]
    second: NDArray[np.float64]

    @classmethod
    def zero(cls, n_cells: int, k: int, d: int) -> CrossMoments:
        """Moments of ``d``-vectors that have seen nothing."""
        shape = (n_cells, k, d)
        return cls(np.zeros(n_cells), np.zeros(n_cells), np.zeros(shape), np.zeros(shape), np.zeros((*shape, d)))

    def empty(self, n_cells: int) -> CrossMoments:
        """Return moments of the same vectors that have seen nothing."""
        return CrossMoments.zero(n_cells, *self.mean.shape[1:])

    def update(self, update: Update) -> CrossMoments:
        """Take observations in: values (r, k, d)."""
        c, v, w = update.cells, update.values, update.weight_of_each()
        n = len(self.weight)
        weight = cell_sums(c, w, n)
        total = cell_sums(c, w[:, None, None] * v, n)
        mean = np.divide(total, weight[:, None, None], out=np.zeros_like(total), where=weight[:, None, None] > 0)
        deviation = v - mean[c]
        scaled = (w**2)[:, None, None] * deviation
        second = _outer_sums(c, scaled, deviation, n)
        return self.merge(CrossMoments(weight, cell_sums(c, w**2, n), mean, cell_sums(c, scaled, n), second))

    def merge(self, other: CrossMoments, cells: NDArray[np.intp] | None = None) -> CrossMoments:
        """Take the moments of other observations in."""
        at = slice(None) if cells is None else cells
        weight = (self.weight[at] + other.weight)[:, None, None]
        share = np.divide(other.weight[:, None, None], weight, out=np.zeros_like(weight), where=weight > 0)
        mean = self.mean[at] + share * (other.mean - self.mean[at])
        first, second = np.zeros_like(mean), np.zeros_like(other.second)
        for w2, m, one, two in (
            (self.weight_squares[at], self.mean[at], self.first[at], self.second[at]),
            (other.weight_squares, other.mean, other.first, other.second),
        ):
            shift = m - mean
            crossed = shift[..., :, None] * one[..., None, :]
            first += one + w2[:, None, None] * shift
            second += two + crossed + crossed.swapaxes(-1, -2)
            second += w2[:, None, None, None] * shift[..., :, None] * shift[..., None, :]
        self.weight[at], self.mean[at] = weight[:, 0, 0], mean
        self.first[at], self.second[at] = first, second
        self.weight_squares[at] += other.weight_squares
        return self

    def arrays(self) -> Mapping[str, NDArray[np.float64]]:
        """Everything the state knows, by name."""
        return vars(self)

    def covariance(self) -> NDArray[np.float64]:
        """(c, k, d, d) covariance of each mean vector; infinite where fewer than two observations were made."""
        n = effective_count(self.weight, self.weight_squares)
        with np.errstate(divide="ignore", invalid="ignore"):
            scale = n / (n - 1) / self.weight**2
            covariance = self.second * scale[:, None, None, None]
        return np.where(n[:, None, None, None] > 1 + 1e-9, covariance, np.inf)


def _outer_sums(
    cells: NDArray[np.intp], left: NDArray[np.float64], right: NDArray[np.float64], n_cells: int
) -> NDArray[np.float64]:
    """(c, k, d, d) sums of left right' by cell; one matrix product a cell where the vectors are long."""
    d = left.shape[2]
    if d * d <= 16:
        return cell_sums(cells, left[..., :, None] * right[..., None, :], n_cells)
    sums = np.zeros((n_cells, left.shape[1], d, d))
    for cell in np.unique(cells):
        rows = cells == cell
        sums[cell] = np.matmul(left[rows].transpose(1, 2, 0), right[rows].transpose(1, 0, 2))
    return sums
