"""How long does one row take at scoring time, beside the model?"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

import sipakit as sp
from benchmarks.harness import Result
from benchmarks.subjects import bike

__all__ = ["run"]

TARGET = 10.0  # ms
COLUMNS = {
    "table": "s", "method": "s", "background": ",d", "rows": ",d", "total ms": ".1f", "beside the model ms": ".1f",
    "most ms": ".1f", "target": ".0f", "met": "s",
}  # fmt: skip


def run(*, quick: bool) -> Result:
    repeats = 5 if quick else 60
    found = []
    for layout in ("array", "frame"):
        subject = bike(layout, rows=2_000 if quick else None, trees=20 if quick else 200)
        few = subject.X[:100]
        methods = {
            "Shapley": sp.Shapley(background=few),
            "Shapley, regression": sp.Shapley(background=few, estimator="regression"),
            "LIME": sp.LIME(background=subject.X),
            "CeterisParibus": sp.CeterisParibus(background=subject.X),
        }
        for name, explainer in methods.items():
            found.append({"table": layout, "method": name, **_one_row(explainer, subject, repeats)})
    return Result(
        case="prepared",
        question="Time of one explained row by a prepared explainer, beside the model's own.",
        settings={"trees": 200, "leaves": 31, "rows explained, one at a time": repeats},
        rows=found,
        columns=COLUMNS,
        notes=[
            "Medians over the rows; most is the slowest of nine in ten.",
            "Beside the model: the whole call less the time inside the model's predict, for which the cost accounts.",
        ],
        quick=quick,
        timed=True,
    )


def _one_row(explainer: sp.Explainer, subject: Any, repeats: int) -> dict[str, Any]:
    ready = explainer.prepare(subject.model)
    frame = hasattr(subject.X, "iloc")
    total, beside, rows = [], [], 0
    for i in range(repeats + 3):  # three to warm up
        row = subject.X.iloc[[7 * i]] if frame else subject.X[[7 * i]]
        started = time.perf_counter()
        cost = ready.explain(row).cost
        total.append(1000 * (time.perf_counter() - started))
        beside.append(total[-1] - 1000 * cost.seconds_in_model)
        rows = cost.rows
    return {
        "background": len(ready.behind.table),
        "rows": rows,
        "total ms": float(np.median(total[3:])),
        "beside the model ms": float(np.median(beside[3:])),
        "most ms": float(np.quantile(beside[3:], 0.9)),
        "target": TARGET,
        "met": "yes" if np.median(beside[3:]) <= TARGET else "**no**",
    }
