"""Which fitted estimators of scikit-learn are sums of one term a column: linear models, whatever prepares each column.

Nothing is read but types and settings. What a cell adds is then found by asking (see `sipakit.structure.Terms`), so
that one rule serves scaled numbers, one-hot levels, splines and imputed cells: every step before a linear model must
make each of its columns of one column alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Linear", "read_linear"]


@dataclass(frozen=True)
class Linear:
    """How a linear model tells its sums, and what it makes of them.

    Parameters
    ----------
    method : str
        The estimator's method that tells sums, or what the link makes of them.
    link : str
        See `sipakit.structure.linked`.
    logs : bool
        Whether the method's answers are logarithms' inverses, as the means of a Poisson model.
    """

    method: str
    link: str = "identity"
    logs: bool = False


_REGRESSORS = {
    *("LinearRegression", "Ridge", "RidgeCV", "SGDRegressor", "LinearSVR", "HuberRegressor", "QuantileRegressor"),
    *("Lasso", "LassoCV", "ElasticNet", "ElasticNetCV", "MultiTaskLasso", "MultiTaskLassoCV", "MultiTaskElasticNet"),
    *("MultiTaskElasticNetCV", "Lars", "LarsCV", "LassoLars", "LassoLarsCV", "LassoLarsIC"),
    *("OrthogonalMatchingPursuit", "OrthogonalMatchingPursuitCV", "BayesianRidge", "ARDRegression"),
    *("TheilSenRegressor", "PassiveAggressiveRegressor"),
}
_EXPONENTIAL = {"PoissonRegressor", "GammaRegressor", "TweedieRegressor"}
_CLASSIFIERS = {
    *("LogisticRegression", "LogisticRegressionCV", "LinearDiscriminantAnalysis", "SGDClassifier", "RidgeClassifier"),
    *("RidgeClassifierCV", "LinearSVC", "Perceptron", "PassiveAggressiveClassifier"),
}
# Transformers whose columns are each made of one column.
_COLUMNWISE = {
    *("StandardScaler", "MinMaxScaler", "MaxAbsScaler", "RobustScaler", "PowerTransformer", "QuantileTransformer"),
    *("KBinsDiscretizer", "Binarizer", "OneHotEncoder", "OrdinalEncoder", "TargetEncoder", "SplineTransformer"),
    *("SimpleImputer", "MissingIndicator", "VarianceThreshold", "SelectKBest", "SelectPercentile", "SelectFpr"),
    *("SelectFdr", "SelectFwe", "GenericUnivariateSelect", "SelectFromModel", "RFE", "RFECV"),
    "SequentialFeatureSelector",
}
_SEARCHES = {"GridSearchCV", "RandomizedSearchCV", "HalvingGridSearchCV", "HalvingRandomSearchCV"}


def read_linear(estimator: Any, scale: str) -> Linear | None:
    """Tell how a fitted estimator adds up terms of single columns; None where it does not, or that is not known.

    Parameters
    ----------
    estimator : fitted estimator of scikit-learn, a pipeline that ends with one, or a search for one
    scale : "prediction", "probability", "log_odds" or "score"

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import PolynomialFeatures, StandardScaler
    >>> X = np.eye(3)
    >>> read_linear(make_pipeline(StandardScaler(), Ridge()).fit(X, X[:, 0]), "prediction")
    Linear(method='predict', link='identity', logs=False)
    >>> read_linear(make_pipeline(PolynomialFeatures(), Ridge()).fit(X, X[:, 0]), "prediction") is None
    True
    """
    if _name(estimator) in _SEARCHES:
        return read_linear(getattr(estimator, "best_estimator_", None), scale)
    if _name(estimator) == "Pipeline":
        *before, (_, last) = estimator.steps
        if not all(_is_columnwise(step) for _, step in before):
            return None
        return read_linear(last, scale)
    if scale == "prediction":
        return _regressor(estimator)
    return _classifier(estimator, scale) if _name(estimator) in _CLASSIFIERS else None


def _name(estimator: Any) -> str:
    """Name of a class of scikit-learn; empty for any other, a class derived from it included."""
    return type(estimator).__name__ if type(estimator).__module__.partition(".")[0] == "sklearn" else ""


def _regressor(estimator: Any) -> Linear | None:
    name = _name(estimator)
    if name in _REGRESSORS:
        return Linear("predict")
    if name not in _EXPONENTIAL:
        return None
    link = getattr(estimator, "link", "log")
    identity = link == "identity" or (link == "auto" and estimator.power <= 0)
    return Linear("predict") if identity else Linear("predict", "exp", logs=True)


def _classifier(estimator: Any, scale: str) -> Linear | None:
    if scale == "score":
        return Linear("decision_function")
    name = _name(estimator)
    if name == "SGDClassifier":
        link = {"log_loss": "shares"}.get(estimator.loss)
    else:
        by_class = getattr(estimator, "multi_class", "auto") == "ovr"
        link = "shares" if by_class or getattr(estimator, "solver", "") == "liblinear" else "softmax"
    if len(estimator.classes_) == 2 and link:
        link = "logistic"
    return Linear("decision_function", link) if link else None


def _is_columnwise(step: Any) -> bool:
    """Whether each column that a fitted step makes comes from one column."""
    name = _name(step)
    if step is None or isinstance(step, str):
        return step in (None, "passthrough", "drop")
    if name == "Pipeline":
        return all(_is_columnwise(one) for _, one in step.steps)
    if name == "FeatureUnion":
        return all(_is_columnwise(one) for _, one in step.transformer_list)
    if name == "ColumnTransformer":
        return all(_is_columnwise(one) or _is_single(columns) for _, one, columns in step.transformers_)
    if name == "FunctionTransformer":
        return step.func is None or (isinstance(step.func, np.ufunc) and step.func.nin == 1)
    return name in _COLUMNWISE


def _is_single(columns: Any) -> bool:
    """Whether a choice of columns is one column, of which anything may be made."""
    if isinstance(columns, (str, int)):
        return True
    chosen = np.asarray(columns) if not isinstance(columns, slice) else np.zeros(0)
    return chosen.dtype != bool and chosen.size == 1
