"""ICE against the model's own answers."""

import numpy as np
import pandas as pd
import pytest

import sipakit as sp
from tests import brute
from tests.analytic import T3
from tests.explainers import mixed


@pytest.fixture(scope="module")
def everything():
    return sp.ICE(grid_resolution=6).explain(mixed.scores, mixed.table(40))


def test_curves_are_the_models_answers_for_columns_of_every_kind(everything):
    X = mixed.table(40)
    assert everything.features == mixed.NAMES
    for axis, curves in zip(everything.axes, everything.values, strict=True):
        truth = brute.ice(mixed.scores, X, axis.name, list(axis.values))
        np.testing.assert_allclose(curves, truth, rtol=0, atol=1e-12, err_msg=str(axis.name))


def test_outputs_stay_on_the_last_axis():
    e = sp.ICE(features=["x1"]).explain(T3.predict, T3.sample(10, np.random.default_rng(0)))
    assert e.values[0].shape == (10, 10, 1)


def test_a_missing_cell_is_a_place_of_its_own(everything):
    number, text = everything.axes[0], everything.axes[2]
    assert number.has_missing
    assert text.has_missing
    assert number.labels[-1] == text.labels[-1] == "missing"
    assert not everything.axes[1].has_missing


def test_levels_that_do_not_occur_have_no_place(everything):
    assert everything.axes[3].labels == ("u", "v", "w")


def test_ordered_levels_come_in_their_order(everything):
    assert everything.axes[4].labels == ("small", "mid", "big")
    assert everything.axes[5].labels == ("False", "True")


def test_a_constant_column_has_one_place_and_the_predictions(everything):
    X = mixed.table(40)
    assert everything.values[7].shape == (40, 1, 2)
    np.testing.assert_array_equal(everything.values[7][:, 0], mixed.scores(X))


def test_the_row_itself_is_on_its_curve(everything):
    X = mixed.table(40)
    for j, axis in enumerate(everything.axes):
        own = everything.own[:, j]
        place = np.array([np.flatnonzero(np.isclose(axis.positions, x)) for x in own], dtype=object)
        for row in range(40):
            if len(place[row]):
                curve = everything.values[j][row, place[row][0]]
                np.testing.assert_allclose(curve, mixed.scores(X.iloc[[row]])[0], atol=1e-12)


def test_values_are_the_models_own_and_have_no_error(everything):
    assert (everything.std_error == 0).all()
    assert everything.error.startswith("None")


def test_the_default_grid_takes_quantiles_that_occur():
    X = T3.sample(500, np.random.default_rng(1))
    (axis,) = sp.ICE(features=["x1"], grid_resolution=11).explain(T3.predict, X).axes
    expected = np.quantile(X["x1"], np.linspace(0, 1, 11), method="inverted_cdf")
    np.testing.assert_array_equal(axis.positions, expected)


def test_all_values_on_request():
    X = T3.sample(70, np.random.default_rng(1))
    e = sp.ICE(features=["x1"], grid_resolution="all").explain(T3.predict, X)
    np.testing.assert_array_equal(e.axes[0].positions, np.sort(X["x1"]))


def test_a_background_supplies_the_grid():
    X = pd.DataFrame({"a": [0.0, 1.0], "b": [1.0, 2.0]})
    e = sp.ICE(background=pd.DataFrame({"a": [5.0, 6.0, 7.0], "b": [0.0, 0.0, 0.0]})).explain(
        lambda Z: Z["a"] + Z["b"], X
    )
    np.testing.assert_array_equal(e.axes[0].values, [5, 6, 7])
    np.testing.assert_array_equal(e.values[0][:, :, 0], [[6, 7, 8], [7, 8, 9]])
    np.testing.assert_array_equal(e.values[1][:, :, 0], [[0], [1]])


def test_one_row_has_curves():
    X = mixed.table(1)
    e = sp.ICE(background=mixed.table(30), grid_resolution=4).explain(mixed.score, X)
    for axis, curves in zip(e.axes, e.values, strict=True):
        np.testing.assert_allclose(curves[..., 0], brute.ice(mixed.score, X, axis.name, list(axis.values)), atol=1e-12)


def test_rows_that_sit_on_the_grid_are_not_predicted_again():
    X = pd.DataFrame({"a": [0.0, 1.0, 2.0], "b": [0.0, 1.0, 2.0]})
    e = sp.ICE().explain(lambda Z: Z["a"], X)
    assert e.cost.asked == 3 * 6
    assert e.cost.rows == 9  # the rows, and each with two other values of a, which are those with other values of b


def test_a_group_has_no_curve():
    with pytest.raises(sp.InputError, match="features"):
        sp.ICE(features=["both"]).explain(mixed.score, mixed.table(5))
