"""A finding: one sentence with its numbers, and what they rest on. Helpers that all sentences share."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sipakit.axis import Plane
from sipakit.estimate import falling
from sipakit.plots.formats import quantity
from sipakit.plots.labels import clean
from sipakit.plots.words import sized

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from numpy.typing import NDArray

    from sipakit.axis import Axis
    from sipakit.estimate import Estimate
    from sipakit.explanation import Explanation

__all__ = ["Finding", "at", "basis", "both", "in_full", "listed", "named", "placed", "ranked", "said"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about a model.

    Parameters
    ----------
    text : str
        With numbers, units and intervals, rounded to what the intervals support.
    basis : str
        How many rows it rests on, and what the interval covers.
    key : bool
        Whether it belongs on the first screen.
    """

    text: str
    basis: str
    key: bool = False

    def __str__(self) -> str:
        return self.text


def at(estimate: Estimate, cell: tuple[int, ...]) -> tuple[float, float, float, float]:
    """Return value, standard error, lower and upper end of one estimate."""
    value, error, lower, upper = (float(array[cell]) for array in estimate.numbers)
    return value, error, lower, upper


def named(name: Hashable) -> str:
    """Write a user's name inside a sentence: in one line, no longer than 60 columns."""
    return clean(name, 60)


def both(axis: Axis | Plane) -> str:
    """Write the name of an axis, or the names of a pair.

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> X = np.array([[0.0, 1.0], [1.0, 3.0]])
    >>> e = sp.PartialDependence(features=["x0", ("x0", "x1")]).explain(lambda X: X[:, 0], X)
    >>> [both(axis) for axis in e.axes]
    ['x0', 'x0 and x1']
    """
    return " and ".join(named(one.name) for one in ((axis.first, axis.second) if isinstance(axis, Plane) else (axis,)))


def in_full(text: str) -> str:
    """Write a text that holds users' names, such as a rule, at full length and in one line."""
    return " ".join(clean(text, None).split())


def placed(name: Hashable, label: object) -> str:
    """Write a place of a feature.

    Examples
    --------
    >>> placed("hour", 17), placed("job", None)
    ('hour = 17', 'job is missing')
    """
    shown = named("missing" if label is None else label)
    return f"{named(name)} is missing" if shown == "missing" else f"{named(name)} = {shown}"


def listed(parts: Sequence[str], word: str = "and") -> str:
    """Join parts as in a sentence.

    Examples
    --------
    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return " ".join(filter(None, [", ".join(parts[:-1]), word if len(parts) > 1 else "", *parts[-1:]]))


def said(explanation: Explanation, output: int) -> str:
    """Name what the model says: "prediction", "probability of yes"."""
    return quantity(explanation, explanation.outputs[output])


def basis(explanation: Explanation, rows: str = "") -> str:
    """Say the number of rows, the level of the intervals and what they cover.

    Parameters
    ----------
    explanation : Explanation
    rows : str
        How many rows of which kind; the explained rows by default.
    """
    n = int(explanation.manifest.get("rows", 0))
    count = rows or sized(n, "row")
    error = clean(explanation.error, None)
    if error.startswith("None"):
        return f"n = {count}; no interval is needed{error.rstrip('.').removeprefix('None')}."
    if error.startswith("Unknown"):
        return f"n = {count}; no interval is known."
    covers = re.split(r"[;.]", error)[0]  # what it leaves out is said once on a page, and in full with each method
    return f"n = {count}; {100 * explanation.conf_level:g} % interval: {covers[:1].lower()}{covers[1:]}."


def ranked(
    names: Iterable[str], values: NDArray[np.float64], lower: NDArray[np.float64], upper: NDArray[np.float64]
) -> list[list[str]]:
    """Rank from large to small; whose interval overlaps with that of the first of a place shares the place.

    Examples
    --------
    >>> import numpy as np
    >>> values = np.array([1.0, 9.0, 1.5])
    >>> ranked("abc", values, values - 0.3, values + 0.3)
    [['b'], ['c', 'a']]
    """
    names = list(names)
    groups: list[list[str]] = []
    floor = np.inf
    for i in falling(values):
        if groups and upper[i] >= floor:
            groups[-1].append(names[i])
        else:
            groups.append([names[i]])
            floor = float(lower[i])
    return groups
