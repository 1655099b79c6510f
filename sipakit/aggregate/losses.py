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
_JACKKNIFE_TABLES = 4  # enough to see the rows' part; more cost as much as the model


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

    @property
    def pairs(self) -> NDArray[np.float64]:
        """(d, n) weights of the pairs: a pair weighs as its two rows."""
        return np.asarray(self.weights * self.mass * self.counts)


def increase(deals: Deals, rise: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """Mean rise of the loss over all pairs, its standard error over rows, that of the dealing, and its skewness.

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
    w, pair = deals.weights, deals.pairs
    mean = float((pair * rise).sum() / pair.sum())
    received = _ratio((pair * rise).sum(axis=0), pair.sum(axis=0))
    gave = _given(deals, rise)
    influence = received + gave[deals.own] - 2 * mean
    n = float(effective_count(w.sum(), (w**2).sum()))
    dealing = 0.0 if deals.every else _dealing_error(deals, pair * (rise - mean) / pair.mean())
    if n <= 1 + 1e-9:
        return mean, np.inf, dealing, 0.0
    spread = float(np.sqrt(w**2 @ influence**2))
    skew = float(w**3 @ influence**3) / spread**3 if spread > 0 else 0.0
    return mean, spread / float(w.sum()) * float(np.sqrt(n / (n - 1))), dealing, skew


def _given(deals: Deals, rise: NDArray[np.float64]) -> NDArray[np.float64]:
    """(values,) mean rise of the loss of those that were given a value."""
    values = int(max(deals.given.max(), deals.own.max())) + 1
    everybody = deals.weights * (deals.counts > 0)
    if deals.every:  # a line gives one value to all
        gave = np.zeros(values)
        gave[deals.given[:, 0]] = _ratio((everybody * rise).sum(axis=1), everybody.sum(axis=1))
        return gave
    givers = deals.given.ravel()
    return _ratio(cell_sums(givers, (everybody * rise).ravel(), values), cell_sums(givers, everybody.ravel(), values))


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
) -> tuple[float, float, float, float]:
    """The same for a loss of a whole table: the mean over the deals, each being a table. Its skewness is not known.

    The error over rows is a jackknife that leaves out a twentieth of the rows at a time: as receivers, and as givers,
    in whose place comes what another deal gave.

    Parameters
    ----------
    deals : Deals
    donor : (d, n) int
        The giving rows.
    loss : callable(rows, predictions, weights) -> loss, raising ValueError where there is none
    before, after : (n, k), (d, n, k)
        Predictions.
    """
    d, n = donor.shape
    tables = _Tables(deals, donor, loss, before, after)
    rises = tables.rises(np.ones(n, bool), d)
    value, dealing = float(np.mean(rises)), float(np.std(rises, ddof=1) / np.sqrt(d)) if d > 1 else 0.0
    if n < 2 * JACKKNIFE_GROUPS:
        return value, np.inf, dealing, 0.0
    group = np.random.default_rng(0).permutation(np.arange(n) % JACKKNIFE_GROUPS)
    few = min(d, _JACKKNIFE_TABLES)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            without = [float(np.mean(tables.rises(group != g, few))) for g in range(JACKKNIFE_GROUPS)]
    except ValueError:  # a score that a part of the rows does not have
        return value, np.inf, dealing, 0.0
    return value, float(np.sqrt((JACKKNIFE_GROUPS - 1) * np.var(without))), dealing, 0.0


@dataclass(frozen=True)
class _Tables:
    """Shuffled tables, one a deal, and the loss of parts of them; for the parameters see `increase_as_a_whole`."""

    deals: Deals
    donor: NDArray[np.intp]
    loss: Callable[[NDArray[np.intp], NDArray[np.float64], NDArray[np.float64]], float]
    before: NDArray[np.float64]
    after: NDArray[np.float64]

    def rises(self, kept: NDArray[np.bool_], count: int) -> list[float]:
        """Rise of the loss in the first ``count`` tables, of the rows ``kept`` and with givers among them."""
        w, mass = self.deals.weights, self.deals.mass
        plain = bool((w == 1).all() and (mass == 1).all())
        kept = kept & (w > 0)
        rows, places = np.flatnonzero(kept), np.arange(int(kept.sum()))
        giving = kept[self.donor[:, rows]] & (self.deals.counts[:, rows] > 0)
        untouched = self.loss(rows, self.before[rows], w[rows])
        rises = []
        for table in range(count):
            turn = (table + np.arange(len(giving))) % len(giving)
            deal = turn[np.argmax(giving[turn], axis=0)]  # the first one from this table on whose giver is kept
            use = giving[deal, places]
            some, given = rows[use], deal[use]
            weights = np.ones(len(some)) if plain else w[some] * mass[given, some]
            own = untouched if use.all() else self.loss(some, self.before[some], w[some])
            rises.append(self.loss(some, self.after[given, some], weights) - own)
        return rises


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0)
