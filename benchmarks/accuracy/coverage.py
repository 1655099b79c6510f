"""How often do intervals hold the truth, over two thousand tables?

tests/explainers/covered.py has the cases of models of known answers, tests/explainers/test_coverage.py the others; each
says what is drawn anew and what the truth is. Many of them run in every test run with 200 tables; 2,000 tell 95 from 94
of 100. Two peers' intervals face the same truths.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any

import numpy as np
from scipy import stats
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.inspection import permutation_importance
from threadpoolctl import threadpool_limits

from benchmarks.harness import Result, skipped

__all__ = ["run"]

LEAST, MOST = 0.92, 0.98
TABLES, FEWER = 2000, 300  # fewer for what is slow, and for peers
COLUMNS = {
    "case": "s", "by": "s", "tables": "d", "numbers": "d", "least": ".3f", "mean": ".3f", "most": ".3f", "met": "s",
}  # fmt: skip


def run(*, quick: bool, processes: int | None = None) -> Result:
    from tests.explainers.test_coverage import SAFE

    sides = [(name, "sipakit") for name in _ours()] + list(_PEERS)
    tables = [10 if quick else FEWER if _is_slow(*side) else TABLES for side in sides]
    notes = [
        f"Met: every number is covered in {LEAST:.0%} to {MOST:.0%} of the tables; more for {', '.join(sorted(SAFE))}.",
        (
            "A line: two correlated normals; a product: the same with other means; Ishigami's function: three uniform"
            " features; lines by level: another slope for each of three levels. H of a line is 0 in every table."
        ),
        (
            "LOFO: least squares with noise; of Ishigami's function the one feature that a line can use. The rest"
            " explains the function itself."
        ),
        (
            "Peers: Student's interval of the mean of scikit-learn's 10 repeats; PyALE's band of 20 cells, at its inner"
            " edges."
        ),
    ]
    if quick:
        found: Iterable[Any] = map(_found, sides, tables)
        rows = [row for row in found if _added(row, notes)]
    else:
        with ProcessPoolExecutor(processes) as pool:
            rows = [row for row in pool.map(_found, sides, tables) if _added(row, notes)]
    return Result(
        case="coverage",
        question="Share of tables whose 95 % interval holds the truth; an interval for every number of an explanation.",
        settings={"tables": 10 if quick else TABLES, "nominal": 0.95, "seeds": "0 to tables - 1"},
        rows=rows,
        columns=COLUMNS,
        notes=notes,
        quick=quick,
    )


def _added(found: dict[str, Any] | str, notes: list[str]) -> bool:
    """Whether a side took part; else a note says why."""
    if isinstance(found, str):
        notes.append(found)
    return not isinstance(found, str)


def _ours() -> dict[str, Callable[[int], Any]]:
    from tests.explainers.covered import KNOWN
    from tests.explainers.test_coverage import OTHERS

    return KNOWN | OTHERS


def _is_slow(name: str, by: str) -> bool:
    return by != "sipakit" or name.startswith("LOFO")


def _found(side: tuple[str, str], tables: int) -> dict[str, Any] | str:
    """Return the row of one case, or why there is none."""
    from tests.explainers.test_coverage import SAFE, coverage

    name, by = side
    with warnings.catch_warnings(), threadpool_limits(limits=1):
        warnings.simplefilter("ignore")
        try:
            covered = coverage(_ours()[name] if by == "sipakit" else _PEERS[side], tables)
        except ImportError as error:
            return skipped(by, error)
    met = (covered >= LEAST).all() and ((covered <= MOST).all() or name in SAFE)
    return {
        "case": name,
        "by": by,
        "tables": tables,
        "numbers": len(covered),
        "least": float(covered.min()),
        "mean": float(covered.mean()),
        "most": float(covered.max()),
        "met": ("yes" if met else "**no**") if by == "sipakit" else "",
    }


# ---- peers, of a product


def _repeats(seed: int, *, n: int = 300) -> tuple[Any, Any, Any]:
    """Student's interval of the mean of scikit-learn's repeats, the error that is usually read off them."""
    from tests.analytic import T2

    X = T2.sample(n, np.random.default_rng([1, seed]))
    found = permutation_importance(
        _Fitted(T2.predict), X, T2.predict(X), scoring="neg_mean_squared_error", n_repeats=10, random_state=seed
    ).importances
    half = stats.t.ppf(0.975, found.shape[1] - 1) * found.std(axis=1, ddof=1) / found.shape[1] ** 0.5
    return found.mean(axis=1) - half, found.mean(axis=1) + half, [T2.pfi(name) for name in T2.names]


def _band(seed: int, *, n: int) -> tuple[Any, Any, Any]:
    """PyALE's band, against the population's curve at its own edges."""
    from PyALE import ale

    from tests.analytic import T2

    logging.getLogger("PyALE._ALE_generic").setLevel(logging.WARNING)  # it reports the type of every feature
    X = T2.sample(n, np.random.default_rng([4, seed]))
    found = ale(X, _Fitted(T2.predict), ["x1"], grid_size=20, include_CI=True, C=0.95, plot=False).iloc[1:-1]
    return found["lowerCI_95%"], found["upperCI_95%"], T2.ale("x1", found.index.to_numpy(float))


class _Fitted(RegressorMixin, BaseEstimator):
    """A function as both peers want it: a fitted estimator."""

    def __init__(self, predict: Callable[[Any], Any]) -> None:
        self.predict = predict

    def fit(self, X: Any, y: Any) -> _Fitted:
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True


_PEERS: dict[tuple[str, str], Callable[[int], Any]] = {
    ("importance of a product", "scikit-learn"): _repeats,
    **{(f"ALE of a product, {n:,} rows", "PyALE"): partial(_band, n=n) for n in (500, 2000)},
}
