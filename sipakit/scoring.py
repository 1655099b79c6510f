"""How predictions are scored: losses row by row, scikit-learn's scorers, and functions of one's own.

Everything is turned into a *loss*, so that an importance is always an increase: a score counts with its sign changed.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.metrics import get_scorer, get_scorer_names

from sipakit.errors import CapabilityError, InputError, InputTypeError, SipakitError
from sipakit.metrics import BY_ROW, FOR_CLASSES, OF_TABLES, RESIDUALS, decided, every_class, probabilities

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from numpy.typing import NDArray

    from sipakit.task import Task

__all__ = ["Metric", "resolve_scoring"]


@dataclass(frozen=True)
class Metric:
    """One way to score.

    Parameters
    ----------
    name : str
    by_row : callable(target, (n, k) predictions) -> (n,) losses, or None
    by_influence : callable(target, (n, k) predictions, (n,) weights) -> (loss, (n,) influences on it), or None
    as_a_whole : callable(target, (n, k) predictions, (n,) weights) -> loss, for what tells no more
    sign : int
        -1 where the user's number is a score, so that its baseline is shown as they know it.
    residuals : callable(target, (n, k) predictions) -> (n, r), or None
        Straight lines in the predictions, whose squares add up to the loss of a row.
    """

    name: str
    by_row: Callable[[Any, NDArray[np.float64]], NDArray[np.float64]] | None = None
    by_influence: (
        Callable[[Any, NDArray[np.float64], NDArray[np.float64]], tuple[float, NDArray[np.float64]]] | None
    ) = None
    as_a_whole: Callable[[Any, NDArray[np.float64], NDArray[np.float64]], float] | None = None
    sign: int = 1
    residuals: Callable[[Any, NDArray[np.float64]], NDArray[np.float64]] | None = None

    def loss(self, target: Any, predictions: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
        """Loss of a table; rows without weight count for nothing.

        Raises
        ------
        InputError
            If it is no finite number.
        """
        use = weights > 0
        target, predictions, weights = target[use], predictions[use], weights[use]
        if self.by_row is not None:
            loss = float(np.average(self.by_row(target, predictions), weights=weights))
        elif self.by_influence is not None:
            loss, _ = self.by_influence(target, predictions, weights)
        elif self.as_a_whole is not None:
            loss = self.as_a_whole(target, predictions, weights)
        else:
            raise TypeError(self.name)
        if not np.isfinite(loss):
            message = f"scoring={self.name!r} gives {loss} on {len(weights):,} rows."
            raise InputError(message, "It must be a finite number.", "Check the targets, or choose another score.")
        return loss


def resolve_scoring(scoring: Any, task: Task) -> tuple[Metric, ...]:
    """Read the user's ``scoring``.

    Parameters
    ----------
    scoring : None, str, scorer, callable(y, predictions), or a list of these
        None is squared error for regression and log loss for classification; for classes on a scale without
        probabilities the area under the curve of two, and accuracy of more. A function of (y, predictions) returns a
        loss a row, or one loss: smaller is better. scikit-learn's own metric functions are known by their scorer.
    task : Task

    Returns
    -------
    tuple of Metric

    Raises
    ------
    InputError, InputTypeError, CapabilityError
        For a name that scikit-learn does not know, and for a score that these outputs cannot have.
    """
    if scoring is None:
        scoring = _usual(task)
    several = list(scoring) if isinstance(scoring, (list, tuple)) else [scoring]
    if not several:
        raise InputError("scoring=[] names nothing.", "It takes a name, a function, or a list of them.")
    metrics = tuple(_metric(one, task) for one in several)
    for metric in metrics:  # what cannot be scored is told before the model is asked anything
        metric.loss(task.target, task.known_predictions, task.weights)
    return metrics


def _usual(task: Task) -> str:
    """Name the score that is taken where none is asked for."""
    if task.classes is None:
        return "neg_mean_squared_error"
    if task.scale in {"probability", "log_odds"}:
        return "neg_log_loss"
    return "roc_auc" if len(task.classes) == 2 else "accuracy"


def _metric(scoring: Any, task: Task) -> Metric:
    if isinstance(scoring, str):
        return _by_name(scoring, task)
    if hasattr(scoring, "_score_func"):
        same = [name for name in get_scorer_names() if repr(get_scorer(name)) == repr(scoring)]
        name = getattr(scoring._score_func, "__name__", "score")  # noqa: SLF001 - scikit-learn has no public name of it
        return _by_name(str(same[0]), task) if same else _by_scorer(name, scoring, task)
    if not callable(scoring):
        raise InputTypeError(f"scoring={scoring!r} is a {type(scoring).__name__}.", "It takes a name or a function.")
    for name in get_scorer_names():
        if getattr(get_scorer(name), "_score_func", None) is scoring:  # one of scikit-learn's functions: known sign
            return _by_name(name, task)
    return _by_function(scoring, task)


def _by_name(name: str, task: Task) -> Metric:
    if name not in get_scorer_names():
        message = f"scoring={name!r} is no score that scikit-learn knows."
        raise InputError(message, f"Row by row: {', '.join(BY_ROW)}; and scikit-learn's scorer names.")
    ours = name in BY_ROW or (name in OF_TABLES and len(task.classes or ()) <= 2)
    if not ours:
        return _by_scorer(name, get_scorer(name), task)
    if name in FOR_CLASSES and task.classes is None:
        cure = "Use neg_mean_squared_error, or say sp.adapt(model, classes=[...])."
        raise CapabilityError(f"scoring={name!r} needs classes.", "The model predicts numbers.", cure)
    if name not in FOR_CLASSES and task.classes is not None:
        message = f"scoring={name!r} needs numbers."
        raise CapabilityError(message, "The model predicts classes.", "Use neg_log_loss or neg_brier_score.")
    if name in BY_ROW:
        straight = name in RESIDUALS and task.scale != "log_odds"  # whose probabilities are no lines in them
        residuals = (lambda y, f: RESIDUALS[name](y, f, task)) if straight else None
        return Metric(name, by_row=lambda y, f: BY_ROW[name](y, f, task), sign=-1, residuals=residuals)
    return Metric(name, by_influence=lambda y, f, w: OF_TABLES[name](y, f, w, task), sign=-1)


def _by_function(function: Callable[..., Any], task: Task) -> Metric:
    name = getattr(function, "__name__", type(function).__name__)
    target = _labels(task)

    def loss(y: Any, predictions: NDArray[np.float64], **extra: Any) -> Any:
        return function(target(y), predictions[:, 0] if predictions.shape[1] == 1 else predictions, **extra)

    probe = np.asarray(loss(task.target, task.known_predictions))
    if probe.ndim == 0:
        takes_weights = "sample_weight" in _arguments(function)
        if not takes_weights and (task.weights != 1).any():
            message = f"scoring={name} takes no sample_weight, and sample_weight= was given."
            cure = "Give the function a sample_weight argument, or return one loss a row."
            raise InputError(message, "Rows must count by their weights.", cure)
        if takes_weights:
            return Metric(name, as_a_whole=lambda y, f, w: float(loss(y, f, sample_weight=w)))
        return Metric(name, as_a_whole=lambda y, f, w: float(loss(y, f)))  # noqa: ARG005
    if probe.shape != (task.n,):
        message = f"scoring={name} returned shape {probe.shape} for {task.n} rows."
        raise InputError(message, "It returns one loss, or one a row.")
    return Metric(name, by_row=lambda y, f: np.asarray(loss(y, f), np.float64))


def _arguments(function: Callable[..., Any]) -> Collection[str]:
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):  # functions of compiled libraries may have none
        return ()


def _labels(task: Task) -> Callable[[Any], Any]:
    """Targets as the user gave them: labels for classifiers."""
    if task.classes is None:
        return lambda y: y
    labels = np.asarray(task.classes)
    return lambda y: labels[y]


# ---- scikit-learn's scorers, run on a stand-in that replays the engine's predictions


class _Replay(BaseEstimator, ABC):  # type: ignore[misc] # scikit-learn has no types
    """Abstract stand-in for the model: rows are numbers of rows that were predicted already."""

    def __init__(self, task: Task, predictions: NDArray[np.float64]) -> None:
        self.task, self.predictions = task, predictions

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def fit(self, X: Any, y: Any = None) -> _Replay:
        """Stand-ins are born fitted."""
        return self

    @abstractmethod
    def predict(self, X: Any) -> Any:
        """Return what was predicted for the rows named by number."""


class _ReplayRegressor(RegressorMixin, _Replay):  # type: ignore[misc]
    def predict(self, X: Any) -> Any:
        f = self.predictions[np.asarray(X)[:, 0]]
        return f[:, 0] if f.shape[1] == 1 else f


class _ReplayClassifier(ClassifierMixin, _Replay):  # type: ignore[misc]
    @property
    def classes_(self) -> NDArray[Any]:
        return np.asarray(self.task.classes)

    def predict(self, X: Any) -> NDArray[Any]:
        return np.asarray(self.classes_[decided(self.predictions[np.asarray(X)[:, 0]], self.task)])

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        return probabilities(self.predictions[np.asarray(X)[:, 0]], self.task)

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        full = every_class(self.predictions[np.asarray(X)[:, 0]], self.task, lambda s: -s)
        return full[:, 1] if full.shape[1] == 2 else full


def _by_scorer(name: str, scorer: Callable[..., float], task: Task) -> Metric:
    stand_in: Callable[[Task, NDArray[np.float64]], _Replay]
    stand_in = _ReplayRegressor if task.classes is None else _ReplayClassifier
    labels = _labels(task)

    def loss(y: Any, predictions: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
        rows = np.arange(len(y))[:, None]
        extra = {} if bool((weights == 1).all()) else {"sample_weight": weights}
        try:
            return -float(scorer(stand_in(task, predictions), rows, labels(y), **extra))
        except SipakitError:
            raise
        except (TypeError, ValueError) as error:
            message = f"scoring={name!r} cannot score these predictions: {error}"
            raise InputError(message, cure="Choose another score, or pass a function of (y, predictions).") from error

    return Metric(name, as_a_whole=loss, sign=-1)
