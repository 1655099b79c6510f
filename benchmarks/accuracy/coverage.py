"""How often do intervals hold the truth, over two thousand tables?

The same cases run in every test run with 200 tables (tests/explainers/test_coverage.py, where each says what is drawn
anew and what the truth is); 2,000 tell 95 from 94 of 100.
"""

from __future__ import annotations

import warnings

import numpy as np

from benchmarks.harness import Result

__all__ = ["run"]

LEAST, MOST = 0.92, 0.985


def run(*, quick: bool) -> Result:
    from tests.explainers.test_coverage import CASES, SAFE, coverage

    runs = 20 if quick else 2000
    rows = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, case in CASES.items():
            found = coverage(case, runs)
            met = (found >= LEAST).all() and ((found <= MOST).all() or name in SAFE)
            rows.append({
                "case": name,
                "numbers": len(found),
                "least": float(found.min()),
                "mean": float(np.mean(found)),
                "most": float(found.max()),
                "met": "yes" if met else "**no**",
            })  # fmt: skip
    return Result(
        case="coverage",
        question="Share of tables whose 95 % interval holds the truth; an interval for every number of an explanation.",
        settings={"tables": runs, "nominal": 0.95},
        rows=rows,
        columns={"case": "s", "numbers": "d", "least": ".3f", "mean": ".3f", "most": ".3f", "met": "s"},
        notes=[
            f"Met: every number is covered in {LEAST:.1%} to {MOST:.1%} of the tables; more for {', '.join(sorted(SAFE))}."
        ],
        quick=quick,
    )
