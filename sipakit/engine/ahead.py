"""What an explainer is going to ask, looked at before it runs, without asking the model."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sipakit.engine.refits import fitted_anew
from sipakit.engine.work import sampled, slices
from sipakit.errors import BudgetError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sipakit.aggregate import State
    from sipakit.engine.budget import Budget
    from sipakit.engine.ground import Ground
    from sipakit.engine.pace import Pace
    from sipakit.explainer import Explainer, Round
    from sipakit.task import Task

__all__ = ["Ahead", "Seen", "helped", "rows_of", "time_told"]

_SLICES = 6  # looked at, of all
_SPARE = 1.25  # what the look does not see: batches, conclusions, and a machine that is slower later
_DESIGN, _NEGLIGIBLE = 0.2, 0.02  # of the time, which a design may take, and which does not count
_HELP = 0.8  # of a worker beside the first


@dataclass(frozen=True)
class Seen:
    """What some slices of a round showed.

    Parameters
    ----------
    share : float
        Of the virtual rows announced, those that differ from each other and from rows that are known.
    beside : float
        Seconds a virtual row to draw and compare it, and to add up its answer.
    """

    share: float
    beside: float

    def seconds(self, a_row: float) -> float:
        """Return the seconds that a virtual row takes, by those that a model row takes."""
        return self.share * a_row + self.beside


@dataclass(frozen=True)
class Ahead:
    """An explainer on its ground, and the rounds that it is sure to ask for.

    Parameters
    ----------
    explainer : Explainer
    ground : Ground
    task : Task, whose base predictions are zeros
    state : State, empty
    rounds : list of Round
    seconds : float
        That the design took.
    """

    explainer: Explainer
    ground: Ground
    task: Task
    state: State
    rounds: list[Round]
    seconds: float

    @classmethod
    def of(cls, explainer: Explainer, ground: Ground, left: int | None, tolerance: float | None = None) -> Ahead:
        """Design the draws for so many virtual rows that are left of a budget."""
        from sipakit.explainer import Round

        started = time.perf_counter()
        task = replace(ground.task(explainer, predicted=False), budget=left, tolerance=tolerance)
        task = replace(task, design=explainer.design(task))
        state = explainer.start(task)
        first = explainer.next_round(task, state, 0) or Round(0, 0)
        rounds = [replace(one, number=i) for i, one in enumerate((first, *explainer.later(task)))]
        return cls(explainer, ground, task, state, rounds, time.perf_counter() - started)

    @property
    def need(self) -> int:
        """Virtual rows of all rounds."""
        return sum(one.need for one in self.rounds)

    def virtual_rows(self, seconds: float, pace: Pace, workers: int) -> int:
        """Return the virtual rows that fit into a time after design and base predictions; negative if none do."""
        a_row = self.seen(self.rounds[0]).seconds(pace.usual) * _SPARE
        left = seconds - self.seconds - self.ground.base_rows(self.explainer) * pace.usual * _SPARE
        return int(left * helped(workers) / a_row)

    def seen(self, round_: Round) -> Seen:
        """Look at some slices of a round; those of gradients and refits are asked as they are."""
        if round_.refits or "gradient" in self.explainer.needs:
            return Seen(1.0, 0.0)
        if not (due := slices(round_, self.task.rows.n_columns)):
            return Seen(1.0, 0.0)
        asked, different, beside = 0.0, 0, list[float]()
        for draws in (due[i] for i in np.unique(np.linspace(0, len(due) - 1, _SLICES).astype(int))):
            started, virtual = time.perf_counter(), len(draws) * round_.need / round_.draws
            different += self._different(round_, draws)
            asked += virtual
            beside.append((time.perf_counter() - started) / max(virtual, 1))
        return Seen(max(different / max(asked, 1), 1e-3), float(np.median(beside)))

    def _different(self, round_: Round, draws: range) -> int:
        """Count the virtual rows of a slice that differ from each other and from known ones, and add up no answers."""
        sample = sampled(self.explainer, self.task, round_, draws)
        mix = self.explainer.intervene(self.task, sample)
        self.explainer.aggregate(self.task, sample, np.zeros((len(mix), self.task.k)))
        if not len(mix) or mix.fractional:
            return len(mix)
        numbers = np.unique(mix.hashes())
        tables = {"rows": self.task.rows, "background": self.task.background}
        for name in self.explainer.uses:
            numbers = numbers[tables[name].rows_with(numbers) < 0]
        return len(numbers)

    def refits(self, workers: int) -> tuple[int, float]:
        """Return how many models are fitted anew, and the seconds that takes, judged by one of them."""
        count, seconds = 0, 0.0
        for round_ in self.rounds:
            if round_.refits:
                due = self.explainer.refits(self.task, sampled(self.explainer, self.task, round_, range(1)))
                count += round_.draws * len(due)
                started = time.perf_counter()
                fitted_anew(self.ground.adapter, self.task, due[0])
                seconds = time.perf_counter() - started
        return count, count * seconds / helped(workers)


def helped(workers: int) -> float:
    """Return how much faster so many workers are than one, at least."""
    return 1 + _HELP * (workers - 1)


def rows_of(
    cap: Budget | None,
    explainer: Explainer,
    ground: Ground,
    workers: int,
    pace: Callable[[], Pace],
    elapsed: Callable[[], float] = lambda: 0.0,
) -> int | None:
    """Return a cap in virtual rows; one in seconds needs the model's pace, and a look at what will be asked.

    Models fitted anew are a finite need, which runs whole and so without a cap, or not at all.

    Raises
    ------
    BudgetError
        If the fits will take longer than a cap in seconds.
    """
    if cap is None or cap.seconds is None:
        return cap.rows if cap else None
    found, usual = pace(), Ahead.of(explainer, ground, None)
    if "refit" in explainer.requires():
        _check_time_to_fit(cap.seconds, usual, workers, found, elapsed)
        return None
    first = ground.base_rows(explainer) + ground.check_rows
    left = cap.seconds - elapsed()
    rows = usual.virtual_rows(left, found, workers)
    # What is designed for more rows may ask others, of which fewer differ. A design may take the cube of their time.
    most = usual.need * np.cbrt(_DESIGN * max(left, 0) / max(usual.seconds, 1e-9))
    looked_at = int(min(rows, most))
    try:
        designed = Ahead.of(explainer, ground, max(looked_at, 0))
    except BudgetError:
        return max(first + rows, 0)  # the run will say it
    rows = designed.virtual_rows(cap.seconds - elapsed(), found, workers)
    return max(first + (rows if designed.seconds < _NEGLIGIBLE * cap.seconds else min(rows, looked_at)), 0)


def _check_time_to_fit(seconds: float, ahead: Ahead, workers: int, pace: Pace, elapsed: Callable[[], float]) -> None:
    """Refuse a cap in seconds that models fitted anew will not keep, judged by one of them."""
    refits, fitting = ahead.refits(workers)
    asked = ahead.ground.base_rows(ahead.explainer) + ahead.need
    need = elapsed() + (fitting + asked * pace.usual / helped(workers)) * _SPARE
    if need > seconds:
        name = type(ahead.explainer).__name__
        message = f"{name} would take about {time_told(need)}, with {refits:,} refits, and budget='{seconds:.3g}s'."
        cure = "Raise the budget, or ask for fewer folds, repeats, refits or features."
        raise BudgetError(message, "Models fitted anew are a finite need: it runs whole or not at all.", cure)


def time_told(seconds: float) -> str:
    """Write a time as a person reads it.

    Examples
    --------
    >>> time_told(0.25), time_told(12), time_told(600)
    ('250 ms', '12.0 s', '10.0 min')
    """
    if seconds < 1:
        return f"{max(seconds * 1000, 1):.0f} ms"
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds / 60:.1f} min"
