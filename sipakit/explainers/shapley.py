"""Shapley values: a fair division of a prediction's distance from the mean prediction among the features."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from sipakit.aggregate import Combined, Moments, Update
from sipakit.caveats import Caveat, caveat
from sipakit.estimate import Estimate
from sipakit.explainer import Explainer, Round
from sipakit.explainers.attribution import base_values, completeness_gap, row_values, row_weights
from sipakit.explainers.shapley_conditional import about_law, law_of
from sipakit.explainers.shapley_layout import Errors, Layout, lay_out
from sipakit.explanation import Attributions
from sipakit.sample import all_coalitions, orders, shapley_weights, walks

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from numpy.typing import NDArray

    from sipakit.aggregate import State
    from sipakit.explainer import Unit
    from sipakit.explainers.shapley_regression import Fits
    from sipakit.intervene import Mix
    from sipakit.task import Feature, Task

__all__ = ["Shapley"]


@dataclass(frozen=True)
class _Draws:
    """Draws: number, explained row and background rows of each, and its orders (d, orders, u).

    The features of a regression have one order, in which they take the places of those that the fits were prepared for.
    """

    draw: NDArray[np.intp]
    row: NDArray[np.intp]
    donors: NDArray[np.intp]
    order: NDArray[np.intp]


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Shapley(Explainer):
    """Shapley values of each prediction, interventional (marginal) or conditional.

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
    estimator : "auto", "enumeration", "permutation" or "regression", default "auto"
        All coalitions, which is exact; pairs of an order and its reverse; or least squares on pairs of a coalition and
        its complement. "auto" enumerates where that costs at most 16 384 model rows an explained row (or the budget's
        share), and else takes the regression if there are at least p + 3 pairs a background row.
    value_function : "marginal" or "conditional", default "marginal"
        Whether the features outside of a coalition stay as they are in the background row, or follow from those inside:
        by a Gaussian copula if every column has an order and no missing cell, or by near rows of the background.
    replicates : int, default 0
        Parts into which the draws are dealt, each with values of its own, which are kept beside those of all draws.
        They tell how errors go together: `Attributions.importance` and `Attributions.rank_stability` use them. 16 are
        usually enough; they take as many times the memory of the values.
    conf_level : float, default 0.95
        Nominal coverage of the intervals.
    random_state : int, default 0
        Seed of all that is drawn: equal seeds give equal bits.

    Returns
    -------
    Attributions
        ``values`` is (rows, features, outputs), in units of the prediction; with ``base_values`` they add up to the
        prediction.

    Raises
    ------
    BudgetError
        If the budget does not reach for two draws an explained row (four fits of a regression, if there are as many
        background rows), or for the enumeration that was asked for.

    Notes
    -----
    A draw is one background row, with all coalitions or with equally many orders and their reverses. Where there are
    more background rows than orders, a draw is one order that starts at one background row and its reverse from that
    row's nearest neighbour, or from itself for the least alike where orders are left; the rows drawn are spread over
    the sorted predictions, and the values are shifted, in proportion to their variances, so that they add up from the
    whole background's mean. The standard error is the
    spread over draws: the finite background, and the orders. A background of one row is taken as given, and only the
    orders have an error. With a tolerance, each background row (up to 512 of them) has two orders or more, so that the
    orders' part of the variance is known, or draws take a row of their own stratum of the sorted predictions each time;
    the draws are repeated for the rows that need it.

    A regression is fitted to the game of each background row, with coalitions of its own; those of all rows together
    are dealt evenly. Coalitions of few and of many features are the more frequent ones ("leverage"). Products of three
    features are random effects, common ones of all rows and a row's own, or fitted outright where there are pairs
    enough. The values add up in every fit. The part of the error that is due to the coalitions drawn follows from how
    far each is from its prediction by the others; the fits' bias is of a smaller order. With few more pairs than
    features it is told less well: too small for features that matter, where most do not. Where a budget reaches for
    fewer fits than background rows, each is fitted to a row drawn from its stratum of the sorted predictions. The parts
    ``std_error_background`` and ``std_error_draws``, and the interval by the draws alone, ``lower_draws`` to
    ``upper_draws``, are NaN where each background row has one order.

    The conditional game of one background row z is v_z(S) = f(x on S, z* elsewhere), where z* is what z becomes if x is
    known on S. By the copula, scores of z move by Matheron's rule, and cells are read off the background's quantiles;
    columns of whole numbers, dates and levels take values that occur. By near rows, z* is a row of the background,
    drawn by weights that fall with its distance to x on S. Nobody's and everybody's coalition stay f(z) and f(x). The
    law that was fitted is taken as given by the error.

    Cost
    ----
    Enumeration: 2^p - 2 model rows a background row. Permutations: 2 (p - 1) an order; by default at least
    128 orders, equally many for each background row, and one each for 128 to 512 of these. Regression: 2 a pair of
    coalitions; by default 5 p pairs for each background row, of which 512 are used at most, and more for few rows.

    References
    ----------
    Strumbelj and Kononenko (2014), doi:10.1007/s10115-013-0679-x; Mitchell, Cooper, Frank and Holmes (2022),
    arXiv:2104.12199; Covert and Lee (2021), arXiv:2012.01536; Musco and Witter (2025), arXiv:2410.01917;
    Robinson (1991), doi:10.1214/ss/1177011926; Aas, Jullum and Loland (2021), doi:10.1016/j.artint.2021.103502

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
    value_function: str = "marginal"
    replicates: int = 0
    conf_level: float = 0.95
    random_state: int = 0

    uses: ClassVar[frozenset[str]] = frozenset({"rows", "background"})
    mixes_tables: ClassVar[bool] = True
    background_matters: ClassVar[bool] = True
    breaks_dependence: ClassVar[bool] = True
    adds_draws: ClassVar[bool] = True
    unit: ClassVar[Unit] = "row"
    estimators: ClassVar[tuple[str, ...]] = ("enumeration", "permutation", "regression")
    question: ClassVar[str] = "How do the features share a prediction's distance from the mean prediction?"
    references: ClassVar[tuple[str, ...]] = (
        "Strumbelj and Kononenko (2014), Explaining predictions and models. doi:10.1007/s10115-013-0679-x",
        "Mitchell, Cooper, Frank and Holmes (2022), Sampling permutations for Shapley values. arXiv:2104.12199",
        "Covert and Lee (2021), Improving KernelSHAP: practical Shapley value estimation. arXiv:2012.01536",
        "Musco and Witter (2025), Provably accurate Shapley value estimation via leverage scores. arXiv:2410.01917",
        "Aas, Jullum and Loland (2021), Explaining predictions when features depend. doi:10.1016/j.artint.2021.103502",
    )

    def design(self, task: Task) -> Layout:
        """Choose the estimator, and deal the background rows to draws."""
        return lay_out(task, self.estimator, self.random_state)

    def estimator_of(self, task: Task) -> str:
        """All coalitions, or orders or coalitions drawn."""
        return str(task.design.estimator)

    def start(self, task: Task) -> Combined:
        """Moments over draws of every row and feature, and of the part of their variance that is the draws' own."""
        cells = task.n * len(task.features)
        names = ("draws", "within") if task.design.apart else ("draws",)
        states: dict[str, State] = {name: Moments.zero(cells, task.k) for name in names}
        if parts := self._parts(task):
            states["parts"] = Moments.zero(cells * parts, task.k)
        return Combined(states)

    def next_round(self, task: Task, state: Combined, number: int) -> Round | None:
        """Ask for all draws of the first row, then of the second, and so on; again where the tolerance wants it."""
        layout: Layout = task.design
        each = layout.rows(len(task.features))
        if number == 0:
            rows = np.repeat(np.arange(task.n), layout.times) if layout.times > 1 else None
            return Round(draws=task.n * layout.times * len(layout), rows=each, note=rows)
        if task.tolerance is None or layout.estimator == "enumeration":
            return None
        again = Errors.of(layout, state).rows_again(task, layout)
        return Round(draws=len(again) * len(layout), rows=each, note=again) if len(again) else None

    def chance(self, task: Task, state: Combined) -> NDArray[np.float64] | None:
        """Return the orders' part of the error; that of the background drawn, too, where not all of it is used."""
        return None if task.design.estimator == "enumeration" else Errors.of(task.design, state).chance

    def sample(self, task: Task, round_: Round, index: NDArray[np.intp], rng: np.random.Generator) -> _Draws:
        """Draw the orders; an enumeration needs none."""
        layout: Layout = task.design
        row, draw = np.divmod(index, len(layout))
        if round_.note is not None:
            row = round_.note[row]
        u, d = len(task.features), len(index)
        if layout.fits is not None:
            order = self._places(round_, index // len(layout), u)
        else:
            order = orders(d * layout.orders, u, rng).reshape(d, layout.orders, u)
        return _Draws(draw, row, layout.donors_of(draw, rng), order)

    def _places(self, round_: Round, block: NDArray[np.intp], u: int) -> NDArray[np.intp]:
        """(d, 1, u) an order of the features for each explained row, whose draws share it."""
        each, own = np.unique(block, return_inverse=True)
        # of the explained row and not of the slice, which may end within it
        seeds = [[self.random_state, round_.number, one] for one in each.tolist()]
        return np.array([np.random.default_rng(seed).permutation(u) for seed in seeds])[own, None]

    def intervene(self, task: Task, sample: _Draws) -> Mix:
        """Background row z, but the coalition's features come from the explained row x."""
        u, layout, which = len(task.features), task.design, None
        if layout.orders:
            takes = walks(sample.order.reshape(-1, u))
            z = np.repeat(np.repeat(sample.donors, layout.orders, axis=0), u - 1, axis=1).ravel()
        elif layout.fits is not None:
            takes = _paired(layout.fits, sample)
            z = np.repeat(sample.donors[:, 0], layout.rows(u))
        else:
            takes, which = all_coalitions(u)[1:-1], np.tile(np.arange(2**u - 2), len(sample.row))
            z = np.repeat(sample.donors[:, 0], 2**u - 2)
        mix = task.mix(
            base=(task.background, z),
            donor=(task.rows, np.repeat(sample.row, len(z) // max(len(sample.row), 1))),
            take=takes if len(takes) else np.zeros((1, u), bool),
            which=which,
            apart=layout.asks_once,
        )
        return mix if self.value_function == "marginal" else law_of(task, self.random_state).conditioned(mix)

    def moved_apart(self, task: Task) -> Sequence[Feature]:
        """Return the features, unless those that stay follow from those that move."""
        return task.features if self.value_function == "marginal" else ()

    def mixes(self) -> bool:
        """Return whether virtual rows mix the two tables: conditional ones have cells of their own."""
        return self.value_function == "marginal"

    def aggregate(self, task: Task, sample: _Draws, answers: NDArray[np.float64]) -> dict[str, Update]:
        """One value a draw and feature, and how much it owes to the orders."""
        layout: Layout = task.design
        u, d = len(task.features), len(sample.row)
        games = answers.reshape(d, -1, task.k)
        if layout.fits is not None:
            values, within = _fitted(task, sample, games)
        else:
            gains = (_walked if layout.orders else _enumerated)(task, sample, games)
            values = gains.mean(axis=1)
            within = gains.var(axis=1, ddof=1) / layout.orders if layout.apart else np.zeros_like(values)
        cells = (sample.row[:, None] * u + np.arange(u)).ravel()
        weights = np.repeat(layout.weights[sample.draw], u)
        seen = {"draws": Update(cells, values.reshape(-1, task.k), weights)}
        if layout.apart:
            seen["within"] = Update(cells, within.reshape(-1, task.k), weights**2)  # as they enter a mean's variance
        if parts := self._parts(task):
            part = np.random.default_rng([self.random_state, parts]).permutation(len(layout)) % parts
            seen["parts"] = replace(seen["draws"], cells=cells * parts + np.repeat(part[sample.draw], u))
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
            std_error = np.zeros(shape) if layout.estimator == "enumeration" else std_error
        # what is missing from the sum goes where it is likely to be from: nothing to a feature that is not used
        variance = np.where(np.isfinite(std_error), std_error, 1.0) ** 2
        share = variance / np.maximum(variance.sum(axis=1, keepdims=True), 1e-300)
        values = values + share * completeness_gap(task, base, values)[:, None]
        df = errors.df.reshape(shape[:2])[:, :, None]
        drawn, behind = (part.reshape(shape) for part in errors.parts(layout))
        by_draws = Estimate.within(values, drawn, conf_level=self.conf_level, df=errors.chance_df.reshape(shape))
        parts = {
            "std_error_background": behind,
            "std_error_draws": drawn,
            "lower_draws": by_draws.lower,
            "upper_draws": by_draws.upper,
        }
        by, given, found = about_law(task, self.random_state) if self.value_function == "conditional" else ("", "", [])
        return Attributions(
            **self.about(task),
            estimate=Estimate.within(values, std_error, conf_level=self.conf_level, df=df, parts=parts),
            error=_covers(layout) + given,
            estimator=layout.estimator + by,
            caveats=(*_caveats(task), *found),
            base_values=base,
            base_std_error=base_error,
            predictions=task.known_predictions,
            row_values=row_values(task),
            rows=np.arange(task.n),
            completeness_gap=completeness_gap(task, base, values),
            weights=row_weights(task),
            replicates=self._replicates(task, state),
            shared_errors=layout.behind > 1,
        )

    def _parts(self, task: Task) -> int:
        """Return how many parts of the draws are kept: each has one draw at least."""
        return min(self.replicates, len(task.design)) if len(task.design) > 1 else 0

    def _replicates(self, task: Task, state: Combined) -> NDArray[np.float64] | None:
        """(g, n, u, k) values by one part of the draws each, which add up as the values do but for a shift."""
        parts = self._parts(task)
        if not parts:
            return None
        means = state.arrays()["parts.mean"].reshape(task.n, len(task.features), parts, task.k)
        return np.ascontiguousarray(np.moveaxis(means, 2, 0))


def _covers(layout: Layout) -> str:
    drawn = {"permutation": "orders", "regression": "coalitions"}.get(layout.estimator)
    if layout.behind == 1:
        covered = f"The {drawn} drawn" if drawn else "None, since all coalitions were enumerated"
        return f"{covered}; the one background row and the model are taken as given."
    covered = f", and the {drawn} drawn" if drawn else "; all coalitions were enumerated"
    return f"The background as a sample{covered}. The model is taken as given."


def _ends(
    task: Task, rows: NDArray[np.intp], donors: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """f(z) and f(x) of each draw, which were predicted once: (d, 1, k) each."""
    return task.known_background_predictions[donors][:, None], task.known_predictions[rows][:, None]


def _enumerated(task: Task, sample: _Draws, f: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shapley values of each draw's game, exactly: (d, 1, u, k)."""
    nobody, everybody = _ends(task, sample.row, sample.donors[:, 0])
    games = np.concatenate([nobody, f, everybody], axis=1)
    values = np.empty((len(games), len(task.features), task.k))
    for j, weights in enumerate(shapley_weights(len(task.features))):
        joined = np.flatnonzero(weights > 0)  # sets are numbered by their bits
        values[:, j] = np.einsum("s,dsk->dk", weights[joined], games[:, joined] - games[:, joined - 2**j])
    return values[:, None]


def _walked(task: Task, sample: _Draws, f: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean gain of every feature on each of a draw's walks and the walk back: (d, orders, u, k)."""
    d, m, u = sample.order.shape
    order, row = sample.order.reshape(-1, u), np.repeat(sample.row, m)
    there, back = np.moveaxis(f.reshape(d * m, 2, u - 1, task.k), 1, 0)
    total = np.zeros((d * m, u, task.k))
    for side, (walked, met) in enumerate(((order, there), (order[:, ::-1], back[:, ::-1]))):
        nobody, everybody = _ends(task, row, np.repeat(sample.donors[:, side], m))
        steps = np.diff(np.concatenate([nobody, met, everybody], axis=1), axis=1)
        gains = np.empty_like(steps)
        np.put_along_axis(gains, walked[:, :, None], steps, axis=1)
        total += gains / 2
    return total.reshape(d, m, u, task.k)


def _paired(fits: Fits, sample: _Draws) -> NDArray[np.bool_]:
    """Coalitions of each draw's sample, then their complements: (d 2 q, u)."""
    sets = np.take_along_axis(fits.sets[sample.draw], sample.order, axis=2)
    return np.concatenate([sets, ~sets], axis=1).reshape(-1, sets.shape[2])


def _fitted(task: Task, sample: _Draws, f: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shapley values of each draw's game by least squares, and their variance by the coalitions drawn: (d, u, k)."""
    fits: Fits = task.design.fits
    nobody, everybody = (end[:, 0] for end in _ends(task, sample.row, sample.donors[:, 0]))
    found = np.empty((2, len(f), len(task.features), task.k))
    for one in np.unique(sample.draw):
        here = sample.draw == one
        found[:, here] = fits.values(int(one), f[here], (everybody - nobody)[here])
    values, within = np.take_along_axis(found, sample.order[..., None].reshape(1, len(f), -1, 1), axis=2)
    return values, within


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
