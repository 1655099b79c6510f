"""What the readers of all libraries put together: the nodes of all trees, and from them `sipakit.structure.Trees`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sipakit.structure import Levels, Numbers, Sum, Trees

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from sipakit.structure import Coding

__all__ = ["Forest", "Sets", "joined", "levels_of_words"]


@dataclass(frozen=True, eq=False)
class Sets:
    """Nodes that look into a set of levels.

    Parameters
    ----------
    nodes : (s,) int
        Counted over all trees.
    named : (q,) int
        For each level that is named, which of these nodes names it.
    levels : (q,) int
    named_left : bool
        Whether levels that are named go left, and all others right; or the other way round, as in XGBoost.
    """

    nodes: NDArray[np.int64]
    named: NDArray[np.int64]
    levels: NDArray[np.int64]
    named_left: bool = True

    @classmethod
    def none(cls) -> Sets:
        """All nodes compare."""
        nothing = np.zeros(0, np.int64)
        return cls(nothing, nothing, nothing)


@dataclass(frozen=True, eq=False)
class Forest:
    """The nodes of all trees as a library numbers them, tree after tree.

    Parameters
    ----------
    width : int
        Number of columns.
    size : (t,) int
        Number of nodes of each tree; the first one is its root.
    feature : (m,) int
    threshold : (m,) float
        The largest number, or the smallest one beyond, that goes left.
    missing_left : (m,) bool
    left, right : (m,) int
        The nodes that follow, counted within the tree; below zero for leaves.
    value : (m, k) float
        What leaves add.
    sets : Sets
    """

    width: int
    size: NDArray[np.int64]
    feature: NDArray[np.int64]
    threshold: NDArray[np.float64]
    missing_left: NDArray[np.bool_]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    value: NDArray[np.float64]
    sets: Sets

    @property
    def starts(self) -> NDArray[np.int64]:
        """(t,) roots of the trees."""
        return np.cumsum(self.size) - self.size

    @property
    def compares(self) -> NDArray[np.bool_]:
        """(m,) whether a node compares, and is no leaf and looks into no set."""
        found = self.left >= 0
        found[self.sets.nodes] = False
        return found

    @property
    def looked_up(self) -> NDArray[np.bool_]:
        """(width,) whether columns are looked up in sets."""
        return np.bincount(self.feature[self.sets.nodes], minlength=self.width) > 0

    def thresholds(self) -> list[NDArray[np.float64]]:
        """All thresholds of each column, ascending."""
        compares = self.compares
        feature, threshold = self.feature[compares], self.threshold[compares]
        return [np.unique(threshold[feature == j]) for j in range(self.width)]

    def codings(
        self, numbers: Callable[[int, NDArray[np.float64]], Numbers], levels: Callable[[int, int], Coding]
    ) -> list[Coding]:
        """Codings of all columns.

        Parameters
        ----------
        numbers : callable
            From a column and its thresholds to the coding of one that is compared.
        levels : callable
            From a column and how many levels are named, at least, to the coding of one that is looked up.
        """
        named = np.zeros(self.width, np.int64)
        np.maximum.at(named, self.feature[self.sets.nodes[self.sets.named]], self.sets.levels + 1)
        looked_up = self.looked_up
        return [
            levels(j, int(named[j])) if looked_up[j] else numbers(j, thresholds)
            for j, thresholds in enumerate(self.thresholds())
        ]

    def trees(
        self,
        codings: Sequence[Coding],
        *,
        base: Sequence[float],
        into: NDArray[np.int64] | None = None,
        link: str = "identity",
        tolerance: float = 1e-9,
    ) -> Trees | None:
        """Put the trees together; None where a column is both compared and looked up in sets.

        Parameters
        ----------
        codings : sequence of Coding, one a column
        base : (s,) float
            Where the sums begin.
        into : (t,) int, optional
            The sum that each tree adds to; left out, each of the k values of a leaf is for a sum of its own.
        link, tolerance : as in `Trees`
        """
        compares, looked_up, starts = self.compares, self.looked_up, self.starts
        if looked_up[self.feature[compares]].any():
            return None
        begin = np.repeat(starts, self.size)
        set_first, sets = self._sets(codings)
        roots = [starts if into is None else starts[into == s] for s in range(len(base))]
        values = [np.ascontiguousarray(one) for one in self.value.T]
        return Trees(
            codings=tuple(codings),
            feature=np.where(self.left >= 0, self.feature, -1).astype(np.int32),
            left=_counted(begin, self.left),
            right=_counted(begin, self.right),
            last_left=self._last_left(codings, compares),
            missing_left=self.missing_left,
            set_first=set_first,
            sets=sets,
            sums=tuple(
                Sum(roots[s].astype(np.int32), values[s if into is None else 0], float(base[s]))
                for s in range(len(base))
            ),
            link=link,
            tolerance=tolerance,
        )

    def _last_left(self, codings: Sequence[Coding], compares: NDArray[np.bool_]) -> NDArray[np.int32]:
        """(m,) for nodes that compare, the last code that goes left."""
        last = np.full(len(self.feature), -1, np.int32)
        for j, coding in enumerate(codings):
            if isinstance(coding, Numbers) and len(coding.thresholds):
                nodes = np.flatnonzero(compares & (self.feature == j))
                last[nodes] = np.searchsorted(coding.thresholds, self.threshold[nodes])
        return last

    def _sets(self, codings: Sequence[Coding]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """(m,) where each set begins, and whether each of its codes goes left; what is missing has the last code."""
        nodes, named = self.sets.nodes, self.sets.named
        column = self.feature[nodes]
        ends = np.cumsum(np.array([coding.size for coding in codings])[column])
        begins = np.concatenate([[0], ends[:-1]]).astype(np.int64)[: len(nodes)]
        # numbers that stand for levels have one code more, for what lies below the first
        shift = np.array([0 if isinstance(coding, Levels) else 1 for coding in codings])[column]
        goes_left = np.full(int(ends[-1]) if len(ends) else 0, not self.sets.named_left)
        goes_left[(begins + shift)[named] + self.sets.levels] = self.sets.named_left
        goes_left[ends - 1] = self.missing_left[nodes]
        first = np.full(len(self.feature), -1, np.int64)
        first[nodes] = begins
        return first, goes_left


def _counted(begin: NDArray[np.int64], child: NDArray[np.int64]) -> NDArray[np.int32]:
    """(m,) nodes that follow, counted over all trees; -1 for leaves."""
    return np.where(child >= 0, begin + child, -1).astype(np.int32)


def joined(parts: Sequence[NDArray[Any]], dtype: Any) -> NDArray[Any]:
    """Arrays of all trees, one after the other."""
    return np.concatenate(parts).astype(dtype, copy=False) if parts else np.zeros(0, dtype)


def levels_of_words(words: NDArray[np.uint32], of_set: NDArray[Any], place: NDArray[Any]) -> tuple[NDArray[Any], ...]:
    """Sets, and levels in them, of sets that are kept as bits of words.

    Parameters
    ----------
    words : (w,) uint32
    of_set : (w,) int
        The set that a word belongs to.
    place : (w,) int
        How many words of its set come before it.

    Examples
    --------
    >>> named, levels = levels_of_words(np.array([5, 1], np.uint32), np.array([0, 0]), np.array([0, 1]))
    >>> named.tolist(), levels.tolist()
    ([0, 0, 0], [0, 2, 32])
    """
    bits = np.unpackbits(words.astype("<u4").view(np.uint8), bitorder="little").reshape(-1, 32)
    word, bit = np.nonzero(bits)
    return of_set[word], place[word] * 32 + bit
