"""Attributions: how much each feature moves each row's prediction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from sipakit.estimate import falling
from sipakit.explanation.base import Explanation
from sipakit.explanation.cohorts import Cohorts, cohorts_of
from sipakit.explanation.mean_sizes import importance_of
from sipakit.explanation.rank_stability import RankStability, rank_stability_of
from sipakit.explanation.row_parts import of_rows, positions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from sipakit.explanation.base import Labels
    from sipakit.explanation.importances import Importances

__all__ = ["Attributions"]


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
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
    weights : (n,) or None
        Importance weights of the rows, where they differ.
    replicates : (g, n, u, k) or None
        The values by one of g parts of the draws each: their spread over the root of g is the error, and tells how the
        errors of rows and of features go together.
    shared_errors : bool
        Whether all rows share what their errors come from, such as a background.

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> X = np.random.default_rng(0).normal(size=(50, 2))
    >>> e = sp.Shapley(background=X).explain(lambda X: 2 * X[:, 0], X[:3])
    >>> e.values.shape, e.base_values.shape
    ((3, 2, 1), (1,))
    >>> e.frame().columns.tolist()[:7]
    ['row', 'feature', 'output', 'estimate', 'std_error', 'lower', 'upper']
    >>> e.frame().columns.tolist()[7:]
    ['std_error_background', 'std_error_draws', 'lower_draws', 'upper_draws']
    >>> e[1].rows.tolist(), e[:2].values.shape, e.importance().features
    ([1], (2, 2, 1), ('x0', 'x1'))
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
    weights: NDArray[np.float64] | None = None
    replicates: NDArray[np.float64] | None = None
    shared_errors: bool = True

    dims: ClassVar[tuple[str, ...]] = ("row", "feature", "output")

    def _axes(self) -> list[Labels]:
        return [{"row": self.rows}, {"feature": self.features}, {"output": self.outputs}]

    def numbered(self, rows: NDArray[np.intp]) -> Attributions:
        """Return the result with its rows called by their numbers in the user's table."""
        return replace(self, rows=rows[self.rows])

    @property
    def row_shares(self) -> NDArray[np.float64]:
        """(n,) importance weight of each row; they add up to 1."""
        weights = np.ones(len(self.rows)) if self.weights is None else self.weights
        return np.asarray(weights / weights.sum())

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Attributions]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, key: Any) -> Attributions:
        """Return the attributions of some rows, which go by their position: a number, a slice, a list or a mask.

        Raises
        ------
        InputError
            For positions that do not exist, and for no row at all.
        InputTypeError
            For something that is no key of rows.
        """
        return of_rows(self, positions(key, len(self)))

    def importance(self) -> Importances:
        """Return the mean absolute value of each feature over the rows.

        Values with errors are too large on average in absolute terms, most of all those of features that do nothing, so
        what noise adds is taken off. The interval covers the rows as a sample of all rows, the values' own errors, and
        what may be wrong with that correction. Features share ranks where the interval of their difference, taken row
        by row, holds 0.

        Returns
        -------
        Importances
            ``values`` is (features, outputs), in units of the prediction. Columns of its frame: ``std_error_rows``,
            ``std_error_values``, ``rank`` and ``last_rank``.

        Notes
        -----
        With ``replicates``, the part of the errors that all rows share is measured. Without, it is taken as large as it
        can be, and a caveat (SIPA046) says so. Explained rows that are the background, too, are counted twice.
        Each pair of features is compared at ``conf_level``; among many pairs, some are told apart by chance.

        Examples
        --------
        >>> import numpy as np, sipakit as sp
        >>> X = np.random.default_rng(0).normal(size=(200, 3))
        >>> e = sp.Shapley(background=X[:100], replicates=10).explain(lambda X: 2 * X[:, 0] + X[:, 1] - X[:, 2], X)
        >>> e.importance().frame()[["feature", "rank", "last_rank"]].to_numpy().tolist()
        [['x0', 1.0, 1.0], ['x1', 2.0, 3.0], ['x2', 2.0, 3.0]]
        """
        return importance_of(self)

    def cohorts(self, by: Any) -> Cohorts:
        """Return the mean absolute values of each group of rows.

        Parameters
        ----------
        by : name of a feature, or (n,) labels
            Numbers with more than six values are cut into quarters of the rows; missing cells are a group of their own.

        Returns
        -------
        Cohorts
            With ``frame()``, ``plot()``, and an `Importances` a group.

        Raises
        ------
        InputError
            For a name that is no feature, and another number of labels than rows.

        Examples
        --------
        >>> import numpy as np, sipakit as sp
        >>> X = np.random.default_rng(0).normal(size=(60, 2))
        >>> groups = sp.Shapley(background=X).explain(lambda X: X[:, 0], X).cohorts(X[:, 1] > 0)
        >>> [(name, one.manifest["rows"]) for name, one in groups.importances.items()]
        [(False, 25), (True, 35)]
        """
        return cohorts_of(self, by)

    def rank_stability(
        self, top: int = 4, *, by: str = "size", draws: int = 1000, random_state: int = 0
    ) -> RankStability:
        """Tell how likely each row's leading features stay what they are with another background and seed.

        Parameters
        ----------
        top : int, default 4
            Number of leading features.
        by : "size", "up" or "down", default "size"
            What leads: the largest absolute value, the largest value, or the smallest.
        draws : int, default 1000
            Other runs that are drawn for each row.
        random_state : int, default 0

        Returns
        -------
        RankStability
            Probabilities of each row in ``frame()``, and expected shares of the rows in ``shares()``.

        Raises
        ------
        InputError
            Where the values' errors are not known.

        Notes
        -----
        Values that were found are farther apart than those behind them, so they are drawn to their feature's mean over
        the rows by the share of their spread that is noise (one row has no such mean). Another run is drawn around
        that, with the errors of both runs. With ``replicates``, the errors of a row's values go together as they did
        there; without, they are taken as independent, and a caveat (SIPA046) says so.

        For 60 rows of a model with a product of three features, pairs of 30 disjoint backgrounds of 100 rows kept the
        first feature in 83 % of rows, the first four as a set in 53 %, and in their order in 23 %; the shares expected
        from one background were 86, 57 and 27 %.

        Examples
        --------
        >>> import numpy as np, sipakit as sp
        >>> Z = np.random.default_rng(0).normal(size=(100, 3))
        >>> e = sp.Shapley(background=Z, replicates=10).explain(lambda X: X @ [5.0, 1.0, 1.0], Z[:20] + 3)
        >>> e.rank_stability(top=1).shares()["share"].round(2).tolist()
        [1.0, 1.0, 1.0]
        """
        return rank_stability_of(self, top, by, draws, random_state)

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
