"""What an adapter is, and the one function that turns a model's raw answer into predictions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from sipakit.caveats import Caveat
from sipakit.columns import LARGEST
from sipakit.errors import CapabilityError, PredictionError
from sipakit.frames import cells_of, is_foreign

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

    from sipakit.intervene import Mix, Refit
    from sipakit.structure import Structure
    from sipakit.table import Table

__all__ = ["NEEDS_AN_ESTIMATOR", "Adapter", "Manners", "as_predictions", "shown_row"]

NEEDS_AN_ESTIMATOR = "A refit needs a fitted scikit-learn estimator that can be cloned."


@dataclass(frozen=True, slots=True)
class Manners:
    """How a model may be run.

    Parameters
    ----------
    threads : bool
        Whether its predictions release Python's lock, so that threads help.
    tolerance : float
        Largest relative difference between batches that is only rounding.
    """

    threads: bool = False
    tolerance: float = 1e-9


class Adapter(ABC):
    """Abstract adapter: one duty, `predict`, made of `batch`, `answer` and `read`; and what it knows of the model.

    Attributes
    ----------
    feature_names : tuple or None
        Columns that the model was fitted on, in order, where it remembers them.
    classes : tuple or None
        Labels in the model's order, for classifiers.
    scale : str
        Unit of the outputs.
    manners : Manners
    offers : set of "prediction", "gradient", "refit"
        What it can answer at virtual rows, and whether it can be fitted anew.
    caveats : tuple of Caveat
        What a reader must know of how the model is read.
    """

    feature_names: tuple[Hashable, ...] | None
    classes: tuple[Hashable, ...] | None
    scale: str
    caveats: tuple[Caveat, ...] = ()
    manners: ClassVar[Manners] = Manners()
    offers: ClassVar[frozenset[str]] = frozenset({"prediction"})

    @abstractmethod
    def answer(self, batch: Any) -> Any:
        """Call the model on a batch of rows that it may do with as it likes."""

    @abstractmethod
    def names_of_outputs(self, k: int) -> tuple[str, ...]:
        """Name the ``k`` outputs of `predict`."""

    @abstractmethod
    def with_output(self, output: Any) -> Adapter:
        """Return the same model read on another scale, or for some classes only; None leaves it as it is."""

    def batch(self, mix: Mix) -> Any:
        """Return virtual rows as the model takes them: a fresh array or frame."""
        table = mix.base.table
        return mix.rows(as_array=self.as_array(table), in_pandas=self.in_pandas(table))

    def read(self, predictions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Pick the explained outputs from all that the model answered; all of them by default."""
        return predictions

    def predict(self, mix: Mix, *, strict: bool = True) -> NDArray[np.float64]:
        """(m, k) predictions at virtual rows; unless ``strict``, NaN for a row whose prediction is not finite."""
        batch = self.batch(mix)
        return self.read(as_predictions(self.answer(batch), batch, strict=strict))

    def gradient(self, mix: Mix, *, strict: bool = True) -> NDArray[np.float64]:
        """(m, p, k) derivative of each output at virtual rows; unless ``strict``, NaN where it is not finite.

        Raises
        ------
        CapabilityError
            Where the model has none.
        """
        message = f"{type(self).__name__} offers predictions and no gradients."
        raise CapabilityError(
            message, "Gradients need a torch.nn.Module on numeric input.", "Use Shapley for this model."
        )

    def refit(self, due: Refit, target: NDArray[Any], weights: NDArray[np.float64] | None) -> Adapter:
        """Return a model of the same kind that was fitted to virtual rows.

        Parameters
        ----------
        due : Refit
            Its m training rows, the columns that it is not to see, and its random state.
        target : (m,) float or class positions, or (m, k) float
        weights : (m,), or None where all rows count the same

        Raises
        ------
        CapabilityError
            Where the model cannot be fitted anew.
        """
        message = f"{type(self).__name__} offers predictions and no refits."
        raise CapabilityError(message, NEEDS_AN_ESTIMATOR, "Use PermutationImportance for this model.")

    @property
    def drops_columns(self) -> bool:
        """Whether a model fitted anew does without columns; they are kept as constants otherwise."""
        return False

    def expects(self, names: Sequence[Hashable]) -> tuple[Hashable, ...] | None:
        """Return the columns that the model was fitted on, in the spelling of a table's ``names``; None if unknown."""
        return self.feature_names

    def as_array(self, table: Table) -> bool:
        """Whether the model is given arrays rather than frames; by default what the user gave."""
        return table.from_array

    def in_pandas(self, table: Table) -> bool:
        """Whether the model is given pandas' frames whatever the user gave; by default what the user gave."""
        return False

    @property
    def structure(self) -> Structure | None:
        """What the model is made of, as far as it can be used; None if that is not known.

        Its answers are those of `answer`, before `read`.
        """
        return None

    def closed(self) -> Adapter:
        """Return the same model, whose structure is not looked at."""
        return self

    def single_threaded(self) -> Adapter:
        """Return the same model using no threads of its own, for when the engine brings them."""
        return self


def as_predictions(raw: Any, batch: Any, *, strict: bool = True) -> NDArray[np.float64]:
    """Turn a raw answer into (m, k) finite float64 predictions, or say what is wrong with it.

    Parameters
    ----------
    raw : what the model returned
    batch : the m rows that it was given
    strict : bool
        Whether rows with values that are not finite are refused; they are NaN otherwise.

    Raises
    ------
    PredictionError
        For another number of rows, text, more than two dimensions, or values that are not finite, or so large that
        their spread is not; the first bad row is shown as the model saw it.

    Examples
    --------
    >>> as_predictions([1, 2], batch=[[0], [0]]).tolist()
    [[1.0], [2.0]]
    """
    if isinstance(raw, (pd.Series, pd.DataFrame)) and not raw.index.equals(pd.RangeIndex(len(batch))):
        message = "The model returned a Series or frame with an index of its own."
        raise PredictionError(message, "Predictions are matched by position.", "Return an array, or keep the index.")
    array = _numeric(raw)
    if array.ndim not in {1, 2} or len(array) != len(batch) or 0 in array.shape[1:]:
        message = f"The model returned shape {array.shape} for {len(batch)} rows."
        cure = "Pass a function that answers every row, in the order of the rows."
        raise PredictionError(message, "It must be (rows,) or (rows, outputs).", cure)
    predictions = array.reshape(len(batch), -1).astype(np.float64)  # a copy
    finite = (np.abs(predictions) < LARGEST).all(axis=1)  # nor is NaN
    if not strict:
        predictions[~finite] = np.nan
    elif not finite.all():
        bad = np.flatnonzero(~finite)
        message = f"The model returned {predictions[bad[0]].tolist()} for {len(bad)} of {len(batch)} rows."
        row = shown_row(batch, int(bad[0]))
        raise PredictionError(
            message,
            f"Predictions must be finite, and below {LARGEST:g} in size. First such row: {row}.",
            "Mend the model or that row.",
        )
    return predictions


def _numeric(raw: Any) -> NDArray[Any]:
    """Read a raw answer as an array of numbers; masked cells are missing ones."""
    try:
        array = np.asarray(np.ma.filled(raw.astype(np.float64), np.nan) if isinstance(raw, np.ma.MaskedArray) else raw)
    except ValueError as error:
        message = "The model returned rows of different lengths."
        raise PredictionError(message, "One answer a row is needed.", "Return an array (rows, outputs).") from error
    if array.dtype == np.dtype(object):
        with suppress(TypeError, ValueError):  # told below, with the type that it has
            array = array.astype(np.float64) if raw is not None else array
    if array.dtype.kind not in "biuf":
        shown = repr(array.ravel()[0]) if array.size else "nothing"
        message = f"The model returned {array.dtype} such as {shown}, not numbers."
        cure = "Pass a function that returns probabilities or scores."
        raise PredictionError(message, "Predictions are numbers.", cure)
    return array


def shown_row(batch: Any, i: int, limit: int = 5) -> str:
    """One row as the model saw it, a few columns of it."""
    if isinstance(batch, pd.DataFrame):
        first = batch.iloc[i : i + 1, :limit].astype(object)
        cells = [f"{name}={cell!r}" for name, cell in zip(first.columns, first.to_numpy()[0].tolist(), strict=True)]
    elif is_foreign(batch):
        cells = [f"{name}={cell!r}" for name, cell in cells_of(batch, i, limit)]
    else:
        cells = [repr(cell) for cell in np.asarray(batch[i]).tolist()[:limit]]
    more = batch.shape[1] - limit
    return ", ".join(cells) + (f" and {more} more columns" if more > 0 else "")
