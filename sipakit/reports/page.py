"""One page of HTML that needs nothing else: texts, tables, pictures and style in one file, no script, no network."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sipakit.explanation import (
    Attributions,
    Decomposition,
    Effects,
    Explanation,
    Importances,
    Interactions,
    Regions,
    Surrogates,
)
from sipakit.plots.formats import spoken
from sipakit.plots.labels import clean
from sipakit.reports.agreement import about_comparison, agreement_table
from sipakit.reports.facts import cost_of, facts_of, manifest_of
from sipakit.reports.figures import Figure, pictures
from sipakit.reports.finding import Finding, listed
from sipakit.reports.narrative import findings, headline
from sipakit.reports.subject import slug
from sipakit.reports.tables import spread_table
from sipakit.reports.templates import environment
from sipakit.reports.together import about_contrast, strongest
from sipakit.reports.verdict import Noted, Verdict, judge, noted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sipakit.evaluation import Comparison
    from sipakit.reports.subject import Subject
    from sipakit.reports.tables import TextTable

__all__ = ["Block", "Part", "Section", "render"]


@dataclass(frozen=True, kw_only=True)
class Part:
    """One study on a page.

    Parameters
    ----------
    title : str
    subject : Subject
    results : name -> Explanation
    comparisons : tuple of Comparison
    """

    title: str
    subject: Subject
    results: Mapping[str, Explanation]
    comparisons: tuple[Comparison, ...] = ()

    @cached_property
    def contrast(self) -> Effects | None:
        """What the strongest interaction looks like."""
        return strongest(self.results.values())

    def draw(self) -> int:
        """Draw all figures now, which a page would do later; returns their characters."""
        return sum(len(figure.svg) for drawn in self.figures.values() for figure in drawn)

    @cached_property
    def figures(self) -> dict[str, tuple[Figure, ...]]:
        """The figures of every result, drawn once."""
        shown = dict(self.results)
        if self.contrast is not None:
            shown["strongest-interaction"] = self.contrast
        return {name: tuple(pictures(result, self.subject.unit)) for name, result in shown.items()}


@dataclass(frozen=True, kw_only=True)
class Block:
    """What one method has to say."""

    id: str
    title: str
    question: str
    findings: tuple[Finding, ...]
    figures: tuple[Figure, ...]
    about: tuple[tuple[str, str], ...]
    references: tuple[tuple[str, str], ...]
    text: str = ""
    table: TextTable | None = None


@dataclass(frozen=True, kw_only=True)
class Section:
    """A question, and the methods that answer it."""

    id: str
    title: str
    lead: str
    blocks: tuple[Block, ...]


# kind of answer -> (slug, title, what to know before reading)
_SECTIONS = {
    "importance": (
        "Which features the model leans on",
        (
            "How much worse the model gets when a feature's values are dealt to other rows. Features that say the same "
            "share their importance or hide each other's."
        ),
    ),
    "effects": (
        "How the predictions move along a feature",
        (
            "Partial dependence sets a feature to a value in every row, whether such rows exist or not; ALE moves each "
            "row only a little. Where the two differ, features depend on each other."
        ),
    ),
    "decomposition": (
        "Of which effects the model is the sum",
        (
            "The prediction is the sum of effects of single features, of what sets of them do beyond that, and a rest. "
            "Each explains a share of how far predictions differ."
        ),
    ),
    "interactions": (
        "Which features act together",
        "How far a joint effect departs from the sum of separate effects.",
    ),
    "rows": (
        "Single rows",
        (
            "What moves the model's estimate for single rows. Row numbers are positions in the explained table, "
            "counted from 0."
        ),
    ),
    "comparison": (
        "Methods side by side",
        (
            "Methods that answer the same question about the same rows should agree. Where they do not, neither is "
            "more than a hint."
        ),
    ),
    "surrogate": (
        "A simple model in its place",
        "A model small enough to read, fitted to the predictions; its fidelity says how much of them it reproduces.",
    ),
}


_KINDS: Mapping[type[Explanation], str] = {
    Importances: "importance",
    Effects: "effects",
    Regions: "effects",
    Interactions: "interactions",
    Surrogates: "surrogate",
    Decomposition: "decomposition",
}


def render(parts: Sequence[Part], title: str) -> str:
    """Write a page.

    Parameters
    ----------
    parts : sequence of Part
        One study or several.
    title : str

    Returns
    -------
    str
        HTML; equal results give equal text, since no date and no duration is in it.
    """
    page = environment().get_template("page.html.j2")
    shown = [_shown(part, number) for number, part in enumerate(parts, start=1)]
    return page.render(title=clean(title, None), parts=shown, several=len(parts) > 1)


def _shown(part: Part, number: int) -> dict[str, Any]:
    """Everything that the template shows of one study."""
    results = list(part.results.values())
    key = f"s{number}"
    verdict: Verdict = judge(results)
    caveats: list[Noted] = noted(results)
    return {
        "key": key,
        "title": clean(part.title, None),
        "subject": part.subject,
        "facts": facts_of(part.subject, part.results.values()),
        "methods": listed(list(dict.fromkeys(spoken(result.explainer) for result in results))),
        "verdict": verdict,
        "headline": headline(results, part.subject.unit, part.comparisons),
        "sections": _sections(part, key),
        "caveats": caveats,
        "costs": [cost_of(name, result) for name, result in part.results.items()],
        "manifest": manifest_of(results),
    }


def _kind(e: Explanation) -> str:
    if isinstance(e, Attributions) or (isinstance(e, Effects) and e.rows is not None and len(e.rows) <= 6):
        return "rows"
    return next(word for kind, word in _KINDS.items() if isinstance(e, kind))


def _sections(part: Part, key: str) -> list[Section]:
    sections = []
    for kind, (title, lead) in _SECTIONS.items():
        mine = {name: e for name, e in part.results.items() if _kind(e) == kind}
        blocks = [_block(f"{key}-{slug(name)}", name, part) for name in mine]
        if kind == "interactions" and blocks:
            blocks += _contrast(part, key)
        if kind == "comparison":
            blocks += [_compared(one, f"{key}-comparison-{i}", part) for i, one in enumerate(part.comparisons, start=1)]
        if blocks:
            sections.append(Section(id=f"{key}-{kind}", title=title, lead=lead, blocks=tuple(blocks)))
    return sections


def _block(key: str, name: str, part: Part) -> Block:
    e, unit = part.results[name], part.subject.unit
    return Block(
        id=key,
        title=spoken(e.explainer),
        question=e.question,
        findings=tuple(findings(e, unit)),
        figures=part.figures[name],
        about=_about(e),
        references=tuple(_reference(source) for source in e.references),
        table=spread_table(e, unit) if isinstance(e, Effects) else None,
        text=_lines(e.rules) if isinstance(e, Surrogates) and e.kind == "linear" else "",
    )


def _compared(comparison: Comparison, key: str, part: Part) -> Block:
    return Block(
        id=key,
        title=listed([spoken(clean(name)) for name in comparison.names]),
        question="How far do they agree about the same rows, against the same background?",
        findings=tuple(about_comparison(comparison, part.subject.unit)),
        figures=(),
        about=(),
        references=(),
        table=agreement_table(comparison),
    )


def _contrast(part: Part, key: str) -> list[Block]:
    """The picture of the strongest interaction."""
    if part.contrast is None:
        return []
    return [
        Block(
            id=f"{key}-contrast",
            title="What the strongest interaction looks like",
            question=part.contrast.question,
            findings=tuple(about_contrast(part.results.values(), part.subject.unit)),
            figures=part.figures["strongest-interaction"],
            about=(),
            references=(),
        )
    ]


def _lines(text: str) -> str:
    return "\n".join(clean(line, None) for line in text.splitlines())


def _about(e: Explanation) -> tuple[tuple[str, str], ...]:
    told = ", ".join(f"{name}={value!r}" for name, value in e.parameters.items() if value is not None)
    return tuple(
        (word, clean(text, None))
        for word, text in (("Found by", e.estimator), ("Intervals cover", e.error), ("Parameters", told))
    )


def _reference(source: str) -> tuple[str, str]:
    """A source and its link: a DOI, or the DOI that arXiv gives every paper."""
    text = clean(source, None)
    doi = re.search(r"doi:(10\.\d{4,9}/[A-Za-z0-9._;()/:-]+)", text)
    arxiv = re.search(r"arXiv:(\d{4}\.\d{4,5})", text)
    link = doi.group(1).rstrip(".") if doi else f"10.48550/arXiv.{arxiv.group(1)}" if arxiv else ""
    return text, f"https://doi.org/{link}" if link else ""
