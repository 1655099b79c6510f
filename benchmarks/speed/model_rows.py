"""How many model rows does the same answer take, and how long?

Counts do not depend on the machine. Every side runs through the same counting wrapper, checks and base predictions
included, and each peer's answer is first compared with ours. ALE is run in three turns for the time it takes.
"""

from __future__ import annotations

import json
import logging
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import sipakit as sp
from benchmarks.harness import Counted, Result, skipped
from benchmarks.subjects import Subject, bike

__all__ = ["pyale", "run"]

CELLS, GRID, REPEATS = 40, 50, 10
_TURNS = 3
COLUMNS = {
    "answer": "s", "by": "s", "rows / n": ".1f", "calls": ",d", "rows / ours": ".2f", "seconds": ".2f", "times ours": ".2f",
    "differs": ".1%", "met": "s",
}  # fmt: skip
Answer = dict[str, Any]  # "importance" (p,), or "places" and "values", a list of arrays each


def run(*, quick: bool, alibi_python: str | None = None) -> Result:
    subject = bike("array", rows=1_000 if quick else None, trees=50 if quick else 200)
    found: list[dict[str, Any]] = []
    notes = [
        (
            "differs: root mean squared difference of the curves at the rows' own values (both centred there), or of the"
            " importances, as a share of the largest curve's or importance's size. Peers place edges and grids otherwise"
            " (effector: cells of equal width; PyALE: neighbouring values for discrete features), so it is not zero."
        ),
        (
            "PyALE is called once a feature, with its default choice of feature types. effector is told which columns have"
            f" at most {CELLS} values."
        ),
        f"seconds: of the whole call, one run of it; of ALE the median of {_TURNS}.",
    ]
    for answer, sides in _SIDES.items():
        turns = _TURNS if answer == "ALE" and not quick else 1
        ours = _counted(sides["sipakit"], subject, turns)
        for by, side in sides.items():
            try:
                one = ours if by == "sipakit" else _counted(side, subject, turns)
            except ImportError as error:
                notes.append(skipped(by, error))
                continue
            found.append(_row(answer, by, one, ours, subject))
        if answer in {"PFI", "ALE", "PDP"} and alibi_python:
            one = _alibi(alibi_python, answer, subject, turns)
            notes += [one.pop("note")] if "note" in one else []
            found.append(_row(answer, f"alibi {one.pop('version')}", one, ours, subject))
    if not alibi_python:
        notes.append("alibi 0.9.6 needs numpy < 2 and takes part only with --alibi PYTHON, an interpreter of its own.")
    return Result(
        case="model_rows",
        question=f"Model rows for the same answer: all 12 features of the bike table (PFI {REPEATS} repeats, "
        f"grids of {GRID} places, ALE of {CELLS} cells).",
        settings={"rows": len(subject.X), "repeats": REPEATS, "grid": GRID, "cells": CELLS, "seed": 0},
        rows=found,
        columns=COLUMNS,
        notes=notes,
        quick=quick,
        timed=True,
    )


def _counted(side: Callable[[Any, Subject], Answer], subject: Subject, turns: int) -> Answer:
    seconds: list[float] = []
    for _ in range(turns):
        watched, started = Counted(subject.model), time.perf_counter()
        answer = side(watched, subject)
        seconds.append(time.perf_counter() - started)
    return {"rows": watched.rows, "calls": watched.calls, "seconds": float(np.median(seconds)), **answer}


def _row(answer: str, by: str, one: Answer, ours: Answer, subject: Subject) -> dict[str, Any]:
    own = one is ours
    return {
        "answer": answer,
        "by": by,
        "rows": one["rows"],
        "rows / n": one["rows"] / len(subject.X),
        "calls": one["calls"],
        "rows / ours": one["rows"] / ours["rows"],
        "seconds": one["seconds"],
        "times ours": None if own else one["seconds"] / ours["seconds"],
        "differs": None if own else _difference(one, ours, subject.X),
        "met": "" if own else "yes" if _is_met(answer, one, ours) else "**no**",
    }


def _is_met(answer: str, one: Answer, ours: Answer) -> bool:
    """Whether a peer takes no fewer rows, and of ALE no less time."""
    return bool(one["rows"] >= ours["rows"] and (answer != "ALE" or one["seconds"] >= ours["seconds"]))


def _difference(one: Answer, ours: Answer, X: np.ndarray) -> float:
    if "importance" in ours:
        a, b = np.asarray(one["importance"]), ours["importance"]
        return float(np.sqrt(np.mean((a - b) ** 2)) / np.abs(b).max())
    apart, size = [], []
    for j in range(X.shape[1]):
        a, b = (
            np.interp(X[:, j], np.asarray(side["places"][j]), np.asarray(side["values"][j])) for side in (one, ours)
        )
        apart.append(np.std(a - b))
        size.append(np.std(b))
    return float(max(apart) / max(size))


# ---- ours


def _our_curves(explainer: sp.Explainer, model: Any, subject: Subject) -> Answer:
    effects = explainer.explain(model, subject.X)
    means = [v.mean(axis=0) if v.ndim == 3 else v for v in effects.values]
    return {"places": [axis.positions for axis in effects.axes], "values": [v[:, 0] for v in means]}


def _our_pfi(model: Any, subject: Subject) -> Answer:
    found = sp.PermutationImportance(n_repeats=REPEATS).explain(model, subject.X, subject.y)
    return {"importance": found.values[:, 0]}


def _our_pdp(model: Any, subject: Subject) -> Answer:
    return _our_curves(sp.PartialDependence(grid_resolution=GRID), model, subject)


def _our_ice(model: Any, subject: Subject) -> Answer:
    return _our_curves(sp.ICE(grid_resolution=GRID), model, subject)


def _our_ale(model: Any, subject: Subject) -> Answer:
    return _our_curves(sp.ALE(grid_resolution=CELLS), model, subject)


# ---- peers


def _sklearn_pfi(model: Any, subject: Subject) -> Answer:
    from sklearn.inspection import permutation_importance

    found = permutation_importance(
        model, subject.X, subject.y, scoring="neg_mean_squared_error", n_repeats=REPEATS, random_state=0
    )
    return {"importance": found.importances_mean}


def _sklearn_curves(model: Any, subject: Subject, kind: str) -> Answer:
    from sklearn.inspection import partial_dependence

    places, values = [], []
    for j in range(subject.X.shape[1]):
        found = partial_dependence(
            model, subject.X, [j], grid_resolution=GRID, percentiles=(0, 1), kind=kind, method="brute"
        )
        places.append(found["grid_values"][0])
        values.append(found[kind][0] if kind == "average" else found[kind][0].mean(axis=0))
    return {"places": places, "values": values}


def _sklearn_pdp(model: Any, subject: Subject) -> Answer:
    return _sklearn_curves(model, subject, "average")


def _sklearn_ice(model: Any, subject: Subject) -> Answer:
    return _sklearn_curves(model, subject, "individual")


def pyale(model: Any, subject: Subject) -> Answer:
    from PyALE import ale

    logging.getLogger("PyALE._ALE_generic").setLevel(logging.WARNING)  # it reports the type of every feature
    frame = pd.DataFrame(subject.X, columns=[f"x{j}" for j in range(subject.X.shape[1])])

    class OnArrays:
        """PyALE passes frames; the model was fitted on an array."""

        def predict(self, X: pd.DataFrame) -> Any:
            return model.predict(X.to_numpy())

    found = [ale(frame, OnArrays(), [name], grid_size=CELLS, include_CI=True, plot=False) for name in frame]
    return {"places": [one.index.to_numpy(float) for one in found], "values": [one["eff"].to_numpy() for one in found]}


def _effector_ale(model: Any, subject: Subject) -> Answer:
    import effector

    found = effector.ALE(subject.X, model.predict, nof_instances="all", schema=_types(subject.X))
    found.fit("all", binning_method=effector.axis_partitioning.Fixed(nof_bins=CELLS))
    places = [np.unique(column) for column in subject.X.T]
    return {"places": places, "values": [found.eval(j, xs) for j, xs in enumerate(places)]}


def _effector_pdp(model: Any, subject: Subject) -> Answer:
    import effector

    found = effector.PDP(subject.X, model.predict, nof_instances="all", schema=_types(subject.X))
    places = [_some(np.unique(column)) for column in subject.X.T]
    return {"places": places, "values": [found.eval(j, xs) for j, xs in enumerate(places)]}


def _types(X: np.ndarray) -> dict[str, list[str]]:
    """Tell effector which columns have steps: its cells of equal width lose the steps between whole numbers."""
    few = [len(np.unique(column)) <= CELLS for column in X.T]
    return {"feature_types": ["ordinal" if one else "continuous" for one in few]}


def _some(values: np.ndarray) -> np.ndarray:
    """Return values that occur, at most as many as the grid has places: effector takes no others for levels."""
    return values[np.unique(np.linspace(0, len(values) - 1, min(GRID, len(values))).astype(int))]


def _alibi(python: str, answer: str, subject: Subject, turns: int) -> Answer:
    """Run alibi in an interpreter of its own, on the same rows and the same trees."""
    with tempfile.TemporaryDirectory() as folder:
        np.savez(Path(folder) / "table.npz", X=subject.X, y=subject.y)
        subject.model.booster_.save_model(str(Path(folder) / "model.txt"))
        script = Path(__file__).with_name("alibi_rows.py")
        command = [python, str(script), folder, answer, str(REPEATS), str(GRID), str(CELLS), str(turns)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - the user's interpreter
    found: Answer = json.loads(done.stdout.splitlines()[-1])
    return found


def _sides() -> Iterator[tuple[str, dict[str, Callable[[Any, Subject], Answer]]]]:
    yield "PFI", {"sipakit": _our_pfi, "scikit-learn": _sklearn_pfi}
    yield "PDP", {"sipakit": _our_pdp, "scikit-learn": _sklearn_pdp, "effector": _effector_pdp}
    yield "ICE", {"sipakit": _our_ice, "scikit-learn": _sklearn_ice}
    yield "ALE", {"sipakit": _our_ale, "PyALE": pyale, "effector": _effector_ale}


_SIDES = dict(_sides())
