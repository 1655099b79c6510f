"""Integrated gradients: the derivative, added up along the straight way from the background."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from scipy.special import roots_legendre

from sipakit.aggregate import Collected, Moments, State, Update, effective_count
from sipakit.caveats import Caveat, caveat
from sipakit.errors import first_few
from sipakit.estimate import Estimate
from sipakit.explainer import Explainer, Round
from sipakit.explainers.attribution import (
    base_values,
    completeness_gap,
    finite_numbers,
    incomplete,
    row_values,
    row_weights,
)
from sipakit.explanation import Attributions

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from numpy.typing import NDArray

    from sipakit.explainer import Unit
    from sipakit.intervene import Mix
    from sipakit.task import Task

__all__ = ["IntegratedGradients"]

_ENOUGH = 512  # gradient rows a row, by default and at least
_FEWEST = 20  # steps on each way, by default and at least: fewer leave gaps of more than 1 %


@dataclass(frozen=True)
class _Ways:
    """Where the steps lie on the way from each background row, and what they count.

    Parameters
    ----------
    rows, behind : (n, p), (b, p)
        Both tables as numbers.
    places : (b, K)
        Fractions of the way.
    weights : (s, K)
        The rule; for a single background row followed by rules on every fourth of its steps.
    """

    rows: NDArray[np.float64]
    behind: NDArray[np.float64]
    places: NDArray[np.float64]
    weights: NDArray[np.float64]

    def ends(self, draws: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return the explained row and the background row of each draw."""
        row, behind = np.divmod(draws, len(self.behind))
        return row, behind


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class IntegratedGradients(Explainer):
    """Integrated gradients against the whole background, also called expected gradients.

    The prediction changes along the straight way from a background row to the explained row; each
    column is credited with its own part of that change, the integral of its derivative. The
    background's rows are averaged, which answers the same question as `Shapley` with the same
    background (the two agree where columns interact in products of different columns only). A
    background of one row is the classic method with that row as its baseline.

    Parameters
    ----------
    groups : mapping of name to columns, optional
        Columns whose parts are summed.
    background : table, needed
        Where the ways start; every row is used.
    output : str or list, optional
        See `sipakit.adapt`.
    n_steps : int, optional
        Gradient rows for each pair of an explained and a background row; by default so many that
        an explained row gets 512 gradient rows, and every way 20 steps, at least.
    conf_level : float, default 0.95
        Nominal coverage of the intervals.
    random_state : int, default 0
        Seed of all that is drawn: equal seeds give equal bits.

    Returns
    -------
    Attributions
        ``values`` is (rows, features, outputs), in units of the prediction.

    Raises
    ------
    CapabilityError
        If the model has no gradients.
    InputError
        For missing or infinite cells, which are on no straight way.

    Notes
    -----
    With several background rows the steps are evenly spaced, each way being shifted by a fraction
    of a step; the shifts are stratified over the background, so few steps a way suffice. The
    standard error is the spread over the background rows: it covers their choice and the steps.

    With one background row the steps are Gauss-Legendre nodes, and the standard error is that of
    the integral alone: from the spread of four rules that each use every fourth node, scaled for a
    derivative that jumps (as of a ReLU network; it is much too large for a smooth one), or from
    what is missing from the sum, whichever is larger.

    Cost
    ----
    n b n_steps gradient rows, and n + b model rows; a gradient row is a forward pass and one
    backward pass an output.

    References
    ----------
    Sundararajan, Taly and Yan (2017), arXiv:1703.01365
    Erion, Janizek, Sturmfels, Lundberg and Lee (2021), doi:10.1038/s42256-021-00343-w

    Examples
    --------
    >>> import numpy as np, torch, sipakit as sp
    >>> class Product(torch.nn.Module):
    ...     def forward(self, x):
    ...         return x[:, 0] * x[:, 1]
    >>> e = sp.IntegratedGradients(background=np.zeros((1, 2))).explain(Product(), np.ones((1, 2)))
    >>> e.values[0, :, 0].round(6).tolist()
    [0.5, 0.5]
    """

    groups: Mapping[Hashable, Sequence[Hashable]] | None = None
    background: Any = None
    output: Any = None
    n_steps: int | None = None
    conf_level: float = 0.95
    random_state: int = 0

    # Every column moves along the way: without one of them the parts would not add up.
    features: ClassVar[None] = None
    uses: ClassVar[frozenset[str]] = frozenset({"rows", "background"})
    needs: ClassVar[frozenset[str]] = frozenset({"background", "gradient"})
    unit: ClassVar[Unit] = "row"
    kinds: ClassVar[frozenset[str]] = frozenset({"number", "ordered"})
    question: ClassVar[str] = "How much does each feature move the prediction from the background's?"
    references: ClassVar[tuple[str, ...]] = (
        "Sundararajan, Taly and Yan (2017), Axiomatic attribution for deep networks. arXiv:1703.01365",
        (
            "Erion et al. (2021), Improving performance of deep learning models with axiomatic attribution priors and"
            " expected gradients. doi:10.1038/s42256-021-00343-w"
        ),
    )

    def design(self, task: Task) -> _Ways:
        """Both tables as numbers, and the steps of every way."""
        b = len(task.background)
        steps = self.n_steps or max(_FEWEST, -(-_ENOUGH // b))
        rows, behind = finite_numbers(task.rows, "X"), finite_numbers(task.background, "background")
        if b == 1:
            return _Ways(rows, behind, *_gauss_legendre(steps))
        rng = np.random.default_rng(self.random_state)
        shifts = (rng.permutation(b) + rng.random(b)) / b
        places = (np.arange(steps) + shifts[:, None]) / steps
        return _Ways(rows, behind, places, np.full((1, steps), 1 / steps))

    def start(self, task: Task) -> State:
        """Moments over the background of every row and feature; for one way, what each rule says."""
        cells = task.n * len(task.features)
        if len(task.background) == 1:
            return Collected.zero(cells, 1 + len(task.design.weights), task.k)
        return Moments.zero(cells, task.k)

    def next_round(self, task: Task, state: State, number: int) -> Round | None:
        """Ask once about every pair of an explained and a background row."""
        draws = task.n * len(task.background)
        return Round(draws=draws, rows=task.design.places.shape[1]) if number == 0 else None

    def sample(
        self,
        task: Task,
        round_: Round,
        index: NDArray[np.intp],
        rng: np.random.Generator,
    ) -> NDArray[np.intp]:
        """Pairs number ``index``."""
        return index

    def intervene(self, task: Task, sample: NDArray[np.intp]) -> Mix:
        """Background row, but all features are at a fraction of the way to the explained row."""
        ways: _Ways = task.design
        row, behind = ways.ends(sample)
        steps = ways.places.shape[1]
        fractions = ways.places[behind].ravel()
        return task.mix(
            base=(task.background, np.repeat(behind, steps)),
            donor=(task.rows, np.repeat(row, steps)),
            take=np.repeat(fractions[:, None], len(task.features), axis=1),
            which=np.arange(len(fractions)),
        )

    def aggregate(self, task: Task, sample: NDArray[np.intp], answers: NDArray[np.float64]) -> Update:
        """For each pair and feature: the length of the way times the mean derivative on it."""
        ways: _Ways = task.design
        row, behind = ways.ends(sample)
        u = len(task.features)
        along = answers.reshape(len(sample), ways.places.shape[1], -1)
        mean = ways.weights @ along  # (d, rules, p k)
        length = ways.rows[row] - ways.behind[behind]
        cells = (row[:, None] * u + np.arange(u)).ravel()
        if len(task.background) > 1:
            values = _by_feature(task, length, mean)
            return Update(cells, values[:, 0], np.repeat(task.background_weights[behind], u))
        travelled = _by_feature(task, np.abs(length), ways.weights[:1] @ np.abs(along))
        return Update(cells, np.hstack([_by_feature(task, length, mean), travelled]))

    def conclude(self, task: Task, state: Moments | Collected) -> Attributions:
        """Means over the background, their errors, and what is missing from the sums."""
        base, base_error = base_values(task)
        if isinstance(state, Moments):
            estimate, error, estimator = self._over_background(task, state)
        else:  # the one background row is meant as it is, not as a sample
            base_error = np.zeros(task.k)
            estimate, error, estimator = self._along_one_way(task, state, base)
        gap = completeness_gap(task, base, estimate.values)
        return Attributions(
            **self.about(task),
            estimate=estimate,
            error=error,
            estimator=estimator,
            caveats=tuple(_caveats(task, gap)),
            base_values=base,
            base_std_error=base_error,
            predictions=task.known_predictions,
            row_values=row_values(task),
            rows=np.arange(task.n),
            completeness_gap=gap,
            weights=row_weights(task),
            shared_errors=isinstance(state, Moments),  # one baseline is taken as given
        )

    def chance(self, task: Task, state: Moments | Collected) -> NDArray[np.float64]:
        """Return the error of the integral along one way; among many, it cannot be told from the background's."""
        if isinstance(state, Moments):
            return np.full(state.mean.shape, np.inf)
        return self._along_one_way(task, state, base_values(task)[0])[0].std_error

    def _over_background(self, task: Task, state: Moments) -> tuple[Estimate, str, str]:
        shape = (task.n, len(task.features), task.k)
        b, steps = task.design.places.shape
        weights = task.background_weights
        df = float(effective_count(weights.sum(), (weights**2).sum())) - 1
        values, std_error = state.mean.reshape(shape), state.std_error().reshape(shape)
        estimate = Estimate.within(values, std_error, conf_level=self.conf_level, df=df)
        error = "Choice of the background rows, and the steps; the model is taken as given."
        return estimate, error, f"{steps} shifted steps on the way from each of {b:,} background rows"

    def _along_one_way(self, task: Task, state: Collected, base: NDArray[np.float64]) -> tuple[Estimate, str, str]:
        shape = (task.n, len(task.features), task.k)
        steps, rules = task.design.places.shape[1], len(task.design.weights) - 1
        values, travelled = state.values[:, 0].reshape(shape), state.values[:, -1].reshape(shape)
        length = np.sqrt((travelled**2).sum(axis=1, keepdims=True))
        share = np.divide(travelled, length, out=np.zeros(shape), where=length > 0)
        std_error = share * np.abs(completeness_gap(task, base, values))[:, None] if rules else np.full(shape, np.inf)
        if rules:  # where a derivative jumps, the error of a rule grows with the distance of its steps
            away = ((state.values[:, 1:-1] - state.values[:, :1]) ** 2).mean(axis=1).reshape(shape)
            std_error = np.maximum(std_error, np.sqrt(away / (rules**2 - 1)))
        estimate = Estimate.within(values, std_error, conf_level=self.conf_level, df=rules - 1)
        error = "The integral along the way; the background row and the model are taken as given."
        return estimate, error, f"Gauss-Legendre rule with {steps} steps from one background row"


def _by_feature(task: Task, length: NDArray[np.float64], mean: NDArray[np.float64]) -> NDArray[np.float64]:
    """(d u, rules, k) lengths (d, p) times mean derivatives (d, rules, p k), summed over each feature's columns."""
    split = mean.reshape(*mean.shape[:2], -1, task.k)
    parts = task.membership.astype(np.float64) @ (length[:, None, :, None] * split)
    return np.asarray(parts.transpose(0, 2, 1, 3)).reshape(-1, mean.shape[1], task.k)


def _gauss_legendre(steps: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Places (1, K) on the way, and weights: of the rule, and of rules on every fourth of its steps.

    Every fourth node of a Gauss-Legendre rule is spread like the nodes of a rule again, so the
    weights that make it exact for polynomials of its size are positive.
    """
    nodes, weights = roots_legendre(steps)
    apart = min(4, steps)
    rules = [weights / 2]
    for first in range(apart) if apart > 1 else ():
        some = nodes[first::apart]
        basis = np.polynomial.legendre.legvander(some, len(some) - 1)
        rule = np.zeros(steps)
        rule[first::apart] = np.linalg.solve(basis.T, np.eye(len(some))[0])
        rules.append(rule)
    return (nodes[None] + 1) / 2, np.array(rules)


def _caveats(task: Task, gap: NDArray[np.float64]) -> list[Caveat]:
    cure = "Raise n_steps; where that does not help, the network rounds a column and has no derivative there."
    found = incomplete(task, gap, cure)
    if len(task.background) == 1:
        same = np.flatnonzero(task.rows.row_hashes == task.background.row_hashes[0])
        if len(same):
            message = f"Rows {first_few(same.tolist())} have no way to go; their attributions are zero."
            found.append(caveat("SIPA031", message))
        if task.design.places.shape[1] == 1:
            message = "One step leaves nothing to compare with; the intervals are infinite."
            found.append(caveat("SIPA011", message))
    return found
