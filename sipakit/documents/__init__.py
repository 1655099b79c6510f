"""Explanations as files that a later version, another language or an auditor can read; nothing in them is run."""

from __future__ import annotations

from sipakit.documents.files import LIMIT, load
from sipakit.documents.published import schema_path
from sipakit.documents.table import write_table
from sipakit.documents.text import SCHEMA, document_of, dumps

__all__ = ["LIMIT", "SCHEMA", "document_of", "dumps", "load", "schema_path", "write_table"]
