"""Every text of a picture lies inside it and over no other, in files of few and of many dots per inch."""

from __future__ import annotations

import dataclasses

import pytest

from sipakit.estimate import Estimate
from sipakit.plots import draw
from tests.plots import made, seen

CASES = [(label, 3, 1) for label, *_ in made.one_of_each()]
CASES += [(label, 60, 3) for label, *_ in made.one_of_each()]
CASES += [(label, 4, 7) for label in ("matrix", "network", "waterfall", "regions", "heterogeneity")]


@pytest.mark.parametrize(("label", "count", "k"), CASES)
def test_no_text_leaves_the_picture_or_covers_another(label, count, k):
    explanation, kind = next((e, kind) for name, e, kind in made.one_of_each(count, k) if name == label)
    display = draw(explanation, kind)
    for dpi in (100, 200) if count < 60 else (100,):
        assert seen.clipped(display, dpi) == []
        assert seen.covered(display, dpi) == []


# ---- constants


@pytest.mark.parametrize("make", [made.effects, made.row_effects])
@pytest.mark.parametrize("axis", [made.number_axis("only", places=1), made.date_axis("only", places=1)], ids=["x", "d"])
def test_a_constant_has_a_mark_an_interval_and_no_tick_beside_it(make, axis):
    panel = draw(make(axes=(axis,))).ax_
    assert len(panel.get_xticks()) == 1
    marks = [line for line in panel.lines if line.get_marker() not in {"", "None"}]
    assert sum(len(line.get_xdata()) for line in marks) == 1
    whiskers = [part for c in panel.collections if hasattr(c, "get_segments") for part in c.get_segments()]
    points = [c for c in panel.collections if len(c.get_offsets()) == 50]
    assert len(whiskers) == 1 if make is made.effects else len(points) == 1


def test_own_marks_of_rows_at_a_constant_lie_side_by_side():
    panel = draw(made.row_effects(n=3, axes=(made.number_axis("only", places=1),))).ax_
    large = [line.get_xdata()[0] for line in panel.lines if line.get_markersize() == 8]
    assert len(set(large)) == 3


def test_a_ruler_of_nothing_but_zeros_has_no_rounding_for_ticks():
    e = made.effects(3, centred=True)
    e = dataclasses.replace(e, estimate=Estimate.exact(0 * e.estimate.values))
    low, high = draw(e).ax_[0].get_ylim()
    assert low < -0.01 < 0.01 < high


def test_months_of_a_year_have_ticks_enough_to_read_them():
    panel = draw(made.effects(axes=[made.date_axis(name, absent=True) for name in "abc"])).ax_[0]
    assert [label.get_text() for label in panel.get_xticklabels()] == ["2024-04", "2024-07", "2024-10", "missing"]


def test_a_label_is_broken_into_lines_of_about_the_same_length_and_not_inside_log_odds():
    e = dataclasses.replace(made.effects(3, centred=True), scale="log_odds")
    assert "change in log-odds" in " ".join(seen.texts(draw(e)))
    titles = [panel.get_title() for panel in draw(made.effects(3), "heterogeneity").ax_]
    assert "heterogeneity 0.052\n(0.041 to 0.065)" in titles
