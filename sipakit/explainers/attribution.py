"""What attributions say beside their numbers: the rows, and where the sums start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sipakit import columns as col
from sipakit.aggregate import Moments, Update
from sipakit.caveats import Caveat, caveat
from sipakit.errors import InputError, first_few

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sipakit.table import Table
    from sipakit.task import Feature, Task

__all__ = ["base_values", "completeness_gap", "finite_numbers", "incomplete", "read_rows", "row_values", "row_weights"]

_ALLOWED = 0.01  # of the difference to explain
_ROUNDING = 1e-5  # of the largest prediction: what a network in float32 cannot resolve


def row_values(task: Task) -> NDArray[np.object_]:
    """Return the explained rows as a person reads them.

    Parameters
    ----------
    task : Task, n rows and u features

    Returns
    -------
    (n, u) object
        Plain Python values; None where a cell is missing. A group of columns is a text such as
        ``"age=30, city=Rome"``.

    Examples
    --------
    >>> import numpy as np
    >>> from sipakit.table import Table
    >>> from sipakit.task import Task, resolve_features
    >>> rows = Table.from_data(np.array([[7.0, 1.5, 2.0], [8.5, np.nan, 4.0]]))
    >>> features = resolve_features(rows, groups={"both": ["x1", "x2"]}, features=["x0", "both"])
    >>> ones = np.ones(2)
    >>> row_values(Task(rows, rows, features, ("prediction",), None, ones, ones)).tolist()
    [[7.0, 'x1=1.5, x2=2'], [8.5, 'x1=missing, x2=4']]
    """
    values = np.empty((task.n, len(task.features)), dtype=object)
    for j, feature in enumerate(task.features):
        values[:, j] = _read(task.rows, feature)
    return values


def read_rows(table: Table) -> NDArray[np.object_]:
    """Return every column of a table as a person reads it: (n, p) plain Python values, None where one is missing.

    Examples
    --------
    >>> import numpy as np
    >>> from sipakit.table import Table
    >>> read_rows(Table.from_data(np.array([[7.0, np.nan]]))).tolist()
    [[7.0, None]]
    """
    cells = np.empty((len(table), table.n_columns), dtype=object)
    for j, column in enumerate(table.columns):
        cells[:, j] = _plain(column)
    return cells


def base_values(task: Task) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean prediction of the background and its standard error as a sample, each (k,).

    Both use the background's weights. The error is infinite for a background of one row; a method
    that means that row and no other has no such error.

    Examples
    --------
    >>> import numpy as np
    >>> from sipakit.table import Table
    >>> from sipakit.task import Task
    >>> z, ones = Table.from_data(np.zeros((3, 1))), np.ones(3)
    >>> f = np.array([[1.0], [2.0], [6.0]])
    >>> task = Task(z, z, (), ("prediction",), None, ones, ones, f, f)
    >>> mean, std_error = base_values(task)
    >>> mean.item(), round(std_error.item(), 4)
    (3.0, 1.5275)
    """
    cells = np.zeros(len(task.background), np.intp)
    update = Update(cells, task.known_background_predictions, task.background_weights)
    seen = Moments.zero(1, task.k).update(update)
    return seen.mean[0], seen.std_error()[0]


def row_weights(task: Task) -> NDArray[np.float64] | None:
    """Return the importance weights (n,) of the explained rows; None where all are the same.

    Examples
    --------
    >>> import numpy as np
    >>> from sipakit.table import Table
    >>> from sipakit.task import Task
    >>> z, ones = Table.from_data(np.zeros((2, 1))), np.ones(2)
    >>> row_weights(Task(z, z, (), ("prediction",), None, np.array([1.0, 3.0]), ones)).tolist()
    [1.0, 3.0]
    """
    same = bool((task.weights == task.weights[0]).all())
    return None if same else task.weights


def completeness_gap(task: Task, base: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return prediction less base value (k,) less the sum of the attributions (n, u, k): (n, k)."""
    return np.asarray(task.known_predictions - base - values.sum(axis=1))


def incomplete(task: Task, gap: NDArray[np.float64], cure: str) -> list[Caveat]:
    """Say where more than 1 % of what is to be explained is missing from the attributions' sum.

    That is 1 % of the prediction's difference to the base value, or of the standard deviation of the
    background's predictions where that is larger: a difference of nothing need not be met to 1 %.
    """
    rows, behind = task.known_predictions, task.known_background_predictions
    weights = task.background_weights / task.background_weights.sum()
    base = weights @ behind
    scale = np.maximum(np.abs(rows - base), np.sqrt(weights @ (behind - base) ** 2))
    resolved = _ROUNDING * max(np.abs(rows).max(), np.abs(behind).max())
    missing = np.abs(gap) > np.maximum(_ALLOWED * scale, resolved)
    if not missing.any():
        return []
    count, worst = int(missing.any(axis=1).sum()), float(np.abs(gap[missing]).max())
    message = (
        f"In {count:,} of {task.n:,} rows more than 1 % of the difference to the base value, or of the"
        f" background's spread, is missing; {worst:.2g} ({task.scale}) at most."
    )
    return [caveat("SIPA026", message, cure)]


def finite_numbers(table: Table, argument: str) -> NDArray[np.float64]:
    """Return a table as numbers (n, p), for methods that move along straight ways.

    Raises
    ------
    InputError
        For missing or infinite cells; column and rows are named.
    """
    numbers = np.column_stack([col.numbers(column) for column in table.columns])
    finite = np.isfinite(numbers)
    if not finite.all():
        j = int(np.flatnonzero(~finite.all(axis=0))[0])
        rows = np.flatnonzero(~finite[:, j]).tolist()
        message = f"Column {table.names[j]!r} of {argument} is missing or infinite in rows {first_few(rows)}."
        cure = "Drop those rows, or fill them in as for the network and say so."
        raise InputError(message, "A straight way needs a finite number at both ends.", cure)
    return numbers


def _read(rows: Table, feature: Feature) -> list[Any]:
    cells = {rows.names[j]: _plain(rows.columns[j]) for j in feature.columns}
    if len(cells) == 1:
        return next(iter(cells.values()))
    return [
        ", ".join(f"{name}={_text(cell)}" for name, cell in zip(cells, row, strict=True))
        for row in zip(*cells.values(), strict=True)
    ]


def _plain(column: col.Column) -> list[Any]:
    """Return a column's cells as Python values; dates stay pandas' own, which print as dates."""
    if isinstance(column, np.ndarray) and column.dtype.kind in "biuf":  # pandas takes longer than a small explanation
        return [None if cell != cell else cell for cell in column.tolist()]  # noqa: PLR0124 - only NaN differs from itself
    cells = col.series(column).array if isinstance(column, np.ndarray) else column
    pairs = zip(cells.astype(object).tolist(), col.missing(column), strict=True)
    return [None if gone else cell for cell, gone in pairs]


def _text(cell: object) -> str:
    if isinstance(cell, float):
        return f"{cell:.6g}"
    return "missing" if cell is None else str(cell)
