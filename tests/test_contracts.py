"""The rules that every explainer keeps, over every explainer and many kinds of models (`sipakit.checks`)."""

from functools import cache

import numpy as np
import pytest

import sipakit as sp
from sipakit import explainers
from sipakit.checks import Case, check_explainer, same, yield_checks
from sipakit.checks import parameters as about_parameters
from tests.models import fitted

LOCAL = {"CeterisParibus", "ICE", "IntegratedGradients", "LIME", "Shapley"}  # a few rows are enough for these

# What each explainer is checked with; a callable is given the background.
VARIANTS = {
    "ALE": {"default": {}},
    "CeterisParibus": {"default": {"background": True, "grid_resolution": 5}},
    "GlobalSurrogate": {"tree": {}, "linear": {"kind": "linear"}},
    "HStatistic": {"default": {"n_draws": 12}, "background": {"n_draws": 8, "background": True, "order": 1}},
    "ICE": {"default": {"grid_resolution": 5}},
    "IntegratedGradients": {"default": {"background": True}, "one baseline": {"background": 1}},
    "LIME": {"default": {"background": True, "n_samples": 256}},
    "PartialDependence": {"default": {"grid_resolution": 5}, "centred": {"centred": True, "background": True}},
    "PermutationImportance": {"default": {"n_repeats": 3}},
    "Shapley": {"default": {"background": True}, "permutation": {"background": True, "estimator": "permutation"}},
}
MODELS = [
    "function",
    "function of everything",
    "two targets",
    "pipeline",
    "two classes",
    "three classes",
    "lightgbm",
    "xgboost",
    "torch",
]
RUNS = [(name, variant, model) for name, variants in VARIANTS.items() for variant in variants for model in MODELS]


def made(name, variant, data):
    """The explainer, with the background of the model's data where it asks for one."""
    params = dict(VARIANTS[name][variant])
    if "background" in params:
        params["background"] = data.background[: params["background"]] if params["background"] != True else data.background  # noqa: E712
    return getattr(sp, name)(**params)
