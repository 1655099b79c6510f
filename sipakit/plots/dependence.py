"""How a feature's attribution goes with its value: a point a row, coloured by the feature that tells its spread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D

from sipakit.errors import InputError, first_few
from sipakit.estimate import falling
from sipakit.names import place_of
from sipakit.plots.cells import axis_of
from sipakit.plots.curves import effect_sheet, finish_panel
from sipakit.plots.formats import number, quantity, spoken
from sipakit.plots.labels import clean
from sipakit.plots.modifier import modifier_of
from sipakit.plots.odds import probability_at, probability_from
from sipakit.plots.places import Places
from sipakit.plots.shades import Shades, column_of
from sipakit.plots.style import GREY, first_panels
from sipakit.plots.words import counted, first_ones, serious

if TYPE_CHECKING:
    from collections.abc import Hashable

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from sipakit.explanation import Attributions
    from sipakit.plots.display import Display

__all__ = ["draw_dependence"]

_OUTPUTS = 3
_ROWS = 5_000
_POINTS = 500  # above which points are drawn as dots of an image, to keep files small
_TIED = 40  # different numbers up to which points are moved apart
_CHANCE = "At the right: the probability if this feature alone moved the base value."
_BARS = 150  # rows up to which intervals are drawn


def draw_dependence(
    explanation: Attributions,
    ax: Axes | None = None,
    *,
    feature: Hashable | None = None,
    colour_by: Hashable | None = None,
) -> Display:
    """Draw each row's attribution of one feature above its value.

    Parameters
    ----------
    explanation : Attributions
    ax : Axes, optional
        Takes the first output.
    feature : name of a feature, optional
        The one with the largest mean size by default.
    colour_by : name of a feature, optional
        The one that tells most of the spread at like values by default; none where no feature tells any.

    Returns
    -------
    Display

    Raises
    ------
    InputError
        For a name that is no feature.
    """
    outputs = first_panels(explanation.outputs, _OUTPUTS, ax)
    j = _chosen(explanation, feature)
    axis, positions = axis_of(explanation.features[j], explanation.row_values[:, j])
    drawn = np.unique(np.linspace(0, len(positions) - 1, min(_ROWS, len(positions))).astype(np.intp))
    shades, told = _shades(explanation, j, outputs, colour_by)
    sheet, layout = effect_sheet([axis] * len(outputs), ax, 3, sharey=False)
    whiskers = len(positions) <= _BARS and _has_intervals(explanation, j)
    for panel, places, output in zip(sheet.panels, layout, outputs, strict=True):
        x = _moved(places, positions)
        if whiskers:
            _intervals(panel, x, explanation, (j, output))
        _points(panel, x[drawn], explanation.values[drawn, j, output], shades, drawn)
        finish_panel(panel, places, zero=True)
        if (base := probability_from(explanation, output)) is not None:
            probability_at(panel, "right", base)
        if len(outputs) > 1:
            sheet.caption(panel.set_title(" "), clean(explanation.outputs[output]))
    legend: tuple[list[Line2D], list[str]] = ([], [])
    if shades is not None:
        shades.bar(sheet)
        legend = ([_dot(group.colour) for group in shades.groups], [group.name for group in shades.groups])
    name = clean(explanation.features[j])
    many = len(explanation.features)
    notes = [
        f"Drawn is the feature with the largest mean size among {many} features."
        if feature is None and many > 1
        else "",
        counted(len(drawn), len(positions), "rows", "evenly chosen"),
        first_ones(len(outputs), len(explanation.outputs), "outputs"),
        *dict.fromkeys(places.cut for places in layout),
        f"Each point is one row{_apart(layout[0])}.",
        told,
        "" if probability_from(explanation, outputs[0]) is None else _CHANCE,
        _about_error(explanation, drawn=whiskers),
        serious(explanation),
    ]
    title = f"{spoken(explanation.explainer)}: attribution of {name} by its value"
    unit = quantity(explanation, explanation.outputs[0] if len(outputs) == 1 else None)
    per = f" per {explanation.per}" if explanation.per else ""
    label = f"attribution of {name} ({unit}{per})"
    return sheet.finish(title, notes, _facts(explanation, j, axis.labels, positions), y_label=label, legend=legend)


def _chosen(explanation: Attributions, feature: Hashable | None) -> int:
    if feature is None:
        return int(falling(np.nan_to_num(np.abs(explanation.values)).mean(axis=0).max(axis=1))[0])
    found = place_of(feature, explanation.features)
    if found is None:
        message = f"feature={feature!r} is no feature of these attributions."
        raise InputError(message, f"They have {first_few(explanation.features, 12)}.", "Check the spelling.")
    return found


def _shades(
    explanation: Attributions, j: int, outputs: list[int], colour_by: Hashable | None
) -> tuple[Shades | None, str]:
    """Return the colours of rows, and what they mean."""
    if colour_by is not None:
        cells = column_of(colour_by, explanation.features, explanation.row_values, explanation.explainer)
        shades = Shades.of(colour_by, cells)
        return shades, shades.note
    other, share = modifier_of(explanation, j, outputs)
    if other is None:
        return None, "No other feature tells more than chance of the spread at like values."
    shades = Shades.of(explanation.features[other], list(explanation.row_values[:, other]))
    told = f"Among all features it tells most of the spread at like values, {share:.0%} of it."
    return shades, f"{shades.note} {told}"


def _moved(places: Places, positions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return where rows lie; those at the same level, few numbers or the missing place lie side by side."""
    x = places.locate(positions)
    reach = _reach(places)
    for place in np.unique(positions[np.isfinite(positions)]) if reach else ():
        x = x + _aside(positions == place, reach)
    return x + _aside(np.isnan(positions), places.step)


def _reach(places: Places) -> float:
    """How far points may be moved from their place; 0 where numbers are many."""
    if not places.joined:
        return 0.32
    known = np.unique(places.x[places.line])
    if not 2 <= len(known) <= _TIED:
        return 0.0
    return 0.25 * float(np.diff(known).min())


def _aside(rows: NDArray[np.bool_], reach: float) -> NDArray[np.float64]:
    """Deal rows evenly over a strip, in an order that looks like none: the same points each time."""
    count = int(rows.sum())
    strip = np.zeros(len(rows))
    if count > 1:
        golden = (np.arange(count) * 0.6180339887498949) % 1.0
        strip[rows] = reach * (2 * golden - 1)
    return strip


def _apart(places: Places) -> str:
    """Say that points were moved."""
    return ", moved aside from its value so that equal ones are seen" if _reach(places) else ""


def _points(
    panel: Axes, x: NDArray[np.float64], y: NDArray[np.float64], shades: Shades | None, rows: NDArray[np.intp]
) -> None:
    look: dict[str, Any] = {"s": 12 if len(x) <= _POINTS else 6, "linewidths": 0, "rasterized": len(x) > _POINTS}
    colours: Any = GREY if shades is None else shades.colours[rows]
    panel.scatter(x, y, c=colours, zorder=3, **look)


def _intervals(panel: Axes, x: NDArray[np.float64], explanation: Attributions, cell: tuple[int, int]) -> None:
    lower, upper = (one[:, cell[0], cell[1]] for one in (explanation.estimate.lower, explanation.estimate.upper))
    known = np.isfinite(lower) & np.isfinite(upper) & (upper > lower) & np.isfinite(x)
    panel.vlines(x[known], lower[known], upper[known], color="#BBBBBB", linewidth=0.7, zorder=2)


def _has_intervals(explanation: Attributions, j: int) -> bool:
    lower, upper = explanation.estimate.lower[:, j], explanation.estimate.upper[:, j]
    return bool((np.isfinite(lower) & np.isfinite(upper) & (upper > lower)).any())


def _about_error(explanation: Attributions, *, drawn: bool) -> str:
    told = f"{100 * explanation.conf_level:g} % intervals." if drawn else "Intervals are not drawn here."
    return f"{told} Error: {clean(explanation.error, None)}"


def _dot(colour: str) -> Line2D:
    return Line2D([], [], linestyle="", marker="o", markersize=5, color=colour)


def _facts(explanation: Attributions, j: int, labels: tuple[str, ...], positions: NDArray[np.float64]) -> list[str]:
    """Tell the mean attribution of the lowest and of the highest values, or of a few levels."""
    values = explanation.values[:, j, 0]
    if len(labels) <= 6:
        levels = np.unique(positions)
        found = [values[positions == level] if np.isfinite(level) else values[np.isnan(positions)] for level in levels]
        return [
            f"Mean at {clean(label)}: {number(float(one.mean()))}." for label, one in zip(labels, found, strict=True)
        ]
    order = np.argsort(positions, kind="stable")[: int(np.isfinite(positions).sum())]
    ends = np.array_split(order, 4)
    low, high = float(values[ends[0]].mean()), float(values[ends[-1]].mean())
    return [f"Mean at the lowest quarter of values: {number(low)}; at the highest: {number(high)}."]
