"""What parameters take, whichever explainer has them."""

import dataclasses

import numpy as np
import pytest

import sipakit as sp
from sipakit import explainers
from sipakit.rules import RULES

EXPLAINERS = [getattr(sp, name) for name in explainers.__all__]

REFUSED = {
    "conf_level": [0, 1, 95, -0.5, True, "0.95", float("nan"), None],
    "random_state": [-1, 1.5, "0", None, True],
    "grid_resolution": [1, "some", 2.5, None],
    "n_refits": [0, -1, 1.5, True],
    "n_repeats": [0, -1, 1.5, True],
    "conditional": [True, "tree", 0],
    "min_stratum": [1, 2.5],
    "n_averaged": [1, 0, 2.5],
    "n_draws": [1, 0, 2.5],
    "n_samples": [63, "many"],
    "replicates": [1, 3, -1, 2.5, True],
    "n_steps": [0, 2.5],
    "max_depth": [0, None],
    "min_share": [0, 0.6, "0.1", float("nan"), True],
    "min_gain": [-0.1, 1, None, float("nan")],
    "n_folds": [1, None],
    "order": [0, 4, True, "2"],
    "kernel_width": [0, -1.0, float("inf"), float("nan")],
    "kind": ["forest", None],
    "estimator": ["exact", None],
    "value_function": ["interventional", None, True],
    "category_order": ["by name", None, {"a": "xyz"}, ["a"]],
    "centred": [0, 1, "yes"],
}
TAKEN = {
    "conf_level": [0.9, np.float32(0.5)],
    "random_state": [0, np.int64(7), 2**40],
    "grid_resolution": [2, np.int32(50), "all"],
    "n_averaged": [None, 2],
    "n_draws": [None, 2],
    "min_share": [0.5, np.float64(0.01)],
    "min_gain": [0, 0.9],
    "n_steps": [None, 1],
    "replicates": [0, 4, np.int64(16)],
    "kernel_width": [None, 0.1, 3],
    "order": [1, 2, 3],
    "category_order": ["similarity", "given", {}, {"a": ["x", "y"]}],
    "centred": [True, False],
    "conditional": [False, "strata"],
    "value_function": ["marginal", "conditional"],
}


def test_every_rule_is_tried():
    assert REFUSED.keys() == RULES.keys()


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in REFUSED.items() for value in values])
def test_what_is_refused(name, value):
    assert not RULES[name][1](value)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in TAKEN.items() for value in values])
def test_what_is_taken(name, value):
    assert RULES[name][1](value)


@pytest.mark.parametrize("explainer", EXPLAINERS, ids=lambda e: e.__name__)
def test_defaults_keep_the_rules(explainer):
    for field in dataclasses.fields(explainer):
        if field.name in RULES and field.default is not dataclasses.MISSING:
            _, holds = explainer.rules.get(field.name) or RULES[field.name]
            assert holds(field.default), field.name
