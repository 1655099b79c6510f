"""Sets of features."""

from __future__ import annotations

from functools import lru_cache
from math import comb
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["all_coalitions", "shapley_weights"]


@lru_cache(maxsize=8)
def all_coalitions(u: int) -> NDArray[np.bool_]:
    """(2^u, u) every set of ``u`` features; line s holds the bits of s, lowest first.

    Examples
    --------
    >>> all_coalitions(2).astype(int).tolist()
    [[0, 0], [1, 0], [0, 1], [1, 1]]
    """
    sets: NDArray[np.bool_] = (np.arange(2**u)[:, None] >> np.arange(u)) & 1 == 1
    sets.setflags(write=False)
    return sets


@lru_cache(maxsize=8)
def shapley_weights(u: int) -> NDArray[np.float64]:
    """(u, 2^u) weights w with Shapley value_j = sum_S w[j, S] v(S), for the sets of `all_coalitions`.

    A set S with j counts 1 / (u C(u - 1, |S| - 1)), one without j counts -1 / (u C(u - 1, |S|)).

    References
    ----------
    Shapley (1953), doi:10.1515/9781400881970-018

    Examples
    --------
    >>> shapley_weights(2)[0].tolist()
    [-0.5, 0.5, -0.5, 0.5]
    """
    sets = all_coalitions(u)
    size = sets.sum(axis=1)
    joined = np.array([1 / (u * comb(u - 1, s - 1)) if s else 0.0 for s in range(u + 1)])
    absent = np.array([-1 / (u * comb(u - 1, s)) if s < u else 0.0 for s in range(u + 1)])
    weights: NDArray[np.float64] = np.where(sets, joined[size][:, None], absent[size][:, None]).T
    weights.setflags(write=False)
    return weights
