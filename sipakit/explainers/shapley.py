"""Shapley values: a fair division of a prediction's distance from the mean prediction among the features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from sipakit.aggregate import Moments, State, Update, effective_count
from sipakit.caveats import Caveat, caveat
from sipakit.errors import BudgetError
from sipakit.estimate import Estimate
from sipakit.explainer import Explainer, Round
from sipakit.explainers.attribution import base_values, row_values
from sipakit.explanation import Attributions
from sipakit.sample import all_coalitions, dealt, nearest_pairs, orders, shapley_weights

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from numpy.typing import NDArray

    from sipakit.intervene import Mix
    from sipakit.task import Task

__all__ = ["Shapley"]

_ENUMERATED_ROWS = 2**14  # without a budget, enumerate where it asks for at most so many model rows an explained row
_PAIRS = 128  # without a budget and otherwise: antithetic pairs of orders an explained row, at least


@dataclass(frozen=True)
class _Design:
    """How the draws of one explained row are laid out; every explained row has the same layout.

    Parameters
    ----------
    estimator : "enumeration" or "permutation"
    donors : (d, 2) int
        Background row of each draw; a draw of permutations walks its order from the first and back from the second.
    """

    estimator: str
    donors: NDArray[np.intp]


@dataclass(frozen=True)
class _Walks:
    """Draws of permutations: explained row, background rows and order of each."""

    row: NDArray[np.intp]
    donors: NDArray[np.intp]
    order: NDArray[np.intp]


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Shapley(Explainer):
    """Interventional (marginal) Shapley values of each prediction.

    The game of one background row z is v_z(S) = f(x on S, z elsewhere); the Shapley value of the mean game is the mean
    of the Shapley values of these games, so model rows are spread over (coalition, background row) pairs.

    Parameters
    ----------
    background : table, optional
        Whose mean prediction the values start from, used whole; the explained rows by default, with a caveat.
    groups : name -> list of columns, optional
        Columns that join a coalition together.
    estimator : "auto", "enumeration" or "permutation", default "auto"
        All coalitions, which is exact; or pairs of an order and its reverse. "auto" enumerates where that costs at
        most 16 384 model rows an explained row (or the budget's share).
    output : str or list, optional
        See `sipakit.adapt`.
    conf_level : float, default 0.95
    random_state : int, default 0

    Returns
    -------
    Attributions
        ``values`` is (rows, features, outputs), in units of the prediction; with ``base_values`` they add up to the
        prediction.

    Raises
    ------
    BudgetError
        If the budget does not reach for two draws an explained row, or for the enumeration that was asked for.

    Notes
    -----
    A draw is one background row (enumeration) or one order and its reverse. Background rows are dealt evenly: all of
    them equally often where there are at least as many draws; otherwise those drawn are spread over the sorted
    predictions, an order starts at one and its reverse at that row's nearest neighbour. The standard error is the
    spread over draws: the finite background, and the orders. With fewer draws than background rows the values are
    shifted equally so that they add up from the whole background's mean.

    Cost
    ----
    Enumeration: 2^p - 2 model rows a background row. Permutations: 2 (p - 1) a draw; by default 128 draws, or as many
    as there are background rows up to 512.

    References
    ----------
    Strumbelj and Kononenko (2014), doi:10.1007/s10115-013-0679-x; Mitchell, Cooper, Frank and Holmes (2022),
    arXiv:2104.12199

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> Z = np.array([[0.0, 0.0], [2.0, 2.0]])
    >>> e = sp.Shapley(background=Z).explain(lambda X: X[:, 0] * X[:, 1], np.array([[3.0, 1.0]]))
    >>> e.values[0, :, 0].tolist(), e.base_values.tolist()
    ([1.5, -0.5], [2.0])
    """

    groups: Mapping[Hashable, Sequence[Hashable]] | None = None
    background: Any = None
    output: Any = None
    estimator: str = "auto"
    conf_level: float = 0.95
    random_state: int = 0

    uses: ClassVar[frozenset[str]] = frozenset({"rows", "background"})
    background_matters: ClassVar[bool] = True
    question: ClassVar[str] = "How do the features share a prediction's distance from the mean prediction?"
    references: ClassVar[tuple[str, ...]] = (
        "Strumbelj and Kononenko (2014), Explaining prediction models and individual predictions. "
        "doi:10.1007/s10115-013-0679-x",
        "Mitchell, Cooper, Frank and Holmes (2022), Sampling permutations for Shapley value estimation. arXiv:2104.12199",
    )

    def design(self, task: Task) -> _Design:
        """Choose the estimator, and deal the background rows to draws."""
        u, b = len(task.features), len(task.background)
        share = None if task.budget is None else task.budget // task.n
        estimator = self._chosen(u, b, share)
        if estimator == "enumeration":
            return _Design(estimator, np.repeat(np.arange(b)[:, None], 2, axis=1))
        walk = max(2 * (u - 1), 1)
        draws = min(max(_PAIRS, b), 4 * _PAIRS) if share is None else share // walk
        if draws < 2:
            need = task.n * 2 * walk
            message = f"Shapley needs at least {need:,} model rows for {task.n:,} rows of {u} features"
            raise BudgetError(
                f"{message}, and the budget leaves {task.budget:,}.", cure="Raise it, or explain fewer rows."
            )
        return _Design(estimator, self._dealt(task, draws))

    def _chosen(self, u: int, b: int, share: int | None) -> str:
        allowed = _ENUMERATED_ROWS if share is None else share
        need = (2**u - 2) * b
        if self.estimator == "enumeration" and share is not None and need > share:
            message = f"Enumeration of {u} features needs {need:,} model rows a row, and the budget leaves {share:,}."
            raise BudgetError(message, "It runs whole or not at all.", "Use estimator='permutation'.")
        fits = need <= allowed if u < 40 else False
        return ("enumeration" if fits else "permutation") if self.estimator == "auto" else self.estimator

    def _dealt(self, task: Task, draws: int) -> NDArray[np.intp]:
        """(draws, 2) background rows, evenly dealt; near neighbours share a draw where rows are many."""
        rng = np.random.default_rng(self.random_state)
        weights, b = task.background_weights, len(task.background)
        if task.background_predictions is None:
            message = "the engine predicts the background first"
            raise TypeError(message)
        by_prediction = np.lexsort(task.background_predictions.T)
        if (weights != weights[0]).any():  # rows as often as they weigh, by systematic sampling
            ends = np.cumsum(weights[by_prediction]) / weights.sum()
            at = np.searchsorted(ends, (np.arange(draws) + rng.random()) / draws)
            return np.repeat(by_prediction[np.minimum(at, b - 1)][:, None], 2, axis=1)
        if draws >= b:
            rows = dealt(draws - draws % b, by_prediction, 0.0)
            return np.repeat(rows[:, None], 2, axis=1)
        rows = dealt(min(2 * draws, b - b % 2), by_prediction, rng.random())
        return nearest_pairs(task.background, rows)

    def start(self, task: Task) -> Moments:
        """Moments over draws of every row and feature."""
        return Moments.zero(task.n * len(task.features), task.k)

    def next_round(self, task: Task, state: State, number: int) -> Round | None:  # noqa: ARG002
        """Ask once: all draws of the first row, then of the second, and so on."""
        design: _Design = task.design
        u = len(task.features)
        each = 2**u - 2 if design.estimator == "enumeration" else max(2 * (u - 1), 1)
        return Round(draws=task.n * len(design.donors), rows=max(each, 1)) if number == 0 else None

    def sample(self, task: Task, round_: Round, index: NDArray[np.intp], rng: np.random.Generator) -> _Walks:  # noqa: ARG002
        """Draw the orders; an enumeration needs none."""
        design: _Design = task.design
        row, draw = np.divmod(index, len(design.donors))
        u = len(task.features)
        order = orders(len(index), u, rng) if design.estimator == "permutation" else np.empty((len(index), 0), np.intp)
        return _Walks(row, design.donors[draw], order)

    def intervene(self, task: Task, sample: _Walks) -> Mix:
        """Background row z, but the coalition's features come from the explained row x."""
        u = len(task.features)
        if task.design.estimator == "enumeration":
            takes, which = all_coalitions(u)[1:-1], np.tile(np.arange(2**u - 2), len(sample.row))
            z = np.repeat(sample.donors[:, 0], 2**u - 2)
        else:
            takes, which = _joined(sample.order), None
            z = np.repeat(sample.donors, u - 1, axis=1).ravel()
        return task.mix(
            base=(task.background, z),
            donor=(task.rows, np.repeat(sample.row, len(z) // max(len(sample.row), 1))),
            take=takes if len(takes) else np.zeros((1, u), bool),
            which=which,
        )

    def aggregate(self, task: Task, sample: _Walks, answers: NDArray[np.float64]) -> Update:
        """One value a draw and feature."""
        u, d = len(task.features), len(sample.row)
        gains = _enumerated if task.design.estimator == "enumeration" else _walked
        values = gains(task, sample, answers.reshape(d, -1, task.k))
        cells = sample.row[:, None] * u + np.arange(u)
        weights = np.ones(d)
        if task.design.estimator == "enumeration":
            weights = task.background_weights[sample.donors[:, 0]]
        return Update(cells.ravel(), values.reshape(-1, task.k), np.repeat(weights, u))

    def conclude(self, task: Task, state: Moments) -> Attributions:
        """Return the values with their standard errors, adding up from the whole background's mean."""
        design: _Design = task.design
        shape = (task.n, len(task.features), task.k)
        values, std_error = state.mean.reshape(shape), state.std_error().reshape(shape)
        base, base_error = base_values(task)
        if task.predictions is None:
            message = "the engine predicts the rows first"
            raise TypeError(message)
        gap = task.predictions - base - values.sum(axis=1)
        values = values + gap[:, None] / shape[1]
        df = effective_count(state.weight, state.weight_squares).reshape(shape[:2])[:, :, None] - 1
        return Attributions(
            **self.about(task),
            estimate=Estimate.within(values, std_error, conf_level=self.conf_level, df=df),
            error=_covers(design),
            estimator=design.estimator,
            caveats=tuple(_caveats(task, gap, std_error)),
            base_values=base,
            base_std_error=base_error,
            predictions=task.predictions,
            row_values=row_values(task),
            rows=np.arange(task.n),
            completeness_gap=task.predictions - base - values.sum(axis=1),
        )


def _covers(design: _Design) -> str:
    if design.estimator == "enumeration":
        return "The background as a sample; all coalitions were enumerated. The model is taken as given."
    return "The orders drawn, and the background as a sample. The model is taken as given."


def _joined(order: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Coalitions met on a walk and on the walk back: (d 2 (u - 1), u), ends left out."""
    d, u = order.shape
    rank = np.argsort(order, axis=1)
    steps = np.arange(1, u)[:, None]
    ahead = rank[:, None, :] < steps  # the first s features of the order have joined
    back = rank[:, None, :] >= u - steps  # the last s features have
    return np.concatenate([ahead, back], axis=1).reshape(-1, u)


def _ends(
    task: Task, rows: NDArray[np.intp], donors: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """f(z) and f(x) of each draw, which were predicted once: (d, 1, k) each."""
    if task.predictions is None or task.background_predictions is None:
        message = "the engine predicts the rows and the background first"
        raise TypeError(message)
    return task.background_predictions[donors][:, None], task.predictions[rows][:, None]


def _enumerated(task: Task, sample: _Walks, f: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shapley values of each draw's game, exactly: (d, u, k)."""
    nobody, everybody = _ends(task, sample.row, sample.donors[:, 0])
    games = np.concatenate([nobody, f, everybody], axis=1)
    return np.einsum("us,dsk->duk", shapley_weights(len(task.features)), games, optimize=True)


def _walked(task: Task, sample: _Walks, f: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean gain of every feature on the walk and on the walk back: (d, u, k)."""
    d, u = sample.order.shape
    total = np.zeros((d, u, task.k))
    walks = (sample.order, f[:, : u - 1]), (sample.order[:, ::-1], f[:, u - 1 :])
    for side, (order, met) in enumerate(walks):
        nobody, everybody = _ends(task, sample.row, sample.donors[:, side])
        steps = np.diff(np.concatenate([nobody, met[:, : u - 1], everybody], axis=1), axis=1)
        gains = np.empty_like(steps)
        np.put_along_axis(gains, order[:, :, None], steps, axis=1)
        total += gains / 2
    return total


def _caveats(task: Task, gap: NDArray[np.float64], std_error: NDArray[np.float64]) -> list[Caveat]:
    design: _Design = task.design
    found = []
    used, b = len(np.unique(design.donors)), len(task.background)
    if used < b:
        message = f"{used:,} of {b:,} background rows were used for each row, spread over their predictions."
        cure = "Raise the budget, or choose a smaller background yourself."
        found.append(caveat("SIPA025", f"{message} The values add up from the mean of all of them.", cure))
    if not np.isfinite(std_error).all():
        found.append(caveat("SIPA011", "One background row has no spread; the intervals are infinite."))
    alone = task.background is task.rows and task.n == 1
    if alone:
        found.append(caveat("SIPA031", "All values are zero.", "Pass background=, usually the training table."))
    spread = float(np.ptp(task.background_predictions)) if task.background_predictions is not None else 0.0
    if used == b and float(np.abs(gap).max()) > 1e-6 * max(spread, 1e-12):
        message = f"The draws missed the predictions by up to {float(np.abs(gap).max()):.2g} before they were shifted."
        found.append(caveat("SIPA026", message))
    return found
