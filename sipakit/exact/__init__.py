"""Answers that follow from the structure of a model, without asking it."""

from sipakit.exact.curves import Curves, trace

__all__ = ["Curves", "trace"]
