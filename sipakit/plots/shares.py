"""Shares of the prediction's variance as bars: main effects, pairs, sets of three, and the rest."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from sipakit.estimate import falling
from sipakit.plots.bars import TIES, bar_sheet, name_bars, put_bars, write_beside
from sipakit.plots.formats import number, quantity, spoken
from sipakit.plots.labels import LIMIT, clean
from sipakit.plots.style import COLOURS, GREY, INK, first_panels, fitting
from sipakit.plots.words import about_error, counted, first_ones, serious, told

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from sipakit.explanation import Decomposition
    from sipakit.plots.display import Display

__all__ = ["draw_shares", "rest_told", "set_name", "share_text", "share_within"]

_BARS = 15
_OUTPUTS = 3
_ROUNDING = 1e-8  # of a share
_NOTHING, _LEAST = 1e-6, 0.02  # percent: what is rounding, and an error below which digits say nothing
_TIMES = " \N{MULTIPLICATION SIGN} "
# features in a set -> what such sets are called, and their colour
_KINDS: Final = {
    1: ("main effect", COLOURS[0]),
    2: ("two features together", COLOURS[1]),
    3: ("three features together", COLOURS[3]),
    0: ("rest", GREY),
}


def draw_shares(explanation: Decomposition, ax: Axes | None = None) -> Display:
    """Draw the largest shares, and the rest below them; a diamond is a set with all larger sets that hold it.

    Parameters
    ----------
    explanation : Decomposition
    ax : Axes, optional
        Takes the first output.

    Returns
    -------
    Display
    """
    outputs = first_panels(explanation.outputs, _OUTPUTS, ax)
    total = len(explanation.sets) - 1
    shares = explanation.values[:total, 0]
    kept = np.append(falling(shares)[: fitting(_BARS, ax) - 1], total)
    names = [set_name(explanation, int(s)) for s in kept]
    sheet = bar_sheet(len(kept), len(outputs), ax, labels=max(map(len, names)))
    for panel, output in zip(sheet.panels, outputs, strict=True):
        _panel(panel, explanation, kept, output)
        what = quantity(explanation, explanation.outputs[output])
        sheet.caption(panel.xaxis.label, f"share of the variance of the {what}")
    name_bars(sheet.panels[0], names)
    left = float(shares[np.setdiff1d(np.arange(total), kept)].max(initial=-np.inf))
    notes = [
        counted(len(kept) - 1, total, "effects", f"largest share first; no other exceeds {100 * left:.2g} %"),
        first_ones(len(outputs), len(explanation.outputs), "outputs"),
        f"{about_error(explanation)} {TIES}",
        "Diamonds: the share of all effects that the features take part in." if _has_totals(explanation, kept) else "",
        serious(explanation),
    ]
    inputs = "rows that occur" if explanation.inputs == "observed" else "rows with independent features"
    title = f"{spoken(explanation.explainer)}: what share of the variance over {inputs} each effect explains"
    facts = [f"{name}: {told(explanation.estimate, (int(s), 0))}." for name, s in zip(names, kept, strict=True)]
    return sheet.finish(title, notes, facts[:6], legend=_legend(explanation, kept))


def _panel(panel: Axes, explanation: Decomposition, kept: NDArray[np.intp], output: int) -> None:
    """Draw one output: bars, totals as diamonds, and shares in words."""
    colours = [_KINDS[_size(explanation, int(s))][1] for s in kept]
    put_bars(panel, explanation.estimate, (kept, output), colours)
    totals, apart = _totals(explanation), _apart(explanation)
    whole = totals[kept, output]
    at = np.flatnonzero(np.isfinite(whole))
    panel.plot(whole[at], at, "D", markersize=4.5, markerfacecolor="none", markeredgecolor=INK, zorder=5)
    # words stand outside the diamonds; with one on the right, or for rounding below zero, none are on the left
    right = apart | (np.abs(explanation.values) < _ROUNDING)
    told_to = np.where(apart, totals + 0.02 * np.nanmax(np.abs(totals), initial=0.0), explanation.estimate.upper)
    reach = replace(explanation.estimate, values=np.where(right, 0.0, explanation.values), upper=told_to)
    write_beside(panel, reach, (kept, output), [_told(explanation, int(s), output) for s in kept])


def _told(explanation: Decomposition, number_: int, output: int) -> str:
    """Return a share; with the total where the diamond stands apart, whose value the words would else seem to be."""
    share, at = share_text(explanation, number_, output), (number_, output)
    if not _apart(explanation)[at]:
        return share
    error = 100 * float(explanation.estimate.parts.get("total_std_error", explanation.std_error)[at])
    whole = number(100 * float(_totals(explanation)[at]), error if _LEAST < error < np.inf else _LEAST)
    return f"{share}, total {whole} %"


def _legend(explanation: Decomposition, kept: NDArray[np.intp]) -> tuple[list[Artist], list[str]]:
    sizes = {_size(explanation, int(s)) for s in kept}
    handles: list[Artist] = [Patch(color=colour) for size, (_, colour) in _KINDS.items() if size in sizes]
    names = [name for size, (name, _) in _KINDS.items() if size in sizes]
    if _has_totals(explanation, kept):
        handles.append(Line2D([], [], linestyle="", marker="D", markerfacecolor="none", markeredgecolor=INK))
        names.append("total")
    return handles, names


def _totals(explanation: Decomposition) -> NDArray[np.float64]:
    """(sets, k) shares of all effects that the features of a set take part in; NaN where they are not known."""
    return explanation.estimate.parts.get("total", np.full(explanation.values.shape, np.nan))


def _apart(explanation: Decomposition) -> NDArray[np.bool_]:
    """(sets, k) whether the total lies beyond the interval of the share."""
    upper = explanation.estimate.upper
    return np.asarray(_totals(explanation) > np.where(np.isfinite(upper), upper, explanation.values) + _ROUNDING)


def _has_totals(explanation: Decomposition, kept: NDArray[np.intp]) -> bool:
    return bool(np.isfinite(_totals(explanation)[kept]).any())


def _size(explanation: Decomposition, number_: int) -> int:
    """Return how many features a set names; none for the rest."""
    return sum(name is not None for name in explanation.sets[number_]) if number_ < len(explanation.sets) - 1 else 0


def set_name(explanation: Decomposition, number_: int, limit: int = LIMIT) -> str:
    """Return the name of a set, or of the rest."""
    if number_ == len(explanation.sets) - 1:
        return "rest"
    names = explanation.sets[number_]
    if names[1] is None:
        return clean(names[0], limit)
    return _TIMES.join(clean(name, limit * 4 // (3 * len(names))) for name in names)


def share_text(explanation: Decomposition, number_: int, output: int) -> str:
    """Return a share in percent, with the digits that its error leaves."""
    value, error = (100 * float(a[number_, output]) for a in (explanation.values, explanation.std_error))
    if not explanation.shared[output]:
        return "no share"
    if abs(value) <= _NOTHING:
        return "0 %"
    return f"{number(value, error if _LEAST < error < np.inf else _LEAST)} %"


def share_within(explanation: Decomposition, number_: int, output: int) -> str:
    """Return a share in percent with its interval, where it has one."""
    text, error = share_text(explanation, number_, output), 100 * float(explanation.std_error[number_, output])
    ends = [100 * float(end[number_, output]) for end in (explanation.estimate.lower, explanation.estimate.upper)]
    if not (np.isfinite(ends).all() and ends[1] - ends[0] > _NOTHING):
        return text
    low, high = (number(end, max(error, _LEAST)) for end in ends)
    return f"{text} ({low} to {high})"


def rest_told(explanation: Decomposition, output: int) -> str:
    """Say what share the effects leave."""
    if not explanation.shared[output]:
        return "it does not vary, so that there are no shares"
    return f"the rest has {share_text(explanation, len(explanation.sets) - 1, output)} of the variance"
