"""The shape of a curve in words: rising, falling, turning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["shape", "turns"]

_REVERSAL = 0.15  # of the curve's range: a smaller move against the direction is no turn


def turns(curve: NDArray[np.float64]) -> list[int]:
    """Return the signs of a curve's long moves, one after the other.

    Parameters
    ----------
    curve : (g,)

    Returns
    -------
    list of 1 (up) and -1 (down), alternating; empty for a curve that does not move

    Examples
    --------
    >>> import numpy as np
    >>> turns(np.array([0.0, 4.0, 3.9, 9.0, 1.0]))
    [1, -1]
    """
    limit = _REVERSAL * float(np.ptp(curve))
    if not limit > 0:
        return []
    moves: list[int] = []
    low = high = float(curve[0])  # since the last turn
    for value in map(float, curve[1:]):
        low, high = min(low, value), max(high, value)
        if value - low >= limit and (not moves or moves[-1] < 0):
            moves.append(1)
            low, high = value, value
        elif high - value >= limit and (not moves or moves[-1] > 0):
            moves.append(-1)
            low, high = value, value
    return moves


def shape(curve: NDArray[np.float64]) -> str:
    """Say the shape of a curve.

    Examples
    --------
    >>> import numpy as np
    >>> shape(np.array([0.0, 1.0, 2.0])), shape(np.array([0.0, 2.0, 0.0]))
    ('rises', 'rises, then falls')
    """
    moves = turns(curve)
    words = ["rises" if move > 0 else "falls" for move in moves]
    if not words:
        return "does not move"
    if len(words) <= 3:
        return ", then ".join(words)
    return f"goes up and down, with {len(words) - 1} turns"
