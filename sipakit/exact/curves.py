"""Answers to *row i, but column j from elsewhere* for every row and column at once, from the structure of a model."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from sipakit.structure import linked

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from sipakit.intervene import Mix
    from sipakit.structure import Trees
    from sipakit.table import Table

__all__ = ["Curves", "answers_of", "available", "trace"]

_MOST_CELLS = 2**26  # of all rows' curves, half a gigabyte


@dataclass(frozen=True, eq=False)
class Curves:
    """What a model says of each row with one column at any code.

    Parameters
    ----------
    table : Table, n rows
    trees : Trees
    values : (n, 1 + codes, k)
        Answers for the row as it is, then for each column at each code.
    """

    table: Table
    trees: Trees
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
        codes: NDArray[np.int32] = self.trees.codes(table)[:, column]
        return codes

    def knows(self, mix: Mix) -> NDArray[np.bool_]:
        """(m,) whether a virtual row takes one column at most, of a kind that suits, and is of this table otherwise."""
        donors = mix.donor.table
        suits = donors.remembered(("suits", id(self.trees)), lambda: self.trees.takes(donors.columns))
        if mix.base.table is not self.table or mix.fractional or not suits:
            return np.zeros(len(mix), bool)
        few = np.asarray(mix.take.sum(axis=1) <= 1)
        return np.ones(len(mix), bool) if few.all() else few[mix.which]

    def answers(self, mix: Mix) -> NDArray[np.float64]:
        """(m, k) answers at virtual rows that take one column at most."""
        from sipakit.exact import walk

        column = np.where(mix.take.any(axis=1), mix.take.argmax(axis=1), -1)  # of each pattern
        codes = self.trees.codes(mix.donor.table)
        found: NDArray[np.float64] = walk.looked_up(
            self.values, mix.base.index, mix.donor.index, mix.which, column, codes, self.trees.first
        )
        return found


def available() -> bool:
    """Whether there is what `trace` needs: numba, which comes with ``sipakit[trees]``."""
    return importlib.util.find_spec("numba") is not None


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
    from sipakit.exact.leaves import leaves_of

    sizes = trees.sizes
    if not trees.takes(table.columns) or len(table) * int(sizes.sum()) * len(trees.sums) > _MOST_CELLS:
        return None
    first, n = trees.first, len(table)
    below = walk.prefixes(trees.codes(table), np.arange(n), -(-n // walk.WORD), first)
    sums = [walk.curves(below, n, tuple(leaves_of(trees, one)), one.value, one.base, first) for one in trees.sums]
    joined = sums[0][..., None] if len(sums) == 1 else np.stack(sums, axis=-1)  # of a large array a copy takes long
    return Curves(table, trees, answers_of(joined, trees.link, read))


def answers_of(
    sums: NDArray[np.float64], link: str, read: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> NDArray[np.float64]:
    """(..., k) what is explained of a model, from the sums (..., s) of its trees."""
    answers = linked(sums, link)
    return read(answers.reshape(-1, answers.shape[-1])).reshape(*answers.shape[:-1], -1)
