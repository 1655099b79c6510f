"""Values as JSON. What JSON has no word for is an object with a ``type``, by the table at the end.

* an array: ``{"type": "array", "dtype", "shape", "data", "nonfinite"}``, flat in C order; where ``data`` has null,
  ``nonfinite`` says ``[flat index, "nan" | "inf" | "-inf" | "nat" | "na"]``, and a null that it does not name is None;
* a pandas column: the same with type ``column``, or ``categorical`` with codes as data (-1 is missing) beside the
  ``categories``; spans of time are whole numbers of the dtype's unit;
* an estimate: without ``std_error``, ``lower`` and ``upper`` where ``error`` says why: ``"exact"`` (the error is 0) or
  ``"unknown"`` (it is infinite);
* what is text here and was none, such as a function or a table: ``{"type": "object", "value": text}``.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
from base64 import b64encode
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from sipakit.axis import Axis, Plane
from sipakit.caveats import Caveat
from sipakit.documents.dtypes import dtype_name, zone_name
from sipakit.estimate import Estimate
from sipakit.explanation import Cost
from sipakit.shown import Shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["LISTED", "encoded", "field", "fields", "word_of"]

# Fields that are tuples in Python and lists in a document; any other tuple says so.
LISTED: Final = frozenset(
    "features outputs references metrics caveats axes columns sets terms term_features where labels unfinished".split()  # noqa: SIM905
)
_ADDRESS: Final = re.compile(r" at 0x[0-9A-Fa-f]+")
_PLAIN: Final = frozenset({str, int, bool, type(None)})
_MINUTE: Final = timedelta(minutes=1)
_LONGEST: Final = 1_000  # characters of an object that has only a repr


def encoded(value: object) -> Any:
    """Return what stands for a value in JSON, by the first line of the table that fits.

    Examples
    --------
    >>> encoded(0.5), encoded(("a", 1)), encoded(float("inf"))
    (0.5, {'type': 'tuple', 'items': ['a', 1]}, {'type': 'float', 'value': 'inf'})
    """
    for types, encode in _TABLE:
        if isinstance(value, types):
            return encode(value)
    if hasattr(value, "shape"):  # rows of data have no place in a document
        shown = f"<{type(value).__name__} {' x '.join(map(str, value.shape))}>"
    elif callable(value):
        shown = f"<{getattr(value, '__qualname__', type(value).__name__)}>"
    else:
        shown = _ADDRESS.sub("", repr(value))[:_LONGEST]
    return {"type": "object", "value": shown}


def fields(thing: Any) -> dict[str, Any]:
    """Return a dataclass as an object with its type and every field."""
    held = {one.name: getattr(thing, one.name) for one in dataclasses.fields(thing)}
    return {"type": type(thing).__name__, **{name: field(name, value) for name, value in held.items()}}


def field(name: str, value: Any) -> Any:
    """Return one field of a dataclass as JSON; some tuples are lists there, by the name of the field."""
    if name == "sets":
        return [_items(names) for names in value]
    return _items(value) if name in LISTED else encoded(value)


def _items(value: Iterable[object]) -> list[Any]:
    return [encoded(item) for item in value]


def word_of(estimate: Estimate) -> str | None:
    """Return the word for errors that are the same everywhere, ``"exact"`` or ``"unknown"``; None for any other."""
    for word, twin in (("exact", Estimate.exact(estimate.values)), ("unknown", Estimate.unknown(estimate.values))):
        if all(_same_bits(getattr(estimate, name), getattr(twin, name)) for name in ("std_error", "lower", "upper")):
            return word
    return None


def _estimate(estimate: Estimate) -> dict[str, Any]:
    """Leave out errors that a word can tell: they are three quarters of the numbers."""
    word = word_of(estimate)
    if word is None:
        return fields(estimate)
    values, parts = encoded(estimate.values), encoded(estimate.parts)
    return {"type": "Estimate", "values": values, "error": word, "parts": parts}


def _same_bits(one: np.ndarray[Any, Any], two: np.ndarray[Any, Any]) -> bool:
    return one.dtype == two.dtype and one.shape == two.shape and one.tobytes() == two.tobytes()


def _float(value: float) -> Any:
    return float(value) if math.isfinite(value) else {"type": "float", "value": _mark(value)}


def _mark(value: object) -> str:
    """Name a value that JSON numbers cannot express; empty where it is none of them."""
    if value is pd.NaT:
        return "nat"
    if value is pd.NA:
        return "na"
    if isinstance(value, float) and type(value) is float and not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    return ""


def _array(array: np.ndarray[Any, Any]) -> dict[str, Any]:
    flat = array.reshape(-1)
    if array.dtype.kind in "mM":
        data, marks = _moments(flat, "")
    elif array.dtype.kind == "f":
        data = list[Any](flat.astype(np.float64).tolist())
        marks = [[int(i), _mark(data[i])] for i in np.flatnonzero(~np.isfinite(flat))]
        for place, _ in marks:
            data[place] = None
    elif array.dtype.kind in "biuU":
        data, marks = flat.tolist(), []
    else:
        data, marks = _cells(flat)
    return _with_marks("array", str(array.dtype), array.shape, data, marks)


def _with_marks(kind: str, dtype: str, shape: Iterable[int], data: list[Any], marks: list[list[Any]]) -> dict[str, Any]:
    plain = {"type": kind, "dtype": dtype, "shape": list(shape), "data": data}
    return {**plain, "nonfinite": marks} if marks else plain


def _column(column: Any) -> dict[str, Any]:
    """Return a pandas extension array."""
    if isinstance(column, pd.Categorical):
        levels = column.categories
        shown = levels.to_numpy() if isinstance(levels.dtype, np.dtype) else levels.array
        codes = np.asarray(column.codes).tolist()
        return {
            "type": "categorical",
            "shape": [len(column)],
            "data": codes,
            "categories": encoded(shown),
            "ordered": bool(column.ordered),
        }
    dtype = column.dtype
    if isinstance(dtype, pd.DatetimeTZDtype) or (isinstance(dtype, np.dtype) and dtype.kind in "mM"):
        kind, zone = ("M", "Z") if isinstance(dtype, pd.DatetimeTZDtype) else (dtype.kind, "")
        data, marks = _moments(column.asi8.view(f"{kind}8[{column.unit}]"), zone)
    else:
        data, marks = _cells(column.tolist())  # Python's own numbers, not NumPy's
    return _with_marks("column", dtype_name(dtype), [len(column)], data, marks)


def _cells(cells: Iterable[object]) -> tuple[list[Any], list[list[Any]]]:
    """Return cells one by one, and which of them are missing or infinite, and how."""
    data, marks = [], []
    for place, cell in enumerate(cells):
        plain = type(cell) in _PLAIN or (type(cell) is float and math.isfinite(cell))  # most of them: no table needed
        mark = "" if plain else _mark(cell)
        data.append(cell if plain else None if mark else encoded(cell))
        if mark:
            marks.append([place, mark])
    return data, marks


def _moments(flat: np.ndarray[Any, Any], zone: str) -> tuple[list[Any], list[list[Any]]]:
    """Return dates as ISO text (UTC with a Z, where they have a zone) and spans as whole numbers, NaT apart."""
    absent = np.isnat(flat)
    if flat.dtype.kind == "m":
        data: list[Any] = flat.view(np.int64).tolist()
    else:
        whole = np.char.replace(np.datetime_as_string(flat, unit="auto"), "NaT", "")
        data = [f"{text}{zone if 'T' in text else ''}" for text in whole.tolist()]
    marks: list[list[Any]] = [[int(i), "nat"] for i in np.flatnonzero(absent)]
    for place in np.flatnonzero(absent):
        data[int(place)] = None
    return data, marks


def _mapping(value: Mapping[Any, Any]) -> Any:
    if all(type(key) is str for key in value) and "type" not in value:
        return {key: encoded(item) for key, item in value.items()}
    return {"type": "mapping", "items": [[encoded(key), encoded(item)] for key, item in value.items()]}


def _set(value: AbstractSet[Any]) -> Any:
    kind = "frozenset" if isinstance(value, frozenset) else "set"
    return {"type": kind, "items": sorted(map(encoded, value), key=json.dumps)}


def _iso(kind: str) -> Callable[[Any], Any]:
    return lambda value: {"type": kind, "value": value.isoformat()}


def _instant(value: datetime) -> Any:
    """Return a moment, with its zone where that is more than an offset."""
    zone = value.tzinfo
    name = "" if zone is None else zone_name(zone)
    named = isinstance(zone, ZoneInfo) or name.startswith("dateutil/")
    return {"type": "datetime", "value": value.isoformat(), **({"zone": name} if named else {})}


def _timestamp(value: pd.Timestamp) -> Any:
    zone = {} if value.tz is None else {"zone": zone_name(value.tz)}
    offset = value.utcoffset()
    plain = value if offset is None or not offset % _MINUTE else value.tz_convert("UTC")  # which pandas reads
    return {"type": "timestamp", "value": plain.isoformat(), "unit": value.unit, **zone}


def _scalar(value: np.generic) -> Any:
    """Return a NumPy scalar with its dtype, so that it comes back as one."""
    if value.dtype.kind in "mM":
        plain: Any = str(value)
    elif value.dtype.kind in "biuU":
        plain = value.item()
    elif value.dtype.kind == "f":
        plain = _float(float(value))
    else:
        return {"type": "object", "value": str(value)}
    return {"type": "scalar", "dtype": str(value.dtype), "value": plain}


def _as_it_is(value: object) -> Any:
    return value


# The order matters: NaT is a datetime, True an int, numpy's float64 a float, a Timestamp a datetime and a date.
_TABLE: Final[tuple[tuple[Any, Callable[[Any], Any]], ...]] = (
    ((type(None), bool), _as_it_is),
    ((type(pd.NaT), type(pd.NA)), lambda value: {"type": "missing", "value": _mark(value)}),
    (np.generic, _scalar),
    (Shown, lambda value: {"type": "object", "value": str(value)}),
    (str, str),
    (int, int),
    (float, _float),
    (pd.Timedelta, lambda value: {"type": "timedelta", "value": value.isoformat(), "unit": value.unit}),
    (timedelta, lambda value: {"type": "seconds", "value": [value.days, value.seconds, value.microseconds]}),
    (pd.Timestamp, _timestamp),
    (datetime, _instant),
    (date, _iso("date")),
    (time, _iso("time")),
    (Decimal, lambda value: {"type": "decimal", "value": str(value)}),
    (bytes, lambda value: {"type": "bytes", "value": b64encode(value).decode()}),
    (np.ndarray, _array),
    (pd.api.extensions.ExtensionArray, _column),
    (Estimate, _estimate),
    ((Axis, Plane, Cost, Caveat), fields),
    (Mapping, _mapping),
    (list, _items),
    (tuple, lambda value: {"type": "tuple", "items": _items(value)}),
    (AbstractSet, _set),
)
