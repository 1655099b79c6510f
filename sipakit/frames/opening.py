"""What a user may bring: frames of any library, and targets and weights in pandas."""

from __future__ import annotations

import sys
from collections import Counter
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd
from narwhals.exceptions import DuplicateError

from sipakit.errors import InputError, InputTypeError, first_few
from sipakit.frames.origin import Origin
from sipakit.frames.reading import read_exactly
from sipakit.frames.resolve import LIBRARIES, seen

__all__ = ["as_pandas", "opened"]


def opened(data: Any, argument: str) -> Any:
    """Return a frame of pandas, polars or pyarrow as it is, of another eager library in pandas; None if it is no frame.

    Raises
    ------
    InputError, InputTypeError
        For a frame with two columns of one name, and for a lazy one.

    Examples
    --------
    >>> opened([[1]], "X") is None
    True
    """
    if isinstance(data, pd.DataFrame):
        return data
    try:
        frame = seen(data)
    except DuplicateError as error:
        twice = [name for name, count in Counter(data.column_names).items() if count > 1]
        message = f"{argument} has more than one column named {first_few(twice)}."
        raise InputError(message, "Column names must differ.", "Rename or drop the copies.") from error
    if isinstance(frame, nw.LazyFrame):
        message = f"{argument} is a lazy frame ({type(data).__module__.split('.')[0]}.{type(data).__name__})."
        raise InputTypeError(message, "Rows are moved by number, so they must be there.", f"Pass {argument}.collect().")
    if not isinstance(frame, nw.DataFrame):
        return None
    return data if str(frame.implementation) in LIBRARIES else frame.to_pandas()


def as_pandas(values: Any, argument: str) -> Any:
    """Return a Series, array or frame of polars or pyarrow in pandas; anything else as it is.

    Raises
    ------
    InputTypeError
        For lazy frames, and for columns that cannot be held.

    Examples
    --------
    >>> import pyarrow as pa
    >>> as_pandas(pa.array([1, None]), "y").tolist()
    [1, <NA>]
    """
    if (frame := opened(values, argument)) is not None:
        if isinstance(frame, pd.DataFrame):
            return frame
        names, columns, _ = Origin.read(frame, argument)
        return pd.DataFrame(dict(enumerate(columns))).set_axis(list(names), axis=1)
    pyarrow = sys.modules.get("pyarrow")  # whoever has an array of it has imported it
    if pyarrow is not None and isinstance(values, pyarrow.Array):
        values = pyarrow.chunked_array([values])
    series = seen(values)
    if not isinstance(series, nw.Series):
        return values
    library = LIBRARIES.get(str(series.implementation))
    return series.to_pandas() if library is None else pd.Series(read_exactly(series, library, argument))
