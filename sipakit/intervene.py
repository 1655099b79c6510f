"""I of SIPA: *row ``base``, but the features ``take`` come from row ``donor``*.

A `Mix` is a list of such virtual rows, held as row numbers and never as data. It knows nothing of models: an adapter
turns it into rows when, and only when, they are predicted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from sipakit.table import Table

__all__ = ["Mix", "Rows"]

_MANY = 64  # columns


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows number ``index`` (m,) of ``table``; a row may be named more than once."""

    table: Table
    index: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, part: slice | NDArray[np.intp]) -> Rows:
        return Rows(self.table, self.index[part])


@dataclass(frozen=True, slots=True)
class Mix:
    """Virtual rows: row ``base``, but the columns ``take`` come from row ``donor``.

    Parameters
    ----------
    base, donor : Rows, m rows each
    take : (q, p) bool or float
        Patterns over the p columns. True takes the donor's value; a number between 0 and 1 is a place on the straight
        way from base to donor (numeric columns).
    which : (m,) int
        The line of ``take`` that each virtual row follows. Few patterns serve many rows, so they are held once.

    Examples
    --------
    >>> import numpy as np
    >>> from sipakit.table import Table
    >>> table = Table.from_data(np.array([[1.0, 2.0], [3.0, 4.0]]))
    >>> both, first = np.array([0, 1]), np.array([1, 0])
    >>> Mix.of(Rows(table, both), Rows(table, first), np.array([True, False])).rows(as_array=True)
    array([[3., 2.],
           [1., 4.]])
    """

    base: Rows
    donor: Rows
    take: NDArray[np.bool_] | NDArray[np.float64]
    which: NDArray[np.intp]

    @classmethod
    def of(
        cls,
        base: Rows,
        donor: Rows,
        take: NDArray[np.bool_] | NDArray[np.float64],
        which: NDArray[np.intp] | None = None,
    ) -> Mix:
        """Make a Mix; ``take`` (p,) serves every row, ``take`` (m, p) gives each row its own pattern."""
        patterns: NDArray[Any] = np.atleast_2d(take)
        if which is None:
            which = np.zeros(len(base), np.intp) if len(patterns) == 1 else np.arange(len(base))
        return cls(base, donor, patterns, which)

    @classmethod
    def unchanged(cls, rows: Rows) -> Mix:
        """The rows themselves: nothing is taken from anywhere."""
        return cls.of(rows, rows, np.zeros(rows.table.n_columns, bool))

    def __len__(self) -> int:
        return len(self.which)

    def __getitem__(self, part: slice | NDArray[np.intp]) -> Mix:
        return Mix(self.base[part], self.donor[part], self.take, self.which[part])

    @property
    def fractional(self) -> bool:
        """Whether ``take`` holds places on the way rather than yes and no."""
        return self.take.dtype != np.bool_

    def columns(self) -> Iterator[tuple[int, NDArray[Any] | slice]]:
        """Columns that some row takes, each with the rows that take it: a mask, row numbers, or a slice for all."""
        followers = np.bincount(self.which, minlength=len(self.take))
        followed = self.take[followers > 0].astype(bool, copy=False)
        taken = np.flatnonzero(followed.any(axis=0))
        if len(taken) > _MANY and followed.sum() <= 2 * len(followed):
            yield from self._few_columns_each(followers)
            return
        for column in taken:
            whole = followed[:, column].all()
            yield int(column), slice(None) if whole else self.take[:, column][self.which].astype(bool)

    def _few_columns_each(self, followers: NDArray[np.intp]) -> Iterator[tuple[int, NDArray[np.intp]]]:
        """Do the same for wide tables whose patterns take a column or two: a mask a column would cost m times p."""
        order = np.argsort(self.which, kind="stable")
        ends, followed = np.cumsum(followers), np.flatnonzero(followers)
        columns, place = np.nonzero(self.take[followed].T)
        patterns = followed[place]
        for part in np.split(np.arange(len(columns)), np.flatnonzero(np.diff(columns)) + 1):
            rows = [order[ends[q] - followers[q] : ends[q]] for q in patterns[part]]
            yield int(columns[part[0]]), np.concatenate(rows)

    def rows(self, *, as_array: bool) -> object:
        """The virtual rows as data: a fresh array, or a fresh frame in the table's own dtypes."""
        table = self.base.table
        if self.fractional:
            return table.on_the_way(self)
        return table.mixed_array(self) if as_array else table.mixed_frame(self)

    def hashes(self) -> NDArray[np.uint64]:
        """(m,) numbers that are equal for virtual rows with equal values (and else differ but once in 2^64)."""
        # A row's number is the sum of its cells' numbers, so an edit only exchanges the cells that it takes.
        base, donor = self.base, self.donor
        total = base.table.row_hashes[base.index]
        for column, taken in self.columns():
            own, given = base.table.cell_hashes(column), donor.table.cell_hashes(column)
            change = given[donor.index[taken]] - own[base.index[taken]]
            total[taken] += change
        return total
