"""A table as numbers, for surrogates and regions: one column a number or rank, one a level; never for the model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sipakit import columns as col
from sipakit.caveats import Caveat, caveat

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from numpy.typing import NDArray

    from sipakit.table import Table
    from sipakit.task import Feature

__all__ = ["Encoding", "Term", "encode"]

_MOST_LEVELS = 50


@dataclass(frozen=True, eq=False)
class Term:
    """One column of numbers, and the words for it.

    Parameters
    ----------
    text : str
        The feature's name, ``"city = Rome"`` for a level, ``"age missing"`` for missing cells.
    feature : Hashable
    kind : "number", "date", "ordered", "level" of a category (missing cells being one), or "missing" of the others
    places : (n,) float
        Numbers, nanoseconds or ranks, NaN where missing; 1 and 0 for levels and missing cells.
    middle, unit : float
        What standardises the places: mean and standard deviation; 0 and 1 for levels and missing cells.
    like : pandas or NumPy column
        The feature's own column, for its words.
    """

    text: str
    feature: Hashable
    kind: str
    places: NDArray[np.float64]
    middle: float = 0.0
    unit: float = 1.0
    like: Any = None

    @property
    def numbers(self) -> NDArray[np.float64]:
        """(n,) standardised places."""
        if self.unit > 2.0**1000:  # differences of places may be no floats
            return self.places / self.unit - self.middle / self.unit
        return (self.places - self.middle) / self.unit

    def sides(self, below: NDArray[np.bool_], above: NDArray[np.bool_], *, limit: float) -> tuple[str, str]:
        """Both sides of a split in words that are true of the rows ``below`` and ``above`` it.

        Parameters
        ----------
        below, above : (n,) bool
            The rows that were sent to either side.
        limit : float
            Where the standardised numbers were cut.
        """
        absent = np.isnan(self.places)
        level = self.text.removeprefix(f"{self.feature} = ")
        if self.kind == "level" and level != self.text:
            return f"{self.feature} is not {level}", self.text
        if self.kind in {"level", "missing"} or not (below & ~absent).any() or not (above & ~absent).any():
            words = f"{self.feature} is not missing", f"{self.feature} is missing"
            return words[::-1] if (below & absent).any() else words
        low, high = self.places[below & ~absent].max(), self.places[above & ~absent].min()
        first = f"{self.text} <= {self._between(low, high, self.middle + self.unit * limit)}"
        second = f"{self.text} > {self._between(low, high, self.middle + self.unit * limit)}"
        if self.kind == "ordered":
            first, second = self._levels_on(below & ~absent, first), self._levels_on(above & ~absent, second)
        if (below & absent).any():
            first = f"({first} or missing)"
        if (above & absent).any():
            second = f"({second} or missing)"
        return first, second

    def _levels_on(self, rows: NDArray[np.bool_], otherwise: str) -> str:
        """``"size = small"`` where the rows have one level only."""
        if np.ptp(self.places[rows]) > 0:
            return otherwise
        return f"{self.text} = {self.like[int(np.flatnonzero(rows)[0])]}"

    def _between(self, low: float, high: float, place: float) -> str:
        """``place`` in few digits, but on the right side of both neighbours."""
        if self.kind == "ordered":
            return str(self.like[int(np.flatnonzero(self.places == low)[0])])
        written = _dates(place, self.like) if self.kind == "date" else _decimals(place)
        return next((text for value, text in written if low <= value < high), f"{low!r}")


@dataclass(frozen=True, eq=False)
class Encoding:
    """A table in numbers.

    Parameters
    ----------
    terms : tuple of Term
    caveats : tuple of Caveat
    """

    terms: tuple[Term, ...]
    caveats: tuple[Caveat, ...] = ()
    matrix: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        """Put the terms side by side: (n, t), NaN where a number is missing."""
        object.__setattr__(self, "matrix", np.column_stack([term.numbers for term in self.terms]).astype(np.float64))


def encode(table: Table, features: Sequence[Feature], weights: NDArray[np.float64], *, impute: bool) -> Encoding:
    """Encode columns: numbers, dates and ordered levels standardised, unordered levels a column each.

    Parameters
    ----------
    table : Table, n rows
    features : single columns
    weights : (n,)
        They count in means, standard deviations, and the frequency of levels.
    impute : bool
        Put the mean where a number is missing, and a column "missing" beside it; otherwise leave NaN.
    """
    terms: list[Term] = []
    caveats: list[Caveat] = []
    for feature in features:
        (j,) = feature.columns
        column, kind = table.columns[j], table.kind(j)
        if kind == "category":
            terms += _levels(feature.name, column, weights, caveats)
            continue
        places = col.numbers(column)
        places = np.where(np.isfinite(places), places, np.nan)
        absent = np.isnan(places)
        middle, unit = _mean_and_spread(places, weights * ~absent)
        filled = np.asarray(np.where(absent, middle, places) if impute else places, np.float64)
        terms.append(Term(str(feature.name), feature.name, kind, filled, middle, unit or 1.0, column))
        if impute and absent.any():
            terms.append(Term(f"{feature.name} missing", feature.name, "missing", absent.astype(np.float64)))
    return Encoding(tuple(terms), tuple(caveats))


def _mean_and_spread(places: NDArray[np.float64], weights: NDArray[np.float64]) -> tuple[float, float]:
    """Mean and standard deviation of the places that have weight; 0 where there are none."""
    use = weights > 0
    if not use.any():
        return 0.0, 0.0
    if (places[use] == places[use][0]).all():
        return float(places[use][0]), 0.0
    scale = _power_of_two(places[use])
    scaled = places[use] / scale
    middle = np.average(scaled, weights=weights[use])
    return float(middle * scale), float(np.sqrt(np.average((scaled - middle) ** 2, weights=weights[use])) * scale)


def _power_of_two(places: NDArray[np.float64]) -> float:
    """What brings the largest place near 1 without a change of digits: squares of 1e200 are no floats."""
    return float(2.0 ** np.clip(np.frexp(np.abs(places).max())[1], -1022, 1023))


def _levels(name: Hashable, column: col.Column, weights: NDArray[np.float64], caveats: list[Caveat]) -> list[Term]:
    """One term a level, the most frequent 50 of them, and one for missing cells."""
    absent = col.missing(column)
    labels = [str(value) for value in column]  # lists, since NumPy's own texts lose a NUL at their end
    levels = sorted({label for label, gone in zip(labels, absent, strict=True) if not gone})
    number = {level: i for i, level in enumerate(levels)}
    place = np.where(absent, -1, [number.get(label, -1) for label in labels])
    counts = np.bincount(place[~absent], weights[~absent], len(levels))
    common = np.sort(np.argsort(-counts, kind="stable")[:_MOST_LEVELS]).tolist()
    if len(levels) > len(common):
        message = f"Feature {name!r} has {len(levels)} levels; a rule can name the {len(common)} most frequent."
        caveats.append(caveat("SIPA022", message))
    shown = {f"{name} = {levels[i]}": place == i for i in common}
    if absent.any():
        shown[f"{name} missing"] = absent
    return [Term(text, name, "level", here.astype(np.float64)) for text, here in shown.items()]


def _decimals(place: float) -> Iterator[tuple[float, str]]:
    """A number in four digits, and in more and more of them."""
    for digits in range(4, 18):
        value = float(f"{place:.{digits}g}")
        yield value, np.format_float_positional(value, trim="-") if 1e-4 <= abs(value) < 1e15 else f"{value:g}"


def _dates(place: float, like: Any) -> Iterator[tuple[float, str]]:
    """A date or duration in days, minutes, seconds, and whole; in the column's own time zone."""
    zone = getattr(like.dtype, "tz", None)
    # whole nanoseconds reach from 1677 to 2262
    fine, step = ("ns", 1) if abs(place) < 2**63 else ("us", 1000)
    at: Any = np.array(int(place // step), dtype=np.int64)
    for unit in ("D", "min", "s", fine):
        if pd.api.types.is_timedelta64_dtype(like.dtype):
            floored: Any = pd.Timedelta(at.view(f"m8[{fine}]")[()]).floor(unit)
            text = str(floored)
        else:
            floored = pd.Timestamp(at.view(f"M8[{fine}]")[()], tz="UTC").tz_convert(zone).floor(unit)
            text = str(floored.date()) if unit == "D" else str(floored)
        yield float(floored.as_unit(fine).asm8.astype(np.int64)) * step, text
