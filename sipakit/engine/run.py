"""The loop: rounds of draws, cut into slices, evaluated anywhere and merged in order.

The boundaries of slices and batches follow from the round and the table's width, each slice has a generator of its own
made from (seed, round, first draw), and parts are merged in the order of the slices. So the result has the same bits
for any number of workers.
"""

from __future__ import annotations

import signal
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sipakit.engine.account import above, completed, cost_of, shortfall
from sipakit.engine.ahead import rows_of
from sipakit.engine.backends import in_order
from sipakit.engine.extrapolation import extrapolated
from sipakit.engine.ground import Ground, prepare_ground
from sipakit.engine.how import How
from sipakit.engine.pace import Pace, pace_of
from sipakit.engine.progress import Tell, reporting
from sipakit.engine.shortcuts import structured
from sipakit.engine.units import Units
from sipakit.engine.work import Bill, Work, one_regime
from sipakit.errors import BudgetError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from sipakit.aggregate import State
    from sipakit.engine.answers import Answers
    from sipakit.engine.budget import Budget
    from sipakit.explainer import Explainer, Round
    from sipakit.explanation import Explanation
    from sipakit.table import Table
    from sipakit.task import Task

__all__ = ["explain", "explain_in", "only"]


def explain(
    explainers: Sequence[Explainer],
    model: object,
    X: Any,
    y: Any = None,
    *,
    sample_weight: Any = None,
    background_weight: Any = None,
    how: How | None = None,
) -> tuple[list[Explanation | None], bool]:
    """Run explainers on one model; those that ask the same virtual rows share the answers.

    Parameters and errors are those of `Explainer.explain`; a budget holds for each explainer. ``background_weight``
    weighs the rows of every background that is not the explained rows.

    Returns
    -------
    (results in the order of the explainers, whether the run was interrupted)
        None for those that an interrupt left without an answer; if none has one, the interrupt is raised.
    """
    how, started = how or How(), time.perf_counter()
    grounds: dict[Any, Ground] = {}
    results: dict[int, Explanation] = {}
    with one_regime(), _ending_early(how, results) as ended:
        for group in _groups(explainers):
            background, output = group[0].param("background"), group[0].param("output")
            spared = group[0].uses if how.drops else None
            key = (id(background), repr(output), spared)
            if key not in grounds:
                grounds[key] = prepare_ground(
                    model, X, y, sample_weight, background, output, background_weight, without_bad_rows=spared
                )
            made, cut = explain_in(group, grounds[key], how, started=started)
            results.update({id(e): result for e, result in zip(group, made, strict=True) if result is not None})
            if cut:
                raise KeyboardInterrupt
    return [results.get(id(explainer)) for explainer in explainers], bool(ended)


@contextmanager
def _ending_early(how: How, results: Mapping[int, Explanation]) -> Iterator[list[KeyboardInterrupt]]:
    """End a call when it is interrupted, if that is wanted and there is something to return."""
    ended: list[KeyboardInterrupt] = []
    try:
        yield ended
    except KeyboardInterrupt as interrupt:
        if how.on_interrupt == "raise" or not results:
            raise
        ended.append(interrupt)


def only(results: Sequence[Explanation | None]) -> Explanation:
    """Return the result of a single explainer, which has one: an interrupt that leaves none is raised."""
    (result,) = results
    if result is None:
        message = "an interrupt that leaves no answer is raised"
        raise TypeError(message)
    return result


def explain_in(
    group: Sequence[Explainer], ground: Ground, how: How, *, started: float | None = None
) -> tuple[list[Explanation | None], bool]:
    """Run explainers that ask the same virtual rows, on ground that is prepared; a time counts from ``started``.

    Returns
    -------
    (results, None for those that have no answer; whether the run was interrupted)
    """
    rows = _in_rows(how, group[0], ground, time.perf_counter() if started is None else started)
    with _told_in_seconds(how.cap, rows):
        return _explained(group, ground, how, rows)


def _in_rows(how: How, lead: Explainer, ground: Ground, started: float) -> int | None:
    """Return the cap in model rows; a look at the model's pace costs rows of its own."""

    def looked_at() -> Pace:
        pace = pace_of(ground.adapter, ground.rows, gradient="gradient" in lead.needs)
        ground.pace_rows += pace.rows
        return pace

    return rows_of(how.cap, lead, ground, how.workers, looked_at, lambda: time.perf_counter() - started)


@contextmanager
def _told_in_seconds(cap: Budget | None, rows: int | None) -> Iterator[None]:
    """Say what a budget in time is in rows, where these do not suffice."""
    try:
        yield
    except BudgetError as error:
        if cap is None or cap.seconds is None:
            raise
        message = f"budget='{cap.seconds:.3g}s' is about {rows or 0:,} model rows here."
        raise BudgetError(message, str(error)) from None


def _groups(explainers: Iterable[Explainer]) -> list[list[Explainer]]:
    groups: dict[Any, list[Explainer]] = {}
    for explainer in explainers:
        groups.setdefault(explainer.evaluations(), []).append(explainer)
    return list(groups.values())


def _explained(
    group: Sequence[Explainer], ground: Ground, how: How, budget: int | None
) -> tuple[list[Explanation | None], bool]:
    """Go through the rounds, and conclude."""
    started, predicted = time.perf_counter(), ground.seconds
    used = [ground.used_by(explainer) for explainer in group]
    run = _Run.of(group, ground, how, budget, used)
    cut = False
    try:
        run.go_on()
    except KeyboardInterrupt:
        cut = True
        if how.on_interrupt == "raise" or not any(units.any_finished for units in run.units()):
            raise
    made = run.concluded(short=cut and run.is_short())
    alone = time.perf_counter() - started - run.waited - (ground.seconds - predicted)
    outside = alone + run.bill.outside
    bill = run.bill_with_terms
    costs = [cost_of(explainer, ground, bill, base, outside) for explainer, base in zip(group, used, strict=True)]
    results = [
        one and completed(explainer, one, ground, how, budget, cost, structured=task.structured)
        for explainer, one, cost, task in zip(group, made, costs, run.tasks, strict=True)
    ]
    return results, cut


@dataclass
class _Run:
    """Explainers that ask the same virtual rows, and what they have seen so far.

    Parameters
    ----------
    group : explainers; the first one leads
    ground : Ground
    how : How
    tasks, states : one an explainer
    left : int or None
        Virtual rows that may be asked.
    known : Table -> (rows, k) predictions that were made before
    bill : Bill
    number : int
        Rounds that were begun.
    first : Round or None
        The first of them.
    done : int
        Its draws that were run.
    lost : tuple of int
        Those of them that were left out.
    waited : float
        Seconds spent on waiting for slices.
    """

    group: Sequence[Explainer]
    ground: Ground
    how: How
    tasks: list[Task]
    states: list[State]
    left: int | None
    known: Mapping[Table, NDArray[np.float64]]
    bill: Bill = field(default_factory=Bill)
    number: int = 0
    first: Round | None = None
    done: int = 0
    lost: tuple[int, ...] = ()
    waited: float = 0.0

    @classmethod
    def of(
        cls,
        group: Sequence[Explainer],
        ground: Ground,
        how: How,
        budget: int | None,
        used: Sequence[Mapping[Table, Answers]],
    ) -> _Run:
        """Design the draws, and begin with empty states."""
        lead = group[0]
        base_rows = max((sum(answers.rows for answers in one.values()) for one in used), default=0)
        left = None if budget is None else _left(lead, budget, base_rows + ground.check_rows)
        tasks = [replace(ground.task(e), budget=left, tolerance=how.tolerance) for e in group]
        tasks = [structured(ground, e, task) for e, task in zip(group, tasks, strict=True)]
        design = lead.design(tasks[0])
        tasks = [replace(task, design=design) for task in tasks]
        known = {table: answers.values for one in used for table, answers in one.items()}
        run = cls(group, ground, how, tasks, [], left, known)
        run.states = run._started()
        return run

    def go_on(self) -> None:
        """Run round after round, and merge what the slices observed in their order."""
        lead = self.group[0]
        with reporting(self.how.progress, type(lead).__name__) as tell:
            while (round_ := self._next_round()) is not None:
                if not self._affordable(round_):
                    return
                tell(0, more=round_.need)
                if self.number == 0:
                    self.first = round_
                    self._run(round_, tell)
                else:  # a round that is interrupted would count some draws twice, and is left out
                    before = self.states
                    self.states = self._started()
                    try:
                        self._run(round_, tell)
                        added = self.states
                    finally:
                        self.states = before
                    with _undisturbed():
                        self.states = [one.merge(more) for one, more in zip(before, added, strict=True)]
                self.number += 1

    def _next_round(self) -> Round | None:
        """Return what is asked next, with what is left of the budget in view."""
        task = self.tasks[0]
        if self.left is not None:
            task = replace(task, budget=max(self.left - self._spent, 0))
        round_ = self.group[0].next_round(task, self.states[0], self.number)
        return None if round_ is None else replace(round_, number=self.number)

    def _started(self) -> list[State]:
        return [explainer.start(task) for explainer, task in zip(self.group, self.tasks, strict=True)]

    def _run(self, round_: Round, tell: Tell) -> None:
        """Run the slices of a round."""
        blanks = tuple(state.empty(0) for state in self.states)
        work = Work(
            group=tuple(self.group),
            tasks=tuple(self.tasks),
            blanks=blanks,
            adapter=self.ground.adapter,
            known=self.known,
            round_=round_,
            drops=self.how.drops,
        )
        workers = 1 if self.tasks[0].structured else self.how.workers  # there is nothing to wait for
        since = time.perf_counter()
        for draws, (parts, bill) in zip(work.due(), in_order(work, workers), strict=True):
            self.waited += time.perf_counter() - since
            with _undisturbed():
                self.states = [state.absorb(part) for state, part in zip(self.states, parts, strict=True)]
                self.bill += bill
                if round_.number == 0:
                    self.done, self.lost = draws.stop, self.lost + bill.lost
            tell(bill.asked)
            since = time.perf_counter()

    @property
    def bill_with_terms(self) -> Bill:
        """What slices cost, with the model rows that told what cells add to it."""
        curves = self.tasks[0].curves
        return self.bill if curves is None else self.bill + Bill(rows=curves.asked)

    @property
    def _spent(self) -> int:
        """Rows that count against the budget: virtual ones, or model rows where bad ones had to be looked for."""
        return max(self.bill.asked, self.bill.rows)

    def _affordable(self, round_: Round) -> bool:
        """Whether the budget covers a round; the first one is needed, and those that are sure to follow it."""
        sure = (round_, *(() if round_.number else self.group[0].later(self.tasks[0])))
        need, lead = sum(one.need for one in sure), type(self.group[0]).__name__
        if self.tasks[0].follows:
            return True  # nothing is asked of the model
        if self.left is None or self._spent + need <= self.left:
            return True
        if round_.number:
            return False
        message = f"{lead} asks for up to {need:,} more model rows, and the budget has {self.left - self._spent:,}."
        cure = "Raise the budget, explain fewer rows or features, or lower its resolution or repeats."
        raise BudgetError(message, "A method with a finite need runs whole or not at all.", cure)

    def units(self) -> list[Units]:
        """Return which units of each explainer's answer have one."""
        return [
            Units.of(explainer, task, self.first, self.done, self.lost)
            for explainer, task in zip(self.group, self.tasks, strict=True)
        ]

    def is_short(self) -> bool:
        """Whether there was more to ask."""
        if any(not units.finished.all() for units in self.units()):
            return True
        self.number = max(self.number, 1)
        return self._next_round() is not None

    def concluded(self, *, short: bool) -> list[Explanation | None]:
        """Return each explainer's result, which says what is missing from it; None if it has no answer."""
        return [
            self._concluded(*each, short=short) if each[-1].any_finished else None
            for each in zip(self.group, self.tasks, self.states, self.units(), strict=True)
        ]

    def _concluded(self, explainer: Explainer, task: Task, state: State, units: Units, *, short: bool) -> Explanation:
        units.look(explainer, self.bill.first_bad)
        answered, seen = units.of_task(task), units.of_state(state)
        result = explainer.conclude(answered, seen)
        positions = np.arange(task.n) if self.ground.numbers is None else self.ground.numbers
        names = {"row": positions.tolist(), "feature": task.names, "table": ("table",)}[units.kind]
        found = extrapolated(explainer, answered, self.ground) + shortfall(units, names, self.bill, short=short)
        if self.how.tolerance is not None:
            found += above(self.how.tolerance, explainer.chance(answered, seen))
        rows = positions[units.kept] if units.kind == "row" else positions
        structure = self.ground.adapter.structure if task.structured else None
        by = f"; answers follow from the model's {structure.name}" if structure else ""
        return replace(result.numbered(rows), caveats=(*result.caveats, *found), estimator=f"{result.estimator}{by}")


def _left(lead: Explainer, budget: int, spent: int) -> int:
    if spent > budget:
        message = f"budget={budget:,} is less than the {spent:,} rows that {type(lead).__name__} predicts first."
        raise BudgetError(message, "These are the explained rows, the background and a check.", "Raise the budget.")
    return budget - spent


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Hold an interrupt back until the states are whole again."""
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or before is None:
        yield  # interrupts arrive in the main thread only, and some are not Python's
        return
    held: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _: held.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if held:
        signal.raise_signal(signal.SIGINT)
