"""The places of one feature at which an effect is evaluated and drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Hashable

    from numpy.typing import NDArray

__all__ = ["Axis"]


@dataclass(frozen=True, slots=True)
class Axis:
    """The places of one feature at which an effect was evaluated.

    Parameters
    ----------
    name : Hashable
        The feature.
    kind : "number", "date", "ordered" or "category"
    values : (g,) in the column's own dtype
        A missing cell, where the table has any, is the last place.
    positions : (g,) float
        Where to draw them: numbers and nanoseconds by distance, levels by rank, NaN for the missing place.
    labels : (g,) str
    weight : (g,) float
        Share of the rows nearest to each place.
    rug : (r,) float
        Positions that occur in the rows, at most a few hundred of them.

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> X = np.array([[0.0], [1.0], [4.0]])
    >>> (axis,) = sp.ICE().explain(lambda X: X[:, 0], X).axes
    >>> axis.kind, axis.positions.tolist(), len(axis)
    ('number', [0.0, 1.0, 4.0], 3)
    """

    name: Hashable
    kind: str
    values: Any
    positions: NDArray[np.float64]
    labels: tuple[str, ...]
    weight: NDArray[np.float64]
    rug: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def has_missing(self) -> bool:
        """Whether the last place is the missing cell."""
        return bool(np.isnan(self.positions[-1]))
