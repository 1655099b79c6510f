"""How much of a budget in time is used, and does it hold what `plan` tells?"""

from __future__ import annotations

import time
from typing import Any

import sipakit as sp
from benchmarks.harness import Result
from benchmarks.subjects import bike, friedman_mlp

__all__ = ["run"]

COLUMNS = {
    "model": "s", "method": "s", "budget s": ".0f", "took s": ".2f", "used": ".2f", "virtual rows": ",d",
    "model rows": ",d", "plan s": "s", "met": "s",
}  # fmt: skip
SPILL = 1.1  # of the budget: what the machine may be slower than in the look


def run(*, quick: bool) -> Result:
    found = []
    for subject in (bike("frame", rows=2_000), friedman_mlp(rows=500 if quick else 2_000)):
        few, some = subject.X[:100], slice(0, 20)
        methods = {
            "Shapley": (sp.Shapley(background=few), some),
            "Shapley, orders": (sp.Shapley(background=few, estimator="permutation"), some),
            "SAGE": (sp.SAGE(background=few), slice(0, 500)),
        }
        for seconds in (1,) if quick else (2, 10, 30):
            for name, (explainer, rows) in methods.items():
                found.append(_spent(subject, name, explainer, rows, seconds))
    return Result(
        case="budgets",
        question="Seconds that explain(budget=...) takes of those that it may, and what plan() told of the same call.",
        settings={"background": 100, "rows": "20 for Shapley values, 500 for SAGE"},
        rows=found,
        columns=COLUMNS,
        notes=[
            f"Met: at most {SPILL} of the budget. plan s is the range that plan() tells for the rows of that budget.",
            "A short look at the model and at what will be asked turns a time into rows, with a quarter to spare.",
        ],
        quick=quick,
        timed=True,
    )


def _spent(subject: Any, name: str, explainer: sp.Explainer, rows: slice, seconds: int) -> dict[str, Any]:
    X, y = subject.X[rows], subject.y[rows]
    started = time.perf_counter()
    result = explainer.explain(subject.model, X, y, budget=f"{seconds}s")
    took = time.perf_counter() - started
    low, high = explainer.plan(subject.model, X, y, budget=result.manifest["budget"]).seconds
    return {
        "model": subject.name,
        "method": name,
        "budget s": seconds,
        "took s": took,
        "used": took / seconds,
        "virtual rows": result.cost.asked,
        "model rows": result.cost.rows,
        "plan s": f"{low:.1f} to {high:.1f}",
        "met": "yes" if took <= SPILL * seconds else "**no**",
    }
