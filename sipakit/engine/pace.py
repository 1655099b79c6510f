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
_LONG = 1.0  # seconds: a look that takes so long is not followed by one at four times the rows
_LEVEL = 0.5  # of the seconds a row of the look before: above it, what a call costs by itself is the smaller part


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
            return Pace(took, sum(seconds) / len(seconds) / size, max(seconds) / size, asked)
        size, before = min(4 * size, most), took
