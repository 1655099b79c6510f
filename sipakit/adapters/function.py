"""Any callable: rows in X's own type in, numbers out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sipakit.adapters.base import Adapter
from sipakit.adapters.fitted_on import names_fitted_on, needs_pandas, spelled_as_fitted, was_fitted_on_arrays
from sipakit.adapters.outputs import ClassOutputs
from sipakit.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from sipakit.table import Table

__all__ = ["FunctionAdapter"]


@dataclass(frozen=True, eq=False)
class FunctionAdapter(Adapter):
    """A function of a table.

    Parameters
    ----------
    function : callable
        Receives a frame if X is one and an array if X is one; returns (m,) or (m, k) numbers. A method of a fitted
        estimator receives what that was fitted on.
    outputs : ClassOutputs or None
        For functions that return probabilities of named classes.
    """

    function: Callable[[Any], Any]
    outputs: ClassOutputs | None = None

    @cached_property
    def estimator(self) -> Any:
        """What the function is a method of, such as ``model.predict``; None for any other function."""
        owner = getattr(self.function, "__self__", None)
        return None if isinstance(owner, type) else owner

    @cached_property
    def feature_names(self) -> tuple[Hashable, ...] | None:  # type: ignore[override]
        """A function remembers no names, but the estimator whose method it is may."""
        return names_fitted_on(self.estimator)

    @property
    def classes(self) -> tuple[Hashable, ...] | None:  # type: ignore[override]
        """Labels, where the user named them."""
        return self.outputs.classes if self.outputs else None

    @property
    def scale(self) -> str:  # type: ignore[override]
        """Unit of the outputs."""
        return self.outputs.scale if self.outputs else "prediction"

    def expects(self, names: Sequence[Hashable]) -> tuple[Hashable, ...] | None:
        """Return the columns that the estimator behind the function was fitted on."""
        return spelled_as_fitted(self.estimator, self.feature_names, names)

    def as_array(self, table: Table) -> bool:
        """Whether there is an estimator behind the function that was fitted on an array."""
        behind = self.feature_names is not None or hasattr(self.estimator, "n_features_in_")
        return was_fitted_on_arrays(self.estimator, self.feature_names, table) if behind else table.from_array

    def in_pandas(self, table: Table) -> bool:
        """Whether the library of the estimator behind the function does not take the user's kind of frame."""
        return needs_pandas(self.estimator, table)

    def answer(self, batch: Any) -> Any:
        """Call the function."""
        return self.function(batch)

    def read(self, predictions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Pick the explained classes."""
        return self.outputs.select(predictions) if self.outputs else predictions

    def names_of_outputs(self, k: int) -> tuple[str, ...]:
        """Names of the classes, ``prediction`` for one number, ``output_0`` ... for several."""
        if self.outputs:
            return self.outputs.names
        return ("prediction",) if k == 1 else tuple(f"output_{i}" for i in range(k))

    def with_output(self, output: Any) -> FunctionAdapter:
        """Choose classes or a scale; a function without classes has only its prediction."""
        if output is None or (self.outputs is None and output == "prediction"):
            return self
        if self.outputs is None:
            message = f"output={output!r}, and the model is a function without classes."
            raise InputError(message, "It takes 'prediction'.", "Say sp.adapt(function, classes=[...]) first.")
        return replace(self, outputs=ClassOutputs.of(self.outputs.classes, output, self.outputs.scale))
