"""Whether an explainer asked about rows unlike any in the table: it moved columns without those that tell them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sipakit.caveats import Caveat, caveat
from sipakit.sample import Dependence

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from sipakit.engine.ground import Ground
    from sipakit.explainer import Explainer
    from sipakit.sample import Told
    from sipakit.table import Table
    from sipakit.task import Task

__all__ = ["dependence_of", "extrapolated"]

_NAMED = 6
_CURE = (
    "Read ALE, LOFO or PermutationImportance(conditional='strata'), or move such columns as a group. Curves that are "
    "the same for all rows (heterogeneity 0) do not suffer from it."
)


def dependence_of(table: Table, weights: NDArray[np.float64]) -> Dependence:
    """Rank a table's rows once; explainers that stand on the same table share what is found."""
    return table.remembered(("dependence", weights.tobytes()), lambda: Dependence.of(table, weights))


def extrapolated(explainer: Explainer, task: Task, ground: Ground) -> list[Caveat]:
    """Name the columns that others tell and that an explainer moved without these.

    The background is looked at, which is the explained rows where no other was given: it says where rows usually lie,
    the explained rows may be few, and it is the same for all rows that a prepared explainer will see.
    """
    moved = explainer.moved_apart(task)
    if not moved or not ground.looks:
        return []
    dependence = ground.dependence or dependence_of(ground.background, ground.background_weights)
    broken = dependence.broken_by([feature.columns for feature in moved])
    return [_caveat(broken, dependence, ground.background)] if broken else []


def _caveat(broken: Sequence[Told], dependence: Dependence, table: Table) -> Caveat:
    told = [
        f"{100 * one.share:.0f} % of {table.names[one.column]!r} (most by {table.names[one.teller]!r})"
        for one in broken[:_NAMED]
    ]
    rest = len(broken) - len(told)
    listed = f"{', '.join(told)}{f' and much of {rest:,} more' if rest else ''}"
    looked = len(dependence.rows)
    some = f"; {looked:,} of {len(table):,} rows were looked at" if looked < len(table) else ""
    message = f"Other columns tell {listed}, measured by ranks on rows held back{some}. The model was asked about rows"
    return caveat("SIPA042", f"{message} in which one of them moves without the other.", _CURE)
