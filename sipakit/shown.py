"""Text that stands for an object which cannot be told in full: a table, a function, a model."""

from __future__ import annotations

__all__ = ["Shown"]


class Shown(str):
    """Text that stands for an object, without quotes in a repr.

    Examples
    --------
    >>> [Shown("<DataFrame 3 x 2>"), "<DataFrame 3 x 2>"]
    [<DataFrame 3 x 2>, '<DataFrame 3 x 2>']
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)
