"""Which rows of the background hold the values of an axis: values that occur, or quantiles of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sipakit import columns as col
from sipakit.caveats import Caveat, caveat
from sipakit.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sipakit.task import Feature, Task

__all__ = ["occurring_rows"]

MOST_LEVELS = 50  # levels of an unordered category on one axis


def occurring_rows(
    task: Task, feature: Feature, resolution: int | str, *, with_missing: bool
) -> tuple[NDArray[np.intp], list[Caveat]]:
    """Rows of the background that hold the grid's values, in the order of the axis."""
    if len(feature.columns) > 1:
        message = f"Feature {feature.name!r} is a group of {len(feature.columns)} columns."
        raise InputError(message, "A curve has one axis.", "Name single columns in features=.")
    key = ("places", feature, resolution, with_missing, hash(task.background_weights.tobytes()))
    return task.background.remembered(key, lambda: _found(task, feature, resolution, with_missing=with_missing))


def _found(
    task: Task, feature: Feature, resolution: int | str, *, with_missing: bool
) -> tuple[NDArray[np.intp], list[Caveat]]:
    caveats: list[Caveat] = []
    column = task.background.columns[feature.columns[0]]
    if task.background.kind(feature.columns[0]) == "category":
        rows = _levels(column, task.background_weights, feature, caveats)
    else:
        rows = _quantiles(col.numbers(column), task.background_weights, resolution)
    absent = np.flatnonzero(col.missing(column))
    if not len(rows) and not len(absent):
        message = f"Feature {feature.name!r} has no finite value in a row with weight."
        raise InputError(message, "A curve needs one.", "Leave it out of features=, or mend the column.")
    use_missing = (with_missing or not len(rows)) and len(absent)
    return (np.append(rows, absent[:1]) if use_missing else rows), caveats


def _quantiles(places: NDArray[np.float64], weights: NDArray[np.float64], resolution: int | str) -> NDArray[np.intp]:
    use = np.flatnonzero(np.isfinite(places) & (weights > 0))
    order = use[np.argsort(places[use], kind="stable")]
    values = places[order]
    starts = np.flatnonzero(np.append(True, values[1:] != values[:-1])[: len(values)])
    first = order[starts]
    if isinstance(resolution, int) and len(first) > resolution:
        # the inverse of the distribution gives values that occur, and takes a row twice exactly as a weight of two
        share = np.cumsum(np.add.reduceat(weights[order], starts))
        first = first[np.unique(np.searchsorted(share / share[-1], np.linspace(0, 1, resolution)))]
    return first


def _levels(
    column: col.Column, weights: NDArray[np.float64], feature: Feature, caveats: list[Caveat]
) -> NDArray[np.intp]:
    use = np.flatnonzero(~col.missing(column))
    codes, first = np.unique(col.ranks(column)[use], return_index=True)
    if len(codes) > MOST_LEVELS:
        mass = np.bincount(col.ranks(column)[use], weights[use])[codes]
        common = np.sort(np.argsort(-mass, kind="stable")[:MOST_LEVELS])
        share = mass[common].sum() / mass.sum()
        message = f"Feature {feature.name!r} has {len(codes)} levels; the {MOST_LEVELS} most frequent ones are drawn."
        caveats.append(caveat("SIPA022", f"{message} They hold {share:.1%} of the rows."))
        first = first[common]
    return use[first]
