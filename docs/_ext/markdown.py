"""The few pages in Markdown, which code hosts show as they are: read by turning them into reStructuredText.

Only what these pages use is known: headings, paragraphs, quotes, lists, tables, fenced code, links, images, emphasis
and comments.
"""

from __future__ import annotations

import re
from typing import Any

from docutils.statemachine import StringList
from sphinx.parsers import RSTParser

_UNDER = "=-~^"
_CODE_IN_EMPHASIS = re.compile(r"(?<!\*)\*(?! )([^*`]*(?:`[^`]+`[^*`]*)+)\*(?!\*)")
_INLINE = re.compile(r"(?P<code>`[^`]+`)|(?P<bold>\*\*[^*]+\*\*)|!?\[(?P<text>[^\]]*)\]\((?P<to>[^)]+)\)")
_ALONE = r"\ "  # lets a role stand beside letters


def to_rst(text: str) -> str:
    r"""Turn a page into reStructuredText.

    Examples
    --------
    >>> print(to_rst("# A page\n\nSee [the idea](idea.md) of `Mix`."))
    A page
    ======
    <BLANKLINE>
    See :doc:`the idea <idea>` of ``Mix``.
    """
    made: list[str] = []
    lines = text.splitlines()
    while lines:
        for known in (_code, _heading, _table, _quote, _comment):
            if (used := known(lines, made)) > 0:
                del lines[:used]
                break
        else:
            line = lines.pop(0)
            item = bool(re.match(r"(- |\d+\. )", line)) and bool(made) and made[-1].strip() != ""
            starts_list = item and not re.match(r"(- |\d+\. |\s)", made[-1])
            made += ["", _inline(line)] if starts_list else [_inline(line)]
    return "\n".join(made)


def _inline(text: str) -> str:
    def turned(match: re.Match[str]) -> str:
        if match["code"]:
            return f"``{match['code'][1:-1]}``"
        if match["bold"]:
            after = match.string[match.end() : match.end() + 1]
            return match["bold"] + (_ALONE if after.isalnum() else "")
        text, to = match["text"], match["to"]
        if match.group().startswith("!"):
            return f".. image:: {to}\n   :alt: {text}"
        return f":doc:`{text} <{to[:-3]}>`" if to.endswith(".md") else f"`{text} <{to}>`__"

    return _INLINE.sub(turned, _CODE_IN_EMPHASIS.sub(_apart, text))


def _apart(match: re.Match[str]) -> str:
    """Emphasis that ends before code and starts again behind it: reStructuredText nests nothing."""
    made = ""
    for piece in re.split(r"(`[^`]+`)", match[1]):
        words = piece.strip()
        if not words or piece.startswith("`"):
            made += piece
            continue
        before, after = piece[: len(piece) - len(piece.lstrip())], piece[len(piece.rstrip()) :]
        made += f"{before or (_ALONE if made else '')}*{words}*{after}"
    return made


def _code(lines: list[str], made: list[str]) -> int:
    if not lines[0].startswith("```"):
        return 0
    end = next(i for i in range(1, len(lines)) if lines[i].startswith("```"))
    made += ["", f".. code-block:: {lines[0][3:].strip() or 'none'}", "", *(f"   {line}" for line in lines[1:end]), ""]
    return end + 1


def _heading(lines: list[str], made: list[str]) -> int:
    if not (match := re.match(r"(#+) (.*)", lines[0])):
        return 0
    title = _inline(match[2])
    made += [title, _UNDER[len(match[1]) - 1] * len(title)]
    return 1


def _table(lines: list[str], made: list[str]) -> int:
    end = next((i for i, line in enumerate(lines) if not line.startswith("|")), len(lines))
    if end < 2:
        return 0
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in (lines[0], *lines[2:end])]
    made += ["", ".. list-table::", "   :header-rows: 1", ""]
    for row in rows:
        made += [f"   {'* ' if j == 0 else '  '}- {_inline(cell)}".rstrip() for j, cell in enumerate(row)]
    made.append("")
    return end


def _quote(lines: list[str], made: list[str]) -> int:
    end = next((i for i, line in enumerate(lines) if not line.startswith(">")), len(lines))
    made += [f"   {_inline(line[1:].strip())}" for line in lines[:end]]
    return end


def _comment(lines: list[str], made: list[str]) -> int:
    return 1 if re.fullmatch(r"<!--.*-->", lines[0].strip()) else 0


class MarkdownParser(RSTParser):
    """Reads a page of Markdown as the reStructuredText that it stands for."""

    supported = ("markdown",)

    def parse(self, inputstring: str | StringList, document: Any) -> None:
        """Parse a page."""
        text = inputstring if isinstance(inputstring, str) else "\n".join(inputstring)
        super().parse(to_rst(text), document)


def setup(app: Any) -> dict[str, bool]:
    """Register the parser."""
    app.add_source_parser(MarkdownParser)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
