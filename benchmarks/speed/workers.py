"""How much faster are two workers than one, and are the bits the same?"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

import sipakit as sp
from benchmarks.harness import Result, in_turn, ratio_of
from benchmarks.subjects import Subject, bike

__all__ = ["run"]

TARGETS = {"threads": 1.7, "processes": 1.4}
COLUMNS = {
    "model": "s", "workers": "s", "slice ms": ".0f", "slices": ",d", "one s": ".2f", "two s": ".2f",
    "times faster": ".2f", "least": ".2f", "most": ".2f", "target": ".1f", "met": "s", "same bits": "s",
}  # fmt: skip


def row_by_row(X: np.ndarray) -> list[float]:
    """A model in plain Python, which holds the interpreter's lock."""
    return [row[0] * row[1] + (row[2] if row[3] > 0 else row[4] ** 2) for row in X.tolist()]


def product(X: np.ndarray) -> list[float]:
    """A short one: a slice takes it about 20 ms."""
    return [a * b for a, b in X.tolist()]


def run(*, quick: bool) -> Result:
    repeats, rows = (2, 600) if quick else (7, 6_000)
    boosted = bike("array", rows=rows, trees=50 if quick else 200)
    short = bike("array", rows=rows if quick else None, trees=10 if quick else 32)
    slow = Subject("plain Python", row_by_row, boosted.X, boosted.y)
    X = np.random.default_rng(0).normal(size=(rows, 2))
    brief = Subject("plain Python, a product", product, X, product(X))
    found = [
        {"model": name, "workers": kind, **_two_against_one(subject, repeats, TARGETS[kind])}
        for name, subject, kind in (
            (f"{boosted.name}, 200 trees", boosted, "threads"),
            (f"{short.name}, 32 trees", short, "threads"),
            (slow.name, slow, "processes"),
            (brief.name, brief, "processes"),
        )
    ]
    return Result(
        case="workers",
        question="Wall time of one worker over that of two, for the same explanation.",
        settings={"explainer": "PartialDependence()", "rows": f"{rows}, and all 17379 for few trees", "turns": repeats},
        rows=found,
        columns=COLUMNS,
        notes=[
            "times faster is the median over the turns, with its extremes; workers exist already, as in a second call.",
            "Two workers on two cores; the model has one thread of its own on both sides.",
        ],
        quick=quick,
        timed=True,
    )


def _two_against_one(subject: Subject, repeats: int, target: float) -> dict[str, Any]:
    model = sp.adapt(subject.model, structure=False)  # else the trees answer, and there is nothing to wait for
    explain = partial(sp.PartialDependence().explain, model, subject.X)
    one, two = explain(), explain(n_jobs=2)
    seconds = in_turn({"one": explain, "two": partial(explain, n_jobs=2)}, repeats)
    ratio = ratio_of(seconds["one"], seconds["two"])
    slices = -(-one.cost.asked // 32_768)
    return {
        "slice ms": 1000 * one.cost.seconds_in_model / slices,
        "slices": slices,
        "one s": float(np.median(seconds["one"], axis=0)[0]),
        "two s": float(np.median(seconds["two"], axis=0)[0]),
        "times faster": ratio["ratio"],
        "least": ratio["least"],
        "most": ratio["most"],
        "target": target,
        "met": "yes" if ratio["ratio"] >= target else "**no**",
        "same bits": "yes" if all(map(np.array_equal, one.values, two.values)) else "**no**",
    }
