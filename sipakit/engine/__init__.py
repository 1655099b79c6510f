"""The only loop of the library: rounds of slices of draws, evaluated in batches and merged in order."""

from sipakit.engine.run import explain, explain_task

__all__ = ["explain", "explain_task"]
