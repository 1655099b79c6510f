"""What is asked at the evaluation points of H statistics, and what is kept of the answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sipakit.aggregate import Collected, Combined, Moments, Update
from sipakit.explainers.h_design import Design, beyond
from sipakit.explainers.h_found import usual
from sipakit.intervene import Mix, Rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sipakit.task import Task

__all__ = ["Asked", "nothing_yet"]


def nothing_yet(task: Task) -> Combined:
    """Return an empty state.

    For all pairs of rows that is, of each statistic and its denominator, means at every row, and in each context
    products with those means; else every answer.
    """
    design: Design = task.design
    m, per, u, k = len(design.evaluated), design.contexts.shape[-1], len(task.features), task.k
    if design.complete:
        c = 2 * len(design.sets)
        return Combined({"means": Collected.zero(m, c, k), "contexts": Moments.zero(c * per, 2 * k)})
    sizes = {"totals": 2 * u, "beyond": design.reach}
    return Combined({name: Collected.zero(m, per, size, k) for name, size in sizes.items() if size})


@dataclass(frozen=True)
class Asked:
    """Numbers of the evaluation points, and of the patterns that are asked of them."""

    draws: NDArray[np.intp]
    patterns: NDArray[np.intp]

    def mix(self, task: Task) -> Mix:
        """Context row b, but the features of the pattern come from row i."""
        design: Design = task.design
        contexts, q = design.contexts_of(self.draws), len(self.patterns)
        return Mix.of(
            Rows(task.background, np.repeat(contexts.reshape(-1), q)),
            Rows(task.rows, np.repeat(design.evaluated[self.draws], contexts.shape[1] * q)),
            design.takes[self.patterns],
            np.tile(np.arange(q), contexts.size),
        )

    def seen(self, task: Task, answers: NDArray[np.float64]) -> dict[str, Update]:
        """Keep every answer, or join them to statistics and keep their means, and their moments in each context."""
        given = answers.reshape(len(self.draws), -1, len(self.patterns), task.k) - usual(task)
        if task.design.complete:
            return self._moments(task, given)
        totals = int((self.patterns < 2 * len(task.features)).sum())
        parts = {"totals": given[:, :, :totals], "beyond": given[:, :, totals:]}
        return {name: Update(self.draws, part) for name, part in parts.items() if part.shape[2]}

    def _moments(self, task: Task, given: NDArray[np.float64]) -> dict[str, Update]:
        design: Design = task.design
        d, b, q, k = given.shape
        f = np.empty((d, b, q + 2, k))
        f[:, :, :q] = given
        f[:, :, q] = (task.known_predictions[design.evaluated[self.draws]] - usual(task))[:, None]
        f[:, :, q + 1] = task.known_background_predictions[design.contexts] - usual(task)
        joint = [f[:, :, corners[:, 0]] for corners in design.corners]
        rest = [beyond(f[:, :, corners.T]) for corners in design.corners]
        parts = np.concatenate([*rest, *joint], axis=2).swapaxes(1, 2)  # (d, c, b, k)
        context_weights = task.background_weights[design.contexts]
        means = np.einsum("dcbk,b->dck", parts, context_weights / context_weights.sum())
        both = np.concatenate([parts * means[:, :, None], parts], axis=-1)
        cells = np.tile(np.arange(parts.shape[1] * b), d)
        weights = np.repeat(task.weights[design.evaluated[self.draws]], parts.shape[1] * b)
        return {"means": Update(self.draws, means), "contexts": Update(cells, both.reshape(len(cells), -1), weights)}
