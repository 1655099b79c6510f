"""Which rows H statistics draw, and what is asked of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from sipakit.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Hashable

    from numpy.typing import NDArray

    from sipakit.task import Task

__all__ = ["Asked", "Design", "beyond", "contexts_of_each", "drawn_rows", "questions"]


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
    """

    evaluated: NDArray[np.intp]
    contexts: NDArray[np.intp]
    shared: bool
    takes: NDArray[np.bool_]
    corners: tuple[NDArray[np.intp], ...]
    sets: tuple[tuple[Hashable, ...], ...]
    reach: int = 0
    screened: bool = False

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

    def told(self, task: Task) -> str:
        """Say what was drawn."""
        some = f"{len(self.evaluated):,} of {task.n:,} rows were"
        return (
            f"{some} drawn" if self.complete else f"{some} evaluated, each in {self.contexts.shape[1]:,} drawn contexts"
        )


@dataclass(frozen=True)
class Asked:
    """Numbers of the evaluation points, and of the patterns that are asked of them."""

    draws: NDArray[np.intp]
    patterns: NDArray[np.intp]


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
        raise InputError("X has one feature.", "An interaction needs two.")
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
