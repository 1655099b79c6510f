"""Which background rows the draws use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sipakit import columns as col

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sipakit.table import Table

__all__ = ["dealt", "nearest_pairs"]

_TOGETHER = 256  # even, so that no row is left over but the last


def dealt(count: int, ordered: NDArray[np.intp], start: float) -> NDArray[np.intp]:
    """Deal ``count`` places evenly over the rows ``ordered``; every row equally often when ``count`` is a multiple.

    Fewer places than rows are spread by a systematic sample with the random ``start`` in [0, 1), so rows that were
    sorted by their prediction are drawn in strata of it.

    Examples
    --------
    >>> dealt(2, np.arange(10), 0.5).tolist(), dealt(4, np.arange(2), 0.5).tolist()
    ([2, 7], [0, 1, 0, 1])
    """
    b = len(ordered)
    if count >= b:
        return ordered[np.arange(count) % b]
    return ordered[np.minimum(np.floor((np.arange(count) + start) * b / count).astype(np.intp), b - 1)]


def nearest_pairs(table: Table, index: NDArray[np.intp]) -> NDArray[np.intp]:
    """Pair rows with near neighbours, greedily: (len(index) // 2, 2) row numbers, each row in one pair.

    More than 256 rows are paired in blocks of 256, so the cost grows with their number and not with its square.
    Distance is Gower's: differences of ranks for what has an order, unequal levels for what has none.

    References
    ----------
    Gower (1971), doi:10.2307/2528823
    """
    if len(index) > _TOGETHER:  # the rows come in an order; neighbours in it are looked at together
        blocks = [index[i : i + _TOGETHER] for i in range(0, len(index), _TOGETHER)]
        return np.concatenate([nearest_pairs(table, block) for block in blocks])
    distance = np.zeros((len(index), len(index)))
    for j, column in enumerate(table.columns):
        ranks = col.ranks(column)[index].astype(np.float64)
        apart = np.abs(ranks[:, None] - ranks)
        spread = apart.max(initial=0.0)
        distance += (apart > 0) if table.kind(j) == "category" else apart / (spread if spread > 0 else 1.0)
    np.fill_diagonal(distance, np.inf)
    pairs = []
    for _ in range(len(index) // 2):
        first, second = divmod(int(distance.argmin()), len(index))
        pairs.append((index[first], index[second]))
        for used in (first, second):
            distance[used, :] = distance[:, used] = np.inf
    return np.array(pairs, np.intp).reshape(-1, 2)
