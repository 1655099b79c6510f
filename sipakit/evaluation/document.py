"""A comparison as text and back: what was found, and every explanation that was compared."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from sipakit.documents import SCHEMA, built, document_of, encoded, expect, explanation_of, laid_out, opened
from sipakit.errors import InputError
from sipakit.evaluation.agreement import Agreement, Comparison, Gap
from sipakit.evaluation.comparable import Comparable
from sipakit.explanation import Attributions, Importances

__all__ = ["comparison_of", "text_of"]

_SCHEMA: Final = "sipakit.comparison/1"
_READ: Final = {"schema", "digest", "agreements", "sums", "notes", "explanations"}


def text_of(comparison: Comparison) -> str:
    """Write a comparison as JSON text; equal comparisons give equal text."""
    explanations = zip(comparison.names, comparison.explanations, strict=True)
    held = {
        "agreements": [_record(one) for one in comparison.agreements],
        "sums": [_record(one) for one in comparison.sums],
        "notes": list(comparison.notes),
        "explanations": {name: document_of(one) for name, one in explanations},
    }
    return laid_out(_SCHEMA, held)


def comparison_of(data: bytes, where: str) -> Comparison:
    """Read the text that `text_of` wrote.

    Parameters
    ----------
    data : bytes
    where : str
        What the text is called in errors.

    Raises
    ------
    InputError
        Saying what is wrong: another schema, bytes that were lost or changed, or what no comparison looks like.
    """
    document = opened(data, where, _SCHEMA)
    try:
        named = {name: _comparable(one, where) for name, one in document["explanations"].items()}
        made = {
            "names": tuple(named),
            "explanations": tuple(named.values()),
            "agreements": tuple(built(Agreement, one) for one in expect(list, document["agreements"])),
            "sums": tuple(built(Gap, one) for one in expect(list, document["sums"])),
            "notes": tuple(expect(list, document["notes"])),
        }
        left = {name: value for name, value in document.items() if name not in _READ}
        return built(Comparison, left, made=made)
    except InputError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        message = f"{where} is no comparison: {error}."
        raise InputError(message, f"It must follow the schema {_SCHEMA!r}.", "Write it again with to_json.") from error


def _record(one: Agreement | Gap) -> dict[str, Any]:
    return {name: encoded(value) for name, value in asdict(one).items()}


def _comparable(document: Any, where: str) -> Comparable:
    found = explanation_of(document, where)
    if document.get("schema") != SCHEMA or not isinstance(found, (Attributions, Importances)):
        message = f"an explanation in it is {type(found).__name__} of the schema {document.get('schema')!r}"
        raise TypeError(message)
    return found
