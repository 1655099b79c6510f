"""How far the curves of single rows are from the mean curve: at each place, and as one number for each feature.

With c_i(g) the curve of row i less its own mean over the places, m(g) their mean over the rows and w(g) the share of
rows at place g:

    h(g)^2   mean over the rows of (c_i(g) - m(g))^2
    H^2      sum over the places of w(g) h(g)^2

H^2 is the numerator of Friedman and Popescu's total H statistic where a feature is set to each of its values in every
row, as partial dependence does. Row i moves it by sum of w(g) (c_i(g) - m(g))^2 - H^2, as a row with a curve, and by
sum of s_i(g) (h(g)^2 - H^2), as a row at places: s_i are its shares of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import stdtrit

from sipakit.aggregate import CrossMoments
from sipakit.estimate import Estimate
from sipakit.sample import shares_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sipakit.axis import Axis, Plane
    from sipakit.columns import Column

    Floats = NDArray[np.float64]

__all__ = ["Nodes", "capped", "root_of", "sum_of_squares", "tell"]

_LARGEST = 700.0  # of what is raised: beyond it numbers end


@dataclass(frozen=True, eq=False)
class Nodes:
    """Runs of an axis' places, each of which has one number where errors are measured: the mean over its rows.

    Parameters
    ----------
    start : (m,) int
        The first place of each run.
    weight : (g,) float
        Share of the rows at each place, adding to 1.
    share : (m,) float
        The same of each run.
    total : float
        Share of all rows that have a place.
    """

    start: NDArray[np.intp]
    weight: Floats
    share: Floats
    total: float

    @classmethod
    @lru_cache(maxsize=256)  # each slice of a run asks about the same axes
    def of(cls, axis: Axis | Plane, most: int | None = None) -> Nodes:
        """Make a run of each place, or at most ``most`` runs, short ones at the ends, where curves are furthest apart.

        Examples
        --------
        >>> import numpy as np, sipakit as sp
        >>> e = sp.PartialDependence(grid_resolution="all").explain(lambda X: X[:, 0], np.arange(9.0)[:, None])
        >>> few = Nodes.of(e.axes[0], 3)
        >>> few.start.tolist(), few.means(e.values[0][:, 0]).round(9).tolist()
        ([0, 2, 6], [0.5, 3.5, 7.0])
        """
        g, weight = len(axis), axis.weight.ravel()
        m = min(g, most or g)
        order = np.arange(m)
        ends = (g * (1 - np.cos(np.pi * order / m)) / 2).astype(np.intp)
        start = order + np.clip(np.maximum.accumulate(ends - order), 0, g - m)  # a place or more each
        total = float(weight.sum())
        return cls(start, weight / total, np.add.reduceat(weight, start) / total, total)

    def __len__(self) -> int:
        return len(self.start)

    @property
    def _alone(self) -> bool:
        """Whether each place is a run."""
        return len(self.start) == len(self.weight)

    @cached_property
    def members(self) -> Floats:
        """(g, m) whether a place is of a run."""
        run = np.searchsorted(self.start, np.arange(len(self.weight)), side="right") - 1
        return np.eye(len(self))[run]

    @cached_property
    def _averaging(self) -> Floats:
        known = np.where(self.share > 0, self.share, 1.0)
        return self.members * self.weight[:, None] / known

    def means(self, values: Floats) -> Floats:
        """(..., m) means over each run of values (..., g)."""
        means: Floats = values if self._alone else values @ self._averaging
        return means

    def shares(self, axis: Axis | Plane, columns: Sequence[Column]) -> Floats:
        """(r, m) how rows are shared between the runs, their mean over all rows being ``share``."""
        shares = shares_of(axis, *columns)
        return shares / self.total if self._alone else shares @ (self.members / self.total)

    def centred(self, curves: Floats) -> Floats:
        """(r, k, g) curves less their own means."""
        centred: Floats = curves - (curves @ self.weight)[..., None]
        return centred


def tell(told: Floats, nodes: Nodes, centred: Floats, shares: Floats) -> None:
    """Write into (r, k, 2 l + 1) zeros what rows tell: centred curves, shares of the places, and mean squares.

    Parameters
    ----------
    told : (r, k, 2 l + 1)
        l numbers are for a curve, m or more.
    nodes : Nodes, m of them
    centred : (r, k, g)
    shares : (r, m)
    """
    m, longest = len(nodes), told.shape[2] // 2
    told[:, :, :m] = nodes.means(centred)
    told[:, :, longest : longest + m] = shares[:, None, :]
    told[:, :, -1] = centred**2 @ nodes.weight


def sum_of_squares(state: CrossMoments, cell: int, nodes: Nodes, at_places: Floats | None = None) -> tuple[Floats, ...]:
    """(g, k) squares at the places, (k,) their sum H^2, and (k,) its standard error, from what `tell` wrote.

    ``at_places`` are the squares (g, k) where there are more places than runs.
    """
    longest, m = (state.mean.shape[2] - 1) // 2, len(nodes)
    squares = state.spread[cell, :, :m] / max(state.weight[cell], 1e-300) if at_places is None else at_places.T
    total = squares @ nodes.weight
    gradient = np.zeros(state.mean.shape[1:])
    gradient[:, :m] = -2 * nodes.share * state.mean[cell, :, :m]
    gradient[:, longest : longest + m] = nodes.means(squares) - total[:, None]
    gradient[:, -1] = 1
    covariance = CrossMoments(*state.parts(slice(cell, cell + 1))).covariance()[0]
    if not np.isfinite(covariance).all():
        return squares.T, total, np.full(len(total), np.inf)
    variance = np.einsum("ki,kij,kj->k", gradient, covariance, gradient, optimize=True)
    # positive numbers with a mean of H^2 have an error of no more than that; rows serve as curves and at places
    return squares.T, total, capped(np.sqrt(np.maximum(variance, 0)), 2 * total)


def capped(std_error: Floats, most: Floats) -> Floats:
    """Return errors, those that are known without what rounding adds to no more than ``most``."""
    return np.where(np.isfinite(std_error), np.minimum(std_error, most), np.inf)


def root_of(square: Floats, std_error: Floats, *, conf_level: float, df: Floats | float) -> Estimate:
    """Return the root of a mean square, with an interval that is symmetric for its logarithm and so above zero.

    Parameters
    ----------
    square, std_error : (..., k)
        The mean square and its own standard error.
    conf_level : float
    df : float, or as ``square``
        Degrees of freedom.

    Examples
    --------
    >>> e = root_of(np.array([4.0]), np.array([0.4]), conf_level=0.95, df=np.inf)
    >>> e.values.item(), e.std_error.item(), e.lower.round(2).item(), e.upper.round(2).item()
    (2.0, 0.1, 1.81, 2.21)
    """
    value = np.sqrt(np.maximum(square, 0))
    sure, known = std_error == 0, np.isfinite(std_error)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        error = np.where(sure, 0.0, std_error / (2 * value))
        relative = np.where(sure, 0.0, stdtrit(np.maximum(df, 1), (1 + conf_level) / 2) * error / value)
        factor = np.exp(np.minimum(relative, _LARGEST))
        lower, upper = np.where(known, value / factor, 0.0), np.where(known, value * factor, np.inf)
    return Estimate(value, np.where(known, error, np.inf), lower, upper)
