"""Measures of how alike two explanations of the same rows are, one number a row and output.

All take arrays (rows, features, outputs) and return (rows, outputs), NaN where a row has no such number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["TOP", "mean_over_rows", "median_over_rows", "relative_distance", "same_sign", "spearman", "top_overlap"]

TOP = 3


def spearman(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rank correlation over the features; tied values share their mean rank, and all tied is no number.

    Examples
    --------
    >>> a = np.array([1.0, 2.0, 3.0]).reshape(1, 3, 1)
    >>> spearman(a, a**2).item(), spearman(a, -a).item(), spearman(a, 0 * a).item()
    (1.0, -1.0, nan)
    """
    one, two = (stats.rankdata(values, axis=1) for values in (first, second))
    one, two = (ranks - ranks.mean(axis=1, keepdims=True) for ranks in (one, two))
    size = np.sqrt((one**2).sum(axis=1) * (two**2).sum(axis=1))
    return _ratio((one * two).sum(axis=1), size, np.nan)


def same_sign(
    first: NDArray[np.float64], second: NDArray[np.float64], decided: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Share of the decided features with the same sign; nothing decided is no number.

    Examples
    --------
    >>> a, b = np.array([[[1.0], [2.0], [-3.0]]]), np.array([[[1.0], [-2.0], [3.0]]])
    >>> same_sign(a, b, np.array([[[True], [True], [False]]])).item()
    0.5
    """
    same = (np.sign(first) == np.sign(second)) & decided
    return _ratio(same.sum(axis=1), decided.sum(axis=1), np.nan)


def top_overlap(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of the three largest absolute values in common; no number where there are no more than three.

    Values tied for the last places share them: the overlap is what drawing among them would give on average.

    Examples
    --------
    >>> a = np.array([4.0, 3.0, 2.0, 1.0]).reshape(1, 4, 1)
    >>> top_overlap(a, a).item(), round(top_overlap(a, a[:, ::-1]).item(), 2)
    (1.0, 0.67)
    """
    if first.shape[1] <= TOP:
        return np.full((first.shape[0], first.shape[2]), np.nan)
    return np.asarray((_membership(first) * _membership(second)).sum(axis=1) / TOP)


def relative_distance(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Length of the difference by the mean length of the two: 0 for equal ones, 2 for opposite ones.

    Examples
    --------
    >>> a = np.array([3.0, 4.0]).reshape(1, 2, 1)
    >>> relative_distance(a, a).item(), relative_distance(a, -a).item(), relative_distance(a, 0 * a).item()
    (0.0, 2.0, 2.0)
    """
    apart, one, two = (np.sqrt((values**2).sum(axis=1)) for values in (first - second, first, second))
    return _ratio(2 * apart, one + two, 0.0)


def mean_over_rows(numbers: NDArray[np.float64]) -> tuple[float, float]:
    """Mean and its standard error, infinite for fewer than two rows.

    Examples
    --------
    >>> mean_over_rows(np.array([1.0, 2.0, 3.0]))[0]
    2.0
    """
    error = numbers.std(ddof=1) / np.sqrt(len(numbers)) if len(numbers) > 1 else np.inf
    return float(numbers.mean()), float(error)


def median_over_rows(numbers: NDArray[np.float64]) -> tuple[float, float]:
    """Median and its standard error, from the distribution-free 95 % interval between two order statistics.

    References
    ----------
    McKean and Schrader (1984), Communications in Statistics 13, 751-773

    Examples
    --------
    >>> median, error = median_over_rows(np.random.default_rng(0).normal(size=2000))
    >>> round(error * 2000**0.5)  # 1.25 for normal numbers, but for chance
    1
    """
    n, z = len(numbers), float(stats.norm.ppf(0.975))
    ordered = np.sort(numbers)
    low = max(round((n + 1) / 2 - z * np.sqrt(n / 4)), 1)
    error = (ordered[n - low] - ordered[low - 1]) / (2 * z) if n > 1 else np.inf
    return float(np.median(numbers)), float(error)


def _membership(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(rows, features, outputs) share of a place among the largest absolute values; they sum to `TOP`."""
    size = np.abs(values)
    last = np.sort(size, axis=1)[:, -TOP][:, None]  # the size that the last place goes to
    above, tied = size > last, size == last
    left = TOP - above.sum(axis=1, keepdims=True)
    return np.asarray(above + tied * left / tied.sum(axis=1, keepdims=True))


def _ratio(part: NDArray[Any], whole: NDArray[Any], otherwise: float) -> NDArray[np.float64]:
    return np.asarray(np.divide(part, whole, out=np.full(whole.shape, otherwise), where=whole > 0))
