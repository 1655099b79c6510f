"""How each feature moves the prediction of a row: bars for one row, a swarm of points for many."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sipakit.plots.bars import TIES, bar_sheet, name_bars, put_bars
from sipakit.plots.formats import interval, number, quantity, spoken
from sipakit.plots.labels import clean, distinct, put
from sipakit.plots.style import DOWN, GREY, INK, TEXT, UP
from sipakit.plots.words import about_error, counted, largest, serious

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from sipakit.explanation import Attributions
    from sipakit.plots.display import Display

__all__ = ["draw_row"]

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
    outputs = list(range(min(len(explanation.outputs), 1 if ax is not None else _OUTPUTS)))
    size = np.abs(np.nan_to_num(explanation.values[0])).max(axis=1)
    order = np.argsort(-size, kind="stable")[:_FEATURES]
    names = _with_values(explanation, order)
    rest = len(explanation.features) - len(order)
    together = explanation.additive and rest > 0
    bars = len(order) + together
    sheet = bar_sheet(bars, len(outputs), ax, labels=max(map(len, names)))
    for panel, output in zip(sheet.panels, outputs, strict=True):
        _row_panel(panel, explanation, order, output, together=together)
        if len(outputs) > 1:
            put(panel.set_title(" ", fontsize=TEXT["label"]), _start_and_end(explanation, output))
    name_bars(sheet.panels[0], [*names, f"the other {rest} together"] if together else names)
    notes = [
        counted(1, len(explanation.rows), "rows", f"row {explanation.rows[0]}, the first one"),
        counted(len(order), len(explanation.features), "features", "largest first"),
        counted(len(outputs), len(explanation.outputs), "outputs", "the first ones"),
        f"{about_error(explanation)} {TIES}",
        "The other features together are drawn without an interval." if together else "",
        serious(explanation),
    ]
    title = f"{spoken(explanation.explainer)}: row {explanation.rows[0]}"
    if len(outputs) == 1:
        title += f", {_start_and_end(explanation, outputs[0])}"
    return sheet.finish(title, notes, _facts(explanation, order[:6]))


def _row_panel(
    panel: Axes, explanation: Attributions, order: NDArray[np.intp], output: int, *, together: bool
) -> None:
    """Draw one output: bars, whiskers, the signed numbers beside them, and directions in words."""
    values, error = (
        explanation.estimate.values[0, :, output],
        explanation.estimate.std_error[0, :, output],
    )
    put_bars(
        panel,
        explanation.estimate,
        (0, order, output),
        [UP if v >= 0 else DOWN for v in values[order]],
    )
    lower, upper = (
        np.nan_to_num(a[0, order, output], posinf=0, neginf=0)
        for a in (explanation.estimate.lower, explanation.estimate.upper)
    )
    written = [number(float(values[i]), float(error[i]), signed=True) for i in order]
    ends = list(zip(values[order], lower, upper, strict=True))
    if together:
        rest = float(np.delete(values, order).sum())
        panel.barh(
            len(order),
            rest,
            height=0.62,
            color="white",
            edgecolor=GREY,
            hatch="////",
            linewidth=0.8,
        )
        panel.set_ylim(len(order) + 0.6, -0.6)
        written.append(number(rest, signed=True))
        ends.append((rest, rest, rest))
    for place, (text, (value, low, high)) in enumerate(zip(written, ends, strict=True)):
        up = value >= 0
        put(panel.annotate(
            " ", (max(value, high) if up else min(value, low), place), xytext=(3 if up else -3, 0),
            textcoords="offset points", ha="left" if up else "right", va="center", fontsize=TEXT["note"], color=INK,
        ), text)  # fmt: skip
    panel.set_xmargin(0.22)
    panel.autoscale_view(scaley=False)
    verb = (
        "moves the model's estimate"
        if explanation.additive
        else "attribution to the model's estimate"
    )
    put(
        panel.xaxis.label,
        verb,
        f"({quantity(explanation, explanation.outputs[output])})",
        "\N{LEFTWARDS ARROW} down | up \N{RIGHTWARDS ARROW}",
    )


def _with_values(explanation: Attributions, order: NDArray[np.intp]) -> list[str]:
    """Name features with the row's values, ``age = 38``."""
    names = distinct([explanation.features[i] for i in order], 24)
    return [
        f"{name} = {_cell(explanation.row_values[0, i])}"
        for name, i in zip(names, order, strict=True)
    ]


def _cell(value: object) -> str:
    if isinstance(value, (float, np.floating)):
        return (
            "missing"
            if np.isnan(value)
            else number(float(value), 10 ** np.floor(np.log10(abs(value) or 1) - 3))
        )
    return "missing" if value is None or str(value) in {"NaT", "<NA>"} else clean(value, 20)


def _start_and_end(explanation: Attributions, output: int) -> str:
    """Say the row's prediction and what its attributions start from."""
    base = explanation.base_values
    start = float(base[output] if base.ndim == 1 else base[0, output])
    told = quantity(explanation, explanation.outputs[output])
    end = float(explanation.predictions[0, output])
    error = max(abs(end - start) / 100, 1e-12)
    text = f"{told} {number(end, error)}, base value {number(start, error)}"
    if explanation.fit is not None:
        text += f", fit R\N{SUPERSCRIPT TWO} {number(float(explanation.fit[0, output]), 0.01)}"
    return text


def _facts(explanation: Attributions, order: NDArray[np.intp]) -> list[str]:
    estimate = explanation.estimate
    facts = []
    for name, feature in zip(_with_values(explanation, order), order, strict=True):
        cell = (0, feature, 0)
        numbers = [
            float(a[cell])
            for a in (estimate.values, estimate.std_error, estimate.lower, estimate.upper)
        ]
        facts.append(
            f"{name} moves the estimate {'up' if numbers[0] >= 0 else 'down'}: {interval(*numbers)}."
        )
    return facts
