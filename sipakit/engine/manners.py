"""A cheap look at how a model behaves: is it random, does it depend on the batch, does it write into its input?

A few rows are predicted again: in one batch, in the same batch, and in two halves, the first one backwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sipakit.caveats import Caveat, caveat
from sipakit.engine.evaluate import in_batches
from sipakit.errors import PredictionError
from sipakit.intervene import Mix, Rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sipakit.adapters.base import Adapter
    from sipakit.table import Table

__all__ = ["check_manners"]

_ROWS = 64


def check_manners(adapter: Adapter, table: Table) -> tuple[NDArray[np.float64], int, list[Caveat]]:
    """Look at a model's manners on the first rows of a table.

    Returns
    -------
    (predictions of those rows, model rows that it cost, caveats)

    Raises
    ------
    PredictionError
        If a row's prediction depends on the rows beside it.
    """
    index = np.arange(min(_ROWS, len(table)))

    def ask(rows: NDArray[np.intp]) -> NDArray[np.float64]:
        return in_batches(adapter.predict, Mix.unchanged(Rows(table, rows))).values

    first, again = ask(index), ask(index)
    cost, caveats = 3 * len(index), []
    if _writes(adapter, Mix.unchanged(Rows(table, index))):
        caveats.append(caveat("SIPA013", "It was given copies, so nothing was harmed.", "Copy inside predict."))
    scale = max(float(np.abs(first).max()), 1e-300)
    noise = float(np.abs(first - again).max()) / scale
    if noise > adapter.manners.tolerance:
        message = f"Two equal calls differ by {noise:.2g} of the largest prediction."
        caveats.append(caveat("SIPA012", message, "Fix its random state, or put a network in eval mode."))
        return first, cost, caveats
    half = (len(index) + 1) // 2
    other = np.concatenate([ask(index[:half][::-1])[::-1], ask(index[half:])]) if len(index) > 1 else first
    cost += len(index) if len(index) > 1 else 0
    apart = float(np.abs(first - other).max()) / scale
    if apart > adapter.manners.tolerance:
        message = f"A row's prediction depends on the rows beside it: up to {apart:.2g} of the largest prediction."
        cure = "Predict row by row: no centring by batch, batch normalisation in eval mode."
        raise PredictionError(message, "A model must treat each row by itself.", cure)
    if apart > 0:
        message = f"Up to {apart:.1g} of the largest prediction: rounding of matrix products."
        caveats.append(caveat("SIPA014", message))
    return first, cost, caveats


def _writes(adapter: Adapter, mix: Mix) -> bool:
    """Whether a batch is another one after the model has seen it."""
    batch = adapter.batch(mix)
    before = pd.DataFrame(batch).copy(deep=True)
    adapter.answer(batch)
    return not before.equals(pd.DataFrame(batch))
