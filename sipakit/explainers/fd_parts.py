"""What a functional decomposition asks of a model, how the answers add up to components, and what they tell."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, product
from typing import TYPE_CHECKING

import numpy as np

from sipakit.explainers.h_design import beyond

if TYPE_CHECKING:
    from collections.abc import Hashable

    from numpy.typing import NDArray

    from sipakit.aggregate import Spread
    from sipakit.table import Table
    from sipakit.task import Task

__all__ = ["Found", "Parts", "Points", "parts_of", "without_share"]

_ROUNDING = 1e-13  # of the size of predictions
_LEAST = 0.1  # share of the prediction's variance that the components must add up to


@dataclass(frozen=True)
class Parts:
    """Patterns, and how each component is a sum of their answers with signs.

    Parameters
    ----------
    takes : (q + 2, p) bool
        Columns that come from the donor: all, none, then the patterns that are asked.
    sets : tuple of s tuples of int
        Numbers of the features of each component, small sets first.
    own : one array (sets, 2^size) of int for each size
        Patterns whose differences of differences are the component, all other columns being the base's.
    other : the same, all other columns being the donor's
        For the sets whose totals are asked.
    """

    takes: NDArray[np.bool_]
    sets: tuple[tuple[int, ...], ...]
    own: tuple[NDArray[np.intp], ...]
    other: tuple[NDArray[np.intp], ...]

    def named(self, task: Task) -> tuple[tuple[Hashable, ...], ...]:
        """Name the features of each component; a single one is beside None, and the rest is None twice."""
        names = [tuple(task.names[j] for j in one) for one in self.sets]
        return (*(one if len(one) > 1 else (*one, None) for one in names), (None, None))

    def components(self, f: NDArray[np.float64]) -> NDArray[np.float64]:
        """(d, b, s + 1, k) components, and the rest, from answers (d, b, q + 2, k) to all patterns."""
        found = _differences(f, self.own)
        rest = f[:, :, :1] - f[:, :, 1:2] - found.sum(axis=2, keepdims=True)
        return np.concatenate([found, rest], axis=2)

    def others(self, f: NDArray[np.float64]) -> NDArray[np.float64]:
        """(d, b, t, k) what the sets of ``other`` add, all other columns being the donor's."""
        return _differences(f, self.other)


def _differences(f: NDArray[np.float64], corners: tuple[NDArray[np.intp], ...]) -> NDArray[np.float64]:
    return np.concatenate([beyond(f[:, :, family.T]) for family in corners], axis=2)


def parts_of(task: Task, order: int, *, all_totals: bool) -> Parts:
    """List the patterns of every set of at most ``order`` features, and of their complements.

    Parameters
    ----------
    task : Task
    order : int
    all_totals : bool
        Whether totals of all sets are asked, and not only those of single features.
    """
    u, p = len(task.features), task.rows.n_columns
    known: dict[bytes, int] = {}
    takes: list[NDArray[np.bool_]] = []

    def number(take: NDArray[np.bool_]) -> int:
        if take.tobytes() not in known:
            known[take.tobytes()] = len(takes)
            takes.append(take)
        return known[take.tobytes()]

    number(np.ones(p, bool))
    number(np.zeros(p, bool))
    families = [list(combinations(range(u), size)) for size in range(1, min(order, u) + 1)]
    own = [[[number(_taken(task, c, bits)) for bits in _signs(c)] for c in family] for family in families]
    asked = families if all_totals else families[:1]
    turned = [[[number(~_taken(task, c, _turned(bits))) for bits in _signs(c)] for c in family] for family in asked]
    sets = tuple(c for family in families for c in family)
    return Parts(np.array(takes), sets, tuple(map(np.array, own)), tuple(map(np.array, turned)))


def _signs(features: tuple[int, ...]) -> product[tuple[int, ...]]:
    """Return which features are the donor's in each corner, in the order in which `beyond` takes differences."""
    return product((1, 0), repeat=len(features))


def _turned(bits: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(1 - bit for bit in bits)


def _taken(task: Task, features: tuple[int, ...], bits: tuple[int, ...]) -> NDArray[np.bool_]:
    kept = [j for j, bit in zip(features, bits, strict=True) if bit]
    return np.asarray(task.membership[kept].any(axis=0), bool)


@dataclass(frozen=True)
class Points:
    """Where the components were evaluated, and what they are there.

    Parameters
    ----------
    table : Table, m rows
    rows : (m,) int or None
        Their numbers in the explained rows, where they are such.
    components : (m, s + 1, k)
    base : (m, k)
        Mean prediction of the contexts of each.
    predictions : (m, k)
    """

    table: Table
    rows: NDArray[np.intp] | None
    components: NDArray[np.float64]
    base: NDArray[np.float64]
    predictions: NDArray[np.float64]


@dataclass(frozen=True)
class Found:
    """What the draws tell.

    Parameters
    ----------
    shares, structural : (s + 1, k)
        Of the prediction's variance; the rest is the last.
    totals : (t, k)
        Of the first t sets.
    share_spread, total_spread : Spread of these
    variance : (k,)
        Of the prediction: what the numerators of all shares add up to.
    none : (k,) bool
        Where there is no variance to share.
    """

    shares: NDArray[np.float64]
    structural: NDArray[np.float64]
    totals: NDArray[np.float64]
    share_spread: Spread
    total_spread: Spread
    variance: NDArray[np.float64]
    none: NDArray[np.bool_]


def without_share(
    added_up: NDArray[np.float64], variance: NDArray[np.float64], size: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """(k,) where there is no variance of predictions of this size, or components do not nearly add up to it."""
    return np.asarray((variance <= (_ROUNDING * size) ** 2) | (added_up <= _LEAST * variance), bool)
