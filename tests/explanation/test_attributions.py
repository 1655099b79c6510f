"""Rows of attributions by position, and groups of them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

import sipakit as sp
from sipakit.errors import InputError, InputTypeError
from tests.plots import made


def full(n=5, k=2):
    e = made.attributions(3, k, n=n)
    return dataclasses.replace(
        e,
        weights=np.arange(1.0, n + 1),
        replicates=np.random.default_rng(0).normal(size=(4, *e.values.shape)),
        fit=np.arange(float(n * k)).reshape(n, k),
        base_values=np.arange(float(n * k)).reshape(n, k),
        base_std_error=np.ones((n, k)),
        manifest={"rows": n},
    )


@pytest.mark.parametrize("key", [1, -1, np.int64(2), slice(1, 4), [0, 3], np.array([True, False, True, False, False])])
def test_rows_are_taken_from_every_field(key):
    e = full()
    at = np.atleast_1d(np.arange(5)[key])
    part = e[key]
    for name in ("values", "std_error", "predictions", "rows", "row_values", "weights", "fit", "base_values"):
        np.testing.assert_array_equal(getattr(part, name), getattr(e, name)[at])
    np.testing.assert_array_equal(part.replicates, e.replicates[:, at])
    np.testing.assert_array_equal(part.completeness_gap, e.completeness_gap[at])
    assert part.manifest["rows"] == len(part) == len(at)
    assert part.features == e.features


def test_a_loop_goes_over_the_rows():
    assert [one.rows.item() for one in full()] == [17, 18, 19, 20, 21]


@pytest.mark.parametrize("key", [5, -6, [0, 9], slice(3, 3), [True, False], []])
def test_rows_that_do_not_exist_are_refused(key):
    with pytest.raises((InputError, InputTypeError), match="rows"):
        full()[key]


@pytest.mark.parametrize("key", ["row", 1.5, None, [[0, 1]]])
def test_what_is_no_key_of_rows_is_refused(key):
    with pytest.raises(InputTypeError, match="Rows go by their position"):
        full()[key]


def test_a_row_of_a_table_is_explained_as_alone():
    X = pd.DataFrame({"a": [1.0, 2.0, 4.0], "b": ["u", "v", "u"]})
    e = sp.Shapley(background=X).explain(lambda X: X["a"].to_numpy() * (X["b"] == "u"), X)
    assert e[2].plot("waterfall").title.startswith("Shapley: row 2, ")


# ---- groups of rows


def test_groups_have_the_importances_of_their_rows():
    e = made.attributions(3, n=40)
    labels = np.where(np.arange(40) % 3 == 0, "some", "others")
    groups = e.cohorts(labels)
    assert list(groups.importances) == ["others", "some"]
    np.testing.assert_array_equal(groups["some"].values, e[labels == "some"].importance().values)
    frame = groups.frame()
    assert frame.columns[:2].tolist() == ["cohort", "rows"]
    assert len(frame) == 6
    assert "in 2 groups of rows" in groups.plot().title


def test_many_numbers_are_cut_into_quarters_and_missing_cells_are_apart():
    e = made.attributions(3, n=41)
    cells = e.row_values.copy()
    cells[:, 0] = [float(i) for i in range(40)] + [None]
    groups = dataclasses.replace(e, row_values=cells, manifest={"rows": 41}).cohorts("age")
    assert list(groups.importances) == ["0 to 9", "10 to 19", "20 to 29", "30 to 39", "missing"]
    assert [one.manifest["rows"] for one in groups.importances.values()] == [10, 10, 10, 10, 1]


def test_few_numbers_are_groups_of_their_own_in_their_order():
    e = made.attributions(3, n=6)
    assert list(e.cohorts([10, 2, 2, 10, 2, 7]).importances) == [2, 7, 10]
    assert list(e.cohorts(pd.Series([True, False] * 3)).importances) == [False, True]


def test_groups_that_cannot_be_are_refused_by_name():
    e = made.attributions(3, n=6)
    with pytest.raises(InputError, match=r"by='agee' is no feature.*'age'"):
        e.cohorts("agee")
    with pytest.raises(InputError, match="by= has 2 labels for 6 rows"):
        e.cohorts(["a", "b"])
    with pytest.raises(InputError, match=r"'c'.*no group.*'a', 'b'"):
        e.cohorts(list("ababab"))["c"]
    with pytest.raises(InputError, match="by= is a object"):
        e.cohorts(object())
