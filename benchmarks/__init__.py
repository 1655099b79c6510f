"""Peers and sipakit in turn in one run: ``python -m benchmarks [--quick] [NAME ...]``. Not part of the package."""

__all__: list[str] = []
