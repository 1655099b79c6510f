"""How far single rows would be from an ALE curve, if each went on along the feature as it does in its own cell.

With s_c the standard deviation of the steps in cell c, S their running sum, a line between the edges of a cell, and m
the mean of S over the rows:

    h(e)   |S(e) - m|, how far rows one standard deviation apart have drifted from the mean curve by edge e
    H^2    mean of (S - m)^2 over the rows

Of f = a(x_j) b(rest) with x_j independent of the rest, both are those of partial dependence, H is sd(a) sd(b), if a is
monotone. Where a turns, they are larger: no row is asked about in two cells, so none is seen to come back. Rows with a
level tell of two steps, up to it and on from it, so there a turn is seen: where the two are against each other from row
to row, the sum goes back. The step to missing cells goes on from the middle. The spread of slopes, which others show,
has no limit where the model jumps: it grows as cells get narrower.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammaln

from sipakit.aggregate import effective_count
from sipakit.explainers.ale_cells import Line
from sipakit.explainers.ale_curves import ENOUGH, spread_over_rows
from sipakit.explainers.heterogeneity import capped

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sipakit.aggregate import CrossMoments
    from sipakit.explainers.ale_cells import Side

    Floats = NDArray[np.float64]

__all__ = ["Drift", "drift_of", "no_drift"]

_WIDEST = 1e6  # of a cell, in widths of the one that speaks for it: such a guess is none, but no number ends


@dataclass(frozen=True, eq=False)
class Drift:
    """How far rows are from one feature's curve.

    Parameters
    ----------
    at_places : (g, k)
        At each place.
    step_sd : (g, k)
        Standard deviation of the steps that lead to each place; 0 for the first.
    square, error : (k,)
        The mean square over the rows, and its standard error.
    """

    at_places: Floats
    step_sd: Floats
    square: Floats
    error: Floats


def no_drift(places: int, k: int, *, error: float = 0.0) -> Drift:
    """Return the drift of a column that never changes, or of steps that no two rows have."""
    return Drift(np.zeros((places, k)), np.zeros((places, k)), np.zeros(k), np.full(k, error))


@dataclass(frozen=True, eq=False)
class _Steps:
    """The steps from each place to the next, and the own cells (o) whose rows tell of them.

    Parameters
    ----------
    state : CrossMoments of the own cells
    line : Line
    share : (s,)
        Of all rows, those that tell of each step.
    mean, sd : (s, k)
        Of the steps; the standard deviation of one that fewer than two rows tell of is, by width, that of the nearest.
    freed : (s,)
        What frees the root of a mean square of the bias of few rows, as a factor of the square.
    lent : (s, s)
        How the standard deviations follow from those that are known.
    sign : (s, k)
        Whether the rows that a step takes up are those that the first one did, 1, or the others, -1.
    """

    state: CrossMoments
    line: Line
    share: Floats
    mean: Floats
    sd: Floats
    freed: Floats
    lent: Floats
    sign: Floats

    @classmethod
    def of(cls, state: CrossMoments, side: Side) -> _Steps | None:
        """Measure the steps; None where no step has two rows."""
        line, steps = side.line, len(side.axis) - 1
        weight, weight_squares = np.zeros(steps), np.zeros(steps)
        total, square = np.zeros((2, steps, state.mean.shape[1]))
        for cells, slot, at in line.turns():
            weight[at] += state.weight[cells]
            weight_squares[at] += state.weight_squares[cells]
            total[at] += state.weight[cells, None] * state.mean[cells, :, slot]
        mean = total / np.maximum(weight, 1e-300)[:, None]
        for cells, slot, at in line.turns():
            off = state.mean[cells, :, slot] - mean[at]
            square[at] += state.spread[cells, :, slot] + state.weight[cells, None] * off**2
        n = effective_count(weight, weight_squares)
        known = n > ENOUGH
        if not known.any():
            return None
        freed = np.where(known, _freed(np.maximum(n, ENOUGH)), 0.0)
        lent = _lent(known, side)
        sd = lent @ np.sqrt(freed[:, None] * square / np.maximum(weight, 1e-300)[:, None])
        return cls(state, line, weight / state.weight.sum(), mean, sd, freed, lent, _signs(state, sd, side))


def _lent(known: NDArray[np.bool_], side: Side) -> Floats:
    """(s, s) how standard deviations follow from the ``known`` ones: an unknown one, by width, from the nearest.

    The step to missing cells has no width, and lends to others, or borrows from the middle, as it is.
    """
    steps = np.arange(len(known))
    width, place, likely = np.ones(len(known)), steps.astype(np.float64), known
    if not side.levels:
        with np.errstate(over="ignore"):
            width = np.diff(side.axis.positions)
    if side.middle is not None:
        width[-1], place[-1] = np.nan, side.middle
        likely = known & (steps < steps[-1]) if known[:-1].any() else known
    near = np.flatnonzero(likely)[np.abs(place[:, None] - place[likely]).argmin(axis=1)]
    near = np.where(known, steps, near)
    with np.errstate(over="ignore", invalid="ignore"):  # what is beyond floats is beyond the widest, too
        ratio = width / width[near]
    lent = np.zeros((len(known), len(known)))
    lent[steps, near] = np.where(np.isnan(ratio), 1.0, np.minimum(ratio, _WIDEST))
    return lent


def _freed(n: Floats) -> Floats:
    """Return what makes the root of a mean square of ``n`` deviations unbiased, if they are normal (Holtzman 1950)."""
    m = np.maximum(n, 2)
    shrunk = np.sqrt(2 / (m - 1)) * np.exp(gammaln(m / 2) - gammaln((m - 1) / 2))
    return np.asarray(n / (n - 1) / shrunk**2, np.float64)


def _signs(state: CrossMoments, sd: Floats, side: Side) -> Floats:
    sign = np.ones_like(sd)
    if side.levels:  # at each level between two steps: whether rows that go up go on; none go on to a missing cell
        last = len(sd) - (side.middle is not None)
        # levels that the model does not tell apart have steps of rounding, which have no direction
        rounding = 1e-12 * state.spread[:, :, :2].max(axis=(0, 2))
        sign[1:last] = np.where(state.second[1:last, :, 0, 1] < -rounding, -1.0, 1.0)
    return np.asarray(np.cumprod(sign, axis=0), np.float64)


def drift_of(state: CrossMoments, side: Side) -> Drift:
    """Measure one feature's drift, and how each row moves its mean square, as a place and through its steps.

    Parameters
    ----------
    state : CrossMoments of the feature's cells or levels
        Of two numbers that rows tell of each, and of their squares.
    side : Side
    """
    steps = _Steps.of(state, side)
    if steps is None:
        return no_drift(len(side.axis), state.mean.shape[1], error=np.inf)
    share = (state.weight / state.weight.sum())[:, None]
    # how far along its cell a row lies: its mean and mean square, and the steps of the cell; levels lie on places
    t, t2 = (0 * share, 0 * share) if side.levels else (state.mean[:, :, 1], state.mean[:, :, 3])
    inner = 0 * state.mean[:, :, 0] if side.levels else steps.sd
    passed = steps.line.passed @ (steps.sign * steps.sd)
    start = passed[steps.line.start]
    middle = (share * (start + inner * t)).sum(axis=0)
    off = start - middle
    square_in = off**2 + 2 * off * inner * t + inner**2 * t2  # mean of (S - m)^2 in each own cell
    square = (share * square_in).sum(axis=0)

    # the derivative by each step's standard deviation: by what lies beyond the step, and within it
    beyond = share * (off + inner * t)
    slope = 2 * steps.line.full.T @ beyond
    if not side.levels:
        slope += 2 * share * (off * t + inner * t2)
    pull = steps.lent.T @ (steps.sign * slope)
    told = steps.share[:, None] * steps.sd
    pull = np.divide(pull * steps.freed[:, None], 2 * told, out=np.zeros_like(told), where=told > 0)

    gradient, rest = np.zeros(state.mean.shape), square_in - square
    if not side.levels:
        gradient[:, :, 1], gradient[:, :, 3] = 2 * off * inner, inner**2
    for cells, slot, at in steps.line.turns():
        q, mean = pull[at], steps.mean[at]
        gradient[cells, :, slot] += -2 * q * mean
        gradient[cells, :, slot + 2] += q
        here = state.spread[cells, :, slot] / np.maximum(state.weight[cells, None], 1e-300)
        of_all = np.divide(steps.sd[at] ** 2, steps.freed[at, None], out=here.copy(), where=steps.freed[at, None] > 0)
        rest[cells] += q * (here + (state.mean[cells, :, slot] - mean) ** 2 - of_all)
    error, _ = spread_over_rows(state, gradient[None], rest[None])
    step_sd = np.vstack([np.zeros_like(steps.sd[:1]), steps.sd])
    most = 2 * square + np.sqrt(square) * steps.sd.sum(axis=0)
    return Drift(np.abs(passed - middle), step_sd, square, capped(error[0], most))
