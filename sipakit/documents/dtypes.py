"""Dtypes of pandas columns and time zones by name, and back: a name means the same on every machine.

Where pandas' own name of a dtype leaves something out or names a file, the name here is another:

* text: ``str[python]``, ``str[pyarrow]``, ``string[python]``, ``string[pyarrow]``; arrow's own is ``utf8[pyarrow]``;
* a zone: its key, such as ``Europe/Berlin``; ``UTC+01:00`` for a fixed offset; with ``dateutil/`` before it for a zone
  of that library. A zone that has none of these is UTC: the same moments.
"""

from __future__ import annotations

import re
from datetime import timedelta, timezone, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from sipakit.errors import MissingPackageError

__all__ = ["dtype_name", "dtype_of", "zone_name", "zone_of"]

_KEY: Final = re.compile(r"[A-Za-z0-9_+-]+(?:/[A-Za-z0-9_+-]+)*")  # no way out of the folder of zones
_OFFSET: Final = re.compile(r"UTC(?:([+-])(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{6}))?)?)?")
_ZONED: Final = re.compile(r"datetime64\[(s|ms|us|ns), (.+)\]")
_TEXT: Final = re.compile(r"(string|str)\[(python|pyarrow)\]")
_DECIMAL: Final = re.compile(r"(decimal(?:32|64|128|256))\((\d{1,3}), (-?\d{1,3})\)")
_DICTIONARY: Final = re.compile(r"dictionary<values=(\w+), indices=(\w+), ordered=([01])>")
_ARROW: Final = "[pyarrow]"


def dtype_name(dtype: Any) -> str:
    """Return the name of the dtype of a pandas column.

    Examples
    --------
    >>> dtype_name(pd.Int64Dtype()), dtype_name(pd.StringDtype("python"))
    ('Int64', 'string[python]')
    """
    if isinstance(dtype, pd.StringDtype):
        return f"{'string' if dtype.na_value is pd.NA else 'str'}[{dtype.storage}]"
    if isinstance(dtype, pd.DatetimeTZDtype):
        return f"datetime64[{dtype.unit}, {zone_name(dtype.tz)}]"
    name = str(dtype)
    return f"utf8{_ARROW}" if isinstance(dtype, pd.ArrowDtype) and name == f"string{_ARROW}" else name


def dtype_of(name: str) -> Any:
    """Return the dtype that a name stands for.

    Raises
    ------
    TypeError, ValueError, NotImplementedError
        For a name that stands for none.
    MissingPackageError
        For one of pyarrow where that is not installed.

    Examples
    --------
    >>> dtype_of("datetime64[s, UTC+01:00]").tz
    datetime.timezone(datetime.timedelta(seconds=3600))
    """
    if text := _TEXT.fullmatch(name):
        storage: Any = text[2]
        return pd.StringDtype(storage, na_value=pd.NA if text[1] == "string" else np.nan)
    if zoned := _ZONED.fullmatch(name):
        unit: Any = zoned[1]
        return pd.DatetimeTZDtype(unit, zone_of(zoned[2]))
    return _arrow(name) if name.endswith(_ARROW) else pd.api.types.pandas_dtype(name)


def _arrow(name: str) -> Any:
    """Arrow's types by their own names, some of which pandas writes and does not read."""
    try:
        import pyarrow as pa
    except ImportError as error:
        raise MissingPackageError.of(f"load of a column of {name!r:.60}", "pyarrow", "parquet") from error
    own = name.removesuffix(_ARROW)
    if decimal := _DECIMAL.fullmatch(own):
        return pd.ArrowDtype(getattr(pa, decimal[1])(int(decimal[2]), int(decimal[3])))
    if levels := _DICTIONARY.fullmatch(own):
        values, indices = map(pa.type_for_alias, levels.group(1, 2))
        return pd.ArrowDtype(pa.dictionary(indices, values, ordered=levels[3] == "1"))
    return pd.api.types.pandas_dtype(name)


def zone_name(zone: tzinfo) -> str:
    """Return what a time zone is called.

    Examples
    --------
    >>> zone_name(ZoneInfo("Europe/Berlin")), zone_name(timezone(timedelta(hours=-1), "mine"))
    ('Europe/Berlin', 'UTC-01:00')
    """
    if isinstance(zone, ZoneInfo):
        return zone.key or "UTC"
    foreign = "dateutil/" if type(zone).__module__.startswith("dateutil") else ""
    offset = zone.utcoffset(None)
    if offset is not None:  # always the same, whatever the zone is named
        return f"{foreign}{timezone(offset)}"
    file = str(getattr(zone, "_filename", "")).replace("\\", "/").rpartition("zoneinfo/")[2]
    key = file if foreign else str(zone)
    return f"{foreign}{key}" if _KEY.fullmatch(key) else "UTC"


def zone_of(name: str) -> Any:
    """Return the time zone of a name: a zone, or the key that pandas reads.

    Raises
    ------
    ValueError
        For a name of no zone.

    Examples
    --------
    >>> zone_of("UTC+05:30"), zone_of("Europe/Berlin")
    (datetime.timezone(datetime.timedelta(seconds=19800)), 'Europe/Berlin')
    """
    key = name.removeprefix("dateutil/")
    offset = _offset(key)
    if key == name:
        return name if offset is None else offset
    from dateutil import tz  # type: ignore[import-untyped]  # comes with pandas

    if offset is not None:
        return tz.tzoffset(None, offset.utcoffset(None)) if offset.utcoffset(None) else tz.tzutc()
    found = tz.gettz(key) if _KEY.fullmatch(key) else None
    if found is None:
        message = f"{name!r:.60} is no time zone"
        raise ValueError(message)
    return found


def _offset(name: str) -> timezone | None:
    found = _OFFSET.fullmatch(name)
    if found is None:
        return None
    hours, minutes, seconds, micros = (int(part or 0) for part in found.groups()[1:])
    size = timedelta(hours=hours, minutes=minutes, seconds=seconds, microseconds=micros)
    return timezone(-size if found[1] == "-" else size)
