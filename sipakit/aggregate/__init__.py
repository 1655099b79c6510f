"""A of SIPA: mergeable sufficient statistics, held as plain arrays."""

from sipakit.aggregate.base import Part, State, Update
from sipakit.aggregate.collected import Collected
from sipakit.aggregate.combined import Combined
from sipakit.aggregate.cross_moments import CrossMoments
from sipakit.aggregate.moments import Moments, effective_count
from sipakit.aggregate.normal_equations import NormalEquations
from sipakit.aggregate.squares import Incomplete, Spread, Square, in_both_roles, spread_of

AGGREGATORS: tuple[type[State], ...] = (Collected, Combined, CrossMoments, Moments, NormalEquations)

__all__ = [
    "AGGREGATORS",
    "Collected",
    "Combined",
    "CrossMoments",
    "Incomplete",
    "Moments",
    "NormalEquations",
    "Part",
    "Spread",
    "Square",
    "State",
    "Update",
    "effective_count",
    "in_both_roles",
    "spread_of",
]
