"""The scores that sipakit computes itself, as losses: row by row, and of a whole table.

Each takes targets, (n, k) predictions and the task that says what these are; labels are positions of classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import expit

from sipakit.errors import CapabilityError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from sipakit.task import Task

__all__ = ["BY_ROW", "FOR_CLASSES", "OF_TABLES", "RESIDUALS", "decided", "every_class", "probabilities"]


# ---- row by row: (n,) losses


def _squared(y: NDArray[np.float64], f: NDArray[np.float64], task: Task) -> NDArray[np.float64]:  # noqa: ARG001
    off = y.reshape(len(y), -1) - f
    return _mean_of_outputs(np.square(off, out=off))


def _absolute(y: NDArray[np.float64], f: NDArray[np.float64], task: Task) -> NDArray[np.float64]:  # noqa: ARG001
    off = y.reshape(len(y), -1) - f
    return _mean_of_outputs(np.abs(off, out=off))


def _mean_of_outputs(losses: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) means over the outputs; of one there is nothing to sum, which NumPy would do row by row."""
    return losses[:, 0] if losses.shape[1] == 1 else np.asarray(losses.mean(axis=1))


def _log_loss(y: NDArray[np.intp], f: NDArray[np.float64], task: Task) -> NDArray[np.float64]:
    p = probabilities(f, task)
    return -np.log(np.clip(p[np.arange(len(y)), y], np.finfo(np.float64).eps, 1))


def _brier(y: NDArray[np.intp], f: NDArray[np.float64], task: Task) -> NDArray[np.float64]:
    p = probabilities(f, task)
    squares = (p - np.eye(p.shape[1])[y]) ** 2
    # scikit-learn's Brier score of two classes looks at one of them
    return squares[:, 1] if p.shape[1] == 2 else squares.sum(axis=1)


def _right(y: NDArray[np.intp], f: NDArray[np.float64], task: Task) -> NDArray[np.float64]:
    return -np.asarray(decided(f, task) == y, np.float64)


BY_ROW: Mapping[str, Callable[[Any, NDArray[np.float64], Task], NDArray[np.float64]]] = {
    "neg_mean_squared_error": _squared,
    "neg_mean_absolute_error": _absolute,
    "neg_log_loss": _log_loss,
    "neg_brier_score": _brier,
    "accuracy": _right,
}


# ---- residuals (n, r) whose squares add up to the loss of a row, and which are straight lines in the prediction


def _off(y: NDArray[np.float64], f: NDArray[np.float64], task: Task) -> NDArray[np.float64]:  # noqa: ARG001
    return np.asarray((y.reshape(len(y), -1) - f) / np.sqrt(f.shape[1]))


def _off_the_class(y: NDArray[np.intp], f: NDArray[np.float64], task: Task) -> NDArray[np.float64]:
    p = probabilities(f, task)
    off = np.eye(p.shape[1])[y] - p
    return off[:, 1:] if p.shape[1] == 2 else off


RESIDUALS: Mapping[str, Callable[[Any, NDArray[np.float64], Task], NDArray[np.float64]]] = {
    "neg_mean_squared_error": _off,
    "neg_brier_score": _off_the_class,
}


# ---- of a table, with weights (n,): the loss, and the influence of each row on it (n,), with weighted mean zero


def _root_of_squares(
    y: NDArray[np.float64],
    f: NDArray[np.float64],
    w: NDArray[np.float64],
    task: Task,  # noqa: ARG001
) -> tuple[float, NDArray[np.float64]]:
    squares = (y.reshape(len(y), -1) - f) ** 2
    mean = np.average(squares, axis=0, weights=w)
    root = np.sqrt(mean)
    return float(root.mean()), np.asarray(((squares - mean) / (2 * np.where(root > 0, root, 1))).mean(axis=1))


def _unexplained(
    y: NDArray[np.float64],
    f: NDArray[np.float64],
    w: NDArray[np.float64],
    task: Task,  # noqa: ARG001
) -> tuple[float, NDArray[np.float64]]:
    y = y.reshape(len(y), -1)
    wrong, away = (y - f) ** 2, (y - np.average(y, axis=0, weights=w)) ** 2
    above, below = (np.average(part, axis=0, weights=w) for part in (wrong, away))
    # of a constant target all is explained or nothing, as scikit-learn has it
    ratio = np.where(below > 0, above / np.where(below > 0, below, 1), above > 0)
    return float(ratio.mean()) - 1, np.asarray(
        ((wrong - ratio * away) / np.where(below > 0, below, np.inf)).mean(axis=1)
    )


def _area(
    y: NDArray[np.intp], f: NDArray[np.float64], w: NDArray[np.float64], task: Task
) -> tuple[float, NDArray[np.float64]]:
    """Less the weighted share of pairs (second class, first class) in the right order, ties counting half."""
    score = every_class(f, task, lambda s: -s)[:, 1]
    place = np.unique(score, return_inverse=True)[1]
    first, second = (np.bincount(place, w * (y == label)) for label in (0, 1))
    if not (first.any() and second.any()):
        return np.nan, np.zeros(len(y))
    beaten = ((np.cumsum(first) - first / 2) / first.sum())[place]  # share of the first class below a row
    ahead = 1 - ((np.cumsum(second) - second / 2) / second.sum())[place]
    area = float(np.average(beaten, weights=w * (y == 1)))
    share = np.where(y == 1, second.sum(), first.sum()) / w.sum()
    return -area, -(np.where(y == 1, beaten, ahead) - area) / share


OF_TABLES: Mapping[
    str, Callable[[Any, NDArray[np.float64], NDArray[np.float64], Task], tuple[float, NDArray[np.float64]]]
] = {
    "neg_root_mean_squared_error": _root_of_squares,
    "r2": _unexplained,
    "roc_auc": _area,
}
FOR_CLASSES = {"neg_log_loss", "neg_brier_score", "accuracy", "roc_auc"}


# ---- what predictions say of classes


def probabilities(f: NDArray[np.float64], task: Task) -> NDArray[np.float64]:
    """(n, classes) probabilities from what was predicted.

    Raises
    ------
    CapabilityError
        If the outputs are another scale, or leave classes out.
    """
    if task.scale == "log_odds":
        f = expit(f)
    elif task.scale != "probability":
        message = f"A score of probabilities was asked for, and the model is explained on the {task.scale} scale."
        raise CapabilityError(message, "Score with 'accuracy'.", "Or use output='probability', if the model has it.")
    return every_class(f, task, lambda p: 1 - p)


def every_class(
    f: NDArray[np.float64], task: Task, other: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> NDArray[np.float64]:
    """(n, classes) what was predicted of each class; of two, one follows from the ``other``.

    Raises
    ------
    CapabilityError
        If the outputs leave classes out.
    """
    classes = [str(label) for label in task.classes or ()]
    if list(task.outputs) == classes:
        return f
    if len(classes) == 2 and f.shape[1] == 1:
        both = [f[:, 0], other(f[:, 0])]
        return np.column_stack(both if task.outputs[0] == classes[0] else both[::-1])
    message = f"The outputs {list(task.outputs)} leave classes out."
    raise CapabilityError(message, f"A score needs all of {classes}.", "Leave output= at its default.")


def decided(f: NDArray[np.float64], task: Task) -> NDArray[np.intp]:
    """(n,) position of the predicted class."""
    full = every_class(f, task, (lambda p: 1 - p) if task.scale == "probability" else (lambda s: -s))
    return np.asarray(full.argmax(axis=1), np.intp)
