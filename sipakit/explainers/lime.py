"""LIME: a weighted linear model of the predictions around one row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from sipakit.aggregate import NormalEquations, Update
from sipakit.caveats import Caveat, caveat
from sipakit.estimate import Estimate
from sipakit.explainer import Explainer, Round
from sipakit.explainers.attribution import row_values, row_weights
from sipakit.explanation import Attributions
from sipakit.sample import Neighbourhood, draw_neighbours, more_draws, neighbourhood_of
from sipakit.table import Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sipakit.explainer import Unit
    from sipakit.intervene import Mix
    from sipakit.task import Task

__all__ = ["LIME"]

_REPLICATES = 16  # independent scramblings of the sequence, whose spread is the error
_POOR_FIT = 0.3


@dataclass(frozen=True)
class _Neighbours:
    """For each draw the explained row, and its neighbours with their coordinates, one draw after the other."""

    row: NDArray[np.intp]
    draw: NDArray[np.intp]
    table: Table
    coordinates: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class LIME(Explainer):
    """Linear model of the predictions in the neighbourhood of each row.

    Neighbours are drawn around the row itself: normal steps of one background standard deviation for numbers and
    dates, and the row's own value or one from the background for categories and missing cells. They are weighted by
    exp(-d^2 / 2 w^2), d being the distance in standard deviations and changed categories.

    Parameters
    ----------
    background : table
        Tells the spread of every column and the frequency of every level. Needed.
    output : str or list, optional
        See `sipakit.adapt`.
    n_samples : int, default 4096
        Neighbours a row, rounded down to 16 equal blocks; powers of two are best.
    kernel_width : float, optional
        w; 0.75 sqrt(p) by default, as in the original.
    conf_level : float, default 0.95
        Nominal coverage of the intervals.
    random_state : int, default 0
        Seed of all that is drawn: equal seeds give equal bits.

    Returns
    -------
    Attributions
        ``values`` is (rows, features, outputs): the change of the prediction per standard deviation of the background,
        and for categories from another value to the row's own. ``slope`` is in the feature's own units. ``fit`` is the
        local weighted R squared. They do not add up to the prediction.

    Raises
    ------
    InputError
        Without a background.

    Notes
    -----
    The neighbours come from 16 independently scrambled Sobol sequences; standard errors are a jackknife over these, so
    they show what the quasi-random points really leave uncertain. Drawing around the mean of the data, as is usual,
    shrinks slopes by s^2 / (s^2 + w^2).

    Cost
    ----
    ``n_samples`` model rows an explained row.

    References
    ----------
    Ribeiro, Singh and Guestrin (2016), doi:10.1145/2939672.2939778

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> Z = np.random.default_rng(0).normal(size=(200, 2))
    >>> e = sp.LIME(background=Z).explain(lambda X: X[:, 0] ** 2 + X[:, 1], np.array([[1.5, 0.0]]))
    >>> e.estimate.parts["slope"][0, :, 0].round(2).tolist()
    [3.0, 1.0]
    """

    background: Any = None
    output: Any = None
    n_samples: int = 4096
    kernel_width: float | None = None
    conf_level: float = 0.95
    random_state: int = 0

    uses: ClassVar[frozenset[str]] = frozenset({"rows"})
    needs: ClassVar[frozenset[str]] = frozenset({"background"})
    breaks_dependence: ClassVar[bool] = True
    adds_draws: ClassVar[bool] = True
    unit: ClassVar[Unit] = "row"
    question: ClassVar[str] = "Which simple linear model imitates the predictions close to this row?"
    references: ClassVar[tuple[str, ...]] = (
        "Ribeiro, Singh and Guestrin (2016), Why should I trust you? doi:10.1145/2939672.2939778",
    )

    def design(self, task: Task) -> Neighbourhood:
        """Measure the background."""
        return neighbourhood_of(task.background, task.background_weights)

    def start(self, task: Task) -> NormalEquations:
        """One regression for every row and replicate."""
        return NormalEquations.zero(task.n * _REPLICATES, 1 + len(task.features), task.k)

    def next_round(self, task: Task, state: NormalEquations, number: int) -> Round | None:
        """Ask for a block of neighbours for each replicate of each row; for more where the tolerance wants it."""
        m = self.n_samples // _REPLICATES
        if number == 0:
            return Round(draws=task.n * _REPLICATES, rows=m)
        if task.tolerance is None:
            return None
        worst = self.chance(task, state).reshape(task.n, -1).max(axis=1)
        so_far = 2 ** (number - 1)  # blocks of a replicate: each round at most doubles them
        again = np.repeat(np.arange(task.n), more_draws(so_far, worst, task.tolerance, growth=2))
        if task.budget is not None:
            again = again[: task.budget // self.n_samples]
        return Round(draws=len(again) * _REPLICATES, rows=m, note=again) if len(again) else None

    def chance(self, task: Task, state: NormalEquations) -> NDArray[np.float64]:
        """Return the standard errors: the neighbours are all that is drawn."""
        return _fitted(task, state)[1][:, 1:]

    def sample(self, task: Task, round_: Round, index: NDArray[np.intp], rng: np.random.Generator) -> _Neighbours:
        """Draw a block of neighbours for each draw; those of one row together."""
        row, replicate = np.divmod(index, _REPLICATES)
        if round_.note is not None:
            row = round_.note[row]
        which, counts = np.unique(row, return_counts=True)
        drawn = [
            draw_neighbours(task.design, task.rows, i, round_.rows, rng, replicates)
            for i, replicates in zip(which.tolist(), counts.tolist(), strict=True)
        ]
        tables, coordinates = zip(*drawn, strict=True)
        cells = row * _REPLICATES + replicate
        return _Neighbours(row, cells, Table.stacked(tables), np.concatenate(coordinates))

    def intervene(self, task: Task, sample: _Neighbours) -> Mix:
        """Row x, but all features come from its drawn neighbour."""
        m = len(sample.table)
        return task.mix(
            base=(task.rows, np.repeat(sample.row, m // len(sample.row))),
            donor=(sample.table, np.arange(m)),
            take=np.ones(len(task.features), bool),
        )

    def aggregate(self, task: Task, sample: _Neighbours, answers: NDArray[np.float64]) -> Update:
        """Add the neighbours to their regression; the prediction at the row itself is taken off, to keep digits."""
        m = len(answers) // len(sample.row)
        z = sample.coordinates
        width = self.kernel_width or 0.75 * np.sqrt(len(task.features))
        weights = np.exp(-(z**2).sum(axis=1) / (2 * width**2))
        inputs = np.column_stack([np.ones(len(z)), z])
        away = answers - task.known_predictions[np.repeat(sample.row, m)]
        silent = np.isnan(away).any(axis=1)
        if silent.any():  # neighbours without an answer count nothing, unless they are most of their block
            silent &= np.repeat(silent.reshape(-1, m).mean(axis=1) <= 0.5, m)
            weights, away = np.where(silent, 0.0, weights), np.where(silent[:, None], 0.0, away)
        return Update(np.repeat(sample.draw, m), away, weights, inputs)

    def conclude(self, task: Task, state: NormalEquations) -> Attributions:
        """Solve every row's regression, and leave one replicate out at a time for the errors."""
        whole, std_error = _fitted(task, state)
        gram, moment, square = (_by_row(task, a).sum(axis=1) for a in (state.gram, state.moment, state.square))
        fit = _r_squared(gram, moment, square, whole)
        # levels and missing cells have no unit
        spread = np.where(task.design.continuous(task.rows), task.design.spread, np.nan)
        unit = spread[:, [f.columns[0] for f in task.features], None]
        slopes = {"slope": whole[:, 1:] / unit, "slope_std_error": std_error[:, 1:] / unit}
        return Attributions(
            **self.about(task),
            estimate=Estimate.within(
                whole[:, 1:], std_error[:, 1:], conf_level=self.conf_level, df=_REPLICATES - 1, parts=slopes
            ),
            error="The neighbours drawn; the neighbourhood's shape and the model are taken as given.",
            estimator="weighted least squares on scrambled Sobol points",
            caveats=tuple(_caveats(fit)),
            base_values=whole[:, 0] + task.known_predictions,
            base_std_error=std_error[:, 0],
            predictions=task.known_predictions,
            row_values=row_values(task),
            rows=np.arange(task.n),
            additive=False,
            fit=fit,
            per="standard deviation, or for another level",
            weights=row_weights(task),
            shared_errors=False,  # every row has neighbours of its own
        )


def _fitted(task: Task, state: NormalEquations) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coefficients (n, 1 + u, k) of every row's regression, and their errors by leaving out a replicate at a time."""
    gram, moment = _by_row(task, state.gram), _by_row(task, state.moment)
    beta = _solved(_and_one_left_out(gram), _and_one_left_out(moment))
    whole, without = beta[:, 0], beta[:, 1:]
    spread = ((without - without.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
    return whole, np.sqrt(spread * (_REPLICATES - 1) / _REPLICATES)


def _by_row(task: Task, sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, replicates, ...) sums of the blocks of each row."""
    return sums.reshape(task.n, _REPLICATES, *sums.shape[1:])


def _and_one_left_out(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Add up (n, r, ...) over the replicates: all of them first, then all but one at a time, (n, 1 + r, ...)."""
    whole = sums.sum(axis=1, keepdims=True)
    return np.concatenate([whole, whole - sums], axis=1)


def _solved(gram: NDArray[np.float64], moment: NDArray[np.float64]) -> NDArray[np.float64]:
    """Coefficients of many regressions; a column that never moved gets zero."""
    return np.asarray(np.linalg.pinv(gram, rcond=1e-10, hermitian=True) @ moment)


def _r_squared(
    gram: NDArray[np.float64], moment: NDArray[np.float64], square: NDArray[np.float64], beta: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(n, k) weighted R squared of each row's regression; 1 where the predictions do not vary."""
    total = square - moment[:, 0] ** 2 / gram[:, 0, 0][:, None]
    explained = np.einsum("nuk,nuk->nk", beta, moment) - moment[:, 0] ** 2 / gram[:, 0, 0][:, None]
    flat = total <= 1e-12 * np.maximum(square, 1e-300)
    return np.where(flat, 1.0, np.clip(explained / np.where(flat, 1.0, total), 0, 1))


def _caveats(fit: NDArray[np.float64]) -> list[Caveat]:
    poor = int((fit.min(axis=1) < _POOR_FIT).sum())
    if not poor:
        return []
    message = (
        f"In {poor} of {len(fit)} rows the linear model explains less than {_POOR_FIT:.0%} of what varies around it."
    )
    return [caveat("SIPA028", message, "Narrow kernel_width, or use Shapley.")]
