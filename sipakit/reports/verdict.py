"""How far a study can be trusted: a few words, by the caveats that it carries, and the reasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sipakit.plots.formats import spoken

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sipakit.caveats import Caveat
    from sipakit.explanation import Explanation

__all__ = ["Noted", "Verdict", "judge", "noted"]

_ORDER = {"serious": 0, "caution": 1, "info": 2}


@dataclass(frozen=True, slots=True)
class Noted:
    """A caveat, and the methods that raised it."""

    caveat: Caveat
    methods: tuple[str, ...]

    def __str__(self) -> str:
        return f"{', '.join(self.methods)}: {self.caveat.message or self.caveat.title}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Words that stand first, and why.

    Parameters
    ----------
    words : str
    level : "serious", "caution" or "info"
    reasons : tuple of str
    """

    words: str
    level: str
    reasons: tuple[str, ...]


def noted(results: Iterable[Explanation]) -> list[Noted]:
    """Collect the caveats of many results, each once, the gravest first."""
    found: dict[Caveat, list[str]] = {}
    for result in results:
        for one in result.caveats:
            methods = found.setdefault(one, [])
            if spoken(result.explainer) not in methods:
                methods.append(spoken(result.explainer))
    order = sorted(found, key=lambda one: (_ORDER[one.severity], one.code))
    return [Noted(one, tuple(found[one])) for one in order]


def judge(results: Iterable[Explanation]) -> Verdict:
    """Say how far the results can be trusted as a description of the model.

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> judge([sp.ALE().explain(lambda X: X[:, 0], np.eye(3))]).words
    'Usable as shown'
    """
    every = noted(results)
    serious, cautions = ([n for n in every if n.caveat.severity == s] for s in ("serious", "caution"))
    if serious:
        return Verdict("Not to be relied on", "serious", tuple(map(_reason, serious)))
    if cautions:
        return Verdict("Usable with care", "caution", tuple(map(_reason, cautions)))
    return Verdict("Usable as shown", "info", ("No method found a reason for care.",))


def _reason(one: Noted) -> str:
    return f"{', '.join(one.methods)}: {one.caveat.title} ({one.caveat.code})."
