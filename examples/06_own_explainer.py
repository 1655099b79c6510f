"""
An explainer of your own
========================

Prediction difference (Robnik-Sikonja and Kononenko 2008): how far does a prediction move, on average, when a feature
takes a value of the background? The explainer says which rows to edit and how to score the answers; batches, equal
rows, budgets and workers are the engine's. :doc:`/new-method` explains each line.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

import sipakit as sp
from sipakit.aggregate import Moments, Update
from sipakit.estimate import Estimate
from sipakit.explainers.attribution import row_values


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class PredictionDifference(sp.Explainer):
    """Mean move of each prediction when a feature's value is replaced by those of the background."""

    background: Any = None
    output: Any = None
    conf_level: float = 0.95
    random_state: int = 0

    uses = frozenset({"rows", "background"})
    breaks_dependence = True
    question = "How far does a prediction move when a feature takes a usual value?"
    references = ("Robnik-Sikonja and Kononenko (2008), doi:10.1109/TKDE.2007.190734",)

    def start(self, task):
        """Moments of every row and feature."""
        return Moments.zero(task.n * len(task.features), task.k)

    def next_round(self, task, state, number):
        """One draw is one explained row and one background row."""
        return sp.Round(draws=task.n * len(task.background), rows=len(task.features)) if number == 0 else None

    def sample(self, task, round_, index, rng):
        """S: the two rows of each draw."""
        return np.divmod(index, len(task.background))

    def intervene(self, task, sample):
        """I: the explained row, but feature j comes from the background row."""
        u = len(task.features)
        row, donor = (np.repeat(part, u) for part in sample)
        every_feature = np.tile(np.arange(u), len(sample[0]))
        return task.mix((task.rows, row), (task.background, donor), np.eye(u, dtype=bool), every_feature)

    def aggregate(self, task, sample, answers):
        """A: how far each answer is from the row's own prediction."""
        row, _ = sample
        u = len(task.features)
        moved = task.predictions[np.repeat(row, u)] - answers
        return Update((row[:, None] * u + np.arange(u)).ravel(), moved)

    def conclude(self, task, state):
        """Give the means with their errors."""
        shape = (task.n, len(task.features), task.k)
        values, std_error = state.mean.reshape(shape), state.std_error().reshape(shape)
        return sp.Attributions(
            **self.about(task),
            estimate=Estimate.within(values, std_error, conf_level=self.conf_level, df=len(task.background) - 1),
            error="The background as a sample; the model is taken as given.",
            estimator="every background row",
            base_values=task.background_predictions.mean(axis=0),
            base_std_error=np.zeros(task.k),
            predictions=task.predictions,
            row_values=row_values(task),
            rows=np.arange(task.n),
            additive=False,
        )


# %%
# A linear term has a closed form, and a product does not need one.
Z = np.random.default_rng(0).normal(size=(200, 3))
result = PredictionDifference(background=Z).explain(lambda X: 2 * X[:, 0] + X[:, 1] * X[:, 2], Z[:5])
print(np.abs(result.values[:, 0, 0] - 2 * (Z[:5, 0] - Z[:, 0].mean())).max().round(12))

# %%
# Pictures, frames and JSON come with the type of its result.
result.plot()
