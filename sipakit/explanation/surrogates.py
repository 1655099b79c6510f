"""Surrogates: a simple model that imitates the explained one, term by term."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from sipakit.estimate import Estimate
from sipakit.explanation.base import Explanation

if TYPE_CHECKING:
    from collections.abc import Hashable

    from numpy.typing import NDArray

    from sipakit.explanation.base import Labels

__all__ = ["Surrogates"]


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Surrogates(Explanation):
    """A simple model that imitates the explained one. ``values`` is (terms, outputs).

    Parameters
    ----------
    kind : "tree" or "linear"
    terms : tuple of str
        What each estimate is of: a leaf's rule, or a coefficient's column.
    term_features : tuple
        The feature behind each term; None for a leaf's rule.
    support : (t,) float
        Share of the rows in each leaf; ones for coefficients.
    fidelity : Estimate, (k,)
        R squared against the model's own predictions on rows that the surrogate has not seen.
    rules : str
        The surrogate as text.

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> X = np.random.default_rng(0).normal(size=(50, 2))
    >>> e = sp.GlobalSurrogate(kind="linear").explain(lambda X: 2 * X[:, 0], X)
    >>> e.terms, e.fidelity.values.round(3).tolist()
    (('x0', 'x1'), [1.0])
    """

    kind: str
    terms: tuple[str, ...]
    term_features: tuple[Hashable | None, ...]
    support: NDArray[np.float64]
    fidelity: Estimate
    rules: str

    dims: ClassVar[tuple[str, ...]] = ("term", "output")

    def _axes(self) -> list[Labels]:
        return [{"feature": self.term_features, "term": self.terms}, {"output": self.outputs}]
