"""Columns and frames of polars."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from sipakit import columns as col
from sipakit.frames.base import Library, decimal_texts, parts

__all__ = ["Polars"]


class Polars(Library):
    """What is known of polars."""

    def type_of(self, native: Any) -> Any:
        """The dtype."""
        return native.dtype

    def levels(self, native: Any) -> pd.Categorical:
        """Levels in the order of an Enum; those of a Categorical that occur, sorted."""
        listed = getattr(native.dtype, "categories", None)
        if ordered := isinstance(listed, type(native)):
            levels = listed.to_list()
        else:  # a Categorical shares its levels with all others of the process; those that occur are its own
            levels = sorted(native.drop_nulls().unique().cast(str).to_list())
        cells = native.cast(str).to_numpy()
        return pd.Categorical(cells, pd.Index(levels, dtype=object), ordered=ordered)

    def column(self, held: col.Column, own: Any) -> Any:
        """A Series; a zone is put on moments in UTC."""
        import polars as pl

        if isinstance(held, pd.Categorical):
            levels = [*held.categories, None]  # code -1, a missing cell, takes the last
            usual = pl.Enum(levels[:-1]) if held.ordered else pl.Categorical
            return pl.Series(levels, dtype=own or usual).gather(np.asarray(held.codes, np.int64) % len(levels))
        values, absent = parts(held, nan_is_missing=isinstance(own, pl.Decimal))
        if isinstance(own, pl.Decimal):  # by way of text: a cast from floats cuts digits off
            return pl.Series(decimal_texts(values, absent, own.scale)).cast(own)
        if values.dtype.kind == "O":
            return pl.Series(values.tolist(), dtype=own)
        if values.dtype.kind in "mM":
            seconds = np.datetime_data(values.dtype)[0] == "s"  # which polars does not count in
            made = pl.Series(values.astype(f"{values.dtype.kind}8[ms]") if seconds else values)
            if zone := getattr(held.dtype, "tz", None):
                made = made.dt.replace_time_zone("UTC").dt.convert_time_zone(str(zone))
        else:
            made = pl.Series(values)
        made = made if own is None else made.cast(own)
        return made.scatter(np.flatnonzero(absent), None) if absent.any() else made

    def frame(self, names: Sequence[Hashable], natives: Sequence[Any]) -> Any:
        """A DataFrame, which has text as names."""
        import polars as pl

        return pl.DataFrame(dict(zip(map(str, names), natives, strict=True)))

    def same(self, native: Any, other: Any) -> bool:
        """One dtype, and cells that polars calls equal."""
        return bool(native.dtype == other.dtype and native.equals(other))
