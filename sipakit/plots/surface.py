"""How the mean prediction moves along two features together: a map of cells for each pair."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.collections import PolyCollection
from matplotlib.colors import Normalize

from sipakit.errors import InputError
from sipakit.plots.formats import NumberTicks, number, quantity, spoken
from sipakit.plots.labels import clean, put, width
from sipakit.plots.odds import probability_of_colours
from sipakit.plots.places import Places
from sipakit.plots.style import EVEN, GREY, INK, SIGNED, TEXT, Sheet
from sipakit.plots.words import about_error, counted, largest, serious, told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.colorbar import Colorbar
    from numpy.typing import NDArray

    from sipakit.axis import Plane
    from sipakit.explanation import Effects
    from sipakit.plots.display import Display

__all__ = ["draw_surfaces"]

_PANELS = 6
_OUTPUTS = 3
_CELLS = 150  # above which cells are dots of an image, to keep files small
_LINES = 4  # places on each side from which contour lines are drawn
_WIDE, _HIGH = 0.4, 0.3  # inches of a cell that holds its number and half width


@dataclass(frozen=True, eq=False)
class _Map:
    """One pair and one output on one panel: values, half widths and shares of rows, (s, t) each."""

    axes: Axes
    x: Places
    y: Places
    values: NDArray[np.float64]
    half: NDArray[np.float64]
    weight: NDArray[np.float64]

    @property
    def empty(self) -> NDArray[np.bool_]:
        """Where no row is near."""
        return np.asarray(self.weight <= 0, bool)

    @property
    def corners(self) -> NDArray[np.float64]:
        """(s * t, 4, 2) corners of every cell."""
        xs, ys = (np.repeat(self.x.cells, len(self.y.x), axis=0), np.tile(self.y.cells, (len(self.x.x), 1)))
        return np.stack([np.column_stack([xs[:, i], ys[:, j]]) for i, j in ((0, 0), (1, 0), (1, 1), (0, 1))], axis=1)


def draw_surfaces(explanation: Effects, ax: Axes | None = None) -> Display:
    """Draw each pair of features as a map: the colour of a cell is the mean prediction there.

    Cells that no row is near are hatched: there the model is asked about what does not occur, or ALE carries on what
    it found elsewhere. Colours span the other cells.

    Parameters
    ----------
    explanation : Effects
        With pairs of features.
    ax : Axes, optional
        Takes one pair and one output: those with the largest range.

    Returns
    -------
    Display

    Raises
    ------
    InputError
        Where there is no pair.
    """
    planes = explanation.planes
    if not planes:
        message = f"kind='surface' draws pairs of features, and this {explanation.explainer} has none."
        cure = "Name a pair as a tuple: PartialDependence(features=[('a', 'b')])."
        raise InputError(message, "It can be drawn with kind='curves'.", cure)
    ranges = np.array([np.ptp(explanation.estimate.values[explanation.near(j)], axis=0) for j in planes])
    outputs = largest(ranges.max(axis=0), 1 if ax is not None else _OUTPUTS)
    chosen = largest(ranges.max(axis=1), 1 if ax is not None else max(1, _PANELS // len(outputs)))
    pairs = [list(planes)[i] for i in chosen]
    sheet, layout = _sheet([planes[j] for j in pairs], len(outputs), ax)
    cells = list(product(zip(pairs, layout, strict=True), outputs))
    maps = [
        _map(panel, explanation, pair, places, output)
        for panel, ((pair, places), output) in zip(sheet.panels, cells, strict=True)
    ]
    colours = _colours(maps, signed=explanation.pure)
    for one, ((pair, _), output) in zip(maps, cells, strict=True):
        _draw(one, planes[pair], colours)
        if len(outputs) > 1:
            sheet.caption(one.axes.set_title(" "), clean(explanation.outputs[output]))
    label = quantity(explanation, explanation.outputs[outputs[0]] if len(outputs) == 1 else None)
    beyond = " beyond each alone" if explanation.pure else ""
    what = f"change in {label}{beyond} (mean 0)" if explanation.centred else label
    bar = _bar(sheet, maps, colours, what)
    if sheet.own:
        for one in maps:
            _write(sheet, one, colours)
    notes = [
        counted(len(pairs), len(planes), "pairs", "largest range first"),
        counted(len(outputs), len(explanation.outputs), "outputs", "largest range first"),
        *dict.fromkeys(places.cut for two in layout for places in two),
        *_about(maps, pure=explanation.pure),
        about_error(explanation),
        "" if explanation.centred else probability_of_colours(bar, explanation),
        serious(explanation),
    ]
    first = planes[pairs[0]]
    names = f"{clean(first.first.name)} and {clean(first.second.name)}" if len(pairs) == 1 else f"{len(pairs)} pairs"
    title = f"{spoken(explanation.explainer)}: {'' if explanation.centred else 'mean '}{what} along {names}"
    return sheet.finish(title, notes, _facts(explanation, pairs))


def _sheet(planes: Sequence[Plane], outputs: int, ax: Axes | None) -> tuple[Sheet, list[tuple[Places, Places]]]:
    """Make a panel for each pair and output, with room for the names of levels beside and below it."""
    wide, high = (5.6, 3.6) if len(planes) * outputs == 1 else (3.4, 2.7)
    columns = outputs if outputs > 1 else 3
    upright = [Places.of(plane.second, high * 0.62) for plane in planes]
    room = 0.062 * max((width(name) for places in upright for name in places.names), default=4)
    sheet = Sheet.make(len(planes) * outputs, ax, columns=columns, size=(wide + room, high))
    inches = wide * 0.8 if sheet.own else sheet.inches * 0.8
    layout = [(Places.of(plane.first, inches), y) for plane, y in zip(planes, upright, strict=True)]
    each = [x.tall for x, _ in layout for _ in range(outputs)]
    for first in range(0, len(each), columns):
        sheet.grow(max(each[first : first + columns]))
    return sheet, layout


def _map(axes: Axes, explanation: Effects, pair: int, places: tuple[Places, Places], output: int) -> _Map:
    plane, part = explanation.planes[pair], explanation.parts()[pair]
    shown = np.ix_(places[0].shown, places[1].shown)
    e = explanation.estimate
    values, lower, upper = (a[part, output].reshape(plane.shape)[shown] for a in (e.values, e.lower, e.upper))
    return _Map(axes, *places, values, (upper - lower) / 2, plane.weight[shown])


def _colours(maps: Sequence[_Map], *, signed: bool) -> ScalarMappable:
    """Return one scale for all maps: it spans the cells that rows are near, as far below zero as above if signed."""
    near = np.concatenate([one.values[~one.empty] for one in maps])
    every = near if len(near) else np.concatenate([one.values.ravel() for one in maps])
    low, high = float(every.min()), float(every.max())
    if signed:
        most = max(-low, high) or 1.0
        return ScalarMappable(Normalize(-most, most), SIGNED)
    return ScalarMappable(Normalize(low, high if high > low else low + 1.0), EVEN)


def _draw(one: _Map, plane: Plane, colours: ScalarMappable) -> None:
    """Draw cells, what is without rows, contour lines, the rows, and both rulers."""
    axes, flat, corners = one.axes, one.values.ravel(), one.corners
    image = len(flat) > _CELLS
    ground = PolyCollection(
        list(corners), facecolors=colours.to_rgba(flat), edgecolors="face", linewidths=0.3, zorder=1
    )
    empty = one.empty.ravel()
    veil = PolyCollection(
        list(corners[empty]),
        facecolors=(1, 1, 1, 0.55),
        edgecolors=GREY,
        hatch="/////",
        linewidths=0,
        zorder=2,
    )
    for collection in (ground, veil):
        collection.set_rasterized(image)
        axes.add_collection(collection)
    _contours(one)
    _dots(one, plane)
    one.x.rule(axes.xaxis)
    one.x.turn_names(axes)
    one.y.rule(axes.yaxis)
    axes.set_xlim(one.x.cells.min(), one.x.cells.max())
    axes.set_ylim(one.y.cells.min(), one.y.cells.max())
    axes.set_axisbelow(False)


def _contours(one: _Map) -> None:
    """Draw lines of equal prediction where both features are numbers with enough places."""
    x, y = one.x.line, one.y.line
    values = one.values[np.ix_(x, y)]
    if min(len(x), len(y)) < _LINES or not np.ptp(values) > 0:
        return
    seen = np.ma.masked_array(values, one.empty[np.ix_(x, y)])
    if seen.count() < _LINES**2 or not np.ptp(seen.compressed()) > 0:
        return
    levels = np.linspace(seen.min(), seen.max(), 7)[1:-1]
    for colour, wide in (("white", 1.2), (INK, 0.5)):  # dark with a light edge, to be seen on any ground
        look: dict[str, Any] = {"colors": colour, "linewidths": wide, "negative_linestyles": "solid", "zorder": 3}
        one.axes.contour(one.x.x[x], one.y.x[y], seen.T, levels=levels, **look)


def _dots(one: _Map, plane: Plane) -> None:
    """Mark where rows are; on the side of levels they are spread, so that they do not hide each other."""
    if not (one.x.joined or one.y.joined):
        return
    at = [places.locate(plane.rug[:, side]) for side, places in enumerate((one.x, one.y))]
    turn = np.arange(len(plane.rug))
    for side, (places, step) in enumerate(((one.x, 0.618034), (one.y, 0.754878))):
        alone = np.isnan(plane.rug[:, side]) if places.joined else np.ones(len(turn), bool)
        spread = 0.3 * places.step if places.joined else 0.35
        at[side] = at[side] + alone * spread * (2 * (turn * step % 1) - 1)
    dots = one.axes.scatter(at[0], at[1], s=5, color=INK, edgecolors="white", linewidths=0.4, zorder=4)
    dots.set_rasterized(len(turn) > 100)


def _bar(sheet: Sheet, maps: Sequence[_Map], colours: ScalarMappable, label: str) -> Colorbar:
    values = np.concatenate([one.values.ravel() for one in maps])
    low, high = colours.get_clim()
    below, above = bool(values.min() < (low or 0.0)), bool(values.max() > (high or 0.0))
    extend = {(False, False): "neither", (True, False): "min", (False, True): "max"}.get((below, above), "both")
    bar = sheet.figure.colorbar(colours, ax=[one.axes for one in maps], aspect=30, pad=0.02, extend=extend)
    bar.ax.yaxis.set_major_formatter(NumberTicks())
    sheet.name_bar(bar, label)
    return bar


def _write(sheet: Sheet, one: _Map, colours: ScalarMappable) -> None:
    """Write value and half width into the cells, where all are large enough."""
    size = sheet.figure.get_size_inches() / (3 if len(sheet.panels) > 1 else 1)
    for places, inches, least in ((one.x, 0.62 * size[0], _WIDE), (one.y, 0.6 * size[1], _HIGH)):
        ends = places.cells
        if np.diff(ends, axis=1).min() / np.ptp(ends) * min(inches, places.inches) < least:
            return
    step = float(np.ptp(one.values)) / 100
    for i, j in np.ndindex(one.values.shape):
        x, y = (float(places.cells[at].mean()) for places, at in ((one.x, i), (one.y, j)))
        red, green, blue, _ = colours.to_rgba(one.values[i, j])
        dark = 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.5 and not one.empty[i, j]
        half = float(one.half[i, j])
        lines = [number(float(one.values[i, j]), step)]
        lines += [f"\N{PLUS-MINUS SIGN}{number(half, half / 10)}"] if np.isfinite(half) and half > 0 else []
        text = one.axes.text(x, y, " ", ha="center", va="center", fontsize=TEXT["note"], zorder=5)
        put(text, *lines).set_color("white" if dark else INK)


def _about(maps: Sequence[_Map], *, pure: bool) -> list[str]:
    """Say how many places no row is near, and how wide the intervals are."""
    empty = np.concatenate([one.empty.ravel() for one in maps])
    half = np.concatenate([one.half[~one.empty] for one in maps])
    half = half[np.isfinite(half)]
    notes = []
    if empty.any():
        count = f"{int(empty.sum()):,} of {len(empty):,} places"
        asked, carried = "the model is asked about what does not occur", "the effect is carried on from where rows are"
        notes.append(f"Hatched: {count} that no row is near. There {carried if pure else asked}.")
    if len(half) and half.max() > 0:
        middle, most = float(np.median(half)), float(half.max())
        told_half = f"{number(middle, middle / 10)} in the median and {number(most, most / 10)} at most"
        notes.append(f"Half width of the intervals where rows are: {told_half}.")
    if any(one.x.joined or one.y.joined for one in maps):
        notes.append("Dots show where rows of the data are.")
    return notes


def _facts(explanation: Effects, pairs: list[int]) -> list[str]:
    """Say the lowest and highest place that rows are near, of the first pairs."""
    facts = []
    for pair in pairs[:4]:
        part, plane = explanation.parts()[pair], explanation.planes[pair]
        value = np.where(plane.weight.ravel() > 0, explanation.estimate.values[part, 0], np.nan)
        if np.isnan(value).all():
            continue
        low, high = (
            f"{told(explanation.estimate, (part.start + place, 0))} at {clean(plane.labels[place])}"
            for place in (int(np.nanargmin(value)), int(np.nanargmax(value)))
        )
        facts.append(f"{clean(plane.first.name)} and {clean(plane.second.name)}: lowest {low}, highest {high}.")
    return facts
