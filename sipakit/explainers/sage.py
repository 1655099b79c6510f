"""SAGE: a fair division among the features of how much they lower the loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from sipakit.aggregate import Combined, CrossMoments, Moments, Update
from sipakit.caveats import Caveat, caveat
from sipakit.estimate import Estimate
from sipakit.explainer import Explainer, Round
from sipakit.explainers.sage_layout import Errors, Layout, lay_out, rows_behind
from sipakit.explainers.sage_losses import loss_of_mean, losses_without_features, scored_by_row
from sipakit.explanation import Importances
from sipakit.sample import more_draws, orders, walks
from sipakit.scoring import Metric, resolve_scoring

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from numpy.typing import NDArray

    from sipakit.intervene import Mix
    from sipakit.task import Task

__all__ = ["SAGE"]

_OF_SQUARES, _OF_OTHERS = 3, 8  # background rows of a draw: three pairs of two for the price of three rows
_CONTROLS = 2  # numbers of a draw whose means over the table are known
_GROWTH = 4  # of the draws from one look at their error to the next, which is uncertain itself


@dataclass(frozen=True)
class _Drawn:
    """Rows of each draw (d, 1 + background rows), the explained one first, and its order of the features (d, u)."""

    rows: NDArray[np.intp]
    order: NDArray[np.intp]


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class SAGE(Explainer):
    """Shapley values of the loss: what a feature takes off it, over all orders in which features are told.

    The game is v(S) = -E loss(y, E_z f(x on S, z elsewhere)): the model knows the features S of a row, and averages
    over background rows z for the others. The values add up to ``total``, the loss of the mean prediction less the
    model's.

    Parameters
    ----------
    groups : name -> list of columns, optional
        Columns that join a coalition together.
    background : table, optional
        Where unknown features come from; the explained rows by default, each row's background being the others.
    output : str or list, optional
        See `sipakit.adapt`.
    scoring : str, scorer, callable(y, predictions), or a list of these, optional
        ``"neg_mean_squared_error"`` for regressors and ``"neg_log_loss"`` for classifiers by default, as for
        `PermutationImportance`; accuracy for classes without probabilities. It must be a mean over rows.
    n_averaged : int, optional
        Background rows over which a draw averages: by default 3 for squared error and the Brier score, which two tell
        without bias, and 8 for any other loss.
    conf_level : float, default 0.95
        Nominal coverage of the intervals.
    random_state : int, default 0
        Seed of all that is drawn: equal seeds give equal bits.

    Returns
    -------
    Importances
        ``values`` is (features, metrics), in units of the loss. ``std_error_rows``, ``std_error_background`` and
        ``std_error_draws`` are the parts of the standard error; without another background the second is zero.
        ``total`` is what they add up to.

    Raises
    ------
    InputError
        Without ``y``, or for a loss that is no finite number.
    CapabilityError
        For a score of a whole table, such as the area under the curve.
    BudgetError
        If the budget does not reach for two draws.

    Notes
    -----
    A draw takes a row, background rows, and an order of the features that is walked there and back. For squared error
    two background rows z and z' suffice: (y - f(x_S, z)) (y - f(x_S, z')) has the mean (y - E_z f)^2, and three rows
    have three such pairs. The losses of means of few rows are too large by their bend, which a jackknife over the
    background rows removes to first order.

    Rows that are their own background are drawn ``n_averaged`` + 1 at a time, and each is explained with the others as
    its background: a model row of two of them serves both. Passes over the table use all rows equally often.
    How far the loss without any feature and that with all of them are off their means over the table, which are known,
    tells by regression how far values are off, so that these add up to the total.

    The standard error sums the products of all draws that share a row (a U-statistic's variance). Rows count as
    explained ones and as background, so it covers another sample of both, and the draws.

    Cost
    ----
    Of p features, ``n_averaged`` (p - 1) model rows for each explained row of a draw, and twice as many with another
    background: 3 (p - 1) and 6 (p - 1) for squared error. By default 6,000 rows are explained, and each at least twice.

    References
    ----------
    Covert, Lundberg and Lee (2020), arXiv:2004.00668; Mitchell, Cooper, Frank and Holmes (2022), arXiv:2104.12199;
    Cameron, Gelbach and Miller (2011), doi:10.1198/jbes.2010.07136

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> X = np.random.default_rng(0).normal(size=(500, 3))
    >>> e = sp.SAGE().explain(lambda X: 2 * X[:, 0] + X[:, 1], X, 2 * X[:, 0] + X[:, 1])
    >>> e.values[:, 0].round(1).tolist()  # about the squared slopes
    [3.9, 1.0, 0.0]
    """

    groups: Mapping[Hashable, Sequence[Hashable]] | None = None
    background: Any = None
    output: Any = None
    scoring: Any = None
    n_averaged: int | None = None
    conf_level: float = 0.95
    random_state: int = 0

    uses: ClassVar[frozenset[str]] = frozenset({"rows", "background"})
    needs: ClassVar[frozenset[str]] = frozenset({"target"})
    mixes_tables: ClassVar[bool] = True
    breaks_dependence: ClassVar[bool] = True
    adds_draws: ClassVar[bool] = True
    question: ClassVar[str] = "How do the features share what the model knows of the target?"
    references: ClassVar[tuple[str, ...]] = (
        "Covert, Lundberg and Lee (2020), Global feature contributions with additive measures. arXiv:2004.00668",
        "Mitchell, Cooper, Frank and Holmes (2022), Sampling permutations for Shapley values. arXiv:2104.12199",
        "Cameron, Gelbach and Miller (2011), Robust inference with multiway clustering. doi:10.1198/jbes.2010.07136",
    )

    def design(self, task: Task) -> Layout:
        """Read the scoring, and lay out the draws."""
        unscaled = task.classes is not None and task.scale not in {"probability", "log_odds"}
        metrics = resolve_scoring("accuracy" if unscaled and self.scoring is None else self.scoring, task)
        scored_by_row(metrics)
        usual = _OF_SQUARES if all(metric.residuals is not None for metric in metrics) else _OF_OTHERS
        return lay_out(task, metrics, self.n_averaged or usual)

    def estimator_of(self, task: Task) -> str:
        """Orders, and how many background rows each draw averages."""
        layout: Layout = task.design
        return f"orders there and back, {layout.averaged} background rows a draw"

    def start(self, task: Task) -> Combined:
        """Moments of the draws, each feature's gain and a control, and the sums of each row's draws."""
        layout: Layout = task.design
        u, metrics = len(task.features), len(layout.metrics)
        rows = task.n + (0 if layout.own else len(task.background))
        draws = CrossMoments.zero(1, metrics, u + _CONTROLS)
        return Combined({"draws": draws, "rows": Moments.zero(rows, metrics * (u + _CONTROLS))})

    def next_round(self, task: Task, state: Combined, number: int) -> Round | None:
        """Ask for all draws; for more of them where the tolerance wants it."""
        layout: Layout = task.design
        each = layout.rows(len(task.features))
        if number == 0:
            return Round(draws=layout.draws, rows=each)
        if task.tolerance is None or not each:
            return None
        worst, so_far = self.chance(task, state).max(), float(state.arrays()["draws.weight"][0])
        due = int(more_draws(so_far, np.array([worst]), task.tolerance, growth=_GROWTH)[0])
        due = due if task.budget is None else min(due, task.budget // each)
        return Round(draws=due, rows=each) if due else None

    def chance(self, task: Task, state: Combined) -> NDArray[np.float64]:
        """Return what the draws leave, of rows and background that are what they are."""
        return Errors.of(task.design, task, state).chance

    def sample(self, task: Task, round_: Round, index: NDArray[np.intp], rng: np.random.Generator) -> _Drawn:
        """Deal rows and background rows, and draw the orders."""
        layout: Layout = task.design
        rows = layout.dealt(task, index, (self.random_state, round_.number))
        return _Drawn(rows, orders(len(index), len(task.features), rng))

    def intervene(self, task: Task, sample: _Drawn) -> Mix:
        """Background row z, but the coalition's features come from the explained row x."""
        u, (d, size) = len(task.features), sample.rows.shape
        x, z = np.triu_indices(size, 1) if task.design.own else (np.zeros(size - 1, np.intp), np.arange(1, size))
        each = 2 * (u - 1)
        row, donor = (np.repeat(sample.rows[:, place].ravel(), each) for place in (x, z))
        met = np.arange(d * each).reshape(d, 1, each)
        return task.mix(
            base=(task.background, donor),
            donor=(task.rows, row),
            take=walks(sample.order) if each else np.zeros((1, u), bool),
            which=np.broadcast_to(met, (d, len(x), each)).ravel(),
            apart=len(task.rows) * len(task.background) >= d * len(x),  # the same two rows meet again in other draws
        )

    def aggregate(self, task: Task, sample: _Drawn, answers: NDArray[np.float64]) -> dict[str, Update]:
        """One gain a draw and feature, and the two numbers that tell how far off they are."""
        layout: Layout = task.design
        d, size = sample.rows.shape
        own = sample.rows if layout.own else sample.rows[:, :1]
        met = _predictions(layout, answers.reshape(d, layout.pairs, 2, len(task.features) - 1, task.k))
        seen = np.stack([_gains(task, metric, sample, own, met) for metric in layout.metrics], axis=1)
        places = sample.rows + (0 if layout.own else np.where(np.arange(size) > 0, task.n, 0))
        repeated = np.repeat(seen.reshape(d, -1), size, axis=0)
        return {
            "draws": Update(np.zeros(d, np.intp), seen),
            "rows": Update(places.ravel(), repeated),
        }

    def conclude(self, task: Task, state: Combined) -> Importances:
        """Return the values with the parts of their error, adding up to what is known to be shared out."""
        layout: Layout = task.design
        ends = np.array([_ends(metric, task, layout) for metric in layout.metrics])
        nothing, everything, apart = ends.T
        errors = Errors.of(layout, task, state, np.column_stack([apart, nothing - everything]))
        total, counts = nothing - everything + apart, rows_behind(task)
        few = min((count for count in counts if count > 1), default=1.0)  # one background row is taken as given
        rows = errors.rows if counts[0] > 1 else np.full_like(errors.rows, np.inf)
        parts = {"std_error_rows": rows, "std_error_background": errors.background, "std_error_draws": errors.chance}
        error = np.sqrt(sum(part**2 for part in parts.values()))
        names = tuple(metric.name for metric in layout.metrics)
        signs = np.array([metric.sign for metric in layout.metrics])
        return Importances(
            **self.about(task) | {"outputs": names},
            estimate=Estimate.within(
                errors.values, error, conf_level=self.conf_level, df=few - 1, skew=errors.skew, parts=parts
            ),
            error="Choice of rows (as explained ones and as background) and the draws; the model is taken as given.",
            estimator=self.estimator_of(task),
            caveats=tuple(_caveats(task, total, float(state.arrays()["draws.weight"][0]))),
            metrics=names,
            baseline=signs * everything,
            total=total,
        )


def _predictions(layout: Layout, f: NDArray[np.float64]) -> NDArray[np.float64]:
    """(d, explained, averaged, 2, u - 1, k) predictions for coalitions ahead, and for what these lack, of each row.

    Row a with the coalition S of row b is row b with the other features of row a.
    """
    if not layout.own:
        return f[:, None]
    size = layout.explained
    number = np.zeros((size, size), np.intp)
    number[np.triu_indices(size, 1)] = np.arange(layout.pairs)
    both = number + number.T
    other = _others(size, size)
    mine = np.arange(size)[:, None]
    turned = (other < mine)[None, :, :, None, None, None]
    f = f[:, both[mine, other]]
    return np.where(turned, f[:, :, :, ::-1], f)


def _gains(
    task: Task, metric: Metric, sample: _Drawn, own: NDArray[np.intp], met: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(d, u + 2) mean gain of each feature over a draw's rows and both walks, and what these add up to, in two parts.

    The loss without features is that of the mean prediction, which is known, and what background rows add to it.
    """
    d, e, m, _, steps, k = met.shape
    target: NDArray[Any] = task.target  # type: ignore[assignment] # the engine has seen to it
    asked = np.repeat(target[own.ravel()], 2 * steps, axis=0)
    ways = loss_of_mean(metric, asked, np.moveaxis(met, 2, -2).reshape(-1, m, k)).reshape(d, e, 2, steps)
    nobody = loss_of_mean(metric, target[own.ravel()], _behind(task, sample, e).reshape(d * e, m, k)).reshape(d, e)
    everybody = loss_of_mean(metric, target[own.ravel()], task.known_predictions[own.ravel()][:, None]).reshape(d, e)
    gains = np.zeros((d, steps + 1))
    for way, order in ((ways[:, :, 0], sample.order), (ways[:, :, 1, ::-1], sample.order[:, ::-1])):
        losses = np.concatenate([nobody[:, :, None], way, everybody[:, :, None]], axis=2)
        walked = np.empty_like(gains)
        np.put_along_axis(walked, order, -np.diff(losses, axis=2).mean(axis=1), axis=1)
        gains += walked / 2
    usual = losses_without_features(metric, task)[own]
    controls = [(nobody - usual).mean(axis=1), (usual - everybody).mean(axis=1)]
    return np.column_stack([gains, *controls])


def _behind(task: Task, sample: _Drawn, e: int) -> NDArray[np.float64]:
    """(d, e, m, k) predictions of each explained row's background rows, which were made once."""
    size = sample.rows.shape[1]
    other = _others(e, size)
    return task.known_background_predictions[sample.rows[:, other]]


def _others(e: int, size: int) -> NDArray[np.intp]:
    """(e, size - 1) places in a draw of the background rows of each explained one: all but its own."""
    return np.array([[j for j in range(size) if j != i] for i in range(e)], np.intp)


def _ends(metric: Metric, task: Task, layout: Layout) -> tuple[float, float, float]:
    """Mean loss of the mean prediction and of the model, and what draws of background rows add to the first on average.

    The squares of the mean prediction have its noise in them; two different background rows have none in common.
    """
    target: NDArray[Any] = task.target  # type: ignore[assignment] # the engine has seen to it
    w, behind = task.weights / task.weights.sum(), task.background_weights / task.background_weights.sum()
    losses = losses_without_features(metric, task)
    known = 0.0
    if metric.residuals is not None and layout.averaged > 1:
        f = task.known_background_predictions
        usual = np.broadcast_to(behind @ f, f.shape)
        same = np.repeat(target[:1], len(f), axis=0)
        off = metric.residuals(same, f) - metric.residuals(same, usual)
        squares = behind**2 @ (off**2).sum(axis=1)
        if layout.own:
            residual = metric.residuals(target, usual)
            squares = squares + 2 * (w**2 @ (residual * off).sum(axis=1))
        known = -float(squares / (1 - (behind**2).sum()))
    return float(w @ losses), metric.loss(target, task.known_predictions, task.weights), known


def _caveats(task: Task, total: NDArray[np.float64], draws: float) -> list[Caveat]:
    layout: Layout = task.design
    found = []
    if min(rows_behind(task)[0], rows_behind(task)[1] if layout.own else np.inf) <= 1:
        message = f"{task.n:,} rows tell no error over rows: one row has no spread."
        found.append(caveat("SIPA011", message, "Pass more rows."))
    if draws < max(layout.fill):
        shares = [min(draws / full, 1.0) for full in layout.fill]
        told = f"{shares[0]:.0%} of the rows were explained"
        told += "" if layout.own else f", with {shares[1]:.0%} of the background rows"
        message = f"The budget reached for {draws:,.0f} draws: {told}. The error covers it."
        found.append(caveat("SIPA044", message, "Raise the budget, or group features."))
    few = [metric.name for metric in layout.metrics if metric.residuals is None]
    if few and layout.averaged > 1:
        message = f"{', '.join(few)} of a mean over {layout.averaged} background rows is not that of the mean over all;"
        message += " the difference is removed to first order, and no error covers the rest."
        found.append(caveat("SIPA045", message, "Raise n_averaged, or score with the squared error or Brier score."))
    for metric, lost in zip(layout.metrics, total, strict=True):
        if lost < 0:
            message = f"By {metric.name} the model is worse than its mean prediction for every row."
            found.append(caveat("SIPA008", message, "Check that X and y are in the same order."))
    return found
