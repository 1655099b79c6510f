"""Answers to *row i, but column j from elsewhere* for every row and column at once, from the structure of a model."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from sipakit.structure import Numbers, linked

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from sipakit.exact.leaves import Boxes
    from sipakit.intervene import Mix
    from sipakit.structure import Sum, Trees
    from sipakit.table import Table

__all__ = ["Curves", "available", "trace"]

_MOST_CELLS = 2**26  # of all rows' curves, half a gigabyte


@dataclass(frozen=True, eq=False)
class Curves:
    """What a model says of each row with one column at any code.

    Parameters
    ----------
    table : Table, n rows
    trees : Trees
    first : (p + 1,) int
        Where each column's codes begin.
    values : (n, 1 + codes, k)
        Answers for the row as it is, then for each column at each code.
    """

    table: Table
    trees: Trees
    first: NDArray[np.int64]
    values: NDArray[np.float64]

    tells_all: ClassVar[bool] = False  # only mixes of one column at most
    adds: ClassVar[bool] = False
    consistent: ClassVar[bool] = True
    asked: ClassVar[int] = 0  # model rows

    def beginning(self) -> Curves:
        """Return the same for another explanation."""
        return self

    @property
    def own(self) -> NDArray[np.float64]:
        """(n, k) answers for the rows as they are."""
        return self.values[:, 0]

    def codes(self, table: Table, column: int) -> NDArray[np.int32]:
        """(rows,) codes of a column of any table with the same columns."""
        return codes_of(self.trees, table, column)

    def knows(self, mix: Mix) -> NDArray[np.bool_]:
        """(m,) whether a virtual row takes one column at most, and is of this table otherwise."""
        if mix.base.table is not self.table or mix.fractional:
            return np.zeros(len(mix), bool)
        few = np.asarray(mix.take.sum(axis=1) <= 1)
        return np.ones(len(mix), bool) if few.all() else few[mix.which]

    def answers(self, mix: Mix) -> NDArray[np.float64]:
        """(m, k) answers at virtual rows that take one column at most."""
        from sipakit.exact import walk

        column = np.where(mix.take.any(axis=1), mix.take.argmax(axis=1), -1)  # of each pattern
        donors = mix.donor.table
        codes = donors.remembered(("codes", id(self.trees)), lambda: all_codes(self.trees, donors))
        found: NDArray[np.float64] = walk.looked_up(
            self.values, mix.base.index, mix.donor.index, mix.which, column, codes, self.first
        )
        return found


def available() -> bool:
    """Whether there is what `trace` needs: numba, which comes with ``sipakit[trees]``."""
    return importlib.util.find_spec("numba") is not None


def firsts(trees: Trees) -> NDArray[np.int64]:
    """(p + 1,) where each column's codes begin, if all columns' codes are counted on."""
    return np.concatenate([[0], np.cumsum(trees.sizes)])


def leaves_of(trees: Trees, one: Sum) -> Boxes:
    """Return the boxes of all leaves of a sum's trees."""
    from sipakit.exact.leaves import Nodes, boxes

    missing = np.array([c.size - 1 if isinstance(c, Numbers) else -1 for c in trees.codings])
    nodes = Nodes(
        trees.feature,
        trees.left,
        trees.right,
        trees.last_left,
        trees.missing_left,
        trees.set_first,
        trees.sets,
        missing,
    )
    return boxes(nodes, one.roots, firsts(trees))


def all_codes(trees: Trees, table: Table) -> NDArray[np.int32]:
    """(rows, p) codes of all columns."""
    return np.column_stack([codes_of(trees, table, j) for j in range(table.n_columns)])


def codes_of(trees: Trees, table: Table, column: int) -> NDArray[np.int32]:
    """(rows,) codes of a column."""
    return table.remembered(("codes", id(trees), column), lambda: trees.codings[column].codes(table.columns[column]))


def trace(trees: Trees, table: Table, read: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Curves | None:
    """Walk every row down the trees; None where the curves would not fit into memory, or the columns do not suit.

    Parameters
    ----------
    trees : Trees
    table : Table, n rows
    read : callable
        From (m, outputs) answers of the model to those that are explained.
    """
    from sipakit.exact import walk

    sizes = trees.sizes
    if not trees.takes(table.columns) or len(table) * int(sizes.sum()) * len(trees.sums) > _MOST_CELLS:
        return None
    first, n = firsts(trees), len(table)
    below = walk.prefixes(all_codes(trees, table), np.arange(n), -(-n // walk.WORD), first)
    sums = [walk.curves(below, n, tuple(leaves_of(trees, one)), one.value, one.base, first) for one in trees.sums]
    answers = linked(np.stack(sums, axis=-1), trees.link)
    flat = read(answers.reshape(-1, answers.shape[-1]))
    return Curves(table, trees, first, flat.reshape(*answers.shape[:2], -1))
