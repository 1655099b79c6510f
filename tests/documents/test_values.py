"""Values as JSON and back."""

import json
import sys
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from dateutil import tz
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays, scalar_dtypes

import sipakit as sp
from sipakit.checks import same
from sipakit.documents.decode import decoded
from sipakit.documents.encode import encoded
from sipakit.estimate import Estimate
from sipakit.shown import Shown


def strict(text):
    def refuse(word):
        raise AssertionError(word)

    def once(pairs):
        assert len({key for key, _ in pairs}) == len(pairs), "a key twice"
        return dict(pairs)

    return json.loads(text, parse_constant=refuse, object_pairs_hook=once)


def there_and_back(value):
    text = json.dumps(encoded(value), allow_nan=False)
    assert text.isascii()
    again = decoded(strict(text))
    assert json.dumps(encoded(again)) == text
    return again


ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.dates()
    | st.datetimes(min_value=datetime(1700, 1, 1), max_value=datetime(2200, 1, 1))  # noqa: DTZ001
    | st.timedeltas()
    | st.times(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=4) | st.integers() | st.just("type"), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(ANY)
def test_any_value_comes_back_as_it_was(value):
    assert same(there_and_back(value), value)


@given(
    st.one_of(scalar_dtypes()).filter(lambda dtype: dtype.kind in "biuf").flatmap(lambda d: arrays(d, array_shapes()))
)
def test_any_array_of_numbers_comes_back_to_the_bit(array):
    again = there_and_back(array)
    assert (again.dtype, again.shape) == (array.dtype, array.shape)
    np.testing.assert_array_equal(
        np.isnan(again) if array.dtype.kind == "f" else again, np.isnan(array) if array.dtype.kind == "f" else array
    )
    assert same(again, array)


@pytest.mark.parametrize(
    "column",
    [
        pd.array([1, None, 3], dtype="Int64"),
        pd.array([2**63, None], dtype="UInt64"),
        pd.array([True, None], dtype="boolean"),
        pd.arrays.FloatingArray(np.array([1.5, np.nan, np.inf, 0.0]), np.array([False, False, False, True])),
        pd.array(["a", None, "\ud800"], dtype=object),
        pd.array(["a", "b", None], dtype=pd.StringDtype("python")),
        pd.array(["a", "b", None], dtype=pd.StringDtype("python", na_value=np.nan)),
        pd.date_range("2024-03-30", periods=3, tz="Europe/Berlin").array,
        pd.date_range("2024-10-27 00:30", periods=4, freq="h", tz="Europe/Berlin").as_unit("s").array,
        pd.date_range("2024-10-27", periods=2, tz="UTC").insert(1, pd.NaT).array,
        pd.array(pd.Series([pd.Timestamp("2024-01-01 00:00+05:30")])),
        pd.array(pd.Series([pd.Timestamp("2024-01-01 01:02:03.000000004"), pd.NaT])),
        pd.timedelta_range("1h", periods=3, freq="90s").array,
        pd.array(pd.Series([pd.Timedelta(1, "ns"), pd.NaT])),
        pd.period_range("2024-01", periods=3, freq="M").array[:0],
        np.array(["2024-01-01", "NaT"], dtype="M8[D]"),
        np.array([10**13], dtype="M8[s]"),
        np.array([5, "NaT"], dtype="m8[s]"),
        np.array(["a", "\ud800"], dtype="U3"),
        np.array([1.5, np.nan, -0.0], dtype=">f8"),
        np.array([1, "1", None, np.nan, (1, 2), True, 1.0, pd.NA, pd.NaT, np.float32(0.1)], dtype=object),
        np.array(3.5),
        np.empty((2, 0, 3)),
        pd.Categorical(["b", None, "a"], categories=["b", "a", "c"], ordered=True),
        pd.Categorical([3, 1, None], categories=[1, 3]),
        pd.Categorical([pd.Timestamp("2024-01-01"), None]),
    ],
    ids=lambda column: f"{type(column).__name__} {column.dtype}",
)
def test_a_column_of_any_dtype_comes_back_as_it_was(column):
    again = there_and_back(column)
    assert type(again) is type(column)
    assert again.dtype == column.dtype
    assert same(again, column)


def arrow_columns():
    """A column of every type of arrow that a table takes."""
    import pyarrow as pa

    tenths = [Decimal("0.1"), None, Decimal("-12345678901234567890.7")]
    return [
        ([1, None, -3], pa.int64()),
        ([0.5, None, 1.0], pa.float64()),
        ([True, None, False], pa.bool_()),
        (["a", None, ""], pa.string()),
        (["a", None, ""], pa.large_string()),
        (tenths, pa.decimal128(38, 1)),
        (tenths, pa.decimal256(76, 20)),
        ([Decimal(100), None], pa.decimal128(3, -2)),
        ([b"a\xff", None, b""], pa.binary()),
        ([time(23, 59), None], pa.time64("us")),
        ([datetime(2024, 1, 1), None], pa.timestamp("ns", "UTC")),  # noqa: DTZ001 - the type has the zone
        (["b", None, "a"], pa.dictionary(pa.int8(), pa.string())),
        (["b", None, "a"], pa.dictionary(pa.int32(), pa.large_string(), ordered=True)),
        ([3, None, 1], pa.dictionary(pa.int64(), pa.int64())),
        ([None], pa.null()),
    ]


def test_a_column_of_arrow_comes_back_as_it_was():
    pa = pytest.importorskip("pyarrow")
    for cells, kind in arrow_columns():
        column = pd.arrays.ArrowExtensionArray(pa.array(cells, kind))
        again = there_and_back(column)
        assert type(again) is type(column)
        assert again.dtype == column.dtype, kind
        assert again.tolist() == column.tolist(), kind


def test_a_type_of_arrow_that_cannot_be_is_refused():
    pytest.importorskip("pyarrow")
    names = ["decimal128(99, 2)", "decimal512(3, 2)", "dictionary<values=nonsense, indices=int8, ordered=0>", "list"]
    for name in names:
        with pytest.raises((ValueError, TypeError, NotImplementedError)):
            decoded({"type": "column", "dtype": f"{name}[pyarrow]", "shape": [1], "data": [1]})


def test_without_pyarrow_its_columns_are_refused_by_name(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(sp.MissingPackageError, match=r"'int64\[pyarrow\]'.*sipakit\[parquet\]"):
        decoded({"type": "column", "dtype": "int64[pyarrow]", "shape": [1], "data": [1]})


class Odd(tzinfo):
    """A zone that has no name."""

    def utcoffset(self, dt):
        return None if dt is None else timedelta(hours=1)

    def dst(self, dt):
        return timedelta(0)


ZONES = {  # zone -> its name, and what comes back where it is another zone of the same moments
    "key": (ZoneInfo("America/New_York"), "America/New_York", None),
    "UTC": (UTC, "UTC", None),
    "offset": (timezone(timedelta(hours=-3, minutes=-30)), "UTC-03:30", None),
    "offset in seconds": (timezone(timedelta(hours=2, seconds=7)), "UTC+02:00:07", None),
    "named offset": (timezone(timedelta(hours=2), "mine"), "UTC+02:00", None),
    "dateutil": (tz.gettz("Europe/Berlin"), "dateutil/Europe/Berlin", None),
    "dateutil UTC": (tz.tzutc(), "dateutil/UTC", None),
    "dateutil offset": (tz.tzoffset("mine", 3600), "dateutil/UTC+01:00", None),
    "dateutil offset in seconds": (tz.tzoffset(None, -3601), "dateutil/UTC-01:00:01", None),
    "dateutil rule": (tz.tzrange("EST", -18000, "EDT"), "UTC", UTC),
    "of nobody": (Odd(), "UTC", UTC),
}


@pytest.mark.parametrize("name", ZONES)
def test_a_column_in_any_zone_comes_back_with_the_same_moments(name):
    zone, called, other = ZONES[name]
    moments = pd.DatetimeIndex(["1900-01-01", "2024-03-31 00:59:59", "2024-10-27 00:30", "2024-10-27 01:30"], tz="UTC")
    column = moments.insert(1, pd.NaT).as_unit("us").tz_convert(zone).array
    assert encoded(column)["dtype"] == f"datetime64[us, {called}]"
    again = there_and_back(column)
    assert again.dtype == (column.dtype if other is None else pd.DatetimeTZDtype("us", other))
    assert same(again.asi8, column.asi8)
    if other is None:
        assert same(again, column)
        assert [str(moment) for moment in again] == [str(moment) for moment in column]
    levels = pd.Categorical(column)
    assert there_and_back(levels).categories.asi8.tolist() == levels.categories.asi8.tolist()


@pytest.mark.parametrize("name", [name for name, (*_, other) in ZONES.items() if other is None])
@pytest.mark.parametrize("text", ["1900-01-01T00:00:00", "2024-10-27T00:30:00", "2024-10-27T01:30:00"])
def test_a_moment_in_any_zone_comes_back_as_the_same(name, text):
    zone = ZONES[name][0]
    moment = datetime.fromisoformat(f"{text}+00:00").astimezone(zone)
    again = there_and_back(moment)
    assert (again.timestamp(), again.utcoffset()) == (moment.timestamp(), moment.utcoffset())
    stamp = pd.Timestamp(f"{text}+00:00").as_unit("us").tz_convert(zone)
    back = there_and_back(stamp)
    assert (back, back.unit, str(back)) == (stamp, stamp.unit, str(stamp))


def test_text_of_arrow_is_not_text_of_python():
    pytest.importorskip("pyarrow")
    for absent in (pd.NA, np.nan):
        column = pd.array(["a", None], dtype=pd.StringDtype("pyarrow", na_value=absent))
        again = there_and_back(column)
        assert (again.dtype.storage, again.dtype.na_value) == ("pyarrow", absent) or absent is not pd.NA
        assert type(again) is type(column)
        assert same(again, column)


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (None, None),
        (True, True),
        (0.5, 0.5),
        (np.bool_(False), {"type": "scalar", "dtype": "bool", "value": False}),
        (np.int64(2**62), {"type": "scalar", "dtype": "int64", "value": 2**62}),
        (np.float32(0.5), {"type": "scalar", "dtype": "float32", "value": 0.5}),
        (np.float64("nan"), {"type": "scalar", "dtype": "float64", "value": {"type": "float", "value": "nan"}}),
        (np.datetime64("2024-01-02"), {"type": "scalar", "dtype": "datetime64[D]", "value": "2024-01-02"}),
        (np.str_("a"), {"type": "scalar", "dtype": "<U1", "value": "a"}),
        (float("nan"), {"type": "float", "value": "nan"}),
        (float("-inf"), {"type": "float", "value": "-inf"}),
        (pd.NaT, {"type": "missing", "value": "nat"}),
        (pd.NA, {"type": "missing", "value": "na"}),
        (date(2024, 1, 2), {"type": "date", "value": "2024-01-02"}),
        (time(1, 2), {"type": "time", "value": "01:02:00"}),
        (datetime(2024, 1, 2, tzinfo=UTC), {"type": "datetime", "value": "2024-01-02T00:00:00+00:00"}),
        (timedelta(1, 2, 3), {"type": "seconds", "value": [1, 2, 3]}),
        (pd.Timedelta("1h").as_unit("s"), {"type": "timedelta", "value": "P0DT1H0M0S", "unit": "s"}),
        (
            pd.Timestamp("2024-01-02", tz="Europe/Berlin").as_unit("s"),
            {"type": "timestamp", "value": "2024-01-02T00:00:00+01:00", "unit": "s", "zone": "Europe/Berlin"},
        ),
        (b"ab\xff", {"type": "bytes", "value": "YWL/"}),
        (Decimal("1.50"), {"type": "decimal", "value": "1.50"}),
        (("a", 1), {"type": "tuple", "items": ["a", 1]}),
        (["a", 1], ["a", 1]),
        ({"a": 1}, {"a": 1}),
        ({1: 2, "1": 3}, {"type": "mapping", "items": [[1, 2], ["1", 3]]}),
        ({"type": "x"}, {"type": "mapping", "items": [["type", "x"]]}),
        (frozenset({"b", "a"}), {"type": "frozenset", "items": ["a", "b"]}),
        ({"b", "a"}, {"type": "set", "items": ["a", "b"]}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_kind_of_value_has_one_form_and_comes_back(value, form):
    assert encoded(value) == form
    again = there_and_back(value)
    assert type(again) is type(value)
    assert same(again, value)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kolkata"])
@pytest.mark.parametrize("fold", [0, 1])
def test_an_hour_that_comes_twice_stays_the_one_it_was(zone, fold):
    moment = datetime(2024, 10, 27, 2, 30, fold=fold, tzinfo=ZoneInfo(zone))
    again = there_and_back(moment)
    assert (again.utcoffset(), again.tzinfo.key) == (moment.utcoffset(), zone)
    assert there_and_back(pd.Timestamp(moment)) == pd.Timestamp(moment)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (pd.DataFrame({"secret": [1]}), "<DataFrame 1 x 1>"),
        (len, "<len>"),
        (Shown("<DataFrame 3 x 2>"), "<DataFrame 3 x 2>"),
        (1 + 2j, "(1+2j)"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_data_is_text_that_says_so(value, text):
    assert encoded(value) == {"type": "object", "value": text}
    again = there_and_back(value)
    assert type(again) is Shown
    assert repr(again) == str(again) == text


def test_no_text_holds_a_memory_address():
    assert encoded([object(), lambda x: x])[0]["value"] == "<object object>"
    assert " at 0x" not in json.dumps(encoded([object(), lambda x: x]))


def test_numbers_that_json_lacks_stand_in_a_list_beside_the_data():
    assert encoded(np.array([[1.5], [np.nan], [np.inf]])) == {
        "type": "array",
        "dtype": "float64",
        "shape": [3, 1],
        "data": [1.5, None, None],
        "nonfinite": [[1, "nan"], [2, "inf"]],
    }


def test_errors_that_are_the_same_everywhere_are_one_word():
    values = np.array([[1.5], [2.5]])
    for word, estimate in (("exact", Estimate.exact(values)), ("unknown", Estimate.unknown(values))):
        assert encoded(estimate) == {"type": "Estimate", "values": encoded(values), "error": word, "parts": {}}
        assert same(there_and_back(estimate), estimate)
    measured = Estimate(values, 0 * values, values, values + np.array([[0], [1e-15]]))
    assert same(there_and_back(measured), measured)
    other = Estimate(values, -0.0 * values, values, values)  # another zero is another number
    assert "error" not in encoded(other)


DEEP = {"type": "tuple", "items": []}
for _ in range(60):
    DEEP = {"type": "tuple", "items": [DEEP]}


@pytest.mark.parametrize(
    "entry",
    [
        {"type": "evil"},
        {"type": ["array"]},
        {"type": "float", "value": "1.5"},
        {"type": "scalar", "dtype": "O", "value": 1},
        {"type": "array", "dtype": "float64", "shape": [2], "data": [1.0]},
        {"type": "array", "dtype": "float64", "shape": [1], "data": ["1.0"]},
        {"type": "array", "dtype": "float64", "shape": [1], "data": [True]},
        {"type": "array", "dtype": "float64", "shape": [1], "data": [None]},
        {"type": "array", "dtype": "float64", "shape": [1], "data": [float("inf")]},
        {"type": "array", "dtype": "float64", "shape": [1], "data": [1.0], "nonfinite": [[0, "nan"]]},
        {"type": "array", "dtype": "int64", "shape": [1], "data": [0.5]},
        {"type": "array", "dtype": "int8", "shape": [1], "data": [300]},
        {"type": "array", "dtype": "bool", "shape": [1], "data": [1]},
        {"type": "array", "dtype": "V8", "shape": [1], "data": [1]},
        {"type": "array", "dtype": "U999999999", "shape": [1], "data": ["a"]},
        {"type": "array", "dtype": "U999999", "shape": [2000], "data": ["a"] * 2000},
        {"type": "array", "dtype": "f8", "shape": ["1"], "data": [1.0]},
        {
            "type": "categorical",
            "data": [3],
            "categories": {"type": "array", "dtype": "int64", "shape": [1], "data": [1]},
            "ordered": False,
        },
        {"type": "column", "dtype": "Int64", "shape": [1], "data": ["1"]},
        {"type": "bytes", "value": "YWL/!"},
        {"type": "column", "dtype": "datetime64[us, dateutil//etc/localtime]", "shape": [1], "data": ["2024-01-01"]},
        {"type": "column", "dtype": "datetime64[us, dateutil/../localtime]", "shape": [1], "data": ["2024-01-01"]},
        {"type": "column", "dtype": "datetime64[us, dateutil/No/Where]", "shape": [1], "data": ["2024-01-01"]},
        {"type": "datetime", "value": "2024-01-01T00:00:00+00:00", "zone": "dateutil//etc/localtime"},
        {"type": "timestamp", "value": "2024-01-01T00:00:00+00:00", "unit": "s", "zone": "dateutil//etc/localtime"},
        {"type": "column", "dtype": "nonsense", "shape": [1], "data": [1]},
        {"type": "timestamp", "value": "soon", "unit": "s"},
        {"type": "Estimate", "values": 1, "error": "exact", "parts": {}},
        DEEP,
        1e999,
    ],
    ids=lambda entry: str(entry)[:60],
)
def test_what_fits_no_value_is_refused_and_not_guessed(entry):
    with pytest.raises((ValueError, TypeError, KeyError, OverflowError)):
        decoded(entry)
