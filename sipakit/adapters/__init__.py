"""P of SIPA: what the engine may ask of a model. Only this room looks at a model's type."""

from sipakit.adapters.base import NEEDS_AN_ESTIMATOR, Adapter, Manners, as_predictions, shown_row
from sipakit.adapters.resolve import adapt, called

__all__ = ["NEEDS_AN_ESTIMATOR", "Adapter", "Manners", "adapt", "as_predictions", "called", "shown_row"]
