"""The strongest interactions of two features as a network: features on a circle, and a line for each pair."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib import colormaps
from matplotlib.lines import Line2D

from sipakit.estimate import falling
from sipakit.plots.formats import number, quantity, spoken
from sipakit.plots.interactions import below_null, null_note, pair_name, pairs_of
from sipakit.plots.labels import clean, distinct, put
from sipakit.plots.style import INK, TEXT, Sheet, first_panels
from sipakit.plots.words import counted, first_ones, serious, told

if TYPE_CHECKING:
    from collections.abc import Hashable

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from sipakit.explanation import Interactions
    from sipakit.plots.display import Display

__all__ = ["draw_network"]

_FEATURES = 14
_LINES = 24
_OUTPUTS = 3
_WIDEST = 7.0  # points
_LARGEST = 420.0  # points squared, of a circle
_COLOURS = colormaps["Blues"]


def draw_network(explanation: Interactions, ax: Axes | None = None) -> Display:
    """Draw features on a circle, joined by lines as wide and dark as their interaction is strong.

    Lines stand for pairs that can be told from zero, up to 24 an output; the area of a circle is the interaction of the
    feature with all others together, where that was asked for.

    Parameters
    ----------
    explanation : Interactions
    ax : Axes, optional
        Takes the first output.

    Returns
    -------
    Display

    Raises
    ------
    InputError
        Where there are no pairs.
    """
    pairs = pairs_of(explanation, "network")
    outputs = first_panels(explanation.outputs, _OUTPUTS, ax)
    features = _strongest(explanation, pairs)
    within = np.array([s for s in pairs if set(explanation.sets[s]) <= set(features)], dtype=np.intp)
    sure = [_sure(explanation, within, output) for output in outputs]
    lines = [few[falling(explanation.values[few, output])[:_LINES]] for output, few in zip(outputs, sure, strict=True)]
    top = max((float(explanation.values[few, output].max()) for output, few in enumerate(lines) if len(few)), default=0)
    sheet = Sheet.make(len(outputs), ax, columns=2, size=(6.2, 4.2))
    where = _on_a_circle(features)
    for output, few in enumerate(lines):
        panel = sheet.panels[output]
        for s in few[::-1]:  # strong ones on top
            (x, y), (u, v) = (where[name] for name in explanation.sets[s])
            share, weak = float(explanation.values[s, output]) / (top or 1.0), bool(explanation.weak[s, output])
            dotted = bool(below_null(explanation, [int(s)], output)[0])
            panel.add_line(_line((x, u), (y, v), share, dashed=weak, dotted=dotted))
        _put_features(panel, explanation, output, where, own=sheet.own)
        if len(outputs) > 1:
            sheet.caption(panel.set_title(" "), clean(explanation.outputs[output]))
    shares = (1.0, 0.5, 0.25) if top else ()
    legend = [_line((), (), share) for share in shares], [number(share * top, top / 100) for share in shares]
    every = {name for s in pairs for name in explanation.sets[s]}
    unit = quantity(explanation, explanation.outputs[0]) if len(outputs) == 1 else "outputs"
    unsure = len(within) - len(sure[0])
    notes = [
        f"Width and darkness of a line: the interaction of two features, in units of the {unit}.",
        "Area of a circle: the feature with all others together." if len(explanation.of_size(1)) else "",
        counted(len(features), len(every), "features", "strongest first"),
        counted(len(lines[0]), len(sure[0]), "lines", "strongest first"),
        first_ones(len(outputs), len(explanation.outputs), "outputs"),
        f"Pairs without a line cannot be told from zero: {unsure:,}." if unsure else "",
        "Dashed: the joint effect is negligible."
        if any(explanation.weak[few, o].any() for o, few in enumerate(lines))
        else "",
        null_note(explanation, "Dotted: no more than")
        if any(below_null(explanation, few, o).any() for o, few in enumerate(lines))
        else "",
        f"Intervals are not drawn here. Error: {clean(explanation.error, None)}",
        serious(explanation),
    ]
    facts = [f"{pair_name(explanation, int(s))}: {told(explanation.estimate, (int(s), 0))}." for s in lines[0][:6]]
    return sheet.finish(f"{spoken(explanation.explainer)}: which features act together", notes, facts, legend=legend)


def _sure(explanation: Interactions, pairs: NDArray[np.intp], output: int) -> NDArray[np.intp]:
    """Return the pairs that can be told from zero; where no errors are known, those that are not zero."""
    lower, values = explanation.estimate.lower[pairs, output], explanation.estimate.values[pairs, output]
    ends = np.where(np.isfinite(lower), lower, values)
    kept: NDArray[np.bool_] = ends > 1e-9 * max(float(values.max()), 1e-300)
    return pairs[kept]


def _strongest(explanation: Interactions, pairs: NDArray[np.intp]) -> list[Hashable]:
    """Return the features of the strongest pairs, as many as a circle holds, in their own order."""
    values = explanation.estimate.values[pairs, 0]
    found = dict.fromkeys(name for s in pairs[falling(values)] for name in explanation.sets[s])
    kept = set(list(found)[:_FEATURES])
    return [name for name in explanation.features if name in kept]


def _on_a_circle(features: list[Hashable]) -> dict[Hashable, tuple[float, float]]:
    """Return a place for each feature, clockwise from the top."""
    turns = np.arange(len(features)) / len(features) * 2 * np.pi
    return {name: (float(np.sin(t)), float(np.cos(t))) for name, t in zip(features, turns, strict=True)}


def _line(
    x: tuple[float, ...], y: tuple[float, ...], share: float, *, dashed: bool = False, dotted: bool = False
) -> Line2D:
    pattern = (0, (0.5, 1.2)) if dotted else (0, (2, 1))
    return Line2D(
        x,
        y,
        linewidth=0.6 + (_WIDEST - 0.6) * share,
        color=_COLOURS(0.3 + 0.65 * share),
        linestyle=pattern if dashed or dotted else "-",
        solid_capstyle="butt",
    )


def _put_features(
    panel: Axes, explanation: Interactions, output: int, where: dict[Hashable, tuple[float, float]], *, own: bool
) -> None:
    totals = {explanation.sets[s][0]: float(explanation.values[s, output]) for s in explanation.of_size(1)}
    columns, far, largest = (22, 1.17, _LARGEST) if own else (14, 1.3, _LARGEST / 4)
    most = max((totals.get(name, 0.0) for name in where), default=0.0) or 1.0
    sizes = [20 + largest * totals.get(name, 0.0) / most for name in where]
    x_, y_ = np.array(list(where.values())).T
    panel.scatter(x_, y_, sizes, color="white", edgecolor=INK, linewidth=1.2, zorder=3)
    for (x, y), name in zip(where.values(), distinct(list(where), columns), strict=True):
        side = "center" if abs(x) < 0.2 else "left" if x > 0 else "right"
        level = "center" if abs(y) < 0.9 else "bottom" if y > 0 else "top"
        text = panel.text(far * x, far * y, " ", ha=side, va=level, fontsize=TEXT["tick"], color=INK)
        put(text, name)
    panel.set(xlim=(-2.1, 2.1), ylim=(-1.18 * far, 1.18 * far), aspect="equal", xticks=[], yticks=[])
    for spine in panel.spines.values():
        spine.set_visible(False)
