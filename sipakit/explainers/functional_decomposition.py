"""Functional decomposition: the model as a sum of main effects, pairs and a rest, and what share each explains."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from sipakit.caveats import Caveat, caveat
from sipakit.errors import InputError
from sipakit.estimate import Estimate
from sipakit.explainer import Explainer, Round
from sipakit.explainers.attribution import read_rows
from sipakit.explainers.fd_independent import Independent, draw_independent
from sipakit.explainers.fd_observed import Observed
from sipakit.explainers.fd_parts import Found, Points, parts_of
from sipakit.explainers.h_design import drawn_design
from sipakit.explainers.h_found import within
from sipakit.explanation import Decomposition
from sipakit.sample import Grids, make_grids, positions_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from numpy.typing import NDArray

    from sipakit.aggregate import Combined, Update
    from sipakit.axis import Axis
    from sipakit.intervene import Mix
    from sipakit.rules import Rule
    from sipakit.task import Task

__all__ = ["FunctionalDecomposition"]

_PLACES = 30  # of each feature, between which rows are drawn together
_PAIRS = 20_000  # of rows, where their number is left open


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class FunctionalDecomposition(Explainer):
    """The model as a sum of main effects, pairs (and sets of three), and what share of its variance each explains.

    The component of a set is what partial dependence on it has beyond its parts: ``PD_j - PD_0`` for one feature,
    ``PD_jk - PD_j - PD_k + PD_0`` for two, and so on by inclusion and exclusion, where ``PD_0`` is the mean prediction.
    The rest is the prediction less all components asked for, so that they add up to the prediction at every row.

    Parameters
    ----------
    features : list of names, optional
        Columns or groups; all by default.
    groups : name -> list of columns, optional
        Columns that are moved together.
    background : table, optional
        Contexts; the explained rows by default, each row then serving in both roles.
    output : str or list, optional
        See `sipakit.adapt`.
    order : int, default 2
        1 for main effects, 2 for all pairs as well, 3 for all sets of three features as well.
    inputs : "observed" or "independent", default "observed"
        Which rows vary. "observed": the explained rows, with the dependence that they have; the share of a component
        is its covariance with the prediction. "independent": rows whose features are drawn from the background, each
        by itself; shares are Sobol indices. Columns that are no feature then move together.
    n_draws : int or None, default 200
        Its square is what is spent on each set, in model rows. None takes all pairs of all rows, or 20,000 pairs of
        rows with independent features.
    conf_level : float, default 0.95
        Nominal coverage of the intervals.
    random_state : int, default 0
        Seed of all that is drawn: equal seeds give equal bits.

    Returns
    -------
    Decomposition
        ``values`` is (main effects, pairs, sets of three, the rest; outputs): shares of the prediction's variance,
        which add up to 1. ``components`` are the components at the rows where they were evaluated, in units of the
        prediction.

    Notes
    -----
    ``structural`` is a component's own variance and ``correlative`` what its share has beyond, by going along with
    other components; the latter is zero for independent inputs, and a share can be negative where it is strong.
    ``total`` is the share of all sets that hold the set: for independent inputs the total Sobol index of a feature, and
    of a pair the superset importance of Liu and Owen; for observed rows that of ``f - PD_-j``, of single features only.

    Observed rows are drawn as those of `HStatistic`: all pairs of all rows where these are no more than ``n_draws``
    squared, else more rows in four contexts of their own each. The interval covers the choice of rows, as evaluation
    points and as contexts. Independent rows come in 32 scrambled Sobol sequences, whose spread is the error: it
    covers their draw and takes the background as given. A feature that the model does not use has the share 0 exactly,
    and an additive model leaves the rest 0 exactly.

    A prediction that does not vary has no shares: they are told as 0 with no known error, and a caveat says so.

    Cost
    ----
    ``n_draws`` squared model rows for each set of features and for each total, or fewer.

    References
    ----------
    Hiabu, Meyer and Wright (2023), arXiv:2208.06151

    Li, Rabitz and others (2010), doi:10.1021/jp9096919

    Azzini, Mara and Rosati (2021), doi:10.1016/j.envsoft.2021.105167

    Liu and Owen (2006), doi:10.1198/016214505000001410

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> X = np.random.default_rng(0).normal(size=(200, 3))
    >>> e = sp.FunctionalDecomposition(n_draws=None).explain(lambda X: X[:, 0] + X[:, 1] * X[:, 2], X)
    >>> e.explained().values.item(), e.sets[:1] + e.sets[-2:-1]
    (1.0, (('x0', None), ('x1', 'x2')))
    >>> e.estimate.parts["structural"][[0, -2], 0].round(1).tolist()
    [0.6, 0.5]
    """

    features: Sequence[Hashable] | None = None
    groups: Mapping[Hashable, Sequence[Hashable]] | None = None
    background: Any = None
    output: Any = None
    order: int = 2
    inputs: str = "observed"
    n_draws: int | None = 200
    conf_level: float = 0.95
    random_state: int = 0

    uses: ClassVar[frozenset[str]] = frozenset({"rows", "background"})
    breaks_dependence: ClassVar[bool] = True
    mixes_tables: ClassVar[bool] = True
    rules: ClassVar[Mapping[str, Rule]] = {
        "inputs": ("'observed' or 'independent'", lambda v: v in ("observed", "independent")),
    }
    question: ClassVar[str] = "Of which effects is the model the sum, and how much does each explain?"
    references: ClassVar[tuple[str, ...]] = (
        "Hiabu, Meyer and Wright (2023), Unifying local and global model explanations. arXiv:2208.06151",
        "Li, Rabitz and others (2010), Sensitivity analysis for correlated inputs. doi:10.1021/jp9096919",
        "Azzini, Mara and Rosati (2021), Estimators of Sobol' indices. doi:10.1016/j.envsoft.2021.105167",
        "Liu and Owen (2006), Estimating mean dimensionality. doi:10.1198/016214505000001410",
    )

    def design(self, task: Task) -> Observed | Independent:
        """Draw the rows, and list what is asked of the model and how it adds up."""
        if self.inputs == "independent":
            pairs = _PAIRS if self.n_draws is None else self.n_draws**2 // 2
            return draw_independent(task, parts_of(task, self.order, all_totals=True), pairs, self.random_state)
        parts = parts_of(task, self.order, all_totals=False)
        return Observed(parts, drawn_design(task, parts.takes[2:], (), (), self.n_draws, "auto", self.random_state))

    def start(self, task: Task) -> Combined:
        """Begin with nothing."""
        design: Observed | Independent = task.design
        return design.start(task)

    def next_round(self, task: Task, state: Any, number: int) -> Round | None:
        """Ask once, about everything."""
        design: Observed | Independent = task.design
        return design.round_() if number == 0 else None

    def sample(self, task: Task, round_: Round, index: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.intp]:
        """Evaluation points number ``index``; the rows were drawn in `design`."""
        return index

    def intervene(self, task: Task, sample: NDArray[np.intp]) -> Mix:
        """Context row b, but the features of the pattern come from row i."""
        design: Observed | Independent = task.design
        return design.mix(task, sample)

    def aggregate(self, task: Task, sample: NDArray[np.intp], answers: NDArray[np.float64]) -> dict[str, Update]:
        """Join answers to components."""
        design: Observed | Independent = task.design
        return design.update(task, sample, answers)

    def estimator_of(self, task: Task) -> str:
        """Name the design of the draws."""
        design: Observed | Independent = task.design
        return design.name

    def chance(self, task: Task, state: Combined) -> NDArray[np.float64] | None:
        """Return the error of the draws; of all pairs of all rows there is none."""
        design: Observed | Independent = task.design
        drawn = design.chance(task)
        return self.conclude(task, state).std_error * np.sqrt(drawn) if drawn > 0 else None

    def conclude(self, task: Task, state: Combined) -> Decomposition:
        """Return shares with intervals, and the components at the rows where they were evaluated."""
        design: Observed | Independent = task.design
        found, points = design.found(task, state), design.points(task, state)
        estimate = _with_shares(within(found.shares, found.share_spread, self.conf_level), found.none)
        axes, own, told = _axes(task, points, independent=self.inputs == "independent")
        return Decomposition(
            **self.about(task),
            estimate=replace(estimate, parts=self._parts(found)),
            error=design.covers(task),
            estimator=design.told(task),
            caveats=(*told, *_caveats(task, found)),
            sets=design.parts.named(task),
            inputs=self.inputs,
            rows=points.rows,
            components=points.components,
            base_values=points.base,
            predictions=points.predictions,
            columns=task.rows.names,
            row_values=read_rows(points.table),
            axes=axes,
            own=own,
        )

    def _parts(self, found: Found) -> dict[str, NDArray[np.float64]]:
        """Further columns of the frame."""
        total = within(found.totals, found.total_spread, self.conf_level)
        whole = {f"total{end}": one for end, one in zip(("", *_ENDS), total.numbers, strict=True)}
        lacking = ((0, len(found.shares) - len(found.totals)), (0, 0))
        structural = np.maximum(found.structural, 0)  # NaN stays
        return {
            "structural": structural,
            "correlative": found.shares - found.structural,
            "sd": np.sqrt(structural * found.variance),
            **{name: np.pad(array, lacking, constant_values=np.nan) for name, array in whole.items()},
        }


def _with_shares(estimate: Estimate, none: NDArray[np.bool_]) -> Estimate:
    """Say nothing of outputs that do not vary: shares of 0 with no known error."""
    values, error, lower, upper = (
        np.where(none, nothing, array)
        for nothing, array in zip((0.0, np.inf, -np.inf, np.inf), estimate.numbers, strict=True)
    )
    return Estimate(values, error, lower, upper)


_ENDS = ("_std_error", "_lower", "_upper")


def _axes(
    task: Task, points: Points, *, independent: bool
) -> tuple[tuple[Axis, ...], NDArray[np.float64], list[Caveat]]:
    """Return the axis of each single column, where the points are on it, and what there is to tell of levels."""
    if independent:
        task = replace(task, rows=task.background, weights=task.background_weights)
    axes: list[Axis] = []
    own: list[NDArray[np.float64]] = []
    told: list[Caveat] = []
    for feature in task.features:
        with suppress(InputError):  # a group has no axis, nor has a column without a finite value
            grids: Grids = make_grids(replace(task, features=(feature,)), _PLACES)
            axes += grids.lines
            own.append(positions_of(points.table, feature, grids.lines[0]))
            told += grids.caveats
    return tuple(axes), np.array(own).reshape(len(axes), len(points.table)).T.copy(), told


def _caveats(task: Task, found: Found) -> list[Caveat]:
    told = []
    drawn = getattr(task.design, "drawn", None)
    if drawn is not None and not drawn.whole(task):
        told.append(caveat("SIPA024", f"{drawn.told(task)}.", "Raise n_draws for a smaller error."))
    names = [f"The prediction{'' if task.k == 1 else f' of {name}'}" for name in np.array(task.outputs)[found.none]]
    if names:
        message = f"{', '.join(names)} does not vary, or its components cannot be told from the noise of the draws."
        told.append(caveat("SIPA023", message, "There are no shares of it; raise n_draws if it does vary."))
    return told
