"""How the draws of Shapley values are laid out over the background, repeated, and what error that leaves.

Every explained row has the same layout. A tolerance repeats the whole layout for rows that need it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sipakit.aggregate import Combined, Moments, effective_count
from sipakit.errors import BudgetError
from sipakit.explainers.shapley_regression import Fits, prepare_fits
from sipakit.sample import dealt, more_draws, nearest_pairs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sipakit.task import Task

__all__ = ["Errors", "Layout", "lay_out"]

_ENUMERATED_ROWS = 2**14  # without a budget, enumerate where it asks for at most so many model rows an explained row
_PAIRS = 128  # without a budget and otherwise: orders an explained row, each with its reverse, at least
_BEYOND = 3  # pairs of coalitions beyond the features, from which on a regression has less error than orders
_MOST_PAIRS = 2**11 - 1  # of a fit, whose time is their cube; more make several fits
_MOST_NUMBERS = 2**26  # of all fits: rows by features by pairs
_USUAL_PAIRS = 5  # without a budget: pairs a feature and background row, at least
_GROWTH = 4  # of the number of draws from one look at their error to the next, which is uncertain itself


@dataclass(frozen=True)
class Layout:
    """The draws of one explained row.

    Parameters
    ----------
    estimator : "enumeration", "permutation" or "regression"
    donors : (d, 2) int
        Background row of each draw; a draw of permutations walks its orders from the first and back from the second.
    weights : (d,)
    orders : int
        Orders of a draw of permutations; 0 for the others.
    used : int
        Different background rows among the donors, of ``behind`` that have weight.
    ladder : (b,) int and (b,) float, or None
        Background rows by their predictions, and where the share of each ends. With it, a draw takes a row of its own
        stratum anew each time.
    apart : bool
        Whether the part of the error that is due to the orders or coalitions drawn is told from the background's.
    fits : Fits, optional
        Least squares, for a regression.
    times : int, default 1
        How often a row has the layout even without a tolerance.
    """

    estimator: str
    donors: NDArray[np.intp]
    weights: NDArray[np.float64]
    orders: int
    used: int
    behind: int
    ladder: tuple[NDArray[np.intp], NDArray[np.float64]] | None = None
    apart: bool = False
    fits: Fits | None = None
    times: int = 1

    def __len__(self) -> int:
        return len(self.donors)

    def rows(self, u: int) -> int:
        """Return the model rows that a draw asks for, of ``u`` features."""
        if self.fits is not None:
            return 2 * self.fits.pairs
        return max(self.orders * 2 * (u - 1) if self.orders else 2**u - 2, 1)

    @property
    def asks_once(self) -> bool:
        """Whether an explained row meets a background row with different coalitions only: by one order, or one fit."""
        return self.orders <= 1 and self.times == 1 and self.behind > 1

    @property
    def spare(self) -> int:
        """Degrees of freedom that are left of a draw's orders or coalitions to tell their variance."""
        if self.fits is not None:
            return max(self.fits.pairs - int(self.fits.sets.shape[2]) + 1, 1)
        return max(self.orders - 1, 1)

    def donors_of(self, draw: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.intp]:
        """(d, 2) background rows of the draws numbered ``draw``."""
        if self.ladder is None:
            return self.donors[draw]
        ordered, ends = self.ladder
        place = np.searchsorted(ends, (draw + rng.random(len(draw))) / len(self), side="right")
        return np.repeat(ordered[np.minimum(place, len(ordered) - 1)][:, None], 2, axis=1)


@dataclass(frozen=True)
class Errors:
    """What a layout, repeated or not, leaves uncertain: arrays (cells, k), and (cells,) for the last two.

    Parameters
    ----------
    std_error : the background as a sample, and the orders
    chance : what more draws would lower
    chance_df : degrees of freedom of that part
    df : degrees of freedom
    repeats : how often the layout was run
    """

    std_error: NDArray[np.float64]
    chance: NDArray[np.float64]
    chance_df: NDArray[np.float64]
    df: NDArray[np.float64]
    repeats: NDArray[np.float64]

    @classmethod
    def of(cls, layout: Layout, state: Combined) -> Errors:
        """Read the errors from what was seen.

        Draws of one background row are no independent views of the background. With s^2 the variance of all draws, w
        the part of it that is due to their orders, and R repeats of B background rows, a mean has the variance
        (s^2 - w) / B + w / (B R), and only the second part is chance. With weights, B is (sum w)^2 / sum w^2, and the
        orders' variances are averaged by their squares.
        """
        draws = state.states["draws"]
        if not isinstance(draws, Moments):
            raise TypeError(draws)
        once = float(effective_count(layout.weights.sum(), (layout.weights**2).sum()))
        repeats = draws.weight / layout.weights.sum()
        naive = draws.std_error()
        df = effective_count(draws.weight, draws.weight_squares) - 1
        same = np.broadcast_to(df[:, None], naive.shape)
        if layout.estimator == "enumeration":
            return cls(naive, np.zeros_like(naive), same, df, repeats)
        if layout.ladder is not None:
            used = repeats[:, None] * len(layout) / layout.behind
            return cls(naive * np.sqrt(1 + used), naive, same, df, repeats)
        within = state.states.get("within")
        if not isinstance(within, Moments):
            return cls(naive, naive, same, df, repeats)
        times = np.maximum(repeats, 1e-300)[:, None]
        orders = within.mean / once
        std_error = np.sqrt(np.maximum(naive**2 * times - orders, 0) + orders / times)
        # the variance of a few rows can be most of it, and then it is told by what these spare (Satterthwaite)
        spread = once * within.std_error() ** 2
        with np.errstate(invalid="ignore"):
            share = np.nan_to_num(within.mean**2 / (within.mean**2 + spread), nan=1.0)
        chance_df = (layout.spare + 2) * once * repeats[:, None] * share
        return cls(std_error, np.sqrt(orders / times), chance_df, np.minimum(df, once - 1), repeats)

    def parts(self, layout: Layout) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the errors by what was drawn and by the background; NaN where nobody can tell them apart."""
        alone = layout.behind == 1 or layout.apart or layout.ladder is not None or layout.estimator == "enumeration"
        drawn = self.chance if alone else np.full_like(self.chance, np.nan)
        if layout.behind == 1:
            return drawn, np.zeros_like(drawn)
        with np.errstate(invalid="ignore"):
            return drawn, np.where(
                np.isinf(self.std_error), np.inf, np.sqrt(np.maximum(self.std_error**2 - drawn**2, 0))
            )

    def rows_again(self, task: Task, layout: Layout) -> NDArray[np.intp]:
        """Return the explained rows that need the layout again for the tolerance, each as often as it needs it."""
        each = len(layout) * layout.rows(len(task.features))
        repeats = self.repeats.reshape(task.n, -1)[:, 0]
        worst = self.chance.reshape(task.n, -1).max(axis=1)
        due = more_draws(repeats, worst, task.tolerance or np.inf, growth=_GROWTH)
        again = np.repeat(np.arange(task.n), np.where(repeats > 0, due, 0))
        return again if task.budget is None else again[: task.budget // each]


def lay_out(task: Task, estimator: str, random_state: int) -> Layout:
    """Choose the estimator, and deal the background rows to draws.

    Raises
    ------
    BudgetError
        If the budget is less than the estimator needs.
    """
    weights = task.background_weights
    u, behind = len(task.features), np.flatnonzero(weights > 0)
    share = None if task.budget is None else task.budget // task.n
    chosen = _chosen(estimator, u, len(behind), share, capped=task.tolerance is not None)
    if chosen == "regression":
        return _regression(task, behind, share, random_state)
    if chosen == "enumeration":
        return _every_row(chosen, behind, weights, 0)
    walk = max(2 * (u - 1), 1)
    usual = _usual_orders(len(behind))
    orders = usual if share is None else share // walk
    if orders < 2:
        message = f"Shapley needs at least {task.n * 2 * walk:,} model rows for {task.n:,} rows of {u} features"
        cure = "Raise it, or explain fewer rows."
        raise BudgetError(f"{message}, and the budget leaves {task.budget:,}.", cure=cure)
    if task.tolerance is not None:
        return _repeatable(task, behind, min(orders, usual), orders if share is not None else None)
    if len(behind) == 1:
        return _one_row(behind, orders)
    if orders >= len(behind):
        each = orders // len(behind) if share is not None else -(-orders // len(behind))
        return _every_row(chosen, behind, weights, each)
    donors, each_weight = _spread(task, behind, orders, random_state)
    return Layout(chosen, donors, each_weight, 1, len(np.unique(donors)), len(behind))


def _chosen(estimator: str, u: int, b: int, share: int | None, *, capped: bool) -> str:
    """Name the estimator; ``capped`` if what is left of the budget shall not be spent for its own sake."""
    allowed = _ENUMERATED_ROWS if share is None else min(share, _ENUMERATED_ROWS) if capped else share
    need = (2**u - 2) * b
    if estimator == "enumeration" and share is not None and need > share:
        message = f"Enumeration of {u} features needs {need:,} model rows a row, and the budget leaves {share:,}."
        raise BudgetError(message, "It runs whole or not at all.", "Use estimator='permutation'.")
    if estimator == "regression" and u <= 2:
        return "enumeration"  # there is one pair of coalitions
    if estimator != "auto":
        return estimator
    if u < 40 and need <= allowed:
        return "enumeration"
    enough = (_usual_rows(u, b) if share is None else share) // (2 * b) >= u + _BEYOND
    return "regression" if enough and b > 1 and not capped else "permutation"


def _usual_orders(b: int) -> int:
    """Return how many orders are drawn for an explained row without a budget."""
    return min(max(_PAIRS, b), 4 * _PAIRS)


def _usual_rows(u: int, b: int) -> int:
    """Return the model rows an explained row that these ask for."""
    return _usual_orders(b) * 2 * (u - 1)


def _regression(task: Task, behind: NDArray[np.intp], share: int | None, random_state: int) -> Layout:
    """Lay out fits to the games of as many background rows as have coalitions enough for one.

    Raises
    ------
    BudgetError
        For a budget that is too small for four of them.
    """
    u, b = len(task.features), len(behind)
    every = 2 ** (u - 1) - 1
    least = min(u + _BEYOND, every)
    wanted = b if b > 1 else 4  # several fits to one row's game, so that they have a spread
    draws = min(wanted, 4 * _PAIRS)
    pairs = min(max(_USUAL_PAIRS * u, _usual_rows(u, b) // (2 * draws)), every)
    if share is not None:
        draws = min(wanted, share // (2 * least))
        if draws < min(wanted, 4):
            message = f"Regression on {u} features needs at least {2 * least * min(wanted, 4):,} model rows a row"
            cure = "Raise the budget, explain fewer rows, or use estimator='permutation'."
            raise BudgetError(f"{message}, and the budget leaves {share:,}.", cure=cure)
        most = every if task.tolerance is None else pairs
        pairs = min(share // (2 * draws), most)
    times = -(-pairs // max(min(_MOST_PAIRS, _MOST_NUMBERS // (draws * u)), least))
    pairs //= times
    if draws < wanted:
        fits, anew = prepare_fits(np.ones(draws), pairs, u, random_state), np.zeros((draws, 2), np.intp)
        used = draws if task.tolerance is None else b  # one that is repeated meets them all
        ladder = _ladder(task, behind)
        return Layout("regression", anew, np.ones(draws), 0, used, b, ladder, fits=fits, times=times)
    donors, weights = np.resize(behind, draws), np.resize(task.background_weights[behind], draws)
    fits = prepare_fits(weights, pairs, u, random_state)
    return Layout("regression", _both(donors), weights, 0, b, b, apart=b > 1, fits=fits, times=times)


def _repeatable(task: Task, behind: NDArray[np.intp], orders: int, most: int | None) -> Layout:
    """Lay out draws whose own error can be told, so that they may be repeated until it is small enough."""
    if len(behind) == 1:
        return _one_row(behind, orders)
    each = max(-(-orders // len(behind)), 2)
    if len(behind) <= 4 * _PAIRS and (most is None or each * len(behind) <= most):
        return _every_row("permutation", behind, task.background_weights, each)
    donors = np.zeros((orders, 2), np.intp)  # drawn anew each time
    return Layout("permutation", donors, np.ones(orders), 1, len(behind), len(behind), _ladder(task, behind))


def _one_row(behind: NDArray[np.intp], orders: int) -> Layout:
    """Lay out draws for a background of one row, which is taken as given, so that every order is a draw."""
    return Layout("permutation", np.repeat(behind, 2 * orders).reshape(-1, 2), np.ones(orders), 1, 1, 1)


def _every_row(estimator: str, behind: NDArray[np.intp], weights: NDArray[np.float64], orders: int) -> Layout:
    """Lay out draws so that each background row is one, by its weight."""
    return Layout(estimator, _both(behind), weights[behind], orders, len(behind), len(behind), apart=orders > 1)


def _both(donors: NDArray[np.intp]) -> NDArray[np.intp]:
    """(d, 2) of draws that have one background row."""
    return np.repeat(donors[:, None], 2, axis=1)


def _by_prediction(task: Task, behind: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Background rows in the order of their predictions, and their weights."""
    sorted_ = behind[np.lexsort(task.known_background_predictions[behind].T)]
    return sorted_, task.background_weights[sorted_]


def _ladder(task: Task, behind: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Background rows in the order of their predictions, and where the share of each ends."""
    sorted_, weights = _by_prediction(task, behind)
    return sorted_, np.cumsum(weights) / weights.sum()


def _spread(
    task: Task, behind: NDArray[np.intp], orders: int, random_state: int
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Spread draws over the background rows ``behind`` by their predictions; near neighbours share one.

    Returns
    -------
    (d, 2) background rows, and (d,) weights: where some rows have a draw alone, one that two share counts twice.
    """
    rng = np.random.default_rng(random_state)
    sorted_, weights = _by_prediction(task, behind)
    if len(behind) < 4:  # one pair would be one draw, and have no error
        alone = dealt(orders, sorted_, rng.random())
        return _both(alone), np.ones(len(alone))
    if (weights != weights[0]).any():
        return _both(_sampled(task, behind, orders, rng)), np.ones(orders)
    rows = dealt(min(2 * orders, len(behind) - len(behind) % 2), sorted_, rng.random())
    pairs = nearest_pairs(task.background, rows)
    left = orders - len(pairs)
    if not left:
        return pairs, np.ones(len(pairs))
    known = task.known_background_predictions
    apart = np.abs(known[pairs[:, 0]] - known[pairs[:, 1]]).max(axis=1)
    order = np.argsort(-apart, kind="stable")  # rows that differ most have an order, and its reverse, for themselves
    alone, together = pairs[order[:left]].ravel(), pairs[order[left:]]
    return np.concatenate([_both(alone), together]), np.repeat([1.0, 2.0], [len(alone), len(together)])


def _sampled(task: Task, behind: NDArray[np.intp], count: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """(count,) background rows, as often as they weigh, by a systematic sample along their predictions."""
    sorted_, ends = _ladder(task, behind)
    at = np.searchsorted(ends, (np.arange(count) + rng.random()) / count)
    return sorted_[np.minimum(at, len(behind) - 1)]
