"""The strongest interactions as bars: pairs of features, and each feature with all others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sipakit.estimate import falling
from sipakit.plots.bars import RANKS, bar_sheet, name_bars, put_bars, write_beside
from sipakit.plots.formats import number, quantity, spoken
from sipakit.plots.labels import LIMIT, clean
from sipakit.plots.style import GREY, Sheet, fitting
from sipakit.plots.words import about_error, counted, first_ones, possible_ranks, serious, told

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from sipakit.explanation import Interactions
    from sipakit.plots.display import Display

__all__ = ["draw_interactions", "pair_name", "weak_note"]

_BARS = 15
_OUTPUTS = 3
_SHARE = "H\N{SUPERSCRIPT TWO}"
_TIMES = " \N{MULTIPLICATION SIGN} "


def draw_interactions(explanation: Interactions, ax: Axes | None = None) -> Display:
    """Draw the strongest pairs, and beside them each feature's interaction with all others together.

    Parameters
    ----------
    explanation : Interactions
    ax : Axes, optional
        Takes the pairs, or the totals where there are no pairs, of the first output.

    Returns
    -------
    Display
    """
    families = [family for family in _families(explanation) if len(family)]
    outputs = list(range(min(len(explanation.outputs), _OUTPUTS)))
    if ax is not None:
        families, outputs = families[:1], outputs[:1]
    kept = [_strongest(explanation, family, fitting(_BARS, ax)) for family in families]
    sheet = _sheet(explanation, kept, len(outputs), ax)
    cells = [(output, number) for output in outputs for number in range(len(families))]
    for panel, (output, number_) in zip(sheet.panels, cells, strict=True):
        _panel(sheet, panel, explanation, kept[number_], output)
        if len(outputs) > 1:
            sheet.caption(panel.set_title(" "), clean(explanation.outputs[output]))
    drawn = np.concatenate(kept)
    things = ["pairs" if explanation.pairs[family[0]][1] is not None else "features" for family in families]
    notes = [
        *(
            counted(len(few), len(family), thing, "strongest first")
            for few, family, thing in zip(kept, families, things, strict=True)
        ),
        first_ones(len(outputs), len(explanation.outputs), "outputs"),
        f"{about_error(explanation)} {RANKS}",
        weak_note(explanation, drawn, outputs),
        serious(explanation),
    ]
    title = f"{spoken(explanation.explainer)}: how much of the joint effect is not a sum of single effects"
    facts = [f"{pair_name(explanation, int(s))}: {told(explanation.estimate, (int(s), 0))}." for s in kept[0][:6]]
    return sheet.finish(title, notes, facts)


def _families(explanation: Interactions) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the numbers of the pairs, and of the totals."""
    total = np.array([second is None for _, second in explanation.pairs], dtype=bool)
    return np.flatnonzero(~total), np.flatnonzero(total)


def _strongest(explanation: Interactions, family: NDArray[np.intp], limit: int) -> NDArray[np.intp]:
    return family[falling(explanation.estimate.values[family, 0])[:limit]]


def _sheet(explanation: Interactions, kept: list[NDArray[np.intp]], outputs: int, ax: Axes | None) -> Sheet:
    labels = max(len(pair_name(explanation, int(s))) for few in kept for s in few)
    if ax is not None or len(kept) * outputs == 1:
        return bar_sheet(len(kept[0]), 1, ax, labels=labels)
    bars = max(map(len, kept))
    return Sheet.make(
        len(kept) * outputs,
        None,
        columns=len(kept),
        size=(2.6 + 0.068 * labels, 0.24 * max(bars, 2) + 0.6),
        margin=0.2,
    )


def _panel(sheet: Sheet, panel: Axes, explanation: Interactions, sets: NDArray[np.intp], output: int) -> None:
    """Draw one family of one output; bars whose share has a negligible denominator are hatched."""
    bars = put_bars(panel, explanation.estimate, (sets, output))
    limit = LIMIT if sheet.own else 18
    name_bars(panel, [pair_name(explanation, int(s), limit) for s in sets])
    weak = explanation.weak[sets, output]
    for bar, poor in zip(bars, weak, strict=True):
        if poor:
            bar.set(facecolor="white", edgecolor=GREY, hatch="////", linewidth=0.8)
    share = explanation.estimate.parts.get("h_squared")
    texts = _ranks(explanation, sets, output)
    if share is not None:
        texts = [
            f"{rank}  {_SHARE} weak" if poor else f"{rank}  {_SHARE} {number(float(share[s, output]), 0.01)}"
            for rank, s, poor in zip(texts, sets, weak, strict=True)
        ]
    write_beside(panel, explanation.estimate, (sets, output), texts)
    whole = explanation.pairs[sets[0]][1] is None
    kind = "interaction with all other features" if whole else "interaction of two features"
    sheet.caption(
        panel.xaxis.label,
        kind,
        f"(in units of the {quantity(explanation, explanation.outputs[output])})",
    )


def _ranks(explanation: Interactions, sets: NDArray[np.intp], output: int) -> list[str]:
    """Return the ranks that the intervals allow, among all pairs or among all totals."""
    total = explanation.pairs[sets[0]][1] is None
    family = _families(explanation)[int(total)]
    e = explanation.estimate
    ranks = possible_ranks(e.lower[family, output], e.upper[family, output])
    return [ranks[place] for place in np.searchsorted(family, sets)]


def pair_name(explanation: Interactions, number: int, limit: int = LIMIT) -> str:
    """Return the name of a pair, or of the feature where the other side is all the rest."""
    first, second = explanation.pairs[number]
    if second is None:
        return clean(first, limit)
    return f"{clean(first, limit * 2 // 3)}{_TIMES}{clean(second, limit * 2 // 3)}"


def weak_note(explanation: Interactions, sets: NDArray[np.intp], outputs: list[int]) -> str:
    """Name the pairs whose share of variance means nothing."""
    names = [pair_name(explanation, int(s)) for s in sets if explanation.weak[s, outputs].any()]
    if not names:
        return ""
    more = f" and {len(names) - 4} more" if len(names) > 4 else ""
    listed = ", ".join(names[:4]) + more
    return f"Hatched: the joint effect is negligible, so the share {_SHARE} means nothing ({listed})."
