"""Kinds of columns that a file does not tell: CSV knows no categories and no dates, and takes codes for numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandas as pd

from sipakit.errors import InputError, first_few

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["TEXT", "read_dtypes", "with_dtypes"]

TEXT: Final = "text"
_KINDS: Final = ("category", "date", TEXT)


def read_dtypes(given: Sequence[str]) -> dict[str, str]:
    """Read ``COLUMN=KIND`` pairs.

    Raises
    ------
    InputError
        For something else.

    Examples
    --------
    >>> read_dtypes(["city=category", "a=b=date"])
    {'city': 'category', 'a=b': 'date'}
    """
    pairs = [one.rpartition("=") for one in given]
    for one, (name, _, kind) in zip(given, pairs, strict=True):
        if not name or kind not in _KINDS:
            message = f"--dtype {one} cannot be used."
            raise InputError(message, f"It takes COLUMN=KIND, and kinds are {', '.join(_KINDS)}.")
    return {name: kind for name, _, kind in pairs}


def with_dtypes(table: pd.DataFrame, dtypes: Mapping[str, str], argument: str) -> pd.DataFrame:
    """Return a table some of whose columns are of other kinds.

    Raises
    ------
    InputError
        For a column that is not there, or that is no date.
    """
    for name in dtypes:
        if name not in table.columns:
            message = f"--dtype names {name!r}, which is no column of {argument}."
            raise InputError(message, f"It has {first_few(table.columns, 12)}.")
    return table.assign(**{name: _as(table[name], kind, argument) for name, kind in dtypes.items()})


def _as(column: pd.Series, kind: str, argument: str) -> pd.Series:
    if kind == "category":
        return column.astype("category")
    if kind == TEXT:
        return column.map(str, na_action="ignore")
    try:
        try:
            return pd.to_datetime(column)
        except ValueError:  # summer and winter differ from UTC by different hours: one column holds one zone
            return pd.to_datetime(column, utc=True)
    except (ValueError, TypeError) as error:
        message = f"--dtype {column.name}=date does not fit {argument}: {error}."
        raise InputError(message, "Dates look like 2024-05-31 or 2024-05-31T12:00+02:00.") from error
