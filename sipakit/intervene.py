"""I of SIPA: *row ``base``, but the features ``take`` come from row ``donor``*.

A `Mix` is a list of such virtual rows, held as row numbers and never as data. It knows nothing of models: an adapter
turns it into rows when, and only when, they are predicted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from sipakit.table import Table

__all__ = ["Mix", "Refit", "Rows"]

_FEW = 2  # columns
_BLOCK_CELLS = 2**14  # moved at once, where fresh memory for all rows would cost more than the move


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a table by their numbers; a row may be named more than once.

    Parameters
    ----------
    table : Table
    index : (m,) int

    Examples
    --------
    >>> import numpy as np
    >>> from sipakit.table import Table
    >>> len(Rows(Table.from_data(np.eye(3)), np.array([0, 0, 2, 1])))
    4
    """

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
    apart : bool
        Whether rows of one base and donor take different columns, but for so few that it is not worth a look.

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
    apart: bool = False

    @classmethod
    def of(
        cls,
        base: Rows,
        donor: Rows,
        take: NDArray[np.bool_] | NDArray[np.float64],
        which: NDArray[np.intp] | None = None,
        *,
        apart: bool = False,
    ) -> Mix:
        """Make a Mix; ``take`` (p,) serves every row, ``take`` (m, p) gives each row its own pattern."""
        patterns: NDArray[Any] = np.atleast_2d(take)
        if which is None:
            which = np.zeros(len(base), np.intp) if len(patterns) == 1 else np.arange(len(base))
        return cls(base, donor, patterns, which, apart)

    @classmethod
    def unchanged(cls, rows: Rows) -> Mix:
        """The rows themselves: nothing is taken from anywhere."""
        return cls.of(rows, rows, np.zeros(rows.table.n_columns, bool))

    def __len__(self) -> int:
        return len(self.which)

    def __getitem__(self, part: slice | NDArray[np.intp]) -> Mix:
        return Mix(self.base[part], self.donor[part], self.take, self.which[part], self.apart)

    def selected(self, columns: Sequence[int]) -> Mix:
        """The same virtual rows, of columns number ``columns`` only."""
        base, donor = (Rows(rows.table.selected(columns), rows.index) for rows in (self.base, self.donor))
        return Mix(base, donor, self.take[:, list(columns)], self.which)

    @property
    def fractional(self) -> bool:
        """Whether ``take`` holds places on the way rather than yes and no."""
        return self.take.dtype != np.bool_

    @property
    def dense(self) -> bool:
        """Whether rows take so many columns that it is quicker to move whole rows than column after column."""
        return not self.fractional and int(np.count_nonzero(self.take)) > _FEW * len(self.take)

    def pattern_of_each(self) -> NDArray[Any]:
        """(m, p) whether each virtual row takes a column."""
        own = len(self.take) == len(self.which) and bool((self.which == np.arange(len(self.which))).all())
        return self.take if own else self.take.take(self.which, axis=0)

    def merged(self, base: NDArray[Any], donor: NDArray[Any]) -> Iterator[tuple[slice, NDArray[Any]]]:
        """Blocks of rows, with the cells of two tables (rows, p) that they have; each block stays in the cache."""
        takes = self.pattern_of_each()
        for first in range(0, len(self), size := max(_BLOCK_CELLS // max(base.shape[1], 1), 1)):
            part = slice(first, first + size)
            rows = base.take(self.base.index[part], axis=0)
            np.copyto(rows, donor.take(self.donor.index[part], axis=0), where=takes[part])
            yield part, rows

    def columns(self) -> Iterator[tuple[int, NDArray[np.intp] | slice]]:
        """Columns that some row takes, each with the numbers of these rows, or a slice."""
        followers = np.bincount(self.which, minlength=len(self.take))
        followed = self.take[followers > 0].astype(bool, copy=False)
        whole = np.flatnonzero(followed.all(axis=0)) if len(followed) else np.arange(0)
        yield from ((int(column), slice(None)) for column in whole)
        some = np.asarray(followed.any(axis=0), bool)
        some[whole] = False
        if followed[:, some].sum() > _FEW * len(followed):
            for column in np.flatnonzero(some):
                yield int(column), np.flatnonzero(self.take[:, column].take(self.which))
        elif some.any():
            yield from self._few_columns_each(followers, some)

    def _few_columns_each(
        self, followers: NDArray[np.intp], wanted: NDArray[np.bool_]
    ) -> Iterator[tuple[int, NDArray[np.intp] | slice]]:
        """Do the same for patterns that take a column or two: to look at all rows a column would cost m times p."""
        followed, starts = np.flatnonzero(followers), np.cumsum(followers) - followers
        columns, place = np.nonzero((self.take[followed].astype(bool, copy=False) & wanted).T)
        counts, first = followers[followed[place]], starts[followed[place]]
        in_order = bool((self.which[1:] >= self.which[:-1]).all())
        if in_order and len(np.unique(columns)) == len(columns):  # rows that take a column follow each other
            yield from zip(columns.tolist(), map(slice, first.tolist(), (first + counts).tolist()), strict=True)
            return
        sortable = np.int16 if len(self.take) < 2**15 else np.intp  # short numbers are sorted by counting
        order = np.argsort(self.which.astype(sortable, copy=False), kind="stable")
        ends = np.cumsum(counts)
        rows = order[np.arange(ends[-1]) + np.repeat(first - (ends - counts), counts)]
        last = np.flatnonzero(np.diff(columns))  # line of each column
        yield from zip(np.unique(columns).tolist(), np.split(rows, ends[last]), strict=True)

    def rows(self, *, as_array: bool, in_pandas: bool = False) -> object:
        """The virtual rows as data: a fresh array, or a fresh frame in the table's own dtypes.

        The frame is of the kind that the user gave, or one of pandas if that is asked for.
        """
        table = self.base.table
        if self.fractional:
            return table.on_the_way(self)
        return table.mixed_array(self) if as_array else table.mixed_frame(self, in_pandas=in_pandas)

    def all_differ(self) -> bool:
        """Whether the rows are surely different, by a cheap look: all cells are the donors', whose numbers differ."""
        if self.fractional or not self.take.all():
            return False
        for column in self.donor.table.columns:
            if isinstance(column, np.ndarray) and column.dtype.kind == "f":
                numbers = np.sort(column.take(self.donor.index))
                return bool((numbers[1:] > numbers[:-1]).all())  # a missing number is not larger
        return False

    def mixes_apart(self) -> bool:
        """Whether every row is a mixture, and cells tell of which two rows: no other pair has an equal mixture.

        That holds where no two rows of both tables have an equal cell, as in tables of drawn numbers; and where no pair
        of rows is mixed in the same way twice.
        """
        if not self.apart or not self.dense or not self.take.any(axis=1).all() or self.take.all(axis=1).any():
            return False
        return self.base.table.shares_no_cell_with(self.donor.table)

    def hashes(self) -> NDArray[np.uint64]:
        """(m,) numbers that are equal for virtual rows with equal values (and else differ but once in 2^64)."""
        # A row's number is the sum of its cells' numbers, so an edit only exchanges the cells that it takes.
        base, donor = self.base, self.donor
        if self.take.all():  # a row that takes every cell is its donor
            return donor.table.row_hashes.take(donor.index)
        if (
            self.dense
            and (cells := base.table.hash_matrix) is not None
            and (given := donor.table.hash_matrix) is not None
        ):
            numbers = np.empty(len(self), np.uint64)
            for part, rows in self.merged(cells, given):
                numbers[part] = rows.sum(axis=1)
            return numbers
        total = base.table.row_hashes.take(base.index)
        for column, taken in self.columns():
            own, given = base.table.cell_hashes(column), donor.table.cell_hashes(column)
            total[taken] += given.take(donor.index[taken]) - own.take(base.index[taken])
        return total


@dataclass(frozen=True, slots=True)
class Refit:
    """A model to be fitted anew, and which virtual rows it answers.

    Parameters
    ----------
    train : Mix
        The training rows; columns that are left out hold one and the same value in all of them.
    count : int
        How many virtual rows it answers: those after the rows of the refit before it.
    without : tuple of int
        Columns that are left out, altogether where the model can be fitted without them.
    seed : int
        Random state of a model that has none of its own; refits that are compared have the same.
    target : (m,) or (m, k), optional
        What it is fitted to; the training rows' own target by default.

    Examples
    --------
    >>> import numpy as np
    >>> from sipakit.table import Table
    >>> rows = Rows(Table.from_data(np.eye(3)), np.array([0, 2]))
    >>> Refit(Mix.unchanged(rows), count=1, without=(2,)).without
    (2,)
    """

    train: Mix
    count: int
    without: tuple[int, ...] = ()
    seed: int = 0
    target: NDArray[Any] | None = None
