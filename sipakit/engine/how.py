"""How a call is run, the same for every method: workers, caps, and what happens when the model or the user stops it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np

from sipakit.engine.budget import Budget
from sipakit.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["How"]


@dataclass(frozen=True, kw_only=True)
class How:
    """Everything about a call that is not about what is explained; checked when it is made.

    Parameters
    ----------
    n_jobs : int or None
    budget : int, str, Budget or None
    tolerance : float or None
    progress : None, bool, or callable(done, total)
    on_bad : "raise" or "drop"
    on_interrupt : "raise" or "partial"

    Raises
    ------
    InputError
        For a value that is none of these.

    Examples
    --------
    >>> how = How(n_jobs=2, budget="30s")
    >>> how.workers, how.cap
    (2, Budget(rows=None, seconds=30.0))
    """

    n_jobs: int | None = None
    budget: int | str | Budget | None = None
    tolerance: float | None = None
    progress: bool | Callable[[int, int], None] | None = None
    on_bad: str = "raise"
    on_interrupt: str = "raise"

    def __post_init__(self) -> None:
        """Check everything, the budget by reading it."""
        if not (self.n_jobs is None or (_is_number(self.n_jobs, whole=True) and self.n_jobs != 0)):
            allowed = "It takes a number of workers, -1 for all, or None."
            raise _unusable("n_jobs", self.n_jobs, allowed, "Leave n_jobs= out for one.")
        if not (self.tolerance is None or (_is_number(self.tolerance) and 0 < self.tolerance < np.inf)):
            allowed = "It takes the largest Monte Carlo standard error, a positive number in units of the output."
            raise _unusable("tolerance", self.tolerance, allowed, "Leave tolerance= out for the usual number of draws.")
        progress: Any = self.progress
        if not (progress is None or isinstance(progress, bool) or callable(progress)):
            allowed = "It takes True, False, None, or a function of (done, total)."
            raise _unusable("progress", progress, allowed, "Leave progress= out for a bar on a terminal.")
        for name, given, choices in (
            ("on_bad", self.on_bad, ("raise", "drop")),
            ("on_interrupt", self.on_interrupt, ("raise", "partial")),
        ):
            if given not in choices:
                allowed = f"It takes {choices[0]!r} or {choices[1]!r}."
                raise _unusable(name, given, allowed, f"Leave {name}= out for {choices[0]!r}.")
        _ = self.cap

    @cached_property
    def cap(self) -> Budget | None:
        """The budget, read."""
        return Budget.of(self.budget)

    @property
    def workers(self) -> int:
        """How many run side by side."""
        return int(joblib.effective_n_jobs(self.n_jobs))  # type: ignore[arg-type]  # None asks joblib's configuration

    @property
    def drops(self) -> bool:
        """Whether draws are left out for which the model has no answer."""
        return self.on_bad == "drop"


def _is_number(value: Any, *, whole: bool = False) -> bool:
    kinds = (int, np.integer) if whole else (int, float, np.integer, np.floating)
    return isinstance(value, kinds) and not isinstance(value, bool)


def _unusable(name: str, given: object, allowed: str, cure: str) -> InputError:
    return InputError(f"{name}={given!r} cannot be used.", allowed, cure)
