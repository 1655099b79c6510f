"""Partial dependence: the mean prediction when one feature is set to a value for every row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from sipakit.aggregate import CrossMoments, Moments, Update, effective_count
from sipakit.caveats import caveat
from sipakit.estimate import Estimate
from sipakit.explainers.curves import Curves
from sipakit.explanation import Effects
from sipakit.sample import Grids, shares_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

    from sipakit.task import Task

__all__ = ["PartialDependence"]


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class PartialDependence(Curves):
    """Mean prediction when one feature is set to each value of a grid, the rest of each row being left as it is.

    Parameters
    ----------
    features : list of names, optional
        Columns; all by default, one at a time.
    background : table, optional
        Where the grid's values come from; the explained rows by default.
    output : str or list, optional
        See `sipakit.adapt`.
    centred : bool, default False
        Whether each curve has mean zero over the rows, at their own values.
    grid_resolution : int or "all", default 30
        Values that occur; quantiles of them where there are more. Categories keep up to 50 levels, and a missing cell
        is a place of its own.
    conf_level : float, default 0.95
    random_state : int, default 0
        Of no effect: nothing is drawn.

    Returns
    -------
    Effects
        ``values`` is a tuple with one array (places, outputs) a feature, in units of the prediction.

    Notes
    -----
    The interval covers the choice of rows. A centred curve subtracts a mean that comes from the same rows, so its
    influence function is f(v, x_i) - mean_k f(x_k, x_i) - mean_k f(x_i, x_k): each row counts as a context and as a
    place. Leaving that out covers 62 to 81 % instead of 95 %. The model itself is taken as given.

    Cost
    ----
    At most one model row for every row and place; the same rows as `ICE`, which a study shares.

    References
    ----------
    Friedman (2001), doi:10.1214/aos/1013203451, section 8.2

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> X = np.array([[0.0, 1.0], [1.0, 3.0]])
    >>> e = sp.PartialDependence(features=["x0"]).explain(lambda X: 2 * X[:, 0] + X[:, 1], X)
    >>> e.values[0][:, 0].tolist()
    [2.0, 4.0]
    """

    features: Sequence[Hashable] | None = None
    background: Any = None
    output: Any = None
    centred: bool = False
    grid_resolution: int | str = 30
    conf_level: float = 0.95
    random_state: int = 0

    question: ClassVar[str] = "How does the mean prediction move along a feature?"
    references: ClassVar[tuple[str, ...]] = (
        "Friedman (2001), Greedy function approximation, section 8.2. doi:10.1214/aos/1013203451",
    )

    def start(self, task: Task) -> Moments | CrossMoments:
        """Moments of every place; for centred curves with each row's own place beside it."""
        if not self.centred:
            return Moments.zero(len(task.design.place), task.k)
        longest = max(len(axis) for axis in task.design.axes)
        return CrossMoments.zero(len(task.features), task.k, 2 * longest)

    def aggregate(self, task: Task, sample: NDArray[np.intp], answers: NDArray[np.float64]) -> Update:
        """One value a row and place."""
        curves = answers.reshape(len(sample), -1, task.k)
        weights = task.weights[sample]
        if self.centred:
            return self._with_own_places(task, sample, curves, weights)
        places = np.tile(np.arange(curves.shape[1]), len(sample))
        return Update(places, answers, np.repeat(weights, curves.shape[1]))

    def _with_own_places(
        self, task: Task, sample: NDArray[np.intp], curves: NDArray[np.float64], weights: NDArray[np.float64]
    ) -> Update:
        """For each row and feature: its curve less the curve's mean over all places, then its shares of the places."""
        grids: Grids = task.design
        longest = max(len(axis) for axis in grids.axes)
        values = np.zeros((len(sample), len(grids.axes), task.k, 2 * longest))
        for j, axis in enumerate(grids.axes):
            curve = curves[:, grids.feature == j].transpose(0, 2, 1)
            usual = axis.weight / axis.weight.sum()
            values[:, j, :, : len(axis)] = curve - (curve @ usual)[:, :, None]
            column = task.rows.columns[task.features[j].columns[0]].take(sample)
            shares = shares_of(axis, column) / axis.weight.sum()
            values[:, j, :, longest : longest + len(axis)] = shares[:, None, :]
        cells = np.tile(np.arange(len(grids.axes)), len(sample))
        return Update(cells, values.reshape(len(cells), task.k, -1), np.repeat(weights, len(grids.axes)))

    def conclude(self, task: Task, state: Moments | CrossMoments) -> Effects:
        """Return the curves with their intervals over rows."""
        values, std_error = _centred(task.design, state) if isinstance(state, CrossMoments) else _plain(state)
        df = effective_count(state.weight, state.weight_squares)[0] - 1
        few = (caveat("SIPA011", "One row has no spread; the intervals are infinite."),) if df < 1 else ()
        return Effects(
            **self.about(task),
            estimate=Estimate.within(values, std_error, conf_level=self.conf_level, df=df),
            error="Choice of the explained rows; the model is taken as given.",
            estimator="every row at every place",
            caveats=task.design.caveats + few,
            axes=task.design.axes,
            centred=self.centred,
        )


def _plain(state: Moments) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return state.mean, state.std_error()


def _centred(grids: Grids, state: CrossMoments) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centred curves and their standard errors by the influence function in the class's notes."""
    longest = state.mean.shape[2] // 2
    covariance = state.covariance()
    values, std_error = [], []
    for j, axis in enumerate(grids.axes):
        curve = state.mean[j, :, : len(axis)]  # (k, g)
        gradient = np.zeros((*curve.shape, 2 * longest))  # of place g's value, by every mean
        gradient[:, np.arange(len(axis)), np.arange(len(axis))] = 1.0
        gradient[:, :, longest : longest + len(axis)] = -curve[:, None, :]
        if not np.isfinite(covariance[j]).all():
            variance = np.full(curve.shape, np.inf)
        else:
            variance = np.einsum("kgd,kde,kge->kg", gradient, covariance[j], gradient, optimize=True)
        values.append(curve.T)
        std_error.append(np.sqrt(np.maximum(variance, 0)).T)
    return np.concatenate(values), np.concatenate(std_error)
