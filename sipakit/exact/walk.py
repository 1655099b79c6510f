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
    leaves : Boxes, as a plain tuple
    value, base : as in `sipakit.structure.Sum`
    first : (p + 1,) int
    """
    p, width = first.shape[0] - 1, below.shape[1]
    slot_first, _, run_first, low, high, tree_first = leaves[1:]
    added = value[leaves[0]]
    out = np.empty((n, first[p] + 1))
    steps = np.empty((width, WORD))  # of each row's curves, from code to code, and one beyond the end of a column
    here, told = np.empty(WORD), np.empty(WORD)  # sum of the trees so far, and what the tree at hand says
    met = np.empty(p, np.uint64)
    # slots of the tree at hand, and the rows that would be in the leaf if they did not miss the box in that column
    most = np.max(slot_first[tree_first[1:]] - slot_first[tree_first[:-1]])
    slot, others, amounts = np.empty(most, np.int64), np.empty(most, np.uint64), np.empty(most)
    for w in range(below.shape[0]):
        steps[:], here[:] = 0.0, base
        for tree in range(tree_first.shape[0] - 1):
            count = 0
            for b in range(tree_first[tree], tree_first[tree + 1]):
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
                    told[i] = amount
                for s in range(start, end if one else start):
                    if one & ~met[s - start]:
                        slot[count], others[count], amounts[count] = s, one & ~met[s - start], amount
                        count += 1
            for c in range(count):
                word, s = others[c], slot[c]
                while word:
                    bit = _lowest(word)
                    word ^= bit
                    i = _count(bit - np.uint64(1))
                    change = amounts[c] - told[i]
                    for r in range(run_first[s], run_first[s + 1]):
                        steps[low[r], i] += change
                        steps[high[r], i] -= change
        for j in range(p):
            steps[first[j] + j] += here
            for c in range(first[j] + j + 1, first[j + 1] + j):
                steps[c] += steps[c - 1]
        for i in range(min(WORD, n - w * WORD)):
            out[w * WORD + i, 0] = here[i]
            for j in range(p):
                for c in range(first[j], first[j + 1]):
                    out[w * WORD + i, c + 1] = steps[c + j, i]
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
def _tally(below: Any, weights: Any, words: Any, slots: Any, runs: Any, deep: bool, found: Any) -> Any:  # noqa: FBT001
    """Weigh the rows of some words that miss a leaf's box in no column, in one alone, and in two alone.

    ``slots`` are the first one of the leaf, how many there are, and the place that all rows are below; ``found`` holds
    the results for one and for two, and room for words.
    """
    start, u, every = slots
    run_first, low, high = runs
    missed_one, missed_two, met = found
    missed_none = 0.0
    for s in range(u):
        missed_one[s] = 0.0
        for t in range(s + 1, u):
            missed_two[s, t] = 0.0
    for w in range(words[0], words[1]):
        none, one, two = below[w, every], np.uint64(0), np.uint64(0)
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
    return missed_none


@_compiled
def _add(table: Any, here: int, at: Any, runs: Any, amounts: Any) -> None:
    """Add what two columns do together to the differences of a table that begins ``here``.

    That is (in both runs) - (in those of the first) - (in those of the second) + 1, each with its own amount. ``at``
    are slots and first places of both columns, and the places of the second.
    """
    first, second, from_first, from_second, wide = at
    run_first, low, high = runs
    together, first_alone, second_alone, neither = amounts
    table[here] += neither
    for q in range(run_first[second], run_first[second + 1]):
        table[here + low[q] - from_second] -= second_alone
        table[here + high[q] - from_second] += second_alone
    for r in range(run_first[first], run_first[first + 1]):
        upper, lower = here + (low[r] - from_first) * wide, here + (high[r] - from_first) * wide
        table[upper] -= first_alone
        table[lower] += first_alone
        for q in range(run_first[second], run_first[second + 1]):
            left, right = low[q] - from_second, high[q] - from_second
            table[upper + left] += together
            table[upper + right] -= together
            table[lower + left] -= together
            table[lower + right] += together


@_compiled
def tables(below: Any, weights: Any, batches: Any, leaves: Any, value: Any, first: Any, pairs: Any, begins: Any) -> Any:
    """Sums over the rows of each batch: of the trees, of what one column adds at each code, and two columns together.

    What two columns add is taken from leaves that ask about both, so that it is exactly zero where there is none.

    Parameters
    ----------
    below : (words, codes + p) what `prefixes` made of the rows in their batches
    weights : (64 words,), or none where all rows weigh the same
    batches : (g + 1,) int
        Where each batch's words begin.
    leaves : Boxes, as a plain tuple
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
    slot_first, column, run_first, low, high, _ = leaves[1:]
    runs, added, deep = (run_first, low, high), value[leaves[0]], begins.shape[0] > 1
    level, single, both = np.zeros(g), np.zeros((g, width)), np.zeros((g, begins[-1]))
    missed_one, missed_two, met = np.empty(p), np.empty((p, p)), np.empty(p, np.uint64)
    for b in range(g):
        words, of_pairs = (batches[b], batches[b + 1]), both[b]
        for leaf in range(added.shape[0]):
            start, u, amount = slot_first[leaf], slot_first[leaf + 1] - slot_first[leaf], added[leaf]
            slots, found = (start, u, first[1]), (missed_one, missed_two, met)
            none = amount * _tally(below, weights, words, slots, runs, deep, found)
            level[b] += none
            for s in range(u):
                j = column[start + s]
                alone = none + amount * missed_one[s]
                single[b, first[j] + j] -= none
                for r in range(run_first[start + s], run_first[start + s + 1]):
                    single[b, low[r]] += alone
                    single[b, high[r]] -= alone
                for t in range(s + 1, u if deep else s + 1):
                    k = column[start + t]
                    if pairs[j, k] >= 0:
                        at = (start + s, start + t, first[j] + j, first[k] + k, first[k + 1] - first[k] + 1)
                        together = alone + amount * (missed_one[t] + missed_two[s, t])
                        amounts = (together, alone, none + amount * missed_one[t], none)
                        _add(of_pairs, begins[pairs[j, k]], at, runs, amounts)
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
