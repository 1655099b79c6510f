"""Answers that follow from the structure of a model, without asking it."""
