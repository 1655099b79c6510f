"""A number with its error: values, standard errors and intervals in one layout."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import stdtrit

from sipakit.equality import by_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

__all__ = ["Estimate", "falling"]


@dataclass(frozen=True, eq=False)
class Estimate:  # noqa: PLW1641 - arrays have no hash
    """Values with their errors, all of one shape; the last axis is always the output.

    Parameters
    ----------
    values, std_error, lower, upper : (..., k)
    parts : name -> (..., k)
        Further columns: parts of the error, other scales of the same number.

    Examples
    --------
    >>> import numpy as np
    >>> e = Estimate.within(np.array([1.0, 3.0]), np.array([0.5, 0.1]), conf_level=0.95)
    >>> e.lower.round(2).tolist(), e.upper.round(2).tolist()
    ([0.02, 2.8], [1.98, 3.2])
    """

    values: NDArray[np.float64]
    std_error: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    parts: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)

    __eq__ = by_value

    @classmethod
    def within(
        cls,
        values: NDArray[np.float64],
        std_error: NDArray[np.float64],
        *,
        conf_level: float,
        df: NDArray[np.float64] | float = np.inf,
        skew: NDArray[np.float64] | float = 0.0,
        parts: Mapping[str, NDArray[np.float64]] | None = None,
    ) -> Estimate:
        """Make an estimate with an interval by Student's t with ``df`` degrees of freedom.

        ``skew`` is the estimate's own skewness, that of one row's influence over the root of their number. Means of
        losses and squares lean to one side, and so must their intervals, by the cubic transformation of Hall (1992), On
        the removal of skewness by transformation.

        Parameters
        ----------
        values, std_error : arrays of one shape
        conf_level : float between 0 and 1
        df : float or array, default infinite
            Degrees of freedom.
        skew : float or array, default 0
        parts : mapping of name to array, optional
            Further columns of the frame, such as parts of the error.

        Returns
        -------
        Estimate

        Examples
        --------
        >>> import numpy as np
        >>> e = Estimate.within(np.array([1.0]), np.array([0.5]), conf_level=0.95)
        >>> round(e.lower.item(), 2), round(e.upper.item(), 2)
        (0.02, 1.98)
        """
        std_error = np.broadcast_to(std_error, np.shape(values)).astype(np.float64)
        quantile = stdtrit(np.maximum(df, 1), (1 + conf_level) / 2)
        below, above = (std_error * _leaning(side * quantile, skew) for side in (1, -1))
        return cls(values, std_error, values - below, values - above, parts or {})

    @classmethod
    def exact(cls, values: NDArray[np.float64], parts: Mapping[str, NDArray[np.float64]] | None = None) -> Estimate:
        """Make an estimate that is no estimate: the model's own answer, without any error.

        Parameters
        ----------
        values : array
        parts : mapping of name to array, optional
            Further columns of the frame.

        Returns
        -------
        Estimate
        """
        none = np.zeros(values.shape)  # takes no memory before it is written to, as zeros_like does at once
        return cls(values, none, values, values, parts or {})

    @classmethod
    def unknown(cls, values: NDArray[np.float64], parts: Mapping[str, NDArray[np.float64]] | None = None) -> Estimate:
        """Make an estimate whose error nobody knows: infinite, with an interval that leaves nothing out.

        Parameters
        ----------
        values : array
        parts : mapping of name to array, optional
            Further columns of the frame.

        Returns
        -------
        Estimate

        Examples
        --------
        >>> import numpy as np
        >>> e = Estimate.unknown(np.array([1.0]))
        >>> e.std_error.item(), e.lower.item(), e.upper.item()
        (inf, -inf, inf)
        """
        endless = np.full_like(values, np.inf)
        return cls(values, endless, -endless, endless, parts or {})

    @property
    def numbers(self) -> tuple[NDArray[np.float64], ...]:
        """Values, standard errors, and both ends of the intervals."""
        return self.values, self.std_error, self.lower, self.upper

    def at(self, places: NDArray[Any]) -> Estimate:
        """Return the estimates at some places of the first axis.

        Parameters
        ----------
        places : int or bool array

        Returns
        -------
        Estimate

        Examples
        --------
        >>> import numpy as np
        >>> Estimate.exact(np.array([[1.0], [2.0], [3.0]])).at(np.array([2, 0])).values.tolist()
        [[3.0], [1.0]]
        """
        parts = {name: part[places] for name, part in self.parts.items()}
        values, std_error, lower, upper = (one[places] for one in self.numbers)
        return Estimate(values, std_error, lower, upper, parts)

    def rooted(self) -> Estimate:
        """Return the roots of mean squares, with the roots of their intervals.

        Examples
        --------
        >>> import numpy as np
        >>> e = Estimate.within(np.array([4.0, 0.0]), np.array([0.4, 0.4]), conf_level=0.95).rooted()
        >>> e.values.tolist(), e.std_error.round(2).tolist()
        ([2.0, 0.0], [0.1, 0.44])
        """
        value, lower, upper = (np.sqrt(np.maximum(one, 0)) for one in (self.values, self.lower, self.upper))
        with np.errstate(divide="ignore", invalid="ignore"):
            # at zero the root has no slope: the error is then what the interval spans
            sloping = value > self.std_error / np.maximum(upper, 1e-300)
            std_error = np.where(sloping, self.std_error / (2 * value), upper / 2)
        return Estimate(value, std_error, lower, upper)

    def columns(self) -> dict[str, NDArray[np.float64]]:
        """Every array under the name that it has in a frame."""
        first = {"estimate": self.values, "std_error": self.std_error, "lower": self.lower, "upper": self.upper}
        return {**first, **self.parts}


def _leaning(quantile: NDArray[np.float64] | float, skew: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Quantile of (estimate - truth) / error where the estimate has a skewness, by Hall's cubic transformation."""
    skew = np.asarray(skew)
    lean = np.where(np.abs(skew) > 1e-6, skew, 1.0)
    return np.where(np.abs(skew) > 1e-6, 3 / lean * (np.cbrt(1 + lean * (quantile - lean / 6)) - 1), quantile)


def falling(sizes: ArrayLike) -> NDArray[np.intp]:
    """Return the order from large to small in which numbers are told and drawn everywhere.

    Equal ones keep their own order, and one that is NaN comes last.

    Examples
    --------
    >>> falling([1.0, 3.0, np.nan, 3.0]).tolist()
    [1, 3, 0, 2]
    """
    return np.argsort(-np.asarray(sizes, dtype=np.float64), kind="stable")
