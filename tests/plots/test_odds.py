"""Second rulers in probabilities, and the ranks that intervals allow."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from sipakit.estimate import Estimate
from sipakit.plots import draw
from sipakit.plots.odds import probability_ticks
from sipakit.plots.words import possible_ranks
from tests.plots import made, seen


@given(low=st.floats(-30, 30), span=st.floats(1e-3, 60))
def test_ticks_are_the_probabilities_that_they_say_inside_the_ruler_and_apart(low, span):
    places, names = probability_ticks(low, low + span)
    assert ((places >= low) & (places <= low + span)).all()
    np.testing.assert_allclose(expit(places), [float(name) for name in names], rtol=1e-4)
    assert len(places) <= 12
    assert len(set(names)) == len(names)
    if len(places) > 1:
        assert np.diff(places).min() >= span / 12


@pytest.mark.parametrize("ends", [(0.0, 0.0), (np.nan, 1.0), (-np.inf, np.inf), (1.0, 0.0)])
def test_no_ticks_without_a_ruler(ends):
    assert probability_ticks(*ends)[1] == []


@pytest.mark.parametrize("make", [made.effects, made.row_effects])
def test_log_odds_have_probabilities_at_the_right_and_other_scales_have_none(make):
    e = dataclasses.replace(make(1), scale="log_odds")
    panel = draw(e).ax_
    (ruler,) = panel.child_axes
    ticks = {text.get_text(): place for text, place in zip(ruler.get_yticklabels(), ruler.get_yticks(), strict=True)}
    assert ruler.get_ylabel() == "probability"
    assert ticks
    assert all(expit(place) == pytest.approx(float(name), rel=1e-4) for name, place in ticks.items())
    assert "At the right: the same as a probability." in seen.whole(draw(e))
    assert not draw(make(1)).ax_.child_axes


def test_changes_and_slopes_and_centred_curves_are_no_probabilities():
    rows = dataclasses.replace(made.row_effects(1), scale="log_odds")
    for kind in ("centred", "derivative"):
        assert not draw(rows, kind).ax_.child_axes
    assert not draw(dataclasses.replace(made.effects(1, centred=True), scale="log_odds")).ax_.child_axes


def test_attributions_in_log_odds_say_what_each_would_make_of_the_base_value():
    e = dataclasses.replace(made.attributions(3), scale="log_odds", base_values=np.array([-1.2]))
    (ruler,) = draw(e).ax_.child_axes
    for text, place in zip(ruler.get_xticklabels(), ruler.get_xticks(), strict=True):
        assert expit(-1.2 + place) == pytest.approx(float(text.get_text()), rel=1e-4)
    text = seen.whole(draw(e))
    assert "if this feature alone moved the base value (0.231)" in " ".join(text.split())
    assert not draw(dataclasses.replace(e, additive=False)).ax_.child_axes
    assert not draw(made.attributions(3)).ax_.child_axes


@pytest.mark.parametrize("kind", ["beeswarm", "dependence", "heatmap"])
def test_attributions_of_many_rows_have_probabilities_where_all_start_from_one_value(kind):
    rows = made.attributions(3, n=40, scale="log_odds", base_values=np.array([-1.2]))
    panels = [panel for panel in draw(rows, kind).figure_.axes if panel.child_axes]
    (ruler,) = panels[0].child_axes
    line = ruler.xaxis if kind == "beeswarm" else ruler.yaxis
    start = 0.0 if kind == "heatmap" else -1.2  # above the map are predictions
    texts = [text.get_text() for text in line.get_ticklabels()]
    assert len(texts) > 1
    np.testing.assert_allclose(expit(start + line.get_ticklocs()), [float(text) for text in texts], rtol=1e-4)
    assert not any(panel.child_axes for panel in draw(made.attributions(3, n=40), kind).figure_.axes)
    if kind != "heatmap":
        several = dataclasses.replace(rows, base_values=np.linspace(-1, 1, 40)[:, None])
        assert not any(panel.child_axes for panel in draw(several, kind).figure_.axes)


def test_colours_of_a_surface_in_log_odds_have_probabilities_and_those_of_changes_have_none():
    e = dataclasses.replace(made.pair_effects(2), scale="log_odds")
    bar = draw(e, "surface").figure_.axes[-1]
    (ruler,) = bar.child_axes
    texts = [text.get_text() for text in ruler.get_yticklabels()]
    np.testing.assert_allclose(expit(ruler.get_yticks()), [float(text) for text in texts], rtol=1e-4)
    assert "At the left of the colours: the same as a probability." in seen.whole(draw(e, "surface"))
    changes = dataclasses.replace(made.pair_effects(2, centred=True), scale="log_odds")
    assert not draw(changes, "surface").figure_.axes[-1].child_axes


def test_a_second_ruler_takes_no_room_from_the_bars():
    e = made.attributions(3)
    for kind in ("bars", "waterfall"):
        high = []
        for one in (e, dataclasses.replace(e, scale="log_odds")):
            display = draw(one, kind)
            display._settle()
            high.append(display.ax_.get_position().height * display.figure_.get_figheight())
        assert high[1] > 0.9 * high[0]


# ---- ties


@given(st.lists(st.tuples(st.floats(-9, 9), st.floats(0, 3)), min_size=1, max_size=12))
def test_ranks_are_those_that_some_order_within_the_intervals_has(pairs):
    value, half = np.array(pairs).T
    lower, upper = value - half, value + half
    for i, text in enumerate(possible_ranks(lower, upper)):
        first, _, last = text[1:].partition("-")
        assert int(first) == 1 + sum(lower > upper[i])
        assert int(last or first) == len(value) - sum(upper < lower[i])
        assert int(first) <= int(last or first)


def test_tied_bars_share_ranks_in_text():
    e = made.importances(3)
    values = np.array([[5.0], [2.0], [1.9]])
    e = dataclasses.replace(e, estimate=Estimate.within(values, 0.3, conf_level=0.95))
    texts = [text.get_text() for text in draw(e).ax_.texts]
    assert texts == ["#1", "#2-3", "#2-3"]
    assert "# is the rank that the intervals allow" in seen.whole(draw(e))


def test_pairs_and_totals_have_ranks_of_their_own():
    e = made.interactions(3)
    pairs, totals = draw(e).ax_
    for panel in (pairs, totals):
        ranks = [text.get_text().split()[0] for text in panel.texts]
        assert all(rank.startswith("#") for rank in ranks)
        assert max(int(end) for rank in ranks for end in rank[1:].split("-")) <= 3
