"""Leaves of trees as boxes of codes (compiled)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

__all__ = ["Boxes", "Nodes", "boxes"]

_DEEPEST = 1024  # nodes on the longest way down
_compiled = numba.njit(cache=True, nogil=True)


class Nodes(NamedTuple):
    """The nodes of `sipakit.structure.Trees`, and the code of missing cells of each column (-1 for levels)."""

    feature: NDArray[np.int32]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    last_left: NDArray[np.int32]
    missing_left: NDArray[np.bool_]
    set_first: NDArray[np.int64]
    sets: NDArray[np.bool_]
    missing: NDArray[np.int64]


class Boxes(NamedTuple):
    """Leaves as boxes: each has slots, one a column that it asks about, and each slot has runs of codes.

    Codes of all columns are counted on, with one place more after those of each column.

    Parameters
    ----------
    leaf : (l,)
        The nodes.
    slot_first : (l + 1,)
        Where the slots of a leaf begin.
    column : (slots,)
    run_first : (slots + 1,)
    low, high : (runs,)
        Place of the first code of a run, and of the one after its last.
    """

    leaf: NDArray[np.int64]
    slot_first: NDArray[np.int64]
    column: NDArray[np.int64]
    run_first: NDArray[np.int64]
    low: NDArray[np.int64]
    high: NDArray[np.int64]


@_compiled
def _goes_left(nodes: Any, k: int, code: int) -> Any:
    if nodes.set_first[k] >= 0:
        return nodes.sets[nodes.set_first[k] + code]
    if code == nodes.missing[nodes.feature[k]]:
        return nodes.missing_left[k]
    return code <= nodes.last_left[k]


@_compiled
def _longer(array: Any) -> Any:
    longer = np.empty(2 * array.shape[0], array.dtype)
    longer[: array.shape[0]] = array
    return longer


@_compiled
def boxes(nodes: Any, roots: Any, first: Any) -> Any:  # noqa: C901, PLR0912 - one walk down and up again
    """Tell the boxes of all leaves.

    Parameters
    ----------
    nodes : Nodes, m of them
    roots : (t,) int
    first : (p + 1,) int
        Where each column's codes begin, if all columns' codes are counted on.
    """
    p = first.shape[0] - 1
    leaf, slot_first = np.empty(1024, np.int64), np.zeros(1024, np.int64)
    column, run_first = np.empty(1024, np.int64), np.empty(1024, np.int64)
    low, high = np.empty(1024, np.int64), np.empty(1024, np.int64)
    leaves, slots, runs = 0, 0, 0
    allowed, used = np.ones(first[p], np.bool_), np.zeros(p, np.int64)
    # on the way down: the node, the branches that were taken, and the codes that the node took away
    way, branches = np.empty(_DEEPEST, np.int64), np.empty(_DEEPEST, np.int64)
    gone = np.zeros((_DEEPEST, np.max(first[1:] - first[:-1])), np.bool_)
    for root in roots:
        depth = 0
        way[0], branches[0] = root, 0
        while depth >= 0:
            k = way[depth]
            f = nodes.feature[k]
            if f < 0:
                for j in range(p):
                    if used[j] > 0:
                        if slots + 2 >= run_first.shape[0]:
                            column, run_first = _longer(column), _longer(run_first)
                        column[slots], run_first[slots] = j, runs
                        slots += 1
                        for c in range(first[j], first[j + 1]):
                            if allowed[c] and (c == first[j] or not allowed[c - 1]):
                                if runs + 1 >= low.shape[0]:
                                    low, high = _longer(low), _longer(high)
                                low[runs] = c + j
                                runs += 1
                            if allowed[c]:
                                high[runs - 1] = c + j + 1
                if leaves + 2 >= slot_first.shape[0]:
                    leaf, slot_first = _longer(leaf), _longer(slot_first)
                leaf[leaves] = k
                leaves += 1
                slot_first[leaves] = slots
                depth -= 1
                continue
            size = first[f + 1] - first[f]
            if branches[depth] > 0:
                used[f] -= 1
                for c in range(size):
                    allowed[first[f] + c] |= gone[depth, c]
            if branches[depth] == 2:
                depth -= 1
                continue
            to_left = branches[depth] == 0
            used[f] += 1
            for c in range(size):
                gone[depth, c] = allowed[first[f] + c] and _goes_left(nodes, k, c) != to_left
                allowed[first[f] + c] &= not gone[depth, c]
            branches[depth] += 1
            depth += 1
            way[depth], branches[depth] = (nodes.left[k] if to_left else nodes.right[k]), 0
    run_first[slots] = runs
    return Boxes(
        leaf[:leaves], slot_first[: leaves + 1], column[:slots], run_first[: slots + 1], low[:runs], high[:runs]
    )
