"""How far explanations may be believed: whether they agree, and whether they add up."""

from sipakit.evaluation.agreement import Comparison, compare

__all__ = ["Comparison", "compare"]
