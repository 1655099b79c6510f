"""Decompositions in words: lines at a glance, findings, and the whole table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sipakit.estimate import falling
from sipakit.reports.finding import Finding, at, basis, listed, named, said
from sipakit.reports.measure import share

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from sipakit.estimate import Estimate
    from sipakit.explanation import Decomposition

__all__ = ["about_decomposition", "ordered_sets", "share_lines", "spread_of", "told_share"]

_NOTHING = 1e-9  # below which a share is rounding
_SETS = 3
_HIDDEN = 0.01  # share that a rest must have to be told


def told_share(estimate: Estimate, cell: tuple[int, ...]) -> tuple[str, str]:
    """Write a share and its interval: "exact" where it has no error, "unknown" where none is known."""
    value, error, lower, upper = (0.0 if abs(one) < _NOTHING else one for one in at(estimate, cell))
    if not error > 0:
        return share(value), "exact"
    if not np.isfinite([lower, upper]).all():
        return share(value, error), "unknown"
    return share(value, error), " to ".join(share(end, error) for end in (lower, upper))


def ordered_sets(e: Decomposition, output: int) -> list[int]:
    """Return the numbers of the sets, largest share first, and the rest at last."""
    return [*falling(e.values[:-1, output]).tolist(), len(e.sets) - 1]


def share_lines(e: Decomposition, output: int, sets: list[int]) -> Iterator[tuple[str, ...]]:
    """Write the features of each set, its share and the interval of it."""
    for s in sets:
        first, *others = e.sets[s]
        beside = " and ".join(named(name) for name in others if name is not None) or "alone"
        feature, beside = (named(first), beside) if s < len(e.sets) - 1 else ("the rest", "all else")
        yield feature, beside, *(told_share(e.estimate, (s, output)) if e.shared[output] else ("none", "none"))


def spread_of(e: Decomposition, s: int, output: int) -> float:
    """Return the standard deviation of a component; NaN where it is not known."""
    spread = e.estimate.parts.get("sd")
    return float("nan") if spread is None else float(spread[s, output])


def about_decomposition(e: Decomposition) -> list[Finding]:
    """Say how much the effects explain together, which are the largest, and what is left."""
    if not e.shared.any():
        return [Finding("The prediction does not vary, so there is nothing to be shared.", basis(e))]
    output = int(np.argmax(e.shared))
    inputs = "" if e.inputs == "observed" else " over rows with independent features"
    whole, ends = told_share(e.explained(), (output,))
    things = listed([word for size, word in _WORDS.items() if len(e.of_size(size))])
    told = f"{things} together explain {whole}{_within(ends)} of the variance of the {said(e, output)}{inputs}."
    found = [Finding(told[:1].upper() + told[1:], basis(e), key=True)]
    sure = [s for s in ordered_sets(e, output)[:-1] if _above(e.estimate, s, output)]
    for s in sure[:_SETS]:
        value, ends = told_share(e.estimate, (s, output))
        names = listed([named(name) for name in e.sets[s] if name is not None])
        what = f"{names} alone" if e.sets[s][1] is None else f"{names} together, beyond what each does alone,"
        found.append(Finding(f"{what} explain{'s' * (e.sets[s][1] is None)} {value}{_within(ends)}.", basis(e)))
    if _above(e.estimate, len(e.sets) - 1, output) and float(e.values[-1, output]) > _HIDDEN:
        rest, ends = told_share(e.estimate, (len(e.sets) - 1, output))
        found.append(Finding(f"{rest}{_within(ends)} is left to larger sets and other features.", basis(e)))
    return found


_WORDS = {1: "single features", 2: "pairs of them", 3: "sets of three"}


def _above(estimate: Estimate, s: int, output: int) -> bool:
    lower: NDArray[np.float64] = estimate.lower
    return bool(lower[s, output] > max(float(estimate.std_error[s, output]) / 2, _NOTHING))


def _within(ends: str) -> str:
    return "" if ends in ("exact", "unknown") else f" ({ends})"
