"""The effects of which a model is the sum, side by side on one scale: main effects as curves, pairs as points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.lines import Line2D

from sipakit.estimate import falling
from sipakit.plots.curves import RUG, finish_panel
from sipakit.plots.formats import NumberTicks, quantity, spoken
from sipakit.plots.labels import clean, distinct, width
from sipakit.plots.places import Places
from sipakit.plots.shares import draw_shares, rest_told, set_name, share_within
from sipakit.plots.style import COLOURS, DASHES, GREY, MARKERS, SIGNED, Sheet
from sipakit.plots.words import about_error, counted, first_ones, serious, told

if TYPE_CHECKING:
    from collections.abc import Hashable

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from sipakit.axis import Axis
    from sipakit.explanation import Decomposition
    from sipakit.plots.display import Display

__all__ = ["draw_decomposition"]

_MAINS, _PAIRS, _OUTPUTS = 9, 3, 3
_COLUMNS = 3
_CELLS = 8  # of a number on each side of a pair
_WIDE, _HIGH = 3.0, 2.5
_NOTHING = 1e-9  # of the largest component: rounding
_FEW = 12  # places that are marked one by one


@dataclass(frozen=True, eq=False)
class _Drawn:
    """What is drawn: numbers of outputs, of main effects and of pairs; and the axis of each feature."""

    outputs: list[int]
    mains: list[int]
    pairs: list[int]
    axis_of: dict[Hashable, int]

    @classmethod
    def of(cls, explanation: Decomposition, *, alone: bool) -> _Drawn:
        """Choose the largest shares of the first output that has any."""
        axis_of = {_key(axis.name): j for j, axis in enumerate(explanation.axes)}
        known = np.flatnonzero(explanation.shared).tolist() or [0]
        size = np.abs(explanation.components[:, :, known[0]]).max(axis=0, initial=0.0)
        chosen = []
        for features, limit in ((1, _MAINS), (2, _PAIRS)):
            family = explanation.of_size(features).tolist()
            shown = [s for s in family if all(name is None or _key(name) in axis_of for name in explanation.sets[s])]
            if features == 2:
                shown = [] if alone else [s for s in shown if size[s] > _NOTHING * size.max()]
            chosen.append([shown[i] for i in falling(explanation.values[shown, known[0]])[: 1 if alone else limit]])
        return cls(known[: 1 if alone else _OUTPUTS], chosen[0], chosen[1], axis_of)

    def axes(self, explanation: Decomposition, s: int) -> list[int]:
        """Return the numbers of the axes of a set."""
        return [self.axis_of[_key(name)] for name in explanation.sets[s] if name is not None]


def _key(name: Hashable) -> Hashable:
    """Return what stands for a name in a mapping: two that are NaN are not equal."""
    return name if name == name else "nan"  # noqa: PLR0124


def draw_decomposition(explanation: Decomposition, ax: Axes | None = None) -> Display:
    """Draw the largest main effects on one upright scale, and the largest pairs as coloured points.

    Parameters
    ----------
    explanation : Decomposition
    ax : Axes, optional
        Takes the largest main effect of one output.

    Returns
    -------
    Display
        The picture of the shares where no feature has an axis: groups of columns have none.
    """
    drawn = _Drawn.of(explanation, alone=ax is not None)
    if not drawn.mains:
        return draw_shares(explanation, ax)
    sheet, layout = _sheet(explanation, drawn, ax)
    mains, others = np.split(np.arange(len(sheet.panels)), [len(drawn.mains)])
    for i in mains:
        s = drawn.mains[i]
        _main(sheet.panels[i], layout[i], explanation, (s, drawn.axes(explanation, s)[0], drawn.outputs))
        sheet.caption(sheet.panels[i].set_title(" "), *_shares(explanation, s, drawn.outputs))
    _one_scale([sheet.panels[i] for i in mains])
    if len(others):
        _draw_pairs(sheet, [sheet.panels[i] for i in others], explanation, drawn)
    several = len(drawn.outputs) > 1
    what = quantity(explanation, None if several else explanation.outputs[drawn.outputs[0]])
    rest = rest_told(explanation, drawn.outputs[0])
    title = f"{spoken(explanation.explainer)}: effects of which the {what} is the sum{'' if several else f'; {rest}'}"
    shown = [*drawn.mains[:4], *drawn.pairs]
    facts = [f"{set_name(explanation, s)}: {told(explanation.estimate, (s, drawn.outputs[0]))}." for s in shown]
    lines = [Line2D([], [], color=COLOURS[i], linestyle=DASHES[i]) for i in range(len(drawn.outputs))]
    names = distinct([explanation.outputs[o] for o in drawn.outputs], 24)
    legend = (lines, names) if several else ((), ())
    return sheet.finish(title, _notes(explanation, drawn, ax), facts, y_label=f"change in {what}", legend=legend)


def _notes(explanation: Decomposition, drawn: _Drawn, ax: Axes | None) -> list[str]:
    """Say what is left out, and what the numbers are."""
    groups = len(explanation.features) - len(explanation.axes)
    pairs = counted(len(drawn.pairs), len(explanation.of_size(2)), "pairs", "largest share first")
    several = len(drawn.outputs) > 1 and drawn.pairs
    return [
        counted(len(drawn.mains), len(explanation.of_size(1)), "main effects", "largest share first"),
        pairs if ax is None and drawn.pairs else "",
        first_ones(len(drawn.outputs), len(explanation.outputs), "outputs"),
        f"Pairs: of {clean(explanation.outputs[drawn.outputs[0]])}." if several else "",
        f"{groups} of the features have no axis, and no curve." if groups and len(drawn.mains) < _MAINS else "",
        "A curve is the mean of the component over the rows near each place. Percent are shares of the variance.",
        about_error(explanation),
        RUG,
        serious(explanation),
    ]


def _shares(explanation: Decomposition, s: int, outputs: list[int]) -> list[str]:
    """Write the share of a set of each output, with its interval where there is one."""
    told_ = [share_within(explanation, s, output) for output in outputs]
    if len(outputs) == 1:
        return told_
    names = distinct([explanation.outputs[output] for output in outputs], 12)
    return [f"{name}: {text}" for name, text in zip(names, told_, strict=True)]


def _sheet(explanation: Decomposition, drawn: _Drawn, ax: Axes | None) -> tuple[Sheet, list[Places]]:
    """Make a panel for each main effect and each pair, with room for the names of levels."""
    count = len(drawn.mains) + len(drawn.pairs)
    size = (6.2, 3.4) if count == 1 else (_WIDE, _HIGH + 0.15 * (len(drawn.outputs) - 1))
    upright = [explanation.axes[drawn.axes(explanation, s)[1]] for s in drawn.pairs]
    longest = max((width(n) for axis in upright for n in Places.of(axis, _HIGH * 0.6).names), default=0)
    sheet = Sheet.make(count, ax, columns=_COLUMNS, size=(size[0] + 0.05 * longest, size[1]), margin=0.5)
    inches = size[0] * 0.85 if sheet.own else sheet.inches
    every = [explanation.axes[drawn.axes(explanation, s)[0]] for s in [*drawn.mains, *drawn.pairs]]
    layout = [Places.of(axis, inches) for axis in every]
    for first in range(0, count, _COLUMNS):
        sheet.grow(max(places.tall for places in layout[first : first + _COLUMNS]))
    return sheet, layout


def _main(panel: Axes, places: Places, explanation: Decomposition, of: tuple[int, int, list[int]]) -> None:
    """Draw a main effect: ``of`` has the numbers of the set, of its axis and of the outputs."""
    s, j, outputs = of
    place = _nearest(places.axis, explanation.own[:, j])
    here = place >= 0
    count = np.bincount(place[here], minlength=len(places.axis))
    for turn, output in enumerate(outputs):
        total = np.bincount(place[here], explanation.components[here, s, output], len(places.axis))
        mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)[places.shown]
        line, alone = places.line[np.isfinite(mean[places.line])], places.points
        look: dict[str, Any] = {"color": COLOURS[turn], "linestyle": DASHES[turn], "marker": MARKERS[turn], "zorder": 3}
        few = {} if len(line) <= _FEW else {"marker": ""}
        panel.plot(places.x[line], mean[line], **{**look, **few}, linewidth=1.5, markersize=3.0)
        stray = 0.0 if len(outputs) == 1 else places.step * (2 * turn / (len(outputs) - 1) - 1)
        panel.plot(places.x[alone] + stray, mean[alone], **{**look, "linestyle": ""}, markersize=4.5)
        panel.vlines(places.x[alone] + stray, 0, mean[alone], color=COLOURS[turn], linewidth=1.0, alpha=0.5, zorder=2)
    finish_panel(panel, places, zero=True)


def _nearest(axis: Axis, own: NDArray[np.float64]) -> NDArray[np.intp]:
    """(n,) the nearest place of each row; -1 for none."""
    known = np.isfinite(axis.positions)
    positions = axis.positions[known]
    absent = len(axis) - 1 if axis.has_missing else -1
    if not len(positions):
        return np.where(np.isnan(own), absent, -1)
    place = np.searchsorted((positions[1:] + positions[:-1]) / 2, own)
    return np.where(np.isnan(own), absent, np.minimum(place, len(positions) - 1))


def _one_scale(panels: list[Axes]) -> None:
    """Give all main effects the same upright scale."""
    ends = np.array([panel.get_ylim() for panel in panels])
    low, high = float(ends[:, 0].min()), float(ends[:, 1].max())
    for panel in panels:
        panel.set_ylim(low, high)


@dataclass(frozen=True, eq=False)
class _Pair:
    """One pair: where cells of rows lie on both rulers, (c,) each, with their mean component and share of rows."""

    number: int
    x: Places
    y: Places
    at: tuple[NDArray[np.float64], NDArray[np.float64]]
    values: NDArray[np.float64]
    share: NDArray[np.float64]

    @classmethod
    def of(cls, explanation: Decomposition, s: int, axes: list[int], output: int) -> _Pair:
        """Gather rows in cells, so that the noise of a few contexts averages out."""
        inches = (_WIDE * 0.8, _HIGH * 0.6)
        places = [Places.of(explanation.axes[j], room) for j, room in zip(axes, inches, strict=True)]
        own = [explanation.own[:, j] for j in axes]
        cells = [_coarse(p, o) for p, o in zip(places, own, strict=True)]
        where = [p.locate(o) for p, o in zip(places, own, strict=True)]
        seen = (cells[0] >= 0) & (cells[1] >= 0) & np.isfinite(where[0]) & np.isfinite(where[1])
        both = cells[0][seen] * (cells[1].max(initial=0) + 1) + cells[1][seen]
        _, cell, count = np.unique(both, return_inverse=True, return_counts=True)
        middle = [np.bincount(cell, part[seen]) / count for part in (*where, explanation.components[:, s, output])]
        return cls(s, places[0], places[1], (middle[0], middle[1]), middle[2], count / max(len(own[0]), 1))


def _coarse(places: Places, own: NDArray[np.float64]) -> NDArray[np.intp]:
    """(n,) a cell of each row: a level, or one of a few ranges of numbers."""
    place, many = _nearest(places.axis, own), int(np.isfinite(places.axis.positions).sum())
    if not places.joined or many <= _CELLS:
        return place
    missing = np.isnan(own)
    return np.where(missing, np.where(place < 0, -1, _CELLS), place * _CELLS // many)


def _draw_pairs(sheet: Sheet, panels: list[Axes], explanation: Decomposition, drawn: _Drawn) -> None:
    """Draw pairs as points with one scale of colours."""
    output = drawn.outputs[0]
    pairs = [_Pair.of(explanation, s, drawn.axes(explanation, s), output) for s in drawn.pairs]
    most = max(float(np.abs(pair.values).max(initial=0.0)) for pair in pairs)
    colours = ScalarMappable(Normalize(-(most or 1.0), most or 1.0), SIGNED)
    for panel, pair in zip(panels, pairs, strict=True):
        size = 10 + 70 * np.sqrt(pair.share / max(pair.share.max(initial=0.0), 1e-300))
        panel.scatter(*pair.at, s=size, c=colours.to_rgba(pair.values), edgecolors=GREY, linewidths=0.4, zorder=3)
        pair.x.rule(panel.xaxis)
        pair.x.turn_names(panel)
        pair.y.rule(panel.yaxis)
        panel.margins(0.08)
        sheet.caption(panel.set_title(" "), *_shares(explanation, pair.number, [output]))
    bar = sheet.figure.colorbar(colours, ax=panels, aspect=20, pad=0.02)
    bar.ax.yaxis.set_major_formatter(NumberTicks())
    sheet.name_bar(bar, "change beyond both main effects")
