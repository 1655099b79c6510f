"""Packages that a test may do without."""

import importlib


def optional(name):
    """The package, or None where it is missing."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None
