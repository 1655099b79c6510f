"""One package, so that another distribution's stray top-level `tests` cannot stand before it."""
