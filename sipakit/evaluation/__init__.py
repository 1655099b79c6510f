"""How far explanations may be believed: whether they agree, and whether they add up."""

from sipakit.evaluation.agreement import Comparison, compare
from sipakit.evaluation.document import comparison_of

__all__ = ["Comparison", "compare", "comparison_of"]
