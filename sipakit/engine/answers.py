"""P of SIPA: what a model answers at virtual rows, each different row being asked once.

Virtual rows with equal values get one prediction within a slice, and those that equal a row which was predicted before
get the prediction that is known already. A slice is cut into batches by the width of the table alone,
so that the model always sees the same batches, whatever machine or number of workers runs them.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np
import pandas as pd

from sipakit.adapters import shown_row
from sipakit.errors import PredictionError, SipakitError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from sipakit.adapters.base import Adapter
    from sipakit.exact import Additive, Curves
    from sipakit.intervene import Mix
    from sipakit.table import Table

__all__ = ["Answers", "Ask", "batch_rows", "evaluate", "in_batches", "what_it_said"]

_BATCH_CELLS = 2**19  # about 4 MB of numbers: in the caches, and enough rows to drown the cost of a call
_LONGEST = 250  # characters of what a model says when it raises; the rest is in the error's cause
_FEWEST, _MOST = 1_024, 32_768


_Part: TypeAlias = "tuple[Mix, NDArray[np.float64] | None]"


class Ask(Protocol):
    """An adapter's way to answer virtual rows."""

    def __call__(self, mix: Mix, /, *, strict: bool) -> NDArray[np.float64]:
        """(m, ..., k) answers; unless ``strict``, NaN for a row that has none."""


@dataclass(frozen=True)
class Answers:
    """Answers to a slice, with what they cost; NaN at the ``bad`` rows for which the model has none."""

    values: NDArray[np.float64]
    rows: int
    seconds: float
    bad: int = 0
    first_bad: str = ""
    refits: int = 0


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
    strict: bool = True,
    curves: Curves | Additive | None = None,
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
    strict : bool
        Whether rows are refused for which the model raises or has no finite answer; their answers are NaN otherwise.
    curves : Curves, optional
        Answers that follow from the model's structure.

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
        return in_batches(adapter.gradient, mix, k, strict=strict)
    if curves is not None:
        return _by_structure(adapter, mix, k, known=known, strict=strict, curves=curves)
    if mix.fractional or mix.mixes_apart() or (mix.donor.table not in (known or ()) and mix.all_differ()):
        return in_batches(adapter.predict, mix, k, strict=strict)
    place, numbers = pd.factorize(mix.hashes(), size_hint=len(mix))  # in the order of first occurrence
    first = np.empty(len(numbers), np.intp)
    first[place[::-1]] = np.arange(len(place))[::-1]
    values, due = np.empty((len(numbers), k)), np.ones(len(numbers), bool)
    for table, told in (known or {}).items():
        there = table.rows_with(numbers)
        (found,) = np.nonzero(there >= 0)
        values[found], due[found] = told.take(there[found], axis=0), False
    if not due.any():
        return Answers(values.take(place, axis=0), 0, 0.0)
    fresh = in_batches(adapter.predict, mix[first[due]], k, strict=strict)
    values[due] = fresh.values
    return replace(fresh, values=values.take(place, axis=0))


def _by_structure(
    adapter: Adapter,
    mix: Mix,
    k: int,
    *,
    known: Mapping[Table, NDArray[np.float64]] | None,
    strict: bool,
    curves: Curves | Additive,
) -> Answers:
    """Answer what follows from the model's structure, and ask the model for the rest."""
    started, follows = time.perf_counter(), curves.knows(mix)
    if follows.all():
        told = curves.answers(mix)
        if np.isfinite(told).all():
            return Answers(told, 0, time.perf_counter() - started)
        follows[:] = False  # the model is to say it itself, and which row makes it
    here, rest = np.flatnonzero(follows), np.flatnonzero(~follows)
    values = np.empty((len(mix), k))
    values[here] = curves.answers(mix[here])
    seconds = time.perf_counter() - started
    asked = evaluate(adapter, mix[rest], k, known=known, strict=strict)
    values[rest] = asked.values
    return replace(asked, values=values, seconds=asked.seconds + seconds)


def in_batches(ask: Ask, mix: Mix, k: int | None = None, *, strict: bool = True) -> Answers:
    """Ask about every virtual row, batch by batch; the last axis must stay ``k`` long, or as it was in the first batch.

    Parameters
    ----------
    ask : callable(mix, strict=...) -> (m, ..., k)
        An adapter's way to answer.
    mix : Mix, m rows
    k : int, optional
    strict : bool
        See `evaluate`.

    Raises
    ------
    PredictionError
        What the model raises, in sipakit's words and with the first row that makes it; or another number of outputs.
    """
    size = batch_rows(mix.base.table.n_columns)
    started, parts, rows = time.perf_counter(), list[_Part](), 0
    for start in range(0, len(mix), size):
        batch = mix[start : start + size]
        found, asked = ([(batch, _told(ask, batch))], len(batch)) if strict else _spared(ask, batch)
        for values in (values for _, values in found if values is not None):
            k = values.shape[-1] if k is None else k
            if values.shape[-1] != k:
                message = f"The model returned {values.shape[-1]} outputs, and {k} before."
                raise PredictionError(message, "Their number must not change.", "Return every output for every batch.")
        rows += asked
        parts += found
    answers = _joined(ask, parts, k)
    if strict:
        return Answers(answers, rows, time.perf_counter() - started)
    bad = np.flatnonzero(np.isnan(answers).reshape(len(answers), -1).any(axis=1))
    first_bad = _shown(mix[bad[:1]]) if len(bad) else ""
    return Answers(answers, rows, time.perf_counter() - started, len(bad), first_bad)


def _told(ask: Ask, batch: Mix) -> NDArray[np.float64]:
    """Answer a batch; what the model raises is told in sipakit's words and with the first row that makes it."""
    try:
        return ask(batch, strict=True)
    except SipakitError:
        raise
    except Exception as error:
        message = f"The model raised {what_it_said(error)}."
        cure = "Check that the model is fitted and predicts the explained rows as they are."
        raise PredictionError(message, _culprit(ask, batch), cure) from error


def what_it_said(error: Exception) -> str:
    """Name an exception of a model, with what it says on one line."""
    told = " ".join(str(error).split()).rstrip(".")
    return f"{type(error).__name__}: {told if len(told) <= _LONGEST else f'{told[:_LONGEST]} ...'}"


def _spared(ask: Ask, batch: Mix) -> tuple[list[_Part], int]:
    """Answer a batch in parts, None for rows at which the model raises, found by halving; and tell the rows asked."""
    answered: list[_Part] = []
    due, asked = [batch], 0
    while due:
        rows = due.pop()
        asked += len(rows)
        try:
            answered.append((rows, ask(rows, strict=False)))
        except SipakitError:
            raise
        except Exception:  # noqa: BLE001 - a model may raise anything
            half = len(rows) // 2
            if half:
                due += [rows[half:], rows[:half]]  # the first half is looked at first
            else:
                answered.append((rows, None))
    return answered, asked


def _joined(ask: Ask, parts: list[_Part], k: int | None) -> NDArray[np.float64]:
    """Put answers together, NaN where there is none; if there is none at all, raise what the model raises."""
    known = next((values for _, values in parts if values is not None), None)
    if known is None and k is None:
        _told(ask, parts[0][0])
    tail = (k,) if known is None else known.shape[1:]
    return np.concatenate([np.full((len(rows), *tail), np.nan) if one is None else one for rows, one in parts])


def _culprit(ask: Ask, batch: Mix) -> str:
    """Show the first row at which a model raises, found by halving; all rows where no single one is to blame."""
    rows = batch
    while len(rows) > 1:
        half = len(rows) // 2
        halves = [part for part in (rows[:half], rows[half:]) if _raises(ask, part)]
        if not halves:
            return f"It was given {len(batch)} rows, and raises for no half of {len(rows)} of them."
        rows = halves[0]
    return f"It was given {len(batch)} rows. First bad row: {_shown(rows)}."


def _shown(rows: Mix) -> str:
    return shown_row(rows.rows(as_array=False, in_pandas=True), 0)


def _raises(ask: Ask, rows: Mix) -> bool:
    try:
        ask(rows, strict=True)
    except Exception:  # noqa: BLE001 - a model may raise anything
        return True
    return False
