"""Strata of rows in which a feature hardly depends on the others: donors from the same stratum respect them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.tree import DecisionTreeRegressor

from sipakit.encoding import encode
from sipakit.sample.folds import folds_of
from sipakit.task import Feature

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sipakit.table import Table

__all__ = ["strata_of"]


def strata_of(
    table: Table, columns: Sequence[int], weights: NDArray[np.float64], *, fewest: int, rng: np.random.Generator
) -> NDArray[np.intp]:
    """(n,) the stratum of each row, numbered from 0: the leaves of trees that guess ``columns`` from the others.

    The table is cut in halves at random, and the rows of each half are sorted by a tree that was fitted to the other
    half: a tree that saw a row's own value would put rows with equal values together, however little the other columns
    say of it. A split stays if both of its sides hold enough rows.

    Parameters
    ----------
    table : Table, n rows
    columns : tuple of int
        The columns of one feature; of a category each of its 50 most frequent levels is guessed.
    weights : (n,)
        Rows without weight are sorted and not counted.
    fewest : int
        Rows that a stratum has at least; one stratum holds all rows where there are fewer than four times as many.
    rng : Generator

    References
    ----------
    Molnar, König, Bischl and Casalicchio (2023), doi:10.1007/s10618-022-00901-9

    Examples
    --------
    >>> from sipakit.table import Table
    >>> x = np.arange(100.0)
    >>> table = Table.from_data(np.column_stack([x, np.sqrt(x)]))
    >>> found = strata_of(table, [0], np.ones(100), fewest=5, rng=np.random.default_rng(0))
    >>> bool(np.bincount(found).min() >= 5), max(float(np.ptp(x[found == s])) for s in np.unique(found)) < 50
    (True, True)
    """
    others = [j for j in range(table.n_columns) if j not in set(columns)]
    if not others or (weights > 0).sum() < 4 * fewest:
        return np.zeros(len(table), np.intp)
    X = encode(table, _single(table, others), weights, impute=False).matrix
    own = encode(table, _single(table, columns), weights, impute=True).matrix
    half = folds_of(weights, None, 2, rng)
    leaf = np.empty(len(table), np.intp)
    for part in (0, 1):
        here, there = half == part, (half != part) & (weights > 0)
        tree = DecisionTreeRegressor(min_samples_leaf=fewest, random_state=0)
        tree.fit(X[there], own[there], sample_weight=weights[there])
        passes = np.asarray(tree.decision_path(X[here]).todense(), bool)
        leaf[here] = 2 * _leaves(tree, (passes & (weights[here] > 0)[:, None]).sum(axis=0), passes, fewest) + part
    return np.unique(leaf, return_inverse=True)[1].reshape(-1).astype(np.intp)


def _single(table: Table, columns: Sequence[int]) -> list[Feature]:
    return [Feature(table.names[j], (j,)) for j in columns]


def _leaves(
    tree: DecisionTreeRegressor, counts: NDArray[np.intp], passes: NDArray[np.bool_], fewest: int
) -> NDArray[np.intp]:
    """(m,) the last node on each row's way ((m, nodes) bool), if every split has enough of ``counts`` on each side."""
    left, right = tree.tree_.children_left, tree.tree_.children_right
    found, due = np.zeros(len(passes), np.intp), [0]
    while due:
        node = due.pop()
        children = [int(left[node]), int(right[node])]
        if children[0] == children[1] or min(counts[children]) < fewest:
            found[passes[:, node]] = node
        else:
            due += children
    return found
