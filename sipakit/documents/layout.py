"""The layout of every document: its schema, its digest, and a field a line.

The first three lines are an opening brace, the schema, and the SHA-256 of every byte after the third line, so that
``tail -n +4 result.json | sha256sum`` checks it anywhere. A field stands on a line of its own, its own parts on
indented lines.
"""

from __future__ import annotations

import json
import re
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from sipakit.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["laid_out", "opened", "parsed", "schema_of"]

_SCHEMA_LINE: Final = re.compile(rb'\s*\{\s*"schema":\s*"([^"\\]{1,100})"')
_HEAD: Final = re.compile(rb'\{\n"schema": "[^"\\\n]*",\n"digest": "sha256:([0-9a-f]{64})",\n')
_BROKEN_AT: Final = 2  # lists and objects less deep than this have a line for each part
_ONE_LINE: Final = ("array", "column", "categorical")
_CURE: Final = "Take the file as it was written, or write it again."


def laid_out(schema: str, held: Mapping[str, Any]) -> str:
    """Write a document.

    Parameters
    ----------
    schema : str
    held : name -> JSON

    Returns
    -------
    str, ASCII only, without NaN or Infinity.

    Examples
    --------
    >>> laid_out("sipakit.example/1", {"names": ["a", "b"]}).splitlines()[3:]
    ['"names": ["a", "b"]', '}']
    """
    lines = (f'"{key}": {_text(value, 0)}' for key, value in held.items())
    body = ",\n".join(lines) + "\n}\n"
    return f'{{\n"schema": "{schema}",\n"digest": "sha256:{sha256(body.encode()).hexdigest()}",\n{body}'


def schema_of(data: bytes, where: str) -> str:
    """Return the schema that a text begins with, before anything else is read.

    Raises
    ------
    InputError
        For a text that begins with none.
    """
    found = _SCHEMA_LINE.match(data[:1_000])
    if found is None:
        message = f"{where} is no explanation, comparison or study: it does not begin with its schema."
        raise InputError(message, "load reads what to_json and to_parquet wrote.", _CURE)
    return found[1].decode("ascii", "replace")


def opened(data: bytes, where: str, wanted: str) -> dict[str, Any]:
    """Return the JSON of a document that `laid_out` wrote.

    Parameters
    ----------
    data : bytes
    where : str
        What the text is called in errors.
    wanted : str
        The schema that it must have.

    Raises
    ------
    InputError
        Saying what is wrong: another schema, or bytes that were lost or changed.
    """
    schema = schema_of(data, where)
    if schema != wanted:
        cure = "Read it with the version of sipakit that wrote it, or a later one."
        raise InputError(f"{where} has the schema {schema!r}.", f"Here it must be {wanted!r}.", cure)
    head = _HEAD.match(data)
    if head is None:
        message = f"{where} has no digest on its third line."
        raise InputError(message, "A document has the layout that to_json gives it.", _CURE)
    if sha256(data[head.end() :]).hexdigest().encode() != head[1]:
        message = f"{where} was changed or cut after it was written: its digest does not fit its text."
        raise InputError(message, "The digest is of every byte after line 3.", _CURE)
    return parsed(data, where)


def parsed(data: bytes, where: str) -> dict[str, Any]:
    """Read JSON that has no key twice, no NaN and no depth without end."""
    try:
        document = json.loads(data, object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:  # JSONDecodeError and UnicodeDecodeError are ValueErrors
        told = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        message = f"{where} is no JSON that can be read: {told}."
        raise InputError(message, "A document is what to_json and to_parquet write.", _CURE) from error
    if not isinstance(document, dict):
        raise InputError(f"{where} is a JSON {type(document).__name__}.", "A document is an object.", _CURE)
    return document


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        message = f"the key {twice!r} stands twice in one object"
        raise ValueError(message)
    return found


def _refuse(word: str) -> None:
    message = f"{word} is no JSON"
    raise ValueError(message)


def _text(value: Any, depth: int) -> str:
    """Write a field; what holds lists or objects is broken into lines, arrays are not."""
    within = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    leaf = isinstance(value, dict) and value.get("type") in _ONE_LINE
    if leaf or depth >= _BROKEN_AT or not any(isinstance(item, dict) for item in within):
        return json.dumps(value, allow_nan=False)
    inner, outer = "\n" + " " * (depth + 1), "\n" + " " * depth
    if isinstance(value, list):
        return f"[{inner}" + f",{inner}".join(_text(item, depth + 1) for item in within) + f"{outer}]"
    parts = (f"{json.dumps(key)}: {_text(item, depth + 1)}" for key, item in value.items())
    return f"{{{inner}" + f",{inner}".join(parts) + f"{outer}}}"
