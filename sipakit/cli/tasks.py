"""What the commands do with files: explain, plan, and list the methods. Each returns the text to be shown."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import sipakit.explainers as built_in
from sipakit.cli.dtypes import read_dtypes
from sipakit.cli.files import read_model, read_table, taken_out
from sipakit.cli.words import in_command_words
from sipakit.door import open_table
from sipakit.engine import Budget
from sipakit.errors import InputError
from sipakit.methods import keys_of, make_jobs
from sipakit.reports.inline import study_text
from sipakit.study import explain

if TYPE_CHECKING:
    import argparse

    import pandas as pd


__all__ = ["explain_files", "listed_methods", "plan_files"]


@dataclass(frozen=True)
class _Question:
    """What the command line asks, read from its files."""

    model: Any
    X: pd.DataFrame
    y: pd.Series | None
    weights: pd.Series | None
    background: pd.DataFrame | None
    methods: list[str] | None
    rows: list[int] | None
    budget: int | str | None
    note: str

    @classmethod
    def of(cls, chosen: argparse.Namespace) -> _Question:
        """Read model and tables."""
        dtypes = read_dtypes(chosen.dtype)
        table = read_table(chosen.data, "--data", dtypes)
        note = f"All {len(table):,} rows of {Path(chosen.data).name}"
        if chosen.sample is not None:
            if not 1 <= chosen.sample <= len(table):
                message = f"--sample {chosen.sample} cannot be drawn."
                raise InputError(message, f"It takes 1 to {len(table):,} rows.")
            drawn = np.sort(np.random.default_rng(chosen.seed).choice(len(table), chosen.sample, replace=False))
            note = f"{chosen.sample:,} of the {len(table):,} rows of {Path(chosen.data).name}, drawn at random"
            table = table.iloc[drawn].reset_index(drop=True)
        table, weights = taken_out(table, chosen.weights, "--weights")
        X, y = taken_out(table, chosen.target, "--target")
        behind = None
        if chosen.background is not None:
            behind = read_table(chosen.background, "--background", dtypes)
            behind = behind.drop(columns=[chosen.target, chosen.weights], errors="ignore")
        return cls(
            model=read_model(chosen.model, chosen.trust, trust_pickle=chosen.trust_pickle),
            X=X,
            y=y,
            weights=weights,
            background=behind,
            methods=[name for name in re.split(r"[,\s]+", chosen.methods) if name] if chosen.methods else None,
            rows=_numbers(chosen.rows),
            budget=int(chosen.budget) if chosen.budget and chosen.budget.isdigit() else chosen.budget,
            note=f"{note}; whether the model was fitted on them is not known.",
        )


def _numbers(text: str | None) -> list[int] | None:
    if text is None:
        return None
    try:
        return [int(part) for part in re.split(r"[,\s]+", text.strip()) if part]
    except ValueError as error:
        message = f"--rows {text!r} is no list of row numbers."
        raise InputError(message, "It takes numbers with commas, counted from 0, such as 0,17.") from error


def explain_files(chosen: argparse.Namespace) -> str:
    """Explain, write the folder, and return the findings."""
    asked = _Question.of(chosen)
    folder = _made(chosen.output)  # before the work: a folder that cannot be written would lose it
    with in_command_words():
        study = explain(
            asked.model,
            asked.X,
            asked.y,
            methods=asked.methods,
            rows=asked.rows,
            background=asked.background,
            output=chosen.model_output,
            sample_weight=asked.weights,
            n_jobs=chosen.n_jobs,
            budget=asked.budget,
            tolerance=chosen.tolerance,
            on_bad=chosen.on_bad,
            random_state=chosen.seed,
        ).described(note=asked.note, unit=chosen.unit)
    study.report(folder / "index.html", title=chosen.title)
    written = study.to_json(folder / "results")
    return study_text(study, closing=f"Wrote {1 + len(written)} files. Open {folder / 'index.html'}")


def _made(path: str) -> Path:
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        message = f"--output {path} is a file, and a folder is needed."
        raise InputError(message, cure="Name another folder; it is made if need be.") from error
    except OSError as error:
        raise InputError(f"--output {path} cannot be made: {error.strerror}.", cure="Name another folder.") from error
    return folder


def plan_files(chosen: argparse.Namespace) -> str:
    """Return what each method would cost, and the sum."""
    asked = _Question.of(chosen)
    with in_command_words():
        return _planned(asked, chosen)


def _planned(asked: _Question, chosen: argparse.Namespace) -> str:
    table, _ = open_table(asked.X)
    jobs = make_jobs(
        asked.methods,
        table,
        asked.X,
        target=asked.y is not None,
        rows=asked.rows,
        background=asked.background,
        output=chosen.model_output,
        random_state=chosen.seed,
    )
    shared: set[Any] = set()
    lines, rows, low, high = [], 0, 0.0, 0.0
    for key, job in jobs.items():
        X = asked.X if job.rows is None else asked.X.iloc[list(job.rows)]
        y = asked.y if job.rows is None else None
        plan = job.explainer.plan(asked.model, X, y, n_jobs=chosen.n_jobs)
        lines.append(str(plan).replace(plan.explainer, key, 1))
        if job.explainer.evaluations() in shared:
            lines.append("  (shares its rows with another method)")
            continue
        shared.add(job.explainer.evaluations())
        rows, low, high = rows + plan.rows, low + plan.seconds[0], high + plan.seconds[1]
    lines.append(f"all together: at most {rows:,} model rows, {low:.1f} to {high:.1f} s")
    if (cap := Budget.of(asked.budget)) is not None:
        covered = rows <= cap.rows if cap.rows is not None else high <= (cap.seconds or 0)
        less = "does not cover them: what is drawn is drawn less often, and what cannot be is left out or refused"
        lines.append(f"--budget {chosen.budget}: {'covers them' if covered else less}")
    return "\n".join(lines)


def listed_methods() -> str:
    """Return the names of the methods, each with its question."""
    kinds = [getattr(built_in, title) for title in built_in.__all__]
    names = [key.replace("_", "-") for key in keys_of([kind.__new__(kind) for kind in kinds])]
    width = max(map(len, names)) + 2
    lines = [
        textwrap.fill(kind.question, 96, initial_indent=name.ljust(width), subsequent_indent=" " * width)
        for name, kind in sorted(zip(names, kinds, strict=True), key=lambda pair: pair[0])
    ]
    return "\n".join(lines)
