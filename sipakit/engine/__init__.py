"""The only loop of the library: rounds of slices of draws, evaluated in batches and merged in order."""

from sipakit.engine.budget import Budget
from sipakit.engine.planning import Plan, plan
from sipakit.engine.run import explain

__all__ = ["Budget", "Plan", "explain", "plan"]
