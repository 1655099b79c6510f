"""What a result says of how it was made: its cost, what a repetition needs, and what the run has to warn of."""

from __future__ import annotations

import platform
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import sklearn

from sipakit.caveats import Caveat, caveat
from sipakit.engine.ground import WHERE_IT_ANSWERS
from sipakit.errors import first_few
from sipakit.explanation import Cost
from sipakit.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sipakit.engine.answers import Answers
    from sipakit.engine.ground import Ground
    from sipakit.engine.how import How
    from sipakit.engine.units import Units
    from sipakit.engine.work import Bill
    from sipakit.explainer import Explainer
    from sipakit.explanation import Explanation
    from sipakit.table import Table

__all__ = ["above", "completed", "cost_of", "shortfall"]


def completed(
    explainer: Explainer,
    result: Explanation,
    ground: Ground,
    how: How,
    budget: int | None,
    cost: Cost,
    *,
    structured: bool,
) -> Explanation:
    """Return a result with its cost, its manifest and all its caveats."""
    structure = ground.adapter.structure if structured else None
    caveats = [*ground.caveats, *result.caveats]
    if id(explainer) in ground.left_out:
        caveats.append(ground.left_out[id(explainer)])
    if explainer.background_matters and ground.background is ground.rows:
        message = f"The {len(ground.rows):,} explained rows are compared with each other."
        caveats.append(caveat("SIPA010", message, "Pass background= for another comparison."))
    if "refit" in explainer.needs and not ground.adapter.drops_columns:
        message = "The estimator names its columns, or knows them by number, and is fitted with all of them."
        caveats.append(caveat("SIPA036", message))
    return replace(
        result,
        caveats=tuple(dict.fromkeys(caveats)),
        cost=cost,
        manifest=_manifest(explainer, ground, how, budget) | {"structure": structure and structure.name},
    )


def cost_of(explainer: Explainer, ground: Ground, bill: Bill, base: Mapping[Table, Answers], outside: float) -> Cost:
    """Add up what an answer cost: the draws, and the predictions of the tables that it builds on."""
    gradients = "gradient" in explainer.needs
    return Cost(
        rows=sum(answers.rows for answers in base.values()) + (0 if gradients else bill.rows),
        asked=bill.asked,
        gradient_rows=bill.rows if gradients else 0,
        refits=bill.refits,
        check_rows=ground.check_rows + ground.pace_rows + ground.rows_beside(base),
        seconds_in_model=sum(answers.seconds for answers in base.values()) + bill.in_model,
        seconds_outside=outside,
    )


def shortfall(units: Units, names: Sequence[Any], bill: Bill, *, short: bool) -> list[Caveat]:
    """Say what is missing from a run that was interrupted, or that left draws out.

    Parameters
    ----------
    units : Units
    names : the units' names, in order
    bill : Bill
    short : bool
        Whether it was interrupted before its end.
    """
    found = []
    if short:
        done, all_ = int(units.finished.sum()), len(units.finished)
        told = f"{done:,} of {all_:,} {units.kind}s were done." if done < all_ else "No more draws were made."
        found.append(caveat("SIPA019", told, "Run it again for the rest."))
    if bill.bad:
        plural = "s" * (bill.bad > 1)
        message = f"The model has no answer for {bill.bad:,} virtual row{plural}, the first being {bill.first_bad}."
        if bill.lost:
            message += f" Draws that need such rows were left out: {len(bill.lost):,}."
        gone = [name for name, done, kept in zip(names, units.finished, units.kept, strict=True) if done and not kept]
        if gone:
            message += f" So were {units.kind}s that would lose more than half of theirs: {first_few(gone)}."
        found.append(caveat("SIPA018", message, WHERE_IT_ANSWERS))
    return found


def above(tolerance: float, chance: NDArray[np.float64] | None) -> list[Caveat]:
    """Say where the Monte Carlo standard error, None where nothing was drawn, is above what was wanted."""
    if chance is None or not (above := chance > tolerance).any():
        return []
    worst = float(chance.max())
    told = f"{worst:.3g} at most" if np.isfinite(worst) else "not known everywhere"
    message = f"The Monte Carlo standard error is {told}, above tolerance={tolerance:g} in {int(above.sum()):,} of"
    cure = "Raise the budget, or the number of draws or steps that the method takes."
    return [caveat("SIPA032", f"{message} {above.size:,} numbers.", cure)]


def _manifest(explainer: Explainer, ground: Ground, how: How, budget: int | None) -> dict[str, Any]:
    """What a repetition needs; no dates, so that equal runs give equal documents."""
    versions = {"sipakit": __version__, "python": platform.python_version(), "numpy": np.__version__}
    return {
        "versions": {**versions, "pandas": pd.__version__, "scikit-learn": sklearn.__version__},
        "random_state": explainer.random_state,
        "budget": budget,
        "tolerance": how.tolerance,
        "on_bad": how.on_bad,
        "rows": len(ground.rows),
        "rows_fingerprint": ground.rows.fingerprint,
        "background": len(ground.background),
        "background_fingerprint": ground.background.fingerprint,
        "columns": [str(name) for name in ground.rows.names],
        "weighted": bool((ground.weights != 1).any() or (ground.background_weights != 1).any()),
    }
