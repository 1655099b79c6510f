"""Cases of coverage on models of known answers: each draws a table, and gives the ends of its intervals and the truth.

KNOWN has every method whose interval covers new rows, with a line (T1), a product (T2), Ishigami's function (T3) and
lines by level (T7), wherever the answer is no constant; where it is, as H of a line, the methods' own tests look at it.
Partial dependence has the same places in every table; ALE has its own edges, at which the population's is known.
"""

from collections.abc import Callable
from functools import lru_cache
from math import pi

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.linear_model import LinearRegression

import sipakit as sp
from tests.analytic import T1, T2, T3, T7

NAMES = {T1: "a line", T2: "a product", T3: "Ishigami's function", T7: "lines by level"}


def ends(estimate, of=(...,)):
    return estimate.lower[of], estimate.upper[of]


# ---- one feature of a model: how its values are spread, and where its curve is asked for


def density(model, feature, v):
    """Of a feature that is a number, at v."""
    if model is T3:
        return np.where(np.abs(v) <= pi, 1 / (2 * pi), 0)
    if model is T7:
        return np.dot(T7.p, stats.norm.pdf(v, np.array(T7.mu)[:, None]))
    return stats.norm.pdf(v, T2.m[T2.names.index(feature)] if model is T2 else 0)


def numbers(model):
    return [name for name in model.names if name != "c"]


@lru_cache
def spread(model, feature):
    """Many places of equal distance that hold all values of a feature, and the share of the rows at each."""
    low, high = (-pi, pi) if model is T3 else (-7.0, 10.0)
    edges = np.linspace(low, high, 20_001)
    middles = (edges[1:] + edges[:-1]) / 2
    share = density(model, feature, middles)
    return middles, share / share.sum()


def less_its_mean(curve, places, model, feature):
    """The curve less the mean over the population of straight lines between its places."""
    v, share = spread(model, feature)
    return curve - np.sum(share * np.interp(v, places, curve))  # a product of 20,000 would start threads every time


# ---- how much a feature matters


def importance(model, *, n=300):
    def run(seed):
        X = model.sample(n, np.random.default_rng([1, seed]))
        y = model.predict(X)
        e = sp.PermutationImportance(random_state=seed).explain(model.predict, X, y)
        return *ends(e.estimate, (..., 0)), [model.pfi(name) for name in model.names]

    return run


def loss_shared(model, *, n=300, behind=None):
    """Of rows that are their own background, or of another one of ``behind`` rows."""
    truth = shares_of_loss(model)

    def run(seed):
        rng = np.random.default_rng([30, seed])
        X = model.sample(n, rng)
        background = None if behind is None else model.sample(behind, rng)
        e = sp.SAGE(background=background, random_state=seed).explain(model.predict, X, model.predict(X))
        return *ends(e.estimate, (..., 0)), truth

    return run


@lru_cache
def shares_of_loss(model):
    """Values of the population: known ones, or of two features by what is lost without each of them."""
    if model is T3:
        return [T3.sage(name) for name in T3.names]
    X, w = model.population()
    y = model.predict(X)
    without = []
    for name in model.names:
        known = X.drop(columns=name)
        means = [w @ model.predict(X.assign(**dict(row))) for row in known.to_dict("records")]
        without.append(w @ (y - means) ** 2)
    first, second = without
    return [(model.variance + first - second) / 2, (model.variance + second - first) / 2]


def left_out(model, *, n=200):
    """LOFO of least squares, with noise of variance 1; levels are columns of zeros and ones that leave together."""
    groups = {"c": ["c_B", "c_C"]} if model is T7 else None
    with_all, without = losses_of_least_squares(model)
    excess = excess_of_fits(model, n - n // 5)
    truth = [loss + excess[name] - with_all - excess[None] for name, loss in without.items()]

    def run(seed):
        X, y = noisy(model, n, np.random.default_rng([20, seed]))
        e = sp.LOFO(features=list(without), groups=groups, random_state=seed)
        e = e.explain(LinearRegression().fit(X, y), X, y)
        return *ends(e.estimate, (..., 0)), truth

    return run


def noisy(model, n, rng):
    """Rows of numbers alone, and what the model says of them with noise of variance 1."""
    X = model.sample(n, rng)
    y = model.predict(X) + rng.normal(size=n)
    return pd.get_dummies(X, dtype=float).drop(columns="c_A") if model is T7 else X, y


@lru_cache
def excess_of_fits(model, train):
    """Mean loss of least squares beyond that of the best line, with all features (None) and without each of them.

    By 4,000 fits to ``train`` rows each; a formula would need that what a line does not tell is normal.
    """
    rng = np.random.default_rng(21)
    X, y = noisy(model, 4_000 * train, rng)
    Z = np.column_stack([np.ones(len(X)), X.to_numpy()])
    names = [None, *("c" if name.startswith("c_") else name for name in X)]
    second, moments = Z.T @ Z / len(Z), Z.T @ y / len(Z)
    parts, targets = Z.reshape(4_000, train, -1), y.reshape(4_000, train, 1)
    seconds, each = parts.swapaxes(1, 2) @ parts, parts.swapaxes(1, 2) @ targets
    excess = {}
    for left in dict.fromkeys(names):
        kept = np.array([name != left or name is None for name in names])
        both = np.ix_(kept, kept)
        off = np.linalg.solve(seconds[:, *both], each[:, kept])[..., 0] - np.linalg.solve(second[both], moments[kept])
        excess[left] = np.mean(np.sum((off @ second[both]) * off, axis=1))
    return excess


def losses_of_least_squares(model):
    """What the best line leaves of f, and what the best ones without each feature that a line can use leave."""
    if model is T1:
        return 0.0, {name: T1.lofo(name) for name in T1.names}
    if model is T2:
        (m1, m2), left = T2.m, T2.strength
        return left, {"x1": left + m2**2 * (1 - T2.r**2), "x2": left + m1**2 * (1 - T2.r**2)}
    if model is T3:
        slope = (1 + T3.b * pi**4 / 5) / (pi**2 / 3)  # E[x sin x] = 1
        return T3.variance - slope**2 * pi**2 / 3, {"x1": T3.variance}
    g, h, p, mu = map(np.array, (T7.g, T7.h, T7.p, T7.mu))
    y = g + h * mu
    with_x = (p @ (y * mu) - (p @ y) * (p @ mu) + p @ h) ** 2 / T7.variance_of_x
    return p @ h**2 - (p @ h) ** 2, {"c": T7.variance - with_x, "x": p @ h**2}


# ---- curves


def places_of(model, name):
    if name == "c":
        return np.resize(list(T7.levels), 9)
    return np.linspace(-pi, pi, 9) if model is T3 else np.array([-7.0, -2.0, -0.5, 0.5, 1.0, 2.0, 3.5, 5.0, 10.0])


def dependence(model, *, centred, n=500):
    grid = pd.DataFrame({name: places_of(model, name) for name in model.names})
    truth = [dependence_at(model, name, np.unique(grid[name]), centred) for name in model.names]

    def run(seed):
        X = model.sample(n, np.random.default_rng([3, seed]))
        e = sp.PartialDependence(centred=centred, background=grid).explain(model.predict, X)
        return *ends(e.estimate, (..., 0)), np.concatenate(truth)

    return run


def dependence_at(model, name, places, centred):
    curve = model.pdp(name, places)
    if not centred:
        return curve
    return curve - np.dot(T7.p, curve) if name == "c" else less_its_mean(curve, places, model, name)


@lru_cache
def slopes_up_to(model, feature):
    """Many places, and the share of the rows below each, and the sum of the slopes that these rows have on average."""
    v, share = spread(model, feature)
    if model is T1:
        slope = np.full(v.shape, T1.pdp(feature, 1.0))
    elif model is T2:
        own = T2.names.index(feature)
        slope = T2.m[1 - own] + T2.r * (v - T2.m[own])  # the mean of the other
    else:
        by_level = np.array(T7.p) * stats.norm.pdf(v[:, None], T7.mu)
        slope = by_level @ T7.h / by_level.sum(axis=1)
    return v + (v[1] - v[0]) / 2, np.cumsum(share), np.cumsum(share * slope)


def steps(model, feature, edges):
    """The population's mean difference between the edges of each cell, over the rows within."""
    if model is T3:
        return np.diff(T3.pdp(feature, edges))
    v, *below = slopes_up_to(model, feature)
    held, slopes = (np.diff(np.interp(edges, v, one)) for one in below)
    return np.diff(edges) * slopes / held


def accumulated(model, *, n, cells=20):
    """Of features that are numbers, against the population's curve at the edges that the rows of the table gave."""
    features = numbers(model)

    def run(seed):
        X = model.sample(n, np.random.default_rng([4, seed]))
        e = sp.ALE(features=features, grid_resolution=cells).explain(model.predict, X)
        truth = [accumulated_at(model, axis.name, np.asarray(axis.positions)) for axis in e.axes]
        return *ends(e.estimate, (..., 0)), np.concatenate(truth)

    return run


def accumulated_at(model, feature, edges):
    curve = np.append(0.0, np.cumsum(steps(model, feature, edges)))
    return less_its_mean(curve, edges, model, feature)


def accumulated_levels(*, n):
    def run(seed):
        X = T7.sample(n, np.random.default_rng([5, seed]))
        X = X.assign(c=pd.Categorical(X["c"], categories=list("ABC"), ordered=True))
        e = sp.ALE(features=["c"]).explain(lambda Z: T7.predict(Z.assign(c=Z["c"].astype(str))), X)
        return *ends(e.estimate, (..., 0)), T7.ale("c", list("ABC"))

    return run


# ---- interaction


def interaction(model, *, n=150):
    """Of the only pair that interacts: the root of the mean square, of the pair and in all, and the pair's H^2."""
    pair = ("x1", "x3") if model is T3 else model.names
    truth = [np.sqrt(model.h_numerator(*pair))] * 3 + [model.h_squared(*pair)]  # these totals have no other part

    def run(seed):
        X = model.sample(n, np.random.default_rng([6, seed]))
        e = sp.HStatistic(features=pair, n_draws=None).explain(model.predict, X)
        ratio = [e.estimate.parts[f"h_squared_{end}"][2, 0] for end in ("lower", "upper")]
        return *(np.append(one, r) for one, r in zip(ends(e.estimate, (..., 0)), ratio, strict=True)), truth

    return run


# ---- Shapley values


def bent(X):
    """Products of two and of three features, and kinks: six features, none of which orders and their reverses know."""
    a, b, c, d, e, f = X.T
    return a * b + np.abs(c) * d + e * (a > 0) + f * c * b + a * d * e / 2


ROW = np.array([[0.8, -0.6, 1.1, 0.7, -1.2, 0.5]])


@lru_cache
def shares_of_row(size):
    """Shapley values of the row against the population; or against one background of that many rows, and this."""
    behind = np.random.default_rng(22).normal(size=(size, 6))
    e = sp.Shapley(background=behind, estimator="enumeration").explain(bent, ROW, budget=100 * size)
    return e.values[0, :, 0], behind


def shares(estimator, of, *, pairs=14):
    """Intervals by what is drawn, with one background; by the background, with nothing drawn; or by both."""
    truth, fixed = shares_of_row(60) if of == "draws" else shares_of_row(50_000)

    def run(seed):
        behind = fixed if of == "draws" else np.random.default_rng([23, seed]).normal(size=(80, 6))
        explainer = sp.Shapley(background=behind, estimator=estimator, random_state=seed)
        budget = None if estimator == "enumeration" else len(behind) * (2 * pairs + 1) + 200
        e = explainer.explain(bent, ROW, budget=budget)
        if of != "draws":
            return *ends(e.estimate, (0, ..., 0)), truth
        parts = e.estimate.parts
        return parts["lower_draws"][0, :, 0], parts["upper_draws"][0, :, 0], truth

    return run


KNOWN: dict[str, Callable] = {
    **{f"importance of {name}": importance(model) for model, name in NAMES.items()},
    **{f"partial dependence of {name}": dependence(model, centred=False) for model, name in NAMES.items()},
    **{f"centred partial dependence of {name}": dependence(model, centred=True) for model, name in NAMES.items()},
    **{f"ALE of {name}, {n:,} rows": accumulated(model, n=n) for n in (500, 2000) for model, name in NAMES.items()},
    **{f"ALE of levels, {n:,} rows": accumulated_levels(n=n) for n in (500, 2000)},
    **{f"H of {name}": interaction(model) for model, name in NAMES.items() if model is not T1},
    **{f"SAGE of {name}": loss_shared(model) for model, name in NAMES.items()},
    **{f"SAGE of {name}, a background": loss_shared(model, behind=150) for model, name in NAMES.items()},
    **{f"LOFO of {name}": left_out(model) for model, name in NAMES.items()},
    "Shapley values, enumerated: the background": shares("enumeration", "background"),
    "Shapley values by permutation: the draws": shares("permutation", "draws", pairs=28),  # five orders a row
    "Shapley values by regression: the draws": shares("regression", "draws"),
    **{f"Shapley values by {name}: both": shares(name, "both") for name in ("permutation", "regression")},
}
