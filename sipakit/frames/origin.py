"""Frames in and out: where a table came from, and how it is written back in the types that it had there."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import narwhals.stable.v2 as nw

from sipakit import columns as col
from sipakit.frames.reading import read_exactly
from sipakit.frames.resolve import LIBRARIES

__all__ = ["Origin"]


@dataclass(frozen=True, eq=False)
class Origin:
    """Whose frame a table was, and the type of each column there.

    Parameters
    ----------
    library : "polars" or "pyarrow"
    own : tuple of p types of that library
    held : tuple of p dtypes
        What the columns were read as. A column that is held in another dtype by now (a grid of fractions for whole
        numbers) is written in the library's usual type for it.

    Examples
    --------
    >>> import pyarrow as pa
    >>> names, columns, origin = Origin.read(pa.table({"a": pa.array([1, None], pa.int8())}), "X")
    >>> columns[0].dtype, origin.frame(names, columns).schema.types
    (Int8Dtype(), [DataType(int8)])
    """

    library: str
    own: tuple[Any, ...]
    held: tuple[Any, ...]

    @classmethod
    def read(cls, data: Any, argument: str) -> tuple[tuple[str, ...], tuple[col.Column, ...], Origin]:
        """Read a frame of polars or pyarrow.

        Returns
        -------
        (p names, p columns (n,), Origin)

        Raises
        ------
        InputTypeError
            For a column of a type that cannot be held, or with values that would be changed on the way.
        """
        frame: Any = nw.from_native(data, eager_only=True)
        name, library = str(frame.implementation), LIBRARIES[str(frame.implementation)]
        places = enumerate(frame.columns)
        columns = [read_exactly(frame[:, j], library, f"Column {one!r} of {argument}") for j, one in places]
        own = [library.type_of(frame[:, j].to_native()) for j in range(len(columns))]
        held = tuple(column.dtype for column in columns)
        return tuple(frame.columns), tuple(columns), cls(name, tuple(own), held)

    def selected(self, positions: Sequence[int]) -> Origin:
        """Columns number ``positions``, in that order."""
        kept = list(positions)
        return replace(self, own=tuple(self.own[j] for j in kept), held=tuple(self.held[j] for j in kept))

    def frame(self, names: Sequence[Hashable], columns: Sequence[col.Column]) -> Any:
        """A fresh frame of the library, with columns in their own types."""
        library = LIBRARIES[self.library]
        places = zip(columns, self.own, self.held, strict=True)
        written = [library.column(c, own if _fits(c.dtype, held) else None) for c, own, held in places]
        return library.frame(names, written)


def _fits(dtype: Any, held: Any) -> bool:
    """Whether a column can be written in the type that was read as ``held``: missing cells make no difference."""
    return bool(getattr(dtype, "numpy_dtype", dtype) == getattr(held, "numpy_dtype", held))
