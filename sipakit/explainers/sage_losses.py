"""What a row loses if some of its features are unknown: the loss of a mean over background rows, from a few of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sipakit.errors import CapabilityError, InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sipakit.scoring import Metric
    from sipakit.task import Task

__all__ = ["loss_of_mean", "losses_without_features", "scored_by_row"]

_STEPS = frozenset({"accuracy"})  # losses that jump, so that their bend says nothing


def scored_by_row(metrics: Sequence[Metric]) -> None:
    """Check that each metric is a mean of losses of rows.

    Raises
    ------
    CapabilityError
        Naming the one that is not.
    """
    for metric in metrics:
        if metric.by_row is None:
            message = f"scoring={metric.name!r} is a score of a whole table, and SAGE shares out losses of single rows."
            allowed = "It takes means over rows, such as 'neg_mean_squared_error', 'neg_brier_score', 'neg_log_loss'."
            raise CapabilityError(message, allowed, "Choose one of these, or use PermutationImportance for this score.")


def loss_of_mean(metric: Metric, target: NDArray[Any], f: NDArray[np.float64]) -> NDArray[np.float64]:
    """Loss of each row's expected prediction, from independent predictions (r, m, k) of it.

    Of a square it is unbiased: products of residuals of two different background rows have no noise in common. Of any
    other loss it is the loss of the mean, less what its bend makes too much: the rise of the loss where one of the
    predictions counts twice, in turn, scaled as a jackknife is. The means stay among the predictions seen, where
    leaving one out could leave a probability of zero.

    Parameters
    ----------
    metric : Metric
        A mean over rows.
    target : (r,) or (r, k)
    f : (r, m, k)
        Of one background row alone the loss is that of its prediction.

    Returns
    -------
    (r,)

    Examples
    --------
    >>> import numpy as np
    >>> from sipakit.scoring import Metric
    >>> square = Metric("square", residuals=lambda y, f: y[:, None] - f)
    >>> loss_of_mean(square, np.zeros(1), np.array([[[1.0], [3.0]]])).tolist()
    [3.0]
    """
    r, m, k = f.shape
    if not r:  # a single player meets no coalition
        return np.zeros(0)
    if metric.residuals is not None:
        off = metric.residuals(np.repeat(target, m, axis=0), f.reshape(r * m, k)).reshape(r, m, -1)
        if m == 1:
            return np.asarray((off**2).sum(axis=(1, 2)))
        return np.asarray(((off.sum(axis=1) ** 2).sum(axis=1) - (off**2).sum(axis=(1, 2))) / (m * (m - 1)))
    if metric.by_row is None:
        raise TypeError(metric.name)
    mean = f.mean(axis=1)
    loss = np.asarray(metric.by_row(target, mean), np.float64)
    if m > 1 and metric.name not in _STEPS:
        twice = (mean[:, None] * m + f) / (m + 1)
        risen = np.asarray(metric.by_row(np.repeat(target, m, axis=0), twice.reshape(r * m, k)), np.float64)
        loss = loss - (m + 1) ** 2 / (m - 1) * (risen.reshape(r, m).mean(axis=1) - loss)
    if not np.isfinite(loss[~np.isnan(mean).any(axis=1)]).all():
        message = f"scoring={metric.name!r} gives a loss that is no finite number for a mean prediction."
        raise InputError(message, "Losses must be finite.", "Choose another score.")
    return loss


def losses_without_features(metric: Metric, task: Task) -> NDArray[np.float64]:
    """(n,) loss of each row if no feature is known and the background's mean is predicted."""
    target: NDArray[Any] = task.target  # type: ignore[assignment] # the engine has seen to it
    usual = np.average(task.known_background_predictions, axis=0, weights=task.background_weights)
    return loss_of_mean(metric, target, np.broadcast_to(usual, (task.n, 1, task.k)))
