"""Examples that run while a page is built: the code, what it prints, and the pictures that it makes.

    .. shown::

       importance = sp.PermutationImportance().explain(model, X, y)
       importance.plot()

The blocks of a page share their names. The value of the last line is shown: a picture, or its text. Pages whose names
`shown_pattern` does not match show their code alone.
"""

from __future__ import annotations

import ast
import contextlib
import io
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from sipakit.plots import Display


def run_block(code: str, names: dict[str, Any], where: str) -> tuple[str, Any]:
    """Run a block; return what it printed, and the value of its last line if that is an expression."""
    tree = ast.parse(code)
    last = ast.Expression(tree.body.pop().value) if isinstance(tree.body[-1], ast.Expr) else None
    printed, value = io.StringIO(), None
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, where, "exec"), names)
        if last is not None:
            value = eval(compile(last, where, "eval"), names)
    return printed.getvalue(), value


class Shown(SphinxDirective):
    """Code with its result below it."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Run the block, and return code, text and picture."""
        code = "\n".join(self.content)
        made: list[nodes.Node] = [nodes.literal_block(code, code, language="python")]
        if not re.search(self.config.shown_pattern, self.env.docname):
            return made
        names = self.env.temp_data.setdefault("names of the examples", {"__name__": "page"})
        printed, value = run_block(code, names, f"{self.env.docname}:{self.lineno}")
        if value is not None and not isinstance(value, Display):
            printed += f"{value}\n" if isinstance(value, str) else f"{value!r}\n"
        if printed:
            made.append(nodes.literal_block(printed, printed, language="none", classes=["printed"]))
        if isinstance(value, Display):
            made.append(self._picture(value))
        return made

    def _picture(self, display: Display) -> nodes.image:
        count = self.env.temp_data["pictures of the page"] = self.env.temp_data.get("pictures of the page", 0) + 1
        folder = Path(self.env.srcdir) / "_generated"
        folder.mkdir(exist_ok=True)
        name = f"{self.env.docname.replace('/', '-')}-{count}.png"
        display.save(folder / name, dpi=110)
        return nodes.image(uri=f"/_generated/{name}", alt=f"{display.title}. {display.description}")


def setup(app: Any) -> dict[str, bool]:
    """Register the directive."""
    app.add_config_value("shown_pattern", "", "env")
    app.add_directive("shown", Shown)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
