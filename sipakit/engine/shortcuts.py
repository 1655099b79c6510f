"""What a model's structure tells of a question, so that the model need not be asked for it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from sipakit.caveats import caveat
from sipakit.engine.answers import in_batches
from sipakit.exact import CHECKED, Additive, Batches, Curves, Joint, Together, available, join, trace
from sipakit.structure import Terms, Trees

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sipakit.engine.ground import Ground
    from sipakit.explainer import Explainer
    from sipakit.intervene import Mix
    from sipakit.structure import Structure
    from sipakit.table import Table
    from sipakit.task import Task

__all__ = ["opens", "structured", "traced"]

_ENOUGH = 2**15  # cells of the explained table, from which on it pays to look at a model's structure


def opens(ground: Ground) -> bool:
    """Whether the model has a structure, and there is enough to ask."""
    if ground.drops or not (ground.eager or len(ground.rows) * ground.rows.n_columns >= _ENOUGH):
        return False
    structure = ground.adapter.structure
    return structure is not None and (not structure.compiled or available())


def structured(ground: Ground, explainer: Explainer, task: Task) -> Task:
    """Return the question with what the model's structure tells of it, if it suits and gives the model's answers.

    That is curves of single columns, and means with two columns set; of sums of terms, any mix of known rows.
    """
    if not opens(ground):
        return task
    if isinstance(ground.adapter.structure, Terms):
        return _by_terms(ground, explainer, task)
    averaged = explainer.averages(task)
    joint = None if averaged is None else _joint(ground, *averaged)
    follow = (explainer.single_columns or joint is not None) and any(not f.parts for f in task.features)
    curves = _curves(ground) if follow else None
    if follow and curves is None and not explainer.single_columns:
        joint = None  # of no use alone
    return replace(task, curves=curves, joint=joint)


def traced(ground: Ground, table: Table) -> Curves | Additive | None:
    """Follow the rows of a table down the model's structure."""
    structure = ground.adapter.structure
    if isinstance(structure, Terms):
        return Additive(table, structure, partial(_sums, structure), ground.adapter.read)
    return None if structure is None else trace(structure, table, ground.adapter.read)


def _by_terms(ground: Ground, explainer: Explainer, task: Task) -> Task:
    """Return the question with answers from terms, for methods whose donors are known tables or few places."""
    if not (explainer.single_columns or explainer.mixes()):
        return task
    if task.budget is not None and _rows_of_terms(explainer, task) > task.budget:
        return task
    known = _curves(ground)
    if not isinstance(known, Additive):
        return task
    curves = known.beginning()
    averaged = explainer.averages(task) if curves.adds else None
    if averaged is None:
        return replace(task, curves=curves)
    table, _ = averaged
    weights = ground.weights if table is ground.rows else ground.background_weights
    return replace(task, curves=curves, joint=Together.of(curves, table, weights))


def _rows_of_terms(explainer: Explainer, task: Task) -> int:
    """Model rows that terms cost at most; grids and other donors have no more different values than the rows."""
    tables = {id(t): t for t in ((task.rows, task.background) if explainer.mixes() else (task.rows,))}
    columns = sorted({j for feature in task.features for j in feature.columns})
    different = [len(np.unique(t.cell_hashes(j))) for t in tables.values() for j in columns]
    return sum(map(len, tables.values())) + CHECKED * task.rows.n_columns + 2 * sum(different)


def _curves(ground: Ground) -> Curves | Additive | None:
    """Follow the explained rows, once for all explainers of the ground."""
    if ground.rows not in ground.traced:
        made, structure = traced(ground, ground.rows), ground.adapter.structure
        if made is not None and structure is not None:
            told = made.own if made.consistent else None
            if not _confirms(ground, told, ground.rows, structure):
                ground.pace_rows += made.asked
                made = None
        ground.traced[ground.rows] = made
    return ground.traced[ground.rows]


def _joint(ground: Ground, table: Table, pairs: list[tuple[int, int]]) -> Joint | None:
    trees = ground.adapter.structure
    if not isinstance(trees, Trees):
        return None
    weights = ground.weights if table is ground.rows else ground.background_weights
    made = join(trees, table, weights, ground.adapter.read, pairs)
    return made if made and _confirms(ground, made.level, table, trees, made.batches) else None


def _confirms(
    ground: Ground,
    told: NDArray[np.float64] | None,
    table: Table,
    structure: Structure,
    batches: Batches | None = None,
) -> bool:
    """Whether the model's own predictions of a table, or their means in batches, are what its structure tells."""
    if told is not None:
        asked = ground.predictions(table).values
        if _agree(told, asked if batches is None else batches.means(asked), structure.tolerance):
            return True
    message = f"The {structure.name} read from the model do not give its answers; it was asked for them instead."
    ground.caveats.append(caveat("SIPA033", message))
    return False


def _agree(one: NDArray[np.float64], two: NDArray[np.float64], tolerance: float) -> bool:
    scale = max(float(np.abs(two).max()), 1e-300)
    return one.shape == two.shape and float(np.abs(one - two).max()) <= tolerance * scale


def _sums(terms: Terms, mix: Mix) -> NDArray[np.float64]:
    return in_batches(terms.sums, mix).values
