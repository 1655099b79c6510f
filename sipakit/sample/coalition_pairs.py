"""Sets of features with their complements, dealt to many small samples that together hold each about equally often."""

from __future__ import annotations

from itertools import combinations
from math import comb
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["paired_coalitions"]

_LISTED = 2**17  # sets of one size that are listed and dealt; of more, a random one hardly comes twice


def paired_coalitions(
    samples: int, size: int, u: int, rng: np.random.Generator, *, nested: bool = False
) -> tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.float64]]:
    """Deal pairs of a set and its complement to samples, by leverage: every number of features is equally frequent.

    Of each pair only one set is told, that of at most half of the features. Sets of a size are dealt in a random order,
    each of them once before any of them twice, so that a sample has no pair twice and all samples together cover the
    pairs evenly (but for the nested ones, and for numbers of features with more than 2^17 sets, which are drawn).

    Parameters
    ----------
    samples : int
    size : int
        Pairs of a sample, at most the 2^(u - 1) - 1 that there are.
    u : int
        Features, at least 2.
    rng : Generator
    nested : bool, default False
        Whether u - 1 pairs of each sample, if it has as many, are those that a random order of the features meets. They
        tell a straight line apart with the least that it takes, where as many pairs by chance hardly do.

    Returns
    -------
    sets : (samples, size, u) bool
        In the order of their numbers of features.
    weights : (samples, size)
        The Shapley kernel over the share of pairs that was drawn: weighted sums are those over all pairs.
    rest : (samples, size)
        Share of the pairs of that number of features which the sample does not have: 0 where it has all.

    References
    ----------
    Musco and Witter (2025), Provably accurate Shapley value estimation via leverage score sampling. arXiv:2410.01917

    Examples
    --------
    >>> sets, weights, rest = paired_coalitions(2, 3, 3, np.random.default_rng(0))
    >>> sorted(sets[0].astype(int).tolist()), weights[0].round(3).tolist()
    ([[0, 0, 1], [0, 1, 0], [1, 0, 0]], [0.667, 0.667, 0.667])
    """
    numbers = np.arange(1, u // 2 + 1)
    counts = _counts(samples, size, u)
    sets = np.zeros((samples, size, u), bool)
    weights, rest = np.empty((2, samples, size))
    ends = np.cumsum(counts, axis=1)
    places = rng.random((samples, u)).argsort(axis=1) if nested else None
    for s, count, end in zip(numbers.tolist(), counts.T, ends.T, strict=True):
        owner = np.repeat(np.arange(samples), count)
        place = np.arange(len(owner)) - np.repeat(np.cumsum(count) - end, count)
        sets[owner, place] = _dealt(count, s, u, rng)
        if places is not None:
            for mine, first, last in zip(range(samples), end - count, end, strict=True):
                sets[mine, first:last] = _with_met(sets[mine, first:last], _met(places[mine], s))
        kernel = (u - 1) / (s * (u - s)) * (1 if 2 * s == u else 2)
        weights[owner, place] = kernel / count[owner]
        rest[owner, place] = np.maximum(1 - count[owner] / _pairs(s, u), 0)
    return sets, weights, rest


def _met(places: NDArray[np.intp], s: int) -> NDArray[np.bool_]:
    """(2 or 1, u) the first and the last s features of an order; of a pair that halves them the one with feature 0."""
    u = len(places)
    ends = np.array([places < s, places >= u - s])
    return ends if 2 * s < u else ends[ends[:, 0]]


def _with_met(sets: NDArray[np.bool_], met: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """As many sets, with ``met`` among them and none twice."""
    known = (sets[:, None] == met).all(axis=2).any(axis=1)
    return np.concatenate([met, sets[~known]])[: len(sets)]


def _counts(samples: int, size: int, u: int) -> NDArray[np.intp]:
    """(samples, u // 2) how many pairs of each number of features a sample gets; rounded so that all get their share.

    Where there are fewer pairs of a number than its share, all of them are taken, and the others share the rest.
    """
    numbers = np.arange(1, u // 2 + 1)
    frequent = np.where(2 * numbers == u, 1.0, 2.0)  # a pair of other sizes stands for two numbers
    room = np.array([_pairs(s, u) for s in numbers.tolist()], np.float64)
    share, free = np.zeros(len(numbers)), np.ones(len(numbers), bool)
    while free.any():
        share[free] = (size - share[~free].sum()) * frequent[free] / frequent[free].sum()
        full = free & (share >= room)
        if not full.any():
            break
        share[full], free = room[full], free & ~full
    least = np.floor(share + 1e-9)
    running = np.cumsum(share - least)
    start = (np.arange(samples)[:, None] + 0.5) * (np.sqrt(5) - 1) / 2 % 1  # another rounding for each sample
    passed = np.floor(np.column_stack([np.zeros(samples), np.tile(running, (samples, 1))]) + start + 1e-9)
    counts: NDArray[np.intp] = (least + np.diff(passed, axis=1)).astype(np.intp)
    return counts


def _pairs(s: int, u: int) -> int:
    """How many pairs there are of sets of s features and their complements; 2^62 at most, which a float can be."""
    return min(comb(u, s) // (2 if 2 * s == u else 1), 2**62)


def _dealt(counts: NDArray[np.intp], s: int, u: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """(sum of counts, u) sets of s features for one sample after the other, in a random order."""
    if _pairs(s, u) > _LISTED:
        return np.asarray(rng.random((counts.sum(), u)).argsort(axis=1).argsort(axis=1) < s)
    members = np.array([one for one in combinations(range(u), s) if 2 * s < u or one[0] == 0], np.intp)
    every = np.zeros((len(members), u), bool)
    every[np.arange(len(members))[:, None], members] = True
    ends, order = np.cumsum(counts), np.empty(0, np.intp)
    while len(order) < ends[-1]:
        sample = int(np.searchsorted(ends, len(order), side="right"))
        has = order[ends[sample] - counts[sample] :]  # by the sample that the last round did not fill
        again = rng.permutation(len(every))
        late = np.isin(again, has)
        order = np.concatenate([order, again[~late], again[late]])
    return every[order[: ends[-1]]]
