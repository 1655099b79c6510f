"""Ticks of a ruler of dates: round moments, written in full, in the column's own time zone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from datetime import tzinfo

    from numpy.typing import NDArray

__all__ = ["date_ticks"]

_NANOSECONDS_A_DAY = 86_400e9
_OLDEST = 1678  # first whole year that pandas counts in nanoseconds
# (days, what pandas calls the step, where to begin counting, how to write a tick)
_CLOCK, _DAY, _MONTH, _YEAR = "%Y-%m-%d\n%H:%M", "%Y-%m-%d", "%Y-%m", "%Y"
_STEPS: Final[tuple[tuple[float, str, str, str], ...]] = (
    *((n / 86_400, f"{n}s", "day", f"{_CLOCK}:%S") for n in (1, 5, 15, 30)),
    *((n / 1440, f"{n}min", "day", _CLOCK) for n in (1, 5, 15, 30)),
    *((n / 24, f"{n}h", "day", _CLOCK) for n in (1, 3, 6, 12)),
    *((float(n), f"{n}D", "day", _DAY) for n in (1, 2, 4, 7, 14)),
    *((30.4 * n, f"{n}MS", "year", _MONTH) for n in (1, 2, 3, 6)),
    *((365.25 * n, f"{n}YS", str(n), _YEAR) for n in (1, 2, 5, 10, 20, 50, 100)),
)


def date_ticks(low: float, high: float, zone: tzinfo | None, most: int) -> tuple[NDArray[np.float64], list[str]]:
    """Choose at most ``most`` round moments between two others.

    Parameters
    ----------
    low, high : float
        Nanoseconds since 1970 in UTC, or on the wall clock where there is no zone.
    zone : tzinfo or None
    most : int, 2 or more

    Returns
    -------
    (t,) nanoseconds
    list of t labels

    Examples
    --------
    >>> date_ticks(1.0e18, 1.1e18, None, 4)[1]
    ['2002', '2003', '2004']
    """
    first, last = (pd.Timestamp(int(end), tz="UTC").tz_convert(zone or "UTC") for end in (low, high))
    chosen = pd.DatetimeIndex([first])
    format_ = f"{_CLOCK}:%S" if high > low else _DAY
    for days, step, begin, written in _STEPS:
        if not 0 < high - low <= days * _NANOSECONDS_A_DAY * (most + 1):
            continue
        moments = pd.date_range(_beginning(first, begin), last, freq=step)
        moments = moments[moments >= first]
        if 0 < len(moments) <= most:
            chosen, format_ = moments, written
            break
    ticks = chosen.as_unit("ns").asi8.astype(np.float64)
    return ticks, [moment.strftime(format_) for moment in chosen]


def _beginning(first: pd.Timestamp, begin: str) -> pd.Timestamp:
    """Return a round moment before the first one: its day, its year, or a year that a number divides."""
    if begin == "day":
        return first.normalize()
    year = first.year if begin == "year" else first.year - first.year % int(begin)
    return pd.Timestamp(year=max(year, _OLDEST), month=1, day=1, tz=first.tz)
