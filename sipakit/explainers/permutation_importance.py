"""Permutation importance: how much worse the model gets when a feature's values are dealt to other rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from sipakit import columns as col
from sipakit.aggregate import Collected, State, Update
from sipakit.caveats import Caveat, caveat
from sipakit.estimate import Estimate
from sipakit.explainer import Explainer, Round
from sipakit.explanation import Importances
from sipakit.sample import rank_shifts
from sipakit.scoring import Metric, resolve_scoring

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from numpy.typing import NDArray

    from sipakit.intervene import Mix
    from sipakit.task import Task

__all__ = ["PermutationImportance"]

_JACKKNIFE_GROUPS = 20


@dataclass(frozen=True)
class _Design:
    """For each feature the rows in its order, and the metrics."""

    order: tuple[NDArray[np.intp], ...]
    metrics: tuple[Metric, ...]


@dataclass(frozen=True)
class _Shuffles:
    """For one feature, the donor of every row at every repeat: (repeats, n)."""

    feature: int
    donor: NDArray[np.intp]


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class PermutationImportance(Explainer):
    """Increase of the loss when one feature's values are dealt to other rows.

    A repeat shifts the sorted values of the feature by a number of ranks, which leaves its distribution as it is. The
    repeats' shifts are evenly spaced from two random starts, so each row meets evenly spread donors: 8 to 33 times
    less variance than independent shuffles of as many rows.

    Parameters
    ----------
    features : list of names, optional
        Columns or groups; every group, and every column in no group, by default.
    groups : name -> list of columns, optional
        Columns that are dealt together.
    n_repeats : int, default 10
    scoring : str, scorer, callable(y, predictions), or a list of these, optional
        ``"neg_mean_squared_error"`` for regressors and ``"neg_log_loss"`` for classifiers by default. A function
        returns a loss, a row or in all; importance is the loss's increase, or the score's decrease.
    output : str or list, optional
        See `sipakit.adapt`.
    conf_level : float, default 0.95
    random_state : int, default 0

    Returns
    -------
    Importances
        ``values`` is (features, metrics), in units of the loss. ``std_error_rows`` and ``std_error_shuffles`` are the
        two parts of the standard error.

    Raises
    ------
    InputError
        Without ``y``.

    Notes
    -----
    The estimand is the mean over all pairs (row, donor). The interval covers the choice of rows: each row counts as
    receiver and as donor, h_i = mean_k L(i, k) + mean_k L(k, i) - L(i, i), a U-statistic. Reading the repeats' spread
    as an error covers 37 % instead of 95 %, since repeats see the shuffling only. A score that is no mean over rows
    (AUC, R squared) gets a jackknife over 20 groups of rows.

    Cost
    ----
    ``n_repeats`` model rows a row and feature; equal rows are predicted once.

    References
    ----------
    Breiman (2001), doi:10.1023/A:1010933404324; Fisher, Rudin and Dominici (2019), arXiv:1801.01489

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
    conf_level: float = 0.95
    random_state: int = 0

    uses: ClassVar[frozenset[str]] = frozenset({"rows"})
    needs: ClassVar[frozenset[str]] = frozenset({"target"})
    question: ClassVar[str] = "How much worse does the model get without the information in a feature?"
    references: ClassVar[tuple[str, ...]] = (
        "Breiman (2001), Random forests. doi:10.1023/A:1010933404324",
        "Fisher, Rudin and Dominici (2019), All models are wrong, but many are useful. arXiv:1801.01489",
    )

    def design(self, task: Task) -> _Design:
        """Sort the rows by each feature, and read the scoring."""
        ranks = {j: col.ranks(task.rows.columns[j]) for f in task.features for j in f.columns}
        order = tuple(np.lexsort([ranks[j] for j in feature.columns[::-1]]) for feature in task.features)
        return _Design(order, resolve_scoring(self.scoring, task))

    def start(self, task: Task) -> Collected:
        """For each feature and metric: increase, error over rows, and the increase from each start."""
        return Collected.zero(len(task.features), len(task.design.metrics), 4)

    def next_round(self, task: Task, state: State, number: int) -> Round | None:  # noqa: ARG002
        """Ask once about every feature: a draw is a feature, since its repeats share their starts."""
        return Round(draws=len(task.features), rows=self.n_repeats * task.n) if number == 0 else None

    def sample(self, task: Task, round_: Round, index: NDArray[np.intp], rng: np.random.Generator) -> list[_Shuffles]:  # noqa: ARG002
        """Deal donors: evenly spaced shifts along the sorted column, from two random starts."""
        shuffles = []
        for feature in index:
            order = task.design.order[feature]
            shift = rank_shifts(task.n, self.n_repeats, rng.random(min(2, self.n_repeats)))
            donor = np.empty((self.n_repeats, task.n), np.intp)
            donor[:, order] = order[(np.arange(task.n) + shift[:, None]) % task.n]
            shuffles.append(_Shuffles(int(feature), donor))
        return shuffles

    def intervene(self, task: Task, sample: list[_Shuffles]) -> Mix:
        """Row i, but feature j comes from its donor."""
        each = self.n_repeats * task.n
        return task.mix(
            base=(task.rows, np.tile(np.arange(task.n), self.n_repeats * len(sample))),
            donor=(task.rows, np.concatenate([shuffle.donor.ravel() for shuffle in sample])),
            take=np.eye(len(task.features), dtype=bool),
            which=np.repeat([shuffle.feature for shuffle in sample], each),
        )

    def aggregate(self, task: Task, sample: list[_Shuffles], answers: NDArray[np.float64]) -> Update:
        """Score each feature's repeats."""
        shaped = answers.reshape(len(sample), self.n_repeats, task.n, task.k)
        values = [
            [_increase(metric, task, shuffle.donor, f) for metric in task.design.metrics]
            for shuffle, f in zip(sample, shaped, strict=True)
        ]
        return Update(np.array([shuffle.feature for shuffle in sample]), np.array(values))

    def conclude(self, task: Task, state: Collected) -> Importances:
        """Return the increases with both parts of their error."""
        metrics: tuple[Metric, ...] = task.design.metrics
        values, rows, first, second = (state.values[:, :, i] for i in range(4))
        one_start = self.n_repeats == 1
        shuffles = np.zeros_like(values) if one_start else np.abs(first - second) / 2
        parts = {"std_error_rows": rows, "std_error_shuffles": shuffles}
        df = np.array([[_JACKKNIFE_GROUPS - 1 if m.by_row is None else _count(task) - 1 for m in metrics]])
        names = tuple(metric.name for metric in metrics)
        baseline = np.array([m.sign * _baseline(m, task) for m in metrics])
        return Importances(
            **self.about(task) | {"outputs": names},
            estimate=Estimate.within(values, np.hypot(rows, shuffles), conf_level=self.conf_level, df=df, parts=parts),
            error="Choice of rows (each as receiver and as donor) and shuffling; the fitted model is taken as given.",
            estimator="stratified rank shifts",
            caveats=tuple(_caveats(task, metrics, one_start=one_start)),
            metrics=names,
            baseline=baseline,
        )


def _count(task: Task) -> float:
    return float(task.weights.sum() ** 2 / (task.weights**2).sum())


def _baseline(metric: Metric, task: Task) -> float:
    if metric.by_row is not None:
        return float(np.average(metric.by_row(task.target, _predicted(task)), weights=task.weights))
    return _whole(metric, task, np.arange(task.n))


def _predicted(task: Task) -> NDArray[np.float64]:
    if task.predictions is None:
        message = "the engine predicts the rows first"
        raise TypeError(message)
    return task.predictions


def _whole(metric: Metric, task: Task, rows: NDArray[np.intp]) -> float:
    if metric.as_a_whole is None or task.target is None:
        raise TypeError(metric.name)
    return metric.as_a_whole(task.target[rows], _predicted(task)[rows], task.weights[rows])


def _increase(
    metric: Metric, task: Task, donor: NDArray[np.intp], answers: NDArray[np.float64]
) -> tuple[float, float, float, float]:
    """Increase of the loss, its error over rows, and the increase from the first and the second start."""
    if metric.by_row is None:
        return _increase_as_a_whole(metric, task, donor, answers)
    repeats, n = donor.shape
    w = task.weights
    pair = w * w[donor]  # a dealt pair weighs as its two rows
    target = np.concatenate([task.target] * repeats) if task.target is not None else None
    loss = metric.by_row(target, answers.reshape(repeats * n, -1)).reshape(repeats, n)
    before = metric.by_row(task.target, _predicted(task))
    mean_before = np.average(before, weights=w)
    halves = np.array_split(np.arange(repeats), min(2, repeats))
    starts = [
        float((pair[h] * loss[h]).sum() / pair[h].sum() - mean_before) if pair[h].any() else np.nan for h in halves
    ]
    after = float((pair * loss).sum() / pair.sum())
    # the influence of row i: as receiver of others' values, as donor of its own, and untouched
    receiver = _ratio((w[donor] * loss).sum(axis=0), w[donor].sum(axis=0))
    giver = _ratio(
        np.bincount(donor.ravel(), (w * loss).ravel(), n), np.bincount(donor.ravel(), np.tile(w, repeats), n)
    )
    influence = receiver + giver - 2 * after - (before - mean_before)
    count = _count(task)
    variance = (w**2 @ influence**2) / w.sum() ** 2 * count / (count - 1) if count > 1 + 1e-9 else np.inf
    return after - mean_before, float(np.sqrt(variance)), starts[0], starts[-1]


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def _increase_as_a_whole(
    metric: Metric, task: Task, donor: NDArray[np.intp], answers: NDArray[np.float64]
) -> tuple[float, float, float, float]:
    """Do the same for a score that is no mean over rows; a jackknife that leaves out groups of rows tells its error."""
    every = np.ones(task.n, bool)
    halves = np.array_split(np.arange(len(donor)), min(2, len(donor)))
    starts = [_mean_increase(metric, task, donor[h], answers[h], every) for h in halves]
    value = float(np.average(starts, weights=[len(h) for h in halves]))
    group = np.arange(task.n) * _JACKKNIFE_GROUPS // task.n
    if task.n < 2 * _JACKKNIFE_GROUPS:
        return value, np.inf, starts[0], starts[-1]
    without = [_mean_increase(metric, task, donor, answers, group != g) for g in range(_JACKKNIFE_GROUPS)]
    g = len(without)
    variance = (g - 1) / g * float(((np.array(without) - np.mean(without)) ** 2).sum())
    return value, float(np.sqrt(variance)), starts[0], starts[-1]


def _mean_increase(
    metric: Metric, task: Task, donor: NDArray[np.intp], answers: NDArray[np.float64], kept: NDArray[np.bool_]
) -> float:
    """Mean over the repeats, among the pairs whose two rows are both kept."""
    if metric.as_a_whole is None or task.target is None:
        raise TypeError(metric.name)
    after = []
    for give, f in zip(donor, answers, strict=True):
        use = kept & kept[give] & (task.weights * task.weights[give] > 0)
        weights = np.ones(int(use.sum())) if (task.weights == 1).all() else (task.weights * task.weights[give])[use]
        after.append(metric.as_a_whole(task.target[use], f[use], weights))
    return float(np.mean(after)) - _whole(metric, task, np.flatnonzero(kept & (task.weights > 0)))


def _caveats(task: Task, metrics: Sequence[Metric], *, one_start: bool) -> list[Caveat]:
    found = []
    if one_start:
        found.append(caveat("SIPA030", "The shuffling's own error is not known.", "Use n_repeats of 2 or more."))
    if task.n == 1:
        found.append(
            caveat("SIPA011", "One row can be dealt to nobody; the intervals are infinite.", "Pass more rows.")
        )
    for metric in metrics:
        if metric.by_row is not None and task.n > 1 and _worse_than_constant(metric, task):
            message = f"By {metric.name} the model is worse than predicting the same for every row."
            found.append(caveat("SIPA008", message, "Check that X and y are in the same order."))
    return found


def _worse_than_constant(metric: Metric, task: Task) -> bool:
    if metric.by_row is None or task.target is None:
        return False
    f = _predicted(task)
    constant = np.broadcast_to(np.average(f, axis=0, weights=task.weights), f.shape)
    if task.classes is None:
        constant = np.broadcast_to(np.average(task.target.reshape(task.n, -1), axis=0, weights=task.weights), f.shape)
    return _baseline(metric, task) > float(np.average(metric.by_row(task.target, constant), weights=task.weights))
