"""One column of any dtype: its place on an axis, its order, its equality and its union with another."""

import copy
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipakit import columns as col
from sipakit.checks import same

WHOLE, TEXTS = st.integers(-2, 2), st.sampled_from(["", "a", "A", "1", "1.0", "nan", "None", "a\x00"])
FLOATS = st.sampled_from([-np.inf, -1.5, 0.0, 1.0, 1 + 2**-50, np.inf, np.nan])
DAYS = st.sampled_from(["1700-01-01", "2024-03-31", "2024-03-31T00:00:01", None])
# name -> (cells, what makes a column of them)
COLUMNS = {
    "float": (FLOATS, lambda v: np.array(v, float)),
    "small float": (st.sampled_from([0.5, 1.0, np.nan]), lambda v: np.array(v, np.float16)),
    "whole": (st.sampled_from([-(2**62), 2**53, 2**53 + 1, 0]), lambda v: np.array(v, np.int64)),
    "boolean": (st.booleans(), lambda v: np.array(v, bool)),
    "nullable whole": (st.none() | WHOLE, lambda v: pd.array(v, dtype="Int16")),
    "nullable boolean": (st.none() | st.booleans(), lambda v: pd.array(v, dtype="boolean")),
    "string": (st.none() | TEXTS, lambda v: pd.array(v, dtype="str")),
    "objects": (st.none() | TEXTS | WHOLE | FLOATS | st.booleans(), lambda v: pd.Series(v, dtype=object).to_numpy()),
    "dates": (DAYS, lambda v: np.array([v or "NaT" for v in v], "M8[s]")),
    "zoned dates": (DAYS, lambda v: pd.Series(pd.to_datetime(v, format="ISO8601", utc=True)).dt.as_unit("us").array),
    "durations": (st.none() | WHOLE, lambda v: pd.Series(pd.to_timedelta(v, "min")).dt.as_unit("us").array),
    "levels": (st.sampled_from([None, "b", "a"]), lambda v: pd.Categorical(v, ["b", "a", "unused"])),
    "ordered": (st.sampled_from([None, 3, 1]), lambda v: pd.Categorical(v, [3, 2, 1], ordered=True)),
}


@st.composite
def columns(draw, *names):
    cells, make = COLUMNS[draw(st.sampled_from(names or sorted(COLUMNS)))]
    return make(draw(st.lists(cells, min_size=1, max_size=8)))


def cells_of(column):
    """Every cell as something that is equal for equal cells only: its type and its text."""
    return [(type(cell).__name__, repr(cell)) for cell in column]


@given(columns())
def test_hashes_are_equal_exactly_where_cells_are(column):
    before = copy.deepcopy(column)
    hashes, cells = col.cell_hashes(column), cells_of(column)
    assert hashes.dtype == np.uint64
    np.testing.assert_array_equal(hashes[:, None] == hashes, [[one == other for other in cells] for one in cells])
    assert same(before, column)


@given(columns())
def test_hashes_do_not_depend_on_how_many_cells_there_are(column):
    repeated = np.arange(200) % len(column)
    np.testing.assert_array_equal(col.cell_hashes(column.take(repeated)), col.cell_hashes(column)[repeated])


@given(columns(*(name for name in COLUMNS if name != "objects")))
def test_ranks_follow_the_order_of_the_values(column):
    absent = [bool(pd.isna(cell)) for cell in column]
    np.testing.assert_array_equal(col.missing(column), absent)
    levels = list(getattr(column, "categories", sorted({cell for cell in column if not pd.isna(cell)})))
    wanted = [len(levels) if gone else levels.index(cell) for cell, gone in zip(column, absent, strict=True)]
    np.testing.assert_array_equal(col.ranks(column), wanted)


@given(columns("objects"))
def test_cells_of_several_types_have_ranks_too(column):
    ranks, absent = col.ranks(column), col.missing(column)
    assert not absent.any() or (ranks[absent] > ranks[~absent].max(initial=-1)).all()
    kept, cells = ranks[~absent], np.array(["|".join(pair) for pair in cells_of(column)])[~absent]
    assert len(set(kept)) <= len(set(cells))
    assert all(len({rank for rank, cell in zip(kept, cells, strict=True) if cell == one}) == 1 for one in cells)


DAY = 86_400e9
PLACES = {
    "float32": (np.array([1.5, np.nan, -np.inf], np.float32), "number", [1.5, np.nan, -np.inf]),
    "unsigned": (np.array([0, 255], np.uint8), "number", [0, 255]),
    "nullable whole": (pd.array([3, None], dtype="Int8"), "number", [3, np.nan]),
    "nullable float": (pd.array([0.5, None], dtype="Float32"), "number", [0.5, np.nan]),
    "boolean": (np.array([True, False]), "ordered", [1, 0]),
    "nullable boolean": (pd.array([True, None, False], dtype="boolean"), "ordered", [1, np.nan, 0]),
    "dates by the day": (np.array(["1970-01-03", "NaT"], "M8[D]"), "date", [2 * DAY, np.nan]),
    "dates by the microsecond": (np.array(["1969-12-31"], "M8[us]"), "date", [-DAY]),
    "dates that nanoseconds do not reach": (np.array(["1000-01-01"], "M8[s]"), "date", [-354_285 * DAY]),
    "dates of a zone": (pd.array([pd.Timestamp("1970-01-02", tz="Asia/Tokyo"), pd.NaT]), "date", [DAY * 5 / 8, np.nan]),
    "durations": (pd.array(pd.to_timedelta([-1, None], "D")), "date", [-DAY, np.nan]),
    "ordered levels": (pd.Categorical(["l", None, "s"], ["s", "m", "l"], ordered=True), "ordered", [2, np.nan, 0]),
}


@pytest.mark.parametrize("name", PLACES)
def test_what_has_an_order_has_a_place_on_an_axis(name):
    column, kind, places = PLACES[name]
    assert col.kind(column) == kind
    np.testing.assert_array_equal(col.numbers(column), np.array(places, float))


@pytest.mark.parametrize(
    "column",
    [
        pd.Categorical([1, 2]),
        np.array(["a"], object),
        np.array(["a"]),
        pd.array(["a"], dtype="string"),
        pd.period_range("2020", periods=2, freq="M").array,
        pd.cut([1.0, 2.0], 2, ordered=False, labels=["x", "y"]),
    ],
    ids=lambda column: str(column.dtype),
)
def test_what_has_no_order_has_no_place(column):
    assert col.kind(column) == "category"
    with pytest.raises(ValueError, match="no place"):
        col.numbers(column)


@given(st.data())
def test_stacked_columns_keep_cells_and_dtype(data):
    name = data.draw(st.sampled_from(sorted(COLUMNS)))
    parts = [data.draw(columns(name)) for _ in range(3)]
    whole = col.stacked(parts)
    assert whole.dtype == parts[0].dtype
    assert cells_of(whole) == [cell for part in parts for cell in cells_of(part)]


UTC, TOKYO = (pd.array(pd.date_range("2020", periods=2, tz=zone)) for zone in ("UTC", "Asia/Tokyo"))
TALL = pd.Categorical(["m", None], ["s", "m"], ordered=True)
UNITED = {
    "whole and float": (np.array([1, 2]), np.array([0.5]), "float64"),
    "byte and unsigned": (np.array([-1], np.int8), np.array([200], np.uint8), "int16"),
    "boolean and whole": (np.array([True]), np.array([7]), "int64"),
    "float and nullable": (np.array([np.nan, 1.5]), pd.array([2, None], dtype="Int64"), "Float64"),
    "narrow and wide nullable": (pd.array([1, None], dtype="Int8"), np.array([300]), "Int64"),
    "texts of two lengths": (np.array(["a"]), np.array(["long"]), "<U4"),
    "strings and objects": (pd.array(["a", None], dtype="str"), np.array(["b", None], object), "str"),
    "objects and strings": (np.array(["a", None], object), pd.array(["b", None], dtype="str"), "object"),
    "objects of two types": (np.array(["a", 1], object), pd.array(["b"], dtype="str"), "object"),
    "dates of two units": (np.array(["1000-01-01"], "M8[s]"), np.array(["2020-01-01T00:00:00.5"], "M8[us]"), "M8[us]"),
    "zones": (UTC, TOKYO, UTC.dtype),
    "levels and strings": (TALL, np.array(["l", "s", None], object), pd.CategoricalDtype(["s", "m", "l"], True)),
    "levels and levels": (
        TALL,
        pd.Categorical(["l", "s"], ["l", "x", "s"]),
        pd.CategoricalDtype(["s", "m", "l"], ordered=True),
    ),
    "strings and levels": (pd.array(["a"], dtype="str"), pd.Categorical(["b", None]), "str"),
    "numbers and levels": (np.array([1.0]), pd.Categorical([2, 3, None]), "float64"),
}


def equal_cells(column, other):
    pairs = zip(column, other, strict=True)
    return all((pd.isna(one) and pd.isna(two)) or one == two for one, two in pairs)


@pytest.mark.parametrize("name", UNITED)
def test_united_columns_hold_the_values_of_both(name):
    column, other, dtype = UNITED[name]
    before = copy.deepcopy((column, other))
    ours, theirs = col.united(column, other)
    assert ours.dtype == theirs.dtype == dtype
    assert equal_cells(ours, column)
    assert equal_cells(theirs, other)
    assert same(before, (column, other))


@pytest.mark.parametrize(
    ("column", "other"),
    [
        (np.array([1.0]), np.array(["a"], object)),
        (np.array([True]), pd.array(["a"], dtype="str")),
        (np.array(["2020"], "M8[s]"), np.array([1.0])),
        (np.array(["2020"], "M8[s]"), np.array([1], "m8[s]")),
        (np.array(["2020"], "M8[s]"), UTC),
    ],
)
def test_different_things_are_not_united(column, other):
    for pair in ((column, other), (other, column)):
        with pytest.raises(TypeError, match="no dtype holds"):
            col.united(*pair)


def test_only_python_objects_are_objects():
    assert col.holds_objects(np.array([Decimal(1)]))
    assert not any(col.holds_objects(c) for c in (np.array(["a"]), pd.array(["a"], dtype="str"), pd.Categorical(["a"])))


@pytest.mark.parametrize("dtype", ["string", "str", "category", "object"])
@pytest.mark.parametrize("repeats", [1, 50])
@pytest.mark.parametrize("gone", [[], [None]])
def test_texts_that_differ_by_a_zero_at_their_end_hash_apart(dtype, repeats, gone):
    cells = ["", "\x00", "a", "a\x00", "a\x00\x00", *gone]
    column = pd.Series(cells * repeats, dtype=dtype)
    hashes = col.cell_hashes(column.to_numpy() if dtype == "object" else column.array)
    assert len(set(hashes.tolist())) == len(cells)
    assert hashes[: len(cells)].tolist() == hashes[-len(cells) :].tolist()
