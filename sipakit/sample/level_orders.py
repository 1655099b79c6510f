"""An order for levels that have none: levels lie near each other where the other columns of their rows are alike."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from sipakit import columns as col
from sipakit.errors import InputError, first_few

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from sipakit.table import Table

__all__ = ["CategoryOrder", "check_orders", "order_as_given", "order_by_similarity", "order_of_distances"]

CategoryOrder: TypeAlias = str | Mapping[Hashable, Sequence[Any]]  # "similarity", "given", or name -> levels

_AT_ONCE = 2**20  # shares held at a time, of all levels
_EQUAL = 1e-9  # of the largest: what rounding makes of equal numbers


def check_orders(orders: Mapping[Hashable, Sequence[Any]], table: Table) -> None:
    """Refuse an order of what is no column of levels, and one with a level twice."""
    free = [name for j, name in enumerate(table.names) if table.kind(j) == "category"]
    for name, levels in orders.items():
        if name not in table.names:
            message = f"category_order names {name!r}, which is no column."
            raise InputError(message, f"Columns are {first_few(table.names)}.", "Write its name as the table does.")
        if name not in free:
            message = f"category_order names {name!r}, whose values have an order of their own."
            allowed = f"Levels without one are in {first_few(free)}." if free else "No column has levels without one."
            raise InputError(message, allowed, "Leave it out.")
        held = list(levels)
        twice = [level for i, level in enumerate(held) if level in held[:i]]
        if twice:
            message = f"category_order[{name!r}] has {first_few(twice)} twice."
            raise InputError(message, "It names every level once.", "Leave one of them out.")


def order_as_given(name: Hashable, levels: col.Column, orders: CategoryOrder) -> NDArray[np.intp]:
    """Order the levels (l,) of a column as the user does, or as they are where the user does not say.

    Raises
    ------
    InputError
        For an order that lacks a level of the rows.
    """
    if isinstance(orders, str) or name not in orders:
        return np.arange(len(levels))
    wanted = list(orders[name])
    held = [level.item() if isinstance(level, np.generic) else level for level in levels]
    lacking = [level for level in held if level not in wanted]
    if lacking:
        message = f"category_order[{name!r}] lacks {first_few(lacking)}."
        raise InputError(message, "It names every level of the rows.", "Add them where they belong.")
    return np.argsort([wanted.index(level) for level in held])


def order_by_similarity(
    table: Table, column: int, levels: NDArray[np.intp], weights: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Order the levels of a column by how alike the other columns of their rows are, as Apley and Zhu do.

    The distance between two levels is a sum over the other columns: of what has an order the largest difference of
    the two distribution functions (Kolmogorov and Smirnov), of what has none half the summed differences of the shares
    (total variation). A missing cell is a value of its own, beyond all others.

    Parameters
    ----------
    table : Table, n rows
    column : int
    levels : (n,) int
        Level of each row, from 0 on; -1 for rows that do not count.
    weights : (n,)

    Returns
    -------
    (l,) int
        Numbers of the levels, by `order_of_distances`.

    References
    ----------
    Apley and Zhu (2020), Visualizing the effects of predictor variables, online appendix on categorical predictors.
    doi:10.1111/rssb.12377
    """
    use = (levels >= 0) & (weights > 0)
    owners, mass = levels[use], weights[use]
    distance = np.zeros((int(levels.max(initial=-1)) + 1,) * 2)
    for j, cells in enumerate(table.columns):
        if j != column:
            distance += _apart(col.ranks(cells)[use], owners, mass, len(distance), ordered=table.kind(j) != "category")
    return order_of_distances(distance)


def order_of_distances(distance: NDArray[np.float64]) -> NDArray[np.intp]:
    """Order things by their coordinates on the main axis of a classical scaling of their distances (l, l).

    An axis has no direction: of the two ends, the thing with the lower number comes first. Where several axes are the
    main one, as for equal distances, it is the one on which the things stand most nearly in the order of their numbers.

    Examples
    --------
    >>> import numpy as np
    >>> places = np.array([0.0, 5.0, 1.0])
    >>> order_of_distances(np.abs(places[:, None] - places)).tolist()
    [0, 2, 1]
    """
    size = len(distance)
    centred = np.eye(size) - 1 / max(size, 1)
    values, vectors = np.linalg.eigh(-centred @ distance**2 @ centred / 2)
    if size < 2 or values[-1] <= _EQUAL * distance.max() ** 2:
        return np.arange(size)
    main = vectors[:, values >= values[-1] * (1 - _EQUAL)]
    # what is left of 0, 1, 2, ... on the main axes; where that is nothing, of the first thing that is there at all
    towards = np.column_stack([np.linspace(-1, 1, size), np.eye(size)])
    shadows = main @ (main.T @ towards)
    along = shadows[:, (np.abs(shadows).max(axis=0) > 1e-6).argmax()]
    along = (along / np.abs(along).max()).round(9)
    return np.argsort(along if along.argmin() < along.argmax() else -along, kind="stable")


def _apart(
    values: NDArray[np.intp], levels: NDArray[np.intp], weights: NDArray[np.float64], size: int, *, ordered: bool
) -> NDArray[np.float64]:
    """(size, size) distances of levels in one other column, whose cells are ranks (r,)."""
    ahead = np.zeros((size, size))  # how far the first level is ahead of the second
    for share, below in _shares(values, levels, weights, size):
        for level in range(size):
            # it gets ahead at its own values only, so that all levels together look at each value few times
            own = np.flatnonzero(share[level])
            if ordered:
                gap = below[level, own] - below[:, own]
                ahead[level] = np.maximum(ahead[level], gap.max(axis=1, initial=0))
            else:
                ahead[level] += np.maximum(share[level, own] - share[:, own], 0).sum(axis=1)
    return np.maximum(ahead, ahead.T) if ordered else (ahead + ahead.T) / 2


def _shares(
    values: NDArray[np.intp], levels: NDArray[np.intp], weights: NDArray[np.float64], size: int
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Yield each level's shares (size, v) of some of the values that occur, in order, and their running sums."""
    total = np.bincount(levels, weights, size)[:, None]
    before, several = np.zeros((size, 1)), max(_AT_ONCE // max(size, 1), 1)
    count = int(values.max(initial=-1)) + 1
    if count <= several:
        share = np.bincount(levels * count + values, weights, size * count).reshape(size, count) / total
        yield share, np.cumsum(share, axis=1)
        return
    order = np.argsort(values, kind="stable")
    levels, weights = levels[order], weights[order]
    _, number = np.unique(values[order], return_inverse=True)
    for first in range(0, int(number.max(initial=-1)) + 1, several):
        here = slice(*np.searchsorted(number, [first, first + several]))
        width = min(several, int(number[-1]) + 1 - first)
        cells = levels[here] * width + number[here] - first
        share = np.bincount(cells, weights[here], size * width).reshape(size, width) / total
        below = before + np.cumsum(share, axis=1)
        yield share, below
        before = below[:, -1:]
