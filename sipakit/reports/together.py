"""What the strongest interaction looks like: one feature's curve in two groups of rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from sipakit.estimate import Estimate
from sipakit.explanation import Effects, Interactions
from sipakit.reports.finding import Finding, at, basis, named, placed, said
from sipakit.reports.measure import Measure

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from numpy.typing import NDArray

    from sipakit.explanation import Explanation

__all__ = ["about_contrast", "contrast"]

_FEWEST = 20  # rows in a group
_FEW_PLACES = 6


def contrast(ice: Effects, feature: Hashable, by: Hashable, output: int = 0) -> Effects | None:
    """Average single curves along ``feature`` within two groups of rows that differ in ``by``.

    Parameters
    ----------
    ice : Effects
        With a curve for every row.
    feature, by : names of features
    output : int
        Which output's curves.

    Returns
    -------
    Effects
        One curve a group, as its two outputs; None where a group has fewer than 20 rows.
    """
    if ice.rows is None or ice.own is None:
        return None
    names = [axis.name for axis in ice.axes]
    j, k = names.index(feature), names.index(by)
    along = ice.lines[j]
    groups = _groups(ice.own[:, k], ice, k)
    if len(groups) < 2 or min(int(rows.sum()) for _, rows in groups) < _FEWEST:
        return None
    curves = ice.values[j][:, :, output]
    means = np.column_stack([curves[rows].mean(axis=0) for _, rows in groups])
    errors = np.column_stack([curves[rows].std(axis=0, ddof=1) / np.sqrt(rows.sum()) for _, rows in groups])
    counts = " and ".join(f"{int(rows.sum()):,}" for _, rows in groups)
    estimate = Estimate.within(
        means, errors, conf_level=ice.conf_level, df=min(int(rows.sum()) for _, rows in groups) - 1
    )
    return replace(
        ice,
        explainer="PartialDependence",
        question=f"How does the mean {said(ice, output)} move along {named(feature)}, in two groups of rows?",
        features=(feature,),
        outputs=tuple(label for label, _ in groups),
        estimate=estimate,
        error=f"Choice of the {counts} rows in the two groups; the model is taken as given.",
        estimator="means of single curves, group by group",
        axes=(along,),
        rows=None,
        own=None,
        predictions=None,
        columns=(),
        row_values=None,
    )


def _groups(own: NDArray[np.float64], ice: Effects, k: int) -> list[tuple[str, NDArray[np.bool_]]]:
    """Two groups: the most frequent two of a few places, or the lowest and the highest quarter of the rows."""
    axis = ice.lines[k]
    places, counts = np.unique(own[np.isfinite(own)], return_counts=True)
    if len(places) <= _FEW_PLACES or axis.kind == "category":
        two = np.sort(places[np.argsort(-counts, kind="stable")[:2]])
        labels = {float(p): label for p, label in zip(axis.positions, axis.labels, strict=True)}
        return [(placed(axis.name, labels.get(float(p), f"{p:g}")), own == p) for p in two]
    if axis.kind != "number":
        return []
    name = named(axis.name)
    low, high = np.quantile(own[np.isfinite(own)], [0.25, 0.75], method="inverted_cdf")
    if low == high:  # most rows share one value, such as 0
        return [(f"{name} = {low:.4g}", own == low), (f"{name} above {low:.4g}", own > low)]
    return [(f"{name} at most {low:.4g}", own <= low), (f"{name} at least {high:.4g}", own >= high)]


def about_contrast(results: Iterable[Explanation], unit: str | None = None) -> list[Finding]:
    """Say where two groups of rows differ most and least, for the strongest interaction; nothing without one.

    Parameters
    ----------
    results : explanations of one model
        Among them interactions, and single curves of the same features.
    unit : str, optional
    """
    results = list(results)
    picture = strongest(results)
    if picture is None:
        return []
    measure = Measure.of(picture.scale, unit)
    values = picture.estimate.values
    gap = values[:, 1] - values[:, 0]
    axis = picture.lines[0]
    what = next(e for e in results if isinstance(e, Effects) and e.rows is not None)
    told = []
    for place in dict.fromkeys((int(gap.argmax()), int(gap.argmin()))):
        one, other = (measure.within(*at(picture.estimate, (place, g))) for g in (0, 1))
        groups = f"{one} for {picture.outputs[0]} and {other} for {picture.outputs[1]}"
        told.append(f"at {placed(axis.name, axis.labels[place])} it is {groups}")
    way = "across" if axis.kind == "category" else "along"
    text = f"The mean {said(what, 0)} {way} {named(axis.name)} differs between rows: {'; '.join(told)}."
    return [Finding(text, basis(picture), key=True)]


def strongest(results: Iterable[Explanation]) -> Effects | None:
    """Return the contrast for the strongest interaction of two features, where the curves for it are at hand."""
    results = list(results)
    curves = [e for e in results if isinstance(e, Effects) and e.rows is not None and len(e.rows) >= 2 * _FEWEST]
    tables = [e for e in results if isinstance(e, Interactions)]
    if not curves or not tables or curves[0].manifest.get("weighted"):
        return None
    ice, table = curves[0], tables[0]
    above = table.estimate.lower[:, 0] > table.estimate.std_error[:, 0] / 2
    pairs = [i for i in table.of_size(2).tolist() if above[i]]
    if not pairs or len(table.outputs) > 1:
        return None
    first, second = table.sets[max(pairs, key=lambda i: float(table.estimate.values[i, 0]))]
    sizes = {axis.name: len(axis) for axis in ice.axes}
    if first not in sizes or second not in sizes:
        return None
    feature, by = sorted((first, second), key=lambda name: -sizes[name])
    return contrast(ice, feature, by)
