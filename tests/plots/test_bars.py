"""Pictures with bars, points and cells: what is where, and what is said of it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from sipakit.errors import InputError
from sipakit.plots import draw
from sipakit.plots.beeswarm import _ranks
from sipakit.plots.style import DOWN, GREY, UP
from tests.plots import made, seen


def names(panel):
    return [label.get_text() for label in panel.get_yticklabels()]


def hatched(panel):
    return [bool(bar.get_hatch()) for bar in panel.patches]


def test_importances_are_sorted_and_their_whiskers_are_the_intervals():
    explanation = made.importances(8)
    panel = draw(explanation).ax_
    values = explanation.estimate.values[:, 0]
    assert [bar.get_width() for bar in panel.patches] == sorted(values, reverse=True)
    assert panel.yaxis_inverted()
    (whiskers,) = panel.collections
    first = int(values.argmax())
    np.testing.assert_allclose(
        whiskers.get_segments()[0],
        [[explanation.estimate.lower[first, 0], 0], [explanation.estimate.upper[first, 0], 0]],
    )


def test_metrics_are_panels_in_one_order_with_their_units():
    display = draw(made.importances(4, 3))
    assert len(display.ax_) == 3
    labels = [panel.get_xlabel().replace("\n", " ") for panel in display.ax_]
    assert labels[0] == "importance, in units of mean squared error (untouched table: 0.7)"
    assert "median absolute error" in labels[2]


def test_a_negated_metric_is_written_without_its_sign():
    explanation = dataclasses.replace(made.importances(), baseline=np.array([-0.7]))
    assert "(untouched table: 0.7)" in draw(explanation).ax_.get_xlabel()


def test_what_is_left_out_is_bounded():
    explanation = made.importances(60)
    left = np.sort(explanation.estimate.values[:, 0])[::-1][20]
    text = seen.whole(draw(explanation))
    assert f"no other exceeds {left:.3g}" in text


def test_attributions_tell_value_direction_and_number():
    explanation = made.attributions(3)
    display = draw(explanation)
    values = explanation.estimate.values[0, :, 0]
    order = np.argsort(-np.abs(values))
    bars = display.ax_.patches
    assert [bar.get_width() for bar in bars] == [values[i] for i in order]
    for bar, i in zip(bars, order, strict=True):
        colour = UP if values[i] >= 0 else DOWN
        assert bar.get_facecolor()[:3] == pytest.approx([int(colour[j : j + 2], 16) / 255 for j in (1, 3, 5)])
    assert "hours_per_week = Exec-managerial" in names(display.ax_)
    text = seen.whole(display)
    assert "down | up" in text
    assert "moves the model's estimate" in text
    assert all(("+" if v > 0 else "\N{MINUS SIGN}") + f"{abs(v):.2f}" in text for v in values)
    assert " moves the estimate down: " in display.description


def test_the_first_of_several_rows_is_drawn_and_named():
    display = draw(made.attributions(3, n=5))
    assert "1 of 5 rows, row 17, the first one." in seen.whole(display)
    assert display.title.startswith("Shapley: row 17, prediction: ")


def test_the_rest_of_many_attributions_is_one_hatched_bar_where_they_add_up():
    explanation = made.attributions(60)
    display = draw(explanation)
    assert names(display.ax_)[-1] == "the other 45 together"
    assert hatched(display.ax_) == [False] * 15 + [True]
    widths = [bar.get_width() for bar in display.ax_.patches]
    assert sum(widths) == pytest.approx(explanation.estimate.values.sum())
    weights = dataclasses.replace(explanation, additive=False, fit=np.array([[0.6]]))
    display = draw(weights)
    assert not any(hatched(display.ax_))
    assert "attribution to the model's estimate" in seen.whole(display)
    assert "fit R\N{SUPERSCRIPT TWO} 0.60" in display.title


@pytest.mark.parametrize("value", [None, np.nan, pd.NaT, pd.NA], ids=str)
def test_missing_cells_of_a_row_are_called_missing(value):
    row_values = np.array([["a", value, 3]], dtype=object)
    explanation = dataclasses.replace(made.attributions(3), row_values=row_values)
    assert "hours_per_week = missing" in names(draw(explanation).ax_)


def test_a_swarm_has_a_point_for_each_row_and_feature():
    explanation = made.attributions(3, n=40)
    display = draw(explanation, "beeswarm")
    panel = display.ax_
    points = np.concatenate([c.get_offsets() for c in panel.collections if len(c.get_offsets()) > 1])
    assert len(points) == 120
    np.testing.assert_allclose(np.sort(points[:, 0]), np.sort(explanation.estimate.values[..., 0].ravel()))
    assert np.abs(points[:, 1] - points[:, 1].round()).max() < 0.5
    assert {"low", "high"} <= set(seen.texts(display))
    assert not any(c.get_rasterized() for c in panel.collections)
    assert "has no order" in seen.whole(display)


def test_large_swarms_are_dots_of_an_image_and_say_how_many_rows_they_show():
    display = draw(made.attributions(3, n=2_500), "beeswarm")
    assert "2,000 of 2,500 rows, evenly chosen." in seen.whole(display)
    assert len(display.svg()) < 200_000


def test_colours_follow_the_rank_of_what_has_an_order():
    stamps = [pd.Timestamp("2024-01-02"), pd.NaT, pd.Timestamp("2023-01-01")]
    for cells, ranks in (
        ([1.0, 30.0, 2], [0, 1, 0.5]),
        ([True, False, None], [1, 0, np.nan]),
        (stamps, [1, np.nan, 0]),
        (["a", "b", "c"], [np.nan] * 3),
        ([1, "b", 2.0], [np.nan] * 3),
        ([np.nan, pd.NA, None], [np.nan] * 3),
    ):
        np.testing.assert_array_equal(_ranks(np.array(cells, dtype=object)), ranks)


def test_pairs_and_totals_have_panels_and_weak_shares_are_hatched_and_named():
    explanation = made.interactions(4)
    display = draw(explanation)
    pairs, totals = display.ax_
    assert len(names(pairs)) == 6
    assert len(names(totals)) == 4
    weak = {explanation.sets[s] for s in np.flatnonzero(explanation.weak[:, 0])}
    assert sum(hatched(pairs)) == sum(second is not None for _, second in weak)
    assert sum(hatched(totals)) == sum(second is None for _, second in weak)
    text = seen.whole(display)
    assert "Hatched: the joint effect is negligible" in text
    assert text.count("weak") == len(weak)
    assert "age)." in text


def test_sets_of_three_have_a_panel_between_pairs_and_totals():
    display = draw(made.interactions(4, triples=True))
    pairs, triples, totals = display.ax_
    assert [len(names(panel)) for panel in (pairs, triples, totals)] == [6, 4, 4]
    assert all(name.count("\N{MULTIPLICATION SIGN}") == 2 for name in names(triples))
    assert "beyond their pairs" in triples.get_xlabel()
    assert "4 sets of three features are not drawn here." in seen.whole(
        draw(made.interactions(4, triples=True), "matrix")
    )


@pytest.mark.parametrize("asked", [{"totals": False}, {"pairs": False}], ids=str)
def test_only_what_was_asked_for_is_drawn(asked):
    display = draw(made.interactions(4, **asked))
    assert display.ax_ in display.figure_.axes
    axes = Figure().subplots()
    assert len(names(draw(made.interactions(4, **asked), ax=axes).ax_)) >= 3


def test_a_matrix_holds_each_pair_once_and_the_totals_on_its_diagonal():
    explanation = made.interactions(4)
    display = draw(explanation, "matrix")
    (image,) = display.ax_.images
    cells = np.ma.filled(image.get_array(), np.nan)
    assert np.isfinite(cells).sum() == 6
    assert not np.isfinite(cells[np.triu_indices(4)]).any()
    assert cells[1, 0] == explanation.estimate.values[4, 0]
    numbers = {(t.get_position()): t.get_text() for t in display.ax_.texts}
    assert len(numbers) == 10
    assert numbers[0, 0] == f"{explanation.estimate.values[0, 0]:.3f}"
    assert "On the diagonal" in seen.whole(display)


def test_a_matrix_marks_pairs_that_were_not_asked_for():
    whole = made.interactions(3)
    estimate = whole.estimate
    part = dataclasses.replace(
        whole,
        sets=whole.sets[:-1],
        weak=whole.weak[:-1],
        estimate=type(estimate)(
            estimate.values[:-1], estimate.std_error[:-1], estimate.lower[:-1], estimate.upper[:-1]
        ),
    )
    assert "Dotted: not asked for." in seen.whole(draw(part, "matrix"))
    assert "Dotted" not in seen.whole(draw(whole, "matrix"))


def test_a_matrix_of_many_features_has_no_numbers():
    display = draw(made.interactions(20), "matrix")
    assert not display.ax_.texts
    assert "On the diagonal" not in seen.whole(display)


def test_a_network_joins_the_pairs_that_are_surely_not_zero():
    explanation = made.interactions(6)
    display = draw(explanation, "network")
    sure = [s for s in explanation.of_size(2) if explanation.estimate.lower[s, 0] > 0]
    lines = display.ax_.lines
    assert len(lines) == len(sure) < 15
    widths = {tuple(line.get_xydata().ravel()): line.get_linewidth() for line in lines}
    assert sorted(widths.values()) == list(widths.values())  # the strongest on top
    assert f"cannot be told from zero: {15 - len(sure)}." in seen.whole(display)
    assert "Area of a circle" in seen.whole(display)
    assert "Area of a circle" not in seen.whole(draw(made.interactions(4, totals=False), "network"))


def test_a_network_needs_pairs():
    with pytest.raises(InputError, match="bars"):
        draw(made.interactions(3, pairs=False), "network")


def test_a_matrix_needs_pairs():
    with pytest.raises(InputError, match="bars"):
        draw(made.interactions(3, pairs=False), "matrix")


def test_a_surrogate_tells_its_fidelity_and_the_share_of_each_rule():
    explanation = made.surrogates(3)
    display = draw(explanation)
    assert "R\N{SUPERSCRIPT TWO} 0.83 (0.79 to 0.87) on unseen rows" in display.title
    shown = names(display.ax_)
    assert [float(name.split("%")[0].removeprefix("under ")) for name in shown][:1] == [
        pytest.approx(100 * explanation.support.max(), abs=0.5)
    ]
    assert not display.ax_.patches
    assert max(len(line) for name in shown for line in name.split("\n")) <= 44


def test_coefficients_are_bars_from_zero():
    explanation = made.surrogates(3, kind="linear")
    panel = draw(explanation).ax_
    assert sorted(abs(bar.get_width()) for bar in panel.patches) == sorted(np.abs(explanation.estimate.values[:, 0]))
    assert "(per unit of the column)" in panel.get_xlabel()


def test_bars_on_small_axes_are_as_many_as_can_be_read():
    figure = Figure(figsize=(4, 2))
    axes = figure.subplots()
    draw(made.importances(60), ax=axes)
    assert 5 <= len(names(axes)) <= 12
    assert f"{len(names(axes))} of 60 features" in " ".join(t.get_text() for t in axes.texts)


def test_grey_is_never_used_for_a_sign():
    assert GREY not in (UP, DOWN)


def with_null(explanation, most):
    """The same interactions with a null's quantile of every set."""
    parts = {**explanation.estimate.parts, "null_upper": np.full_like(explanation.values, most)}
    parts["p_value"] = np.where(explanation.values > most, 0.05, 0.5)
    return dataclasses.replace(explanation, estimate=dataclasses.replace(explanation.estimate, parts=parts))


def test_what_the_learner_invents_is_marked_on_each_bar():
    explanation = made.interactions(3)
    display = draw(with_null(explanation, 0.07))
    for panel, count in zip(display.figure_.axes, (3, 3), strict=True):
        *_, marks = panel.collections
        places = [segment[:, 0].tolist() for segment in marks.get_segments()]
        assert places == [[0.07, 0.07]] * count
    assert "Upright marks: what 95 % of refits stay below" in seen.whole(display)
    assert "Upright marks" not in seen.whole(draw(explanation))
    unknown = draw(with_null(explanation, np.inf))
    assert not len(unknown.figure_.axes[0].collections[-1].get_segments())
    assert "Upright marks" not in seen.whole(unknown)


def test_a_matrix_puts_what_may_be_invented_in_brackets():
    explanation = made.interactions(3)
    most = float(np.median(explanation.values))
    cells = [text.get_text() for text in draw(with_null(explanation, most), "matrix").ax_.texts]
    assert sum(cell.startswith("(") for cell in cells) == int((explanation.values <= most).sum())
    assert not [text for text in draw(explanation, "matrix").ax_.texts if text.get_text().startswith("(")]
    assert not [
        text for text in draw(with_null(explanation, np.inf), "matrix").ax_.texts if text.get_text().startswith("(")
    ]


def test_a_network_dots_what_may_be_invented():
    explanation = made.interactions(4)
    whole, dotted = (draw(one, "network") for one in (explanation, with_null(explanation, 10.0)))
    assert "Dotted" not in seen.whole(whole)
    assert "Dotted: no more than what 95 % of refits stay below" in seen.whole(dotted)
