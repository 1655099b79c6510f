"""Ceteris paribus: curves of single rows on the background's grid."""

import numpy as np
import pytest

import sipakit as sp
from tests import brute
from tests.explainers import mixed


def test_it_is_ice_of_the_rows_on_the_grid_of_the_background():
    X, behind = mixed.table(3, seed=5), mixed.table(50)
    e = sp.CeterisParibus(background=behind, grid_resolution=7).explain(mixed.scores, X)
    same = sp.ICE(background=behind, grid_resolution=7).explain(mixed.scores, X)
    for axis, curves, others in zip(e.axes, e.values, same.values, strict=True):
        np.testing.assert_allclose(curves, brute.ice(mixed.scores, X, axis.name, list(axis.values)), atol=1e-12)
        np.testing.assert_array_equal(curves, others)


def test_it_needs_a_background():
    with pytest.raises(sp.InputError, match=r"CeterisParibus\(background=X_train\)"):
        sp.CeterisParibus().explain(mixed.score, mixed.table(5))


def test_the_grid_is_weighed_by_the_background_and_marks_the_row():
    behind = mixed.table(60)
    row = behind.iloc[[4]]
    e = sp.CeterisParibus(background=behind, features=["whole", "size"]).explain(mixed.score, row)
    assert e.own.shape == (1, 2)
    assert e.own[0, 0] == row["whole"].iloc[0]
    assert e.own[0, 1] == row["size"].cat.codes.iloc[0]
    np.testing.assert_array_equal(e.predictions[:, 0], mixed.score(row))
