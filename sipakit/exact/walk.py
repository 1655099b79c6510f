"""Compiled loops over trees: what any change of one column would make of every row.

A leaf is a box of codes. A row reaches it, were column j another, if it meets the box in all columns but j. So the
leaves are looked for whose unmet conditions, if any, are all about one column.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

__all__ = ["Boxes", "Nodes", "boxes", "curves"]

_DEEPEST = 1024  # nodes on the longest way down
_BITS = 64  # inner nodes of a small tree at most
_BLOCK = 512  # rows whose curves stay in the cache while the trees pass by
_SPREAD = np.uint64(0x03F79D71B4CB0A89)  # a de Bruijn sequence: its six highest bits differ for each shift
_PLACE = np.argsort([(int(_SPREAD) << b & (1 << 64) - 1) >> 58 for b in range(_BITS)])
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
def _inner(nodes: Any, root: int) -> Any:
    """Count the inner nodes of a tree."""
    inner, waiting = 0, 1
    stack = np.empty(_DEEPEST, np.int64)
    stack[0] = root
    while waiting > 0:
        waiting -= 1
        k = stack[waiting]
        if nodes.feature[k] >= 0:
            inner += 1
            stack[waiting], stack[waiting + 1] = nodes.right[k], nodes.left[k]
            waiting += 2
    return inner


class _Small(NamedTuple):
    """Room for a tree of few nodes, whose inner nodes are numbered as bits.

    Parameters
    ----------
    column, cut : (64,)
        The column that an inner node asks about, and the last code that goes left.
    inner : (64,)
        Its number among all nodes, or -1 where comparing with ``cut`` says it all.
    other : (64,)
        The bits of nodes that ask about other columns.
    leaf : (65,)
        The leaves' numbers among all nodes.
    path, wanted : (65,)
        The bits of the nodes on a leaf's way, and of those of them that must go left.
    slot : (65, 64)
        The slot of a leaf's box that a node on its way belongs to.
    """

    column: NDArray[np.int64]
    cut: NDArray[np.int64]
    inner: NDArray[np.int64]
    other: NDArray[np.uint64]
    leaf: NDArray[np.int64]
    path: NDArray[np.uint64]
    wanted: NDArray[np.uint64]
    slot: NDArray[np.int64]


@_compiled
def _read(nodes: Any, leaves: Any, root: int, plain: Any, small: Any) -> Any:
    """Fill the room with a tree; returns the numbers of its inner nodes and leaves."""
    n_inner, n_leaves, waiting = 0, 0, 1
    stack = np.empty(_DEEPEST, np.int64)
    paths, wants = np.zeros(_DEEPEST, np.uint64), np.zeros(_DEEPEST, np.uint64)
    stack[0] = root
    while waiting > 0:
        waiting -= 1
        k, met, must = stack[waiting], paths[waiting], wants[waiting]
        f = nodes.feature[k]
        if f < 0:
            small.leaf[n_leaves], small.path[n_leaves], small.wanted[n_leaves] = k, met, must
            n_leaves += 1
            continue
        bit = np.uint64(1) << np.uint64(n_inner)
        compares = nodes.set_first[k] < 0 and (plain[f] or not nodes.missing_left[k])
        small.column[n_inner], small.cut[n_inner] = f, nodes.last_left[k]
        small.inner[n_inner] = -1 if compares else k
        n_inner += 1
        stack[waiting], paths[waiting], wants[waiting] = nodes.right[k], met | bit, must
        stack[waiting + 1], paths[waiting + 1], wants[waiting + 1] = nodes.left[k], met | bit, must | bit
        waiting += 2
    for a in range(n_inner):
        small.other[a] = 0
        for b in range(n_inner):
            if small.column[a] != small.column[b]:
                small.other[a] |= np.uint64(1) << np.uint64(b)
        for x in range(n_leaves):
            k = small.leaf[x]
            for s in range(leaves.slot_first[k], leaves.slot_first[k] + leaves.slot_count[k]):
                if leaves.slot_feature[s] == small.column[a]:
                    small.slot[x, a] = s
    return n_inner, n_leaves


@_compiled
def _add_run(leaves: Any, s: int, w: float, at: int, steps: Any) -> Any:
    for r in range(leaves.run_first[s], leaves.run_first[s + 1]):
        steps[at + leaves.low[r]] += w
        steps[at + leaves.high[r]] -= w


@_compiled
def _pass_by(
    nodes: Any, leaves: Any, value: Any, small: Any, size: Any, row: Any, first: Any, steps: Any, own: Any
) -> Any:
    """Look at all leaves of a small tree in turn, and at the conditions that the row does not meet."""
    here, met = 0.0, np.uint64(0)
    n_inner, n_leaves = size
    for a in range(n_inner):
        code = row[small.column[a]]
        to_left = code <= small.cut[a]
        if small.inner[a] >= 0:
            to_left = _goes_left(nodes, small.inner[a], code)
        met |= np.uint64(to_left) << np.uint64(a)
    for x in range(n_leaves):
        unmet = (met ^ small.wanted[x]) & small.path[x]
        if unmet == 0:
            k = small.leaf[x]
            here += value[k]
            for s in range(leaves.slot_first[k], leaves.slot_first[k] + leaves.slot_count[k]):
                j = leaves.slot_feature[s]
                own[j] += value[k]
                _add_run(leaves, s, value[k], first[j] + j, steps)
            continue
        a = _PLACE[((unmet & (~unmet + np.uint64(1))) * _SPREAD) >> np.uint64(58)]  # of the lowest bit
        if unmet & small.other[a] == 0:
            j = small.column[a]
            _add_run(leaves, small.slot[x, a], value[small.leaf[x]], first[j] + j, steps)
    return here


@_compiled
def _walk(nodes: Any, leaves: Any, value: Any, root: int, row: Any, first: Any, steps: Any, own: Any) -> Any:
    """Follow a row down a tree of any size, both ways where a column is the first, or the same again, left free."""
    here, waiting = 0.0, 1
    node, free = np.empty(_DEEPEST, np.int64), np.empty(_DEEPEST, np.int64)
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
                _add_run(leaves, s, value[k], first[j] + j, steps)
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
    steps, own, here = np.empty((_BLOCK, first[p] + p)), np.empty((_BLOCK, p)), np.empty(_BLOCK)
    small = _Small(
        np.empty(_BITS, np.int64), np.empty(_BITS, np.int64), np.empty(_BITS, np.int64), np.empty(_BITS, np.uint64),
        np.empty(_BITS + 1, np.int64), np.empty(_BITS + 1, np.uint64), np.empty(_BITS + 1, np.uint64),
        np.empty((_BITS + 1, _BITS), np.int64),
    )  # fmt: skip
    plain = np.array([not np.any(codes[:, j] == nodes.missing[j]) for j in range(p)])
    fits = np.array([_inner(nodes, root) <= _BITS for root in roots])
    for start in range(0, n, _BLOCK):
        rows = min(_BLOCK, n - start)
        steps[:], own[:], here[:] = 0.0, 0.0, base
        for t in range(roots.shape[0]):
            if fits[t]:
                size = _read(nodes, leaves, roots[t], plain, small)
                for b in range(rows):
                    here[b] += _pass_by(nodes, leaves, value, small, size, codes[start + b], first, steps[b], own[b])
            else:
                for b in range(rows):
                    here[b] += _walk(nodes, leaves, value, roots[t], codes[start + b], first, steps[b], own[b])
        for b in range(rows):
            out[start + b, 0] = here[b]
            for j in range(p):
                running = here[b] - own[b, j]
                for c in range(first[j], first[j + 1]):
                    running += steps[b, c + j]
                    out[start + b, c + 1] = running
    return out
