"""Some rows of attributions: which are meant, and the attributions of these."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sipakit.errors import InputError, InputTypeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sipakit.explanation.attributions import Attributions

__all__ = ["of_rows", "positions"]

_TAKES = "Rows go by their position: a whole number, a slice, a list of numbers, or a mask with one entry a row."


def positions(key: Any, n: int) -> NDArray[np.intp]:
    """Return the positions among ``n`` rows that a key means, at least one.

    Raises
    ------
    InputError
        For positions that do not exist, a mask of another length, and no row at all.
    InputTypeError
        For something that is no key of rows.

    Examples
    --------
    >>> positions(-1, 3).tolist(), positions(slice(2), 3).tolist(), positions([True, False, True], 3).tolist()
    ([2], [0, 1], [0, 2])
    """
    if isinstance(key, slice):
        found = np.arange(n)[key]
    else:
        asked = np.atleast_1d(np.asarray(key))
        if asked.ndim != 1 or asked.dtype.kind not in "biu":
            raise InputTypeError(f"[{key!r}] names no rows.", _TAKES, "Use frame() to look rows up by their number.")
        if asked.dtype.kind == "b":
            if len(asked) != n or np.ndim(key) == 0:
                raise InputError(f"A mask of {asked.size} entries cannot choose among {n:,} rows.", _TAKES)
            asked = np.flatnonzero(asked)
        outside = asked[(asked < -n) | (asked >= n)]
        if len(outside):
            message = f"There is no row at position {outside[0]}: there are {n:,} rows."
            raise InputError(message, _TAKES, "The first row is at 0, and rows has their numbers in the table.")
        found = asked.astype(np.intp) % n
    if len(found) == 0:
        raise InputError(f"[{key!r}] chooses none of {n:,} rows.", _TAKES, "Choose one row at least.")
    return found


def of_rows(e: Attributions, at: NDArray[np.intp]) -> Attributions:
    """Return the attributions of the rows at some positions, which keep their numbers."""
    each = e.base_values.ndim == 2
    told = {**e.manifest, "rows": len(at)} if "rows" in e.manifest else e.manifest
    return replace(
        e,
        estimate=e.estimate.at(at),
        base_values=e.base_values[at] if each else e.base_values,
        base_std_error=e.base_std_error[at] if each else e.base_std_error,
        predictions=e.predictions[at],
        row_values=e.row_values[at],
        manifest=told,
        rows=e.rows[at],
        completeness_gap=None if e.completeness_gap is None else e.completeness_gap[at],
        fit=None if e.fit is None else e.fit[at],
        weights=None if e.weights is None else e.weights[at],
        replicates=None if e.replicates is None else e.replicates[:, at],
    )
