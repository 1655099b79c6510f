"""Importances: how much the model leans on each feature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from sipakit.explanation.base import Explanation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sipakit.explanation.base import Labels

__all__ = ["Importances"]


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Importances(Explanation):
    """How much the model leans on each feature. ``values`` is (features, metrics).

    Parameters
    ----------
    metrics : tuple of names
    baseline : (m,)
        Each metric of the untouched table, as a loss or a score; of sizes, the mean distance of the predictions from
        the base value.
    measure : "loss" or "size"
        Whether a value is the increase of a loss, or the mean absolute value of attributions. Sizes have the outputs as
        metrics, and the columns ``rank`` and ``last_rank``: the ranks that a feature shares with those from which it
        cannot be told.
    total : (m,) or None
        What the values add up to, of methods that share it out: how much worse the model would be if it knew no
        feature.

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> X = np.random.default_rng(0).normal(size=(50, 2))
    >>> e = sp.PermutationImportance().explain(lambda X: 2 * X[:, 0], X, X[:, 0])
    >>> e.metrics, e.values.shape
    (('neg_mean_squared_error',), (2, 1))
    >>> e.top(1)["feature"].tolist()
    ['x0']
    """

    metrics: tuple[str, ...]
    baseline: NDArray[np.float64]
    measure: str = "loss"
    total: NDArray[np.float64] | None = None

    dims: ClassVar[tuple[str, ...]] = ("feature", "metric")

    def _axes(self) -> list[Labels]:
        return [{"feature": self.features}, {"output" if self.measure == "size" else "metric": self.metrics}]

    @property
    def completeness_gap(self) -> NDArray[np.float64] | None:
        """(m,) ``total`` less the sum of the values; None for methods that share nothing out."""
        return None if self.total is None else self.total - self.values.sum(axis=0)

    def top(self, limit: int = 6) -> pd.DataFrame:
        """Return the most important features."""
        return self.frame().sort_values("estimate", ascending=False, kind="stable").head(limit)
