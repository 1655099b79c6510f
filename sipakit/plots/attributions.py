"""How each feature moves the prediction of one row: bars to both sides of zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sipakit.estimate import falling
from sipakit.plots.bars import TIES, bar_sheet, name_bars, put_bars, write_beside
from sipakit.plots.formats import absent, number, quantity, spoken
from sipakit.plots.labels import LIMIT, clean, distinct
from sipakit.plots.odds import probability_above
from sipakit.plots.style import DOWN, GREY, UP, first_panels, fitting, narrower
from sipakit.plots.words import about_error, counted, first_ones, others, serious, told

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from sipakit.explanation import Attributions
    from sipakit.plots.display import Display

__all__ = ["direction", "draw_row", "largest_of_row", "with_values"]

_FEATURES = 15
_OUTPUTS = 3


def draw_row(explanation: Attributions, ax: Axes | None = None) -> Display:
    """Draw the attributions of the first row as bars from zero, the largest first.

    Parameters
    ----------
    explanation : Attributions
    ax : Axes, optional
        Takes the first output.

    Returns
    -------
    Display
    """
    outputs = first_panels(explanation.outputs, _OUTPUTS, ax)
    order = largest_of_row(explanation, outputs)[: fitting(_FEATURES, ax)]
    names = with_values(explanation, order, narrower(24, ax))
    rest = len(explanation.features) - len(order)
    together = explanation.additive and rest > 0
    sheet = bar_sheet(len(order) + together, len(outputs), ax, labels=max(map(len, names)))
    for panel, output in zip(sheet.panels, outputs, strict=True):
        _bars(panel, explanation, order, output, together=together)
        start = explanation.base_values if explanation.base_values.ndim == 1 else explanation.base_values[0]
        if explanation.scale == "log_odds" and explanation.additive:
            probability_above(sheet, panel, float(start[output]), explanation.outputs[output])
        told_output = quantity(explanation, explanation.outputs[output])
        sheet.caption(panel.xaxis.label, *direction(explanation, output))
        if len(outputs) > 1:
            sheet.caption(panel.set_title(" "), told_output, _ends(explanation, output))
    name_bars(sheet.panels[0], [*names, others(rest)] if together else names)
    notes = [
        counted(1, len(explanation.rows), "rows", f"row {explanation.rows[0]}, the first one"),
        counted(len(order), len(explanation.features), "features", "largest first"),
        first_ones(len(outputs), len(explanation.outputs), "outputs"),
        f"{about_error(explanation)} {TIES}",
        "Hatched: the sum of the other features, without its interval." if together else "",
        serious(explanation),
    ]
    title = f"{spoken(explanation.explainer)}: row {explanation.rows[0]}"
    if len(outputs) == 1:
        title += f", {quantity(explanation, explanation.outputs[0])}: {_ends(explanation, 0)}"
    return sheet.finish(title, notes, _facts(explanation, order[:6]))


def largest_of_row(explanation: Attributions, outputs: list[int]) -> NDArray[np.intp]:
    """Return the features in the order of their size for the first row, in any of the outputs."""
    return falling(np.abs(np.nan_to_num(explanation.values[0][:, outputs])).max(axis=1))


def direction(explanation: Attributions, output: int) -> tuple[str, str, str]:
    """Return the label of the ruler: what moves, in which unit, and which side is up."""
    verb = "moves the model's estimate" if explanation.additive else "attribution to the model's estimate"
    per = f" per {explanation.per}" if explanation.per else ""
    unit = f"({quantity(explanation, explanation.outputs[output])}{per})"
    return verb, unit, "\N{LEFTWARDS ARROW} down | up \N{RIGHTWARDS ARROW}"


def _bars(panel: Axes, explanation: Attributions, order: NDArray[np.intp], output: int, *, together: bool) -> None:
    """Draw one output: bars, whiskers, and signed numbers beside them."""
    values = explanation.estimate.values[0, :, output]
    error = explanation.estimate.std_error[0, :, output]
    colours = [UP if value >= 0 else DOWN for value in values[order]]
    put_bars(panel, explanation.estimate, (0, order, output), colours)
    written = [number(float(values[i]), float(error[i]), signed=True) for i in order]
    if together:
        others = np.delete(np.arange(len(values)), order)
        rest, spread = float(values[others].sum()), float(np.sqrt((error[others] ** 2).sum()))
        panel.barh(len(order), rest, height=0.62, color="white", edgecolor=GREY, hatch="////", linewidth=0.8)
        panel.set_ylim(len(order) + 0.6, -0.6)
        written.append(number(rest, spread, signed=True))
    write_beside(panel, explanation.estimate, (0, order, output), written, rest if together else None)


def with_values(explanation: Attributions, order: NDArray[np.intp], limit: int) -> list[str]:
    """Name features with the row's values, ``age = 38``."""
    names = distinct([explanation.features[i] for i in order], limit)
    cells = [_cell(explanation.row_values[0, i], limit - 4) for i in order]
    return [f"{name} = {cell}" for name, cell in zip(names, cells, strict=True)]


def _cell(value: object, limit: int) -> str:
    if absent(value):
        return "missing"
    return f"{value:.6g}" if isinstance(value, (float, np.floating)) else clean(value, limit)


def _ends(explanation: Attributions, output: int) -> str:
    """Say the row's prediction and what its attributions start from."""
    base = explanation.base_values
    start = float(base[output] if base.ndim == 1 else base[0, output])
    end = float(explanation.predictions[0, output])
    error = max(abs(end - start) / 20, abs(end) / 1000)
    text = f"{number(end, error)}, base value {number(start, error)}"
    if explanation.fit is not None:
        text += f", fit R\N{SUPERSCRIPT TWO} {number(float(explanation.fit[0, output]), 0.01)}"
    return text


def _facts(explanation: Attributions, order: NDArray[np.intp]) -> list[str]:
    facts = []
    for name, feature in zip(with_values(explanation, order, LIMIT), order, strict=True):
        way = "up" if explanation.estimate.values[0, feature, 0] >= 0 else "down"
        facts.append(f"{name} moves the estimate {way}: {told(explanation.estimate, (0, int(feature), 0))}.")
    return facts
