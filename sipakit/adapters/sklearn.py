"""scikit-learn's API: its own estimators and pipelines, LightGBM, XGBoost and CatBoost."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import joblib
import numpy as np

from sipakit.adapters.base import Adapter, Manners
from sipakit.adapters.outputs import ClassOutputs
from sipakit.errors import CapabilityError, InputError

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from numpy.typing import NDArray

    from sipakit.table import Table

__all__ = ["SklearnAdapter"]

# What answers on each scale, first that the estimator has.
_METHODS = {
    "probability": ("predict_proba",),
    "log_odds": ("predict_proba",),
    "score": ("decision_function", "predict"),
    "prediction": ("predict",),
}
# How the boosters are asked for their raw margin, and for one thread.
_MARGIN = {
    "lightgbm": {"raw_score": True},
    "xgboost": {"output_margin": True},
    "catboost": {"prediction_type": "RawFormulaVal"},
}
_ONE_THREAD = {"lightgbm": {"num_threads": 1}, "catboost": {"thread_count": 1}}


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
    """

    estimator: Any
    outputs: ClassOutputs | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    manners: ClassVar[Manners] = Manners(threads=True)

    @classmethod
    def of(cls, estimator: Any, output: Any = None) -> SklearnAdapter:
        """Wrap a fitted estimator; classifiers are explained by their probabilities where they have them."""
        classes = _classes(estimator)
        if classes is None:
            if output not in {None, "prediction", "score"}:
                raise InputError(f"output={output!r}, and the model is a regressor.", "It takes 'prediction'.")
            return cls(estimator)
        scale = "probability" if hasattr(estimator, "predict_proba") else "score"
        chosen = ClassOutputs.of(classes, output, scale)
        if not any(hasattr(estimator, method) for method in _METHODS[chosen.scale]):
            message = f"{type(estimator).__name__} has no predict_proba, which output={output!r} needs."
            raise CapabilityError(message, "It offers output='score'.", "Calibrate it with CalibratedClassifierCV.")
        return cls(estimator, chosen)

    @cached_property
    def feature_names(self) -> tuple[Hashable, ...] | None:  # type: ignore[override]
        """Names of the columns that the model was fitted on; None if it was fitted on an array."""
        names = getattr(self.estimator, "feature_names_in_", None)
        if names is None:
            return None
        listed = tuple(names.tolist() if isinstance(names, np.ndarray) else names)
        made_up = tuple(f"Column_{i}" for i in range(len(listed)))  # what LightGBM calls the columns of an array
        return None if listed == made_up else listed

    @property
    def classes(self) -> tuple[Hashable, ...] | None:  # type: ignore[override]
        """Labels in the order of ``classes_``."""
        return self.outputs.classes if self.outputs else None

    @property
    def scale(self) -> str:  # type: ignore[override]
        """Unit of the outputs."""
        return self.outputs.scale if self.outputs else "prediction"

    def answer(self, batch: Any) -> Any:
        """Call the method that answers on the scale asked for."""
        margin = _MARGIN.get(self._library) if self.scale == "score" else None
        options = {**self.options, **(margin or {})}
        names = ("predict",) if margin else _METHODS[self.scale]
        method = next(name for name in names if hasattr(self.estimator, name))
        # A forest that adds its trees in the order in which threads finish is not equal to itself: sequential it is.
        with joblib.parallel_config(backend="sequential"), warnings.catch_warnings():
            # LightGBM claims names for models fitted on arrays, and scikit-learn then warns at every batch.
            warnings.filterwarnings("ignore", message="X does not have valid feature names", category=UserWarning)
            return getattr(self.estimator, method)(batch, **options)

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
        return replace(SklearnAdapter.of(self.estimator, output), options=self.options)

    def expects(self, names: Sequence[Hashable]) -> tuple[Hashable, ...] | None:
        """Return the columns that the model was fitted on; LightGBM remembers blanks as underscores."""
        known = self.feature_names
        if known is None or set(known) <= set(names):
            return known
        spelled = {str(name).replace(" ", "_"): name for name in names}
        return tuple(spelled.get(str(name), name) for name in known) if self._library == "lightgbm" else known

    def as_array(self, table: Table) -> bool:
        """Whether the estimator was fitted on an array; without names, only tables of numbers can tell."""
        if self.feature_names is not None:
            return False
        numbers = all(table.kind(j) == "number" for j in range(table.n_columns))
        return table.from_array or (numbers and hasattr(self.estimator, "n_features_in_"))

    def single_threaded(self) -> SklearnAdapter:
        """Return the same estimator on one thread; boosters take that as an argument of predict."""
        return replace(self, options=_ONE_THREAD.get(self._library, {}))

    @property
    def _library(self) -> str:
        return type(self.estimator).__module__.partition(".")[0]


def _classes(estimator: Any) -> tuple[Hashable, ...] | None:
    """Labels of a classifier, as Python values; None for regressors."""
    if not (hasattr(estimator, "predict_proba") or hasattr(estimator, "decision_function")):
        return None
    labels = getattr(estimator, "classes_", None)
    return None if labels is None else tuple(np.asarray(labels).tolist())
