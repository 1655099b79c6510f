"""Rows dealt into groups of different rows, each row as often as it weighs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["groups_of_rows"]


def groups_of_rows(weights: NDArray[np.float64], size: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Deal the rows with weight into groups at random; what does not fill a group is left out, other rows each time.

    A systematic sample along a random order takes each row as often as it weighs, to one more or less. Rows that are
    taken more than once lie together in that order and so come into different groups, unless a row holds more than
    its share of a group's places.

    Parameters
    ----------
    weights : (n,)
    size : int
        Rows of a group, at most the number of rows with weight.
    rng : Generator

    Returns
    -------
    (groups, size) row numbers; there are as many groups as rows with weight fill.

    References
    ----------
    Madow (1949), On the theory of systematic sampling. doi:10.1214/aoms/1177729988

    Examples
    --------
    >>> groups = groups_of_rows(np.ones(6), 3, np.random.default_rng(0))
    >>> groups.shape, sorted(groups.ravel().tolist())
    ((2, 3), [0, 1, 2, 3, 4, 5])
    """
    behind = rng.permutation(np.flatnonzero(weights > 0))
    count = len(behind) // size
    ends = np.cumsum(weights[behind])
    places = (np.arange(count * size) + rng.random()) / (count * size)
    found = np.searchsorted(ends / ends[-1], places, side="right")
    # a group takes every count-th place, so that places side by side are in different groups
    return behind[np.minimum(found, len(behind) - 1)].reshape(size, count).T
