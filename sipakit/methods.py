"""Which methods a study runs: by name, or by what suits the table."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import sipakit.explainers as built_in
from sipakit.errors import InputError
from sipakit.explainers import ALE, ICE, LIME, CeterisParibus, GlobalSurrogate, HStatistic
from sipakit.explainers import PartialDependence, PermutationImportance, Shapley

if TYPE_CHECKING:
    from sipakit.explainer import Explainer
    from sipakit.table import Table

__all__ = ["by_name", "key_of", "sensible"]

_PAIR_ROWS = 2_000_000  # virtual rows that the H statistics of a study may ask
_MOST_FOR_PAIRS = 40  # features; with more, only totals are asked


def key_of(kind: type[Explainer]) -> str:
    """Return a class's name in snake case.

    Examples
    --------
    >>> key_of(PartialDependence), key_of(HStatistic), key_of(ALE)
    ('partial_dependence', 'h_statistic', 'ale')
    """
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z]+|[^A-Z]+", kind.__name__)
    return "_".join(word.lower() for word in words)


def by_name(name: str, random_state: int = 0) -> Explainer:
    """Make an explainer with its defaults, by its name in snake or kebab case.

    Raises
    ------
    InputError
        For a name that no explainer has.

    Examples
    --------
    >>> by_name("global-surrogate")
    GlobalSurrogate()
    """
    known = {key_of(kind): kind for kind in (getattr(built_in, title) for title in built_in.__all__)}
    wanted = name.lower().replace("-", "_").replace(" ", "_")
    wanted = next((key for key in known if key.replace("_", "") == wanted.replace("_", "")), wanted)
    if wanted not in known:
        message = f"methods= names {name!r}, which is no method."
        raise InputError(message, f"There are {', '.join(known)}.", "Or pass an explainer, such as sp.ALE().")
    made: Explainer = known[wanted](random_state=random_state)
    return made


def sensible(table: Table, target: bool, single: bool, random_state: int = 0) -> list[Explainer]:  # noqa: FBT001
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
        In the order in which a report shows them. Methods that the table does not allow are left out: ALE where no
        column has an order, H statistics of a single column.
    """
    kinds = {table.kind(j) for j in range(table.n_columns)}
    seed = {"random_state": random_state}
    methods: list[Explainer] = [PermutationImportance(**seed)] if target else []
    methods += [PartialDependence(**seed), ICE(**seed)]
    if kinds & ALE.kinds:
        methods.append(ALE(**seed))
    if table.n_columns > 1:
        methods.append(_interactions(table.n_columns, random_state))
    methods.append(GlobalSurrogate(**seed))
    if single:
        methods += [Shapley(**seed), LIME(**seed), CeterisParibus(**seed)]
    return methods


def _interactions(p: int, random_state: int) -> HStatistic:
    """H statistics of all pairs, or of totals only where pairs are many, on as many rows as the limit allows."""
    order = 2 if p <= _MOST_FOR_PAIRS else 1
    patterns = 2 * p + (p * (p - 1) // 2 if order == 2 else 0)
    draws = int(math.sqrt(_PAIR_ROWS / patterns))
    return HStatistic(order=order, n_draws=min(max(draws, 40), 200), random_state=random_state)
