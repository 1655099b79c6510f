"""Rows like the background's that are near a row on known columns: a conditional law for tables of any kind."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sipakit import columns as col
from sipakit.intervene import Mix, Rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sipakit.table import Table

__all__ = ["Axis", "NearRows", "near_rows_of"]

_MOST = 1_000  # rows that are looked at for each virtual row
_BANDWIDTH = 0.1 / np.sqrt(12)  # a tenth of the standard deviation of ranks, as Aas, Jullum and Loland have it
_AT_ONCE = 2**16  # numbers held at a time, which fit into a cache


@dataclass(frozen=True, eq=False)
class Axis:
    """One column, by which distances are told.

    Parameters
    ----------
    numbers : (r,) float
        Those of the background, ascending; none if levels have no order.
    upto : (1 + r,) float
        Share of the weight before each of them, and of all.
    places : (c,) float
        Middle ranks of the rows looked at, as shares of the weight.
    codes : (c,) int
        Equal where the cells of levels without an order are.
    lacking : (c,) bool
    """

    numbers: NDArray[np.float64]
    upto: NDArray[np.float64]
    places: NDArray[np.float64]
    codes: NDArray[np.uint64]
    lacking: NDArray[np.bool_]

    @classmethod
    def of(cls, background: Table, column: int, weights: NDArray[np.float64], among: NDArray[np.intp]) -> Axis:
        """Measure a column of the background, for distances to the rows ``among``."""
        cells, none = background.columns[column], np.empty(0)
        lacking = col.missing(cells)
        if background.kind(column) == "category":
            return cls(none, none, none, background.cell_hashes(column)[among], lacking[among])
        numbers = col.numbers(cells)
        use = np.flatnonzero(~lacking & (weights > 0))
        order = use[np.argsort(numbers[use], kind="stable")]
        share = weights[order] / max(weights[order].sum(), 1e-300)
        made = cls(numbers[order], np.append(0.0, np.cumsum(share)), none, np.empty(0, np.uint64), lacking[among])
        return replace(made, places=made.place(numbers[among]))

    def place(self, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        """Middle ranks of numbers, as shares of the weight."""
        sides = (np.searchsorted(self.numbers, numbers, side) for side in ("left", "right"))
        below, upto = (self.upto[side] for side in sides)
        return np.asarray((below + upto) / 2)

    def apart(self, table: Table, column: int, row: int) -> NDArray[np.float64]:
        """(c,) squared distances of one row of any table: 1 to a cell that only one of both lacks."""
        cell = table.columns[column].take([row])
        if col.missing(cell)[0]:
            return np.where(self.lacking, 0.0, 1.0)
        if len(self.codes):
            squares = np.where(self.codes == table.cell_hashes(column)[row], 0.0, 1.0)
        else:
            squares = (self.places - self.place(col.numbers(cell))) ** 2
        return np.where(self.lacking, 1.0, squares)


@dataclass(frozen=True, eq=False)
class NearRows:
    """Rows of a background, and where each of them stands among all.

    What a row x knows on the columns S gives every row looked at the weight exp(-d^2 / 2 h^2), with d the root mean
    square of its distances to x on S (Gower's: differences of ranks, 1 for unequal levels and for a cell that one of
    both lacks). A row z of the background goes over into the row that stands, by these weights, where z stands without
    them. So nothing known leaves z itself, and rows move little where little is told.

    Parameters
    ----------
    background : Table, b rows
    among : (c,) int
        The rows looked at, in the order given.
    weights : (c,) float
    place : (b,) float in (0, 1)
        Where each row of the background stands in the sum of the weights.
    fewest : int
        The bandwidth h reaches to so many rows at least.
    axes : tuple of p Axis
    """

    background: Table
    among: NDArray[np.intp]
    weights: NDArray[np.float64]
    place: NDArray[np.float64]
    fewest: int
    axes: tuple[Axis, ...]

    def conditioned(self, mix: Mix) -> Mix:
        """Return the same virtual rows with base rows that are near the donor on what is taken from it.

        Parameters
        ----------
        mix : Mix, m rows
            Its base rows are those of the background.

        Returns
        -------
        Mix
            Its base rows are other rows of the background.
        """
        if not len(mix):
            return mix  # one player alone asks nothing
        base = np.empty(len(mix), np.intp)
        order = np.argsort(mix.donor.index, kind="stable")
        donors, first = np.unique(mix.donor.index[order], return_index=True)
        for donor, rows in zip(donors.tolist(), np.split(order, first[1:]), strict=True):
            apart = self._apart(mix.donor.table, donor)
            lines, line = np.unique(mix.which[rows], return_inverse=True)
            base[rows] = self._drawn(
                apart, np.asarray(mix.take, bool)[lines], line.reshape(-1), self.place[mix.base.index[rows]]
            )
        return replace(mix, base=Rows(self.background, base))

    def _drawn(
        self,
        apart: NDArray[np.float32],
        take: NDArray[np.bool_],
        line: NDArray[np.intp],
        place: NDArray[np.float64],
    ) -> NDArray[np.intp]:
        """(r,) rows that stand at ``place`` (r,) by the weights of their ``line`` (r,) of ``take`` (q, p)."""
        drawn = np.empty(len(line), np.intp)
        c = len(self.among)
        order, step = np.argsort(line, kind="stable"), max(_AT_ONCE // c, 1)
        begins = np.searchsorted(line[order], np.arange(0, len(take) + step, step))
        for i, first in enumerate(range(0, len(take), step)):
            rows = order[begins[i] : begins[i + 1]]
            # all lines in one, to look up all places at once
            upto = np.cumsum(self._kernel(apart, take[first : first + step]))
            ends = np.append(0.0, upto[c - 1 :: c])
            own = line[rows] - first
            found = np.searchsorted(upto, ends[own] + place[rows] * (ends[own + 1] - ends[own]), side="right") - own * c
            drawn[rows] = self.among[np.clip(found, 0, c - 1)]
        return drawn

    def _kernel(self, apart: NDArray[np.float32], take: NDArray[np.bool_]) -> NDArray[np.float64]:
        """(q, c) weights of the rows looked at, for what each line of ``take`` (q, p) knows."""
        squares = take.astype(np.float32) @ apart
        squares /= np.maximum(take.sum(axis=1), 1)[:, None].astype(np.float32)
        reach = np.partition(squares, self.fewest - 1, axis=1)[:, [self.fewest - 1]]
        squares /= -2 * np.maximum(reach, np.float32(_BANDWIDTH**2))
        return np.asarray(np.exp(squares, out=squares) * self.weights)

    def _apart(self, table: Table, row: int) -> NDArray[np.float32]:
        """(p, c) squared distances of a row of any table to the rows looked at, column by column."""
        apart = np.empty((table.n_columns, len(self.among)), np.float32)  # neighbours need no more digits
        for j, axis in enumerate(self.axes):
            apart[j] = axis.apart(table, j, row)
        return apart

    def reach(self, table: Table) -> NDArray[np.float64]:
        """(n,) distance on all columns from each row of a table to the farthest of its ``fewest`` nearest rows.

        In units of the root mean square of the distances to all rows looked at: 1 is no nearer than any other.
        """
        found = np.empty(len(table))
        for row in range(len(table)):
            squares = self._apart(table, row).mean(axis=0)
            usual = float(self.weights @ squares) / float(self.weights.sum())
            near = float(np.partition(squares, self.fewest - 1)[self.fewest - 1])
            found[row] = np.sqrt(near / usual) if usual > 0 else 0.0
        return found


def near_rows_of(background: Table, weights: NDArray[np.float64], predictions: NDArray[np.float64]) -> NearRows:
    """Put the rows of a background that have weight in the order of their predictions, and measure its columns.

    At most 1,000 rows are looked at, in even steps through the order, each step as much weight as the other.

    Parameters
    ----------
    background : Table, b rows
    weights : (b,)
    predictions : (b, k)

    Returns
    -------
    NearRows

    References
    ----------
    Aas, Jullum and Loland (2021), Explaining individual predictions when features are dependent, section 3.1.3.
    doi:10.1016/j.artint.2021.103502; Gower (1971), doi:10.2307/2528823

    Examples
    --------
    >>> from sipakit.table import Table
    >>> table = Table.from_data(np.column_stack([np.arange(100.0), np.arange(100.0) % 2]))
    >>> near = near_rows_of(table, np.ones(100), table.matrix[:, :1])
    >>> near.fewest, near.reach(table.take(np.array([50]))).round(2).tolist()
    (10, [0.22])
    """
    use = np.flatnonzero(weights > 0)
    order = use[np.lexsort(predictions[use].T)]
    upto = np.cumsum(weights[order])
    place = np.zeros(len(background))
    place[order] = (upto - weights[order] / 2) / upto[-1]
    among, counted = order, weights[order]
    if len(order) > _MOST:
        even = (np.arange(_MOST) + 0.5) / _MOST
        among = order[np.minimum(np.searchsorted(upto / upto[-1], even), len(order) - 1)]
        counted = np.ones(_MOST)
    axes = tuple(Axis.of(background, j, weights, among) for j in range(background.n_columns))
    return NearRows(background, among, counted, place, int(np.ceil(np.sqrt(len(among)))), axes)
