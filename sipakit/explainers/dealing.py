"""Donors of a feature's values: every value, or balanced shuffles, among all rows or within strata."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from sipakit.aggregate.base import cell_sums
from sipakit.aggregate.losses import Deals
from sipakit.sample import shuffled_along

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["dealt_among_all", "dealt_within"]


def dealt_among_all(
    weights: NDArray[np.float64], own: NDArray[np.intp], repeats: int, rng: np.random.Generator, *, in_full: bool
) -> tuple[NDArray[np.intp], Deals]:
    """Deal donors to every row, itself among them.

    Parameters
    ----------
    weights : (n,)
    own : (n,) int
        The value of each row, as a number in the order of the values.
    repeats : int
    rng : Generator
    in_full : bool
        Whether every value is dealt where there are no more than repeats.

    Returns
    -------
    ((d, n) the giving rows, Deals)
    """
    few = in_full and len(np.unique(own[weights > 0])) <= repeats
    return _every_value(weights, own) if few else _shuffled(weights, own, repeats, rng)


def dealt_within(
    weights: NDArray[np.float64],
    own: NDArray[np.intp],
    stratum: NDArray[np.intp],
    repeats: int,
    rng: np.random.Generator,
    *,
    in_full: bool,
) -> tuple[NDArray[np.intp], Deals]:
    """Deal donors from the same stratum, other rows than oneself; every stratum counts as its rows weigh.

    In a stratum of few rows oneself would come up often, and importances would be too small by that share.

    Parameters
    ----------
    weights, own, repeats, rng, in_full : as in `dealt_among_all`
    stratum : (n,) int, numbered from 0

    Returns
    -------
    ((d, n) the giving rows, Deals), d being the largest stratum's; deals that others lack count nothing
    """
    made = []
    for number in range(int(stratum.max()) + 1):
        rows = np.flatnonzero(stratum == number)
        donor, deals = dealt_among_all(weights[rows], own[rows], repeats, rng, in_full=in_full)
        made.append((rows, rows[donor], _not_to_oneself(donor, deals)))
    most, n = max(len(donor) for _, donor, _ in made), len(own)
    # values of different strata are different givers
    code = np.unique(np.column_stack([stratum, own]), axis=0, return_inverse=True)[1].reshape(-1).astype(np.intp)
    every = np.tile(np.arange(n), (most, 1))
    mass, counts = np.zeros((2, most, n))
    for rows, donor, deals in made:
        place = np.ix_(np.arange(len(donor)), rows)
        every[place], mass[place], counts[place] = donor, deals.mass, deals.counts
        counts[place] *= deals.weights.sum() / max(float(deals.pairs.sum()), 1e-300)
    left = np.array([deals.shuffles[0] for _, _, deals in made])
    return every, Deals(weights, code, code[every], mass, counts, left, stratum)


def _not_to_oneself(donor: NDArray[np.intp], deals: Deals) -> Deals:
    """Leave out that a row gives to itself, unless nobody else gives anything."""
    if deals.shuffles[0]:
        alone = donor == np.arange(len(deals.own))
        other = replace(deals, counts=np.where(alone, 0.0, deals.counts))
    else:
        mass = np.maximum(deals.mass - deals.weights * (deals.given == deals.own), 0.0)
        other = replace(deals, mass=mass, counts=np.where(mass > 0, deals.counts, 0.0))
    return other if other.pairs.any() else deals


def _every_value(weights: NDArray[np.float64], own: NDArray[np.intp]) -> tuple[NDArray[np.intp], Deals]:
    """One row for each value, dealt to everybody, with the weight of all rows with that value."""
    use = np.flatnonzero(weights > 0)
    values, first = np.unique(own[use], return_index=True)
    donor = np.broadcast_to(use[first][:, None], (len(values), len(own)))
    mass = cell_sums(own, weights, int(own.max()) + 1)[values][:, None]
    return donor, Deals.among_all(weights, own, values[:, None], mass, np.ones((1, 1)), every=True)


def _shuffled(
    weights: NDArray[np.float64], own: NDArray[np.intp], repeats: int, rng: np.random.Generator
) -> tuple[NDArray[np.intp], Deals]:
    """Donors of every row in balanced shuffles along the sorted column."""
    donor, counts = shuffled_along(np.argsort(own, kind="stable"), repeats, rng)
    return donor, Deals.among_all(weights, own, own[donor], weights[donor], counts, every=False)
