"""The values of a feature in the rows, as places on a ruler: numbers and dates by distance, levels by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sipakit.axis import Axis
from sipakit.plots.formats import absent

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

__all__ = ["axis_of"]


def axis_of(name: Hashable, cells: Sequence[object] | NDArray[np.object_]) -> tuple[Axis, NDArray[np.float64]]:
    """Lay out the cells of rows, as a person reads them, along an axis.

    Parameters
    ----------
    name : Hashable
    cells : (n,) numbers, flags, text, dates or spans of time; None where one is missing

    Returns
    -------
    Axis
        Its places are the values that occur; the missing cell is the last one, where there is any.
    (n,) float
        The position of each row; NaN for missing cells.

    Examples
    --------
    >>> axis, positions = axis_of("x", [3.0, 1.0, None, 3.0])
    >>> axis.kind, axis.labels, positions.tolist()
    ('number', ('1', '3', 'missing'), [3.0, 1.0, nan, 3.0])
    >>> axis_of("season", ["winter", "spring"])[1].tolist()
    [1.0, 0.0]
    """
    known = np.array([not absent(cell) for cell in cells], dtype=bool)
    kept: list[Any] = [cell for cell, there in zip(cells, known, strict=True) if there]
    kind, found, values, labels = _placed(kept)
    positions = np.full(len(known), np.nan)
    positions[known] = found
    places, counts = np.unique(found, return_counts=True)
    if not known.all():
        values, labels = _with_missing(values), [*labels, "missing"]
        places, counts = np.append(places, np.nan), np.append(counts, (~known).sum())
    weight = counts / max(counts.sum(), 1)
    return Axis(name, kind, values, places.astype(np.float64), tuple(labels), weight, np.sort(found)), positions


def _placed(kept: list[Any]) -> tuple[str, NDArray[np.float64], Any, list[str]]:
    """Kind of known cells, the position of each, and the values that occur with their labels."""
    for kind, held in (("date", pd.Timestamp), ("date", pd.Timedelta)):
        if kept and all(isinstance(cell, held) for cell in kept):
            values = pd.Series(sorted(set(kept))).dt.as_unit("ns")
            found = np.array([cell.as_unit("ns").value for cell in kept], dtype=np.float64)
            return kind, found, values.array, [str(value) for value in values]
    if kept and all(_is_number(cell) and np.isfinite(cell) for cell in kept):
        found = np.array(kept, dtype=np.float64)
        numbers = np.unique(found)
        return "number", found, numbers, [f"{value:.6g}" for value in numbers]
    texts = [f"{cell:.6g}" if _is_number(cell) else str(cell) for cell in kept]
    levels = sorted(set(texts))
    place = {level: float(i) for i, level in enumerate(levels)}
    return "category", np.array([place[text] for text in texts]), np.array(levels, dtype=object), levels


def _with_missing(values: Any) -> Any:
    if isinstance(values, np.ndarray):
        gone = np.full(1, np.nan if values.dtype.kind == "f" else None, dtype=values.dtype)
        return np.concatenate([values, gone])
    return pd.concat([pd.Series(values), pd.Series([pd.NaT], dtype=values.dtype)]).array


def _is_number(cell: object) -> bool:
    return isinstance(cell, (int, float, np.number)) and not isinstance(cell, (bool, np.bool_))
