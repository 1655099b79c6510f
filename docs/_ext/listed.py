"""What is made from the code, so that it cannot drift from it: methods and caveats."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective

import sipakit.explainers as built_in
from sipakit.caveats import CODES
from sipakit.methods import keys_of

# What a reader asks about, and which methods that is.
_ABOUT = {
    "the model as a whole": (
        "PermutationImportance",
        "LOFO",
        "SAGE",
        "FunctionalDecomposition",
        "HStatistic",
        "GlobalSurrogate",
    ),
    "a feature's effect": ("PartialDependence", "ALE", "ICE", "RegionalEffects"),
    "single rows": ("CeterisParibus", "Shapley", "LIME", "IntegratedGradients"),
}

_NEEDS = {
    "target": "``y``",
    "background": "``background=``",
    "gradient": "a model with gradients",
    "refit": "an estimator that can be fitted anew",
}


def page_of(name: str) -> str:
    """Return the name of a method's page."""
    kind = getattr(built_in, name)
    return keys_of([kind.__new__(kind)])[0].replace("_", "-")


class _Written(SphinxDirective, ABC):
    """Abstract: a directive whose content is reStructuredText made here."""

    @abstractmethod
    def lines(self) -> list[str]:
        """Return that content."""

    def run(self) -> list[nodes.Node]:
        return self.parse_text_to_nodes("\n".join(self.lines()))


class Chooser(_Written):
    """Question and method, one table for each thing that is asked about."""

    def lines(self) -> list[str]:
        """Return a table for each thing; a method that is in none of them comes last."""
        told = {name for names in _ABOUT.values() for name in names}
        rest = tuple(name for name in built_in.__all__ if name not in told)
        made: list[str] = []
        for about, names in (_ABOUT | ({"other things": rest} if rest else {})).items():
            made += [f".. rubric:: About {about}", "", ".. list-table::", "   :widths: 70 30", ""]
            for name in names:
                question = getattr(built_in, name).question
                made += [f"   * - {question}", f"     - :doc:`{name} </methods/{page_of(name)}>`"]
            made.append("")
        return made


class CaveatEntry(_Written):
    """What one code says, with its severity; its cause and its cure are the content."""

    required_arguments = 1
    has_content = True

    def lines(self) -> list[str]:
        """Return the head and what is written below it."""
        code = self.arguments[0]
        severity, title = CODES[code]
        return [f".. _{code}:", "", f"**{code}** {title} (*{severity}*)", "", *(f"   {line}" for line in self.content)]


class LinkedCodes(SphinxPostTransform):
    """Codes of caveats in any text, such as ``SIPA042``, lead to what is written of them."""

    default_priority = 5  # before references are resolved

    def run(self, **options: Any) -> None:
        """Put a link around each, but where it is one already."""
        for code in self.document.findall(nodes.literal):
            if code.astext() in CODES and not isinstance(code.parent, nodes.reference):
                place = f"{self.app.builder.get_relative_uri(self.env.docname, 'caveats')}#{code.astext().lower()}"
                link = nodes.reference("", "", internal=True, refuri=place)
                code.replace_self(link)
                link += code


class AboutMethod(_Written):
    """The head of a method's page: its question, what it needs, and where it comes from."""

    required_arguments = 1

    def lines(self) -> list[str]:
        """Return the question, the class and its needs."""
        kind = getattr(built_in, self.arguments[0])
        needs = [_NEEDS[name] for name in sorted(kind.needs)]
        also = f" Needs {' and '.join(needs)}." if needs else ""
        return [".. currentmodule:: sipakit", "", f"*{kind.question}*", "", f"Class: `sipakit.{kind.__name__}`.{also}"]


class References(_Written):
    """Where a method comes from, as its results cite it."""

    required_arguments = 1

    def lines(self) -> list[str]:
        """Return a point for each reference."""
        return [f"* {reference}" for reference in getattr(built_in, self.arguments[0]).references]


def setup(app: Any) -> dict[str, bool]:
    """Register the directives."""
    app.add_directive("chooser", Chooser)
    app.add_directive("caveat", CaveatEntry)
    app.add_directive("about-method", AboutMethod)
    app.add_directive("references-of", References)
    app.add_post_transform(LinkedCodes)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
