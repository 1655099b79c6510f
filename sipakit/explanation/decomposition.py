"""Decompositions: the effects of which a model is the sum, and what share of its variance each explains."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from sipakit.estimate import Estimate
from sipakit.explanation.base import Explanation

if TYPE_CHECKING:
    from collections.abc import Hashable

    from numpy.typing import NDArray

    from sipakit.axis import Axis
    from sipakit.explanation.base import Labels

__all__ = ["Decomposition"]


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Decomposition(Explanation):
    """The effects of which a model is the sum. ``values`` is (sets, outputs): shares of the prediction's variance.

    The last set is the rest, which completes the shares to 1 and the components to the predictions.

    Parameters
    ----------
    sets : tuple of (feature, None), (feature, feature), (feature, feature, feature) or (None, None)
        Main effects, pairs, sets of three, and the rest.
    inputs : "observed" or "independent"
        Whether shares are those of rows that occur, or of rows whose features are independent.
    rows : (m,) int or None
        Numbers of the rows where components were evaluated; None for rows that do not occur.
    components : (m, sets, k) float
        Of each row, in units of the outputs.
    base_values, predictions : (m, k)
        A row's prediction is its base value and its components together.
    columns : tuple of p names
    row_values : (m, p) object
        The rows as a person reads them.
    axes : tuple of Axis
        Of features that are single columns.
    own : (m, axes) float
        Each row's position on each axis.

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> X = np.random.default_rng(0).normal(size=(50, 2))
    >>> e = sp.FunctionalDecomposition().explain(lambda X: X[:, 0] + X[:, 0] * X[:, 1], X)
    >>> e.sets
    (('x0', None), ('x1', None), ('x0', 'x1'), (None, None))
    >>> np.allclose(e.base_values + e.components.sum(axis=1), e.predictions)
    True
    """

    sets: tuple[tuple[Hashable, ...], ...]
    inputs: str
    rows: NDArray[np.intp] | None
    components: NDArray[np.float64]
    base_values: NDArray[np.float64]
    predictions: NDArray[np.float64]
    columns: tuple[Hashable, ...]
    row_values: NDArray[np.object_]
    axes: tuple[Axis, ...]
    own: NDArray[np.float64]

    dims: ClassVar[tuple[str, ...]] = ("set", "output")

    def _axes(self) -> list[Labels]:
        names = list(zip_longest(*self.sets))
        return [{"feature" + f"_{i}" * (i > 1): every for i, every in enumerate(names, 1)}, {"output": self.outputs}]

    def numbered(self, rows: NDArray[np.intp]) -> Decomposition:
        """Return the result with its rows, where it has any, called by their numbers in the user's table."""
        return self if self.rows is None else replace(self, rows=rows[self.rows])

    @property
    def shared(self) -> NDArray[np.bool_]:
        """(k,) whether an output varies; the shares of one that does not are 0, with no known error."""
        structural = self.estimate.parts.get("structural")
        return np.ones(len(self.outputs), bool) if structural is None else np.isfinite(structural[-1])

    def of_size(self, size: int) -> NDArray[np.intp]:
        """Return the numbers of the main effects for one, of the pairs for two, of the sets of three.

        Parameters
        ----------
        size : 1, 2 or 3
            How many features a set has.

        Returns
        -------
        (m,) int array, places in `sets`
        """
        sizes = [2 - (names[1] is None) if len(names) == 2 else 3 for names in self.sets[:-1]]
        return np.flatnonzero(np.array(sizes, np.intp) == size)

    def explained(self) -> Estimate:
        """Return the share (k,) that all components explain together: all but the rest."""
        e = self.estimate
        return Estimate(self.shared - e.values[-1], e.std_error[-1], 1 - e.upper[-1], 1 - e.lower[-1])

    def top(self, limit: int = 6) -> pd.DataFrame:
        """Return the sets with the largest shares, without the rest."""
        frame = self.frame()
        names = [name for name in frame if str(name).startswith("feature")]
        return frame[frame[names].notna().any(axis=1)].nlargest(limit, "estimate", keep="first")
