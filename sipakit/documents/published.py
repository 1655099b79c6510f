"""Where the published JSON Schema of the documents is."""

from __future__ import annotations

from pathlib import Path

__all__ = ["schema_path"]


def schema_path() -> Path:
    """Return the path of the JSON Schema (draft 2020-12) that every JSON document of an explanation follows.

    Examples
    --------
    >>> import json
    >>> json.loads(schema_path().read_text(encoding="utf-8"))["title"]
    'sipakit.explanation/1'
    """
    return Path(__file__).parent.parent / "schemas" / "explanation-1.json"
