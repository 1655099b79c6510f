"""Integrated gradients: the derivative, added up along the straight way from the background."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from scipy.special import roots_legendre

from sipakit import columns as col
from sipakit.aggregate import Collected, Moments, State, Update, effective_count
from sipakit.caveats import Caveat, caveat
from sipakit.errors import InputError, first_few
from sipakit.estimate import Estimate
from sipakit.explainer import Explainer, Round
from sipakit.explainers.attribution import base_values, row_values
from sipakit.explanation import Attributions

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from numpy.typing import NDArray

    from sipakit.intervene import Mix
    from sipakit.table import Table
    from sipakit.task import Task

__all__ = ["IntegratedGradients"]

_ENOUGH = 512  # gradient rows a row, by default
_FEWEST = 4  # steps on each way, by default
_ALLOWED_GAP = 0.01  # of the difference to explain
_ROUNDING = 1e-5  # of the largest prediction: what networks in float32 cannot resolve


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
        The rule; for a single background row followed by the two rules on every other step.
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
        an explained row gets 512 of them or more, and 4 at least.
    conf_level : float, default 0.95
    random_state : int, default 0

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

    With one background row the steps are Gauss-Legendre nodes. The standard error is then that of
    the integral alone: the difference to the two rules which use every other node (their weights
    are positive), or the feature's share of what is missing from the sum, whichever is larger.

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
    kinds: ClassVar[frozenset[str]] = frozenset({"number", "ordered"})
    question: ClassVar[str] = "How much does each feature move the prediction from the background's?"
    references: ClassVar[tuple[str, ...]] = (
        "Sundararajan, Taly and Yan (2017), Axiomatic attribution for deep networks. arXiv:1703.01365",
        "Erion et al. (2021), Improving performance of deep learning models with axiomatic attribution"
        " priors and expected gradients. doi:10.1038/s42256-021-00343-w",
    )

    def design(self, task: Task) -> _Ways:
        """Both tables as numbers, and the steps of every way."""
        b = len(task.background)
        steps = self.n_steps or max(_FEWEST, -(-_ENOUGH // b))
        rows, behind = _finite(task.rows, "X"), _finite(task.background, "background")
        if b == 1:
            return _Ways(rows, behind, *_gauss_legendre(steps))
        rng = np.random.default_rng(self.random_state)
        shifts = (rng.permutation(b) + rng.random(b)) / b
        places = (np.arange(steps) + shifts[:, None]) / steps
        return _Ways(rows, behind, places, np.full((1, steps), 1 / steps))

    def start(self, task: Task) -> State:
        """Moments over the background of every row and feature; for one way, what each rule gives."""
        cells = task.n * len(task.features)
        if len(task.background) == 1:
            return Collected.zero(cells, len(task.design.weights), task.k)
        return Moments.zero(cells, task.k)

    def next_round(self, task: Task, state: State, number: int) -> Round | None:  # noqa: ARG002
        """Ask once about every pair of an explained and a background row."""
        draws = task.n * len(task.background)
        return Round(draws=draws, rows=task.design.places.shape[1]) if number == 0 else None

    def sample(
        self,
        task: Task,  # noqa: ARG002
        round_: Round,  # noqa: ARG002
        index: NDArray[np.intp],
        rng: np.random.Generator,  # noqa: ARG002 - the shifts are stratified over all draws
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
        d, u, k = len(sample), len(task.features), task.k
        along = answers.reshape(d, ways.places.shape[1], -1)
        mean = (ways.weights @ along).reshape(d, len(ways.weights), -1, k)  # (d, s, p, k)
        length = ways.rows[row] - ways.behind[behind]
        parts = task.membership.astype(np.float64) @ (length[:, None, :, None] * mean)
        cells = (row[:, None] * u + np.arange(u)).ravel()
        values = parts.transpose(0, 2, 1, 3).reshape(d * u, -1, k)
        if len(task.background) == 1:
            return Update(cells, values)
        return Update(cells, values[:, 0], np.repeat(task.background_weights[behind], u))

    def conclude(self, task: Task, state: Moments | Collected) -> Attributions:
        """Means over the background, their errors, and what is missing from the sums."""
        base, base_error = base_values(task)
        if isinstance(state, Moments):
            estimate, error, estimator = self._over_background(task, state)
        else:  # the one background row is meant as it is, not as a sample
            base_error = np.zeros(task.k)
            estimate, error, estimator = self._along_one_way(task, state, base)
        gap = _gap(task, base, estimate.values)
        return Attributions(
            **self.about(task),
            estimate=estimate,
            error=error,
            estimator=estimator,
            caveats=tuple(_caveats(task, gap, base)),
            base_values=base,
            base_std_error=base_error,
            predictions=_predictions(task),
            row_values=row_values(task),
            rows=np.arange(task.n),
            completeness_gap=gap,
        )

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
        steps = task.design.places.shape[1]
        values = state.values[:, 0].reshape(shape)
        missing = np.abs(_gap(task, base, values))[:, None]
        moved = np.abs(values)
        total = moved.sum(axis=1, keepdims=True)
        share = np.divide(moved, total, out=np.full(shape, 1 / shape[1]), where=total > 0)
        std_error = np.full(shape, np.inf)
        if steps > 1:
            away = state.values[:, 1:] - state.values[:, :1]
            between = np.sqrt((away**2).mean(axis=1)).reshape(shape)
            std_error = np.maximum(between, share * missing)
        estimate = Estimate.within(values, std_error, conf_level=self.conf_level)
        error = "The integral along the way; the background row and the model are taken as given."
        return estimate, error, f"Gauss-Legendre rule with {steps} steps from one background row"


def _gauss_legendre(steps: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Places (1, K) on the way, and weights: of the rule, and of those on the even and odd steps.

    Every other node of a Gauss-Legendre rule is spread like the nodes of a rule again, so the
    weights that make it exact for polynomials of its size are positive.
    """
    nodes, weights = roots_legendre(steps)
    rules = [weights / 2]
    for first in (0, 1) if steps > 1 else ():
        half = nodes[first::2]
        basis = np.polynomial.legendre.legvander(half, len(half) - 1)
        rule = np.zeros(steps)
        rule[first::2] = np.linalg.solve(basis.T, np.eye(len(half))[0])
        rules.append(rule)
    return (nodes[None] + 1) / 2, np.array(rules)


def _finite(table: Table, argument: str) -> NDArray[np.float64]:
    """(n, p) table as numbers."""
    numbers = np.column_stack([col.numbers(column) for column in table.columns])
    finite = np.isfinite(numbers)
    if not finite.all():
        j = int(np.flatnonzero(~finite.all(axis=0))[0])
        rows = np.flatnonzero(~finite[:, j]).tolist()
        message = f"Column {table.names[j]!r} of {argument} is missing or infinite in rows {first_few(rows)}."
        cure = "Drop those rows, or fill them in as for the network and say so."
        raise InputError(message, "A straight way needs a finite number at both ends.", cure)
    return numbers


def _predictions(task: Task) -> NDArray[np.float64]:
    if task.predictions is None:
        message = "the engine must supply the predictions that `uses` names"
        raise TypeError(message)
    return task.predictions


def _gap(task: Task, base: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, k) prediction less base value less sum of the attributions."""
    return _predictions(task) - base - values.sum(axis=1)


def _caveats(task: Task, gap: NDArray[np.float64], base: NDArray[np.float64]) -> list[Caveat]:
    found = []
    behind, weights = task.background_predictions, task.background_weights
    if behind is None:
        return found
    explained = np.abs(_predictions(task) - base)
    spread = np.sqrt(weights @ (behind - base) ** 2 / weights.sum())
    scale = np.maximum(explained, spread)
    resolved = np.abs(gap) > _ROUNDING * max(np.abs(_predictions(task)).max(), np.abs(behind).max())
    open_ = resolved & (np.abs(gap) > _ALLOWED_GAP * scale)
    if open_.any():
        rows = int(open_.any(axis=1).sum())
        worst = np.max(np.abs(gap[open_]) / scale[open_])
        message = (
            f"In {rows:,} of {task.n:,} rows more than 1 % of the difference to the base value"
            f" (or of the background's spread) is missing; up to {worst:.2g} of it."
        )
        cure = "Raise n_steps; if that does not help, a column reaches the network without derivative."
        found.append(caveat("SIPA026", message, cure))
    if len(task.background) == 1:
        same = np.flatnonzero(task.rows.row_hashes == task.background.row_hashes[0])
        if len(same):
            message = f"Rows {first_few(same.tolist())} have no way to go; their attributions are zero."
            found.append(caveat("SIPA031", message))
        if task.design.places.shape[1] == 1:
            found.append(caveat("SIPA011", "One step leaves nothing to compare with; the intervals are infinite."))
    return found
