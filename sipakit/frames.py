"""Frames of polars and pyarrow: read into the columns that a `Table` holds, and written back just as they were.

This is the one place that knows these libraries. narwhals tells what a frame is; neither library is imported before a
user brings a frame of it. A column that would not come back equal to the last bit is refused by name.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
from narwhals.exceptions import DuplicateError

from sipakit import columns as col
from sipakit.errors import InputError, InputTypeError, first_few

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Origin", "as_pandas", "cells_of", "copied", "equal", "is_foreign", "opened", "rows_of"]


# ---- the two libraries


class _Library(ABC):
    """Abstract: what differs between libraries."""

    @abstractmethod
    def type_of(self, native: Any) -> Any:
        """Return what `column` needs to make a column like this one."""

    @abstractmethod
    def levels(self, native: Any) -> pd.Categorical:
        """Read a column of levels, all of them, in their order."""

    @abstractmethod
    def column(self, held: col.Column, own: Any) -> Any:
        """Write a held column in the type ``own``; None for the library's usual one."""

    @abstractmethod
    def frame(self, names: Sequence[Hashable], natives: Sequence[Any], owns: Sequence[Any]) -> Any:
        """Put written columns side by side."""

    @abstractmethod
    def same(self, native: Any, other: Any) -> bool:
        """Whether two columns have one type and equal cells."""


class _Polars(_Library):
    def type_of(self, native: Any) -> Any:
        return native.dtype

    def levels(self, native: Any) -> pd.Categorical:
        listed = getattr(native.dtype, "categories", None)
        if ordered := isinstance(listed, type(native)):
            levels = listed.to_list()
        else:  # a Categorical shares its levels with all others of the process; those that occur are its own
            levels = sorted(native.drop_nulls().unique().cast(str).to_list())
        cells = native.cast(str).to_numpy()
        return pd.Categorical(cells, pd.Index(levels, dtype=object), ordered=ordered)

    def column(self, held: col.Column, own: Any) -> Any:
        import polars as pl

        if isinstance(held, pd.Categorical):
            levels = [*held.categories, None]  # code -1, a missing cell, takes the last
            usual = pl.Enum(levels[:-1]) if held.ordered else pl.Categorical
            return pl.Series(levels, dtype=own or usual).gather(np.asarray(held.codes, np.int64) % len(levels))
        values, absent = _parts(held, nan_is_missing=isinstance(own, pl.Decimal))
        if isinstance(own, pl.Decimal):  # by way of text: a cast from floats cuts digits off
            return pl.Series(_decimal_texts(values, absent, own.scale)).cast(own)
        if values.dtype.kind == "O":
            return pl.Series(values.tolist(), dtype=own)
        if values.dtype.kind in "mM":
            seconds = np.datetime_data(values.dtype)[0] == "s"  # which polars does not count in
            made = pl.Series(values.astype(f"{values.dtype.kind}8[ms]") if seconds else values)
            if zone := getattr(held.dtype, "tz", None):
                made = made.dt.replace_time_zone("UTC").dt.convert_time_zone(str(zone))
        else:
            made = pl.Series(values)
        made = made if own is None else made.cast(own)
        return made.scatter(np.flatnonzero(absent), None) if absent.any() else made

    def frame(self, names: Sequence[Hashable], natives: Sequence[Any], owns: Sequence[Any]) -> Any:
        import polars as pl

        return pl.DataFrame(dict(zip(map(str, names), natives, strict=True)))

    def same(self, native: Any, other: Any) -> bool:
        return bool(native.dtype == other.dtype and native.equals(other))


class _Arrow(_Library):
    def type_of(self, native: Any) -> Any:
        return native.type

    def levels(self, native: Any) -> pd.Categorical:
        whole = native.unify_dictionaries().combine_chunks()
        codes = whole.indices.cast("int64").fill_null(-1).to_numpy(zero_copy_only=False)
        levels = pd.Index(whole.dictionary.to_pylist(), dtype=object)
        return pd.Categorical.from_codes(codes, levels, ordered=native.type.ordered)

    def column(self, held: col.Column, own: Any) -> Any:
        import pyarrow as pa

        if isinstance(held, pd.Categorical):
            codes = pa.array(held.codes, mask=held.codes < 0)
            levels = pa.array(list(held.categories), None if own is None else own.value_type)
            made = pa.DictionaryArray.from_arrays(codes, levels, ordered=bool(held.ordered))
            return made if own is None else made.cast(own)
        decimal = own is not None and pa.types.is_decimal(own)
        values, absent = _parts(held, nan_is_missing=decimal)
        if decimal:  # by way of text: a cast from floats cuts digits off
            return pa.array(_decimal_texts(values, absent, own.scale), pa.string()).cast(own)
        if values.dtype.kind == "O":
            return pa.array(values, own)
        made = pa.array(values, mask=absent if absent.any() else None)
        if zone := getattr(held.dtype, "tz", None):
            made = made.cast(pa.timestamp(made.type.unit, str(zone)))
        return made if own is None else made.cast(own)

    def frame(self, names: Sequence[Hashable], natives: Sequence[Any], owns: Sequence[Any]) -> Any:
        import pyarrow as pa

        return pa.table(list(natives), names=list(map(str, names)))

    def same(self, native: Any, other: Any) -> bool:
        import pyarrow as pa

        if native.type != other.type:
            return False
        if pa.types.is_dictionary(native.type):  # parts may list the same levels in other orders
            plain = native.type.value_type
            native, other = native.cast(plain), other.cast(plain)
        return bool(native.equals(pa.chunked_array([other])))


def _parts(held: col.Column, *, nan_is_missing: bool) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """A column as a plain array, and its missing cells; those of dates stay NaT and those of objects None."""
    none = np.zeros(len(held), bool)
    if isinstance(held.dtype, pd.DatetimeTZDtype):
        return np.asarray(held.asi8).view(f"M8[{held.unit}]"), none
    if isinstance(held, np.ndarray) and held.dtype.kind == "f" and nan_is_missing:
        absent = np.isnan(held)
        return np.where(absent, 0.0, held), absent
    if isinstance(held, np.ndarray) and held.dtype.kind != "O":
        return held, none
    if pd.api.types.is_numeric_dtype(held.dtype):  # nullable numbers and booleans
        plain = held.dtype.numpy_dtype
        return held.to_numpy(plain, na_value=plain.type(0)), np.asarray(held.isna())
    cells = np.array(held, dtype=object)
    cells[col.missing(held)] = None
    return cells, none


def _decimal_texts(values: NDArray[np.float64], absent: NDArray[np.bool_], scale: int) -> list[str | None]:
    texts = np.char.mod(f"%.{scale}f", values).astype(object)
    texts[absent] = None
    return list(texts)


_LIBRARIES: dict[str, _Library] = {"polars": _Polars(), "pyarrow": _Arrow()}


# ---- columns in


def _numbers(series: nw.Series[Any]) -> col.Column:
    """Numbers and booleans; NaN stays apart from a missing cell."""
    absent = series.is_null().to_numpy()
    if not absent.any():
        return series.to_numpy()
    filled = series.fill_null(value=False if series.dtype == nw.Boolean else 0)
    return col.nullable(filled.to_numpy(), absent)


def _decimals(series: nw.Series[Any]) -> col.Column:
    return _objects(series).astype(np.float64)


def _times(series: nw.Series[Any]) -> col.Column:
    """Dates in whole days, moments and durations in their own unit; a time zone stays."""
    values: Any = series.to_numpy()
    zone = getattr(series.dtype, "time_zone", None)
    if values.dtype.kind not in "mM":
        message = f"{values.dtype} for {series.dtype}"
        raise TypeError(message)
    return values if zone is None else pd.DatetimeIndex(values, tz="UTC").tz_convert(zone).array


def _texts(series: nw.Series[Any]) -> col.Column:
    usual = pd.Series(["a"]).dtype  # objects before pandas 3
    held = pd.Series(_objects(series), dtype=usual)
    return held.to_numpy() if isinstance(usual, np.dtype) else held.array


def _objects(series: nw.Series[Any]) -> NDArray[np.object_]:
    cells = np.empty(len(series), object)
    cells[:] = series.to_list()
    return cells


# The first line that suits a type reads it.
_READERS: tuple[tuple[Callable[[Any], bool], Callable[[nw.Series[Any]], col.Column]], ...] = (
    (lambda dtype: dtype.is_integer() or dtype.is_float() or dtype == nw.Boolean, _numbers),
    (lambda dtype: dtype.is_decimal(), _decimals),
    (lambda dtype: dtype in (nw.Date, nw.Datetime, nw.Duration), _times),
    (lambda dtype: dtype == nw.String, _texts),
    (lambda dtype: dtype == nw.Time, _objects),
)


def _held(series: nw.Series[Any], library: _Library) -> col.Column:
    """Read one column.

    Raises
    ------
    TypeError
        For a type that no line of the table suits.
    """
    if series.dtype in (nw.Categorical, nw.Enum):
        return library.levels(series.to_native())
    for suits, read in _READERS:
        if suits(series.dtype):
            return read(series)
    cells = _objects(series)
    if not all(cell is None or isinstance(cell, bytes) for cell in cells):
        raise TypeError(str(series.dtype))
    return cells


# ---- frames in and out


@dataclass(frozen=True, eq=False)
class Origin:
    """Whose frame a table was, and the type of each column there.

    Parameters
    ----------
    library : "polars" or "pyarrow"
    own : tuple of p types of that library
    held : tuple of p dtypes
        What the columns were read as. A column that is held in another dtype by now (a grid of fractions for whole
        numbers) is written in the library's usual type for it.

    Examples
    --------
    >>> import pyarrow as pa
    >>> names, columns, origin = Origin.read(pa.table({"a": pa.array([1, None], pa.int8())}), "X")
    >>> columns[0].dtype, origin.frame(names, columns).schema.types
    (Int8Dtype(), [DataType(int8)])
    """

    library: str
    own: tuple[Any, ...]
    held: tuple[Any, ...]

    @classmethod
    def read(cls, data: Any, argument: str) -> tuple[tuple[str, ...], tuple[col.Column, ...], Origin]:
        """Read a frame of polars or pyarrow.

        Returns
        -------
        (p names, p columns (n,), Origin)

        Raises
        ------
        InputTypeError
            For a column of a type that cannot be held, or with values that would be changed on the way.
        """
        frame: Any = nw.from_native(data, eager_only=True)
        name, library = str(frame.implementation), _LIBRARIES[str(frame.implementation)]
        places = enumerate(frame.columns)
        columns = [_exactly(frame[:, j], library, f"Column {one!r} of {argument}") for j, one in places]
        own = [library.type_of(frame[:, j].to_native()) for j in range(len(columns))]
        held = tuple(column.dtype for column in columns)
        return tuple(frame.columns), tuple(columns), cls(name, tuple(own), held)

    def selected(self, positions: Sequence[int]) -> Origin:
        """Columns number ``positions``, in that order."""
        kept = list(positions)
        return replace(self, own=tuple(self.own[j] for j in kept), held=tuple(self.held[j] for j in kept))

    def frame(self, names: Sequence[Hashable], columns: Sequence[col.Column]) -> Any:
        """A fresh frame of the library, with columns in their own types."""
        library = _LIBRARIES[self.library]
        places = zip(columns, self.own, self.held, strict=True)
        own = [one if _fits(column.dtype, held) else None for column, one, held in places]
        return library.frame(names, [library.column(*pair) for pair in zip(columns, own, strict=True)], own)


def _fits(dtype: Any, held: Any) -> bool:
    """Whether a column can be written in the type that was read as ``held``: missing cells make no difference."""
    return bool(getattr(dtype, "numpy_dtype", dtype) == getattr(held, "numpy_dtype", held))


def _exactly(series: nw.Series[Any], library: _Library, called: str) -> col.Column:
    """Read a column and make sure that it would come back the same.

    Raises
    ------
    InputTypeError
        If it cannot be held, or would not.
    """
    native = series.to_native()
    told = f"{called} is {library.type_of(native)}"
    try:
        column = _held(series, library)
    except Exception as error:  # the libraries raise their own for types that they cannot convert
        message, allowed = f"{told}.", "A cell holds one number, truth value, text, date, duration or level."
        raise InputTypeError(message, allowed, "Cast the column, split it, or leave it out.") from error
    if series.dtype.is_integer() or series.dtype.is_float() or series.dtype in (nw.Boolean, nw.String):
        return column  # moved as they are
    try:
        back = library.same(native, library.column(column, library.type_of(native)))
    except Exception:  # noqa: BLE001 - for instance a decimal with more digits than the type has places for
        back = False
    if not back:
        message = f"{told}, with values that would be changed: it is held as {column.dtype}."
        raise InputTypeError(message, "Models must see the values as they are.", "Cast it to Float64 or String.")
    return column


def _seen(data: Any) -> Any:
    """What narwhals makes of a thing; itself where that is nothing."""
    plain = isinstance(data, (pd.DataFrame, pd.Series, np.ndarray, list, tuple))
    return data if plain else nw.from_native(data, pass_through=True, allow_series=True)


def is_foreign(data: Any) -> bool:
    """Whether this is a frame of polars or pyarrow.

    Examples
    --------
    >>> import pyarrow as pa
    >>> is_foreign(pa.table({"a": [1]})), is_foreign(pd.DataFrame({"a": [1]})), is_foreign([[1]])
    (True, False, False)
    """
    frame = _seen(data)
    return isinstance(frame, nw.DataFrame) and str(frame.implementation) in _LIBRARIES


def opened(data: Any, argument: str) -> Any:
    """Return a frame of pandas, polars or pyarrow as it is, of another eager library in pandas; None if it is no frame.

    Raises
    ------
    InputError, InputTypeError
        For a frame with two columns of one name, and for a lazy one.

    Examples
    --------
    >>> opened([[1]], "X") is None
    True
    """
    if isinstance(data, pd.DataFrame):
        return data
    try:
        frame = _seen(data)
    except DuplicateError as error:
        twice = [name for name, count in Counter(data.column_names).items() if count > 1]
        message = f"{argument} has more than one column named {first_few(twice)}."
        raise InputError(message, "Column names must differ.", "Rename or drop the copies.") from error
    if isinstance(frame, nw.LazyFrame):
        message = f"{argument} is a lazy frame ({type(data).__module__.split('.')[0]}.{type(data).__name__})."
        raise InputTypeError(message, "Rows are moved by number, so they must be there.", f"Pass {argument}.collect().")
    if not isinstance(frame, nw.DataFrame):
        return None
    return data if str(frame.implementation) in _LIBRARIES else frame.to_pandas()


def as_pandas(values: Any, argument: str) -> Any:
    """Return a Series, array or frame of polars or pyarrow in pandas; anything else as it is.

    Raises
    ------
    InputTypeError
        For lazy frames, and for columns that cannot be held.

    Examples
    --------
    >>> import pyarrow as pa
    >>> as_pandas(pa.array([1, None]), "y").tolist()
    [1, <NA>]
    """
    if (frame := opened(values, argument)) is not None:
        if isinstance(frame, pd.DataFrame):
            return frame
        names, columns, _ = Origin.read(frame, argument)
        return pd.DataFrame(dict(enumerate(columns))).set_axis(list(names), axis=1)
    pyarrow = sys.modules.get("pyarrow")  # whoever has an array of it has imported it
    if pyarrow is not None and isinstance(values, pyarrow.Array):
        values = pyarrow.chunked_array([values])
    series = _seen(values)
    if not isinstance(series, nw.Series):
        return values
    library = _LIBRARIES.get(str(series.implementation))
    return series.to_pandas() if library is None else pd.Series(_exactly(series, library, argument))


# ---- batches of any kind


def cells_of(batch: Any, row: int, limit: int) -> list[tuple[str, Any]]:
    """Names and cells of one row of a frame of polars or pyarrow, at most ``limit`` of them.

    Examples
    --------
    >>> import pyarrow as pa
    >>> cells_of(pa.table({"a": [1, 2], "b": ["x", None]}), 1, limit=5)
    [('a', 2), ('b', None)]
    """
    frame: Any = nw.from_native(batch, eager_only=True)
    return [(name, frame[row : row + 1, j].to_list()[0]) for j, name in enumerate(frame.columns[:limit])]


def rows_of(data: Any, rows: Sequence[int]) -> Any:
    """Rows of a frame of polars or pyarrow, by number."""
    frame: Any = nw.from_native(data, eager_only=True)
    return frame[list(rows)].to_native()


def copied(batch: Any) -> Any:
    """What a batch of any kind holds, whatever is done to it later; Arrow tables cannot be written to.

    Examples
    --------
    >>> copied([[1.0, None]]).shape
    (1, 2)
    """
    if not is_foreign(batch):
        return pd.DataFrame(batch).copy(deep=True)
    return batch.clone() if hasattr(batch, "clone") else batch


def equal(before: Any, batch: Any) -> bool:
    """Whether a batch still holds what `copied` kept of it.

    Examples
    --------
    >>> batch = np.array([[1.0, np.nan]])
    >>> before = copied(batch)
    >>> equal(before, batch), equal(before, batch + 1)
    (True, False)
    """
    now = pd.DataFrame(batch) if isinstance(before, pd.DataFrame) else batch
    return before is batch or bool(before.equals(now))
