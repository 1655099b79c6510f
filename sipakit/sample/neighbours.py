"""Neighbours of a row: quasi-random points around it, in units of the background's spread."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import ndtri
from scipy.stats import qmc

from sipakit import columns as col

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sipakit.table import Table

_CALENDAR = -62_135_596_800e9, 253_402_214_400e9  # years 1 to 9999, in nanoseconds from 1970
_DURATIONS = -8e22, 8e22  # what Python's own durations hold
_LARGEST = 9.2e18  # units
_KEPT = 2**20  # numbers

__all__ = ["Neighbourhood", "draw_neighbours", "neighbourhood_of", "scrambled_sobol"]


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """What drawing around a row needs to know of the background.

    Parameters
    ----------
    background : Table
    weights : (b,)
    spread : (p,) float
        Weighted standard deviation of each number or date; 0 where the column is constant or has no distance.
    cumulative : (b,)
        Share of the weight up to each row.
    """

    background: Table
    weights: NDArray[np.float64]
    spread: NDArray[np.float64]
    cumulative: NDArray[np.float64]

    def continuous(self, table: Table) -> NDArray[np.bool_]:
        """(n, p) whether a row moves along a column by distance: a number or a date, finite, and not constant."""

        def found() -> NDArray[np.bool_]:
            moves = np.zeros((len(table), table.n_columns), bool)
            for j in np.flatnonzero(self.spread > 0):
                moves[:, j] = np.isfinite(col.numbers(table.columns[j]))
            return moves

        return table.remembered(("continuous", self.spread.tobytes()), found)


def neighbourhood_of(background: Table, weights: NDArray[np.float64]) -> Neighbourhood:
    """Measure the spread of every column."""

    def measured() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return _spread_of(background, weights), np.cumsum(weights) / weights.sum()

    key = ("neighbourhood", hash(weights.tobytes()))
    return Neighbourhood(background, weights, *background.remembered(key, measured))


def _spread_of(background: Table, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    spread = np.zeros(background.n_columns)
    for j, column in enumerate(background.columns):
        if background.kind(j) not in {"number", "date"}:
            continue
        places = col.numbers(column)
        use = np.isfinite(places) & (weights > 0)
        if use.any():
            largest = np.abs(places[use]).max()  # taken out, so that squares do not overflow
            scaled = places[use] / (largest or 1.0)
            mean = np.average(scaled, weights=weights[use])
            spread[j] = largest * np.sqrt(np.average((scaled - mean) ** 2, weights=weights[use]))
    return spread


def draw_neighbours(
    around: Neighbourhood, table: Table, row: int, count: int, rng: np.random.Generator, replicates: int = 1
) -> tuple[Table, NDArray[np.float64]]:
    """Draw neighbours of one row by scrambled Sobol sequences.

    Numbers and dates are drawn from a normal law about the row's own value, one background standard deviation wide
    (whole numbers are rounded). Categories, booleans and missing cells keep their value or take one drawn from the
    background, so that the same value comes up at least as often as not.

    Parameters
    ----------
    around : Neighbourhood
    table : Table
        The explained rows.
    row : int
    count : int
        Neighbours of a replicate; a power of two is best.
    rng : Generator
    replicates : int, default 1
        Sequences, each scrambled by itself.

    Returns
    -------
    (Table of ``replicates`` times ``count`` rows, coordinates of as many rows and p columns)
        One replicate after the other. Coordinates are standard deviations from the row for what moves by distance, and
        -1 or 0 for other and same.
    """
    p, total = table.n_columns, replicates * count
    points, steps = _points_and_steps(count, p, replicates, rng)
    continuous = around.continuous(table)[row]
    columns, coordinates = [], np.zeros((p, total))
    for j, column in enumerate(table.columns):
        if continuous[j]:
            own = col.numbers(column[[row]])[0]
            moved = _moved(column, row, own, steps[j] * around.spread[j])
            columns.append(moved)
            # halves, whose difference cannot overflow
            apart = col.numbers(moved) / 2 - own / 2
            coordinates[j] = apart / around.spread[j] * 2
            continue
        other = around.background.columns[j]
        # the upper half of the unit interval keeps the row's own value, the lower half draws one
        change = np.flatnonzero(points[j] < 1 / 2)
        drawn = np.minimum(np.searchsorted(around.cumulative, points[j, change] * 2), len(other) - 1)
        cells = column.take(np.full(total, row))
        cells[change] = other.take(drawn)
        columns.append(cells)
        differs = around.background.cell_hashes(j)[drawn] != table.cell_hashes(j)[row]
        coordinates[j, change[differs]] = -1
    return table.with_columns(columns), np.ascontiguousarray(coordinates.T)


@dataclass(frozen=True)
class _Start:
    """A generator, known by the state that it is in."""

    state: str
    rng: np.random.Generator = field(compare=False)


def _points_and_steps(
    count: int, p: int, replicates: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(p, replicates * count) points inside the unit cube, and the standard normal steps of as much probability."""
    draw = _from_start if count * p * replicates <= _KEPT else _from_start.__wrapped__
    points, steps, after = draw(_Start(repr(rng.bit_generator.state), rng), count, p, replicates)
    rng.bit_generator.state = after
    return points, steps


@lru_cache(maxsize=1)  # rows that are explained one at a time all start from the same state
def _from_start(start: _Start, count: int, p: int, replicates: int) -> tuple[Any, Any, Any]:
    """Draw points, find their steps, and note the state that the generator is left in."""
    points = scrambled_sobol(count, p, replicates, start.rng).transpose(2, 0, 1).reshape(p, -1)
    steps = ndtri(points)
    points.flags.writeable = steps.flags.writeable = False
    return points, steps, start.rng.bit_generator.state


def scrambled_sobol(count: int, p: int, replicates: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """(replicates, count, p) points inside the unit cube: Sobol points, scrambled anew for each replicate.

    Each coordinate's digits go through a random lower triangular matrix and a random shift (Matousek 1998,
    doi:10.1006/jcom.1998.0489), and what lies below them is drawn. So every point is uniform, and every coordinate of a
    replicate of 2^m points has one point in each of 2^m equal intervals.

    Examples
    --------
    >>> points = scrambled_sobol(8, 2, 1, np.random.default_rng(0))[0]
    >>> np.sort((points * 8).astype(int), axis=0)[:, 0].tolist()
    [0, 1, 2, 3, 4, 5, 6, 7]
    """
    bits = (count - 1).bit_length()
    scrambled = np.zeros((replicates, p, 1 << bits), np.int64)  # of every number of so many digits, by number
    for bit in range(bits):
        image = (1 << bit) | rng.integers(0, 1 << bit, (replicates, p, 1))
        scrambled[:, :, 1 << bit : 2 << bit] = scrambled[:, :, : 1 << bit] ^ image
    scrambled ^= rng.integers(0, 1 << bits, (replicates, p, 1))
    points = rng.random((replicates, p, count))
    for j, digits in enumerate(_sobol_digits(p, bits)):
        points[:, j] += scrambled[:, j].take(digits[:count], axis=1)
    points /= 1 << bits
    return np.clip(points, 1e-12, 1 - 1e-12, out=points).transpose(0, 2, 1)


@lru_cache(maxsize=8)
def _sobol_digits(p: int, bits: int) -> NDArray[np.int64]:
    """(p, 2^bits) first Sobol points as whole numbers of so many binary digits."""
    digits = np.asarray(qmc.Sobol(p, scramble=False).random_base2(bits).T * (1 << bits), np.int64)
    digits.flags.writeable = False
    return digits


def _moved(column: col.Column, row: int, own: float, step: NDArray[np.float64]) -> col.Column:
    """The row's value, which is ``own``, plus ``step``, in the column's dtype; whole numbers are rounded."""
    cells = column.take(np.full(len(step), row))
    if col.kind(column) == "date":
        return _moved_dates(cells, step)
    with np.errstate(over="ignore"):  # beyond the largest number that one is taken
        moved = own + step
    cells[:] = _held_in(getattr(column.dtype, "numpy_dtype", column.dtype), moved)
    return cells


def _held_in(dtype: np.dtype[Any], places: NDArray[np.float64]) -> NDArray[Any]:
    """Places as the nearest numbers that a dtype holds."""
    if dtype.kind not in "iu":
        limits = np.finfo(dtype)
        return np.clip(places, float(limits.min), float(limits.max)).astype(dtype)
    whole = np.iinfo(dtype)
    # the largest float below 2^63, since 2^63 itself would wrap around
    highest = np.nextafter(float(whole.max) + 1, 0)
    return np.clip(np.rint(places), float(whole.min), highest).astype(dtype)


def _moved_dates(own: col.Column, step: NDArray[np.float64]) -> col.Column:
    """Dates or durations plus ``step`` nanoseconds, kept inside what calendars and the column's unit can hold."""
    unit: Any = getattr(own.dtype, "unit", None) or np.datetime_data(own.dtype)[0]
    one = float(np.timedelta64(1, unit) / np.timedelta64(1, "ns"))
    places = col.numbers(own)
    low, high = _DURATIONS if pd.api.types.is_timedelta64_dtype(own.dtype) else _CALENDAR
    low, high = max(low, -_LARGEST * one), min(high, _LARGEST * one)
    units = np.rint((np.clip(places + step, low, high) - places) / one)
    return own + units.astype(np.int64).view(f"m8[{unit}]")
