"""What several explainers of one call stand on: the model, the tables let in, and the predictions made once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from sipakit.adapters import NEEDS_AN_ESTIMATOR, adapt
from sipakit.caveats import Caveat, caveat
from sipakit.door import conform, open_table, open_target, open_weights
from sipakit.engine.answers import Answers, in_batches
from sipakit.engine.manners import check_manners
from sipakit.errors import CapabilityError, InputError, PredictionError, first_few
from sipakit.intervene import Mix, Rows
from sipakit.task import Feature, Task, resolve_features

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from numpy.typing import NDArray

    from sipakit.adapters import Adapter
    from sipakit.exact import Additive, Curves
    from sipakit.explainer import Explainer
    from sipakit.sample import Dependence
    from sipakit.table import Table

__all__ = ["WHERE_IT_ANSWERS", "Behind", "Ground", "open_behind", "open_ground", "prepare_ground"]

# What an adapter may lack: what it needs, and the cure.
_READOUTS: Mapping[str, tuple[str, str]] = {
    "gradient": ("Gradients need a torch.nn.Module on numeric input.", "Use Shapley here."),
    "refit": (NEEDS_AN_ESTIMATOR, "Use PermutationImportance, or no null, here."),
}
WHERE_IT_ANSWERS = "The numbers hold where it answers."


@dataclass(eq=False)
class Ground:
    """A model with its tables.

    Parameters
    ----------
    adapter : Adapter
    rows, background : Table
        The same object where the user named no background.
    target, weights, background_weights : arrays
    outputs : tuple of names
    caveats : list of Caveat
    check_rows : int
        Model rows that the look at its manners cost.
    left_out : id of an explainer -> Caveat
        Features that it does not take.
    pace_rows : int
        Model rows that looks at its pace cost.
    numbers : (n,) int or None
        Positions of the rows in the user's table, where some were left out.
    drops : bool
        Whether draws are left out for which the model has no answer.
    eager : bool
        Whether a structure is followed however few the rows are.
    looks : bool
        Whether columns that depend on each other are looked for.
    dependence : Dependence, optional
        What was found out before about the columns of such a background.
    traced : dict
        Tables whose rows were followed down the model's structure; None where it does not give the model's answers.
    """

    adapter: Adapter
    rows: Table
    background: Table
    target: NDArray[Any] | None
    weights: NDArray[np.float64]
    background_weights: NDArray[np.float64]
    outputs: tuple[str, ...]
    caveats: list[Caveat]
    check_rows: int
    left_out: dict[int, Caveat] = field(default_factory=dict)
    pace_rows: int = 0
    numbers: NDArray[np.intp] | None = None
    drops: bool = False
    eager: bool = False
    looks: bool = True
    dependence: Dependence | None = None
    traced: dict[Table, Curves | Additive | None] = field(default_factory=dict)
    _known: dict[Table, Answers] = field(default_factory=dict)

    def knowing(self, outputs: tuple[str, ...], caveats: Sequence[Caveat], check_rows: int = 0) -> Ground:
        """Return the same ground with what a look at the model told."""
        told = list(dict.fromkeys([*self.caveats, *caveats]))
        return replace(self, outputs=outputs, caveats=told, check_rows=check_rows)

    def without_bad_rows(self, uses: AbstractSet[str]) -> Ground:
        """Return the same ground without the rows that the model has no answer for.

        They are left out of X, and of another background for explainers that build on its predictions.

        Raises
        ------
        PredictionError
            If no row is left.
        """
        known, caveats, kept = {}, [], {}
        tables = {"X": self.rows}
        if "background" in uses and self.background is not self.rows:
            tables["background"] = self.background
        for name, table in tables.items():
            answers = in_batches(self.adapter.predict, _whole(table), strict=False)
            kept[name] = ~np.isnan(answers.values).any(axis=1)
            if answers.bad == len(table):
                message = f"The model has no answer for any of the {len(table):,} rows of {name}."
                raise PredictionError(message, f"First of them: {answers.first_bad}.", "Mend the model.")
            if answers.bad:
                message = f"The model has no answer for {answers.bad:,} of {len(table):,} rows of {name}"
                caveats.append(caveat("SIPA018", f"{message}, the first being {answers.first_bad}.", WHERE_IT_ANSWERS))
            if answers.bad:
                table = table.take(np.flatnonzero(kept[name]))  # noqa: PLW2901
                answers = replace(answers, values=answers.values[kept[name]])
            known[name] = table, answers
        other = "X" if self.background is self.rows else "background"
        return replace(
            self,
            rows=known["X"][0],
            background=known[other][0] if other in known else self.background,
            target=None if self.target is None else self.target[kept["X"]],
            weights=self.weights[kept["X"]],
            background_weights=self.background_weights[kept[other]] if other in kept else self.background_weights,
            caveats=[*self.caveats, *caveats],
            numbers=np.flatnonzero(kept["X"]),
            drops=True,
            _known=dict(known.values()),
        )

    def few(self, count: int) -> Ground:
        """Return the same ground with the first rows of each table alone, and whatever structure the model has."""
        rows = self.rows.take(np.arange(min(count, len(self.rows))))
        own = self.background is self.rows
        background = rows if own else self.background.take(np.arange(min(count, len(self.background))))
        return replace(
            self,
            rows=rows,
            background=background,
            target=None if self.target is None else self.target[: len(rows)],
            weights=self.weights[: len(rows)],
            background_weights=self.background_weights[: len(background)],
            caveats=[],
            eager=True,
            looks=False,
            traced={},
            _known={},
        )

    def predictions(self, table: Table) -> Answers:
        """(rows, k) predictions of a whole table, made when first asked for."""
        if table not in self._known:
            self._known[table] = in_batches(self.adapter.predict, _whole(table), len(self.outputs))
        return self._known[table]

    def rows_beside(self, used: Mapping[Table, Answers]) -> int:
        """Return the model rows that were predicted to find bad rows, in tables that are not used otherwise."""
        return sum(answers.rows for table, answers in self._known.items() if table not in used) if self.drops else 0

    def recall(self, table: Table, predictions: NDArray[np.float64]) -> None:
        """Take over predictions of a whole table that were made, and paid for, before."""
        self._known[table] = Answers(predictions, 0, 0.0)

    @property
    def seconds(self) -> float:
        """Time spent on predictions of whole tables so far."""
        return sum(answers.seconds for answers in self._known.values())

    def used_by(self, explainer: Explainer) -> dict[Table, Answers]:
        """Predictions of the tables that an explainer builds on."""
        return {table: self.predictions(table) for table in self._built_on(explainer).values()}

    def base_rows(self, explainer: Explainer) -> int:
        """Return the rows of the tables that an explainer builds on."""
        return sum(len(table) for table in {id(t): t for t in self._built_on(explainer).values()}.values())

    def _built_on(self, explainer: Explainer) -> dict[str, Table]:
        tables = {"rows": self.rows, "background": self.background}
        return {name: tables[name] for name in sorted(explainer.uses)}

    def task(self, explainer: Explainer, *, predicted: bool = True) -> Task:
        """Return the question of one explainer; unless ``predicted``, with zeros for the predictions it builds on.

        Raises
        ------
        InputError, CapabilityError
            If the explainer needs what the call or the adapter does not supply.
        """
        self._supplies(explainer)
        known = {
            table: self.predictions(table).values if predicted else np.zeros((len(table), len(self.outputs)))
            for table in self._built_on(explainer).values()
        }
        return Task(
            rows=self.rows,
            background=self.background,
            features=self.features(explainer),
            outputs=self.outputs,
            target=self.target,
            weights=self.weights,
            background_weights=self.background_weights,
            predictions=known.get(self.rows),
            background_predictions=known.get(self.background),
            classes=self.adapter.classes,
            scale=self.adapter.scale,
        )

    def features(self, explainer: Explainer) -> tuple[Feature, ...]:
        """Resolve the explainer's features; those of a kind that it does not take are left out, or refused if named.

        Raises
        ------
        InputError, InputTypeError
            For names that the table lacks, or of a kind that the explainer does not take.
        """
        wanted, groups = explainer.param("features"), explainer.param("groups")
        features = resolve_features(self.rows, wanted, groups, pairs=explainer.takes_pairs)
        suited = tuple(f for f in features if all(self.rows.kind(j) in explainer.kinds for j in f.columns))
        unsuited = [f.name for f in features if any(self.rows.kind(j) not in explainer.kinds for j in f.columns)]
        if unsuited and (wanted is not None or not suited):
            message = f"{type(explainer).__name__} cannot explain {first_few(unsuited)}."
            allowed = f"It takes features that are: {', '.join(sorted(explainer.kinds))}."
            raise InputError(
                message, allowed, "Leave them out, or give unordered levels an order (pandas Categorical)."
            )
        if unsuited:
            kinds = ", ".join(sorted(explainer.kinds))
            message = f"{first_few(unsuited, 6)}: {type(explainer).__name__} takes {kinds} features."
            self.left_out[id(explainer)] = caveat("SIPA021", message)
        return suited

    def _supplies(self, explainer: Explainer) -> None:
        name, needs = type(explainer).__name__, explainer.requires()
        if "target" in needs and self.target is None:
            why = "It fits models anew." if "refit" in needs else "It scores predictions."
            raise InputError(f"{name} needs y, and none was given.", why, "Pass y after X.")
        if "background" in needs and self.background is self.rows:
            cure = f"Pass the training table: {name}(background=X_train)."
            raise InputError(f"{name} needs a background, and none was given.", "It says where rows usually lie.", cure)
        for readout in sorted((needs & _READOUTS.keys()) - self.adapter.offers):
            offered = ", ".join(sorted(self.adapter.offers))
            message = f"{name} needs {readout}s, and {type(self.adapter).__name__} offers: {offered}."
            raise CapabilityError(message, *_READOUTS[readout])
        if "target" in needs and self.adapter.classes is None and self.target is not None:
            given = self.target.shape[1] if self.target.ndim == 2 else 1
            if given != len(self.outputs):
                message = f"y has {given} columns and the model predicts {len(self.outputs)} numbers."
                cure = "Pass a y of that many columns; for probabilities say sp.adapt(model, classes=[...])."
                raise InputError(message, "Each output needs its target.", cure)


@dataclass(frozen=True, eq=False)
class Behind:
    """A background that was let in, with its weights, and what was found about either."""

    table: Table
    weights: NDArray[np.float64]
    about_table: list[Caveat]
    about_weights: list[Caveat]


def open_behind(adapter: Adapter, background: Any, weights: Any) -> Behind:
    """Let a background in."""
    table, found = open_table(background, argument="background", expects=adapter.expects)
    opened, about_weights = open_weights(
        weights, background, len(table), argument="background_weight", table="background"
    )
    return Behind(table, opened, found, about_weights)


def open_ground(adapter: Adapter, X: Any, y: Any, sample_weight: Any, behind: Callable[[], Behind] | None) -> Ground:
    """Let rows, target and weights in, before a background that is still to come; nothing is predicted yet."""
    rows, caveats = open_table(X, expects=adapter.expects)
    target, more = open_target(y, X, adapter.classes)
    weights, about_weights = open_weights(sample_weight, X, len(rows))
    caveats += more + about_weights
    background, background_weights = rows, weights
    if behind is not None:
        other = behind()
        background, rows, about = conform(other.table, rows)
        background_weights = other.weights
        caveats += other.about_table + about + other.about_weights
    if adapter.as_array(rows) and not rows.from_array:
        message = "X is a frame and the model was fitted on an array; it was given arrays, columns in X's order."
        caveats.append(caveat("SIPA004", message))
    return Ground(adapter, rows, background, target, weights, background_weights, (), caveats, 0)


def prepare_ground(
    model: object,
    X: Any,
    y: Any,
    sample_weight: Any,
    background: Any,
    output: Any,
    background_weight: Any = None,
    *,
    without_bad_rows: AbstractSet[str] | None = None,
) -> Ground:
    """Let tables, target and weights in, and look at the model's manners.

    ``without_bad_rows`` names the tables whose predictions are built on, if rows without one are to be left out.
    """
    adapter = adapt(model, output=output)
    behind = None if background is None else partial(open_behind, adapter, background, background_weight)
    ground = open_ground(adapter, X, y, sample_weight, behind)
    if without_bad_rows is not None:
        ground = ground.without_bad_rows(without_bad_rows)
    predictions, cost, manners = check_manners(adapter, ground.rows)
    return ground.knowing(adapter.names_of_outputs(predictions.shape[1]), [*adapter.caveats, *manners], cost)


def _whole(table: Table) -> Mix:
    return Mix.unchanged(Rows(table, np.arange(len(table))))
