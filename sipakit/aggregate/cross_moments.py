"""Weighted means of vectors, with their covariance: for every estimate that is a smooth function of several means."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from sipakit.aggregate.base import State, Update, cell_sums
from sipakit.aggregate.moments import effective_count

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["CrossMoments"]

_SHORT = 4  # numbers in a vector, for which a pass for each pair is quicker than a product for each cell


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
    spread : (c, k, d)
        Sums of w (v - mean)^2.

    Examples
    --------
    >>> import numpy as np
    >>> pairs = np.array([[[1.0, 2.0]], [[3.0, 6.0]]])  # two draws of one cell: one output, two values each
    >>> CrossMoments.zero(1, 1, 2).update(Update(np.zeros(2, int), pairs)).mean.ravel().tolist()
    [2.0, 4.0]
    """

    weight: NDArray[np.float64]
    weight_squares: NDArray[np.float64]
    mean: NDArray[np.float64]
    first: NDArray[np.float64]
    second: NDArray[np.float64]
    spread: NDArray[np.float64]

    @classmethod
    def zero(cls, n_cells: int, k: int, d: int) -> CrossMoments:
        """Moments of ``d``-vectors that have seen nothing."""
        shape = (n_cells, k, d)
        mean, first, spread = np.zeros((3, *shape))
        return cls(np.zeros(n_cells), np.zeros(n_cells), mean, first, np.zeros((*shape, d)), spread)

    def empty(self, n_cells: int) -> CrossMoments:
        """Return moments of the same vectors that have seen nothing."""
        return CrossMoments.zero(n_cells, *self.mean.shape[1:])

    def update(self, update: Update) -> CrossMoments:
        """Take observations in: values (r, k, d)."""
        seen = (_by_row if self.mean.shape[2] <= _SHORT else _by_cell)(update, len(self.weight))
        return self.merge(seen) if self.weight.any() else seen

    def merge(self, other: CrossMoments, cells: NDArray[np.intp] | None = None) -> CrossMoments:
        """Take the moments of other observations in."""
        at = slice(None) if cells is None else cells
        weight = (self.weight[at] + other.weight)[:, None, None]
        share = np.divide(other.weight[:, None, None], weight, out=np.zeros_like(weight), where=weight > 0)
        mean = self.mean[at] + share * (other.mean - self.mean[at])
        first, second, spread = np.zeros_like(mean), np.zeros_like(other.second), np.zeros_like(mean)
        sides = (state.parts(place) for state, place in ((self, at), (other, slice(None))))
        for w, w2, m, one, two, square in sides:
            shift = m - mean
            crossed = shift[..., :, None] * one[..., None, :]
            first += one + w2[:, None, None] * shift
            second += two + crossed + crossed.swapaxes(-1, -2)
            second += w2[:, None, None, None] * shift[..., :, None] * shift[..., None, :]
            spread += square + w[:, None, None] * shift**2
        self.weight[at], self.mean[at] = weight[:, 0, 0], mean
        self.first[at], self.second[at], self.spread[at] = first, second, spread
        self.weight_squares[at] += other.weight_squares
        return self

    def parts(self, at: slice | NDArray[np.intp]) -> tuple[NDArray[np.float64], ...]:
        """All arrays of some cells, in the order in which they are named."""
        return tuple(array[at] for array in self.arrays().values())

    def leading(self, d: int) -> CrossMoments:
        """Return the moments of the first ``d`` numbers of each vector."""
        second, (weight, squares) = self.second[..., :d, :d], (self.weight, self.weight_squares)
        return CrossMoments(weight, squares, self.mean[..., :d], self.first[..., :d], second, self.spread[..., :d])

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


def _by_row(update: Update, n: int) -> CrossMoments:
    """Moments of short vectors: a pass over all rows for each number of a vector."""
    c, v, w = update.cells, update.values, update.weight_of_each()
    _, k, d = v.shape
    weight, alike = cell_sums(c, w, n), bool((w == 1).all())
    mean = cell_sums(c, v, n, None if alike else w)
    np.divide(mean, weight[:, None, None], out=mean, where=weight[:, None, None] > 0)
    deviation = v - mean.take(c, axis=0)
    scaled = deviation if alike else w[:, None, None] ** 2 * deviation
    second = np.empty((n, k, d, d))
    for output, i in product(range(k), range(d)):
        second[:, output, i] = cell_sums(c, deviation[:, output], n, scaled[:, output, i])
    if alike:  # deviations from a plain mean add up to nothing, and their squares are in ``second``
        spread = np.diagonal(second, axis1=2, axis2=3).copy()
        return CrossMoments(weight, weight.copy(), mean, np.zeros_like(mean), second, spread)
    return CrossMoments(
        weight, cell_sums(c, w**2, n), mean, cell_sums(c, scaled, n), second, cell_sums(c, deviation**2, n, w)
    )


def _by_cell(update: Update, n: int) -> CrossMoments:
    """Moments of long vectors: matrix products, for all cells at a time that have equally many rows."""
    state = CrossMoments.zero(n, *update.values.shape[1:])
    weights, order, counts = update.weight_of_each(), np.argsort(update.cells, kind="stable"), np.bincount(update.cells)
    ends = np.cumsum(counts)
    for count in np.unique(counts[counts > 0]):
        (cells,) = np.nonzero(counts == count)
        rows = order[ends[cells][:, None] - count + np.arange(count)]  # (cells, rows of each)
        w = weights[rows]
        cells, rows, w = (part[w.sum(axis=1) > 0] for part in (cells, rows, w))
        v, w = update.values[rows].swapaxes(1, 2), w[:, None, None]  # (cells, k, rows, d), (cells, 1, 1, rows)
        mean = (w @ v) / w.sum(axis=-1, keepdims=True)
        deviation = v - mean
        scaled = deviation * (w**2).swapaxes(2, 3)
        state.weight[cells], state.weight_squares[cells] = w.sum(axis=(1, 2, 3)), (w**2).sum(axis=(1, 2, 3))
        state.mean[cells], state.first[cells] = mean[:, :, 0], scaled.sum(axis=2)
        state.second[cells] = scaled.swapaxes(2, 3) @ deviation
        state.spread[cells] = (w @ deviation**2)[:, :, 0]
    return state
