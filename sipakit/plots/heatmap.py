"""The attributions of many rows as a map: a column a row, a line a feature, with predictions above and sizes beside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.colors import Normalize

from sipakit.errors import InputError
from sipakit.estimate import falling
from sipakit.plots.formats import NumberTicks, number, quantity, spoken
from sipakit.plots.labels import LIMIT, clean, distinct, put, put_ticks, width
from sipakit.plots.odds import probability_at
from sipakit.plots.style import FAINT, GREY, INK, SIGNED, TEXT, Sheet, first_panels, fitting, narrower
from sipakit.plots.words import counted, first_ones, others, serious, sized

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from sipakit.explanation import Attributions, Importances
    from sipakit.plots.display import Display

__all__ = ["draw_heatmap"]

_FEATURES = 12
_OUTPUTS = 3
_SPANNED = 99  # percentile of the sizes at which the colours end, so that few far values do not hide the rest
_ABOVE, _BESIDE = 0.7, 0.9  # inches of the curve of predictions, and of the bars of mean sizes
_ORDERS = ("prediction", "similarity")


def draw_heatmap(explanation: Attributions, ax: Axes | None = None, *, order: str = "prediction") -> Display:
    """Draw all rows side by side, coloured by their attributions.

    Parameters
    ----------
    explanation : Attributions
    ax : Axes, optional
        Takes the first output, without the predictions above and the mean sizes beside.
    order : "prediction" or "similarity", default "prediction"
        Rows from the lowest prediction to the highest, or those with like attributions side by side: by their angle
        in the plane of the first two principal components.

    Returns
    -------
    Display

    Raises
    ------
    InputError
        For another order.
    """
    if order not in _ORDERS:
        message = f"order={order!r} is no order of rows."
        raise InputError(message, f"It takes {' or '.join(map(repr, _ORDERS))}.", "Leave order= out.")
    outputs = first_panels(explanation.outputs, _OUTPUTS, ax)
    sizes = explanation.importance()
    ranked = falling(sizes.values.max(axis=1))[: fitting(_FEATURES, ax)]
    rest = len(explanation.features) - len(ranked)
    together = explanation.additive and rest > 0
    names = distinct([explanation.features[i] for i in ranked], narrower(LIMIT, ax))
    names += [others(rest)] * together
    sheet, frames = _sheet(len(outputs), ax, names)
    for place, (panel, output) in enumerate(zip(sheet.panels, outputs, strict=True)):
        at = _ordered(explanation, output, order)
        cells = _cells(explanation, ranked, output, at, together=together)
        _map(sheet, [panel, *(frame[place] for frame in frames[1:])], explanation, cells, output)
        put_ticks(panel.yaxis, list(range(len(names))), names)
        sheet.caption(panel.xaxis.label, _ruler(explanation, order))
        if sheet.own:
            _curve(frames[0][place], explanation, at, output)
            _bars(frames[1][place], sizes, ranked, output)
    beside = "At the side: mean absolute attributions with their intervals." if sheet.own else ""
    notes = [
        counted(len(ranked), len(explanation.features), "features", "largest mean size first"),
        first_ones(len(outputs), len(explanation.outputs), "outputs"),
        f"Colours end at the size that {_SPANNED} % of the cells do not exceed.",
        f"Above: the rows' predictions; dashed, the base value. {beside}" if sheet.own else "",
        f"Intervals are not drawn in the map. Error: {clean(explanation.error, None)}",
        serious(explanation),
    ]
    title = f"{spoken(explanation.explainer)}: attributions of {sized(len(explanation.rows), 'row')}"
    facts = [
        f"{name}: mean size {number(float(sizes.values[i, 0]))}." for name, i in zip(names[:6], ranked, strict=False)
    ]
    return sheet.finish(title, notes, facts)


def _sheet(count: int, ax: Axes | None, names: list[str]) -> tuple[Sheet, tuple[tuple[Axes, ...], ...]]:
    """Make panels below each other, with axes above and beside them on a figure of our own."""
    if ax is not None:
        return Sheet.make(1, ax), ()
    size = (6.0, 0.24 * max(len(names), 3) + 0.5)
    sheet, *frames = Sheet.framed(
        count, size=size, above=_ABOVE, beside=_BESIDE, margin=0.4 + 0.068 * max(map(width, names))
    )
    return sheet, tuple(frames)


def _ordered(explanation: Attributions, output: int, order: str) -> NDArray[np.intp]:
    if order == "prediction" or len(explanation.rows) < 3:
        return np.argsort(explanation.predictions[:, output], kind="stable")
    values = explanation.values[:, :, output]
    left, size, _ = np.linalg.svd(values - values.mean(axis=0), full_matrices=False)
    plane = left[:, :2] * size[:2]
    plane = plane * np.where(plane[np.abs(plane).argmax(axis=0), range(plane.shape[1])] < 0, -1, 1)
    if plane.shape[1] < 2:
        return np.argsort(plane[:, 0], kind="stable")
    angle = np.sort(turned := np.arctan2(plane[:, 1], plane[:, 0]))
    # the circle is cut where rows are farthest apart
    gaps = np.diff(np.append(angle, angle[0] + 2 * np.pi))
    start = angle[(int(gaps.argmax()) + 1) % len(angle)]
    return np.argsort((turned - start) % (2 * np.pi), kind="stable")


def _cells(
    explanation: Attributions, ranked: NDArray[np.intp], output: int, at: NDArray[np.intp], *, together: bool
) -> NDArray[np.float64]:
    """(lines, n) attributions, the last line being the sum of the features that have none."""
    values = explanation.values[at, :, output].T
    if not together:
        return np.asarray(values[ranked])
    others = np.setdiff1d(np.arange(len(values)), ranked)
    return np.vstack([values[ranked], values[others].sum(axis=0)])


def _map(sheet: Sheet, axes: list[Axes], explanation: Attributions, cells: NDArray[np.float64], output: int) -> None:
    """Draw the map on the first of the axes, and its colour bar at the right of them all."""
    panel = axes[0]
    end = float(np.nanpercentile(np.abs(cells), _SPANNED)) or float(np.nanmax(np.abs(cells))) or 1.0
    look: dict[str, Any] = {"aspect": "auto", "interpolation": "nearest", "cmap": SIGNED, "norm": Normalize(-end, end)}
    shown = panel.imshow(cells, **look)
    panel.tick_params(axis="y", length=0)
    panel.set_xticks([])
    for spine in panel.spines.values():
        spine.set_visible(False)
    panel.hlines(np.arange(1, len(cells)) - 0.5, -0.5, cells.shape[1] - 0.5, color="white", linewidth=0.8)
    beside: dict[str, Any] = {"aspect": 24, "pad": 0.02, "extend": "both"}
    bar = sheet.figure.colorbar(shown, ax=axes, **beside)
    bar.ax.yaxis.set_major_formatter(NumberTicks())
    per = f" per {explanation.per}" if explanation.per else ""
    sheet.name_bar(bar, f"attribution ({quantity(explanation, explanation.outputs[output])}{per})", TEXT["tick"])


def _ruler(explanation: Attributions, order: str) -> str:
    rows = sized(len(explanation.rows), "row")
    return f"{rows}, by prediction" if order == "prediction" else f"{rows}, like ones side by side"


def _curve(above: Axes, explanation: Attributions, at: NDArray[np.intp], output: int) -> None:
    """Draw the predictions above the columns of the map."""
    values, n = explanation.predictions[at, output], len(at)
    above.plot(np.arange(n), values, color=INK, linewidth=1.0, marker="o" if n == 1 else "", markersize=4)
    base = np.broadcast_to(explanation.base_values, explanation.predictions.shape)[at, output]
    ends = np.concatenate([[-0.5], np.arange(n), [n - 0.5]])
    dashed: dict[str, Any] = {"color": GREY, "linewidth": 0.8, "linestyle": (0, (4, 2))}
    above.plot(ends, np.concatenate([base[:1], base, base[-1:]]), **dashed)
    above.set_xlim(-0.5, n - 0.5)
    above.tick_params(axis="x", length=0, labelbottom=False)
    above.spines["bottom"].set_visible(False)
    above.locator_params(axis="y", nbins=3)
    if explanation.scale == "log_odds":
        probability_at(above, "right", most=3)
    name = quantity(explanation, explanation.outputs[output])
    put(above.set_title(" ", fontsize=TEXT["tick"], color=INK, loc="left"), name)


def _bars(beside: Axes, sizes: Importances, ranked: NDArray[np.intp], output: int) -> None:
    """Draw mean sizes beside the lines of the map."""
    y, e = np.arange(len(ranked)), sizes.estimate
    value, lower, upper = (one[ranked, output] for one in (e.values, e.lower, e.upper))
    beside.barh(y, value, height=0.62, color=GREY)
    drawn = np.isfinite(lower) & np.isfinite(upper) & (upper > lower)
    beside.hlines(y[drawn], lower[drawn], upper[drawn], color=INK, linewidth=1.0)
    beside.set_xlim(left=0)
    beside.tick_params(axis="y", length=0, labelleft=False)
    beside.spines["left"].set_visible(False)
    beside.locator_params(axis="x", nbins=2)
    beside.grid(axis="x", color=FAINT, linewidth=0.6)
    put(beside.xaxis.label, "mean size").set_fontsize(TEXT["tick"])
