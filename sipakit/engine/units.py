"""What has an answer when a run was cut short or lost draws: rows, features, or the table as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sipakit.errors import PredictionError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sipakit.aggregate import State
    from sipakit.explainer import Explainer, Round
    from sipakit.task import Task

__all__ = ["Units"]


@dataclass(frozen=True)
class Units:
    """The units of an explainer's answer, and which of them have one.

    Parameters
    ----------
    kind : "row", "feature" or "table"
    finished : (units,) bool
        Whether the run came to the unit's last draw.
    kept : (units,) bool
        Whether it also has at least half of its draws left.
    """

    kind: str
    finished: NDArray[np.bool_]
    kept: NDArray[np.bool_]

    @classmethod
    def of(cls, explainer: Explainer, task: Task, first: Round | None, done: int, lost: tuple[int, ...]) -> Units:
        """Count: of the draws of the first round, the first ``done`` were run and the numbers ``lost`` left out."""
        count = {"row": task.n, "feature": len(task.features), "table": 1}[explainer.unit]
        each = max(first.draws // count, 1) if first else 1
        gone = np.bincount(np.array(lost, np.intp) // each, minlength=count)
        finished = np.arange(1, count + 1) * each <= (done if first else count)
        return cls(explainer.unit, finished, finished & (2 * gone <= each))

    @property
    def any_finished(self) -> bool:
        """Whether the run came far enough for an answer."""
        return bool(self.finished.any())

    def of_task(self, task: Task) -> Task:
        """Return the question about the units that have an answer."""
        if self.kept.all():
            return task
        return task.of_rows(self.kept) if self.kind == "row" else task.of_features(self.kept)

    def of_state(self, state: State) -> State:
        """Return what was observed of them."""
        return state if self.kept.all() else state.picked(self.kept)

    def look(self, explainer: Explainer, first_bad: str) -> None:
        """Refuse an answer that would rest on less than half of its draws.

        Raises
        ------
        PredictionError
        """
        if self.any_finished and not self.kept.any():
            message = f"{type(explainer).__name__} would lose more than half of its draws"
            reason = f"The model has no answer for rows that they need, the first being {first_bad}."
            cure = "Mend the model, or leave out the features or values that it cannot take."
            raise PredictionError(f"{message} (on_bad='drop').", reason, cure)
