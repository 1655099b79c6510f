"""Interactions: how much of an effect is not a sum of single effects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from sipakit.explanation.base import Explanation

if TYPE_CHECKING:
    from collections.abc import Hashable

    from numpy.typing import NDArray

    from sipakit.explanation.base import Labels

__all__ = ["Interactions"]


@dataclass(frozen=True, kw_only=True, repr=False)
class Interactions(Explanation):
    """How much of an effect is not a sum of single effects. ``values`` is (sets, outputs), in units of the outputs.

    Parameters
    ----------
    pairs : tuple of (feature, feature or None)
        None stands for all other features together.
    weak : (s, k) bool
        Where the ratio's denominator is negligible.

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> X = np.random.default_rng(0).normal(size=(50, 2))
    >>> e = sp.HStatistic().explain(lambda X: X[:, 0] * X[:, 1], X)
    >>> e.pairs
    (('x0', None), ('x1', None), ('x0', 'x1'))
    """

    pairs: tuple[tuple[Hashable, Hashable | None], ...]
    weak: NDArray[np.bool_]

    dims: ClassVar[tuple[str, ...]] = ("pair", "output")

    def _axes(self) -> list[Labels]:
        first, second = zip(*self.pairs, strict=True)
        return [{"feature": first, "feature_2": second}, {"output": self.outputs}]

    def top(self, limit: int = 6) -> pd.DataFrame:
        """Return the strongest interactions of two features, or the totals where no pair was asked for."""
        frame = self.frame().sort_values("estimate", ascending=False, kind="stable")
        pairs = frame[frame["feature_2"].notna()]
        return (pairs if len(pairs) else frame).head(limit)
