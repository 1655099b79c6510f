"""All checks of an explainer, one by one or at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from sipakit.checks import parameters, results, runs, steps
from sipakit.checks.case import Case
from sipakit.explainer import Explainer

__all__ = ["Check", "check_explainer", "yield_checks"]

Check: TypeAlias = Callable[[Case], None]


def check_explainer(explainer: Explainer, model: object, X: Any, y: Any = None) -> None:
    """Check that an explainer keeps the rules.

    Parameters
    ----------
    explainer : Explainer
        With all that it needs, such as a background.
    model, X, y : as for `Explainer.explain`
        Small: they are explained about ten times.

    Raises
    ------
    ContractError
        Naming the rule that is broken.

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> X = np.random.default_rng(0).normal(size=(20, 2))
    >>> check_explainer(sp.ALE(), lambda X: X[:, 0] * X[:, 1], X)
    """
    case = Case(explainer, model, X, y)
    for check in yield_checks(explainer):
        check(case)


def yield_checks(explainer: Explainer) -> Iterator[Check]:
    """Yield the checks that an explainer must pass, each a function of a `Case` with a name that states the rule.

    Examples
    --------
    >>> import sipakit as sp
    >>> next(yield_checks(sp.ALE())).__name__
    'check_repr_names_the_parameters'
    """
    yield parameters.check_repr_names_the_parameters
    yield parameters.check_clone_has_equal_parameters
    yield parameters.check_parameters_are_frozen
    yield parameters.check_docstring_is_complete
    yield parameters.check_wrong_parameter_is_refused_by_name
    if {"target", "background"} & explainer.requires():
        yield parameters.check_what_it_needs_is_asked_for
    yield steps.check_design_is_pure
    yield steps.check_sample_is_pure
    yield steps.check_intervention_has_the_rows_it_announced
    yield steps.check_any_split_of_the_updates_gives_the_same_state
    yield results.check_frame_has_its_columns_and_no_missing_estimate
    yield results.check_values_have_the_layout_of_their_type
    yield runs.check_same_bits_again_and_for_two_workers
    yield runs.check_inputs_are_unchanged
    yield runs.check_global_state_is_untouched
    yield runs.check_cost_counts_the_rows_that_the_model_saw
    yield runs.check_budget_is_respected
    yield runs.check_unused_feature_has_no_effect
