"""Answers that follow from the structure of a model, without asking it."""

from sipakit.exact.curves import Curves, available, trace

__all__ = ["Curves", "available", "trace"]
