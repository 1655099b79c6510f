"""Several aggregators on one stream of draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sipakit.aggregate.base import Part, State, Update

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["Combined"]


@dataclass
class Combined(State):
    """Aggregators by name; an update is a mapping from those names to updates.

    Parameters
    ----------
    states : name -> State
    """

    states: dict[str, State]

    def empty(self, n_cells: int) -> Combined:
        """Return the same aggregators, each with ``n_cells`` cells and nothing seen."""
        return Combined({name: state.empty(n_cells) for name, state in self.states.items()})

    def update(self, update: Mapping[str, Update]) -> Combined:
        """Give each aggregator its update."""
        for name, one in update.items():
            self.states[name] = self.states[name].update(one)
        return self

    def merge(self, other: Combined, cells: NDArray[np.intp] | None = None) -> Combined:
        """Merge name by name."""
        for name, state in other.states.items():
            self.states[name] = self.states[name].merge(state, cells)
        return self

    def picked(self, units: NDArray[np.bool_]) -> Combined:
        """Return the states of some of the units, name by name."""
        return Combined({name: state.picked(units) for name, state in self.states.items()})

    def part(self, update: Mapping[str, Update]) -> dict[str, Part]:
        """Return the parts of all aggregators; each keeps the numbers of its own cells."""
        return {name: self.states[name].part(one) for name, one in update.items()}

    def absorb(self, part: Mapping[str, Part]) -> Combined:
        """Take a slice's parts in, name by name."""
        for name, one in part.items():
            self.states[name] = self.states[name].absorb(one)
        return self

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """Everything the states know, as ``name.array``."""
        return {f"{n}.{key}": value for n, state in self.states.items() for key, value in state.arrays().items()}
