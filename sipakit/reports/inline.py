"""Results and studies where a person meets them first: as text at a prompt, as HTML in a notebook."""

from __future__ import annotations

import textwrap
from collections import Counter
from typing import TYPE_CHECKING, Any, TypeAlias

from sipakit.evaluation import Comparison
from sipakit.explanation import Cohorts, RankStability
from sipakit.plots.labels import clean, width
from sipakit.reports.glance import Glance, glance_of, paid
from sipakit.reports.narrative import headline
from sipakit.reports.summaries import glance_of_cohorts, glance_of_comparison, glance_of_rank_stability
from sipakit.reports.templates import environment
from sipakit.reports.verdict import judge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sipakit.caveats import Caveat
    from sipakit.explanation import Explanation
    from sipakit.study import Study

    Told: TypeAlias = Explanation | Cohorts | RankStability | Comparison

__all__ = ["html_of", "study_html", "study_text", "text_of"]

_COLUMNS = 100
_LEAST = 12  # columns of a text in front, however long the numbers behind it are
_HANGING = 10  # columns of the word before a fact
_TOGETHER = "\N{NO-BREAK SPACE}"
_CLOSING = "study[name] has the numbers; study.report(path) writes a page."


def text_of(result: Told) -> str:
    """Describe an explanation, or what was made of some, in a few lines of at most 100 columns.

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> e = sp.ALE().explain(lambda X: X[:, 0], np.arange(6.0).reshape(3, 2))
    >>> print(text_of(e).splitlines()[0])
    ALE: How does the prediction move along a feature, among rows that are really there?
    """
    seen = _seen(result)
    table = _aligned(seen.head, seen.lines, seen.left)
    told = [line for word, text in seen.facts for line in _hanging(word, text)]
    told += _caveats(seen.caveats)
    return "\n".join([*_wrapped(seen.title), *_wrapped(seen.size), "", *table, *_wrapped(seen.more), "", *told])


def _seen(result: Any) -> Glance:
    if isinstance(result, Cohorts):
        return glance_of_cohorts(result)
    if isinstance(result, RankStability):
        return glance_of_rank_stability(result)
    return glance_of_comparison(result) if isinstance(result, Comparison) else glance_of(result)


def html_of(result: Told) -> str:
    """Describe the same as a piece of HTML that needs nothing else and takes the colours of its page."""
    return environment().get_template("glance.html.j2").render(seen=_seen(result))


def study_text(study: Study, closing: str = _CLOSING) -> str:
    """Tell a study's findings, and what each result cost, in at most 100 columns, and last where there is more."""
    subject, results = study.subject, study.results
    verdict = judge(results.values())
    lines = _wrapped(f"Study of {clean(subject.model, None)}: {subject.n_rows:,} rows, {subject.columns()}")
    lines += [*_wrapped(f"{verdict.words}: {' '.join(verdict.reasons[:2])}"), ""]
    for finding in study.findings():
        lines += _wrapped(finding, "- ", "  ")
    costs = [(clean(name), _codes(e), f"{e.cost.rows + e.cost.gradient_rows:,}") for name, e in results.items()]
    table = _aligned(("result", "caveats", "model rows"), costs, 2)
    if subject.unfinished:
        left = ", ".join(clean(name, None) for name in subject.unfinished)
        table += ["", *_wrapped(f"Not finished: {left}. The run was interrupted, or the budget did not cover it.")]
    return "\n".join([*lines, "", *table, "", closing])


def study_html(study: Study) -> str:
    """Tell a study's findings, and what each result cost and which caveats it has, as HTML."""
    results = study.results
    shown = [(name, paid(e), _codes(e)) for name, e in results.items()]
    found = headline(results.values(), study.subject.unit, study.comparisons)
    page = environment().get_template("study.html.j2")
    return page.render(subject=study.subject, verdict=judge(results.values()), findings=found, results=shown)


def _codes(e: Explanation) -> str:
    return ", ".join(dict.fromkeys(one.code for one in e.caveats)) or "none"


def _wrapped(text: str, first: str = "", later: str = "") -> list[str]:
    """Cut a text into lines, and no number from its per cent."""
    whole = text.replace(" %", f"{_TOGETHER}%")
    lines = textwrap.wrap(whole, _COLUMNS, initial_indent=first, subsequent_indent=later)
    return [line.replace(f"{_TOGETHER}%", " %") for line in lines]


def _hanging(word: str, text: str) -> list[str]:
    return _wrapped(text, word.ljust(_HANGING), " " * _HANGING)


def _caveats(caveats: tuple[Caveat, ...]) -> list[str]:
    """Name each caveat once; its messages are in ``caveats``."""
    counts = Counter((one.code, one.title, one.severity) for one in caveats)
    lines: list[str] = []
    for (code, title, severity), count in counts.items():
        told = f"{code} {title}" + (f" ({count} messages)" if count > 1 else "")
        told += ": do not rely on the numbers" if severity == "serious" else ""
        lines += _hanging("" if lines else "Caveats", told)
    return lines


def _aligned(head: tuple[str, ...], lines: Sequence[tuple[str, ...]], left: int) -> list[str]:
    """Put texts below each other: words to the left, numbers to the right; a long text in front takes more lines."""
    others = list(zip(*(line[1:] for line in (head, *lines)), strict=True))
    left_over = max(_COLUMNS - sum(2 + max(map(width, column)) for column in others), _LEAST)
    nothing = ("",) * len(others)
    lines = [
        (part, *(line[1:] if place == 0 else nothing))
        for line in lines
        for place, part in enumerate(_folded(line[0], left_over))
    ]
    columns = list(zip(head, *lines, strict=True))
    widths = [max(map(width, column)) for column in columns]
    return [
        "  ".join(
            cell + " " * (size - width(cell)) if place < left else " " * (size - width(cell)) + cell
            for place, (cell, size) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in (head, *lines)
    ]


def _folded(text: str, limit: int) -> list[str]:
    """Break a text between words, where a line would take more columns; lines that go on are indented."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if width(longer) <= limit:
            lines[-1] = longer
        else:
            lines.append(f"  {clean(word, limit - 2)}")
    return [line for line in lines if line] or [""]
