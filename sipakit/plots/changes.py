"""Other views of single curves: as changes from the first place, and as slopes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from sipakit.axis import Axis
from sipakit.errors import InputError, first_few
from sipakit.estimate import Estimate
from sipakit.plots.labels import clean
from sipakit.plots.places import scale_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sipakit.explanation import Effects

__all__ = ["View", "as_changes", "as_slopes", "as_they_are"]


@dataclass(frozen=True, eq=False)
class View:
    """Single curves, and how they are spoken of.

    Parameters
    ----------
    explanation : Effects
        What was found.
    curves : Effects
        What is drawn of it, with a curve for each row.
    spans : (u,) float
        What makes features comparable: slopes are counted for the whole way along a feature.
    label, title : str
        Of the upright ruler and of the picture, with ``{}`` for the model's answer.
    note : str
    zero : bool
        Whether zero is a place to look at.
    shared : bool
        Whether all features share one upright ruler.
    """

    explanation: Effects
    curves: Effects
    spans: NDArray[np.float64]
    label: str = "{}"
    title: str = "{} of single rows"
    note: str = ""
    zero: bool = False
    shared: bool = True


def as_they_are(explanation: Effects) -> View:
    """Leave the curves as they are."""
    return View(explanation, explanation, np.ones(len(explanation.axes)), zero=explanation.centred)


def as_changes(explanation: Effects) -> View:
    """Take from each curve its value at the first place, so that only its shape is left.

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> X = np.array([[0.0, 1.0], [1.0, 3.0]])
    >>> e = sp.ICE(features=["x0"]).explain(lambda X: 2 * X[:, 0] + X[:, 1], X)
    >>> as_changes(e).curves.values[0][:, :, 0].tolist()
    [[0.0, 2.0], [0.0, 2.0]]
    """
    _needs_rows(explanation, "centred")
    parts = explanation.parts()
    values = explanation.estimate.values
    first = np.stack([values[:, part.start] for part in parts], axis=1)  # (n, u, k)
    sizes = [part.stop - part.start for part in parts]
    changed = values - np.repeat(first, sizes, axis=1)
    return View(
        explanation,
        replace(explanation, estimate=Estimate.exact(changed), own=None, predictions=None),
        np.ones(len(parts)),
        label="change in {}",
        title="change in {} of single rows",
        note="Each curve less its own value at the first place, so all begin at 0.",
        zero=True,
    )


def as_slopes(explanation: Effects) -> View:
    """Differences of neighbouring places by their distance; levels and missing cells have none.

    Raises
    ------
    InputError
        Where no feature has two places with a distance.

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> X = np.array([[0.0, 1.0], [0.5, 3.0], [2.0, 3.0]])
    >>> e = sp.ICE(features=["x0"]).explain(lambda X: X[:, 0] ** 2, X)
    >>> as_slopes(e).curves.values[0][0, :, 0].tolist()
    [0.5, 2.5]
    """
    _needs_rows(explanation, "derivative")
    parts, axes, slopes, spans, lacking = explanation.parts(), [], [], [], []
    for j, axis in explanation.lines.items():
        known = np.flatnonzero(np.isfinite(axis.positions))
        if axis.kind not in {"number", "date"} or len(known) < 2:
            lacking.append(axis.name)
            continue
        way = np.diff(axis.positions[known]) * scale_of(axis)[0]
        values = explanation.estimate.values[:, parts[j]][:, known]
        slopes.append(np.diff(values, axis=1) / way[None, :, None])
        axes.append(_between(axis, known))
        spans.append(way.sum())
    if not axes:
        message = f"kind='derivative' has nothing to draw: {first_few(lacking)} have levels or a single place."
        cure = "Draw kind='centred', which shows levels as well."
        raise InputError(message, "A slope needs two places with a distance: numbers or dates.", cure)
    more = f" and {len(lacking) - 3} more" if len(lacking) > 3 else ""
    names = ", ".join(clean(name) for name in lacking[:3])
    left = f" Left out, as levels and single places have none: {names}{more}." if lacking else ""
    note = f"Slopes between neighbouring places, for one unit of the feature (of dates: a day).{left}"
    return View(
        explanation,
        replace(
            explanation,
            features=tuple(axis.name for axis in axes),
            estimate=Estimate.exact(np.concatenate(slopes, axis=1)),
            axes=tuple(axes),
            own=None,
            predictions=None,
        ),
        np.array(spans),
        label="slope of {}, per unit of the feature",
        title="slopes of {} of single rows",
        note=note,
        zero=True,
        shared=False,
    )


def _needs_rows(explanation: Effects, kind: str) -> None:
    if explanation.rows is None:
        message = f"kind={kind!r} draws curves of single rows, and this {explanation.explainer} has means."
        raise InputError(message, "It can be drawn with kind='curves'.", "Explain the rows with ICE or CeterisParibus.")


def _between(axis: Axis, known: NDArray[np.intp]) -> Axis:
    """Return the axis of the middles between neighbouring places."""
    positions = axis.positions[known]
    labels = [axis.labels[place] for place in known]
    return Axis(
        axis.name,
        axis.kind,
        axis.values[known[:-1]],
        (positions[1:] + positions[:-1]) / 2,
        tuple(f"{low} to {high}" for low, high in pairwise(labels)),
        (axis.weight[known][1:] + axis.weight[known][:-1]) / 2,
        axis.rug,
    )
