"""Regional effects: where a feature's curves disagree, the table is split until they agree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from sipakit.aggregate import Collected, Update
from sipakit.caveats import Caveat, caveat
from sipakit.encoding import Encoding, encode
from sipakit.errors import InputError, first_few
from sipakit.estimate import Estimate
from sipakit.explainers.curves import Curves, collect_curves
from sipakit.explainers.region_curves import Bundle
from sipakit.explainers.region_trees import Disagreement, Growth, disagreement
from sipakit.explainers.surrogate_forms import rules_of
from sipakit.explanation import Regions
from sipakit.sample import folds_of
from sipakit.task import Feature, check_names

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray
    from sklearn.tree import DecisionTreeRegressor

    from sipakit.table import Table
    from sipakit.task import Task

__all__ = ["RegionalEffects"]

_SHOWN = 60  # single curves that a result keeps for its picture


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class RegionalEffects(Curves):
    """Mean curves of regions of the table, found by a small tree over the other columns that makes curves agree.

    A feature that acts together with others has curves that differ from row to row. The tree splits the rows where
    their centred curves disagree most; within its regions one mean curve speaks for all rows, as far as it can.

    Parameters
    ----------
    features : list of names, optional
        Columns whose curves are drawn; all by default, one at a time.
    background : table, optional
        Where the grid's values come from; the explained rows by default.
    output : str or list, optional
        See `sipakit.adapt`. Several outputs share one tree, in which each counts by its share of the spread of its own
        answers.
    split_by : list of names, optional
        Columns that the table may be split by; all of them by default, except the feature itself.
    max_depth : int, default 2
        Of the tree: at most four regions.
    min_share : float, default 0.05
        Share of the rows that each region has at least, by weight; above 0 and up to 0.5.
    min_gain : float, default 0.1
        Share of a feature's whole disagreement, from 0 to below 1, that each split has to remove.
    n_folds : int, default 5
        Parts of the table; what a split gains is measured on each by a tree of the others.
    grid_resolution : int or "all", default 30
        Values that occur; quantiles of them where there are more. Categories keep up to 50 levels, and a missing cell
        is a place of its own.
    conf_level : float, default 0.95
        Nominal coverage of the intervals.
    random_state : int, default 0
        Deals the rows to folds, and chooses between splits that are equally good.

    Returns
    -------
    Regions
        ``values`` is (places of every region of every feature, outputs): mean centred curves, in units of the
        prediction. `Regions.gains` has the disagreement before and after, `Regions.regions` the rules.

    Raises
    ------
    InputError, InputTypeError
        For names in ``split_by`` that the table lacks, or that are no list.

    Notes
    -----
    Disagreement is the root of the mean variance, over the places by the rows' shares of them, of the curves less their
    own means. Gain is the share of its square that regions remove. It is measured crosswise, on rows that did not
    choose the tree, so that it is zero on average where a model has no interaction but noise; the tree that is shown
    is of all rows, and its curves have intervals that take it as given. A split is kept where it removes ``min_gain``
    of the disagreement at once: a sum of small steps is no region that a reader could use, and chance finds less in
    some hundred rows. Two columns that only matter together, as in the product of three signs, are therefore not found.

    Cost
    ----
    At most one model row for every row and place; the same rows as `ICE`, which a study shares.

    References
    ----------
    Herbinger, Bischl and Casalicchio (2022), REPID, arXiv:2202.07254; Herbinger, Wright, Nagler, Bischl and Casalicchio
    (2023), Decomposing Global Feature Effects Based on Feature Interactions, arXiv:2306.00541

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> X = np.random.default_rng(0).normal(size=(200, 3))
    >>> e = sp.RegionalEffects(features=["x0"]).explain(lambda X: X[:, 0] * (X[:, 1] > 0), X)
    >>> e.regions()[["region", "disagreement"]].round(2).values.tolist()[1:]
    [['x1 <= 0.01593', 0.0], ['x1 > 0.01593', 0.0]]
    >>> e.gains()["gain"].round(2).tolist()
    [1.0]
    """

    features: Sequence[Hashable] | None = None
    background: Any = None
    output: Any = None
    split_by: Sequence[Hashable] | None = None
    max_depth: int = 2
    min_share: float = 0.05
    min_gain: float = 0.1
    n_folds: int = 5
    grid_resolution: int | str = 30
    conf_level: float = 0.95
    random_state: int = 0

    question: ClassVar[str] = "In which regions of the table does a feature act in one way?"
    references: ClassVar[tuple[str, ...]] = (
        (
            "Herbinger, Bischl and Casalicchio (2022), REPID: Regional effect plots with implicit interaction "
            "detection. arXiv:2202.07254"
        ),
        (
            "Herbinger, Wright, Nagler, Bischl and Casalicchio (2023), Decomposing global feature effects based on "
            "feature interactions. arXiv:2306.00541"
        ),
    )

    def start(self, task: Task) -> Collected:
        """Return places for the curves of all rows."""
        _splitters(task.rows, self.split_by)  # a wrong name is told before the model is asked
        return Collected.zero(task.n, len(task.design.place), task.k)

    def aggregate(self, task: Task, sample: NDArray[np.intp], answers: NDArray[np.float64]) -> Update:
        """Keep every row's curves."""
        return collect_curves(task, sample, answers)

    def conclude(self, task: Task, state: Collected) -> Regions:
        """Grow a tree for each feature, measure it crosswise, and average the curves in its regions."""
        kept = state.filled & (task.weights > 0)
        answers, rows = state.values[kept], task.of_rows(kept)
        encoded = encode(rows.rows, _splitters(rows.rows, self.split_by), rows.weights, impute=False)
        fold = self._folds(rows.weights)
        splits = [
            self._split(rows, Bundle.of(axis, answers[:, task.design.feature == j], rows.weights), encoded, fold)
            for j, axis in enumerate(task.design.lines)
        ]
        regions = [region for split in splits for region in split.regions]
        count = int(fold.max()) + 1
        return Regions(
            **self.about(task),
            estimate=_one_after_the_other([region.curve for region in regions]),
            error="Choice of the explained rows; regions, places and the model are taken as given. Gains are of trees "
            "grown without the rows that measure them.",
            estimator=f"trees on the curves of all rows; gains from {count} fold{'s' * (count != 1)}",
            caveats=(*task.design.caveats, *encoded.caveats, *_caveats(rows, splits)),
            axes=task.design.lines,
            owner=np.repeat(np.arange(len(splits)), [len(split.regions) for split in splits]),
            where=tuple(region.rule for region in regions),
            support=np.array([region.support for region in regions]),
            within=_below_each_other([region.spread for region in regions]),
            before=_below_each_other([split.told.before for split in splits]),
            after=_below_each_other([split.told.after for split in splits]),
            gain=_below_each_other([split.told.gain for split in splits]),
            curves=np.concatenate([split.curves for split in splits], axis=1),
            members=np.column_stack([split.members for split in splits]),
        )

    def _folds(self, weights: NDArray[np.float64]) -> NDArray[np.intp]:
        """(n,) at least two rows a fold, as far as they go."""
        count = max(2, min(self.n_folds, len(weights) // 2))
        return folds_of(weights, None, count, np.random.default_rng(self.random_state))

    def _split(self, task: Task, bundle: Bundle, encoded: Encoding, fold: NDArray[np.intp]) -> _Split:
        """Split the rows by the curves of one feature: once with all of them, and once without each fold."""
        w, name = bundle.weights, bundle.axis.name
        members, means = np.zeros(len(w), np.intp), np.zeros_like(bundle.points)
        rules: tuple[str, ...] = ()
        terms = tuple(term for term in encoded.terms if term.feature is not name and term.feature != name)
        if terms and bundle.differ:
            others, alike = Encoding(terms), bundle.alike
            growth = Growth(self.max_depth, self.min_share, self.min_gain, self.random_state)
            members, rules = _leaves(growth.tree(others.matrix, alike, w), others)
            for part in np.unique(fold) if len(rules) > 1 else ():  # no region removes nothing
                seen, here = fold != part, fold == part
                leaf = growth.tree(others.matrix[seen], alike[seen], w[seen]).apply(others.matrix)
                for one in np.unique(leaf[here]) if leaf.any() else ():  # a root alone has the number 0
                    like = seen & (leaf == one)
                    means[here & (leaf == one)] = np.tensordot(w[like] / w[like].sum(), bundle.points[like], 1)
        own = bundle.own(task.rows.columns[task.rows.names.index(name)])
        parts = [("all rows", members >= 0)]
        parts += [(rule, members == r) for r, rule in enumerate(rules)] if len(rules) > 1 else []
        few = np.unique(np.linspace(0, len(w) - 1, min(len(w), _SHOWN)).round().astype(np.intp))
        return _Split(
            name,
            tuple(self._region(bundle, rule, here, own) for rule, here in parts),
            disagreement(bundle.points, means, fold, w, self.conf_level),
            bundle.centred[few],
            members[few],
        )

    def _region(self, bundle: Bundle, rule: str, here: NDArray[np.bool_], own: NDArray[np.float64]) -> _Region:
        """Measure one region."""
        share = float(bundle.weights[here].sum() / bundle.weights.sum())
        return _Region(rule, share, bundle.spread(here, self.conf_level), bundle.mean(here, own, self.conf_level))


@dataclass(frozen=True, eq=False)
class _Region:
    """One region: its rule, its share of the rows, how much their curves disagree (k,), and their mean (g, k)."""

    rule: str
    support: float
    spread: Estimate
    curve: Estimate


@dataclass(frozen=True, eq=False)
class _Split:
    """What became of one feature: its regions, the whole table first, and curves (s, g, k) and regions (s,) of rows."""

    name: Hashable
    regions: tuple[_Region, ...]
    told: Disagreement
    curves: NDArray[np.float64]
    members: NDArray[np.intp]


def _leaves(tree: DecisionTreeRegressor, encoded: Encoding) -> tuple[NDArray[np.intp], tuple[str, ...]]:
    """Return the region of each row, and the rule of each region."""
    passes = np.asarray(tree.decision_path(encoded.matrix).todense(), bool)
    rules = rules_of(tree, encoded, passes)
    leaves, members = np.unique(tree.apply(encoded.matrix), return_inverse=True)
    return members.astype(np.intp), tuple(rules[int(leaf)] for leaf in leaves)


def _splitters(table: Table, names: Sequence[Hashable] | None) -> list[Feature]:
    """Return the columns that the table may be split by."""
    if names is None:
        return [Feature(name, (j,)) for j, name in enumerate(table.names)]
    check_names(names, None, argument="split_by")
    unknown = [name for name in names if name not in table.names]
    if unknown or not list(names):
        message = f"split_by= names {first_few(unknown)}, which the table does not have."
        message = message if unknown else "split_by=[] names nothing."
        raise InputError(message, f"It takes columns: {first_few(table.names, 12)}.", "Leave split_by= out for all.")
    return [Feature(name, (table.names.index(name),)) for name in dict.fromkeys(names)]


def _below_each_other(parts: Sequence[Estimate]) -> Estimate:
    """Put estimates (k,) below each other."""
    values, std_error, lower, upper = (
        np.stack(of_all) for of_all in zip(*(part.numbers for part in parts), strict=True)
    )
    return Estimate(values, std_error, lower, upper)


def _one_after_the_other(curves: Sequence[Estimate]) -> Estimate:
    """Put curves (g, k) on one axis."""
    values, std_error, lower, upper = (
        np.concatenate(of_all) for of_all in zip(*(curve.numbers for curve in curves), strict=True)
    )
    parts = {name: np.concatenate([curve.parts[name] for curve in curves]) for name in curves[0].parts}
    return Estimate(values, std_error, lower, upper, parts)


def _caveats(task: Task, splits: Sequence[_Split]) -> list[Caveat]:
    if task.n == 1:
        return [caveat("SIPA011", "One row has no other to disagree with; the intervals are infinite.")]
    doubtful = [s.name for s in splits if len(s.regions) > 1 and not (s.told.gain.lower > 0).any()]
    if not doubtful:
        return []
    message = f"The regions of {first_few(doubtful)} gain nothing on rows that did not choose them, by their intervals."
    return [caveat("SIPA041", message, "Read the curve of all rows; more rows, or a larger min_gain, would tell.")]
