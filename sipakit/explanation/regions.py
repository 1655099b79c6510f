"""Regions: mean curves of a feature in parts of the table where it acts in one way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from sipakit.axis import Axis
from sipakit.errors import InputError, first_few
from sipakit.estimate import Estimate, falling
from sipakit.explanation.base import Explanation
from sipakit.names import place_of

if TYPE_CHECKING:
    from collections.abc import Hashable

    from numpy.typing import NDArray

    from sipakit.explanation.base import Labels

__all__ = ["Regions"]


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Regions(Explanation):
    """Mean curves of each feature in regions of the table, and how much the single curves disagree there.

    ``estimate`` has the mean centred curve of every region, all of them one after the other: the places of the first
    region of the first feature, of its second region, and so on. The first region of each feature is the whole table;
    a feature whose table was not split has no other. ``mean`` and its error and ends, among the parts, are the same
    curve before centring.

    Parameters
    ----------
    axes : tuple of u Axis
    owner : (r,) int
        The number of each region's feature.
    where : tuple of r str
        The rule of each region.
    support : (r,) float
        Its share of the rows.
    within : Estimate, (r, k)
        By how much the curves of its rows disagree: root of their mean variance, in units of the prediction.
    before, after : Estimate, (u, k)
        The same of all rows, and within regions, the latter measured on rows that did not choose the regions.
    gain : Estimate, (u, k)
        Share of the squared disagreement that regions remove, measured on rows that did not choose them.
    curves : (s, places of all features, k) float
        Centred curves of some rows, for pictures.
    members : (s, u) int
        In which region of each feature those rows are, counted from 0 without the whole table.

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> X = np.random.default_rng(0).normal(size=(100, 2))
    >>> e = sp.RegionalEffects().explain(lambda X: X[:, 0] + X[:, 1], X)
    >>> e.where, e.gain.values.ravel().tolist()
    (('all rows', 'all rows'), [0.0, 0.0])
    """

    axes: tuple[Axis, ...]
    owner: NDArray[np.intp]
    where: tuple[str, ...]
    support: NDArray[np.float64]
    within: Estimate
    before: Estimate
    after: Estimate
    gain: Estimate
    curves: NDArray[np.float64]
    members: NDArray[np.intp]

    dims: ClassVar[tuple[str, ...]] = ("region and value", "output")

    def parts(self) -> list[slice]:
        """Return where each region's places lie on the common axis."""
        sizes = [len(self.axes[j]) for j in self.owner]
        return [slice(end - size, end) for end, size in zip(np.cumsum(sizes).tolist(), sizes, strict=True)]

    def places(self, feature: int) -> slice:
        """Return where a feature's places lie in ``curves``.

        Parameters
        ----------
        feature : int
            Its place among `features`, counted from 0.

        Returns
        -------
        slice
        """
        start = sum(len(axis) for axis in self.axes[:feature])
        return slice(start, start + len(self.axes[feature]))

    def of_feature(self, feature: Hashable) -> list[int]:
        """Return the numbers of a feature's regions, the whole table first.

        Parameters
        ----------
        feature : name of a feature

        Returns
        -------
        list of int, places in `where`

        Raises
        ------
        InputError
            For a name that is none of the features.
        """
        if (place := place_of(feature, self.features)) is None:
            names = first_few(self.features)
            raise InputError(f"feature={feature!r} is none of the features.", f"They are {names}.", "Check its name.")
        numbers: list[int] = np.flatnonzero(self.owner == place).tolist()
        return numbers

    @property
    def removed(self) -> NDArray[np.float64]:
        """(u, k) squared disagreement that regions remove: what features are ranked by."""
        square: NDArray[np.float64] = self.before.values**2 * np.maximum(self.gain.values, 0)
        return square

    def gains(self) -> pd.DataFrame:
        """Return one line a feature and output: disagreement before and after, gain with its error, and regions."""
        cells = [(j, k) for j in range(len(self.axes)) for k in range(len(self.outputs))]
        told = [
            {
                "feature": self.axes[j].name,
                "output": self.outputs[k],
                "before": self.before.values[j, k],
                "after": self.after.values[j, k],
                **{name.replace("estimate", "gain"): a[j, k] for name, a in self.gain.columns().items()},
                "regions": max(len(self.of_feature(self.features[j])) - 1, 1),
            }
            for j, k in cells
        ]
        return pd.DataFrame(told)

    def regions(self) -> pd.DataFrame:
        """Return one line a region and output: its rule, its share of the rows, and how much its curves disagree."""
        cells = [(r, k) for r in range(len(self.where)) for k in range(len(self.outputs))]
        told = [
            {
                "feature": self.axes[self.owner[r]].name,
                "region": self.where[r],
                "share": self.support[r],
                "output": self.outputs[k],
                **{name.replace("estimate", "disagreement"): a[r, k] for name, a in self.within.columns().items()},
            }
            for r, k in cells
        ]
        return pd.DataFrame(told)

    def top(self, limit: int = 6) -> pd.DataFrame:
        """Return the lines of `gains` with the largest gains in squared units of the prediction."""
        frame = self.gains()
        return frame.iloc[falling(self.removed.ravel())[:limit]]

    def _axes(self) -> list[Labels]:
        cells = [(r, g) for r, j in enumerate(self.owner) for g in range(len(self.axes[j]))]
        return [
            {
                "feature": [self.axes[self.owner[r]].name for r, _ in cells],
                "region": [self.where[r] for r, _ in cells],
                "value": [self.axes[self.owner[r]].values[g] for r, g in cells],
            },
            {"output": self.outputs},
        ]
