"""An explainer with something to explain, and what every check says when a rule is broken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sipakit.adapters import Adapter
from sipakit.aggregate import Update
from sipakit.engine.ground import Ground, prepare_ground
from sipakit.engine.refits import from_refits
from sipakit.engine.work import one_regime, sampled
from sipakit.errors import ContractError
from sipakit.explainer import Explainer, Round
from sipakit.explanation import Explanation
from sipakit.intervene import Mix
from sipakit.task import Task

__all__ = ["Case", "must"]


@dataclass(frozen=True, eq=False)
class Case:
    """An explainer with something to explain; what several checks look at is computed once.

    Parameters
    ----------
    explainer : Explainer
        With all that it needs, such as a background.
    model, X, y : as for `Explainer.explain`
        Small: a check may explain them several times.
    """

    explainer: Explainer
    model: object
    X: Any
    y: Any = None

    def explain(self, **settings: Any) -> Explanation:
        """Explain once more."""
        return self.explainer.explain(self.model, self.X, self.y, **settings)

    @cached_property
    def result(self) -> Explanation:
        """The explanation."""
        return self.explain()

    @cached_property
    def ground(self) -> Ground:
        """The model with its tables, as the engine prepares them."""
        param = self.explainer.param
        with one_regime():
            return prepare_ground(self.model, self.X, self.y, None, param("background"), param("output"))

    @cached_property
    def task(self) -> Task:
        """The question, with its design."""
        with one_regime():
            task = self.ground.task(self.explainer)
            return replace(task, design=self.explainer.design(task))

    @cached_property
    def first_round(self) -> Round:
        """The first round of draws."""
        round_ = self.explainer.next_round(self.task, self.explainer.start(self.task), 0)
        must(round_ is not None, "next_round gives no first round", "return a Round for number 0")
        return replace(round_, number=0) if round_ is not None else Round(0, 0)

    def sampled(self, draws: range) -> Any:
        """The sample of some draws of the first round, by the engine's own generator."""
        return sampled(self.explainer, self.task, self.first_round, draws)

    def updates(self, draws: range) -> Update | Mapping[str, Update]:
        """What those draws say."""
        sample = self.sampled(draws)
        mix = self.explainer.intervene(self.task, sample)
        adapter = self.ground.adapter
        with one_regime():
            if self.first_round.refits:
                refits = self.explainer.refits(self.task, sample)
                answers = from_refits(adapter, self.task, mix, refits, strict=True).values
            else:
                gradient = "gradient" in self.explainer.needs
                answers = adapter.gradient(mix) if gradient else _answers(adapter, mix, self.task)
        return self.explainer.aggregate(self.task, sample, answers)


def _answers(adapter: Adapter, mix: Mix, task: Task) -> NDArray[np.float64]:
    return adapter.predict(mix) if len(mix) else np.empty((0, task.k))


def must(holds: object, broken: str, rule: str) -> None:
    """Raise a `ContractError` unless something holds."""
    if not holds:
        raise ContractError(f"The explainer breaks its contract: {broken}.", cure=f"Rule: {rule}.")
