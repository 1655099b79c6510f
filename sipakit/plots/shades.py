"""The colour of rows by another column: numbers and dates on an even map, levels and few numbers by colours apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, to_rgba

from sipakit.errors import InputError, first_few
from sipakit.names import place_of
from sipakit.plots.dates import date_ticks
from sipakit.plots.formats import NumberTicks, absent
from sipakit.plots.labels import clean, distinct, put_ticks
from sipakit.plots.style import COLOURS, DASHES, EVEN, GREY, Sheet

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

__all__ = ["Group", "Shades", "column_of"]

_ABSENT = "#BBBBBB"  # light: the darker greys are close to the middle of the map, and to a level for some eyes
_LEVELS = 5  # numbers up to which a column is no more than levels, such as 0 and 1
_INSIDE = (2, 98)  # percentiles between which the map spans, so that few far values do not hide the rest
_NANOSECONDS_A_DAY = 86_400e9


@dataclass(frozen=True, eq=False)
class Group:
    """Rows that share a level, and so a colour: name, rows (n,) bool, colour and dashes."""

    name: str
    rows: NDArray[np.bool_]
    colour: str
    dashes: Any = "-"


@dataclass(frozen=True, eq=False)
class Shades:
    """The colour of each row.

    Parameters
    ----------
    name : str
        The column, as it is written.
    colours : (n, 4) float
        Red, green, blue and opacity of each row.
    groups : tuple of Group
        The six most frequent levels, all others together, and the missing cells.
    scale : ScalarMappable or None
        The map of numbers and dates.
    ticks : (places, names) or None
        Of a map of dates.
    """

    name: str
    colours: NDArray[np.float64]
    groups: tuple[Group, ...] = ()
    scale: ScalarMappable | None = None
    ticks: tuple[NDArray[np.float64], list[str]] | None = None

    @classmethod
    def of(cls, name: Hashable, cells: Sequence[object]) -> Shades:
        """Colour rows by a column's cells, (n,) as a person reads them.

        Examples
        --------
        >>> shades = Shades.of("season", ["summer", "winter", "summer", None])
        >>> [(group.name, int(group.rows.sum())) for group in shades.groups]
        [('summer', 2), ('winter', 1), ('missing', 1)]
        >>> Shades.of("temp", [1.0, 2.0, 3.5, 4.0, 5.0, 6.5, None]).scale is None
        False
        """
        known = np.array([not absent(cell) for cell in cells], dtype=bool)
        kept: list[Any] = [cell for cell, there in zip(cells, known, strict=True) if there]
        shown = clean(name)
        if kept and all(_is_number(cell) for cell in kept) and len(set(kept)) > _LEVELS:
            return _even(shown, known, np.array(kept, dtype=np.float64))
        if kept and all(isinstance(cell, pd.Timestamp) for cell in kept):
            return _dated(shown, known, kept)
        if kept and all(isinstance(cell, pd.Timedelta) for cell in kept):
            return _even(f"{shown} (days)", known, np.array([cell.value / _NANOSECONDS_A_DAY for cell in kept]))
        return _by_level(shown, known, cells)

    @property
    def note(self) -> str:
        """What the colours mean."""
        missing = bool((self.colours == to_rgba(_ABSENT)).all(axis=1).any())
        grey = " Grey: missing." if missing and not self.groups else ""
        return f"Coloured by {self.name}.{grey}"

    def bar(self, sheet: Sheet) -> None:
        """Draw the colour bar of numbers or dates; levels have a legend instead."""
        if self.scale is None:
            return
        bar = sheet.figure.colorbar(self.scale, ax=list(sheet.panels), aspect=40, pad=0.01, extend="both")
        if self.ticks is not None:
            put_ticks(bar.ax.yaxis, list(self.ticks[0]), self.ticks[1])
        else:
            bar.ax.yaxis.set_major_formatter(NumberTicks())
        sheet.name_bar(bar, self.name)


def column_of(
    name: Hashable, columns: Sequence[Hashable], cells: NDArray[np.object_] | None, explainer: str
) -> list[object]:
    """Return the cells of the column that rows are coloured by.

    Raises
    ------
    InputError
        Where there is no such column, or the result holds no rows.
    """
    if cells is None:
        message = f"colour_by={name!r} needs the explained rows, and this {explainer} result does not hold them."
        raise InputError(message, "Curves of single rows and attributions hold them.", "Leave colour_by= out.")
    found = place_of(name, columns)
    if found is None:
        message = f"colour_by={name!r} is no column of the explained rows."
        raise InputError(
            message, f"They have {first_few(columns, 12)}.", "Check the spelling and the type of the name."
        )
    return list(cells[:, found])


def _is_number(cell: object) -> bool:
    return isinstance(cell, (int, float, np.number)) and not isinstance(cell, (bool, np.bool_))


def _even(name: str, known: NDArray[np.bool_], numbers: NDArray[np.float64]) -> Shades:
    finite = numbers[np.isfinite(numbers)]
    low, high = np.percentile(finite, _INSIDE) if len(finite) else (0.0, 1.0)
    if not high > low:
        low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    scale = ScalarMappable(Normalize(low, high if high > low else low + 1.0), EVEN)
    colours = np.tile(to_rgba(_ABSENT), (len(known), 1))
    colours[known] = scale.to_rgba(numbers)
    return Shades(name, colours, scale=scale)


def _dated(name: str, known: NDArray[np.bool_], moments: list[Any]) -> Shades:
    zone = moments[0].tzinfo
    plain = _even(name, known, np.array([moment.as_unit("ns").value for moment in moments], dtype=np.float64))
    low, high = plain.scale.get_clim() if plain.scale is not None else (0.0, 0.0)
    ticks = date_ticks(low or 0.0, high or 0.0, zone, 5)
    shown = name if zone is None else f"{name} ({zone})"
    return Shades(shown, plain.colours, scale=plain.scale, ticks=ticks)


def _by_level(name: str, known: NDArray[np.bool_], cells: Sequence[object]) -> Shades:
    """Give the most frequent levels a colour each, in the order of their names; the others are grey."""
    text = np.array([f"{cell:.6g}" if _is_number(cell) else str(cell) for cell in cells], dtype=object)
    levels, first, counts = np.unique(text[known], return_index=True, return_counts=True)
    common = np.sort(np.argsort(-counts, kind="stable")[: len(COLOURS)])
    examples = [np.asarray(cells, dtype=object)[known][first[level]] for level in common]
    if all(map(_is_number, examples)):
        common = common[np.argsort(np.array(examples, dtype=np.float64), kind="stable")]
    colours = np.tile(to_rgba(_ABSENT), (len(known), 1))
    names = distinct([levels[level] for level in common], 24)
    groups = [
        Group(names[place], known & (text == levels[level]), COLOURS[place], DASHES[place])
        for place, level in enumerate(common)
    ]
    rest = known & ~np.isin(text, levels[common])
    if rest.any():
        groups.append(Group(f"{len(levels) - len(common)} other levels", rest, GREY, ":"))
    if not known.all():
        groups.append(Group("missing", ~known, _ABSENT, (0, (1, 3))))
    for group in groups:
        colours[group.rows] = to_rgba(group.colour)
    return Shades(name, colours, tuple(groups))
