"""What an explanation will cost, told before it runs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sipakit.engine.ahead import Ahead, helped, rows_of, time_told
from sipakit.engine.answers import batch_rows
from sipakit.engine.ground import Ground, prepare_ground
from sipakit.engine.how import How
from sipakit.engine.pace import Pace, pace_of
from sipakit.engine.shortcuts import opens, structured
from sipakit.engine.work import one_regime, slices
from sipakit.errors import BudgetError
from sipakit.structure import Trees

if TYPE_CHECKING:
    from sipakit.explainer import Explainer, Round

__all__ = ["Plan", "plan"]

_CELL = 8  # bytes of a number
_FOLLOWED = 4_096  # rows, to see how long the trees take
_LATER = 1.25  # times as slow may a machine be later as in the slowest look
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
        Model rows at most, base predictions included; gradient rows for methods that ask for gradients. With a
        tolerance, those that are asked at least.
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
    allowed : float or None
        Seconds that the budget allows, for methods that fit models anew: their budget in time is none in rows.
    tolerance : float or None
        For which draws are added, as many as it takes.

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
    allowed: float | None = None
    tolerance: float | None = None

    @property
    def fits(self) -> bool:
        """Whether the budget, if there is one, covers it."""
        if self.allowed is not None:
            return self.seconds[1] <= self.allowed
        return self.budget is None or self.rows <= self.budget

    def __repr__(self) -> str:
        """Tell the cost in a few lines that a person can read."""
        low, high = (time_told(seconds) for seconds in self.seconds)
        took = low if low == high else f"{low} to {high}"
        bound = "at most" if self.tolerance is None else "at least"
        head = f"{self.explainer}, {self.estimator}: {bound} {self.rows:,} model rows, about {self.expected_rows:,}"
        head += f" and {self.refits:,} refits" if self.refits else ""
        memory = max(1, round(self.memory / 2**20))
        lines = [f"{head} without equal ones; {took}; {memory:,} MiB"]
        lines += [f"  {name} would ask at most {rows:,}" for name, rows in self.alternatives.items()]
        if self.tolerance is not None:
            lines.append(f"  more until every Monte Carlo standard error is at most {self.tolerance:g}")
        covers = "covers" if self.fits else "does not cover"
        if self.allowed is not None:
            lines.append(f"  budget: {time_told(self.allowed)}, which {covers} it")
        elif self.budget is not None:
            lines.append(f"  budget: {self.budget:,} model rows, which {covers} it")
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
    tolerance: float | None = None,
) -> Plan:
    """Tell what an explanation will cost; parameters and errors are those of `Explainer.explain`."""
    how = How(n_jobs=n_jobs, budget=budget, tolerance=tolerance)
    with one_regime():
        ground = prepare_ground(model, X, y, sample_weight, explainer.param("background"), explainer.param("output"))
        gradient = "gradient" in explainer.needs
        pace = pace_of(ground.adapter, ground.rows, gradient=gradient)
        base = ground.base_rows(explainer)
        if (followed := _followed(explainer, ground)) is not None:
            return _by_structure(explainer, ground, pace, *followed, budget=how.cap.rows if how.cap else None)
        allowed = how.cap.seconds if how.cap and "refit" in explainer.requires() else None
        rows = rows_of(how.cap, explainer, ground, how.workers, lambda: pace) if allowed is None else None
        left = None if rows is None else rows - base - ground.check_rows
        ahead = Ahead.of(explainer, ground, left, tolerance)
        refits, fitting = ahead.refits(how.workers)
        seen = [(one.need, ahead.seen(one)) for one in ahead.rounds]
        low, high = (
            base * a_row + sum(need * each.seconds(a_row) for need, each in seen) / helped(how.workers)
            for a_row in (pace.fastest, pace.slowest)
        )
        return Plan(
            explainer=type(explainer).__name__,
            estimator=explainer.estimator_of(ahead.task),
            rows=base + ahead.need,
            expected_rows=base + sum(round(need * min(each.share, 1)) for need, each in seen),
            seconds=(low + fitting, _LATER * high + 2 * fitting),
            memory=max(_memory(ahead, one, how.workers) for one in ahead.rounds),
            budget=rows,
            alternatives=_alternatives(explainer, ground, base, explainer.estimator_of(ahead.task)),
            checked=ground.check_rows + pace.rows,
            refits=refits,
            allowed=allowed,
            tolerance=tolerance if explainer.adds_draws else None,
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


def _by_structure(
    explainer: Explainer, ground: Ground, pace: Pace, followed: float, beside: int, *, budget: int | None
) -> Plan:
    base, structure = ground.base_rows(explainer) + beside, ground.adapter.structure
    held = int(structure.sizes.sum()) if isinstance(structure, Trees) else 2 * ground.rows.n_columns  # numbers a row
    return Plan(
        explainer=type(explainer).__name__,
        estimator=f"answers follow from the model's {structure.name if structure else 'structure'}",
        rows=base,
        expected_rows=base,
        seconds=(base * pace.fastest + followed, _LATER * base * pace.slowest + 2 * followed),
        memory=_CELL * len(ground.rows) * held * len(ground.outputs),
        budget=budget,
        checked=ground.check_rows + pace.rows,
    )


def _memory(ahead: Ahead, round_: Round, workers: int) -> int:
    """Bytes of a slice for each worker, and of the state."""
    task, p = ahead.task, ahead.task.rows.n_columns
    due = slices(round_, p)
    m = (len(due[0]) if due else 0) * round_.rows
    answers = m * task.k * (p if "gradient" in ahead.explainer.needs else 1)
    batch = min(m, batch_rows(p)) * p * _COPIES
    indices = 4 * m
    return workers * _CELL * (answers + batch + indices) + 2 * sum(a.nbytes for a in ahead.state.arrays().values())


def _alternatives(explainer: Explainer, ground: Ground, base: int, chosen: str) -> dict[str, int]:
    found = {}
    for name in explainer.estimators:
        if name == chosen:
            continue
        try:
            other = replace(explainer, estimator=name)  # type: ignore[type-var]
            found[name] = base + Ahead.of(other, ground, None).need
        except BudgetError:
            continue
    return found
