"""Single curves as changes, as slopes, and coloured by another column."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex, to_rgba

import sipakit as sp
from sipakit.errors import InputError
from sipakit.plots import draw
from sipakit.plots.changes import as_changes, as_slopes
from sipakit.plots.shades import Shades
from sipakit.plots.style import COLOURS, EVEN
from tests.plots import made, seen


def table(n=40):
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "a": rng.normal(size=n),
            "when": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 90, n), unit="D"),
            "level": rng.choice(["u", "v"], n),
            "other": rng.normal(size=n),
        }
    )


def predict(X):
    days = (X["when"] - pd.Timestamp("2024-01-01")).dt.days
    return (3 * X["a"] + 0.5 * days + (X["level"] == "u") * X["other"]).to_numpy()


def test_changes_begin_at_zero_and_keep_the_shape():
    e = sp.ICE().explain(predict, table())
    changed = as_changes(e).curves
    for before, after in zip(e.values, changed.values, strict=True):
        np.testing.assert_allclose(after[:, 0], 0)
        np.testing.assert_allclose(np.diff(after, axis=1), np.diff(before, axis=1), atol=1e-12)
    text = seen.whole(draw(e, "centred"))
    assert "Each curve less its own value at the first place, so all begin at 0." in text
    assert "change in prediction" in text


def test_slopes_of_numbers_are_per_unit_and_of_dates_per_day():
    e = sp.ICE().explain(predict, table())
    slopes = as_slopes(e).curves
    assert slopes.features == ("a", "when", "other")
    np.testing.assert_allclose(slopes.values[0], 3)
    np.testing.assert_allclose(slopes.values[1], 0.5)
    np.testing.assert_allclose(slopes.axes[0].positions, (e.axes[0].positions[1:] + e.axes[0].positions[:-1]) / 2)
    text = seen.whole(draw(e, "derivative"))
    assert "Left out, as levels and single places have none: level." in text
    assert "of dates: a day" in text


def test_slopes_leave_missing_places_out():
    e = made.row_effects(n=8, axes=(made.number_axis("x", places=5, absent=True),))
    assert as_slopes(e).curves.values[0].shape == (8, 4, 1)
    assert np.isfinite(as_slopes(e).curves.estimate.values).all()


def test_levels_have_no_slope_and_the_error_says_so():
    e = sp.ICE(features=["level"]).explain(predict, table())
    with pytest.raises(InputError, match=r"derivative.*'level'.*numbers or dates.*centred"):
        draw(e, "derivative")


@pytest.mark.parametrize("kind", ["centred", "derivative"])
def test_means_have_no_views_of_single_rows(kind):
    with pytest.raises(InputError, match=f"kind='{kind}' draws curves of single rows.*ICE"):
        draw(made.effects(2), kind)


@given(seed=st.integers(0, 1000), slope=st.floats(-5, 5), n=st.integers(2, 8))
@settings(max_examples=25, deadline=None)
def test_a_straight_line_has_its_slope_and_a_constant_drops_out(seed, slope, n):
    X = np.random.default_rng(seed).normal(size=(n, 2))
    e = sp.ICE(features=["x0"]).explain(lambda X: slope * X[:, 0] + X[:, 1] ** 2, X)
    np.testing.assert_allclose(as_slopes(e).curves.estimate.values, slope, atol=1e-6)
    start = e.axes[0].positions[0]
    expected = slope * (e.axes[0].positions - start)
    np.testing.assert_allclose(as_changes(e).curves.values[0][..., 0], np.tile(expected, (n, 1)), atol=1e-9)


# ---- colours


def test_results_hold_every_column_of_the_rows_explained_or_not():
    X = table(8)
    e = sp.ICE(features=["a"]).explain(predict, X)
    assert e.columns == tuple(X.columns)
    assert e.row_values.shape == (8, 4)
    assert e.row_values[:, 2].tolist() == X["level"].tolist()
    lines = draw(e, colour_by="level").ax_.collections[0]
    colours = {level: to_hex(COLOURS[i]) for i, level in enumerate(["u", "v"])}
    assert [to_hex(c[:3]).upper() for c in lines.get_colors()] == [colours[v].upper() for v in X["level"]]


def test_numbers_have_an_even_map_and_a_bar_with_their_name():
    e = made.row_effects(1, n=40, axes=(made.number_axis("x", places=5),))
    display = draw(e, colour_by="temp")
    (lines,) = [c for c in display.ax_.collections if isinstance(c, LineCollection)]
    cells = e.row_values[:, 0]
    gone = np.array([cell is None for cell in cells])
    np.testing.assert_allclose(lines.get_colors()[gone, :3], np.tile(to_rgba("#BBBBBB")[:3], (gone.sum(), 1)))
    known = np.array([cell for cell in cells if cell is not None], dtype=float)
    low, high = np.percentile(known, [2, 98])
    expected = EVEN(np.clip((known - low) / (high - low), 0, 1))
    np.testing.assert_allclose(lines.get_colors()[~gone, :3], expected[:, :3], atol=0.01)
    assert display.figure_.axes[-1].get_ylabel() == "temp"
    assert "Coloured by temp. Grey: missing." in seen.whole(display)
    assert "mean of all 40 rows" in seen.whole(display)


def test_levels_have_the_palette_others_together_and_a_mean_each():
    e = made.row_effects(1, n=60, axes=(made.number_axis("x", places=5),))
    shades = Shades.of("job", list(e.row_values[:, 2]))
    assert len(shades.groups) == 8
    assert [group.colour for group in shades.groups[:6]] == list(COLOURS)
    assert [group.name for group in shades.groups[6:]] == ["6 other levels", "missing"]
    assert sum(group.rows.sum() for group in shades.groups) == 60
    display = draw(e, colour_by="job")
    for group in shades.groups:
        thick = [x for x in display.ax_.lines if x.get_color() == group.colour and x.get_linewidth() == 2.2]
        np.testing.assert_allclose(thick[0].get_ydata(), e.values[0][group.rows, :, 0].mean(axis=0))
        assert f"{group.name}: mean of {group.rows.sum()} rows" in seen.whole(display)


@pytest.mark.parametrize("column", made.COLUMNS, ids=str)
def test_every_kind_of_column_colours_curves_and_points(column):
    e = made.row_effects(2, 2, n=30)
    for kind in ("curves", "centred", "derivative"):
        assert "Coloured by" in seen.whole(draw(e, kind, colour_by=column))
    few = made.row_effects(1, n=4)
    assert "Coloured by" in seen.whole(draw(few, colour_by=column))


def test_few_whole_numbers_are_levels_in_their_order():
    shades = Shades.of("flag", [10, 2.0, 2.0, 10.0, 2])
    assert [(group.name, int(group.rows.sum())) for group in shades.groups] == [("2", 3), ("10", 2)]


def test_dates_have_a_bar_with_dates():
    e = made.row_effects(1, n=40)
    labels = [text.get_text() for text in draw(e, colour_by="when").figure_.axes[-1].get_yticklabels()]
    assert any(label.startswith("2024-") for label in labels)


def test_points_of_a_beeswarm_take_one_features_colour():
    e = made.attributions(3, n=30)
    display = draw(e, "beeswarm", colour_by="hours_per_week")
    assert "Coloured by hours_per_week." in seen.whole(display)
    assert [text.get_text() for text in display.figure_.legends[0].get_texts()] == ["Exec-managerial"]


def test_a_column_that_is_not_there_and_pictures_without_rows_are_refused():
    e = made.row_effects(1, n=8)
    with pytest.raises(InputError, match=r"colour_by='tmp' is no column.*'temp'"):
        e.plot(colour_by="tmp")
    with pytest.raises(InputError, match="needs the explained rows"):
        made.effects(2).plot(colour_by="temp")
    with pytest.raises(InputError, match="kind='bars' has nothing to colour"):
        made.importances(2).plot(colour_by="age")
    with pytest.raises(TypeError):
        e.plot(color_by="temp")
