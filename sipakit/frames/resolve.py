"""Which library a thing is of, told without importing any."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from sipakit.frames.base import Library
from sipakit.frames.polars import Polars
from sipakit.frames.pyarrow import Arrow

__all__ = ["LIBRARIES", "is_foreign", "seen"]

LIBRARIES: Final[Mapping[str, Library]] = {"polars": Polars(), "pyarrow": Arrow()}


def seen(data: Any) -> Any:
    """What narwhals makes of a thing; itself where that is nothing."""
    plain = isinstance(data, (pd.DataFrame, pd.Series, np.ndarray, list, tuple))
    return data if plain else nw.from_native(data, pass_through=True, allow_series=True)


def is_foreign(data: Any) -> bool:
    """Whether this is a frame of polars or pyarrow.

    Examples
    --------
    >>> import pyarrow as pa
    >>> is_foreign(pa.table({"a": [1]})), is_foreign(pd.DataFrame({"a": [1]})), is_foreign([[1]])
    (True, False, False)
    """
    frame = seen(data)
    return isinstance(frame, nw.DataFrame) and str(frame.implementation) in LIBRARIES
