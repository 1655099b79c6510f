"""The places of one feature, or of two together, at which an effect is evaluated and drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Hashable

    from numpy.typing import NDArray

__all__ = ["Axis", "Plane"]


@dataclass(frozen=True, slots=True, eq=False)
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


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """The places of two features together: every place of the first with every place of the second.

    Parameters
    ----------
    first, second : Axis, g and h places
    weight : (g, h) float
        Share of the rows nearest to each place; zero where no row lies between the place and its neighbours.
    rug : (r, 2) float
        Positions of rows, at most a few hundred of them; NaN for missing cells and levels without a place.

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> X = np.array([[0.0, 1.0], [1.0, 3.0]])
    >>> (plane,) = sp.PartialDependence(features=[("x0", "x1")]).explain(lambda X: X[:, 0], X).axes
    >>> plane.name, plane.shape, plane.labels[1]
    (('x0', 'x1'), (2, 2), '0, 3')
    """

    first: Axis
    second: Axis
    weight: NDArray[np.float64]
    rug: NDArray[np.float64]

    kind: ClassVar[str] = "pair"

    def __len__(self) -> int:
        return len(self.first) * len(self.second)

    @property
    def name(self) -> tuple[Hashable, Hashable]:
        """The two features."""
        return self.first.name, self.second.name

    @property
    def shape(self) -> tuple[int, int]:
        """Places of the first and of the second feature."""
        return len(self.first), len(self.second)

    @property
    def labels(self) -> tuple[str, ...]:
        """(g * h,) both places in words, the second feature's running fastest."""
        return tuple(f"{a}, {b}" for a in self.first.labels for b in self.second.labels)
