"""Small trees that split a table where curves disagree, and how much of the disagreement they explain.

The curves of one feature, each less its own mean and scaled by the root of its places' weights, are points: the squared
distance of two is how much two rows disagree. A regression tree with all places as outputs lowers exactly the mean
squared distance of the rows from the mean curve of their region.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.tree import DecisionTreeRegressor

from sipakit.estimate import Estimate

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Disagreement", "Growth", "bessel", "disagreement", "rooted"]


@dataclass(frozen=True)
class Growth:
    """How a tree grows.

    Parameters
    ----------
    max_depth : int
    min_share : float
        Share of the rows that each region has at least, by weight.
    min_gain : float
        Share of the whole disagreement that each split removes at least.
    random_state : int
        Chooses between splits that are equally good.
    """

    max_depth: int
    min_share: float
    min_gain: float
    random_state: int

    def tree(
        self, X: NDArray[np.float64], points: NDArray[np.float64], w: NDArray[np.float64]
    ) -> DecisionTreeRegressor:
        """Grow a tree on columns X (n, t) for points (n, m), all with weight."""
        share = w / w.sum()
        spread = share @ ((points - share @ points) ** 2).sum(axis=1)
        # with an impurity of one at the root, what a split lowers is its share, and no scale is too small to split
        unit = np.sqrt(spread / points.shape[1]) if spread > 0 else 1.0
        tree = DecisionTreeRegressor(
            max_depth=self.max_depth,
            min_weight_fraction_leaf=self.min_share,
            min_impurity_decrease=self.min_gain,
            min_samples_leaf=2,  # one row has no spread
            random_state=self.random_state,
        )
        return tree.fit(X, points / unit, sample_weight=w)


@dataclass(frozen=True)
class Disagreement:
    """How much the curves of one feature disagree, before and after a split, one number an output.

    Parameters
    ----------
    before, after : Estimate, (k,)
        Root of the mean variance of the centred curves, in units of the prediction: of all rows, and within regions.
    gain : Estimate, (k,)
        Share of the squared disagreement that the regions remove; measured, as ``after``, on rows that did not choose
        them.
    """

    before: Estimate
    after: Estimate
    gain: Estimate


def disagreement(
    curves: NDArray[np.float64],
    means: NDArray[np.float64],
    fold: NDArray[np.intp],
    w: NDArray[np.float64],
    conf_level: float,
) -> Disagreement:
    """Measure how much the rows' curves disagree, and how much of it the means of regions account for.

    Parameters
    ----------
    curves : (n, g, k)
        Centred, and scaled by the root of the places' weights.
    means : (n, g, k)
        The mean curve of each row's region, as rows of other folds have it.
    fold : (n,)
    w : (n,)
        All positive.
    conf_level : float

    Notes
    -----
    With c a row's curve and m the mean curve of its region, both less their means over the fold, the gain is the
    squared correlation (sum c m)^2 / (sum c c sum m m) with the sign of sum c m. The two factors of that product come
    from different rows, so that it is as often below zero as above where the regions are noise. The means of a region
    are too far apart, by its choice, and the correlation does not mind: sum c m / sum c c would be too large, and one
    minus the squared error of m too small. With m times the slope of c on m in its place, the influence of a row is
    (2 c m - m m - gain c c) over the mean of c c.
    """
    share = w / w.sum()
    n = 1 / (share**2).sum()
    split = np.ptp(means, axis=0).any(axis=0)
    own, region = _less_fold_means(curves, fold, w), _less_fold_means(means, fold, w)
    spread, both, between = ((a * b).sum(axis=1) for a, b in ((own, own), (own, region), (region, region)))
    whole = share @ spread
    safe = np.where(whole > 0, whole, 1.0)
    scale = np.abs(share @ both)  # as large as the rows that measure have it
    scale = np.divide(scale, share @ between, out=np.zeros_like(scale), where=share @ between > 0)
    region, both, between = region * scale, both * scale, between * scale**2
    gain: NDArray[np.float64] = np.where(whole > 0, share @ both / safe, 0.0)
    gain = np.round(gain, 12)  # of a share, what is less is rounding
    influence = (2 * both - between - gain * spread) / safe
    around = ((curves - np.tensordot(share, curves, 1)) ** 2).sum(axis=1)
    rest = ((own - region) ** 2).sum(axis=1)
    square = share @ around * bessel(n)
    # folds of one row measure nothing; no region at all has a gain of zero, and no error
    unknown = np.where((whole > 0) | (square <= 0), 0.0, np.inf)
    gain_error = np.where(split, np.round(_error(influence, share, n), 12), unknown)
    told = Estimate.within(gain, gain_error, conf_level=conf_level, df=n - 1)
    told = Estimate(gain, told.std_error, told.lower, np.minimum(told.upper, 1))  # more than all cannot be removed
    return Disagreement(
        rooted(square, around, share, conf_level),
        rooted(square * (1 - told.values), rest, share, conf_level),
        told,
    )


def _less_fold_means(
    curves: NDArray[np.float64], fold: NDArray[np.intp], w: NDArray[np.float64]
) -> NDArray[np.float64]:
    left = curves.copy()
    for part in np.unique(fold):
        here = fold == part
        left[here] -= np.tensordot(w[here] / w[here].sum(), curves[here], 1)
    return left


def bessel(n: float) -> float:
    """Return what a mean square about the sample's own mean is short of, for n effective rows; 1 for a single one."""
    return n / (n - 1) if n > 1 + 1e-9 else 1.0


def _error(influence: NDArray[np.float64], share: NDArray[np.float64], n: float) -> NDArray[np.float64]:
    """(k,) standard error of a mean of influences (n, k)."""
    if n <= 1 + 1e-9:
        return np.full(influence.shape[1], np.inf)
    square: NDArray[np.float64] = share**2 @ (influence - share @ influence) ** 2 * bessel(n)
    return np.sqrt(square)


def rooted(
    square: NDArray[np.float64], of_rows: NDArray[np.float64], share: NDArray[np.float64], conf_level: float
) -> Estimate:
    """Root of a mean square (k,), with the interval of the square, which leans as the rows' own squares (n, k) do."""
    n = 1 / (share**2).sum()
    error = _error(of_rows, share, n)
    third = share**3 @ (of_rows - share @ of_rows) ** 3
    skew = np.divide(third, error**3, out=np.zeros_like(error), where=(error > 0) & np.isfinite(error))
    return Estimate.within(square, error, conf_level=conf_level, df=n - 1, skew=skew).rooted()
