"""Accumulated local effects of one feature: steps between edges or levels, added up and centred."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from sipakit.aggregate import effective_count

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sipakit.aggregate import CrossMoments
    from sipakit.explainers.ale_cells import Side

    Curve: TypeAlias = tuple[NDArray[np.float64], ...]  # (g, k) values, standard errors, df, and skewness of the values

__all__ = ["ENOUGH", "flat", "over_line", "spread_over_rows"]

ENOUGH = 1 + 1e-9  # rows that a spread needs
_MORE = 4  # rows that are counted beside those of a cell
_WIDER = 8.0  # times the width of the cell that lends, at most


def flat(places: int, k: int) -> Curve:
    """Effect of a column that never changes: nothing, and surely so."""
    nothing = np.zeros((places, k))
    return nothing, nothing, np.ones((places, k)), nothing


def over_line(state: CrossMoments, side: Side) -> Curve:
    """One feature's centred curve at its places (g, k), the standard error, degrees of freedom, and skewness.

    With D_s the mean of what the rows that tell of step s say of it, the value at place e is the sum A_e of the steps
    on the way there, less the mean over all rows of the curve at the row: A and a line within its cell, or A of its
    level. Row i, which tells d_is of step s, moves it by the sum over its steps of coef_es (d_is - D_s) / share_s, and
    by mean g - g_i as a row at its place; coef_es = [s is on the way to e] - mean_i dg_i / dD_s.
    """
    line, with_squares, state = side.line, state, state.leading(2)
    if not side.levels:
        state = _lent_by_neighbours(state, side)
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
    std_error, df = spread_over_rows(state, gradient, own)
    return curve - centre, std_error, df, _skewness(with_squares, gradient, own, std_error)


def _lent_by_neighbours(state: CrossMoments, side: Side) -> CrossMoments:
    """Count four more rows in each cell, with the spread of steps in the cells beside, where that is more.

    The few rows of an outer cell often lack a kind that one in twenty rows is of, and no spread at all would be no
    interval at all. Shares have the same trouble, and the same cure (Agresti and Coull 1998, doi:10.2307/2685469).
    Steps grow with the width of their cell, but jumps do not: it is taken as eight times that of a lender at most.
    """
    cells = len(state.weight) - (side.middle is not None)  # the last one leads to the place of missing cells
    n = effective_count(state.weight, state.weight_squares)[:, None]
    several, lenders = n > ENOUGH, np.zeros_like(n)
    per_row = np.where(several, (n - 1) / np.maximum(n, 1), 1.0) * state.weight_squares[:, None]
    own = np.where(several, state.second[..., 0, 0] / np.where(per_row > 0, per_row, 1.0), 0.0)  # variance of steps
    lent, known, second = np.zeros_like(own), np.where(several, n, 0.0), state.second.copy()
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # of numbers near the largest there are
        width = np.diff(side.axis.positions[: cells + 1])
        for here, there in ((slice(1, cells), slice(0, cells - 1)), (slice(0, cells - 1), slice(1, cells))):
            lent[here] += np.fmin(width[here] / width[there], _WIDER)[:, None] ** 2 * own[there]
            lenders[here] += several[there]
        mixed = (known * own + _MORE * lent / np.maximum(lenders, 1)) / np.maximum(known + _MORE, 1) * per_row
    second[..., 0, 0] = np.where(np.isfinite(mixed), np.maximum(second[..., 0, 0], mixed), second[..., 0, 0])
    return replace(state, second=second)


def _skewness(
    state: CrossMoments, gradient: NDArray[np.float64], own: NDArray[np.float64], std_error: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(e, k) skewness of values that row i of cell c moves by gradient . (v_i - mean_c) + own.

    Few rows of an outer cell have the slope of their neighbours, so that its mean leans. Third moments of both numbers
    follow from their products with the squares, which the state has too.
    """
    mean, first, second = state.mean, state.first, state.second
    g, h = gradient[..., 0], gradient[..., 1]
    n = effective_count(state.weight, state.weight_squares)
    spread = std_error * state.weight.sum()
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # cubes of huge numbers are beyond all numbers
        variance = mean[..., 2:] - mean[..., :2] ** 2
        # (c, k, 2, 2): of the first number twice and of the second once
        third = second[..., 2:, :2] - 2 * mean[..., :2, None] * second[..., :2, :2]
        third += variance[..., :, None] * first[..., None, :2]
        cubes = g**3 * third[..., 0, 0] + 3 * g**2 * h * third[..., 0, 1]
        cubes += 3 * g * h**2 * third[..., 1, 0] + h**3 * third[..., 1, 1]
        cubes *= np.where(n > 2 + 1e-9, n**2 / ((n - 1) * (n - 2)), 1.0)[:, None]  # as of a sample
        lines = np.einsum("ecki,cki->eck", gradient, first[..., :2])
        cubes += 3 * own * _squares(state.leading(2), gradient) + 3 * own**2 * lines
        cubes += own**3 * state.weight_squares[:, None]
        # cubes of weights are not known
        skewness = cubes.sum(axis=1) * (state.weight_squares.sum() / state.weight.sum()) / spread**3
    return np.where(np.isfinite(skewness) & (spread > 0), skewness, 0.0)


def _squares(state: CrossMoments, gradient: NDArray[np.float64]) -> NDArray[np.float64]:
    """(e, c, k) sums of w^2 (gradient . (v - mean))^2 over the rows of each cell."""
    # one product after the other: to look for a better order takes longer than these
    moved = np.einsum("ecki,ckij->eckj", gradient, state.second)
    return np.asarray(np.einsum("eckj,eckj->eck", moved, gradient))


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
    within = _squares(state, gradient)
    within *= np.where(several, of_cell / spare, 1.0)[:, None]
    between = 2 * (own * np.einsum("ecki,cki->eck", gradient, state.first)).sum(axis=1)
    between += np.einsum("c,eck->ek", state.weight_squares, own**2)
    squares = np.maximum(within.sum(axis=1) + between * n / (n - 1), 0)
    doubt = np.einsum("eck,c->ek", within**2, 1 / spare) + between**2 / (n - 1)
    df = np.divide(squares**2, doubt, out=np.full_like(squares, n - 1), where=doubt > 0)
    return np.sqrt(squares) / state.weight.sum(), np.clip(df, 1.0, max(n - 1, 1.0))
