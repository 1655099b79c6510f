"""Stand-ins for a model: one counts the rows that it sees, one hides a column from it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sipakit.adapters import Adapter
from sipakit.intervene import Mix, Rows
from sipakit.table import Table

__all__ = ["Counting", "Narrow"]


@dataclass(eq=False)
class Counting(Adapter):
    """An adapter that counts the rows which its model sees."""

    inner: Adapter
    seen: int = 0
    derived: int = 0
    parent: Counting | None = None

    def __post_init__(self) -> None:
        _copy_facts(self, self.inner)

    def _count(self, seen: int, derived: int) -> None:
        self.seen += seen
        self.derived += derived
        if self.parent is not None:
            self.parent._count(seen, derived)  # noqa: SLF001 - its own kind

    def answer(self, batch: Any) -> Any:
        self._count(len(batch), 0)
        return self.inner.answer(batch)

    def gradient(self, mix: Mix) -> NDArray[np.float64]:
        self._count(0, len(mix))
        return self.inner.gradient(mix)

    def with_output(self, output: Any) -> Adapter:
        return self if output is None else Counting(self.inner.with_output(output), parent=self)

    def names_of_outputs(self, k: int) -> tuple[str, ...]:
        return self.inner.names_of_outputs(k)

    def batch(self, mix: Mix) -> Any:
        return self.inner.batch(mix)

    def read(self, predictions: NDArray[np.float64]) -> NDArray[np.float64]:
        return self.inner.read(predictions)

    def expects(self, names: Sequence[Any]) -> tuple[Any, ...] | None:
        return self.inner.expects(names)

    def as_array(self, table: Table) -> bool:
        return self.inner.as_array(table)


@dataclass(eq=False)
class Narrow(Adapter):
    """An adapter whose model never sees the last column."""

    inner: Adapter

    def __post_init__(self) -> None:
        _copy_facts(self, self.inner)

    def answer(self, batch: Any) -> Any:
        return self.inner.answer(batch)

    def batch(self, mix: Mix) -> Any:
        return self.inner.batch(_narrow(mix))

    def gradient(self, mix: Mix) -> NDArray[np.float64]:
        inner = self.inner.gradient(_narrow(mix))
        return np.pad(inner, ((0, 0), (0, 1), (0, 0)))

    def with_output(self, output: Any) -> Adapter:
        return self if output is None else Narrow(self.inner.with_output(output))

    def names_of_outputs(self, k: int) -> tuple[str, ...]:
        return self.inner.names_of_outputs(k)

    def read(self, predictions: NDArray[np.float64]) -> NDArray[np.float64]:
        return self.inner.read(predictions)

    def expects(self, names: Sequence[Any]) -> tuple[Any, ...] | None:
        known = self.inner.expects(names[:-1])
        return None if known is None else (*known, names[-1])

    def as_array(self, table: Table) -> bool:
        return self.inner.as_array(table.selected(range(table.n_columns - 1)))


def _copy_facts(adapter: Any, inner: Adapter) -> None:
    """Say of oneself what the inner adapter says: class variables are read on the object."""
    for name in ("feature_names", "classes", "scale", "manners", "offers", "caveats"):
        object.__setattr__(adapter, name, getattr(inner, name))


def _narrow(mix: Mix) -> Mix:
    tables: dict[int, Table] = {}

    def less(rows: Rows) -> Rows:
        kept = range(rows.table.n_columns - 1)
        return Rows(tables.setdefault(id(rows.table), rows.table.selected(kept)), rows.index)

    return Mix(less(mix.base), less(mix.donor), mix.take[:, :-1], mix.which)
