"""Which numbers of a classifier are explained, and what they are called."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sipakit.errors import InputError, PredictionError, first_few

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["ClassOutputs"]

_SCALES = ("probability", "log_odds", "score")


@dataclass(frozen=True, slots=True)
class ClassOutputs:
    """A choice of classes on a scale.

    Parameters
    ----------
    classes : tuple of labels, in the model's order
    scale : "probability", "log_odds" or "score"
    chosen : tuple of int
        Positions of the explained classes: the second one of two, all of more.
    """

    classes: tuple[Hashable, ...]
    scale: str
    chosen: tuple[int, ...]

    @classmethod
    def of(cls, classes: Sequence[Hashable], output: Any = None, scale: str = "probability") -> ClassOutputs:
        """Read the user's ``output``: None, a scale, the name of a class, or a list of names.

        Raises
        ------
        InputError
            For a name that is neither a scale nor a class.

        Examples
        --------
        >>> ClassOutputs.of(["no", "yes"]).names
        ('yes',)
        >>> ClassOutputs.of(["a", "b", "c"], "b").names
        ('b',)
        """
        every = tuple(range(len(classes))) if len(classes) > 2 else (len(classes) - 1,)
        if output is None or (isinstance(output, str) and output in _SCALES):
            return cls(tuple(classes), output or scale, every)
        wanted = list(output) if isinstance(output, (list, tuple)) else [output]
        place = {str(label): i for i, label in enumerate(classes)} | {label: i for i, label in enumerate(classes)}
        unknown = [label for label in wanted if not isinstance(label, Hashable) or label not in place]
        chosen = tuple(place[label] for label in wanted if label not in unknown)
        if unknown or not wanted or len(set(chosen)) < len(chosen):
            message = f"output={output!r} names {first_few(unknown) or 'nothing, or a class twice'}."
            cure = "Leave output= out for the usual ones."
            raise InputError(message, f"It takes {first_few(_SCALES)} or classes: {first_few(classes, 8)}.", cure)
        return cls(tuple(classes), scale, chosen)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the explained outputs."""
        return tuple(str(self.classes[i]) for i in self.chosen)

    def select(self, predictions: NDArray[np.float64]) -> NDArray[np.float64]:
        """(m, chosen) columns of the (m, classes) predictions, on the scale asked for.

        A single column is the second class of two. Log-odds keep probabilities 1e-15 away from 0 and 1.

        Raises
        ------
        PredictionError
            For another number of columns than classes.
        """
        if predictions.shape[1] != len(self.classes) and (predictions.shape[1], len(self.classes)) != (1, 2):
            message = f"The model returned {predictions.shape[1]} columns for {len(self.classes)} classes."
            allowed = "It returns one a class, or one for two classes."
            raise PredictionError(message, allowed, "Check the classes, or return a column for each of them.")
        if predictions.shape[1] == 1 and len(self.classes) == 2:
            other = -predictions if self.scale == "score" else 1 - predictions
            predictions = np.hstack([other, predictions])
        picked = predictions[:, list(self.chosen)]
        if self.scale != "log_odds":
            return picked
        inside = np.clip(picked, 1e-15, 1 - 1e-15)
        return np.asarray(np.log(inside) - np.log1p(-inside))
