"""Mean squares and products of an expectation over contexts, free of the noise of a few contexts, with their errors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sipakit.aggregate.base import cell_sums

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Incomplete", "Spread", "Square", "in_both_roles", "spread_of"]


@dataclass(frozen=True)
class Spread:
    """How uncertain estimates are: (..., k) variance, third moment, and the variance of that variance."""

    variance: NDArray[np.float64]
    third: NDArray[np.float64]
    doubt: NDArray[np.float64]

    @classmethod
    def stack(cls, spreads: Sequence[Spread]) -> Spread:
        """Put the spreads of several estimates into one."""
        return cls(*(np.stack([getattr(one, name) for one in spreads]) for name in ("variance", "third", "doubt")))


def spread_of(influence: NDArray[np.float64], weights: NDArray[np.float64]) -> Spread:
    """Return the spread that rows with weights (t, m), adding to 1 in each line, give by their influence (c, m, k).

    Independent samples, the lines of ``weights``, add their moments.
    """
    variance, third, doubt = np.zeros((3, len(influence), influence.shape[-1]))
    for w in weights:
        used = int((w > 0).sum())
        square = np.einsum("cik,i->ck", influence**2, w**2)
        variance += square * used / (used - 1) if used > 1 else np.inf
        third += np.einsum("cik,i->ck", influence**3, w**3)
        doubt += np.maximum(np.einsum("cik,i->ck", influence**4, w**4) - square**2 / used, 0)
    return Spread(variance, third, doubt)


def in_both_roles(
    as_point: NDArray[np.float64],
    as_context: NDArray[np.float64],
    weights: NDArray[np.float64],
    context_weights: NDArray[np.float64],
    *,
    shared: bool,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return influences and weights for `spread_of`, of rows that are evaluated, and of rows that are contexts.

    Parameters
    ----------
    as_point, as_context : (c, m, k), (c, b, k)
    weights, context_weights : (m,), (b,)
        Adding to 1.
    shared : bool
        Whether these are the same rows, each with both roles and one influence.
    """
    if shared:
        return as_point + as_context, weights[None]
    none, other = np.zeros_like(weights), np.zeros_like(context_weights)
    lines = np.stack([np.concatenate([weights, other]), np.concatenate([none, context_weights])])
    return np.concatenate([as_point, as_context], axis=1), lines


@dataclass(frozen=True)
class Square:
    """A mean square or product (k,), and what moves it.

    ``by_point`` (m, k) is the influence of each point, ``by_context`` (m, d, k) that of each of its contexts.
    """

    value: NDArray[np.float64]
    by_point: NDArray[np.float64]
    by_context: NDArray[np.float64]

    def ratio(self, below: Square, ratio: NDArray[np.float64]) -> Square:
        """Return the ratio to another mean square."""
        parts = ((self.by_point, below.by_point), (self.by_context, below.by_context))
        return Square(ratio, *((above - ratio * under) / below.value for above, under in parts))


@dataclass(frozen=True)
class Incomplete:
    """Points that have a few contexts each, drawn for it alone: the design of an incomplete U-statistic.

    Parameters
    ----------
    points : (m,) int
        Numbers of the rows.
    contexts : (m, d) int, d >= 2
        Numbers of the rows; those of another table are counted on from the first table's.
    weights : (m,)
        Of the points, adding to 1; contexts are drawn in proportion to theirs.

    References
    ----------
    Blom (1976), Some properties of incomplete U-statistics. doi:10.1093/biomet/63.3.573
    Cameron, Gelbach and Miller (2011), Robust inference with multiway clustering. doi:10.1198/jbes.2010.07136

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> drawn = Incomplete(np.arange(2000), rng.integers(0, 2000, (2000, 4)), np.full(2000, 1 / 2000))
    >>> of_points = np.repeat(rng.normal(size=(2000, 1, 1)), 4, axis=1)
    >>> noisy = drawn.square(of_points + rng.normal(size=(2000, 4, 1)))
    >>> round(noisy.value.item(), 1)  # and not 1 + 1/4
    1.0
    """

    points: NDArray[np.intp]
    contexts: NDArray[np.intp]
    weights: NDArray[np.float64]

    @cached_property
    def _served(self) -> NDArray[np.intp]:
        """Rows of all points, then of all contexts, counted from 0."""
        return np.unique(np.concatenate([self.points, self.contexts.reshape(-1)]), return_inverse=True)[1]

    def square(self, values: NDArray[np.float64]) -> Square:
        """Return the variance over points of the expectation over contexts of values (m, d, k).

        Products of two different contexts have no noise in common, so their mean is the square of the expectation.
        """
        d, w = self.contexts.shape[1], self.weights
        centred = values - np.einsum("mdk,m->k", values, w) / d
        total = centred.sum(axis=1)
        used = int((w > 0).sum())
        # what the square of the mean, which was taken off, has too much
        own = np.einsum("mk,m->k", (total / d) ** 2, w**2) * used / (used - 1) if used > 1 else 0.0
        each = centred * (total[:, None] - centred) / (d - 1)
        value = np.einsum("mdk,m->k", each, w) / d
        return Square(value + own, each.mean(axis=1) - value, 2 * (each - value))  # a square moves twice as much

    def product(self, values: NDArray[np.float64], known: NDArray[np.float64]) -> Square:
        """Return the covariance over points of the expectation over contexts of values (m, d, k) with ``known`` (m, k).

        That of ``known`` with itself is what `square` says of it.
        """
        d, w = self.contexts.shape[1], self.weights
        centred = values - np.einsum("mdk,m->k", values, w) / d
        about = known - np.einsum("mk,m->k", known, w)
        each = centred * about[:, None]
        used = int((w > 0).sum())
        value = np.einsum("mdk,m->k", each, w) / d
        own = np.einsum("mdk,m->k", each, w**2) / d * used / (used - 1) if used > 1 else 0.0
        return Square(value + own, each.mean(axis=1) - value, each - value)

    def spread(self, square: Square) -> Spread:
        """Return the spread over points, and what is added where rows serve more than once."""
        w, (m, d) = self.weights, self.contexts.shape
        found = spread_of(square.by_point[None], w[None])
        point = w[:, None] * square.by_point
        context = w[:, None, None] * square.by_context / d
        flat = context.reshape(m * d, -1)
        by_row = cell_sums(self._served, np.concatenate([point, flat]), len(self._served))
        again = (by_row**2).sum(axis=0) - (point**2).sum(axis=0) - (flat**2).sum(axis=0)
        return Spread(found.variance[0] + np.maximum(again, 0), found.third[0], found.doubt[0])
