"""How much memory do curves of a hundred thousand rows take?"""

from __future__ import annotations

from typing import Any

from benchmarks.harness import Result, in_python

__all__ = ["run"]

TARGET = 1024.0  # MiB
COLUMNS = {
    "who": "s", "table": "s", "method": "s", "peak MiB": ",.0f", "before MiB": ",.0f", "seconds": ".1f",
    "target": ".0f", "met": "s",
}  # fmt: skip
PREPARE = """
import time
import numpy as np, pandas as pd
import sipakit as sp
from sklearn.inspection import partial_dependence, permutation_importance
rng = np.random.default_rng(0)
X = rng.normal(size=({rows}, 12))
y = X[:, 0] * X[:, 1]
class Product:
    _estimator_type = "regressor"
    def __sklearn_tags__(self):
        from sklearn.base import RegressorMixin, BaseEstimator
        return type("E", (RegressorMixin, BaseEstimator), dict())().__sklearn_tags__()
    def __sklearn_is_fitted__(self): return True
    def fit(self, X, y): return self
    def predict(self, X):
        X = X[[0, 1]].to_numpy() if hasattr(X, "iloc") else X
        return X[:, 0] * X[:, 1]
model = Product()
if {frame}:
    levels = [rng.choice(list("abcdef"), {rows}) for _ in range(4)]
    X = pd.concat([pd.DataFrame(X[:, :8]), pd.DataFrame(dict(enumerate(levels, 8))).astype("category")], axis=1)
    X.columns = range(12)
def peak():  # of this process alone: getrusage counts what its parent had before
    with open("/proc/self/status") as file:
        return int(next(line for line in file if line.startswith("VmHWM")).split()[1]) / 1024
before, started = peak(), time.perf_counter()
{call}
print(before, peak(), time.perf_counter() - started)
"""
CALLS = {
    ("sipakit", "PartialDependence, all features"): "sp.PartialDependence(grid_resolution=50).explain(model, X)",
    ("scikit-learn", "PartialDependence, all features"): (
        "[partial_dependence(model, X, [j], grid_resolution=50, method='brute', categorical_features=None)"
        " for j in range(12)]"
    ),
    ("sipakit", "ICE of a feature"): (
        "sp.ICE(features=[0 if {frame} else 'x0'], grid_resolution=50).explain(model, X)"
    ),
    ("scikit-learn", "ICE of a feature"): (
        "partial_dependence(model, X, [0], grid_resolution=50, kind='individual', method='brute')"
    ),
    ("sipakit", "ICE, all features"): "sp.ICE(grid_resolution=50).explain(model, X)",
    ("sipakit", "ALE, all features"): "sp.ALE(grid_resolution=50).explain(model, X)",
    ("sipakit", "PermutationImportance"): "sp.PermutationImportance().explain(model, X, y)",
    ("scikit-learn", "PermutationImportance"): (
        "permutation_importance(model, X, y, n_repeats=10, scoring='neg_mean_squared_error')"
    ),
}


def run(*, quick: bool) -> Result:
    rows = 2_000 if quick else 100_000
    found: list[dict[str, Any]] = []
    notes = []
    for table in ("array", "frame"):
        for (who, method), call in CALLS.items():
            told = measured(call, rows=rows, frame=table == "frame")
            if isinstance(told, str):
                notes.append(f"{who}, {table}, {method}: {told}")
                continue
            before, peak, seconds = told
            own = who == "sipakit"
            met = ("yes" if peak <= TARGET else "**no**") if own else ""
            line = {"who": who, "table": table, "method": method, "peak MiB": peak, "before MiB": before}
            found.append(line | {"seconds": seconds, "target": TARGET if own else None, "met": met})
    return Result(
        case="memory",
        question="Peak memory of a whole process that explains a hundred thousand rows at 50 places.",
        settings={"rows": rows, "columns": 12, "grid_resolution": 50, "model": "a product of two columns"},
        rows=found,
        columns=COLUMNS,
        notes=[
            "Linux only. Each line is a process of its own; before is its peak once everything was imported and the table was made.",
            "ICE of all features holds every curve, as its result does.",
            *notes,
        ],
        quick=quick,
        timed=True,
    )


def measured(call: str, *, rows: int, frame: bool) -> tuple[float, float, float] | str:
    """Peaks before and after, in MiB, and seconds; what the last line of an error says."""
    text = PREPARE.format(rows=rows, frame=frame, call=call.format(frame=frame))
    done = in_python(text)
    if done.returncode:
        return done.stderr.strip().splitlines()[-1]
    before, peak, seconds = map(float, done.stdout.split())
    return before, peak, seconds
