"""The conditional game of Shapley values: the law of what is outside of a coalition, and what to say of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sipakit.caveats import Caveat, caveat
from sipakit.sample import Copula, conditional_law, doubts

if TYPE_CHECKING:
    from sipakit.sample import ConditionalLaw
    from sipakit.task import Task

__all__ = ["about_law", "law_of"]


def law_of(task: Task, random_state: int) -> ConditionalLaw:
    """Return the law that suits the background, fitted to it once."""
    return conditional_law(task.background, task.background_weights, task.known_background_predictions, random_state)


def about_law(task: Task, random_state: int) -> tuple[str, str, list[Caveat]]:
    """Return what the law adds to the estimator's name and to what the error covers, and the caveats about it."""
    law = law_of(task, random_state)
    name = "a Gaussian copula" if isinstance(law, Copula) else "near rows of the background"
    message = f"What is not in a coalition follows from what is in it, by {name}."
    found = [caveat("SIPA048", message, "So a feature that the model does not use has a value if it tells others.")]
    if doubtful := doubts(law, task.rows, task.background_weights):
        cure = "Compare with value_function='marginal', pass a larger background=, or group columns."
        found.append(caveat("SIPA049", " ".join(doubtful), cure))
    return f", conditional by {name}", f" The conditional law, {name}, is taken as given too.", found
