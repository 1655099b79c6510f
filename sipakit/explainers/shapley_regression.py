"""Shapley values by least squares: a game's values at some coalitions, fitted with the weights of the Shapley kernel.

With v the game of one background row, only half its differences between a coalition and its complement matter,

    d(S) = (v(S) - v(not S)) / 2,

an odd function of the signs s_j = +1 for features of S and -1 for the others. It is fitted by sum_j phi_j s_j / 2, and
where there are coalitions enough by the products s_i s_j s_k too, of which each feature gets a third of 2; the values
add up to D = v(all) - v(none) in every fit. All of it is linear in d and D, so that fits to a few samples of coalitions
are prepared once, and every explained row and background row takes one of them, with its features in another order.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import TYPE_CHECKING

import numpy as np

from sipakit.sample import paired_coalitions

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Fits", "prepare_fits"]

_SAMPLES = 64  # of coalitions; more background rows take the same ones with other features in their places
_SPARE = 1.5  # pairs for each number that is fitted, from which on products are fitted as well
_MOST_NUMBERS = 1_000  # of a fit


@dataclass(frozen=True, eq=False)
class Fits:
    """Least squares on samples of paired coalitions.

    Parameters
    ----------
    sets : (f, q, u) bool
        One of each pair, of f samples.
    order : 1 or 3
        Largest number of features whose product of signs is fitted.
    slopes : (f, u, q)
        Values for each unit of d(S).
    ends : (f, u)
        Values for each unit of D.
    root : (f, q)
        Roots of the weights.
    share : (q,) of each sample (f, q)
        What D adds to d(S) without any fit.
    columns : f arrays (q, r)
        An orthonormal basis of what is fitted.
    doubt : (f, u, q)
        What the square of a residual adds to the variance of the values.
    """

    sets: NDArray[np.bool_]
    order: int
    slopes: NDArray[np.float64]
    ends: NDArray[np.float64]
    root: NDArray[np.float64]
    share: NDArray[np.float64]
    columns: tuple[NDArray[np.float64], ...]
    doubt: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.sets)

    @property
    def pairs(self) -> int:
        """Coalitions, with their complements, of a sample."""
        return int(self.sets.shape[1])

    def values(
        self, number: int, games: NDArray[np.float64], far: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Shapley values of games (m, u, k), and the variance that is due to the coalitions drawn.

        Parameters
        ----------
        number : int
            The sample.
        games : (m, 2 q, k)
            v at its coalitions, then at their complements.
        far : (m, k)
            D of each game.
        """
        d = (games[:, : self.pairs] - games[:, self.pairs :]) / 2
        values = self.slopes[number] @ d + self.ends[number][:, None] * far[:, None]
        scaled = self.root[number][:, None] * (d - self.share[number][:, None] * far[:, None])
        basis = self.columns[number]
        residual = scaled - basis @ (basis.T @ scaled)
        return values, self.doubt[number] @ residual**2


def prepare_fits(samples: int, pairs: int, u: int, rng: np.random.Generator) -> Fits:
    """Draw samples of coalitions, and prepare the fits to them.

    Parameters
    ----------
    samples : int
        At most 64 are made.
    pairs : int
        Coalitions, with their complements, of a sample; more than u.
    u : int
        Features.
    rng : Generator

    Returns
    -------
    Fits

    References
    ----------
    Covert and Lee (2021), arXiv:2012.01536; Musco and Witter (2025), arXiv:2410.01917; Fumagalli, Witter and Musco
    (2026), arXiv:2601.18608
    """
    order = 3 if _SPARE * (u + comb(u, 3)) <= min(pairs, _SPARE * _MOST_NUMBERS) else 1
    sets, weights, rest = paired_coalitions(min(samples, _SAMPLES // order), pairs, u, rng)
    made = [_fit(*each, order) for each in zip(sets, weights, rest, strict=True)]
    slopes, ends, share, columns, doubt = zip(*made, strict=True)
    return Fits(
        sets, order, np.array(slopes), np.array(ends), np.sqrt(weights), np.array(share), columns, np.array(doubt)
    )


def _fit(
    sets: NDArray[np.bool_], weights: NDArray[np.float64], rest: NDArray[np.float64], order: int
) -> tuple[NDArray[np.float64], ...]:
    """Slopes, ends, share, columns and doubt of one sample; see `Fits`."""
    terms, given = _terms(sets, order)
    total = given.sum(axis=0)  # what a term adds to D
    root, towards = np.sqrt(weights)[:, None], total / (total @ total)
    share = terms @ towards
    left, sizes, right = np.linalg.svd(root * (terms - np.outer(share, total)), full_matrices=False)
    there = sizes > 1e-9 * sizes[0]
    left, inverse = left[:, there], right[there].T / sizes[there]
    gains = given @ inverse @ left.T  # of weighted numbers
    slopes = gains * root[:, 0]
    leverage = np.minimum((left**2).sum(axis=1), 1 - 1e-9)
    power = 1 if order == 1 else 2  # with products few coalitions are left over, and the jackknife covers the bias, too
    # coalitions are drawn size by size, and the spread of few is that of a sample
    _, size, count = np.unique(sets.sum(axis=1), return_inverse=True, return_counts=True)
    of_few = (count / np.maximum(count - 1, 0.5))[size]
    return slopes, given @ towards - slopes @ share, share, left, gains**2 * rest * of_few / (1 - leverage) ** power


def _terms(sets: NDArray[np.bool_], order: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(q, r) signs and their products, and (u, r) what each gives to the features."""
    signs, u = 2.0 * sets - 1, sets.shape[1]
    if order == 1:
        return signs / 2, np.eye(u)
    triples = np.array(list(combinations(range(u), 3)), np.intp)
    given = np.zeros((u, len(triples)))
    given[triples.T, np.arange(len(triples))] = 2 / 3
    return np.hstack([signs / 2, signs[:, triples].prod(axis=2)]), np.hstack([np.eye(u), given])
