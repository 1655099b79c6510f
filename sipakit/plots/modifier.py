"""Which other feature tells most of why rows with the same value of a feature have different attributions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import fdtrc

from sipakit.plots.cells import axis_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sipakit.explanation import Attributions

__all__ = ["modifier_of"]

_ROUNDING = 1e-18
_BINS = 10
_CHANCE = 0.05  # that the best of all features would tell as much where none tells anything
_LEVELS = 10  # different values up to which a feature is taken as levels


def modifier_of(explanation: Attributions, feature: int, outputs: list[int]) -> tuple[int | None, float]:
    """Return the feature that tells most of the spread of another one's attributions at like values.

    Rows are put in up to ten groups by the feature's own value, and a line in each takes off what the value itself
    tells. What is left is laid on a line by each other feature's rank, or on a mean by its levels, in each group. Of
    what that explains, as much is taken off as chance would explain; what the best of so many features would explain by
    chance alone counts nothing (an F test, by Bonferroni at 5 %).

    Parameters
    ----------
    explanation : Attributions
    feature : int
    outputs : list of int

    Returns
    -------
    int or None
        None where no feature tells more than chance.
    float
        Its share of the spread that is left, from 0 to 1.
    """
    own = _ranked(explanation, feature)
    group = _groups(own)
    values = explanation.values[:, feature][:, outputs]
    left = _off_a_line(group, own, values)
    if (left**2).sum() <= _ROUNDING * ((values - values.mean(axis=0)) ** 2).sum():
        return None, 0.0
    tried = len(explanation.features) - 1
    best, most = None, 0.0
    for other in range(len(explanation.features)):
        share = 0.0 if other == feature else _told(group, _ranked(explanation, other), left, tried)
        if share > most + 1e-9:  # of equal ones the first
            best, most = other, share
    return best, most


def _ranked(explanation: Attributions, feature: int) -> NDArray[np.float64]:
    """(n,) ranks of a feature's values from 0 to 1, NaN for missing cells; levels by their names."""
    _, positions = axis_of(explanation.features[feature], explanation.row_values[:, feature])
    known = np.isfinite(positions)
    ranks = np.full(len(positions), np.nan)
    if known.any():
        levels, place = np.unique(positions[known], return_inverse=True)
        ranks[known] = place / max(len(levels) - 1, 1)
    return ranks


def _groups(ranks: NDArray[np.float64]) -> NDArray[np.intp]:
    """(n,) number of the group of rows with like values; missing cells are one of their own."""
    known = np.isfinite(ranks)
    group = np.full(len(ranks), _BINS, np.intp)
    levels = np.unique(ranks[known])
    if len(levels) > _LEVELS:
        levels = np.quantile(ranks[known], np.arange(1, _BINS) / _BINS)
    group[known] = np.searchsorted(levels, ranks[known], side="right")
    return np.unique(group, return_inverse=True)[1].reshape(-1).astype(np.intp)


def _off_a_line(
    group: NDArray[np.intp], ranks: NDArray[np.float64], values: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(n, k) values less a line by rank in each group."""
    x, y = _centred(group, np.nan_to_num(ranks)[:, None]), _centred(group, values)
    square = np.bincount(group, x[:, 0] ** 2)
    slope = [np.bincount(group, x[:, 0] * column) / np.where(square > 1e-12, square, np.inf) for column in y.T]
    return np.asarray(y - x * np.array(slope).T[group])


def _told(group: NDArray[np.intp], ranks: NDArray[np.float64], left: NDArray[np.float64], tried: int) -> float:
    """Share of what is left that a feature tells, less what chance would tell."""
    total = float((left**2).sum())
    levels = np.unique(ranks[np.isfinite(ranks)])
    if len(levels) <= _LEVELS or not np.isfinite(ranks).all():
        cut = np.searchsorted(levels, ranks) if len(levels) <= _LEVELS else _groups(ranks)
        cell = np.unique(group * (len(levels) + _BINS + 2) + cut, return_inverse=True)[1].reshape(-1)
        counts = np.bincount(cell)
        told = sum(float((np.bincount(cell, column) ** 2 / counts).sum()) for column in left.T)
        spent = len(counts) - len(np.unique(group))
    else:
        x = _centred(group, ranks[:, None])[:, 0]
        square = np.bincount(group, x**2)
        told = sum(
            float((np.bincount(group, x * column) ** 2 / np.where(square > 1e-12, square, np.inf)).sum())
            for column in left.T
        )
        spent = int((square > 1e-12).sum())
    free = len(group) - 2 * len(np.unique(group)) - spent
    if free <= 0 or spent == 0:  # too few rows to tell a feature from chance
        return 0.0
    noise = max(total - told, 0.0) / free
    if noise > 0 and tried * fdtrc(spent, free, told / spent / noise) > _CHANCE:
        return 0.0
    return float(np.clip((told - spent * noise) / total, 0, 1))


def _centred(group: NDArray[np.intp], values: NDArray[np.float64]) -> NDArray[np.float64]:
    counts = np.bincount(group)
    means = np.array([np.bincount(group, column) / counts for column in values.T]).T
    return np.asarray(values - means[group])
