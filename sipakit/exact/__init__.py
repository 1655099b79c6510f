"""Answers that follow from the structure of a model, without asking it."""

from sipakit.exact.additive import CHECKED, Additive, Together
from sipakit.exact.curves import Curves, available, trace
from sipakit.exact.joint import Batches, Joint, deal, join

__all__ = ["CHECKED", "Additive", "Batches", "Curves", "Joint", "Together", "available", "deal", "join", "trace"]
