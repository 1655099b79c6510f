"""One column in: what a `Table` holds for it, by one table of types; refused if it would not come back equal."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from sipakit import columns as col
from sipakit.errors import InputTypeError
from sipakit.frames.base import Library

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["read_exactly"]


def read_exactly(series: nw.Series[Any], library: Library, called: str) -> col.Column:
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


def _held(series: nw.Series[Any], library: Library) -> col.Column:
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
