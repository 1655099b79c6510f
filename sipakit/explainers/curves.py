"""What ICE, ceteris paribus and partial dependence share: row i, but feature j comes from grid row g."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from sipakit.aggregate import Collected, State, Update
from sipakit.estimate import Estimate
from sipakit.explainer import Explainer, Round
from sipakit.explainers.attribution import read_rows
from sipakit.explanation import Effects
from sipakit.intervene import Mix, Rows
from sipakit.sample import Grids, make_grids, positions_of

if TYPE_CHECKING:
    from collections.abc import Hashable

    from numpy.typing import NDArray

    from sipakit.task import Task

__all__ = ["Curves", "collect_curves", "single_curves"]


class Curves(Explainer):
    """Abstract: one draw is one explained row at every place of every feature's grid."""

    uses: ClassVar[frozenset[str]] = frozenset({"rows"})
    single_columns: ClassVar[bool] = True
    breaks_dependence: ClassVar[bool] = True

    features: Any
    background: Any
    output: Any
    grid_resolution: int | str

    def design(self, task: Task) -> Grids:
        """Grids of all features."""
        return make_grids(task, self.grid_resolution)

    def asked(self, task: Task) -> Task:
        """Return the part of the question that rows are asked for: all of it."""
        return task

    def next_round(self, task: Task, state: State, number: int) -> Round | None:
        """Ask once about every row."""
        places = len(self.asked(task).design.place)
        return Round(draws=task.n, rows=places) if number == 0 and places else None

    def sample(self, task: Task, round_: Round, index: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.intp]:
        """Rows number ``index``; nothing is random."""
        return index

    def intervene(self, task: Task, sample: NDArray[np.intp]) -> Mix:
        """Row i, but feature j comes from grid row g: for every i of the sample, every j and every g."""
        task = self.asked(task)
        grids: Grids = task.design
        e, d = len(grids.place), len(sample)
        # a column may belong to several features here, alone and in pairs, so the patterns are those of the columns
        return Mix.of(
            base=Rows(task.rows, np.repeat(sample, e)),
            donor=Rows(grids.table, np.tile(grids.place, d)),
            take=task.membership,
            which=np.tile(grids.feature, d),
        )

    def evaluations(self) -> Hashable:
        """Name the virtual rows: equal features, grids, background and output ask equal questions."""
        features = None if self.features is None else tuple(self.features)
        return ("curves", features, self.grid_resolution, id(self.background), repr(self.output))


def collect_curves(task: Task, sample: NDArray[np.intp], answers: NDArray[np.float64]) -> Update:
    """Keep every row's curves: values (rows, places, outputs)."""
    return Update(sample, answers.reshape(len(sample), -1, task.k))


def single_curves(explainer: Explainer, task: Task, state: Collected) -> Effects:
    """Return the curves of single rows, which are the model's own answers."""
    grids: Grids = task.design
    about: dict[str, Any] = explainer.about(task)
    return Effects(
        **about,
        estimate=Estimate.exact(state.values),
        error="None: every value is the model's own answer for one row.",
        estimator="every row at every place",
        caveats=grids.caveats,
        axes=grids.axes,
        rows=np.arange(task.n),
        own=np.column_stack([positions_of(task.rows, f, a) for f, a in zip(task.features, grids.lines, strict=True)]),
        columns=task.rows.names,
        row_values=read_rows(task.rows),
        predictions=task.predictions,
    )
