"""What an explanation will cost, told before it runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sipakit.engine.answers import batch_rows
from sipakit.engine.budget import Budget, Pace, pace_of
from sipakit.engine.ground import Ground, prepare_ground
from sipakit.engine.how import How
from sipakit.engine.refits import fitted_anew
from sipakit.engine.shortcuts import opens, structured
from sipakit.engine.work import one_regime, sampled, slices
from sipakit.errors import BudgetError
from sipakit.structure import Trees

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sipakit.aggregate import State
    from sipakit.explainer import Explainer, Round
    from sipakit.task import Task

__all__ = ["Plan", "plan", "rows_of", "share_of_different"]

_CELL = 8  # bytes of a number
_FOLLOWED = 4_096  # rows, to see how long the trees take
_SLICES = 8  # looked at, of all
_COPIES = 4  # of a batch: as the table gives it, as the model takes it, and what the model makes of it


@dataclass(frozen=True, repr=False)
class Plan:
    """What an explanation will cost.

    Parameters
    ----------
    explainer : str
    estimator : str
        The one that would run.
    rows : int
        Model rows at most, base predictions included; gradient rows for methods that ask for gradients.
    expected_rows : int
        Model rows after equal ones are dropped, judged by a few slices.
    seconds : (float, float)
        From the fastest to the slowest pace that a short look at the model saw.
    memory : int
        Bytes beside the user's table and model, roughly: one slice for each worker, and the state.
    budget : int or None
        Model rows that the budget amounts to.
    alternatives : estimator -> model rows at most
        What other estimators of the same estimand would ask.
    checked : int
        Model rows that this look cost.
    refits : int
        Models fitted anew; one was, for the look.

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> X = np.random.default_rng(0).normal(size=(100, 4))
    >>> plan = sp.ALE().plan(lambda X: X[:, 0], X, budget=500)
    >>> plan.rows, plan.fits
    (736, False)
    """

    explainer: str
    estimator: str
    rows: int
    expected_rows: int
    seconds: tuple[float, float]
    memory: int
    budget: int | None = None
    alternatives: Mapping[str, int] = field(default_factory=dict)
    checked: int = 0
    refits: int = 0

    @property
    def fits(self) -> bool:
        """Whether the budget, if there is one, covers it."""
        return self.budget is None or self.rows <= self.budget

    def __repr__(self) -> str:
        """Tell the cost in a few lines that a person can read."""
        low, high = (_time(seconds) for seconds in self.seconds)
        took = low if low == high else f"{low} to {high}"
        head = f"{self.explainer}, {self.estimator}: at most {self.rows:,} model rows, about {self.expected_rows:,}"
        head += f" and {self.refits:,} refits" if self.refits else ""
        memory = max(1, round(self.memory / 2**20))
        lines = [f"{head} without equal ones; {took}; {memory:,} MiB"]
        lines += [f"  {name} would ask at most {rows:,}" for name, rows in self.alternatives.items()]
        if self.budget is not None:
            lines.append(
                f"  budget: {self.budget:,} model rows, which {'covers' if self.fits else 'does not cover'} it"
            )
        return "\n".join(lines)


def plan(
    explainer: Explainer,
    model: object,
    X: Any,
    y: Any = None,
    *,
    sample_weight: Any = None,
    n_jobs: int | None = None,
    budget: Any = None,
) -> Plan:
    """Tell what an explanation will cost; parameters and errors are those of `Explainer.explain`."""
    how = How(n_jobs=n_jobs, budget=budget)
    with one_regime():
        ground = prepare_ground(model, X, y, sample_weight, explainer.param("background"), explainer.param("output"))
        gradient = "gradient" in explainer.needs
        pace = pace_of(ground.adapter, ground.rows, gradient=gradient)
        base = ground.base_rows(explainer)
        if (followed := _followed(explainer, ground)) is not None:
            return _by_structure(explainer, ground, pace, *followed)
        rows = rows_of(how.cap, explainer, ground, how.workers, lambda: pace)
        left = None if rows is None else rows - base - ground.check_rows
        task, state, round_ = _first_round(explainer, ground, left)
        rounds = [round_, *(replace(one, number=i) for i, one in enumerate(explainer.later(task), 1))]
        asked = sum(one.need for one in rounds)
        refits, fitting = _refits(explainer, task, rounds, ground, how.workers)
        shares = [1.0 if gradient or one.refits else _different(explainer, task, one) for one in rounds]
        expected = base + sum(round(one.need * share) for one, share in zip(rounds, shares, strict=True))
        low, high = pace.seconds(expected, how.workers)
        return Plan(
            explainer=type(explainer).__name__,
            estimator=explainer.estimator_of(task),
            rows=base + asked,
            expected_rows=min(expected, base + asked),
            seconds=(low + fitting, high + 2 * fitting),
            memory=max(_memory(task, state, one, how.workers, gradient=gradient) for one in rounds),
            budget=rows,
            alternatives=_alternatives(explainer, ground, base, explainer.estimator_of(task)),
            checked=ground.check_rows + pace.rows,
            refits=refits,
        )


def _followed(explainer: Explainer, ground: Ground) -> tuple[float, int] | None:
    """Seconds, and model rows beside predictions, where all answers follow from the model's structure, by some rows.

    None where it will be asked.
    """
    from sipakit.engine.run import explain_in

    if not opens(ground):
        return None
    some = ground.few(_FOLLOWED)
    looked = structured(some, explainer, some.task(explainer))
    if not looked.follows or not (explainer.single_columns or looked.joint is not None):
        return None  # mixes of many columns follow too, but to try them would take long
    for _ in range(2):  # the first time, loops may have to be compiled
        started = time.perf_counter()
        (told,), _ = explain_in([explainer], some.few(_FOLLOWED), How())
        seconds = time.perf_counter() - started
    ground.pace_rows += len(some.rows)
    beside = 0 if told is None else told.cost.rows - some.base_rows(explainer)
    larger = max(len(ground.rows) / len(some.rows), len(ground.background) / len(some.background))
    return seconds * larger, int(np.ceil(beside * larger))


def _by_structure(explainer: Explainer, ground: Ground, pace: Pace, followed: float, beside: int) -> Plan:
    base, structure = ground.base_rows(explainer) + beside, ground.adapter.structure
    low, high = pace.seconds(base)
    held = int(structure.sizes.sum()) if isinstance(structure, Trees) else 2 * ground.rows.n_columns  # numbers a row
    return Plan(
        explainer=type(explainer).__name__,
        estimator=f"answers follow from the model's {structure.name if structure else 'structure'}",
        rows=base,
        expected_rows=base,
        seconds=(low + followed, high + 2 * followed),
        memory=_CELL * len(ground.rows) * held * len(ground.outputs),
        checked=ground.check_rows + pace.rows,
    )


def _refits(
    explainer: Explainer, task: Task, rounds: Sequence[Round], ground: Ground, workers: int
) -> tuple[int, float]:
    """Return how many models are fitted anew, and the seconds that takes, judged by one of them."""
    count, started = 0, time.perf_counter()
    for round_ in rounds:
        if round_.refits:
            due = explainer.refits(task, sampled(explainer, task, round_, range(1)))
            count += round_.draws * len(due)
            started = time.perf_counter()
            fitted_anew(ground.adapter, task, due[0])
    if not count:
        return 0, 0.0
    return count, count * (time.perf_counter() - started) / workers


def _first_round(explainer: Explainer, ground: Ground, left: int | None) -> tuple[Task, State, Round]:
    """Return the question without its base predictions, an empty state, and what is asked first."""
    from sipakit.explainer import Round

    task = replace(ground.task(explainer, predicted=False), budget=left)
    task = replace(task, design=explainer.design(task))
    state = explainer.start(task)
    round_ = explainer.next_round(task, state, 0)
    return task, state, replace(round_, number=0) if round_ is not None else Round(0, 0)


def _different(explainer: Explainer, task: Task, round_: Round) -> float:
    """Share of the virtual rows announced that differ from each other and from known rows, by a few slices."""
    due = slices(round_, task.rows.n_columns)
    built_on = [{"rows": task.rows, "background": task.background}[name] for name in explainer.uses]
    asked, different = 0.0, 0
    for draws in [due[i] for i in np.unique(np.linspace(0, len(due) - 1, _SLICES).astype(int))] if due else []:
        mix = explainer.intervene(task, sampled(explainer, task, round_, draws))
        asked += len(draws) * round_.need / round_.draws
        if len(mix) and not mix.fractional:
            numbers = np.unique(mix.hashes())
            for table in built_on:
                numbers = numbers[table.rows_with(numbers) < 0]
            different += len(numbers)
        else:
            different += len(mix)
    return different / asked if asked else 1.0


def rows_of(
    cap: Budget | None,
    explainer: Explainer,
    ground: Ground,
    workers: int,
    pace: Callable[[], Pace],
    elapsed: Callable[[], float] = lambda: 0.0,
) -> int | None:
    """Return a cap in model rows; one in seconds needs the model's pace, and the share of rows that will be asked."""
    if cap is None or cap.seconds is None:
        return cap.rows if cap else None
    if "refit" in explainer.requires():
        message = f"budget='{cap.seconds:.3g}s' is a time, and {type(explainer).__name__} fits models anew."
        cure = "Leave budget= out, or say it in rows; plan() tells the time; fewer folds or refits lower it."
        raise BudgetError(message, "How long a fit takes is not known before.", cure)
    found, share = pace(), share_of_different(explainer, ground)
    return cap.in_rows(found, base=ground.base_rows(explainer), share=share, workers=workers, elapsed=elapsed())


def share_of_different(explainer: Explainer, ground: Ground) -> float:
    """Share of the virtual rows an explainer announces that the model will be asked about."""
    if {"gradient", "refit"} & explainer.requires():
        return 1.0
    task, _, round_ = _first_round(explainer, ground, None)
    return max(_different(explainer, task, round_), 1e-3)


def _memory(task: Task, state: State, round_: Round, workers: int, *, gradient: bool) -> int:
    due = slices(round_, task.rows.n_columns)
    p, m = task.rows.n_columns, (len(due[0]) if due else 0) * round_.rows
    answers = m * task.k * (p if gradient else 1)
    batch = min(m, batch_rows(p)) * p * _COPIES
    indices = 4 * m
    return workers * _CELL * (answers + batch + indices) + 2 * sum(a.nbytes for a in state.arrays().values())


def _alternatives(explainer: Explainer, ground: Ground, base: int, chosen: str) -> dict[str, int]:
    found = {}
    for name in explainer.estimators:
        if name == chosen:
            continue
        try:
            task, _, round_ = _first_round(replace(explainer, estimator=name), ground, None)  # type: ignore[type-var]
        except BudgetError:
            continue
        found[name] = base + sum(one.need for one in (round_, *explainer.later(task)))
    return found


def _time(seconds: float) -> str:
    if seconds < 1:
        return f"{max(seconds * 1000, 1):.0f} ms"
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds / 60:.1f} min"
