"""How often the intervals of each method hold the truth: 95 of 100 times, whichever numbers are drawn.

Each case draws new rows (or what else its interval covers), and gives the interval's ends and the truth. The
benchmark called coverage runs all cases on ten times as many tables.
"""

from functools import lru_cache

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import sipakit as sp
from tests.analytic import T2, T3
from tests.explainers.covered import KNOWN, ends

pytestmark = pytest.mark.usefixtures("unlooked")


def importance_by_repeats_alone(seed):
    """What reading the repeats' spread as an error would give: a check that this test can fail."""
    X = T2.sample(300, np.random.default_rng([1, seed]))
    e = sp.PermutationImportance(random_state=seed).explain(T2.predict, X, T2.predict(X))
    half = 2 * e.estimate.parts["std_error_shuffles"][:, 0]
    return e.values[:, 0] - half, e.values[:, 0] + half, [T2.pfi("x1"), T2.pfi("x2")]


def decrease_of_scores(seed):
    """R squared and the root of the mean square by influences, a function of the table by its jackknife."""

    def root(y, f):
        return float(np.sqrt(np.mean((y - f) ** 2)))

    X = T2.sample(300, np.random.default_rng([2, seed]))
    scoring = ["r2", "neg_root_mean_squared_error", root]
    e = sp.PermutationImportance(scoring=scoring, features=["x1"], random_state=seed)
    e = e.explain(T2.predict, X, T2.predict(X))
    mean = T2.pfi("x1")
    return *ends(e.estimate, 0), [mean / T2.variance, np.sqrt(mean), np.sqrt(mean)]


@lru_cache
def area_of_a_noisy_sign():
    """P(x > x' given x + e > 0 and x' + e' < 0) for independent standard normals, by quadrature."""
    x = np.linspace(-8, 8, 4001)
    first = 2 * stats.norm.pdf(x) * stats.norm.cdf(-x)  # of x' given the class 0
    second = 2 * stats.norm.pdf(x) * stats.norm.cdf(x)
    below = np.cumsum(first) * (x[1] - x[0])
    return np.trapezoid(second * below, x)


def decrease_of_area(seed):
    """The score is x, the class 1 where x + noise > 0, all normal: the area is known, and 1/2 without x."""
    rng = np.random.default_rng([10, seed])
    X = pd.DataFrame({"x": rng.normal(size=300), "z": rng.normal(size=300)})
    y = (X["x"] + rng.normal(size=300) > 0).astype(int)
    model = sp.adapt(lambda Z: stats.norm.cdf(Z["x"]), classes=[0, 1])
    e = sp.PermutationImportance(scoring="roc_auc", features=["x"], random_state=seed).explain(model, X, y)
    return *ends(e.estimate, 0), area_of_a_noisy_sign() - 0.5


@lru_cache
def surface_of_the_product(cells=4):
    """Edges for x1 and x2 of T2, and the population's pure ALE on cells between them."""
    X = T2.sample(200_000, np.random.default_rng(1))
    edges = X.quantile(np.r_[0.002, np.arange(1, cells) / cells, 0.998])
    e = sp.ALE(features=[("x1", "x2")], background=edges).explain(T2.predict, X)
    return edges, e.estimate.values[:, 0], e.axes[0].weight.ravel() > 0.002


def accumulated_pair(seed):
    edges, truth, near = surface_of_the_product()
    X = T2.sample(500, np.random.default_rng([11, seed]))
    e = sp.ALE(features=[("x1", "x2")], background=edges).explain(T2.predict, X)
    lower, upper = ends(e.estimate, (..., 0))
    return lower[near], upper[near], truth[near]


def heterogeneity(explainer, truth):
    """Of a product: sd(x1) sd(x2) on all mixtures of rows, and what is left of each where the other is known."""

    def run(seed):
        X = T2.sample(500, np.random.default_rng([12, seed]))
        return *ends(explainer.explain(T2.predict, X).heterogeneity, (..., 0)), [truth, truth]

    return run


def interaction_with_a_background(seed):
    rng = np.random.default_rng([7, seed])
    e = sp.HStatistic(n_draws=None, background=T2.sample(120, rng)).explain(T2.predict, T2.sample(120, rng))
    return *ends(e.estimate, (2, 0)), np.sqrt(T2.h_numerator("x1", "x2"))


def decomposition(seed, *, n=150, n_draws=None, **background):
    """Shares of main effects and of the only pair, and the totals; rows are drawn anew."""
    X = T3.sample(n, np.random.default_rng([12, seed]))
    e = sp.FunctionalDecomposition(n_draws=n_draws, random_state=seed, **background).explain(T3.predict, X)
    return shares_and_totals(e)


def shares_and_totals(e):
    parts, sets = e.estimate.parts, [0, 1, 2, 4]
    lower, upper = ends(e.estimate, (sets, 0))
    first = [T3.sobol_first(name) for name in T3.names] + [T3.sobol_total("x3")]
    truth = [*first, *(T3.sobol_total(name) for name in T3.names)]
    return np.append(lower, parts["total_lower"][:3, 0]), np.append(upper, parts["total_upper"][:3, 0]), truth


def decomposition_of_independent_inputs(seed):
    X, weights = T3.population()
    e = sp.FunctionalDecomposition(inputs="independent", n_draws=46, random_state=seed)
    return shares_and_totals(e.explain(T3.predict, X, sample_weight=weights))


def decomposition_with_a_background(seed):
    return decomposition(seed, background=T3.sample(120, np.random.default_rng([13, seed])))


def decomposition_with_few_contexts(seed):
    return decomposition(seed, n=400, n_draws=40)


def attribution(size, estimator):
    X = pd.DataFrame({"x1": [2.0, 0.0], "x2": [1.5, -1.0]})

    def run(seed):
        behind = T2.sample(size, np.random.default_rng([8, seed]))
        e = sp.Shapley(background=behind, estimator=estimator, random_state=seed).explain(T2.predict, X)
        return *ends(e.estimate, (..., 0)), T2.shapley(X)

    return run


@lru_cache
def standard(p=2, n=500):
    Z = np.random.default_rng(0).normal(size=(n, p))
    return (Z - Z.mean(axis=0)) / Z.std(axis=0)


def local_slope(seed):
    """Of x^3 + x y around (1, 2) with steps N(0, 1) and weights exp(-d^2 / 2 w^2): those of N(0, s^2)."""
    width = 0.75 * np.sqrt(2)
    s2 = width**2 / (1 + width**2)
    e = sp.LIME(background=standard(), n_samples=1024, random_state=seed)
    e = e.explain(lambda X: X[:, 0] ** 3 + X[:, 0] * X[:, 1], np.array([[1.0, 2.0]]))
    return *ends(e.estimate, (0, ..., 0)), [3 + 3 * s2 + 2, 1]


def surrogate(seed):
    """R squared of the best line for x1 x2, and its slopes."""
    X = T2.sample(500, np.random.default_rng([11, seed]))
    e = sp.GlobalSurrogate(kind="linear", random_state=seed).explain(T2.predict, X)
    m1, m2 = T2.m
    line = m1**2 + m2**2 + 2 * T2.r * m1 * m2
    slopes, errors = (e.estimate.parts[name][:, 0] for name in ("slope", "slope_std_error"))
    lower, upper = ends(e.fidelity, 0)
    half = 1.965 * errors
    return np.append(slopes - half, lower), np.append(slopes + half, upper), [m2, m1, line / T2.variance]


def regional(seed):
    """Gain, disagreement before and after, and the curve where x1 > 0, each of known slopes [x1 > 0] + 0.3 x2."""
    rng = np.random.default_rng([13, seed])
    X = np.column_stack([rng.choice([-1.0, 1.0], 300), rng.normal(size=(300, 3))])
    e = sp.RegionalEffects(features=["x0"], split_by=["x1", "x2"], max_depth=1, random_state=seed)
    e = e.explain(lambda X: X[:, 0] * ((X[:, 1] > 0) + 0.3 * X[:, 2]) + X[:, 3], X)
    left, whole = 0.09, 0.09 + 0.25
    told = [e.gain, e.before, e.after, e.within]
    lower, upper = (np.concatenate([getattr(one, end)[-1] for one in told]) for end in ("lower", "upper"))
    parts = e.estimate.parts
    curve = [
        (e.estimate.lower[-2:, 0], e.estimate.upper[-2:, 0]),
        (parts["mean_lower"][-2:, 0], parts["mean_upper"][-2:, 0]),
    ]
    lower, upper = (
        np.concatenate([lower, *(one for one, _ in curve)]),
        np.concatenate([upper, *(one for _, one in curve)]),
    )
    return lower, upper, [1 - left / whole, whole**0.5, left**0.5, left**0.5, -1, 1, -1, 1]


# Of those of known models, one of each method and model; the benchmark has all.
FEW = {
    "importance of a line",
    "importance of a product",
    "partial dependence of a product",
    "centred partial dependence of Ishigami's function",
    "ALE of a product, 500 rows",
    "ALE of lines by level, 2,000 rows",
    "ALE of levels, 500 rows",
    "H of lines by level",
    "Shapley values by permutation: the draws",
    "Shapley values by regression: the draws",
    "Shapley values by regression: both",
    "SAGE of a product",
    "SAGE of lines by level, a background",
}

OTHERS = {
    "decrease of scores": decrease_of_scores,
    "decrease of the area": decrease_of_area,
    "ALE of a pair": accumulated_pair,
    "heterogeneity of partial dependence": heterogeneity(sp.PartialDependence(), 1.0),
    "heterogeneity of ALE": heterogeneity(sp.ALE(grid_resolution=20), np.sqrt(1 - T2.r**2)),
    "decomposition": decomposition,
    "decomposition with a background": decomposition_with_a_background,
    "decomposition with few contexts": decomposition_with_few_contexts,
    "decomposition of independent inputs": decomposition_of_independent_inputs,
    "H with a background": interaction_with_a_background,
    "Shapley values, enumerated": attribution(100, "enumeration"),
    "Shapley values, some orders a row": attribution(40, "permutation"),
    "Shapley values, fewer draws than rows": attribution(600, "permutation"),
    "LIME": local_slope,
    "surrogate": surrogate,
    "regional effects": regional,
}


CASES = {name: run for name, run in KNOWN.items() if name in FEW} | OTHERS


# What a coalition is beside its prediction by the others is more than what a fit with all of them leaves.
SAFE = {"Shapley values by regression: the draws"}


def coverage(run, runs):
    """Share of the runs whose interval holds the truth, number by number."""
    held = [(np.asarray(lower) <= truth) & (truth <= upper) for lower, upper, truth in map(run, range(runs))]
    return np.concatenate([np.atleast_1d(np.mean(held, axis=0)).ravel()])


@pytest.mark.parametrize("case", CASES)
def test_intervals_hold_the_truth_as_often_as_they_say(case):
    found = coverage(CASES[case], 200)
    assert (found >= 0.90).all(), found
    assert found.mean() <= 0.985 or case in SAFE, found


def test_the_spread_of_repeats_is_no_interval():
    assert coverage(importance_by_repeats_alone, 50).max() < 0.5
