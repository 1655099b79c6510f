"""A simple model that imitates the explained one: its terms, and how well it imitates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sipakit.estimate import falling
from sipakit.plots.bars import bar_sheet, name_bars, put_bars
from sipakit.plots.formats import quantity, spoken
from sipakit.plots.labels import clean, width, wrapped
from sipakit.plots.style import first_panels, fitting, narrower
from sipakit.plots.words import about_error, counted, first_ones, serious, told

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sipakit.explanation import Surrogates
    from sipakit.plots.display import Display

__all__ = ["draw_surrogate"]

_TERMS = 20
_OUTPUTS = 3
_COLUMNS = 44  # of text, on a line of a rule
_NAME = 24  # of a feature's name inside a rule


def draw_surrogate(explanation: Surrogates, ax: Axes | None = None) -> Display:
    """Draw a tree's leaves as dots, or a linear model's coefficients as bars.

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
    outputs = first_panels(explanation.outputs, _OUTPUTS, ax)
    strength = np.abs(np.nan_to_num(explanation.estimate.values)).max(axis=1)
    order = falling(explanation.support if tree else strength)[: fitting(_TERMS, ax)]
    names = [_term(explanation, int(term), narrower(_COLUMNS, ax), 3 if ax is None else 1) for term in order]
    wide = max(width(line) for name in names for line in name.split("\n"))
    deep = max(name.count("\n") + 1 for name in names)
    sheet = bar_sheet(len(order), len(outputs), ax, labels=wide, lines=deep)
    for panel, output in zip(sheet.panels, outputs, strict=True):
        put_bars(panel, explanation.estimate, (order, output), dots=tree)
        unit = quantity(explanation, explanation.outputs[output])
        what = "mean of the rows under the rule" if tree else "per unit of the column"
        sheet.caption(panel.xaxis.label, unit if tree else f"change in {unit}", f"({what})")
        if len(outputs) > 1:
            name = clean(explanation.outputs[output])
            sheet.caption(panel.set_title(" "), f"{name}: {_fidelity(explanation, output)}")
    name_bars(sheet.panels[0], names)
    things, first = ("rules", "most frequent first") if tree else ("terms", "largest first")
    notes = [
        counted(len(order), len(explanation.terms), things, first),
        first_ones(len(outputs), len(explanation.outputs), "outputs"),
        "" if len(outputs) == 1 else "R\N{SUPERSCRIPT TWO}: how well it imitates the model on unseen rows.",
        "Before each rule: its share of the rows." if tree else "",
        about_error(explanation),
        serious(explanation),
    ]
    title = f"{spoken(explanation.explainer)}: a {'tree' if tree else 'linear model'} in place of the model"
    title += f", {_fidelity(explanation, 0)} on unseen rows" if len(outputs) == 1 else ""
    facts = [f"{clean(names[i], None)}: {told(explanation.estimate, (int(t), 0))}." for i, t in enumerate(order[:6])]
    return sheet.finish(title, notes, facts)


def _term(explanation: Surrogates, term: int, columns: int, lines: int) -> str:
    """Return a term in a few lines, with long names shortened, and a rule's share of the rows."""
    text = str(explanation.terms[term])
    for name in sorted(map(str, explanation.features), key=len, reverse=True):
        if width(name) > _NAME:
            text = text.replace(name, clean(name, _NAME))
    if explanation.kind == "tree":
        share = float(explanation.support[term])
        text = f"{f'{share:.0%}' if share >= 0.005 else 'under 1%'}: {text}"
    return wrapped(clean(text, None), columns, lines)


def _fidelity(explanation: Surrogates, output: int) -> str:
    """Say how well one output is imitated on rows that the surrogate has not seen."""
    return f"R\N{SUPERSCRIPT TWO} {told(explanation.fidelity, (output,))}"
