"""A round cut into slices, and everything that a slice needs: it runs anywhere, in any order, and gives the same parts.

The boundaries of slices follow from the round and the table's width, and each slice has a generator of its own, made
from (seed, round, first draw).
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import threadpoolctl

from sipakit.engine.answers import evaluate
from sipakit.engine.refits import from_refits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from sipakit.adapters import Adapter
    from sipakit.aggregate import State, Update
    from sipakit.engine.answers import Answers
    from sipakit.explainer import Explainer, Round
    from sipakit.intervene import Mix
    from sipakit.table import Table
    from sipakit.task import Task

__all__ = ["Bill", "Work", "one_regime", "sampled", "slices", "without_false_alarms"]

_SLICE_ROWS, _SLICE_CELLS = 32_768, 2**23  # many rows, so that what a slice costs by itself is little
_FOLLOWED_ROWS = 2**17  # in a slice whose answers follow from the model's structure, and cost little more than it does


@contextmanager
def one_regime() -> Iterator[None]:
    """Hold what belongs to the whole process, the same for any number of workers; threads must not touch it."""
    with _pools(len(sys.modules)).limit(limits=1, user_api="blas"), without_false_alarms():
        yield


@lru_cache(maxsize=1)
def _pools(modules: int) -> threadpoolctl.ThreadpoolController:  # noqa: ARG001 - a key
    """The libraries' pools of threads. To look them up takes as long as a small explanation; imports bring new ones."""
    return threadpoolctl.ThreadpoolController()


@contextmanager
def without_false_alarms() -> Iterator[None]:
    """Silence a warning that libraries give at every batch and that says nothing here."""
    with warnings.catch_warnings():
        # LightGBM claims names for models fitted on arrays, and scikit-learn then warns at every batch.
        warnings.filterwarnings("ignore", message="X does not have valid feature names", category=UserWarning)
        yield


def slices(round_: Round, n_columns: int = 1, rows: int = _SLICE_ROWS) -> list[range]:
    """Cut a round into slices of so many rows, by its draws, their rows, and the width of the table alone.

    Examples
    --------
    >>> from sipakit.explainer import Round
    >>> slices(Round(draws=5, rows=16_000))
    [range(0, 2), range(2, 4), range(4, 5)]
    """
    most = min(rows, _SLICE_CELLS // max(n_columns, 1))
    together = 1 if round_.refits else max(1, most // max(round_.rows, 1))
    return [range(i, min(i + together, round_.draws)) for i in range(0, round_.draws, together)]


def sampled(explainer: Explainer, task: Task, round_: Round, draws: range) -> Any:
    """Sample a slice, by the generator that is its own: law 1."""
    rng = np.random.default_rng([explainer.random_state, round_.number, draws.start])
    return explainer.sample(task, round_, np.arange(draws.start, draws.stop), rng)


@dataclass(slots=True)
class Bill:
    """What slices of a group of explainers that share their evaluations cost; seconds of workers add up.

    Parameters
    ----------
    rows, asked : int
        Model rows, and virtual rows.
    in_model, outside : float
        Seconds.
    bad : int
        Virtual rows for which the model has no answer.
    first_bad : str
        The first of them.
    lost : tuple of int
        Draws that were left out because of them.
    refits : int
        Models fitted anew.
    """

    rows: int = 0
    asked: int = 0
    in_model: float = 0.0
    outside: float = 0.0
    bad: int = 0
    first_bad: str = ""
    lost: tuple[int, ...] = ()
    refits: int = 0

    def __add__(self, other: Bill) -> Bill:
        return Bill(
            self.rows + other.rows,
            self.asked + other.asked,
            self.in_model + other.in_model,
            self.outside + other.outside,
            self.bad + other.bad,
            self.first_bad or other.first_bad,
            self.lost + other.lost,
            self.refits + other.refits,
        )


@dataclass(frozen=True)
class Work:
    """Everything that a slice needs, shared by all slices of a round.

    Parameters
    ----------
    group : tuple of Explainer
        They ask the same virtual rows; the first one says which.
    tasks : tuple of Task, one an explainer
    blanks : tuple of State, one an explainer
        Only for their shape: `State.part` makes a state of the touched cells.
    adapter : Adapter
    known : Table -> (rows, k) predictions that were made before
    round_ : Round
    drops : bool
        Whether a draw is left out if the model has no answer for one of its rows; that is an error otherwise.
    """

    group: tuple[Explainer, ...]
    tasks: tuple[Task, ...]
    blanks: tuple[State, ...]
    adapter: Adapter
    known: Mapping[Table, NDArray[np.float64]]
    round_: Round
    drops: bool = False

    def due(self) -> list[range]:
        """Return the slices of the round."""
        task = self.tasks[0]
        long = task.follows and not (task.curves and task.curves.tells_all)  # draws are those of the model asked, then
        return slices(self.round_, task.rows.n_columns, _FOLLOWED_ROWS if long else _SLICE_ROWS)

    def run(self, draws: range) -> tuple[list[Any], Bill]:
        """Sample, intervene, predict and aggregate one slice."""
        started = time.perf_counter()
        lead, task = self.group[0], self.tasks[0]
        sample = sampled(lead, task, self.round_, draws)
        mix = lead.intervene(task, sample)
        answers = self._answers(mix, sample)
        seen = [
            explainer.aggregate(one, sample, answers.values)
            for explainer, one in zip(self.group, self.tasks, strict=True)
        ]
        lost: tuple[int, ...] = ()
        if answers.bad:
            seen, gone = _without_lost_draws(seen, len(draws))
            lost = tuple((draws.start + gone).tolist())
        parts = [blank.part(one) for blank, one in zip(self.blanks, seen, strict=True)]
        outside = time.perf_counter() - started - answers.seconds
        bill = Bill(answers.rows, len(mix), answers.seconds, outside, answers.bad, answers.first_bad, lost)
        return parts, replace(bill, refits=answers.refits)

    def _answers(self, mix: Mix, sample: Any) -> Answers:
        """Ask the model, or models fitted anew."""
        lead, task, strict = self.group[0], self.tasks[0], not self.drops
        if self.round_.refits:
            return from_refits(self.adapter, task, mix, lead.refits(task, sample), strict=strict)
        readout = "gradient" if "gradient" in lead.needs else "prediction"
        return evaluate(self.adapter, mix, task.k, readout=readout, known=self.known, strict=strict, curves=task.curves)


def _without_lost_draws(seen: list[Any], n_draws: int) -> tuple[list[Any], NDArray[np.intp]]:
    """Leave out each draw that lacks an observation, whole and for all explainers, and number those left out."""
    whole = np.ones(n_draws, bool)
    for update in (update for one in seen for update in _updates(one).values()):
        whole[update.draw_of_each(n_draws)[~update.known()]] = False
    kept = []
    for one in seen:
        only = {name: update.only(whole[update.draw_of_each(n_draws)]) for name, update in _updates(one).items()}
        kept.append(only if isinstance(one, Mapping) else only[""])
    return kept, np.flatnonzero(~whole)


def _updates(one: Update | Mapping[str, Update]) -> Mapping[str, Update]:
    return one if isinstance(one, Mapping) else {"": one}
