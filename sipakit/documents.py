"""Explanations as JSON text, so that a later version, another language or an auditor can read them.

A document holds every field of an explanation under its own name, and nothing that differs between two equal runs
but the seconds in ``cost``. What JSON has no word for is an object with a ``type``, by the table at the end:

* an array: ``{"dtype", "shape", "data", "nonfinite"}``, flat in C order; where ``data`` has null, ``nonfinite`` says
  ``[flat index, "nan" | "inf" | "-inf" | "nat" | "na"]``, and a null that it does not name is None;
* a categorical column: the same with ``categories`` and ``ordered``, and codes as data (-1 is missing);
* a name: always text; ``names`` lists what the text stands for where that was no text.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from sipakit.axis import Axis, Plane
from sipakit.caveats import Caveat
from sipakit.estimate import Estimate
from sipakit.explanation import Cost

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from sipakit.explanation import Explanation

__all__ = ["SCHEMA", "dumps"]

SCHEMA: Final = "sipakit.explanation/1"
_ADDRESS: Final = re.compile(r" at 0x[0-9A-Fa-f]+")
_LONGEST: Final = 1_000  # characters of an object that has only a repr


def dumps(explanation: Explanation) -> str:
    """Write an explanation as JSON text, one field a line.

    Parameters
    ----------
    explanation : Explanation

    Returns
    -------
    str, ASCII only, without NaN or Infinity; equal explanations give equal text.
    """
    document: dict[str, Any] = {"schema": SCHEMA, **_fields(explanation)}
    named = list(_all_names(explanation))
    others = {str(name): _encoded(name) for name in named if not isinstance(name, str)}
    if others:
        document["names"] = others
    lines = (f"{_text(key)}: {_text(value)}" for key, value in document.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _text(value: object) -> str:
    return json.dumps(value, allow_nan=False)


def _all_names(explanation: Explanation) -> Iterable[Hashable]:
    yield from explanation.features
    yield from getattr(explanation, "columns", ())
    yield from (axis.name for axis in getattr(explanation, "axes", ()))
    yield from (name for pair in getattr(explanation, "pairs", ()) for name in pair if name is not None)
    yield from (name for name in getattr(explanation, "term_features", ()) if name is not None)


def _fields(thing: Any) -> dict[str, Any]:
    """Return a dataclass as an object with its type and every field."""
    fields = {field.name: getattr(thing, field.name) for field in dataclasses.fields(thing)}
    encoded = {name: _NAMES[name](value) if name in _NAMES else _encoded(value) for name, value in fields.items()}
    return {"type": type(thing).__name__, **encoded}


def _name(value: object) -> str | None:
    """Return a name as text; None stays, for *all others* and *no feature*."""
    return None if value is None else str(value)


def _names(value: Iterable[object]) -> list[str | None]:
    return [_name(name) for name in value]


def _encoded(value: object) -> Any:
    """Return what stands for a value in JSON, by the first line of the table that fits."""
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


def _float(value: float) -> Any:
    return float(value) if math.isfinite(value) else {"type": "float", "value": _mark(value)}


def _mark(value: object) -> str:
    """Name a value that JSON numbers cannot express; empty where it is none of them."""
    if value is pd.NaT or (isinstance(value, (np.datetime64, np.timedelta64)) and np.isnat(value)):
        return "nat"
    if value is pd.NA:
        return "na"
    if isinstance(value, (float, np.floating)) and not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    return ""


def _array(array: np.ndarray[Any, Any]) -> dict[str, Any]:
    flat = array.reshape(-1)
    if array.dtype.kind in "mM":
        data, marks = _cells(pd.array(flat), _moment)
    elif array.dtype.kind == "f":
        data = list[Any](flat.astype(np.float64).tolist())
        marks = [[int(i), _mark(flat[i])] for i in np.flatnonzero(~np.isfinite(flat))]
        for place, _ in marks:
            data[place] = None
    elif array.dtype.kind in "biuU":
        data, marks = flat.tolist(), []
    else:
        data, marks = _cells(flat, _encoded)
    return {"dtype": str(array.dtype), "shape": list(array.shape), "data": data, "nonfinite": marks}


def _column(column: Any) -> dict[str, Any]:
    """Return a pandas extension array."""
    if isinstance(column, pd.Categorical):
        levels = column.categories.array
        codes = np.asarray(column.codes).tolist()
        return {
            "dtype": "category",
            "shape": [len(column)],
            "data": codes,
            "nonfinite": [],
            "categories": _encoded(levels),
            "ordered": bool(column.ordered),
        }
    data, marks = _cells(column, _moment)
    return {"dtype": str(column.dtype), "shape": [len(column)], "data": data, "nonfinite": marks}


def _cells(cells: Iterable[object], encode: Callable[[Any], Any]) -> tuple[list[Any], list[list[Any]]]:
    """Return cells one by one, and which of them are missing or infinite, and how."""
    cells = list(cells)
    marks = [[place, mark] for place, mark in enumerate(map(_mark, cells)) if mark]
    return [None if _mark(cell) else encode(cell) for cell in cells], marks


def _moment(value: Any) -> Any:
    """Return a date or span as plain text, where the array's dtype says what it is."""
    return value.isoformat() if isinstance(value, (pd.Timestamp, pd.Timedelta)) else _encoded(value)


def _mapping(value: Mapping[Any, Any]) -> Any:
    if all(isinstance(key, str) for key in value) and "type" not in value:
        return {str(key): _encoded(item) for key, item in value.items()}
    return {"type": "mapping", "items": [[_encoded(key), _encoded(item)] for key, item in value.items()]}


def _set(value: AbstractSet[Any]) -> Any:
    return {"type": "set", "items": sorted(map(_encoded, value), key=_text)}


def _iso(kind: str) -> Callable[[Any], Any]:
    return lambda value: {"type": kind, "value": value.isoformat()}


def _missing(value: object) -> Any:
    return {"type": "missing", "value": _mark(value)}


def _scalar(value: np.generic) -> Any:
    if isinstance(value, (np.datetime64, np.timedelta64)):
        moment = pd.Timestamp(value) if isinstance(value, np.datetime64) else pd.Timedelta(value)
        return _encoded(moment)
    if isinstance(value, np.floating):  # a long double's item is a long double
        return _float(float(value))
    plain = value.item()
    return {"type": "object", "value": str(value)} if isinstance(plain, np.generic) else _encoded(plain)


def _as_it_is(value: object) -> Any:
    return value


# Fields that hold names.
_NAMES: Final[dict[str, Callable[[Any], Any]]] = {
    "name": _name,
    "features": _names,
    "columns": _names,
    "outputs": _names,
    "metrics": _names,
    "term_features": _names,
    "pairs": lambda pairs: [_names(pair) for pair in pairs],
}
# The order matters: NaT is a datetime, True an int, numpy's float64 a float, a Timestamp a datetime and a date.
_TABLE: Final[tuple[tuple[Any, Callable[[Any], Any]], ...]] = (
    ((type(None), bool), _as_it_is),
    ((type(pd.NaT), type(pd.NA)), _missing),
    (np.generic, _scalar),
    (str, str),
    (int, int),
    (float, _float),
    (pd.Timedelta, _iso("timedelta")),
    (timedelta, lambda value: _encoded(pd.Timedelta(value))),
    ((datetime, date), lambda value: {"type": "date", "value": value.isoformat()}),
    (time, _iso("time")),
    (np.ndarray, _array),
    (pd.api.extensions.ExtensionArray, _column),
    ((Axis, Plane, Estimate, Cost, Caveat), _fields),
    (Mapping, _mapping),
    (list, lambda value: [_encoded(item) for item in value]),
    (tuple, lambda value: _encoded(list(value))),
    (AbstractSet, _set),
)
