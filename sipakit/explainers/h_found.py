"""What the draws of H statistics tell of sets of features: mean squares, denominators, ratios, and their spreads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sipakit.aggregate import Collected, Combined, Incomplete, Moments, Spread, in_both_roles, spread_of
from sipakit.estimate import Estimate
from sipakit.explainers.h_design import Design, beyond

if TYPE_CHECKING:
    from collections.abc import Hashable

    from numpy.typing import NDArray

    from sipakit.task import Task

__all__ = ["Found", "of_all_pairs", "of_own_contexts", "strongest", "usual", "within", "without_variance"]

_SURE = 2.0  # standard errors by which a denominator must be above zero


@dataclass(frozen=True)
class Found:
    """What was measured of each set, all (s, k): mean squares, denominators, ratios, and where there is no ratio."""

    sets: tuple[tuple[Hashable, ...], ...]
    square: NDArray[np.float64]
    below: NDArray[np.float64]
    ratio: NDArray[np.float64]
    none: NDArray[np.bool_]
    squares: Spread
    ratios: Spread


def of_all_pairs(task: Task, state: Combined) -> Found:
    """Find the statistics of all pairs of the drawn rows."""
    theta, influence, weights = _components(task, state)
    half = len(task.design.sets)
    square, below = theta[:half], theta[half:]
    none = without_variance(below)
    ratio = np.where(none, np.nan, square / np.where(none, 1.0, below))
    about_ratio = (influence[:half] - ratio[:, None] * influence[half:]) / np.where(none, np.nan, below)[:, None]
    spreads = spread_of(influence[:half], weights), spread_of(about_ratio, weights)
    return Found(task.design.sets, square, below, ratio, none, *spreads)


def of_own_contexts(task: Task, state: Combined) -> Found:
    """Find the statistics of points in contexts of their own; a ratio needs a denominator that is sure not to be 0."""
    design: Design = task.design
    answers = _Answers.of(task, state)
    found: list[tuple[NDArray[np.bool_ | np.float64], ...]] = []
    spreads: list[tuple[Spread, Spread]] = []
    smallest = np.full(task.k, 1e-300)
    for corners in answers.corners:
        f = answers.at(corners)
        above, below = answers.drawn.square(beyond(f)), answers.drawn.square(f[:, :, 0])
        error = np.sqrt(answers.drawn.spread(below).variance)
        smallest = smallest if found else np.maximum(smallest, 1e-12 * below.value)  # the variance of f
        none = below.value <= np.maximum(smallest, _SURE * np.where(np.isfinite(error), error, 0))
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(none, np.nan, above.value / below.value)
            spreads.append((answers.drawn.spread(above), answers.drawn.spread(above.ratio(below, ratio))))
        found.append((above.value, below.value, ratio, none))
    squares, ratios = (Spread.stack(each) for each in zip(*spreads, strict=True))
    sets = tuple(design.sets[s] for s in answers.numbers)
    square, under, ratio, none = (np.stack(one) for one in zip(*found, strict=True))
    return Found(sets, square, under, ratio, none.astype(bool), squares, ratios)


def without_variance(below: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Where a denominator (s, k) is zero but for rounding, beside the first one, the variance of the predictions."""
    return np.asarray(below <= 1e-12 * np.maximum(below[0], 1e-300))


@dataclass(frozen=True)
class _Answers:
    """The answers that an incomplete design has, and the statistics that they suffice for.

    Parameters
    ----------
    drawn : Incomplete
        The draws that were not lost.
    given : arrays (m, d, patterns, k), of patterns in the order of ``place``
    place : pattern -> (which array, where in it)
    numbers : (s,) int
        The sets that were asked.
    corners : of each of these, numbers of patterns
    """

    drawn: Incomplete
    given: tuple[NDArray[np.float64], ...]
    place: dict[int, tuple[int, int]]
    numbers: tuple[int, ...]
    corners: tuple[NDArray[np.intp], ...]

    @classmethod
    def of(cls, task: Task, state: Combined) -> _Answers:
        """Collect them."""
        design: Design = task.design
        held = {name: one for name, one in state.states.items() if isinstance(one, Collected)}
        u, q = len(task.features), len(design.takes)
        more = held.get("beyond")
        reached = np.arange(0)
        kept = held["totals"].filled
        if more is not None and more.filled.any():
            reached = strongest(task, state) if design.screened else np.arange(design.reach)
            kept = kept & more.filled
        points, contexts = design.evaluated[kept], design.contexts[kept]
        shape = (*contexts.shape, 1, task.k)
        full = np.broadcast_to((task.known_predictions[points] - usual(task))[:, None, None], shape)
        empty = (task.known_background_predictions[contexts] - usual(task)).reshape(shape)
        place = {pattern: (0, pattern) for pattern in range(2 * u)}
        place.update({2 * u + int(set_): (3, i) for i, set_ in enumerate(reached)})
        place.update({q: (1, 0), q + 1: (2, 0)})
        parts = [held["totals"].values[kept], full, empty, *([more.values[kept]] if more is not None else [])]
        weights = task.weights[points] / task.weights[points].sum()
        drawn = Incomplete(points, contexts + (0 if design.shared else task.n), weights)
        every = [corners for family in design.corners for corners in family]
        numbers = (*range(u), *(u + int(set_) for set_ in np.sort(reached)))
        return cls(drawn, tuple(parts), place, numbers, tuple(every[s] for s in numbers))

    def at(self, corners: NDArray[np.intp]) -> NDArray[np.float64]:
        """(m, d, corners, k) answers."""
        where = [self.place[int(corner)] for corner in corners]
        return np.stack([self.given[which][:, :, i] for which, i in where], axis=2)


def strongest(task: Task, state: Combined) -> NDArray[np.intp]:
    """Return the numbers, among pairs and sets of three, of those that the budget reaches: strong totals first."""
    design: Design = task.design
    totals = of_own_contexts(task, Combined({"totals": state.states["totals"]}))
    share = np.maximum(totals.square / np.maximum(totals.below[0], 1e-300), 0)  # (u, k)
    place = {name: j for j, name in enumerate(task.names)}
    products = [share[[place[name] for name in names]].prod(axis=0).max() for names in design.sets[len(share) :]]
    sizes = [len(names) for names in design.sets[len(share) :]]
    return np.lexsort((-np.array(products), np.array(sizes)))[: design.reach]


def usual(task: Task) -> NDArray[np.float64]:
    """(k,) mean prediction, which is taken off so that products keep their digits."""
    return np.asarray(np.average(task.known_background_predictions, axis=0, weights=task.background_weights))


def within(values: NDArray[np.float64], spread: Spread, conf_level: float) -> Estimate:
    """Return values (c, k) with their intervals.

    Squares of products have heavy tails, so that the error is itself uncertain: its degrees of freedom follow
    Satterthwaite (1946), from the fourth moment of the influences; for normal ones they are the number of rows.
    """
    cube, doubt = spread.variance**1.5, spread.doubt
    skew = np.divide(spread.third, cube, out=np.zeros_like(cube), where=cube > 0)
    df = np.divide(2 * spread.variance**2, doubt, out=np.full_like(cube, np.inf), where=doubt > 0)
    return Estimate.within(values, np.sqrt(spread.variance), conf_level=conf_level, df=df, skew=skew)


def _components(task: Task, state: Combined) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Mean square of every component (c, k), each row's influence on it (c, rows, k), and the rows' weights.

    With G(i, b) the component of row i in context b and g_i its centred mean over contexts, the mean square of g is
    moved by row i as evaluation point by g_i^2 - theta, and by row b as context by
    2 (mean_i g_i G(i, b) - its mean over b).
    """
    design: Design = task.design
    collected, contexts = state.states["means"], state.states["contexts"]
    if not isinstance(collected, Collected) or not isinstance(contexts, Moments):
        raise TypeError(state)
    w = task.weights[design.evaluated] * collected.filled
    w = w / w.sum()
    v = task.background_weights[design.contexts] / task.background_weights[design.contexts].sum()
    means = collected.values.transpose(1, 0, 2)  # (c, m, k)
    middle = np.einsum("cmk,m->ck", means, w)
    centred = means - middle[:, None]
    theta = np.einsum("cmk,m->ck", centred**2, w)
    as_point = centred**2 - theta[:, None]
    product, own = np.split(contexts.mean.reshape(len(means), len(v), -1), 2, axis=-1)
    product = product - own * middle[:, None]  # mean over points of G(i, b) g_i
    as_context = 2 * (product - np.einsum("cbk,b->ck", product, v)[:, None])
    shared = design.shared and bool(collected.filled.all())
    return theta, *in_both_roles(as_point, as_context, w, v, shared=shared)
