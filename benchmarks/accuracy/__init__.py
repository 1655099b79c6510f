"""Error at equal numbers of model rows."""

__all__: list[str] = []
