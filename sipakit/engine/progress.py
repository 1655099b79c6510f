"""Progress: a bar on a terminal or in a notebook, a callback where one is given, and silence elsewhere."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Progress: TypeAlias = bool | Callable[[int, int], None] | None

__all__ = ["reporting"]


@contextmanager
def reporting(progress: Progress, total: int, label: str) -> Iterator[Callable[[int], None]]:
    """Yield a function that is told how many model rows were asked since it was last called.

    Parameters
    ----------
    progress : None, bool, or callable(done, total)
        None decides by where standard error goes.
    total : int
        Model rows expected.
    label : str
    """
    if callable(progress):
        done = 0

        def tell(rows: int) -> None:
            nonlocal done
            done += rows
            progress(done, total)

        yield tell
        return
    shown = progress if progress is not None else (sys.stderr.isatty() or "ipykernel" in sys.modules)
    if not shown:
        yield lambda rows: None  # noqa: ARG005
        return
    from tqdm.auto import tqdm

    with tqdm(total=total, desc=label, unit=" rows", unit_scale=True, leave=False, file=sys.stderr) as bar:

        def advance(rows: int) -> None:
            bar.update(rows)

        yield advance
