"""How far the curves of single rows are from a mean curve: light bands around it, and the number in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sipakit.plots.labels import clean
from sipakit.plots.style import COLOURS
from sipakit.plots.words import told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from sipakit.explanation import Effects
    from sipakit.plots.places import Places
    from sipakit.plots.style import Sheet

__all__ = ["about_spread", "draw_spread", "spread_told"]

_BANDS = "Light bands with dotted ends are heterogeneity:"
_CURVES = f"{_BANDS} one standard deviation of the curves of single rows, each less its own mean, around their mean."
_DRIFT = f"{_BANDS} how far rows one standard deviation apart drift from the curve, if each goes on as in its own cell."


def about_spread(explanation: Effects) -> str:
    """Say what the light bands are."""
    return _DRIFT if explanation.explainer == "ALE" else _CURVES


def spread_told(explanation: Effects, feature: int, *, by_name: bool = False) -> str:
    """Say one feature's heterogeneity, of several outputs the largest; nothing where there is none."""
    if explanation.heterogeneity is None:
        return ""
    number = list(explanation.lines).index(feature)
    output = int(explanation.heterogeneity.values[number].argmax())
    of = f" of {clean(explanation.outputs[output], 24)}" if len(explanation.outputs) > 1 else ""
    said = f"heterogeneity{of} {told(explanation.heterogeneity, (number, output))}"
    return f"{clean(explanation.lines[feature].name)}: {said}." if by_name else said


def draw_spread(
    sheet: Sheet,
    panel: Axes,
    places: Places,
    explanation: Effects,
    turns: Sequence[tuple[tuple[NDArray[np.intp], int], tuple[int, int]]],
) -> None:
    """Draw bands around the curves of all outputs, and say the number above panels of our own.

    Parameters
    ----------
    sheet : Sheet
    panel : Axes
    places : Places
    explanation : Effects
    turns : for each output (index of the drawn places in the estimate, (its number, how many there are))
    """
    for cells, turn in turns:
        _band(panel, places, explanation, cells, turn)
    if sheet.own:
        feature = next(j for j, axis in explanation.lines.items() if axis is places.axis)
        sheet.caption(panel.set_title(" "), spread_told(explanation, feature))


def _band(
    panel: Axes, places: Places, explanation: Effects, cells: tuple[NDArray[np.intp], int], turn: tuple[int, int]
) -> None:
    """Draw how far single rows are from one output's curve, lighter than the interval; on one panel."""
    estimate, (number, outputs) = explanation.estimate, turn
    value = estimate.values[cells]
    width = estimate.parts["heterogeneity"][cells] if "heterogeneity" in estimate.parts else np.zeros_like(value)
    line, points = places.line, places.points
    if len(line):
        edge: dict[str, Any] = {"color": COLOURS[number], "linewidth": 0.8, "linestyle": (0, (1, 2)), "zorder": 1.5}
        panel.fill_between(
            places.x[line],
            (value - width)[line],
            (value + width)[line],
            color=COLOURS[number],
            alpha=0.09,
            linewidth=0,
            zorder=1,
        )
        for end in (value - width, value + width):
            panel.plot(places.x[line], end[line], **edge)
    if len(points):
        stray = 0.0 if outputs == 1 else places.step * (2 * number / (outputs - 1) - 1)
        at, ends = places.x[points] + stray, ((value - width)[points], (value + width)[points])
        panel.vlines(at, *ends, color=COLOURS[number], linewidth=5, alpha=0.16, zorder=1)
