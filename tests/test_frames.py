"""Columns of polars and pyarrow: held exactly, written back in their own type, or refused by name."""

import copy
import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

import sipakit as sp
from sipakit import columns as col
from sipakit.checks import same
from sipakit.errors import InputError, InputTypeError
from sipakit.frames import Origin, as_pandas, cells_of, copied, equal, is_foreign, opened, rows_of
from sipakit.intervene import Mix, Rows
from sipakit.table import Table

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


NEVER = {
    "list": lambda: pl.Series([[1], None]),
    "array": lambda: pl.Series([[1, 2], None], dtype=pl.Array(pl.Int64, 2)),
    "struct": lambda: pl.Series([{"a": 1}, None]),
    "object": lambda: pl.Series([object(), None], dtype=pl.Object),
    "128 bits": lambda: pl.Series([1, None], dtype=pl.Int128),
    "decimal of many digits": lambda: pl.Series([Decimal("1.12345678901234567890")], dtype=pl.Decimal(30, 20)),
    "nanoseconds of a day": lambda: pl.Series([1]).cast(pl.Time),
    "list of arrow": lambda: pa.array([[1], None]),
    "struct of arrow": lambda: pa.array([{"a": 1}, None]),
    "map of arrow": lambda: pa.array([[("a", 1)], None], pa.map_(pa.string(), pa.int64())),
    "wide decimal of arrow": lambda: pa.array([Decimal("1." + "1" * 40)], pa.decimal256(60, 40)),
}


@pytest.mark.parametrize("name", NEVER)
def test_a_type_that_cannot_be_held_is_refused_by_name(name):
    values = NEVER[name]()
    frame = pl.DataFrame({"v": values}) if isinstance(values, pl.Series) else pa.table({"v": values})
    kind = values.dtype if isinstance(values, pl.Series) else values.type
    with pytest.raises(InputTypeError) as caught:
        Table.from_data(frame, "background")
    assert f"Column 'v' of background is {kind}" in str(caught.value)
    assert "Cast" in str(caught.value)


def test_levels_of_arrow_may_come_in_parts_with_other_orders():
    parts = [pa.array(cells).dictionary_encode() for cells in (["b", "a", "b"], ["a", "c", None])]
    frame = pa.table({"v": pa.chunked_array(parts)})
    (column,) = Table.from_data(frame).columns
    assert column.tolist()[:5] == ["b", "a", "b", "a", "c"]
    assert column.categories.tolist() == ["b", "a", "c"]


def test_levels_of_arrow_may_be_numbers():
    frame = pa.table({"v": pa.array([3, 1, 3]).dictionary_encode()})
    table = Table.from_data(frame)
    assert table.columns[0].tolist() == [3, 1, 3]
    assert same(table.as_data(as_array=False)["v"].to_pylist(), [3, 1, 3])


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


# ---- what else is given


@pytest.mark.parametrize("make", [pl.Series, pa.array, lambda cells: pa.chunked_array([cells[:1], cells[1:]])])
def test_targets_and_weights_are_read_in_pandas(make):
    for cells in ([1, 2, 3], [0.5, 1.5, 2.5], ["a", "b", "a"], [True, False, True]):
        assert as_pandas(make(cells), "y").tolist() == cells
    assert as_pandas(make([1, None, 2**53 + 1]), "y").isna().tolist() == [False, True, False]
    with pytest.raises(InputTypeError, match=r"^y is .*list"):
        as_pandas(pa.array([[1], [2]]), "y")


def test_a_frame_of_one_column_is_a_target():
    for frame in (pl.DataFrame({"y": [1, 2]}), pa.table({"y": [1, 2]})):
        assert same(as_pandas(frame, "y"), pd.DataFrame({"y": [1, 2]}))


@pytest.mark.parametrize("thing", [[1], np.ones(2), pd.Series([1]), pd.DataFrame({"a": [1]}), None, 3, "text"])
def test_anything_else_stays_as_it_is(thing):
    assert as_pandas(thing, "y") is thing
    assert not is_foreign(thing)


def test_a_lazy_frame_is_refused():
    for argument in ("X", "y"):
        with pytest.raises(InputTypeError, match=rf"{argument} is a lazy frame .* Pass {argument}\.collect\(\)"):
            opened(pl.LazyFrame({"a": [1]}), argument)


def test_names_twice_are_refused():
    with pytest.raises(InputError, match=r"X has more than one column named 'a'\. .* Rename"):
        opened(pa.table([[1], [2]], names=["a", "a"]), "X")


@pytest.mark.parametrize(
    "frame", [pl.DataFrame({"a": [1, 2], "b": [NAN, None]}), pa.table({"a": [1, 2], "b": [NAN, None]})]
)
def test_a_batch_is_looked_at_before_and_after(frame):
    assert cells_of(frame, 1, 5) == [("a", 2), ("b", None)]
    assert len(cells_of(frame, 0, 1)) == 1
    assert equal(copied(frame), frame)


def test_a_frame_of_polars_that_is_written_to_is_found_out():
    frame = pl.DataFrame({"a": [1, 2]})
    before = copied(frame)
    frame[0, "a"] = 7
    assert not equal(before, frame)
    assert before["a"].to_list() == [1, 2]


def test_columns_may_be_selected():
    frame = pl.DataFrame({"a": [1], "b": pl.Series(["x"], dtype=pl.Enum(["x", "y"]))})
    names, columns, origin = Origin.read(frame, "X")
    assert same(origin.selected([1]).frame(names[1:], columns[1:]), frame.select("b"))
    assert same(Table.from_data(frame).selected([1, 0]).as_data(as_array=False), frame.select("b", "a"))


# ---- models


def rows(n=40):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"a": rng.normal(size=n), "i": rng.integers(0, 4, n), "c": pd.Categorical(rng.choice(["x", "y", "z"], n))}
    )
    return frame, frame["a"].to_numpy() + 2 * (frame["c"] == "x").to_numpy() + frame["i"].to_numpy()


def kinds_of(frame):
    """One table in three libraries."""
    levels = frame["c"].cat.categories.tolist()
    columns = {"a": frame["a"].to_numpy(), "i": frame["i"].to_numpy()}
    polars = pl.DataFrame({**columns, "c": pl.Series(frame["c"].tolist(), dtype=pl.Categorical)})
    codes = pa.array(frame["c"].cat.codes.to_numpy())
    arrow = pa.table({**columns, "c": pa.DictionaryArray.from_arrays(codes, pa.array(levels))})
    return {"pandas": frame, "polars": polars, "pyarrow": arrow}


def family(name):
    if name == "lightgbm":
        return pytest.importorskip("lightgbm").LGBMRegressor(n_estimators=8, min_child_samples=2, verbose=-1, n_jobs=1)
    if name == "xgboost":
        return pytest.importorskip("xgboost").XGBRegressor(n_estimators=8, enable_categorical=True, n_jobs=1)
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.linear_model import LinearRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    if name == "hist gradient boosting":
        return HistGradientBoostingRegressor(max_iter=8, min_samples_leaf=2)
    return make_pipeline(make_column_transformer((OneHotEncoder(), ["c"]), remainder="passthrough"), LinearRegression())


@pytest.mark.parametrize("name", ["pipeline", "hist gradient boosting", "lightgbm", "xgboost"])
def test_a_model_answers_alike_for_every_library(name):
    frame, y = rows()
    model = family(name).fit(frame, y)
    made = {}
    for kind, X in kinds_of(frame).items():
        before = copy.deepcopy(X)
        made[kind] = [
            explainer.explain(model, X, y)
            for explainer in (
                sp.PartialDependence(grid_resolution=4),
                sp.PermutationImportance(n_repeats=2),
                sp.Shapley(background=X[:9], estimator="permutation"),
            )
        ]
        assert same(before, X)
    for kind in ("polars", "pyarrow"):
        for one, other in zip(made[kind], made["pandas"], strict=True):
            assert not one.caveats
            pd.testing.assert_frame_equal(one.frame(), other.frame(), check_exact=True)


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow"])
def test_a_function_is_given_the_users_own_kind(kind):
    X = kinds_of(rows()[0])[kind]
    seen = []

    def model(Z):
        seen.append((type(Z), str(getattr(Z, "schema", None))))
        return np.asarray(Z["a"], float)

    for explainer in (sp.ICE(), sp.LIME(background=X, n_samples=64), sp.Shapley()):
        explainer.explain(model, X[:5])
    assert set(seen) == {(type(X), str(getattr(X, "schema", None)))}


def test_an_estimator_of_an_unknown_library_is_given_the_users_own_kind():
    class Own:
        def predict(self, X):
            assert isinstance(X, pa.Table)
            return X["a"].to_numpy()

    e = sp.ICE(features=["a"]).explain(Own(), pa.table({"a": [1.0, 2.0], "b": [0, 1]}))
    assert e.values[0][0, :, 0].tolist() == [1, 2]


def test_neighbours_of_a_day_are_days():
    X = pl.DataFrame({"day": [DAY, DAY + dt.timedelta(days=30)] * 8, "a": np.arange(16.0)})
    day = X["day"].cast(pl.Int32).to_numpy() * 1.0
    e = sp.LIME(background=X, n_samples=64).explain(lambda Z: Z["day"].cast(pl.Int32).to_numpy() * 1.0, X[:1])
    place = list(e.features).index("day")
    assert e.values[0, place, 0] == pytest.approx(day.std(), rel=1e-6)


def test_rows_of_a_study_are_picked():
    X = pl.DataFrame({"a": [1.0, 2.0, 4.0], "b": [0.0, 1.0, 2.0]})
    for frame in (X, X.to_arrow()):
        study = sp.explain(lambda Z: np.asarray(Z["a"]), frame, methods=["shapley"], rows=[2, 0])
        np.testing.assert_allclose(study["shapley"].values[:, 0, 0], [4 - 7 / 3, 1 - 7 / 3])
