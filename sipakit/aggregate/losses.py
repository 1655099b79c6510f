"""From losses of pairs (row, what it was given) to the increase of the mean loss, and both parts of its error."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sipakit.aggregate.base import cell_sums
from sipakit.aggregate.moments import effective_count

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["JACKKNIFE_GROUPS", "Deals", "increase", "increase_as_a_whole"]

JACKKNIFE_GROUPS = 20
_JACKKNIFE_REPEATS = 4  # enough to see the rows' part; more cost as much as the model


@dataclass(frozen=True)
class Deals:
    """Who was given what.

    Parameters
    ----------
    weights : (n,)
        Weights of the rows.
    own : (n,) int
        The value that each row has, as a number in the order of the values.
    given : (d, n) int
        The value that row i was given in deal d.
    mass : (d, n)
        Weight of the giver.
    counts : (d, n)
        How much each deal counts beside the weights, so that the mean over them is unbiased.
    every : bool
        Whether each row was given each value, so that no chance is left.
    """

    weights: NDArray[np.float64]
    own: NDArray[np.intp]
    given: NDArray[np.intp]
    mass: NDArray[np.float64]
    counts: NDArray[np.float64]
    every: bool


def increase(deals: Deals, rise: NDArray[np.float64]) -> tuple[float, float, float]:
    """Mean rise of the loss over all pairs, its standard error over rows, and that of the dealing.

    Parameters
    ----------
    deals : Deals
    rise : (d, n)
        Loss of row i with what deal d gave it, less its own loss.

    Notes
    -----
    The mean over all pairs is a V-statistic: a row moves it as a receiver and as a giver,
    h_i = mean_k rise(i, k) + mean_k rise(k, i) - 2 mean.
    """
    w = deals.weights
    pair = w * deals.mass * deals.counts  # a pair weighs as its two rows
    mean = float((pair * rise).sum() / pair.sum())
    received = _ratio((pair * rise).sum(axis=0), pair.sum(axis=0))
    givers, values = deals.given.ravel(), int(max(deals.given.max(), deals.own.max())) + 1
    everybody = np.broadcast_to(w, rise.shape)
    gave = _ratio(cell_sums(givers, (w * rise).ravel(), values), cell_sums(givers, everybody.ravel(), values))
    influence = received + gave[deals.own] - 2 * mean
    n = float(effective_count(w.sum(), (w**2).sum()))
    variance = (w**2 @ influence**2) / w.sum() ** 2 * n / (n - 1) if n > 1 + 1e-9 else np.inf
    dealing = 0.0 if deals.every else _dealing_error(deals, pair * (rise - mean) / pair.mean())
    return mean, float(np.sqrt(variance)), dealing


def _dealing_error(deals: Deals, part: NDArray[np.float64]) -> float:
    """Standard error that balanced shuffles leave: (d, n) parts of the mean, one of each stratum for each row.

    Along the values that a row was given, second differences take away what is a line, and their mean over the rows of
    a stratum is taken away because all of these met all of the givers. What is left is what chance could have changed,
    and a little more.
    """
    d, n = part.shape
    if d == n:
        return 0.0
    part = np.take_along_axis(part, np.argsort(deals.given, axis=0), axis=0)[:, np.argsort(deals.own, kind="stable")]
    apart = np.diff(part, min(2, d - 1), axis=0)
    stratum = np.arange(n) * d // n
    first = np.searchsorted(stratum, np.arange(d))
    apart -= (np.add.reduceat(apart, first, axis=1) / np.bincount(stratum))[:, stratum]
    share = np.ones(len(apart))
    if d > 3:  # the outermost strata, often the widest, are in one difference only; the others in several
        share[1:-1] = 1 / 6
        share[1:2] = share[-2:-1] = 0 if d > 5 else share[1:2]
    return float(np.sqrt(share @ (apart**2).sum(axis=1) / (1 - d / n))) / part.size


def increase_as_a_whole(
    deals: Deals,
    donor: NDArray[np.intp],
    loss: Callable[[NDArray[np.intp], NDArray[np.float64], NDArray[np.float64]], float],
    before: NDArray[np.float64],
    after: NDArray[np.float64],
) -> tuple[float, float, float]:
    """The same for a loss of a whole table: the mean over the deals, each being a table.

    The error over rows is a jackknife that leaves out a twentieth of the rows at a time, as receivers and as givers.

    Parameters
    ----------
    deals : Deals
    donor : (d, n) int
        The giving rows.
    loss : callable(rows, predictions, weights) -> loss, raising ValueError where there is none
    before, after : (n, k), (d, n, k)
        Predictions.
    """
    pair = deals.weights * deals.mass
    plain = bool((pair == 1).all())

    def rise(deal: int, kept: NDArray[np.bool_]) -> float:
        rows = np.flatnonzero(kept & kept[donor[deal]] & (pair[deal] > 0))
        both = np.ones(len(rows)) if plain else pair[deal][rows]
        own = np.ones(len(rows)) if plain else deals.weights[rows]
        return loss(rows, after[deal][rows], both) - loss(rows, before[rows], own)

    d, n = donor.shape
    rises = [rise(deal, np.ones(n, bool)) for deal in range(d)]
    dealing = float(np.std(rises, ddof=1) / np.sqrt(d)) if d > 1 else 0.0
    if n < 2 * JACKKNIFE_GROUPS:
        return float(np.mean(rises)), np.inf, dealing
    group = np.random.default_rng(0).permutation(np.arange(n) % JACKKNIFE_GROUPS)
    few = range(min(d, _JACKKNIFE_REPEATS))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            without = [float(np.mean([rise(deal, group != g) for deal in few])) for g in range(JACKKNIFE_GROUPS)]
    except ValueError:  # a score that a part of the rows does not have
        return float(np.mean(rises)), np.inf, dealing
    return float(np.mean(rises)), float(np.sqrt((JACKKNIFE_GROUPS - 1) * np.var(without))), dealing


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0)
