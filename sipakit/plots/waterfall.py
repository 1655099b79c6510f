"""How one row's attributions lead from the base value to the prediction, one step a feature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sipakit.errors import InputError
from sipakit.plots.attributions import largest_of_row, with_values
from sipakit.plots.bars import bar_sheet, name_bars, put_beside
from sipakit.plots.formats import number, quantity, spoken
from sipakit.plots.odds import probability_above
from sipakit.plots.style import DOWN, FAINT, GREY, INK, UP, first_panels, fitting, narrower
from sipakit.plots.words import about_error, counted, first_ones, others, serious

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from sipakit.explanation import Attributions
    from sipakit.plots.display import Display

__all__ = ["draw_waterfall"]

_FEATURES = 15
_OUTPUTS = 3
_SEEN = 0.005  # of the steps' range: what is missing from the sum and smaller cannot be seen


@dataclass(frozen=True, eq=False)
class _Steps:
    """The steps of one output: sizes (s,) with their intervals, of which the first are features; texts of all lines."""

    features: int
    size: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    texts: list[str]
    start: float
    end: float

    @property
    def before(self) -> NDArray[np.float64]:
        """Where each step begins."""
        return self.start + np.concatenate([[0.0], np.cumsum(self.size)[:-1]])


def draw_waterfall(explanation: Attributions, ax: Axes | None = None) -> Display:
    """Draw the attributions of the first row as steps from the base value to the prediction, the largest first.

    Parameters
    ----------
    explanation : Attributions
    ax : Axes, optional
        Takes the first output.

    Returns
    -------
    Display

    Raises
    ------
    InputError
        For attributions that do not add up to the prediction.
    """
    if not explanation.additive:
        message = f"kind='waterfall' adds attributions up, and those of {explanation.explainer} do not lead to the"
        raise InputError(f"{message} prediction.", "It takes additive ones.", "Use kind='bars'.")
    outputs = first_panels(explanation.outputs, _OUTPUTS, ax)
    order = largest_of_row(explanation, outputs)[: max(2, fitting(_FEATURES + 2, ax) - 3)]
    rest = len(explanation.features) - len(order)
    missing = _gap_is_seen(explanation, outputs)
    names = ["base value", *with_values(explanation, order, narrower(24, ax))]
    names += [others(rest)] * (rest > 0) + ["missing from the sum"] * missing + ["prediction"]
    sheet = bar_sheet(len(names), len(outputs), ax, labels=max(map(len, names)))
    for panel, output in zip(sheet.panels, outputs, strict=True):
        _steps(panel, _of(explanation, order, output, rest=rest > 0, missing=missing))
        name = explanation.outputs[output]
        if explanation.scale == "log_odds":
            probability_above(sheet, panel, 0.0, name, alone=False)
        told = "\N{LEFTWARDS ARROW} down | up \N{RIGHTWARDS ARROW}"
        sheet.caption(panel.xaxis.label, f"model's estimate ({quantity(explanation, name)})", told)
        if len(outputs) > 1:
            sheet.caption(panel.set_title(" "), quantity(explanation, name))
    name_bars(sheet.panels[0], names)
    notes = [
        counted(1, len(explanation.rows), "rows", f"row {explanation.rows[0]}, the first one"),
        counted(len(order), len(explanation.features), "features", "largest first"),
        first_ones(len(outputs), len(explanation.outputs), "outputs"),
        f"{about_error(explanation)} An interval is that of its own step, whatever came before it.",
        "Hatched: the sum of the other features, without its interval." if rest else "",
        serious(explanation),
    ]
    title = f"{spoken(explanation.explainer)}: row {explanation.rows[0]}, from the base value to the prediction"
    first = _of(explanation, order[:6], outputs[0], rest=False, missing=False)
    facts = [f"{name}: {text}." for name, text in zip(names[1:], first.texts[1:-1], strict=False)]
    facts = [f"Base value {first.texts[0]}, prediction {first.texts[-1]}.", *facts]
    return sheet.finish(title, notes, facts)


def _gap_is_seen(explanation: Attributions, outputs: list[int]) -> bool:
    gap = explanation.completeness_gap
    if gap is None:
        return False
    wide = np.abs(explanation.values[0][:, outputs]).sum(axis=0)
    return bool((np.abs(gap[0, outputs]) > _SEEN * wide).any())


def _of(explanation: Attributions, order: NDArray[np.intp], output: int, *, rest: bool, missing: bool) -> _Steps:
    e, others = explanation.estimate, np.delete(np.arange(len(explanation.features)), order)
    size, lower, upper, error = (a[0, order, output] for a in (e.values, e.lower, e.upper, e.std_error))
    base = np.broadcast_to(explanation.base_values, explanation.predictions.shape)[0, output]
    end = float(explanation.predictions[0, output])
    texts = [number(float(a), float(b), signed=True) for a, b in zip(size, error, strict=True)]
    more = [float(e.values[0, others, output].sum())] if rest else []
    if missing and explanation.completeness_gap is not None:
        more.append(float(explanation.completeness_gap[0, output]))
    shown = max(float(np.abs(size).max(initial=0.0)) / 100, abs(end) / 10_000)
    texts += [number(one, shown, signed=True) for one in more]
    unknown = np.full(len(more), np.nan)
    return _Steps(
        len(order),
        np.append(size, more),
        np.append(lower, unknown),
        np.append(upper, unknown),
        [number(float(base), shown), *texts, number(end, shown)],
        float(base),
        end,
    )


def _steps(panel: Axes, steps: _Steps) -> None:
    """Draw bars that begin where the last one ended, from the second line on; both ends are points."""
    before, size = steps.before, steps.size
    panel.use_sticky_edges = False  # the first bar begins at no natural zero
    y = np.arange(1, len(size) + 1)
    bars = panel.barh(y, size, left=before, height=0.62, color=[UP if one >= 0 else DOWN for one in size], zorder=2)
    for bar in bars[steps.features :]:
        bar.set(facecolor="white", edgecolor=GREY, hatch="////", linewidth=0.8)
    drawn = np.isfinite(steps.lower) & np.isfinite(steps.upper) & (steps.upper > steps.lower)
    lower, upper = (before[drawn] + one[drawn] for one in (steps.lower, steps.upper))
    panel.hlines(y[drawn], lower, upper, color=INK, linewidth=1.3, zorder=4)
    ends = np.append(steps.start, before + size)
    lines = np.arange(len(ends))
    panel.vlines(ends, lines, lines + 1, color=GREY, linewidth=0.8, zorder=1)
    panel.scatter([steps.start, steps.end], [0, len(ends)], color=INK, s=26, zorder=5)
    _write(panel, steps, ends)
    panel.set_ylim(len(ends) + 0.6, -0.6)
    panel.tick_params(axis="y", length=0)
    panel.grid(axis="x", color=FAINT, linewidth=0.6)
    panel.locator_params(axis="x", nbins=5)


def _write(panel: Axes, steps: _Steps, ends: NDArray[np.float64]) -> None:
    """Write each number at the side of its step to which it leads."""
    before = steps.before
    edge = np.where(np.isfinite(steps.upper), before + steps.upper, ends[1:])
    low = np.where(np.isfinite(steps.lower), before + steps.lower, ends[1:])
    up = steps.size >= 0
    reach = np.concatenate([[steps.start], np.where(up, np.maximum(edge, ends[1:]), np.minimum(low, ends[1:]))])
    reach = np.append(reach, steps.end)
    put_beside(panel, reach, np.concatenate([[True], up, [True]]), steps.texts, gap=4)
    panel.set_xmargin(0.2)
    panel.autoscale_view(scaley=False)
