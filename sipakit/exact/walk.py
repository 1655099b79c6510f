"""Compiled loops over trees: what any change of one column would make of every row.

A leaf is a box of codes. A row reaches it, were column j another, if it meets the box in all columns but j. So both
ways are followed at a node, as long as all conditions that are not met are about one column.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

__all__ = ["Boxes", "Nodes", "boxes", "curves"]

_DEEPEST = 1024  # nodes on the longest way down
_BLOCK = 64  # rows whose curves stay in the cache while the trees pass by
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

    Parameters
    ----------
    slot_first, slot_count : (m,)
        Where the slots of a leaf begin, and how many there are.
    slot_feature : (slots,)
    run_first : (slots + 1,)
    low, high : (runs,)
        First code of a run, and the one after its last.
    """

    slot_first: NDArray[np.int64]
    slot_count: NDArray[np.int64]
    slot_feature: NDArray[np.int64]
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
    m, p = nodes.feature.shape[0], first.shape[0] - 1
    slot_first, slot_count = np.full(m, -1, np.int64), np.zeros(m, np.int64)
    slot_feature, run_first = np.empty(1024, np.int64), np.empty(1024, np.int64)
    low, high = np.empty(1024, np.int64), np.empty(1024, np.int64)
    slots, runs = 0, 0
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
                slot_first[k] = slots
                for j in range(p):
                    if used[j] > 0:
                        if slots + 2 >= run_first.shape[0]:
                            slot_feature, run_first = _longer(slot_feature), _longer(run_first)
                        slot_feature[slots], run_first[slots] = j, runs
                        slots += 1
                        for c in range(first[j], first[j + 1]):
                            begins = allowed[c] and (c == first[j] or not allowed[c - 1])
                            if begins:
                                if runs + 1 >= low.shape[0]:
                                    low, high = _longer(low), _longer(high)
                                low[runs] = c - first[j]
                                runs += 1
                            if allowed[c]:
                                high[runs - 1] = c - first[j] + 1
                slot_count[k] = slots - slot_first[k]
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
    return Boxes(slot_first, slot_count, slot_feature[:slots], run_first[: slots + 1], low[:runs], high[:runs])


@_compiled
def _walk(
    nodes: Any, leaves: Any, value: Any, root: int, row: Any, first: Any, steps: Any, own: Any, stacks: Any
) -> Any:
    """Follow a row down a tree, both ways where a column is the first, or the same again, to be left free."""
    here, waiting = 0.0, 1
    node, free = stacks
    node[0], free[0] = root, -1
    while waiting > 0:
        waiting -= 1
        k, column = node[waiting], free[waiting]
        f = nodes.feature[k]
        while f >= 0:
            to_left = _goes_left(nodes, k, row[f])
            if (column == -1) | (column == f):
                node[waiting], free[waiting] = (nodes.right[k] if to_left else nodes.left[k]), f
                waiting += 1
            k = nodes.left[k] if to_left else nodes.right[k]
            f = nodes.feature[k]
        here += value[k] if column == -1 else 0.0
        for s in range(leaves.slot_first[k], leaves.slot_first[k] + leaves.slot_count[k]):
            j = leaves.slot_feature[s]
            if column == -1:
                own[j] += value[k]
            if (column == -1) | (column == j):
                for r in range(leaves.run_first[s], leaves.run_first[s + 1]):
                    steps[first[j] + j + leaves.low[r]] += value[k]
                    steps[first[j] + j + leaves.high[r]] -= value[k]
    return here


@_compiled
def curves(codes: Any, nodes: Any, leaves: Any, roots: Any, value: Any, base: float, first: Any) -> Any:
    """(n, 1 + codes) the sum at each row as it is, then with each column at each of its codes.

    Parameters
    ----------
    codes : (n, p) int
    nodes : Nodes
    leaves : Boxes
    roots, value, base : as in `sipakit.structure.Sum`
    first : (p + 1,) int
        Where each column's codes begin.
    """
    n, p = codes.shape
    out = np.empty((n, first[p] + 1))
    steps = np.empty((_BLOCK, first[p] + p))  # of each curve, from code to code, and one beyond its end
    own = np.empty((_BLOCK, p))  # of each column, the leaves that the row is in and that ask about it
    here, stacks = np.empty(_BLOCK), (np.empty(_DEEPEST, np.int64), np.empty(_DEEPEST, np.int64))
    for start in range(0, n, _BLOCK):
        rows = min(_BLOCK, n - start)
        steps[:], own[:], here[:] = 0.0, 0.0, base
        for root in roots:
            for b in range(rows):
                here[b] += _walk(nodes, leaves, value, root, codes[start + b], first, steps[b], own[b], stacks)
        for b in range(rows):
            out[start + b, 0] = here[b]
            for j in range(p):
                running = here[b] - own[b, j]
                for c in range(first[j], first[j + 1]):
                    running += steps[b, c + j]
                    out[start + b, c + 1] = running
    return out
