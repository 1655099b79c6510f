"""How long does importing sipakit take, beside scikit-learn?"""

from __future__ import annotations

from functools import partial

import numpy as np

from benchmarks.harness import Result, in_python, in_turn

__all__ = ["HEAVY", "run"]

TARGET = 0.5  # s
HEAVY = ("torch", "shap", "lime", "numba", "matplotlib.pyplot")
BASE = "import sklearn.ensemble, sklearn.pipeline"  # what a user's model has imported
SIDES = {
    "scikit-learn": BASE,
    "sipakit": f"{BASE}; import sipakit",
    "sipakit, all of its public names": f"{BASE}; import sipakit as sp; [getattr(sp, name) for name in sp.__all__]",
    "shap": f"{BASE}; import shap",
    "dalex": f"{BASE}; import dalex",
    "effector": f"{BASE}; import effector",
}
COLUMNS = {
    "what": "s", "seconds": ".2f", "more than scikit-learn s": ".2f", "loads": "s", "target": ".1f", "met": "s",
}  # fmt: skip


def run(*, quick: bool) -> Result:
    repeats = 1 if quick else 9
    there, notes = {}, []
    for name, text in SIDES.items():
        done = in_python(f"{text}; import sys; print([m for m in {HEAVY!r} if m in sys.modules])")
        if done.returncode:
            notes.append(f"{name} did not take part: {done.stderr.strip().splitlines()[-1]}")
        else:
            there[name] = done.stdout.strip().strip("[]").replace("'", "")
    seconds = in_turn({name: partial(in_python, SIDES[name]) for name in there}, repeats)
    usual = {name: float(np.median([clock for clock, _ in took])) for name, took in seconds.items()}
    found = []
    for name, took in usual.items():
        more = float(np.median([a - b for (a, _), (b, _) in zip(seconds[name], seconds["scikit-learn"], strict=True)]))
        line = {"what": name, "seconds": took, "more than scikit-learn s": more, "loads": there[name]}
        bound = name == "sipakit"
        met = ("yes" if more < TARGET and not there[name] else "**no**") if bound else ""
        found.append(line | {"target": TARGET if bound else None, "met": met})
    return Result(
        case="imports",
        question="Seconds from the start of Python until everything is imported.",
        settings={"turns": repeats, "scikit-learn": BASE},
        rows=found,
        columns=COLUMNS,
        notes=[
            f"Medians of processes started in turn; loads names what of {', '.join(HEAVY)} is loaded then.",
            "The modules of sipakit are loaded when one of its names is first used.",
            *notes,
        ],
        quick=quick,
        timed=True,
    )
