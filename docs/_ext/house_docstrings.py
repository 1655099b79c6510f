"""The house's section "Cost" becomes a part of the notes, and public names are found from every module."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from numpydoc.docscrape import NumpyDocString
from sphinx.util.nodes import make_refnode


def _tell_cost(app: Any, what: str, name: str, obj: object, options: Any, lines: list[str]) -> None:
    for i, line in enumerate(lines[:-1]):
        if line == "Cost" and set(lines[i + 1]) == {"-"}:
            noted = "Notes" in lines[:i]
            lines[i : i + 2] = ["**Cost**", ""] if noted else ["Notes", "-----", "**Cost**", ""]
            return


def _find_in_package(app: Any, env: Any, node: Any, shown: nodes.Element) -> nodes.Element | None:
    """Look a name up among those of ``sipakit``, where a docstring of another module names it."""
    name = f"sipakit.{node['reftarget']}"
    known = env.get_domain("py").objects
    if node.get("refdomain") != "py" or name not in known:
        return None
    return make_refnode(app.builder, node["refdoc"], known[name].docname, known[name].node_id, shown, name)


def setup(app: Any) -> dict[str, bool]:
    """Come before numpydoc, which listens with priority 500."""
    NumpyDocString.sections["Cost"] = []  # the summaries read docstrings before any listener, and warn of what is new
    app.connect("autodoc-process-docstring", _tell_cost, priority=100)
    app.connect("missing-reference", _find_in_package)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
