"""Horizontal bars with whiskers: the marks that several pictures share, and the picture of importances."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sipakit.estimate import falling
from sipakit.plots.formats import metric_name, number, quantity, spoken
from sipakit.plots.labels import LIMIT, clean, distinct, put, put_ticks
from sipakit.plots.style import COLOURS, FAINT, GREY, INK, TEXT, Sheet, fitting, narrower
from sipakit.plots.words import about_error, counted, first_ones, possible_ranks, serious, told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.patches import Rectangle
    from numpy.typing import NDArray

    from sipakit.estimate import Estimate
    from sipakit.explanation import Importances
    from sipakit.plots.display import Display

__all__ = [
    "RANKS",
    "TIES",
    "bar_sheet",
    "draw_importances",
    "mark_bars",
    "name_bars",
    "put_bars",
    "put_beside",
    "write_beside",
]

TIES = "Where intervals overlap, the order is not established."
RANKS = "# is the rank that the intervals allow: features that share ranks, such as #2-4, are tied."
_SHARED = "# is the rank; features share ranks, such as #2-4, where the interval of their difference holds 0."
_FEATURES = 20
_METRICS = 3


def bar_sheet(bars: int, panels: int, ax: Axes | None, *, labels: int = 32, lines: int = 1) -> Sheet:
    """Make panels side by side for ``bars`` named bars each.

    Parameters
    ----------
    bars, panels : int
    ax : Axes or None
    labels : int
        Columns of text that the longest name takes.
    lines : int
        Lines that a name takes.
    """
    across = 4.2 if panels == 1 else 2.9
    # a bar's line of text is 0.15 inches high; below and above the bars are rulers, labels and titles
    height = max(0.24, 0.15 * lines + 0.08) * max(bars, 2) + (0.8 if panels == 1 else 1.1)
    return Sheet.make(
        panels,
        ax,
        columns=panels,
        size=(across, height),
        margin=0.4 + 0.068 * labels,
        sharey=True,
    )


def put_bars(
    panel: Axes,
    estimate: Estimate,
    cells: tuple[NDArray[np.intp] | Sequence[int] | int, ...],
    colours: Sequence[str] | str = COLOURS[0],
    *,
    dots: bool = False,
) -> Sequence[Rectangle]:
    """Draw estimates from top to bottom, as bars from zero or as dots, each with its interval.

    Parameters
    ----------
    panel : Axes
    estimate : Estimate
    cells : index of the estimates in their array, in the order of the bars
    colours : one for each bar, or one for all
    dots : bool
        For numbers that have no natural zero.

    Returns
    -------
    The bars; none where dots are drawn.
    """
    value, lower, upper = (np.atleast_1d(a[cells]) for a in (estimate.values, estimate.lower, estimate.upper))
    y = np.arange(len(value))
    bars: Sequence[Rectangle] = ()
    if dots:
        panel.scatter(value, y, color=colours, s=28, zorder=3)
    else:
        bars = panel.barh(y, value, height=0.62, color=colours, zorder=2)
        panel.axvline(0, color=GREY, linewidth=0.9, zorder=1)
    drawn = np.isfinite(lower) & np.isfinite(upper) & (upper > lower)
    panel.hlines(y[drawn], lower[drawn], upper[drawn], color=INK, linewidth=1.3, zorder=4)
    panel.set_ylim(len(y) - 0.4, -0.6)
    panel.grid(axis="x", color=FAINT, linewidth=0.6)
    panel.tick_params(axis="y", length=0)
    panel.locator_params(axis="x", nbins=5)
    return bars


def mark_bars(panel: Axes, marks: NDArray[np.float64]) -> None:
    """Draw an upright mark across each bar, at a number that it is compared with; none where that is not finite."""
    y, known = np.arange(len(marks)), np.isfinite(marks)
    panel.vlines(marks[known], y[known] - 0.38, y[known] + 0.38, color=COLOURS[1], linewidth=2.0, zorder=5)


def name_bars(panel: Axes, names: Sequence[str]) -> None:
    """Write the bars' names beside the first panel."""
    put_ticks(panel.yaxis, list(range(len(names))), names)


def put_beside(
    panel: Axes, reach: NDArray[np.float64], up: NDArray[np.bool_], texts: Sequence[str], *, gap: float
) -> None:
    """Put a text on each line, so many points beside where its bar ends: to the right if it goes up."""
    for line, text in enumerate(texts):
        side, align = (gap, "left") if up[line] else (-gap, "right")
        note = panel.annotate(
            " ",
            (reach[line], line),
            xytext=(side, 0),
            textcoords="offset points",
            ha=align,
            va="center",
            fontsize=TEXT["note"],
            color=INK,
            annotation_clip=False,
        )
        put(note, text)


def write_beside(
    panel: Axes,
    estimate: Estimate,
    cells: tuple[NDArray[np.intp] | Sequence[int] | int, ...],
    texts: Sequence[str],
    last: float | None = None,
    marks: NDArray[np.float64] | None = None,
) -> None:
    """Write a text outside each bar, its interval and its mark.

    Parameters
    ----------
    panel : Axes
    estimate : Estimate
    cells : index of the bars, as for `put_bars`
    texts : one for each bar
    last : float, optional
        Length of one more bar, at the end.
    marks : optional
        As for `mark_bars`.
    """
    more = [] if last is None else [last]
    value, lower, upper = (np.append(a[cells], more) for a in (estimate.values, estimate.lower, estimate.upper))
    up = value >= 0
    outer = np.where(up, np.maximum(value, upper), np.minimum(value, lower))
    reach = np.where(np.isfinite(outer), outer, value)
    if marks is not None:
        reach = np.maximum(reach, np.where(np.isfinite(marks), marks, reach))
    put_beside(panel, reach, up, texts, gap=3)
    panel.set_xmargin(0.22)
    panel.autoscale_view(scaley=False)


def draw_importances(explanation: Importances, ax: Axes | None = None) -> Display:
    """Draw importances as sorted bars with intervals: one panel a metric, the same order in all.

    Parameters
    ----------
    explanation : Importances
    ax : Axes, optional
        Takes the first metric.

    Returns
    -------
    Display
    """
    estimate = explanation.estimate
    metrics = list(range(min(len(explanation.metrics), 1 if ax is not None else _METRICS)))
    sized = explanation.measure == "size"
    first = "mean size" if sized else metric_name(explanation.metrics[0])
    order = falling(estimate.values[:, 0])[: fitting(_FEATURES, ax)]
    names = distinct([explanation.features[i] for i in order], narrower(LIMIT, ax))
    sheet = bar_sheet(len(order), len(metrics), ax, labels=max(map(len, names)))
    for panel, metric in zip(sheet.panels, metrics, strict=True):
        put_bars(panel, estimate, (order, metric))
        ranks = _ranks(estimate, metric)
        write_beside(panel, estimate, (order, metric), [ranks[i] for i in order])
        sheet.caption(panel.xaxis.label, *_ruler(explanation, metric))
    name_bars(sheet.panels[0], names)
    rest = estimate.values[np.setdiff1d(np.arange(len(explanation.features)), order), 0]
    left = f"largest {first} first; no other exceeds {number(float(rest.max(initial=-np.inf)))}"
    notes = [
        counted(len(order), len(explanation.features), "features", left),
        first_ones(len(metrics), len(explanation.metrics), "outputs" if sized else "metrics"),
        f"{about_error(explanation)} {_SHARED if sized else RANKS}",
        serious(explanation),
    ]
    what = "mean size of the attributions of" if sized else "how much the model leans on"
    title = f"{spoken(explanation.explainer)}: {what} each feature"
    facts = [f"{clean(explanation.features[i])}: {told(estimate, (int(i), 0))}." for i in order[:6]]
    return sheet.finish(title, notes, facts)


def _ranks(estimate: Estimate, metric: int) -> list[str]:
    """Return the ranks that intervals of differences allow, where they are known, else those of the intervals."""
    if "rank" not in estimate.parts:
        return possible_ranks(estimate.lower[:, metric], estimate.upper[:, metric])
    ends = zip(estimate.parts["rank"][:, metric], estimate.parts["last_rank"][:, metric], strict=True)
    return [f"#{a:.0f}" if a == b else f"#{a:.0f}-{b:.0f}" for a, b in ends]


def _ruler(explanation: Importances, metric: int) -> tuple[str, str]:
    """Return the label of the ruler, and what a value is to be compared with."""
    if explanation.measure == "size":
        moved = number(float(explanation.baseline[metric]))
        output = quantity(explanation, explanation.outputs[metric])
        return f"mean absolute attribution ({output})", f"(mean distance of predictions from the base value: {moved})"
    untouched = f"(untouched table: {number(_untouched(explanation, metric))})"
    return f"importance, in units of {metric_name(explanation.metrics[metric])}", untouched


def _untouched(explanation: Importances, metric: int) -> float:
    """Return a metric of the untouched table; a negated one without the sign, as its name is written."""
    value = float(explanation.baseline[metric])
    return abs(value) if explanation.metrics[metric].startswith("neg_") else value
