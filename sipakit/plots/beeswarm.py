"""The attributions of many rows: one line of points a feature, coloured by the feature's value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, to_rgba
from matplotlib.lines import Line2D

from sipakit.estimate import falling
from sipakit.plots.attributions import direction
from sipakit.plots.bars import bar_sheet, name_bars
from sipakit.plots.formats import absent, number, spoken
from sipakit.plots.labels import LIMIT, clean, distinct, put_ticks
from sipakit.plots.odds import probability_above, probability_from
from sipakit.plots.shades import Shades, column_of
from sipakit.plots.style import EVEN, FAINT, GREY, TEXT, Sheet, first_panels, fitting, narrower
from sipakit.plots.words import counted, first_ones, serious, sized

if TYPE_CHECKING:
    from collections.abc import Hashable

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from sipakit.explanation import Attributions
    from sipakit.plots.display import Display

__all__ = ["draw_swarm"]

_FEATURES = 12
_OUTPUTS = 3
_ROWS = 2_000
_POINTS = 500  # above which points are drawn as dots of an image, to keep files small
_BINS = 100
_PLAIN = np.array(to_rgba("#999999"))  # of values that are missing or have no order


def draw_swarm(explanation: Attributions, ax: Axes | None = None, *, colour_by: Hashable | None = None) -> Display:
    """Draw the attributions of many rows as a swarm of points for each of the strongest features.

    Parameters
    ----------
    explanation : Attributions
    ax : Axes, optional
        Takes the first output.
    colour_by : name of a feature, optional
        Colours every line by this feature's values; each line by its own feature's rank by default.

    Returns
    -------
    Display
    """
    outputs = first_panels(explanation.outputs, _OUTPUTS, ax)
    size = np.nan_to_num(np.abs(explanation.values)).mean(axis=0).max(axis=1)
    order = falling(size)[: fitting(_FEATURES, ax)]
    rows = np.unique(np.linspace(0, len(explanation.rows) - 1, min(_ROWS, len(explanation.rows))).astype(np.intp))
    names = distinct([explanation.features[i] for i in order], narrower(LIMIT, ax))
    sheet = bar_sheet(len(order), len(outputs), ax, labels=max(map(len, names)), lines=2)
    by = None if colour_by is None else _by(explanation, colour_by)
    shades = [_ranked(explanation.row_values[:, i]) if by is None else by.colours for i in order]
    for panel, output in zip(sheet.panels, outputs, strict=True):
        values = explanation.values[rows][:, order, output]
        _swarm_panel(panel, values, [shade[rows] for shade in shades])
        if (base := probability_from(explanation, output)) is not None:
            probability_above(sheet, panel, base, explanation.outputs[output])
        sheet.caption(panel.xaxis.label, *direction(explanation, output))
    name_bars(sheet.panels[0], names)
    legend: tuple[list[Line2D], list[str]] = ([], [])
    if by is None:
        _colour_bar(sheet)
    else:
        by.bar(sheet)
        legend = ([_dot(group.colour) for group in by.groups], [group.name for group in by.groups])
    plain = by is None and any((shade == _PLAIN).all() for shade in shades)
    notes = [
        counted(len(order), len(explanation.features), "features", "largest mean size first"),
        counted(len(rows), len(explanation.rows), "rows", "evenly chosen"),
        first_ones(len(outputs), len(explanation.outputs), "outputs"),
        "Each point is one row. Grey: the value is missing or has no order." if plain else "Each point is one row.",
        "" if by is None else by.note,
        f"Intervals are not drawn here. Error: {clean(explanation.error, None)}",
        serious(explanation),
    ]
    title = f"{spoken(explanation.explainer)}: attributions of {sized(len(explanation.rows), 'row')}"
    facts = [f"{name}: mean size {number(float(size[i]))}." for name, i in zip(names[:6], order, strict=False)]
    return sheet.finish(title, notes, facts, legend=legend)


def _by(explanation: Attributions, colour_by: Hashable) -> Shades:
    cells = column_of(colour_by, explanation.features, explanation.row_values, explanation.explainer)
    return Shades.of(colour_by, cells)


def _dot(colour: str) -> Line2D:
    return Line2D([], [], linestyle="", marker="o", markersize=5, color=colour)


def _swarm_panel(panel: Axes, values: NDArray[np.float64], shades: list[NDArray[np.float64]]) -> None:
    """Draw one output; values (r, s), and the colour (r, 4) of each point of a feature."""
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    panel.axvline(0, color=GREY, linewidth=0.9, zorder=1)
    panel.hlines(
        np.arange(values.shape[1]),
        0,
        1,
        color=FAINT,
        linewidth=0.6,
        transform=panel.get_yaxis_transform(),
        zorder=0,
    )
    raster = values.size > _POINTS
    for place, shade in enumerate(shades):
        y = place + 0.4 * _spread(values[:, place], low, high)
        # points without a place on the map lie behind the others
        known = (shade != _PLAIN).any(axis=1)
        look: dict[str, Any] = {"s": 7, "linewidths": 0, "rasterized": raster}
        panel.scatter(values[~known, place], y[~known], c=shade[~known], zorder=2, **look)
        panel.scatter(values[known, place], y[known], c=shade[known], zorder=3, **look)
    panel.set_ylim(values.shape[1] - 0.4, -0.6)
    panel.tick_params(axis="y", length=0)
    panel.locator_params(axis="x", nbins=5)


def _spread(values: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    """Return heights from -1 to 1 that keep equal values apart: the k-th of a bin goes k steps out."""
    cell = np.floor((values - low) / ((high - low) or 1.0) * _BINS).astype(np.intp)
    order = np.argsort(cell, kind="stable")
    _, first, count = np.unique(cell[order], return_index=True, return_counts=True)
    turn = np.empty(len(values), np.intp)
    turn[order] = np.arange(len(values)) - np.repeat(first, count)
    steps = np.where(turn % 2 == 0, turn // 2, -(turn // 2) - 1)
    heights: NDArray[np.float64] = steps / max(count.max() / 2, 8)
    return heights


def _ranked(cells: NDArray[np.object_]) -> NDArray[np.float64]:
    """Return the colour (n, 4) of each cell's rank."""
    ranks = _ranks(cells)
    return np.where(np.isnan(ranks)[:, None], _PLAIN, EVEN(np.nan_to_num(ranks)))


def _ranks(cells: NDArray[np.object_]) -> NDArray[np.float64]:
    """Return each cell's rank from 0 to 1; NaN for missing cells, and for all where they have no order."""
    ranks = np.full(len(cells), np.nan)
    known = np.array([not absent(cell) for cell in cells], dtype=bool)
    if any(isinstance(cell, str) for cell in cells[known]):
        return ranks
    try:
        _, rank = np.unique(cells[known], return_inverse=True)
    except TypeError:  # values of several types have no common order
        return ranks
    ranks[known] = rank / max(rank.max(initial=0), 1)
    return ranks


def _colour_bar(sheet: Sheet) -> None:
    mapping = ScalarMappable(Normalize(0, 1), EVEN)
    bar = sheet.figure.colorbar(mapping, ax=list(sheet.panels), aspect=40, pad=0.01)
    put_ticks(bar.ax.yaxis, [0, 1], ["low", "high"])
    bar.ax.tick_params(length=0)
    sheet.name_bar(bar, "rank of the feature's value", TEXT["tick"])
