"""Universal Binary JSON, in which XGBoost saves a model: its arrays of numbers are read at once."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["from_ubjson"]

# Numbers by the letters that mark them: as NumPy calls them, and as one alone is unpacked.
_NUMBERS = {b"i": "i1", b"U": "u1", b"I": ">i2", b"l": ">i4", b"L": ">i8", b"d": ">f4", b"D": ">f8"}
_STRUCTS = {marker: struct.Struct(">" + code) for marker, code in zip(_NUMBERS, "bBhiqfd", strict=True)}
_PLAIN: Mapping[bytes, Any] = {b"Z": None, b"T": True, b"F": False}


def from_ubjson(data: bytes) -> Any:
    """Read a value: dicts, lists, text, numbers, and arrays where all numbers are of one type.

    Parameters
    ----------
    data : bytes

    Raises
    ------
    ValueError
        For a type of value that XGBoost does not write.

    References
    ----------
    The format: https://ubjson.org.

    Examples
    --------
    >>> from_ubjson(b"{i" + bytes([1]) + b"a[$U#i" + bytes([2, 7, 8]) + b"}")
    {'a': array([7, 8], dtype=uint8)}
    """
    return _value(data, 0)[0]


def _value(data: bytes, at: int) -> tuple[Any, int]:
    """Return the value that begins at a place, and the place after it."""
    marker, at = data[at : at + 1], at + 1
    if marker in _STRUCTS:
        one = _STRUCTS[marker]
        return one.unpack_from(data, at)[0], at + one.size
    if marker == b"S":
        return _text(data, at)
    if marker == b"{":
        return _object(data, at)
    if marker == b"[":
        return _array(data, at)
    if marker in _PLAIN:
        return _PLAIN[marker], at
    message = f"{marker!r} at byte {at - 1} is no type of value that is read"
    raise ValueError(message)


def _text(data: bytes, at: int) -> tuple[str, int]:
    length, at = _value(data, at)
    return data[at : at + length].decode(), at + length


def _object(data: bytes, at: int) -> tuple[dict[str, Any], int]:
    found = {}
    while data[at : at + 1] != b"}":
        name, at = _text(data, at)
        found[name], at = _value(data, at)
    return found, at + 1


def _array(data: bytes, at: int) -> tuple[Any, int]:
    if data[at : at + 1] == b"$":  # one type for all, and their number
        dtype = np.dtype(_NUMBERS[data[at + 1 : at + 2]])
        count, at = _value(data, at + 3)
        return np.frombuffer(data, dtype, count, at), at + count * dtype.itemsize
    if data[at : at + 1] == b"#":
        count, at = _value(data, at + 1)
        listed = []
        for _ in range(count):
            one, at = _value(data, at)
            listed.append(one)
        return listed, at
    listed = []
    while data[at : at + 1] != b"]":
        one, at = _value(data, at)
        listed.append(one)
    return listed, at + 1
