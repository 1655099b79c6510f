"""Explanations side by side: how far two methods agree about the same rows, in sentences and as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sipakit.plots.formats import number, spoken
from sipakit.plots.labels import clean
from sipakit.plots.words import sized
from sipakit.reports.finding import Finding, named
from sipakit.reports.measure import Measure, share
from sipakit.reports.tables import TextTable

if TYPE_CHECKING:
    from sipakit.evaluation import Comparison
    from sipakit.evaluation.agreement import Agreement, Gap

__all__ = ["about_comparison", "agreement_table", "is_rounding"]

_MEASURES = {
    "spearman": "rank correlation over the features",
    "spearman_absolute": "rank correlation of sizes over the features",
    "same_sign": "share of features with the same sign",
    "top_3": "share of the three largest in common",
    "relative_distance": "length of the difference, by the mean length of the two",
}
_ROUNDING = 1e-9  # of the largest number compared
_MAIN = frozenset({"spearman", "same_sign", "relative_distance"})  # told in a sentence; the table has all


def about_comparison(comparison: Comparison, unit: str | None = None) -> list[Finding]:
    """Say how far each pair of explanations agrees, and whether they add up.

    Parameters
    ----------
    comparison : Comparison
    unit : str, optional
        What one unit of a prediction is.
    """
    found = []
    measure = Measure.of(comparison.explanations[0].scale, unit)
    pairs: dict[tuple[str, str, str], list[Agreement]] = {}
    for one in comparison.agreements:
        pairs.setdefault((one.explanation, one.explanation_2, one.output), []).append(one)
    for (first, second, output), ones in pairs.items():
        main = [one for one in ones if one.measure in _MAIN] or ones
        told = [f"{_MEASURES.get(one.measure, named(one.measure))} {_number(one)}" for one in main]
        text = f"{_called(first)} and {_called(second)} of the same rows, for {named(output)}: {'; '.join(told)}."
        n = max(one.n_rows for one in ones)
        rest = f"n = {sized(n, 'row')}; standard errors over the rows."
        found.append(Finding(text, rest, key=len(pairs) == 1))
    for gap in comparison.sums:
        if gap.largest is not None:
            most = "nothing but rounding," if is_rounding(gap, comparison) else measure.step_of(gap.largest)
            of = f"{_called(gap.explanation)} for {named(gap.output)}"
            text = f"{of}: the parts miss the prediction by {most} at most."
            found.append(Finding(text, "Over all rows of the comparison."))
    return found + [Finding(clean(note, None), "") for note in comparison.notes]


def is_rounding(gap: Gap, comparison: Comparison) -> bool:
    """Whether what is missing from a sum is nothing beside the largest number compared."""
    largest = max(float(np.abs(one.values).max()) for one in comparison.explanations)
    return gap.largest is not None and gap.largest <= _ROUNDING * largest


def _called(name: str) -> str:
    return spoken(clean(name))


def _number(one: Agreement) -> str:
    error = one.std_error if np.isfinite(one.std_error) else float("nan")
    if one.measure in {"same_sign", "top_3"}:
        return share(one.estimate, error) + (f" (standard error {share(error, error)})" if error > 0 else "")
    return number(one.estimate, error) + (f" (standard error {number(error, error)})" if error > 0 else "")


def agreement_table(comparison: Comparison) -> TextTable:
    """Return all measures of all pairs as a table."""
    head = ("explanation", "and", "output", "measure", "mean over rows", "standard error", "rows")
    lines = tuple(
        (
            _called(one.explanation),
            _called(one.explanation_2),
            named(one.output),
            _MEASURES.get(one.measure, named(one.measure)),
            number(one.estimate, one.std_error),
            number(one.std_error) if np.isfinite(one.std_error) else "unknown",
            f"{one.n_rows:,}",
        )
        for one in comparison.agreements
    )
    return TextTable("Agreement; the distance is a median over rows", head, lines, 4)
