"""A second ruler in probabilities beside one in log-odds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.special import expit, logit

from sipakit.plots.formats import number
from sipakit.plots.labels import clean, put, put_ticks
from sipakit.plots.style import GREY, TEXT, Sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axes._secondary_axes import SecondaryAxis
    from matplotlib.colorbar import Colorbar
    from numpy.typing import NDArray

    from sipakit.explanation import Attributions, Explanation

__all__ = [
    "probability_above",
    "probability_at",
    "probability_beside",
    "probability_from",
    "probability_of_colours",
    "probability_ticks",
]

_LOW = np.array([1e-6, 1e-5, 1e-4, 0.001, 0.01, 0.05, 0.1, 0.25])
_LADDER = np.concatenate([_LOW, [0.5], 1 - _LOW[::-1]])
_ABOVE = 0.45  # inches of the ruler above
_WIDE = 2.5  # log-odds, from which the ladder is wide enough for ticks


def probability_ticks(low: float, high: float, most: int = 7) -> tuple[NDArray[np.float64], list[str]]:
    """Choose round probabilities between two log-odds.

    Parameters
    ----------
    low, high : float
        Log-odds.
    most : int

    Returns
    -------
    (t,) log-odds of the ticks
    list of t labels

    Examples
    --------
    >>> probability_ticks(-3.0, 3.0)[1]
    ['0.05', '0.1', '0.25', '0.5', '0.75', '0.9', '0.95']
    >>> probability_ticks(0.0, 0.5)[1]
    ['0.5', '0.52', '0.54', '0.56', '0.58', '0.6', '0.62']
    """
    if not (np.isfinite([low, high]).all() and high > low):
        return np.empty(0), []
    if high - low > _WIDE:
        chances, digits = _LADDER, 6
    else:
        first, last = expit(low), expit(high)
        sizes = [(m * 10.0**e, -e) for e in range(-12, 0) for m in (1, 2, 5)]
        step, digits = next(((size, e) for size, e in sizes if (last - first) / size <= most), (0.1, 1))
        chances = np.arange(np.ceil(first / step), np.floor(last / step) + 1) * step
    places = logit(chances)
    kept: list[int] = []
    # 0.5 first, then outwards: ticks that would lie over one another are left out
    for i in sorted(range(len(places)), key=lambda i: (abs(chances[i] - 0.5), i)):
        apart = all(abs(places[i] - places[j]) >= (high - low) / (1.6 * most) for j in kept)
        if low <= places[i] <= high and apart:
            kept.append(i)
    kept.sort()
    return places[kept], [f"{chances[i]:.{digits}f}".rstrip("0").rstrip(".") for i in kept]


def probability_beside(sheet: Sheet, explanation: Explanation, columns: int) -> str:
    """Write probabilities at the right of each line of panels whose upright ruler is in log-odds.

    Returns
    -------
    str
        A note; empty where the scale is another one.
    """
    if explanation.scale != "log_odds":
        return ""
    last = [i for i in range(len(sheet.panels)) if i % columns == columns - 1 or i == len(sheet.panels) - 1]
    for i in last:
        probability_at(sheet.panels[i], "right")
    return "At the right: the same as a probability. Intervals and means are those of log-odds."


def probability_at(panel: Axes, side: Literal["left", "right"], base: float = 0.0, most: int = 7) -> None:
    """Write probabilities at one side of axes whose upright ruler is in log-odds above ``base``."""
    ruler = panel.secondary_yaxis(side)
    low, high = sorted(panel.get_ylim())
    places, names = probability_ticks(base + low, base + high, most)
    put_ticks(ruler.yaxis, list(places - base), names)
    put(ruler.yaxis.label, "probability")
    _quiet(ruler)


def probability_from(explanation: Attributions, output: int) -> float | None:
    """Return the log-odds that attributions of all rows start from; None for another scale, or another start a row."""
    base = np.unique(np.atleast_2d(explanation.base_values)[:, output])
    if explanation.scale != "log_odds" or not explanation.additive or len(base) > 1:
        return None
    return float(base[0])


def probability_of_colours(bar: Colorbar, explanation: Explanation) -> str:
    """Write probabilities at the left of a colour bar that is in log-odds.

    Returns
    -------
    str
        A note; empty where the scale is another one.
    """
    if explanation.scale != "log_odds":
        return ""
    probability_at(bar.ax, "left")
    return "At the left of the colours: the same as a probability."


def probability_above(sheet: Sheet, panel: Axes, base: float, name: str, *, alone: bool = True) -> None:
    """Write above a ruler of attributions, in log-odds, what they would make of the base value's probability.

    Parameters
    ----------
    sheet : Sheet
    panel : Axes
    base : float
        Log-odds that the attributions start from.
    name : str
        The output.
    alone : bool
        Whether each bar begins at the base value, and not where the last one ended.
    """
    if panel is sheet.panels[0]:
        sheet.grow(_ABOVE)  # or the ruler would take its room from the bars
    ruler = panel.secondary_xaxis("top")
    low, high = sorted(panel.get_xlim())
    places, names = probability_ticks(base + low, base + high, 6)
    put_ticks(ruler.xaxis, list(places - base), names)
    what = "probability" if name == "prediction" else f"probability of {clean(name, 24)}"
    start = number(float(expit(base)))
    told = f"{what} if this feature alone moved the base value ({start})" if alone else what
    sheet.caption(ruler.xaxis.label, told)
    _quiet(ruler)


def _quiet(ruler: SecondaryAxis) -> None:
    ruler.tick_params(labelsize=TEXT["tick"], length=3, colors=GREY)
    for one in (ruler.xaxis, ruler.yaxis):
        one.label.set(fontsize=TEXT["label"], color=GREY)
    for spine in ruler.spines.values():
        spine.set_color(GREY)
