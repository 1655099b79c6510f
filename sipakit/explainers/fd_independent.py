"""The functional decomposition of independent inputs: Sobol indices by products of differences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sipakit.aggregate import Collected, Combined, Moments, Update, spread_of
from sipakit.explainer import Round
from sipakit.explainers.fd_parts import Found, Parts, Points, without_share
from sipakit.explainers.h_found import usual
from sipakit.intervene import Mix, Rows
from sipakit.sample import even_places, independent_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sipakit.aggregate import Spread
    from sipakit.table import Table
    from sipakit.task import Task

__all__ = ["Independent", "draw_independent"]

_REPLICATES = 32  # sequences, each scrambled by itself, whose spread is the error
_MOST, _FEWEST = 32, 4  # contexts of a point at which components are found
_POINTS = 4  # such points for each context


@dataclass(frozen=True)
class Independent:
    """Two tables of rows with independent features, and which of their rows meet.

    A draw is a pair of rows. Most serve indices: each of those rows meets one row of the other table. The last ones
    serve components at points: each of those points meets the same few contexts.

    Parameters
    ----------
    parts : Parts
    first, second : Table
    replicate : (r,) int
        Of each row of both tables that serves indices; those after them serve components.
    contexts : int
        Rows of the second table that serve components.
    """

    parts: Parts
    first: Table
    second: Table
    replicate: NDArray[np.intp]
    contexts: int

    @property
    def _points(self) -> int:
        return len(self.first) - len(self.replicate)

    def start(self, task: Task) -> Combined:
        """Begin with nothing: means of each sequence for indices, and components at points in every context."""
        s, t, k = len(self.parts.sets), sum(map(len, self.parts.other)), task.k
        means = Moments.zero(_REPLICATES, (s + t + 7) * k)
        return Combined({"means": means, "points": Collected.zero(self._points * self.contexts, s + 3, k)})

    def round_(self) -> Round:
        """Ask about every pair of rows."""
        return Round(draws=len(self.replicate) + self._points * self.contexts, rows=len(self.parts.takes))

    def _pairs(self, draws: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """(draws,) numbers of the rows of both tables that meet."""
        r = len(self.replicate)
        point, context = np.divmod(draws - r, self.contexts)
        return np.where(draws < r, draws, r + point), np.where(draws < r, draws, r + context)

    def mix(self, task: Task, draws: NDArray[np.intp]) -> Mix:
        """Row b of the second table, but the features of the pattern come from row a of the first."""
        first, second = self._pairs(draws)
        q = len(self.parts.takes)
        return Mix.of(
            Rows(self.second, np.repeat(second.reshape(-1), q)),
            Rows(self.first, np.repeat(first.reshape(-1), q)),
            self.parts.takes,
            np.tile(np.arange(q), first.size),
        )

    def update(self, task: Task, draws: NDArray[np.intp], answers: NDArray[np.float64]) -> dict[str, Update]:
        """Join answers to components; products of these for indices, and themselves for points."""
        f = answers.reshape(len(draws), 1, -1, task.k) - usual(task)
        last, updates = draws >= len(self.replicate), {}
        if last.any():
            parts = np.concatenate([self.parts.components(f[last]), f[last][:, :, [1, 0]]], axis=2)[:, 0]
            updates["points"] = Update(draws[last] - len(self.replicate), parts, draws=np.flatnonzero(last))
        if not last.all():
            cells = self.replicate[draws[~last]]
            values = self._products(f[~last]).reshape(len(cells), -1)
            updates["means"] = Update(cells, values, draws=np.flatnonzero(~last))
        return updates

    def _products(self, f: NDArray[np.float64]) -> NDArray[np.float64]:
        """(d, 1, s + t + 7, k) of every pair: variances of sets, their totals, and seven numbers for the rest.

        A set's difference, all other features being those of row b, times the one with those of row a: other sets are
        independent in both and have mean zero, so 2^size times the set's variance is left. Where the set has no effect
        both are zero, and not only their mean.
        """
        first, second = f[:, :, :1], f[:, :, 1:2]
        parts, other = self.parts.components(f), self.parts.others(f)
        own, rest = parts[:, :, :-1], parts[:, :, -1:]
        sizes = np.array([len(one) for one in self.parts.sets])[:, None]
        scale, sign = 0.5**sizes, (-1.0) ** sizes
        # what is left when both rows change their roles
        turned = second - first - (sign * other).sum(axis=2, keepdims=True)
        ends = [first * rest, second * turned, rest, turned, first, second, (first - second) ** 2 / 2]
        return np.concatenate([scale * own * other, scale * (own**2 + other**2) / 2, *ends], axis=2)

    def found(self, task: Task, state: Combined) -> Found:
        """Return indices; what moves them is each sequence."""
        means = state.states["means"]
        if not isinstance(means, Moments):
            raise TypeError(state)
        s, seen = len(self.parts.sets), means.weight > 0
        held = means.mean[seen].reshape(int(seen.sum()), -1, task.k)  # (replicates, numbers, k)
        w = means.weight[seen] / means.weight[seen].sum()
        rest = _rest(held[:, 2 * s :], w)
        parts = np.concatenate([held[:, :s], rest[:, None]], axis=1)
        below = parts.sum(axis=1)
        variance = w @ below
        size = np.abs(task.known_background_predictions).max(axis=0)
        none = without_share(variance, w @ held[:, -1], size)
        under = np.where(none, np.nan, variance)
        shares, share_spread = _ratios(parts, below, under, w)
        totals, total_spread = _ratios(held[:, s : 2 * s], below, under, w)
        return Found(shares, shares, totals, share_spread, total_spread, variance, none)

    def points(self, task: Task, state: Combined) -> Points:
        """Return the components at the points that were drawn for them."""
        collected = state.states["points"]
        if not isinstance(collected, Collected):
            raise TypeError(state)
        count = collected.filled.reshape(-1, self.contexts).sum(axis=1)
        sums = collected.values.reshape(self._points, self.contexts, -1, task.k).sum(axis=1)
        kept = count > 0
        means = sums[kept] / count[kept, None, None]
        s, middle = len(self.parts.sets) + 1, usual(task)
        rows = len(self.replicate) + np.flatnonzero(kept)
        return Points(self.first.take(rows), None, means[:, :s], means[:, s] + middle, means[:, s + 1] + middle)

    def told(self, task: Task) -> str:
        """Say what was drawn."""
        pairs = f"{len(self.replicate):,} pairs of rows with independent features"
        return f"products of differences: {pairs}, in {_REPLICATES} scrambled Sobol sequences"

    def covers(self, task: Task) -> str:
        """Say what an interval covers."""
        return "Draw of the rows with independent features; the model and the background are taken as given."

    @property
    def name(self) -> str:
        """Name of the estimator."""
        return "products"

    def chance(self, task: Task) -> float:
        """Share of the variance of the numbers that more draws would take away."""
        return 1.0


def draw_independent(task: Task, parts: Parts, pairs: int, random_state: int) -> Independent:
    """Draw two tables from the background, each feature by itself; columns that are no feature move together."""
    rng = np.random.default_rng(random_state)
    together = [feature.columns for feature in task.features]
    left = np.flatnonzero(~task.membership.any(axis=0)).tolist()
    together += [tuple(left)] if left else []
    g, count = len(together), 2 ** int(np.log2(max(pairs // _REPLICATES, 1)))
    contexts = 2 ** int(np.clip(np.log2(np.sqrt(pairs) / _POINTS), np.log2(_FEWEST), np.log2(_MOST)))
    both = even_places(count, 2 * g, _REPLICATES, rng)
    points, others = even_places(_POINTS * contexts, g, 1, rng), even_places(contexts, g, 1, rng)
    first, second = (
        independent_rows(task.background, together, task.background_weights, np.concatenate(places))
        for places in ((both[:, :g], points), (both[:, g:], others))
    )
    return Independent(parts, first, second, np.repeat(np.arange(_REPLICATES), count), contexts)


def _rest(held: NDArray[np.float64], w: NDArray[np.float64]) -> NDArray[np.float64]:
    """(replicates, k) covariance of the rest with the prediction, by both roles of the rows."""
    first, second, rest, turned, one, other = held[:, :6].transpose(1, 0, 2)
    middle = (w @ one + w @ other) / 2
    return np.asarray((first - middle * rest + second - middle * turned) / 2)


def _ratios(
    parts: NDArray[np.float64], below: NDArray[np.float64], variance: NDArray[np.float64], w: NDArray[np.float64]
) -> tuple[NDArray[np.float64], Spread]:
    """Ratios (c, k) of means over sequences (r, c, k) to the variance, and their spread."""
    ratio = np.einsum("rck,r->ck", parts, w) / variance
    influence = (parts - ratio * below[:, None]) / variance
    return ratio, spread_of(influence.swapaxes(0, 1), w[None])
