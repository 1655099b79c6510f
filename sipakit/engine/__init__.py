"""The only loop of the library: rounds of slices of draws, evaluated in batches and merged in order."""

from sipakit.engine.budget import Budget
from sipakit.engine.how import How
from sipakit.engine.planning import Plan, plan
from sipakit.engine.prepared import Prepared, prepare
from sipakit.engine.run import explain, only

__all__ = ["Budget", "How", "Plan", "Prepared", "explain", "only", "plan", "prepare"]
