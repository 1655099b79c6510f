"""How long does sipakit take beside the model?

The bare side predicts the very batches that the method sent to the model, caught by a counting wrapper beforehand, in
the same sizes and order; the first batches, with which the engine looks at the model's manners, are left out of it, so
that they count as time beside the model. The other side is the whole call of `explain`, from the user's table to the
result. Both run in turn.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sipakit as sp
from benchmarks.harness import Counted, Result, in_turn, ratio_of
from benchmarks.subjects import Subject, bike

__all__ = ["METHODS", "beside_the_model", "run"]

METHODS: dict[str, tuple[Callable[..., Any], int | None]] = {  # and rows of the table; None for all 17,379
    "PFI, 10 repeats": (sp.PermutationImportance, 6_000),
    "ICE": (sp.ICE, 6_000),
    "PDP": (sp.PartialDependence, 6_000),
    "ALE": (sp.ALE, None),
}
COLUMNS = {
    "table": "s", "method": "s", "n": ",d", "rows / n": ".1f", "calls": ",d", "bare s": ".2f", "ratio": ".3f", "least": ".3f",
    "most": ".3f", "cpu ratio": ".3f", "target": ".2f", "met": "s",
}  # fmt: skip


def run(*, quick: bool) -> Result:
    repeats = 2 if quick else 7
    trees = 50 if quick else 200
    found = []
    for layout in ("array", "frame"):
        for name, (make, rows) in METHODS.items():
            subject = bike(layout, rows=1_000 if quick else rows, trees=trees)
            found.append({"table": layout, "method": name, **beside_the_model(make(), subject, repeats, _target(name))})
    for name, subject in _asked_for_shapley(quick=quick, trees=trees).items():
        explained, shapley = _apart(subject, 40 if quick else 150)
        found.append({"table": "array", "method": name, **beside_the_model(shapley, explained, repeats, 1.15)})
    return Result(
        case="overhead",
        question="Wall time of a whole explain(), in units of bare predictions of the same rows in the same batches.",
        settings={
            "trees": trees,
            "leaves": 31,
            "model threads": 1,
            "turns": repeats,
            "seed": 0,
        },
        rows=found,
        columns=COLUMNS,
        notes=[
            (
                "ratio is the median over the turns of explain() / bare by the clock, with its extremes; cpu ratio is that of"
                " the process's own time, which other work on the machine disturbs less."
            ),
            "The look at the model's manners (96 rows in two calls) is counted as time beside the model.",
            "6,000 rows where the whole table would take an hour; ALE, which asks least, on all of it.",
            (
                "Shapley: 150 rows explained against 100 others, default number of draws. The small network answers a row in"
                " less time than it takes to write and check one, so that its ratio says little of sipakit's share elsewhere."
            ),
            "The frame has integer, float and category columns; the array has floats only.",
        ],
        quick=quick,
        timed=True,
    )


def _asked_for_shapley(*, quick: bool, trees: int) -> dict[str, Subject]:
    """Return the table of floats with the boosted trees, and with a small and a usual network."""
    boosted = bike("array", rows=1_000 if quick else None, trees=trees)
    subjects = {"Shapley, LightGBM": boosted}
    for layers in ((64, 32), (256, 256, 256)):
        name = f"Shapley, network {'-'.join(map(str, layers))}"
        network = MLPRegressor(hidden_layer_sizes=layers, max_iter=3 if quick else 10, random_state=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it stops early
            fitted = make_pipeline(StandardScaler(), network).fit(boosted.X, boosted.y)
        subjects[name] = Subject(name, fitted, boosted.X, boosted.y)
    return subjects


def _apart(subject: Subject, rows: int) -> tuple[Subject, sp.Shapley]:
    """Return rows to explain, and Shapley values against a background of a hundred others."""
    drawn = np.random.default_rng(0).choice(len(subject.X), rows + 100, replace=False)
    few = Subject(subject.name, subject.model, subject.X[drawn[:rows]], subject.y[drawn[:rows]])
    return few, sp.Shapley(background=subject.X[drawn[rows:]])


def _target(name: str) -> float:
    return 1.05 if name == "ALE" else 1.10


def beside_the_model(explainer: sp.Explainer, subject: Subject, repeats: int, target: float) -> dict[str, Any]:
    """Time one explainer against bare predictions of its own batches."""
    watched = Counted(subject.model, keep=True)
    cost = explainer.explain(watched, subject.X, subject.y).cost
    batches = _answering(watched.batches, cost.rows)
    seconds = in_turn(
        {
            "explain": partial(explainer.explain, sp.adapt(subject.model, structure=False), subject.X, subject.y),
            "bare": partial(_predict_all, subject.model, batches),
        },
        repeats,
    )
    ratio = ratio_of(seconds["explain"], seconds["bare"])
    return {
        "rows": cost.rows,
        "n": len(subject.X),
        "rows / n": cost.rows / len(subject.X),
        "calls": len(batches),
        "explain s": float(np.median(seconds["explain"], axis=0)[0]),
        "bare s": float(np.median(seconds["bare"], axis=0)[0]),
        **ratio,
        "target": target,
        "met": "yes" if ratio["ratio"] <= target else "**no**",
    }


def _answering(batches: list[Any], rows: int) -> list[Any]:
    """Return the batches behind the answer: all but the first ones, which looked at the model's manners."""
    sizes = np.array([len(batch) for batch in batches])
    after = sizes[::-1].cumsum()[::-1]
    (first,) = np.flatnonzero(after == rows)
    return batches[first:]


def _predict_all(model: Any, batches: list[Any]) -> None:
    for batch in batches:
        model.predict(batch)
