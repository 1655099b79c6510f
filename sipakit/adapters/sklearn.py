"""scikit-learn's API: its own estimators and pipelines, LightGBM, XGBoost and CatBoost."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar

import joblib
import numpy as np
from sklearn.base import clone
from sklearn.utils.validation import has_fit_parameter

from sipakit.adapters.base import Adapter, Manners, as_predictions
from sipakit.adapters.fitted_on import (
    library_of,
    names_fitted_on,
    needs_pandas,
    spelled_as_fitted,
    was_fitted_on_arrays,
)
from sipakit.adapters.outputs import ClassOutputs
from sipakit.adapters.terms import Linear, read_linear
from sipakit.adapters.trees import read_trees
from sipakit.caveats import Caveat, caveat
from sipakit.errors import CapabilityError, InputError, first_few
from sipakit.structure import Terms

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from numpy.typing import NDArray

    from sipakit.intervene import Mix, Refit
    from sipakit.structure import Structure
    from sipakit.table import Table

__all__ = ["SklearnAdapter"]

# What answers on each scale.
_METHODS = {
    "probability": "predict_proba",
    "log_odds": "predict_proba",
    "score": "decision_function",
    "prediction": "predict",
}
# How the boosters are asked for their raw margin, and for one thread.
_MARGIN: Mapping[str, Mapping[str, Any]] = {
    "lightgbm": {"raw_score": True},
    "xgboost": {"output_margin": True},
    "catboost": {"prediction_type": "RawFormulaVal"},
}
# Parameters that name columns, or number them: models that have one cannot be fitted without a column.
_NAMES_COLUMNS = {
    *("transformers", "categorical_features", "monotonic_cst", "interaction_cst", "feature_types"),
    *("monotone_constraints", "interaction_constraints", "categorical_feature", "feature_name", "cat_features"),
}
_ONE_THREAD: Mapping[str, Mapping[str, Any]] = {"lightgbm": {"num_threads": 1}, "catboost": {"thread_count": 1}}


@dataclass(frozen=True, eq=False)
class SklearnAdapter(Adapter):
    """A fitted estimator with ``predict``, and ``predict_proba`` or ``decision_function`` for classifiers.

    Parameters
    ----------
    estimator : fitted estimator
    outputs : ClassOutputs or None
        None for regressors.
    options : mapping
        Arguments for every predict.
    margin : bool
        Whether a boosted regressor is asked for its raw margin.
    opened : bool
        Whether its trees or terms may be looked at.
    caveats : tuple of Caveat
    kept : tuple of int or None
        Columns that a refit was given, where it does without others.
    """

    estimator: Any
    outputs: ClassOutputs | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    margin: bool = False
    opened: bool = True
    caveats: tuple[Caveat, ...] = ()
    kept: tuple[int, ...] | None = None

    manners: ClassVar[Manners] = Manners(threads=True)

    @classmethod
    def of(cls, estimator: Any, output: Any = None, *, scale: str | None = None) -> SklearnAdapter:
        """Wrap a fitted estimator; classifiers are explained by their probabilities where they have them.

        Raises
        ------
        InputError, CapabilityError
            For an output that the estimator cannot give.
        """
        classes = _classes(estimator)
        if classes is None:
            if output not in (None, "prediction", "score"):
                cure = "Leave output= out; classes are for classifiers."
                raise InputError(f"output={output!r}, and the model is a regressor.", "It takes 'prediction'.", cure)
            return cls(estimator, margin=output == "score" and library_of(estimator) in _MARGIN)
        offered = _scales(estimator, classes)
        chosen = ClassOutputs.of(classes, output, scale or next(iter(offered), "score"))
        if chosen.scale not in offered:
            message = f"{type(estimator).__name__} cannot answer on the scale {chosen.scale!r}, output={output!r}."
            cure = "Calibrate it for probabilities (CalibratedClassifierCV); a score needs decision_function."
            raise CapabilityError(message, f"It offers {first_few(offered) or 'nothing per class'}.", cure)
        found: tuple[Caveat, ...] = ()
        if "probability" not in offered and scale is None and chosen.scale != output:
            found = (caveat("SIPA015", "Its decision function is explained.", "Calibrate it for probabilities."),)
        return cls(estimator, chosen, caveats=found)

    @cached_property
    def feature_names(self) -> tuple[Hashable, ...] | None:  # type: ignore[override]
        """Names of the columns that the model was fitted on; None if it was fitted on an array."""
        return names_fitted_on(self.estimator)

    @property
    def classes(self) -> tuple[Hashable, ...] | None:  # type: ignore[override]
        """Labels in the order of ``classes_``."""
        return self.outputs.classes if self.outputs else None

    @cached_property
    def structure(self) -> Structure | None:
        """The estimator's trees, or that it adds up a term a column, if it is made of nothing else."""
        if not self.opened:
            return None
        linear = read_linear(self.estimator, self.scale)
        if linear is not None:
            return Terms(partial(self.sums, linear), linear.link)
        return read_trees(self.estimator, margin=self.scale == "score")

    def sums(self, linear: Linear, mix: Mix, *, strict: bool = True) -> NDArray[np.float64]:
        """(m, s) sums of a linear model at virtual rows, before its link."""
        batch = self.batch(mix)
        with joblib.parallel_config(backend="sequential"):
            raw = getattr(self.estimator, linear.method)(batch)
        return as_predictions(np.log(raw) if linear.logs else raw, batch, strict=strict)

    def closed(self) -> SklearnAdapter:
        """Return the same estimator, whose trees or terms are not looked at."""
        return replace(self, opened=False)

    @property
    def scale(self) -> str:  # type: ignore[override]
        """Unit of the outputs."""
        if self.outputs is None:
            return "score" if self.margin else "prediction"
        return self.outputs.scale

    def answer(self, batch: Any) -> Any:
        """Call the method that answers on the scale asked for."""
        margin = _MARGIN.get(library_of(self.estimator)) if self.scale == "score" else None
        method = _METHODS[self.scale] if margin is None else "predict"
        # A forest that adds its trees in the order in which threads finish is not equal to itself: sequential it is.
        with joblib.parallel_config(backend="sequential"):
            return getattr(self.estimator, method)(batch, **self.options, **(margin or {}))

    def read(self, predictions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Pick the explained classes."""
        return self.outputs.select(predictions) if self.outputs else predictions

    def names_of_outputs(self, k: int) -> tuple[str, ...]:
        """Names of the classes; ``prediction`` for one number, ``output_0`` ... for several targets."""
        if self.outputs:
            return self.outputs.names
        return ("prediction",) if k == 1 else tuple(f"output_{i}" for i in range(k))

    def with_output(self, output: Any) -> SklearnAdapter:
        """Return the same estimator on another scale, or for some classes only."""
        if output is None:
            return self
        scale = self.outputs.scale if self.outputs else None
        return replace(SklearnAdapter.of(self.estimator, output, scale=scale), options=self.options, opened=self.opened)

    def expects(self, names: Sequence[Hashable]) -> tuple[Hashable, ...] | None:
        """Return the columns that the model was fitted on; LightGBM remembers blanks as underscores."""
        return spelled_as_fitted(self.estimator, self.feature_names, names)

    def as_array(self, table: Table) -> bool:
        """Whether the estimator was fitted on an array; without names, only tables of numbers can tell."""
        return was_fitted_on_arrays(self.estimator, self.feature_names, table)

    def in_pandas(self, table: Table) -> bool:
        """Whether the estimator's library does not take the user's kind of frame; unknown ones are given it."""
        return needs_pandas(self.estimator, table)

    # ---- fitted anew

    @property
    def offers(self) -> frozenset[str]:  # type: ignore[override]
        """Predictions, and refits where the estimator can be cloned."""
        fits = hasattr(self.estimator, "fit") and hasattr(self.estimator, "get_params")
        return frozenset({"prediction", "refit"} if fits else {"prediction"})

    @property
    def drops_columns(self) -> bool:
        """Whether no parameter of the estimator, or of one inside of it, names or numbers columns."""
        given = self.estimator.get_params(deep=True).items()
        named = [value for name, value in given if name.rpartition("__")[2] in _NAMES_COLUMNS]
        return all(value is None or isinstance(value, str) for value in named)  # such as "auto" and "from_dtype"

    def batch(self, mix: Mix) -> Any:
        """Return virtual rows as the estimator takes them, of the columns that it was given."""
        return super().batch(mix if self.kept is None else mix.selected(self.kept))

    def refit(self, due: Refit, target: NDArray[Any], weights: NDArray[np.float64] | None) -> SklearnAdapter:
        """Fit a clone; where a random state is None it gets the seed."""
        fresh = clone(self.estimator)
        open_ = [name for name, value in fresh.get_params().items() if value is None and _is_random_state(name)]
        if open_:
            fresh.set_params(**dict.fromkeys(open_, due.seed))
        kept = tuple(j for j in range(due.train.base.table.n_columns) if j not in due.without)
        given = kept if due.without and kept and self.drops_columns else None
        rows = replace(self, kept=given).batch(due.train)  # a new estimator cannot tell yet what it takes
        labels = target if self.classes is None else np.asarray(self.classes)[target]
        fresh.fit(rows, labels, **_weighing(fresh, weights))
        if self.classes is not None and tuple(np.asarray(fresh.classes_).tolist()) != self.classes:
            message = f"A model fitted anew knows {len(fresh.classes_)} of {len(self.classes)} classes."
            raise InputError(message, "Each class must be in every training part.", "Pass more rows, or fewer folds.")
        return replace(self, estimator=fresh, kept=given)

    def single_threaded(self) -> SklearnAdapter:
        """Return the same estimator on one thread; boosters take that as an argument of predict."""
        return replace(self, options=_ONE_THREAD.get(library_of(self.estimator), {}))


def _is_random_state(name: str) -> bool:
    return name.rpartition("__")[2] == "random_state"


def _weighing(estimator: Any, weights: NDArray[np.float64] | None) -> dict[str, NDArray[np.float64]]:
    """Return the argument of fit that carries weights; that of the last step of a pipeline.

    Raises
    ------
    CapabilityError
        If there is none.
    """
    if weights is None:
        return {}
    steps = getattr(estimator, "steps", None)
    last, prefix = (steps[-1][1], f"{steps[-1][0]}__") if steps else (estimator, "")
    if not has_fit_parameter(last, "sample_weight"):
        message = f"sample_weight= was given, and {type(last).__name__} takes none when it is fitted."
        raise CapabilityError(message, "Rows must count by their weights.", "Leave sample_weight= out.")
    return {f"{prefix}sample_weight": weights}


def _scales(estimator: Any, classes: Sequence[Hashable]) -> tuple[str, ...]:
    """Return the scales that a classifier can answer on, its usual one first."""
    offered = ("probability", "log_odds") if hasattr(estimator, "predict_proba") else ()
    # one against one gives a column a pair of classes, which for three classes looks like a column a class
    by_pairs = getattr(estimator, "decision_function_shape", None) == "ovo" and len(classes) > 2
    scores = hasattr(estimator, "decision_function") and not by_pairs
    return (*offered, "score") if scores or library_of(estimator) in _MARGIN else offered


def _classes(estimator: Any) -> tuple[Hashable, ...] | None:
    """Labels of a classifier, as Python values; None for regressors.

    Raises
    ------
    CapabilityError
        For a classifier of several targets, for one that does not tell its classes, and for one of labels only.
    """
    name = type(estimator).__name__
    labels = getattr(estimator, "classes_", None)
    if labels is None and hasattr(estimator, "predict_proba"):
        cure = "Fit it, or pass sp.adapt(model.predict_proba, classes=[...])."
        raise CapabilityError(f"{name} has predict_proba and no classes_.", "A fitted classifier has both.", cure)
    if labels is None:
        return None
    if not (hasattr(estimator, "predict_proba") or hasattr(estimator, "decision_function")):
        cure = "Explain its votes: sp.adapt(lambda X: model.predict(X)[:, None] == model.classes_, classes=[...])."
        raise CapabilityError(f"{name} predicts labels only.", "Labels have no mean; probabilities do.", cure)
    if isinstance(labels, list) and any(np.ndim(one) for one in labels):
        cure = "Explain one target at a time: sp.adapt(lambda X: model.predict_proba(X)[0], classes=[...])."
        raise CapabilityError(f"{name} classifies {len(labels)} targets.", "It can be one target.", cure)
    return tuple(np.asarray(labels).tolist())
