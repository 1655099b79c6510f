"""Shapley values: a fair division of a prediction's distance from the mean prediction among the features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from sipakit.aggregate import Combined, Moments, Update
from sipakit.caveats import Caveat, caveat
from sipakit.estimate import Estimate
from sipakit.explainer import Explainer, Round
from sipakit.explainers.attribution import base_values, completeness_gap, row_values
from sipakit.explainers.shapley_layout import Errors, Layout, lay_out
from sipakit.explanation import Attributions
from sipakit.sample import all_coalitions, orders, shapley_weights

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from numpy.typing import NDArray

    from sipakit.explainer import Unit
    from sipakit.intervene import Mix
    from sipakit.task import Task

__all__ = ["Shapley"]


@dataclass(frozen=True)
class _Walks:
    """Draws: number, explained row and background rows of each, and its orders (d, orders, u)."""

    draw: NDArray[np.intp]
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
    groups : name -> list of columns, optional
        Columns that join a coalition together.
    background : table, optional
        Whose mean prediction the values start from, used whole; the explained rows by default, with a caveat.
    output : str or list, optional
        See `sipakit.adapt`.
    estimator : "auto", "enumeration" or "permutation", default "auto"
        All coalitions, which is exact; or pairs of an order and its reverse. "auto" enumerates where that costs at
        most 16 384 model rows an explained row (or the budget's share).
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
    A draw is one background row, with all coalitions or with equally many orders and their reverses. Where there are
    more background rows than orders, a draw is one order that starts at one background row and its reverse from that
    row's nearest neighbour; the rows drawn are spread over the sorted predictions, and the values are shifted, in
    proportion to their variances, so that they add up from the whole background's mean. The standard error is the
    spread over draws: the finite background, and the orders. A background of one row is taken as given, and only the
    orders have an error. With a tolerance, each background row (up to 512 of them) has two orders or more, so that the
    orders' part of the variance is known, or draws take a row of their own stratum of the sorted predictions each time;
    the draws are repeated for the rows that need it.

    Cost
    ----
    Enumeration: 2^p - 2 model rows a background row. Permutations: 2 (p - 1) an order; by default at least
    128 orders, equally many for each background row, and one each for 128 to 512 of these.

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
    mixes_tables: ClassVar[bool] = True
    background_matters: ClassVar[bool] = True
    breaks_dependence: ClassVar[bool] = True
    unit: ClassVar[Unit] = "row"
    estimators: ClassVar[tuple[str, ...]] = ("enumeration", "permutation")
    question: ClassVar[str] = "How do the features share a prediction's distance from the mean prediction?"
    references: ClassVar[tuple[str, ...]] = (
        "Strumbelj and Kononenko (2014), Explaining predictions and models. doi:10.1007/s10115-013-0679-x",
        "Mitchell, Cooper, Frank and Holmes (2022), Sampling permutations for Shapley values. arXiv:2104.12199",
    )

    def design(self, task: Task) -> Layout:
        """Choose the estimator, and deal the background rows to draws."""
        return lay_out(task, self.estimator, self.random_state)

    def estimator_of(self, task: Task) -> str:
        """All coalitions, or orders drawn."""
        return str(task.design.estimator)

    def start(self, task: Task) -> Combined:
        """Moments over draws of every row and feature, and of the orders' part of their variance if it is wanted."""
        cells = task.n * len(task.features)
        names = ("draws", "within") if task.design.apart else ("draws",)
        return Combined({name: Moments.zero(cells, task.k) for name in names})

    def next_round(self, task: Task, state: Combined, number: int) -> Round | None:
        """Ask for all draws of the first row, then of the second, and so on; again where the tolerance wants it."""
        layout: Layout = task.design
        each = layout.rows(len(task.features))
        if number == 0:
            return Round(draws=task.n * len(layout), rows=each)
        if task.tolerance is None or layout.estimator == "enumeration":
            return None
        again = Errors.of(layout, state).rows_again(task, layout)
        return Round(draws=len(again) * len(layout), rows=each, note=again) if len(again) else None

    def chance(self, task: Task, state: Combined) -> NDArray[np.float64] | None:
        """Return the orders' part of the error; that of the background drawn, too, where not all of it is used."""
        return None if task.design.estimator == "enumeration" else Errors.of(task.design, state).chance

    def sample(self, task: Task, round_: Round, index: NDArray[np.intp], rng: np.random.Generator) -> _Walks:
        """Draw the orders; an enumeration needs none."""
        layout: Layout = task.design
        row, draw = np.divmod(index, len(layout))
        if round_.note is not None:
            row = round_.note[row]
        u, d = len(task.features), len(index)
        order = orders(d * layout.orders, u, rng).reshape(d, layout.orders, u)
        return _Walks(draw, row, layout.donors_of(draw, rng), order)

    def intervene(self, task: Task, sample: _Walks) -> Mix:
        """Background row z, but the coalition's features come from the explained row x."""
        u, m = len(task.features), task.design.orders
        if m:
            takes, which = _joined(sample.order.reshape(-1, u)), None
            z = np.repeat(np.repeat(sample.donors, m, axis=0), u - 1, axis=1).ravel()
        else:
            takes, which = all_coalitions(u)[1:-1], np.tile(np.arange(2**u - 2), len(sample.row))
            z = np.repeat(sample.donors[:, 0], 2**u - 2)
        return task.mix(
            base=(task.background, z),
            donor=(task.rows, np.repeat(sample.row, len(z) // max(len(sample.row), 1))),
            take=takes if len(takes) else np.zeros((1, u), bool),
            which=which,
        )

    def aggregate(self, task: Task, sample: _Walks, answers: NDArray[np.float64]) -> dict[str, Update]:
        """One value a draw and feature, and how much it owes to the orders."""
        layout: Layout = task.design
        u, d = len(task.features), len(sample.row)
        gains = (_walked if layout.orders else _enumerated)(task, sample, answers.reshape(d, -1, task.k))
        cells = (sample.row[:, None] * u + np.arange(u)).ravel()
        weights = np.repeat(layout.weights[sample.draw], u)
        seen = {"draws": Update(cells, gains.mean(axis=1).reshape(-1, task.k), weights)}
        if layout.apart:
            within = gains.var(axis=1, ddof=1) / layout.orders
            seen["within"] = Update(cells, within.reshape(-1, task.k), weights**2)  # as they enter a mean's variance
        return seen

    def conclude(self, task: Task, state: Combined) -> Attributions:
        """Return the values with their standard errors, adding up from the whole background's mean."""
        layout: Layout = task.design
        shape = (task.n, len(task.features), task.k)
        errors = Errors.of(layout, state)
        values, std_error = state.arrays()["draws.mean"].reshape(shape), errors.std_error.reshape(shape)
        base, base_error = base_values(task)
        if layout.behind == 1:
            base_error = np.zeros_like(base_error)
            std_error = std_error if layout.orders else np.zeros(shape)
        # what is missing from the sum goes where it is likely to be from: nothing to a feature that is not used
        variance = np.where(np.isfinite(std_error), std_error, 1.0) ** 2
        share = variance / np.maximum(variance.sum(axis=1, keepdims=True), 1e-300)
        values = values + share * completeness_gap(task, base, values)[:, None]
        df = errors.df.reshape(shape[:2])[:, :, None]
        return Attributions(
            **self.about(task),
            estimate=Estimate.within(values, std_error, conf_level=self.conf_level, df=df),
            error=_covers(layout),
            estimator=layout.estimator,
            caveats=tuple(_caveats(task)),
            base_values=base,
            base_std_error=base_error,
            predictions=task.known_predictions,
            row_values=row_values(task),
            rows=np.arange(task.n),
            completeness_gap=completeness_gap(task, base, values),
        )


def _covers(layout: Layout) -> str:
    if layout.behind == 1:
        drawn = "The orders drawn" if layout.orders else "None, since all coalitions were enumerated"
        return f"{drawn}; the one background row and the model are taken as given."
    drawn = ", and the orders drawn" if layout.orders else "; all coalitions were enumerated"
    return f"The background as a sample{drawn}. The model is taken as given."


def _joined(order: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Coalitions met on a walk and on the walk back: (d 2 (u - 1), u), ends left out."""
    u = order.shape[1]
    rank = np.argsort(order, axis=1)
    steps = np.arange(1, u)[:, None]
    ahead = rank[:, None, :] < steps  # the first s features of the order have joined
    back = rank[:, None, :] >= u - steps  # the last s features have
    return np.concatenate([ahead, back], axis=1).reshape(-1, u)


def _ends(
    task: Task, rows: NDArray[np.intp], donors: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """f(z) and f(x) of each draw, which were predicted once: (d, 1, k) each."""
    return task.known_background_predictions[donors][:, None], task.known_predictions[rows][:, None]


def _enumerated(task: Task, sample: _Walks, f: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shapley values of each draw's game, exactly: (d, 1, u, k)."""
    nobody, everybody = _ends(task, sample.row, sample.donors[:, 0])
    games = np.concatenate([nobody, f, everybody], axis=1)
    values = np.empty((len(games), len(task.features), task.k))
    for j, weights in enumerate(shapley_weights(len(task.features))):
        joined = np.flatnonzero(weights > 0)  # sets are numbered by their bits
        values[:, j] = np.einsum("s,dsk->dk", weights[joined], games[:, joined] - games[:, joined - 2**j])
    return values[:, None]


def _walked(task: Task, sample: _Walks, f: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean gain of every feature on each of a draw's walks and the walk back: (d, orders, u, k)."""
    d, m, u = sample.order.shape
    order, row = sample.order.reshape(-1, u), np.repeat(sample.row, m)
    met = f.reshape(d * m, 2, u - 1, task.k)
    total = np.zeros((d * m, u, task.k))
    for side, walked in enumerate((order, order[:, ::-1])):
        nobody, everybody = _ends(task, row, np.repeat(sample.donors[:, side], m))
        steps = np.diff(np.concatenate([nobody, met[:, side], everybody], axis=1), axis=1)
        gains = np.empty_like(steps)
        np.put_along_axis(gains, walked[:, :, None], steps, axis=1)
        total += gains / 2
    return total.reshape(d, m, u, task.k)


def _caveats(task: Task) -> list[Caveat]:
    layout: Layout = task.design
    found = []
    if layout.used < layout.behind:
        message = f"{layout.used:,} of {layout.behind:,} background rows were used for each row, spread over their"
        cure = "Raise the budget, or choose a smaller background yourself."
        found.append(caveat("SIPA025", f"{message} predictions. The values add up from the mean of all of them.", cure))
    behind = task.background.row_hashes
    if bool((behind == behind[0]).all()) and bool((task.rows.row_hashes == behind[0]).all()):
        found.append(caveat("SIPA031", "All values are zero.", "Pass background=, usually the training table."))
    return found
