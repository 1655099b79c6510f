"""The loop: rounds of draws, cut into slices, evaluated anywhere and merged in order.

The boundaries of slices and batches follow from the round and the table's width, each slice has a generator of its own
made from (seed, round, first draw), and parts are merged in the order of the slices. So the result has the same bits
for any number of workers.
"""

from __future__ import annotations

import platform
import threading
import time
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np
import pandas as pd
import sklearn
import threadpoolctl

from sipakit.caveats import caveat
from sipakit.engine.answers import Answers, evaluate
from sipakit.engine.ground import Ground, prepare_ground
from sipakit.engine.progress import reporting
from sipakit.errors import BudgetError, InputError
from sipakit.explanation import Cost
from sipakit.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from sipakit.adapters import Adapter
    from sipakit.aggregate import State
    from sipakit.explainer import Explainer, Round
    from sipakit.explanation import Explanation
    from sipakit.table import Table
    from sipakit.task import Task

__all__ = ["explain", "explain_task", "slices"]

_SLICE_ROWS, _SLICE_CELLS = 32_768, 2**23  # many rows, so that what a slice costs by itself is little
_WORKER = threading.local()


@dataclass
class _Bill:
    """What slices of a group of explainers that share their evaluations cost; seconds of workers add up."""

    rows: int = 0
    asked: int = 0
    in_model: float = 0.0
    outside: float = 0.0

    def __add__(self, other: _Bill) -> _Bill:
        return _Bill(
            self.rows + other.rows,
            self.asked + other.asked,
            self.in_model + other.in_model,
            self.outside + other.outside,
        )


def explain(
    explainers: Sequence[Explainer],
    model: object,
    X: Any,
    y: Any = None,
    *,
    sample_weight: Any = None,
    background_weight: Any = None,
    n_jobs: int | None = None,
    budget: int | None = None,
    progress: bool | Callable[[int, int], None] | None = None,
) -> list[Explanation]:
    """Run explainers on one model; those that ask the same virtual rows share the answers.

    Parameters and errors are those of `Explainer.explain`; ``budget`` holds for each explainer. ``background_weight``
    weighs the rows of every background that is not the explained rows.

    Returns
    -------
    list of Explanation, in the order of the explainers
    """
    _look_at_settings(n_jobs, budget)
    grounds: dict[Any, Ground] = {}
    results: dict[int, Explanation] = {}
    with one_regime():
        for group in _groups(explainers):
            background, output = group[0].param("background"), group[0].param("output")
            key = (id(background), repr(output))
            if key not in grounds:
                grounds[key] = prepare_ground(model, X, y, sample_weight, background, output, background_weight)
            made = explain_task(group, grounds[key], n_jobs=n_jobs, budget=budget, progress=progress)
            results.update(zip(map(id, group), made, strict=True))
    return [results[id(explainer)] for explainer in explainers]


@contextmanager
def one_regime() -> Iterator[None]:
    """Hold what belongs to the whole process, the same for any number of workers; workers must not touch it."""
    one_thread = threadpoolctl.threadpool_limits(limits=1, user_api="blas")
    with one_thread, warnings.catch_warnings():
        # LightGBM claims names for models fitted on arrays, and scikit-learn then warns at every batch.
        warnings.filterwarnings("ignore", message="X does not have valid feature names", category=UserWarning)
        yield


def _look_at_settings(n_jobs: Any, budget: Any) -> None:
    if not (budget is None or (_whole(budget) and budget > 0)):
        message = f"budget={budget!r} cannot be used."
        raise InputError(message, "It takes a number of model rows, or None.", "Leave budget= out for no cap.")
    if not (n_jobs is None or (_whole(n_jobs) and n_jobs != 0)):
        message = f"n_jobs={n_jobs!r} cannot be used."
        raise InputError(message, "It takes a number of threads, -1 for all, or None.", "Leave n_jobs= out for one.")


def _whole(value: object) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def _groups(explainers: Iterable[Explainer]) -> list[list[Explainer]]:
    groups: dict[Any, list[Explainer]] = {}
    for explainer in explainers:
        groups.setdefault(explainer.evaluations(), []).append(explainer)
    return list(groups.values())


def explain_task(
    group: Sequence[Explainer],
    ground: Ground,
    *,
    n_jobs: int | None = None,
    budget: int | None = None,
    progress: bool | Callable[[int, int], None] | None = None,
) -> list[Explanation]:
    """Run explainers that ask the same virtual rows, on ground that is prepared."""
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
    adapter = ground.adapter.single_threaded() if workers > 1 else ground.adapter
    known = {table: answers.values for one in used for table, answers in one.items()}
    states = [explainer.start(task) for explainer, task in zip(group, tasks, strict=True)]
    bill, number, waited = _Bill(), 0, 0.0
    while (round_ := lead.next_round(tasks[0], states[0], number)) is not None:
        round_ = replace(round_, number=number)
        _afford(lead, round_, left, bill)
        work = _Work(tuple(group), tuple(tasks), tuple(states), adapter, known, round_)
        with reporting(progress, round_.draws * round_.rows, type(lead).__name__) as tell:
            done, since = _in_order(work, workers), time.perf_counter()
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


def slices(round_: Round, n_columns: int = 1) -> list[range]:
    """Cut a round into slices, by its draws, their rows, and the width of the table alone.

    Examples
    --------
    >>> from sipakit.explainer import Round
    >>> slices(Round(draws=5, rows=16_000))
    [range(0, 2), range(2, 4), range(4, 5)]
    """
    most = min(_SLICE_ROWS, _SLICE_CELLS // max(n_columns, 1))
    together = max(1, most // max(round_.rows, 1))
    return [range(i, min(i + together, round_.draws)) for i in range(0, round_.draws, together)]


@dataclass(frozen=True)
class _Work:
    """Everything that a slice needs, shared by all slices of a round."""

    group: tuple[Explainer, ...]
    tasks: tuple[Task, ...]
    blanks: tuple[State, ...]  # only for their shape: `State.part` makes a state of the touched cells
    adapter: Adapter
    known: dict[Table, NDArray[np.float64]]
    round_: Round

    def run(self, draws: range) -> tuple[list[Any], _Bill]:
        """Sample, intervene, predict and aggregate one slice; runs anywhere, in any order."""
        started = time.perf_counter()
        lead, task = self.group[0], self.tasks[0]
        rng = np.random.default_rng([lead.random_state, self.round_.number, draws.start])
        sample = lead.sample(task, self.round_, np.arange(draws.start, draws.stop), rng)
        mix = lead.intervene(task, sample)
        readout = "gradient" if "gradient" in lead.needs else "prediction"
        answers = evaluate(self.adapter, mix, task.k, readout=readout, known=self.known)
        parts = [
            blank.part(explainer.aggregate(one, sample, answers.values))
            for explainer, one, blank in zip(self.group, self.tasks, self.blanks, strict=True)
        ]
        outside = time.perf_counter() - started - answers.seconds
        return parts, _Bill(answers.rows, len(mix), answers.seconds, outside)

    def run_beside(self, draws: range, caller: int) -> tuple[list[Any], _Bill]:
        """Do the same in a worker, whose model gets one thread: the workers have the cores."""
        here = threading.get_ident()
        if here != caller and here != threading.main_thread().ident and not hasattr(_WORKER, "limited"):
            # OpenMP keeps this number for each thread by itself, and joblib's threads end with their pool
            threadpoolctl.threadpool_limits(limits=1, user_api="openmp")
            _WORKER.limited = True
        return self.run(draws)


def _in_order(work: _Work, workers: int) -> Iterator[tuple[list[Any], _Bill]]:
    due = slices(work.round_, work.tasks[0].rows.n_columns)
    if workers == 1 or len(due) == 1:
        return map(work.run, due)
    pool = joblib.Parallel(n_jobs=workers, prefer="threads", return_as="generator")
    here = threading.get_ident()
    return iter(pool(joblib.delayed(work.run_beside)(draws, here) for draws in due))


def _left(lead: Explainer, budget: int, spent: int) -> int:
    if spent > budget:
        message = f"budget={budget:,} is less than the {spent:,} rows that {type(lead).__name__} predicts first."
        raise BudgetError(message, "These are the explained rows, the background and a check.", "Raise the budget.")
    return budget - spent


def _afford(lead: Explainer, round_: Round, left: int | None, bill: _Bill) -> None:
    need = round_.draws * round_.rows
    if left is not None and bill.asked + need > left:
        message = (
            f"{type(lead).__name__} asks for up to {need:,} more model rows, and the budget has {left - bill.asked:,}."
        )
        cure = "Raise the budget, explain fewer rows or features, or lower its resolution or repeats."
        raise BudgetError(message, "A method with a finite need runs whole or not at all.", cure)


def _cost(explainer: Explainer, ground: Ground, bill: _Bill, base: dict[Table, Answers], outside: float) -> Cost:
    gradients = "gradient" in explainer.needs
    return Cost(
        rows=sum(answers.rows for answers in base.values()) + (0 if gradients else bill.rows),
        asked=bill.asked,
        gradient_rows=bill.rows if gradients else 0,
        check_rows=ground.check_rows,
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
