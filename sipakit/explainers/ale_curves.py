"""Accumulated local effects of one feature: steps between edges or levels, added up and centred."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from sipakit.aggregate import effective_count

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sipakit.aggregate import CrossMoments
    from sipakit.explainers.ale_cells import Side

    Curve: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]

__all__ = ["ENOUGH", "flat", "over_line", "spread_over_rows"]

ENOUGH = 1 + 1e-9  # rows that a spread needs


def flat(places: int, k: int) -> Curve:
    """Effect of a column that never changes: nothing, and surely so."""
    return np.zeros((places, k)), np.zeros((places, k)), np.ones((places, k))


def over_line(state: CrossMoments, side: Side) -> Curve:
    """One feature's centred curve at its places (g, k), the standard error, and degrees of freedom.

    With D_s the mean of what the rows that tell of step s say of it, the value at place e is the sum A_e of the steps
    on the way there, less the mean over all rows of the curve at the row: A and a line within its cell, or A of its
    level. Row i, which tells d_is of step s, moves it by the sum over its steps of coef_es (d_is - D_s) / share_s, and
    by mean g - g_i as a row at its place; coef_es = [s is on the way to e] - mean_i dg_i / dD_s.
    """
    line, state = side.line, state.leading(2)
    share = state.weight / state.weight.sum()  # (o,)
    along = np.zeros(len(share)) if side.levels else state.mean[:, 0, 1]
    told, total = np.zeros(len(line.passed) - 1), np.zeros((len(line.passed) - 1, state.mean.shape[1]))
    for cells, slot, steps in line.turns():
        told[steps] += share[cells]
        total[steps] += share[cells, None] * state.mean[cells, :, slot]
    step = total / told[:, None]
    at_rows = line.full @ step + along[:, None] * (line.part @ step)  # mean of g in each cell
    centre, curve = share @ at_rows, line.passed @ step
    coef = (line.passed - share @ line.full - (share * along) @ line.part) / told  # (g, s)

    gradient = np.zeros((len(curve), *state.mean.shape))  # (g, o, k, 2)
    own = np.broadcast_to(centre - at_rows, gradient.shape[:3]).copy()
    if not side.levels:
        gradient[..., 1] = -(line.part @ step)
    for cells, slot, steps in line.turns():
        gradient[..., slot][:, cells] = coef[:, steps, None]
        own[:, cells] += coef[:, steps, None] * (state.mean[cells, :, slot] - step[steps])
    return curve - centre, *spread_over_rows(state, gradient, own)


def spread_over_rows(
    state: CrossMoments, gradient: NDArray[np.float64], own: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Standard error (e, k) of values that row i of cell c moves by gradient . (v_i - mean_c) + own, and df (e, k).

    A mean over few rows is hardly known, and its own spread less: within each of the cells the variance is that of a
    sample, and degrees of freedom are Satterthwaite's (1946).

    Parameters
    ----------
    state : CrossMoments of c cells
    gradient : (e, c, k, d)
    own : (e, c, k)
    """
    n = float(effective_count(state.weight.sum(), state.weight_squares.sum()))
    if n <= ENOUGH:
        shape = len(gradient), gradient.shape[2]
        return np.full(shape, np.inf), np.ones(shape)
    of_cell = effective_count(state.weight, state.weight_squares)
    several = of_cell > ENOUGH
    spare = np.where(several, of_cell - 1, n - 1)  # degrees of freedom
    within = np.einsum("ecki,ckij,eckj->eck", gradient, state.second, gradient, optimize=True)
    within *= np.where(several, of_cell / spare, 1.0)[:, None]
    between = 2 * np.einsum("eck,ecki,cki->ek", own, gradient, state.first, optimize=True)
    between += np.einsum("c,eck->ek", state.weight_squares, own**2)
    squares = np.maximum(within.sum(axis=1) + between * n / (n - 1), 0)
    doubt = np.einsum("eck,c->ek", within**2, 1 / spare) + between**2 / (n - 1)
    df = np.divide(squares**2, doubt, out=np.full_like(squares, n - 1), where=doubt > 0)
    return np.sqrt(squares) / state.weight.sum(), np.clip(df, 1.0, max(n - 1, 1.0))
