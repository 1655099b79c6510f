"""Maps of two features: what colour is where, what is hatched, and what is said of the interval."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

import sipakit as sp
from sipakit.errors import InputError
from sipakit.plots import draw
from sipakit.plots.places import Places
from sipakit.plots.style import EVEN
from tests.plots import made, seen


def maps(panel):
    """The cells and the veil over those without rows."""
    return [c for c in panel.collections if isinstance(c, PolyCollection)]


def small(**changes):
    first = made.level_axis("work", ["a", "b", "c"])
    second = made.level_axis("size", ["u", "v"], absent=True)
    return made.pair_effects(planes=[made.plane(first, second)], **changes)


def test_the_colour_of_each_cell_is_its_value_on_a_scale_of_the_cells_that_have_rows():
    e = small()
    ground, veil = maps(draw(e).ax_)
    values, weight = e.values[0][:, :, 0], e.axes[0].weight
    near = values[weight > 0]
    share = (values.ravel() - near.min()) / np.ptp(near)
    np.testing.assert_allclose(ground.get_facecolor(), EVEN(share), atol=1e-9)
    assert len(veil.get_paths()) == (weight == 0).sum() > 0
    assert veil.get_hatch()
    assert f"Hatched: {(weight == 0).sum()} of 9 places that no row is near." in seen.whole(draw(e))


def test_a_map_without_empty_places_has_no_veil_and_says_nothing_of_one():
    first = made.level_axis("work", ["a", "b", "c"])
    e = made.pair_effects(planes=[made.plane(first, made.level_axis("size", ["u", "v"]), empty=False)])
    assert not maps(draw(e).ax_)[1].get_paths()
    assert "Hatched" not in seen.whole(draw(e))


def test_cells_lie_at_their_places_and_touch_their_neighbours():
    places = Places.of(made.number_axis("x", places=5), 4.0)
    cells = places.cells
    np.testing.assert_allclose(cells[1:, 0], cells[:-1, 1])
    assert (cells[:, 0] < places.x).all()
    assert (places.x < cells[:, 1]).all()
    apart = Places.of(made.number_axis("x", places=5, absent=True), 4.0).cells
    assert apart[-1, 0] > apart[-2, 1]
    np.testing.assert_array_equal(Places.of(made.level_axis("c", "abc"), 4.0).cells[1], [0.5, 1.5])


def test_large_cells_hold_value_and_half_width():
    e = small()
    half = (e.estimate.upper - e.estimate.lower)[0, 0] / 2
    texts = [text.get_text() for text in draw(e).ax_.texts]
    assert len(texts) == 9
    assert all(f"\N{PLUS-MINUS SIGN}{half:.2g}" in text for text in texts)
    many = made.pair_effects(planes=[made.plane(made.number_axis("x"), made.number_axis("y"))])
    assert not draw(many).ax_.texts


def test_the_caption_tells_the_half_widths_where_rows_are():
    e = small()
    half = (e.estimate.upper - e.estimate.lower).max() / 2
    assert f"{half:.2g} in the median and {half:.2g} at most." in seen.whole(draw(e))
    assert "95 % intervals" in seen.whole(draw(e))


def test_rows_are_dots_at_their_own_places():
    plane = made.plane(made.number_axis("x"), made.number_axis("y"))
    panel = draw(made.pair_effects(planes=[plane])).ax_
    points = [c.get_offsets() for c in panel.collections if len(c.get_offsets()) == 200]
    np.testing.assert_array_equal(points[0], plane.rug)


@pytest.mark.parametrize("first", ["number", "date", "level", "missing"])
@pytest.mark.parametrize("second", ["number", "date", "level", "missing"])
def test_any_two_kinds_of_features_have_a_map(first, second):
    kinds = {
        "number": made.number_axis("n", places=6, absent=True),
        "date": made.date_axis("d", places=5, absent=True),
        "level": made.level_axis("l", ["a", "$b$", "_c"], absent=True),
        "missing": made.number_axis("m", places=1, absent=True),
    }
    display = draw(made.pair_effects(planes=[made.plane(kinds[first], kinds[second])], k=2))
    assert len(display.ax_) == 2
    assert "missing" in seen.texts(display)


def test_outputs_are_panels_and_one_scale_serves_them_all():
    display = draw(made.pair_effects(3, 3))
    assert [panel.get_title() for panel in display.ax_[:3]] == ["class A", "class B", "class C"]
    assert len(display.figure_.axes) == len(display.ax_) + 1
    assert display.figure_.axes[-1].get_ylabel() == "probability"


def test_single_features_and_pairs_have_a_picture_each():
    e = made.pair_effects(3, single=(made.number_axis("alone"),))
    assert draw(e).ax_.get_xlabel() == "alone"
    assert "2 pairs of features have a picture of their own: kind='surface'." in seen.whole(draw(e))
    assert len(draw(e, "surface").ax_) == 2
    with pytest.raises(InputError, match="has none"):
        draw(made.effects(2), "surface")


def test_the_callers_axes_get_the_strongest_pair():
    axes = Figure(figsize=(5, 4)).subplots()
    display = draw(made.pair_effects(4), ax=axes)
    assert display.ax_ is axes
    assert "1 of 3 pairs, largest range first." in seen.whole(display)


def test_a_report_shows_curves_and_maps(tmp_path):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    study = sp.explain(
        lambda X: X[:, 0] * X[:, 1],
        X,
        methods=[sp.PartialDependence(features=["x2", ("x0", "x1")], grid_resolution=4)],
    )
    study.report(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 2
    assert "x0 and x1" in page


@pytest.mark.parametrize("method", [sp.ALE, sp.PartialDependence])
def test_the_label_of_a_low_colour_bar_is_broken_to_its_height(method):
    X = pd.DataFrame({"size": ["S", "M", "L"] * 20, "used": ["yes", "no"] * 30})
    large = lambda X: 0.5 * ((X["size"] == "L") & (X["used"] == "no")).to_numpy()
    model = sp.adapt(
        lambda X: np.column_stack([1 - large(X), large(X)]),
        output="probability",
        classes=["no", "an output with a rather long name, in several words"],
    )
    figure = draw(method(features=[("size", "used")]).explain(model, X), "surface").figure_
    figure.draw_without_rendering()
    bar = figure.axes[-1]
    label, whole = bar.yaxis.label.get_window_extent(), figure.bbox
    assert whole.y0 <= label.y0 < label.y1 <= whole.y1
    assert label.height <= 1.1 * bar.get_window_extent().height
