"""The door: what a user's table, target and weights must be, decided once and in this order.

1. reject what cannot be right (no rows, names twice, a target of another length, negative weights ...);
2. repair by name, with a caveat (column order, extra columns, floats held as objects, levels in another order);
3. pass through untouched all that a model may accept (missing cells, infinities, strings, categories, dates);
4. names are labels only.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sipakit import columns as col
from sipakit.caveats import Caveat, caveat
from sipakit.errors import InputError, InputTypeError, first_few
from sipakit.frames import as_pandas, opened
from sipakit.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

__all__ = ["conform", "open_table", "open_target", "open_weights"]

_BIG = 2**53
_FAR_FROM_ONE = 300  # powers of two, from which on squares of weights are no floats


def open_table(
    data: Any,
    *,
    argument: str = "X",
    expects: Callable[[Sequence[Hashable]], Sequence[Hashable] | None] | None = None,
) -> tuple[Table, list[Caveat]]:
    """Let a user's table in.

    Parameters
    ----------
    data : (n, p) array, list of rows, or frame of pandas, polars or pyarrow
    argument : str
        Its name in messages.
    expects : callable(names of the table) -> p names that the model was fitted on, or None where it knows none

    Returns
    -------
    (Table, caveats)

    Raises
    ------
    InputError, InputTypeError
        For data that is no table of at least one row and one column with names of their own.
    """
    readable = _readable(data, argument)
    if 0 in readable.shape:
        message = f"{argument} has {readable.shape[0]} rows and {readable.shape[1]} columns."
        raise InputError(message, "At least one of each is needed.", "Check the filter or selection that made it.")
    table = Table.from_data(readable, argument)
    _look_at_names(table.header, argument)
    table, caveats = _as_expected(table, argument, expects(table.names) if expects else None, "the model")
    columns = [_repaired(c, n, argument, caveats) for c, n in zip(table.columns, table.names, strict=True)]
    _look_at_numbers(columns, table.names, argument, caveats)
    return table.with_columns(columns), caveats


def _readable(data: Any, argument: str) -> Any:
    if (frame := opened(data, argument)) is not None:
        return frame
    if isinstance(data, np.ma.MaskedArray):
        message = f"{argument} is a masked array."
        cure = f"Pass {argument}.filled(np.nan), so that masked cells are missing cells."
        raise InputTypeError(message, "Masks would be ignored by models.", cure)
    if isinstance(data, pd.Series) or not isinstance(data, (np.ndarray, list, tuple)):
        message = f"{argument} is a {type(data).__name__}."
        cure = "Pass a DataFrame of pandas or polars, a Table of pyarrow, or a 2-d NumPy array."
        raise InputTypeError(message, "A table of rows and columns is needed.", cure)
    try:
        array = np.asarray(data)
        if array.dtype.kind in "US" and not isinstance(data, np.ndarray):
            array = np.asarray(data, dtype=object)  # NumPy would have turned numbers beside texts into texts
    except ValueError as error:
        message = f"{argument} has rows of different lengths."
        raise InputError(message, "All rows need equal length.", "Pad the short ones with None.") from error
    if array.dtype.names or np.iscomplexobj(array):
        message = f"{argument} has dtype {array.dtype}."
        raise InputTypeError(message, "Structured and complex arrays are not tables.", "Pass a pandas DataFrame.")
    if array.ndim != 2:
        message = f"{argument} has {array.ndim} dimension(s), shape {array.shape}."
        raise InputError(message, "A table has two: rows and columns.", "For one row pass X[[0]].")
    return array


def _look_at_names(header: pd.Index, argument: str) -> None:
    if header.has_duplicates:
        twice = list(dict.fromkeys(header[header.duplicated()]))
        message = f"{argument} has more than one column named {first_few(twice)}."
        raise InputError(message, "Column names must differ.", "Rename or drop the copies.")


def _as_expected(
    table: Table, argument: str, expected: Sequence[Hashable] | None, whose: str
) -> tuple[Table, list[Caveat]]:
    """Put the columns in the order of the model or of X, by name."""
    if expected is None:
        return table, []
    if table.from_array:
        if table.n_columns != len(expected):
            message = f"{argument} has {table.n_columns} columns and the model was fitted on {len(expected)}."
            raise InputError(message, "An array is read by position.", "Pass a DataFrame with the column names.")
        found = caveat(
            "SIPA004", f"{argument} is an array; the model was fitted on named columns, taken in their order."
        )
        return table.renamed(pd.Index(list(expected))), [found]
    known_to, given_in = ("X has", "of X") if whose == "X" else ("the model was fitted on", "used in fit")
    place = {name: j for j, name in enumerate(table.names)}
    missing = [name for name in expected if name not in place]
    if missing:
        message = f"{argument} lacks {first_few(missing)}, which {known_to}."
        raise InputError(
            message, f"It has {first_few(table.names, 12)}.", f"Add the columns, under the names {given_in}."
        )
    caveats, known = [], set(expected)
    extra = [name for name in table.names if name not in known]
    if extra:
        caveats.append(caveat("SIPA002", f"{argument} has {first_few(extra)} beside the columns that {known_to}."))
    if [name for name in table.names if name in known] != list(expected):
        by_place = "A function that reads columns by position must know the order of X." if whose == "X" else ""
        caveats.append(caveat("SIPA001", f"{argument} had them in another order than {whose}.", by_place))
    return (table.selected([place[name] for name in expected]) if caveats else table), caveats


def _repaired(column: col.Column, name: Hashable, argument: str, caveats: list[Caveat]) -> col.Column:
    """Numbers held as objects become floats; cells that are no single value are refused."""
    if isinstance(column.dtype, pd.ArrowDtype) and column.dtype.kind in "mM":
        message = f"Column {name!r} of {argument} is {column.dtype}."
        cure = "Convert it to datetime64 or timedelta64, or pass a pyarrow Table."
        raise InputTypeError(message, "Dates and durations in pandas are of its own types.", cure)
    if not col.holds_objects(column):
        return column
    holds = pd.api.types.infer_dtype(column, skipna=True)
    if holds in {"floating", "integer", "mixed-integer-float", "decimal"}:
        caveats.append(
            caveat("SIPA003", f"Column {name!r} of {argument} held numbers as objects; they are floats now.")
        )
        return np.asarray(pd.to_numeric(col.series(column).astype("Float64")).to_numpy(np.float64, na_value=np.nan))
    try:
        pd.factorize(column)
    except TypeError as error:
        message = f"Column {name!r} of {argument} has cells that hold several values ({holds})."
        raise InputTypeError(message, "A cell holds one value.", "Split it into columns.") from error
    if holds == "complex":
        raise _complex(name, argument)
    return column


def _complex(name: Hashable, argument: str) -> InputTypeError:
    message = f"Column {name!r} of {argument} is complex."
    return InputTypeError(message, "Numbers must be real.", "Split it into its real and its imaginary part.")


def _look_at_numbers(
    columns: Sequence[col.Column], names: Sequence[Hashable], argument: str, caveats: list[Caveat]
) -> None:
    for column, name in zip(columns, names, strict=True):
        if not isinstance(column, np.ndarray):
            if not pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype):
                continue
            column = np.asarray(pd.Series(column).dropna().to_numpy())  # noqa: PLW2901 - the cells that are not missing
        if column.dtype.kind == "c":
            raise _complex(name, argument)
        if column.dtype.kind == "f" and (infinite := int(np.isinf(column).sum())):
            message = f"Column {name!r} of {argument} has {infinite} infinite values; grids use the finite ones."
            caveats.append(caveat("SIPA005", message))
        if column.dtype.kind in "iu" and column.dtype.itemsize == np.dtype("i8").itemsize and _beyond(column):
            message = f"Column {name!r} of {argument} has whole numbers that floats cannot hold apart."
            caveats.append(caveat("SIPA006", message, "Treat identifiers as strings or leave them out."))


def _beyond(column: NDArray[Any]) -> bool:
    return bool(len(column)) and bool(column.max() > _BIG or column.min() < -_BIG)


def conform(table: Table, like: Table, *, argument: str = "background") -> tuple[Table, Table, list[Caveat]]:
    """Give two tables of one model the same columns, in the same order, in dtypes that hold the values of both.

    Returns
    -------
    (table, like, caveats)
        ``table`` itself where nothing about it had to change, with all that was found out about it.

    Raises
    ------
    InputError, InputTypeError
        If ``table`` lacks a column of ``like``, is an array of another width, or holds other things in a column.
    """
    given = table
    arrays = table.from_array and like.from_array
    if (table.from_array or like.from_array) and table.names != like.names:
        if table.n_columns != like.n_columns:
            message = f"{argument} has {table.n_columns} columns and X has {like.n_columns}."
            raise InputError(message, "Both need the same columns.", "Pass both as frames, or both as arrays.")
        table = table.renamed(like.header)
    table, caveats = (table, []) if arrays else _as_expected(table, argument, like.names, "X")
    ours, theirs = [], []
    for j, (name, column, other) in enumerate(zip(like.names, table.columns, like.columns, strict=True)):
        found: list[Caveat] = []
        wide, wide_other = _united(column, other, name, argument, found)
        if table.origin is None or like.origin is None or table.origin.own[j] != like.origin.own[j]:
            caveats += found  # otherwise the user's two columns are of one type: only the way they are held differs
        ours.append(wide)
        theirs.append(wide_other)
    made = table.with_columns(ours).given_like(like)
    return (given if made.holds_the_same_as(given) else made), like.with_columns(theirs), caveats


def _united(
    column: col.Column, other: col.Column, name: Hashable, argument: str, caveats: list[Caveat]
) -> tuple[col.Column, col.Column]:
    """Give a column of a table, and that of X, one dtype."""
    if column.dtype == other.dtype:
        return column, other
    try:
        wide_other, wide = col.united(other, column)
    except (TypeError, ValueError) as error:
        message = f"Column {name!r} is {column.dtype} in {argument} and {other.dtype} in X."
        kept, changed = (column, "X") if col.holds_objects(other) else (other, argument)
        cure = f"Convert it to {kept.dtype} in {changed}, which may be a DataFrame."
        raise InputTypeError(message, "No column holds both.", cure) from error
    if isinstance(other.dtype, pd.CategoricalDtype):
        message = f"Column {name!r} has other levels in {argument} than in X."
        caveats.append(caveat("SIPA009", message))
    else:
        message = f"Column {name!r} is {column.dtype} in {argument} and {other.dtype} in X; both are {wide.dtype} now."
        caveats.append(caveat("SIPA003", message))
    return wide, wide_other


def open_target(
    y: Any,
    X: Any,
    classes: Sequence[Hashable] | None,
) -> tuple[NDArray[Any] | None, list[Caveat]]:
    """Let the target in: floats for regression, positions in ``classes`` for classification.

    Raises
    ------
    InputError, InputTypeError
        For another length than X, missing values, labels that the model does not know, strings for a regression, or an
        index that holds X's labels in another order.
    """
    if y is None:
        return None, []
    y = as_pandas(y, "y")
    caveats = _by_position(y, X, "y")
    values = _as_values(y, "y")
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim not in {1, 2} or len(values) != len(X) or 0 in values.shape[1:]:
        message = f"y has shape {values.shape} and X has {len(X)} rows."
        raise InputError(message, "y needs one value for each row.", "Check the selection that made it.")
    absent = np.flatnonzero(pd.isna(values) if values.ndim == 1 else pd.isna(values).any(axis=1))
    if len(absent):
        message = f"y is missing in {len(absent)} rows (first: {first_few(absent.tolist())})."
        raise InputError(message, "Every row needs its target.", "Drop those rows of X and y.")
    values = _numeric(values) if classes is None else _positions(values, classes)
    if len(values) > 1 and bool((values == values[0]).all()):
        caveats.append(caveat("SIPA007", "All values of y are equal.", "Importance by loss says little here."))
    return values, caveats


def _numeric(values: NDArray[Any]) -> NDArray[np.float64]:
    if not _holds_numbers(values):
        message = f"y holds {values.dtype} such as {values.ravel()[0]!r}, and the model predicts numbers."
        cure = "Convert it, or wrap the classifier with sp.adapt(model, classes=[...])."
        raise InputTypeError(message, "A regression needs a numeric target.", cure)
    numbers = values.astype(np.float64)
    infinite = np.flatnonzero(~(np.abs(numbers.reshape(len(numbers), -1)) < col.LARGEST).all(axis=1))
    if len(infinite):
        message = f"y is infinite or huge in {len(infinite)} rows (first: {first_few(infinite.tolist())})."
        allowed = f"Every row needs a finite target below {col.LARGEST:g} in size."
        raise InputError(message, allowed, "Drop those rows of X and y.")
    return numbers


def _holds_numbers(values: NDArray[Any]) -> bool:
    """Whether an array holds numbers, perhaps as objects; complex ones and text do not count."""
    if values.dtype != object:
        return values.dtype.kind in "biuf"
    numbers = {"floating", "integer", "mixed-integer-float", "decimal", "boolean"}
    return pd.api.types.infer_dtype(values.ravel()) in numbers


def _as_values(values: Any, argument: str) -> NDArray[Any]:
    """Read a target or weights as an array.

    Raises
    ------
    InputError, InputTypeError
        For masked arrays, whose mask would be lost, and for lists of lists of different lengths.
    """
    if isinstance(values, np.ma.MaskedArray):
        message = f"{argument} is a masked array."
        raise InputTypeError(message, "Its mask would be ignored.", "Drop the masked rows of X too.")
    try:
        return np.asarray(values.to_numpy() if isinstance(values, (pd.Series, pd.DataFrame)) else values)
    except ValueError as error:
        message = f"{argument} has entries of different lengths."
        raise InputError(message, "It needs one value for each row.", "Pass a flat list or array.") from error


def _positions(values: NDArray[Any], classes: Sequence[Hashable]) -> NDArray[np.intp]:
    if values.ndim != 1:
        message = f"y has shape {values.shape}."
        raise InputError(message, "A classifier needs one label for each row.", "Pass the column of labels.")
    place = {label: position for position, label in enumerate(classes)}
    labels = values.tolist()
    if not all(isinstance(label, Hashable) for label in labels):
        raise InputTypeError("y holds lists.", f"A label is one of {first_few(list(classes), 6)}.", "Flatten y.")
    unknown = list(dict.fromkeys(label for label in labels if label not in place))
    if unknown:
        message = f"y has labels that the model does not know: {first_few(unknown)}."
        raise InputError(
            message, f"It knows {first_few(list(classes), 6)}.", "Check the encoding of y, strings or numbers."
        )
    return np.array([place[label] for label in labels], np.intp)


def open_weights(
    weights: Any, X: Any, n: int, *, argument: str = "sample_weight", table: str = "X"
) -> tuple[NDArray[np.float64], list[Caveat]]:
    """Let importance weights in: n finite numbers, none negative, not all zero; ones where none were given.

    Parameters
    ----------
    weights : (n,), optional
    X : the table whose rows they are for
    n : int
        How many rows it has.
    argument, table : str
        What weights and table are called in messages.

    Raises
    ------
    InputError, InputTypeError
        For anything else; the first bad rows are named.
    """
    if weights is None:
        return np.ones(n), []
    weights = as_pandas(weights, argument)
    caveats = _by_position(weights, X, argument, table)
    given = _as_values(weights, argument)
    if given.shape != (n,):
        message = f"{argument} has shape {given.shape} and {table} has {n} rows."
        raise InputError(message, "It takes one weight for each row.", "Check the selection that made it.")
    if not _holds_numbers(given) and not bool(pd.isna(given).any()):
        message = f"{argument} has dtype {given.dtype}, such as {given[0]!r}."
        raise InputTypeError(message, "Weights are numbers.", "Convert them.")
    values = np.asarray(pd.to_numeric(pd.Series(given, dtype=given.dtype), errors="coerce"), np.float64)
    bad = np.flatnonzero(~np.isfinite(values) | (values < 0))
    if len(bad):
        message = f"{argument} is negative or not finite in rows {first_few(bad.tolist())}."
        raise InputError(message, "Weights are zero or positive.", "Drop those rows, or mend the weights.")
    if not values.any():
        cure = f"Leave {argument} out, or mend it."
        raise InputError(f"{argument} is zero in every row.", "At least one must be positive.", cure)
    power = int(np.frexp(values.max())[1])
    # only their ratios count, and sums of squares must be numbers
    return (values if abs(power) < _FAR_FROM_ONE else np.ldexp(values, -power)), caveats


def _by_position(values: Any, X: Any, argument: str, table: str = "X") -> list[Caveat]:
    """Two indexes that hold the same labels in another order are a mistake that positions would hide."""
    if not (isinstance(values, (pd.Series, pd.DataFrame)) and isinstance(X, pd.DataFrame)):
        return []
    if len(values) != len(X) or values.index.equals(X.index):
        return []
    if values.index.is_unique and X.index.is_unique and values.index.symmetric_difference(X.index).empty:
        message = f"{argument} and {table} have the same index labels in another order."
        raise InputError(message, "Rows are matched by position.", f"Pass {argument}.loc[{table}.index].")
    message = f"{argument} and {table} have different index labels; rows were matched by position."
    return [caveat("SIPA017", message, "Check that both are in the same order.")]
