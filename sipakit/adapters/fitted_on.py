"""What an estimator was fitted on, and so what it is given: names, order and kind of its columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from sipakit.table import Table

__all__ = ["library_of", "names_fitted_on", "needs_pandas", "spelled_as_fitted", "was_fitted_on_arrays"]

# Frames that libraries take beside pandas'; LightGBM reads neither levels of polars nor of pyarrow.
_TAKES: Mapping[str, frozenset[str]] = {
    "sklearn": frozenset({"polars"}),
    "imblearn": frozenset({"polars"}),
    "lightgbm": frozenset(),
    "xgboost": frozenset(),
    "catboost": frozenset(),
}


def library_of(estimator: Any) -> str:
    """Name the package that an estimator's class comes from."""
    return type(estimator).__module__.partition(".")[0]


def names_fitted_on(estimator: Any) -> tuple[Hashable, ...] | None:
    """Names of the columns that an estimator was fitted on; None if it was fitted on an array, or is no estimator."""
    names = getattr(estimator, "feature_names_in_", None)
    if names is None and library_of(estimator) == "lightgbm" and hasattr(estimator, "feature_name"):
        names = estimator.feature_name()  # a bare Booster, which reads columns by position and says nothing
    if names is None:
        return None
    listed = tuple(names.tolist() if isinstance(names, np.ndarray) else names)
    made_up = tuple(f"Column_{i}" for i in range(len(listed)))  # what LightGBM calls the columns of an array
    return None if listed == made_up else listed


def spelled_as_fitted(
    estimator: Any, known: tuple[Hashable, ...] | None, names: Sequence[Hashable]
) -> tuple[Hashable, ...] | None:
    """Return the columns that an estimator was fitted on; LightGBM remembers blanks as underscores."""
    if known is None or set(known) <= set(names) or library_of(estimator) != "lightgbm":
        return known
    spelled = {str(name).replace(" ", "_"): name for name in names}
    return tuple(spelled.get(str(name), name) for name in known)


def was_fitted_on_arrays(estimator: Any, known: tuple[Hashable, ...] | None, table: Table) -> bool:
    """Whether an estimator was fitted on an array; without names, only tables of numbers can tell."""
    if known is not None:
        return False
    numbers = all(pd.api.types.is_numeric_dtype(column.dtype) for column in table.columns)  # booleans included
    return table.from_array or (numbers and hasattr(estimator, "n_features_in_"))


def needs_pandas(estimator: Any, table: Table) -> bool:
    """Whether the estimator's library does not take the user's kind of frame; unknown ones are given it."""
    takes = _TAKES.get(library_of(estimator))
    return takes is not None and table.origin is not None and table.origin.library not in takes
