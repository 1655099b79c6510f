"""H statistics of all pairs of rows from the structure of a model, without asking it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from sipakit.aggregate import in_both_roles, spread_of
from sipakit.exact import Additive, Batches, Joint, Together, deal
from sipakit.explainers.h_found import Found, without_variance

if TYPE_CHECKING:
    from collections.abc import Hashable

    from numpy.typing import NDArray

    from sipakit.task import Task

__all__ = ["of_structure"]

_Square: TypeAlias = "tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]"


def of_structure(task: Task, order: int) -> Found:
    """Find the statistics of all rows in all contexts, with the influence of each batch of them.

    A model that adds up over leaves has one table a pair: what setting both columns to two codes adds to setting each.
    Mean squares over rows then are sums over that table, weighed by how many rows have each two codes. In a sum of one
    term a column nothing is added beyond each, whatever the rows.
    """
    joint: Joint | Together = task.joint
    columns = [feature.columns[0] for feature in task.features]
    roles = _Roles(task, joint.batches if task.background is task.rows else deal(task.weights), joint.batches)
    find = _of_terms if task.curves.adds else _of_leaves
    found = find(roles, columns, order)
    sets: list[tuple[Hashable, ...]] = [(name, None) for name in task.names]
    sets += combinations(task.names, 2) if order > 1 else []
    (square, *by_square), (below, *by_below) = (
        map(np.stack, zip(*each, strict=True)) for each in zip(*found, strict=True)
    )
    (moved, weights), (moved_below, _) = (roles.influence(*by) for by in (by_square, by_below))
    none = without_variance(below)
    ratio = np.where(none, np.nan, square / np.where(none, 1.0, below))
    of_ratio = (moved - ratio[:, None] * moved_below) / np.where(none, np.nan, below)[:, None]
    spreads = spread_of(moved, weights), spread_of(of_ratio, weights)
    return Found(tuple(sets), square, below, ratio, none, *spreads)


def _of_leaves(roles: _Roles, columns: list[int], order: int) -> list[tuple[_Square, _Square]]:
    """Measure totals, and pairs in their order."""
    joint: Joint = roles.task.joint
    found = [_total(roles, j) for j in columns]
    if order > 1:
        number = {column: u for u, column in enumerate(columns)}
        together = {(number[j], number[k]): _pair(roles, j, k, table) for (j, k), table in joint.pairs()}
        pairs = combinations(range(len(columns)), 2)
        found += [together[(u, v) if (u, v) in together else (v, u)] for u, v in pairs]
    return found


def _of_terms(roles: _Roles, columns: list[int], order: int) -> list[tuple[_Square, _Square]]:
    """Measure what all features do, and each pair, beyond which there is nothing."""
    curves: Additive = roles.task.curves
    answers = roles.centred(roles.task.known_predictions[roles.rows])
    alone = [roles.centred(curves.contributions(roles.task.rows, j)[roles.rows]) for j in columns]
    whole = [answers] * len(columns)
    whole += [one + other for one, other in combinations(alone, 2)] if order > 1 else []
    by_context = np.zeros((len(roles.contexts.share), answers.shape[1]))  # contexts only move the level
    nothing = roles.mean_square(np.zeros_like(answers), by_context)
    return [(nothing, roles.mean_square(part, by_context)) for part in whole]


@dataclass(frozen=True, eq=False)
class _Roles:
    """Rows in their two roles: evaluated, and as contexts; the same rows have both, and one influence.

    Parameters
    ----------
    task : Task
    points, contexts : Batches
        Of the evaluated rows, and of the contexts; the same object if these are the same rows.
    """

    task: Task
    points: Batches
    contexts: Batches

    @cached_property
    def rows(self) -> NDArray[np.intp]:
        """(n,) numbers of the evaluated rows, those that weigh something."""
        return np.flatnonzero(self.points.of_row >= 0)

    @cached_property
    def weights(self) -> NDArray[np.float64]:
        """(n,) their weights, adding to 1."""
        return self.points.weights[self.rows]

    def centred(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values (n, k) less their mean."""
        return np.asarray(values - self.weights @ values)

    def influence(
        self, as_point: NDArray[np.float64], as_context: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], ...]:
        """Return what each batch moves, in its roles, and the batches' weights."""
        shared = self.points is self.contexts
        return in_both_roles(as_point, as_context, self.points.share, self.contexts.share, shared=shared)

    def mean_square(self, component: NDArray[np.float64], as_context: NDArray[np.float64]) -> _Square:
        """(k,) mean square of a component of each row (n, k), and what batches move it by, as rows and as contexts.

        Parameters
        ----------
        component : (n, k), its mean over the rows taken off
        as_context : (h, k)
            Mean product of the component and what it is in each batch of contexts alone.
        """
        value = np.asarray(self.weights @ component**2)
        squares = np.zeros((len(self.points.of_row), component.shape[1]))
        squares[self.rows] = component**2
        return value, self.points.means(squares) - value, 2 * (as_context - self.contexts.share @ as_context)

    def over_cells(self, cells: NDArray[np.intp], values: NDArray[np.float64], count: int) -> NDArray[np.float64]:
        """(count, k) sums of the values (n, k) of the rows that are in each cell, by their weights."""
        return np.stack([np.bincount(cells, self.weights * one, count) for one in values.T], axis=1)

    def codes(self, column: int) -> NDArray[np.int64]:
        """(n,) codes of the evaluated rows."""
        joint: Joint = self.task.joint
        return joint.codes(self.task.rows, column)[self.rows].astype(np.int64)


def _pair(roles: _Roles, j: int, k: int, both: NDArray[np.float64]) -> tuple[_Square, _Square]:
    """Mean squares of what both features add beyond each, and of all that they do.

    ``both`` is (h, codes of j, codes of k, outputs), in each batch of contexts.
    """
    joint, share = roles.task.joint, roles.contexts.share
    of_j, of_k = joint.single(j)[:, :, None], joint.single(k)[:, None]
    wide = both.shape[2]
    cells = roles.codes(j) * wide + roles.codes(k)
    here, cells = np.unique(cells, return_inverse=True)  # most cells of a table have no row

    def measured(table: NDArray[np.float64]) -> _Square:
        flat = table.reshape(len(table), -1, table.shape[-1])[:, here]
        component = roles.centred(np.tensordot(share, flat, 1)[cells])
        products = roles.over_cells(cells, component, len(here))
        return roles.mean_square(component, np.einsum("hck,ck->hk", flat, products))

    return measured(both), measured(both + of_j + of_k)


def _total(roles: _Roles, j: int) -> tuple[_Square, _Square]:
    """Mean squares of what a feature and all others do together beyond each, and of the answers themselves.

    In context b row i has f(x_i) - f(x_i, but j from b) - f(b, but j from x_i) + f(b). What depends on b alone adds
    nothing to a product with a component whose mean is zero, and what depends on i alone moves nothing.
    """
    task, joint, curves = roles.task, roles.task.joint, roles.task.curves
    size = joint.trees.codings[j].size
    start = 1 + int(curves.trees.first[j])
    codes, contexts = roles.codes(j), joint.codes(joint.table, j)
    curve = curves.values[roles.rows, start : start + size]  # (n, codes, k)
    of_batch = roles.contexts.shares_of(contexts, size)
    usual = roles.contexts.share @ of_batch  # of the codes, over all contexts
    alone = joint.single(j)  # (h, codes, k)
    component = task.known_predictions[roles.rows] - np.tensordot(curve, usual, (1, 0))
    component = roles.centred(component - np.tensordot(roles.contexts.share, alone, 1)[codes])
    moved = np.einsum("nck,nk,n->ck", curve, component, roles.weights, optimize=True)
    as_context = -(of_batch @ moved) - np.einsum("hck,ck->hk", alone, roles.over_cells(codes, component, size))
    answers = roles.centred(task.known_predictions[roles.rows])
    nothing = np.zeros((len(roles.contexts.share), task.k))
    return roles.mean_square(component, as_context), roles.mean_square(answers, nothing)
