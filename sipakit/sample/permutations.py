"""Orders of features, and shuffles of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["balanced_shuffles", "orders"]


def orders(d: int, u: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """(d, u) independent uniform orders of ``u`` features.

    Examples
    --------
    >>> orders(2, 3, np.random.default_rng(0)).sum(axis=1).tolist()
    [3, 3]
    """
    return np.asarray(rng.permuted(np.tile(np.arange(u, dtype=np.intp), (d, 1)), axis=1))


def balanced_shuffles(n: int, repeats: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Deal ``n`` sorted places to each other so that nobody is lucky: (repeats, n) the place dealt to each place.

    The places are cut into as many strata as there are repeats. Over all repeats each place receives one place of every
    stratum, by independent random matchings of two strata. Plain shuffles leave to chance how far apart receiver and
    donor are; these do not. Which repeat the place of a stratum comes in is random, so every line by itself looks like
    a plain shuffle. Each place receives each place with the same probability, exactly.

    Parameters
    ----------
    n : int
        Number of rows, at least ``repeats``.
    repeats : int
    rng : Generator

    Examples
    --------
    >>> dealt = balanced_shuffles(8, 4, np.random.default_rng(0))
    >>> sorted((dealt[:, 5] // 2).tolist())
    [0, 1, 2, 3]
    """
    size = -(-n // repeats)
    slots = np.arange(size * repeats)
    real = np.ones(len(slots), bool)  # the last strata have one slot too many where n is no multiple
    real[slots[::-size][: len(slots) - n]] = False
    place = np.where(real, np.cumsum(real) - 1, -1)
    shuffled = np.argsort(slots // size + rng.random((repeats, len(slots))), axis=1)  # each stratum in itself
    dealt = place[(shuffled + size * np.arange(repeats)[:, None]) % len(slots)][:, real]
    # whoever drew a slot too many draws from all places: 1/m + (m - n)/m 1/n = 1/n for every place
    dealt = np.where(dealt < 0, rng.integers(n, size=dealt.shape), dealt)
    line = (np.arange(repeats)[:, None] + rng.integers(repeats, size=n)) % repeats
    return np.take_along_axis(dealt, line, axis=0)
