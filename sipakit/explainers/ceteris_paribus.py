"""Ceteris paribus: what the model would say of a few rows if one feature were different."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from sipakit.aggregate import Collected, Update
from sipakit.explainers.curves import Curves, collect_curves, single_curves

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from sipakit.explainer import Unit
    from sipakit.explanation import Effects
    from sipakit.task import Task

__all__ = ["CeterisParibus"]


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class CeterisParibus(Curves):
    """What the model says of single rows when one feature is set to other values, all else equal.

    The curves are those of `ICE`, for a few rows of interest; the background says which values are usual.

    Parameters
    ----------
    features : list of names, optional
        Columns; all by default, one at a time.
    background : table
        Where the grid's values come from, usually the training table. Needed: a few rows do not tell it.
    output : str or list, optional
        See `sipakit.adapt`.
    grid_resolution : int or "all", default 30
        Values that occur in the background; quantiles of them where there are more. Categories keep up to 50 levels,
        and a missing cell is a place of its own.
    conf_level : float, default 0.95
        Of no effect: these curves have no error.
    random_state : int, default 0
        Of no effect: nothing is drawn.

    Returns
    -------
    Effects
        ``values`` is a tuple with one array (rows, places, outputs) a feature, in units of the prediction.

    Raises
    ------
    InputError
        Without a background.

    Cost
    ----
    At most one model row for every row and place.

    References
    ----------
    Kuzba and Biecek (2019), What Would You Ask the Machine Learning Model? arXiv:1903.11420

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> X = np.array([[0.0, 1.0], [1.0, 3.0], [2.0, 5.0]])
    >>> e = sp.CeterisParibus(background=X, features=["x0"]).explain(lambda X: X[:, 0] * X[:, 1], X[:1])
    >>> e.values[0][0, :, 0].tolist()
    [0.0, 1.0, 2.0]
    """

    features: Sequence[Hashable] | None = None
    background: Any = None
    output: Any = None
    grid_resolution: int | str = 30
    conf_level: float = 0.95
    random_state: int = 0

    needs: ClassVar[frozenset[str]] = frozenset({"background"})
    unit: ClassVar[Unit] = "row"
    question: ClassVar[str] = "What would the model say of this row if one feature were different?"
    references: ClassVar[tuple[str, ...]] = (
        "Kuzba and Biecek (2019), What Would You Ask the Machine Learning Model? arXiv:1903.11420",
    )

    def start(self, task: Task) -> Collected:
        """Return places for the curves of all rows."""
        return Collected.zero(task.n, len(task.design.place), task.k)

    def aggregate(self, task: Task, sample: NDArray[np.intp], answers: NDArray[np.float64]) -> Update:
        """Keep every row's curves."""
        return collect_curves(task, sample, answers)

    def conclude(self, task: Task, state: Collected) -> Effects:
        """Return the curves."""
        return single_curves(self, task, state)
