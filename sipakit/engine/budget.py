"""What a run may cost: a cap in model rows, or in time, which a short look at the model's pace turns into rows."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sipakit.engine.answers import batch_rows
from sipakit.errors import InputError
from sipakit.intervene import Mix, Rows

if TYPE_CHECKING:
    from sipakit.adapters import Adapter
    from sipakit.table import Table

__all__ = ["Budget", "Pace", "pace_of"]

_SECONDS = {"ms": 0.001, "s": 1.0, "sec": 1.0, "min": 60.0, "h": 3600.0}
_LOOK = 0.05  # seconds of one look at the model: long enough for the clock
_LOOKS = 3
_LONG = 1.0  # seconds: a look that takes so long is not followed by one at four times the rows
_LEVEL = 0.5  # of the seconds a row of the look before: above it, what a call costs by itself is the smaller part
_BESIDE = 1.25  # the engine's own time, and days on which the machine is slower than in the look


@dataclass(frozen=True, slots=True)
class Budget:
    """A cap on a whole call.

    Parameters
    ----------
    rows : int or None
        Model rows; gradient rows count as well.
    seconds : float or None

    Examples
    --------
    >>> Budget.of("1.5 min"), Budget.of(20_000)
    (Budget(rows=None, seconds=90.0), Budget(rows=20000, seconds=None))
    """

    rows: int | None = None
    seconds: float | None = None

    @classmethod
    def of(cls, given: Any) -> Budget | None:
        """Read the user's ``budget``: a number of model rows, a time such as "30s" or "2 min", or None.

        Raises
        ------
        InputError
            For anything else.
        """
        if given is None or isinstance(given, Budget):
            return given
        if isinstance(given, (int, np.integer)) and not isinstance(given, bool) and given > 0:
            return cls(rows=int(given))
        told = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|sec|min|h)\s*", given) if isinstance(given, str) else None
        if told is None or not float(told[1]):
            message = f"budget={given!r} cannot be used."
            allowed = "It takes a number of model rows, a time such as '30s', '2min' or '1h', or None."
            raise InputError(message, allowed, "Leave budget= out for no cap.")
        return cls(seconds=float(told[1]) * _SECONDS[told[2]])

    def share(self, parts: int) -> Budget:
        """Return an equal part of it."""
        rows, seconds = self.rows, self.seconds
        return Budget(None if rows is None else max(rows // parts, 1), None if seconds is None else seconds / parts)

    def in_rows(self, pace: Pace, *, base: int = 0, share: float = 1.0, workers: int = 1, elapsed: float = 0.0) -> int:
        """Model rows, equal ones included, that a cap in seconds amounts to at the slowest pace seen.

        Parameters
        ----------
        pace : Pace
        base : int
            Rows that are predicted first, all of them.
        share : float
            Of the other rows, those that differ and are asked.
        workers : int
        elapsed : float
            Seconds that are gone.
        """
        if self.seconds is None:
            message = "a cap in rows is in rows already"
            raise ValueError(message)
        asked = (self.seconds - elapsed) / (pace.slowest * _BESIDE) - base
        return max(int(base + asked * workers / share if asked > 0 else base + asked), 0)


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a model answers.

    Parameters
    ----------
    fastest, slowest : float
        Seconds a model row, in batches as the engine makes them.
    rows : int
        Model rows that the look cost.
    """

    fastest: float
    slowest: float
    rows: int

    def seconds(self, rows: int, workers: int = 1) -> tuple[float, float]:
        """Least and most seconds that so many model rows will take."""
        return rows * self.fastest / workers, rows * self.slowest * _BESIDE / workers


def pace_of(adapter: Adapter, table: Table, *, gradient: bool = False) -> Pace:
    """Time a model on rows of a table: on ever more of them, until the clock can tell and the rows are what takes time.

    A pipeline, or a forest with workers of its own, may take 50 ms for a call of any size: seconds a row of a small
    batch would then be a hundred times those of the batches that the engine makes.
    """
    ask = adapter.gradient if gradient else adapter.predict
    most = batch_rows(table.n_columns)
    size, asked, before = min(16, most), 0, np.inf
    while True:
        rows = Mix.unchanged(Rows(table, np.arange(size) % len(table)))
        seconds: list[float] = []
        while len(seconds) < _LOOKS and sum(seconds) < 2 * _LOOK:
            started = time.perf_counter()
            ask(rows)
            seconds.append(time.perf_counter() - started)
        asked += size * len(seconds)
        took = min(seconds) / size
        told = min(seconds) >= _LOOK and (took >= _LEVEL * before or min(seconds) >= _LONG)
        if told or size == most:
            return Pace(took, max(seconds) / size, asked)
        size, before = min(4 * size, most), took
