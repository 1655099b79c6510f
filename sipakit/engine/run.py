"""The loop: rounds of draws, cut into slices, evaluated anywhere and merged in order.

The boundaries of slices and batches follow from the round and the table's width, each slice has a generator of its own
made from (seed, round, first draw), and parts are merged in the order of the slices. So the result has the same bits
for any number of workers.
"""

from __future__ import annotations

import platform
import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np
import pandas as pd
import sklearn

from sipakit.caveats import caveat
from sipakit.engine.backends import in_order
from sipakit.engine.budget import Budget, Pace, pace_of
from sipakit.engine.ground import Ground, prepare_ground
from sipakit.engine.planning import rows_of
from sipakit.engine.progress import reporting
from sipakit.engine.work import Bill, Work, one_regime
from sipakit.errors import BudgetError, InputError
from sipakit.explanation import Cost
from sipakit.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from sipakit.engine.answers import Answers
    from sipakit.explainer import Explainer, Round
    from sipakit.explanation import Explanation
    from sipakit.table import Table

__all__ = ["explain", "explain_in", "look_at_workers"]


def explain(
    explainers: Sequence[Explainer],
    model: object,
    X: Any,
    y: Any = None,
    *,
    sample_weight: Any = None,
    background_weight: Any = None,
    n_jobs: int | None = None,
    budget: int | str | Budget | None = None,
    progress: bool | Callable[[int, int], None] | None = None,
) -> list[Explanation]:
    """Run explainers on one model; those that ask the same virtual rows share the answers.

    Parameters and errors are those of `Explainer.explain`; ``budget`` holds for each explainer. ``background_weight``
    weighs the rows of every background that is not the explained rows.

    Returns
    -------
    list of Explanation, in the order of the explainers
    """
    look_at_workers(n_jobs)
    cap, started = Budget.of(budget), time.perf_counter()
    grounds: dict[Any, Ground] = {}
    results: dict[int, Explanation] = {}
    with one_regime():
        for group in _groups(explainers):
            background, output = group[0].param("background"), group[0].param("output")
            key = (id(background), repr(output))
            if key not in grounds:
                grounds[key] = prepare_ground(model, X, y, sample_weight, background, output, background_weight)
            made = explain_in(group, grounds[key], n_jobs=n_jobs, budget=cap, progress=progress, started=started)
            results.update(zip(map(id, group), made, strict=True))
    return [results[id(explainer)] for explainer in explainers]


def explain_in(
    group: Sequence[Explainer],
    ground: Ground,
    *,
    n_jobs: int | None = None,
    budget: int | str | Budget | None = None,
    progress: bool | Callable[[int, int], None] | None = None,
    started: float | None = None,
) -> list[Explanation]:
    """Run explainers that ask the same virtual rows, on ground that is prepared; a time counts from ``started``."""
    cap = Budget.of(budget)
    rows = _in_rows(cap, group[0], ground, time.perf_counter() if started is None else started, n_jobs)
    with _told_in_seconds(cap, rows):
        return _explained(group, ground, n_jobs=n_jobs, budget=rows, progress=progress)


def _in_rows(cap: Budget | None, lead: Explainer, ground: Ground, started: float, n_jobs: int | None) -> int | None:
    """Return the cap in model rows; a look at the model's pace costs rows of its own."""

    def looked_at() -> Pace:
        pace = pace_of(ground.adapter, ground.rows, gradient="gradient" in lead.needs)
        ground.pace_rows += pace.rows
        return pace

    workers = joblib.effective_n_jobs(n_jobs)  # type: ignore[arg-type]  # None asks joblib's own configuration
    return rows_of(cap, lead, ground, workers, looked_at, lambda: time.perf_counter() - started)


@contextmanager
def _told_in_seconds(cap: Budget | None, rows: int | None) -> Iterator[None]:
    """Say what a budget in time is in rows, where these do not suffice."""
    try:
        yield
    except BudgetError as error:
        if cap is None or cap.seconds is None:
            raise
        message = f"budget='{cap.seconds:g}s' is about {rows or 0:,} model rows here."
        raise BudgetError(message, str(error)) from None


def look_at_workers(n_jobs: Any) -> None:
    """Refuse what is no number of workers."""
    whole = isinstance(n_jobs, (int, np.integer)) and not isinstance(n_jobs, bool)
    if not (n_jobs is None or (whole and n_jobs != 0)):
        message = f"n_jobs={n_jobs!r} cannot be used."
        raise InputError(message, "It takes a number of workers, -1 for all, or None.", "Leave n_jobs= out for one.")


def _groups(explainers: Iterable[Explainer]) -> list[list[Explainer]]:
    groups: dict[Any, list[Explainer]] = {}
    for explainer in explainers:
        groups.setdefault(explainer.evaluations(), []).append(explainer)
    return list(groups.values())


def _explained(
    group: Sequence[Explainer],
    ground: Ground,
    *,
    n_jobs: int | None,
    budget: int | None,
    progress: bool | Callable[[int, int], None] | None,
) -> list[Explanation]:
    """Go through the rounds, merge what the slices observed, and conclude."""
    started, predicted = time.perf_counter(), ground.seconds
    lead = group[0]
    tasks = [ground.task(explainer) for explainer in group]
    used = [ground.used_by(explainer) for explainer in group]
    base_rows = max((sum(answers.rows for answers in one.values()) for one in used), default=0)
    left = None if budget is None else _left(lead, budget, base_rows + ground.check_rows)
    tasks = [replace(task, budget=left) for task in tasks]
    design = lead.design(tasks[0])
    tasks = [replace(task, design=design) for task in tasks]
    workers = joblib.effective_n_jobs(n_jobs)  # type: ignore[arg-type]  # None asks joblib's own configuration
    known = {table: answers.values for one in used for table, answers in one.items()}
    states = [explainer.start(task) for explainer, task in zip(group, tasks, strict=True)]
    bill, number, waited = Bill(), 0, 0.0
    while (round_ := lead.next_round(tasks[0], states[0], number)) is not None:
        round_ = replace(round_, number=number)
        _afford(lead, round_, left, bill)
        blanks = tuple(state.empty(0) for state in states)
        work = Work(tuple(group), tuple(tasks), blanks, ground.adapter, known, round_)
        with reporting(progress, round_.draws * round_.rows, type(lead).__name__) as tell:
            done, since = in_order(work, workers), time.perf_counter()
            for parts, cost in done:
                waited += time.perf_counter() - since
                states = [state.absorb(part) for state, part in zip(states, parts, strict=True)]
                bill += cost
                tell(cost.asked)
                since = time.perf_counter()
        number += 1
    made = [e.conclude(task, state) for e, task, state in zip(group, tasks, states, strict=True)]
    alone = time.perf_counter() - started - waited - (ground.seconds - predicted)
    outside = alone + bill.outside
    return [
        _completed(explainer, result, ground, _cost(explainer, ground, bill, base, outside), budget)
        for explainer, result, base in zip(group, made, used, strict=True)
    ]


def _left(lead: Explainer, budget: int, spent: int) -> int:
    if spent > budget:
        message = f"budget={budget:,} is less than the {spent:,} rows that {type(lead).__name__} predicts first."
        raise BudgetError(message, "These are the explained rows, the background and a check.", "Raise the budget.")
    return budget - spent


def _afford(lead: Explainer, round_: Round, left: int | None, bill: Bill) -> None:
    need = round_.draws * round_.rows
    if left is not None and bill.asked + need > left:
        message = (
            f"{type(lead).__name__} asks for up to {need:,} more model rows, and the budget has {left - bill.asked:,}."
        )
        cure = "Raise the budget, explain fewer rows or features, or lower its resolution or repeats."
        raise BudgetError(message, "A method with a finite need runs whole or not at all.", cure)


def _cost(explainer: Explainer, ground: Ground, bill: Bill, base: dict[Table, Answers], outside: float) -> Cost:
    gradients = "gradient" in explainer.needs
    return Cost(
        rows=sum(answers.rows for answers in base.values()) + (0 if gradients else bill.rows),
        asked=bill.asked,
        gradient_rows=bill.rows if gradients else 0,
        check_rows=ground.check_rows + ground.pace_rows,
        seconds_in_model=sum(answers.seconds for answers in base.values()) + bill.in_model,
        seconds_outside=outside,
    )


def _completed(
    explainer: Explainer, result: Explanation, ground: Ground, cost: Cost, budget: int | None
) -> Explanation:
    caveats = [*ground.caveats, *result.caveats]
    if id(explainer) in ground.left_out:
        caveats.append(ground.left_out[id(explainer)])
    if explainer.background_matters and ground.background is ground.rows:
        message = f"The {len(ground.rows):,} explained rows are compared with each other."
        caveats.append(caveat("SIPA010", message, "Pass background= for another comparison."))
    return replace(
        result,
        caveats=tuple(dict.fromkeys(caveats)),
        cost=replace(cost, refits=result.cost.refits),
        manifest=_manifest(explainer, ground, budget),
    )


def _manifest(explainer: Explainer, ground: Ground, budget: int | None) -> dict[str, Any]:
    """What a repetition needs; no dates, so that equal runs give equal documents."""
    versions = {"sipakit": __version__, "python": platform.python_version(), "numpy": np.__version__}
    return {
        "versions": {**versions, "pandas": pd.__version__, "scikit-learn": sklearn.__version__},
        "random_state": explainer.random_state,
        "budget": budget,
        "rows": len(ground.rows),
        "rows_fingerprint": ground.rows.fingerprint,
        "background": len(ground.background),
        "background_fingerprint": ground.background.fingerprint,
        "columns": [str(name) for name in ground.rows.names],
        "weighted": bool((ground.weights != 1).any() or (ground.background_weights != 1).any()),
    }
