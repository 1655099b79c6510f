"""The rules that every explainer keeps, over every explainer and many kinds of models (`sipakit.checks`)."""

from functools import cache

import joblib
import numpy as np
import pytest

import sipakit as sp
from sipakit import explainers
from sipakit.caveats import CODES
from sipakit.checks import Case, check_explainer, same, yield_checks
from sipakit.checks import parameters as about_parameters
from sipakit.engine.work import slices
from tests.models import fitted
from tests.variants import VARIANTS, class_of

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
ESTIMATORS = {"two targets", "pipeline", "two classes", "three classes", "lightgbm", "xgboost"}
BROAD = ["function of everything", "three classes"]  # for further variants, and what is slow
OF_ROWS = {"CeterisParibus", "ICE", "IntegratedGradients", "LIME", "Shapley"}  # a few rows are enough for these


@cache
def case(variant, model):
    data = fitted(model)
    few = 4 if class_of(variant) in OF_ROWS else len(data.X)
    return Case(VARIANTS[variant](data.background), data.model, data.X[:few], data.y[:few])


def runs():
    for variant, make in VARIANTS.items():
        explainer = make(np.zeros((2, 2)))
        narrow = BROAD if variant not in explainers.__all__ or variant == "LIME" else MODELS
        models = ["torch"] if "gradient" in explainer.needs else narrow
        if "refit" in explainer.requires():
            models = [name for name in narrow if name in ESTIMATORS]
        for model in models:
            for check in yield_checks(explainer):
                # what is said of the object alone is checked once
                if model == models[0] or check.__module__ != about_parameters.__name__:
                    yield pytest.param(variant, model, check, id=f"{variant}-{model}-{check.__name__[6:]}")


def test_every_explainer_is_checked():
    assert {class_of(variant) for variant in VARIANTS} == set(explainers.__all__)


@pytest.mark.parametrize(("variant", "model", "check"), list(runs()))
def test_rule(variant, model, check):
    check(case(variant, model))


def test_checks_can_be_run_at_once():
    data = fitted("function")
    check_explainer(sp.PartialDependence(grid_resolution=3), data.model, data.X)


@pytest.mark.parametrize("model", MODELS)
def test_a_caveat_is_a_sentence_with_a_known_code(model):
    data = fitted(model)
    for found in sp.PartialDependence(grid_resolution=3).explain(data.model, data.X).caveats:
        assert found.code in CODES
        assert found.message.endswith(".")


# ---- law 2: a draw is the unit of independence, so standard errors are honest

B = np.random.default_rng(99).normal(size=(40, 3))  # where grids come from: the same places in every sample
POINT = np.array([[1.0, -0.5, 2.0]])
SAMPLED = {
    "ALE": lambda X, s: sp.ALE(background=B, grid_resolution=4).explain(bent, X),
    "GlobalSurrogate": lambda X, s: sp.GlobalSurrogate(kind="linear").explain(bent, X),
    "FunctionalDecomposition": lambda X, s: sp.FunctionalDecomposition(n_draws=None).explain(bent, np.tanh(X[:60])),
    "FunctionalDecomposition of few contexts": lambda X, s: sp.FunctionalDecomposition(
        n_draws=16, random_state=s
    ).explain(bent, np.tanh(X)),
    "FunctionalDecomposition of independent inputs": lambda X, s: sp.FunctionalDecomposition(
        n_draws=40, inputs="independent", background=B, random_state=s
    ).explain(bent, B),
    "HStatistic": lambda X, s: sp.HStatistic(n_draws=None).explain(bent, np.tanh(X[:60])),
    "LIME": lambda X, s: sp.LIME(background=B, n_samples=512, random_state=s).explain(bent, POINT),
    "PartialDependence": lambda X, s: sp.PartialDependence(background=B, grid_resolution=4).explain(bent, X),
    "PartialDependence centred": lambda X, s: sp.PartialDependence(
        background=B, grid_resolution=4, centred=True
    ).explain(bent, X),
    "PermutationImportance": lambda X, s: sp.PermutationImportance(random_state=s).explain(bent, X, noisy(X, s)),
    "RegionalEffects": lambda X, s: sp.RegionalEffects(
        background=B, grid_resolution=4, max_depth=1, features=["x1"], random_state=s
    ).explain(stepped, X),
    "SAGE": lambda X, s: sp.SAGE(random_state=s).explain(bent, X, noisy(X, s)),
    "Shapley": lambda X, s: sp.Shapley(background=X).explain(bent, POINT),
    "Shapley permutation": lambda X, s: sp.Shapley(background=X, estimator="permutation", random_state=s).explain(
        bent, POINT
    ),
    "Shapley regression": lambda X, s: sp.Shapley(background=X, estimator="regression", random_state=s).explain(
        bent, POINT
    ),
}


def bent(X):
    return 2 * X[:, 0] + X[:, 0] * X[:, 1] + np.sin(X[:, 2])


def stepped(X):  # so that the regions are the same in every sample
    return X[:, 1] * (X[:, 0] > 0) + X[:, 2]


def noisy(X, seed):
    return bent(X) + np.random.default_rng([7, seed]).normal(size=len(X))


def estimates(name, seed):
    result = SAMPLED[name](np.random.default_rng(seed).normal(size=(120, 3)), seed)
    if name == "GlobalSurrogate":  # the coefficients per standard deviation have the sample's own unit
        parts = result.estimate.parts
        return parts["slope"], parts["slope_std_error"]
    return result.estimate.values, result.std_error


@pytest.mark.usefixtures("unlooked")
@pytest.mark.parametrize("name", SAMPLED)
def test_law_2_standard_errors_are_as_large_as_the_spread_over_samples(name):
    values, errors = (np.stack(part) for part in zip(*(estimates(name, seed) for seed in range(60)), strict=True))
    varies = values.std(axis=0) > 1e-9 * np.abs(values).max()
    ratio = np.sqrt((errors**2).mean(axis=0)) / values.std(axis=0, ddof=1).clip(1e-300)
    assert varies.any()
    assert 0.75 < np.sqrt((ratio[varies] ** 2).mean()) < 1.3


# ---- law 4: the same bits for any number of workers and any backend


def several_slices(variant, data):
    """An explanation whose only round is cut into several slices, by the number of workers."""
    few = {"Shapley": 80, "LIME": 9}.get(variant, len(data.X))
    explainer = LARGE[variant](data.background)
    settings = {"X": data.X[:few], "y": data.y[:few]}
    return lambda n_jobs: explainer.explain(data.model, **settings, n_jobs=n_jobs)


LARGE = {
    "ALE": lambda b: sp.ALE(),
    "CeterisParibus": lambda b: sp.CeterisParibus(background=b),
    "FunctionalDecomposition": lambda b: sp.FunctionalDecomposition(n_draws=60),
    "FunctionalDecomposition of independent inputs": lambda b: sp.FunctionalDecomposition(
        n_draws=100, inputs="independent"
    ),
    "HStatistic": lambda b: sp.HStatistic(n_draws=60),
    "ICE": lambda b: sp.ICE(),
    "IntegratedGradients": lambda b: sp.IntegratedGradients(background=b),
    "LIME": lambda b: sp.LIME(background=b, n_samples=4096),
    "PartialDependence": lambda b: sp.PartialDependence(),
    "PermutationImportance": lambda b: sp.PermutationImportance(),
    "SAGE": lambda b: sp.SAGE(background=b),
    "Shapley": lambda b: sp.Shapley(background=b, estimator="permutation"),
    "Shapley regression": lambda b: sp.Shapley(background=b, estimator="regression"),
}
FAMILIES = ["linear", "forest", "hist gradient boosting", "lightgbm of arrays", "perceptron", "function"]
LAW_4 = [(variant, family) for variant in ("PartialDependence", "Shapley") for family in FAMILIES]
LAW_4 += [("PartialDependence", "torch"), ("IntegratedGradients", "torch"), ("PartialDependence", "pipeline")]
LAW_4 += [
    (variant, "perceptron")
    for variant in LARGE
    if variant not in {"PartialDependence", "Shapley", "IntegratedGradients"}
]


def numbers_of(result):
    return result.estimate.columns(), getattr(result, "base_values", None), result.caveats


@pytest.mark.parametrize(("variant", "family"), LAW_4)
def test_law_4_workers_do_not_change_a_bit(variant, family):
    explained = several_slices(variant, fitted(family, n=4800 if variant == "ALE" else 840))
    one, two = explained(1), explained(2)
    assert one.cost.asked > 32_768  # rows of a slice
    assert same(numbers_of(one), numbers_of(two))
    assert one.cost.rows == two.cost.rows


@pytest.mark.slow  # starts two processes
def test_law_4_processes_give_the_bits_of_threads():
    explained = several_slices("PartialDependence", fitted("perceptron", n=840))
    with joblib.parallel_config("loky", n_jobs=2):
        processes = explained(None)
    assert same(numbers_of(processes), numbers_of(explained(1)))


def test_slices_follow_from_the_round_alone():
    assert slices(sp.Round(draws=3, rows=10**6)) == [range(1), range(1, 2), range(2, 3)]
    assert slices(sp.Round(draws=3, rows=0)) == [range(3)]
    assert slices(sp.Round(draws=0, rows=5)) == []
