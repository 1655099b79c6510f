"""Progress: a bar on a terminal or in a notebook, a callback where one is given, and silence elsewhere."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Progress: TypeAlias = bool | Callable[[int, int], None] | None

__all__ = ["Tell", "reporting"]


class Tell(Protocol):
    """What a run is to tell."""

    def __call__(self, rows: int, *, more: int = 0) -> None:
        """Say how many model rows were asked since the last time, and how many more than known are to come."""


@contextmanager
def reporting(progress: Progress, label: str) -> Iterator[Tell]:
    """Yield a function that is told how far a run is.

    Parameters
    ----------
    progress : None, bool, or callable(done, total)
        None decides by where standard error goes.
    label : str
    """
    if callable(progress):
        done = total = 0

        def tell(rows: int, *, more: int = 0) -> None:
            nonlocal done, total
            done, total = done + rows, total + more
            if not more:
                progress(done, total)

        yield tell
        return
    shown = progress if progress is not None else (sys.stderr.isatty() or "ipykernel" in sys.modules)
    if not shown:
        yield _silent
        return
    from tqdm.auto import tqdm

    with tqdm(total=0, desc=label, unit=" rows", unit_scale=True, leave=False, file=sys.stderr) as bar:

        def advance(rows: int, *, more: int = 0) -> None:
            bar.total = (bar.total or 0) + more
            bar.update(rows)

        yield advance


def _silent(rows: int, *, more: int = 0) -> None:
    pass
