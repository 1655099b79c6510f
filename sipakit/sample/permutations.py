"""Orders of features, and shuffles of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["balanced_shuffles", "orders", "shuffled_along", "walks"]


def orders(d: int, u: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """(d, u) independent uniform orders of ``u`` features.

    Examples
    --------
    >>> orders(2, 3, np.random.default_rng(0)).sum(axis=1).tolist()
    [3, 3]
    """
    return np.asarray(rng.permuted(np.tile(np.arange(u, dtype=np.intp), (d, 1)), axis=1))


def walks(order: NDArray[np.intp]) -> NDArray[np.bool_]:
    """(d 2 (u - 1), u) coalitions of the first features of each order (d, u), one more each time, then what these lack.

    What a walk lacks is what the walk back along the order meets, last things first. The ends are left out.

    Examples
    --------
    >>> walks(np.array([[2, 0, 1]])).astype(int).tolist()
    [[0, 0, 1], [1, 0, 1], [1, 1, 0], [0, 1, 0]]
    """
    u = order.shape[1]
    ahead = np.argsort(order, axis=1)[:, None, :] < np.arange(1, u)[:, None]
    return np.concatenate([ahead, ~ahead], axis=1).reshape(-1, u)


def balanced_shuffles(n: int, repeats: int, rng: np.random.Generator) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Deal ``n`` sorted places to each other so that nobody is lucky.

    The places are cut into as many strata as there are repeats. Over all repeats each place receives one place of every
    stratum, by independent random matchings of two strata. Plain shuffles leave to chance how far apart receiver and
    donor are; these do not. Which repeat the place of a stratum comes in is random, so every line by itself looks like
    a plain shuffle.

    Parameters
    ----------
    n : int
        Number of rows, at least ``repeats``.
    repeats : int
    rng : Generator

    Returns
    -------
    (repeats, n) the place dealt to each place, and (repeats, n) how much each deal counts: 1, or a little less or more
    where the strata cannot be equally large, so that a mean over all deals is unbiased.

    Examples
    --------
    >>> dealt, counts = balanced_shuffles(8, 4, np.random.default_rng(0))
    >>> sorted((dealt[:, 5] // 2).tolist()), counts.min().item(), counts.max().item()
    ([0, 1, 2, 3], 1.0, 1.0)
    """
    stratum = np.arange(n) * repeats // n
    size = np.bincount(stratum)
    first = np.cumsum(size) - size
    giving = (stratum + np.arange(repeats)[:, None]) % repeats
    shuffled = np.argsort(stratum + rng.random((repeats, n)), axis=1)  # each stratum in itself
    place = first[giving] + (np.arange(n) - first[stratum]) % size[giving]
    dealt = np.take_along_axis(shuffled, place, axis=1)
    line = (np.arange(repeats)[:, None] + rng.integers(repeats, size=n)) % repeats
    return np.take_along_axis(dealt, line, axis=0), np.take_along_axis(size[giving] * (repeats / n), line, axis=0)


def shuffled_along(
    order: NDArray[np.intp], repeats: int, rng: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Deal rows to each other by `balanced_shuffles` of their ``order`` (n,): (repeats, n) rows, and how they count."""
    place, count = balanced_shuffles(len(order), min(repeats, len(order)), rng)
    donor, counts = np.empty_like(place), np.empty_like(count)
    donor[:, order], counts[:, order] = order[place], count
    return donor, counts
