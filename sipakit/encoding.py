"""A table as numbers for surrogates: one column a number or rank, one a level; never for the explained model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sipakit import columns as col

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

    from sipakit.table import Table
    from sipakit.task import Feature

__all__ = ["Encoding", "encode"]

_MOST_LEVELS = 50


@dataclass(frozen=True)
class Encoding:
    """Numbers with the words for them.

    Parameters
    ----------
    matrix : (n, t)
        Standardised where ``standardised``; levels and "missing" as 0 and 1.
    terms : (t,) str
    features : (t,) names
    middle, unit : (t,)
        A number is middle + unit * column; 0 and 1 for levels.
    levels : (t,) bool
        Whether the column stands for a level or for "missing".
    dates : (t,) bool
    """

    matrix: NDArray[np.float64]
    terms: tuple[str, ...]
    features: tuple[Hashable, ...]
    middle: NDArray[np.float64]
    unit: NDArray[np.float64]
    levels: tuple[bool, ...]
    dates: tuple[bool, ...]

    def sides(self, term: int, limit: float, *, missing_below: bool) -> tuple[str, str]:
        """Return both sides of a split, in words."""
        if self.levels[term]:
            name, _, level = self.terms[term].partition(" = ")
            return (f"{name} is not {level}", self.terms[term]) if level else (f"not {name}", name)
        place = self.middle[term] + self.unit[term] * limit
        shown = str(pd.Timestamp(int(place)).date()) if self.dates[term] else f"{place:.4g}"
        absent = bool(np.isnan(self.matrix[:, term]).any())
        below, above = f"{self.terms[term]} <= {shown}", f"{self.terms[term]} > {shown}"
        if not absent:
            return below, above
        return (f"({below} or missing)", above) if missing_below else (below, f"({above} or missing)")


def encode(table: Table, features: Sequence[Feature], *, impute: bool) -> Encoding:
    """Encode columns: numbers and dates standardised, ordered levels by rank, unordered ones a column a level.

    Parameters
    ----------
    table : Table, n rows
    features : single columns
    impute : bool
        Put the mean where a number is missing, and a column "missing" beside it; otherwise leave NaN.
    """
    parts: list[tuple[str, Hashable, NDArray[np.float64], float, float, bool, bool]] = []
    for feature in features:
        (j,) = feature.columns
        column, kind = table.columns[j], table.kind(j)
        if kind == "category":
            parts += [(term, feature.name, one, 0.0, 1.0, True, False) for term, one in _levels(feature.name, column)]
            continue
        places = np.where(np.isfinite(col.numbers(column)), col.numbers(column), np.nan)
        present = places[~np.isnan(places)]
        middle = float(present.mean()) if len(present) else 0.0
        unit = float(present.std()) if len(present) and present.std() > 0 else 1.0
        scaled = (places - middle) / unit
        parts.append((str(feature.name), feature.name, scaled, middle, unit, False, kind == "date"))
        if impute and np.isnan(places).any():
            parts[-1] = (*parts[-1][:2], np.nan_to_num(scaled, nan=0.0), *parts[-1][3:])
            parts.append((f"{feature.name} missing", feature.name, np.isnan(places) * 1.0, 0.0, 1.0, True, False))
    terms, names, columns, middle_, unit_, levels, dates = zip(*parts, strict=True)
    matrix = np.column_stack(columns).astype(np.float64)
    return Encoding(matrix, terms, names, np.array(middle_), np.array(unit_), levels, dates)


def _levels(name: Hashable, column: col.Column) -> list[tuple[str, NDArray[np.float64]]]:
    absent = col.missing(column)
    labels = np.array([str(value) for value in column], dtype=object)
    labels[absent] = "missing"
    levels, counts = np.unique(labels.astype(str), return_counts=True)
    common = levels[np.sort(np.argsort(-counts, kind="stable")[:_MOST_LEVELS])]
    return [(f"{name} = {level}", (labels == level) * 1.0) for level in common]
