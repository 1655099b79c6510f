"""Permutation importance: how much worse the model gets when a feature's values are dealt to other rows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from sipakit import columns as col
from sipakit.aggregate import Collected, Update, effective_count
from sipakit.aggregate.losses import JACKKNIFE_GROUPS, Deals, increase, increase_as_a_whole
from sipakit.caveats import Caveat, caveat
from sipakit.errors import InputError, first_few
from sipakit.estimate import Estimate
from sipakit.explainer import Explainer, Round
from sipakit.explainers.dealing import dealt_among_all, dealt_within
from sipakit.explanation import Importances
from sipakit.sample import more_draws, strata_of
from sipakit.scoring import Metric, resolve_scoring

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from numpy.typing import NDArray

    from sipakit.explainer import Unit
    from sipakit.intervene import Mix
    from sipakit.task import Feature, Task

__all__ = ["PermutationImportance"]

_GROWTH = 4  # of the repeats from one look at their error to the next
_TOGETHER = 2**21  # pairs of a feature, since its repeats are balanced together in memory
_PIECE = 2**15  # pairs whose losses a processor keeps at hand


@dataclass(frozen=True)
class _Design:
    """For each feature the value of every row, as a number in the order of the values, and its repeats; the metrics.

    ``strata`` has the stratum of every row by the feature's name, and is empty where donors are any rows.
    """

    values: tuple[NDArray[np.intp], ...]
    repeats: tuple[int, ...]
    metrics: tuple[Metric, ...]
    strata: Mapping[Hashable, NDArray[np.intp]] = field(default_factory=dict)

    @property
    def most(self) -> int:
        """Repeats of the feature that has most."""
        return max(self.repeats)


@dataclass(frozen=True)
class _Dealt:
    """For one feature: the row whose value each row is given, deal by deal (d, n), and what that row stands for."""

    feature: int
    donor: NDArray[np.intp]
    deals: Deals


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class PermutationImportance(Explainer):
    """Increase of the loss when one feature's values are dealt to other rows.

    A feature with no more values than repeats is dealt in full: every row gets every value, with the weight of the rows
    that have it, and the shuffling leaves no error. Other features are shuffled so that over all repeats every row
    meets donors from all parts of the sorted column, which leaves less variance than as many plain shuffles.

    Parameters
    ----------
    features : list of names, optional
        Columns or groups; every group, and every column in no group, by default.
    groups : name -> list of columns, optional
        Columns that are dealt together.
    output : str or list, optional
        See `sipakit.adapt`.
    n_repeats : int, default 10
        Values that each row gets from donors, at most: every value where there are no more, else as many shuffles.
    scoring : str, scorer, callable(y, predictions), or a list of these, optional
        ``"neg_mean_squared_error"`` for regressors and ``"neg_log_loss"`` for classifiers by default. A function
        returns a loss, a row or in all; importance is the loss's increase, or the score's decrease.
    conditional : False or "strata", default False
        Where the donors come from: any row, or rows of the same stratum, in which a tree finds the feature's values
        about as probable by the other columns. Given values are real ones in either case.
    min_stratum : int, default 20
        Rows that a stratum has at least. Fewer of them respect the other columns more closely.
    conf_level : float, default 0.95
        Nominal coverage of the intervals.
    random_state : int, default 0
        Seed of all that is drawn: equal seeds give equal bits.

    Returns
    -------
    Importances
        ``values`` is (features, metrics), in units of the loss. ``std_error_rows`` and ``std_error_shuffles`` are the
        two parts of the standard error; ``strata`` and ``rows_in_stratum`` tell how many strata there are, and how many
        rows share that of the median row.

    Raises
    ------
    InputError
        Without ``y``.

    Notes
    -----
    The estimand is the mean over all pairs (row, donor). The interval covers the choice of rows: each row counts as
    receiver and as donor, h_i = mean_k L(i, k) + mean_k L(k, i) - L(i, i), a V-statistic, and the interval leans to one
    side as much as h does. Reading the repeats' spread as an error covers 37 to 39 %, not 95 %, since repeats see the
    shuffling only. R squared, the root of the mean square and the area under the curve have influences of rows, too.
    Other scores that are no mean over rows are means over shuffled tables, with a jackknife over 20 groups of rows.

    Within strata the estimand is the mean over pairs of two different rows of one stratum, each stratum counting as its
    rows. It approaches the conditional importance, from the side of the marginal one, as the strata become small; the
    rows of each half of the table are sorted by a tree that was fitted to the other half.

    Cost
    ----
    At most ``n_repeats`` model rows a row and feature; equal rows are predicted once.

    References
    ----------
    Breiman (2001), doi:10.1023/A:1010933404324; Fisher, Rudin and Dominici (2019), arXiv:1801.01489; Molnar, König,
    Bischl and Casalicchio (2023), doi:10.1007/s10618-022-00901-9

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> X = np.random.default_rng(0).normal(size=(500, 2))
    >>> e = sp.PermutationImportance(n_repeats=20).explain(lambda X: X[:, 0], X, X[:, 0])
    >>> round(float(e.values[0, 0] / X[:, 0].var()), 2), float(e.values[1, 0])
    (2.0, 0.0)
    """

    features: Sequence[Hashable] | None = None
    groups: Mapping[Hashable, Sequence[Hashable]] | None = None
    output: Any = None
    n_repeats: int = 10
    scoring: Any = None
    conditional: bool | str = False
    min_stratum: int = 20
    conf_level: float = 0.95
    random_state: int = 0

    uses: ClassVar[frozenset[str]] = frozenset({"rows"})
    needs: ClassVar[frozenset[str]] = frozenset({"target"})
    single_columns: ClassVar[bool] = True
    breaks_dependence: ClassVar[bool] = True
    adds_draws: ClassVar[bool] = True
    unit: ClassVar[Unit] = "feature"
    question: ClassVar[str] = "How much worse does the model get without the information in a feature?"
    references: ClassVar[tuple[str, ...]] = (
        "Breiman (2001), Random forests. doi:10.1023/A:1010933404324",
        "Fisher, Rudin and Dominici (2019), All models are wrong, but many are useful. arXiv:1801.01489",
        "Molnar, König, Bischl and Casalicchio (2023), A conditional subgroup approach. doi:10.1007/s10618-022-00901-9",
    )

    def moved_apart(self, task: Task) -> Sequence[Feature]:
        """Return all features, unless donors are alike in the other columns."""
        return () if self.conditional else task.features

    def design(self, task: Task) -> _Design:
        """Number the values of each feature, and read the scoring."""
        values = tuple(_values(task, f) for f in task.features)
        # where the model's structure answers, all that it tells apart is dealt in full
        by_structure = [_by_structure(task, feature) for feature in task.features]
        counts = [len(np.unique(own)) if known else 0 for own, known in zip(values, by_structure, strict=True)]
        most = _TOGETHER // task.n
        repeats = tuple(count if self.n_repeats < count <= most else self.n_repeats for count in counts)
        rng, fewest = np.random.default_rng(self.random_state), self.min_stratum
        strata = {
            feature.name: strata_of(task.rows, feature.columns, task.weights, fewest=fewest, rng=rng)
            for feature in (task.features if self.conditional else ())
        }
        return _Design(values, repeats, resolve_scoring(self.scoring, task), strata)

    def start(self, task: Task) -> Collected:
        """For each feature and metric: increase, its error over rows, that of the shuffling, skewness, and repeats."""
        return Collected.zero(len(task.features), len(task.design.metrics), 5)

    def next_round(self, task: Task, state: Collected, number: int) -> Round | None:
        """Ask about every feature; again, with more repeats, about those that the tolerance wants to know better.

        A draw is a feature, since its repeats are balanced among themselves; more of them take the place of fewer.
        """
        if number == 0:
            return Round(draws=len(task.features), rows=task.design.most * task.n)
        if task.tolerance is None:
            return None
        worst, repeats = self.chance(task, state).max(axis=1), state.values[:, 0, 4]
        wanted = repeats + more_draws(repeats, worst, task.tolerance, growth=_GROWTH, least=1.2)
        feature = np.flatnonzero((wanted > repeats) & (repeats < task.n) & state.filled)
        most = _TOGETHER // task.n
        if task.budget is not None:
            most = min(most, task.budget // (task.n * max(len(feature), 1)))
        due = [(int(j), int(min(wanted[j], task.n, most))) for j in feature if most > repeats[j]]
        return Round(draws=len(due), rows=max(d for _, d in due) * task.n, note=due) if due else None

    def chance(self, task: Task, state: Collected) -> NDArray[np.float64]:
        """Return what the shuffling leaves."""
        return state.values[..., 2]

    def sample(self, task: Task, round_: Round, index: NDArray[np.intp], rng: np.random.Generator) -> list[_Dealt]:
        """Deal donors: every value where there are few, balanced shuffles otherwise; within strata if that is asked."""
        design: _Design = task.design
        in_full = all(metric.as_a_whole is None for metric in design.metrics)
        dealt = []
        for draw in index.tolist():
            feature, repeats = (draw, design.repeats[draw]) if round_.note is None else round_.note[draw]
            own, w = design.values[feature], task.weights
            if design.strata:
                stratum = design.strata[task.features[feature].name]
                made = dealt_within(w, own, stratum, repeats, rng, in_full=in_full)
            else:
                made = dealt_among_all(w, own, repeats, rng, in_full=in_full)
            dealt.append(_Dealt(feature, *made))
        return dealt

    def intervene(self, task: Task, sample: list[_Dealt]) -> Mix:
        """Row i, but feature j comes from its donor."""
        return task.mix(
            base=(task.rows, np.tile(np.arange(task.n), sum(len(dealt.donor) for dealt in sample))),
            donor=(task.rows, np.concatenate([dealt.donor.ravel() for dealt in sample])),
            take=np.eye(len(task.features), dtype=bool),
            which=np.repeat([dealt.feature for dealt in sample], [dealt.donor.size for dealt in sample]),
        )

    def aggregate(self, task: Task, sample: list[_Dealt], answers: NDArray[np.float64]) -> Update:
        """Score each feature's deals."""
        ends = np.cumsum([dealt.donor.size for dealt in sample])
        values = [
            _increases(task, dealt, f.reshape(*dealt.donor.shape, task.k))
            for dealt, f in zip(sample, np.split(answers, ends[:-1]), strict=True)
        ]
        return Update(np.array([dealt.feature for dealt in sample]), np.array(values))

    def conclude(self, task: Task, state: Collected) -> Importances:
        """Return the increases with both parts of their error."""
        metrics: tuple[Metric, ...] = task.design.metrics
        values, rows, shuffles, skew, repeats = np.moveaxis(state.values, -1, 0)
        error = np.hypot(rows, shuffles)
        # only the rows make it lean
        skew = skew * np.divide(rows, error, out=np.zeros_like(error), where=np.isfinite(rows) & (error > 0)) ** 3
        parts = {"std_error_rows": rows, "std_error_shuffles": shuffles}
        covered = "Choice of rows (each as receiver and as donor) and shuffling; the fitted model is taken as given."
        asked = self.question
        if self.conditional:
            sizes = _sizes_of_strata(task)
            parts |= {name: np.tile(part[:, None], len(metrics)) for name, part in sizes.items()}
            covered = covered.replace("the fitted model is", "the fitted model and the strata are")
            asked = "How much worse does the model get without what only this feature tells?"
        count = float(effective_count(task.weights.sum(), (task.weights**2).sum()))
        df = np.array([[count - 1 if metric.as_a_whole is None else JACKKNIFE_GROUPS - 1 for metric in metrics]])
        names = tuple(metric.name for metric in metrics)
        baseline = [metric.sign * metric.loss(task.target, task.known_predictions, task.weights) for metric in metrics]
        return Importances(
            **self.about(task) | {"outputs": names, "question": asked},
            estimate=Estimate.within(values, error, conf_level=self.conf_level, df=df, skew=skew, parts=parts),
            error=covered,
            estimator=_told_as(task, self.n_repeats, int(repeats.max()), in_full=not shuffles.any()),
            caveats=(
                *_caveats(task, metrics, rows, one_repeat=self.n_repeats == 1),
                *_about_strata(task, self.min_stratum),
            ),
            metrics=names,
            baseline=np.array(baseline),
        )


def _told_as(task: Task, fewest: int, most: int, *, in_full: bool) -> str:
    if task.curves is not None and not task.design.strata and in_full:
        return "all pairs of rows"
    told = f"all values of features with at most {fewest}, balanced shuffles of the others"
    if task.design.strata:
        told = f"all values of features with at most {fewest} in a stratum of rows, balanced shuffles of the others"
        told += ", within strata of rows alike in the other columns"
    return told if most <= fewest else f"{told}, up to {most}{' for the tolerance' if task.tolerance else ''}"


def _sizes_of_strata(task: Task) -> dict[str, NDArray[np.float64]]:
    """Number of strata of each feature (u,), and the rows in the stratum of the median row."""
    sizes = [np.bincount(task.design.strata[feature.name]) for feature in task.features]
    typical = [np.median(np.repeat(each, each)) for each in sizes]
    return {"strata": np.array([len(each) for each in sizes], np.float64), "rows_in_stratum": np.array(typical)}


def _about_strata(task: Task, fewest: int) -> list[Caveat]:
    """Say how large the strata are, and whose donors are any rows."""
    if not task.design.strata:
        return []
    sizes = _sizes_of_strata(task)
    count, typical = sizes["strata"], sizes["rows_in_stratum"]
    whole = [f.name for f, strata in zip(task.features, count, strict=True) if strata == 1]
    if whole:
        message = f"{task.n:,} rows are too few for strata of {fewest}, or there is no other column: 100 % of the rows"
        message += f" are in one stratum, and donors are any rows, for {first_few(whole)}."
        return [caveat("SIPA034", message, "Pass more rows, or lower min_stratum.")]
    few, many, size = f"{count.min():,.0f}", f"{count.max():,.0f}", f"{typical.max():,.0f}"
    message = f"There are {few} to {many} strata a feature, and half of the rows are in one of at most {size} rows."
    message += " What still depends on the other columns inside of a stratum makes a value too large."
    return [caveat("SIPA035", message, "Lower min_stratum, and see whether values fall.")]


def _by_structure(task: Task, feature: Feature) -> bool:
    return task.curves is not None and len(feature.columns) == 1


def _values(task: Task, feature: Feature) -> NDArray[np.intp]:
    """(n,) the row's value of a feature, as a number in the order of the values; groups by their columns in turn."""
    if _by_structure(task, feature):
        codes = task.curves.codes(task.rows, feature.columns[0])
        return np.unique(codes, return_inverse=True)[1].reshape(-1).astype(np.intp)
    ranks = np.column_stack([col.ranks(task.rows.columns[j]) for j in feature.columns])
    return np.unique(ranks, axis=0, return_inverse=True)[1].reshape(-1).astype(np.intp)


def _increases(task: Task, dealt: _Dealt, answers: NDArray[np.float64]) -> list[tuple[float, ...]]:
    """By every metric what `_increase` tells, and the repeats; unknown if the model has no answer for most pairs."""
    metrics: tuple[Metric, ...] = task.design.metrics
    silent = np.asarray(np.isnan(answers).any(axis=2))
    if silent.mean() > 0.5:
        return [(np.nan,) * 5] * len(metrics)
    if silent.any():  # such pairs count nothing
        dealt = replace(dealt, deals=replace(dealt.deals, counts=np.where(silent, 0.0, dealt.deals.counts)))
        answers = np.where(silent[:, :, None], task.known_predictions, answers)
    return [(*_increase(metric, task, dealt, answers), len(answers)) for metric in metrics]


def _increase(
    metric: Metric, task: Task, dealt: _Dealt, answers: NDArray[np.float64]
) -> tuple[float, float, float, float]:
    """Increase of the loss, its error over rows, that of the shuffling, and its skewness."""
    target: NDArray[Any] = task.target  # type: ignore[assignment] # the engine has seen to it
    deals, before = dealt.deals, task.known_predictions
    if metric.as_a_whole is not None:

        def loss(rows: NDArray[np.intp], f: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
            return metric.loss(target[rows], f, weights)

        return increase_as_a_whole(deals, dealt.donor, loss, before, answers)
    if metric.by_influence is not None:
        pairs, repeated = deals.pairs.ravel(), np.concatenate([target] * len(answers))
        loss_after, moved = metric.by_influence(repeated, answers.reshape(-1, task.k), pairs)
        loss_before, kept = metric.by_influence(repeated, np.concatenate([before] * len(answers)), pairs)
        _, rows, shuffling, skew = increase(deals, (moved - kept).reshape(dealt.donor.shape))
        return loss_after - loss_before, rows, shuffling, skew
    return increase(deals, _rises(metric, task, dealt, answers))


def _rises(metric: Metric, task: Task, dealt: _Dealt, answers: NDArray[np.float64]) -> NDArray[np.float64]:
    """(d, n) losses of answers (d, n, k) less those of the rows, for as many deals at a time as a cache holds."""
    target: NDArray[Any] = task.target  # type: ignore[assignment] # the engine has seen to it
    if metric.by_row is None:
        raise TypeError(metric.name)
    rises, together = np.empty(answers.shape[:2]), max(1, _PIECE // task.n)
    own = metric.by_row(target, task.known_predictions)
    for start in range(0, len(answers), together):
        piece = answers[start : start + together]
        losses = metric.by_row(np.concatenate([target] * len(piece)), piece.reshape(-1, task.k))
        if not np.isfinite(losses).all():
            message = f"scoring={metric.name!r} gives {losses[~np.isfinite(losses)][0]} for a row with another value of"
            message = f"{message} {task.names[dealt.feature]!r}."
            raise InputError(message, "Losses must be finite.", "Choose another score.")
        np.subtract(losses.reshape(len(piece), -1), own, out=rises[start : start + together])
    return rises


def _caveats(task: Task, metrics: Sequence[Metric], rows: NDArray[np.float64], *, one_repeat: bool) -> list[Caveat]:
    found = []
    if one_repeat:
        message = "Its own error can only be guessed from the spread over rows."
        found.append(caveat("SIPA030", message, "Use n_repeats of 2 or more."))
    if not np.isfinite(rows).all():
        message = (
            f"{task.n:,} rows tell no error over rows: one row has no spread, and a score of a table needs 40 rows."
        )
        found.append(caveat("SIPA011", message, "Pass more rows."))
    for metric in metrics:
        if metric.as_a_whole is None and task.n > 1 and _worse_than_constant(metric, task):
            message = f"By {metric.name} the model is worse than predicting the same for every row."
            found.append(caveat("SIPA008", message, "Check that X and y are in the same order."))
    return found


def _worse_than_constant(metric: Metric, task: Task) -> bool:
    """Whether the mean target, or the mean probabilities of a classifier, would score better."""
    f, target = task.known_predictions, task.target
    usual = f if target is None or task.classes is not None else target.reshape(task.n, -1)
    constant = np.broadcast_to(np.average(usual, axis=0, weights=task.weights), f.shape)
    return metric.loss(target, f, task.weights) > metric.loss(target, constant, task.weights)
