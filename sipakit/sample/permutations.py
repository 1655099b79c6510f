"""Orders of features, and shifts of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["orders", "rank_shifts"]


def orders(d: int, u: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """(d, u) independent uniform orders of ``u`` features.

    Examples
    --------
    >>> orders(2, 3, np.random.default_rng(0)).sum(axis=1).tolist()
    [3, 3]
    """
    return rng.permuted(np.tile(np.arange(u, dtype=np.intp), (d, 1)), axis=1)


def rank_shifts(n: int, repeats: int, starts: NDArray[np.float64]) -> NDArray[np.intp]:
    """How far along the sorted column each repeat takes its donors: (repeats,) shifts in 0 .. n - 1.

    Shuffling a column by shifting its sorted values keeps the marginal distribution; evenly spaced shifts let every
    row meet evenly spread donors, which is where the variance goes. Each start is one uniform number, and the shifts
    of one start share it, so two starts are two independent estimates.

    Parameters
    ----------
    n : int
        Number of rows.
    repeats : int
    starts : (s,) float in [0, 1)
        The repeats are divided over them, the first ones taking the remainder.

    Examples
    --------
    >>> rank_shifts(100, 4, np.array([0.0, 0.5])).tolist()
    [0, 50, 25, 75]
    """
    shares = np.array_split(np.arange(repeats), len(starts))
    spaced = [(np.arange(len(share)) + start) / max(len(share), 1) for share, start in zip(shares, starts, strict=True)]
    return np.floor(np.concatenate(spaced) * n).astype(np.intp) % n
