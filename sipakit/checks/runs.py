"""Rules about a run: the same bits (law 4), nothing touched, honest costs, and what an unused column gets."""

from __future__ import annotations

import copy
import dataclasses
import random
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sipakit.adapters import adapt
from sipakit.checks.case import Case, must
from sipakit.checks.stand_ins import Counting, Narrow
from sipakit.equality import same
from sipakit.errors import BudgetError
from sipakit.explanation import Attributions, Decomposition, Effects, Explanation, Interactions, Regions, Surrogates

__all__ = [
    "check_budget_is_respected",
    "check_cost_counts_the_rows_that_the_model_saw",
    "check_global_state_is_untouched",
    "check_inputs_are_unchanged",
    "check_same_bits_again_and_for_two_workers",
    "check_unused_feature_has_no_effect",
]


def check_same_bits_again_and_for_two_workers(case: Case) -> None:
    """Law 4: the same bits for any number of workers, and in every run."""
    for n_jobs in (1, 2):
        other = case.explain(n_jobs=n_jobs)
        rule = "only sample uses randomness, and states merge in order"
        for field in dataclasses.fields(other):
            if field.name != "cost":
                equal = same(getattr(case.result, field.name), getattr(other, field.name))
                must(equal, f"{field.name} differs with n_jobs={n_jobs}", rule)
        costs = [replace(cost, seconds_in_model=0.0, seconds_outside=0.0) for cost in (case.result.cost, other.cost)]
        must(costs[0] == costs[1], f"the cost differs with n_jobs={n_jobs}", rule)


def check_inputs_are_unchanged(case: Case) -> None:
    """X, y and the background are as they were."""
    given = (case.X, case.y, case.explainer.get_params())
    before = copy.deepcopy(given)
    case.explain()
    must(same(before, given), "X, y or a parameter was changed", "take copies")


def check_global_state_is_untouched(case: Case) -> None:
    """The generators of NumPy and Python, NumPy's error state and the warning filters are as they were."""
    before = _global_state()
    case.explain(n_jobs=2)
    after = _global_state()
    changed = [name for name, value in before.items() if not same(value, after[name])]
    must(not changed, f"{', '.join(changed)} changed", "use the generator that sample is given")


def _global_state() -> dict[str, Any]:
    return {
        "NumPy's generator": np.random.get_state(),  # noqa: NPY002 - the one that must not be used
        "Python's generator": random.getstate(),
        "NumPy's error state": np.geterr(),
        "the warning filters": list(map(repr, warnings.filters)),
    }


def check_cost_counts_the_rows_that_the_model_saw(case: Case) -> None:
    """`cost` is what the model was really asked."""
    watched = Counting(adapt(case.model), [0, 0])
    cost = case.explainer.explain(watched, case.X, case.y).cost
    told = [cost.rows + cost.check_rows, cost.gradient_rows]
    broken = f"cost tells of {told} rows and gradient rows, and the model saw {watched.counts}"
    must(told == watched.counts, broken, "count what is asked")


def check_budget_is_respected(case: Case) -> None:
    """A budget is never exceeded; one that is too small is refused before the model is asked for more."""
    cost = case.result.cost
    tables = len(case.ground.rows) + len(case.ground.background)
    enough = cost.asked + tables + cost.check_rows
    for budget in (1, enough // 2, enough):
        watched = Counting(adapt(case.model), [0, 0])
        try:
            case.explainer.explain(watched, case.X, case.y, budget=budget)
        except BudgetError:
            must(budget < enough, f"budget={budget} was refused", "it covers what a call without budget costs")
            continue
        broken = f"budget={budget}, and the model saw {watched.total} rows"
        must(watched.total <= budget, broken, "next_round keeps to task.budget")


def check_unused_feature_has_no_effect(case: Case) -> None:
    """A column that the model never sees gets zero or a flat curve: exactly, or within its error where it is drawn."""
    name, X = _widened(case.X)
    changes: dict[str, Any] = {}
    if case.explainer.param("background") is not None:
        changes["background"] = _widened(case.explainer.param("background"))[1]
    if case.explainer.param("features") is not None:
        changes["features"] = [*case.explainer.param("features"), name]
    explainer = replace(case.explainer, **changes)  # type: ignore[type-var]
    result = explainer.explain(Narrow(adapt(case.model)), X, case.y)
    effect, error = _effect_of(result, name)
    scale = float(np.abs(result.estimate.values).max(initial=0.0))
    allowed = 1e-9 * scale + 5 * np.where(np.isfinite(error), error, 0.0)
    largest = np.abs(effect).max(initial=0.0)
    must((np.abs(effect) <= allowed).all(), f"an unused column gets up to {largest:.3g}", "it gets zero")


def _widened(data: Any) -> tuple[str, Any]:
    """Add a last column of numbers."""
    column = np.random.default_rng(1).permutation(len(data)).astype(np.float64)
    if isinstance(data, pd.DataFrame):
        return "unused", data.assign(unused=column)
    array = np.asarray(data)
    return f"x{array.shape[1]}", np.column_stack([array, column.astype(array.dtype)])


def _effect_of(result: Explanation, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What a result says of one feature, and with what error."""
    estimate, error = result.estimate.values, result.estimate.std_error
    if isinstance(result, Effects):
        place = result.parts()[result.features.index(name)]
        curve = estimate[..., place, :]
        return curve - curve[..., :1, :], np.zeros_like(curve)
    if isinstance(result, Regions):
        curve = np.concatenate([estimate[result.parts()[r]] for r in result.of_feature(name)])
        return curve, np.zeros_like(curve)
    if isinstance(result, (Interactions, Decomposition)):
        at = np.array([name in pair for pair in result.sets])
        return estimate[at], error[at]
    if isinstance(result, Surrogates):
        at = np.array([feature == name for feature in result.term_features])
        return estimate[at], error[at]
    at = np.array([feature == name for feature in result.features])
    return (estimate[:, at], error[:, at]) if isinstance(result, Attributions) else (estimate[at], error[at])
