"""What comes in and how it is changed on the way, table by table; whole calls are in test_bad_inputs.py."""

import copy
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipakit.checks import same
from sipakit.door import conform, open_table, open_target, open_weights
from sipakit.errors import InputError, InputTypeError
from sipakit.table import Table

D = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0], "c": [5.0, 6.0]})


def objects(*cells):
    return pd.Series(cells, dtype=object)


def codes(caveats):
    return [found.code for found in caveats]


# ---- tables

UNTOUCHED = {
    "missing": pd.Series([np.nan, 1.0]),
    "nullable": pd.Series([None, 2**53], dtype="Int64"),
    "levels": pd.Series(pd.Categorical([1, None], [3, 2, 1])),
    "levels that are texts of numbers": pd.Series(pd.Categorical(["1", "2"])),
    "zone": pd.Series(pd.to_datetime(["2024-01-01", None])).dt.tz_localize("Asia/Tokyo"),
    "texts of numbers": objects("1", "2.5"),
    "numbers and texts": objects(1, "2.5"),
    "true and missing": objects(True, None),
    "missing objects": objects(None, None),
    "days": objects(pd.Timestamp("2020-01-01").date(), None),
    "period": pd.Series(pd.period_range("2020", periods=2, freq="D")),
}


@pytest.mark.parametrize("name", UNTOUCHED)
def test_what_a_model_may_accept_is_passed_through(name):
    frame = pd.DataFrame({name: UNTOUCHED[name]})
    table, caveats = open_table(frame)
    assert caveats == []
    assert same(table.columns, Table.from_data(frame).columns)


REPAIRED = {
    "floats": (objects(1.5, None), [1.5, np.nan]),
    "whole": (objects(1, 2), [1, 2]),
    "whole and floats": (objects(1, 2.5), [1, 2.5]),
    "decimals": (objects(Decimal("0.1"), Decimal(-3)), [0.1, -3]),
    "NumPy's own": (objects(np.float32(0.5), np.nan), [0.5, np.nan]),
    "no answer": (objects(3, pd.NA), [3, np.nan]),
}


@pytest.mark.parametrize("name", REPAIRED)
def test_numbers_held_as_objects_become_floats_by_name(name):
    column, wanted = REPAIRED[name]
    frame = pd.DataFrame({"a": [0.0, 1.0], name: column})
    before = frame.copy(deep=True)
    table, caveats = open_table(frame, argument="background")
    assert codes(caveats) == ["SIPA003"]
    assert f"Column {name!r} of background" in caveats[0].message
    assert table.columns[1].dtype == np.float64
    np.testing.assert_array_equal(table.columns[1], wanted)
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize(
    ("number", "told"), [(2**53, False), (2**53 + 1, True), (-(2**53), False), (-(2**53) - 1, True)]
)
def test_whole_numbers_are_told_of_only_beyond_what_floats_hold_apart(number, told):
    _, caveats = open_table(pd.DataFrame({"id": [0, number]}))
    assert codes(caveats) == ["SIPA006"] * told


def test_infinite_cells_are_counted_by_column():
    _, caveats = open_table(D.assign(b=[np.inf, -np.inf], c=[np.nan, np.inf]))
    assert [found.message.split(";")[0] for found in caveats] == [
        "Column 'b' of X has 2 infinite values",
        "Column 'c' of X has 1 infinite values",
    ]


@given(st.permutations(list("abcxyz")), st.permutations(list("abc")), st.integers(3, 6))
def test_columns_are_put_in_the_models_order_by_name(given_, expected, width):
    names = [name for name in given_ if name in expected or name in "xyz"[: width - 3]]
    frame = pd.DataFrame([[ord(name) for name in names]], columns=names)
    table, caveats = open_table(frame, expects=lambda known: expected if known == tuple(names) else None)
    assert table.names == tuple(expected)
    assert [column.tolist() for column in table.columns] == [[ord(name)] for name in expected]
    wanted = ["SIPA002"] * (width > 3) + ["SIPA001"] * ([n for n in names if n in expected] != list(expected))
    assert codes(caveats) == wanted


def test_an_array_gets_the_models_names():
    table, caveats = open_table(D.to_numpy(), expects=lambda _: ["u", "v", "w"])
    assert table.names == ("u", "v", "w")
    assert table.from_array
    assert codes(caveats) == ["SIPA004"]


@pytest.mark.parametrize(
    "names", [pd.MultiIndex.from_tuples([("u", 1), ("u", 2), ("v", 1)]), pd.Index([("u", 1), "u", 1])]
)
def test_tuples_are_names(names):
    frame = D.set_axis(names, axis=1)
    table, caveats = open_table(frame.iloc[:, [2, 0, 1]], expects=lambda _: list(names))
    assert codes(caveats) == ["SIPA001"]
    pd.testing.assert_frame_equal(table.as_data(as_array=False), frame)


# ---- two tables

TOGETHER = {
    "equal": (D.assign(a=[7.0, 8.0]), D, [], "float64"),
    "another order": (D[["c", "a", "b"]], D, ["SIPA001"], "float64"),
    "more columns": (D.assign(z=0), D, ["SIPA002"], "float64"),
    "whole against floats": (D.astype({"a": int}), D, ["SIPA003"], "float64"),
    "floats against whole": (D.assign(a=[0.5, 1.5]), D.astype({"a": int}), ["SIPA003"], "float64"),
    "more levels": (
        D.assign(a=pd.Categorical(["z", "y"])),
        D.assign(a=pd.Categorical(["y", "x"], ["y", "x"])),
        ["SIPA009"],
        pd.CategoricalDtype(["y", "x", "z"]),
    ),
}


@pytest.mark.parametrize("name", TOGETHER)
def test_two_tables_of_a_model_are_given_equal_columns(name):
    table, like, wanted, dtype = TOGETHER[name]
    before = copy.deepcopy((table, like))
    ours, theirs, caveats = conform(Table.from_data(table), Table.from_data(like))
    assert codes(caveats) == wanted
    assert ours.names == theirs.names == tuple("abc")
    assert ours.columns[0].dtype == theirs.columns[0].dtype == dtype
    for made, source in ((ours, table), (theirs, like)):
        back = made.as_data(as_array=False)
        assert back.astype(object).to_numpy().tolist() == source[list("abc")].astype(object).to_numpy().tolist()
    assert same(before, (table, like))


@pytest.mark.parametrize(("table", "like"), [(D.to_numpy(), D), (D, D.to_numpy())])
def test_an_array_and_a_frame_are_matched_by_place(table, like):
    like = Table.from_data(like)
    ours, theirs, _ = conform(Table.from_data(table), like)
    assert ours.names == theirs.names == like.names
    assert ours.from_array is theirs.from_array is like.from_array
    assert same(ours.columns, theirs.columns)


@pytest.mark.parametrize(
    ("table", "kind", "words"),
    [
        (D[["a", "b"]], InputError, "background lacks 'c'"),
        (D.to_numpy()[:, :2], InputError, "background has 2 columns and X has 3"),
        (D.assign(b=["x", "y"]), InputTypeError, "Column 'b' is str in background and float64 in X"),
    ],
)
def test_tables_that_differ_in_kind_are_refused(table, kind, words):
    with pytest.raises(kind, match=words):
        conform(Table.from_data(table), Table.from_data(D))


# ---- targets and weights


FORMS = {
    "list": list,
    "array": np.array,
    "series": pd.Series,
    "categories": pd.Categorical,
    "column of objects": lambda y: np.array(y, object)[:, None],
}
CLASSES = [["no", "yes", "so"], [2, 0, 1], [True, False]]


@pytest.mark.parametrize(
    ("form", "classes"),
    [*((form, classes) for form in FORMS for classes in CLASSES), ("series", [("a", 1), ("b", 2)])],
)
def test_labels_become_their_places_among_the_classes(form, classes):
    wanted = [0, 1, 1, 0, len(classes) - 1]
    positions, caveats = open_target(FORMS[form]([classes[i] for i in wanted]), np.zeros((5, 1)), classes)
    assert positions.tolist() == wanted
    assert positions.dtype.kind == "i"
    assert caveats == []


@pytest.mark.parametrize(
    ("y", "wanted"),
    [
        ([True, False], [1, 0]),
        ([Decimal("0.5"), Decimal(2)], [0.5, 2]),
        (np.array([1, 2], np.uint8), [1, 2]),
        (pd.Series([1, 2], dtype="Int64"), [1, 2]),
        (pd.DataFrame({"y": [1, 2]}), [1, 2]),
        ([[1, 2], [3, 4.5]], [[1, 2], [3, 4.5]]),
        (objects(1, 2.5), [1, 2.5]),
    ],
)
def test_a_numeric_target_becomes_floats(y, wanted):
    values, caveats = open_target(y, D, None)
    assert values.dtype == np.float64
    assert values.tolist() == wanted
    assert caveats == []


def test_no_target_is_none():
    assert open_target(None, D, ["a"]) == (None, [])


@pytest.mark.parametrize(
    ("index", "told"), [(["p", "q"], []), (["q", "p"], None), (["p", "r"], ["SIPA017"]), (["p", "p"], ["SIPA017"])]
)
@pytest.mark.parametrize("argument", ["y", "sample_weight"])
def test_rows_are_matched_by_position_and_it_is_told(index, told, argument):
    X, values = D.set_axis(["p", "q"]), pd.Series([1.0, 2.0], index)

    def opened():
        return open_target(values, X, None) if argument == "y" else open_weights(values, X, 2)

    if told is None:
        with pytest.raises(InputError, match=rf"{argument}.*{argument}\.loc\[X\.index\]"):
            opened()
        return
    numbers, caveats = opened()
    assert numbers.tolist() == [1, 2]
    assert codes(caveats) == told


@given(
    st.one_of(
        st.lists(one, min_size=1, max_size=6).filter(any)
        for one in (st.just(0.0) | st.floats(1e-9, 1e9), st.integers(0, 9), st.booleans())
    )
)
def test_weights_are_read_as_they_are(cells):
    wanted = [float(cell) for cell in cells]
    for form in (list, np.array, pd.Series, tuple):
        weights, caveats = open_weights(form(cells), None, len(cells))
        assert weights.dtype == np.float64
        assert weights.tolist() == wanted
        assert caveats == []


@pytest.mark.parametrize("size", [1e-320, 1e-300, 1e300, 1e308])
def test_weights_far_from_one_are_brought_near_it_with_their_ratios(size):
    weights, _ = open_weights(np.array([0.25, 1.0, 0.0]) * size, None, 3)
    assert 0.5 <= weights[1] < 1
    np.testing.assert_allclose(weights / weights[1], [0.25, 1, 0], rtol=1e-3 if size < 1e-308 else 1e-15)


def test_weights_of_a_background_are_called_by_their_own_name():
    with pytest.raises(InputError, match=r"background_weight has shape \(1,\) and background has 2 rows"):
        open_weights([1], D, 2, argument="background_weight", table="background")
    with pytest.raises(InputError, match=r"background_weight\.loc\[background\.index\]"):
        open_weights(pd.Series([1, 1], [1, 0]), D, 2, argument="background_weight", table="background")


def test_no_weights_are_ones():
    weights, caveats = open_weights(None, D, 3)
    assert weights.tolist() == [1, 1, 1]
    assert caveats == []
