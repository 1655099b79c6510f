"""A tour on two real tables: train a model on each, explain it by every method, and write a folder."""

from sipakit.demo.tour import take_tour

__all__ = ["take_tour"]
