"""Linear models of many families on one frame of numbers, strings, missing cells and a constant column."""

import warnings
from functools import cache

import numpy as np
import pandas as pd
from sklearn import linear_model as lm
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    PowerTransformer,
    RobustScaler,
    SplineTransformer,
    StandardScaler,
)
from sklearn.svm import LinearSVC, LinearSVR

ROWS = 120


@cache
def frame(n=ROWS, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "age": rng.normal(40, 10, n).round(),
            "pay": np.where(rng.random(n) < 0.1, np.nan, rng.lognormal(size=n)),
            "city": np.where(rng.random(n) < 0.1, None, rng.choice(["Rome", "Oslo", "Lima"], n)),
            "size": rng.choice(["s", "m", "l"], n),
            "one": np.ones(n),
        }
    )


@cache
def score(n=ROWS, seed=0):
    X = frame(n, seed)
    parts = X["age"] / 20 + X["pay"].fillna(1) ** 0.5 + (X["city"] == "Rome") - (X["size"] == "s")
    return parts.to_numpy() + np.random.default_rng(seed + 9).normal(scale=0.3, size=n)


def prepared(numbers=None):
    """Steps before a linear model: each column by itself."""
    numbers = make_pipeline(SimpleImputer(), StandardScaler()) if numbers is None else numbers
    return make_column_transformer(
        (numbers, ["age", "pay"]),
        (OneHotEncoder(handle_unknown="ignore"), ["city"]),
        (OrdinalEncoder(), ["size"]),
        remainder="passthrough",
    )


NUMBERS = {
    "min and max": make_pipeline(SimpleImputer(), MinMaxScaler()),
    "robust": make_pipeline(SimpleImputer(add_indicator=True), RobustScaler()),
    "bins": make_pipeline(SimpleImputer(), KBinsDiscretizer(4, quantile_method="averaged_inverted_cdf")),
    "splines": make_pipeline(SimpleImputer(), SplineTransformer(n_knots=4)),
    "powers": make_pipeline(SimpleImputer(), PowerTransformer()),
    "logarithms": make_pipeline(SimpleImputer(), FunctionTransformer(np.log1p)),
}
REGRESSORS = {
    "least squares": lm.LinearRegression(),
    "ridge": lm.RidgeCV(),
    "lasso": lm.LassoCV(alphas=5, cv=3),
    "elastic net": lm.ElasticNet(0.1),
    "lars": lm.LassoLars(0.01),
    "descent": lm.SGDRegressor(random_state=0),
    "support vectors": LinearSVR(random_state=0),
    "Huber": lm.HuberRegressor(max_iter=500),
    "Bayes": lm.BayesianRidge(),
    "Poisson": lm.PoissonRegressor(),
    "gamma": lm.GammaRegressor(),
    "Tweedie": lm.TweedieRegressor(power=1.5),
    "Tweedie, identity": lm.TweedieRegressor(power=0),
    "searched": GridSearchCV(lm.Ridge(), {"alpha": [0.1, 1.0]}, cv=2),
}
CLASSIFIERS = {
    "logistic": (lm.LogisticRegression(), None),
    "logistic, log-odds": (lm.LogisticRegression(), "log_odds"),
    "logistic, score": (lm.LogisticRegression(), "score"),
    "liblinear": (lm.LogisticRegression(solver="liblinear"), None),
    "discriminants": (LinearDiscriminantAnalysis(), None),
    "descent, logistic": (lm.SGDClassifier("log_loss", random_state=0), None),
    "hinge": (lm.SGDClassifier(random_state=0), "score"),
    "ridge, score": (lm.RidgeClassifier(), "score"),
    "support vectors, score": (LinearSVC(random_state=0), "score"),
}
NAMES = [
    *(f"prepared by {name}" for name in NUMBERS),
    *REGRESSORS,
    *(f"{name}, two classes" for name in CLASSIFIERS),
    *(f"{name}, three classes" for name in CLASSIFIERS if name != "liblinear"),
    "two targets",
]


@cache
def fitted(name):
    """The model called ``name``, and the output that is explained; whether it converged does not matter here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _fitted(name)


def _fitted(name):
    X, y = frame(), score()
    if name == "two targets":
        return make_pipeline(prepared(), lm.LinearRegression()).fit(X, np.column_stack([y, y**2])), None
    if name.startswith("prepared by "):
        return make_pipeline(prepared(NUMBERS[name[12:]]), lm.Ridge()).fit(X, y), None
    if name in REGRESSORS:
        return make_pipeline(prepared(), clone(REGRESSORS[name])).fit(X, np.exp(y / 3)), None
    kind, count = name.rsplit(", ", 1)
    model, output = CLASSIFIERS[kind]
    levels = np.digitize(y, np.quantile(y, [0.5] if count == "two classes" else [0.3, 0.7]))
    return make_pipeline(prepared(), clone(model)).fit(X, np.array(["low", "middle", "high"])[levels]), output


def interacting():
    """Models that are no sums of single columns' terms."""
    X, y = frame()[["age", "one"]], score()
    return [
        make_pipeline(StandardScaler(), PolynomialFeatures(), lm.Ridge()).fit(X, y),
        make_pipeline(FunctionTransformer(lambda frame: frame * frame.iloc[:, [0]].to_numpy()), lm.Ridge()).fit(X, y),
    ]
