"""Interactions: how much of an effect is not a sum of single effects."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from sipakit.explanation.base import Explanation

if TYPE_CHECKING:
    from collections.abc import Hashable

    from numpy.typing import NDArray

    from sipakit.explanation.base import Labels

__all__ = ["Interactions"]


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Interactions(Explanation):
    """How much of an effect is not a sum of single effects. ``values`` is (sets, outputs), in units of the outputs.

    Parameters
    ----------
    sets : tuple of (feature, None), (feature, feature) or (feature, feature, feature)
        None stands for all other features together.
    weak : (s, k) bool
        Where the ratio's denominator is negligible.

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> X = np.random.default_rng(0).normal(size=(50, 2))
    >>> e = sp.HStatistic().explain(lambda X: X[:, 0] * X[:, 1], X)
    >>> e.sets
    (('x0', None), ('x1', None), ('x0', 'x1'))
    """

    sets: tuple[tuple[Hashable, ...], ...]
    weak: NDArray[np.bool_]

    dims: ClassVar[tuple[str, ...]] = ("set", "output")

    def _axes(self) -> list[Labels]:
        names = list(zip_longest(*self.sets))
        return [{"feature" + f"_{i}" * (i > 1): every for i, every in enumerate(names, 1)}, {"output": self.outputs}]

    def of_size(self, size: int) -> NDArray[np.intp]:
        """Return the numbers of the sets of two or three features, or of the totals for one.

        Parameters
        ----------
        size : 1, 2 or 3
            How many features a set has.

        Returns
        -------
        (m,) int array, places in `sets`
        """
        return np.array([s for s, names in enumerate(self.sets) if _size(names) == size], dtype=np.intp)

    @property
    def invented(self) -> NDArray[np.float64] | None:
        """(s, k) quantile of a null, at ``conf_level``: what a learner invents; None where no null was asked for."""
        return self.estimate.parts.get("null_upper")

    def top(self, limit: int = 6) -> pd.DataFrame:
        """Return the strongest interactions of two features, or the totals where no pair was asked for."""
        frame = self.frame().sort_values("estimate", ascending=False, kind="stable")
        pairs = frame[frame["feature_2"].notna()]
        if "feature_3" in frame:
            pairs = pairs[pairs["feature_3"].isna()]
        return (pairs if len(pairs) else frame).head(limit)


def _size(names: tuple[Hashable, ...]) -> int:
    """Return how many features a set names: one for a total, whose second is None."""
    return 1 if names[1] is None else len(names)
