"""One column of a table: a NumPy array or a pandas extension array, of any dtype, with its missing cells.

Everything here is a pure function of the column; nothing casts a value down.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Column: TypeAlias = Any  # np.ndarray or pandas ExtensionArray, 1-d; pandas has no public common type
Kind: TypeAlias = Literal["number", "date", "ordered", "category"]

__all__ = [
    "LARGEST",
    "Column",
    "Kind",
    "cell_hashes",
    "holds_objects",
    "kind",
    "missing",
    "nullable",
    "numbers",
    "ranks",
    "stacked",
    "united",
]


# Errors of mean squares are made of eighth powers, which beyond this are no floats.
LARGEST = 1e35


def kind(column: Column) -> Kind:
    """How a column is put on an axis: numbers and dates by distance, ordered categories and booleans by rank."""
    if isinstance(column.dtype, pd.CategoricalDtype):  # such a type is slow to remember: it knows its levels
        return "ordered" if column.dtype.ordered else "category"
    return _kind_of(column.dtype)


@lru_cache(maxsize=64)
def _kind_of(dtype: Any) -> Kind:
    if pd.api.types.is_bool_dtype(dtype):
        return "ordered"
    if pd.api.types.is_datetime64_any_dtype(dtype) or pd.api.types.is_timedelta64_dtype(dtype):
        return "date"
    return "number" if pd.api.types.is_numeric_dtype(dtype) else "category"


def holds_objects(column: Column) -> bool:
    """Whether the cells are Python objects of any type."""
    return isinstance(column, np.ndarray) and column.dtype.kind == "O"


def missing(column: Column) -> NDArray[np.bool_]:
    """(n,) True where the cell is missing: NaN, None, NaT or NA."""
    absent = np.asarray(pd.isna(column), dtype=bool)
    if _extension(column) and pd.api.types.is_float_dtype(column.dtype):  # may hold NaN beside what is missing
        absent |= np.isnan(column.to_numpy(np.float64, na_value=np.nan))
    return absent


def numbers(column: Column) -> NDArray[np.float64]:
    """(n,) places on an axis, NaN where missing: the numbers themselves, nanoseconds of dates, ranks of ordered levels.

    Raises
    ------
    ValueError
        For unordered categories, which have no place on an axis.
    """
    match kind(column):
        case "number":
            filled = pd.array(column).to_numpy(np.float64, na_value=np.nan) if _nullable(column) else column
            return np.asarray(filled, dtype=np.float64)
        case "date":
            places = _nanoseconds(column)
        case "ordered" if pd.api.types.is_bool_dtype(column.dtype):
            places = np.asarray(pd.array(column, dtype="boolean").to_numpy(np.float64, na_value=np.nan))
        case "ordered":
            places = ranks(column).astype(np.float64)
        case "category":
            message = "an unordered category has no place on an axis"
            raise ValueError(message)
    return np.where(missing(column), np.nan, places)


def ranks(column: Column) -> NDArray[np.intp]:
    """(n,) integers that order the rows by this column; equal values share one, missing cells come last."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        codes = np.asarray(column.codes, np.intp)
        return np.where(codes < 0, len(column.categories), codes)
    absent = missing(column)
    try:
        codes, values = pd.factorize(column, sort=True, use_na_sentinel=True)
    except TypeError:  # values of several types have no common order: any fixed order will do
        codes, values = pd.factorize(np.array([f"{type(v).__name__}:{v}" for v in column], object), sort=True)
    return np.where(absent, len(values), codes).astype(np.intp)


def cell_hashes(column: Column) -> NDArray[np.uint64]:
    """(n,) numbers that are equal where the cells are equal, whatever else the columns hold."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        levels = cell_hashes(_bare(column.categories))
        return np.asarray(np.append(levels, _NO_LEVEL)[np.asarray(column.codes)], np.uint64)
    if holds_objects(column):
        return _text_hashes(np.array([_as_text(cell) for cell in column], dtype=object))
    if isinstance(column.dtype, pd.StringDtype) and len(column) <= _FEW:
        absent = missing(column)  # among texts, it would make pandas strip zeros from their ends
        texts = np.where(absent, "", np.asarray(column, dtype=object))
        return np.where(absent, _NO_TEXT, _text_hashes(texts))
    if not _extension(column) and column.dtype.kind == "f" and column.dtype.itemsize != np.dtype("f8").itemsize:
        column = column.astype(np.float64)
    return np.asarray(pd.util.hash_array(column), np.uint64)


def _text_hashes(texts: NDArray[np.object_]) -> NDArray[np.uint64]:
    # pandas looks for equal texts first, which takes longer than to read a few
    return np.asarray(pd.util.hash_array(texts, categorize=len(texts) > _FEW), np.uint64)


_FEW = 64
_NO_TEXT = np.uint64(2**64 - 1)  # what pandas gives a missing one
_NO_LEVEL = np.uint64(0xA5A5F00D5EED1234)


def _as_text(cell: object) -> str:
    """Text that tells 1 from "1": pandas hashes the text of objects."""
    if not isinstance(cell, str):
        return f"\0{type(cell).__name__}:{cell!r}"
    return cell if cell.isascii() else cell.encode("utf-8", "backslashreplace").decode()  # half of a surrogate pair


def series(column: Column) -> pd.Series[Any]:
    """A column as a Series; left to itself pandas looks for strings among objects.

    Examples
    --------
    >>> series(np.array(["a", None], dtype=object)).dtype
    dtype('O')
    """
    made: pd.Series[Any] = pd.Series(column, dtype=object) if holds_objects(column) else pd.Series(column)
    return made


def stacked(columns: Sequence[Column]) -> Column:
    """Columns of one dtype, one under the other."""
    if all(isinstance(column, np.ndarray) for column in columns):
        return np.concatenate(columns)
    return pd.concat([series(column) for column in columns], ignore_index=True).array


def nullable(values: NDArray[Any], absent: NDArray[np.bool_]) -> Column:
    """Numbers or booleans in pandas' nullable dtype; NaN is kept apart from what is ``absent``.

    Examples
    --------
    >>> nullable(np.array([1, 2], np.int8), np.array([False, True])).tolist()
    [1, <NA>]
    """
    if values.dtype == np.float16:
        values = values.astype(np.float32)  # pandas has no smaller nullable one
    arrays: dict[str, Any] = {"b": pd.arrays.BooleanArray, "f": pd.arrays.FloatingArray}
    return arrays.get(values.dtype.kind, pd.arrays.IntegerArray)(values.copy(), np.array(absent, bool))


def united(column: Column, other: Column) -> tuple[Column, Column]:
    """Two columns of one feature in a dtype that holds the values of both, the first one's kind where it can.

    Levels stay in the first one's order, and those that only the other has come after them.

    Raises
    ------
    TypeError
        If the two hold different things, such as numbers and strings.
    """
    if column.dtype == other.dtype:
        return column, other
    if isinstance(column.dtype, pd.CategoricalDtype):
        extra = [value for value in pd.unique(series(other).dropna()) if value not in column.categories]
        levels = [*column.categories, *extra]
        ours = column.set_categories(levels)
        codes = pd.Index(levels, dtype=object).get_indexer(pd.Index(np.asarray(other, dtype=object), dtype=object))
        return ours, pd.Categorical.from_codes(codes, dtype=ours.dtype)
    if isinstance(other.dtype, pd.CategoricalDtype):
        return united(column, _bare(pd.Series(other.categories).reindex(other.codes)))
    plain = not _extension(column) and not _extension(other)
    if plain and ({column.dtype.kind, other.dtype.kind} <= set("biuf") or column.dtype.kind == other.dtype.kind == "U"):
        dtype = np.result_type(column.dtype, other.dtype)
        return column.astype(dtype), other.astype(dtype)
    column, other = _as_nullable_as(other, column), _as_nullable_as(column, other)
    if column.dtype == other.dtype:
        return column, other
    common = _common(column, other)
    return _bare(series(column).astype(common)), _bare(series(other).astype(common))


def _as_nullable_as(model: Column, column: Column) -> Column:
    """Plain numbers beside nullable ones become nullable, none of them missing: pandas would take NaN for missing."""
    wanted = _extension(model) and isinstance(getattr(model.dtype, "numpy_dtype", None), np.dtype)
    if wanted and pd.api.types.is_numeric_dtype(model.dtype) and not _extension(column) and column.dtype.kind in "biuf":
        return nullable(column, np.zeros(len(column), bool))
    return column


def _common(column: Column, other: Column) -> Any:
    """Return the dtype that holds both columns; objects only where one of them holds objects already."""
    if {kind(column), kind(other)} == {"category"} and (holds_objects(column) or holds_objects(other)):
        texts = all(pd.api.types.infer_dtype(one, skipna=True) in {"string", "empty"} for one in (column, other))
        return column.dtype if texts else np.dtype(object)
    if isinstance(column.dtype, pd.DatetimeTZDtype) and isinstance(other.dtype, pd.DatetimeTZDtype):
        return column.dtype  # one moment in two time zones
    common = pd.concat([series(column).head(1), series(other).head(1)]).dtype
    if common == np.dtype(object):
        message = f"no dtype holds {column.dtype} and {other.dtype}"
        raise TypeError(message)
    return common


_IN_NANOSECONDS = {"s": 1e9, "ms": 1e6, "us": 1e3, "ns": 1.0}


def _nanoseconds(column: Column) -> NDArray[np.float64]:
    """(n,) dates or durations; as floats, so that years which whole nanoseconds do not reach have a place too."""
    held: Column = pd.Series(column).array
    return np.asarray(held.asi8, np.float64) * _IN_NANOSECONDS[held.unit]


def _bare(cells: pd.Series[Any] | pd.Index) -> Column:
    return cells.to_numpy() if isinstance(cells.dtype, np.dtype) else cells.array


def _extension(column: Column) -> bool:
    return not isinstance(column, np.ndarray)


def _nullable(column: Column) -> bool:
    return _extension(column) and not isinstance(column.dtype, np.dtype)
