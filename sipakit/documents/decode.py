"""Values from JSON: the way back of `sipakit.documents.encode`, which builds plain values and nothing that runs.

Whatever does not fit raises ValueError or a builtin error like it; `sipakit.documents.text` says in which file.
"""

from __future__ import annotations

import dataclasses
import math
import re
from base64 import b64decode
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from sipakit.axis import Axis, Plane
from sipakit.caveats import CODES, Caveat
from sipakit.documents.dtypes import dtype_of, zone_of
from sipakit.documents.encode import LISTED
from sipakit.errors import first_few
from sipakit.estimate import Estimate
from sipakit.explanation import Cost
from sipakit.shown import Shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["built", "decoded", "expect"]

_T = TypeVar("_T")
_DEEPEST: Final = 50
_MARKS: Final[Mapping[str, Any]] = {"nan": np.nan, "inf": np.inf, "-inf": -np.inf, "nat": pd.NaT, "na": pd.NA}
_DTYPE: Final = re.compile(
    r"[<>]?(?:bool|u?int(?:8|16|32|64)|float(?:16|32|64|96|128)|[iuf][248]|object|U\d{1,6}"
    r"|(?:datetime64|timedelta64)\[(?:Y|M|W|D|h|m|s|ms|us|ns)\])"
)
_MASKED: Final = re.compile(r"U?Int(?:8|16|32|64)|Float(?:32|64)|boolean")
_PLAIN_CELLS: Final = frozenset({str, int, bool, type(None)})  # most cells: no table needed
_LARGEST: Final = 2**32  # bytes of one array
_LARGEST_TEXT: Final = 2**28  # of text, where a few letters of the dtype can ask for any number


def decoded(value: Any, depth: int = 0) -> Any:
    """Return the value that a piece of JSON stands for.

    Parameters
    ----------
    value : what `json.loads` made
    depth : int
        How deep the piece lies.

    Raises
    ------
    ValueError, TypeError, KeyError
        For what no value looks like.

    Examples
    --------
    >>> decoded({"type": "tuple", "items": ["a", 1]}), decoded({"type": "float", "value": "inf"})
    (('a', 1), inf)
    """
    if depth > _DEEPEST:
        message = f"nested deeper than {_DEEPEST}"
        raise ValueError(message)
    if isinstance(value, dict):
        if "type" not in value:
            return {key: decoded(item, depth + 1) for key, item in value.items()}
        kind = expect(str, value["type"])
        if kind in _LEAVES:
            return _LEAVES[kind](value)
        if kind in _NESTED:
            return _NESTED[kind](value, depth + 1)
        message = f"{kind!r} is no type of this schema"
        raise ValueError(message)
    if isinstance(value, list):
        return _items(value, depth)
    if isinstance(value, float) and not math.isfinite(value):  # 1e999
        message = "a number is too large"
        raise ValueError(message)
    return value


def built(kind: type[_T], document: Mapping[str, Any], depth: int = 0, made: Mapping[str, Any] | None = None) -> _T:
    """Return a dataclass from the object that has all of its fields and no other.

    Parameters
    ----------
    kind : dataclass
    document : name -> JSON, with the ``type`` or without
    depth : int
    made : name -> value, optional
        Fields that were read from elsewhere.

    Raises
    ------
    ValueError, TypeError, KeyError
        Naming the field.
    """
    known = {field.name: str(field.type) for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    own = {name: value for name, value in document.items() if name != "type"}
    given = {**own, **(made or {})}
    if known.keys() != given.keys() or len(given) < len(own) + len(made or {}):
        lacking, odd = sorted(known.keys() - given.keys()), sorted(given.keys() - known.keys())
        told = f"lacks {first_few(lacking)}" if lacking else ""
        twice = sorted(own.keys() & (made or {}).keys())
        others = f"has other fields: {first_few(odd or twice)}" if odd or twice else ""
        message = f"{kind.__name__} {' and '.join(filter(None, (told, others)))}"
        raise ValueError(message)
    held = {}
    for name, value in given.items():
        try:
            held[name] = value if made and name in made else _field(name, value, depth)
            fits = _fits(known[name], held[name])
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, ArithmeticError) as error:
            message = f"{name}: {error}"
            raise ValueError(message) from error
        if not fits:
            message = f"{name} is no {known[name]}"
            raise ValueError(message)
    return kind(**held)


def expect(kind: type[_T], value: object) -> _T:
    """Return a value that is of a kind.

    Raises
    ------
    TypeError
        For any other value.

    Examples
    --------
    >>> expect(list, [1])
    [1]
    """
    if not isinstance(value, kind):
        message = f"{value!r:.60} is no {kind.__name__}"
        raise TypeError(message)
    return value


def _field(name: str, value: Any, depth: int) -> Any:
    if name == "sets":
        return tuple(tuple(_items(names, depth)) for names in expect(list, value))
    return tuple(_items(value, depth)) if name in LISTED else decoded(value, depth)


def _items(value: Any, depth: int) -> list[Any]:
    return [decoded(item, depth + 1) for item in expect(list, value)]


# What a dataclass says of its fields, as it is written there -> what the value must be.
_HOLDS: Final[Mapping[str, Callable[[Any], bool]]] = {
    "str": lambda value: type(value) is str,
    "bool": lambda value: isinstance(value, bool),
    "int": lambda value: type(value) is int,
    "float": lambda value: type(value) in (float, int),
    "Estimate": lambda value: isinstance(value, Estimate),
    "Cost": lambda value: isinstance(value, Cost),
    "Mapping[str, Any]": lambda value: isinstance(value, dict),
    "Mapping[str, NDArray[np.float64]]": lambda v: all(map(_HOLDS["NDArray[np.float64]"], v.values())),
    "NDArray[np.float64]": lambda value: isinstance(value, np.ndarray) and value.dtype.kind == "f",
    "NDArray[np.intp]": lambda value: isinstance(value, np.ndarray) and value.dtype.kind == "i",
    "NDArray[np.bool_]": lambda value: isinstance(value, np.ndarray) and value.dtype.kind == "b",
    "NDArray[np.object_]": lambda value: isinstance(value, np.ndarray) and value.dtype.kind == "O",
    "tuple[str, ...]": lambda value: all(type(one) is str for one in value),
    "tuple[int, ...]": lambda value: all(type(one) is int for one in value),
    "tuple[Caveat, ...]": lambda value: all(isinstance(one, Caveat) for one in value),
    "Axis": lambda value: isinstance(value, Axis),
    "tuple[Axis, ...]": lambda value: all(isinstance(one, Axis) for one in value),
    "tuple[Axis | Plane, ...]": lambda value: all(isinstance(one, (Axis, Plane)) for one in value),
    "tuple[tuple[Hashable, ...], ...]": lambda value: all(2 <= len(one) <= 3 for one in value),
    "tuple[tuple[Hashable, str], ...]": lambda value: all(type(told) is str for _, told in value),
    "tuple[tuple[Hashable, int], ...]": lambda value: all(type(count) is int for _, count in value),
}


def _fits(annotation: str, value: object) -> bool:
    optional = annotation.removesuffix(" | None")
    if value is None and optional != annotation:
        return True
    return _HOLDS.get(optional, lambda _: True)(value)


# ---- arrays


def _array(entry: Mapping[str, Any], depth: int) -> np.ndarray[Any, Any]:
    name, data, marks = entry["dtype"], expect(list, entry["data"]), entry.get("nonfinite", [])
    if not _DTYPE.fullmatch(name):
        message = f"{name!r} is no dtype of an array"
        raise ValueError(message)
    dtype = np.dtype(name)
    if dtype.itemsize * len(data) > (_LARGEST_TEXT if dtype.kind == "U" else _LARGEST):
        message = f"an array of {len(data)} {name} is too large"
        raise ValueError(message)
    if dtype.kind == "O":
        flat: np.ndarray[Any, Any] = np.empty(len(data), dtype=object)
        flat[:] = _cells(data, marks, depth)
    elif dtype.kind in "mM":
        flat = _moments(data, marks, dtype)
    else:
        _all_are(data, _PLAIN[dtype.kind], {place for place, _ in marks})
        flat = np.array([0 if cell is None else cell for cell in data] if marks else data, dtype=dtype)
        for place, mark in marks:
            flat[place] = _MARKS[mark]
        if dtype.kind == "f" and int(np.count_nonzero(~np.isfinite(flat))) != len(marks):
            message = "a number is too large"
            raise ValueError(message)
    return flat.reshape([expect(int, size) for size in entry["shape"]])


# What the cells of an array look like in JSON, by the kind of the dtype.
_PLAIN: Final[Mapping[str, tuple[type, ...]]] = {
    "f": (float, int),
    "i": (int,),
    "u": (int,),
    "b": (bool,),
    "U": (str,),
    "M": (str,),
    "m": (int,),
}


def _all_are(data: list[Any], kinds: tuple[type, ...], marked: set[int]) -> None:
    """Check that cells are of these types, and null where they are marked and nowhere else."""
    found = set(map(type, data))
    absent = sum(cell is None for cell in data) if type(None) in found else 0
    if found - {*kinds, type(None)} or absent != len(marked) or any(data[place] is not None for place in marked):
        message = f"cells are no {' or '.join(kind.__name__ for kind in kinds)}"
        raise TypeError(message)


def _cells(data: list[Any], marks: list[Any], depth: int) -> list[Any]:
    cells = [
        cell
        if type(cell) in _PLAIN_CELLS or (type(cell) is float and math.isfinite(cell))
        else decoded(cell, depth + 1)
        for cell in data
    ]
    for place, mark in marks:
        cells[place] = _MARKS[mark]
    return cells


def _moments(data: list[Any], marks: list[Any], dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    _all_are(data, _PLAIN[dtype.kind], {place for place, _ in marks})
    if dtype.kind == "m":
        return np.array(["NaT" if cell is None else cell for cell in data], dtype=dtype)
    return np.array(["NaT" if cell is None else cell.removesuffix("Z") for cell in data], dtype=dtype)


def _column(entry: Mapping[str, Any], depth: int) -> Any:
    name, data, marks = expect(str, entry["dtype"]), expect(list, entry["data"]), entry.get("nonfinite", [])
    if _MASKED.fullmatch(name):
        return _masked(name, data, marks)
    dtype = dtype_of(name)
    if isinstance(dtype, pd.DatetimeTZDtype):
        held = pd.Series(_moments(data, marks, np.dtype(f"M8[{dtype.unit}]")))
        return held.dt.tz_localize("UTC").dt.tz_convert(dtype.tz).array
    if isinstance(dtype, np.dtype) and dtype.kind in "mM":
        return pd.Series(_moments(data, marks, dtype)).array
    return pd.array(_cells(data, marks, depth), dtype=dtype)


def _masked(name: str, data: list[Any], marks: list[Any]) -> Any:
    """Return a nullable column; a NaN in it is a number, and no missing cell."""
    dtype: Any = pd.api.types.pandas_dtype(name)
    absent = np.zeros(len(data), dtype=bool)
    absent[[place for place, mark in marks if mark == "na"]] = True
    _all_are(data, _PLAIN[dtype.kind], {place for place, _ in marks})
    values = np.array([0 if cell is None else cell for cell in data], dtype=dtype.numpy_dtype)
    for place, mark in marks:
        if mark != "na":
            values[place] = _MARKS[mark]
    return dtype.construct_array_type()(values, absent)


def _categorical(entry: Mapping[str, Any], depth: int) -> pd.Categorical:
    codes = np.array(expect(list, entry["data"]), dtype=np.int64)
    levels = pd.Index(decoded(entry["categories"], depth + 1), copy=False)
    return pd.Categorical.from_codes(codes, levels, ordered=expect(bool, entry["ordered"]))


# ---- the rest of the table


def _estimate(entry: Mapping[str, Any], depth: int) -> Estimate:
    if "error" not in entry:
        found = built(Estimate, entry, depth)
    else:
        make = {"exact": Estimate.exact, "unknown": Estimate.unknown}[entry["error"]]
        values, parts = decoded(entry["values"], depth), decoded(entry["parts"], depth)
        if entry.keys() != {"type", "values", "error", "parts"} or not _fits("NDArray[np.float64]", values):
            message = "Estimate has other fields"
            raise ValueError(message)
        found = make(values, parts)
    if any(array.shape != found.values.shape for array in found.columns().values()):
        message = "values and errors have different shapes"
        raise ValueError(message)
    return found


def _axis(entry: Mapping[str, Any], depth: int) -> Axis:
    axis = built(Axis, entry, depth)
    if not len(axis.labels) == len(axis.values) == len(axis.positions) == len(axis.weight) > 0:
        message = f"the places of {axis.name!r} have different numbers of values, positions, labels and weights"
        raise ValueError(message)
    return axis


def _plane(entry: Mapping[str, Any], depth: int) -> Plane:
    plane = built(Plane, entry, depth)
    if plane.weight.shape != plane.shape or plane.rug.ndim != 2 or plane.rug.shape[1] != 2:
        message = f"the places of {plane.name!r} have other numbers of weights, or positions of rows that are no pairs"
        raise ValueError(message)
    return plane


def _caveat(entry: Mapping[str, Any], depth: int) -> Caveat:
    found = built(Caveat, entry, depth)
    if found.code not in CODES:
        message = f"caveat {found.code!r} is not known to this version of sipakit"
        raise ValueError(message)
    return found


def _instant(entry: Mapping[str, Any]) -> datetime:
    value = datetime.fromisoformat(entry["value"])
    if "zone" not in entry:
        return value
    name = expect(str, entry["zone"])
    return value.astimezone(zone_of(name) if name.startswith("dateutil/") else ZoneInfo(name))


def _timestamp(entry: Mapping[str, Any]) -> Any:
    value = pd.Timestamp(entry["value"])
    value = value.tz_convert(zone_of(entry["zone"])) if "zone" in entry else value
    return value.as_unit(entry["unit"])


def _scalar(entry: Mapping[str, Any]) -> Any:
    if not _DTYPE.fullmatch(entry["dtype"]):
        message = f"{entry['dtype']!r} is no dtype of a number"
        raise ValueError(message)
    return np.array(decoded(entry["value"], _DEEPEST - 1), dtype=entry["dtype"])[()]


# What holds no further values, and what does.
_LEAVES: Final[Mapping[str, Callable[[Mapping[str, Any]], Any]]] = {
    "object": lambda entry: Shown(expect(str, entry["value"])),
    "float": lambda entry: float({"nan": "nan", "inf": "inf", "-inf": "-inf"}[entry["value"]]),
    "missing": lambda entry: {"nat": pd.NaT, "na": pd.NA}[entry["value"]],
    "scalar": _scalar,
    "decimal": lambda entry: Decimal(expect(str, entry["value"])),
    "bytes": lambda entry: b64decode(entry["value"], validate=True),
    "date": lambda entry: date.fromisoformat(entry["value"]),
    "time": lambda entry: time.fromisoformat(entry["value"]),
    "datetime": _instant,
    "timestamp": _timestamp,
    "timedelta": lambda entry: pd.Timedelta(expect(str, entry["value"])).as_unit(entry["unit"]),
    "seconds": lambda entry: timedelta(*entry["value"]),
}
_NESTED: Final[Mapping[str, Callable[[Mapping[str, Any], int], Any]]] = {
    "array": _array,
    "column": _column,
    "categorical": _categorical,
    "Estimate": _estimate,
    "Axis": _axis,
    "Plane": _plane,
    "Caveat": _caveat,
    "Cost": lambda entry, depth: built(Cost, entry, depth),
    "tuple": lambda entry, depth: tuple(_items(entry["items"], depth)),
    "set": lambda entry, depth: set(_items(entry["items"], depth)),
    "frozenset": lambda entry, depth: frozenset(_items(entry["items"], depth)),
    "mapping": lambda entry, depth: dict(_items(entry["items"], depth)),
}
