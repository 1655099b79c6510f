"""Individual conditional expectation: how each row's prediction moves along a feature."""

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

__all__ = ["ICE"]


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class ICE(Curves):
    """Prediction of every row when one feature is set to each value of a grid.

    Parameters
    ----------
    features : list of names, optional
        Columns; all by default, one at a time.
    background : table, optional
        Where the grid's values come from; the explained rows by default.
    output : str or list, optional
        See `sipakit.adapt`.
    grid_resolution : int or "all", default 30
        Values that occur; quantiles of them where there are more. Categories keep up to 50 levels, and a missing cell
        is a place of its own.
    conf_level : float, default 0.95
        Of no effect: these curves have no error.
    random_state : int, default 0
        Of no effect: nothing is drawn.

    Returns
    -------
    Effects
        ``values`` is a tuple with one array (rows, places, outputs) a feature, in units of the prediction.

    Cost
    ----
    At most one model row for every row and place.

    References
    ----------
    Goldstein, Kapelner, Bleich and Pitkin (2015), doi:10.1080/10618600.2014.907095

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> X = np.array([[0.0, 1.0], [1.0, 3.0]])
    >>> e = sp.ICE(features=["x0"]).explain(lambda X: 2 * X[:, 0] + X[:, 1], X)
    >>> e.values[0][:, :, 0].tolist()
    [[1.0, 3.0], [3.0, 5.0]]
    """

    features: Sequence[Hashable] | None = None
    background: Any = None
    output: Any = None
    grid_resolution: int | str = 30
    conf_level: float = 0.95
    random_state: int = 0

    unit: ClassVar[Unit] = "row"
    question: ClassVar[str] = "How does each row's prediction move along a feature?"
    references: ClassVar[tuple[str, ...]] = (
        "Goldstein, Kapelner, Bleich and Pitkin (2015), Peeking inside the black box. doi:10.1080/10618600.2014.907095",
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
