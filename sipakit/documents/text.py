"""A whole explanation as text and back: the layout of a document, its schema and its digest.

The first three lines of a document are an opening brace, the schema, and the SHA-256 of every byte after the third
line, so that ``tail -n +4 result.json | sha256sum`` checks it anywhere. A field stands on a line of its own, its own
parts on indented lines. A document holds nothing that differs between two equal runs but the seconds in ``cost``.
"""

from __future__ import annotations

import json
import re
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from sipakit.documents.decode import built
from sipakit.documents.encode import fields
from sipakit.errors import InputError
from sipakit.explanation import Attributions, Effects, Explanation, Importances, Interactions, Surrogates

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SCHEMA", "document_of", "dumps", "explanation_of", "loads", "parsed", "refuse_other_schemas"]

SCHEMA: Final = "sipakit.explanation/1"
_KINDS: Final[Mapping[str, type[Explanation]]] = {
    kind.__name__: kind for kind in (Attributions, Effects, Importances, Interactions, Surrogates)
}
_SCHEMA_LINE: Final = re.compile(rb'\s*\{\s*"schema":\s*"([^"\\]{1,100})"')
_HEAD: Final = re.compile(rb'\{\n"schema": "[^"\\\n]*",\n"digest": "sha256:([0-9a-f]{64})",\n')
_BROKEN_AT: Final = 2  # lists and objects less deep than this have a line for each part
_ONE_LINE: Final = {"array", "column", "categorical"}


def dumps(explanation: Explanation) -> str:
    """Write an explanation as JSON text, one field a line.

    Parameters
    ----------
    explanation : Explanation

    Returns
    -------
    str, ASCII only, without NaN or Infinity; equal explanations give equal text.

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> dumps(sp.ALE().explain(lambda X: X[:, 0], np.eye(3))).splitlines()[1]
    '"schema": "sipakit.explanation/1",'
    """
    lines = (f'"{key}": {_text(value, 0)}' for key, value in fields(explanation).items())
    body = ",\n".join(lines) + "\n}\n"
    return f'{{\n"schema": "{SCHEMA}",\n"digest": "sha256:{sha256(body.encode()).hexdigest()}",\n{body}'


def document_of(explanation: Explanation) -> dict[str, Any]:
    """Return what `dumps` writes, without the digest, to stand inside another document."""
    return {"schema": SCHEMA, **fields(explanation)}


def loads(data: bytes, where: str) -> Explanation:
    """Read the text that `dumps` wrote.

    Parameters
    ----------
    data : bytes
    where : str
        What the text is called in errors.

    Raises
    ------
    InputError
        Saying what is wrong: another schema, bytes that were lost or changed, or what no explanation looks like.
    """
    refuse_other_schemas(data, where)
    head = _HEAD.match(data)
    if head is None:
        message = f"{where} has no digest on its third line."
        raise InputError(message, "A document has the layout that to_json gives it.", "Write it again with to_json.")
    if sha256(data[head.end() :]).hexdigest().encode() != head[1]:
        message = f"{where} was changed or cut after it was written: its digest does not fit its text."
        raise InputError(message, "The digest is of every byte after line 3.", "Take the file that to_json wrote.")
    return explanation_of(parsed(data, where), where)


def refuse_other_schemas(data: bytes, where: str) -> None:
    """Look at the schema before anything else is read."""
    found = _SCHEMA_LINE.match(data[:1_000])
    if found is None:
        message = f"{where} is no explanation: it does not begin with its schema."
        raise InputError(message, "load reads what to_json and to_parquet wrote.")
    schema = found[1].decode("ascii", "replace")
    if schema == SCHEMA:
        return
    message = f"{where} has the schema {schema!r}."
    if schema.startswith("sipakit.explanation/"):
        cure = "Read it with the version of sipakit that wrote it, or a later one."
    else:
        cure = "Of a study or a comparison, load the explanations one by one."
    raise InputError(message, f"This version of sipakit reads {SCHEMA!r}.", cure)


def parsed(data: bytes, where: str) -> dict[str, Any]:
    """Read JSON that has no key twice, no NaN and no depth without end."""
    try:
        document = json.loads(data, object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:  # JSONDecodeError and UnicodeDecodeError are ValueErrors
        told = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise InputError(f"{where} is no JSON that can be read: {told}.") from error
    if not isinstance(document, dict):
        raise InputError(f"{where} is a JSON {type(document).__name__}.", "An explanation is an object.")
    return document


def explanation_of(document: Mapping[str, Any], where: str, made: Mapping[str, Any] | None = None) -> Explanation:
    """Build the explanation that a document tells of; ``made`` are fields that were read from elsewhere."""
    kind = _KINDS.get(str(document.get("type")))
    if kind is None:
        message = f"{where} has the type {document.get('type')!r}."
        raise InputError(message, f"It must be one of {', '.join(_KINDS)}.")
    given = {name: value for name, value in document.items() if name not in {"schema", "digest"}}
    try:
        found: Explanation = built(kind, given, made=made)
        _refuse_other_shapes(found)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError, MemoryError) as error:
        message = f"{where} is no {kind.__name__}: {error}."
        raise InputError(message, f"It must follow the schema {SCHEMA!r}.", "Write it again with to_json.") from error
    return found


def _refuse_other_shapes(e: Explanation) -> None:
    """Check that there is one estimate for each place along each axis."""
    places = tuple(min(map(len, labels.values())) for labels in e._axes())  # noqa: SLF001 - the layout of the result
    if places != e.estimate.values.shape:
        message = f"estimate has the shape {e.estimate.values.shape}, and its labels have {places}"
        raise ValueError(message)


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
