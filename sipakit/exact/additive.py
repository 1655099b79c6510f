"""Answers to any mix of rows of known tables, from the terms of an additive model."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pandas as pd

from sipakit.exact.joint import adds, deal
from sipakit.intervene import Mix, Rows
from sipakit.structure import linked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from sipakit.exact.joint import Batches
    from sipakit.structure import Terms
    from sipakit.table import Table

    Ask: TypeAlias = "Callable[[Mix], NDArray[np.float64]]"

__all__ = ["CHECKED", "Additive", "Term", "Together"]

CHECKED = 64  # rows at which the terms of all columns must add up


@dataclass(frozen=True, eq=False)
class Term:
    """What the cells of one column of one table add to the sums.

    Parameters
    ----------
    codes : (rows,) int
        Number of each cell's value among the different ones.
    values : (different values, s)
    """

    codes: NDArray[np.intp]
    values: NDArray[np.float64]

    @cached_property
    def of_rows(self) -> NDArray[np.float64]:
        """(rows, s) what each row's cell adds."""
        return self.values.take(self.codes, axis=0)


@dataclass(eq=False)
class Additive:
    """What a sum of one term a column says of any mix of rows.

    Terms are asked for when first needed, a column of a table at a time, once a different value.

    Parameters
    ----------
    table : Table, n rows
        Its first row is the one in which cells are exchanged to learn what they add.
    terms : Terms
    ask : callable
        From virtual rows to (m, s) sums of the model.
    read : callable
        From (m, outputs) answers of the model to those that are explained.
    asked : int
        Model rows that were asked for what was used so far, or that others had asked for it before.
    """

    table: Table
    terms: Terms
    ask: Ask
    read: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    asked: int = 0
    _sums: dict[Table, NDArray[np.float64]] = field(default_factory=dict)
    _terms: dict[tuple[Table, int], Term] = field(default_factory=dict)
    _used: set[object] = field(default_factory=set)

    tells_all = True  # mixes of any columns, and not of one at most

    @property
    def own(self) -> NDArray[np.float64]:
        """(n, k) answers for the rows as they are."""
        return self.of_table(self.table)

    def of_table(self, table: Table) -> NDArray[np.float64]:
        """(rows, k) answers for the rows of any table with the same columns."""
        return self._answers(self.sums(table))

    @cached_property
    def adds(self) -> bool:
        """Whether what is explained is itself a sum of one term a column, and no curve of it such as a probability."""
        return adds(self.terms.link, self.sums(self.table).shape[1], self.read)

    def beginning(self) -> Additive:
        """Return the same for another explanation, which pays for what it uses, though the model is not asked again."""
        asked = len(self.table) + self._checked * self.table.n_columns
        return replace(self, asked=asked, _used={self.table})

    def term(self, table: Table, column: int) -> Term:
        """Return what the cells of a column of any table with the same columns add."""
        key = (table, column)
        if key not in self._terms:
            codes, different = pd.factorize(table.cell_hashes(column))
            first = np.empty(len(different), np.intp)
            first[codes[::-1]] = np.arange(len(codes))[::-1]
            start = Rows(self.table, np.zeros(len(first), np.intp))
            sums = self.ask(Mix.of(start, Rows(table, first), np.arange(table.n_columns) == column))
            self._terms[key] = Term(codes, sums - self.sums(self.table)[0])
        if key not in self._used:
            self._used.add(key)
            self.asked += len(self._terms[key].values)
        return self._terms[key]

    def sums(self, table: Table) -> NDArray[np.float64]:
        """(rows, s) sums of whole rows of a table."""
        if table not in self._sums:
            self._sums[table] = self.ask(Mix.unchanged(Rows(table, np.arange(len(table)))))
        if table not in self._used:
            self._used.add(table)
            self.asked += len(table)
        return self._sums[table]

    def contributions(self, table: Table, column: int) -> NDArray[np.float64]:
        """(rows, k) what a column's cells add to what is explained, which must be a sum itself."""
        added = self.term(table, column).of_rows
        return self._answers(added) - self._answers(np.zeros((1, added.shape[1])))

    def codes(self, table: Table, column: int) -> NDArray[np.intp]:
        """(rows,) numbers that are equal for equal cells of a column of one table."""
        return self.term(table, column).codes

    def knows(self, mix: Mix) -> NDArray[np.bool_]:
        """(m,) whether a virtual row follows: any mix of whole cells does."""
        return np.full(len(mix), not mix.fractional)

    def answers(self, mix: Mix) -> NDArray[np.float64]:
        """(m, k) answers at virtual rows."""
        base, donor = mix.base, mix.donor
        sums = self.sums(base.table).take(base.index, axis=0)
        for column, who in mix.columns():
            given, own = self.term(donor.table, column), self.term(base.table, column)
            sums[who] += given.of_rows.take(donor.index[who], axis=0) - own.of_rows.take(base.index[who], axis=0)
        return self._answers(sums)

    @cached_property
    def consistent(self) -> bool:
        """Whether the terms of all columns add up, for some rows and others that they become column by column."""
        n, p, m = len(self.table), self.table.n_columns, self._checked
        rows = np.unique(np.linspace(0, n - 1, m).astype(np.intp))
        others = np.roll(rows, len(rows) // 2)
        sums = self.sums(self.table)
        moved = np.zeros((len(rows), sums.shape[1]))
        for j in range(p):
            mix = Mix.of(Rows(self.table, rows), Rows(self.table, others), np.arange(p) == j)
            moved += self.ask(mix) - sums[rows]
        self.asked += len(rows) * p
        gap = np.abs(sums[rows] + moved - sums[others]).max()
        return bool(gap <= self.terms.tolerance * max(float(np.abs(sums).max()), 1e-300))

    @property
    def _checked(self) -> int:
        return min(len(self.table), CHECKED)

    def _answers(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        return self.read(linked(sums, self.terms.link))


@dataclass(frozen=True, eq=False)
class Together:
    """Means over rows with two columns set, of what is a sum of one term a column itself.

    Parameters
    ----------
    curves : Additive
    table : Table, n rows
    batches : Batches, g of them
    """

    curves: Additive
    table: Table
    batches: Batches

    @classmethod
    def of(cls, curves: Additive, table: Table, weights: NDArray[np.float64]) -> Together:
        """Deal the rows of a table, with weights (n,), to batches."""
        return cls(curves, table, deal(weights))

    def surfaces(
        self, table: Table, rows: Mapping[tuple[int, int], NDArray[np.intp]]
    ) -> Iterator[tuple[tuple[int, int], NDArray[np.float64]]]:
        """Go through pairs of columns, with (g, rows, k) mean answers at the cells of those ``rows`` of a table."""
        level = self.batches.means(self.curves.of_table(self.table))[:, None]
        for pair, here in rows.items():
            moved = sum(self._moved(table, column, here) for column in pair)
            yield pair, level + moved

    def _moved(self, table: Table, column: int, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """(g, rows, k) what the mean changes by when a column is set to the cells of some rows of a table."""
        usual = self.batches.means(self.curves.contributions(self.table, column))
        return np.asarray(self.curves.contributions(table, column)[rows] - usual[:, None])
