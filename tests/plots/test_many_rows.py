"""Pictures of attributions: steps of one row, values against attributions, and maps of many rows."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import numpy as np
import pytest

import sipakit as sp
from sipakit.errors import InputError
from sipakit.plots import draw
from sipakit.plots.modifier import modifier_of
from tests.plots import made, seen


def product(n=300, noise=0):
    """x0 acts by the sign of x1; further columns do nothing."""
    X = np.random.default_rng(0).normal(size=(n, 3 + noise))
    return sp.Shapley(background=X[:20], estimator="permutation").explain(lambda X: X[:, 0] * (X[:, 1] > 0), X)


# ---- steps


def test_steps_lead_from_the_base_value_to_the_prediction():
    e = made.attributions(3)
    panel = draw(e, "waterfall").ax_
    bars = panel.patches
    assert bars[0].get_x() == pytest.approx(0.24)
    for one, after in pairwise(list(bars)):
        assert after.get_x() == pytest.approx(one.get_x() + one.get_width())
    assert bars[-1].get_x() + bars[-1].get_width() == pytest.approx(e.predictions.item())
    names = [label.get_text() for label in panel.get_yticklabels()]
    assert (names[0], names[-1]) == ("base value", "prediction")


def test_what_is_missing_from_the_sum_is_a_step_of_its_own():
    e = made.attributions(3)
    gap = np.array([[0.3]])
    panel = draw(dataclasses.replace(e, completeness_gap=gap, predictions=e.predictions + gap), "waterfall").ax_
    assert panel.patches[-1].get_hatch()
    assert panel.patches[-1].get_width() == pytest.approx(0.3)
    assert "missing from the sum" in [label.get_text() for label in panel.get_yticklabels()]


def test_what_does_not_add_up_has_no_steps():
    with pytest.raises(InputError, match=r"those of Shapley do not lead to the prediction.*kind='bars'"):
        draw(made.attributions(3, additive=False), "waterfall")


# ---- values against attributions


def test_the_feature_that_interacts_most_gives_the_colour_and_is_named():
    e = product()
    other, share = modifier_of(e, 0, [0])
    assert e.features[other] == "x1"
    assert share > 0.3
    display = draw(e, "dependence", feature="x0")
    assert "Coloured by x1. Among all features it tells most of the spread at like values" in seen.whole(display)
    assert "Coloured by x2. " in seen.whole(draw(e, "dependence", feature="x0", colour_by="x2"))


def test_the_best_of_many_features_that_tell_nothing_is_no_colour():
    found = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        e = made.attributions(12, n=100, row_values=rng.normal(size=(100, 12)).astype(object))
        found.append(modifier_of(e, 0, [0])[0] is not None)
    assert np.mean(found) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 40)
    assert "No other feature tells more than chance" in seen.whole(draw(made.attributions(1, n=20), "dependence"))


def test_missing_values_have_a_place_of_their_own_and_levels_lie_side_by_side():
    e = made.attributions(3, n=60)
    cells = e.row_values.copy()
    cells[::5, 0] = None
    cells[:, 1] = ["u", "v", None] * 20
    e = dataclasses.replace(e, row_values=cells)
    panel = draw(e, "dependence", feature="age").ax_
    assert "missing" in [label.get_text() for label in panel.get_xticklabels()]
    points = np.concatenate([c.get_offsets() for c in panel.collections if len(c.get_offsets()) > 1])
    assert len(points) == 60
    known = np.array([cell for cell in cells[:, 0] if cell is not None], dtype=float)
    assert (points[:, 0] > known.max()).sum() == 12
    panel = draw(e, "dependence", feature="hours_per_week").ax_
    assert [label.get_text() for label in panel.get_xticklabels()] == ["u", "v", "missing"]
    points = np.concatenate([c.get_offsets() for c in panel.collections if len(c.get_offsets()) > 1])
    assert len(np.unique(points[:, 0])) == 60
    assert "moved aside" in seen.whole(draw(e, "dependence", feature="hours_per_week"))


# ---- maps


@pytest.mark.parametrize("order", [None, "prediction", "similarity"])
def test_a_map_has_a_cell_a_row_and_feature(order):
    e = made.attributions(4, n=30)
    shown = draw(e, "heatmap", order=order).ax_.images[0].get_array()
    assert shown.shape == (4, 30)
    np.testing.assert_allclose(np.sort(shown.ravel()), np.sort(e.values.ravel()))
    if order != "similarity":
        np.testing.assert_allclose(shown.sum(axis=0), np.sort(e.predictions[:, 0]) - 0.24)


def test_like_rows_lie_together():
    rng = np.random.default_rng(0)
    group = rng.integers(0, 3, 60)
    values = (np.eye(3)[group] * 3 + 0.1 * rng.normal(size=(60, 3)))[:, :, None]
    e = made.attributions(3, n=60)
    e = dataclasses.replace(e, estimate=dataclasses.replace(e.estimate, values=values))
    shown = draw(e, "heatmap", order="similarity").ax_.images[0].get_array()
    assert (np.diff(np.argmax(shown, axis=0)) != 0).sum() == 2


def test_the_sum_of_the_other_features_is_the_last_line():
    e = made.attributions(60, n=20)
    shown = draw(e, "heatmap").ax_.images[0].get_array()
    assert shown.shape == (13, 20)
    np.testing.assert_allclose(shown.sum(axis=0), np.sort(e.predictions[:, 0]) - 0.24)


# ---- options


def test_options_that_a_picture_does_not_take_are_refused():
    e = made.attributions(3, n=10)
    with pytest.raises(InputError, match=r"order='size' is no order of rows.*'prediction' or 'similarity'"):
        e.plot("heatmap", order="size")
    with pytest.raises(InputError, match=r"feature='agee' is no feature.*'age'"):
        e.plot("dependence", feature="agee")
    with pytest.raises(InputError, match=r"feature='age': kind='beeswarm' has no single feature"):
        e.plot("beeswarm", feature="age")
    with pytest.raises(InputError, match=r"order='prediction': kind='bars' has no order of rows"):
        e.plot(order="prediction")
