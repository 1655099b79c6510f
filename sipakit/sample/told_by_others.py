"""How much of a column the other columns tell: what moves without its tellers makes rows unlike any in the table."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from sklearn.tree import DecisionTreeRegressor

from sipakit import columns as col
from sipakit.sample.folds import folds_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from sipakit.table import Table

__all__ = ["Dependence", "Told"]

_MOST_ROWS = 2_000
_MOST_CELLS = 200_000  # wider tables are judged by fewer rows
_FEWEST_ROWS = 200
_MANY = 1_000  # rows, of which a half says enough
_ENOUGH = 20.0  # effective rows, since with fewer a table of noise has columns that seem to tell each other
_BINS = 16
_MOST_TELLERS = 4  # of a tree, those that tell most by themselves
_MOST_LINEAR = 500  # columns, whose covariances are inverted
_DEPTH, _LEAF = 6, 3
_RIDGE = 1e-4  # of a row, in squared ranks, whose variance is 1/12: copies have no inverse
_MUCH = 0.75  # from here on less than half of the column's spread is left


@dataclass(frozen=True, slots=True)
class Told:
    """A column that others tell.

    Parameters
    ----------
    column : int
    share : float
        Of its variance, from 0 to 1, on rows held back.
    teller : int
        The column that tells most by itself.
    """

    column: int
    share: float
    teller: int


@dataclass(frozen=True, eq=False)
class Dependence:
    """Rows of a table in ranks, to see how much of a column the others tell.

    The share is that of the variance of ranks, in which a missing cell is the last one; of unordered levels it is the
    share of the Gini impurity, all but the 15 most frequent ones being one level. It is the larger one of two shares. A
    linear model of the others' ranks tells sums, and dummies of a category (up to 500 columns); a small tree over the
    four columns that tell most by themselves tells bends, levels, and what two columns tell together. One half of the
    rows is told by the other half, so that noise tells nothing, however many columns there are; below 1,000 rows each
    half is told by the other. What no column tells
    by itself, such as the product of three signs, is not seen, and fewer than 20 rows say nothing.

    Parameters
    ----------
    rows : (m,) int
        Rows of the table that were looked at: at most 2,000 of those with weight, fewer of tables with more than 100
        columns, drawn with a seed of their own.
    ranks : (m, p) float
        Middle ranks over m; levels without an order are in that of their frequency.
    bins : (m, p) int
        At most 16 a column.
    unordered : (p,) bool
    weights : (m,)
    fold : (m,) 0 or 1
    """

    rows: NDArray[np.intp]
    ranks: NDArray[np.float64]
    bins: NDArray[np.intp]
    unordered: NDArray[np.bool_]
    weights: NDArray[np.float64]
    fold: NDArray[np.intp]
    _known: dict[tuple[int, ...], tuple[Told, ...]] = field(default_factory=dict)
    _broken: dict[tuple[tuple[int, ...], ...], list[Told]] = field(default_factory=dict)

    @classmethod
    def of(cls, table: Table, weights: NDArray[np.float64]) -> Dependence:
        """Draw rows of a table, and rank them.

        Parameters
        ----------
        table : Table, n rows
        weights : (n,)
            Rows without weight are left out.

        Examples
        --------
        >>> from sipakit.table import Table
        >>> x, noise = np.random.default_rng(0).normal(size=(2, 500))
        >>> table = Table.from_data(np.column_stack([x, x**2, noise]))
        >>> found = Dependence.of(table, np.ones(500)).broken_by([(0,)])
        >>> [(told.column, told.teller, round(told.share, 1)) for told in found]
        [(1, 0, 1.0)]
        """
        rng, use = np.random.default_rng(0), np.flatnonzero(weights > 0)
        most = min(_MOST_ROWS, max(_MOST_CELLS // max(table.n_columns, 1), _FEWEST_ROWS))
        rows = np.sort(rng.choice(use, most, replace=False)) if len(use) > most else use
        w = weights[rows] / weights[rows].mean() if len(rows) else weights[rows]
        unordered = np.array([table.kind(j) == "category" for j in range(table.n_columns)], bool)
        placed = [_placed(table.columns[j].take(rows), alone) for j, alone in enumerate(unordered.tolist())]
        ranks = np.column_stack([one for one, _ in placed]) if placed else np.empty((len(rows), 0))
        bins = np.column_stack([one for _, one in placed]) if placed else np.empty((len(rows), 0), np.intp)
        return cls(rows, ranks, bins, unordered, w, folds_of(w, None, 2, rng))

    def told(self, columns: Sequence[int]) -> tuple[Told, ...]:
        """Return how much of each of these columns those outside of them tell."""
        key = tuple(sorted(set(columns)))
        if key not in self._known:
            self._known[key] = self._looked_at(key)
        return self._known[key]

    def broken_by(self, moved: Iterable[Sequence[int]]) -> list[Told]:
        """Return what no longer fits when sets of columns are moved, each by itself: what others tell in the main.

        That is a column of a set that is told from outside of it, or one outside that is told by a column of the set.

        Parameters
        ----------
        moved : sets of column numbers

        Returns
        -------
        list of Told
            Those of which at least three quarters are told, so that less than half of their spread is left; the most
            told first, in whole percent.
        """
        sets = tuple(dict.fromkeys(tuple(sorted(set(columns))) for columns in moved))
        if sets not in self._broken:
            self._broken[sets] = self._told_by_outsiders(sets)
        return list(self._broken[sets])

    def _told_by_outsiders(self, sets: Sequence[tuple[int, ...]]) -> list[Told]:
        inside, alone = {j for columns in sets for j in columns}, {columns[0] for columns in sets if len(columns) == 1}
        by_all = {told.column: told for j in sorted(inside) for told in self.told((j,)) if told.share >= _MUCH}
        found: list[Told] = []
        for columns in sets:
            for told in (by_all[j] for j in columns if j in by_all):
                # what all others hardly tell, fewer do not; and others than its teller are not missed
                still = self.told(columns) if told.teller in columns else (told,)
                found += [one for one in still if one.column == told.column]
        left = [j for j in range(self.ranks.shape[1]) if j not in alone]
        for j in self._followers(inside, left):
            found += [t for t in self.told((j,)) if any(t.teller in columns and j not in columns for columns in sets)]
        most: dict[int, Told] = {}
        for one in sorted(found, key=lambda one: (-round(one.share, 2), one.column)):
            if one.share >= _MUCH:
                most.setdefault(one.column, one)
        return list(most.values())

    @property
    def _parts(self) -> tuple[int, ...]:
        """The folds that are told by the other one."""
        return (0,) if len(self.rows) >= _MANY else (0, 1)

    @cached_property
    def _tells(self) -> bool:
        """Whether there are rows enough."""
        total = self.weights.sum()
        return bool(total > 0 and total**2 / (self.weights**2).sum() >= _ENOUGH)

    def _looked_at(self, columns: tuple[int, ...]) -> tuple[Told, ...]:
        others = np.setdiff1d(np.arange(self.ranks.shape[1]), columns)
        if not len(others) or not self._tells:
            return ()
        linear = self._linear(columns)
        found = []
        for j, share in zip(columns, linear, strict=True):
            if np.ptp(self.bins[:, j]) == 0:
                continue  # nothing to be told
            by_tree, alone = self._by_trees(j, others)
            told = float(np.clip(max(share, by_tree), 0, 1))
            found.append(Told(j, told, int(others[alone.argmax()])))
        return tuple(found)

    # ---- linear models of ranks

    @cached_property
    def _inverses(self) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """For each fold that is told the (p,) means and the (p, p) inverse covariances of the other one."""
        found = []
        for part in self._parts:
            seen = self.fold != part
            w = self.weights[seen, None]
            means = (w * self.ranks[seen]).sum(axis=0) / w.sum()
            away = np.sqrt(w) * (self.ranks[seen] - means)
            ridge = _RIDGE * len(away) * np.eye(away.shape[1])
            found.append((means, np.linalg.inv(away.T @ away + ridge)))
        return found

    def _linear(self, columns: tuple[int, ...]) -> NDArray[np.float64]:
        """(c,) share told by linear models of the other columns, minus infinity of levels without an order."""
        block = list(columns)
        if self.ranks.shape[1] > _MOST_LINEAR:
            return np.full(len(block), -np.inf)
        missed, whole = np.zeros((2, len(block)))
        for part, (means, inverse) in zip(self._parts, self._inverses, strict=True):
            here = self.fold == part
            w, away = self.weights[here, None], self.ranks[here] - means
            # what the others leave of a block follows from its part of the inverse
            rest = away @ np.linalg.solve(inverse[np.ix_(block, block)], inverse[block]).T
            missed += (w * rest**2).sum(axis=0)
            whole += (w * away[:, block] ** 2).sum(axis=0)
        share = 1 - missed / np.maximum(whole, 1e-300)
        return np.where(self.unordered[block], -np.inf, share)

    # ---- trees

    def _by_trees(self, column: int, others: NDArray[np.intp]) -> tuple[float, NDArray[np.float64]]:
        """Share told by a tree of the strongest other columns, and what each of them (q,) tells by itself."""
        own = np.eye(_BINS)[self.bins[:, column]] if self.unordered[column] else self.ranks[:, [column]]
        missed, whole, alone = 0.0, 0.0, np.zeros(len(others))
        for part in self._parts:
            here, seen = self.fold == part, self.fold != part
            means, between = self._means(self.ranks[:, column], others, seen)
            alone += between
            strongest = np.argsort(-between, kind="stable")[:_MOST_TELLERS]
            X = np.empty((len(own), len(strongest)), np.float32)
            for t, place in enumerate(strongest.tolist()):
                j = others[place]  # levels without an order are put in that of what they tell
                X[:, t] = means[place][self.bins[:, j]] if self.unordered[j] else self.ranks[:, j]
            w = self.weights
            tree = DecisionTreeRegressor(max_depth=_DEPTH, min_samples_leaf=_LEAF, random_state=0)
            tree.fit(X[seen], own[seen], sample_weight=w[seen], check_input=False)  # takes longer than to grow it
            guess = tree.predict(X[here], check_input=False).reshape(int(here.sum()), -1)
            missed += float(w[here] @ ((own[here] - guess) ** 2).sum(axis=1))
            whole += float(w[here] @ ((own[here] - np.average(own[seen], 0, w[seen])) ** 2).sum(axis=1))
        return 1 - missed / max(whole, 1e-300), alone

    def _means(
        self, values: NDArray[np.float64], tellers: NDArray[np.intp], seen: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(q, bins) mean of the values in the bins of each teller, and (q,) how much these means vary."""
        w, q = self.weights[seen], len(tellers)
        cells = (self.bins[np.ix_(seen, tellers)] + _BINS * np.arange(q)).ravel()
        middle = float(w @ values[seen] / w.sum())
        weight = np.bincount(cells, np.repeat(w, q), q * _BINS).reshape(q, _BINS)
        total = np.bincount(cells, np.repeat(w * (values[seen] - middle), q), q * _BINS).reshape(q, _BINS)
        means = np.divide(total, weight, out=np.zeros_like(total), where=weight > 0)
        return middle + means, (weight * means**2).sum(axis=1)

    def _followers(self, moved: Iterable[int], left: Sequence[int]) -> list[int]:
        """Return which columns vary in the main with the bins of one that is moved, told by all rows at once."""
        if not left or not self._tells:
            return []
        w, values = self.weights[:, None], self.ranks[:, list(left)]
        values = values - (w * values).sum(axis=0) / w.sum()
        whole, most = (w * values**2).sum(axis=0), np.zeros(len(left))
        for j in sorted(moved):
            of_bin = np.eye(_BINS)[self.bins[:, j]] * w
            weight = of_bin.sum(axis=0)[:, None]
            most = np.maximum(most, ((of_bin.T @ values) ** 2 / np.maximum(weight, 1e-300)).sum(axis=0))
        return [j for j, share in zip(left, most / np.maximum(whole, 1e-300), strict=True) if share >= _MUCH / 2]


def _placed(column: col.Column, unordered: bool) -> tuple[NDArray[np.float64], NDArray[np.intp]]:  # noqa: FBT001
    """(m,) middle ranks over m, and (m,) bins; levels without an order are ordered by their frequency."""
    _, place, counts = np.unique(col.ranks(column), return_inverse=True, return_counts=True)
    if unordered:
        order = np.argsort(-counts, kind="stable")
        number = np.empty(len(order), np.intp)
        number[order] = np.minimum(np.arange(len(order)), _BINS - 1)
        place = number[place]
        counts = np.bincount(place)
    middle = (np.cumsum(counts) - counts / 2) / max(len(place), 1)
    ranks = middle[place]
    if len(counts) <= _BINS:
        return ranks, place.reshape(-1).astype(np.intp)
    return ranks, (ranks * _BINS).astype(np.intp)
