"""How fast a model answers, by a short look at it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sipakit.engine.answers import batch_rows
from sipakit.intervene import Mix, Rows

if TYPE_CHECKING:
    from sipakit.adapters import Adapter
    from sipakit.table import Table

__all__ = ["Pace", "pace_of"]

_LOOK = 0.05  # seconds of one look at the model: long enough for the clock
_LOOKS = 3


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a model answers.

    Parameters
    ----------
    fastest, usual, slowest : float
        Seconds a model row, in batches as the engine makes them.
    rows : int
        Model rows that the look cost.
    """

    fastest: float
    usual: float
    slowest: float
    rows: int


def pace_of(adapter: Adapter, table: Table, *, gradient: bool = False) -> Pace:
    """Time a model on rows of a table: on ever more of them, until a look takes as long as the clock can tell."""
    ask = adapter.gradient if gradient else adapter.predict
    size, most, asked = min(64, batch_rows(table.n_columns)), batch_rows(table.n_columns), 0
    while True:
        rows = Mix.unchanged(Rows(table, np.arange(size) % len(table)))
        seconds: list[float] = []
        while len(seconds) < _LOOKS and sum(seconds) < 2 * _LOOK:
            started = time.perf_counter()
            ask(rows)
            seconds.append(time.perf_counter() - started)
        asked += size * len(seconds)
        if min(seconds) >= _LOOK or size == most:
            return Pace(min(seconds) / size, sum(seconds) / len(seconds) / size, max(seconds) / size, asked)
        size = min(4 * size, most)
