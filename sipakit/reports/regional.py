"""Sentences about regions of the table in which a feature acts in one way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sipakit.estimate import falling
from sipakit.reports.finding import Finding, at, basis, in_full, listed, named, said
from sipakit.reports.measure import Measure, share

if TYPE_CHECKING:
    from sipakit.explanation import Regions

__all__ = ["about_regions"]

_FEATURES = 3


def about_regions(e: Regions, measure: Measure) -> list[Finding]:
    """Say of which features curves agree within regions of the table, and which regions these are.

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> X = np.random.default_rng(0).normal(size=(60, 2))
    >>> e = sp.RegionalEffects().explain(lambda X: X[:, 0] + X[:, 1], X)
    >>> about_regions(e, Measure.of("prediction"))[0].text
    'No feature is known to act in different ways in regions of the table.'
    """
    output = int(e.removed.sum(axis=0).argmax())
    rest = basis(e)
    sure = [j for j in falling(e.removed[:, output]).tolist() if e.gain.lower[j, output] > 0]
    found = [Finding(_split(e, j, output, measure), rest, key=place == 0) for place, j in enumerate(sure[:_FEATURES])]
    if not found:
        found = [Finding("No feature is known to act in different ways in regions of the table.", rest, key=True)]
    return found


def _split(e: Regions, feature: int, output: int, measure: Measure) -> str:
    """Say how much curves disagree, which regions remove how much of it, and the rule of the largest one."""
    name, regions = named(e.axes[feature].name), e.of_feature(e.features[feature])[1:]
    told = measure.within(*at(e.before, (feature, output)), step=True)
    text = f"Curves of the {said(e, output)} along {name} disagree by {told}, as a root mean square."
    if not regions:
        return text
    value, error, lower, upper = at(e.gain, (feature, output))
    ends = f" ({share(lower, error)} to {share(upper, error)})" if 0 < error < np.inf else ""
    where = listed([f"{in_full(e.where[r])} ({share(float(e.support[r]))} of the rows)" for r in regions])
    return f"{text} {len(regions)} regions remove {share(value, error)}{ends} of its square: {where}."
