"""Effects: how the prediction moves along each feature."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from sipakit.axis import Axis, Plane
from sipakit.errors import InputError
from sipakit.explanation.base import Explanation, tidy

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from sipakit.estimate import Estimate
    from sipakit.explanation.base import Labels

__all__ = ["Effects"]


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Effects(Explanation):
    """How the prediction moves along each feature.

    ``values`` is a tuple with one array a feature: (places, outputs) for means, (rows, places, outputs) for single
    rows, (places, places_2, outputs) for a pair. ``estimate`` holds the same numbers with the places of all features
    on one axis.

    Parameters
    ----------
    axes : tuple of Axis, or Plane for a pair
    rows : (n,) int or None
        Row numbers, where each row has a curve of its own.
    centred : bool
        Whether each curve has mean zero over the rows.
    pure : bool
        Whether pairs show what both features do together beyond what each does alone.
    own : (n, u) float or None
        Each row's own position on each axis, where it has a curve of its own.
    predictions : (n, k) or None
        The rows' own predictions, where each row has a curve of its own.
    columns : tuple of names
        Columns of ``row_values``: all of the table, explained or not.
    row_values : (n, p) object or None
        The rows as a person reads them, where each row has a curve of its own.
    heterogeneity : Estimate, (single features, outputs), or None
        How far the curves of single rows are from the mean curve, as a root mean square in units of the prediction; 0
        where nothing interacts with the feature. None for curves of single rows, and where all features are pairs. The
        estimate has a part of this name for each place.

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> X = np.random.default_rng(0).normal(size=(50, 2))
    >>> e = sp.PartialDependence(grid_resolution=5).explain(lambda X: 2 * X[:, 0], X)
    >>> [axis.name for axis in e.axes], e.values[0].shape
    (['x0', 'x1'], (5, 1))
    """

    axes: tuple[Axis | Plane, ...]
    rows: NDArray[np.intp] | None = None
    centred: bool = False
    pure: bool = False
    own: NDArray[np.float64] | None = None
    predictions: NDArray[np.float64] | None = None
    columns: tuple[Hashable, ...] = ()
    row_values: NDArray[np.object_] | None = None
    heterogeneity: Estimate | None = None

    dims: ClassVar[tuple[str, ...]] = ("feature", "value", "output")

    def numbered(self, rows: NDArray[np.intp]) -> Effects:
        """Return the result with its rows, where it has any, called by their numbers in the user's table."""
        return self if self.rows is None else replace(self, rows=rows[self.rows])

    @property
    def values(self) -> tuple[NDArray[np.float64], ...]:
        """One array a feature: ([rows,] places, outputs), or (places, places_2, outputs) for a pair."""
        return tuple(
            values.reshape(*axis.shape, -1) if isinstance(axis, Plane) else values
            for axis, values in zip(self.axes, self._flat(), strict=True)
        )

    def _flat(self) -> list[NDArray[np.float64]]:
        return [self.estimate.values[..., part, :] for part in self.parts()]

    @property
    def lines(self) -> dict[int, Axis]:
        """Number and axis of each single feature."""
        return {j: axis for j, axis in enumerate(self.axes) if isinstance(axis, Axis)}

    @property
    def planes(self) -> dict[int, Plane]:
        """Number and plane of each pair of features."""
        return {j: axis for j, axis in enumerate(self.axes) if isinstance(axis, Plane)}

    def parts(self) -> list[slice]:
        """Return where each feature's places lie on the common axis."""
        ends = np.cumsum([len(axis) for axis in self.axes])
        return [slice(int(end) - len(axis), int(end)) for end, axis in zip(ends, self.axes, strict=True)]

    def near(self, feature: int) -> NDArray[np.intp]:
        """Return where a feature's places lie on the common axis; of a pair those that rows are near, if any are.

        Parameters
        ----------
        feature : int
            Its place among `features`, counted from 0.

        Returns
        -------
        (m,) int array
        """
        places = np.arange(len(self.axes[feature])) + self.parts()[feature].start
        plane = self.planes.get(feature)
        seen = np.ones(len(places), bool) if plane is None else plane.weight.ravel() > 0
        near: NDArray[np.intp] = places[seen]
        return near if len(near) else places

    def heterogeneity_frame(self) -> pd.DataFrame:
        """Return a tidy frame of how far the curves of single rows are from each mean curve: one feature a row.

        Raises
        ------
        InputError
            For curves of single rows, which have no mean curve, and for pairs alone.

        Examples
        --------
        >>> import numpy as np, sipakit as sp
        >>> X = np.random.default_rng(0).choice([-1.0, 1.0], size=(100, 2))
        >>> found = sp.PartialDependence().explain(lambda X: X[:, 0] * X[:, 1], X).heterogeneity_frame()
        >>> found["estimate"].round(1).tolist(), found.columns[:3].tolist()
        ([1.0, 1.0], ['feature', 'output', 'estimate'])
        """
        if self.heterogeneity is None:
            message = f"This {self.explainer} has no heterogeneity."
            allowed = "Mean curves of single features have it: those of PartialDependence and ALE."
            raise InputError(message, allowed, "Explain single features with one of them.")
        names = [axis.name for axis in self.lines.values()]
        return tidy([{"feature": names}, {"output": self.outputs}], self.heterogeneity)

    def _axes(self) -> list[Labels]:
        places: dict[str, Sequence[Any]] = {
            "feature": [name for axis in self.axes for name, _, _, _ in _places(axis)],
            "value": [value for axis in self.axes for _, _, value, _ in _places(axis)],
        }
        if self.planes:
            second = [place[1::2] for axis in self.axes for place in _places(axis)]
            places = {"feature": places["feature"], "feature_2": [name for name, _ in second], "value": places["value"]}
            places["value_2"] = [value for _, value in second]
        rows: list[Labels] = [] if self.rows is None else [{"row": self.rows}]
        return [*rows, places, {"output": self.outputs}]


def _places(axis: Axis | Plane) -> list[tuple[Hashable, Hashable, Any, Any]]:
    """Return feature, second feature, value and second value of each place; None where there is no second one."""
    if isinstance(axis, Axis):
        return [(axis.name, None, value, None) for value in axis.values]
    first, second = axis.name
    return [(first, second, one, other) for one in axis.first.values for other in axis.second.values]
