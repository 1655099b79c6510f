"""Columns of every type that is held, in polars and in pyarrow."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pytest

pl, pa = pytest.importorskip("polars"), pytest.importorskip("pyarrow")

NAN = float("nan")
DAY, OLD = dt.date(2024, 2, 29), dt.date(1, 1, 1)
NOON, HOUR = dt.datetime(2024, 10, 27, 0, 30), dt.timedelta(hours=1)  # noqa: DTZ001 - zones are given by the types
EXACT = {  # cells, type of polars, type of pyarrow, dtype that is held
    "whole": ([2**63 - 1, -(2**63), 2**53 + 1], pl.Int64, pa.int64(), "int64"),
    "whole with a missing cell": ([2**53 + 1, None, 0], pl.Int64, pa.int64(), "Int64"),
    "large": ([2**64 - 1, 0, 1], pl.UInt64, pa.uint64(), "uint64"),
    "large with a missing cell": ([2**64 - 1, None, 1], pl.UInt64, pa.uint64(), "UInt64"),
    "narrow": ([-128, None, 127], pl.Int8, pa.int8(), "Int8"),
    "float": ([0.1, NAN, float("inf")], pl.Float64, pa.float64(), "float64"),
    "missing cells beside NaN": ([0.1, NAN, None], pl.Float64, pa.float64(), "Float64"),
    "single": ([0.5, NAN, None], pl.Float32, pa.float32(), "Float32"),
    "half": ([0.5, NAN, None], pl.Float16, pa.float16(), "Float32"),
    "boolean": ([True, False, True], pl.Boolean, pa.bool_(), "bool"),
    "boolean with a missing cell": ([True, None, False], pl.Boolean, pa.bool_(), "boolean"),
    "text": (["a\0", None, ""], pl.String, pa.large_string(), None),
    "decimal": ([Decimal("0.29"), None, Decimal("-12345.67")], pl.Decimal(10, 2), pa.decimal128(10, 2), "float64"),
    "day": ([DAY, None, OLD], pl.Date, pa.date32(), "datetime64[D]"),
    "moment": ([NOON, None, NOON + HOUR], pl.Datetime("us"), pa.timestamp("us"), "datetime64[us]"),
    "moment in nanoseconds": ([NOON, None, NOON], pl.Datetime("ns"), pa.timestamp("ns"), "datetime64[ns]"),
    "moment in a zone": (  # the hour that the clock shows twice
        [NOON, None, NOON + HOUR],
        pl.Datetime("ms", "Europe/Berlin"),
        pa.timestamp("ms", "Europe/Berlin"),
        "datetime64[ms, Europe/Berlin]",
    ),
    "duration": ([HOUR, None, -HOUR], pl.Duration("ms"), pa.duration("ms"), "timedelta64[ms]"),
    "time of day": ([dt.time(23, 59, 59, 999999), None, dt.time(0)], pl.Time, pa.time64("us"), "object"),
    "bytes": ([b"\0", None, b""], pl.Binary, pa.binary(), "object"),
    "nothing": ([None, None, None], pl.Null, pa.null(), "object"),
    "levels": (["b", None, "a"], pl.Categorical, pa.dictionary(pa.int8(), pa.string()), "category"),
    "levels in an order": (["b", None, "c"], pl.Enum(["c", "b", "a"]), None, "category"),
    "levels, all missing": ([None, None, None], pl.Enum([]), None, "category"),
}


def of_polars(name):
    cells, kind, *_ = EXACT[name]
    if isinstance(kind, pl.Datetime) and kind.time_zone:
        return pl.DataFrame(
            {"v": pl.Series(cells, dtype=pl.Datetime("ms", "UTC")).dt.convert_time_zone(kind.time_zone)}
        )
    return pl.DataFrame({"v": pl.Series(cells, dtype=kind)})


def of_arrow(name):
    cells, _, kind, _ = EXACT[name]
    if kind is None:
        return of_polars(name).to_arrow()
    if pa.types.is_dictionary(kind):
        array = pa.array(cells, kind.value_type).dictionary_encode().cast(kind)
    elif name == "half":
        array = pa.array([None if cell is None else np.float16(cell) for cell in cells], kind)
    else:
        array = pa.array(cells, kind)
    return pa.table({"v": array})
