"""Partial dependence: the mean prediction when a feature, or two of them, is set to a value for every row."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from sipakit.aggregate import Combined, CrossMoments, Moments, State, Update, effective_count
from sipakit.axis import Plane
from sipakit.caveats import caveat
from sipakit.errors import InputError
from sipakit.estimate import Estimate
from sipakit.explainers.curves import Curves
from sipakit.explainers.heterogeneity import Nodes, root_of, sum_of_squares, tell
from sipakit.explainers.pairs_told import told_pairs
from sipakit.explanation import Effects
from sipakit.sample import Grids

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from numpy.typing import NDArray

    from sipakit.table import Table
    from sipakit.task import Task

__all__ = ["PartialDependence"]

_MOST_PLACES = 1_000  # of a centred pair: its covariances take the square of twice as many numbers
_MOST_NODES = 16  # places of a longer axis that stand for all in the error of heterogeneity


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
        Nominal coverage of the intervals.
    random_state : int, default 0
        Of no effect: nothing is drawn.

    Returns
    -------
    Effects
        ``values`` is a tuple with one array (places, outputs) a feature, and (places, places_2, outputs) a pair, in
        units of the prediction. ``heterogeneity`` says how far the curves of single rows are from the mean curve, of
        each feature and, as a part of the estimate, at each place.

    Raises
    ------
    InputError
        For a centred pair of more than 1,000 places.

    Notes
    -----
    Heterogeneity at a place is the standard deviation over rows of their own curves, each less its own mean over the
    rows' values; of a feature it is the root of the mean square over those values. It is 0 where nothing interacts with
    the feature, and equals the unnormalised total H statistic with the feature set to each of its values in every row.
    Grids of more than 60 places count at 60 of them, unless ``centred``.

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

    def averages(self, task: Task) -> tuple[Table, list[tuple[int, int]]] | None:
        """Return the explained rows, where pairs are wanted: their means are all that a surface needs."""
        pairs = [(f.columns[0], f.columns[1]) for f in task.features if f.parts]
        return (task.rows, pairs) if pairs else None

    def asked(self, task: Task) -> Task:
        """Return the question without pairs whose means the model's structure tells."""
        if task.joint is None:
            return task
        alone = np.array([not feature.parts for feature in task.features])
        return replace(task.of_features(alone), joint=None, design=task.design.of(alone))

    def start(self, task: Task) -> Combined:
        """Moments of every place, and of every feature's curve with each row's own place beside it."""
        task = self.asked(task)
        families = _families(task.design)
        sizes = {name: max(len(task.design.axes[j]) for j in family) for name, family in families.items()}
        if self.centred and sizes.get("pairs", 0) > _MOST_PLACES:
            message = f"PartialDependence(centred=True) has a pair of {sizes['pairs']:,} places."
            cure = "Lower grid_resolution, or leave centred= out."
            raise InputError(message, f"A centred pair has at most {_MOST_PLACES:,}.", cure)
        # pairs have many more places, so single features are kept apart from them
        of_curves = families if self.centred else {name: f for name, f in families.items() if name == "single"}
        most = max(sizes.values(), default=0) if self.centred else _MOST_NODES
        states: dict[str, State] = {
            name: CrossMoments.zero(len(family), task.k, 2 * min(sizes[name], most) + 1)
            for name, family in of_curves.items()
        }
        if not self.centred:
            states["places"] = Moments.zero(len(task.design.place), task.k)
            long = sum(len(task.design.axes[j]) for j in _long(task.design))
            if long:
                states["long"] = CrossMoments.zero(long, task.k, 1)
        return Combined(states)

    def aggregate(self, task: Task, sample: NDArray[np.intp], answers: NDArray[np.float64]) -> Mapping[str, Update]:
        """One value a row and place, and one vector a row and feature."""
        task = self.asked(task)
        curves = answers.reshape(len(sample), -1, task.k)
        families = _families(task.design)
        used = families if self.centred else {"single": families.get("single", [])}  # of pairs only the answers
        own = {j: _centred_at(task.design, curves, j) for family in used.values() for j in family}
        if self.centred:
            return {name: _shapes(task, sample, {j: own[j] for j in family}, None) for name, family in families.items()}
        weights = task.weights[sample]
        places = np.tile(np.arange(curves.shape[1]), len(sample))
        updates = {"places": Update(places, answers, np.repeat(weights, curves.shape[1]))}
        if "single" in families:
            updates["single"] = _shapes(task, sample, {j: own[j] for j in families["single"]}, _MOST_NODES)
        long = [own[j] for j in _long(task.design)]
        if long:
            values = np.concatenate(long, axis=2).swapaxes(1, 2)
            places = np.tile(np.arange(values.shape[1]), len(sample))
            updates["long"] = Update(places, values.reshape(-1, task.k, 1), np.repeat(weights, values.shape[1]))
        return updates

    def conclude(self, task: Task, state: Combined) -> Effects:
        """Return the curves with their intervals over rows."""
        asked, told = self.asked(task), {} if task.joint is None else told_pairs(task, centred=self.centred)
        values, std_error = _centred(task.k, asked.design, state) if self.centred else _plain(state)
        rows = float(effective_count(*_weights(task, state)))
        few = (caveat("SIPA011", "One row has no spread; the intervals are infinite."),) if rows < 2 else ()
        at_places, squares, errors = _heterogeneity(asked, state, None if self.centred else _MOST_NODES)
        df = np.full_like(values, rows - 1)
        parts = {"heterogeneity": at_places} if len(squares) else {}
        if told:
            batches = float(effective_count(task.joint.batches.share.sum(), (task.joint.batches.share**2).sum()))
            values = _filled(task.design, values, {u: found for u, (found, _) in told.items()})
            std_error = _filled(task.design, std_error, {u: error for u, (_, error) in told.items()})
            df = _filled(task.design, df, dict.fromkeys(told, batches - 1))
            parts = {name: _filled(task.design, part, dict.fromkeys(told, np.nan)) for name, part in parts.items()}
        return Effects(
            **self.about(task),
            estimate=Estimate.within(values, std_error, conf_level=self.conf_level, df=df, parts=parts),
            error="Choice of the explained rows; the model is taken as given.",
            estimator="every row at every place",
            caveats=task.design.caveats + few,
            axes=task.design.axes,
            centred=self.centred,
            heterogeneity=root_of(squares, errors, conf_level=self.conf_level, df=rows - 1) if len(squares) else None,
        )


def _filled(
    grids: Grids, asked: NDArray[np.float64], told: Mapping[int, NDArray[np.float64] | float]
) -> NDArray[np.float64]:
    """(e, k) numbers at all places, from those of the features asked, in their order, and of each feature told."""
    found = np.empty((len(grids.feature), asked.shape[1]))
    found[~np.isin(grids.feature, list(told))] = asked
    for feature, values in told.items():
        found[grids.feature == feature] = values
    return found


def _families(grids: Grids) -> dict[str, list[int]]:
    """Return the numbers of the single features, and of the pairs, where there are any."""
    pair = [isinstance(axis, Plane) for axis in grids.axes]
    families = {"single": [j for j, p in enumerate(pair) if not p], "pairs": [j for j, p in enumerate(pair) if p]}
    return {name: family for name, family in families.items() if family}


def _long(grids: Grids) -> list[int]:
    """Return the numbers of single features with more places than are measured together."""
    return [j for j, axis in enumerate(grids.axes) if not isinstance(axis, Plane) and len(axis) > _MOST_NODES]


def _shapes(
    task: Task, sample: NDArray[np.intp], centred: Mapping[int, NDArray[np.float64]], most: int | None
) -> Update:
    """For each row and feature what `tell` writes; ``centred`` has (rows, outputs, places) of each feature."""
    grids: Grids = task.design
    nodes = [Nodes.of(grids.axes[j], most) for j in centred]
    values = np.zeros((len(sample), len(nodes), task.k, 2 * max(map(len, nodes)) + 1))
    for cell, ((j, own), one) in enumerate(zip(centred.items(), nodes, strict=True)):
        columns = [task.rows.columns[c].take(sample) for c in task.features[j].columns]
        tell(values[:, cell], one, own, one.shares(grids.axes[j], columns))
    cells = np.tile(np.arange(len(nodes)), len(sample))
    return Update(cells, values.reshape(len(cells), task.k, -1), np.repeat(task.weights[sample], len(nodes)))


def _centred_at(grids: Grids, curves: NDArray[np.float64], feature: int) -> NDArray[np.float64]:
    """(r, k, g) each row's curve less its own mean."""
    start, end = np.searchsorted(grids.feature, (feature, feature + 1))  # a feature's places follow each other
    return Nodes.of(grids.axes[feature]).centred(curves[:, start:end].swapaxes(1, 2))


def _heterogeneity(
    task: Task, state: Combined, most: int | None
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Standard deviations at all places (e, k), NaN for pairs, and of each single feature H^2 (l, k) with its error."""
    grids: Grids = task.design
    at_places = np.full((len(grids.place), task.k), np.nan)
    squares, errors = [], []
    single, long, done = state.states.get("single"), state.states.get("long"), 0
    for cell, j in enumerate(_families(grids).get("single", ())):
        axis = grids.axes[j]
        nodes = Nodes.of(axis, most)
        measured = None
        if len(nodes) < len(axis) and isinstance(long, CrossMoments):
            part = slice(done, done + len(axis))
            measured, done = long.spread[part, :, 0] / np.maximum(long.weight[part, None], 1e-300), part.stop
        here, square, error = sum_of_squares(single, cell, nodes, measured)  # type: ignore[arg-type]
        at_places[grids.feature == j] = np.sqrt(here)
        squares.append(square)
        errors.append(error)
    shape = (-1, task.k)
    return at_places, np.array(squares).reshape(shape), np.array(errors).reshape(shape)


def _weights(task: Task, state: Combined) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the sums of the rows' weights and of their squares, which are the same for every place."""
    for one in state.states.values():
        if isinstance(one, Moments | CrossMoments) and len(one.weight):
            return one.weight[0], one.weight_squares[0]
    return task.weights.sum(), (task.weights**2).sum()  # nothing was asked


def _plain(state: Combined) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    places = state.states["places"]
    if not isinstance(places, Moments):
        raise TypeError(places)
    return places.mean, places.std_error()


def _centred(k: int, grids: Grids, state: Combined) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centred curves and their standard errors by the influence function in the class's notes."""
    families = _families(grids)
    moments = {name: one for name, one in state.states.items() if name in families and isinstance(one, CrossMoments)}
    values, std_error = np.empty((2, len(grids.place), k))
    for name, one in moments.items():
        covariance = one.covariance()
        for cell, j in enumerate(families[name]):
            curve = _centred_curve(one.mean[cell], covariance[cell], len(grids.axes[j]))
            values[grids.feature == j], std_error[grids.feature == j] = curve
    return values, std_error


def _centred_curve(
    mean: NDArray[np.float64], covariance: NDArray[np.float64], g: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(g, k) one curve and its standard error; mean and covariance are of what `tell` writes, g of l places used."""
    longest = (mean.shape[1] - 1) // 2
    curve = mean[:, :g]
    if not np.isfinite(covariance).all():
        return curve.T, np.full(curve.T.shape, np.inf)
    own = slice(longest, longest + g)
    # of place g's value the gradient is 1 at its own mean, and minus the curve at the shares of the places
    crossed = np.einsum("kgs,ks->kg", covariance[:, :g, own], curve)
    constant = np.einsum("ks,kst,kt->k", curve, covariance[:, own, own], curve, optimize=True)
    variance = np.diagonal(covariance[:, :g, :g], axis1=1, axis2=2) - 2 * crossed + constant[:, None]
    return curve.T, np.sqrt(np.maximum(variance, 0)).T
