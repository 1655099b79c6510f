"""The figures of a page: an explanation's usual picture, or one picture for each of a few rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from markupsafe import Markup

from sipakit.estimate import Estimate
from sipakit.explanation import Attributions
from sipakit.reports.tables import tabulate

if TYPE_CHECKING:
    from sipakit.explanation import Explanation
    from sipakit.plots import Display
    from sipakit.reports.tables import TextTable

__all__ = ["Figure", "pictures"]

_ROWS = 6


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture on a page.

    Parameters
    ----------
    name : str
        Slug for a file.
    display : Display
    table : TextTable
        The same numbers.
    caption : str
        What it shows, in a sentence.
    """

    name: str
    display: Display
    table: TextTable
    caption: str

    @property
    def svg(self) -> Markup:
        """The picture, made by our own plots; every name in it is escaped there."""
        return Markup(self.display.svg())  # noqa: S704 - SVG from sipakit.plots, not from a user


def pictures(explanation: Explanation, unit: str | None = None) -> list[Figure]:
    """Draw an explanation; attributions get one picture for each of the first six rows.

    Parameters
    ----------
    explanation : Explanation
    unit : str, optional
        What one unit of a prediction is.
    """
    if isinstance(explanation, Attributions):
        shown = range(min(len(explanation.rows), _ROWS))
        found = [(f"row-{explanation.rows[i]}", one_row(explanation, i)) for i in shown]
    else:
        found = [("", explanation)]
    figures = []
    for name, one in found:
        display = one.plot()
        figures.append(Figure(name, display, tabulate(one, unit), display.title))
    return figures


def one_row(explanation: Attributions, i: int) -> Attributions:
    """Return the attributions of one row."""
    part = slice(i, i + 1)
    e = explanation.estimate
    estimate = Estimate(
        e.values[part], e.std_error[part], e.lower[part], e.upper[part], {n: a[part] for n, a in e.parts.items()}
    )
    base = explanation.base_values
    gap, fit = explanation.completeness_gap, explanation.fit
    return replace(
        explanation,
        estimate=estimate,
        base_values=base[part] if base.ndim == 2 else base,
        base_std_error=explanation.base_std_error[part] if base.ndim == 2 else explanation.base_std_error,
        predictions=explanation.predictions[part],
        row_values=explanation.row_values[part],
        rows=explanation.rows[part],
        completeness_gap=None if gap is None else gap[part],
        fit=None if fit is None else fit[part],
    )
