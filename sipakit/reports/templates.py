"""The one way templates are filled: everything that goes in is escaped, and a name that is missing is an error."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from sipakit.plots.labels import clean

__all__ = ["environment"]


@cache
def environment() -> Environment:
    """Return the environment of all templates; Jinja2 alone would escape nothing."""
    found = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        loader=PackageLoader("sipakit", "reports"),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    found.filters["clean"] = lambda text: clean(text, None)
    return found
