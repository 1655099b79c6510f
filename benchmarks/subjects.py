"""The tables and models of the benchmarks, made from a seed; no file is read but the package's own tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.datasets import make_friedman1
from sklearn.ensemble import RandomForestRegressor
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sipakit as sp

__all__ = ["Subject", "bike", "forest30", "friedman_mlp"]


@dataclass(frozen=True)
class Subject:
    """A fitted model with its table and target."""

    name: str
    model: Any
    X: Any
    y: Any

    @property
    def names(self) -> list[Any]:
        return list(self.X.columns) if isinstance(self.X, pd.DataFrame) else list(range(self.X.shape[1]))


def bike(layout: str = "array", *, rows: int | None = None, trees: int = 200) -> Subject:
    """Hourly bike rentals with LightGBM on one thread.

    Parameters
    ----------
    layout : "array", "frame"
        All columns as floats (levels by their codes), or a frame of integers, floats and categories.
    rows : int, optional
        A random sample of the rows; all 17 379 by default.
    trees : int, default 200, of 31 leaves
    """
    import lightgbm

    X, y = sp.datasets.bike()
    if rows is not None:
        chosen = np.sort(np.random.default_rng(0).choice(len(X), rows, replace=False))
        X, y = X.iloc[chosen].reset_index(drop=True), y.iloc[chosen].reset_index(drop=True)
    for name in ("season", "weather"):
        X[name] = X[name].astype("category")
    if layout == "array":
        X = np.column_stack([X[c].cat.codes if c in {"season", "weather"} else X[c] for c in X]).astype(float)
    y = y.to_numpy(float)
    model = lightgbm.LGBMRegressor(n_estimators=trees, num_leaves=31, n_jobs=1, random_state=0, verbose=-1)
    return Subject(f"bike, LightGBM, {layout}", model.fit(X, y), X, y)


def friedman_mlp(*, rows: int = 2_000) -> Subject:
    """Friedman's first function (10 features, 5 of them noise) with a network of two layers."""
    X, y = make_friedman1(n_samples=rows, n_features=10, noise=1.0, random_state=0)
    network = MLPRegressor(hidden_layer_sizes=(50, 50), max_iter=300, early_stopping=True, random_state=0)
    return Subject("friedman1, network", make_pipeline(StandardScaler(), network).fit(X, y), X, y)


def forest30(*, rows: int = 2_000, trees: int = 50) -> Subject:
    """Thirty features, products and steps among the first ones, with a random forest.

    Values are float32 numbers, so that an explainer that rounds them to float32 sees the same table.
    """
    rng = np.random.default_rng(0)
    X = rng.normal(size=(rows, 30)).astype(np.float32).astype(np.float64)
    y = X[:, :10] @ np.linspace(2, 0.2, 10) + 2 * X[:, 0] * X[:, 1] + 3 * (X[:, 2] > 0) * X[:, 3] + X[:, 4] ** 2
    model = RandomForestRegressor(trees, min_samples_leaf=5, max_features=0.5, random_state=0)
    return Subject("30 features, forest", model.fit(X, y + rng.normal(size=rows)), X, y)
