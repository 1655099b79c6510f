"""The mean curves of regions of a table, with their intervals over rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sipakit.estimate import Estimate
from sipakit.explainers.region_trees import bessel, rooted
from sipakit.sample import shares_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sipakit.axis import Axis
    from sipakit.columns import Column

__all__ = ["Bundle"]

_NOTHING = 1e-20  # of the answers' largest square: what rounding leaves of curves that are parallel


@dataclass(frozen=True, eq=False)
class Bundle:
    """The curves of all rows along one feature.

    Parameters
    ----------
    axis : Axis, g places
    answers : (n, g, k)
    weights : (n,)
        All positive.
    usual : (g,)
        Weights of the places, summing to one: the rows' own shares.
    centred : (n, g, k)
        Each curve less its own mean over the places.
    """

    axis: Axis
    answers: NDArray[np.float64]
    weights: NDArray[np.float64]
    usual: NDArray[np.float64]
    centred: NDArray[np.float64]

    @classmethod
    def of(cls, axis: Axis, answers: NDArray[np.float64], weights: NDArray[np.float64]) -> Bundle:
        """Centre the curves; where no row is near any place, all places count the same."""
        total = float(axis.weight.sum())
        usual = axis.weight / total if total > 0 else np.full(len(axis), 1 / len(axis))
        return cls(axis, answers, weights, usual, answers - np.einsum("ngk,g->nk", answers, usual)[:, None])

    @cached_property
    def points(self) -> NDArray[np.float64]:
        """(n, g, k) centred curves whose squared distances are what rows disagree by, in squared units.

        Those of an output whose curves are parallel to rounding are all zero.
        """
        points: NDArray[np.float64] = self.centred * np.sqrt(self.usual)[:, None]
        spread = ((points - points.mean(axis=0)) ** 2).mean(axis=0).sum(axis=0)
        size = (self.answers**2).max(axis=(0, 1))
        return np.where(spread > _NOTHING * size, points, 0.0)

    @property
    def differ(self) -> bool:
        """Whether any curves are not parallel."""
        return bool(self.points.any())

    @property
    def alike(self) -> NDArray[np.float64]:
        """(n, g k) the same without units, so that each output counts by its share of its own answers' spread."""
        share = self.weights / self.weights.sum()
        middle = np.einsum("ngk,n,g->k", self.answers, share, self.usual)
        spread = np.sqrt(np.einsum("ngk,n,g->k", (self.answers - middle) ** 2, share, self.usual))
        points: NDArray[np.float64] = self.points[:, self.usual > 0] / np.where(spread > 0, spread, 1.0)
        return points.reshape(len(points), -1)

    def own(self, column: Column) -> NDArray[np.float64]:
        """(n, g) how each row's own cell is shared between the places, as they count."""
        return shares_of(self.axis, column) / (float(self.axis.weight.sum()) or 1.0)

    def mean(self, here: NDArray[np.bool_], own: NDArray[np.float64], conf_level: float) -> Estimate:
        """(g, k) mean centred curve of the rows ``here``, with the mean of the answers themselves as a part.

        The mean that centres a curve is taken at the rows' own places, which come from the same table: a row outside
        the region counts there, too. Its influence is minus the curve at its own place.
        """
        share = self.weights / self.weights.sum()
        inside = np.where(here, share, 0.0) / share[here].sum()
        n = 1 / (inside**2).sum()
        centred, level = (np.tensordot(inside, curves, 1) for curves in (self.centred, self.answers))
        influence = -share[:, None] * (own @ centred.reshape(len(own.T), -1))  # (n, k), the same at every place
        of_rows = inside[:, None, None] * (self.centred - centred) + influence[:, None]
        of_level = inside[:, None, None] * (self.answers - level)
        errors = []
        for part in (of_rows, of_level):
            square = (part**2).sum(axis=0)
            errors.append(np.sqrt(square * n / (n - 1)) if n > 1 + 1e-9 else np.full(square.shape, np.inf))
        around = Estimate.within(level, errors[1], conf_level=conf_level, df=n - 1)
        parts = {f"mean{name}": array for name, array in zip(_ENDS, around.numbers, strict=True)}
        return Estimate.within(centred, errors[0], conf_level=conf_level, df=n - 1, parts=parts)

    def spread(self, here: NDArray[np.bool_], conf_level: float) -> Estimate:
        """(k,) by how much the curves of the rows ``here`` disagree, in units of the answers."""
        points, share = self.points[here], self.weights[here] / self.weights[here].sum()
        around = ((points - np.tensordot(share, points, 1)) ** 2).sum(axis=1)
        return rooted(share @ around * bessel(1 / (share**2).sum()), around, share, conf_level)


_ENDS = ("", "_std_error", "_lower", "_upper")
