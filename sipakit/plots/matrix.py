"""All interactions of two features at once: a triangle of cells, with the totals on the diagonal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib import colormaps
from matplotlib.patches import Rectangle

from sipakit.errors import InputError
from sipakit.plots.formats import number, quantity, spoken
from sipakit.plots.interactions import weak_note
from sipakit.plots.labels import clean, distinct, put, put_ticks, width
from sipakit.plots.style import FAINT, GREY, INK, TEXT, Sheet
from sipakit.plots.words import about_error, counted, serious

if TYPE_CHECKING:
    from collections.abc import Hashable

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from sipakit.explanation import Interactions
    from sipakit.plots.display import Display

__all__ = ["draw_matrix"]

_NUMBERED = 15  # features up to which the numbers are written
_FEATURES = 30
_OUTPUTS = 3
_COLOURS = "Blues"


def draw_matrix(explanation: Interactions, ax: Axes | None = None) -> Display:
    """Draw pairs as a triangle of cells; numbers are written for up to 15 features.

    Parameters
    ----------
    explanation : Interactions
    ax : Axes, optional
        Takes the first output.

    Returns
    -------
    Display

    Raises
    ------
    InputError
        Where there are totals only.
    """
    if all(second is None for _, second in explanation.pairs):
        message = "kind='matrix' needs pairs of features, and this explanation has totals only."
        raise InputError(message, "It can be drawn with kind='bars'.")
    outputs = list(range(min(len(explanation.outputs), 1 if ax is not None else _OUTPUTS)))
    features = _strongest(explanation)
    names = distinct(features, 24)
    side = (0.5 if len(features) <= _NUMBERED else 0.24) * max(len(features), 4)
    room = 0.08 * max(map(width, names))
    sheet = Sheet.make(
        len(outputs),
        ax,
        columns=3 if len(features) <= 6 else 1,
        size=(side + room + 0.6, side + room),
        margin=(0.2, 1.0),
    )
    for panel, output in zip(sheet.panels, outputs, strict=True):
        _panel(panel, explanation, features, names, output)
    every = {name for pair in explanation.pairs for name in pair if name is not None}
    drawn = np.array(
        [
            s
            for s, (a, b) in enumerate(explanation.pairs)
            if a in features and (b is None or b in features)
        ]
    )
    notes = [
        counted(len(features), len(every), "features", "strongest first"),
        counted(len(outputs), len(explanation.outputs), "outputs", "the first ones"),
        "On the diagonal: the feature with all others together. Empty: not asked for.",
        f"Intervals are not drawn here. {clean(explanation.error, None)}",
        weak_note(explanation, drawn, outputs),
        serious(explanation),
    ]
    return sheet.finish(f"{spoken(explanation.explainer)}: interactions of two features", notes)


def _strongest(explanation: Interactions) -> list[Hashable]:
    """Return the features to be drawn, those in the strongest pairs first where they are too many."""
    size: dict[Hashable, float] = {}
    for (first, second), value in zip(
        explanation.pairs, explanation.estimate.values[:, 0], strict=True
    ):
        for name in () if second is None else (first, second):
            size[name] = max(size.get(name, -np.inf), float(np.nan_to_num(value)))
    ordered = [name for name in explanation.features if name in size]
    return (
        ordered
        if len(ordered) <= _FEATURES
        else sorted(ordered, key=lambda n: -size[n])[:_FEATURES]
    )


def _panel(
    panel: Axes, explanation: Interactions, features: list[Hashable], names: list[str], output: int
) -> None:
    cells, totals, weak = _cells(explanation, features, output)
    shown = panel.imshow(
        np.ma.masked_invalid(cells), cmap=_COLOURS, vmin=0, vmax=float(np.nanmax(cells)) or 1.0
    )
    panel.set_aspect("auto" if len(features) < 4 else "equal")
    for i, j in zip(*np.nonzero(weak), strict=True):
        panel.add_patch(
            Rectangle(
                (j - 0.5, i - 0.5), 1, 1, fill=False, hatch="////", edgecolor=GREY, linewidth=0
            )
        )
    for i in range(len(features)):
        panel.add_patch(
            Rectangle((i - 0.5, i - 0.5), 1, 1, facecolor="white", edgecolor=FAINT, linewidth=0.6)
        )
    if len(features) <= _NUMBERED:
        _write(panel, explanation, cells, totals)
    put_ticks(panel.yaxis, list(range(len(names))), names)
    put_ticks(panel.xaxis, list(range(len(names))), names)
    for label in panel.get_xticklabels():
        label.set(rotation=90, ha="right", va="center", rotation_mode="anchor")
    panel.tick_params(length=0)
    for spine in panel.spines.values():
        spine.set_visible(False)
    bar = panel.figure.colorbar(shown, ax=panel, shrink=0.6, aspect=30)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=TEXT["tick"])
    put(
        bar.ax.yaxis.label, f"in units of the {quantity(explanation, explanation.outputs[output])}"
    ).set_fontsize(TEXT["tick"])


def _cells(
    explanation: Interactions, features: list[Hashable], output: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Return (u, u) pairs below the diagonal, (u,) totals, (u, u) where the share means nothing; NaN where not asked."""
    place = {name: i for i, name in enumerate(features)}
    cells = np.full((len(features), len(features)), np.nan)
    totals = np.full(len(features), np.nan)
    weak = np.zeros(cells.shape, dtype=bool)
    for s, (first, second) in enumerate(explanation.pairs):
        value = explanation.estimate.values[s, output]
        if second is None and first in place:
            totals[place[first]] = value
        elif first in place and second in place:
            cell = max(place[first], place[second]), min(place[first], place[second])
            cells[cell], weak[cell] = value, explanation.weak[s, output]
    return cells, totals, weak


def _write(
    panel: Axes, explanation: Interactions, cells: NDArray[np.float64], totals: NDArray[np.float64]
) -> None:
    """Write each number in its cell, in the ink that stands out from its ground."""
    both = np.where(np.eye(len(totals), dtype=bool), totals[:, None], cells)
    step = float(np.nanmax(np.abs(both))) / 100
    top = float(np.nanmax(cells)) or 1.0
    for i, j in zip(*np.nonzero(np.isfinite(both)), strict=True):
        shade = 0.0 if i == j else both[i, j] / top
        red, green, blue, _ = colormaps[_COLOURS](shade)
        dark = i != j and 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.5
        put(
            panel.text(
                j,
                i,
                " ",
                ha="center",
                va="center",
                fontsize=TEXT["note"],
                color="white" if dark else INK,
            ),
            number(float(both[i, j]), step),
        )
