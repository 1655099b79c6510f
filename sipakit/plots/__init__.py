"""Pictures of explanations: one picture a file, chosen by the type of the explanation and the kind asked for.

Nothing here imports pyplot or changes a global setting, and every name goes through `sipakit.plots.labels`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sipakit.errors import InputError, InputTypeError
from sipakit.explanation import (
    Attributions,
    Decomposition,
    Effects,
    Explanation,
    Importances,
    Interactions,
    Regions,
    Surrogates,
)
from sipakit.plots.attributions import draw_row
from sipakit.plots.bars import draw_importances
from sipakit.plots.beeswarm import draw_swarm
from sipakit.plots.curves import draw_heterogeneity, draw_means
from sipakit.plots.decomposition import draw_decomposition
from sipakit.plots.dependence import draw_dependence
from sipakit.plots.display import Display
from sipakit.plots.groups import cohorts
from sipakit.plots.heatmap import draw_heatmap
from sipakit.plots.ice import draw_changes, draw_rows, draw_slopes
from sipakit.plots.interactions import draw_interactions
from sipakit.plots.matrix import draw_matrix
from sipakit.plots.network import draw_network
from sipakit.plots.regions import draw_regions
from sipakit.plots.shades import column_of
from sipakit.plots.shares import draw_shares
from sipakit.plots.surface import draw_surfaces
from sipakit.plots.surrogate import draw_surrogate
from sipakit.plots.waterfall import draw_waterfall

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    from matplotlib.axes import Axes

__all__ = ["KINDS", "Display", "cohorts", "draw"]


def _draw_effects(explanation: Effects, ax: Axes | None = None, *, colour_by: Hashable | None = None) -> Display:
    """Draw the curves of single rows where each row has one, else means, of pairs where there is nothing else."""
    if explanation.rows is not None:
        return draw_rows(explanation, ax, colour_by=colour_by)
    if colour_by is not None:
        column_of(colour_by, explanation.columns, explanation.row_values, explanation.explainer)
    return draw_means(explanation, ax) if explanation.lines else draw_surfaces(explanation, ax)


# The first kind of each type is its usual picture.
KINDS: Final[Mapping[type[Explanation], Mapping[str, Callable[..., Display]]]] = {
    Attributions: {
        "bars": draw_row,
        "waterfall": draw_waterfall,
        "beeswarm": draw_swarm,
        "dependence": draw_dependence,
        "heatmap": draw_heatmap,
    },
    Importances: {"bars": draw_importances},
    Effects: {
        "curves": _draw_effects,
        "centred": draw_changes,
        "derivative": draw_slopes,
        "surface": draw_surfaces,
        "heterogeneity": draw_heterogeneity,
    },
    Interactions: {"bars": draw_interactions, "matrix": draw_matrix, "network": draw_network},
    Surrogates: {"bars": draw_surrogate},
    Decomposition: {"effects": draw_decomposition, "shares": draw_shares},
    Regions: {"curves": draw_regions},
}


# What a picture takes beside an explanation and axes -> the pictures that take it, and what they are called.
_OPTIONS: Final[Mapping[str, tuple[frozenset[Callable[..., Display]], str]]] = {
    "colour_by": (
        frozenset({draw_swarm, draw_dependence, _draw_effects, draw_changes, draw_slopes}),
        "nothing to colour: curves of single rows, beeswarms and dependence have a mark for each row",
    ),
    "feature": (frozenset({draw_dependence}), "no single feature: dependence has one"),
    "order": (frozenset({draw_heatmap}), "no order of rows: heat maps have one"),
}


def draw(
    explanation: Explanation,
    kind: str | None = None,
    *,
    ax: Axes | None = None,
    colour_by: Hashable | None = None,
    feature: Hashable | None = None,
    order: str | None = None,
) -> Display:
    """Draw an explanation.

    Parameters
    ----------
    explanation : Explanation
    kind : str, optional
        A key of ``KINDS[type(explanation)]``; the first one by default.
    ax : matplotlib Axes, optional
        Where to draw; then one panel is drawn, and a note says which.
    colour_by : name of a column, optional
        Colours curves of single rows, or the points of a beeswarm or dependence, by the rows' values of that column.
    feature : name of a feature, optional
        The one that dependence is drawn of.
    order : "prediction" or "similarity", optional
        The order of rows in a heat map.

    Returns
    -------
    Display

    Raises
    ------
    InputError
        For a kind that this type of explanation does not have, for a column that rows cannot be coloured by, and for
        an option that the picture does not take.
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
    chosen = next(iter(kinds)) if kind is None else kind
    picture, given = kinds[chosen], {"colour_by": colour_by, "feature": feature, "order": order}
    options = {name: value for name, value in given.items() if value is not None}
    for name, value in options.items():
        takers, lacks = _OPTIONS[name]
        if picture not in takers:
            raise InputError(f"{name}={value!r}: kind={chosen!r} has {lacks}.", cure=f"Leave {name}= out.")
    return picture(explanation, ax, **options)
