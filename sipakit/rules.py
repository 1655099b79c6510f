"""What parameters take: one meaning for a name, whichever explainer has it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

__all__ = ["RULES", "Rule", "anything"]

Rule: TypeAlias = tuple[str, Callable[[Any], bool]]  # what is allowed, in words; the test


def anything(value: object) -> bool:  # noqa: ARG001
    """Whether a parameter without a rule may have a value."""
    return True


def _whole(low: int) -> Callable[[object], bool]:
    return lambda v: isinstance(v, (int, np.integer)) and not isinstance(v, bool) and bool(v >= low)


def _one_of(*allowed: str) -> Callable[[object], bool]:
    return lambda v: isinstance(v, str) and v in allowed


def _or_none(holds: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda v: v is None or holds(v)


def _resolution(value: object) -> bool:
    return _one_of("all")(value) or _whole(2)(value)


def _number(value: object) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


def _positive(value: Any) -> bool:
    return _number(value) and bool(0 < value < float("inf"))


def _category_order(value: object) -> bool:
    if isinstance(value, Mapping):
        return all(isinstance(levels, (list, tuple, np.ndarray, pd.Index)) for levels in value.values())
    return _one_of("similarity", "given")(value)


RULES: Mapping[str, Rule] = {
    "conf_level": ("a number between 0 and 1, such as 0.95", lambda v: _positive(v) and v < 1),
    "random_state": ("a whole number from 0", _whole(0)),
    "grid_resolution": ("a whole number from 2, or 'all'", _resolution),
    "n_refits": ("a whole number from 1", _whole(1)),
    "n_repeats": ("a whole number from 1", _whole(1)),
    "conditional": ("False or 'strata'", lambda v: v is False or _one_of("strata")(v)),
    "min_stratum": ("a whole number from 2", _whole(2)),
    "n_draws": ("a whole number from 2, or None", _or_none(_whole(2))),
    "replicates": ("0, or a whole number from 4", lambda v: _whole(0)(v) and (v == 0 or v >= 4)),
    "n_averaged": ("a whole number from 2, or None", _or_none(_whole(2))),
    "n_samples": ("a whole number from 64", _whole(64)),
    "n_steps": ("a whole number from 1, or None", _or_none(_whole(1))),
    "max_depth": ("a whole number from 1", _whole(1)),
    "min_share": ("a number above 0 and up to 0.5", lambda v: _positive(v) and v <= 0.5),
    "min_gain": ("a number from 0 to below 1", lambda v: _number(v) and 0 <= v < 1),
    "n_folds": ("a whole number from 2", _whole(2)),
    "order": ("1, 2 or 3", lambda v: _whole(1)(v) and v <= 3),
    "kernel_width": ("a positive number, or None", _or_none(_positive)),
    "kind": ("'tree' or 'linear'", _one_of("tree", "linear")),
    "estimator": (
        "'auto', 'enumeration', 'permutation' or 'regression'",
        _one_of("auto", "enumeration", "permutation", "regression"),
    ),
    "value_function": ("'marginal' or 'conditional'", _one_of("marginal", "conditional")),
    "category_order": ("'similarity', 'given', or a mapping from columns to lists of levels", _category_order),
    "centred": ("True or False", lambda v: isinstance(v, bool)),
}
