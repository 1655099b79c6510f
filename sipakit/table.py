"""Rows in, rows out: an immutable table of named columns of any dtype.

A `Table` never converts a mixed frame as a whole: each column keeps its dtype, and rows are moved column by column by
number. `door.py` decides what may become a Table; this file only holds it and gives rows back.
"""

from __future__ import annotations

import hashlib
import operator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd

from sipakit import columns as col
from sipakit.frames import Origin, is_foreign

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from numpy.typing import NDArray

    from sipakit.intervene import Mix

__all__ = ["Table"]

_Found = TypeVar("_Found")
_HELD_TWICE = 2**23  # cells


@dataclass(frozen=True, eq=False)
class Table:
    """Named columns of equal length.

    Parameters
    ----------
    header : pandas.Index, p names
        As the model was fitted: any hashable names, MultiIndex tuples included.
    columns : tuple of p arrays, each (n,)
        NumPy or pandas extension arrays.
    from_array : bool
        Whether the user gave X as an array, so that callables get arrays.
    origin : Origin, optional
        Whose frame it was, where it was not one of pandas: callables get the same kind.

    Examples
    --------
    >>> import pandas as pd
    >>> table = Table.from_data(pd.DataFrame({"age": [30, 41], "city": ["Rome", None]}))
    >>> table.names, table.kind(1), len(table)
    (('age', 'city'), 'category', 2)
    """

    header: pd.Index
    columns: tuple[col.Column, ...]
    from_array: bool = False
    origin: Origin | None = None

    @classmethod
    def from_data(cls, data: Any, argument: str = "X") -> Table:
        """Hold an (n, p) NumPy array or a frame of pandas, polars or pyarrow; the columns are kept as they are.

        Raises
        ------
        InputTypeError
            For a column of polars or pyarrow that cannot be held.
        """
        if is_foreign(data):
            given, columns, origin = Origin.read(data, argument)
            return cls(pd.Index(given, dtype=object), columns, origin=origin)
        if isinstance(data, pd.DataFrame):
            return cls(data.columns, tuple(_column(series) for _, series in data.items()))
        names = pd.Index([f"x{j}" for j in range(data.shape[1])], dtype=object)
        return cls(names, tuple(data[:, j] for j in range(data.shape[1])), from_array=True)

    @classmethod
    def stacked(cls, tables: Sequence[Table]) -> Table:
        """Tables of one header and the same dtypes, one under the other."""
        first = tables[0]
        if len(tables) == 1:
            return first
        columns = [col.stacked([table.columns[j] for table in tables]) for j in range(first.n_columns)]
        return first.with_columns(columns)

    def __len__(self) -> int:
        return len(self.columns[0]) if self.columns else 0

    @property
    def n_columns(self) -> int:
        """Number of columns."""
        return len(self.columns)

    @cached_property
    def names(self) -> tuple[Hashable, ...]:
        """Column names; one and the same NaN stands for all that are NaN, so that it can be found."""
        return tuple(np.nan if isinstance(name, float) and np.isnan(name) else name for name in self.header.tolist())

    def kind(self, column: int) -> col.Kind:
        """How column number ``column`` is put on an axis."""
        return col.kind(self.columns[column])

    def take(self, index: NDArray[np.intp]) -> Table:
        """Rows number ``index``."""
        return replace(self, columns=tuple(c.take(index) for c in self.columns))

    def with_columns(self, columns: Sequence[col.Column]) -> Table:
        """Other columns under the same header: grids, drawn neighbours."""
        return replace(self, columns=tuple(columns))

    def renamed(self, header: pd.Index) -> Table:
        """The same columns under other names."""
        return replace(self, header=header)

    def given_like(self, other: Table) -> Table:
        """The same columns, given to callables as the other table is: as arrays, or as frames of its kind."""
        return replace(self, from_array=other.from_array, origin=other.origin)

    def holds_the_same_as(self, other: Table) -> bool:
        """Whether both hold the very same columns under the same names, given to callables alike."""
        alike = self.names == other.names and self.from_array == other.from_array
        kinds = [one and (one.library, one.own, one.held) for one in (self.origin, other.origin)]
        return alike and kinds[0] == kinds[1] and all(map(operator.is_, self.columns, other.columns))

    def selected(self, positions: Sequence[int]) -> Table:
        """Columns number ``positions``, in that order."""
        columns = tuple(self.columns[j] for j in positions)
        return Table(
            self.header[list(positions)], columns, self.from_array, self.origin and self.origin.selected(positions)
        )

    # ---- rows out

    @cached_property
    def matrix(self) -> NDArray[Any]:
        """(n, p) C-ordered array in the narrowest dtype that holds every column; objects if there are strings."""
        columns = [_plain(c) for c in self.columns]
        if not columns:
            return np.empty((0, 0))
        if {c.dtype.kind for c in columns} & set("mM") and len({c.dtype for c in columns}) > 1:
            columns = [c.astype(object) for c in columns]  # NumPy has no dtype for times beside numbers
        return np.ascontiguousarray(np.column_stack(columns))

    @cached_property
    def one_dtype(self) -> bool:
        """Whether all columns share one NumPy number dtype, so that rows can be moved as a block."""
        dtypes = {c.dtype for c in self.columns if isinstance(c, np.ndarray)}
        plain = all(isinstance(c, np.ndarray) for c in self.columns)
        return plain and len(dtypes) == 1 and next(iter(dtypes)).kind in "biuf"

    def mixed_array(self, mix: Mix) -> NDArray[Any]:
        """The virtual rows as a fresh (m, p) array."""
        base, donor = self.matrix, mix.donor.table.matrix
        if mix.dense and base.dtype == donor.dtype:
            rows = np.empty((len(mix), base.shape[1]), base.dtype)
            for part, cells in mix.merged(base, donor):
                rows[part] = cells
            return rows
        rows = base.take(mix.base.index, axis=0)
        taken = list(mix.columns())
        if taken and np.result_type(base, donor) != base.dtype:
            rows = rows.astype(np.result_type(base, donor))
        for column, who in taken:
            rows[who, column] = donor[:, column].take(mix.donor.index[who])
        return rows

    def mixed_frame(self, mix: Mix, *, in_pandas: bool = False) -> Any:
        """The virtual rows as a fresh frame with this table's names and dtypes, of the user's kind or in pandas."""
        if self.origin is not None and not in_pandas:
            taken = dict(mix.columns())
            return self.origin.frame(self.names, [self._mixed_column(mix, j, taken) for j in range(self.n_columns)])
        if self.one_dtype and mix.donor.table.one_dtype:
            frame = pd.DataFrame(self.mixed_array(mix), copy=False)
        else:
            taken, index = dict(mix.columns()), pd.RangeIndex(len(mix))
            columns = {j: self._mixed_column(mix, j, taken) for j in range(self.n_columns)}
            for j, column in columns.items():
                if col.holds_objects(column):  # bare, they would become strings where a batch holds no others
                    columns[j] = pd.Series(column, index, dtype=object, copy=False)
            frame = pd.DataFrame(columns, index, copy=False)
        frame.columns = self.header
        return frame

    def _mixed_column(self, mix: Mix, j: int, taken: dict[int, NDArray[np.intp] | slice]) -> col.Column:
        base, donor = self.columns[j], mix.donor.table.columns[j]
        if j not in taken:
            return base.take(mix.base.index)
        who = taken[j]
        if isinstance(who, slice) and who == slice(None):
            return donor.take(mix.donor.index)
        column = base.take(mix.base.index)
        if column.dtype != donor.dtype:  # only grids and neighbours of whole numbers can differ: widen, never cast down
            column = column.astype(np.result_type(column.dtype, donor.dtype))
        column[who] = donor.take(mix.donor.index[who])
        return column

    def on_the_way(self, mix: Mix) -> NDArray[np.float64]:
        """(m, p) rows at a fraction of the straight way from base to donor; numeric columns only."""
        # as floats first: booleans cannot be subtracted, and unsigned numbers wrap around
        base = self.matrix[mix.base.index].astype(np.float64)
        donor = mix.donor.table.matrix[mix.donor.index].astype(np.float64)
        return base + mix.take[mix.which] * (donor - base)

    def as_data(self, *, as_array: bool) -> Any:
        """All rows, as an array or as a frame."""
        from sipakit.intervene import Mix, Rows

        return Mix.unchanged(Rows(self, np.arange(len(self)))).rows(as_array=as_array)

    # ---- what was found out about the content

    def remembered(self, key: Hashable, find: Callable[[], _Found]) -> _Found:
        """Return what ``find`` tells of this table's content, finding it once: tables do not change."""
        if key not in self._findings:
            self._findings[key] = find()
        found: _Found = self._findings[key]
        return found

    @cached_property
    def _findings(self) -> dict[Hashable, Any]:
        return {}

    # ---- equality by value

    @cached_property
    def _hash_columns(self) -> dict[int, NDArray[np.uint64]]:
        return {}

    def cell_hashes(self, column: int) -> NDArray[np.uint64]:
        """(n,) numbers that are equal where the cells of one column are equal; columns have numbers of their own."""
        if column not in self._hash_columns:
            salt = np.uint64((column * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019) % 2**64)
            mixed = (col.cell_hashes(self.columns[column]) ^ salt) * np.uint64(0xBF58476D1CE4E5B9)
            self._hash_columns[column] = mixed ^ (mixed >> np.uint64(31))
        return self._hash_columns[column]

    @cached_property
    def hash_matrix(self) -> NDArray[np.uint64] | None:
        """(n, p) the same numbers, row by row; None for a table so large that to hold them twice is too much."""
        if len(self) * self.n_columns > _HELD_TWICE:
            return None
        return np.column_stack([self.cell_hashes(column) for column in range(self.n_columns)])

    def shares_no_cell_with(self, other: Table) -> bool:
        """Whether in no column two rows of either table have equal cells; False for tables too large to look."""

        def looked_up() -> bool:
            if other is self or (len(self) + len(other)) * self.n_columns > _HELD_TWICE:
                return False
            columns = (np.concatenate([self.cell_hashes(j), other.cell_hashes(j)]) for j in range(self.n_columns))
            return all(len(np.unique(cells)) == len(cells) for cells in columns)

        return self.remembered(("shares no cell with", other), looked_up)

    @cached_property
    def row_hashes(self) -> NDArray[np.uint64]:
        """(n,) numbers that are equal where whole rows are equal."""
        total = np.zeros(len(self), np.uint64)
        for column in range(self.n_columns):
            total += self.cell_hashes(column)
        return total

    def rows_with(self, hashes: NDArray[np.uint64]) -> NDArray[np.intp]:
        """(r,) the first row that has each of these numbers, -1 for none."""
        different, first, begins, shift = self._rows_by_hash
        rows = np.full(len(hashes), -1)
        (perhaps,) = np.nonzero(begins.take((hashes >> shift).astype(np.intp)))
        place = different.get_indexer(pd.Index(hashes[perhaps]))
        rows[perhaps] = np.where(place < 0, -1, first[place])
        return rows

    @cached_property
    def _rows_by_hash(self) -> tuple[pd.Index, NDArray[np.intp], NDArray[np.bool_], np.uint64]:
        """Different numbers, their first rows, and which leading bits they have: most others are told by these."""
        different, first = np.unique(self.row_hashes, return_index=True)
        bits = 4 + len(different).bit_length()
        begins, shift = np.zeros(2**bits, bool), np.uint64(64 - bits)
        begins[(different >> shift).astype(np.intp)] = True
        return pd.Index(different), first, begins, shift

    @cached_property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that name the content: names, dtypes and cells."""
        digest = hashlib.sha256(
            repr([(str(n), str(c.dtype)) for n, c in zip(self.names, self.columns, strict=True)]).encode()
        )
        digest.update(self.row_hashes.tobytes())
        return digest.hexdigest()[:16]


def _column(series: pd.Series) -> col.Column:
    dtype = series.dtype
    if isinstance(dtype, pd.SparseDtype):
        return series.to_numpy()
    return series.to_numpy() if isinstance(dtype, np.dtype) else series.array


def _plain(column: col.Column) -> NDArray[Any]:
    """A column as a NumPy array; missing cells of nullable numbers and booleans become NaN."""
    if isinstance(column, np.ndarray):
        return column
    if pd.api.types.is_numeric_dtype(column.dtype):
        return col.numbers(column) if col.missing(column).any() else np.asarray(column.to_numpy())
    return np.asarray(column, dtype=object)
