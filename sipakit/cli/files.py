"""Models and tables in files. A model file is not trusted: it may hold code that runs when it is read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import joblib
import pandas as pd

from sipakit.cli.dtypes import TEXT, with_dtypes
from sipakit.errors import InputError, first_few

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["read_model", "read_table"]

_PICKLES = {".pkl", ".pickle", ".joblib"}


def read_model(path: str, trusted: Sequence[str] = (), *, trust_pickle: bool = False) -> Any:
    """Read a fitted model.

    Parameters
    ----------
    path : str
        A skops file, or a pickle.
    trusted : sequence of str
        Types that skops does not vouch for and that the user does.
    trust_pickle : bool
        Whether the user vouches for a pickle.

    Raises
    ------
    InputError
        For a file that is neither, or holds types that nobody vouches for.
    """
    file = _existing(path, "--model")
    if file.suffix == ".skops":
        return _from_skops(file, trusted)
    if file.suffix not in _PICKLES:
        message = f"--model {path} is a {file.suffix or 'nameless'} file."
        raise InputError(message, "It takes .skops, or a pickle.", "Save the model by skops.io.dump(model, path).")
    if not trust_pickle:
        message = f"--model {path} is a pickle, and reading a pickle runs the code in it."
        cure = "Save the model by skops.io.dump(model, path), or pass --trust-pickle if the file is your own."
        raise InputError(message, "A skops file does not.", cure)
    try:
        return joblib.load(file)
    except Exception as error:
        message = f"--model {path} cannot be read: {type(error).__name__}: {error}."
        raise InputError(message, cure="Install the libraries and versions that it was saved with.") from error


def _from_skops(file: Path, trusted: Sequence[str]) -> Any:
    import skops.io

    try:
        unknown = skops.io.get_untrusted_types(file=file)
    except Exception as error:
        message = f"--model {file} is no skops file: {type(error).__name__}: {error}."
        raise InputError(message, cure="Save the model by skops.io.dump(model, path).") from error
    left = [name for name in unknown if name not in trusted]
    if left:
        message = f"--model {file} holds types that skops does not vouch for: {', '.join(left)}."
        cure = f"Trust those that you know: {' '.join(f'--trust {name}' for name in left)}."
        raise InputError(message, "Loading a type may run its code.", cure)
    try:
        return skops.io.load(file, trusted=unknown)
    except Exception as error:
        message = f"--model {file} cannot be read: {type(error).__name__}: {error}."
        raise InputError(message, cure="Install the libraries and versions that it was saved with.") from error


def read_table(path: str, argument: str, dtypes: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Read a table from CSV or Parquet.

    Parameters
    ----------
    path : str
    argument : str
        What names the file on the command line.
    dtypes : column -> kind, optional
        What some columns shall be read as, where the file does not tell or tells another.

    Raises
    ------
    InputError
        For another kind of file, or one that cannot be read, also not as these kinds.
    """
    kinds = dtypes or {}
    return with_dtypes(_read(path, argument, [name for name, kind in kinds.items() if kind == TEXT]), kinds, argument)


def _read(path: str, argument: str, texts: Sequence[str]) -> pd.DataFrame:
    file = _existing(path, argument)
    name = file.name.lower()
    try:
        if name.endswith((".parquet", ".pq")):
            return pd.read_parquet(file)
        if name.endswith((".csv", ".csv.gz")):
            return _refuse_other_marks(pd.read_csv(file, dtype=dict.fromkeys(texts, str)), f"{argument} {path}")
    except InputError:
        raise
    except ImportError as error:
        message = f"{argument} {path} needs pyarrow to be read."
        raise InputError(message, cure='Install it by pip install "sipakit[parquet]", or use CSV.') from error
    except (ValueError, OSError) as error:
        message = f"{argument} {path} cannot be read: {error}."
        raise InputError(message, "It takes one table with a line of column names.") from error
    message = f"{argument} {path} is a {file.suffix or 'nameless'} file."
    raise InputError(message, "It takes .csv, .csv.gz or .parquet.")


def _refuse_other_marks(table: pd.DataFrame, what: str) -> pd.DataFrame:
    """Refuse a table whose columns are separated by something else than commas."""
    names = [str(name) for name in table.columns]
    if any(mark in names[0] for mark in ";\t|") and len(names) == 1:
        message = f"{what} has one column, {names[0]!r}."
        raise InputError(message, "Columns of a CSV file are separated by commas.", "Save it so, or as Parquet.")
    return table


def taken_out(table: pd.DataFrame, name: str | None, option: str) -> tuple[pd.DataFrame, pd.Series | None]:
    """Take the column that an option names out of the table.

    Raises
    ------
    InputError
        For a name that is no column.
    """
    if name is None:
        return table, None
    if name not in table.columns:
        raise InputError(f"{option} {name!r} is no column of --data.", f"It has {first_few(table.columns, 12)}.")
    return table.drop(columns=[name]), table[name]


def _existing(path: str, argument: str) -> Path:
    file = Path(path)
    if not file.is_file():
        raise InputError(f"{argument} {path} is no file.", cure="Check the path.")
    return file
