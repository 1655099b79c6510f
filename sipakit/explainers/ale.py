"""Accumulated local effects: what happens when a feature moves a little, added up along its range."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from sipakit.aggregate import Combined, CrossMoments, State, Update
from sipakit.axis import Plane
from sipakit.caveats import Caveat, caveat
from sipakit.errors import InputError, PredictionError, first_few
from sipakit.estimate import Estimate
from sipakit.explainer import Explainer, Round
from sipakit.explainers.ale_cells import Cells, make_cells
from sipakit.explainers.ale_curves import flat, over_line
from sipakit.explainers.ale_heterogeneity import Drift, drift_of, no_drift
from sipakit.explainers.ale_pairs import WIDTH, over_pair, pair_values
from sipakit.explainers.heterogeneity import root_of
from sipakit.explanation import Effects
from sipakit.intervene import Mix, Rows
from sipakit.sample import make_edges

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from numpy.typing import NDArray

    from sipakit.axis import Axis
    from sipakit.explainers.ale_cells import Moves
    from sipakit.explainers.ale_curves import Curve
    from sipakit.sample.level_orders import CategoryOrder
    from sipakit.task import Task

__all__ = ["ALE"]

_MOST_PLACES = 10_000  # of a pair: its errors take every place with every cell
_ROUNDING = 1e-12  # of the predictions: differences of differences that are no larger are nothing


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class ALE(Explainer):
    """Accumulated local effects of single features, and of pairs beyond what each feature does alone.

    Each row is moved to the two edges of its own cell only, so no row is sent where no data are: correlated features
    do no harm as they do to partial dependence. A row with a level is moved to the levels beside its own, and the step
    between two levels is the mean over the rows that have either of them; levels without an order are put in one, so
    that neighbours have rows that are alike. Of a pair, each row is moved to the
    corners of its own cell, and the effects of both features alone are taken away: what is left is the interaction.

    Parameters
    ----------
    features : list of names, optional
        Columns; all by default, one at a time. A tuple of two of them is their pair; a tuple that is the name of a
        column is that column.
    background : table, optional
        Where the edges come from; the explained rows by default.
    output : str or list, optional
        See `sipakit.adapt`.
    grid_resolution : int or "all", default 40
        Cells between quantiles that occur; all values where there are fewer. A pair has the product, at most 10,000
        places; of few rows most of its cells are empty, so choose fewer.
    category_order : "similarity", "given", or name -> list of levels, default "similarity"
        Order of levels that have none: by how alike the other columns of their rows are, as they are sorted, or yours,
        which leaves columns that it does not name as they are sorted.
    conf_level : float, default 0.95
        Nominal coverage of the intervals.
    random_state : int, default 0
        Of no effect: nothing is drawn.

    Returns
    -------
    Effects
        ``values`` is a tuple with one array (edges, outputs) a feature, and (edges, edges_2, outputs) a pair, in units
        of the prediction; each has mean zero over the rows, interpolated at their own values. ``heterogeneity`` says
        how far single rows drift from the curve, of each feature and, as a part of the estimate, at each place; the
        part ``step_sd`` is the standard deviation of the steps that lead to a place.

    Raises
    ------
    InputError
        For a pair of more than 10,000 places, and an order that lacks a level.

    Notes
    -----
    Levels that have no order lie on the main axis of a scaling of their distances: the distance of two levels is the
    sum over the other columns of how far their distributions are apart, among the rows of one level and of the other.
    The caveat SIPA039 names the order.

    A missing cell is a place of its own, beyond the others. The step that leads there is the mean, over the rows whose
    cell is missing, of what it does to the prediction that the cell is missing and not in the middle: the edge nearest
    the median, or of levels without an order the most frequent one.

    The interval covers the choice of rows, through the influence of each row on its cell's slope and on the centring
    constant. Centring by the middles of cells, as is usual, is biased by more than its error (39 % coverage at
    n = 2 000); the interpolated curve at every row is not.

    Heterogeneity adds up the standard deviations of the steps along the feature; it is how far this sum is from its
    mean over the rows. Where nothing interacts with the feature it is 0, and for a product of independent features it
    is that of `PartialDependence`. Where steps change their sign along a number it is larger, for rows are not followed
    from cell to cell; at levels the rows of one show whether those that go up to it go on. Along an order that levels
    were put in it has no known error. The spread of slopes would have no limit where a model jumps: it grows as cells
    get narrower.

    A pair's cell without rows has the difference of the nearest one, as in the authors' code; a caveat counts them.
    What they add to places near rows is mostly an effect of one feature, which is taken away.

    Cost
    ----
    At most 2 n model rows a feature, whatever the number of cells; a row that sits on an edge costs one. A pair costs
    at most 4 n, with one side of levels 6 n, with two 8 n; corners that single features ask for too are free.

    References
    ----------
    Apley and Zhu (2020), doi:10.1111/rssb.12377, equations 15 to 20 and the appendix on categorical predictors

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> X = np.random.default_rng(0).normal(size=(200, 2))
    >>> e = sp.ALE(features=["x0"], grid_resolution=5).explain(lambda X: 3 * X[:, 0] + X[:, 1], X)
    >>> slopes = np.diff(e.values[0][:, 0]) / np.diff(e.axes[0].positions)
    >>> slopes.round(6).tolist()
    [3.0, 3.0, 3.0, 3.0, 3.0]
    >>> both = sp.ALE(features=[("x0", "x1")], grid_resolution=2).explain(lambda X: X[:, 0] + X[:, 1], X)
    >>> both.axes[0].shape, bool(np.allclose(both.values[0], 0))
    ((3, 3), True)
    """

    features: Sequence[Hashable] | None = None
    background: Any = None
    output: Any = None
    grid_resolution: int | str = 40
    category_order: CategoryOrder = "similarity"
    conf_level: float = 0.95
    random_state: int = 0

    single_columns: ClassVar[bool] = True
    takes_pairs: ClassVar[bool] = True
    uses: ClassVar[frozenset[str]] = frozenset({"rows"})
    question: ClassVar[str] = "How does the prediction move along a feature, among rows that are really there?"
    references: ClassVar[tuple[str, ...]] = (
        "Apley and Zhu (2020), Visualizing the effects of predictor variables. doi:10.1111/rssb.12377",
    )

    def design(self, task: Task) -> Cells:
        """Edges of all features, and the cell of every row."""
        edges = make_edges(task, self.grid_resolution, self.category_order)
        largest = max((len(axis) for axis in edges.axes if isinstance(axis, Plane)), default=0)
        if largest > _MOST_PLACES:
            message = f"ALE(grid_resolution={self.grid_resolution!r}) has a pair of {largest:,} places."
            raise InputError(message, f"A pair has at most {_MOST_PLACES:,}.", "Lower grid_resolution.")
        return make_cells(task, edges)

    def start(self, task: Task) -> Combined:
        """In each cell, moments of (difference between its edges, how far along the row lies), or of both steps.

        Single features have their squares too, for the spread of the steps.
        """
        cells: Cells = task.design
        families = {"lines": (cells.lines, 4), "pairs": (cells.pairs, WIDTH)}
        sizes = {name: (cells.count(family), d) for name, (family, d) in families.items() if len(family)}
        return Combined({name: CrossMoments.zero(size, task.k, d) for name, (size, d) in sizes.items()})

    def next_round(self, task: Task, state: State, number: int) -> Round | None:
        """Ask once about every row."""
        return Round(task.n, task.design.n_moves, total=task.design.n_changed) if number == 0 else None

    def sample(self, task: Task, round_: Round, index: NDArray[np.intp], rng: np.random.Generator) -> _Sample:
        """Rows number ``index``, and where they are moved to; nothing is random."""
        return _Sample(index, tuple(task.design.moves(index)))

    def intervene(self, task: Task, sample: _Sample) -> Mix:
        """Row i, but feature j comes from the places beside it; of a pair both do, from every two of those places."""
        # one feature after the other, so that what is done column by column is done to rows that follow each other
        features = np.concatenate([moves.features for moves in sample.moves])
        row = [np.nonzero(moves.changed.reshape(-1, len(sample.rows)))[1] for moves in sample.moves]
        donor = np.concatenate([moves.to[moves.changed] for moves in sample.moves])
        asked = np.concatenate([moves.changed.sum(axis=(1, 2)) for moves in sample.moves])
        return Mix.of(
            base=Rows(task.rows, sample.rows[np.concatenate(row)]),
            donor=Rows(task.design.edges.table, donor),
            take=task.membership[features],
            which=np.repeat(np.arange(len(features)), asked),
        )

    def aggregate(self, task: Task, sample: _Sample, answers: NDArray[np.float64]) -> Mapping[str, Update]:
        """One value a row and feature: (difference, place in the cell), or the steps (up to, on from) its level."""
        cells, known, told = task.design, task.known_predictions[sample.rows], []
        ends = np.cumsum([moves.changed.sum() for moves in sample.moves])
        for moves, part in zip(sample.moves, np.split(answers, ends[:-1]), strict=True):
            values = np.empty((*moves.to.shape, task.k))
            values[:] = known
            values[moves.changed] = part
            told.append(values)
        lines = {"lines": _told_of_lines(task, sample.rows, told.pop(0))} if len(cells.lines) else {}
        return lines | ({"pairs": _told_of_pairs(task, sample.rows, told)} if told else {})

    def conclude(self, task: Task, state: Combined) -> Effects:
        """Accumulate the steps, centre the curves, and carry each row's influence through both."""
        cells: Cells = task.design
        _look_for_lost(task, state)
        curves, drifts, empty = [], [], {}
        for j, (sides, axis) in enumerate(zip(cells.sides, cells.edges.axes, strict=True)):
            drift = no_drift(len(axis), task.k)
            if min(side.size for side in sides) == 0:
                curves.append(flat(len(axis), task.k))
            elif isinstance(axis, Plane):
                curve, empty[j] = over_pair(_slice(state, "pairs", cells.span(j)), sides)
                curves.append(_without_rounding(curve, task))
            else:
                here = _slice(state, "lines", cells.span(j))
                curves.append(over_line(here, sides[0]))
                drift = drift_of(here, sides[0])
            drifts.append(drift)
        values, std_error, df, skew = (np.concatenate(part) for part in zip(*curves, strict=True))
        parts, heterogeneity = self._heterogeneity(cells, drifts, df)
        return Effects(
            **self.about(task),
            estimate=Estimate.within(values, std_error, conf_level=self.conf_level, df=df, skew=skew, parts=parts),
            error=f"Choice of the explained rows; the model {_ordered(cells)} taken as given.",
            estimator="every row at both edges of its cell",
            caveats=cells.edges.caveats + tuple(_caveats(task, cells, empty, self.category_order)),
            axes=cells.edges.axes,
            centred=True,
            pure=bool(len(cells.pairs)),
            heterogeneity=heterogeneity,
        )

    def _heterogeneity(
        self, cells: Cells, drifts: Sequence[Drift], df: NDArray[np.float64]
    ) -> tuple[dict[str, NDArray[np.float64]], Estimate | None]:
        """Return the parts for each place, NaN for pairs, and the roots for each single feature."""
        if not len(cells.lines):
            return {}, None
        single = np.repeat([len(sides) == 1 for sides in cells.sides], [len(axis) for axis in cells.edges.axes])
        parts = {
            "heterogeneity": np.concatenate([drift.at_places for drift in drifts]),
            "step_sd": np.concatenate([drift.step_sd for drift in drifts]),
        }
        first = np.cumsum([0, *(len(axis) for axis in cells.edges.axes)])[cells.lines]
        square, error = (np.stack([getattr(drifts[j], name) for j in cells.lines]) for name in ("square", "error"))
        # another order gives another sum of steps, and nobody knows how far the orders are apart
        error[[_has_no_order(cells.sides[j][0].axis) for j in cells.lines]] = np.inf
        numbers = root_of(square, error, conf_level=self.conf_level, df=df[first])
        return {name: np.where(single[:, None], part, np.nan) for name, part in parts.items()}, numbers


@dataclass(frozen=True, eq=False)
class _Sample:
    """Rows, and where they are moved to: along all single features, and along pair after pair."""

    rows: NDArray[np.intp]
    moves: tuple[Moves, ...]


def _told_of_lines(task: Task, rows: NDArray[np.intp], values: NDArray[np.float64]) -> Update:
    """What rows tell of their cells of each single feature, from ``values`` (f, 2, r, k) at both ends."""
    cells: Cells = task.design
    sides = [cells.sides[j][0] for j in cells.lines]
    low, high, here = values[:, 0], values[:, 1], task.known_predictions[rows]
    told = np.empty((*low.shape, 4))
    told[..., 0], told[..., 1] = high - low, np.stack([side.along[rows] for side in sides])[..., None]
    levels = [side.levels for side in sides]
    told[levels, ..., 0], told[levels, ..., 1] = here - low[levels], high[levels] - here
    told[..., 2], told[..., 3] = told[..., 0] ** 2, told[..., 1] ** 2
    number = cells.first[cells.lines, None] + [side.own[rows] for side in sides]
    return _of_those_inside(task, rows, cells.lines, number, told)


def _told_of_pairs(task: Task, rows: NDArray[np.intp], values: Sequence[NDArray[np.float64]]) -> Update:
    """What rows tell of their cells of each pair, from ``values`` (1, moves, r, k) at the places around them."""
    cells: Cells = task.design
    number, told = [], []
    for j, (f,) in zip(cells.pairs.tolist(), values, strict=True):
        sides = cells.sides[j]
        corners = f.reshape(sides[0].n_moves, sides[1].n_moves, len(rows), task.k)
        number.append(cells.first[j] + sides[0].own[rows] * sides[1].size + sides[1].own[rows])
        told.append(pair_values(sides, rows, corners))
    return _of_those_inside(task, rows, cells.pairs, np.stack(number), np.stack(told))


def _of_those_inside(
    task: Task,
    sample: NDArray[np.intp],
    family: NDArray[np.intp],
    number: NDArray[np.intp],
    told: NDArray[np.float64],
) -> Update:
    """Leave out rows without a cell: of numbers (f, r) of cells, and what is told of them (f, r, k, d)."""
    draws, weights = np.tile(np.arange(len(sample)), len(family)), np.tile(task.weights[sample], len(family))
    whole = Update(number.ravel(), told.reshape(-1, *told.shape[2:]), weights, draws=draws)
    if task.design.hold_all:
        return whole
    return whole.only(task.design.inside[np.ix_(sample, family)].T.ravel())


def _without_rounding(curve: Curve, task: Task) -> Curve:
    """Put a surface to zero, with its error, that is no more than the rounding of the model's answers."""
    values, std_error, df, skew = curve
    told = np.abs(values).max(axis=0) > _ROUNDING * np.fmax.reduce(np.abs(task.known_predictions), axis=0)
    return np.where(told, values, 0.0), np.where(told | ~np.isfinite(std_error), std_error, 0.0), df, skew


def _look_for_lost(task: Task, state: Combined) -> None:
    """Refuse a curve with a cell whose rows were all dropped."""
    cells: Cells = task.design
    empty = []
    for j in cells.lines:
        (side,) = cells.sides[j]
        there = np.zeros(side.size, bool)
        there[side.own[side.inside & (task.weights > 0)]] = True
        if (there & (_slice(state, "lines", cells.span(j)).weight == 0)).any():
            empty.append(side.axis.name)
    if empty:
        message = f"ALE has no row left for a step of {first_few(empty)} (on_bad='drop')."
        cure = "Mend the model, lower grid_resolution, or leave the feature out."
        raise PredictionError(message, "The model has no answer for rows that it needs.", cure)


def _slice(state: Combined, family: str, part: slice) -> CrossMoments:
    return CrossMoments(*(array[part] for array in state.states[family].arrays().values()))


def _caveats(task: Task, cells: Cells, empty: Mapping[int, int], order: CategoryOrder) -> list[Caveat]:
    found = []
    sides = {side.axis.name: side for both in cells.sides for side in both}
    for side in sides.values():
        absent = int((~side.inside).sum()) if side.size else 0
        if absent:
            rare = " or has a level that is not drawn" if side.axis.kind == "category" else ""
            message = f"Feature {side.axis.name!r} is missing{rare} in {absent:,} of {task.n:,} rows"
            cure = "Pass a background that has such cells."
            found.append(caveat("SIPA020", f"{message}, which have no place on its axis.", cure))
        if _has_no_order(side.axis):
            found.append(_order_told(side.axis, order))
    for j, count in empty.items():
        if count:
            one, other = cells.sides[j]
            message = f"No row is in {count:,} of the cells of {one.axis.name!r} and {other.axis.name!r}"
            cure = "Read places that rows are near, or lower grid_resolution."
            found.append(caveat("SIPA037", f"{message}; they have the difference of the nearest cell with rows.", cure))
    constant = [name for name, side in sides.items() if len(side.axis) == 1]
    if constant:
        found.append(caveat("SIPA029", f"{constant!r} never change among the rows; their effect is zero."))
    if task.n == 1:
        found.append(caveat("SIPA011", "One row has no spread; the intervals are infinite."))
    return found


def _ordered(cells: Cells) -> str:
    """Say what is taken as given beside the model."""
    free = any(_has_no_order(side.axis) for sides in cells.sides for side in sides)
    return "and the order of levels are" if free else "is"


def _has_no_order(axis: Axis) -> bool:
    """Whether levels might have been put in another order; of two, one is as good as the other."""
    return axis.kind == "category" and len(axis) > 2


def _order_told(axis: Axis, order: CategoryOrder) -> Caveat:
    """Name the order that levels were put in: every step of the curve depends on it."""
    if order == "similarity":
        how, cure = "by how alike the other columns of their rows are", "Pass category_order= if you know a better one."
    else:
        how, cure = "as they are sorted" if order == "given" or axis.name not in order else "as you gave it", ""
    message = f"Levels of {axis.name!r} have no order of their own; their order here, {how}, is"
    unknown = "Heterogeneity along it is of this order alone, so that it has no known error"
    return caveat("SIPA039", f"{message} {', '.join(axis.labels)}. {unknown}; partial dependence needs no order.", cure)
