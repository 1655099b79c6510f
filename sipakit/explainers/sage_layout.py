"""How the draws of SAGE are laid out over rows and background, and what error that leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sipakit.aggregate import Combined, CrossMoments, Moments, effective_count
from sipakit.errors import BudgetError
from sipakit.sample import groups_of_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sipakit.scoring import Metric
    from sipakit.task import Task

__all__ = ["Errors", "Layout", "lay_out", "rows_behind"]

_EXPLAINED = 6_000  # rows that the draws explain without a budget, at least
_PASSES = 2  # over the table, which they make at least


@dataclass(frozen=True)
class Layout:
    """Draws: a few rows each, and an order of the features.

    Parameters
    ----------
    metrics : tuple of Metric
    own : bool
        Whether the rows are their own background. The rows of a draw then are explained in turn, each with the others
        as its background; row a with the features S of row b is row b with the other features of row a, so that a
        model row serves twice.
    averaged : int
        Background rows of each explained row.
    fill : (int, int)
        Draws that use each explained row once, and each background row once.
    draws : int
        Of the first round.
    """

    metrics: tuple[Metric, ...]
    own: bool
    averaged: int
    fill: tuple[int, int]
    draws: int

    @property
    def explained(self) -> int:
        """Rows that a draw explains."""
        return self.averaged + 1 if self.own else 1

    @property
    def pairs(self) -> int:
        """Pairs of rows that a draw mixes."""
        return self.averaged * (self.averaged + 1) // 2 if self.own else self.averaged

    def rows(self, u: int) -> int:
        """Return the model rows that a draw asks for, of ``u`` features."""
        return self.pairs * 2 * (u - 1)

    def dealt(self, task: Task, index: NDArray[np.intp], seed: tuple[int, int]) -> NDArray[np.intp]:
        """(d, 1 + averaged) rows of the draws numbered ``index``: an explained row and background rows.

        Each pass over a table deals all of its rows, so that they serve equally often.
        """
        size = 1 + self.averaged
        if self.own:
            return _passes(task.weights, size, index, (*seed, 0))
        rows = _passes(task.weights, 1, index, (*seed, 0))
        behind = _passes(task.background_weights, self.averaged, index, (*seed, 1))
        return np.concatenate([rows, behind], axis=1)


def _passes(
    weights: NDArray[np.float64], size: int, index: NDArray[np.intp], seed: tuple[int, ...]
) -> NDArray[np.intp]:
    """(d, size) groups number ``index`` of those that pass after pass over a table deals."""
    count = int((weights > 0).sum()) // size
    number, place = np.divmod(index, count)
    groups = np.empty((len(index), size), np.intp)
    for one in np.unique(number):
        at = number == one
        groups[at] = groups_of_rows(weights, size, np.random.default_rng([*seed, int(one)]))[place[at]]
    return groups


def lay_out(task: Task, metrics: tuple[Metric, ...], averaged: int) -> Layout:
    """Choose the number of draws, and whose rows they are.

    Raises
    ------
    BudgetError
        If the budget is less than two draws.
    """
    n, b = (int((weights > 0).sum()) for weights in (task.weights, task.background_weights))
    own = _same_rows(task) and n > averaged  # fewer rows are not all different
    averaged = min(averaged, b)
    fill = (n // (averaged + 1),) * 2 if own else (n, b // averaged)
    layout = Layout(metrics, own, averaged, fill, 0)
    each = layout.rows(len(task.features))
    draws = max(_PASSES * max(fill), -(-_EXPLAINED // layout.explained))
    if task.budget is not None and each:
        most = task.budget // each
        if most < 2:
            message = f"SAGE needs at least {2 * each:,} model rows for {len(task.features)} features"
            raise BudgetError(f"{message}, and the budget leaves {task.budget:,}.", cure="Raise it.")
        draws = most if task.tolerance is None else min(draws, most)
    return Layout(metrics, own, averaged, fill, draws)


def _same_rows(task: Task) -> bool:
    if task.background is task.rows:
        return True
    same = np.array_equal(task.background.row_hashes, task.rows.row_hashes)
    return same and bool((task.background_weights == task.weights).all())


@dataclass(frozen=True)
class Errors:
    """Means of what was seen, and what they leave uncertain: arrays (u, metrics).

    Parameters
    ----------
    values : the means, corrected by what is known of a draw's first loss
    rows, background : standard errors, of the rows and of another background as samples
    chance : what more draws would lower
    skew : skewness of the mean
    """

    values: NDArray[np.float64]
    rows: NDArray[np.float64]
    background: NDArray[np.float64]
    chance: NDArray[np.float64]
    skew: NDArray[np.float64]

    @classmethod
    def of(cls, layout: Layout, task: Task, state: Combined, known: NDArray[np.float64] | float = 0.0) -> Errors:
        """Read the errors from what was seen.

        Draws that share a row are no independent views of the population. The variance of their mean is the sum of the
        products of all pairs of draws that share one, which the sums of each row's own draws tell. What pairs of
        different draws have in common is due to the rows; the rest is chance.

        Parameters
        ----------
        known : (metrics, 2)
            Means over the table of the last two numbers of a draw, which tell by regression how far off the others are.
            Since the gains of a draw add up to these two, the values add up to their means.
        """
        draws, of_rows = state.states["draws"], state.states["rows"]
        if not isinstance(draws, CrossMoments) or not isinstance(of_rows, Moments):
            raise TypeError(state)
        u, count = len(task.features), max(float(draws.weight[0]), 1.0)
        mean, second = draws.mean[0], draws.second[0]  # of gains and controls
        slope = _slopes(second, u)
        values = mean[:, :u] - np.einsum("muc,mc->mu", slope, mean[:, u:] - known)
        # rows are a sample: what they lose by themselves is known of these, and not of others
        drawn = slope[..., 0]
        own = np.diagonal(second, axis1=1, axis2=2)[:, :u] - 2 * drawn * second[:, :u, u]
        own = np.maximum(own + drawn**2 * second[:, u, u, None], 0)
        apart = (of_rows.mean.reshape(-1, *mean.shape) - mean) * of_rows.weight[:, None, None]
        sums = apart[..., :u] - drawn * apart[..., u : u + 1]  # of each row's draws
        split = task.n if not layout.own else len(sums)
        parts = (sums[:split], of_rows.weight[:split]), (sums[split:], of_rows.weight[split:])
        (rows, pure_rows), (background, pure_background) = (
            _shared(part, times, own, layout.explained if i == 0 else layout.averaged)
            for i, (part, times) in enumerate(parts)
        )
        # a difference that is lost in its own noise is no sign that there is no chance
        noise = own * np.sqrt(2 / max(int((of_rows.weight > 0).sum()), 2))
        chance = np.maximum(own - pure_rows - pure_background, noise)
        total = rows + background + chance
        skew = np.divide((sums**3).sum(axis=0), total**1.5, out=np.zeros_like(total), where=total > 0)
        rows, background, chance = (np.sqrt(part / count**2).T for part in (rows, background, chance))
        return cls(values.T, rows, background, chance, skew.T)


def _slopes(second: NDArray[np.float64], u: int) -> NDArray[np.float64]:
    """(metrics, u, controls) slopes of gains on controls, by the products of all (metrics, u + controls, as many)."""
    scale = np.sqrt(np.maximum(np.diagonal(second, axis1=1, axis2=2)[:, u:], 1e-300))
    alike = second[:, u:, u:] / (scale[:, :, None] * scale[:, None, :])
    return np.asarray(
        (second[:, :u, u:] / scale[:, None]) @ np.linalg.pinv(alike, 1e-12, hermitian=True) / scale[:, None]
    )


def _shared(
    sums: NDArray[np.float64], times: NDArray[np.float64], own: NDArray[np.float64], members: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the sum of products of draws that share a row, and how much of it is in each draw's own square.

    Parameters
    ----------
    sums : (rows, metrics, u) of each row's draws, less the mean
    times : (rows,) how often each row was drawn
    own : (metrics, u) sum of the squares of the draws
    members : rows of a draw, among these
    """
    pairs, all_ = float((times * (times - 1)).sum()), float((times**2).sum())
    if pairs <= 0:  # no row was drawn twice
        return np.zeros_like(own), np.zeros_like(own)
    different = np.maximum((sums**2).sum(axis=0) - members * own, 0)
    return different * all_ / pairs, different * (all_ - pairs) / pairs


def rows_behind(task: Task) -> tuple[float, float]:
    """Return how many equally weighted rows are as precise as the explained ones, and as the background."""
    weights = (task.weights, task.background_weights)
    return tuple(float(effective_count(w.sum(), (w**2).sum())) for w in weights)  # type: ignore[return-value]
