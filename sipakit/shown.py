"""Text that stands for an object which cannot be told in full: a table, a function, a model."""

from __future__ import annotations

import reprlib

__all__ = ["Shown", "shortened"]


def shortened(given: object) -> str:
    """Tell in some words what was given: a table or a long list would fill a message.

    Examples
    --------
    >>> shortened(list(range(99)))
    '[0, 1, 2, 3, 4, 5, ...]'
    """
    return " ".join(reprlib.repr(given).split())


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
