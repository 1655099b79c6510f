"""How much does the shuffling move permutation importance, at equal cost?

The truth is the mean over all pairs (row, donor), by brute force: every row is predicted at every value that the
feature takes. Both sides have that expectation. scikit-learn's independent shuffles are pooled over all its runs for
its variance; ours is the mean squared distance of whole runs from the truth.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import stats
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.inspection import permutation_importance

import sipakit as sp
from benchmarks.harness import Counted, Result
from benchmarks.subjects import Subject, bike

__all__ = ["exact_increase", "run"]

FEATURES = {"hour": 3, "temp": 8, "humidity": 10, "year": 1}
REPEATS = 10
MORE = (10, 12, 16, 24, 32, 48, 64)
TARGET = 5.0
COLUMNS = {
    "feature": "s", "equal in": "s", "our repeats": "d", "our rows / n": ".2f", "their rows / n": ".2f",
    "our rmse": ".3g", "their rmse": ".3g", "bias z": ".1f", "variance ratio": "s", "90 % interval": "s",
    "target": ".0f", "met": "s",
}  # fmt: skip


def run(*, quick: bool, replicates: int | None = None) -> Result:
    replicates = replicates or (8 if quick else 40)
    subject = bike("array", rows=800 if quick else 3_000, trees=50 if quick else 200)
    found = []
    for name, column in FEATURES.items():
        truth = exact_increase(subject, column)
        theirs, their_rows = _shuffles(subject, column, replicates)
        for equal, repeats in (("asked rows", REPEATS), ("predicted rows", _affordable(subject, column))):
            ours, rows = _runs(subject, column, replicates, repeats)
            found.append(_row(name, equal, repeats, truth, ours, rows, theirs, their_rows, len(subject.X)))
    return Result(
        case="permutation_variance",
        question=f"Variance about the exact all-pairs importance, scikit-learn's {REPEATS} shuffles over ours.",
        settings={
            "rows": len(subject.X),
            "replicates": replicates,
            "repeats": REPEATS,
            "seeds": f"0..{replicates - 1}",
        },
        rows=found,
        columns=COLUMNS,
        notes=[
            "equal in asked rows: both ask for 10 n virtual rows a feature, of which sipakit predicts equal ones once.",
            "equal in predicted rows: our repeats are raised while the rows that the model sees stay within theirs.",
            "exact: the feature has no more values than repeats, and sipakit deals them all; no shuffling is left.",
            "Rows are those of the shuffling; both sides also predict the untouched table once.",
            "bias z: mean distance of our runs from the truth in standard errors; beyond 4 would be a bias.",
            "The interval takes the distances as normal (F distribution); errors are in squared rentals.",
        ],
        quick=quick,
    )


def exact_increase(subject: Subject, column: int) -> float:
    """Mean increase of the squared error over all pairs (row, donor)."""
    X, y = np.asarray(subject.X), subject.y
    values, counts = np.unique(X[:, column], return_counts=True)
    total = 0.0
    for value, count in zip(values, counts, strict=True):
        moved = X.copy()
        moved[:, column] = value
        total += count * np.mean((y - subject.model.predict(moved)) ** 2)
    return float(total / len(X) - np.mean((y - subject.model.predict(X)) ** 2))


def _runs(subject: Subject, column: int, replicates: int, repeats: int) -> tuple[np.ndarray, float]:
    """Importance of each run, and the model rows that its shuffling took on average."""
    values, rows = [], []
    for seed in range(replicates):
        explainer = sp.PermutationImportance(features=[f"x{column}"], n_repeats=repeats, random_state=seed)
        found = explainer.explain(sp.adapt(subject.model, structure=False), subject.X, subject.y)
        values.append(found.values[0, 0])
        rows.append(found.cost.rows - len(subject.X))
    return np.array(values), float(np.mean(rows))


def _affordable(subject: Subject, column: int) -> int:
    """Return the most repeats whose predicted rows stay within those of scikit-learn."""
    within = [k for k in MORE if _runs(subject, column, 1, k)[1] <= REPEATS * len(subject.X)]
    return max(within)


def _shuffles(subject: Subject, column: int, replicates: int) -> tuple[np.ndarray, float]:
    """Importance by every single shuffle, (replicates, repeats), and the model rows of one run's shuffling."""
    from_column = _OneColumn(subject.model, subject.X, column)
    single = [
        permutation_importance(
            from_column, subject.X[:, [column]], subject.y, scoring="neg_mean_squared_error", n_repeats=REPEATS,
            random_state=seed,
        ).importances[0]
        for seed in range(replicates)
    ]  # fmt: skip
    return np.array(single), from_column.counted.rows / replicates - len(subject.X)


class _OneColumn(RegressorMixin, BaseEstimator):
    """The model as a function of one column, so that scikit-learn shuffles that one only."""

    def __init__(self, model: Any, X: np.ndarray, column: int) -> None:
        self.counted, self.X, self.column = Counted(model), X, column

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def fit(self, X: Any, y: Any) -> _OneColumn:
        return self

    def predict(self, values: np.ndarray) -> Any:
        moved = self.X.copy()
        moved[:, self.column] = values[:, 0]
        return self.counted.predict(moved)


def _row(
    name: str, equal: str, repeats: int, truth: float, ours: np.ndarray, rows: float, theirs: np.ndarray,
    their_rows: float, n: int,
) -> dict[str, Any]:  # fmt: skip
    variance = float(np.mean((ours - truth) ** 2))
    their_variance = float(np.mean((theirs - truth) ** 2) / theirs.shape[1])
    exact = variance <= (1e-12 * truth) ** 2  # nothing is left but rounding
    ratio = np.inf if exact else their_variance / variance
    low, high = (ratio * stats.f.ppf(q, len(ours), theirs.size) for q in (0.05, 0.95))
    spread = ours.std(ddof=1)
    return {
        "feature": name,
        "equal in": equal,
        "our repeats": repeats,
        "our rows / n": rows / n,
        "their rows / n": their_rows / n,
        "truth": truth,
        "our rmse": 0.0 if exact else variance**0.5,
        "their rmse": their_variance**0.5,
        "bias z": float((ours.mean() - truth) / (spread / len(ours) ** 0.5)) if not exact else 0.0,
        "variance ratio": "exact" if exact else f"{ratio:.2g}",
        "90 % interval": "" if exact else f"{low:.2g} to {high:.2g}",
        "target": TARGET,
        "met": "yes" if ratio >= TARGET else "**no**",
    }
