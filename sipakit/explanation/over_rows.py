"""Means over explained rows, and their errors as means of a sample of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["effective_rows", "error_over_rows"]


def effective_rows(share: NDArray[np.float64]) -> float:
    """Return how many equally weighted rows tell as much as rows with these shares (n,), which add up to 1."""
    return float(1 / (share**2).sum())


def error_over_rows(share: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the standard error of a weighted mean of (n, ...) over rows as a sample; infinite for one row.

    Examples
    --------
    >>> error_over_rows(np.full(4, 0.25), np.array([0.0, 0.0, 1.0, 1.0])).round(4).item()
    0.2887
    """
    count = effective_rows(share)
    if count < 1 + 1e-9:
        return np.full(values.shape[1:], np.inf)
    away = values - np.tensordot(share, values, 1)
    return np.asarray(np.sqrt(np.tensordot(share**2, away**2, 1) * count / (count - 1)))
