"""Horizontal bars with whiskers: the marks that several pictures share, and the picture of importances."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sipakit.plots.formats import interval, metric_name, number, spoken
from sipakit.plots.labels import clean, distinct, put, put_ticks
from sipakit.plots.style import COLOURS, FAINT, GREY, INK, TEXT, Sheet
from sipakit.plots.words import about_error, counted, largest, serious

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from sipakit.estimate import Estimate
    from sipakit.explanation import Importances
    from sipakit.plots.display import Display

__all__ = ["TIES", "bar_sheet", "draw_importances", "name_bars", "put_bars"]

TIES = "Where intervals overlap, the order is not established."
_FEATURES = 20
_METRICS = 3


def bar_sheet(
    bars: int, panels: int, ax: Axes | None, *, labels: int = 32, lines: int = 1
) -> Sheet:
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
    return Sheet.make(
        panels,
        ax,
        columns=panels,
        size=(across, 0.24 * max(bars, 2) * max(1.0, 0.62 * lines)),
        margin=(0.4 + 0.068 * labels, 1.5),
        sharey=True,
    )


def put_bars(
    panel: Axes,
    estimate: Estimate,
    cells: tuple[NDArray[np.intp] | Sequence[int] | int, ...],
    colours: Sequence[str] | str = COLOURS[0],
    *,
    dots: bool = False,
) -> None:
    """Draw estimates from top to bottom, as bars from zero or as dots, each with its interval.

    Parameters
    ----------
    panel : Axes
    estimate : Estimate
    cells : index of the estimates in their array, in the order of the bars
    colours : one for each bar, or one for all
    dots : bool
        For numbers that have no natural zero.
    """
    value, lower, upper = (
        np.atleast_1d(a[cells]) for a in (estimate.values, estimate.lower, estimate.upper)
    )
    y = np.arange(len(value))
    if dots:
        panel.scatter(value, y, color=colours, s=28, zorder=3)
    else:
        panel.barh(y, value, height=0.62, color=colours, zorder=2)
        panel.axvline(0, color=GREY, linewidth=0.9, zorder=1)
    drawn = np.isfinite(lower) & np.isfinite(upper) & (upper > lower)
    panel.hlines(y[drawn], lower[drawn], upper[drawn], color=INK, linewidth=1.3, zorder=4)
    panel.set_ylim(len(y) - 0.4, -0.6)
    panel.grid(axis="x", color=FAINT, linewidth=0.6)
    panel.tick_params(axis="y", length=0)
    panel.locator_params(axis="x", nbins=5)


def name_bars(panel: Axes, names: Sequence[str]) -> None:
    """Write the bars' names beside the first panel."""
    put_ticks(panel.yaxis, list(range(len(names))), names)


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
    order = np.argsort(-np.nan_to_num(estimate.values[:, 0], nan=-np.inf), kind="stable")[
        :_FEATURES
    ]
    names = distinct([explanation.features[i] for i in order])
    sheet = bar_sheet(len(order), len(metrics), ax, labels=max(map(len, names)))
    for panel, metric in zip(sheet.panels, metrics, strict=True):
        put_bars(panel, estimate, (order, metric))
        told = metric_name(explanation.metrics[metric])
        whole = f"{told} of the untouched table: {number(float(explanation.baseline[metric]))}"
        put(panel.xaxis.label, f"importance, in units of {told}", f"({whole})")
    name_bars(sheet.panels[0], names)
    rest = estimate.values[np.setdiff1d(np.arange(len(explanation.features)), order), 0]
    left = f"largest first; no other exceeds {number(float(rest.max()))}" if len(rest) else ""
    notes = [
        counted(len(order), len(explanation.features), "features", left),
        counted(len(metrics), len(explanation.metrics), "metrics", "the first ones"),
        f"{about_error(explanation)} {TIES}",
        serious(explanation),
    ]
    title = f"{spoken(explanation.explainer)}: how much the model leans on each feature"
    return sheet.finish(title, notes, _facts(explanation, order[:6]))


def _facts(explanation: Importances, order: NDArray[np.intp]) -> list[str]:
    estimate = explanation.estimate
    facts = []
    for feature in order:
        numbers = (
            float(a[feature, 0])
            for a in (estimate.values, estimate.std_error, estimate.lower, estimate.upper)
        )
        facts.append(f"{clean(explanation.features[feature])}: {interval(*numbers)}.")
    return facts
