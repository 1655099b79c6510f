"""Where the published JSON Schemas of the documents are."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sipakit.errors import InputError

__all__ = ["schema_path"]

_KINDS: Final = ("explanation", "comparison", "study")


def schema_path(name: str = "explanation") -> Path:
    """Return the path of the JSON Schema (draft 2020-12) that every JSON document of a kind follows.

    Parameters
    ----------
    name : "explanation", "comparison" or "study"
        A study's is that of its index, ``study.json``.

    Raises
    ------
    InputError
        For another name.

    Examples
    --------
    >>> import json
    >>> json.loads(schema_path().read_text(encoding="utf-8"))["title"]
    'sipakit.explanation/1'
    """
    if name not in _KINDS:
        raise InputError(f"name={name!r} is no kind of document.", f"There are {', '.join(map(repr, _KINDS))}.")
    return Path(__file__).parent.parent / "schemas" / f"{name}-1.json"
