"""An explainer with its model: all that does not depend on the rows is done once, for answers at scoring time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import threadpoolctl

from sipakit.adapters import adapt
from sipakit.door import conform, open_table, open_target, open_weights
from sipakit.engine.answers import Answers, in_batches
from sipakit.engine.ground import Ground
from sipakit.engine.manners import check_manners
from sipakit.engine.run import explain_in, look_at_workers
from sipakit.engine.work import one_regime
from sipakit.errors import InputError
from sipakit.intervene import Mix, Rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from sipakit.adapters import Adapter
    from sipakit.caveats import Caveat
    from sipakit.explainer import Explainer
    from sipakit.explanation import Explanation
    from sipakit.table import Table

__all__ = ["Prepared", "prepare"]


@dataclass(frozen=True, eq=False, repr=False)
class Prepared:
    """An explainer with its model and background, ready for rows; it can be pickled if the model can.

    Parameters
    ----------
    explainer : Explainer
    adapter : Adapter
    background : Table
    weights : (b,)
    predictions : Answers or None
        Those of the background, for explainers that build on them.
    outputs : tuple of names
    caveats : tuple of Caveat
        What was found when the background came in and the model was looked at.

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> Z = np.random.default_rng(0).normal(size=(50, 2))
    >>> sp.Shapley(background=Z).prepare(lambda X: X[:, 0] * X[:, 1])
    <Shapley(background=<ndarray 50 x 2>), prepared with 50 background rows>
    """

    explainer: Explainer
    adapter: Adapter
    background: Table
    weights: NDArray[np.float64]
    predictions: Answers | None
    outputs: tuple[str, ...]
    caveats: tuple[Caveat, ...]

    def explain(
        self,
        X: Any,
        y: Any = None,
        *,
        sample_weight: Any = None,
        n_jobs: int | None = None,
        budget: int | str | None = None,
        progress: bool | Callable[[int, int], None] | None = None,
    ) -> Explanation:
        """Explain rows; parameters, errors and result are those of `Explainer.explain`.

        The model's manners were looked at once, and the background's predictions made: neither is in the result's cost.
        """
        look_at_workers(n_jobs)
        rows, caveats = open_table(X, expects=self.adapter.expects)
        target, about_target = open_target(y, X, self.adapter.classes)
        weights, about_weights = open_weights(sample_weight, X, len(rows))
        behind, rows, about = conform(self.background, rows)
        known: dict[Table, Answers] = {}
        if _is_same(behind, self.background):
            behind = self.background
            known = {behind: Answers(self.predictions.values, 0, 0.0)} if self.predictions else {}
        found = [*caveats, *about_target, *about_weights, *about, *self.caveats]
        ground = Ground(
            adapter=self.adapter,
            rows=rows,
            background=behind,
            target=target,
            weights=weights,
            background_weights=self.weights,
            outputs=self.outputs,
            caveats=list(dict.fromkeys(found)),
            check_rows=0,
            _known=known,
        )
        with one_regime(self._pools):
            (result,) = explain_in([self.explainer], ground, n_jobs=n_jobs, budget=budget, progress=progress)
        return result

    @cached_property
    def _pools(self) -> threadpoolctl.ThreadpoolController:
        """The libraries' pools of threads, looked up once: that takes as long as a small explanation."""
        return threadpoolctl.ThreadpoolController()

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_pools"}

    def __repr__(self) -> str:
        return f"<{self.explainer!r}, prepared with {len(self.background):,} background rows>"


def prepare(explainer: Explainer, model: object, *, background_weight: Any = None) -> Prepared:
    """Read a model and let the background in; the parameters and errors are those of `Explainer.prepare`."""
    given = explainer.param("background")
    if given is None:
        name = type(explainer).__name__
        message = f"{name} has no background to be prepared with."
        cure = f"Pass the training table: {name}(background=X_train)."
        raise InputError(message, "What does not depend on the rows is done once.", cure)
    adapter = adapt(model, output=explainer.param("output"))
    behind, caveats = open_table(given, argument="background", expects=adapter.expects)
    weights, about_weights = open_weights(background_weight, given, len(behind))
    with one_regime():
        first, _, manners = check_manners(adapter, behind)
        answers = None
        if "background" in explainer.uses:
            unchanged = Mix.unchanged(Rows(behind, np.arange(len(behind))))
            answers = in_batches(adapter.predict, unchanged, first.shape[1])
    found = tuple(dict.fromkeys([*caveats, *about_weights, *adapter.caveats, *manners]))
    return Prepared(explainer, adapter, behind, weights, answers, adapter.names_of_outputs(first.shape[1]), found)


def _is_same(table: Table, other: Table) -> bool:
    """Whether two tables hold the very same columns under the same names."""
    columns = zip(table.columns, other.columns, strict=True)
    return table.names == other.names and table.from_array == other.from_array and all(a is b for a, b in columns)
