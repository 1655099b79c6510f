"""Partial dependence on pairs of features from the structure of a model, which tells means over all rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sipakit.aggregate import spread_of
from sipakit.sample import shares_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sipakit.axis import Plane
    from sipakit.exact import Joint, Together
    from sipakit.sample import Grids
    from sipakit.task import Task

__all__ = ["told_pairs"]


def told_pairs(task: Task, *, centred: bool) -> dict[int, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Return the mean answers at all places of each pair (places, k), with their standard errors, by its number.

    The error is that of the means of batches of rows. A centred surface has the influence of
    `sipakit.PartialDependence`, in which each row counts as a context and as a place.
    """
    joint: Joint | Together = task.joint
    grids: Grids = task.design
    numbers = {(min(f.columns), max(f.columns)): u for u, f in enumerate(task.features) if f.parts}
    rows = {pair: grids.place[grids.feature == u] for pair, u in numbers.items()}
    share, found = joint.batches.share, {}
    for pair, means in joint.surfaces(grids.table, rows):
        u, surface = numbers[pair], means  # (g, places, k)
        if centred:
            surface = means - np.einsum("bsk,s->bk", means, _usual(task.design.axes[u]))[:, None]
        values = np.tensordot(share, surface, 1)
        influence = surface - values
        if centred:
            by_place = np.einsum("bs,sk->bk", _shares(task, u), values)
            influence = influence - (by_place - share @ by_place)[:, None]
        error = np.sqrt(spread_of(influence.swapaxes(0, 1), share[None]).variance)
        found[u] = values, error
    return found


def _usual(plane: Plane) -> NDArray[np.float64]:
    usual: NDArray[np.float64] = (plane.weight / plane.weight.sum()).ravel()
    return usual


def _shares(task: Task, u: int) -> NDArray[np.float64]:
    """(g, places) share of each batch's rows that is at each place."""
    plane: Plane = task.design.axes[u]
    batches = task.joint.batches
    columns = [task.rows.columns[j] for j in task.features[u].columns]
    first, second = (shares_of(axis, one) for axis, one in zip((plane.first, plane.second), columns, strict=True))
    found = np.empty((len(batches.share), len(plane)))
    for b in range(len(batches.share)):
        here = np.flatnonzero(batches.of_row == b)
        found[b] = (first[here].T * batches.weights[here] @ second[here]).ravel() / batches.share[b]
    shares: NDArray[np.float64] = found / plane.weight.sum()
    return shares
