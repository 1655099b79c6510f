"""Frames in and out: every column held exactly and written back in its own type."""

import numpy as np
import pandas as pd
import pytest

import sipakit as sp
from sipakit import columns as col
from sipakit.checks import same
from sipakit.frames import Origin, rows_of
from sipakit.intervene import Mix, Rows
from sipakit.table import Table
from tests.frames.made import DAY, EXACT, NAN, NOON, of_arrow, of_polars

pl, pa = pytest.importorskip("polars"), pytest.importorskip("pyarrow")


@pytest.mark.parametrize("make", [of_polars, of_arrow])
@pytest.mark.parametrize("name", EXACT)
def test_a_column_comes_back_to_the_last_bit(name, make):
    frame = make(name)
    table = Table.from_data(frame)
    dtype = EXACT[name][3] or pd.Series(["a"]).dtype
    assert table.columns[0].dtype == dtype
    assert col.missing(table.columns[0]).tolist() == [cell is None or cell != cell for cell in EXACT[name][0]]  # noqa: PLR0124 - NaN
    for index in ([0, 1, 2], [2, 2, 0, 1]):
        rows = rows_of(frame, index)
        back = table.take(np.array(index)).as_data(as_array=False)
        assert type(back) is type(frame)
        assert back.schema == frame.schema
        assert same(rows, back)
        mixed = Mix.of(Rows(table, np.zeros(len(index), int)), Rows(table, np.array(index)), np.array([True]))
        assert same(rows, mixed.rows(as_array=False))


@pytest.mark.parametrize("make", [of_polars, of_arrow])
@pytest.mark.parametrize("name", EXACT)
def test_cells_of_some_rows_are_exchanged(name, make):
    frame = make(name)
    table = Table.from_data(frame)
    take = np.array([[True], [False], [True]])
    mixed = Mix.of(Rows(table, np.array([0, 1, 2])), Rows(table, np.array([2, 2, 0])), take).rows(as_array=False)
    assert same(rows_of(frame, [2, 1, 0]), mixed)


def test_columns_may_be_selected():
    frame = pl.DataFrame({"a": [1], "b": pl.Series(["x"], dtype=pl.Enum(["x", "y"]))})
    names, columns, origin = Origin.read(frame, "X")
    assert same(origin.selected([1]).frame(names[1:], columns[1:]), frame.select("b"))
    assert same(Table.from_data(frame).selected([1, 0]).as_data(as_array=False), frame.select("b", "a"))


WIDER = [  # X, background, type of the column that a model is given
    (pl.Series([1, 2]), pl.Series([0.5, 1.5]), pl.Float64),
    (pl.Series([1, 2], dtype=pl.Int8), pl.Series([300, 2], dtype=pl.Int16), pl.Int16),
    (pl.Series(["a"], dtype=pl.Enum(["a", "b"])), pl.Series(["c"], dtype=pl.Enum(["c"])), pl.Enum(["a", "b", "c"])),
    (pl.Series(["a"], dtype=pl.Categorical), pl.Series(["c"], dtype=pl.Categorical), pl.Categorical),
    (pl.Series([DAY]), pl.Series([NOON]), pl.Datetime("us")),
]


@pytest.mark.parametrize(("own", "other", "wanted"), WIDER)
def test_two_types_of_one_column_become_the_wider_one(own, other, wanted):
    seen = []

    def model(X):
        seen.append(X.schema["v"])
        return np.zeros(len(X))

    explainer = sp.Shapley(background=pl.DataFrame({"v": other, "w": np.arange(len(other))}))
    explainer.explain(model, pl.DataFrame({"v": own, "w": np.arange(len(own))}))
    assert seen
    assert all(one == wanted for one in seen)


def test_missing_cells_in_one_table_only_are_no_difference_in_type():
    X = pl.DataFrame({"v": [1, 2, 3], "w": [0.5, 1.5, NAN]})
    background = pl.DataFrame({"v": [1, None, 3], "w": [None, 1.5, NAN]})
    seen = []

    def model(Z):
        seen.append(Z)
        return Z["v"].is_null().to_numpy() + 2.0 * Z["w"].is_nan().fill_null(value=False).to_numpy()

    e = sp.Shapley(background=background).explain(model, X)
    assert not {found.code for found in e.caveats} & {"SIPA003", "SIPA009"}
    assert {tuple(Z.schema.items()) for Z in seen} == {tuple(X.schema.items())}
    np.testing.assert_allclose(e.values[:, :, 0].sum(axis=1) + 1.0, [0, 0, 2])  # 1/3 + 2 * 1/3 on average
