"""Accumulated local effects of one feature: steps between edges or levels, added up and centred."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sipakit.aggregate import CrossMoments

    Curve: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]

__all__ = ["flat", "over_cells", "over_levels", "spread_over_rows"]


def flat(places: int, k: int) -> Curve:
    """Effect of a column that never changes: nothing, and surely so."""
    return np.zeros((places, k)), np.zeros((places, k)), np.ones(places)


def over_cells(state: CrossMoments) -> Curve:
    """One feature's centred curve at its edges (K + 1, k), the standard error, and degrees of freedom.

    With D the mean steps and A their running sum, the interpolated curve at a row of cell c is g = A_c + D_c t, and the
    value at edge e is A_e - mean g. Row i of cell c moves it by
    coef_ec (W / W_c)(d_i - D_c) - (g_i - mean g), where coef_ec = [c < e] - mean_i dg_i/dD_c.
    """
    state = state.leading(2)
    share = state.weight / state.weight.sum()
    step, along = state.mean[:, :, 0], state.mean[:, 0, 1]  # (K, k), (K,)
    before = _accumulated(step)
    at_rows = before[:-1] + step * along[:, None]  # mean of g in each cell
    centre = share @ at_rows
    above = share.sum() - np.cumsum(share)
    passed = np.tril(np.ones((len(share) + 1, len(share))), -1)
    coef = passed - (above + share * along)  # (K + 1, K)

    slope = np.broadcast_to((coef / share)[:, :, None], (*coef.shape, step.shape[1]))
    gradient = np.stack([slope, np.broadcast_to(-step, slope.shape)], axis=-1)  # (edge, cell, k, 2)
    own = np.broadcast_to(centre - at_rows, slope.shape)  # each cell's own place in - (g - mean g)
    return before - centre, *spread_over_rows(state, gradient, own)


def over_levels(state: CrossMoments) -> Curve:
    """The same for ordered levels (L, k), where a row tells of the step up to its level and of the step on from it.

    The step between two levels is D = (W_lower mean step on + W_upper mean step up) / (W_lower + W_upper), and the
    curve at a row is A of its level. Row i of level l moves the value at level e by
    coef_e,l (W / (W_l-1 + W_l))(up_i - D_l) + coef_e,l+1 (W / (W_l + W_l+1))(on_i - D_l+1) - (A_l - mean A).
    """
    state = state.leading(2)
    share = state.weight / state.weight.sum()
    up, on = state.mean[:, :, 0], state.mean[:, :, 1]  # (L, k)
    both = share[:-1] + share[1:]
    step = (share[:-1, None] * on[:-1] + share[1:, None] * up[1:]) / both[:, None]  # (L - 1, k)
    curve = _accumulated(step)
    centre = share @ curve
    above = 1 - np.cumsum(share)[:-1]  # share of the rows beyond each step
    coef = (np.tril(np.ones((len(share), len(share) - 1)), -1) - above) / both  # (L, L - 1)

    nothing = np.zeros((len(share), 1))
    parts = np.stack([np.hstack([nothing, coef]), np.hstack([coef, nothing])], axis=-1)  # (level e, level l, 2)
    gradient = np.broadcast_to(parts[:, :, None], (*parts.shape[:2], step.shape[1], 2))
    zero = np.zeros((1, step.shape[1]))
    off = np.stack([up - np.vstack([zero, step]), on - np.vstack([step, zero])], axis=-1)  # level means from D
    own = np.einsum("elkd,lkd->elk", gradient, off) + (centre - curve)
    return curve - centre, *spread_over_rows(state, gradient, own)


def _accumulated(step: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.vstack([np.zeros((1, step.shape[1])), np.cumsum(step, axis=0)])


def spread_over_rows(
    state: CrossMoments, gradient: NDArray[np.float64], own: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Standard error (e, k) of values that row i of cell c moves by gradient . (v_i - mean_c) + own, and df (e,).

    Parameters
    ----------
    state : CrossMoments of c cells
    gradient : (e, c, k, d)
    own : (e, c, k)
    """
    squares = np.einsum("ecki,ckij,eckj->ek", gradient, state.second, gradient)
    squares += 2 * np.einsum("eck,ecki,cki->ek", own, gradient, state.first)
    squares += np.einsum("c,eck->ek", state.weight_squares, own**2)
    total, n = state.weight.sum(), state.weight.sum() ** 2 / state.weight_squares.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.where(n > 1 + 1e-9, squares / total**2 * (n / (n - 1)), np.inf)
    return np.sqrt(np.maximum(variance, 0)), np.full(len(gradient), max(n - 1, 1.0))
