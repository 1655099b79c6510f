"""The figures of a page: an explanation's usual picture, or one picture for each of a few rows."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from sipakit.explanation import Attributions, Effects, Importances
from sipakit.reports.measure import Measure
from sipakit.reports.tables import tabulate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sipakit.explanation import Explanation
    from sipakit.plots import Display
    from sipakit.reports.tables import TextTable

__all__ = ["Figure", "pictures"]

_HEADER = '<?xml version="1.0" encoding="utf-8"?>\n'
_ROWS = 6
_SHORT = 16
_TAG = re.compile(r"<[^<>]+>")
_ID = re.compile(r'( id="|url\(#|href="#)([A-Za-z])')


@dataclass(frozen=True)
class Figure:
    """A picture on a page.

    Parameters
    ----------
    name : str
        Slug for a file.
    display : Display
    table : TextTable
        The same numbers.
    caption : str
        What it shows, and in which unit.
    open : bool
        Whether the table is short enough to be seen at once, and printed.
    """

    name: str
    display: Display
    table: TextTable
    caption: str
    open: bool = False

    @cached_property
    def svg(self) -> Markup:
        """The picture, made by our own plots; every name in it is escaped there."""
        return Markup(self.display.svg())  # noqa: S704 - SVG from sipakit.plots, not from a user

    def inside(self, key: str) -> Markup:
        """Return the picture for a page that has others: every id begins with ``key``."""
        return Markup(_TAG.sub(lambda tag: _keyed(tag.group(0), key), str(self.svg)))  # noqa: S704 - our own picture

    def save(self, path: Path) -> None:
        """Write the picture as an SVG file."""
        path.write_text(f"{_HEADER}{self.svg}", encoding="utf-8", newline="\n")


def _keyed(tag: str, key: str) -> str:
    """Begin the ids in one tag with a key, and those that it refers to."""
    if tag.startswith("<svg"):
        tag = re.sub(r'(?<=aria-labelledby=")(\w+) (\w+)', rf"{key}\1 {key}\2", tag)
    return _ID.sub(rf"\g<1>{key}\2", tag)


def pictures(explanation: Explanation, unit: str | None = None) -> list[Figure]:
    """Draw an explanation; attributions of up to six rows get a picture each, those of more a swarm of points.

    Parameters
    ----------
    explanation : Explanation
    unit : str, optional
        What one unit of a prediction is.
    """
    single = isinstance(explanation, Attributions)
    if isinstance(explanation, Attributions) and len(explanation.rows) > _ROWS:
        found: list[tuple[str, Explanation]] = [("rows", explanation)]
    elif isinstance(explanation, Attributions):
        found = [(f"row-{row}", explanation[i]) for i, row in enumerate(explanation.rows)]
    elif isinstance(explanation, Effects) and explanation.lines and explanation.planes:
        found = [
            ("", some_features(explanation, explanation.lines)),
            ("pairs", some_features(explanation, explanation.planes)),
        ]
    else:
        found = [("", explanation)]
    figures = []
    for name, one in found:
        display = one.plot("beeswarm") if name == "rows" else one.plot()
        table = tabulate(one, unit)
        shown = not single and len(table.lines) <= _SHORT
        figures.append(Figure(name, display, table, _caption(display.title, one, unit), shown))
    return figures


def _caption(title: str, e: Explanation, unit: str | None) -> str:
    """Repeat the title, and name the unit, which the picture does not know."""
    if not unit or e.scale != "prediction" or isinstance(e, Importances):
        return title
    return f"{title}; in {Measure.of(e.scale, unit).unit}"


def some_features(explanation: Effects, numbers: Iterable[int]) -> Effects:
    """Return the mean effects of some features, or pairs of features."""
    numbers, parts = list(numbers), explanation.parts()
    at = np.concatenate([np.arange(parts[j].start, parts[j].stop) for j in numbers])
    lines = list(explanation.lines)
    single = [lines.index(j) for j in numbers if j in lines]
    spread = explanation.heterogeneity
    return replace(
        explanation,
        features=tuple(explanation.features[j] for j in numbers),
        axes=tuple(explanation.axes[j] for j in numbers),
        estimate=explanation.estimate.at(at),
        heterogeneity=None if spread is None or not single else spread.at(np.array(single)),
    )
