"""Models fitted anew, and what they answer: the readout of methods that ask about the learner."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from sipakit.engine.answers import Answers, in_batches, what_it_said
from sipakit.errors import PredictionError, SipakitError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sipakit.adapters import Adapter
    from sipakit.intervene import Mix, Refit
    from sipakit.task import Task

__all__ = ["fitted_anew", "from_refits"]


def from_refits(adapter: Adapter, task: Task, mix: Mix, refits: Sequence[Refit], *, strict: bool) -> Answers:
    """Answer virtual rows, part after part by the model that was fitted for the part; (m, k) values.

    Raises
    ------
    PredictionError
        If a fit raises, or a model fitted anew does not answer.
    """
    started, start = time.perf_counter(), 0
    found: list[Answers] = []
    for refit in refits:
        model = fitted_anew(adapter, task, refit)
        found.append(in_batches(model.predict, mix[start : start + refit.count], task.k, strict=strict))
        start += refit.count
    return Answers(
        np.concatenate([one.values for one in found]),
        rows=sum(one.rows for one in found),
        seconds=time.perf_counter() - started,
        bad=sum(one.bad for one in found),
        first_bad=next((one.first_bad for one in found if one.bad), ""),
        refits=len(found),
    )


def fitted_anew(adapter: Adapter, task: Task, refit: Refit) -> Adapter:
    """Fit a model of the same kind to the training rows; weights are told only where rows differ in theirs."""
    if task.target is None:
        message = "an explainer that fits models anew requires 'target'"
        raise TypeError(message)
    rows = refit.train.base.index
    target = task.target[rows] if refit.target is None else refit.target
    weights = None if (task.weights == 1).all() else task.weights[rows]
    try:
        return adapter.refit(refit, target, weights)
    except SipakitError:
        raise
    except Exception as error:
        message = f"A model fitted anew raised {what_it_said(error)}."
        allowed = f"It was fitted to {len(rows):,} rows, by a clone of the estimator."
        raise PredictionError(message, allowed, "Check that clone(model).fit(X, y) works.") from error
