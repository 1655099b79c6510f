"""`sipakit.load`: an explanation from a file, JSON or Parquet."""

from __future__ import annotations

from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sipakit.documents.table import read_table
from sipakit.documents.text import loads
from sipakit.errors import InputError, InputTypeError

if TYPE_CHECKING:
    from sipakit.explanation import Explanation

__all__ = ["LIMIT", "load"]

LIMIT: Final = 512 * 2**20


def load(path: str | PathLike[str], *, limit: int = LIMIT) -> Explanation:
    """Read an explanation that `Explanation.to_json` or `Explanation.to_parquet` wrote.

    It is equal to the one that was written, field by field, and writes the same bytes again. Nothing in a file is ever
    run. What was told as text only, such as a function or a table among the parameters, stays text.

    Parameters
    ----------
    path : str or Path
        What is in the file decides how it is read, not its name.
    limit : int, default 512 MiB
        Bytes that a JSON file may have, and that the numbers of a Parquet file may take in memory.

    Returns
    -------
    Explanation
        Of the type that was written.

    Raises
    ------
    InputError
        Naming the file and what is wrong: another schema, bytes that were lost or changed, too large, no explanation.
    InputTypeError
        For a path that is none.
    MissingPackageError
        For a Parquet file where pyarrow is not installed.

    Examples
    --------
    >>> import numpy as np, sipakit as sp, tempfile, pathlib
    >>> e = sp.ALE().explain(lambda X: X[:, 0] ** 2, np.arange(12.0).reshape(6, 2))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     text = e.to_json(pathlib.Path(folder) / "ale.json")
    ...     again = sp.load(pathlib.Path(folder) / "ale.json")
    >>> again.features, again.frame().equals(e.frame()), again.to_json() == text
    (('x0', 'x1'), True, True)
    """
    where = f"path={_name(path)!r}"
    if type(limit) is not int or limit < 1:
        raise InputError(f"limit={limit!r} is no number of bytes.", "It takes a whole number from 1.")
    data = _bytes(Path(path), where, limit)
    if data[:4] == b"PAR1":
        return read_table(data, where, limit)
    return loads(data, where)


def _name(path: object) -> str:
    name = fspath(path) if isinstance(path, (str, PathLike)) else None
    if not isinstance(name, str):
        message = f"load was given a {type(path).__name__}."
        raise InputTypeError(message, "It takes the path of a file that to_json or to_parquet wrote.")
    return name


def _bytes(path: Path, where: str, limit: int) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        told = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{where} cannot be read: {told}.", "load takes the path of a file.") from error
    if len(data) > limit:
        message = f"{where} is larger than limit={limit:,} bytes."
        raise InputError(message, "So much is read at most.", "Pass a larger limit= if you trust the file.")
    return data
