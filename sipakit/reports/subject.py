"""What a study is about: the model and the data, as a reader must know them before any number."""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from sipakit.explanation import Explanation
    from sipakit.table import Table

__all__ = ["Subject", "slug"]


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A model and the rows on which it was explained.

    Parameters
    ----------
    model : str
        What kind of thing the model is, in words.
    n_rows : int
    kinds : tuple of (column, "number", "date", "ordered" or "category")
    missing : tuple of (column, number of missing cells), those with any
    outputs : tuple of names
    scale : str
        Unit of the outputs, as in `Explanation.scale`.
    unit : str or None
        What one unit of a prediction is, such as "rentals an hour".
    target : str or None
        The target's name; None where none was given or it has none.
    n_background : int or None
        Rows of a background table of its own.
    rows : tuple of int
        Rows that were explained one by one.
    weighted : bool
    fingerprint : str
        Names the content of the rows.
    note : str
        What else the reader must know of the rows: how they were chosen.
    unfinished : tuple of str
        Methods that an interrupt or the budget left without a result.
    """

    model: str
    n_rows: int
    kinds: tuple[tuple[Hashable, str], ...]
    missing: tuple[tuple[Hashable, int], ...]
    outputs: tuple[str, ...]
    scale: str
    unit: str | None
    target: str | None
    n_background: int | None
    rows: tuple[int, ...]
    weighted: bool
    fingerprint: str
    note: str = ""
    unfinished: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        table: Table,
        *,
        model: str,
        answer: Explanation,
        target: Any,
        n_background: int | None,
        rows: tuple[int, ...],
        weighted: bool,
        unfinished: tuple[str, ...] = (),
    ) -> Subject:
        """Describe a table of rows and what was answered about it."""
        missing = [(name, int(pd.isna(column).sum())) for name, column in zip(table.names, table.columns, strict=True)]
        return cls(
            model=model,
            n_rows=len(table),
            kinds=tuple((name, str(table.kind(j))) for j, name in enumerate(table.names)),
            missing=tuple((name, count) for name, count in missing if count),
            outputs=answer.outputs if answer.dims[-1] == "output" else (),
            scale=answer.scale,
            unit=None,
            target=None if target is None else str(target),
            n_background=n_background,
            rows=rows,
            weighted=weighted,
            fingerprint=table.fingerprint,
            unfinished=unfinished,
        )

    @property
    def n_columns(self) -> int:
        """Number of columns."""
        return len(self.kinds)

    def columns(self) -> str:
        """Say how many columns there are of which kind.

        Examples
        --------
        >>> kinds = (("age", "number"), ("sex", "category"), ("job", "category"))
        >>> made = Subject(
        ...     model="a tree",
        ...     n_rows=9,
        ...     kinds=kinds,
        ...     missing=(),
        ...     outputs=("yes",),
        ...     scale="probability",
        ...     unit=None,
        ...     target=None,
        ...     n_background=None,
        ...     rows=(),
        ...     weighted=False,
        ...     fingerprint="",
        ... )
        >>> made.columns()
        '3 columns: 1 number, 2 categories'
        """
        words = {"number": "numbers", "date": "dates", "ordered": "ordered", "category": "categories"}
        kinds = [kind for _, kind in self.kinds]
        told = [f"{kinds.count(k)} {k if kinds.count(k) == 1 else many}" for k, many in words.items() if k in kinds]
        return f"{self.n_columns} column{'s' * (self.n_columns != 1)}: {', '.join(told)}"


def slug(name: str) -> str:
    """Turn a name into what may stand in a file name or an id.

    Examples
    --------
    >>> slug("Partial dependence: ../<b>")
    'partial-dependence-b'
    """
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40].strip("-") or "result"
