"""Compiled loops over the leaves of trees: what a change of one column, or of two, would make of many rows at once.

A leaf is a box of codes. A row reaches it, were some columns another, if it meets the box in all other columns. 64 rows
are the bits of a word, so that a few operations on words tell of all of them which miss the box in no column, in one,
or in two. What is called is spelled out: views and tuples of arrays would cost more than what is done with them.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

__all__ = ["WORD", "curves", "looked_up", "prefixes", "tables"]

WORD = 64  # rows
_compiled = numba.njit(cache=True, nogil=True)


@_compiled
def _count(word: Any) -> Any:
    """Number of bits that are set; compilers know this sum and take one instruction for it."""
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@_compiled
def _lowest(word: Any) -> Any:
    """Return the lowest bit that is set."""
    return word & (~word + np.uint64(1))


@_compiled
def prefixes(codes: Any, place: Any, words: int, first: Any) -> Any:
    """(words, codes + p) rows as bits: those whose code is below the first, the second, ... and below the end.

    Parameters
    ----------
    codes : (n, p) int
    place : (n,) int
        The bit of each row, all words' bits being counted on.
    words : int
    first : (p + 1,) int
        Where each column's codes begin.
    """
    n, p = codes.shape
    below = np.zeros((words, first[p] + p), np.uint64)
    for i in range(n):
        bit = np.uint64(1) << np.uint64(place[i] % WORD)
        for j in range(p):
            below[place[i] // WORD, first[j] + j + codes[i, j] + 1] |= bit
    for w in range(words):
        for j in range(p):
            for c in range(first[j] + j + 1, first[j + 1] + j + 1):
                below[w, c] |= below[w, c - 1]
    return below


@_compiled
def curves(  # noqa: C901, PLR0912 - one loop
    below: Any, n: int, leaves: Any, value: Any, base: float, first: Any
) -> Any:
    """(n, 1 + codes) the sum at each row as it is, then with each column at each of its codes.

    Parameters
    ----------
    below : (words, codes + p) what `prefixes` made of the rows in their order
    n : int
    leaves : Boxes
    value, base : as in `sipakit.structure.Sum`
    first : (p + 1,) int
    """
    p, width = first.shape[0] - 1, below.shape[1]
    slot_first, column, run_first, low, high = leaves[1:]
    added = value[leaves.leaf]
    out = np.empty((n, first[p] + 1))
    steps = np.empty((WORD, width))  # of each curve, from code to code, and one beyond its end
    own = np.empty((WORD, p))  # of each column, the leaves that the row is in and that ask about it
    here, met = np.empty(WORD), np.empty(p, np.uint64)
    for w in range(below.shape[0]):
        steps[:], own[:], here[:] = 0.0, 0.0, base
        for b in range(added.shape[0]):
            start, end, amount = slot_first[b], slot_first[b + 1], added[b]
            none, one = below[w, first[1]], np.uint64(0)  # rows that missed the box in no column so far, or in one
            for s in range(start, end):
                meets = np.uint64(0)
                for r in range(run_first[s], run_first[s + 1]):
                    meets |= below[w, high[r]] ^ below[w, low[r]]
                met[s - start] = meets
                one = (one & meets) | (none & ~meets)
                none &= meets
                if (none | one) == 0:
                    break
            while none:
                bit = _lowest(none)
                none ^= bit
                i = _count(bit - np.uint64(1))
                here[i] += amount
                for s in range(start, end):
                    own[i, column[s]] += amount
                    for r in range(run_first[s], run_first[s + 1]):
                        steps[i, low[r]] += amount
                        steps[i, high[r]] -= amount
            for s in range(start, end if one else start):
                missed = one & ~met[s - start]
                while missed:
                    bit = _lowest(missed)
                    missed ^= bit
                    i = _count(bit - np.uint64(1))
                    for r in range(run_first[s], run_first[s + 1]):
                        steps[i, low[r]] += amount
                        steps[i, high[r]] -= amount
        for i in range(min(WORD, n - w * WORD)):
            out[w * WORD + i, 0] = here[i]
            for j in range(p):
                running = here[i] - own[i, j]
                for c in range(first[j], first[j + 1]):
                    running += steps[i, c + j]
                    out[w * WORD + i, c + 1] = running
    return out


@_compiled
def _weigh(word: Any, weights: Any, start: int) -> Any:
    """Weight of the rows of a word; their number if there are no weights."""
    if not weights.shape[0]:
        return float(_count(word))
    total = 0.0
    while word:
        bit = _lowest(word)
        word ^= bit
        total += weights[start + _count(bit - np.uint64(1))]
    return total


@_compiled
def tables(  # noqa: C901, PLR0912 - one loop
    below: Any, weights: Any, batches: Any, leaves: Any, value: Any, first: Any, pairs: Any, begins: Any
) -> Any:
    """Sums over the rows of each batch: of the trees, of what one column adds at each code, and two columns together.

    What two columns add is taken from leaves that ask about both, so that it is exactly zero where there is none.

    Parameters
    ----------
    below : (words, codes + p) what `prefixes` made of the rows in their batches
    weights : (64 words,), or none where all rows weigh the same
    batches : (g + 1,) int
        Where each batch's words begin.
    leaves : Boxes
    value : as in `sipakit.structure.Sum`
    first : (p + 1,) int
    pairs : (p, p) int
        Number of a pair of columns j < k, or -1 for one that is not wanted.
    begins : (pairs + 1,) int
        Where each pair's table begins, of (codes of j + 1) times (codes of k + 1) places.

    Returns
    -------
    (g,), (g, codes + p), (g, places of all tables)
        The latter two as differences from place to place.
    """
    g, p, width = batches.shape[0] - 1, first.shape[0] - 1, below.shape[1]
    slot_first, column, run_first, low, high = leaves[1:]
    added, deep = value[leaves.leaf], begins.shape[0] > 1
    level, single, both = np.zeros(g), np.zeros((g, width)), np.zeros((g, begins[-1]))
    missed_one, missed_two, met = np.empty(p), np.empty((p, p)), np.empty(p, np.uint64)
    for b in range(g):
        for leaf in range(added.shape[0]):
            start, u, amount = slot_first[leaf], slot_first[leaf + 1] - slot_first[leaf], added[leaf]
            missed_none = 0.0
            for s in range(u):
                missed_one[s] = 0.0
                for t in range(s + 1, u):
                    missed_two[s, t] = 0.0
            for w in range(batches[b], batches[b + 1]):
                none, one, two = below[w, first[1]], np.uint64(0), np.uint64(0)
                for s in range(u):
                    meets = np.uint64(0)
                    for r in range(run_first[start + s], run_first[start + s + 1]):
                        meets |= below[w, high[r]] ^ below[w, low[r]]
                    met[s] = meets
                    two = (two & meets) | (one & ~meets)
                    one = (one & meets) | (none & ~meets)
                    none &= meets
                    if (none | one | two) == 0:
                        break
                missed_none += _weigh(none, weights, w * WORD)
                for s in range(u if one | two else 0):
                    missed_one[s] += _weigh(one & ~met[s], weights, w * WORD)
                    again = two & ~met[s]
                    for t in range(s + 1, u if deep and again else s + 1):
                        missed_two[s, t] += _weigh(again & ~met[t], weights, w * WORD)
            level[b] += amount * missed_none
            for s in range(u):
                j = column[start + s]
                first_alone = amount * (missed_none + missed_one[s])
                single[b, first[j] + j] -= amount * missed_none
                for r in range(run_first[start + s], run_first[start + s + 1]):
                    single[b, low[r]] += first_alone
                    single[b, high[r]] -= first_alone
                for t in range(s + 1, u if deep else s + 1):
                    k = column[start + t]
                    if pairs[j, k] < 0:
                        continue
                    # what is set is (in both runs) - (in that of j) - (in that of k) + 1, each with its own weight
                    here, wide = begins[pairs[j, k]], first[k + 1] - first[k] + 1
                    second_alone = amount * (missed_none + missed_one[t])
                    together = first_alone + amount * (missed_one[t] + missed_two[s, t])
                    both[b, here] += amount * missed_none
                    for q in range(run_first[start + t], run_first[start + t + 1]):
                        both[b, here + low[q] - first[k] - k] -= second_alone
                        both[b, here + high[q] - first[k] - k] += second_alone
                    for r in range(run_first[start + s], run_first[start + s + 1]):
                        upper = here + (low[r] - first[j] - j) * wide
                        lower = here + (high[r] - first[j] - j) * wide
                        both[b, upper] -= first_alone
                        both[b, lower] += first_alone
                        for q in range(run_first[start + t], run_first[start + t + 1]):
                            left, right = low[q] - first[k] - k, high[q] - first[k] - k
                            both[b, upper + left] += together
                            both[b, upper + right] -= together
                            both[b, lower + left] -= together
                            both[b, lower + right] += together
    return level, single, both


@_compiled
def looked_up(values: Any, base: Any, donor: Any, which: Any, column: Any, codes: Any, first: Any) -> Any:
    """(m, k) answers at rows with one column at most from elsewhere.

    Parameters
    ----------
    values : (n, 1 + codes, k)
    base, donor, which : (m,) int
    column : (q,) int
        What each pattern takes; -1 for nothing.
    codes : (donor rows, p) int
    first : (p + 1,) int
    """
    out = np.empty((base.shape[0], values.shape[2]))
    for i in range(base.shape[0]):
        j = column[which[i]]
        place = 0 if j < 0 else 1 + first[j] + codes[donor[i], j]
        for k in range(values.shape[2]):
            out[i, k] = values[base[i], place, k]
    return out
