"""Accumulated local effects: what happens when a feature moves a little, added up along its range."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from sipakit.aggregate import CrossMoments, State, Update
from sipakit.caveats import Caveat, caveat
from sipakit.errors import PredictionError, first_few
from sipakit.estimate import Estimate
from sipakit.explainer import Explainer, Round
from sipakit.explanation import Effects
from sipakit.sample import Grids, cells_of, make_edges

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

    from sipakit.intervene import Mix
    from sipakit.task import Task

__all__ = ["ALE"]


@dataclass(frozen=True)
class _Cells:
    """Where each row lies on every feature's axis.

    Parameters
    ----------
    edges : Grids
    levels : (u,) bool
        Ordered levels, each with a place: their "cells" are the levels themselves.
    first : (u + 1,) int
        Number of each feature's first cell.
    cell, along, inside : (n, u)
        Cell of its own feature, how far along it, and whether the row has one.
    low, high : (n, u) int
        The edges that the row is moved to: of its cell, or the levels beside its own.
    """

    edges: Grids
    levels: NDArray[np.bool_]
    first: NDArray[np.intp]
    cell: NDArray[np.intp]
    along: NDArray[np.float64]
    inside: NDArray[np.bool_]
    low: NDArray[np.intp]
    high: NDArray[np.intp]


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class ALE(Explainer):
    """Accumulated local effects of single features.

    Each row is moved to the two edges of its own cell only, so no row is sent where no data are: correlated features
    do no harm as they do to partial dependence. A row with an ordered level is moved to the levels beside its own, and
    the step between two levels is the mean over the rows that have either of them.

    Parameters
    ----------
    features : list of names, optional
        Numbers, dates, booleans and ordered categories; all of these by default.
    background : table, optional
        Where the edges come from; the explained rows by default.
    output : str or list, optional
        See `sipakit.adapt`.
    grid_resolution : int or "all", default 40
        Cells between quantiles that occur; all values where there are fewer.
    conf_level : float, default 0.95
    random_state : int, default 0
        Of no effect: nothing is drawn.

    Returns
    -------
    Effects
        ``values`` is a tuple with one array (edges, outputs) a feature, in units of the prediction; each curve has
        mean zero over the rows, interpolated at their own values.

    Notes
    -----
    The interval covers the choice of rows, through the influence of each row on its cell's slope and on the centring
    constant. Centring by the middles of cells, as is usual, is biased by more than its error (39 % coverage at
    n = 2 000); the interpolated curve at every row is not.

    Cost
    ----
    At most 2 n model rows a feature, whatever the number of cells; a row that sits on an edge costs one.

    References
    ----------
    Apley and Zhu (2020), doi:10.1111/rssb.12377, equations 15 and 16

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> X = np.random.default_rng(0).normal(size=(200, 2))
    >>> e = sp.ALE(features=["x0"], grid_resolution=5).explain(lambda X: 3 * X[:, 0] + X[:, 1], X)
    >>> slopes = np.diff(e.values[0][:, 0]) / np.diff(e.axes[0].positions)
    >>> slopes.round(6).tolist()
    [3.0, 3.0, 3.0, 3.0, 3.0]
    """

    features: Sequence[Hashable] | None = None
    background: Any = None
    output: Any = None
    grid_resolution: int | str = 40
    conf_level: float = 0.95
    random_state: int = 0

    single_columns: ClassVar[bool] = True
    uses: ClassVar[frozenset[str]] = frozenset({"rows"})
    kinds: ClassVar[frozenset[str]] = frozenset({"number", "date", "ordered"})
    question: ClassVar[str] = "How does the prediction move along a feature, among rows that are really there?"
    references: ClassVar[tuple[str, ...]] = (
        "Apley and Zhu (2020), Visualizing the effects of predictor variables. doi:10.1111/rssb.12377",
    )

    def design(self, task: Task) -> _Cells:
        """Edges of all features, and the cell of every row."""
        edges = make_edges(task, self.grid_resolution)
        columns = [task.rows.columns[feature.columns[0]] for feature in task.features]
        placed = [cells_of(axis, column) for axis, column in zip(edges.lines, columns, strict=True)]
        cell, along, inside = (np.column_stack(part) for part in zip(*placed, strict=True))
        levels = np.array([axis.kind == "ordered" for axis in edges.axes])
        # without a place for every level, levels are no more than numbers
        between = inside[:, levels] & (along[:, levels] % 1 != 0) & (task.weights > 0)[:, None]
        levels[levels] = ~between.any(axis=0)
        sizes = np.array([len(axis) for axis in edges.axes])
        low, high = cell, cell + 1
        if levels.any():
            cell = cell + (levels & (along == 1))
            low = np.where(levels, np.maximum(cell - 1, 0), low)
            high = np.where(levels, np.minimum(cell + 1, sizes - 1), high)
        first = np.cumsum(np.append(0, np.where(levels & (sizes > 1), sizes, sizes - 1)))
        return _Cells(edges, levels, first, cell, along, inside, low, high)

    def start(self, task: Task) -> CrossMoments:
        """In each cell, moments of (difference between its edges, how far along the row lies), or of both steps."""
        return CrossMoments.zero(int(task.design.first[-1]), task.k, 2)

    def next_round(self, task: Task, state: State, number: int) -> Round | None:
        """Ask once about every row."""
        return Round(draws=task.n, rows=2 * len(task.features)) if number == 0 else None

    def sample(self, task: Task, round_: Round, index: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.intp]:
        """Rows number ``index``; nothing is random."""
        return index

    def intervene(self, task: Task, sample: NDArray[np.intp]) -> Mix:
        """Row i, but feature j comes from the lower, and then from the upper edge of its cell."""
        cells: _Cells = task.design
        u = len(task.features)
        edges = np.stack([cells.low[sample], cells.high[sample]], axis=2)  # (d, u, 2)
        nothing = np.vstack([np.eye(u, dtype=bool), np.zeros(u, bool)])  # the last pattern leaves a row as it is
        which = np.where(cells.inside[sample], np.arange(u), u)
        edges[~cells.inside[sample]] = 0
        return task.mix(
            base=(task.rows, np.repeat(sample, 2 * u)),
            donor=(cells.edges.table, edges.ravel()),
            take=nothing,
            which=np.repeat(which.ravel(), 2),
        )

    def aggregate(self, task: Task, sample: NDArray[np.intp], answers: NDArray[np.float64]) -> Update:
        """One pair a row and feature: (difference, place in the cell), or the steps (up to, on from) its level."""
        cells: _Cells = task.design
        u = len(task.features)
        low, high = answers[::2], answers[1::2]  # (r, k) for r = rows x features
        values = np.empty((*low.shape, 2))
        values[..., 0] = high - low
        values[..., 1] = cells.along[sample].reshape(-1, 1)
        if cells.levels.any():
            at = np.flatnonzero(np.tile(cells.levels, len(sample)))
            own = task.known_predictions[sample[at // u]]
            values[at, :, 0], values[at, :, 1] = own - low[at], high[at] - own
        number = (cells.first[:-1] + cells.cell[sample]).ravel()
        inside = np.flatnonzero(cells.inside[sample])
        row = inside // u
        return Update(number[inside], values[inside], task.weights[sample[row]], draws=row)

    def conclude(self, task: Task, state: CrossMoments) -> Effects:
        """Accumulate the steps, centre the curves, and carry each row's influence through both."""
        cells: _Cells = task.design
        _look_for_lost(task, state.weight)
        curves = [
            (_over_levels if cells.levels[j] else _over_cells)(_slice(state, slice(cells.first[j], cells.first[j + 1])))
            if len(axis) > 1
            else _flat(task.k)
            for j, axis in enumerate(cells.edges.axes)
        ]
        values, std_error, df = (np.concatenate(part) for part in zip(*curves, strict=True))
        return Effects(
            **self.about(task),
            estimate=Estimate.within(values, std_error, conf_level=self.conf_level, df=df[:, None]),
            error="Choice of the explained rows; the model is taken as given.",
            estimator="every row at both edges of its cell",
            caveats=cells.edges.caveats + tuple(_caveats(task, cells)),
            axes=cells.edges.axes,
            centred=True,
        )


def _look_for_lost(task: Task, weight: NDArray[np.float64]) -> None:
    """Refuse a curve with a cell whose rows were all dropped."""
    cells: _Cells = task.design
    there = np.zeros(len(weight), bool)
    rows = cells.inside & (task.weights > 0)[:, None]
    there[(cells.first[:-1] + cells.cell)[rows]] = True
    lost = np.split(there & (weight == 0), cells.first[1:-1])
    empty = [axis.name for axis, part in zip(cells.edges.axes, lost, strict=True) if part.any()]
    if empty:
        message = f"ALE has no row left for a step of {first_few(empty)} (on_bad='drop')."
        cure = "Mend the model, lower grid_resolution, or leave the feature out."
        raise PredictionError(message, "The model has no answer for rows that it needs.", cure)


def _slice(state: CrossMoments, part: slice) -> CrossMoments:
    return CrossMoments(*(array[part] for array in state.arrays().values()))


def _flat(k: int) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Effect of a column that never changes: nothing, and surely so."""
    return np.zeros((1, k)), np.zeros((1, k)), np.ones(1)


def _over_cells(state: CrossMoments) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """One feature's centred curve at its edges (K + 1, k), the standard error, and degrees of freedom.

    With D the mean steps and A their running sum, the interpolated curve at a row of cell c is g = A_c + D_c t, and the
    value at edge e is A_e - mean g. Row i of cell c moves it by
    coef_ec (W / W_c)(d_i - D_c) - (g_i - mean g), where coef_ec = [c < e] - mean_i dg_i/dD_c.
    """
    share = state.weight / state.weight.sum()
    step, along = state.mean[:, :, 0], state.mean[:, 0, 1]  # (K, k), (K,)
    before = _accumulated(step)
    at_rows = before[:-1] + step * along[:, None]  # mean of g in each cell
    centre = share @ at_rows
    above = share.sum() - np.cumsum(share)
    passed = np.tril(np.ones((len(share) + 1, len(share))), -1)
    coef = passed - (above + share * along)  # (K + 1, K)

    slope = np.broadcast_to((coef / share)[:, :, None], (*coef.shape, step.shape[1]))
    gradient = np.stack([slope, np.broadcast_to(-step, slope.shape)], axis=-1)  # (edge, cell, k, 2)
    own = np.broadcast_to(centre - at_rows, slope.shape)  # each cell's own place in - (g - mean g)
    return before - centre, *_error(state, gradient, own)


def _over_levels(state: CrossMoments) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """The same for ordered levels (L, k), where a row tells of the step up to its level and of the step on from it.

    The step between two levels is D = (W_lower mean step on + W_upper mean step up) / (W_lower + W_upper), and the
    curve at a row is A of its level. Row i of level l moves the value at level e by
    coef_e,l (W / (W_l-1 + W_l))(up_i - D_l) + coef_e,l+1 (W / (W_l + W_l+1))(on_i - D_l+1) - (A_l - mean A).
    """
    share = state.weight / state.weight.sum()
    up, on = state.mean[:, :, 0], state.mean[:, :, 1]  # (L, k)
    both = share[:-1] + share[1:]
    step = (share[:-1, None] * on[:-1] + share[1:, None] * up[1:]) / both[:, None]  # (L - 1, k)
    curve = _accumulated(step)
    centre = share @ curve
    above = 1 - np.cumsum(share)[:-1]  # share of the rows beyond each step
    coef = (np.tril(np.ones((len(share), len(share) - 1)), -1) - above) / both  # (L, L - 1)

    nothing = np.zeros((len(share), 1))
    parts = np.stack([np.hstack([nothing, coef]), np.hstack([coef, nothing])], axis=-1)  # (level e, level l, 2)
    gradient = np.broadcast_to(parts[:, :, None], (*parts.shape[:2], step.shape[1], 2))
    zero = np.zeros((1, step.shape[1]))
    off = np.stack([up - np.vstack([zero, step]), on - np.vstack([step, zero])], axis=-1)  # level means from D
    own = np.einsum("elkd,lkd->elk", gradient, off) + (centre - curve)
    return curve - centre, *_error(state, gradient, own)


def _accumulated(step: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.vstack([np.zeros((1, step.shape[1])), np.cumsum(step, axis=0)])


def _error(
    state: CrossMoments, gradient: NDArray[np.float64], own: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Standard error (e, k) of values that row i of cell c moves by gradient . (v_i - mean_c) + own, and df (e,)."""
    squares = np.einsum("ecki,ckij,eckj->ek", gradient, state.second, gradient)
    squares += 2 * np.einsum("eck,ecki,cki->ek", own, gradient, state.first)
    squares += np.einsum("c,eck->ek", state.weight_squares, own**2)
    total, n = state.weight.sum(), state.weight.sum() ** 2 / state.weight_squares.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.where(n > 1 + 1e-9, squares / total**2 * (n / (n - 1)), np.inf)
    return np.sqrt(np.maximum(variance, 0)), np.full(len(gradient), max(n - 1, 1.0))


def _caveats(task: Task, cells: _Cells) -> list[Caveat]:
    found = []
    for j, axis in enumerate(cells.edges.axes):
        absent = int((~cells.inside[:, j]).sum()) if len(axis) > 1 else 0
        if absent:
            message = (
                f"Feature {axis.name!r} is missing in {absent:,} of {task.n:,} rows, which have no place on its axis."
            )
            found.append(caveat("SIPA020", message, "Partial dependence shows missing as a place of its own."))
    constant = [axis.name for axis in cells.edges.axes if len(axis) == 1]
    if constant:
        found.append(caveat("SIPA029", f"{constant!r} never change among the rows; their effect is zero."))
    if task.n == 1:
        found.append(caveat("SIPA011", "One row has no spread; the intervals are infinite."))
    return found
