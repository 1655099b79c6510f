"""Rows that follow from known cells by a Gaussian copula: what the other columns would be, seen from a row's scores."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sipakit import columns as col
from sipakit.intervene import Mix, Rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from sipakit.table import Table

__all__ = ["Copula", "Margin"]

_AT_ONCE = 2**16  # numbers held at a time, which fit into a cache
_KEPT = 2**21  # numbers of the pulls of all patterns


@dataclass(frozen=True, eq=False)
class Margin:
    """One column of the background on the scale of normal scores.

    Parameters
    ----------
    numbers : (v,) float
        Different values, ascending.
    middle : (v,) float
        Mean score of the rows that hold a value, which is what is known of a row with that value.
    knots, steps : (r,) float
        Scores of all rows, ascending, and their numbers: the quantile function, to be interpolated.
    ends : (v - 1,) float
        Scores at which one value ends and the next begins.
    holders : (v,) int
        A background row for each value.
    between : bool
        Whether numbers between those that occur may be shown to a model.
    """

    numbers: NDArray[np.float64]
    middle: NDArray[np.float64]
    knots: NDArray[np.float64]
    steps: NDArray[np.float64]
    ends: NDArray[np.float64]
    holders: NDArray[np.intp]
    between: bool

    def seen(self, column: col.Column) -> NDArray[np.float64]:
        """(n,) mean scores of any cells: interpolated between values, those of the ends beyond them."""
        return np.interp(col.numbers(column), self.numbers, self.middle)

    def moved(
        self, column: col.Column, rows: NDArray[np.intp], here: NDArray[np.intp], scores: NDArray[np.float64]
    ) -> col.Column:
        """Cells of the background's ``rows`` (m,), those at the places ``here`` (h,) moved to their new scores (h,)."""
        if not self.between:
            holders = rows.copy()
            holders[here] = self.holders[np.searchsorted(self.ends, scores)]
            return column.take(holders)
        cells = column.take(rows)
        dtype = getattr(column.dtype, "numpy_dtype", column.dtype)
        cells[here] = np.interp(scores, self.knots, self.steps).astype(dtype)
        return cells


@dataclass(frozen=True, eq=False)
class Copula:
    """A Gaussian copula of a background, and the place of each row in it.

    A row z goes over into a row in which the columns S have the cells of x by Matheron's rule: with w the normal scores
    of z, m the mean scores of cells and R the coefficients of the regression of w on m_S, w + R (m_x - m_z) on S. Where
    scores are jointly normal this is a draw given x on S; where columns are independent, z stays as it is.

    Parameters
    ----------
    background : Table, b rows
    scores : (b, p) float
        Normal scores by rank; rows with equal cells share theirs out by chance and by their other cells.
    middle : (b, p) float
        Mean scores of each row's cells, in units of ``spread``.
    spread : (p,) float
        Standard deviation of the mean scores: 1 without ties, 0 of a constant column.
    correlation : (p, p) float
        That of the mean scores, shrunk.
    reaction : (p, p) float
        Covariance of the standard mean scores, line by line, with the scores of all columns; shrunk, too.
    shrunk : float
        How far towards no correlation, from 0 to 1.
    told : (p,) float
        Share of each column's variance, in scores, that the others tell by the correlations.
    margins : tuple of p Margin
    """

    background: Table
    scores: NDArray[np.float64]
    middle: NDArray[np.float64]
    spread: NDArray[np.float64]
    correlation: NDArray[np.float64]
    reaction: NDArray[np.float64]
    shrunk: float
    told: NDArray[np.float64]
    margins: tuple[Margin, ...]
    _last: dict[bytes, NDArray[np.float64]] = field(default_factory=dict)

    def conditioned(self, mix: Mix) -> Mix:
        """Return the same virtual rows with base rows that follow from what is taken from the donor.

        Parameters
        ----------
        mix : Mix, m rows
            Its base rows are those of the background.

        Returns
        -------
        Mix
            Its base is a new table of m rows.
        """
        if not len(mix):
            return mix  # one player alone asks nothing
        told, gap = self._gap(mix)
        if len(told.take) < len(told):
            moves = self._by_pattern(told, gap)
        elif 2 * (starts := _chains(told)).sum() < len(told):
            moves = self._along_chains(told, gap, starts)
        else:
            moves = self._one_by_one(told, gap)
        moves += self.scores[mix.base.index]
        taken, columns = np.asarray(mix.take, bool), []
        for j, (margin, column) in enumerate(zip(self.margins, self.background.columns, strict=True)):
            free = np.flatnonzero(~taken[:, j].take(mix.which))
            columns.append(margin.moved(column, mix.base.index, free, moves[free, j]))
        return replace(mix, base=Rows(self.background.with_columns(columns), np.arange(len(mix))))

    def _gap(self, mix: Mix) -> tuple[Mix, NDArray[np.float64]]:
        """How far (m, p) donors are from base rows in standard mean scores; and the mix of the cells that tell it.

        A missing cell has no place among cells of which none is missing, and tells nothing.
        """
        used, place = np.unique(mix.donor.index, return_inverse=True)
        donors = mix.donor.table.take(used)
        seen = np.column_stack([one.seen(cells) for one, cells in zip(self.margins, donors.columns, strict=True)])
        seen /= np.where(self.spread > 0, self.spread, 1.0)
        absent = np.isnan(seen)
        if absent.any():
            seen[absent] = 0.0
            mix = replace(mix, take=mix.take[mix.which] & ~absent[place], which=np.arange(len(mix)))
        return mix, seen[place] - self.middle[mix.base.index]

    # ---- moves (m, p) of scores that follow from the gap (m, p) between donor and base row

    def _by_pattern(self, mix: Mix, gap: NDArray[np.float64]) -> NDArray[np.float64]:
        """Regress on each pattern once, for all rows that follow it."""
        moves = np.empty_like(gap)
        order = np.argsort(mix.which, kind="stable")
        counts = np.bincount(mix.which, minlength=len(mix.take))
        ends = np.cumsum(counts)
        for first, last, pulls in self._pulls(np.asarray(mix.take, bool)):
            rows = order[ends[first] - counts[first] : ends[last - 1]]
            several = counts[first:last]
            if (several == several[0]).all():  # as in an enumeration: one product for all rows of a pattern
                block = gap[rows].reshape(last - first, several[0], -1)
                moves[rows] = (block @ pulls).reshape(len(rows), -1)
                continue
            each = np.repeat(np.arange(last - first), several)
            step = max(_AT_ONCE // gap.shape[1] ** 2, 1)
            for part in (slice(i, i + step) for i in range(0, len(rows), step)):
                moves[rows[part]] = (gap[rows[part], None] @ pulls[each[part]])[:, 0]
        return moves

    def _pulls(self, take: NDArray[np.bool_]) -> Iterator[tuple[int, int, NDArray[np.float64]]]:
        """Yield coefficients (lines, p, p) of the regressions on some lines of ``take``; those of the last are kept."""
        q, p = take.shape
        if q * p**2 <= _KEPT:
            key = take.tobytes()
            known = self._last.get(key)
            if known is None:
                known = self._regressed(take)
                self._last.clear()
                self._last[key] = known
            yield 0, q, known
            return
        step = max(_AT_ONCE // p**2, 1)
        for first in range(0, q, step):
            last = min(first + step, q)
            yield first, last, self._regressed(take[first:last])

    def _regressed(self, take: NDArray[np.bool_]) -> NDArray[np.float64]:
        known = take[:, :, None]
        inside = np.where(known & take[:, None, :], self.correlation, np.eye(take.shape[1]))
        return np.asarray(np.linalg.solve(inside, np.where(known, self.reaction, 0.0)))

    def _one_by_one(self, mix: Mix, gap: NDArray[np.float64]) -> NDArray[np.float64]:
        """Regress for each row by itself, where lines are not shared and do not follow each other."""
        take, pulled = np.asarray(mix.take, bool)[mix.which], np.empty_like(gap)
        step, itself = max(_AT_ONCE // gap.shape[1] ** 2, 1), np.eye(gap.shape[1])
        for part in (slice(i, i + step) for i in range(0, len(take), step)):
            known = take[part]
            inside = np.where(known[:, :, None] & known[:, None, :], self.correlation, itself)
            pulled[part] = np.linalg.solve(inside, np.where(known, gap[part], 0.0)[:, :, None])[:, :, 0]
        return pulled @ self.reaction

    def _along_chains(self, mix: Mix, gap: NDArray[np.float64], starts: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Let columns join one by one on each chain of rows."""
        take, first, chain = np.asarray(mix.take, bool), np.flatnonzero(starts), np.cumsum(starts) - 1
        lacking = np.add.reduceat((~take).astype(np.int32), first, axis=0)
        order = np.argsort(lacking, axis=1, kind="stable")  # those that are taken from the beginning, then one by one
        counts, moves = take.sum(axis=1), np.empty_like(gap)
        step = max(_AT_ONCE // take.shape[1] ** 2, 1)
        for one in range(0, len(first), step):
            part = order[one : one + step]
            rows = slice(first[one], first[one + step] if one + step < len(first) else len(take))
            path = self._path(part, np.take_along_axis(gap[first[one : one + step]], part, axis=1))
            here = chain[rows] - one
            np.put_along_axis(moves[rows], part[here], path[here, counts[rows]], axis=1)
        return moves

    def _path(self, order: NDArray[np.intp], gap: NDArray[np.float64]) -> NDArray[np.float64]:
        """(c, 1 + p, p) moves after the first 0, 1, ... columns of each order (c, p), in that order.

        With L the Cholesky factor of the correlation in that order, each column that joins brings what it tells beyond
        those before it: L^-1 times the gap, to which all columns react by L^-1 times their reaction.
        """
        c, p = order.shape
        both = order[:, :, None], order[:, None, :]
        factor = np.asarray(np.linalg.cholesky(self.correlation[both]), np.float64)
        path = np.zeros((c, 1 + p, p))
        if self._plain:  # scores are mean scores, which react by L itself
            brought, reacts = _solved(factor, gap), factor.transpose(0, 2, 1) * self.spread[order][:, None, :]
        else:
            solved = np.linalg.solve(factor, np.concatenate([self.reaction[both], gap[:, :, None]], axis=2))
            brought, reacts = solved[:, :, -1], solved[:, :, :-1]
        np.cumsum(reacts * brought[:, :, None], axis=1, out=path[:, 1:])
        return path

    @cached_property
    def _plain(self) -> bool:
        """Whether no column has ties, so that scores and mean scores are the same."""
        return np.allclose(self.reaction, self.correlation * self.spread, rtol=0, atol=1e-9)


def _solved(factor: NDArray[np.float64], gap: NDArray[np.float64]) -> NDArray[np.float64]:
    """(c, p) solutions of triangular systems (c, p, p), a column at a time for all of them."""
    left, found = gap.copy(), np.empty_like(gap)
    for i in range(gap.shape[1]):
        found[:, i] = left[:, i] / factor[:, i, i]
        left[:, i + 1 :] -= factor[:, i + 1 :, i] * found[:, i, None]
    return found


def _chains(mix: Mix) -> NDArray[np.bool_]:
    """(m,) where walks start: of rows with one donor, one base and lines of their own, each takes what the last did."""
    starts = np.ones(len(mix), bool)
    if np.array_equal(mix.which, np.arange(len(mix.take))):
        take = np.asarray(mix.take, bool)
        starts[1:] = (take[:-1] & ~take[1:]).any(axis=1)
        for index in (mix.base.index, mix.donor.index):
            starts[1:] |= index[1:] != index[:-1]
    return starts
