"""Stand-ins for a model: one counts the rows that it sees, one hides a column from it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sipakit.adapters import Adapter
from sipakit.intervene import Mix, Refit
from sipakit.table import Table

__all__ = ["Counting", "Narrow"]

_FACTS = ("feature_names", "classes", "scale", "manners", "offers", "caveats")


class _Around(Adapter):
    """Abstract adapter that says of itself what an inner one says."""

    inner: Adapter

    def __post_init__(self) -> None:
        """Take over what the inner adapter knows."""
        for name in _FACTS:
            setattr(self, name, getattr(self.inner, name))

    def answer(self, batch: Any) -> Any:
        """Call the inner model."""
        return self.inner.answer(batch)

    def batch(self, mix: Mix) -> Any:
        """Return rows as the inner model takes them."""
        return self.inner.batch(mix)

    def read(self, predictions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Pick the outputs that the inner adapter explains."""
        return self.inner.read(predictions)

    def names_of_outputs(self, k: int) -> tuple[str, ...]:
        """Name the inner adapter's outputs."""
        return self.inner.names_of_outputs(k)


@dataclass(eq=False)
class Counting(_Around):
    """An adapter that counts the rows which its model sees, and those whose gradient is taken.

    Parameters
    ----------
    inner : Adapter
    counts : list of two int
        Rows and gradient rows; shared with the same model on another output.
    """

    inner: Adapter
    counts: list[int]

    @property
    def total(self) -> int:
        """Rows and gradient rows together."""
        return sum(self.counts)

    def answer(self, batch: Any) -> Any:
        """Count and call."""
        self.counts[0] += len(batch)
        return self.inner.answer(batch)

    def gradient(self, mix: Mix, *, strict: bool = True) -> NDArray[np.float64]:
        """Count and differentiate."""
        self.counts[1] += len(mix)
        return self.inner.gradient(mix, strict=strict)

    def refit(self, due: Refit, target: NDArray[Any], weights: NDArray[np.float64] | None) -> Counting:
        """Fit anew; what that model is asked counts, too."""
        return Counting(self.inner.refit(due, target, weights), self.counts)

    @property
    def drops_columns(self) -> bool:
        """Whether the inner model can do without columns."""
        return self.inner.drops_columns

    def with_output(self, output: Any) -> Counting:
        """Return the same model on another output, with the same counts."""
        return self if output is None else Counting(self.inner.with_output(output), self.counts)

    def expects(self, names: Sequence[Hashable]) -> tuple[Hashable, ...] | None:
        """Return the columns of the inner model."""
        return self.inner.expects(names)

    def as_array(self, table: Table) -> bool:
        """Whether the inner model takes arrays."""
        return self.inner.as_array(table)

    def in_pandas(self, table: Table) -> bool:
        """Whether the inner model takes pandas' frames only."""
        return self.inner.in_pandas(table)


@dataclass(eq=False)
class Narrow(_Around):
    """An adapter whose model never sees the last column.

    Parameters
    ----------
    inner : Adapter
    """

    inner: Adapter

    def batch(self, mix: Mix) -> Any:
        """Return rows without their last column."""
        return self.inner.batch(_narrow(mix))

    def gradient(self, mix: Mix, *, strict: bool = True) -> NDArray[np.float64]:
        """Differentiate; the last column has derivative zero."""
        return np.pad(self.inner.gradient(_narrow(mix), strict=strict), ((0, 0), (0, 1), (0, 0)))

    def refit(self, due: Refit, target: NDArray[Any], weights: NDArray[np.float64] | None) -> Narrow:
        """Fit anew to all columns but the last."""
        seen = tuple(j for j in due.without if j < due.train.base.table.n_columns - 1)
        return Narrow(self.inner.refit(replace(due, train=_narrow(due.train), without=seen), target, weights))

    def with_output(self, output: Any) -> Narrow:
        """Return the same model on another output."""
        return self if output is None else Narrow(self.inner.with_output(output))

    def expects(self, names: Sequence[Hashable]) -> tuple[Hashable, ...] | None:
        """Return the columns of the inner model, and the last one."""
        known = self.inner.expects(names[:-1])
        return None if known is None else (*known, names[-1])

    def as_array(self, table: Table) -> bool:
        """Whether the inner model takes arrays."""
        return self.inner.as_array(_less(table))


def _less(table: Table) -> Table:
    return table.selected(range(table.n_columns - 1))


def _narrow(mix: Mix) -> Mix:
    return mix.selected(range(mix.base.table.n_columns - 1))
