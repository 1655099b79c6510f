"""Leaves of trees as boxes of codes (compiled)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from sipakit.structure import Numbers

if TYPE_CHECKING:
    from sipakit.structure import Sum, Trees

__all__ = ["Boxes", "leaves_of"]

_DEEPEST = 1024  # nodes on the longest way down
_compiled = numba.njit(cache=True, nogil=True)


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
    tree_first : (trees + 1,)
        Where the leaves of a tree begin.
    """

    leaf: NDArray[np.int64]
    slot_first: NDArray[np.int64]
    column: NDArray[np.int64]
    run_first: NDArray[np.int64]
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    tree_first: NDArray[np.int64]


@_compiled
def _goes_left(rules: Any, k: int, code: int) -> Any:
    feature, last_left, missing_left, set_first, sets, missing = rules
    if set_first[k] >= 0:
        return sets[set_first[k] + code]
    if code == missing[feature[k]]:
        return missing_left[k]
    return code <= last_left[k]


@_compiled
def _longer(array: Any) -> Any:
    longer = np.empty(2 * array.shape[0], array.dtype)
    longer[: array.shape[0]] = array
    return longer


def leaves_of(trees: Trees, one: Sum) -> Boxes:
    """Return the boxes of all leaves of a sum's trees."""
    missing = np.array([c.size - 1 if isinstance(c, Numbers) else -1 for c in trees.codings])  # a code of numbers alone
    ways = (trees.feature, trees.left, trees.right)
    rules = (trees.feature, trees.last_left, trees.missing_left, trees.set_first, trees.sets, missing)
    return Boxes(*_boxes(ways, rules, one.roots, trees.first))


@_compiled
def _boxes(ways: Any, rules: Any, roots: Any, first: Any) -> Any:  # noqa: C901, PLR0912 - one walk down and up again
    # plain tuples: what is kept of compiled code must not name a class, which may be another one tomorrow
    feature, lefts, rights = ways
    p = first.shape[0] - 1
    leaf, slot_first = np.empty(1024, np.int64), np.zeros(1024, np.int64)
    column, run_first = np.empty(1024, np.int64), np.empty(1024, np.int64)
    low, high = np.empty(1024, np.int64), np.empty(1024, np.int64)
    leaves, slots, runs = 0, 0, 0
    tree_first = np.zeros(roots.shape[0] + 1, np.int64)
    allowed, used = np.ones(first[p], np.bool_), np.zeros(p, np.int64)
    # on the way down: the node, the branches that were taken, and the codes that the node took away
    way, branches = np.empty(_DEEPEST, np.int64), np.empty(_DEEPEST, np.int64)
    gone = np.zeros((_DEEPEST, np.max(first[1:] - first[:-1])), np.bool_)
    for tree in range(roots.shape[0]):
        depth = 0
        way[0], branches[0] = roots[tree], 0
        while depth >= 0:
            k = way[depth]
            f = feature[k]
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
                gone[depth, c] = allowed[first[f] + c] and _goes_left(rules, k, c) != to_left
                allowed[first[f] + c] &= not gone[depth, c]
            branches[depth] += 1
            depth += 1
            way[depth], branches[depth] = (lefts[k] if to_left else rights[k]), 0
        tree_first[tree + 1] = leaves
    run_first[slots] = runs
    slot_first, run_first = slot_first[: leaves + 1], run_first[: slots + 1]
    return leaf[:leaves], slot_first, column[:slots], run_first, low[:runs], high[:runs], tree_first
