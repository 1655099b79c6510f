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

__all__ = ["Nodes", "capped", "root_of", "sum_of_squares", "vectors"]

_LARGEST = 700.0  # of what is raised: beyond it numbers end


@dataclass(frozen=True, eq=False)
class Nodes:
    """Some of an axis' places, which stand for those beside them.

    Parameters
    ----------
    chosen : (m,) int
        Places.
    share : (m,) float
        Of the rows at the places that each one stands for, adding to 1.
    pool : (g,) int
        Which of the chosen ones each place belongs to.
    total : float
        Share of all rows that have a place.
    """

    chosen: NDArray[np.intp]
    share: Floats
    pool: NDArray[np.intp]
    total: float

    @classmethod
    def of(cls, axis: Axis | Plane, most: int | None = None) -> Nodes:
        """Choose all places, or the middle ones of ``most`` equally long runs of them.

        Examples
        --------
        >>> import numpy as np, sipakit as sp
        >>> e = sp.PartialDependence(grid_resolution="all").explain(lambda X: X[:, 0], np.arange(9.0)[:, None])
        >>> few = Nodes.of(e.axes[0], 3)
        >>> few.chosen.tolist(), few.pool.tolist()
        ([1, 4, 7], [0, 0, 0, 1, 1, 1, 2, 2, 2])
        """
        g = len(axis)
        pool = np.arange(g) * min(g, most or g) // g
        starts = np.searchsorted(pool, np.arange(pool[-1] + 2))
        chosen = (starts[1:] - 1 + starts[:-1]) // 2
        weight = np.bincount(pool, axis.weight.ravel(), len(chosen))
        return cls(chosen, weight / weight.sum(), pool, float(weight.sum()))

    def shares(self, axis: Axis | Plane, columns: Sequence[Column]) -> Floats:
        """(r, m) how rows are shared between the chosen places, their mean over all rows being ``share``."""
        shares = shares_of(axis, *columns) / self.total
        if len(self.chosen) == len(self.pool):
            return shares
        pooled = np.zeros((len(shares), len(self.chosen)))
        np.add.at(pooled.T, self.pool, shares.T)
        return pooled


def vectors(nodes: Nodes, curves: Floats, shares: Floats, longest: int) -> Floats:
    """(r, k, 2 longest + 1) what rows tell: centred curves, shares of the places, and mean squares of the curves.

    Parameters
    ----------
    nodes : Nodes
    curves : (r, k, g)
    shares : (r, m)
    longest : int
        Numbers that a curve takes, m or more.
    """
    m, chosen = len(nodes.chosen), curves[:, :, nodes.chosen]
    told = np.zeros((*curves.shape[:2], 2 * longest + 1))
    told[:, :, :m] = chosen - (chosen @ nodes.share)[:, :, None]
    told[:, :, longest : longest + m] = shares[:, None, :]
    told[:, :, -1] = told[:, :, :m] ** 2 @ nodes.share
    return told


def sum_of_squares(state: CrossMoments, cell: int, nodes: Nodes) -> tuple[Floats, Floats, Floats]:
    """(m, k) squares at the places, (k,) their sum H^2, and (k,) its standard error, from what `vectors` told."""
    longest, m = (state.mean.shape[2] - 1) // 2, len(nodes.chosen)
    squares = state.spread[cell, :, :m] / max(state.weight[cell], 1e-300)  # (k, m)
    total = squares @ nodes.share
    gradient = np.zeros(state.mean.shape[1:])
    gradient[:, :m] = -2 * nodes.share * state.mean[cell, :, :m]
    gradient[:, longest : longest + m] = squares - total[:, None]
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
