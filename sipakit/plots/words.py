"""Sentences below a picture: what was left out, what the intervals cover, what must be known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sipakit.estimate import falling
from sipakit.plots.formats import interval
from sipakit.plots.labels import clean

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from sipakit.estimate import Estimate
    from sipakit.explanation import Explanation

__all__ = [
    "about_error",
    "counted",
    "first_ones",
    "largest",
    "others",
    "possible_ranks",
    "serious",
    "sized",
    "told",
]


def largest(sizes: ArrayLike, limit: int) -> list[int]:
    """Return which are drawn: all in their own order, or the ``limit`` largest in falling order.

    Examples
    --------
    >>> largest([1.0, 3.0, 2.0], 3), largest([1.0, 3.0, 2.0], 2)
    ([0, 1, 2], [1, 2])
    """
    sizes = np.asarray(sizes, dtype=np.float64)
    if len(sizes) <= limit:
        return list(range(len(sizes)))
    return [int(i) for i in falling(sizes)[:limit]]


def possible_ranks(lower: NDArray[np.float64], upper: NDArray[np.float64]) -> list[str]:
    """Write the ranks that intervals allow each number, the largest being the first; several are a tie.

    Examples
    --------
    >>> possible_ranks(np.array([5.0, 1.0, 1.5, -1.0]), np.array([7.0, 2.0, 2.5, 0.0]))
    ['#1', '#2-3', '#2-3', '#4']
    """
    lower = np.where(np.isnan(lower), -np.inf, lower)
    upper = np.where(np.isnan(upper), np.inf, upper)
    above = len(lower) - np.searchsorted(np.sort(lower), upper, side="right")
    below = np.searchsorted(np.sort(upper), lower, side="left")
    first, last = above + 1, len(lower) - below
    return [f"#{a}" if a == b else f"#{a}-{b}" for a, b in zip(first, last, strict=True)]


def counted(drawn: int, total: int, things: str, order: str) -> str:
    """Say how many of how many are drawn; nothing where all are.

    Examples
    --------
    >>> counted(12, 60, "features", "largest range first"), counted(3, 3, "features", "")
    ('12 of 60 features, largest range first.', '')
    """
    return "" if drawn == total else f"{drawn:,} of {total:,} {things}, {order}."


def others(rest: int) -> str:
    """Name features that share a bar.

    Examples
    --------
    >>> others(1), others(7)
    ('the other one', 'the other 7 together')
    """
    return "the other one" if rest == 1 else f"the other {rest} together"


def sized(count: int, thing: str) -> str:
    """Count things in words.

    Examples
    --------
    >>> sized(1, "row"), sized(1200, "row")
    ('1 row', '1,200 rows')
    """
    return f"{count:,} {thing}{'s' * (count != 1)}"


def first_ones(drawn: int, total: int, things: str) -> str:
    """Say that only the first of several are drawn; nothing where all are.

    Examples
    --------
    >>> first_ones(1, 3, "outputs")
    '1 of 3 outputs, the first one.'
    """
    return counted(drawn, total, things, "the first one" if drawn == 1 else "the first ones")


def about_error(explanation: Explanation) -> str:
    """Say what the drawn intervals cover."""
    estimate = explanation.estimate
    wide: NDArray[np.bool_] = np.isfinite(estimate.lower) & (estimate.upper > estimate.lower)
    known = np.isfinite(estimate.lower) | ~np.isfinite(estimate.values)
    level = f"{100 * explanation.conf_level:g} % intervals. " if wide.any() else ""
    lacking = "" if known.all() else " Where no interval is drawn, none could be had."
    return f"{level}Error: {clean(explanation.error, None)}{lacking}"


def serious(explanation: Explanation) -> str:
    """Name the caveats that forbid relying on the picture."""
    titles = [f"{c.title} ({c.code})" for c in explanation.caveats if c.severity == "serious"]
    return f"Not to be relied on: {'; '.join(titles)}." if titles else ""


def told(estimate: Estimate, cell: tuple[int, ...]) -> str:
    """Write one number of an estimate with its interval."""
    return interval(*(float(array[cell]) for array in estimate.numbers))
