"""One walk over trees that lets each row break one column's conditions: its whole curve along every column.

A leaf is a box of codes. A row reaches it, were column j another, if the row meets the box in all columns but j. So one
walk that follows both branches where a column is the first, or again the same, to be left free finds for every row all
that any change of one column could make of it.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

__all__ = ["boxes", "curves"]

_DEEPEST = 512  # branches that wait; a tree of depth d has at most d


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def boxes(
    feature: Any, left: Any, right: Any, last_left: Any, missing_left: Any, set_first: Any, sets: Any, roots: Any,
    places: Any, place_first: Any, missing: Any,
) -> Any:  # fmt: skip
    """Tell the boxes of all leaves, as runs of places on their columns.

    Parameters
    ----------
    feature ... sets : the nodes, as in `sipakit.structure.Trees`
    roots : (t,) int
    places : (q,) int
        Codes that are asked for, column after column.
    place_first : (p + 1,) int
        Where each column's places begin.
    missing : (p,) int
        The code of missing cells; -1 for columns of levels.

    Returns
    -------
    slot_first : (m + 1,)
        Where the columns of each node's box begin, for leaves; columns that a leaf does not ask about are left out.
    slot_feature : (slots,)
    run_first : (slots + 1,)
        Where the runs of each of them begin.
    run_low, run_high : (runs,)
        First place, and last place but one, on the column.
    """
    m, p = feature.shape[0], place_first.shape[0] - 1
    slot_count = np.zeros(m + 1, np.int64)
    slot_feature, run_first = np.empty(1024, np.int64), np.empty(1025, np.int64)
    run_low, run_high = np.empty(1024, np.int64), np.empty(1024, np.int64)
    slots, runs = 0, 0
    leaf_slots = np.full(m, -1, np.int64)
    # for each depth of the way: what was allowed before its node took places away
    allowed = np.ones(places.shape[0], np.bool_)
    used = np.zeros(p, np.int64)
    node, state = np.empty(_DEEPEST, np.int64), np.empty(_DEEPEST, np.int64)
    taken = np.zeros((_DEEPEST, max(1, np.max(place_first[1:] - place_first[:-1]))), np.bool_)
    for root in roots:
        depth = 0
        node[0], state[0] = root, 0
        while depth >= 0:
            k = node[depth]
            f = feature[k]
            if f < 0:
                leaf_slots[k] = slots
                count = 0
                for j in range(p):
                    if used[j] == 0:
                        continue
                    if slots + 1 >= slot_feature.shape[0]:
                        slot_feature = _longer(slot_feature)
                        run_first = _longer(run_first)
                    slot_feature[slots] = j
                    run_first[slots] = runs
                    inside = False
                    for c in range(place_first[j], place_first[j + 1]):
                        if allowed[c] and not inside:
                            if runs + 1 >= run_low.shape[0]:
                                run_low, run_high = _longer(run_low), _longer(run_high)
                            run_low[runs] = c - place_first[j]
                            inside = True
                        if inside and not allowed[c]:
                            run_high[runs] = c - place_first[j]
                            runs += 1
                            inside = False
                    if inside:
                        run_high[runs] = place_first[j + 1] - place_first[j]
                        runs += 1
                    slots += 1
                    count += 1
                slot_count[k + 1] = count
                depth -= 1
                continue
            start, stop = place_first[f], place_first[f + 1]
            if state[depth] > 0:  # back from a branch: what it took away comes back
                for c in range(start, stop):
                    if taken[depth, c - start]:
                        allowed[c] = True
                used[f] -= 1
            if state[depth] == 2:
                depth -= 1
                continue
            to_left = state[depth] == 0
            for c in range(start, stop):
                code = places[c]
                if set_first[k] >= 0:
                    goes_left = sets[set_first[k] + code]
                elif code == missing[f]:
                    goes_left = missing_left[k]
                else:
                    goes_left = code <= last_left[k]
                gone = allowed[c] and goes_left != to_left
                taken[depth, c - start] = gone
                if gone:
                    allowed[c] = False
            used[f] += 1
            state[depth] += 1
            depth += 1
            node[depth] = left[k] if to_left else right[k]
            state[depth] = 0
    run_first[slots] = runs
    return leaf_slots, slot_count[1:], slot_feature[:slots], run_first[: slots + 1], run_low[:runs], run_high[:runs]


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _longer(array: Any) -> Any:
    longer = np.empty(2 * array.shape[0], array.dtype)
    longer[: array.shape[0]] = array
    return longer


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def curves(
    codes: Any, feature: Any, left: Any, right: Any, last_left: Any, missing_left: Any, set_first: Any, sets: Any,
    roots: Any, value: Any, base: float, place_first: Any, missing: Any, leaf_slots: Any, slot_count: Any,
    slot_feature: Any, run_first: Any, run_low: Any, run_high: Any,
) -> Any:  # fmt: skip
    """(n, 1 + q) the sum at each row as it is, then with each column at each of its places.

    Parameters
    ----------
    codes : (n, p) int
    feature ... sets : the nodes, as in `sipakit.structure.Trees`
    roots, value, base : as in `sipakit.structure.Sum`
    place_first, missing, leaf_slots ... run_high : see `boxes`
    """
    n, p = codes.shape
    total = place_first[p]
    out = np.empty((n, total + 1))
    steps = np.zeros(total + p)  # of each curve, from place to place, and one beyond its end
    own = np.zeros(p)
    node, free = np.empty(_DEEPEST, np.int64), np.empty(_DEEPEST, np.int64)
    for i in range(n):
        steps[:] = 0.0
        own[:] = 0.0
        here = base
        for root in roots:
            node[0], free[0] = root, -1
            waiting = 1
            while waiting > 0:
                waiting -= 1
                k, v = node[waiting], free[waiting]
                f = feature[k]
                while f >= 0:
                    code = codes[i, f]
                    if set_first[k] >= 0:
                        to_left = sets[set_first[k] + code]
                    elif code == missing[f]:
                        to_left = missing_left[k]
                    else:
                        to_left = code <= last_left[k]
                    if v == -1 or v == f:
                        node[waiting] = right[k] if to_left else left[k]
                        free[waiting] = f
                        waiting += 1
                    k = left[k] if to_left else right[k]
                    f = feature[k]
                w = value[k]
                first = leaf_slots[k]
                if v == -1:
                    here += w
                for s in range(first, first + slot_count[k]):
                    j = slot_feature[s]
                    if v == -1:
                        own[j] += w
                    elif v != j:
                        continue
                    at = place_first[j] + j
                    for r in range(run_first[s], run_first[s + 1]):
                        steps[at + run_low[r]] += w
                        steps[at + run_high[r]] -= w
        out[i, 0] = here
        for j in range(p):
            running = here - own[j]
            at = place_first[j] + j
            for c in range(place_first[j], place_first[j + 1]):
                running += steps[c + j]
                out[i, c + 1] = running
    return out
