"""Pictures of effects: what is where on a panel."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.dates import date2num
from matplotlib.figure import Figure

from sipakit.estimate import Estimate
from sipakit.plots import draw
from sipakit.plots.places import Places
from sipakit.plots.style import COLOURS
from tests.plots import made, seen


def curve(panel, colour=COLOURS[0]):
    """The first line of a colour."""
    return next(line for line in panel.lines if line.get_color() == colour and len(line.get_xdata()))


def test_a_curve_goes_through_the_estimates_and_its_band_through_the_interval():
    explanation = made.effects(axes=(made.number_axis("age"),))
    panel = draw(explanation).ax_
    line, (band,) = curve(panel), [c for c in panel.collections if isinstance(c, PolyCollection)]
    np.testing.assert_array_equal(line.get_xdata(), explanation.axes[0].positions)
    np.testing.assert_array_equal(line.get_ydata(), explanation.estimate.values[:, 0])
    edges = band.get_paths()[0].vertices
    for place in range(20):
        at = edges[edges[:, 0] == explanation.axes[0].positions[place], 1]
        assert at.min() == explanation.estimate.lower[place, 0]
        assert at.max() == explanation.estimate.upper[place, 0]


def test_the_missing_place_stands_alone_right_of_a_gap_and_is_named():
    explanation = made.effects(axes=(made.number_axis("age", absent=True),))
    panel = draw(explanation).ax_
    lines = [line for line in panel.lines if line.get_color() == COLOURS[0]]
    assert [len(line.get_xdata()) for line in lines] == [20, 1]
    (x,), (y,) = lines[1].get_data()
    assert x > 90 + 0.1 * (90 - 17)
    assert y == explanation.estimate.values[-1, 0]
    labels = {label.get_text(): label.get_position()[0] for label in panel.get_xticklabels()}
    assert labels["missing"] == x
    assert all(place <= 90 for name, place in labels.items() if name != "missing")


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_dates_lie_where_matplotlib_puts_them_and_are_written_in_their_zone(zone):
    axis = made.date_axis("when", zone=zone, freq="7h")
    panel = draw(made.effects(axes=(axis,))).ax_
    np.testing.assert_allclose(curve(panel).get_xdata(), date2num(axis.values), atol=1e-9)
    name = panel.get_xlabel()
    assert name == ("when" if zone is None else "when (Europe/Berlin)")
    for label in panel.get_xticklabels():
        moment = pd.Timestamp(label.get_text(), tz=zone)
        assert date2num(moment) == pytest.approx(label.get_position()[0])


def test_spans_of_time_are_numbers_with_a_unit():
    axis = made.date_axis("since", spans=True, absent=True)
    panel = draw(made.effects(axes=(axis,))).ax_
    assert panel.get_xlabel() == "since (days)"
    np.testing.assert_allclose(curve(panel).get_xdata(), [(1 + 5 * i) / 24 for i in range(12)])
    minutes = dataclasses.replace(axis, positions=axis.positions / 1000)
    assert draw(made.effects(axes=(minutes,))).ax_.get_xlabel() == "since (minutes)"


@pytest.mark.parametrize("kind", ["category", "ordered"])
def test_levels_are_points_in_their_order_with_whiskers_and_no_line(kind):
    axis = made.level_axis("work", ["zebra", "$a$", "_b"], kind=kind, absent=True)
    explanation = made.effects(axes=(axis,))
    panel = draw(explanation).ax_
    assert [label.get_text() for label in panel.get_xticklabels()] == ["zebra", "$a$", "_b", "missing"]
    dots = [line for line in panel.lines if len(line.get_xdata()) == 4]
    assert [line.get_linestyle() for line in dots] == ["None"]
    np.testing.assert_array_equal(dots[0].get_ydata(), explanation.estimate.values[:, 0])
    (whiskers,) = [c for c in panel.collections if isinstance(c, LineCollection)]
    first = whiskers.get_segments()[0][:, 1]
    np.testing.assert_array_equal(first, [explanation.estimate.lower[0, 0], explanation.estimate.upper[0, 0]])


def test_too_many_levels_are_cut_to_the_most_frequent_ones_and_the_missing_one():
    axis = made.level_axis("work", [f"occupation {i}" for i in range(50)], absent=True)
    places = Places.of(axis, 2.0)
    assert places.shown.tolist() == [*range(len(places.shown) - 1), 50]
    assert len(places.shown) < 20
    assert places.cut == f"{len(places.shown)} of 51 levels of work, the most frequent ones."
    text = seen.whole(draw(made.effects(axes=(axis, made.number_axis("age")))))
    assert "of 51 levels of work, the most frequent ones." in text
    where = places.locate(np.array([0.0, 3.0, 45.0, np.nan]))
    np.testing.assert_array_equal(where, [0, 3, np.nan, len(places.shown) - 1])


def test_panels_share_their_ruler_so_that_features_compare():
    display = draw(made.effects(8))
    assert len({panel.get_ylim() for panel in display.ax_}) == 1
    assert display.figure_.get_supylabel() == "prediction"


def test_the_strongest_features_come_first_where_some_are_left_out():
    explanation = made.effects(60)
    names = [panel.get_xlabel() for panel in draw(explanation).ax_]
    ranges = {axis.name: np.ptp(v) for axis, v in zip(explanation.axes, explanation.values, strict=True)}
    strongest = sorted(ranges, key=ranges.get, reverse=True)[:12]
    assert len(names) == 12
    assert [name for name in names if "…" not in name] == [name for name in strongest if len(name) < 32]
    few = draw(made.effects(3)).ax_
    assert [panel.get_xlabel()[:5] for panel in few] == ["age", "hours", "a ver"]


def test_the_axes_of_the_caller_get_the_strongest_feature_and_its_name():
    explanation = made.effects(8)
    axes = Figure().subplots()
    display = draw(explanation, ax=axes)
    strongest = max(range(8), key=lambda j: np.ptp(explanation.values[j]))
    assert axes.get_xlabel()[:5] == explanation.axes[strongest].name[:5]
    assert "1 of 8 features" in seen.whole(display)
    assert axes.get_ylabel() == "prediction"


def test_each_output_has_a_colour_a_dash_and_a_name_in_the_legend():
    explanation = dataclasses.replace(made.effects(k=3), outputs=("_hidden", "$a$", "c"))
    display = draw(explanation)
    (legend,) = display.figure_.legends
    assert [text.get_text() for text in legend.get_texts()] == ["_hidden", "$a$", "c"]
    lines = legend.get_lines()
    assert len({line.get_color() for line in lines}) == 3
    assert len({str(line._dash_pattern) for line in lines}) == 3
    assert draw(made.effects(k=1)).figure_.legends == []


def test_more_outputs_than_can_be_told_apart_are_cut():
    explanation = made.effects(k=8)
    display = draw(explanation)
    assert "6 of 8 outputs" in seen.whole(display)
    assert len(display.figure_.legends[0].get_texts()) == 6


def test_a_centred_effect_has_a_line_at_zero_and_says_that_it_is_a_change():
    panel = draw(made.effects(1, centred=True)).ax_
    assert panel.get_ylabel() == "change in prediction (mean 0)"
    assert any(list(line.get_ydata()) == [0, 0] for line in panel.lines)


def test_one_very_wide_interval_does_not_flatten_all_curves():
    explanation = made.effects(2)
    estimate = explanation.estimate
    upper = estimate.upper.copy()
    upper[3] = 1e6
    wide = dataclasses.replace(
        explanation, estimate=Estimate(estimate.values, estimate.std_error, estimate.lower, upper)
    )
    display = draw(wide)
    assert display.ax_[0].get_ylim()[1] < 10
    assert "wider than shown" in seen.whole(display)
    assert "wider than shown" not in seen.whole(draw(explanation))


@pytest.mark.parametrize("positions", [[5.0], [np.nan], [5.0, np.nan]], ids=str)
def test_an_axis_of_one_place_can_be_drawn(positions):
    positions = np.array(positions)
    known = positions[np.isfinite(positions)]
    axis = dataclasses.replace(
        made.number_axis("x"),
        values=positions,
        positions=positions,
        labels=tuple("missing" if np.isnan(p) else "5" for p in positions),
        weight=np.full(len(positions), 1 / len(positions)),
        rug=known,
    )
    for kind in ("number", "date"):
        one = dataclasses.replace(axis, kind=kind, values=positions.astype("M8[ns]") if kind == "date" else positions)
        text = seen.texts(draw(made.effects(axes=(one,))))
        assert ("missing" in text) == bool(np.isnan(positions).any())
    draw(made.row_effects(n=4, axes=(axis,))).svg()


def test_few_rows_have_a_curve_each_a_name_and_a_mark_at_their_own_place():
    explanation = made.row_effects(1, n=4)
    display = draw(explanation)
    legend = display.figure_.legends[0]
    assert [text.get_text() for text in legend.get_texts()] == ["row 3", "row 4", "row 5", "row 6"]
    panel = display.ax_
    for row in range(4):
        assert np.array_equal(curve(panel, COLOURS[row]).get_ydata(), explanation.estimate.values[row, :, 0])
        marks = [x for x in panel.lines if x.get_color() == COLOURS[row] and x.get_markersize() == 8]
        assert [(m.get_xdata()[0], m.get_ydata()[0]) for m in marks] == [
            (explanation.own[row, 0], explanation.predictions[row, 0])
        ]


def test_many_rows_are_thin_lines_with_the_mean_of_all_rows_in_front():
    explanation = made.row_effects(1, n=300)
    display = draw(explanation)
    (lines,) = [c for c in display.ax_.collections if isinstance(c, LineCollection)]
    assert len(lines.get_segments()) == 200
    assert lines.get_rasterized()
    mean = max(display.ax_.lines, key=lambda line: line.get_linewidth())
    np.testing.assert_allclose(mean.get_ydata(), explanation.estimate.values[..., 0].mean(axis=0))
    text = seen.whole(display)
    assert "200 of 300 rows drawn" in text
    assert "mean of all 300 rows" in text
    means = np.sort([segment[:, 1].mean() for segment in lines.get_segments()])
    everyone = np.sort(explanation.estimate.values.mean(axis=(1, 2)))
    assert (means[0], means[-1]) == pytest.approx((everyone[0], everyone[-1]))


def test_few_lines_stay_lines():
    (lines,) = [c for c in draw(made.row_effects(1, n=10)).ax_.collections if isinstance(c, LineCollection)]
    assert not lines.get_rasterized()


def test_rows_of_several_outputs_have_a_panel_for_each():
    display = draw(made.row_effects(2, 3, n=3))
    assert len(display.ax_) == 6
    assert [panel.get_title() for panel in display.ax_[:3]] == ["class A", "class B", "class C"]
