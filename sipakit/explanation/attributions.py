"""Attributions: how much each feature moves each row's prediction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from sipakit.estimate import falling
from sipakit.explanation.base import Explanation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sipakit.explanation.base import Labels

__all__ = ["Attributions"]


@dataclass(frozen=True, kw_only=True, repr=False)
class Attributions(Explanation):
    """How much each feature moves the prediction of each row. ``values`` is (rows, features, outputs).

    Parameters
    ----------
    base_values : (k,)
        What the attributions start from: the mean prediction of the background, or a local model's intercept.
    base_std_error : (k,)
    predictions : (n, k)
    row_values : (n, u) object
        The explained rows as a person reads them.
    rows : (n,) int
        Row numbers.
    additive : bool
        Whether base value and attributions add up to the prediction.
    completeness_gap : (n, k) or None
        Prediction minus base value minus the attributions' sum, for additive methods.
    fit : (n, k) or None
        R squared of a local model.
    per : str
        What a value is the change of the prediction for, such as a standard deviation; empty for the whole way from
        the base value.

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> X = np.random.default_rng(0).normal(size=(50, 2))
    >>> e = sp.Shapley(background=X).explain(lambda X: 2 * X[:, 0], X[:3])
    >>> e.values.shape, e.base_values.shape
    ((3, 2, 1), (1,))
    >>> e.frame().columns.tolist()
    ['row', 'feature', 'output', 'estimate', 'std_error', 'lower', 'upper']
    """

    base_values: NDArray[np.float64]
    base_std_error: NDArray[np.float64]
    predictions: NDArray[np.float64]
    row_values: NDArray[np.object_]
    rows: NDArray[np.intp]
    additive: bool = True
    completeness_gap: NDArray[np.float64] | None = None
    fit: NDArray[np.float64] | None = None
    per: str = ""

    dims: ClassVar[tuple[str, ...]] = ("row", "feature", "output")

    def _axes(self) -> list[Labels]:
        return [{"row": self.rows}, {"feature": self.features}, {"output": self.outputs}]

    def numbered(self, rows: NDArray[np.intp]) -> Attributions:
        """Return the result with its rows called by their numbers in the user's table."""
        return replace(self, rows=rows[self.rows])

    def top(self, limit: int = 6) -> pd.DataFrame:
        """Return the largest attributions of the first row."""
        frame = self.frame()
        first = frame[frame["row"] == self.rows[0]]
        return pd.DataFrame(first.iloc[falling(first["estimate"].abs())[:limit]])

    def to_shap(self) -> Any:
        """Return the attributions as a shap.Explanation, for shap's own pictures.

        Returns
        -------
        shap.Explanation
            ``values`` is (rows, features) for one output and (rows, features, outputs) for more, as shap's plots take
            them. Intervals and standard errors go along where they are known, and `sipakit.from_shap` reads them again.

        Raises
        ------
        InputError
            For attributions that do not add up to the prediction, which shap's pictures would add up.
        MissingPackageError
            Where shap is not installed; it comes with ``sipakit[shap]``.
        """
        from sipakit.exchange import to_shap

        return to_shap(self)
