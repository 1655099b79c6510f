"""What the readers of all libraries put together: trees node by node, and from them `sipakit.structure.Trees`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from sipakit.structure import Levels, Numbers, Sum, Trees

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sipakit.structure import Coding

__all__ = ["Forest", "Splits", "numbered"]


@dataclass(frozen=True, eq=False)
class Splits:
    """The inner nodes of one tree, the first being its root.

    Parameters
    ----------
    feature : (s,) int
    threshold : (s,) float
        The largest number, or the smallest one beyond, that goes left.
    left_if_missing : (s,) bool
    left, right : (s,) int
        The inner node that follows; -1 - i for leaf i.
    sets : node -> levels that go left, for nodes that look into a set
    """

    feature: NDArray[np.int64]
    threshold: NDArray[np.float64]
    left_if_missing: NDArray[np.bool_]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    sets: Mapping[int, frozenset[int]] = field(default_factory=dict)

    @classmethod
    def none(cls) -> Splits:
        """A tree that is one leaf."""
        nothing = np.zeros(0, np.int64)
        return cls(nothing, nothing.astype(np.float64), nothing.astype(bool), nothing, nothing)

    def __len__(self) -> int:
        return len(self.feature)

    @property
    def compares(self) -> NDArray[np.bool_]:
        """(s,) whether a node compares rather than looks into a set."""
        return ~np.isin(np.arange(len(self)), list(self.sets))


@dataclass
class Forest:
    """Trees as they are read.

    Parameters
    ----------
    width : int
        Number of columns.
    """

    width: int
    splits: list[Splits] = field(default_factory=list)
    leaves: list[NDArray[np.float64]] = field(default_factory=list)
    into: list[tuple[int, ...]] = field(default_factory=list)

    def add(self, splits: Splits, leaves: NDArray[np.float64], into: Sequence[int]) -> None:
        """Add a tree; its leaves (l, len(into)) add to the sums numbered ``into``."""
        self.splits.append(splits)
        self.leaves.append(leaves.reshape(-1, len(into)))
        self.into.append(tuple(into))

    def thresholds(self) -> list[NDArray[np.float64]]:
        """All thresholds of each column, ascending."""
        feature = np.concatenate([s.feature[s.compares] for s in self.splits])
        threshold = np.concatenate([s.threshold[s.compares] for s in self.splits])
        return [np.unique(threshold[feature == j]) for j in range(self.width)]

    def levels(self) -> list[int]:
        """How many levels the sets of each column name, at least; 0 for columns that are compared only."""
        found = [0] * self.width
        for splits in self.splits:
            for node, members in splits.sets.items():
                j = int(splits.feature[node])
                found[j] = max(found[j], 1 + max(members, default=-1))
        return found

    def trees(
        self, codings: Sequence[Coding], *, link: str, base: Sequence[float], tolerance: float = 1e-9
    ) -> Trees | None:
        """Put the trees together; None where a column is both compared and looked up in sets."""
        if any(isinstance(codings[j], Levels) != bool(found) for j, found in enumerate(self.levels()) if found):
            return None
        sizes = [(len(splits), len(leaves)) for splits, leaves in zip(self.splits, self.leaves, strict=True)]
        begin = np.concatenate([[0], np.cumsum([inner + leaf for inner, leaf in sizes])]).astype(np.int64)
        made = _Nodes.of(int(begin[-1]))
        values = np.zeros((len(base), int(begin[-1])))
        for splits, leaves, into, start in zip(self.splits, self.leaves, self.into, begin[:-1], strict=True):
            made.add(splits, codings, int(start))
            first = int(start) + len(splits)
            values[list(into), first : first + len(leaves)] = leaves.T
        sums = [
            Sum(begin[:-1][[s in into for into in self.into]].astype(np.int32), values[s], float(base[s]))
            for s in range(len(base))
        ]
        sets = np.concatenate(made.sets) if made.sets else np.zeros(0, bool)
        return Trees(
            codings=tuple(codings),
            feature=made.feature,
            left=made.left,
            right=made.right,
            last_left=made.last_left,
            missing_left=made.missing_left,
            set_first=made.set_first,
            sets=sets,
            sums=tuple(sums),
            link=link,
            tolerance=tolerance,
        )


@dataclass
class _Nodes:
    """The arrays of `Trees`, while they are filled."""

    feature: NDArray[np.int32]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    last_left: NDArray[np.int32]
    missing_left: NDArray[np.bool_]
    set_first: NDArray[np.int64]
    sets: list[NDArray[np.bool_]] = field(default_factory=list)
    end: int = 0

    @classmethod
    def of(cls, m: int) -> _Nodes:
        """Nodes that are all leaves."""
        feature, left, right, last_left = (np.full(m, -1, np.int32) for _ in range(4))
        return cls(feature, left, right, last_left, np.zeros(m, bool), np.full(m, -1, np.int64))

    def add(self, splits: Splits, codings: Sequence[Coding], start: int) -> None:
        """Fill in the inner nodes of a tree that begins at ``start``; its leaves come after them."""
        s = len(splits)
        at = slice(start, start + s)
        self.feature[at] = splits.feature
        self.missing_left[at] = splits.left_if_missing
        for child, side in ((splits.left, self.left), (splits.right, self.right)):
            side[at] = start + np.where(child >= 0, child, s - 1 - child)
        for j in np.unique(splits.feature[splits.compares]):
            nodes = np.flatnonzero((splits.feature == j) & splits.compares)
            coding = codings[j]
            if isinstance(coding, Numbers):
                self.last_left[start + nodes] = np.searchsorted(coding.thresholds, splits.threshold[nodes])
        for node, members in splits.sets.items():
            coding = codings[int(splits.feature[node])]
            goes_left = np.isin(np.arange(coding.size), list(members))
            goes_left[-1] = splits.left_if_missing[node]
            self.set_first[start + node] = self.end
            self.sets.append(goes_left)
            self.end += coding.size


def numbered(
    inner: NDArray[np.bool_],
    feature: NDArray[Any],
    threshold: NDArray[np.float64],
    left_if_missing: NDArray[np.bool_],
    children: tuple[NDArray[Any], NDArray[Any]],
) -> tuple[Splits, NDArray[np.intp]]:
    """Count inner nodes and leaves apart; return the inner ones, and the nodes that are leaves in their order."""
    number = np.where(inner, np.cumsum(inner) - 1, 0 - np.cumsum(np.logical_not(inner)))
    left, right = (number[side[inner].astype(np.intp)] for side in children)
    splits = Splits(
        feature[inner].astype(np.int64), threshold[inner].astype(np.float64), left_if_missing[inner], left, right
    )
    return splits, np.flatnonzero(np.logical_not(inner))
