"""The models of the comparison of Shapley values: 8 to 60 features, trees, forests, networks and support vector machines.

Half of the tables have correlated features. Two are real; the others are drawn, so that nothing has to be loaded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

import sipakit as sp
from benchmarks.accuracy.shapley_truth import Remembered, of_kernel, of_parts, of_trees
from benchmarks.subjects import bike, forest30, friedman_mlp

__all__ = ["CASES", "NETWORKS", "Game", "Machine", "Networks", "drawn", "make_game"]


@dataclass(frozen=True)
class Game:
    """A model with explained rows (n, p), a background (b, p), and the true values (n, p)."""

    name: str
    model: Any
    rows: np.ndarray
    background: np.ndarray
    truth: np.ndarray
    how: str

    @property
    def p(self) -> int:
        return self.rows.shape[1]


@dataclass(frozen=True)
class _Case:
    """A table with its model, and how the truth is found; ``None`` for all coalitions."""

    X: np.ndarray
    model: Any
    truth: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None
    how: str = "all coalitions"


def make_game(name: str, *, explained: int, background: int, quick: bool) -> Game:
    """Draw rows and background of a case, and find the truth."""
    case = {**CASES, **NETWORKS}[name](quick=quick)
    chosen = np.random.default_rng(1).choice(len(case.X), explained + background, replace=False)
    rows, behind = case.X[chosen[:explained]], case.X[chosen[explained:]]
    if case.truth is not None:
        return Game(name, case.model, rows, behind, case.truth(rows, behind), case.how)
    remembered = Remembered(case.model.predict, rows, behind)
    return Game(name, remembered, rows, behind, remembered.truth, case.how)


# ---- tables


def drawn(n: int, p: int, *, correlation: float = 0.0, seed: int = 0) -> np.ndarray:
    """(n, p) normal features, neighbours correlated as in an autoregression, in steps of 1/256.

    The steps are float32 numbers, and so are the thresholds between them: what rounds to float32 sees the same table.
    """
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(n, p))
    X = noise.copy()
    for j in range(1, p):
        X[:, j] = correlation * X[:, j - 1] + np.sqrt(1 - correlation**2) * noise[:, j]
    return np.round(X * 256) / 256


def _target(X: np.ndarray, seed: int = 0) -> np.ndarray:
    """A linear part that fades, products of pairs and triples, steps and a bump, and noise of a tenth of it."""
    rng = np.random.default_rng(seed)
    p = X.shape[1]
    y = X @ (np.linspace(1, 0.1, p) * rng.choice([-1, 1], p))
    for _ in range(max(p // 3, 3)):
        i, j, k = rng.choice(p, 3, replace=False)
        y += X[:, i] * X[:, j] + 0.7 * (X[:, j] > 0.3) * X[:, k] + 0.5 * np.tanh(X[:, i] * X[:, j] * X[:, k])
    y += 2 * np.exp(-(X[:, :3] ** 2).sum(axis=1))
    return y + 0.1 * y.std() * rng.normal(size=len(y))


def _census(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Thirteen features of the census, levels by their codes (a missing cell is -1), and who earns more."""
    X, y = sp.datasets.census()
    chosen = np.sort(np.random.default_rng(0).choice(len(X), n, replace=False))
    X = X.iloc[chosen]
    numbers = [X[c] if pd.api.types.is_numeric_dtype(X[c]) else X[c].astype("category").cat.codes for c in X]
    return np.column_stack(numbers).astype(float), (y.iloc[chosen] == ">50K").to_numpy(int)


# ---- models


class _Probability:
    """A classifier's probability of its second class, as a model with one answer."""

    def __init__(self, classifier: Any) -> None:
        self.classifier = classifier

    def predict(self, X: np.ndarray) -> np.ndarray:
        return self.classifier.predict_proba(X)[:, 1]


class Networks:
    """A sum of small networks of eight features each, which overlap: exact values of every part can be had.

    Each network learns what the ones before it leave.
    """

    def __init__(self, X: np.ndarray, y: np.ndarray, *, count: int, steps: int, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        p = X.shape[1]
        left, self.parts = y - y.mean(), []
        for turn in range(count):
            always = np.arange(turn * p // count, (turn + 1) * p // count)[:8]  # so that none is without a network
            others = np.setdiff1d(np.arange(p), always)
            columns = np.sort(np.concatenate([always, rng.choice(others, 8 - len(always), replace=False)]))
            network = MLPRegressor(
                hidden_layer_sizes=(24, 12), max_iter=steps, early_stopping=True, random_state=seed + turn
            )
            network.fit(X[:, columns], left)
            left = left - network.predict(X[:, columns])
            self.parts.append((columns, network.predict))

    def predict(self, X: np.ndarray) -> np.ndarray:
        return np.sum([predict(X[:, columns]) for columns, predict in self.parts], axis=0)


class Machine:
    """A support vector regression with a Gaussian kernel, answered by one matrix product: fast, and with open parts."""

    def __init__(self, X: np.ndarray, y: np.ndarray, *, gamma: float) -> None:
        spread = y.std()
        fitted = SVR(gamma=gamma, C=10.0, epsilon=0.1).fit(X, y / spread)
        self.gamma = gamma
        self.centres = fitted.support_vectors_
        self.weights = fitted.dual_coef_[0] * spread
        self.constant = float(fitted.intercept_[0]) * spread

    def predict(self, X: np.ndarray) -> np.ndarray:
        squares = (X**2).sum(axis=1)[:, None] + (self.centres**2).sum(axis=1) - 2 * X @ self.centres.T
        return np.exp(-self.gamma * squares) @ self.weights + self.constant


def _perceptron(steps: int) -> Any:
    network = MLPRegressor(hidden_layer_sizes=(64, 32), max_iter=steps, early_stopping=True, random_state=0)
    return TransformedTargetRegressor(make_pipeline(StandardScaler(), network), transformer=StandardScaler())


def _trees(X: np.ndarray, y: np.ndarray, *, trees: int, leaves: int = 31) -> Any:
    import lightgbm

    model = lightgbm.LGBMRegressor(n_estimators=trees, num_leaves=leaves, n_jobs=1, random_state=0, verbose=-1)
    return model.fit(X, y)


# ---- cases: each makes its table and model, small ones for a quick run


def _bike_trees(*, quick: bool) -> _Case:
    subject = bike("array", rows=3_000 if quick else None, trees=50 if quick else 200)
    return _Case(subject.X, subject.model)


def _bike_network(*, quick: bool) -> _Case:
    subject = bike("array", rows=2_000 if quick else None, trees=1)
    return _Case(subject.X, _perceptron(20 if quick else 80).fit(subject.X, subject.y))


def _census_trees(*, quick: bool) -> _Case:
    import lightgbm

    X, y = _census(2_000 if quick else 20_000)
    model = lightgbm.LGBMClassifier(n_estimators=30 if quick else 100, n_jobs=1, random_state=0, verbose=-1)
    return _Case(X, _Probability(model.fit(X, y)))


def _census_forest(*, quick: bool) -> _Case:
    X, y = _census(1_000 if quick else 10_000)
    model = RandomForestClassifier(10 if quick else 50, min_samples_leaf=5, random_state=0)
    return _Case(X[:, :12], _Probability(model.fit(X[:, :12], y)))


def _friedman(*, quick: bool) -> _Case:
    subject = friedman_mlp(rows=500 if quick else 2_000)
    return _Case(subject.X, subject.model)


def _machine(p: int, correlation: float, gamma: float) -> Callable[..., _Case]:
    def make(*, quick: bool) -> _Case:
        X = drawn(300 if quick else 900 if p <= 13 else 450, p, correlation=correlation, seed=p)
        model = Machine(X, _target(X, seed=p), gamma=gamma)
        exact = _of_machine(model) if p > 13 else None
        return _Case(X, model, exact, "the kernel's closed form" if exact else "all coalitions")

    return make


def _of_machine(model: Machine) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    return lambda rows, background: of_kernel(model.centres, model.weights, model.gamma, rows, background)


def _forest8(*, quick: bool) -> _Case:
    X = drawn(500 if quick else 3_000, 8, seed=8)
    model = RandomForestRegressor(20 if quick else 100, min_samples_leaf=3, random_state=0)
    return _Case(X, model.fit(X, _target(X, seed=8)))


def _network(p: int, correlation: float) -> Callable[..., _Case]:
    def make(*, quick: bool) -> _Case:
        X = drawn(500 if quick else 4_000, p, correlation=correlation, seed=p)
        return _Case(X, _perceptron(30 if quick else 200).fit(X, _target(X, seed=p)))

    return make


def _friedman12(correlation: float) -> Callable[..., _Case]:
    """Friedman's first function, seven of its twelve features noise; uniform features, correlated as a normal copula's."""

    def make(*, quick: bool) -> _Case:
        X = norm.cdf(drawn(500 if quick else 2_000, 12, correlation=correlation, seed=12))
        y = 10 * np.sin(np.pi * X[:, 0] * X[:, 1]) + 20 * (X[:, 2] - 0.5) ** 2 + 10 * X[:, 3] + 5 * X[:, 4]
        noise = np.random.default_rng(12).normal(size=len(X))
        return _Case(X, _perceptron(30 if quick else 200).fit(X, y + noise))

    return make


def _census_network(*, quick: bool) -> _Case:
    X, y = _census(1_000 if quick else 10_000)
    network = MLPClassifier((32, 16), max_iter=20 if quick else 60, early_stopping=True, random_state=0)
    return _Case(X[:, :12], _Probability(make_pipeline(StandardScaler(), network).fit(X[:, :12], y)))


def _forest30(*, quick: bool) -> _Case:
    subject = forest30(rows=500 if quick else 2_000, trees=10 if quick else 30)
    return _of_tree_model(subject.X, subject.model)


def _booster(p: int, correlation: float, trees: int) -> Callable[..., _Case]:
    def make(*, quick: bool) -> _Case:
        X = drawn(500 if quick else 5_000, p, correlation=correlation, seed=p)
        return _of_tree_model(X, _trees(X, _target(X, seed=p), trees=20 if quick else trees))

    return make


def _of_tree_model(X: np.ndarray, model: Any) -> _Case:
    how = "shap's TreeExplainer (interventional), whose values add up"
    return _Case(X, model, lambda rows, background: of_trees(model, rows, background), how)


def _networks(p: int, correlation: float, count: int) -> Callable[..., _Case]:
    def make(*, quick: bool) -> _Case:
        X = drawn(500 if quick else 4_000, p, correlation=correlation, seed=p)
        model = Networks(X, _target(X, seed=p), count=count, steps=20 if quick else 100)
        how = "all coalitions of each of the networks that are added up"
        return _Case(X, model, lambda rows, background: of_parts(model.parts, rows, background), how)

    return make


CASES: dict[str, Callable[..., _Case]] = {
    "p 8, forest, independent": _forest8,
    "p 8, SVM, correlated": _machine(8, 0.7, 0.15),
    "p 10, network, friedman1": _friedman,
    "p 11, network, correlated": _network(11, 0.6),
    "p 12, LightGBM, bike": _bike_trees,
    "p 12, network, bike": _bike_network,
    "p 12, forest, census": _census_forest,
    "p 13, LightGBM, census": _census_trees,
    "p 13, SVM, independent": _machine(13, 0.0, 0.08),
    "p 30, forest, independent": _forest30,
    "p 30, LightGBM, correlated": _booster(30, 0.7, 100),
    "p 30, networks, correlated": _networks(30, 0.7, 6),
    "p 30, SVM, independent": _machine(30, 0.0, 0.03),
    "p 60, LightGBM, independent": _booster(60, 0.0, 60),
    "p 60, SVM, correlated": _machine(60, 0.7, 0.01),
}

NETWORKS: dict[str, Callable[..., _Case]] = {  # of twelve features each
    "bike": _bike_network,
    "census": _census_network,
    "friedman1": _friedman12(0.0),
    "friedman1, correlated": _friedman12(0.7),
}
