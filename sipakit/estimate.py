"""A number with its error: values, standard errors and intervals in one layout."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["Estimate"]


@dataclass(frozen=True)
class Estimate:
    """Values with their errors, all of one shape; the last axis is always the output.

    Parameters
    ----------
    values, std_error, lower, upper : (..., k)
    parts : name -> (..., k)
        Further columns: parts of the error, other scales of the same number.
    """

    values: NDArray[np.float64]
    std_error: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    parts: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)

    @classmethod
    def within(
        cls,
        values: NDArray[np.float64],
        std_error: NDArray[np.float64],
        *,
        conf_level: float,
        df: NDArray[np.float64] | float = np.inf,
        parts: Mapping[str, NDArray[np.float64]] | None = None,
    ) -> Estimate:
        """Make an estimate with a symmetric interval by Student's t with ``df`` degrees of freedom.

        Examples
        --------
        >>> import numpy as np
        >>> e = Estimate.within(np.array([1.0]), np.array([0.5]), conf_level=0.95)
        >>> round(e.lower.item(), 2), round(e.upper.item(), 2)
        (0.02, 1.98)
        """
        std_error = np.broadcast_to(std_error, np.shape(values)).astype(np.float64)
        half = std_error * stats.t.ppf((1 + conf_level) / 2, np.maximum(df, 1))
        return cls(values, std_error, values - half, values + half, parts or {})

    @classmethod
    def exact(cls, values: NDArray[np.float64], parts: Mapping[str, NDArray[np.float64]] | None = None) -> Estimate:
        """Make an estimate that is no estimate: the model's own answer, without any error."""
        return cls(values, np.zeros_like(values), values, values, parts or {})

    def columns(self) -> dict[str, NDArray[np.float64]]:
        """Every array under the name that it has in a frame."""
        first = {"estimate": self.values, "std_error": self.std_error, "lower": self.lower, "upper": self.upper}
        return {**first, **self.parts}
