"""Batches of any kind, as models are given them: some of their rows and cells, copies, and whether they changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd

from sipakit.frames.resolve import is_foreign

__all__ = ["cells_of", "copied", "equal", "rows_of"]


def cells_of(batch: Any, row: int, limit: int) -> list[tuple[str, Any]]:
    """Names and cells of one row of a frame of polars or pyarrow, at most ``limit`` of them.

    Examples
    --------
    >>> import pyarrow as pa
    >>> cells_of(pa.table({"a": [1, 2], "b": ["x", None]}), 1, limit=5)
    [('a', 2), ('b', None)]
    """
    frame: Any = nw.from_native(batch, eager_only=True)
    return [(name, frame[row : row + 1, j].to_list()[0]) for j, name in enumerate(frame.columns[:limit])]


def rows_of(data: Any, rows: Sequence[int]) -> Any:
    """Rows of a frame of polars or pyarrow, by number."""
    frame: Any = nw.from_native(data, eager_only=True)
    return frame[list(rows)].to_native()


def copied(batch: Any) -> Any:
    """What a batch of any kind holds, whatever is done to it later; Arrow tables cannot be written to.

    Examples
    --------
    >>> copied([[1.0, None]]).shape
    (1, 2)
    """
    if not is_foreign(batch):
        return pd.DataFrame(batch).copy(deep=True)
    return batch.clone() if hasattr(batch, "clone") else batch


def equal(before: Any, batch: Any) -> bool:
    """Whether a batch still holds what `copied` kept of it.

    Examples
    --------
    >>> import numpy as np
    >>> batch = np.array([[1.0, np.nan]])
    >>> before = copied(batch)
    >>> equal(before, batch), equal(before, batch + 1)
    (True, False)
    """
    now = pd.DataFrame(batch) if isinstance(before, pd.DataFrame) else batch
    return before is batch or bool(before.equals(now))
