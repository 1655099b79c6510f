"""How the mean prediction moves along each feature: one panel a feature, one line an output."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sipakit.plots.formats import interval, quantity, spoken
from sipakit.plots.labels import clean, distinct
from sipakit.plots.places import Places
from sipakit.plots.style import COLOURS, DASHES, FAINT, GREY, MARKERS, Sheet
from sipakit.plots.words import about_error, counted, largest, serious

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

    from sipakit.explanation import Effects
    from sipakit.plots.display import Display

__all__ = ["RUG", "draw_means", "finish_panel", "named"]

RUG = "Grey marks at the foot show where rows of the data are: the longer, the more."
_PANELS = 12
_OUTPUTS = 6
_FEW = 12  # places that are marked one by one


def draw_means(explanation: Effects, ax: Axes | None = None) -> Display:
    """Draw mean effects with their intervals.

    Parameters
    ----------
    explanation : Effects
        Without curves of single rows.
    ax : Axes, optional
        Takes one feature: the one with the largest range.

    Returns
    -------
    Display
    """
    values, parts = explanation.values, explanation.parts()
    ranges = np.array([np.ptp(v, axis=0) for v in values])
    features = largest(ranges.max(axis=1), 1 if ax is not None else _PANELS)
    outputs = largest(ranges.max(axis=0), _OUTPUTS)
    single = len(features) == 1
    sheet = Sheet.make(
        len(features), ax, size=(6.2, 3.4) if single else (3.0, 2.5), margin=(0.3, 1.1), sharey=True
    )
    notes = [counted(len(features), len(values), "features", "largest range first")]
    notes.append(counted(len(outputs), len(explanation.outputs), "outputs", "largest range first"))
    lines: list[Line2D] = []
    for panel, feature in zip(sheet.panels, features, strict=True):
        places = Places.of(explanation.axes[feature], sheet.inches)
        lines = [
            _line(panel, places, explanation, parts[feature], outputs, number)
            for number in range(len(outputs))
        ]
        finish_panel(panel, places, zero=explanation.centred)
        notes.append(places.cut)
    if len(outputs) > 1:
        sheet.legend(lines, distinct([explanation.outputs[o] for o in outputs], 24))
    notes.append(_limited(sheet, explanation, features, outputs))
    notes += [about_error(explanation), RUG, serious(explanation)]
    told = quantity(explanation, explanation.outputs[0] if len(explanation.outputs) == 1 else None)
    label = f"change in {told} (mean 0)" if explanation.centred else told
    title = f"{spoken(explanation.explainer)}: mean {told} along {named(explanation, features)}"
    if explanation.centred:
        title = f"{spoken(explanation.explainer)}: change in {told} along {named(explanation, features)}"
    return sheet.finish(title, notes, _facts(explanation, features), y_label=label)


def _line(  # noqa: PLR0913 - one line needs its panel, its places, its numbers and its turn
    panel: Axes,
    places: Places,
    explanation: Effects,
    part: slice,
    outputs: list[int],
    number: int,
) -> Line2D:
    """Draw one output on one panel: a line with a band, and points with whiskers where places stand alone."""
    estimate, output = explanation.estimate, outputs[number]
    value, lower, upper = (
        array[part, output][places.shown]
        for array in (estimate.values, estimate.lower, estimate.upper)
    )
    colour, line, points = COLOURS[number], places.line, places.points
    (handle,) = panel.plot(
        places.x[line],
        value[line],
        color=colour,
        linestyle=DASHES[number],
        linewidth=1.6,
        marker=MARKERS[number] if len(line) <= _FEW else "",
        markersize=3.5,
        zorder=3,
    )
    if (upper[line] > lower[line]).any():
        low, high = (np.where(np.isfinite(end), end, np.nan)[line] for end in (lower, upper))
        panel.fill_between(
            places.x[line], low, high, color=colour, alpha=0.18, linewidth=0, zorder=2
        )
    if len(points):
        turn = 0.0 if len(outputs) == 1 else places.step * (2 * number / (len(outputs) - 1) - 1)
        low, high = value - lower, upper - value
        reach = np.nan_to_num(np.stack([low, high])[:, points], nan=0.0, posinf=0.0, neginf=0.0)
        drawn = panel.errorbar(
            places.x[points] + turn,
            value[points],
            yerr=reach,
            fmt=MARKERS[number],
            color=colour,
            markersize=4.5,
            elinewidth=1.2,
            capsize=0,
            zorder=3,
        )
        handle = handle if len(line) else drawn.lines[0]
    return handle


def finish_panel(panel: Axes, places: Places, *, zero: bool) -> None:
    """Dress the lower ruler, and draw the lines behind the curves."""
    places.dress(panel)
    panel.grid(axis="y", color=FAINT, linewidth=0.6)
    if zero:
        panel.axhline(0, color=GREY, linewidth=0.9, zorder=1)


def _limited(sheet: Sheet, explanation: Effects, features: list[int], outputs: list[int]) -> str:
    """Keep a few very wide intervals from flattening all curves; say so where it happens."""
    parts = [explanation.parts()[feature] for feature in features]
    ends = (explanation.estimate.lower, explanation.estimate.upper)
    values = np.concatenate(
        [explanation.estimate.values[part][:, outputs].ravel() for part in parts]
    )
    bounds = np.concatenate([end[part][:, outputs].ravel() for end in ends for part in parts])
    bounds = bounds[np.isfinite(bounds)]
    span = float(np.ptp(values)) if len(values) else 0.0
    if not (span > 0 and len(bounds)):
        return ""
    low, high = values.min() - 1.5 * span, values.max() + 1.5 * span
    if bounds.min() >= low and bounds.max() <= high:
        return ""
    for panel in sheet.panels:
        panel.set_ylim(max(low, bounds.min()), min(high, bounds.max()))
    return "Intervals that leave the picture are wider than shown."


def named(explanation: Effects, features: list[int]) -> str:
    """Name the only feature, or say how many there are."""
    if len(features) == 1:
        return clean(explanation.axes[features[0]].name)
    return f"{len(features)} features"


def _facts(explanation: Effects, features: list[int]) -> list[str]:
    """Say the lowest and highest place of the strongest features."""
    facts = []
    estimate = explanation.estimate
    for feature in features[:4]:
        part, axis = explanation.parts()[feature], explanation.axes[feature]
        value = estimate.values[part][:, 0]
        ends = []
        for place in (int(value.argmin()), int(value.argmax())):
            cell = (part.start + place, 0)
            told = interval(
                *(
                    float(a[cell])
                    for a in (estimate.values, estimate.std_error, estimate.lower, estimate.upper)
                )
            )
            ends.append(f"{told} at {clean(axis.labels[place])}")
        facts.append(f"{clean(axis.name)}: lowest {ends[0]}, highest {ends[1]}.")
    return facts
