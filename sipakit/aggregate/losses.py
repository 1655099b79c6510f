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
    given : (d, n) or (d, 1) int
        The value that row i was given in deal d; one for all of them where a deal gives everybody the same.
    mass : (d, n) or (d, 1)
        Weight of the giver.
    counts : (d, n) or (1, 1)
        How much each deal counts beside the weights, so that the mean over them is unbiased.
    shuffles : (s,) int
        How many shuffles were drawn in each stratum; 0 where each row was given each value, so that no chance is left.
    stratum : (n,) int
        Where each row is given something from.
    """

    weights: NDArray[np.float64]
    own: NDArray[np.intp]
    given: NDArray[np.intp]
    mass: NDArray[np.float64]
    counts: NDArray[np.float64]
    shuffles: NDArray[np.intp]
    stratum: NDArray[np.intp]

    @classmethod
    def among_all(
        cls,
        weights: NDArray[np.float64],
        own: NDArray[np.intp],
        given: NDArray[np.intp],
        mass: NDArray[np.float64],
        counts: NDArray[np.float64],
        *,
        every: bool,
    ) -> Deals:
        """Return deals among all rows, each value to each row or shuffled."""
        shuffles = np.array([0 if every else len(given)], np.intp)
        return cls(weights, own, given, mass, counts, shuffles, np.zeros(len(own), np.intp))

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
    h_i = mean_k rise(i, k) + mean_k rise(k, i) - 2 mean. Within strata one of the two means is that of its stratum, and
    the strata are taken as given.
    """
    w, each = deals.weights, deals.mass * deals.counts
    # one weight a deal, as of deals that give everybody the same, takes a product of matrices
    total = each[:, 0] @ rise if each.shape[1] == 1 else (each * rise).sum(axis=0)
    of_row = w * total, w * each.sum(axis=0)
    whole = float(of_row[1].sum())
    mean = float(of_row[0].sum()) / whole
    means = _ratio(*(cell_sums(deals.stratum, part, len(deals.shuffles)) for part in of_row))
    own_mean = means[deals.stratum] if len(means) > 1 else mean
    influence = _ratio(*of_row) + _given(deals, rise)[deals.own] - own_mean - mean
    n = float(effective_count(w.sum(), (w**2).sum()))
    dealing = 0.0
    if deals.shuffles.any():
        dealing = _dealing_error(deals, deals.pairs * (rise - own_mean) * (rise.size / whole))
    if n <= 1 + 1e-9:
        return mean, np.inf, dealing, 0.0
    spread = float(np.sqrt(w**2 @ influence**2))
    skew = float(w**3 @ influence**3) / spread**3 if spread > 0 else 0.0
    return mean, spread / float(w.sum()) * float(np.sqrt(n / (n - 1))), dealing, skew


def _given(deals: Deals, rise: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean rise of all rows that were given each value."""
    shown = deals.counts > 0
    if deals.given.shape[1] == 1 and shown.all():  # a deal gives everybody the same
        givers, total = deals.given[:, 0], rise @ deals.weights
        everybody = np.full(len(rise), deals.weights.sum())
    elif deals.given.shape[1] == 1:
        givers, total = deals.given[:, 0], (rise * shown) @ deals.weights
        everybody = np.where(np.broadcast_to(shown, rise.shape), deals.weights, 0.0).sum(axis=1)
    else:
        givers, everybody = deals.given.ravel(), np.broadcast_to(deals.weights * shown, rise.shape).ravel()
        total = everybody * rise.ravel()
    values = int(max(deals.given.max(), deals.own.max())) + 1
    return _ratio(cell_sums(givers, total, values), cell_sums(givers, everybody, values))


def _dealing_error(deals: Deals, part: NDArray[np.float64]) -> float:
    """Standard error that balanced shuffles leave: (d, n) parts of the mean, of shuffles drawn in each stratum."""
    total = 0.0
    for number in np.flatnonzero(deals.shuffles):
        d, here = deals.shuffles[number], slice(None) if len(deals.shuffles) == 1 else deals.stratum == number
        total += _shuffled_variance(part[:d, here], deals.given[:d, here], deals.own[here])
    return float(np.sqrt(total)) / part.size


def _shuffled_variance(part: NDArray[np.float64], given: NDArray[np.intp], own: NDArray[np.intp]) -> float:
    """Variance of the sum of (d, n) parts, one of each of d pieces of the sorted column for each row.

    Along the values that a row was given, second differences take away what is a line, and their mean over the rows of
    a piece is taken away because all of these met all of the givers. What is left is what chance could have changed,
    and a little more.
    """
    d, n = part.shape
    if d == n:
        return 0.0
    part = np.take_along_axis(part, np.argsort(given, axis=0), axis=0)[:, np.argsort(own, kind="stable")]
    apart = np.diff(part, min(2, d - 1), axis=0)
    piece = np.arange(n) * d // n
    first = np.searchsorted(piece, np.arange(d))
    apart -= (np.add.reduceat(apart, first, axis=1) / np.bincount(piece))[:, piece]
    share = np.ones(len(apart))
    if d > 3:  # the outermost pieces, often the widest, are in one difference only; the others in several
        share[1:-1] = 1 / 6
        share[1:2] = share[-2:-1] = 0 if d > 5 else share[1:2]
    return float(share @ (apart**2).sum(axis=1) / (1 - d / n))


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
