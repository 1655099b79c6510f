"""How far a study can be trusted: a few words, by the caveats that it carries, and the reasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sipakit.caveats import CODES
from sipakit.plots.formats import spoken

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sipakit.caveats import Caveat
    from sipakit.explanation import Explanation

__all__ = ["Noted", "Verdict", "judge", "noted"]

_ORDER = {"serious": 0, "caution": 1, "info": 2}


@dataclass(frozen=True, slots=True)
class Noted:
    """A caveat that one method raised or several, told once.

    Parameters
    ----------
    code, severity, title : str
        See `sipakit.caveats.Caveat`.
    methods : tuple of str
        All that raised it, in any words.
    told : tuple of (message, methods)
        Each different message, and who raised it in these words.
    cures : tuple of str
    """

    code: str
    severity: str
    title: str
    methods: tuple[str, ...]
    told: tuple[tuple[str, tuple[str, ...]], ...]
    cures: tuple[str, ...]

    @classmethod
    def of(cls, code: str, raised: Sequence[tuple[Caveat, str]]) -> Noted:
        """Gather what methods said under one code."""
        severity, title = CODES[code]
        told: dict[str, dict[str, None]] = {}
        for one, method in raised:
            told.setdefault(one.message, {})[method] = None
        return cls(
            code=code,
            severity=severity,
            title=title,
            methods=tuple(dict.fromkeys(method for _, method in raised)),
            told=tuple((message, tuple(methods)) for message, methods in told.items()),
            cures=tuple(dict.fromkeys(one.cure for one, _ in raised if one.cure)),
        )

    def __str__(self) -> str:
        return f"{', '.join(self.methods)}: {self.title} ({self.code})."


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
    """Collect the caveats of many results, each code once, the gravest first.

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> X = np.random.default_rng(0).normal(size=(200, 1)).repeat(2, axis=1)
    >>> study = sp.explain(lambda X: X[:, 0], X, methods=["partial-dependence", "ice"])
    >>> [(one.code, one.methods) for one in noted(study.values())]
    [('SIPA042', ('Partial dependence', 'ICE'))]
    """
    found: dict[str, list[tuple[Caveat, str]]] = {}
    for result in results:
        for one in result.caveats:
            found.setdefault(one.code, []).append((one, spoken(result.explainer)))
    order = sorted(found, key=lambda code: (_ORDER[CODES[code][0]], code))
    return [Noted.of(code, found[code]) for code in order]


def judge(results: Iterable[Explanation]) -> Verdict:
    """Say how far the results can be trusted as a description of the model.

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> judge([sp.ALE().explain(lambda X: X[:, 0], np.eye(3))]).words
    'Usable as shown'
    """
    every = noted(results)
    serious, cautions = ([n for n in every if n.severity == s] for s in ("serious", "caution"))
    if serious:
        return Verdict("Not to be relied on", "serious", tuple(map(str, serious)))
    if cautions:
        return Verdict("Usable with care", "caution", tuple(map(str, cautions)))
    notes = " What they note is below." if every else ""
    return Verdict("Usable as shown", "info", (f"No method found a reason for care.{notes}",))
