"""Explanations as Parquet, for large ones: one estimate a row, so that any program reads the numbers as they are.

The columns are the place of each estimate as text (which is never read back), the numbers, and below each other the
further arrays of the explanation, shorter than the file and null after their end; cells of any type are JSON. All
else is the document of `sipakit.documents.text` in the file's metadata, with a digest of it and of the numbers.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from hashlib import sha256
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from sipakit.documents.decode import decoded
from sipakit.documents.encode import encoded, field, word_of
from sipakit.documents.layout import parsed
from sipakit.documents.text import SCHEMA, explanation_of
from sipakit.errors import InputError, MissingPackageError
from sipakit.estimate import Estimate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from sipakit.explanation import Explanation

__all__ = ["read_table", "write_table"]

_SCHEMA_KEY: Final = b"sipakit.schema"
_DOCUMENT_KEY: Final = b"sipakit.document"
_DIGEST_KEY: Final = b"sipakit.digest"
_UNREADABLE: Final = (ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError)


def write_table(explanation: Explanation, path: str | Path) -> None:
    """Write an explanation as a Parquet file; equal explanations give equal bytes.

    Parameters
    ----------
    explanation : Explanation
    path : str or Path

    Raises
    ------
    MissingPackageError
        Where pyarrow is not installed.
    """
    pa, pq = _arrow("to_parquet")
    arrays = dict(_arrays(explanation))
    document = _document(explanation)
    numbers = {name: _written(array) for name, array in arrays.items()}
    length = max([explanation.estimate.values.size, *map(len, numbers.values())])
    columns = {**_places(explanation, pa), **{name: pa.array(cells) for name, cells in numbers.items()}}
    padded = {name: _padded(column, length, pa) for name, column in columns.items()}
    told = {
        _SCHEMA_KEY: SCHEMA.encode(),
        _DIGEST_KEY: _digest(document, numbers).encode(),
        _DOCUMENT_KEY: document,
    }
    table = pa.table(padded)
    # Arrow's own copy of the schema would hold the document a second time
    with pq.ParquetWriter(path, table.schema, compression="zstd", write_page_checksum=True, store_schema=False) as file:
        file.write_table(table)
        file.add_key_value_metadata(told)


def read_table(data: bytes, where: str, limit: int) -> Explanation:
    """Read what `write_table` wrote.

    Parameters
    ----------
    data : bytes
    where : str
        What the file is called in errors.
    limit : int
        Bytes that the numbers may take in memory: a small file can hold very many equal ones.

    Raises
    ------
    InputError, MissingPackageError
        Saying what is wrong with the file.
    """
    pa, pq = _arrow(f"load of the Parquet file {where}")
    unreadable = (*_UNREADABLE, OSError, pa.ArrowException, MemoryError)
    try:
        file = pq.ParquetFile(pa.BufferReader(data), page_checksum_verification=True)
        told = file.metadata.metadata or {}
        size = 8 * file.metadata.num_rows * file.metadata.num_columns
    except unreadable as error:
        raise _broken(where, error) from error
    _refuse_another(told, size, where, limit)
    document = parsed(told.get(_DOCUMENT_KEY, b""), f"the document in {where}")
    entries = {name: entry for name, entry in document.items() if _is_column(entry)}
    try:
        names = [*entries, *document["estimate"]["columns"]]
        table = file.read(columns=names)
        numbers = {name: _read(table.column(name)) for name in names}
        fits = _digest(told[_DOCUMENT_KEY], numbers) == told[_DIGEST_KEY].decode("ascii", "replace")
    except unreadable as error:
        raise _broken(where, error) from error
    if not fits:
        message = f"{where} was changed after it was written: its digest does not fit its numbers."
        raise InputError(message, "The digest is of the document and the numbers.", "Write it again with to_parquet.")
    return _built(document, entries, numbers, where)


def _refuse_another(told: Mapping[bytes, bytes], size: int, where: str, limit: int) -> None:
    """Look at the schema first, then at what the file would take in memory."""
    schema = told.get(_SCHEMA_KEY, b"").decode("ascii", "replace")
    if schema != SCHEMA:
        message = f"{where} has the schema {schema!r}." if schema else f"{where} is a Parquet file without a schema."
        cure = "Read it with the version of sipakit that wrote it, or a later one."
        raise InputError(message, f"This version of sipakit reads {SCHEMA!r}.", cure)
    if size > limit:
        message = f"{where} unpacks to {size:,} bytes, more than limit={limit:,}."
        raise InputError(message, "So much is read at most.", "Pass a larger limit= if you trust the file.")


def _built(
    document: dict[str, Any], entries: Mapping[str, Any], numbers: Mapping[str, NDArray[Any]], where: str
) -> Explanation:
    """Put the numbers back where the document names their columns."""
    try:
        made: dict[str, Any] = {name: _shaped(numbers[name], entry) for name, entry in entries.items()}
        made["estimate"] = _estimate(document["estimate"], numbers)
    except _UNREADABLE as error:
        raise _broken(where, error) from error
    left = {name: value for name, value in document.items() if name not in made}
    return explanation_of(left, where, made)


def _estimate(entry: Mapping[str, Any], numbers: Mapping[str, NDArray[Any]]) -> Estimate:
    columns: dict[str, Any] = {
        name: numbers[name][: int(np.prod(entry["shape"]))].reshape(entry["shape"]) for name in entry["columns"]
    }
    values, *errors = (columns.pop(name, None) for name in ("estimate", "std_error", "lower", "upper"))
    if entry["error"] is None:
        if any(error is None for error in errors):
            message = "a standard error, a lower or an upper end is missing"
            raise ValueError(message)
        return Estimate(values, errors[0], errors[1], errors[2], columns)
    make = {"exact": Estimate.exact, "unknown": Estimate.unknown}[entry["error"]]
    return make(values, columns)


def _arrow(what: str) -> tuple[Any, Any]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise MissingPackageError.of(what, "pyarrow", "parquet") from error
    return pa, pq


def _broken(where: str, error: Exception) -> InputError:
    told = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
    return InputError(f"{where} is no Parquet file that can be read: {told}.", "", "Write it again with to_parquet.")


# ---- writing


def _arrays(explanation: Explanation) -> Iterator[tuple[str, NDArray[Any]]]:
    """The arrays that are columns: the estimate's, and those that are fields of the explanation."""
    exact = word_of(explanation.estimate) == "exact"
    for name, array in explanation.estimate.columns().items():
        if not (exact and name in {"lower", "upper"}):  # the estimate itself
            yield name, array
    for one in dataclasses.fields(explanation):
        value = getattr(explanation, one.name)
        if isinstance(value, np.ndarray):
            yield one.name, value


def _document(explanation: Explanation) -> bytes:
    """Everything but the numbers, with the shapes and types that they have."""
    held: dict[str, Any] = {"schema": SCHEMA, "type": type(explanation).__name__}
    for one in dataclasses.fields(explanation):
        value = getattr(explanation, one.name)
        if isinstance(value, np.ndarray):
            held[one.name] = {"type": "in the file", "dtype": str(value.dtype), "shape": list(value.shape)}
        else:
            held[one.name] = field(one.name, value) if one.name != "estimate" else None
    names = [name for name, _ in _arrays(explanation) if name in explanation.estimate.columns()]
    shape = list(explanation.estimate.values.shape)
    held["estimate"] = {"columns": names, "shape": shape, "error": word_of(explanation.estimate)}
    return json.dumps(held, allow_nan=False).encode()


def _written(array: NDArray[Any]) -> NDArray[Any]:
    """Flat cells; those of any type as JSON."""
    flat = array.reshape(-1)
    if array.dtype.kind != "O":
        return flat
    texts = [repr(cell) if _is_number(cell) else json.dumps(encoded(cell), allow_nan=False) for cell in flat.tolist()]
    return np.array(texts, dtype=object)


def _is_number(cell: object) -> bool:
    """Whether JSON writes a cell as Python does, at a tenth of the time."""
    return type(cell) is int or (type(cell) is float and isfinite(cell))


def _places(explanation: Explanation, pa: Any) -> dict[str, Any]:
    """The labels of each estimate's place, row numbers as numbers and all else as text."""
    shape = explanation.estimate.values.shape
    place = np.indices(shape).reshape(len(shape), -1)
    columns = {}
    for axis, labels in zip(place, explanation._axes(), strict=True):  # noqa: SLF001 - the layout of the result
        for name, names in labels.items():
            numeric = isinstance(names, np.ndarray) and names.dtype.kind == "i"
            cells = pa.array(names) if numeric else pa.array([_label(one) for one in names], type=pa.string())
            columns[name] = cells.take(pa.array(axis))
    return columns


def _label(label: object) -> str | None:
    gone = pd.isna(label)  # type: ignore[call-overload]
    if isinstance(gone, (bool, np.bool_)) and gone:
        return None
    return str(label).encode("utf-8", "backslashreplace").decode()  # half of a surrogate pair has no UTF-8


def _padded(column: Any, length: int, pa: Any) -> Any:
    return pa.chunked_array([column, pa.nulls(length - len(column), column.type)]).combine_chunks()


def _digest(document: bytes, numbers: Mapping[str, NDArray[Any]]) -> str:
    """Digest of the document and of every number, without the nulls after an array's end."""
    found = sha256(document)
    for name, cells in sorted(numbers.items()):
        found.update(f"\n{name} {len(cells)}\n".encode())
        found.update("\n".join(cells).encode() if cells.dtype.kind == "O" else np.ascontiguousarray(cells).tobytes())
    return f"sha256:{found.hexdigest()}"


# ---- reading


def _is_column(entry: object) -> bool:
    return isinstance(entry, dict) and entry.get("type") == "in the file"


def _read(column: Any) -> NDArray[Any]:
    """Cells up to the first null."""
    kept = column.slice(0, len(column) - column.null_count).combine_chunks()
    return np.asarray(kept.to_numpy(zero_copy_only=False))


def _shaped(cells: NDArray[Any], entry: Mapping[str, Any]) -> NDArray[Any]:
    dtype = np.dtype(entry["dtype"])
    if dtype.kind != "O":
        if cells.dtype != dtype:
            message = f"numbers are {cells.dtype} and not {dtype}"
            raise ValueError(message)
        return cells.reshape(entry["shape"])
    held = {"type": "array", "dtype": "object", "shape": entry["shape"], "data": json.loads(f"[{','.join(cells)}]")}
    found: NDArray[Any] = decoded(held)
    return found
