"""What attributions say beside their numbers: the rows, and where the sums start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sipakit import columns as col
from sipakit.aggregate import Moments, Update

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sipakit.table import Table
    from sipakit.task import Feature, Task

__all__ = ["base_values", "row_values"]


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
    >>> rows = Table.from_data(np.array([[1.5, 2.0], [np.nan, 4.0]]))
    >>> features = resolve_features(rows, groups={"both": ["x0", "x1"]}, features=["x0", "both"])
    >>> ones = np.ones(2)
    >>> row_values(Task(rows, rows, features, ("prediction",), None, ones, ones)).tolist()
    [[1.5, 'x0=1.5, x1=2'], [None, 'x0=missing, x1=4']]
    """
    values = np.empty((task.n, len(task.features)), dtype=object)
    for j, feature in enumerate(task.features):
        values[:, j] = _read(task.rows, feature)
    return values


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
    >>> predictions = np.array([[1.0], [2.0], [6.0]])
    >>> task = Task(z, z, (), ("prediction",), None, ones, ones, background_predictions=predictions)
    >>> mean, std_error = base_values(task)
    >>> mean.item(), round(std_error.item(), 4)
    (3.0, 1.5275)
    """
    if task.background_predictions is None:
        message = "an explainer that starts from the background must name it in `uses`"
        raise TypeError(message)
    cells = np.zeros(len(task.background), np.intp)
    update = Update(cells, task.background_predictions, task.background_weights)
    seen = Moments.zero(1, task.k).update(update)
    return seen.mean[0], seen.std_error()[0]


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
    kept = pd.Series(column).astype(object)
    pairs = zip(kept.tolist(), col.missing(column), strict=True)
    return [None if gone else cell for cell, gone in pairs]


def _text(cell: object) -> str:
    if isinstance(cell, float):
        return f"{cell:.6g}"
    return "missing" if cell is None else str(cell)
