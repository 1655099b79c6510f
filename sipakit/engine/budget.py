"""What a run may cost: a cap in model rows, or in time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from sipakit.errors import InputError

__all__ = ["Budget"]

_SECONDS = {"ms": 0.001, "s": 1.0, "sec": 1.0, "min": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True)
class Budget:
    """A cap on a whole call.

    Parameters
    ----------
    rows : int or None
        Model rows; gradient rows count as well.
    seconds : float or None

    Examples
    --------
    >>> Budget.of("1.5 min"), Budget.of(20_000)
    (Budget(rows=None, seconds=90.0), Budget(rows=20000, seconds=None))
    """

    rows: int | None = None
    seconds: float | None = None

    @classmethod
    def of(cls, given: Any) -> Budget | None:
        """Read the user's ``budget``: a number of model rows, a time such as "30s" or "2 min", or None.

        Raises
        ------
        InputError
            For anything else.
        """
        if given is None or isinstance(given, Budget):
            return given
        if isinstance(given, (int, np.integer)) and not isinstance(given, bool) and given > 0:
            return cls(rows=int(given))
        told = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|sec|min|h)\s*", given) if isinstance(given, str) else None
        if told is None or not float(told[1]):
            message = f"budget={given!r} cannot be used."
            allowed = "It takes a number of model rows, a time such as '30s', '2min' or '1h', or None."
            raise InputError(message, allowed, "Leave budget= out for no cap.")
        return cls(seconds=float(told[1]) * _SECONDS[told[2]])

    def share(self, parts: int) -> Budget:
        """Return an equal part of it."""
        rows, seconds = self.rows, self.seconds
        return Budget(None if rows is None else max(rows // parts, 1), None if seconds is None else seconds / parts)
