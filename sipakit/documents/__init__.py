"""Results as files that a later version, another language or an auditor can read; nothing in them is run."""

from __future__ import annotations

from sipakit.documents.decode import built, decoded, expect
from sipakit.documents.encode import encoded, fields
from sipakit.documents.files import LIMIT, load, read_bytes
from sipakit.documents.layout import laid_out, opened
from sipakit.documents.published import schema_path
from sipakit.documents.table import write_table
from sipakit.documents.text import SCHEMA, document_of, dumps, explanation_of, loads

__all__ = [
    "LIMIT",
    "SCHEMA",
    "built",
    "decoded",
    "document_of",
    "dumps",
    "encoded",
    "expect",
    "explanation_of",
    "fields",
    "laid_out",
    "load",
    "loads",
    "opened",
    "read_bytes",
    "schema_path",
    "write_table",
]
