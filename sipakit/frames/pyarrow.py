"""Columns and tables of pyarrow."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import pandas as pd

from sipakit import columns as col
from sipakit.frames.base import Library, decimal_texts, parts

__all__ = ["Arrow"]


class Arrow(Library):
    """What is known of pyarrow."""

    def type_of(self, native: Any) -> Any:
        """The type."""
        return native.type

    def levels(self, native: Any) -> pd.Categorical:
        """Levels of a dictionary, whose parts may list them in other orders."""
        whole = native.unify_dictionaries().combine_chunks()
        codes = whole.indices.cast("int64").fill_null(-1).to_numpy(zero_copy_only=False)
        levels = pd.Index(whole.dictionary.to_pylist(), dtype=object)
        return pd.Categorical.from_codes(codes, levels, ordered=native.type.ordered)

    def column(self, held: col.Column, own: Any) -> Any:
        """An Array; one of levels is a dictionary."""
        import pyarrow as pa

        if isinstance(held, pd.Categorical):
            codes = pa.array(held.codes, mask=held.codes < 0)
            levels = pa.array(list(held.categories), None if own is None else own.value_type)
            made = pa.DictionaryArray.from_arrays(codes, levels, ordered=bool(held.ordered))
            return made if own is None else made.cast(own)
        decimal = own is not None and pa.types.is_decimal(own)
        values, absent = parts(held, nan_is_missing=decimal)
        if decimal:  # by way of text: a cast from floats cuts digits off
            return pa.array(decimal_texts(values, absent, own.scale), pa.string()).cast(own)
        if values.dtype.kind == "O":
            return pa.array(values, own)
        made = pa.array(values, mask=absent if absent.any() else None)
        if zone := getattr(held.dtype, "tz", None):
            made = made.cast(pa.timestamp(made.type.unit, str(zone)))
        return made if own is None else made.cast(own)

    def frame(self, names: Sequence[Hashable], natives: Sequence[Any]) -> Any:
        """A Table, which has text as names."""
        import pyarrow as pa

        return pa.table(list(natives), names=list(map(str, names)))

    def same(self, native: Any, other: Any) -> bool:
        """One type and equal cells, in as many parts as they may be."""
        import pyarrow as pa

        if native.type != other.type:
            return False
        if pa.types.is_dictionary(native.type):  # parts may list the same levels in other orders
            plain = native.type.value_type
            native, other = native.cast(plain), other.cast(plain)
        return bool(native.equals(pa.chunked_array([other])))
