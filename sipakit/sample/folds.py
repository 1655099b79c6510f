"""Parts of a table that are held back in turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["folds_of"]


def folds_of(
    weights: NDArray[np.float64], labels: NDArray[np.intp] | None, count: int, rng: np.random.Generator
) -> NDArray[np.intp]:
    """(n,) the fold of each row, drawn at random: equally large ones, in which every class is about equally frequent.

    Parameters
    ----------
    weights : (n,)
        Rows without weight are dealt by themselves, so that they take no other row's place.
    labels : (n,) int or None
        Classes.
    count : int
    rng : Generator

    Examples
    --------
    >>> fold = folds_of(np.ones(6), np.array([0, 0, 0, 1, 1, 1]), 3, np.random.default_rng(0))
    >>> sorted(fold[:3].tolist()), sorted(fold[3:].tolist())
    ([0, 1, 2], [0, 1, 2])
    """
    order = rng.permutation(len(weights))
    if labels is not None:
        order = order[np.argsort(labels[order], kind="stable")]
    order = order[np.argsort(weights[order] <= 0, kind="stable")]
    fold = np.empty(len(weights), np.intp)
    fold[order] = np.arange(len(weights)) % count
    return fold
