"""How the prediction of single rows moves along each feature: one thin line a row, or a few named rows."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from sipakit.plots.changes import View, as_changes, as_slopes, as_they_are
from sipakit.plots.curves import RUG, effect_sheet, finish_panel, named
from sipakit.plots.formats import number, quantity, spoken
from sipakit.plots.labels import clean
from sipakit.plots.odds import probability_beside
from sipakit.plots.places import Places
from sipakit.plots.shades import Group, Shades, column_of
from sipakit.plots.style import COLOURS, DASHES, GREY, INK, MARKERS
from sipakit.plots.words import about_error, counted, largest, serious

if TYPE_CHECKING:
    from collections.abc import Hashable

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from sipakit.explanation import Effects
    from sipakit.plots.display import Display

__all__ = ["draw_changes", "draw_rows", "draw_slopes"]

_PANELS, _SLOPES = 12, 9
_OUTPUTS = 3
_NAMED = 6  # rows that have a colour and a name of their own
_CURVES = 200
_SEGMENTS = 500  # above which lines are drawn as dots, to keep files small


@dataclass(frozen=True, eq=False)
class _Panel:
    """One feature and one output: values (r, s) of the rows that are drawn, everyone (n, s)."""

    axes: Axes
    places: Places
    values: NDArray[np.float64]
    everyone: NDArray[np.float64]


def draw_rows(explanation: Effects, ax: Axes | None = None, *, colour_by: Hashable | None = None) -> Display:
    """Draw the curves of single rows.

    Up to six rows have a colour, a name and a dot at their own place; of more rows, up to 200 are drawn as thin lines,
    chosen evenly by the rank of their mean, with the mean of all rows in front.

    Parameters
    ----------
    explanation : Effects
        With a curve for each row.
    ax : Axes, optional
        Takes one feature and one output: those with the largest mean range.
    colour_by : name of a column, optional
        Colours the thin lines: numbers and dates on an even map, levels by up to six colours, with the mean of each
        level's rows in front.

    Returns
    -------
    Display
    """
    return _draw(as_they_are(explanation), ax, colour_by)


def draw_changes(explanation: Effects, ax: Axes | None = None, *, colour_by: Hashable | None = None) -> Display:
    """Draw the curves of single rows less their value at the first place: what is left is how shapes differ.

    Parameters, returns and limits are those of `draw_rows`.

    Raises
    ------
    InputError
        Where there are means only.
    """
    return _draw(as_changes(explanation), ax, colour_by)


def draw_slopes(explanation: Effects, ax: Axes | None = None, *, colour_by: Hashable | None = None) -> Display:
    """Draw the slopes of the curves of single rows, along numbers and dates; levels have none.

    Parameters, returns and limits are those of `draw_rows`; each feature has an upright ruler of its own.

    Raises
    ------
    InputError
        Where there are means only, or no feature with a distance between its places.
    """
    return _draw(as_slopes(explanation), ax, colour_by)


def _draw(view: View, ax: Axes | None, colour_by: Hashable | None) -> Display:
    explanation = view.curves
    values, total = explanation.values, len(explanation.estimate.values)
    ranges = np.array([np.ptp(v, axis=1).mean(axis=0) for v in values]) * view.spans[:, None]  # (features, outputs)
    outputs = largest(ranges.max(axis=0), 1 if ax is not None else _OUTPUTS)
    most = _PANELS if view.shared else _SLOPES  # without a common ruler pictures are larger
    features = largest(ranges.max(axis=1), 1 if ax is not None else most // len(outputs))
    cells = list(product(features, outputs))
    shades = _shades(explanation, colour_by)
    few = total <= _NAMED and shades is None
    rows = _evenly(explanation.estimate.values[..., outputs].mean(axis=(1, 2)), total if few else _CURVES)
    columns = len(outputs) if len(outputs) > 1 else 3
    sheet, layout = effect_sheet([explanation.lines[feature] for feature, _ in cells], ax, columns, sharey=view.shared)
    handles: list[Artist] = []
    for axes, places, (feature, output) in zip(sheet.panels, layout, cells, strict=True):
        answers = values[feature][:, places.shown, output]
        panel = _Panel(axes, places, answers[rows], answers)
        if few:
            handles = _named_rows(panel, explanation, feature, output)
        else:
            handles = _many_rows(panel, None if shades is None else (shades, rows))
        finish_panel(axes, places, zero=view.zero)
        if len(outputs) > 1 and feature == features[0]:
            sheet.caption(axes.set_title(" "), clean(explanation.outputs[output]))
    if shades is not None:
        shades.bar(sheet)
    answer = quantity(explanation, explanation.outputs[outputs[0]] if len(outputs) == 1 else None)
    marks = "Large marks: the row's own value and prediction." if few and explanation.own is not None else ""
    notes = [
        counted(len(features), len(values), "features", "largest mean range first"),
        counted(len(outputs), len(explanation.outputs), "outputs", "largest mean range first"),
        counted(len(rows), total, "rows drawn", "chosen evenly by their mean"),
        *dict.fromkeys(places.cut for places in layout),
        view.note,
        "" if shades is None else shades.note,
        about_error(view.explanation),
        marks,
        RUG,
        probability_beside(sheet, explanation, columns) if view.label == "{}" else "",
        serious(explanation),
    ]
    title = f"{spoken(explanation.explainer)}: {view.title.format(answer)} along {named(explanation, features)}"
    legend = (handles, _names(explanation, shades, few=few))
    y_label = view.label.format(answer)
    return sheet.finish(title, notes, _facts(explanation, outputs), y_label=y_label, legend=legend)


def _shades(explanation: Effects, colour_by: Hashable | None) -> Shades | None:
    if colour_by is None:
        return None
    cells = column_of(colour_by, explanation.columns, explanation.row_values, explanation.explainer)
    return Shades.of(colour_by, cells)


def _names(explanation: Effects, shades: Shades | None, *, few: bool) -> list[str]:
    rows = explanation.rows if explanation.rows is not None else np.empty(0, np.intp)
    if few:
        return [f"row {row}" for row in rows]
    if shades is not None and shades.groups:
        return [f"{group.name}: mean of {int(group.rows.sum()):,} rows" for group in shades.groups]
    return ["one row", f"mean of all {len(rows):,} rows, each counted once"]


def _named_rows(panel: _Panel, explanation: Effects, feature: int, output: int) -> list[Artist]:
    """Draw each row in its own colour and dashes, with a large dot where the row itself is."""
    handles: list[Artist] = []
    places, line, points = panel.places, panel.places.line, panel.places.points
    for row, value in enumerate(panel.values):
        look: dict[str, Any] = {"color": COLOURS[row], "linestyle": DASHES[row], "marker": MARKERS[row]}
        panel.axes.plot(places.x[line], value[line], **{**look, "marker": ""}, linewidth=1.4, zorder=2)
        turn = places.step * (2 * row / max(len(panel.values) - 1, 1) - 1) if len(panel.values) > 1 else 0.0
        panel.axes.plot(
            places.x[points] + turn,
            value[points],
            **{**look, "linestyle": ""},
            markersize=4,
            zorder=3,
        )
        if explanation.own is not None and explanation.predictions is not None:
            at = places.locate(explanation.own[[row], feature])
            alone = not len(places.line) or np.isnan(explanation.own[row, feature])
            panel.axes.plot(
                at + turn * alone,
                explanation.predictions[[row], output],
                **{**look, "linestyle": ""},
                markersize=8,
                markeredgecolor="white",
                zorder=4,
            )
        handles.append(Line2D([], [], **look, linewidth=1.4, markersize=6))
    return handles


def _many_rows(panel: _Panel, shaded: tuple[Shades, NDArray[np.intp]] | None) -> list[Artist]:
    """Draw thin lines, and means in front; levels without a distance get dots.

    Parameters
    ----------
    panel : _Panel
    shaded : (shades of all rows, which rows are drawn), or None for grey lines
    """
    places, x = panel.places, panel.places.x
    line, points = places.line, places.points
    if places.axis.kind == "ordered":  # lines show how rows differ, though levels have no distance
        line = np.flatnonzero(np.isfinite(places.axis.positions[places.shown]))
        points = np.setdiff1d(points, line)
    colours = np.tile(to_rgba(GREY, 0.3), (len(panel.values), 1))
    if shaded is not None:
        colours = shaded[0].colours[shaded[1]].copy()
        colours[:, 3] = 0.45
    if len(line):
        path = np.stack(np.broadcast_arrays(x[line], panel.values[:, line]), axis=-1)
        lines = LineCollection(list(path), linewidths=0.6 if shaded is None else 0.8, colors=colours, zorder=2)
        lines.set_rasterized(panel.values[:, line].size > _SEGMENTS)
        panel.axes.add_collection(lines)
    if len(points):
        # multiples of the golden ratio: evenly spread, and in no order
        spread = places.step * (2 * (np.arange(len(panel.values)) * 0.618034 % 1) - 1)[:, None]
        dots = panel.axes.scatter(
            x[points] + spread,
            panel.values[:, points],
            s=5,
            c=np.repeat(colours, len(points), axis=0),
            linewidths=0,
            zorder=2,
        )
        dots.set_rasterized(panel.values[:, points].size > _SEGMENTS)
    if shaded is not None and shaded[0].groups:
        steps = np.linspace(-1, 1, len(shaded[0].groups)) if len(shaded[0].groups) > 1 else [0.0]
        pairs = zip(shaded[0].groups, steps, strict=True)
        return [_mean(panel, (line, points), group, places.step * step) for group, step in pairs]
    everyone = Group("", np.ones(len(panel.everyone), bool), INK)
    thin = Line2D([], [], color=GREY, alpha=0.3 if shaded is None else 1.0, linewidth=1.0)
    return [thin, _mean(panel, (line, points), everyone, 0.0)]


def _mean(panel: _Panel, cells: tuple[NDArray[np.intp], NDArray[np.intp]], group: Group, stray: float) -> Artist:
    """Draw the mean of a group's rows: a thick line, and marks, a little aside, where places stand alone."""
    (line, points), x = cells, panel.places.x
    mean = panel.everyone[group.rows].mean(axis=0)
    look: dict[str, Any] = {"color": group.colour, "linewidth": 2.2, "linestyle": group.dashes}
    if len(line):
        white = [withStroke(linewidth=3.4, foreground="white")] if group.name else []
        panel.axes.plot(x[line], mean[line], **look, path_effects=white, zorder=4)
    if len(points):
        panel.axes.plot(x[points] + stray, mean[points], "D", color=group.colour, markersize=5, zorder=4)
    return Line2D([], [], **look)


def _evenly(means: NDArray[np.float64], limit: int) -> NDArray[np.intp]:
    """Return at most ``limit`` rows, spread evenly over the ranks of their means."""
    if len(means) <= limit:
        return np.arange(len(means))
    order = np.argsort(means, kind="stable")
    return order[np.unique(np.linspace(0, len(order) - 1, min(limit, len(order))).round().astype(np.intp))]


def _facts(explanation: Effects, outputs: list[int]) -> list[str]:
    if explanation.predictions is None or explanation.rows is None:
        return []
    return [
        f"Row {row}: {quantity(explanation, explanation.outputs[o])} {number(float(explanation.predictions[i, o]))}."
        for i, row in enumerate(explanation.rows[:_NAMED])
        for o in outputs
    ]
