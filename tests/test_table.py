"""Rows in, rows out: every column keeps its dtype, every name its place, and nothing is written to."""

import copy

import numpy as np
import pandas as pd
import pytest

from sipakit.checks import same
from sipakit.intervene import Rows
from sipakit.table import Table

FRAME = pd.DataFrame(
    {
        "number": [0.5, np.nan, -1.0, 0.5],
        "byte": np.array([1, 2, 255, 1], np.uint8),
        "flag": [True, False, True, True],
        "nullable": pd.array([1, None, 2**60 + 1, 1], dtype="Int64"),
        "text": ["a", None, "b", "a"],
        "objects": pd.Series([1, "1", None, 1], dtype=object),
        "level": pd.Categorical(["x", None, "y", "x"], ["z", "y", "x"]),
        "size": pd.Categorical(["s", "l", None, "s"], ["s", "m", "l"], ordered=True),
        "zoned": pd.to_datetime(["2024-03-31", "2024-10-27", None, "2024-03-31"]).tz_localize("Europe/Berlin"),
        "born": pd.Series(["1000-01-01", None, "2000-01-01", "1000-01-01"], dtype="datetime64[s]"),
        "spell": pd.to_timedelta([1, 2, None, 1], "h"),
        "month": pd.period_range("2020-01", periods=4, freq="M").where([True, True, True, False], pd.Period("2020-01")),
    }
)
NAMES = {
    "tuples": pd.MultiIndex.from_product([["u", "v"], ["x", "y"]]),
    "tuples beside a word": pd.Index([("u", 1), "v", 2, 2.5], tupleize_cols=False),
    "repeated": pd.Index(["a", "b", "a", "a"]),
    "numbers": pd.Index([3, 1, 2, 0]),
    "dates": pd.DatetimeIndex(["2020-01-01", "2020-01-03", "2020-01-02", "2021-01-01"]),
}


@pytest.mark.parametrize("name", FRAME)
def test_a_column_comes_back_in_its_own_dtype(name):
    frame = FRAME[[name]]
    table = Table.from_data(frame)
    pd.testing.assert_frame_equal(table.as_data(as_array=False), frame)
    pd.testing.assert_frame_equal(
        table.take(np.array([2, 2, 0])).as_data(as_array=False), frame.iloc[[2, 2, 0]].reset_index(drop=True)
    )


def test_a_frame_comes_back_as_it_went_in():
    table = Table.from_data(FRAME.set_axis([3, 3, 1, 0]))
    back = table.as_data(as_array=False)
    pd.testing.assert_frame_equal(back, FRAME)
    assert len(table) == 4
    assert table.n_columns == len(FRAME.columns)
    assert [table.kind(j) for j in range(8)] == ["number", "number", "ordered", "number", *["category"] * 3, "ordered"]


def test_a_sparse_column_becomes_a_dense_one():
    (column,) = Table.from_data(pd.DataFrame({"a": pd.arrays.SparseArray([0.0, 0.0, 2.0])})).columns
    assert isinstance(column, np.ndarray)
    assert column.tolist() == [0, 0, 2]


@pytest.mark.parametrize("name", NAMES)
def test_names_are_labels_and_columns_are_places(name):
    frame = pd.DataFrame(np.arange(12.0).reshape(3, 4)).astype({1: "int64"}).set_axis(NAMES[name], axis=1)
    table = Table.from_data(frame)
    assert table.names == tuple(NAMES[name])
    assert [column.tolist() for column in table.columns] == [[j, j + 4, j + 8] for j in range(4)]
    pd.testing.assert_frame_equal(table.as_data(as_array=False), frame)
    some = table.selected([3, 0])
    pd.testing.assert_frame_equal(some.as_data(as_array=False), frame.iloc[:, [3, 0]])
    assert some.names == (NAMES[name][3], NAMES[name][0])


def test_a_name_that_is_nan_can_be_found():
    table = Table.from_data(pd.DataFrame([[1, 2]], columns=[float("nan"), "a"]))
    assert {name: j for j, name in enumerate(table.names)}[np.nan] == 0


def test_an_array_gets_numbered_names_and_stays_an_array():
    X = np.arange(6.0).reshape(2, 3)
    table = Table.from_data(X)
    assert table.names == ("x0", "x1", "x2")
    assert table.from_array
    np.testing.assert_array_equal(table.as_data(as_array=True), X)
    assert not table.given_like(Table.from_data(FRAME)).from_array
    for made in (table.take(np.array([0])), table.selected([1]), table.with_columns(table.columns)):
        assert made.from_array


def test_the_matrix_is_as_narrow_as_its_columns_allow():
    for dtype in ("float32", "int8", "bool", "float64"):
        assert Table.from_data(np.ones((2, 3), dtype)).matrix.dtype == dtype
    table = Table.from_data(FRAME[["byte", "flag", "number"]])
    assert table.matrix.dtype == np.float64
    assert table.matrix.flags.c_contiguous
    mixed = Table.from_data(FRAME).matrix
    assert mixed.dtype == object
    assert mixed.shape == FRAME.shape
    nullable = Table.from_data(FRAME[["nullable", "byte"]].astype({"nullable": "Float64"})).matrix
    np.testing.assert_array_equal(nullable[:, 0], [1, np.nan, 2.0**60, 1])


def test_whole_nullable_numbers_stay_whole_in_the_matrix():
    table = Table.from_data(pd.DataFrame({"a": pd.array([2**60 + 1, 3], dtype="Int64")}))
    assert table.matrix.tolist() == [[2**60 + 1], [3]]


@pytest.mark.parametrize("X", [FRAME, FRAME[["number"]], np.arange(6.0).reshape(2, 3)], ids=["mixed", "one", "array"])
@pytest.mark.parametrize("as_array", [True, False])
def test_what_is_given_back_is_the_callers_own(X, as_array):
    before = copy.deepcopy(X)
    table = Table.from_data(X)
    first = table.as_data(as_array=as_array)
    wanted = copy.deepcopy(first)
    if as_array:
        first[:] = 7
    else:
        first.iloc[:, 0] = 7.0
    assert same(table.as_data(as_array=as_array), wanted)
    assert same(X, before)


def test_tables_stand_one_under_the_other():
    table = Table.from_data(FRAME)
    whole = Table.stacked([table, table.take(np.array([1])), table])
    rows = [0, 1, 2, 3, 1, 0, 1, 2, 3]
    pd.testing.assert_frame_equal(whole.as_data(as_array=False), FRAME.iloc[rows].reset_index(drop=True))


def test_rows_have_equal_hashes_exactly_where_they_are_equal():
    hashes = Table.from_data(FRAME).row_hashes
    assert hashes[0] == hashes[3]
    assert len(set(hashes.tolist())) == 3
    turned = Table.from_data(np.array([[1.0, 2.0], [2.0, 1.0], [1.0, 2.0], [3.0, 0.0]])).row_hashes
    assert turned[0] == turned[2]
    assert len(set(turned.tolist())) == 3  # columns have numbers of their own: a row turned around is another row


@pytest.mark.parametrize(
    "other",
    [
        FRAME.iloc[[1, 0, 2, 3]],
        FRAME.iloc[:3],
        FRAME.rename(columns={"byte": "bite"}),
        FRAME.astype({"byte": "int64"}),
        FRAME.assign(number=[0.5, np.nan, -1.0, 0.25]),
        FRAME.assign(number=[0.5, 0.0, -1.0, 0.5]),
        FRAME.assign(text=["a", None, "b", "c"]),
    ],
)
def test_a_fingerprint_names_names_dtypes_and_cells(other):
    wanted = Table.from_data(FRAME).fingerprint
    assert len(wanted) == 16
    assert int(wanted, 16) >= 0
    assert Table.from_data(FRAME.copy(deep=True)).fingerprint == wanted
    assert Table.from_data(other).fingerprint != wanted


def test_rows_are_held_as_numbers():
    table = Table.from_data(FRAME)
    rows = Rows(table, np.array([3, 3, 1]))
    assert len(rows) == 3
    assert rows[1:].index.tolist() == [3, 1]
    assert rows[np.array([2, 0])].index.tolist() == [1, 3]
    assert rows[1:].table is table


def test_rows_are_found_by_their_number():
    X = np.random.default_rng(0).integers(0, 3, (500, 3)).astype(float)  # of 27 kinds
    table = Table.from_data(X)
    asked = np.vstack([X[[7, 0]], [[0.0, 1.0, 9.0]], X[[499]]])
    found = table.rows_with(Table.from_data(asked).row_hashes)
    np.testing.assert_array_equal(X[found[[0, 1, 3]]], asked[[0, 1, 3]])
    assert found[2] == -1
    firsts = table.rows_with(table.row_hashes)
    assert (firsts <= np.arange(500)).all()
    np.testing.assert_array_equal(X[firsts], X)
