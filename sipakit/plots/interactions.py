"""The strongest interactions as bars: sets of three features, pairs, and each feature with all others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from sipakit.errors import InputError
from sipakit.estimate import falling
from sipakit.plots.bars import RANKS, bar_sheet, mark_bars, name_bars, put_bars, write_beside
from sipakit.plots.formats import number, quantity, spoken
from sipakit.plots.labels import LIMIT, clean
from sipakit.plots.style import GREY, Sheet, fitting
from sipakit.plots.words import about_error, counted, first_ones, possible_ranks, serious, told

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from sipakit.explanation import Interactions
    from sipakit.plots.display import Display

__all__ = ["below_null", "draw_interactions", "null_note", "pair_name", "pairs_of", "weak_note"]

_BARS = 15
_OUTPUTS = 3
_SHARE = "H\N{SUPERSCRIPT TWO}"
_TIMES = " \N{MULTIPLICATION SIGN} "
# features in a set -> what such sets are called, and what is told of them; in the order of the panels
_KINDS: Final = {
    2: ("pairs", "interaction of two features"),
    3: ("sets of three", "interaction of three features, beyond their pairs"),
    1: ("features", "interaction with all other features"),
}


def draw_interactions(explanation: Interactions, ax: Axes | None = None) -> Display:
    """Draw the strongest pairs, and beside them sets of three, and each feature with all others together.

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
    things = [_KINDS[_size(explanation, family)][0] for family in families]
    notes = [
        *(
            counted(len(few), len(family), thing, "strongest first")
            for few, family, thing in zip(kept, families, things, strict=True)
        ),
        first_ones(len(outputs), len(explanation.outputs), "outputs"),
        f"{about_error(explanation)} {RANKS}",
        weak_note(explanation, drawn, outputs),
        null_note(explanation, "Upright marks:"),
        serious(explanation),
    ]
    title = f"{spoken(explanation.explainer)}: how much of the joint effect is not a sum of single effects"
    facts = [f"{pair_name(explanation, int(s))}: {told(explanation.estimate, (int(s), 0))}." for s in kept[0][:6]]
    return sheet.finish(title, notes, facts)


def _families(explanation: Interactions) -> list[NDArray[np.intp]]:
    """Return the numbers of the pairs, of the sets of three, and of the totals."""
    return [explanation.of_size(size) for size in _KINDS]


def _size(explanation: Interactions, family: NDArray[np.intp]) -> int:
    """Return how many features the sets of a family name."""
    return next(size for size in _KINDS if family[0] in explanation.of_size(size))


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
        size=(min(2.6 + 0.068 * labels, 14.6 / len(kept)), 0.24 * max(bars, 2) + 0.6),
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
    marks = None if explanation.invented is None else explanation.invented[sets, output]
    if marks is not None:
        mark_bars(panel, marks)
    share = explanation.estimate.parts.get("h_squared")
    texts = _ranks(explanation, sets, output)
    if share is not None:
        texts = [
            f"{rank}  {_SHARE} weak" if poor else f"{rank}  {_SHARE} {number(float(share[s, output]), 0.01)}"
            for rank, s, poor in zip(texts, sets, weak, strict=True)
        ]
    write_beside(panel, explanation.estimate, (sets, output), texts, marks=marks)
    sheet.caption(
        panel.xaxis.label,
        _KINDS[_size(explanation, sets)][1],
        f"(in units of the {quantity(explanation, explanation.outputs[output])})",
    )


def _ranks(explanation: Interactions, sets: NDArray[np.intp], output: int) -> list[str]:
    """Return the ranks that the intervals allow, among all pairs, all sets of three or all totals."""
    family = explanation.of_size(_size(explanation, sets))
    e = explanation.estimate
    ranks = possible_ranks(e.lower[family, output], e.upper[family, output])
    return [ranks[place] for place in np.searchsorted(family, sets)]


def pair_name(explanation: Interactions, number: int, limit: int = LIMIT) -> str:
    """Return the name of a set, or of the feature where the other side is all the rest."""
    names = explanation.sets[number]
    if names[1] is None:
        return clean(names[0], limit)
    return _TIMES.join(clean(name, limit * 4 // (3 * len(names))) for name in names)


def pairs_of(explanation: Interactions, kind: str) -> NDArray[np.intp]:
    """Return the numbers of the pairs, for a kind of picture that draws these.

    Raises
    ------
    InputError
        Where there are none.
    """
    pairs = explanation.of_size(2)
    if not len(pairs):
        message = f"kind={kind!r} draws pairs of features, and this explanation has none."
        raise InputError(message, "It can be drawn with kind='bars'.")
    return pairs


def below_null(explanation: Interactions, sets: NDArray[np.intp] | list[int], output: int) -> NDArray[np.bool_]:
    """Whether interactions are no more than a null's quantile; none is where there is no null."""
    if explanation.invented is None:
        return np.zeros(len(sets), dtype=bool)
    most = explanation.invented[sets, output]
    return np.asarray(np.isfinite(most) & (explanation.values[sets, output] <= most))


def null_note(explanation: Interactions, what: str) -> str:
    """Say how a picture shows what the learner invents."""
    if explanation.invented is None or not np.isfinite(explanation.invented).any():
        return ""
    share = f"{100 * explanation.conf_level:g} %"
    return f"{what} what {share} of refits stay below, which were fitted to targets without interactions."


def weak_note(explanation: Interactions, sets: NDArray[np.intp], outputs: list[int]) -> str:
    """Name the pairs whose share of variance means nothing."""
    names = [pair_name(explanation, int(s)) for s in sets if explanation.weak[s, outputs].any()]
    if not names:
        return ""
    more = f" and {len(names) - 4} more" if len(names) > 4 else ""
    listed = ", ".join(names[:4]) + more
    return f"Hatched: the joint effect is negligible, so the share {_SHARE} means nothing ({listed})."
