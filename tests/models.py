"""Fitted models of many families with small tables, each made when first asked for."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import sipakit as sp


@dataclass(frozen=True)
class Fitted:
    """A model, rows to explain, their target, and other rows."""

    model: Any
    X: Any
    y: Any
    background: Any


def numbers(n, p=4, seed=0):
    return np.random.default_rng(seed).normal(size=(n, p))


def product(X):
    return X[:, 0] * X[:, 1] + np.maximum(X[:, 2], 0)


def people(n, seed=0):
    """A frame with numbers, whole numbers, booleans, strings and ordered levels, and a target."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "height": rng.normal(170, 10, n),
            "children": rng.integers(0, 4, n),
            "city": rng.choice(["Rome", "Oslo", "Lima"], n),
            "size": pd.Categorical(rng.choice(["s", "m", "l"], n), ["s", "m", "l"], ordered=True),
            "smoker": rng.random(n) < 0.4,
        }
    )
    target = frame["height"] / 10 + 2 * (frame["city"] == "Rome") * frame["children"] + frame["size"].cat.codes
    return frame, target.to_numpy()


def everything(n, seed=0):
    """A frame with missing cells, dates, nullable types and odd names."""
    frame, _ = people(n, seed)
    rng = np.random.default_rng(seed + 1)
    born = pd.Series(pd.Timestamp("1990-01-01", tz="Europe/Berlin") + pd.to_timedelta(rng.integers(0, 9000, n), "D"))
    return frame.assign(
        height=frame["height"].mask(rng.random(n) < 0.2),
        city=frame["city"].mask(rng.random(n) < 0.2),
        born=born.mask(rng.random(n) < 0.1),
        rank=pd.array(rng.integers(0, 5, n), dtype="Int64"),
        smoker=frame["smoker"].astype("boolean").mask(rng.random(n) < 0.2),
    ).set_axis(["height", "number of children", ("city", 1), "size", 5, "born", "rank $x$"], axis=1)


def of_everything(frame):
    """A function that reads every column of `everything` but the last."""
    height, children, city, size, smoker, born = (frame.iloc[:, j] for j in range(6))
    year = born.dt.year.fillna(2000).to_numpy(float) / 100
    home = (city.astype(object) == "Rome").to_numpy(float)
    return (
        height.fillna(100).to_numpy(float) / 50
        + home * children.to_numpy(float)
        + size.cat.codes.to_numpy(float)
        + smoker.fillna(value=False).to_numpy(float) * year
    )


def encoded():
    return make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["city", "size"]),
        remainder=StandardScaler(),
    )


@cache
def fitted(name, n=24, seed=0):
    """The model called ``name`` with ``n`` rows."""
    return _MAKERS[name](n, seed)


def _arrays(make, n, seed, *, columns=4):
    fit = numbers(200, columns, seed + 1)
    X = numbers(n, columns, seed)
    return Fitted(make(fit, product(fit)), X, product(X) + 0.1, fit[:16])


def _frames(model, n, seed, *, prepare=lambda frame: frame, target=lambda y: y):
    fit, y_fit = people(200, seed + 1)
    X, y = people(n, seed)
    model = model.fit(prepare(fit), target(y_fit))
    return Fitted(model, prepare(X), target(y), prepare(fit).head(16))


def _function(n, seed):
    return _arrays(lambda X, y: product, n, seed)


def _function_of_everything(n, seed):
    X = everything(n, seed)
    return Fitted(of_everything, X, of_everything(X) + 0.1, everything(16, seed + 1))


def _two_targets(n, seed):
    X, fit = numbers(n, 3, seed), numbers(200, 3, seed + 1)
    both = np.column_stack([product(fit), fit[:, 0]])
    y = np.column_stack([product(X), X[:, 0]])
    return Fitted(LinearRegression().fit(fit, both), X, y, fit[:16])


def _pipeline(n, seed):
    return _frames(make_pipeline(encoded(), LinearRegression()), n, seed)


def _two_classes(n, seed):
    model = make_pipeline(encoded(), LogisticRegression())
    return _frames(model, n, seed, target=lambda y: np.where(y > 19, "high", "low"))


def _three_classes(n, seed):
    model = make_pipeline(encoded(), RandomForestClassifier(5, random_state=0, n_jobs=2))
    return _frames(model, n, seed, target=lambda y: np.digitize(y, [18, 20]))


def _as_categories(frame):
    return frame.astype({"city": "category"})


def _lightgbm(n, seed):
    lightgbm = pytest.importorskip("lightgbm")
    model = lightgbm.LGBMRegressor(n_estimators=10, verbose=-1, n_jobs=1)
    return _frames(model, n, seed, prepare=_as_categories)


def _xgboost(n, seed):
    xgboost = pytest.importorskip("xgboost")
    model = xgboost.XGBRegressor(n_estimators=10, enable_categorical=True, n_jobs=1)
    # unordered levels only: its recoding takes no ordered ones
    return _frames(model, n, seed, prepare=lambda f: _as_categories(f).astype({"size": "str"}).drop(columns="size"))


def _torch(n, seed):
    torch = pytest.importorskip("torch")
    torch.manual_seed(seed)
    net = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 2)).double()
    made = _arrays(lambda X, y: net, n, seed)
    return Fitted(
        sp.adapt(net, classes=["no", "yes"], output="probability"),
        made.X,
        np.where(made.y > 0, "yes", "no"),
        made.background,
    )


_MAKERS = {
    "function": _function,
    "function of everything": _function_of_everything,
    "two targets": _two_targets,
    "pipeline": _pipeline,
    "two classes": _two_classes,
    "three classes": _three_classes,
    "lightgbm": _lightgbm,
    "xgboost": _xgboost,
    "torch": _torch,
    "linear": lambda n, s: _arrays(LinearRegression().fit, n, s),
    "forest": lambda n, s: _arrays(RandomForestRegressor(10, n_jobs=2, random_state=0).fit, n, s),
    "hist gradient boosting": lambda n, s: _arrays(HistGradientBoostingRegressor(max_iter=20).fit, n, s),
    "lightgbm of arrays": lambda n, s: _arrays(
        pytest.importorskip("lightgbm").LGBMRegressor(n_estimators=20, verbose=-1).fit, n, s
    ),
    "perceptron": lambda n, s: _arrays(
        MLPRegressor(hidden_layer_sizes=(8,), tol=0.1, n_iter_no_change=2, random_state=0).fit, n, s
    ),
}
