"""Which of several names is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

__all__ = ["place_of"]


def place_of(name: Hashable, names: Sequence[Hashable]) -> int | None:
    """Return where a name stands, None if nowhere.

    NaN, which may be a name, equals nothing but is itself; True equals 1 and is another name.

    Examples
    --------
    >>> nan = float("nan")
    >>> place_of("b", ["a", "b"]), place_of(nan, [0.0, nan]), place_of(True, [1, "True"])
    (1, 1, None)
    """
    same = [one is name or (one == name and type(one) is type(name)) for one in names]
    return same.index(True) if True in same else None
