"""Frames of polars and pyarrow: read into the columns that a `Table` holds, and written back just as they were.

This is the one room that knows these libraries. narwhals tells what a frame is; neither library is imported before a
user brings a frame of it. A column that would not come back equal to the last bit is refused by name.
"""

from __future__ import annotations

from sipakit.frames.batches import cells_of, copied, equal, rows_of
from sipakit.frames.opening import as_pandas, opened
from sipakit.frames.origin import Origin
from sipakit.frames.resolve import is_foreign

__all__ = ["Origin", "as_pandas", "cells_of", "copied", "equal", "is_foreign", "opened", "rows_of"]
