"""The two tables are those of their origin, whole, and in plain types."""

import hashlib
import re
from importlib.resources import files

import numpy as np
import pytest
from pandas.api.types import is_float_dtype, is_integer_dtype, is_string_dtype

from sipakit.datasets import bike, census

FILES = ["adult_census.csv.gz", "bike_hourly.csv.gz"]
BIKE_TEXT = ["season", "weather"]
CENSUS_TEXT = [
    "workclass",
    "education",
    "marital-status",
    "occupation",
    "relationship",
    "race",
    "sex",
    "native-country",
]


def test_bike_has_twelve_features_and_the_count_as_target():
    X, y = bike()
    assert X.shape == (17_379, 12)
    assert y.shape == (17_379,)
    assert y.name == "count"
    assert "count" not in X
    assert is_integer_dtype(y)
    assert int(y.sum()) == 3_292_679  # all rentals of the two years


def test_bike_has_no_missing_cell():
    X, y = bike()
    assert not X.isna().any().any()
    assert not y.isna().any()


def test_bike_keeps_text_as_text_and_numbers_in_their_own_type():
    X, _ = bike()
    assert [name for name in X if is_string_dtype(X[name])] == BIKE_TEXT
    assert [name for name in X if is_float_dtype(X[name])] == [
        "temp",
        "feel_temp",
        "humidity",
        "windspeed",
    ]
    assert sorted(X["season"].unique()) == ["fall", "spring", "summer", "winter"]
    assert sorted(X["weather"].unique()) == ["clear", "heavy_rain", "misty", "rain"]


def test_bike_features_are_in_the_units_of_the_docstring():
    X, _ = bike()
    assert X["temp"].between(-10, 45).all()
    assert X["feel_temp"].between(-10, 55).all()
    assert X["humidity"].between(0, 1).all()
    assert X["windspeed"].between(0, 60).all()
    assert X.loc[0, "weekday"] == 6  # 1 January 2011 was a Saturday, so 0 is Sunday


def test_census_leaves_the_target_and_the_weight_out_of_the_features():
    X, y = census()
    assert X.shape == (48_842, 13)
    assert y.shape == (48_842,)
    assert y.name == "class"
    assert y.value_counts().to_dict() == {"<=50K": 37_155, ">50K": 11_687}
    assert not {"class", "fnlwgt"} & set(X)


def test_census_keeps_missing_cells_missing():
    X, y = census()
    missing = X.isna().sum()
    assert missing[missing > 0].to_dict() == {
        "workclass": 2_799,
        "occupation": 2_809,
        "native-country": 857,
    }
    assert not y.isna().any()


def test_census_keeps_text_as_plain_text():
    X, y = census()
    text = [name for name in X if not (is_integer_dtype(X[name]) or is_float_dtype(X[name]))]
    assert text == CENSUS_TEXT
    for column in [*(X[name] for name in text), y]:
        assert str(column.dtype) in {"object", "str"}
        assert all(type(value) is str for value in column.dropna().unique())


def test_census_weights_are_positive_and_aligned_with_the_rows():
    X, y, weight = census(weights=True)
    assert weight.name == "fnlwgt"
    assert weight.shape == (48_842,)
    assert np.isfinite(weight).all()
    assert (weight > 0).all()
    assert weight.index.equals(X.index)
    assert y.index.equals(X.index)
    assert float(weight.iloc[0]) == 226_802


@pytest.mark.parametrize("table", [bike, census])
def test_each_call_returns_frames_of_its_own(table):
    X, y = table()
    X.iloc[0, 0] = X.iloc[1, 0]
    del X[X.columns[-1]]
    y.iloc[0] = y.iloc[1]
    fresh = table()
    again = table()
    assert fresh[0].equals(again[0])
    assert fresh[1].equals(again[1])


@pytest.mark.parametrize("name", FILES)
def test_provenance_travels_with_the_tables_and_names_their_bytes(name):
    folder = files("sipakit.datasets")
    provenance = (folder / "PROVENANCE.md").read_text(encoding="utf-8")
    digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    assert f"| `{name}` |" in provenance
    assert digest in provenance
    assert "CC BY 4.0" in provenance


def test_provenance_describes_every_column():
    provenance = (files("sipakit.datasets") / "PROVENANCE.md").read_text(encoding="utf-8")
    described = re.findall(r"^\| `([a-z_-]+)` \| (?:text|integer|number) \|", provenance, re.MULTILINE)
    X, y = bike()
    Z, label, weight = census(weights=True)
    names = {*X.columns, y.name, *Z.columns, label.name, weight.name}
    assert len(described) == 13 + 15
    assert set(described) == names
