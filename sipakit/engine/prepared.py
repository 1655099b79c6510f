"""An explainer with its model: all that does not depend on the rows is done once, for answers at scoring time."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sipakit.adapters import adapt
from sipakit.engine.extrapolation import dependence_of
from sipakit.engine.ground import Behind, Ground, open_behind, open_ground
from sipakit.engine.how import How
from sipakit.engine.manners import check_manners
from sipakit.engine.run import explain_in, only
from sipakit.engine.work import one_regime
from sipakit.errors import InputError, InputTypeError

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from sipakit.adapters import Adapter
    from sipakit.caveats import Caveat
    from sipakit.explainer import Explainer
    from sipakit.explanation import Explanation
    from sipakit.sample import Dependence

__all__ = ["Prepared", "prepare"]


@dataclass(frozen=True, eq=False, repr=False)
class Prepared:
    """An explainer with its model and background, ready for rows; it can be pickled if the model can.

    Parameters
    ----------
    explainer : Explainer
    adapter : Adapter
    behind : Behind
        The background.
    predictions : (b, k) or None
        Those of the background, for explainers that build on them.
    outputs : tuple of names
    caveats : tuple of Caveat
        What a look at the model found.
    dependence : Dependence, optional
        What the background's columns tell of each other, where it matters.

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> Z = np.random.default_rng(0).normal(size=(50, 2))
    >>> sp.Shapley(background=Z).prepare(lambda X: X[:, 0] * X[:, 1])
    <Shapley(background=<ndarray 50 x 2>), prepared with 50 background rows>
    """

    explainer: Explainer
    adapter: Adapter
    behind: Behind
    predictions: NDArray[np.float64] | None
    outputs: tuple[str, ...]
    caveats: tuple[Caveat, ...]
    dependence: Dependence | None = None

    def explain(
        self,
        X: Any,
        y: Any = None,
        *,
        sample_weight: Any = None,
        n_jobs: int | None = None,
        budget: int | str | None = None,
        tolerance: float | None = None,
        progress: bool | Callable[[int, int], None] | None = None,
        on_bad: str = "raise",
        on_interrupt: str = "raise",
    ) -> Explanation:
        """Explain rows; parameters, errors and result are those of `Explainer.explain`.

        The model's manners were looked at once, and the background's predictions made: neither is in the result's cost.
        The model must have an answer for every row of the background.
        """
        how = How(
            n_jobs=n_jobs,
            budget=budget,
            tolerance=tolerance,
            progress=progress,
            on_bad=on_bad,
            on_interrupt=on_interrupt,
        )
        ground = open_ground(self.adapter, X, y, sample_weight, lambda: self.behind)
        if how.drops:
            ground = ground.without_bad_rows({"rows"})
        ground = ground.knowing(self.outputs, self.caveats)
        if self.predictions is not None and ground.background is self.behind.table:
            ground.recall(ground.background, self.predictions)
        if self.behind.table.from_array or ground.background.names == self.behind.table.names:  # columns as they were
            ground.dependence = self.dependence
        with one_regime():
            results, _ = explain_in([self.explainer], ground, how)
        return only(results)

    def __repr__(self) -> str:
        return f"<{self.explainer!r}, prepared with {len(self.behind.table):,} background rows>"


def prepare(explainer: Explainer, model: object, *, background_weight: Any = None) -> Prepared:
    """Read a model and let the background in; the parameters and errors are those of `Explainer.prepare`."""
    given = explainer.param("background")
    if given is None:
        name = type(explainer).__name__
        message = f"{name} has no background to be prepared with."
        cure = f"Pass the training table: {name}(background=X_train)."
        raise InputError(message, "What does not depend on the rows is done once.", cure)
    adapter = adapt(model, output=explainer.param("output"))
    behind = open_behind(adapter, given, background_weight)
    with one_regime():
        first, _, manners = check_manners(adapter, behind.table)
        outputs = adapter.names_of_outputs(first.shape[1])
        alone = Ground(adapter, behind.table, behind.table, None, behind.weights, behind.weights, outputs, [], 0)
        known = alone.predictions(behind.table).values if "background" in explainer.uses else None
        dependence = _looked_at(explainer, alone)
    caveats = tuple(dict.fromkeys([*adapter.caveats, *manners]))
    return Prepared(explainer, adapter, behind, known, outputs, caveats, dependence)


def _looked_at(explainer: Explainer, ground: Ground) -> Dependence | None:
    """Find out what the background's columns tell of each other, if the explainer moves some without the others."""
    if not explainer.breaks_dependence:
        return None
    dependence = dependence_of(ground.background, ground.background_weights)
    with suppress(InputError, InputTypeError):  # names may be those of a frame that is still to come
        dependence.broken_by([feature.columns for feature in ground.features(explainer)])
    return dependence
