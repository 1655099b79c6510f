"""What a model is made of, where its adapter can tell: decision trees, or a term a column, that add up to its answer.

For trees the cells of each column are coded: cells of one code are the same to every tree.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeAlias

import numpy as np
import pandas as pd

from sipakit import columns as col

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sipakit.columns import Column
    from sipakit.intervene import Mix
    from sipakit.table import Table

__all__ = ["Coding", "Levels", "Numbers", "Structure", "Sum", "Sums", "Terms", "Trees", "linked"]


@dataclass(frozen=True, eq=False)
class Numbers:
    """Codes of a column of numbers: how many thresholds lie below a cell; the last code is for missing cells.

    Parameters
    ----------
    thresholds : (b,) float64, ascending
    equal_goes_right : bool
        Whether a cell that equals a threshold lies above it, as in XGBoost.
    single : bool
        Whether the model rounds cells to single precision first.
    absent : tuple of float
        Cells from the one to the other count as missing; none if it is empty.
    whole_to : float
        Up to where the model takes whole numbers for what they are; columns of integers beyond are not taken.

    Examples
    --------
    >>> Numbers(np.array([0.0, 2.0])).codes(np.array([-1.0, 0.0, 1.0, 3.0, np.nan])).tolist()
    [0, 0, 1, 2, 3]
    """

    thresholds: NDArray[np.float64]
    equal_goes_right: bool = False
    single: bool = False
    absent: tuple[()] | tuple[float, float] = ()
    whole_to: float = np.inf

    @classmethod
    def levels(cls, count: int, *, lowest: float = 0.0, single: bool = False) -> Numbers:
        """Codes of numbers that stand for levels, fractions being cut off: below, each level, and beyond.

        Parameters
        ----------
        count : int
        lowest : float
            The smallest number that stands for the first level.
        single : bool

        Examples
        --------
        >>> Numbers.levels(2).codes(np.array([-1.0, 0.0, 1.5, 2.0, np.nan])).tolist()
        [0, 1, 2, 3, 4]
        """
        return cls(np.array([lowest, *range(1, count + 1)], np.float64), equal_goes_right=True, single=single)

    @property
    def size(self) -> int:
        """Number of codes."""
        return len(self.thresholds) + 2

    def codes(self, column: Column) -> NDArray[np.int32]:
        """(n,) codes of cells."""
        if not len(self.thresholds):  # the model does not look at it, whatever it holds
            return np.zeros(len(column), np.int32)
        numbers = col.numbers(column)
        if self.single:
            with np.errstate(over="ignore"):
                numbers = numbers.astype(np.float32).astype(np.float64)
        side = "right" if self.equal_goes_right else "left"
        found = np.searchsorted(self.thresholds, numbers, side=side)  # type: ignore[call-overload]
        absent = np.isnan(numbers)
        if self.absent:
            absent |= (numbers >= self.absent[0]) & (numbers <= self.absent[1])
        return np.where(absent, self.size - 1, found).astype(np.int32)

    def takes(self, column: Column) -> bool:
        """Whether these codes are meant for such a column."""
        if not len(self.thresholds):
            return True
        if not pd.api.types.is_integer_dtype(column.dtype) or not np.isfinite(self.whole_to):
            return bool(pd.api.types.is_numeric_dtype(column.dtype))
        return bool(np.nanmax(np.abs(col.numbers(column)), initial=0) <= self.whole_to)


@dataclass(frozen=True, eq=False)
class Levels:
    """Codes of a column of levels: their numbers; the last code is for missing cells and levels that are unknown.

    Parameters
    ----------
    levels : sequence
        What the model knows, by code.
    plain : bool
        Whether the model finds levels in columns of numbers and texts too, and not in categories alone.
    closed : bool
        Whether the model has no answer of its own for levels that it does not know; columns of such are not taken.

    Examples
    --------
    >>> Levels(("a", "b")).codes(pd.Categorical(["b", None, "a"], categories=["b", "a"])).tolist()
    [1, 2, 0]
    """

    levels: Sequence[Hashable]
    plain: bool = False
    closed: bool = False

    @property
    def size(self) -> int:
        """Number of codes."""
        return len(self.levels) + 1

    def codes(self, column: Column) -> NDArray[np.int32]:
        """(n,) codes of cells."""
        found = self._found(column)
        return np.where(found < 0, self.size - 1, found).astype(np.int32)

    def takes(self, column: Column) -> bool:
        """Whether these codes are meant for such a column."""
        if not isinstance(column.dtype, pd.CategoricalDtype) and not (self.plain and col.kind(column) != "date"):
            return False
        return not self.closed or bool((col.missing(column) | (self._found(column) >= 0)).all())

    def _found(self, column: Column) -> NDArray[np.intp]:
        """(n,) numbers of levels, -1 for what is missing or unknown."""
        known = _comparable(pd.Index(list(self.levels)))
        if not isinstance(column.dtype, pd.CategoricalDtype):
            return known.get_indexer(_comparable(pd.Index(column)))
        of_level = known.get_indexer(_comparable(column.categories))
        return np.where(column.codes < 0, -1, np.append(of_level, -1)[column.codes])


def _comparable(values: pd.Index) -> pd.Index:
    """Truth values as numbers: pandas tells True from 1, and models do not."""
    return values.astype(np.float64) if pd.api.types.is_bool_dtype(values.dtype) else values


Coding: TypeAlias = Numbers | Levels


@dataclass(frozen=True, eq=False)
class Sum:
    """One number that trees add up to.

    Parameters
    ----------
    roots : (t,) int
        Nodes at which the trees begin.
    value : (m,) float
        What a node adds if it is a leaf of these trees.
    base : float
        What is there before any tree.
    """

    roots: NDArray[np.int32]
    value: NDArray[np.float64]
    base: float = 0.0


@dataclass(frozen=True, eq=False)
class Trees:
    """Trees over coded columns.

    Parameters
    ----------
    codings : tuple of Coding, one a column
    feature : (m,) int
        The column that a node asks about; -1 for leaves.
    left, right : (m,) int
    last_left : (m,) int
        Where a node compares: the last code that goes left.
    missing_left : (m,) bool
        Where a node compares: whether missing cells go left.
    set_first : (m,) int
        Where a node looks into a set: where that begins in ``sets``; -1 where it compares.
    sets : (s,) bool
        Whether each code goes left, set after set.
    sums : tuple of Sum
    link : str
        From the sums to what the model answers: see `linked`.
    tolerance : float
        Relative difference to the model's own answers that is rounding.
    """

    codings: tuple[Coding, ...]
    feature: NDArray[np.int32]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    last_left: NDArray[np.int32]
    missing_left: NDArray[np.bool_]
    set_first: NDArray[np.int64]
    sets: NDArray[np.bool_]
    sums: tuple[Sum, ...]
    link: str = "identity"
    tolerance: float = 1e-9

    name: ClassVar[str] = "trees"
    compiled: ClassVar[bool] = True  # whether what follows needs compiled loops

    @property
    def sizes(self) -> NDArray[np.int64]:
        """(p,) numbers of codes."""
        return np.array([coding.size for coding in self.codings], np.int64)

    @property
    def first(self) -> NDArray[np.int64]:
        """(p + 1,) where each column's codes begin, if all columns' codes are counted on."""
        return np.concatenate([[0], np.cumsum(self.sizes)])

    def codes(self, table: Table) -> NDArray[np.int32]:
        """(rows, p) codes of all cells of a table."""
        coded = zip(self.codings, table.columns, strict=True)
        return table.remembered(("codes", self), lambda: np.column_stack([c.codes(column) for c, column in coded]))

    def takes(self, columns: Sequence[Column]) -> bool:
        """Whether the trees can be asked about such columns."""
        pairs = zip(self.codings, columns, strict=True)
        return len(columns) == len(self.codings) and all(coding.takes(column) for coding, column in pairs)


class Sums(Protocol):
    """A model's way to tell the sums that it turns into answers."""

    def __call__(self, mix: Mix, /, *, strict: bool) -> NDArray[np.float64]:
        """(m, s) sums at virtual rows; unless ``strict``, NaN for a row that has none."""


@dataclass(frozen=True, eq=False)
class Terms:
    """Sums of one term a column, each a function of that column's cell alone, as in linear and additive models.

    Parameters
    ----------
    sums : callable
        From virtual rows to (m, s) sums: the model itself, before its link.
    link : str
        From the sums to what the model answers: see `linked`.
    tolerance : float
        Relative difference to the model's own answers that is rounding.

    Notes
    -----
    What a cell adds is found by asking: the sum of one fixed row with this cell in place of its own, less the sum of
    that row. That is exact whatever is done to a column before the sum (scaling, one-hot levels, splines, imputed
    cells), needs nothing of how a library stores it, and costs one model row for each different value.
    """

    sums: Sums
    link: str = "identity"
    tolerance: float = 1e-9

    name: ClassVar[str] = "terms"
    compiled: ClassVar[bool] = False


Structure: TypeAlias = Trees | Terms


def linked(sums: NDArray[Any], link: str) -> NDArray[np.float64]:
    """Turn sums (..., s) into what the model answers, (..., outputs).

    Parameters
    ----------
    sums : (..., s)
    link : str
        ``"identity"``, ``"exp"``, ``"complement"`` (a probability and the other), ``"logistic"`` (the log-odds of the
        second of two classes), ``"softmax"``, ``"each"`` (log-odds of each class by itself), or ``"shares"`` (the same,
        made to add up to 1).

    Examples
    --------
    >>> linked(np.array([[0.0]]), "logistic").tolist()
    [[0.5, 0.5]]
    """
    if link == "identity":
        return np.asarray(sums)
    if link == "exp":
        with np.errstate(over="ignore"):
            return np.asarray(np.exp(sums))
    if link == "softmax":
        return _shares(np.exp(sums - sums.max(axis=-1, keepdims=True)))
    if link in {"complement", "logistic"}:
        second = sums if link == "complement" else _logistic(sums)
        return np.concatenate([1 - second, second], axis=-1)
    return _shares(_logistic(sums)) if link == "shares" else _logistic(sums)


def _logistic(sums: NDArray[Any]) -> NDArray[np.float64]:
    with np.errstate(over="ignore"):
        return np.asarray(1 / (1 + np.exp(-sums)))


def _shares(parts: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(parts / parts.sum(axis=-1, keepdims=True))
