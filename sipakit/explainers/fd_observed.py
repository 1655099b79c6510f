"""The functional decomposition at rows that occur: shares by covariance, whatever the features' dependence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sipakit.aggregate import Collected, Combined, Incomplete, Moments, Spread, Square, Update, in_both_roles, spread_of
from sipakit.explainer import Round
from sipakit.explainers.fd_parts import Found, Parts, Points, without_share
from sipakit.explainers.h_design import Design
from sipakit.explainers.h_found import usual
from sipakit.intervene import Mix, Rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sipakit.task import Task

__all__ = ["Observed"]


@dataclass(frozen=True)
class Observed:
    """Rows that occur, each in contexts that occur.

    Parameters
    ----------
    parts : Parts
    drawn : Design
        Rows and contexts: all pairs, or a few contexts of each row alone.
    """

    parts: Parts
    drawn: Design

    @property
    def _lines(self) -> int:
        """Components, the rest, and totals."""
        return len(self.parts.sets) + 1 + sum(map(len, self.parts.other))

    def start(self, task: Task) -> Combined:
        """Begin with nothing: means at every row and products in every context, or every component in every context."""
        m, per, c, k = len(self.drawn.evaluated), self.drawn.contexts.shape[-1], self._lines, task.k
        if self.drawn.complete:
            return Combined({"means": Collected.zero(m, c, k), "contexts": Moments.zero(c * per, k)})
        return Combined({"parts": Collected.zero(m, per, c, k)})

    def round_(self) -> Round:
        """Ask about every drawn row."""
        return Round(draws=len(self.drawn.evaluated), rows=self.drawn.contexts.shape[-1] * (len(self.parts.takes) - 2))

    def mix(self, task: Task, draws: NDArray[np.intp]) -> Mix:
        """Context row b, but the features of the pattern come from row i."""
        contexts, asked = self.drawn.contexts_of(draws), self.parts.takes[2:]
        return Mix.of(
            Rows(task.background, np.repeat(contexts.reshape(-1), len(asked))),
            Rows(task.rows, np.repeat(self.drawn.evaluated[draws], contexts.shape[1] * len(asked))),
            asked,
            np.tile(np.arange(len(asked)), contexts.size),
        )

    def update(self, task: Task, draws: NDArray[np.intp], answers: NDArray[np.float64]) -> dict[str, Update]:
        """Join answers to components, and keep these, or their means and their products with the prediction."""
        contexts = self.drawn.contexts_of(draws)
        (d, b), k = contexts.shape, task.k
        f = np.empty((d, b, len(self.parts.takes), k))
        f[:, :, 0] = self._predictions(task)[draws][:, None]
        f[:, :, 1] = task.known_background_predictions[contexts] - usual(task)
        f[:, :, 2:] = answers.reshape(d, b, -1, k) - usual(task)
        parts = np.concatenate([self.parts.components(f), self.parts.others(f)], axis=2)
        if not self.drawn.complete:
            return {"parts": Update(draws, parts)}
        v = task.background_weights[self.drawn.contexts]
        means = np.einsum("dbck,b->dck", parts, v / v.sum())
        products = (parts * self._centred(task)[draws][:, None, None]).swapaxes(1, 2)  # (d, c, b, k)
        cells = np.tile(np.arange(products[0, ..., 0].size), d)
        weights = np.repeat(task.weights[self.drawn.evaluated[draws]], products[0, ..., 0].size)
        return {"means": Update(draws, means), "contexts": Update(cells, products.reshape(-1, k), weights)}

    def _predictions(self, task: Task) -> NDArray[np.float64]:
        """(m, k) predictions of the evaluated rows, less the usual one."""
        return np.asarray(task.known_predictions[self.drawn.evaluated] - usual(task))

    def _centred(self, task: Task) -> NDArray[np.float64]:
        f = self._predictions(task)
        return np.asarray(f - np.average(f, axis=0, weights=task.weights[self.drawn.evaluated]))

    def found(self, task: Task, state: Combined) -> Found:
        """Return shares with what moves them."""
        return self._of_all_pairs(task, state) if self.drawn.complete else self._of_own_contexts(task, state)

    def _of_all_pairs(self, task: Task, state: Combined) -> Found:
        """Find shares of all pairs of rows: row i moves them as evaluation point, row b as context."""
        collected, contexts = state.states["means"], state.states["contexts"]
        if not isinstance(collected, Collected) or not isinstance(contexts, Moments):
            raise TypeError(state)
        w = task.weights[self.drawn.evaluated] * collected.filled
        v = task.background_weights[self.drawn.contexts]
        w, v = w / w.sum(), v / v.sum()
        f = self._predictions(task)
        about = f - w @ f
        g = collected.values.transpose(1, 0, 2)  # (c, m, k)
        g = g - np.einsum("cmk,m->ck", g, w)[:, None]
        value = np.einsum("cmk,mk,m->ck", g, about, w)
        in_context = contexts.mean.reshape(len(g), len(v), -1)
        in_context = in_context - np.einsum("cbk,b->ck", in_context, v)[:, None]
        as_point = g * about - value[:, None]
        shared = self.drawn.shared and bool(collected.filled.all())
        influence, weights = in_both_roles(as_point, in_context, w, v, shared=shared)
        s = len(self.parts.sets) + 1
        variance = value[:s].sum(axis=0)
        none = without_share(variance, np.einsum("mk,m->k", about**2, w), self._size(task))
        below = np.where(none, np.nan, variance)
        share = value / below
        spread = spread_of((influence - share[:, None] * influence[:s].sum(axis=0)) / below, weights)
        structural = np.einsum("cmk,m->ck", g[:s] ** 2, w) / below
        return Found(share[:s], structural, share[s:], _part(spread, 0, s), _part(spread, s, None), variance, none)

    def _of_own_contexts(self, task: Task, state: Combined) -> Found:
        """Find shares of rows in contexts of their own."""
        collected, (drawn, kept) = self._parts(state), self._drawn(task, state)
        about, s = self._predictions(task)[kept], len(self.parts.sets) + 1
        parts = collected.values[kept].transpose(2, 0, 1, 3)  # (c, m, d, k)
        below = drawn.product(parts[:s].sum(axis=0), about)
        own = drawn.product(np.broadcast_to(about[:, None], (len(about), 1, task.k)).repeat(parts.shape[2], 1), about)
        none = without_share(below.value, own.value, self._size(task))
        below = Square(np.where(none, np.nan, below.value), below.by_point, below.by_context)
        shares, spreads = [], []
        for part in parts:
            moved = drawn.product(part, about)
            shares.append(moved.value / below.value)
            spreads.append(drawn.spread(moved.ratio(below, shares[-1])))
        structural = np.stack([drawn.square(part).value for part in parts[:s]]) / below.value
        share, spread = np.stack(shares), Spread.stack(spreads)
        variance = np.where(none, own.value, below.value)
        return Found(share[:s], structural, share[s:], _part(spread, 0, s), _part(spread, s, None), variance, none)

    def _parts(self, state: Combined) -> Collected:
        collected = state.states["parts"]
        if not isinstance(collected, Collected):
            raise TypeError(state)
        return collected

    def _drawn(self, task: Task, state: Combined) -> tuple[Incomplete, NDArray[np.bool_]]:
        """Return the draws that were not lost, and which these are."""
        kept = self._parts(state).filled
        points, contexts = self.drawn.evaluated[kept], self.drawn.contexts[kept]
        weights = task.weights[points] / task.weights[points].sum()
        return Incomplete(points, contexts + (0 if self.drawn.shared else task.n), weights), kept

    def _size(self, task: Task) -> NDArray[np.float64]:
        """(k,) how large predictions are."""
        return np.asarray(np.abs(task.known_predictions).max(axis=0))

    def points(self, task: Task, state: Combined) -> Points:
        """Return the components at the evaluated rows."""
        s = len(self.parts.sets) + 1
        predicted = task.known_background_predictions
        if self.drawn.complete:
            collected = state.states["means"]
            if not isinstance(collected, Collected):
                raise TypeError(state)
            kept, components = collected.filled, collected.values[:, :s]
            v = task.background_weights[self.drawn.contexts]
            base = np.broadcast_to(np.average(predicted[self.drawn.contexts], axis=0, weights=v), (len(kept), task.k))
        else:
            kept, components = self._parts(state).filled, self._parts(state).values[:, :, :s].mean(axis=1)
            base = predicted[self.drawn.contexts].mean(axis=1)
        rows = self.drawn.evaluated[kept]
        at = task.known_predictions[rows]
        return Points(task.rows.take(rows), rows, components[kept], np.ascontiguousarray(base[kept]), at)

    def told(self, task: Task) -> str:
        """Say what was drawn."""
        if not self.drawn.complete:
            return f"incomplete U-statistic: {self.drawn.told(task)}"
        return "all pairs of rows" if self.drawn.whole(task) else "all pairs of the drawn rows"

    def covers(self, task: Task) -> str:
        """Say what an interval covers."""
        return self.drawn.covers(task)

    @property
    def name(self) -> str:
        """Name of the estimator."""
        return "pairs" if self.drawn.complete else "incomplete"

    def chance(self, task: Task) -> float:
        """Share of the variance of the numbers that more draws would take away."""
        return self.drawn.left_out(task) if self.drawn.complete else 1.0


def _part(spread: Spread, start: int, stop: int | None) -> Spread:
    """Return the spread of some of the estimates."""
    return Spread(*(getattr(spread, name)[start:stop] for name in ("variance", "third", "doubt")))
