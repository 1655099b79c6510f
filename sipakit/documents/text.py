"""A whole explanation as text and back; nothing in it differs between two equal runs but the seconds in ``cost``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sipakit.documents.decode import built
from sipakit.documents.encode import fields
from sipakit.documents.layout import laid_out, opened
from sipakit.documents.shapes import refuse_other_shapes
from sipakit.errors import InputError
from sipakit.explanation import (
    Attributions,
    Decomposition,
    Effects,
    Explanation,
    Importances,
    Interactions,
    Regions,
    Surrogates,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SCHEMA", "document_of", "dumps", "explanation_of", "loads"]

SCHEMA: Final = "sipakit.explanation/1"
_KINDS: Final[Mapping[str, type[Explanation]]] = {
    kind.__name__: kind
    for kind in (Attributions, Decomposition, Effects, Importances, Interactions, Regions, Surrogates)
}


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
    return laid_out(SCHEMA, fields(explanation))


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
    return explanation_of(opened(data, where, SCHEMA), where)


def explanation_of(document: Mapping[str, Any], where: str, made: Mapping[str, Any] | None = None) -> Explanation:
    """Build the explanation that a document tells of; ``made`` are fields that were read from elsewhere."""
    kind = _KINDS.get(str(document.get("type")))
    if kind is None:
        message = f"{where} has the type {document.get('type')!r}."
        raise InputError(message, f"It must be one of {', '.join(_KINDS)}.")
    given = {name: value for name, value in document.items() if name not in {"schema", "digest"}}
    try:
        found: Explanation = built(kind, given, made=made)
        refuse_other_shapes(found)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError, MemoryError) as error:
        message = f"{where} is no {kind.__name__}: {error}."
        cure = "Read it with the version of sipakit that wrote it, or write it again with to_json."
        raise InputError(message, f"It must follow the schema {SCHEMA!r}.", cure) from error
    return found
