"""Pictures of explanations: one picture a file, chosen by the type of the explanation and the kind asked for.

Nothing here imports pyplot or changes a global setting, and every name goes through `sipakit.plots.labels`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sipakit.errors import InputError, InputTypeError
from sipakit.explanation import (
    Attributions,
    Effects,
    Explanation,
    Importances,
    Interactions,
    Surrogates,
)
from sipakit.plots.attributions import draw_row
from sipakit.plots.bars import draw_importances
from sipakit.plots.beeswarm import draw_swarm
from sipakit.plots.curves import draw_means
from sipakit.plots.display import Display
from sipakit.plots.ice import draw_rows
from sipakit.plots.interactions import draw_interactions
from sipakit.plots.matrix import draw_matrix
from sipakit.plots.surrogate import draw_surrogate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from matplotlib.axes import Axes

__all__ = ["KINDS", "Display", "draw"]


def _draw_effects(explanation: Effects, ax: Axes | None = None) -> Display:
    """Draw means, or the curves of single rows where each row has one."""
    picture = draw_means if explanation.rows is None else draw_rows
    return picture(explanation, ax)


# The first kind of each type is its usual picture.
KINDS: Final[Mapping[type[Explanation], Mapping[str, Callable[[Any, Axes | None], Display]]]] = {
    Attributions: {"bars": draw_row, "beeswarm": draw_swarm},
    Importances: {"bars": draw_importances},
    Effects: {"curves": _draw_effects},
    Interactions: {"bars": draw_interactions, "matrix": draw_matrix},
    Surrogates: {"bars": draw_surrogate},
}


def draw(explanation: Explanation, kind: str | None = None, *, ax: Axes | None = None) -> Display:
    """Draw an explanation.

    Parameters
    ----------
    explanation : Explanation
    kind : str, optional
        A key of ``KINDS[type(explanation)]``; the first one by default.
    ax : matplotlib Axes, optional
        Where to draw; then one panel is drawn, and a note says which.

    Returns
    -------
    Display

    Raises
    ------
    InputError
        For a kind that this type of explanation does not have.
    InputTypeError
        For something that is no explanation.

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> X = np.random.default_rng(0).normal(size=(50, 2))
    >>> draw(sp.ALE(grid_resolution=5).explain(lambda X: X[:, 0], X)).figure_.axes[0].get_xlabel()
    'x0'
    """
    kinds = next((KINDS[base] for base in type(explanation).__mro__ if base in KINDS), None)
    if kinds is None:
        message = f"A {type(explanation).__name__} cannot be drawn."
        raise InputTypeError(message, f"Pictures exist of {', '.join(t.__name__ for t in KINDS)}.")
    if kind is not None and kind not in kinds:
        message = f"kind={kind!r} is no picture of {type(explanation).__name__}."
        raise InputError(message, f"It has {', '.join(map(repr, kinds))}.", "Leave kind out for the first.")
    return kinds[next(iter(kinds)) if kind is None else kind](explanation, ax)
