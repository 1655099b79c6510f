"""A cheap look at how a model behaves.

Is it random, does it depend on the rows beside a row, does it write into its input? A few rows are predicted in one
batch, and every second one of them again, backwards. Only where the answers differ is the first batch asked again, to
tell a random model from one that looks at the rows beside a row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sipakit.adapters import as_predictions
from sipakit.caveats import Caveat, caveat
from sipakit.engine.answers import in_batches
from sipakit.errors import PredictionError
from sipakit.frames import copied, equal
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
    watch = _Watch(adapter)

    def ask(rows: NDArray[np.intp], k: int | None = None) -> NDArray[np.float64]:
        return in_batches(watch.predict, Mix.unchanged(Rows(table, rows)), k).values

    index = np.arange(min(_ROWS, len(table)))
    half = index[::2][::-1]
    first = ask(index)
    other = ask(half, first.shape[1])
    cost, caveats = len(index) + len(half), []
    if watch.written:
        caveats.append(caveat("SIPA013", "It was given copies, so nothing was harmed.", "Copy inside predict."))
    scale = max(float(np.abs(first).max()), 1e-300)
    gap = float(np.abs(first[half] - other).max()) / scale
    if gap == 0:
        return first, cost, caveats
    noise = float(np.abs(first - ask(index, first.shape[1])).max()) / scale
    cost += len(index)
    if noise > adapter.manners.tolerance:
        message = f"Two equal calls differ by {noise:.2g} of the largest prediction."
        caveats.append(caveat("SIPA012", message, "Fix its random state, or put a network in eval mode."))
    elif gap > adapter.manners.tolerance:
        message = f"A row's prediction depends on the rows beside it: up to {gap:.2g} of the largest prediction."
        cure = "Predict row by row: no centring by batch, batch normalisation in eval mode."
        raise PredictionError(message, "A model must treat each row by itself.", cure)
    else:
        message = f"Up to {gap:.1g} of the largest prediction: rounding of matrix products."
        caveats.append(caveat("SIPA014", message))
    return first, cost, caveats


@dataclass
class _Watch:
    """An adapter's predict, and whether a batch was ever another one after the model had seen it."""

    adapter: Adapter
    written: bool = False

    def predict(self, mix: Mix, *, strict: bool = True) -> NDArray[np.float64]:
        """(m, k) predictions, as `Adapter.predict` makes them."""
        batch = self.adapter.batch(mix)
        before = copied(batch)
        raw = self.adapter.answer(batch)
        self.written |= not equal(before, batch)
        return self.adapter.read(as_predictions(raw, before, strict=strict))
