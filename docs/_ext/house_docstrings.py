"""The house's section "Cost", which numpydoc does not know, becomes a part of the notes."""

from __future__ import annotations

from typing import Any

from numpydoc.docscrape import NumpyDocString


def _tell_cost(app: Any, what: str, name: str, obj: object, options: Any, lines: list[str]) -> None:
    for i, line in enumerate(lines[:-1]):
        if line == "Cost" and set(lines[i + 1]) == {"-"}:
            noted = "Notes" in lines[:i]
            lines[i : i + 2] = ["**Cost**", ""] if noted else ["Notes", "-----", "**Cost**", ""]
            return


def setup(app: Any) -> dict[str, bool]:
    """Come before numpydoc, which listens with priority 500."""
    NumpyDocString.sections["Cost"] = []  # the summaries read docstrings before any listener, and warn of what is new
    app.connect("autodoc-process-docstring", _tell_cost, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
