"""How the prediction of single rows moves along each feature: one thin line a row, or a few named rows."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D

from sipakit.plots.curves import RUG, effect_sheet, finish_panel, named
from sipakit.plots.formats import number, quantity, spoken
from sipakit.plots.labels import clean
from sipakit.plots.places import Places
from sipakit.plots.style import COLOURS, DASHES, GREY, INK, MARKERS
from sipakit.plots.words import about_error, counted, largest, serious

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from sipakit.explanation import Effects
    from sipakit.plots.display import Display

__all__ = ["draw_rows"]

_PANELS = 12
_OUTPUTS = 3
_NAMED = 6  # rows that have a colour and a name of their own
_CURVES = 200
_SEGMENTS = 500  # above which lines are drawn as dots, to keep files small


@dataclass(frozen=True, eq=False)
class _Panel:
    """One feature and one output of the rows that are drawn: values (r, s), the mean of all rows (s,)."""

    axes: Axes
    places: Places
    values: NDArray[np.float64]
    mean: NDArray[np.float64]


def draw_rows(explanation: Effects, ax: Axes | None = None) -> Display:
    """Draw the curves of single rows.

    Up to six rows have a colour, a name and a dot at their own place; of more rows, up to 200 are drawn as thin lines,
    chosen evenly by the rank of their mean, with the mean of all rows in front.

    Parameters
    ----------
    explanation : Effects
        With a curve for each row.
    ax : Axes, optional
        Takes one feature and one output: those with the largest mean range.

    Returns
    -------
    Display
    """
    values, total = explanation.values, len(explanation.estimate.values)
    ranges = np.array([np.ptp(v, axis=1).mean(axis=0) for v in values])  # (features, outputs)
    outputs = largest(ranges.max(axis=0), 1 if ax is not None else _OUTPUTS)
    features = largest(ranges.max(axis=1), 1 if ax is not None else _PANELS // len(outputs))
    cells = list(product(features, outputs))
    few = total <= _NAMED
    rows = _evenly(explanation.estimate.values[..., outputs].mean(axis=(1, 2)), total if few else _CURVES)
    columns = len(outputs) if len(outputs) > 1 else 3
    sheet, layout = effect_sheet([explanation.axes[feature] for feature, _ in cells], ax, columns)
    handles: list[Artist] = []
    for axes, places, (feature, output) in zip(sheet.panels, layout, cells, strict=True):
        answers = values[feature][:, places.shown, output]
        panel = _Panel(axes, places, answers[rows], answers.mean(axis=0))
        handles = _named_rows(panel, explanation, feature, output) if few else _many_rows(panel)
        finish_panel(axes, places, zero=explanation.centred)
        if len(outputs) > 1 and feature == features[0]:
            sheet.caption(axes.set_title(" "), clean(explanation.outputs[output]))
    label = quantity(explanation, explanation.outputs[outputs[0]] if len(outputs) == 1 else None)
    drawn = [
        counted(len(features), len(values), "features", "largest mean range first"),
        counted(len(outputs), len(explanation.outputs), "outputs", "largest mean range first"),
        counted(len(rows), total, "rows drawn", "chosen evenly by their mean"),
        *dict.fromkeys(places.cut for places in layout),
    ]
    marks = "Large marks: the row's own value and prediction." if few else ""
    notes = [*drawn, about_error(explanation), marks, RUG, serious(explanation)]
    title = f"{spoken(explanation.explainer)}: {label} of single rows along {named(explanation, features)}"
    legend = (handles, _names(explanation, few=few))
    return sheet.finish(title, notes, _facts(explanation, outputs), y_label=label, legend=legend)


def _names(explanation: Effects, *, few: bool) -> list[str]:
    rows = explanation.rows if explanation.rows is not None else np.empty(0, np.intp)
    if few:
        return [f"row {row}" for row in rows]
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
            alone = not places.joined or np.isnan(explanation.own[row, feature])
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


def _many_rows(panel: _Panel) -> list[Artist]:
    """Draw thin lines, and their mean in front; levels without a distance get dots."""
    places, x = panel.places, panel.places.x
    line, points = places.line, places.points
    if places.axis.kind == "ordered":  # lines show how rows differ, though levels have no distance
        line = np.flatnonzero(np.isfinite(places.axis.positions[places.shown]))
        points = np.setdiff1d(points, line)
    thin: dict[str, Any] = {"color": GREY, "alpha": 0.3}
    if len(line):
        path = np.stack(np.broadcast_arrays(x[line], panel.values[:, line]), axis=-1)
        lines = LineCollection(list(path), linewidths=0.6, zorder=2, **thin)
        lines.set_rasterized(panel.values[:, line].size > _SEGMENTS)
        panel.axes.add_collection(lines)
        panel.axes.plot(x[line], panel.mean[line], color=INK, linewidth=2.2, zorder=4)
    if len(points):
        # multiples of the golden ratio: evenly spread, and in no order
        spread = places.step * (2 * (np.arange(len(panel.values)) * 0.618034 % 1) - 1)[:, None]
        (dots,) = panel.axes.plot(
            (x[points] + spread).ravel(),
            panel.values[:, points].ravel(),
            ".",
            markersize=3,
            zorder=2,
            **thin,
        )
        dots.set_rasterized(panel.values[:, points].size > _SEGMENTS)
        panel.axes.plot(x[points], panel.mean[points], "D", color=INK, markersize=5, zorder=4)
    return [Line2D([], [], **thin, linewidth=1.0), Line2D([], [], color=INK, linewidth=2.2)]


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
