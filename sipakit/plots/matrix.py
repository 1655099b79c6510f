"""All interactions of two features at once: a triangle of cells, with the totals on the diagonal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import colormaps
from matplotlib.patches import Rectangle

from sipakit.plots.formats import number, quantity, spoken
from sipakit.plots.interactions import below_null, null_note, pairs_of, weak_note
from sipakit.plots.labels import clean, distinct, put, put_ticks, width
from sipakit.plots.style import FAINT, GREY, INK, TEXT, Sheet, first_panels, narrower
from sipakit.plots.words import counted, first_ones, serious, told

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
_BAR = 0.7  # height of the colour bar, as a share of the triangle's
_COLOURS = colormaps["Blues"]


@dataclass(frozen=True, eq=False)
class _Cells:
    """The numbers of one output: (u, u) pairs below the diagonal, (u,) totals, (u, u) weak; NaN where not asked.

    ``invented`` (u, u) are those that a learner may invent.
    """

    pairs: NDArray[np.float64]
    totals: NDArray[np.float64]
    weak: NDArray[np.bool_]
    invented: NDArray[np.bool_]

    @property
    def top(self) -> float:
        """The largest pair."""
        return float(np.nanmax(self.pairs)) or 1.0


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
        Where there are no pairs.
    """
    pairs_of(explanation, "matrix")
    outputs = first_panels(explanation.outputs, _OUTPUTS, ax)
    features = _strongest(explanation)
    names = distinct(features, narrower(24, ax))
    numbered = len(features) <= _NUMBERED
    sheet = _sheet(len(outputs), ax, names)
    for panel, output in zip(sheet.panels, outputs, strict=True):
        cells = _cells(explanation, features, output)
        _panel(sheet, panel, cells, names, quantity(explanation, explanation.outputs[output]))
        if numbered and (sheet.own or sheet.inches > 0.4 * len(features)):
            _write(panel, cells)
        if len(outputs) > 1:
            sheet.caption(panel.set_title(" "), clean(explanation.outputs[output]))
    notes = _notes(explanation, features, outputs, numbered=numbered)
    title = f"{spoken(explanation.explainer)}: interactions of two features"
    return sheet.finish(title, notes, _facts(explanation, features))


def _sheet(count: int, ax: Axes | None, names: list[str]) -> Sheet:
    """Make panels with square cells, and room for the names at two sides."""
    side = _side(len(names))
    room = 0.075 * max(map(width, names))
    columns = 3 if len(names) <= 6 else 1
    titled = 0.5 if count > 1 else 0.2
    return Sheet.make(count, ax, columns=columns, size=(side + room + 0.9, side + room + titled))


def _side(features: int) -> float:
    """Inches of the triangle's sides."""
    return (0.5 if features <= _NUMBERED else 0.24) * max(features, 4)


def _drawn(explanation: Interactions, features: list[Hashable]) -> list[int]:
    """Return the numbers of the pairs of these features."""
    inside = set(features)
    return [s for s in explanation.of_size(2).tolist() if inside.issuperset(explanation.sets[s])]


def _notes(explanation: Interactions, features: list[Hashable], outputs: list[int], *, numbered: bool) -> list[str]:
    drawn = np.array(_drawn(explanation, features), dtype=np.intp)
    every = {name for s in explanation.of_size(2) for name in explanation.sets[s]}
    total = len(explanation.of_size(1)) > 0
    triples = len(explanation.of_size(3))
    return [
        counted(len(features), len(every), "features", "strongest first"),
        first_ones(len(outputs), len(explanation.outputs), "outputs"),
        "On the diagonal: the feature with all others together." if total and numbered else "",
        "Dotted: not asked for." if _gaps(_cells(explanation, features, 0)).any() else "",
        f"Intervals are not drawn here. Error: {clean(explanation.error, None)}",
        weak_note(explanation, drawn, outputs),
        null_note(explanation, "In brackets: no more than") if numbered else "",
        f"{triples:,} sets of three features are not drawn here." if triples else "",
        serious(explanation),
    ]


def _strongest(explanation: Interactions) -> list[Hashable]:
    """Return the features to be drawn, those in the strongest pairs first where they are too many."""
    size: dict[Hashable, float] = {}
    for s in explanation.of_size(2):
        for name in explanation.sets[s]:
            size[name] = max(size.get(name, -np.inf), float(np.nan_to_num(explanation.estimate.values[s, 0])))
    ordered = [name for name in explanation.features if name in size]
    if len(ordered) <= _FEATURES:
        return ordered
    return sorted(ordered, key=lambda name: -size[name])[:_FEATURES]


def _cells(explanation: Interactions, features: list[Hashable], output: int) -> _Cells:
    place = {name: i for i, name in enumerate(features)}
    pairs = np.full((len(features), len(features)), np.nan)
    cells = _Cells(pairs, np.full(len(features), np.nan), *np.zeros((2, *pairs.shape), dtype=bool))
    for s in explanation.of_size(1):
        if (name := explanation.sets[s][0]) in place:
            cells.totals[place[name]] = explanation.estimate.values[s, output]
            cells.invented[place[name], place[name]] = below_null(explanation, [int(s)], output)[0]
    for s in _drawn(explanation, features):
        low, high = sorted(place[name] for name in explanation.sets[s])
        cells.pairs[high, low] = explanation.estimate.values[s, output]
        cells.weak[high, low] = explanation.weak[s, output]
        cells.invented[high, low] = below_null(explanation, [s], output)[0]
    return cells


def _gaps(cells: _Cells) -> NDArray[np.bool_]:
    """(u, u) True below the diagonal where a pair was not asked for."""
    return np.tril(np.isnan(cells.pairs), -1)


def _panel(sheet: Sheet, panel: Axes, cells: _Cells, names: list[str], unit: str) -> None:
    places = list(range(len(names)))
    shown = panel.imshow(np.ma.masked_invalid(cells.pairs), cmap=_COLOURS, vmin=0, vmax=cells.top)
    looks = ((cells.weak, "////", GREY), (_gaps(cells), "..", "#BBBBBB"))
    for where, hatch, colour in looks:
        for i, j in zip(*np.nonzero(where), strict=True):
            look: dict[str, Any] = {"fill": False, "hatch": hatch, "edgecolor": colour, "linewidth": 0}
            panel.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, **look))
    for i in places:
        look = {"facecolor": "white", "edgecolor": FAINT, "linewidth": 0.6, "clip_on": False}
        panel.add_patch(Rectangle((i - 0.5, i - 0.5), 1, 1, **look))
    put_ticks(panel.yaxis, places, names)
    put_ticks(panel.xaxis, places, names)
    for label in panel.get_xticklabels():
        label.set(rotation=90, ha="right", va="center", rotation_mode="anchor")
    panel.tick_params(length=0)
    for spine in panel.spines.values():
        spine.set_visible(False)
    bar = sheet.figure.colorbar(shown, ax=panel, shrink=_BAR, aspect=30)
    sheet.name_bar(bar, f"interaction, in units of the {unit}", TEXT["tick"], tall=_BAR * _side(len(names)))


def _write(panel: Axes, cells: _Cells) -> None:
    """Write each number in its cell, in the ink that stands out from its ground."""
    diagonal = np.eye(len(cells.totals), dtype=bool)
    both = np.where(diagonal, cells.totals[:, None], cells.pairs)
    step = float(np.nanmax(np.abs(both))) / 100
    for i, j in zip(*np.nonzero(np.isfinite(both)), strict=True):
        red, green, blue, _ = _COLOURS(0.0 if i == j else both[i, j] / cells.top)
        dark = i != j and 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.5
        ink = "white" if dark else INK
        text = panel.text(j, i, " ", ha="center", va="center", fontsize=TEXT["note"], color=ink)
        told = number(float(both[i, j]), step)
        put(text, f"({told})" if cells.invented[i, j] else told)
        if cells.weak[i, j]:
            text.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.8})
            text.set_color(INK)


def _facts(explanation: Interactions, features: list[Hashable]) -> list[str]:
    pairs = sorted(_drawn(explanation, features), key=lambda s: -np.nan_to_num(explanation.estimate.values[s, 0]))
    return [
        f"{' with '.join(map(clean, explanation.sets[s]))}: {told(explanation.estimate, (s, 0))}." for s in pairs[:6]
    ]
