"""Kinds of columns are named where a file does not tell them."""

import pandas as pd
import pytest

from sipakit.cli.dtypes import read_dtypes, with_dtypes
from sipakit.cli.files import read_table
from sipakit.errors import InputError


def test_codes_keep_their_zeros_and_missing_cells(tmp_path):
    (tmp_path / "t.csv").write_text("zip,size\n00123,1\n,2\n")
    table = read_table(str(tmp_path / "t.csv"), "--data", {"zip": "text"})
    assert table["zip"].tolist()[0] == "00123"
    assert table["zip"].isna().tolist() == [False, True]


def test_numbers_of_a_typed_file_become_texts():
    texts = with_dtypes(pd.DataFrame({"a": [1, 2]}), {"a": "text"}, "--data")
    assert texts["a"].tolist() == ["1", "2"]


def test_texts_become_categories_and_dates():
    table = pd.DataFrame({"city": ["Rome", None], "day": ["2024-05-31", None], "size": [1, 2]})
    read = with_dtypes(table, {"city": "category", "day": "date"}, "--data")
    assert read["city"].dtype == pd.CategoricalDtype(["Rome"])
    assert read["day"][0] == pd.Timestamp("2024-05-31")
    assert list(read) == ["city", "day", "size"]


def test_dates_of_summer_and_winter_become_one_zone():
    days = pd.DataFrame({"day": ["2024-01-01T12:00:00+01:00", "2024-07-01T12:00:00+02:00"]})
    read = with_dtypes(days, {"day": "date"}, "--data")["day"]
    assert read.tolist() == [pd.Timestamp("2024-01-01T11:00Z"), pd.Timestamp("2024-07-01T10:00Z")]


@pytest.mark.parametrize("given", ["city", "city=", "=date", "city=enum"])
def test_other_words_are_refused_with_the_kinds_there_are(given):
    with pytest.raises(InputError, match=r"It takes COLUMN=KIND, and kinds are category, date, text\."):
        read_dtypes([given])


@pytest.mark.parametrize(("dtypes", "words"), [({"b": "text"}, "'b', which is no column of"), ({"a": "date"}, "fit")])
def test_what_does_not_fit_the_table_is_refused(dtypes, words):
    with pytest.raises(InputError, match=words):
        with_dtypes(pd.DataFrame({"a": ["soon"]}), dtypes, "--data")
