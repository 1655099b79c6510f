"""Rules about the four steps: pure samples (law 1), and states that merge (law 3)."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sipakit.aggregate import State, Update
from sipakit.checks.case import Case, must
from sipakit.engine.work import one_regime, slices
from sipakit.equality import same

__all__ = [
    "check_any_split_of_the_updates_gives_the_same_state",
    "check_design_is_pure",
    "check_intervention_has_the_rows_it_announced",
    "check_sample_is_pure",
]


def check_design_is_pure(case: Case) -> None:
    """`design` gives the same twice."""
    with one_regime():  # factorisations differ in the last bit between numbers of threads
        again = case.explainer.design(replace(case.task, design=None))
    must(same(case.task.design, again), "design differs when called again", "it is a pure function of the task")


def check_sample_is_pure(case: Case) -> None:
    """Law 1: equal (round, index, seed) give equal samples, whatever was sampled in between."""
    due = slices(case.first_round, case.task.rows.n_columns)
    chosen = [due[0], due[-1]]
    before = [copy.deepcopy(case.sampled(draws)) for draws in chosen]
    after = [case.sampled(draws) for draws in reversed(chosen)][::-1]
    must(same(before, after), "sample differs when called again", "it is a pure function of round, index and seed")


def check_intervention_has_the_rows_it_announced(case: Case) -> None:
    """A slice of d draws asks for d times the rows that the round names, and `intervene` is pure."""
    draws = slices(case.first_round, case.task.rows.n_columns)[0]
    sample = case.sampled(draws)
    mix, again = (case.explainer.intervene(case.task, sample) for _ in range(2))
    must(same(mix, again), "intervene differs when called again", "it is a pure function of the sample")
    most = case.first_round.rows * len(draws)
    must(len(mix) <= most, f"{len(mix)} rows were asked and {most} announced", "a budget relies on Round.rows")


def check_any_split_of_the_updates_gives_the_same_state(case: Case) -> None:
    """Law 3: what is observed may be split over states in any way and merged in any order."""
    updates = case.updates(slices(case.first_round, case.task.rows.n_columns)[0])
    rng = np.random.default_rng(0)
    whole = _absorbed(case, [updates])
    for pieces in (2, 5):
        parts = _split(updates, pieces, rng)
        for order in (parts, parts[::-1]):
            state = _absorbed(case, order)
            close = _close(whole.arrays(), state.arrays())
            must(close, f"{pieces} parts give another state than one", "states merge without a trace")


def _absorbed(case: Case, updates: Sequence[Update | Mapping[str, Update]]) -> State:
    state = case.explainer.start(case.task)
    for update in updates:
        state = state.absorb(case.explainer.start(case.task).part(update))
    return state


def _split(
    updates: Update | Mapping[str, Update], pieces: int, rng: np.random.Generator
) -> list[Update | Mapping[str, Update]]:
    if isinstance(updates, Update):
        return list(_pieces(updates, pieces, rng))
    each = {name: _pieces(update, pieces, rng) for name, update in updates.items()}
    return [{name: parts[i] for name, parts in each.items()} for i in range(pieces)]


def _pieces(update: Update, pieces: int, rng: np.random.Generator) -> list[Update]:
    owner = rng.integers(0, pieces, len(update.cells))
    return [
        Update(
            update.cells[owner == i],
            update.values[owner == i],
            None if update.weights is None else update.weights[owner == i],
            None if update.inputs is None else update.inputs[owner == i],
        )
        for i in range(pieces)
    ]


def _close(one: Mapping[str, NDArray[Any]], two: Mapping[str, NDArray[Any]]) -> bool:
    """Whether states are equal: counts to the bit, sums to rounding of the largest of them."""
    scale = max((float(np.abs(array).max(initial=0.0)) for array in one.values() if array.dtype.kind == "f"), default=1)
    return all(
        np.allclose(array, two[name], rtol=1e-9, atol=1e-12 * scale, equal_nan=True)
        if array.dtype.kind == "f"
        else np.array_equal(array, two[name])
        for name, array in one.items()
    )
