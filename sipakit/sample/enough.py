"""How many more draws a tolerance wants."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["more_draws"]


def more_draws(
    so_far: NDArray[np.float64] | float,
    error: NDArray[np.float64],
    tolerance: float,
    *,
    growth: float,
    least: float = 1.0,
) -> NDArray[np.intp]:
    """(n,) draws to be added until an error is within the tolerance, which falls as the root of their number.

    Parameters
    ----------
    so_far : (n,) or number
        Draws that were made.
    error : (n,)
        Their standard error; one that is within the tolerance wants no more.
    tolerance : float
    growth, least : float
        How many times as many there may be at most, since the error is uncertain itself, and shall be at least.

    Examples
    --------
    >>> more_draws(10, np.array([0.05, 0.1, 0.12, 0.9]), 0.1, growth=4).tolist()
    [0, 0, 5, 30]
    """
    times = np.clip((error / tolerance) ** 2, least, growth)
    wanted = np.maximum(np.ceil(so_far * times - so_far), 1)
    return np.where(error > tolerance, wanted, 0).astype(np.intp)
