"""A simple model that imitates the explained one: its terms, and how well it imitates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sipakit.plots.bars import bar_sheet, name_bars, put_bars
from sipakit.plots.formats import interval, quantity, spoken
from sipakit.plots.labels import clean, put, wrapped
from sipakit.plots.style import TEXT
from sipakit.plots.words import about_error, counted, serious

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from sipakit.explanation import Surrogates
    from sipakit.plots.display import Display

__all__ = ["draw_surrogate"]

_TERMS = 20
_OUTPUTS = 3
_COLUMNS = 44  # of text, on a line of a rule


def draw_surrogate(explanation: Surrogates, ax: Axes | None = None) -> Display:
    """Draw a tree's leaves as dots, the most frequent first, or coefficients as bars, the largest first.

    Parameters
    ----------
    explanation : Surrogates
    ax : Axes, optional
        Takes the first output.

    Returns
    -------
    Display
    """
    tree = explanation.kind == "tree"
    outputs = list(range(min(len(explanation.outputs), 1 if ax is not None else _OUTPUTS)))
    values = explanation.estimate.values
    size = explanation.support if tree else np.abs(np.nan_to_num(values)).max(axis=1)
    order = np.argsort(-size, kind="stable")[:_TERMS]
    names = [_term(explanation, int(t)) for t in order]
    lines = max(name.count("\n") + 1 for name in names)
    sheet = bar_sheet(
        len(order),
        len(outputs),
        ax,
        labels=max(len(part) for name in names for part in name.split("\n")),
        lines=lines,
    )
    for panel, output in zip(sheet.panels, outputs, strict=True):
        put_bars(panel, explanation.estimate, (order, output), dots=tree)
        told = quantity(explanation, explanation.outputs[output])
        what = "of the rows that the rule holds for" if tree else "per unit of the column"
        put(panel.xaxis.label, told if tree else f"change in {told}", f"({what})")
        if len(outputs) > 1:
            put(panel.set_title(" ", fontsize=TEXT["label"]), _fidelity(explanation, output))
    name_bars(sheet.panels[0], names)
    things, first = ("rules", "most frequent first") if tree else ("terms", "largest first")
    notes = [
        counted(len(order), len(explanation.terms), things, first),
        counted(len(outputs), len(explanation.outputs), "outputs", "the first ones"),
        "In brackets: share of the rows that the rule holds for." if tree else "",
        about_error(explanation),
        serious(explanation),
    ]
    title = f"{spoken(explanation.explainer)}: a {'tree' if tree else 'linear model'} that imitates the model"
    title += f", {_fidelity(explanation, 0)}" if len(outputs) == 1 else ""
    return sheet.finish(title, notes, _facts(explanation, order[:6]))


def _term(explanation: Surrogates, term: int) -> str:
    text = clean(explanation.terms[term], None)
    if explanation.kind == "tree":
        text = f"{text} ({explanation.support[term]:.0%})"
    return wrapped(text, _COLUMNS, 3)


def _fidelity(explanation: Surrogates, output: int) -> str:
    """Say how well one output is imitated on rows that the surrogate has not seen."""
    fidelity = explanation.fidelity
    numbers = (
        float(a[output])
        for a in (fidelity.values, fidelity.std_error, fidelity.lower, fidelity.upper)
    )
    told = f"R\N{SUPERSCRIPT TWO} {interval(*numbers)} on unseen rows"
    return (
        told if len(explanation.outputs) == 1 else f"{clean(explanation.outputs[output])}, {told}"
    )


def _facts(explanation: Surrogates, order: NDArray[np.intp]) -> list[str]:
    estimate = explanation.estimate
    facts = []
    for term in order:
        numbers = (
            float(a[term, 0])
            for a in (estimate.values, estimate.std_error, estimate.lower, estimate.upper)
        )
        facts.append(f"{clean(explanation.terms[term], 200)}: {interval(*numbers)}.")
    return facts
