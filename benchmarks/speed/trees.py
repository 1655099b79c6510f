"""What do all curves, importances and local effects of a model of trees cost, in bare predictions of its table?

Ours follow from the trees in one walk; the peers ask the model. A bare prediction of all rows, on one thread, is timed in
turn with each side.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np
from sklearn.ensemble import RandomForestRegressor
from sklearn.inspection import partial_dependence, permutation_importance

import sipakit as sp
from benchmarks.harness import Result, in_turn, ratio_of, skipped
from benchmarks.speed.model_rows import pyale
from benchmarks.subjects import Subject, bike

__all__ = ["run"]

COLUMNS = {
    "model": "s", "answer": "s", "by": "s", "seconds": ".2f", "bare s": ".3f", "predicts": ".1f", "least": ".1f", "most": ".1f",
    "times ours": ".1f", "target": "s", "met": "s",
}  # fmt: skip
TARGETS = {"PDP, PFI and ALE": 10.0, "PDP of 66 pairs": 8.6, "H of 66 pairs": 15.0}  # bare predictions, boosted model


def run(*, quick: bool) -> Result:
    repeats = 2 if quick else 5
    boosted = bike("array", rows=3_000 if quick else None, trees=50 if quick else 200)
    forest = _forest(boosted, 3_000 if quick else 4_000)
    found: list[dict[str, Any]] = []
    notes = [
        "Ours is one call of sipakit.explain with all methods, which share one walk; parsing the model is part of it.",
        "scikit-learn: partial_dependence by brute force on 50 places, one call a feature, and 10 repeats of PFI.",
        "Surfaces of all pairs on 20 x 20 places, and H of all pairs of features over all pairs of rows, each with its errors.",
        "woodelf-explainer 0.4.8, measured elsewhere on this table and model: 15.5 for PDP, 51.6 for surfaces of all pairs.",
        "PyALE: one call a feature with 40 cells. Its curves and scikit-learn's are of the same features and rows.",
    ]
    for subject in (boosted, forest):
        bare = partial(subject.model.predict, subject.X)
        ours = _timed(subject, "PDP, PFI and ALE", "sipakit", partial(_ours, subject), bare, repeats)
        found.append(ours)
        for answer, explainer in _of_pairs(subject).items():
            side = partial(explainer.explain, subject.model, subject.X)
            found.append(_timed(subject, answer, "sipakit", side, bare, repeats))
        for by, side in _peers(subject).items():
            try:
                one = _timed(subject, *by, side, bare, 1)
            except ImportError as error:
                notes.append(skipped(by[1], error))
                continue
            found.append({**one, "times ours": one["predicts"] / ours["predicts"]})
    return Result(
        case="trees",
        question="Time of all curves, importances and local effects of 12 features, in bare predictions of the table.",
        settings={
            "rows": len(boosted.X),
            "forest rows": len(forest.X),
            "turns": repeats,
            "model threads": 1,
            "seed": 0,
        },
        rows=found,
        columns=COLUMNS,
        notes=notes,
        quick=quick,
        timed=True,
    )


def _forest(like: Subject, rows: int) -> Subject:
    chosen = np.sort(np.random.default_rng(0).choice(len(like.X), min(rows, len(like.X)), replace=False))
    X, y = like.X[chosen], like.y[chosen]
    model = RandomForestRegressor(50, min_samples_leaf=5, random_state=0, n_jobs=1).fit(X, y)
    return Subject("bike, forest of 50", model, X, y)


def _timed(
    subject: Subject, answer: str, by: str, side: Callable[[], Any], bare: Callable[[], Any], repeats: int
) -> dict[str, Any]:
    side() if by == "sipakit" else None  # loops are compiled once an installation
    seconds = in_turn({"side": side, "bare": bare}, repeats)
    ratio = ratio_of(seconds["side"], seconds["bare"])
    target = TARGETS.get(answer) if by == "sipakit" and "LightGBM" in subject.name else None
    return {
        "model": subject.name,
        "answer": answer,
        "by": by,
        "seconds": float(np.median(seconds["side"], axis=0)[0]),
        "bare s": float(np.median(seconds["bare"], axis=0)[0]),
        "predicts": ratio["ratio"],
        "least": ratio["least"],
        "most": ratio["most"],
        "times ours": None,
        "target": "" if target is None else f"<= {target:g}",
        "met": "" if target is None else "yes" if ratio["ratio"] <= target else "**no**",
    }


def _ours(subject: Subject) -> sp.Study:
    methods = [sp.PartialDependence(grid_resolution=50), sp.PermutationImportance(), sp.ALE(grid_resolution=40)]
    return sp.explain(subject.model, subject.X, subject.y, methods=methods)


def _of_pairs(subject: Subject) -> dict[str, sp.Explainer]:
    names = [f"x{j}" for j in range(subject.X.shape[1])]
    surfaces = sp.PartialDependence(features=list(combinations(names, 2)), grid_resolution=20)
    return {"PDP of 66 pairs": surfaces, "H of 66 pairs": sp.HStatistic()}


def _peers(subject: Subject) -> dict[tuple[str, str], Callable[[], Any]]:
    return {
        ("PDP", "scikit-learn"): partial(_sklearn_curves, subject),
        ("PFI, 10 repeats", "scikit-learn"): partial(_sklearn_importance, subject),
        ("ALE", "PyALE"): partial(pyale, subject.model, subject),
    }


def _sklearn_curves(subject: Subject) -> None:
    for j in range(subject.X.shape[1]):
        partial_dependence(
            subject.model, subject.X, [j], grid_resolution=50, percentiles=(0, 1), method="brute", kind="average"
        )


def _sklearn_importance(subject: Subject) -> None:
    permutation_importance(subject.model, subject.X, subject.y, n_repeats=10, scoring="neg_mean_squared_error")
