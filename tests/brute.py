"""The definitions, written as plain loops: slow, short, and independent of sipakit.

Everything takes a `predict` from a pandas frame to an array, (rows,) or (rows, outputs), and a
frame `X`. Results keep the outputs on their last axis when `predict` has one. All rows serve as
explained rows and as background. `weights` belong to rows; a pair of rows weighs the product.
"""

from collections.abc import Callable, Hashable, Sequence
from itertools import combinations, pairwise
from math import comb
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from pandas.api.types import is_numeric_dtype

Array = NDArray[np.float64]
Predict = Callable[[pd.DataFrame], ArrayLike]
Feature = Hashable | Sequence[Hashable]  # a column; a list or tuple of columns moves together


def replaced(X: pd.DataFrame, feature: Feature, value: Any) -> pd.DataFrame:
    """X with one value in the column, or one tuple of values in the columns, of `feature`."""
    rows = X.copy()
    names = _columns(feature)
    values = value if names is feature else [value]
    for name, one in zip(names, values, strict=True):
        # text and categories keep their type, even for a missing value; a number may leave its own
        dtype = None if is_numeric_dtype(X[name]) else X[name].dtype
        rows[name] = pd.Series([one] * len(X), index=X.index, dtype=dtype)
    return rows


def from_donor(X: pd.DataFrame, feature: Feature, donors: pd.DataFrame, row: int) -> pd.DataFrame:
    """X, but every row has its `feature` from one and the same row of `donors`."""
    rows = X.copy()
    for name in _columns(feature):
        rows[name] = donors[name].array.take(np.full(len(X), row))
    return rows


def ice(predict: Predict, X: pd.DataFrame, feature: Feature, grid: Sequence[Any]) -> Array:
    """Individual conditional expectations: row i, but `feature` has the grid's value.

    Returns
    -------
    array, rows x grid (x outputs)
    """
    return np.stack([np.asarray(predict(replaced(X, feature, value))) for value in grid], axis=1)


def partial_dependence(
    predict: Predict,
    X: pd.DataFrame,
    feature: Feature,
    grid: Sequence[Any],
    *,
    weights: ArrayLike | None = None,
) -> Array:
    """Mean over all rows of the individual conditional expectations: grid (x outputs).

    For several features `feature` is a tuple and `grid` a list of tuples.
    """
    return np.average(ice(predict, X, feature, grid), axis=0, weights=weights)


def permutation_importance_all_pairs(
    predict: Predict,
    X: pd.DataFrame,
    y: ArrayLike,
    loss: Callable[[Any, Any], ArrayLike],
    feature: Feature,
    *,
    weights: ArrayLike | None = None,
) -> float:
    """Rise of the mean loss if `feature` comes from any row, over all n^2 pairs.

    A row is among its own donors. `loss(y, predictions)` returns one loss per row.
    """
    w = _weights(X, weights)
    permuted = 0.0
    for donor in range(len(X)):
        losses = np.asarray(loss(y, predict(from_donor(X, feature, X, donor))))
        permuted += w[donor] * np.average(losses, weights=w)
    return float(permuted / w.sum() - np.average(loss(y, predict(X)), weights=w))


def ale(
    predict: Predict,
    X: pd.DataFrame,
    feature: Hashable,
    edges: ArrayLike,
    *,
    weights: ArrayLike | None = None,
) -> Array:
    """Accumulated local effects of a number at the edges (Apley and Zhu 2020, eq. 15 and 16).

    Cells are (edge, next edge], the first one closed; a cell without rows has the step 0. The
    curve is centred so that, interpolated at the rows, its mean is zero. Rows where the feature is
    missing take no part.

    Returns
    -------
    array, edges (x outputs)
    """
    known = X[feature].notna().to_numpy()
    X, w = X[known], _weights(X, weights)[known]
    value = X[feature].to_numpy(dtype=float)
    edges = np.asarray(edges, dtype=float)
    steps = []
    for cell in range(len(edges) - 1):
        low, high = edges[cell], edges[cell + 1]
        inside = (value > low) & (value <= high)
        if cell == 0:
            inside |= value == low
        rows = X[inside]
        if len(rows) == 0:
            steps.append(np.zeros(np.shape(predict(X.iloc[:1]))[1:]))
            continue
        upper = np.asarray(predict(replaced(rows, feature, high)))
        lower = np.asarray(predict(replaced(rows, feature, low)))
        steps.append(np.average(upper - lower, axis=0, weights=w[inside]))
    curve = np.concatenate([np.zeros_like(steps[:1]), np.cumsum(steps, axis=0)])
    if curve.ndim == 1:
        return curve - np.average(np.interp(value, edges, curve), weights=w)
    at_rows = np.stack([np.interp(value, edges, one) for one in curve.T], axis=1)
    return curve - np.average(at_rows, axis=0, weights=w)


def ale_pair(
    predict: Predict,
    X: pd.DataFrame,
    features: Sequence[Hashable],
    places: Sequence[Sequence[Any]],
    *,
    levels: Sequence[bool] = (False, False),
    weights: ArrayLike | None = None,
) -> Array:
    """Accumulated local effects of two features, without those of each (Apley and Zhu 2020, eq. 17 to 20).

    `places` are edges of numbers, or levels that are all that occur. A cell without rows has the second difference of
    the nearest cell with rows, both features being scaled to their ranges. What is taken away are the first-order
    effects of the accumulated surface, at the rows' own values, where it is a line between places.

    Returns
    -------
    array, places x places (x outputs)
    """
    w = _weights(X, weights)
    sides = [_steps(X[name], of, flag, w) for name, of, flag in zip(features, places, levels, strict=True)]
    (at_1, place_1, in_1, from_1), (at_2, place_2, in_2, from_2) = sides
    ways = _ways(from_1), _ways(from_2)
    steps = {}
    for i, j in np.ndindex(len(in_1), len(in_2)):
        inside = in_1[i] & in_2[j]
        if w[inside].sum() > 0:
            corners = [
                np.asarray(predict(replaced(X[inside], features, (places[0][a], places[1][b]))))
                for a, b in ((i + 1, j + 1), (from_1[i], j + 1), (i + 1, from_2[j]), (from_1[i], from_2[j]))
            ]
            second = corners[0] - corners[1] - corners[2] + corners[3]
            steps[i, j] = np.average(second, axis=0, weights=w[inside])
    middle = [(np.diff(p) / 2 + p[:-1] - np.nanmin(p)) / (np.nanmax(p) - np.nanmin(p)) for p in (place_1, place_2)]
    middle = [np.where(np.isnan(m), 2, m) for m in middle]
    outputs = np.shape(next(iter(steps.values())))
    surface = np.zeros((len(place_1), len(place_2), *outputs))
    for i, j in np.ndindex(len(in_1), len(in_2)):
        apart = {c: sum((m[a] - m[b]) ** 2 for m, a, b in zip(middle, c, (i, j), strict=True)) for c in steps}
        near = min(apart, key=lambda c: apart[c])
        surface[np.ix_(ways[0][:, i], ways[1][:, j])] += steps[near]
    one_output = surface.reshape(*surface.shape[:2], -1)

    def between(rows: Array, grid: Array, table: Array) -> Array:
        """(n, ...) each row's own line between the lines of a table (places, ...)."""
        flat, known = table.reshape(len(table), -1), np.isfinite(grid)
        here = np.stack([np.interp(rows, grid[known], one) for one in flat[known].T], axis=1)
        return np.where(np.isnan(rows)[:, None], flat[-1], here).reshape(-1, *table.shape[1:])

    at_own_second = between(at_2, place_2, one_output.swapaxes(0, 1))  # (n, places_1, outputs)
    at_own_first = between(at_1, place_1, one_output)  # (n, places_2, outputs)
    mains = []
    for at_own, inside, origin, way in ((at_own_second, in_1, from_1, ways[0]), (at_own_first, in_2, from_2, ways[1])):
        mean = [
            np.average((at_own[:, c + 1] - at_own[:, origin[c]])[rows], axis=0, weights=w[rows])
            for c, rows in enumerate(inside)
        ]
        mains.append(np.array([sum((mean[c] for c in np.flatnonzero(to)), 0 * mean[0]) for to in way]))
    pure = one_output - mains[0][:, None] - mains[1][None]
    at_rows = [np.diag(between(at_1, place_1, between(at_2, place_2, pure[..., k].T).T)) for k in range(pure.shape[2])]
    centre = np.average(np.stack(at_rows, axis=1), axis=0, weights=w)
    return (pure - centre).reshape(surface.shape)


def _steps(
    column: pd.Series, places: Sequence[Any], levels: bool, w: Array
) -> tuple[Array, Array, list[NDArray[np.bool_]], list[int]]:
    """Where rows are on an axis, where its places are, which rows tell of each step, and where steps begin."""
    gone = column.isna().to_numpy()
    known = [one for one in places if not pd.isna(one)]
    if levels:
        at = np.array([np.nan if absent else known.index(one) for one, absent in zip(column, gone, strict=True)], float)
        grid = np.arange(len(known), dtype=float)
        inside = [(at == c) | (at == c + 1) for c in range(len(known) - 1)]
    else:
        at, grid = column.to_numpy(dtype=float), np.asarray(known, float)
        inside = [
            ((at > low) | ((c == 0) & (at == low))) & (at <= high) for c, (low, high) in enumerate(pairwise(grid))
        ]
    origin = list(range(len(known) - 1))
    if len(known) < len(places):
        grid, inside, origin = np.append(grid, np.nan), [*inside, gone], [*origin, middle_of(column, known, w, levels)]
    return at, grid, inside, origin


def middle_of(column: pd.Series, known: Sequence[Any], w: Array, levels: bool = False) -> int:
    """The place from which missing cells are reached: the most frequent level, or that nearest to the median."""
    here = column.notna().to_numpy()
    if levels and not (isinstance(column.dtype, pd.CategoricalDtype) and column.cat.ordered):
        return int(np.argmax([w[(column == one).to_numpy()].sum() for one in known]))
    nearest = [list(known).index(one) if levels else _nearest(float(one), known) for one in column[here]]
    mass = np.bincount(nearest, w[here], len(known))
    return int(np.argmax(np.cumsum(mass) >= mass.sum() / 2))


def _nearest(value: float, edges: Sequence[float]) -> int:
    return int(np.abs(np.asarray(edges, float) - value).argmin())


def _ways(origin: Sequence[int]) -> NDArray[np.bool_]:
    """(places, steps) whether a step is on the way to a place, by going back from it."""
    ways = np.zeros((len(origin) + 1, len(origin)), bool)
    for place in range(len(origin) + 1):
        at = place
        while at > 0:
            ways[place, at - 1] = True
            at = origin[at - 1]
    return ways


def with_missing(
    predict: Predict,
    X: pd.DataFrame,
    feature: Hashable,
    known: Sequence[Any],
    curve: Array,
    *,
    levels: bool = False,
    weights: ArrayLike | None = None,
) -> Array:
    """Add the place of missing cells to the curve (places, outputs) of the other rows, and centre it over all rows.

    Its step, from the middle, is the mean over the rows whose cell is missing.
    """
    w, gone = _weights(X, weights), X[feature].isna().to_numpy()
    middle = middle_of(X[feature], known, w, levels)
    rows = X[gone]
    step = np.asarray(predict(rows)) - np.asarray(predict(replaced(rows, feature, known[middle])))
    there = curve[middle] + np.average(step, axis=0, weights=w[gone])
    return np.concatenate([curve, there[None]]) - there * w[gone].sum() / w.sum()


def ale_of_levels(
    predict: Predict,
    X: pd.DataFrame,
    feature: Hashable,
    levels: Sequence[Any],
    *,
    weights: ArrayLike | None = None,
) -> Array:
    """Accumulated local effects of ordered levels, which are all that occur.

    The step from one level to the next is the mean over the rows that have either of the two; the
    curve is centred to mean zero over the rows.
    """
    w = _weights(X, weights)
    value = X[feature].to_numpy(dtype=object)
    curve = [np.zeros(np.shape(predict(X.iloc[:1]))[1:])]
    for lower, upper in pairwise(levels):
        inside = (value == lower) | (value == upper)
        rows = X[inside]
        step = np.asarray(predict(replaced(rows, feature, upper))) - np.asarray(predict(replaced(rows, feature, lower)))
        curve.append(curve[-1] + np.average(step, axis=0, weights=w[inside]))
    at_rows = [curve[list(levels).index(level)] for level in value]
    return np.stack(curve) - np.average(at_rows, axis=0, weights=w)


def pd_at_rows(predict: Predict, X: pd.DataFrame, feature: Feature, *, weights: ArrayLike | None = None) -> Array:
    """Centred partial dependence of `feature` at every row, every row as background.

    Returns
    -------
    array, rows (x outputs)
    """
    w = _weights(X, weights)
    places = []
    for row in range(len(X)):
        predictions = np.asarray(predict(from_donor(X, feature, X, row)))
        places.append(np.average(predictions, axis=0, weights=w))
    curve = np.stack(places)
    return curve - np.average(curve, axis=0, weights=w)


def h_pair(
    predict: Predict, X: pd.DataFrame, j: Hashable, k: Hashable, *, weights: ArrayLike | None = None
) -> tuple[Array, Array]:
    """Friedman and Popescu (2008), eq. 44, as (numerator, denominator): H^2 is their ratio.

    The numerator is the mean square of PD_jk - PD_j - PD_k, the denominator that of PD_jk, all
    centred.
    """
    w = _weights(X, weights)
    pd_jk = pd_at_rows(predict, X, [j, k], weights=w)
    pd_j = pd_at_rows(predict, X, j, weights=w)
    pd_k = pd_at_rows(predict, X, k, weights=w)
    return _mean_square(pd_jk - pd_j - pd_k, w), _mean_square(pd_jk, w)


def h_triple(
    predict: Predict,
    X: pd.DataFrame,
    j: Hashable,
    k: Hashable,
    m: Hashable,
    *,
    weights: ArrayLike | None = None,
) -> tuple[Array, Array]:
    """The three-way statistic as (numerator, denominator): what no pair of the three explains."""
    w = _weights(X, weights)
    rest = pd_jkm = pd_at_rows(predict, X, [j, k, m], weights=w)
    for pair in combinations([j, k, m], 2):
        rest = rest - pd_at_rows(predict, X, pair, weights=w)
    for one in [j, k, m]:
        rest = rest + pd_at_rows(predict, X, one, weights=w)
    return _mean_square(rest, w), _mean_square(pd_jkm, w)


def h_total(predict: Predict, X: pd.DataFrame, j: Hashable, *, weights: ArrayLike | None = None) -> tuple[Array, Array]:
    """Friedman and Popescu (2008), eq. 45, as (numerator, denominator).

    The numerator is the mean square of f - PD_j - PD_(all but j), the denominator that of f, all
    centred.
    """
    w = _weights(X, weights)
    f = np.asarray(predict(X))
    f = f - np.average(f, axis=0, weights=w)
    others = [name for name in X.columns if name != j]
    pd_j = pd_at_rows(predict, X, j, weights=w)
    pd_others = pd_at_rows(predict, X, others, weights=w)
    return _mean_square(f - pd_j - pd_others, w), _mean_square(f, w)


def shapley(
    predict: Predict,
    X: pd.DataFrame,
    background: pd.DataFrame,
    *,
    weights: ArrayLike | None = None,
) -> tuple[Array, Array]:
    """Interventional Shapley values, by every coalition of the columns.

    Row b of the background, but the features of the coalition come from the explained row;
    `weights` belong to the background.

    Returns
    -------
    values : array, rows x features (x outputs)
    base_values : array, (outputs); the mean prediction over the background
    """
    w = _weights(background, weights)
    names = list(X.columns)
    p = len(names)
    values = []
    for row in range(len(X)):
        worth = {}
        for size in range(p + 1):
            for coalition in combinations(range(p), size):
                rows = from_donor(background, [names[member] for member in coalition], X, row)
                worth[coalition] = np.average(np.asarray(predict(rows)), axis=0, weights=w)
        phi = [np.zeros_like(worth[()]) for _ in names]
        for coalition, without in worth.items():
            share = 1 / (p * comb(p - 1, len(coalition))) if len(coalition) < p else 0.0
            for j in set(range(p)) - set(coalition):
                joined = tuple(sorted((*coalition, j)))
                phi[j] = phi[j] + share * (worth[joined] - without)
        values.append(phi)
    return np.array(values), worth[()]


def _columns(feature: Feature) -> Sequence[Hashable]:
    return feature if isinstance(feature, list | tuple) else [feature]


def _weights(X: pd.DataFrame, weights: ArrayLike | None) -> Array:
    return np.ones(len(X)) if weights is None else np.asarray(weights, dtype=float)


def _mean_square(values: Array, weights: Array) -> Array:
    return np.average(values**2, axis=0, weights=weights)
