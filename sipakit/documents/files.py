"""`sipakit.load`: an explanation or a comparison from a file, JSON or Parquet, and a study from its folder."""

from __future__ import annotations

from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from sipakit.documents.layout import schema_of
from sipakit.documents.table import read_table
from sipakit.documents.text import SCHEMA, loads
from sipakit.errors import InputError, InputTypeError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sipakit.evaluation import Comparison
    from sipakit.explanation import Explanation
    from sipakit.study import Study

    Document: TypeAlias = Explanation | Comparison | Study

__all__ = ["LIMIT", "load", "read_bytes"]

LIMIT: Final = 512 * 2**20


def load(path: str | PathLike[str], *, limit: int = LIMIT) -> Document:
    """Read what `to_json` or `to_parquet` of an explanation wrote, or `to_json` of a comparison or a study.

    It is equal to the one that was written, field by field, and writes the same bytes again. Nothing in a file is ever
    run. What was told as text only, such as a function or a table among the parameters, stays text.

    Parameters
    ----------
    path : str or Path
        Of a file, whose content decides how it is read, not its name; or of the folder of a study.
    limit : int, default 512 MiB
        Bytes that a JSON file may have, or all files of a study together, and that the numbers of a Parquet file may
        take in memory.

    Returns
    -------
    Explanation, Comparison or Study
        Of the type that was written.

    Raises
    ------
    InputError
        Naming the file and what is wrong: another schema, bytes that were lost or changed, too large, not to be read, a
        name in a study's index that leads elsewhere.
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
    name = _name(path)
    if type(limit) is not int or limit < 1:
        raise InputError(f"limit={limit!r} is no number of bytes.", "It takes a whole number from 1.")
    file = Path(name, "study.json") if Path(name).is_dir() else Path(name)
    where = f"path={str(file)!r}"
    data = read_bytes(file, where, limit)
    if data[:4] == b"PAR1":
        return read_table(data, where, limit)
    schema = schema_of(data, where)
    if schema not in _READERS:
        message, cure = f"{where} has the schema {schema!r}.", "Read it with a later version of sipakit."
        raise InputError(message, f"This version of sipakit reads {', '.join(map(repr, _READERS))}.", cure)
    return _READERS[schema](data, file, limit)


def _explanation(data: bytes, path: Path, limit: int) -> Explanation:  # noqa: ARG001 - as the others are called
    return loads(data, f"path={str(path)!r}")


def _comparison(data: bytes, path: Path, limit: int) -> Comparison:  # noqa: ARG001 - as the others are called
    from sipakit.evaluation import comparison_of

    return comparison_of(data, f"path={str(path)!r}")


def _study(data: bytes, path: Path, limit: int) -> Study:
    from sipakit.study_folder import read_study

    return read_study(data, path, limit)


_READERS: Final[Mapping[str, Callable[[bytes, Path, int], Document]]] = {
    SCHEMA: _explanation,
    "sipakit.comparison/1": _comparison,
    "sipakit.study/1": _study,
}


def _name(path: object) -> str:
    name = fspath(path) if isinstance(path, (str, PathLike)) else None
    if not isinstance(name, str):
        message = f"load was given a {type(path).__name__}."
        raise InputTypeError(message, "It takes the path of what to_json or to_parquet wrote.")
    return name


def read_bytes(path: Path, where: str, limit: int, taken: int = 0) -> bytes:
    """Return what is in a file.

    Parameters
    ----------
    path : Path
    where : str
        What the file is called in errors.
    limit : int
        Bytes that may be read.
    taken : int
        How many of these other files have had.

    Raises
    ------
    InputError
        For a file that cannot be opened, or is too large.
    """
    try:
        with path.open("rb") as file:
            data = file.read(limit - taken + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        told = getattr(error, "strerror", None) or str(error)
        allowed = "load takes the path of a file, or of the folder of a study."
        raise InputError(f"{where} cannot be read: {told}.", allowed) from error
    if taken + len(data) > limit:
        message = f"{where}{' and the files before it are' if taken else ' is'} larger than limit={limit:,} bytes."
        raise InputError(message, "So much is read at most.", "Pass a larger limit= if you trust the file.")
    return data
