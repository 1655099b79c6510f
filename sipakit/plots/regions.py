"""Regional effects: a feature's curves in the whole table, and beside it in each of its regions."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.collections import LineCollection

from sipakit.estimate import falling
from sipakit.plots.curves import RUG, draw_line, effect_sheet, finish_panel, limited
from sipakit.plots.formats import quantity, spoken
from sipakit.plots.labels import clean, put
from sipakit.plots.places import Places
from sipakit.plots.style import TEXT, Sheet
from sipakit.plots.words import about_error, counted, largest, serious, told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from sipakit.explanation import Regions
    from sipakit.plots.display import Display

__all__ = ["draw_regions"]

_LINES = 6  # of panels
_OUTPUTS = 3
_REGIONS = 4  # of a feature
_BLACK, _HUES = 2, (0, 1, 3, 4)  # numbers of colours: of the whole table, and of regions
_PALE = "#BBBBBB"
_WIDE = 2.7  # inches of a panel
_RULE = 24  # columns of text for a condition in a legend


def draw_regions(explanation: Regions, ax: Axes | None = None) -> Display:
    """Draw mean centred curves, a line of panels a feature: the whole table, then its regions, most rows first.

    Thin lines behind are curves of single rows. Features whose table was not split are drawn only where none was.

    Parameters
    ----------
    explanation : Regions
    ax : Axes, optional
        Takes one feature: the one whose regions remove most, all of them in one panel.

    Returns
    -------
    Display
    """
    e = explanation
    split = [j for j in range(len(e.axes)) if len(e.of_feature(e.features[j])) > 1]
    size = e.removed if split else e.before.values**2
    outputs = largest(size.max(axis=0), 1 if ax is not None else _OUTPUTS)
    order = [int(j) for j in falling(size[:, outputs].max(axis=1)) if not split or j in split]
    features = order[: 1 if ax is not None else _LINES // len(outputs)]
    legend: tuple[Sequence[Artist], Sequence[str]] = ((), ())
    if ax is not None:
        sheet, layout, legend = _together(e, ax, features[0], outputs[0])
        wider = _limited(e, ax, _shown(e, features[0]), outputs[0])
    else:
        sheet, layout, wider = _side_by_side(e, list(product(features, outputs)))
    label = quantity(e, e.outputs[outputs[0]] if len(e.outputs) == 1 else None)
    cut = max(len(e.of_feature(e.features[j])) - 1 - _REGIONS for j in features)
    notes = [
        counted(len(features), len(e.axes), "features", "what regions remove most of first"),
        _unsplit(e, split),
        f"Of each feature at most {_REGIONS} regions, those with most rows." if cut > 0 else "",
        counted(len(outputs), len(e.outputs), "outputs", "largest disagreement first"),
        *dict.fromkeys(places.cut for places in layout),
        wider,
        "Gain: share of the squared disagreement of curves that regions remove, on rows that did not choose them.",
        "Thin lines: curves of single rows, each less its own mean." if ax is None else "",
        about_error(e),
        RUG,
        serious(e),
    ]
    name = clean(e.axes[features[0]].name) if len(features) == 1 else f"{len(features)} features"
    where = "in regions of the table" if split else "in the whole table"
    title = f"{spoken(e.explainer)}: change in {label} along {name}, {where}"
    return sheet.finish(title, notes, _facts(e, features), y_label=f"change in {label} (mean 0)", legend=legend)


def _unsplit(e: Regions, split: list[int]) -> str:
    """Say of how many features the table was not split."""
    left = len(e.axes) - len(split)
    if not left:
        return ""
    words = "1 feature has" if left == 1 else f"{left} features have"
    return f"{words} no regions: no split removes enough of what the curves disagree by."


def _shown(e: Regions, feature: int) -> list[int]:
    """Return the whole table and the regions with most rows, in their own order."""
    everyone, *regions = e.of_feature(e.features[feature])
    kept = sorted(regions[i] for i in falling(e.support[regions])[:_REGIONS]) if regions else []
    return [everyone, *kept]


def _side_by_side(e: Regions, cells: Sequence[tuple[int, int]]) -> tuple[Sheet, list[Places], str]:
    """Draw a line of panels for each feature and output, or one panel each where nothing was split.

    Returns
    -------
    Sheet
    list of Places, one a panel
    str
        A note where intervals leave the picture.
    """
    shown = [_shown(e, feature) for feature, _ in cells]
    across = max(map(len, shown))
    columns = across if across > 1 else 3
    axes = [e.axes[feature] for feature, _ in cells for _ in range(across)]
    # disagreement is seen within a line; between lines the rulers tell
    sheet, layout = effect_sheet(axes, None, columns, wide=_WIDE, sharey="row" if across > 1 else True)
    kept: list[Axes] = []
    notes: list[str] = []
    for line, (cell, regions) in enumerate(zip(cells, shown, strict=True)):
        mine = slice(line * across, (line + 1) * across)
        panels, places = sheet.panels[mine], layout[line * across]
        for turn, region in enumerate(regions):
            _panel(e, panels[turn], places, (region, cell[1]), turn)
            _caption(sheet, panels[turn], e, cell, region)
        together = regions if across > 1 else [one for several in shown for one in several]
        notes.append(_limited(e, panels[0], together, cell[1]))
        for spare in panels[len(regions) :]:
            spare.remove()
        kept += panels[: len(regions)]
    deep = 2 + max(e.where[r].count(" and ") for regions in shown for r in regions)
    sheet = Sheet(tuple(kept), own=True)
    sheet.grow(0.17 * deep * -(-len(axes) // columns))
    return sheet, layout, max(notes)


def _limited(e: Regions, panel: Axes, regions: Sequence[int], output: int) -> str:
    """Keep the intervals of a small region from flattening all curves of a line of panels."""
    parts = e.parts()
    return limited(Sheet((panel,), own=True), e.estimate, [parts[r] for r in regions], [output])


def _panel(e: Regions, panel: Axes, places: Places, cell: tuple[int, int], turn: int) -> None:
    """Draw one region: the curves of its rows, and their mean in front."""
    region, output = cell
    feature = int(e.owner[region])
    mine = np.ones(len(e.curves), bool) if turn == 0 else e.members[:, feature] == _place(e, region)
    _behind(panel, places, e.curves[mine, e.places(feature), output][:, places.shown])
    number = _BLACK if turn == 0 else _HUES[turn - 1]
    draw_line(panel, places, e.estimate, (e.parts()[region].start + places.shown, output), (number, 1), solid=True)
    finish_panel(panel, places, zero=True)


def _place(e: Regions, region: int) -> int:
    """Return a region's number among those of its feature, without the whole table."""
    return region - e.of_feature(e.features[e.owner[region]])[0] - 1


def _behind(panel: Axes, places: Places, curves: NDArray[np.float64]) -> None:
    """Draw curves of single rows: thin lines, and dots where places stand alone."""
    line, points = places.line, places.points
    if len(line):
        path = np.stack(np.broadcast_arrays(places.x[line], curves[:, line]), axis=-1)
        panel.add_collection(LineCollection(list(path), linewidths=0.5, colors=_PALE, zorder=1.5))
    if len(points):
        # multiples of the golden ratio: evenly spread, and in no order
        spread = places.step * (2 * (np.arange(len(curves)) * 0.618034 % 1) - 1)[:, None]
        panel.scatter(places.x[points] + spread, curves[:, points], s=4, c=_PALE, linewidths=0, zorder=1.5)


def _caption(sheet: Sheet, panel: Axes, e: Regions, cell: tuple[int, int], region: int) -> None:
    """Write a region's rule and share of the rows above its panel, and the gain above the whole table."""
    feature, output = cell
    columns = sheet.columns(TEXT["label"], panel=True) + 8  # titles may reach into the gaps between panels
    lines = [clean(part, columns) for part in _parts(e.where[region])]
    if region == e.of_feature(e.features[feature])[0]:
        name = f"{clean(e.outputs[output], columns - 10)}: " if len(e.outputs) > 1 else ""
        split = len(e.of_feature(e.features[feature])) > 1
        lines = [f"{name}all rows", f"gain {told(e.gain, (feature, output))}" if split else ""]
    else:
        lines[0] = clean(f"{_share(e, region)}: {lines[0]}", columns)
    put(panel.set_title(" "), *filter(None, lines)).set_fontsize(TEXT["label"])


def _parts(rule: str) -> list[str]:
    """Return the conditions of a rule, a line each."""
    first, *others = (
        one.removeprefix("(").removesuffix(")") if one.endswith(" or missing)") else one for one in rule.split(" and ")
    )
    return [first, *(f"and {one}" for one in others)]


def _share(e: Regions, region: int) -> str:
    share = float(e.support[region])
    return f"{share:.0%}" if share >= 0.005 else "under 1%"


def _together(
    e: Regions, ax: Axes, feature: int, output: int
) -> tuple[Sheet, list[Places], tuple[Sequence[Artist], Sequence[str]]]:
    """Draw all regions of one feature in the caller's panel."""
    sheet, layout = effect_sheet([e.axes[feature]], ax)
    (panel,), (places,) = sheet.panels, layout
    regions = _shown(e, feature)
    handles = [
        draw_line(
            panel,
            places,
            e.estimate,
            (e.parts()[region].start + places.shown, output),
            (_BLACK if turn == 0 else _HUES[turn - 1], max(len(regions), _HUES[-1] + 1)),
        )
        for turn, region in enumerate(regions)
    ]
    finish_panel(panel, places, zero=True)
    rules = [" and ".join(clean(part, _RULE) for part in e.where[r].split(" and ")) for r in regions[1:]]
    names = [f"{_share(e, r)}: {rule}" for r, rule in zip(regions[1:], rules, strict=True)]
    return sheet, layout, (handles, ["all rows", *names])


def _facts(e: Regions, features: Sequence[int]) -> list[str]:
    """Say the gain and the rules of the first features."""
    facts = []
    for feature in features[:3]:
        rules = "; ".join(f"{clean(e.where[r], None)} ({_share(e, r)} of the rows)" for r in _shown(e, feature)[1:])
        gain = f"gain {told(e.gain, (feature, 0))}, " if rules else ""
        facts.append(f"{clean(e.axes[feature].name)}: {gain}{rules or 'no regions'}.")
    return facts
