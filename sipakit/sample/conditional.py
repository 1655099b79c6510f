"""What the other features are likely to be, given those that are known: the law that suits a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from sipakit import columns as col
from sipakit.sample.copula import Copula
from sipakit.sample.copula_fit import copula_of
from sipakit.sample.near_rows import NearRows, near_rows_of
from sipakit.sample.told_by_others import Dependence

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sipakit.table import Table

__all__ = ["ConditionalLaw", "conditional_law", "doubts"]

ConditionalLaw: TypeAlias = Copula | NearRows

_MUCH = 0.25  # of a column's variance, which other columns tell and correlations do not
_FEW = 5.0  # rows for each column
_FAR = 0.5  # of the usual distance
_NAMED = 4


def conditional_law(
    background: Table, weights: NDArray[np.float64], predictions: NDArray[np.float64], random_state: int
) -> ConditionalLaw:
    """Fit a law of the columns given some of them: a copula if all have an order and no missing cell, or near rows.

    Parameters
    ----------
    background : Table, b rows
        What was fitted to it is remembered with it.
    weights : (b,)
        Rows without weight are left out.
    predictions : (b, k)
        Near rows are put in their order.
    random_state : int
        Breaks ties of the copula's ranks.

    Returns
    -------
    Copula or NearRows
        Both have ``conditioned(mix)``, which exchanges the base rows of virtual rows.

    Examples
    --------
    >>> from sipakit.table import Table
    >>> table = Table.from_data(np.array([[1.0, 4.0], [2.0, 5.0], [3.0, np.nan]]))
    >>> for one in (table, table.selected([0])):
    ...     print(type(conditional_law(one, np.ones(3), np.zeros((3, 1)), 0)).__name__)
    NearRows
    Copula
    """
    weighed = weights.tobytes()

    def fitted() -> ConditionalLaw:
        if _ordered(background, weights):
            return copula_of(background, weights, np.random.default_rng([random_state, len(background)]))
        return near_rows_of(background, weights, predictions)

    return background.remembered(("conditional law", weighed, predictions.tobytes(), random_state), fitted)


def _ordered(table: Table, weights: NDArray[np.float64]) -> bool:
    """Whether every column has an order, and every cell of the rows with weight is finite."""
    if any(table.kind(j) == "category" for j in range(table.n_columns)):
        return False
    return all(bool(np.isfinite(col.numbers(column)[weights > 0]).all()) for column in table.columns)


def doubts(law: ConditionalLaw, rows: Table, weights: NDArray[np.float64]) -> list[str]:
    """Say what speaks against the law that was fitted, in sentences; an empty list if nothing was found.

    Parameters
    ----------
    law : Copula or NearRows
    rows : Table
        The explained rows.
    weights : (b,)
        Those of the background.
    """
    return _of_copula(law, weights) if isinstance(law, Copula) else _of_near_rows(law, rows)


def _of_copula(law: Copula, weights: NDArray[np.float64]) -> list[str]:
    table, found = law.background, []
    rows = float(weights.sum() ** 2 / (weights**2).sum())
    if rows < _FEW * table.n_columns:
        message = (
            f"The copula of {table.n_columns} columns was fitted to {rows:,.0f} rows; fewer than {_FEW:.0f} a column"
        )
        found.append(f"{message} say little of their correlations, which were shrunk by {law.shrunk:.0%}.")
    looked = table.remembered(("dependence", weights.tobytes()), lambda: Dependence.of(table, weights))
    by_copula = law.told
    missed = [
        (
            one.share - by_copula[one.column],
            f"{one.share:.0%} of {table.names[one.column]!r} ({by_copula[one.column]:.0%})",
        )
        for one in (looked.told([j])[0] for j in range(table.n_columns) if looked.told([j]))
        if one.share - by_copula[one.column] >= _MUCH
    ]
    if missed:
        listed = [text for _, text in sorted(missed, reverse=True)]
        more = f" and much of {len(listed) - _NAMED} more" if len(listed) > _NAMED else ""
        told = f"Other columns tell {', '.join(listed[:_NAMED])}{more}, by ranks on rows held back"
        found.append(f"{told}; in brackets what the copula knows of it.")
    return found


def _of_near_rows(law: NearRows, rows: Table) -> list[str]:
    found = []
    behind = int((law.place > 0).sum())
    if len(law.among) < behind:
        message = f"Near rows were looked for among {len(law.among):,} of {behind:,} background rows"
        found.append(f"{message}, in even steps through their predictions.")
    reach = law.reach(rows)
    far = int((reach > _FAR).sum())
    if far:
        message = f"For {far:,} of {len(rows):,} rows the {law.fewest:,} nearest of {len(law.among):,} rows reach"
        half = f"farther than {_FAR:.0%} of the usual distance on all columns ({np.median(reach[reach > _FAR]):.0%})"
        found.append(f"{message} {half}: given many columns, the law leans towards the marginal one.")
    return found
