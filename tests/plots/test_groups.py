"""Groups of rows side by side: whose curve is whose, on which ruler, and what cannot be compared."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from matplotlib.figure import Figure

import sipakit as sp
from sipakit.errors import ComparisonError, InputError, InputTypeError
from sipakit.plots.style import COLOURS
from tests.plots import made, seen


def lines(panel, colour):
    return [line for line in panel.lines if line.get_color() == colour]


def test_each_group_has_its_curve_its_colour_and_its_name():
    low, high = (
        made.effects(axes=(made.number_axis("age", places=6, high=top),), error=error)
        for top, error in ((90.0, 0.01), (60.0, 0.02))
    )
    display = sp.plots.cohorts({"_old": low, "$young$": high})
    for e, colour in ((low, COLOURS[0]), (high, COLOURS[1])):
        (line,) = lines(display.ax_, colour)
        np.testing.assert_allclose(line.get_xdata(), e.axes[0].positions)
        np.testing.assert_array_equal(line.get_ydata(), e.values[0][:, 0])
    assert [text.get_text() for text in display.figure_.legends[0].get_texts()] == ["_old", "$young$"]
    assert display.title.endswith("along age, in 2 groups of rows")
    assert "95 % intervals" in seen.whole(display)


def test_levels_stand_at_their_own_name_whichever_groups_have_them():
    one = made.effects(axes=(made.level_axis("work", ["a", "b", "c"], absent=True),))
    other = made.effects(axes=(made.level_axis("work", ["c", "d"]),))
    panel = sp.plots.cohorts({"one": one, "other": other}).ax_
    names = [label.get_text() for label in panel.get_xticklabels()]
    assert names == ["a", "b", "c", "d", "missing"]
    drawn = lines(panel, COLOURS[1])[-1]
    np.testing.assert_allclose(np.round(drawn.get_xdata()), [2, 3])
    np.testing.assert_array_equal(drawn.get_ydata(), other.values[0][:, 0])
    first = lines(panel, COLOURS[0])[-1]
    np.testing.assert_allclose(np.round(first.get_xdata()), [0, 1, 2, 4])


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("centred", [False, True])
def test_any_axis_can_be_shared_by_groups(k, centred):
    e = made.effects(k=k, axes=made.all_axes(), centred=centred)
    display = sp.plots.cohorts(dict.fromkeys("abc", e))
    assert len(display.ax_) == (10 if k == 1 else 12)
    assert len({panel.get_ylim() for panel in display.ax_}) == 1
    display.svg()


def test_importances_are_dots_beside_each_other_on_one_ruler():
    one, other = made.importances(4, 2), made.importances(4, 2)
    display = sp.plots.cohorts({"winter": one, "summer": other})
    assert len(display.ax_) == 2
    order = np.argsort(-one.values[:, 0])
    for metric, panel in enumerate(display.ax_):
        (dots,) = [line for line in lines(panel, COLOURS[0]) if line.get_marker() == "o"]
        np.testing.assert_array_equal(dots.get_xdata(), one.values[order, metric])
    axes = Figure(figsize=(5, 3)).subplots()
    assert sp.plots.cohorts({"a": one, "b": other}, ax=axes).ax_ is axes


def test_groups_of_a_real_table():
    X, y = sp.datasets.bike()
    X, y = X.iloc[:400], y.iloc[:400]
    method = sp.PartialDependence(features=["temp", "hour", "weather"], grid_resolution=5)
    model = lambda X: (X["temp"] * X["workingday"] + X["hour"]).to_numpy()
    results = {f"day {day}": method.explain(model, X[X["workingday"] == day]) for day in (0, 1)}
    text = seen.whole(sp.plots.cohorts(results))
    assert f"day 0 ({int((X['workingday'] == 0).sum())} rows)" in text


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"outputs": ("b",)}, "outputs"),
        ({"scale": "log_odds"}, "scale"),
        ({"explainer": "ALE"}, "explainer"),
        ({"centred": True}, "centred"),
        ({"features": ("x", "y")}, "features"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_answers_another_question_is_refused(changes, field):
    e = made.effects(2)
    with pytest.raises(ComparisonError, match=f"'a'.*'b'.*differ in {field}"):
        sp.plots.cohorts({"a": e, "b": dataclasses.replace(e, **changes)})


def test_a_feature_needs_one_kind_in_all_groups():
    one, other = made.effects(axes=(made.number_axis("x"),)), made.effects(axes=(made.level_axis("x", "ab"),))
    with pytest.raises(ComparisonError, match="'x' is category and number"):
        sp.plots.cohorts({"a": one, "b": other})


def test_wrong_arguments_are_named():
    e = made.effects(1)
    with pytest.raises(InputTypeError, match="results= is a list"):
        sp.plots.cohorts([e, e])
    with pytest.raises(InputError, match="results= has 1 explanation"):
        sp.plots.cohorts({"a": e})
    with pytest.raises(InputError, match="2 to 6"):
        sp.plots.cohorts(dict.fromkeys("abcdefg", e))
    with pytest.raises(InputTypeError, match="colour_by"):
        sp.plots.cohorts({"a": e, "b": made.row_effects(1)})
