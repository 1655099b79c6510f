"""What a library of frames must offer, and the plain arrays that columns are written from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sipakit import columns as col

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Library", "decimal_texts", "parts"]


class Library(ABC):
    """Abstract: what differs between libraries."""

    @abstractmethod
    def type_of(self, native: Any) -> Any:
        """Return what `column` needs to make a column like this one."""

    @abstractmethod
    def levels(self, native: Any) -> pd.Categorical:
        """Read a column of levels, all of them, in their order."""

    @abstractmethod
    def column(self, held: col.Column, own: Any) -> Any:
        """Write a held column in the type ``own``; None for the library's usual one."""

    @abstractmethod
    def frame(self, names: Sequence[Hashable], natives: Sequence[Any]) -> Any:
        """Put written columns side by side."""

    @abstractmethod
    def same(self, native: Any, other: Any) -> bool:
        """Whether two columns have one type and equal cells."""


def parts(held: col.Column, *, nan_is_missing: bool) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """A column as a plain array, and its missing cells; those of dates stay NaT and those of objects None."""
    none = np.zeros(len(held), bool)
    if isinstance(held.dtype, pd.DatetimeTZDtype):
        return np.asarray(held.asi8).view(f"M8[{held.unit}]"), none
    if isinstance(held, np.ndarray) and held.dtype.kind == "f" and nan_is_missing:
        absent = np.isnan(held)
        return np.where(absent, 0.0, held), absent
    if isinstance(held, np.ndarray) and held.dtype.kind != "O":
        return held, none
    if pd.api.types.is_numeric_dtype(held.dtype):  # nullable numbers and booleans
        plain = held.dtype.numpy_dtype
        return held.to_numpy(plain, na_value=plain.type(0)), np.asarray(held.isna())
    cells = np.array(held, dtype=object)
    cells[col.missing(held)] = None
    return cells, none


def decimal_texts(values: NDArray[np.float64], absent: NDArray[np.bool_], scale: int) -> list[str | None]:
    """Numbers as text with the digits that a decimal type has; None where they are missing."""
    texts = np.char.mod(f"%.{scale}f", values).astype(object)
    texts[absent] = None
    return list(texts)
