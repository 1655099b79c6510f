from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from sipakit import documents
from sipakit.estimate import Estimate
from tests.plots import made

MARKS = {"nan": np.nan, "inf": np.inf, "-inf": -np.inf}


def strict(text):
    def refuse(word):
        raise AssertionError(word)

    def once(pairs):
        assert len({key for key, _ in pairs}) == len(pairs), "a key twice"
        return dict(pairs)

    return json.loads(text, parse_constant=refuse, object_pairs_hook=once)


def read(explanation):
    return strict(documents.dumps(explanation))


def array(entry):
    """What a reader makes of an array of numbers."""
    data = list(entry["data"])
    for place, mark in entry["nonfinite"]:
        assert data[place] is None
        data[place] = MARKS[mark]
    return np.array(data, dtype=entry["dtype"]).reshape(entry["shape"])


CASES = [*made.one_of_each(3, 1), *made.one_of_each(3, 3), *made.one_of_each(names=made.HOSTILE)]


@pytest.mark.parametrize("explanation", [case[1] for case in CASES], ids=[case[0] for case in CASES])
def test_a_document_holds_every_field_with_the_same_bits(explanation):
    document = read(explanation)
    assert document["schema"] == "sipakit.explanation/1"
    assert document["type"] == type(explanation).__name__
    fields = {field.name for field in dataclasses.fields(explanation)}
    assert set(document) - {"names"} == fields | {"schema", "type"}
    for name in ("values", "std_error", "lower", "upper"):
        np.testing.assert_array_equal(array(document["estimate"][name]), getattr(explanation.estimate, name))
    assert document["features"] == [str(name) for name in explanation.features]
    assert document["error"] == explanation.error


@pytest.mark.parametrize("explanation", [case[1] for case in CASES], ids=[case[0] for case in CASES])
def test_equal_explanations_give_equal_ascii_text(explanation):
    text = documents.dumps(explanation)
    assert text == documents.dumps(explanation)
    assert text.isascii()
    text.encode("utf-8")


def test_names_that_are_no_text_can_be_told_from_text():
    document = read(made.importances(names=("1", 2, ("a", 3))))
    assert document["features"] == ["1", "2", "('a', 3)"]
    assert document["names"] == {"2": 2, "('a', 3)": ["a", 3]}
    assert "names" not in read(made.importances(names=("1", "2")))


def test_tuples_as_all_features_are_not_taken_for_pairs():
    document = read(made.interactions(names=(("a", 1), ("a", 2), ("b", 1))))
    assert document["features"] == ["('a', 1)", "('a', 2)", "('b', 1)"]
    assert document["pairs"][0] == ["('a', 1)", None]
    assert document["pairs"][-1] == ["('a', 2)", "('b', 1)"]


def test_numbers_that_json_lacks_stand_in_a_list_beside_the_data():
    values = np.array([[1.5], [np.nan], [np.inf]])
    estimate = Estimate(values, values, -values, values)
    entry = read(dataclasses.replace(made.importances(), estimate=estimate))["estimate"]
    assert entry["values"] == {
        "dtype": "float64",
        "shape": [3, 1],
        "data": [1.5, None, None],
        "nonfinite": [[1, "nan"], [2, "inf"]],
    }
    np.testing.assert_array_equal(array(entry["lower"]), -values)


@pytest.mark.parametrize("dtype", ["f4", "f8", "i8", "u1", "?"])
def test_arrays_keep_their_dtype_and_shape(dtype):
    given = np.arange(6).astype(dtype).reshape(2, 3)
    entry = strict(json.dumps(documents._encoded(given)))
    np.testing.assert_array_equal(array(entry), given)
    assert array(entry).dtype == given.dtype


@pytest.mark.parametrize(
    "column",
    [
        pd.array([1, None, 3], dtype="Int64"),
        pd.array([True, None], dtype="boolean"),
        pd.array(["a", None, "\ud800"], dtype=object),
        pd.array(["a", "b"], dtype="string"),
        pd.date_range("2024-03-30", periods=3, tz="Europe/Berlin").array,
        pd.array(pd.Series([pd.Timestamp("2024-01-01"), pd.NaT])),
        pd.timedelta_range("1h", periods=3, freq="90s").array,
        np.array(["2024-01-01", "NaT"], dtype="M8[D]"),
        np.array([5, 7], dtype="m8[s]"),
    ],
    ids=lambda column: str(column.dtype),
)
def test_columns_of_any_dtype_can_be_rebuilt(column):
    entry = strict(json.dumps(documents._encoded(column)))
    missing = {place for place, mark in entry["nonfinite"] if mark in {"na", "nat"}}
    assert missing == {i for i, cell in enumerate(column) if cell is pd.NA or cell is pd.NaT or cell != cell}  # noqa: PLR0124
    again = pd.Series(entry["data"]).astype(object)
    if entry["dtype"].startswith("timedelta"):
        again = pd.to_timedelta(again)
    elif "datetime" in entry["dtype"]:
        again = pd.to_datetime(again, utc="Berlin" in entry["dtype"])
    again = again.astype(entry["dtype"].replace("[D]", "[s]"))
    pd.testing.assert_series_equal(again, pd.Series(column), check_dtype=False)


def test_categories_are_codes_beside_their_levels():
    given = pd.Categorical(["b", None, "a"], categories=["b", "a", "c"], ordered=True)
    entry = strict(json.dumps(documents._encoded(given)))
    again = pd.Categorical.from_codes(entry["data"], entry["categories"]["data"], ordered=entry["ordered"])
    assert again.equals(given)


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (None, None),
        (True, True),
        (np.bool_(False), False),
        (np.int64(2**62), 2**62),
        (np.float32(0.5), 0.5),
        (np.longdouble(0.5), 0.5),
        (float("nan"), {"type": "float", "value": "nan"}),
        (float("-inf"), {"type": "float", "value": "-inf"}),
        (pd.NaT, {"type": "missing", "value": "nat"}),
        (pd.NA, {"type": "missing", "value": "na"}),
        (np.datetime64("2024-01-02"), {"type": "date", "value": "2024-01-02T00:00:00"}),
        (date(2024, 1, 2), {"type": "date", "value": "2024-01-02"}),
        (datetime(2024, 1, 2, tzinfo=UTC), {"type": "date", "value": "2024-01-02T00:00:00+00:00"}),
        (pd.Timedelta("1h"), {"type": "timedelta", "value": "P0DT1H0M0S"}),
        (("a", 1), ["a", 1]),
        ({"a": 1}, {"a": 1}),
        ({1: 2, "1": 3}, {"type": "mapping", "items": [[1, 2], ["1", 3]]}),
        ({"type": "x"}, {"type": "mapping", "items": [["type", "x"]]}),
        (frozenset({"b", "a"}), {"type": "set", "items": ["a", "b"]}),
        (Decimal("1.5"), {"type": "object", "value": "Decimal('1.5')"}),
        (pd.DataFrame({"secret": [1]}), {"type": "object", "value": "<DataFrame 1 x 1>"}),
        (len, {"type": "object", "value": "<len>"}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_kind_of_value_has_one_form(value, encoded):
    assert documents._encoded(value) == encoded
    assert strict(json.dumps(documents._encoded(value), allow_nan=False)) == encoded


def test_no_document_holds_a_memory_address():
    text = documents.dumps(dataclasses.replace(made.importances(), parameters={"scoring": object(), "f": lambda x: x}))
    assert " at 0x" not in text
    assert "<object object>" in text


def test_a_document_can_be_written_to_a_file_whatever_its_names(tmp_path):
    explanation = made.effects(names=made.HOSTILE)
    text = explanation.to_json(tmp_path / "effects.json")
    assert (tmp_path / "effects.json").read_text(encoding="utf-8") == text == documents.dumps(explanation)


def test_documents_need_no_matplotlib():
    code = "import sys, sipakit.documents, sipakit; assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
