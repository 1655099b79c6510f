"""Which rows H statistics and the functional decomposition draw, and what is asked of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from sipakit.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Hashable

    from numpy.typing import NDArray

    from sipakit.explainers.h_null import Null
    from sipakit.task import Task

__all__ = ["Design", "beyond", "contexts_of_each", "drawn_design", "drawn_rows", "questions"]

_CONTEXTS = 4  # of each point where there are points enough: of those tried, among the best and the simplest


@dataclass(frozen=True)
class Design:
    """The rows that serve as both evaluation points and contexts, and what is asked of them.

    Parameters
    ----------
    evaluated : (m,) int
        Row numbers in the explained rows.
    contexts : (b,) or (m, d) int
        Row numbers in the background: those in which every row is evaluated, or those of each row alone.
    shared : bool
        Whether both are the same rows, each then counting in two roles.
    takes : (q, p) bool
        Columns of the patterns asked of the model: single features, all but one, and pairs.
    corners : arrays of int, (s, 4) or (s, 8)
        For totals, pairs and sets of three the numbers of (joint, first, second, neither), or of (jkl, jk, jl, j, kl,
        k, l, none), among [patterns..., f(x), f(z)].
    sets : (s,) tuple
        What is measured.
    reach : int
        How many pairs and sets of three are asked.
    screened : bool
        Whether these are not all of them, and totals choose.
    null : Null or None
        How H statistics find what the learner invents, where that is asked.
    """

    evaluated: NDArray[np.intp]
    contexts: NDArray[np.intp]
    shared: bool
    takes: NDArray[np.bool_]
    corners: tuple[NDArray[np.intp], ...]
    sets: tuple[tuple[Hashable, ...], ...]
    reach: int = 0
    screened: bool = False
    null: Null | None = None

    @property
    def complete(self) -> bool:
        """Whether every row is evaluated in the same contexts."""
        return self.contexts.ndim == 1

    @property
    def _each(self) -> int:
        """Model rows that one pattern asks for."""
        return len(self.evaluated) * int(self.contexts.shape[-1])

    def fits(self, budget: int | None) -> bool:
        """Whether a budget suffices for everything."""
        return budget is None or self._each * len(self.takes) <= budget

    def within(self, budget: int | None, features: int) -> Design:
        """Return the design that asks as many sets beyond the totals as a budget pays for."""
        more = len(self.takes) - 2 * features
        if budget is None or self.fits(budget) or not more:
            return replace(self, reach=more)
        return replace(self, reach=max(budget // self._each - 2 * features, 0), screened=True)

    def contexts_of(self, draws: NDArray[np.intp]) -> NDArray[np.intp]:
        """(draws, contexts) rows in which these points are evaluated."""
        return (
            np.broadcast_to(self.contexts, (len(draws), len(self.contexts))) if self.complete else self.contexts[draws]
        )

    def left_out(self, task: Task) -> float:
        """Share of the rows that a complete design leaves out, of the table of which it takes fewer."""
        tables = ((self.evaluated, task.weights), (self.contexts, task.background_weights))
        return max(1 - len(drawn) / int((weights > 0).sum()) for drawn, weights in tables)

    def whole(self, task: Task) -> bool:
        """Whether nothing was drawn: every row with weight is evaluated, in every context with weight."""
        return self.complete and not self.left_out(task)

    def covers(self, task: Task) -> str:
        """Say what an interval covers."""
        given = "the model is taken as given."
        if not self.whole(task):
            return f"Choice of the drawn rows, as evaluation points and as contexts; {given}"
        if self.shared:
            return f"Choice of the rows, all of them evaluation points and contexts; {given}"
        return f"Choice of the rows, all of them evaluation points, and of the background, all of it contexts; {given}"

    def told(self, task: Task) -> str:
        """Say what was drawn."""
        some = f"{len(self.evaluated):,} of {task.n:,} rows were"
        if not self.complete:
            return f"{some} evaluated, each in {self.contexts.shape[1]:,} drawn contexts"
        if self.shared:
            return f"{some} drawn"
        return f"{some} evaluated, each in {len(self.contexts):,} of {len(task.background):,} background rows"


def drawn_design(
    task: Task,
    takes: NDArray[np.bool_],
    corners: tuple[NDArray[np.intp], ...],
    sets: tuple[tuple[Hashable, ...], ...],
    n_draws: int | None,
    estimator: str,
    random_state: int,
) -> Design:
    """Draw the rows: all pairs of some, or more of them in a few contexts of their own each.

    Parameters
    ----------
    task : Task
    takes, corners, sets : see `Design`
    n_draws : int or None
        Its square is what each pattern may cost, in model rows; None for all pairs of all rows.
    estimator : "auto", "pairs" or "incomplete"
        "auto" takes all pairs of all rows where these are no more and the budget has them, and else "incomplete".
    random_state : int
    """
    shared = task.background is task.rows
    rng = np.random.default_rng(random_state)
    sizes = int((task.weights > 0).sum()), int((task.background_weights > 0).sum())
    pairs = sizes[0] * sizes[1] if n_draws is None else n_draws**2
    design = None
    if estimator == "pairs" or (estimator == "auto" and pairs >= sizes[0] * sizes[1]):
        evaluated = drawn_rows(n_draws, task.weights, rng)
        contexts = evaluated if shared else drawn_rows(n_draws, task.background_weights, rng)
        design = Design(evaluated, contexts, shared, takes, corners, sets)
        if estimator == "pairs" or n_draws is None or design.fits(task.budget):
            return design
    if n_draws is None:
        pairs = _CONTEXTS * sizes[0]
    evaluated = drawn_rows(max(pairs // _CONTEXTS, 2), task.weights, rng)
    each = max(pairs // len(evaluated), 2) if design is None else sizes[1]
    own = contexts_of_each(len(evaluated), each, task.background_weights, rng)
    return Design(evaluated, own, shared, takes, corners, sets)


def drawn_rows(limit: int | None, weights: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.intp]:
    """Return up to ``limit`` rows that have a weight, drawn without replacement; all for None."""
    use = np.flatnonzero(weights > 0)
    if limit is None or len(use) <= limit:
        return use
    return np.sort(rng.choice(use, limit, replace=False))


def contexts_of_each(m: int, each: int, weights: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.intp]:
    """(m, each) rows drawn in proportion to their weights; each column takes every row as evenly as can be."""
    ends = np.cumsum(weights) / weights.sum()
    last = int(np.flatnonzero(weights > 0)[-1])
    places = np.stack([(rng.permutation(m) + rng.random(m)) / m for _ in range(each)], axis=1)
    return np.minimum(np.searchsorted(ends, places, side="right"), last).astype(np.intp)


def questions(
    task: Task, order: int
) -> tuple[NDArray[np.bool_], tuple[NDArray[np.intp], ...], tuple[tuple[Hashable, ...], ...]]:
    """Patterns, the corners of each statistic among them, and what it measures."""
    u = len(task.features)
    if u < 2 and task.rows.n_columns < 2:
        raise InputError("X has one feature.", "An interaction needs two.", "Pass the other columns of the model, too.")
    columns = task.membership
    combos = [c for size in range(2, order + 1) for c in combinations(range(u), size)]
    takes = np.vstack([columns, ~columns, *(columns[list(c)].any(axis=0) for c in combos)])
    full, empty = len(takes), len(takes) + 1
    at: dict[tuple[int, ...], int] = {**{(j,): j for j in range(u)}, **{c: 2 * u + i for i, c in enumerate(combos)}}
    # f - PD_rest - PD_j and PD_jk - PD_j - PD_k, with f(z) added: it changes no centred value, and takes noise away
    totals = [(full, u + j, j, empty) for j in range(u)]
    pairs = [(at[j, k], j, k, empty) for j, k in combinations(range(u), 2) if order > 1]
    triples = [
        (at[j, k, m], at[j, k], at[j, m], j, at[k, m], k, m, empty)
        for j, k, m in combinations(range(u), 3)
        if order > 2
    ]
    names = task.names
    measured = [(name, None) for name in names] + [tuple(names[j] for j in c) for c in combos]
    return takes, tuple(np.array(one, np.intp) for one in (totals, pairs, triples) if one), tuple(measured)


def beyond(f: NDArray[np.float64]) -> NDArray[np.float64]:
    """(d, b, ..., k) what a joint effect has beyond its parts, from the answers (d, b, corners, ..., k)."""
    while f.shape[2] > 1:  # differences in this order are exactly zero for a feature that the model does not use
        f = f[:, :, 0::2] - f[:, :, 1::2]
    return np.asarray(f[:, :, 0])
