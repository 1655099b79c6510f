"""Partial dependence: the mean prediction when a feature, or two of them, is set to a value for every row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from sipakit.aggregate import Combined, CrossMoments, Moments, Update, effective_count
from sipakit.axis import Plane
from sipakit.caveats import caveat
from sipakit.errors import InputError
from sipakit.estimate import Estimate
from sipakit.explainers.curves import Curves
from sipakit.explanation import Effects
from sipakit.sample import Grids, shares_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from numpy.typing import NDArray

    from sipakit.task import Task

__all__ = ["PartialDependence"]

_MOST_PLACES = 1_000  # of a centred pair: its covariances take the square of twice as many numbers


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class PartialDependence(Curves):
    """Mean prediction when one feature is set to each value of a grid, the rest of each row being left as it is.

    Parameters
    ----------
    features : list of names, optional
        Columns; all by default, one at a time. A tuple of two columns sets both together, to every pair of values of
        their two grids; a tuple that is the name of a column is that column.
    background : table, optional
        Where the grid's values come from; the explained rows by default.
    output : str or list, optional
        See `sipakit.adapt`.
    centred : bool, default False
        Whether each curve has mean zero over the rows, at their own values. Pairs are then limited to 1,000 places.
    grid_resolution : int or "all", default 30
        Values that occur; quantiles of them where there are more. Categories keep up to 50 levels, and a missing cell
        is a place of its own.
    conf_level : float, default 0.95
    random_state : int, default 0
        Of no effect: nothing is drawn.

    Returns
    -------
    Effects
        ``values`` is a tuple with one array (places, outputs) a feature, and (places, places_2, outputs) a pair, in
        units of the prediction.

    Raises
    ------
    InputError
        For a centred pair of more than 1,000 places.

    Notes
    -----
    The interval covers the choice of rows. A centred curve subtracts a mean that comes from the same rows, so its
    influence function is f(v, x_i) - mean_k f(x_k, x_i) - mean_k f(x_i, x_k): each row counts as a context and as a
    place. Leaving that out covers 62 to 81 % instead of 95 %. The model itself is taken as given.

    Cost
    ----
    At most one model row for every row and place; the same rows as `ICE`, which a study shares. A pair has as many
    places as the product of its two grids, 900 by default.

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
    >>> both = sp.PartialDependence(features=[("x0", "x1")]).explain(lambda X: X[:, 0] * X[:, 1], X)
    >>> both.values[0][:, :, 0].tolist()
    [[0.0, 0.0], [1.0, 3.0]]
    """

    features: Sequence[Hashable] | None = None
    background: Any = None
    output: Any = None
    centred: bool = False
    grid_resolution: int | str = 30
    conf_level: float = 0.95
    random_state: int = 0

    takes_pairs: ClassVar[bool] = True
    question: ClassVar[str] = "How does the mean prediction move along a feature?"
    references: ClassVar[tuple[str, ...]] = (
        "Friedman (2001), Greedy function approximation, section 8.2. doi:10.1214/aos/1013203451",
    )

    def start(self, task: Task) -> Moments | Combined:
        """Moments of every place; for centred curves with each row's own place beside it."""
        if not self.centred:
            return Moments.zero(len(task.design.place), task.k)
        families = _families(task.design)
        sizes = {name: max(len(task.design.axes[j]) for j in family) for name, family in families.items()}
        if sizes.get("pairs", 0) > _MOST_PLACES:
            message = f"PartialDependence(centred=True) has a pair of {sizes['pairs']:,} places."
            cure = "Lower grid_resolution, or leave centred= out."
            raise InputError(message, f"A centred pair has at most {_MOST_PLACES:,}.", cure)
        # pairs have many more places, so single features are kept apart from them
        return Combined({name: CrossMoments.zero(len(families[name]), task.k, 2 * g) for name, g in sizes.items()})

    def aggregate(
        self, task: Task, sample: NDArray[np.intp], answers: NDArray[np.float64]
    ) -> Update | Mapping[str, Update]:
        """One value a row and place."""
        curves = answers.reshape(len(sample), -1, task.k)
        weights = task.weights[sample]
        if self.centred:
            families = _families(task.design).items()
            return {name: _with_own_places(task, sample, curves, family) for name, family in families}
        places = np.tile(np.arange(curves.shape[1]), len(sample))
        return Update(places, answers, np.repeat(weights, curves.shape[1]))

    def conclude(self, task: Task, state: Moments | Combined) -> Effects:
        """Return the curves with their intervals over rows."""
        values, std_error = _centred(task.design, state) if isinstance(state, Combined) else _plain(state)
        df = effective_count(*_weights(state))[0] - 1
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


def _families(grids: Grids) -> dict[str, list[int]]:
    """Return the numbers of the single features, and of the pairs, where there are any."""
    pair = [isinstance(axis, Plane) for axis in grids.axes]
    families = {"single": [j for j, p in enumerate(pair) if not p], "pairs": [j for j, p in enumerate(pair) if p]}
    return {name: family for name, family in families.items() if family}


def _with_own_places(task: Task, sample: NDArray[np.intp], curves: NDArray[np.float64], family: list[int]) -> Update:
    """For each row and feature: its curve less the curve's mean over all places, then its shares of the places."""
    grids: Grids = task.design
    longest = max(len(grids.axes[j]) for j in family)
    values = np.zeros((len(sample), len(family), task.k, 2 * longest))
    for cell, j in enumerate(family):
        axis = grids.axes[j]
        curve = curves[:, grids.feature == j].transpose(0, 2, 1)
        usual = (axis.weight / axis.weight.sum()).ravel()
        values[:, cell, :, : len(axis)] = curve - (curve @ usual)[:, :, None]
        columns = [task.rows.columns[c].take(sample) for c in task.features[j].columns]
        shares = shares_of(axis, *columns) / axis.weight.sum()
        values[:, cell, :, longest : longest + len(axis)] = shares[:, None, :]
    cells = np.tile(np.arange(len(family)), len(sample))
    return Update(cells, values.reshape(len(cells), task.k, -1), np.repeat(task.weights[sample], len(family)))


def _weights(state: Moments | Combined) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the sums of the rows' weights and of their squares, which are the same for every place."""
    arrays = state.arrays()
    weight, squares = (next(a for name, a in arrays.items() if name.endswith(end)) for end in ("weight", "_squares"))
    return weight, squares


def _plain(state: Moments) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return state.mean, state.std_error()


def _centred(grids: Grids, state: Combined) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centred curves and their standard errors by the influence function in the class's notes."""
    done: dict[int, tuple[NDArray[np.float64], NDArray[np.float64]]] = {}
    for name, family in _families(grids).items():
        arrays = state.states[name]
        if isinstance(arrays, CrossMoments):
            covariance = arrays.covariance()
            for cell, j in enumerate(family):
                done[j] = _centred_curve(arrays.mean[cell], covariance[cell], len(grids.axes[j]))
    values, std_error = zip(*(done[j] for j in range(len(grids.axes))), strict=True)
    return np.concatenate(values), np.concatenate(std_error)


def _centred_curve(
    mean: NDArray[np.float64], covariance: NDArray[np.float64], g: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(g, k) one curve and its standard error; mean (k, 2 l) and covariance (k, 2 l, 2 l) with g of l places used."""
    longest = mean.shape[1] // 2
    curve = mean[:, :g]
    if not np.isfinite(covariance).all():
        return curve.T, np.full(curve.T.shape, np.inf)
    own = slice(longest, longest + g)
    # of place g's value the gradient is 1 at its own mean, and minus the curve at the shares of the places
    crossed = np.einsum("kgs,ks->kg", covariance[:, :g, own], curve)
    constant = np.einsum("ks,kst,kt->k", curve, covariance[:, own, own], curve, optimize=True)
    variance = np.diagonal(covariance[:, :g, :g], axis1=1, axis2=2) - 2 * crossed + constant[:, None]
    return curve.T, np.sqrt(np.maximum(variance, 0)).T
