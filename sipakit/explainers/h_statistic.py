"""Friedman's H: how much of a joint effect is no sum of single effects."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from sipakit.aggregate import Combined
from sipakit.caveats import Caveat, caveat
from sipakit.explainer import Explainer, Round
from sipakit.explainers.h_asked import Asked, nothing_yet
from sipakit.explainers.h_design import Design, drawn_design, questions
from sipakit.explainers.h_exact import of_structure
from sipakit.explainers.h_found import Found, of_all_pairs, of_own_contexts, strongest, within
from sipakit.explainers.h_null import null_of
from sipakit.explanation import Interactions

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from numpy.typing import NDArray

    from sipakit.aggregate import Update
    from sipakit.explainers.h_null import Anew, Null, Sample
    from sipakit.intervene import Mix, Refit
    from sipakit.rules import Rule
    from sipakit.table import Table
    from sipakit.task import Task

__all__ = ["HStatistic"]

_WEAK = 0.01  # share of the prediction's variance below which a denominator says little


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
    estimator : "auto", "pairs" or "incomplete"
        How model rows are spent. "pairs" draws ``n_draws`` rows and evaluates each in the context of each. "incomplete"
        spends as much on more rows, each in four or more contexts drawn for it alone, and takes off what their noise
        adds to a square: an incomplete U-statistic, with a third of the error as a rule. "auto" takes all pairs of all
        rows where these are no more, and else "incomplete".
    n_draws : int or None, default 200
        Its square is what is spent on each feature (twice), pair and set of three, in model rows; None takes all pairs
        of all rows.
    null : None or "refit", default None
        "refit" asks whether an interaction is more than the learner invents: clones of the model are fitted to targets
        without interactions, and their statistics found in the same way. ``X`` and ``y`` must then be the rows that the
        model was fitted to.
    n_refits : int, default 39
        Clones for the null; 19 is the least for a p-value of 0.05.
    conf_level : float, default 0.95
        Nominal coverage of the intervals.
    random_state : int, default 0
        Seed of all that is drawn: equal seeds give equal bits.

    Returns
    -------
    Interactions
        ``values`` is (totals, then pairs, then sets of three, outputs). A total has no second feature. With a null the
        frame has ``null_upper``, its quantile at ``conf_level``, ``p_value``, and the ends of the interval that so few
        refits leave for it, ``p_lower`` and ``p_upper``.

    Raises
    ------
    InputError
        For fewer than two columns; with a null without ``y``, and for outputs that no target can be made of: scores, or
        some of several classes.
    CapabilityError
        With a null, for a model that cannot be fitted anew: it takes a scikit-learn estimator, or a pipeline.

    Notes
    -----
    The trees of a model that adds them up tell everything, where they can be read (`sipakit.adapt`): "auto" then takes
    all rows in all contexts for totals and pairs, whatever ``n_draws``, and asks the model nothing beyond its
    predictions. The interval then follows from about 64 batches of rows.

    Every part is evaluated on the same rows and contexts, so an additive model gives 0 to rounding. The interval
    covers the choice of rows, through each row's influence as evaluation point and as context; near zero the law of
    the statistic is not normal and the interval is a guide only. A set whose joint effect varies by less than 1 % of
    the prediction's variance has a ratio that says little: it is flagged, and where there is no variance at all,
    or in "incomplete" none that is two standard errors above zero, ``h_squared`` is missing.

    A ``budget`` that does not reach everything buys totals first, then pairs in the order of the product of their
    totals, then sets of three in that order; a caveat says how many were left out.

    The null keeps the single effects of the model and nothing else. For a regressor a target is the additive fit,
    mean and sum of centred partial dependences as strong as the target has them, with its residuals dealt to other
    rows; for a classifier labels are drawn from the additive fit of the log-odds. Columns that are in no feature
    have an effect there as well. The p-value is (1 + the refits whose statistic is as large) / (1 + refits), and
    its interval the exact binomial one; a statistic is above ``null_upper`` where its p-value is at most 1 -
    conf_level. The p-values of many pairs are not corrected for their number. Model and refits are asked about the
    same rows in the same contexts, so the trees of a model are not looked at.

    Cost
    ----
    ``n_draws`` squared model rows for each feature (twice), pair and set of three, or fewer. A null costs as much again
    for each refit, and a fit: ``n_draws=50`` makes it a sixteenth. A budget covers all refits or is refused.

    References
    ----------
    Friedman and Popescu (2008), doi:10.1214/07-AOAS148, equations 44 to 46, and section 8.3 for the null

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
    estimator: str = "auto"
    n_draws: int | None = 200
    null: str | None = None
    n_refits: int = 39
    conf_level: float = 0.95
    random_state: int = 0

    uses: ClassVar[frozenset[str]] = frozenset({"rows", "background"})
    breaks_dependence: ClassVar[bool] = True
    mixes_tables: ClassVar[bool] = True
    estimators: ClassVar[tuple[str, ...]] = ("pairs", "incomplete")
    rules: ClassVar[Mapping[str, Rule]] = {
        "estimator": ("'auto', 'pairs' or 'incomplete'", lambda v: v in ("auto", "pairs", "incomplete")),
        "null": ("None or 'refit'", lambda v: v is None or (isinstance(v, str) and v == "refit")),
    }
    question: ClassVar[str] = "Which features act together, and how strongly?"
    references: ClassVar[tuple[str, ...]] = (
        "Friedman and Popescu (2008), Predictive learning via rule ensembles. doi:10.1214/07-AOAS148",
    )

    def requires(self) -> frozenset[str]:
        """Return what a null needs: a target, and a model that can be fitted anew."""
        return self.needs if self.null is None else self.needs | {"target", "refit"}

    def averages(self, task: Task) -> tuple[Table, list[tuple[int, int]]] | None:
        """Return the background, where totals and pairs of single columns are wanted by whatever estimator is best."""
        if self.estimator != "auto" or self.order > 2 or self.null is not None or not task.single:
            return None
        columns = [feature.columns[0] for feature in task.features]
        return task.background, list(combinations(columns, 2)) if self.order > 1 else []

    def design(self, task: Task) -> Design:
        """Draw the rows, and list what is asked of the model and how it adds up."""
        asked = questions(task, self.order)
        if _told(task):
            rows, contexts = (np.flatnonzero(weights > 0) for weights in (task.weights, task.background_weights))
            return Design(rows, contexts, task.background is task.rows, *asked)
        if self.null is not None:  # all of it as often as there are refits, or nothing
            whole = drawn_design(replace(task, budget=None), *asked, self.n_draws, self.estimator, self.random_state)
            null = null_of(task, self.n_refits, self.n_draws, self.random_state)
            return replace(whole.within(None, len(task.features)), null=null)
        design = drawn_design(task, *asked, self.n_draws, self.estimator, self.random_state)
        return design if design.complete else design.within(task.budget, len(task.features))

    def start(self, task: Task) -> Combined:
        """Begin with nothing."""
        if _told(task):
            return Combined({})
        null: Null | None = task.design.null
        return Combined({**nothing_yet(task).states, **(null.start(task) if null else {})})

    def next_round(self, task: Task, state: Any, number: int) -> Round | None:
        """Ask once about every drawn row; where a budget is short, about totals first, then the sets that they name.

        A null then asks for single effects, and for the refits.
        """
        if _told(task):
            return None
        design: Design = task.design
        if design.null is not None and number:
            return design.null.round(task, state, number)
        asked, per = np.arange(len(design.takes)), design.contexts.shape[-1]
        if design.screened and number == 0:
            asked = asked[: 2 * len(task.features)]
        elif number == 1 and design.screened and design.reach:
            asked = 2 * len(task.features) + strongest(task, state)
        elif number:
            return None
        return Round(draws=len(design.evaluated), rows=per * len(asked), note=tuple(asked.tolist()))

    def later(self, task: Task) -> list[Round]:
        """Return what a null asks for."""
        null: Null | None = task.design.null if not _told(task) else None
        rounds = [null.round(task, None, number) for number in (1, 2)] if null else []
        return [one for one in rounds if one is not None]

    def sample(self, task: Task, round_: Round, index: NDArray[np.intp], rng: np.random.Generator) -> Sample:
        """Evaluation points number ``index``; the rows were drawn in `design`. Then rows, then targets of refits."""
        null: Null | None = task.design.null
        if null is None or round_.number == 0:
            return Asked(index, np.array(round_.note, np.intp))
        return null.sample(task, round_, index, rng)

    def intervene(self, task: Task, sample: Sample) -> Mix:
        """Context row b, but the features of the pattern come from row i."""
        return sample.mix(task)

    def refits(self, task: Task, sample: Anew) -> list[Refit]:
        """Fit to targets without interactions."""
        return sample.refits(task)

    def aggregate(self, task: Task, sample: Sample, answers: NDArray[np.float64]) -> dict[str, Update]:
        """Keep every answer, or join them to statistics and keep their means, and their moments in each context."""
        return sample.seen(task, answers)

    def estimator_of(self, task: Task) -> str:
        """Name the design of the draws."""
        return "pairs" if task.design.complete else "incomplete"

    def chance(self, task: Task, state: Combined) -> NDArray[np.float64] | None:
        """Return the error of the rows drawn without replacement, or what it is at most if there are two tables."""
        design: Design = task.design
        if not design.complete:
            return self.conclude(task, state).std_error
        left_out = design.left_out(task)
        return self.conclude(task, state).std_error * np.sqrt(left_out) if left_out > 0 else None

    def conclude(self, task: Task, state: Combined) -> Interactions:
        """Return the statistics with intervals by the influence of each row in both of its roles."""
        design: Design = task.design
        if _told(task):
            found = of_structure(task, self.order)
        else:
            found = (of_all_pairs if design.complete else of_own_contexts)(task, state)
        square, ratio = found.square, found.ratio
        squares = within(square, found.squares, self.conf_level)
        ratios = within(ratio, found.ratios, self.conf_level)
        above = square > found.below if design.complete else ratios.lower > 1  # where single effects cancel
        weak = (found.below < _WEAK * found.below[0]) | above  # the first one is the variance of f
        parts = {
            "h_squared": np.maximum(ratio, 0),
            "h_squared_lower": np.clip(ratios.lower, 0, None),
            "h_squared_upper": np.maximum(ratios.upper, 0),
        }
        null: Null | None = design.null
        caveats, how, covers = _caveats(task, found, weak), _how(task), design.covers(task)
        if null is not None:
            parts |= null.compared(found, state, self.conf_level)
            caveats, how = caveats + null.caveats(state, self.conf_level), how + null.told(state)
            covers += " The p-value has an interval of its own, of so few refits."
        return Interactions(
            **self.about(task),
            estimate=replace(squares.rooted(), parts=parts),
            error=covers,
            estimator=how,
            caveats=tuple(caveats),
            sets=found.sets,
            weak=weak,
        )


def _how(task: Task) -> str:
    """Say what was done."""
    if task.joint is not None:
        return "all pairs of rows, the error by batches of them"
    design: Design = task.design
    if not design.complete:
        return f"incomplete U-statistic: {design.told(task)}"
    return "all pairs of rows" if design.whole(task) else "all pairs of the drawn rows"


def _told(task: Task) -> bool:
    """Whether the model's structure tells everything."""
    return task.joint is not None and task.curves is not None


def _caveats(task: Task, found: Found, weak: NDArray[np.bool_]) -> list[Caveat]:
    design: Design = task.design
    told = []
    if not design.whole(task):
        told.append(caveat("SIPA024", f"{design.told(task)}.", "Raise n_draws for a smaller error."))
    if len(found.sets) < len(design.sets):
        left = [names for names in design.sets if names not in set(found.sets)]
        named = f"{', '.join(map(_name, left[:6]))}{' ...' if len(left) > 6 else ''}"
        message = (
            f"The budget left out {len(left):,} of {len(design.sets) - len(task.features):,} sets of features, those"
        )
        message = f"{message} with the smallest products of totals: {named}."
        told.append(caveat("SIPA038", message, "Raise the budget, or name fewer features."))
    unsure = "do not vary at all" if design.complete else "cannot be told from constants"
    for flagged, words in (
        (weak & ~found.none, "vary by less than 1 % of the prediction's variance, or by less than their interaction"),
        (found.none, unsure),
    ):
        at = [(_name(found.sets[i]), task.outputs[k]) for i, k in np.argwhere(flagged)]
        names = [name if task.k == 1 else f"{name} (output {output})" for name, output in at]
        if names:
            message = f"The joint effects of {', '.join(names[:6])}{' ...' if len(names) > 6 else ''} {words}."
            told.append(caveat("SIPA023", message, "Read the unnormalised statistic, not h_squared."))
    return told


def _name(names: tuple[Hashable, ...]) -> str:
    return " x ".join("rest" if name is None else str(name) for name in names)
