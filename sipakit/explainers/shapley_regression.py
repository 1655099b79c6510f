"""Shapley values by least squares: a game's values at some coalitions, fitted with the weights of the Shapley kernel.

With v the game of one background row, only half its differences between a coalition and its complement matter,

    d(S) = (v(S) - v(not S)) / 2,

an odd function of the signs s_j = +1 for features of S and -1 for the others. A straight line, sum_j phi_j s_j / 2, is
fitted to it by weighted least squares; what it leaves is mostly products s_i s_j s_k, of which each of the three
features gets 2/3. There are too many of them to fit, and they are taken for random effects (best linear unbiased
prediction; kriging with this covariance): common ones of all background rows, and the deviations of each row from them.
The common ones are learnt from all rows together. d(all) = (v(all) - v(none)) / 2 is known, and the values add up.

All of it is linear in d: the operators are prepared once, and every explained row uses them with its features in
another order.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import comb
from typing import TYPE_CHECKING

import numpy as np

from sipakit.sample import paired_coalitions

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Fits", "prepare_fits"]

_SAMPLES = 128  # of coalitions, at most; more background rows take them with other features in their places
_WORK = 2**30  # cube of the pairs, times samples: what may be inverted
_ROWS_OWN = 10.0  # variance of a row's own products of three, all together, over that of the rest
_COMMON = 0.3  # that of the common products over a row's own: many rows overrule it, few would give them much noise
_FLAT = 1e6  # the same where they are all well determined
_ROUNDING = 1e-9  # share of the largest eigenvalue that is taken for 0: what is left of a line that pairs do not tell
_LOOSE = 1.5  # pairs a feature, from which on coalitions by chance make a better fit than those along an order
_KEPT, _KEPT_NUMBERS = 8, 2**20  # fits, and numbers in each, which are kept from one call to the next
_SPARE = 2.0  # pairs for each number, from which on they are


@dataclass(frozen=True, eq=False)
class Fits:
    """Least squares on paired coalitions, for each of b background rows.

    Parameters
    ----------
    sets : (b, q, u) bool
        One of each pair.
    slopes : (b, u, q + 1)
        Values for each unit of d(S), and of d(all).
    left_out : (f, q, q + 1)
        What d(S) is beside its prediction by all others, of f samples of coalitions which the rows take in turn.
    doubt : (f, q)
        What the square of such a difference tells of the variance that d(S) has around the fit.
    """

    sets: NDArray[np.bool_]
    slopes: NDArray[np.float64]
    left_out: NDArray[np.float64]
    doubt: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.sets)

    @property
    def pairs(self) -> int:
        """Coalitions, with their complements, of a background row."""
        return int(self.sets.shape[1])

    def values(
        self, number: int, games: NDArray[np.float64], far: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Shapley values of games (m, u, k), and the variance that is due to the coalitions drawn.

        Parameters
        ----------
        number : int
            The background row.
        games : (m, 2 q, k)
            v at its coalitions, then at their complements.
        far : (m, k)
            v(all) - v(none) of each game.
        """
        d = np.concatenate([games[:, : self.pairs] - games[:, self.pairs :], far[:, None]], axis=1) / 2
        sample, slopes = number % len(self.left_out), self.slopes[number]
        missed = self.left_out[sample] @ d
        return slopes @ d, (slopes[:, :-1] ** 2 * self.doubt[sample]) @ missed**2


def prepare_fits(shares: NDArray[np.float64], pairs: int, u: int, random_state: int) -> Fits:
    """Draw coalitions, and prepare the fits to them.

    Parameters
    ----------
    shares : (b,)
        Weights of the background rows.
    pairs : int
        Coalitions, with their complements, of a row.
    u : int
        Features, at least 3.
    random_state : int

    Returns
    -------
    Fits
        Small ones are kept: rows that are explained one at a time share them.

    References
    ----------
    Covert and Lee (2021), arXiv:2012.01536; Musco and Witter (2025), arXiv:2410.01917; Fumagalli, Witter and Musco
    (2026), arXiv:2601.18608; Robinson (1991), That BLUP is a good thing. doi:10.1214/ss/1177011926
    """
    make = _kept if len(shares) * u * pairs <= _KEPT_NUMBERS else _prepared
    return make(tuple(shares.tolist()), pairs, u, random_state)


def _prepared(weights_of_rows: tuple[float, ...], pairs: int, u: int, random_state: int) -> Fits:
    shares, rng = np.array(weights_of_rows), np.random.default_rng(random_state)
    samples = min(len(shares), max(min(_SAMPLES, _WORK // pairs**3), 4))
    sets, weights, rest = paired_coalitions(samples, pairs, u, rng, nested=pairs < _LOOSE * u)
    variance = _FLAT if pairs >= _SPARE * (u + comb(u, 3)) else _ROWS_OWN
    signs = np.concatenate([2.0 * sets - 1, np.ones((samples, 1, u))], axis=1)  # of all features, too
    fitted = [_own_fit(one, w, variance) for one, w in zip(signs, weights, strict=True)]
    own, left = (np.array(part) for part in zip(*fitted, strict=True))
    which = np.arange(len(shares)) % samples
    turned = rng.random((len(shares), u)).argsort(axis=1)
    turned[:samples] = np.arange(u)
    common = _from_common(own, left, signs, which, turned, shares, _COMMON * variance)
    slopes = own[which[:, None], turned] + common
    slopes -= slopes.mean(axis=1, keepdims=True)
    slopes[:, :, -1] += 2 / u  # the values add up
    alone = np.diagonal(left, axis1=1, axis2=2)[:, :-1, None]
    left_out = left[:, :-1] / np.maximum(alone, 1e-12)
    doubt = rest * _of_few(sets) * (1 - _leverage(signs[:, :-1], weights))
    return Fits(np.take_along_axis(sets[which], turned[:, None], axis=2), slopes, left_out, doubt)


_kept = lru_cache(maxsize=_KEPT)(_prepared)


def _own_fit(
    signs: NDArray[np.float64], weights: NDArray[np.float64], variance: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fit one game by itself: a straight line without a prior, and products of three of this total variance (kriging).

    Returns
    -------
    Slopes (u, q + 1), and what is left of d (q + 1, q + 1), nothing of straight lines.
    """
    u = signs.shape[1]
    of_each = variance / comb(u, 3)
    noise = np.append(weights.mean() / weights, 0)
    inverse = np.linalg.inv(np.diag(noise) + of_each * _products(np.rint(signs @ signs.T), u, 3))
    line = inverse @ (signs / 2)
    straight = np.linalg.pinv(signs.T @ line / 2, _ROUNDING, hermitian=True) @ line.T
    left = inverse - line @ straight
    given = 2 / 3 * of_each * _by_feature(signs)
    return np.asarray(straight + given.T @ left), np.asarray(left)


def _products(total: NDArray[np.float64], u: int, order: int) -> NDArray[np.float64]:
    """Sum of all products of 2 or 3 of u signs, from the sum of the signs."""
    if order == 2:
        return (total**2 - u) / 2
    return (total**3 - (3 * u - 2) * total) / 6


def _from_common(
    own: NDArray[np.float64],
    left: NDArray[np.float64],
    signs: NDArray[np.float64],
    which: NDArray[np.intp],
    turned: NDArray[np.intp],
    shares: NDArray[np.float64],
    variance: float,
) -> NDArray[np.float64]:
    """(b, u, q + 1) what the rows' slopes gain by products that are common to all rows.

    Of common products only one number a feature matters, the sum of those that it is in: by symmetry, what the others
    do to one background row is undone by the next. These numbers are random effects, too, of this total variance (three
    in a product). They are found over all rows from what the own fits leave; their part is taken out of every row's d
    before its own fit, and given to the features after it.
    """
    u = signs.shape[2]
    terms = _by_feature(signs)
    terms = terms - terms.mean(axis=2, keepdims=True)  # the sum of all of them is in the line, since values add up
    given = 2 / 3 * (comb(u - 1, 2) - (u - 2)) * (np.eye(u) - 1 / u)
    towards = terms.swapaxes(1, 2) @ left
    lost = given - own @ terms
    at = which[:, None, None], turned[:, :, None], turned[:, None, :]
    gram, lost = (np.tensordot(shares / shares.sum(), each[at], 1) for each in (towards @ terms, lost))
    gram += np.eye(u) * 3 * comb(u, 3) / variance / len(shares)
    return np.asarray(np.linalg.solve(gram, lost.T).T @ towards[which[:, None], turned])


def _by_feature(signs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum of the products of three signs that each feature is in, (..., u) as the signs."""
    others = signs.sum(axis=-1, keepdims=True) - signs
    return signs * _products(others, signs.shape[-1] - 1, 2)


def _leverage(signs: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """(f, q) leverage of each coalition in the weighted fit of a straight line."""
    basis = np.linalg.qr(signs * np.sqrt(weights)[:, :, None])[0]
    return np.asarray((basis**2).sum(axis=2))


def _of_few(sets: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(f, q) for each size of coalitions, of which a sample has m, m / (m - 1): the spread of few is a sample's."""
    found = np.empty(sets.shape[:2])
    for sizes, of_sample in zip(sets.sum(axis=2), found, strict=True):
        _, size, count = np.unique(sizes, return_inverse=True, return_counts=True)
        of_sample[:] = (count / np.maximum(count - 1, 0.5))[size]
    return found
