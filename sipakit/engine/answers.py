"""P of SIPA: what a model answers at virtual rows, each different row being asked once.

Two virtual rows with equal values get one prediction, and one that equals its base or donor row gets the prediction
that is known already. That happens within one slice, and a slice is cut into batches by the width of the table alone,
so that the model always sees the same batches, whatever machine or number of workers runs them.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sipakit.adapters import shown_row
from sipakit.errors import PredictionError, SipakitError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from sipakit.adapters.base import Adapter
    from sipakit.intervene import Mix
    from sipakit.table import Table

__all__ = ["Answers", "batch_rows", "evaluate", "in_batches"]

_BATCH_CELLS = 2**19  # about 4 MB of numbers: in the caches, and enough rows to drown the cost of a call
_LONGEST = 250  # characters of what a model says when it raises; the rest is in the error's cause
_FEWEST, _MOST = 1_024, 32_768


@dataclass(frozen=True)
class Answers:
    """Answers to a slice, with what they cost."""

    values: NDArray[np.float64]
    rows: int
    seconds: float


def batch_rows(n_columns: int) -> int:
    """Rows in one call of the model, from the table's width alone.

    Examples
    --------
    >>> batch_rows(12), batch_rows(10_000)
    (32768, 1024)
    """
    return min(max(_BATCH_CELLS // n_columns, _FEWEST), _MOST)


def evaluate(
    adapter: Adapter,
    mix: Mix,
    k: int,
    *,
    readout: str = "prediction",
    known: Mapping[Table, NDArray[np.float64]] | None = None,
) -> Answers:
    """Answer virtual rows.

    Parameters
    ----------
    adapter : Adapter
    mix : Mix, m rows
    k : int
        Number of outputs that the model had so far.
    readout : "prediction" or "gradient"
    known : Table -> (rows, k), predictions that were made before

    Returns
    -------
    Answers, with values (m, k), or (m, p, k) for gradients

    Raises
    ------
    PredictionError
        If the model raises, or answers with something that is no prediction.
    """
    if not len(mix):
        return Answers(np.empty((0, k)), 0, 0.0)
    if readout == "gradient":
        return in_batches(adapter.gradient, mix, k)
    if mix.fractional:
        return in_batches(adapter.predict, mix, k)
    numbers = mix.hashes()
    place, _ = pd.factorize(numbers, size_hint=len(numbers))  # in the order of first occurrence
    first = np.empty(int(place.max()) + 1, np.intp)
    first[place[::-1]] = np.arange(len(place))[::-1]
    values, answered = np.empty((len(first), k)), np.zeros(len(first), bool)
    for rows in (mix.donor, mix.base):
        if known and rows.table in known:
            (same,) = np.nonzero(numbers == rows.table.row_hashes.take(rows.index))
            values[place[same]] = known[rows.table][rows.index[same]]
            answered[place[same]] = True
    asked = first[~answered]
    if not len(asked):
        return Answers(values.take(place, axis=0), 0, 0.0)
    fresh = in_batches(adapter.predict, mix[asked], k)
    values[~answered] = fresh.values
    return Answers(values.take(place, axis=0), fresh.rows, fresh.seconds)


def in_batches(ask: Callable[[Mix], NDArray[np.float64]], mix: Mix, k: int | None = None) -> Answers:
    """Ask about every virtual row, batch by batch; the last axis must stay ``k`` long, or as it was in the first batch.

    Raises
    ------
    PredictionError
        What the model raises, in sipakit's words and with the first row that makes it; or another number of outputs.
    """
    size = batch_rows(mix.base.table.n_columns)
    started, parts = time.perf_counter(), []
    for start in range(0, len(mix), size):
        batch = mix[start : start + size]
        try:
            parts.append(ask(batch))
        except SipakitError:
            raise
        except Exception as error:
            told = " ".join(str(error).split()).rstrip(".")
            told = told if len(told) <= _LONGEST else f"{told[:_LONGEST]} ..."
            message = f"The model raised {type(error).__name__}: {told}."
            cure = "Check that the model is fitted and predicts the explained rows as they are."
            raise PredictionError(message, _culprit(ask, batch), cure) from error
        k = parts[0].shape[-1] if k is None else k
        if parts[-1].shape[-1] != k:
            message = f"The model returned {parts[-1].shape[-1]} outputs, and {k} before."
            raise PredictionError(message, "Their number must not change.", "Return every output for every batch.")
    return Answers(np.concatenate(parts), len(mix), time.perf_counter() - started)


def _culprit(ask: Callable[[Mix], NDArray[np.float64]], batch: Mix) -> str:
    """Show the first row at which a model raises, found by halving; all rows where no single one is to blame."""
    rows = batch
    while len(rows) > 1:
        half = len(rows) // 2
        halves = [part for part in (rows[:half], rows[half:]) if _raises(ask, part)]
        if not halves:
            return f"It was given {len(batch)} rows, and raises for no half of {len(rows)} of them."
        rows = halves[0]
    return f"It was given {len(batch)} rows. First bad row: {shown_row(rows.rows(as_array=False, in_pandas=True), 0)}."


def _raises(ask: Callable[[Mix], NDArray[np.float64]], rows: Mix) -> bool:
    try:
        ask(rows)
    except Exception:  # noqa: BLE001 - a model may raise anything
        return True
    return False
