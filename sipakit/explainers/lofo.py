"""LOFO, leave one feature out: how much worse a learner does that never had the feature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from sipakit import columns as col
from sipakit.aggregate import Collected, Update
from sipakit.caveats import Caveat, caveat
from sipakit.errors import InputError
from sipakit.estimate import Estimate
from sipakit.explainer import Explainer, Round
from sipakit.explanation import Importances
from sipakit.intervene import Refit
from sipakit.sample import folds_of, shuffled_along
from sipakit.scoring import Metric, resolve_scoring

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from numpy.typing import NDArray

    from sipakit.intervene import Mix
    from sipakit.rules import Rule
    from sipakit.task import Feature, Task

__all__ = ["LOFO"]

_SHUFFLES = 5  # of the held back rows, for each feature and fold


@dataclass(frozen=True)
class _Design:
    """The fold of every row in each repeat (r, n), a row with the usual value of each feature (u,), and the metrics."""

    folds: NDArray[np.intp]
    usual: NDArray[np.intp]
    metrics: tuple[Metric, ...]


@dataclass(frozen=True)
class _Fold:
    """One fold: the rows held back (t,), and donors of each feature's values (u, d, t): one usual row, or shuffles."""

    number: int
    held_back: NDArray[np.intp]
    train: NDArray[np.intp]
    donors: NDArray[np.intp]
    leaves_out: bool


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class LOFO(Explainer):
    """Increase of the loss on rows held back when the model is fitted anew without a feature.

    What is explained is the learner, not the one model that was fitted: clones of it are fitted to the other folds,
    with all features and without each of them, on the same rows and with the same random state, and scored on the fold
    that was held back.

    Parameters
    ----------
    features : list of names, optional
        Columns or groups; every group, and every column in no group, by default.
    groups : name -> list of columns, optional
        Columns that are left out together.
    output : str or list, optional
        See `sipakit.adapt`.
    kind : "leave_out" or "permutation", default "leave_out"
        "permutation" keeps the features in the fits, and deals their values to other rows of the held back fold: the
        permutation importance of the learner, which needs one refit a fold.
    n_folds : int, default 5
        Parts of the table; of classes each has about the same share.
    n_repeats : int, default 2
        How often the table is cut into folds anew.
    scoring : str, scorer, callable(y, predictions), or a list of these, optional
        As in `PermutationImportance`.
    conf_level : float, default 0.95
        Nominal coverage of the intervals.
    random_state : int, default 0
        Seed of all that is drawn: equal seeds give equal bits.

    Returns
    -------
    Importances
        ``values`` is (features, metrics), in units of the loss; ``baseline`` is the score of the refits with all
        features.

    Raises
    ------
    InputError
        Without ``y``, and for fewer than two rows.
    CapabilityError
        For a model that cannot be fitted anew: it takes a scikit-learn estimator, or a pipeline.

    Notes
    -----
    The differences of the m = n_folds x n_repeats folds share most of their training rows, so that their spread over
    the root of m is too small an error. The interval has the variance (1 / m + n_test / n_train) s^2 of Nadeau and
    Bengio, and Student's t with m - 1 degrees of freedom. It is about a learner that is given n_train rows. With
    "permutation" it is too narrow for learners whose fits hardly differ between folds: 84 to 92 % for least squares.

    A column that is left out is dropped before the fit. Where a parameter of the estimator names columns or numbers
    them, as a ColumnTransformer does, it cannot be; the column then holds its most frequent value in every row, of the
    training and of the held back part, which tells a learner nothing.

    Cost
    ----
    ``n_folds * n_repeats * (1 + features)`` refits, or ``n_folds * n_repeats`` for permutation.

    References
    ----------
    Lei et al. (2018), doi:10.1080/01621459.2017.1307116; Nadeau and Bengio (2003), doi:10.1023/A:1024068626366;
    Molnar et al. (2023), arXiv:2109.01433

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> from sklearn.linear_model import LinearRegression
    >>> X = np.random.default_rng(0).normal(size=(400, 2))
    >>> y = 2 * X[:, 0]
    >>> e = sp.LOFO().explain(LinearRegression().fit(X, y), X, y)
    >>> round(float(e.values[0, 0] / (4 * X[:, 0].var())), 1), abs(round(float(e.values[1, 0]), 9)), e.cost.refits
    (1.0, 0.0, 30)
    """

    features: Sequence[Hashable] | None = None
    groups: Mapping[Hashable, Sequence[Hashable]] | None = None
    output: Any = None
    kind: str = "leave_out"
    n_folds: int = 5
    n_repeats: int = 2
    scoring: Any = None
    conf_level: float = 0.95
    random_state: int = 0

    uses: ClassVar[frozenset[str]] = frozenset({"rows"})
    needs: ClassVar[frozenset[str]] = frozenset({"target", "refit"})
    breaks_dependence: ClassVar[bool] = True
    rules: ClassVar[Mapping[str, Rule]] = {
        "kind": ("'leave_out' or 'permutation'", lambda v: isinstance(v, str) and v in {"leave_out", "permutation"})
    }
    question: ClassVar[str] = "How much worse does a model do that was fitted without a feature?"
    references: ClassVar[tuple[str, ...]] = (
        "Lei et al. (2018), Distribution-free predictive inference for regression. doi:10.1080/01621459.2017.1307116",
        "Nadeau and Bengio (2003), Inference for the generalization error. doi:10.1023/A:1024068626366",
        "Molnar et al. (2023), Relating PDP and PFI to the data generating process. arXiv:2109.01433",
    )

    def moved_apart(self, task: Task) -> Sequence[Feature]:
        """Return all features if they are permuted: one that is left out is not moved."""
        return task.features if self.kind == "permutation" else ()

    def design(self, task: Task) -> _Design:
        """Cut the table into folds, find the usual values, and read the scoring."""
        counted = int((task.weights > 0).sum())
        if counted < 2:
            message = f"X has {counted} row{'s' * (counted != 1)} with weight."
            raise InputError(message, "LOFO needs one to fit and one to score.", "Pass more rows.")
        labels = task.target if task.classes is not None else None
        rng = np.random.default_rng(self.random_state)
        count = min(self.n_folds, counted)
        folds = np.array([folds_of(task.weights, labels, count, rng) for _ in range(self.n_repeats)])
        usual = np.array([_usual_row(task, feature) for feature in task.features], np.intp)
        return _Design(folds, usual, resolve_scoring(self.scoring, task))

    def start(self, task: Task) -> Collected:
        """For each fold the loss with all features, and without each of them, by every metric."""
        folds = task.design.folds
        return Collected.zero(len(folds) * int(folds.max() + 1), 1 + len(task.features), len(task.design.metrics))

    def next_round(self, task: Task, state: Collected, number: int) -> Round | None:
        """Ask once about every fold; each is a slice of its own, since fits take long."""
        folds = task.design.folds
        most = -(-task.n // int(folds.max() + 1))
        each = _SHUFFLES if self.kind == "permutation" else 1
        rows = most * (1 + each * len(task.features))
        return Round(draws=len(state.values), rows=rows, refits=True) if number == 0 else None

    def sample(self, task: Task, round_: Round, index: NDArray[np.intp], rng: np.random.Generator) -> list[_Fold]:
        """Take the rows of each fold, and shuffle them if that is asked."""
        design, made = task.design, []
        count, leaves_out = int(design.folds.max()) + 1, self.kind == "leave_out"
        for draw in index.tolist():
            mine = design.folds[draw // count] == draw % count
            rows = np.flatnonzero(mine)
            if not leaves_out:
                each = min(_SHUFFLES, len(rows))
                donors = np.array([rows[_shuffled(task, f, rows, each, rng)] for f in task.features])
            else:
                donors = np.broadcast_to(design.usual[:, None, None], (len(task.features), 1, len(rows)))
            made.append(_Fold(draw, rows, np.flatnonzero(~mine & (task.weights > 0)), donors, leaves_out))
        return made

    def intervene(self, task: Task, sample: list[_Fold]) -> Mix:
        """Return the rows held back: as they are, then with each feature from its donors."""
        u = len(task.features)
        base = [np.tile(fold.held_back, 1 + fold.donors[:, :, 0].size) for fold in sample]
        donor = [np.concatenate([fold.held_back, fold.donors.ravel()]) for fold in sample]
        times = [np.repeat([1, fold.donors.shape[1]], [1, u]) * len(fold.held_back) for fold in sample]
        return task.mix(
            base=(task.rows, np.concatenate(base)),
            donor=(task.rows, np.concatenate(donor)),
            take=np.vstack([np.zeros(u, bool), np.eye(u, dtype=bool)]),
            which=np.concatenate([np.repeat(np.arange(1 + u), each) for each in times]),
        )

    def refits(self, task: Task, sample: list[_Fold]) -> list[Refit]:
        """Fit to the other folds: with all features, and without each of them where they are left out."""
        due = []
        for fold in sample:
            state = np.random.SeedSequence([self.random_state, fold.number]).generate_state(1)[0]
            seed = int(state) % 2**31
            count = len(fold.held_back)
            if self.kind == "permutation":
                due.append(Refit(self._train(task, fold, None), count + fold.donors.size, seed=seed))
                continue
            due.append(Refit(self._train(task, fold, None), count, seed=seed))
            for j, feature in enumerate(task.features):
                due.append(Refit(self._train(task, fold, j), count, feature.columns, seed))
        return due

    def _train(self, task: Task, fold: _Fold, without: int | None) -> Mix:
        """Training rows of a fold, with one value in all of a feature that is left out."""
        donor = fold.train if without is None else np.full(len(fold.train), task.design.usual[without])
        take = np.arange(len(task.features)) == without
        return task.mix(base=(task.rows, fold.train), donor=(task.rows, donor), take=take)

    def aggregate(self, task: Task, sample: list[_Fold], answers: NDArray[np.float64]) -> Update:
        """Score each fold, with all features and without each of them."""
        sizes = [len(fold.held_back) + fold.donors.size for fold in sample]
        parts = np.split(answers, np.cumsum(sizes)[:-1])
        values = [_losses(task, fold, f) for fold, f in zip(sample, parts, strict=True)]
        return Update(np.array([fold.number for fold in sample]), np.array(values))

    def conclude(self, task: Task, state: Collected) -> Importances:
        """Return the mean differences with Nadeau and Bengio's error."""
        metrics: tuple[Metric, ...] = task.design.metrics
        losses = state.values[state.filled]  # (m, 1 + u, metrics)
        rises = losses[:, 1:] - losses[:, :1]
        m, count = len(rises), int(task.design.folds.max()) + 1
        variance = rises.var(axis=0, ddof=1) if m > 1 else np.full(rises.shape[1:], np.inf)
        error = np.sqrt((1 / m + 1 / (count - 1)) * variance)
        names = tuple(metric.name for metric in metrics)
        signs = np.array([metric.sign for metric in metrics])
        how = "values dealt among the rows held back" if self.kind == "permutation" else "refits without each feature"
        return Importances(
            **self.about(task) | {"outputs": names},
            estimate=Estimate.within(rises.mean(axis=0), error, conf_level=self.conf_level, df=m - 1),
            error=f"Choice of rows, those of the fits among them, by the spread over {m} folds that share rows.",
            estimator=f"{how}, {count} folds, {self.n_repeats} times",
            caveats=tuple(_caveats(m, task.n)),
            metrics=names,
            baseline=signs * losses[:, 0].mean(axis=0),
        )


def _usual_row(task: Task, feature: Feature) -> int:
    """Return a row with a feature's most frequent value, the middle one of them; missing cells only if all are."""
    columns = [task.rows.columns[j] for j in feature.columns]
    use = task.weights > 0
    absent = np.any([col.missing(column) for column in columns], axis=0)
    rows = np.flatnonzero(use & ~absent) if (use & ~absent).any() else np.flatnonzero(use)
    ranks = np.column_stack([col.ranks(column)[rows] for column in columns])
    _, first, own = np.unique(ranks, axis=0, return_index=True, return_inverse=True)
    often = np.bincount(own.reshape(-1), task.weights[rows])
    tied = np.flatnonzero(often >= often.max() * (1 - 1e-12))
    return int(rows[first[tied[len(tied) // 2]]])


def _shuffled(
    task: Task, feature: Feature, rows: NDArray[np.intp], repeats: int, rng: np.random.Generator
) -> NDArray[np.intp]:
    """(repeats, t) balanced shuffles of held back rows along a feature, as places in ``rows``."""
    ranks = np.column_stack([col.ranks(task.rows.columns[j])[rows] for j in feature.columns])
    return shuffled_along(np.lexsort(ranks.T[::-1]), repeats, rng)[0]


def _losses(task: Task, fold: _Fold, answers: NDArray[np.float64]) -> NDArray[np.float64]:
    """(1 + u, metrics) losses on the rows held back; not known if the models have no answer for some of them."""
    target: NDArray[Any] = task.target  # type: ignore[assignment] # the engine has seen to it
    metrics: tuple[Metric, ...] = task.design.metrics
    u, each, t = fold.donors.shape
    if np.isnan(answers).any():
        return np.full((1 + u, len(metrics)), np.nan)
    tables = answers.reshape(1 + u * each, t, task.k)
    rows, weights = target[fold.held_back], task.weights[fold.held_back]
    found = np.array([[metric.loss(rows, f, weights) for metric in metrics] for f in tables])
    after = found[1:].reshape(u, each, -1).mean(axis=1)
    if not fold.leaves_out and t > 1:  # a shuffle leaves one row of t what it had
        after = found[:1] + (after - found[:1]) * t / (t - 1)
    return np.concatenate([found[:1], after])


def _caveats(m: int, n: int) -> list[Caveat]:
    if m > 1:
        return []
    return [caveat("SIPA011", f"{n:,} rows and {m} fold tell no spread.", "Pass more rows.")]
