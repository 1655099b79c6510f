"""Partial dependence on one column, and on two, at every code: from the structure of a model, over all rows at once.

Rows are dealt to batches, and every mean is taken in each of them: what differs between batches tells how uncertain the
mean over all rows is, as in the method of batch means.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from sipakit.exact.curves import answers_of
from sipakit.structure import linked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from sipakit.exact.leaves import Boxes
    from sipakit.structure import Trees
    from sipakit.table import Table

__all__ = ["Batches", "Joint", "adds", "deal", "join"]

_Sums: TypeAlias = "tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]"
_BATCHES, _WORDS = 64, 4
_MOST_CELLS = 2**23  # of all batches' tables of pairs that are held at a time, 64 MB
_MOST_WORDS = 2**26  # of rows as bits, half a gigabyte
_ADDITIVE = ("identity", "complement")  # links that leave sums sums


@dataclass(frozen=True)
class Batches:
    """Rows dealt at random to batches of nearly equal size; rows without weight are in none.

    Parameters
    ----------
    of_row : (n,) int
        Number of each row's batch, or -1.
    weights : (n,)
        Adding to 1.
    share : (g,)
        Weight of each batch.
    """

    of_row: NDArray[np.intp]
    weights: NDArray[np.float64]
    share: NDArray[np.float64]

    def means(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """(g, k) means in each batch of values (n, k)."""
        used = self.of_row >= 0
        sums = [np.bincount(self.of_row[used], self.weights[used] * one[used], len(self.share)) for one in values.T]
        return np.asarray(np.stack(sums, axis=1) / self.share[:, None])

    def shares_of(self, cells: NDArray[np.integer], count: int) -> NDArray[np.float64]:
        """(g, count) share of each batch's rows that is in each cell, of cells (n,)."""
        used = self.of_row >= 0
        places = self.of_row[used] * count + cells[used]
        sums = np.bincount(places, self.weights[used], len(self.share) * count)
        return np.asarray(sums.reshape(-1, count) / self.share[:, None])


def deal(weights: NDArray[np.float64]) -> Batches:
    """Deal rows to 64 batches, or to a few less if these then are whole words of bits.

    Examples
    --------
    >>> dealt = deal(np.ones(130))
    >>> np.bincount(np.bincount(dealt.of_row)).tolist()  # two batches of three rows
    [0, 0, 62, 2]
    """
    used = np.flatnonzero(weights > 0)
    words = -(-len(used) // (64 * _BATCHES))  # of a batch
    # from a few words on, as many batches as fill theirs
    g = min(len(used), _BATCHES if words < _WORDS else -(-len(used) // (64 * words)))
    of_row = np.full(len(weights), -1)
    of_row[np.random.default_rng(0).permutation(used)] = np.arange(len(used)) % g
    parts = weights / weights.sum()
    return Batches(of_row, parts, np.asarray(np.bincount(of_row[used], parts[used], g), np.float64))


@dataclass(frozen=True, eq=False)
class Joint:
    """Partial dependence at every code, in each batch of rows.

    Parameters
    ----------
    table : Table, n rows
    trees : Trees
    read : callable
        From (m, outputs) answers of the model to those that are explained.
    batches : Batches, g of them
    wanted : tuple of (int, int)
        Pairs of columns j < k; the tables of the first ones are made with all the rest.

    Notes
    -----
    Arrays are (g, ..., k): the mean over the rows of a batch. `level` is that of the answers as they are, `single` what
    setting one column adds to it, and tables of pairs hold what setting both adds to that.
    """

    table: Table
    trees: Trees
    read: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    batches: Batches
    wanted: tuple[tuple[int, int], ...] = ()

    @cached_property
    def level(self) -> NDArray[np.float64]:
        """(g, k) mean answer."""
        sums = np.stack([one.base + level for one, (level, _, _) in zip(self.trees.sums, self._first, strict=True)], -1)
        return self._answers(sums)

    def single(self, column: int) -> NDArray[np.float64]:
        """(g, codes, k) what the mean answer changes by when a column is set to each code."""
        first, size = self.trees.first[column] + column, self.trees.codings[column].size
        steps = np.stack([single[:, first : first + size] for _, single, _ in self._first], axis=-1)
        return self._changes(steps.cumsum(axis=1))

    def pairs(self) -> Iterator[tuple[tuple[int, int], NDArray[np.float64]]]:
        """Go through the wanted pairs, with (g, codes of j, codes of k, k) what both columns add beyond each."""
        for i, part in enumerate(self._parts):
            made = self._tables(part) if i else self._first
            ends = np.cumsum([0, *(self._places(j, k) for j, k in part)])
            for (j, k), start, end in zip(part, ends[:-1], ends[1:], strict=True):
                shape = (-1, self.trees.codings[j].size + 1, self.trees.codings[k].size + 1)
                steps = np.stack([both[:, start:end].reshape(shape) for _, _, both in made], axis=-1)
                yield (j, k), self._changes(steps.cumsum(axis=1).cumsum(axis=2)[:, :-1, :-1])

    def surfaces(
        self, table: Table, rows: Mapping[tuple[int, int], NDArray[np.intp]]
    ) -> Iterator[tuple[tuple[int, int], NDArray[np.float64]]]:
        """Go through the wanted pairs, with (g, rows, k) mean answers at the cells of those ``rows`` of a table."""
        for (j, k), both in self.pairs():
            at_j, at_k = (self.codes(table, column)[rows[j, k]] for column in (j, k))
            alone = self.single(j)[:, at_j] + self.single(k)[:, at_k]
            yield (j, k), self.level[:, None] + alone + both[:, at_j, at_k]

    def codes(self, table: Table, column: int) -> NDArray[np.int32]:
        """(rows,) codes of a column of any table with the same columns."""
        codes: NDArray[np.int32] = self.trees.codes(table)[:, column]
        return codes

    @cached_property
    def _parts(self) -> list[list[tuple[int, int]]]:
        """Cut pairs into parts whose tables are held together."""
        parts, cells = list[list[tuple[int, int]]]([[]]), 0
        for j, k in self.wanted:
            more = self._places(j, k) * len(self.batches.share) * len(self.trees.sums)
            if parts[-1] and cells + more > _MOST_CELLS:
                parts.append([])
                cells = 0
            parts[-1].append((j, k))
            cells += more
        return parts

    def _places(self, j: int, k: int) -> int:
        return (self.trees.codings[j].size + 1) * (self.trees.codings[k].size + 1)

    @cached_property
    def _first(self) -> list[_Sums]:
        return self._tables(self._parts[0])

    @cached_property
    def _leaves(self) -> list[Boxes]:
        from sipakit.exact.leaves import leaves_of

        return [leaves_of(self.trees, one) for one in self.trees.sums]

    @cached_property
    def _bits(self) -> tuple[NDArray[np.uint64], NDArray[np.float64], NDArray[np.intp]]:
        """Rows as bits of words, the weight of each bit (none if all weigh the same), and where batches begin."""
        from sipakit.exact import walk

        of_row, weights = self.batches.of_row, self.batches.weights
        used = np.flatnonzero(of_row >= 0)
        used = used[np.argsort(of_row[used], kind="stable")]
        sizes = np.bincount(of_row[used])
        begins = np.concatenate([[0], np.cumsum(-(-sizes // walk.WORD))])
        within = np.arange(len(used)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        place = np.repeat(begins[:-1] * walk.WORD, sizes) + within
        of_bit = np.zeros(0)
        if np.ptp(weights[used]) > 0:
            of_bit = np.zeros(begins[-1] * walk.WORD)
            of_bit[place] = weights[used]
        codes = self.trees.codes(self.table)[used]
        return walk.prefixes(codes, place, int(begins[-1]), self.trees.first), of_bit, begins

    def _tables(self, pairs: list[tuple[int, int]]) -> list[_Sums]:
        """Means in each batch, for each sum of trees."""
        from sipakit.exact import walk

        below, weights, begins = self._bits
        first, p = self.trees.first, len(self.trees.codings)
        number = np.full((p, p), -1)
        for i, (j, k) in enumerate(pairs):
            number[j, k] = i
        tables = np.cumsum([0, *(self._places(j, k) for j, k in pairs)])
        scale = (1.0 if len(weights) else float(self.batches.weights.max())) / self.batches.share
        found = []
        for one, leaves in zip(self.trees.sums, self._leaves, strict=True):
            made = walk.tables(below, weights, begins, tuple(leaves), one.value, first, number, tables)
            level, single, both = (sums * scale.reshape(-1, *[1] * (sums.ndim - 1)) for sums in made)
            found.append((level, single, both))
        return found

    def _answers(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        return answers_of(sums, self.trees.link, self.read)

    def _changes(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        return self._answers(sums) - self._answers(np.zeros((1, sums.shape[-1])))


def join(
    trees: Trees,
    table: Table,
    weights: NDArray[np.float64],
    read: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    pairs: Sequence[tuple[int, int]],
) -> Joint | None:
    """Get ready to average over rows; None where the answers are no sums of the trees', or rows would not fit.

    Parameters
    ----------
    trees : Trees
    table : Table, n rows
    weights : (n,)
    read : callable
        From (m, outputs) answers of the model to those that are explained.
    pairs : list of (int, int)
        The pairs of columns that will be looked at.
    """
    words = (len(table) / 64 + _BATCHES) * float(trees.sizes.sum())
    if trees.link not in _ADDITIVE or not trees.takes(table.columns) or words > _MOST_WORDS:
        return None
    if not adds(trees.link, len(trees.sums), read):
        return None
    return Joint(table, trees, read, deal(weights), tuple(sorted((min(pair), max(pair)) for pair in pairs)))


def adds(link: str, count: int, read: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> bool:
    """Whether what is explained is the same sum of ``count`` sums everywhere, and no curve of them such as log-odds."""
    one, other = np.random.default_rng(0).uniform(0.1, 0.4, (2, 3, count))
    zero, first, second, both = (read(linked(sums, link)) for sums in (0 * one, one, other, one + other))
    with np.errstate(all="ignore"):
        return bool(np.allclose(first + second, both + zero, rtol=1e-9, atol=1e-12))
