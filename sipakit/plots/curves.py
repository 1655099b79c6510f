"""How the mean prediction moves along each feature: one panel a feature, one line an output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from matplotlib.lines import Line2D

from sipakit.errors import InputError
from sipakit.plots.formats import quantity, spoken
from sipakit.plots.labels import clean, distinct
from sipakit.plots.odds import probability_beside
from sipakit.plots.places import Places
from sipakit.plots.spread import about_spread, draw_spread, spread_told
from sipakit.plots.style import COLOURS, DASHES, FAINT, GREY, MARKERS, Sheet
from sipakit.plots.words import about_error, counted, largest, serious, told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from sipakit.axis import Axis
    from sipakit.estimate import Estimate
    from sipakit.explanation import Effects
    from sipakit.plots.display import Display

__all__ = [
    "RUG",
    "draw_heterogeneity",
    "draw_line",
    "draw_means",
    "effect_sheet",
    "finish_panel",
    "limited",
    "named",
]

RUG = "Grey marks at the foot show where rows of the data are: the longer, the more."
_PANELS = 12
_OUTPUTS = 6
_FEW = 12  # places that are marked one by one


def draw_means(explanation: Effects, ax: Axes | None = None) -> Display:
    """Draw mean effects with their intervals.

    Parameters
    ----------
    explanation : Effects
        Without curves of single rows; its pairs of features are left to `draw_surfaces`.
    ax : Axes, optional
        Takes one feature: the one with the largest range.

    Returns
    -------
    Display
    """
    return _draw(explanation, ax, None)


def draw_heterogeneity(explanation: Effects, ax: Axes | None = None) -> Display:
    """Draw mean effects with their intervals, and how far the curves of single rows are from them.

    Parameters
    ----------
    explanation : Effects
        With a heterogeneity.
    ax : Axes, optional
        Takes one feature: the one with the largest heterogeneity.

    Returns
    -------
    Display

    Raises
    ------
    InputError
        For curves of single rows, and for pairs alone.
    """
    if explanation.heterogeneity is None:
        message = f"kind='heterogeneity' has nothing to draw: this {explanation.explainer} has none."
        allowed = "Mean curves of single features have it: those of PartialDependence and ALE."
        raise InputError(message, allowed, "Leave kind out for the usual picture.")
    return _draw(explanation, ax, explanation.heterogeneity)


def _draw(explanation: Effects, ax: Axes | None, spread: Estimate | None) -> Display:
    """Draw mean effects; where ``spread`` (lines, outputs) is given, with bands for it and the numbers in words."""
    axes = explanation.lines
    ranges = np.array([np.ptp(explanation.estimate.values[explanation.parts()[j]], axis=0) for j in axes])
    sizes, order = (ranges, "largest range first") if spread is None else (spread.values, "largest heterogeneity first")
    features = [list(axes)[i] for i in largest(sizes.max(axis=1), 1 if ax is not None else _PANELS)]
    outputs = largest(sizes.max(axis=0), _OUTPUTS)
    sheet, layout = effect_sheet([axes[feature] for feature in features], ax)
    lines: list[Line2D] = []
    for panel, places, feature in zip(sheet.panels, layout, features, strict=True):
        part = explanation.parts()[feature]
        turns = [((part.start + places.shown, output), (t, len(outputs))) for t, output in enumerate(outputs)]
        if spread is not None:
            draw_spread(sheet, panel, places, explanation, turns)
        lines = [draw_line(panel, places, explanation.estimate, cells, turn) for cells, turn in turns]
        finish_panel(panel, places, zero=explanation.centred)
    notes = [
        counted(len(features), len(ranges), "features", order),
        counted(len(outputs), len(explanation.outputs), "outputs", order),
        *(places.cut for places in layout),
        about_spread(explanation)
        if spread is not None
        else limited(sheet, explanation.estimate, [explanation.parts()[j] for j in features], outputs),
        about_error(explanation),
        RUG,
        probability_beside(sheet, explanation, 3) if not explanation.centred else "",
        left_out(explanation),
        serious(explanation),
    ]
    label = quantity(explanation, explanation.outputs[0] if len(explanation.outputs) == 1 else None)
    what = f"change in {label}" if explanation.centred else label
    mean = what if explanation.centred else f"mean {label}"
    apart = "" if spread is None else " and how far single rows are from it,"
    return sheet.finish(
        f"{spoken(explanation.explainer)}: {mean}{apart} along {named(explanation, features)}",
        notes,
        [*_facts(explanation, features), *(spread_told(explanation, j, by_name=True) for j in features if spread)],
        y_label=f"{what} (mean 0)" if explanation.centred else what,
        legend=(lines, distinct([explanation.outputs[o] for o in outputs], 24)) if len(outputs) > 1 else ((), ()),
    )


def left_out(explanation: Effects) -> str:
    """Say that pairs of features have a picture of their own."""
    count = len(explanation.planes)
    pairs, own = (
        ("1 pair of features has", "its own") if count == 1 else (f"{count} pairs of features have", "their own")
    )
    return f"{pairs} a picture of {own}: kind='surface'." if count else ""


def effect_sheet(
    axes: Sequence[Axis],
    ax: Axes | None,
    columns: int = 3,
    *,
    sharey: bool | Literal["row"] = True,
    wide: float = 3.0,
) -> tuple[Sheet, list[Places]]:
    """Make one panel an axis, ``wide`` inches wide, with room for turned names of levels.

    Returns
    -------
    Sheet
    list of Places, one a panel
    """
    size = (wide, 2.3)
    if len(axes) == 1:
        size = (7.6 if len(axes[0]) > 36 else 6.2, 3.4)
    sheet = Sheet.make(len(axes), ax, columns=columns, size=size, sharey=sharey)
    inches = size[0] * 0.88 if sheet.own else sheet.inches
    layout = [Places.of(axis, inches) for axis in axes]
    for first in range(0, len(axes), columns):
        sheet.grow(max(places.tall for places in layout[first : first + columns]))
    return sheet, layout


def finish_panel(panel: Axes, places: Places, *, zero: bool) -> None:
    """Dress the lower ruler, and draw the lines behind the curves."""
    places.dress(panel)
    panel.set_ymargin(0.1)  # the rug stays below the curves
    if zero:
        # as an artist: axhline leaves its rounding in the limits, which is all there is where every value is 0
        line = Line2D([0, 1], [0, 0], color=GREY, linewidth=0.9, zorder=1, transform=panel.get_yaxis_transform())
        panel.add_artist(line)
        panel.update_datalim([(0.0, 0.0)], updatex=False)
    panel.autoscale_view(scalex=False)
    panel.grid(axis="y", color=FAINT, linewidth=0.6)


def named(explanation: Effects, features: list[int]) -> str:
    """Name the only feature, or say how many there are."""
    if len(features) == 1:
        return clean(explanation.lines[features[0]].name)
    return f"{len(features)} features"


def draw_line(
    panel: Axes,
    places: Places,
    estimate: Estimate,
    cells: tuple[NDArray[np.intp], int],
    turn: tuple[int, int],
    *,
    solid: bool = False,
) -> Line2D:
    """Draw one curve on one panel: a line with a band, and points with whiskers where places stand alone.

    Parameters
    ----------
    panel : Axes
    places : Places
    estimate : Estimate
    cells : index of the drawn places in the estimate
    turn : (number of this curve, how many share the panel)
    solid : bool
        Whether the line has no dashes, where no other shares the panel.
    """
    number, outputs = turn
    value, lower, upper = (array[cells] for array in (estimate.values, estimate.lower, estimate.upper))
    lower, upper = (np.where(np.isfinite(end), end, np.nan) for end in (lower, upper))
    look: dict[str, Any] = {"color": COLOURS[number], "linestyle": DASHES[number], "marker": MARKERS[number]}
    look |= {"linestyle": "-"} if solid else {}
    line, points = places.line, places.points
    few: dict[str, Any] = {} if len(line) <= _FEW else {"marker": ""}
    (handle,) = panel.plot(places.x[line], value[line], **{**look, **few}, markersize=3.5, zorder=3)
    if (upper[line] > lower[line]).any():
        band: dict[str, Any] = {"color": COLOURS[number], "alpha": 0.18, "linewidth": 0, "zorder": 2}
        panel.fill_between(places.x[line], lower[line], upper[line], **band)
    if len(points):
        stray = 0.0 if outputs == 1 else places.step * (2 * number / (outputs - 1) - 1)
        (dots,) = panel.plot(places.x[points] + stray, value[points], **{**look, "linestyle": ""}, markersize=4.5)
        panel.vlines(places.x[points] + stray, lower[points], upper[points], color=COLOURS[number], linewidth=1.2)
        handle = handle if len(line) else dots
    return handle


def limited(sheet: Sheet, estimate: Estimate, parts: Sequence[slice], outputs: list[int]) -> str:
    """Keep a few very wide intervals from flattening all curves; say so where it happens.

    Parameters
    ----------
    sheet : Sheet
    estimate : Estimate
    parts : which places are drawn
    outputs : list of int
    """
    values, *ends = (
        np.concatenate([array[part][:, outputs].ravel() for part in parts])
        for array in (estimate.values, estimate.lower, estimate.upper)
    )
    bounds = np.concatenate(ends)
    bounds = bounds[np.isfinite(bounds)]
    span = float(np.ptp(values)) if len(values) else 0.0
    if not (span > 0 and len(bounds)):
        return ""
    low, high = values.min() - 1.5 * span, values.max() + 1.5 * span
    if bounds.min() >= low and bounds.max() <= high:
        return ""
    sheet.panels[0].set_ylim(max(low, bounds.min()) - 0.1 * span, min(high, bounds.max()) + 0.1 * span)
    return "Intervals that leave the picture are wider than shown."


def _facts(explanation: Effects, features: list[int]) -> list[str]:
    """Say the lowest and highest place of the first features."""
    facts = []
    for feature in features[:4]:
        part, axis = explanation.parts()[feature], explanation.lines[feature]
        value = explanation.estimate.values[part, 0]
        low, high = (
            f"{told(explanation.estimate, (part.start + place, 0))} at {clean(axis.labels[place])}"
            for place in (int(value.argmin()), int(value.argmax()))
        )
        facts.append(f"{clean(axis.name)}: lowest {low}, highest {high}.")
    return facts
