"""Time beside the model, and model rows for the same answer."""

__all__: list[str] = []
