"""Which methods a study runs, and running them: those that ask the same share the answers."""

from __future__ import annotations

import dataclasses
import math
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

import sipakit.explainers as built_in
from sipakit.engine import Budget, How
from sipakit.engine import explain as run
from sipakit.errors import BudgetError, InputError, InputTypeError, first_few
from sipakit.explainer import Explainer
from sipakit.explainers import (
    ALE,
    ICE,
    LIME,
    CeterisParibus,
    GlobalSurrogate,
    HStatistic,
    PartialDependence,
    PermutationImportance,
    Shapley,
)
from sipakit.frames import is_foreign, rows_of
from sipakit.shown import shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sipakit.explanation import Explanation
    from sipakit.table import Table

__all__ = ["Job", "as_explainer", "keys_of", "make_jobs", "row_numbers", "run_jobs", "sensible"]

_PAIR_ROWS = 2_000_000  # virtual rows that the H statistics of a study may ask
_MOST_FOR_PAIRS = 40  # features; with more, only totals are asked


# ---- which


def as_explainer(method: object, random_state: int = 0) -> Explainer:
    """Return an explainer as it is, or make one with its defaults by its name in snake or kebab case.

    Raises
    ------
    InputError
        For a name that no explainer has.
    InputTypeError
        For something that is no explainer, such as its class.

    Examples
    --------
    >>> as_explainer("global-surrogate"), as_explainer("ICE")
    (GlobalSurrogate(), ICE())
    """
    if isinstance(method, Explainer):
        return method
    if not isinstance(method, str):
        message = f"methods= holds {method!r}."
        raise InputTypeError(message, "It takes explainers or their names.", "Write sp.ALE(), not sp.ALE.")
    known = {_key_of(kind): kind for kind in (getattr(built_in, title) for title in built_in.__all__)}
    wanted = re.sub(r"[-_ ]", "", method.lower())
    found = [kind for key, kind in known.items() if key.replace("_", "") == wanted]
    if not found:
        message = f"methods= names {method!r}, which is no method."
        raise InputError(message, f"There are {', '.join(known)}.", "Or pass an explainer, such as sp.ALE().")
    made: Explainer = found[0](random_state=random_state)
    return made


def keys_of(explainers: Sequence[Explainer]) -> list[str]:
    """Name explainers by their classes in snake case; a second one of a class gets a number.

    Examples
    --------
    >>> keys_of([ALE(), PartialDependence(), ALE(grid_resolution=9)])
    ['ale', 'partial_dependence', 'ale_2']
    """
    kinds = [_key_of(type(one)) for one in explainers]
    counts = [kinds[: i + 1].count(kind) for i, kind in enumerate(kinds)]
    return [kind if count == 1 else f"{kind}_{count}" for kind, count in zip(kinds, counts, strict=True)]


def _key_of(kind: type[Explainer]) -> str:
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z]+|[^A-Z]+", kind.__name__)
    return "_".join(word.lower() for word in words)


def sensible(table: Table, *, target: bool, single: bool, random_state: int = 0) -> list[Explainer]:
    """Choose methods for a table.

    Parameters
    ----------
    table : Table
    target : bool
        Whether there is one.
    single : bool
        Whether rows were named that shall be explained one by one.
    random_state : int

    Returns
    -------
    list of Explainer
        In the order in which a report shows them. H statistics of a single column are left out.
    """
    methods: list[Explainer] = [PermutationImportance(random_state=random_state)] if target else []
    methods += [PartialDependence(random_state=random_state), ICE(random_state=random_state)]
    methods.append(ALE(random_state=random_state))
    if table.n_columns > 1:
        methods.append(_interactions(table.n_columns, random_state))
    methods.append(GlobalSurrogate(random_state=random_state))
    if single:
        methods += [kind(random_state=random_state) for kind in (Shapley, LIME, CeterisParibus)]
    return methods


def _interactions(p: int, random_state: int) -> HStatistic:
    """H statistics of all pairs, or of totals only where pairs are many, on as many rows as the limit allows."""
    order = 2 if p <= _MOST_FOR_PAIRS else 1
    patterns = 2 * p + (p * (p - 1) // 2 if order == 2 else 0)
    draws = int(math.sqrt(_PAIR_ROWS / patterns))
    return HStatistic(order=order, n_draws=min(max(draws, 40), 200), random_state=random_state)


# ---- running


@dataclass(frozen=True)
class Job:
    """An explainer with nothing left open, and the rows that it explains.

    Parameters
    ----------
    explainer : Explainer
    rows : tuple of int or None
        Positions in X; None for all.
    spare : bool
        Whether nobody asked for it by name, so that it is left out where the budget does not cover it.
    """

    explainer: Explainer
    rows: tuple[int, ...] | None
    spare: bool = False

    @classmethod
    def of(cls, explainer: Explainer, X: Any, background: Any, output: Any, rows: tuple[int, ...] | None) -> Job:
        """Fill in the background and the output that an explainer leaves open.

        A method that compares rows with a background is about single rows: it explains ``rows`` where there are any,
        with X as background unless another is given.
        """
        needs = "background" in explainer.needs
        local = needs or explainer.background_matters
        if background is None and (needs or (local and rows is not None)):
            background = X
        left_open = [name for name, value in explainer.get_params().items() if value is None]
        told = {"background": background, "output": output}
        filled = {name: told[name] for name in left_open if told.get(name) is not None}
        whole: Explainer = dataclasses.replace(explainer, **filled) if filled else explainer  # type: ignore[type-var]
        return cls(whole, rows if local else None)


def row_numbers(rows: Any, n: int) -> tuple[int, ...] | None:
    """Read the user's ``rows``: positions in a table of ``n``.

    Raises
    ------
    InputError, InputTypeError
        For something else than whole numbers from 0 to n - 1.
    """
    if rows is None:
        return None
    try:
        numbers = np.atleast_1d(np.asarray(rows))
    except ValueError:  # of different lengths
        numbers = np.empty(0)
    if numbers.ndim != 1 or not len(numbers) or numbers.dtype.kind not in "iu":
        raise InputTypeError(
            f"rows={shortened(rows)} is no list of row numbers.", "It takes positions in X, such as [0, 17]."
        )
    beyond = [int(i) for i in numbers if not 0 <= i < n]
    if beyond:
        message = f"rows= names {first_few(beyond)}."
        raise InputError(message, f"X has rows 0 to {n - 1}.", "They are named by position, not by index label.")
    return tuple(int(i) for i in numbers)


def make_jobs(
    methods: Any, table: Table, X: Any, *, target: bool, rows: Any, background: Any, output: Any, random_state: int
) -> dict[str, Job]:
    """Choose methods, those that suit the table if none are named, and give each what it leaves open.

    Returns
    -------
    dict of name -> Job, in the order of the methods

    Raises
    ------
    InputError, InputTypeError
        For methods or rows that there are not.
    """
    chosen = methods
    if chosen is None:
        chosen = sensible(table, target=target, single=rows is not None, random_state=random_state)
    if isinstance(chosen, str) or not chosen:
        message = f"methods={methods!r} is no list of methods."
        raise InputTypeError(message, "It takes explainers or their names.", 'For one write methods=["ale"].')
    explainers = [as_explainer(one, random_state) for one in chosen]
    numbers = row_numbers(rows, len(table))
    jobs = [Job.of(one, X, background, output, numbers) for one in explainers]
    if methods is None:
        jobs = [dataclasses.replace(job, spare=True) for job in jobs]
    return dict(zip(keys_of(explainers), jobs, strict=True))


def run_jobs(jobs: Sequence[Job], model: object, data: tuple[Any, Any, Any], how: How) -> list[Explanation | None]:
    """Run jobs, all about the same rows in one call of the engine; with a budget one after the other.

    Parameters
    ----------
    jobs : list of Job
    model : object
    data : X, y, sample_weight
    how : How
        Its budget is the cap on all jobs together.

    Returns
    -------
    list of Explanation, None for those that an interrupt, or the budget if they can be spared, left without an answer

    Raises
    ------
    BudgetError
        Where the budget does not cover a job that cannot be spared, or none of those that can.
    """
    made: dict[int, Explanation] = {}
    refused: BudgetError | None = None
    left, started = how.cap, time.perf_counter()
    batches = _batches(jobs, apart=left is not None)
    queue = [(batch, True) for batch in batches]
    while queue:
        batch, at_first = queue.pop(0)
        results: Sequence[Explanation | None] = [None] * len(batch)
        cut = False
        try:
            _refuse_spent(left, batch, how)
            results, cut = _run_within(left, len(queue) + 1 if at_first else 1, batch, model, data, how)
        except BudgetError as error:
            if not all(job.spare for job in batch):
                raise
            if at_first and queue:
                queue.append((batch, False))
            else:  # on all that is left, not on a share, of which the user knows nothing
                refused = refused or error
        except KeyboardInterrupt:
            if how.on_interrupt == "raise" or not made:
                raise
            break
        made.update({id(job): result for job, result in zip(batch, results, strict=True) if result is not None})
        if cut:
            break
        now = time.perf_counter()
        left, started = _remaining(left, results, now - started), now
    if refused and not made:
        raise refused
    return [made.get(id(job)) for job in jobs]


def _remaining(left: Budget | None, results: Sequence[Explanation | None], seconds: float) -> Budget | None:
    """Take what was paid from a budget."""
    if left is not None and left.rows is not None:  # those that share their evaluations each tell the whole bill
        costs = [result.cost for result in results if result is not None]
        return Budget(rows=max(left.rows - max((c.rows + c.gradient_rows + c.check_rows for c in costs), default=0), 1))
    return None if left is None or left.seconds is None else Budget(seconds=left.seconds - seconds)


def _refuse_spent(left: Budget | None, batch: Sequence[Job], how: How) -> None:
    """Refuse to begin when the time is over."""
    if left is not None and left.seconds is not None and left.seconds <= 0:
        message = f"budget={how.budget!r} was spent before {type(batch[0].explainer).__name__} began."
        raise BudgetError(message, cure="Raise the budget, or name fewer methods.")


def _run_within(
    left: Budget | None, due: int, batch: Sequence[Job], model: object, data: tuple[Any, Any, Any], how: How
) -> tuple[Sequence[Explanation | None], bool]:
    """Run the first of so many batches on what is left; where it could be greedy, on its share first.

    That is where there is a tolerance, and in a study whose methods nobody named. There, one that its share does not
    cover waits until the others had theirs: what is cheap shall not be lost to what is not.
    """
    spare = all(job.spare for job in batch)
    if left is not None and (spare or how.tolerance is not None) and due > 1:
        try:
            return _run_batch(batch, model, data, dataclasses.replace(how, budget=left.share(due)))
        except BudgetError:
            if spare:
                raise
    return _run_batch(batch, model, data, dataclasses.replace(how, budget=left))


def _run_batch(
    batch: Sequence[Job], model: object, data: tuple[Any, Any, Any], how: How
) -> tuple[Sequence[Explanation | None], bool]:
    """Run jobs about the same rows; and tell whether they were interrupted."""
    X, y, weights = data
    explainers, rows = [job.explainer for job in batch], batch[0].rows
    if rows is None:
        return run(explainers, model, X, y, sample_weight=weights, how=how)
    own = explainers[0].param("background") is X
    told, cut = run(explainers, model, _taken(X, rows), background_weight=weights if own else None, how=how)
    return [result and result.numbered(np.asarray(rows)) for result in told], cut


def _batches(jobs: Sequence[Job], *, apart: bool) -> list[list[Job]]:
    batches: dict[Any, list[Job]] = {}
    for job in jobs:
        background = id(job.explainer.param("background"))
        batches.setdefault((job.rows, background, job.explainer.evaluations() if apart else None), []).append(job)
    return list(batches.values())


def _taken(X: Any, rows: tuple[int, ...]) -> Any:
    if isinstance(X, pd.DataFrame):
        return X.iloc[list(rows)]
    return rows_of(X, rows) if is_foreign(X) else np.asarray(X)[list(rows)]
