"""Friedman's H: how much of a joint effect is no sum of single effects."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from sipakit.aggregate import Collected, Combined, Moments, State, Update
from sipakit.caveats import Caveat, caveat
from sipakit.errors import InputError
from sipakit.estimate import Estimate
from sipakit.explainer import Explainer, Round
from sipakit.explanation import Interactions
from sipakit.intervene import Mix, Rows

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from numpy.typing import NDArray

    from sipakit.task import Task

__all__ = ["HStatistic"]

_WEAK = 0.01  # share of the prediction's variance below which a denominator says little


@dataclass(frozen=True)
class _Design:
    """The rows that serve as both evaluation points and contexts, and what is asked of them.

    Parameters
    ----------
    evaluated, context : (m,), (b,) int
        Row numbers in the explained rows and in the background.
    shared : bool
        Whether both are the same rows, each then counting in two roles.
    takes : (q, p) bool
        Columns of the patterns asked of the model: single features, all but one, and pairs.
    corners : arrays of int, (s, 4) or (s, 8)
        For totals, pairs and sets of three the numbers of (joint, first, second, neither), or of (jkl, jk, jl, j, kl,
        k, l, none), among [patterns..., f(x), f(z)].
    sets : (s,) tuple
        What is measured.
    """

    evaluated: NDArray[np.intp]
    context: NDArray[np.intp]
    shared: bool
    takes: NDArray[np.bool_]
    corners: tuple[NDArray[np.intp], ...]
    sets: tuple[tuple[Hashable, ...], ...]


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class HStatistic(Explainer):
    """Friedman's H statistics: totals of every feature, all pairs, and all sets of three if asked for.

    ``estimate`` is the unnormalised statistic, in units of the prediction: the root of the mean square of
    PD_jk - PD_j - PD_k for a pair, of f - PD_j - PD_rest for a total, and for three of what no two of them explain:
    PD_jkl - PD_jk - PD_jl - PD_kl + PD_j + PD_k + PD_l. ``h_squared`` divides the square by the variance of the joint
    effect: PD_jk, f, or PD_jkl.

    Parameters
    ----------
    features : list of names, optional
        Columns or groups; all by default.
    groups : name -> list of columns, optional
        Columns that are moved together.
    background : table, optional
        Contexts; the explained rows by default, each row then serving in both roles.
    output : str or list, optional
        See `sipakit.adapt`.
    order : int, default 2
        1 for totals only, 2 for totals and all pairs, 3 for all sets of three features as well.
    n_draws : int or None, default 200
        How many rows are drawn, without replacement, to serve as evaluation points and as contexts; None takes all.
    conf_level : float, default 0.95
    random_state : int, default 0

    Returns
    -------
    Interactions
        ``values`` is (totals, then pairs, then sets of three, outputs). A total has no second feature.

    Notes
    -----
    Every part is evaluated on the same rows and contexts, so an additive model gives 0 to rounding. The interval
    covers the choice of rows, through each row's influence as evaluation point and as context; near zero the law of
    the statistic is not normal and the interval is a guide only. A set whose joint effect varies by less than 1 % of
    the prediction's variance has a ratio that says little: it is flagged, and where there is no variance at all
    ``h_squared`` is missing.

    Cost
    ----
    ``n_draws`` squared model rows for each feature (twice), pair and set of three.

    References
    ----------
    Friedman and Popescu (2008), doi:10.1214/07-AOAS148, equations 44 to 46

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> X = np.random.default_rng(0).normal(size=(100, 3))
    >>> e = sp.HStatistic().explain(lambda X: X[:, 0] * X[:, 1] + X[:, 2], X)
    >>> e.frame().set_index(["feature", "feature_2"])["estimate"].round(1).loc[("x0", "x1")].item()
    0.9
    """

    features: Sequence[Hashable] | None = None
    groups: Mapping[Hashable, Sequence[Hashable]] | None = None
    background: Any = None
    output: Any = None
    order: int = 2
    n_draws: int | None = 200
    conf_level: float = 0.95
    random_state: int = 0

    uses: ClassVar[frozenset[str]] = frozenset({"rows", "background"})
    question: ClassVar[str] = "Which features act together, and how strongly?"
    references: ClassVar[tuple[str, ...]] = (
        "Friedman and Popescu (2008), Predictive learning via rule ensembles. doi:10.1214/07-AOAS148",
    )

    def design(self, task: Task) -> _Design:
        """Draw the rows, and list what is asked of the model and how it adds up."""
        shared = task.background is task.rows
        rng = np.random.default_rng(self.random_state)
        evaluated = _drawn(self.n_draws, task.weights, rng)
        context = evaluated if shared else _drawn(self.n_draws, task.background_weights, rng)
        return _Design(evaluated, context, shared, *_questions(task, self.order))

    def start(self, task: Task) -> Combined:
        """For each statistic and its denominator: means at every row, and in each context products with those means."""
        design: _Design = task.design
        c, m, b = 2 * len(design.sets), len(design.evaluated), len(design.context)
        return Combined({"means": Collected.zero(m, c, task.k), "contexts": Moments.zero(c * b, 2 * task.k)})

    def next_round(self, task: Task, state: State, number: int) -> Round | None:
        """Ask once about every drawn row: a draw is one evaluation point in all contexts."""
        design: _Design = task.design
        rows = len(design.context) * len(design.takes)
        return Round(draws=len(design.evaluated), rows=rows) if number == 0 else None

    def sample(self, task: Task, round_: Round, index: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.intp]:
        """Evaluation points number ``index``; the rows were drawn in `design`."""
        return index

    def intervene(self, task: Task, sample: NDArray[np.intp]) -> Mix:
        """Context row b, but the features of the pattern come from row i."""
        design: _Design = task.design
        b, q = len(design.context), len(design.takes)
        return Mix.of(
            Rows(task.background, np.tile(np.repeat(design.context, q), len(sample))),
            Rows(task.rows, np.repeat(design.evaluated[sample], b * q)),
            design.takes,
            np.tile(np.arange(q), len(sample) * b),
        )

    def aggregate(self, task: Task, sample: NDArray[np.intp], answers: NDArray[np.float64]) -> dict[str, Update]:
        """Join the patterns to statistics; keep their means over contexts, and their moments in each context."""
        design: _Design = task.design
        b, q, d = len(design.context), len(design.takes), len(sample)
        full, empty = task.known_predictions, task.known_background_predictions
        usual = np.average(empty, axis=0, weights=task.background_weights)  # taken off: products keep their digits
        f = np.empty((d, b, q + 2, task.k))
        f[:, :, :q] = answers.reshape(d, b, q, task.k) - usual
        f[:, :, q] = (full[design.evaluated[sample]] - usual)[:, None]
        f[:, :, q + 1] = empty[design.context] - usual
        joint = [f[:, :, corners[:, 0]] for corners in design.corners]
        rest = [_beyond(f, corners) for corners in design.corners]
        parts = np.concatenate([*rest, *joint], axis=2).swapaxes(1, 2)  # (d, c, b, k)
        context_weights = task.background_weights[design.context]
        means = np.einsum("dcbk,b->dck", parts, context_weights / context_weights.sum())
        both = np.concatenate([parts * means[:, :, None], parts], axis=-1)
        cells = np.tile(np.arange(parts.shape[1] * b), d)
        weights = np.repeat(task.weights[design.evaluated[sample]], parts.shape[1] * b)
        return {"means": Update(sample, means), "contexts": Update(cells, both.reshape(len(cells), -1), weights)}

    def chance(self, task: Task, state: Combined) -> NDArray[np.float64] | None:
        """Return the error of the rows drawn without replacement, or what it is at most if there are two tables."""
        design: _Design = task.design
        tables = ((design.evaluated, task.weights), (design.context, task.background_weights))
        left_out = max(1 - len(drawn) / int((weights > 0).sum()) for drawn, weights in tables)
        return self.conclude(task, state).std_error * np.sqrt(left_out) if left_out > 0 else None

    def conclude(self, task: Task, state: Combined) -> Interactions:
        """Return the statistics with intervals by the influence of each row in both of its roles."""
        design: _Design = task.design
        theta, influence, base = _components(task, state)
        half = len(design.sets)
        square, below = theta[:half], theta[half:]
        spread = below[0]  # the first denominator is the variance of f
        none = below <= 1e-12 * np.maximum(spread, 1e-300)
        weak = (below < _WEAK * spread) | (square > below)  # where single effects cancel, the ratio passes 1
        ratio = np.where(none, np.nan, square / np.where(none, 1.0, below))
        squares = self._within(square, influence[:half], base)
        about_ratio = (influence[:half] - ratio[:, None] * influence[half:]) / np.where(none, np.nan, below)[:, None]
        ratios = self._within(ratio, about_ratio, base)
        lower, upper = (np.sqrt(np.maximum(end, 0)) for end in (squares.lower, squares.upper))
        value = np.sqrt(np.maximum(square, 0))
        with np.errstate(divide="ignore", invalid="ignore"):
            # at zero the root has no slope: the error is then what the interval spans
            sloping = value > squares.std_error / np.maximum(upper, 1e-300)
            std_error = np.where(sloping, squares.std_error / (2 * value), upper / 2)
        parts = {
            "h_squared": ratio,
            "h_squared_lower": np.clip(ratios.lower, 0, None),
            "h_squared_upper": ratios.upper,
        }
        return Interactions(
            **self.about(task),
            estimate=Estimate(value, std_error, lower, upper, parts),
            error="Choice of the drawn rows, as evaluation points and as contexts; the model is taken as given.",
            estimator="all pairs of the drawn rows",
            caveats=tuple(self._caveats(task, weak & ~none, none)),
            sets=design.sets,
            weak=weak,
        )

    def _within(
        self, values: NDArray[np.float64], influence: NDArray[np.float64], weights: NDArray[np.float64]
    ) -> Estimate:
        """Values (c, k) with intervals; independent samples (lines of ``weights``) add their moments.

        Squares of products have heavy tails, so that the error is itself uncertain: its degrees of freedom follow
        Satterthwaite (1946), from the fourth moment of the influences; for normal ones they are the number of rows.
        """
        variance, third, doubt = np.zeros((3, *values.shape))
        for w in weights:
            used = int((w > 0).sum())
            square = np.einsum("cik,i->ck", influence**2, w**2)
            variance += square * used / (used - 1) if used > 1 else np.inf
            third += np.einsum("cik,i->ck", influence**3, w**3)
            doubt += np.maximum(np.einsum("cik,i->ck", influence**4, w**4) - square**2 / used, 0)
        cube = variance**1.5
        skew = np.divide(third, cube, out=np.zeros_like(cube), where=cube > 0)
        df = np.divide(2 * variance**2, doubt, out=np.full_like(cube, np.inf), where=doubt > 0)
        return Estimate.within(values, np.sqrt(variance), conf_level=self.conf_level, df=df, skew=skew)

    def _caveats(self, task: Task, weak: NDArray[np.bool_], none: NDArray[np.bool_]) -> list[Caveat]:
        design: _Design = task.design
        found = []
        if len(design.evaluated) < task.n:
            message = f"{len(design.evaluated):,} of {task.n:,} rows were drawn."
            found.append(caveat("SIPA024", message, "Raise n_draws for a smaller error."))
        for flagged, words in (
            (weak, "vary by less than 1 % of the prediction's variance, or by less than their interaction"),
            (none, "do not vary at all"),
        ):
            at = [(_name(design.sets[i]), task.outputs[k]) for i, k in np.argwhere(flagged)]
            names = [name if task.k == 1 else f"{name} (output {output})" for name, output in at]
            if names:
                message = f"The joint effects of {', '.join(names[:6])}{' ...' if len(names) > 6 else ''} {words}."
                found.append(caveat("SIPA023", message, "Read the unnormalised statistic, not h_squared."))
        return found


def _name(names: tuple[Hashable, ...]) -> str:
    return " x ".join("rest" if name is None else str(name) for name in names)


def _drawn(limit: int | None, weights: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.intp]:
    use = np.flatnonzero(weights > 0)
    if limit is None or len(use) <= limit:
        return use
    return np.sort(rng.choice(use, limit, replace=False))


def _questions(
    task: Task, order: int
) -> tuple[NDArray[np.bool_], tuple[NDArray[np.intp], ...], tuple[tuple[Hashable, ...], ...]]:
    """Patterns, the corners of each statistic among them, and what it measures."""
    u = len(task.features)
    if u < 2 and task.rows.n_columns < 2:
        raise InputError("X has one feature.", "An interaction needs two.")
    columns = task.membership
    combos = [c for size in range(2, order + 1) for c in combinations(range(u), size)]
    takes = np.vstack([columns, ~columns, *(columns[list(c)].any(axis=0) for c in combos)])
    full, empty = len(takes), len(takes) + 1
    at: dict[tuple[int, ...], int] = {**{(j,): j for j in range(u)}, **{c: 2 * u + i for i, c in enumerate(combos)}}
    # f - PD_rest - PD_j and PD_jk - PD_j - PD_k, with f(z) added: it changes no centred value, and takes noise away
    totals = [(full, u + j, j, empty) for j in range(u)]
    pairs = [(at[j, k], j, k, empty) for j, k in combinations(range(u), 2) if order > 1]
    triples = [
        (at[j, k, m], at[j, k], at[j, m], j, at[k, m], k, m, empty)
        for j, k, m in combinations(range(u), 3)
        if order > 2
    ]
    names = task.names
    measured = [(name, None) for name in names] + [tuple(names[j] for j in c) for c in combos]
    return takes, tuple(np.array(one, np.intp) for one in (totals, pairs, triples) if one), tuple(measured)


def _beyond(f: NDArray[np.float64], corners: NDArray[np.intp]) -> NDArray[np.float64]:
    """(d, b, s, k) what the joint effect of each set has beyond its parts, from answers f (d, b, patterns, k)."""
    parts = f[:, :, corners.T]  # differences in this order are exactly zero for a feature that the model does not use
    while parts.shape[2] > 1:
        parts = parts[:, :, 0::2] - parts[:, :, 1::2]
    return np.asarray(parts[:, :, 0])


def _components(task: Task, state: Combined) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Mean square of every component (c, k), each row's influence on it (c, rows, k), and the rows' weights.

    With G(i, b) the component of row i in context b and g_i its centred mean over contexts, the mean square of g is
    moved by row i as evaluation point by g_i^2 - theta, and by row b as context by
    2 (mean_i g_i G(i, b) - its mean over b).
    """
    design: _Design = task.design
    collected, contexts = state.states["means"], state.states["contexts"]
    if not isinstance(collected, Collected) or not isinstance(contexts, Moments):
        raise TypeError(state)
    w = task.weights[design.evaluated] * collected.filled
    w = w / w.sum()
    v = task.background_weights[design.context] / task.background_weights[design.context].sum()
    means = collected.values.transpose(1, 0, 2)  # (c, m, k)
    middle = np.einsum("cmk,m->ck", means, w)
    centred = means - middle[:, None]
    theta = np.einsum("cmk,m->ck", centred**2, w)
    as_point = centred**2 - theta[:, None]
    product, own = np.split(contexts.mean.reshape(len(means), len(v), -1), 2, axis=-1)
    product = product - own * middle[:, None]  # mean over points of G(i, b) g_i
    as_context = 2 * (product - np.einsum("cbk,b->ck", product, v)[:, None])
    if design.shared and collected.filled.all():
        return theta, as_point + as_context, w[None]
    stacked = np.concatenate([as_point, as_context], axis=1)
    return theta, stacked, np.stack([np.concatenate([w, 0 * v]), np.concatenate([0 * w, v])])
