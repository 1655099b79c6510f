"""What every result is: numbers with their errors in one layout, caveats, cost and a manifest."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np
import pandas as pd

from sipakit.caveats import Caveat
from sipakit.equality import by_value
from sipakit.estimate import Estimate

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from sipakit.plots import Display

    Labels: TypeAlias = Mapping[str, Sequence[Any] | NDArray[Any]]  # name of a column -> a label for each place

__all__ = ["Cost", "Explanation", "tidy"]


@dataclass(frozen=True, slots=True, repr=False)
class Cost:
    """What an answer cost.

    Parameters
    ----------
    rows : int
        Model rows predicted for the answer, base predictions included where they were used.
    asked : int
        Virtual rows asked for; those equal to another were not predicted again.
    gradient_rows : int
        Rows whose gradient was taken.
    refits : int
        Models fitted anew.
    check_rows : int
        Rows predicted to check the model's manners.
    seconds_in_model, seconds_outside : float
        Of several workers they are added up.

    Examples
    --------
    >>> print(Cost(rows=900, asked=1000, seconds_in_model=0.5))
    900 model rows, for 1,000 virtual rows and their bases; 0.50 s in the model, 0.00 s outside
    """

    rows: int = 0
    asked: int = 0
    gradient_rows: int = 0
    refits: int = 0
    check_rows: int = 0
    seconds_in_model: float = 0.0
    seconds_outside: float = 0.0

    def __repr__(self) -> str:
        """Tell the cost in a line that a person can read."""
        seconds = f"{self.seconds_in_model:.2f} s in the model, {self.seconds_outside:.2f} s outside"
        gradients = f", {self.gradient_rows:,} gradient rows" if self.gradient_rows else ""
        gradients += f", {self.refits:,} refits" if self.refits else ""
        rows = f"{self.rows:,} model row{'s' * (self.rows != 1)}"
        return f"{rows}{gradients}, for {self.asked:,} virtual row{'s' * (self.asked != 1)} and their bases; {seconds}"


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Explanation(ABC):  # noqa: PLW1641 - arrays have no hash
    """What every result carries.

    Parameters
    ----------
    explainer : str
        Name of the class that made it.
    parameters : mapping
        Its parameters, as a reader sees them.
    question : str
        What the numbers answer, in a reader's words.
    references : tuple of str
        Where the method comes from.
    features, outputs : tuple of names
    scale : str
        Unit of the outputs: ``"prediction"``, ``"probability"``, ``"log_odds"`` or ``"score"``.
    estimate : Estimate
    error : str
        What the standard errors and intervals cover, and what they leave out.
    estimator : str
        How the numbers were found.
    conf_level : float
    caveats : tuple of Caveat
    cost : Cost
    manifest : mapping
        What a repetition needs: versions, seed, fingerprints of rows and background.
    """

    explainer: str
    parameters: Mapping[str, Any]
    question: str
    references: tuple[str, ...]
    features: tuple[Hashable, ...]
    outputs: tuple[str, ...]
    scale: str
    estimate: Estimate
    error: str
    estimator: str
    conf_level: float
    caveats: tuple[Caveat, ...] = ()
    cost: Cost = field(default_factory=Cost)
    manifest: Mapping[str, Any] = field(default_factory=dict)

    dims: ClassVar[tuple[str, ...]]
    __eq__ = by_value

    @property
    def values(self) -> Any:
        """The numbers, in this type's layout; the last axis is the output and stays when it is 1."""
        return self.estimate.values

    @property
    def std_error(self) -> NDArray[np.float64]:
        """Standard errors, in the layout of the estimate."""
        return self.estimate.std_error

    @abstractmethod
    def _axes(self) -> list[Labels]:
        """Return the columns that name the places along each axis of the estimate."""

    def numbered(self, rows: NDArray[np.intp]) -> Explanation:
        """Return the result with its rows, where it has any, called by their numbers in the user's table.

        Parameters
        ----------
        rows : (n,) int array
            The number that each explained row has in the user's table.

        Returns
        -------
        Explanation
        """
        return self

    def frame(self) -> pd.DataFrame:
        """Return a tidy frame: one estimate a row, with its place, standard error and interval."""
        return tidy(self._axes(), self.estimate)

    def plot(
        self,
        kind: str | None = None,
        *,
        ax: Axes | None = None,
        colour_by: Hashable | None = None,
        feature: Hashable | None = None,
        order: str | None = None,
    ) -> Display:
        """Draw the result.

        Parameters
        ----------
        kind : str, optional
            One of the kinds that this type offers; its usual picture by default.
        ax : matplotlib Axes, optional
            Where to draw; a figure of its own by default. Pyplot's state is never touched.
        colour_by : name of a column, optional
            Colours curves of single rows, or points of a beeswarm or dependence, by the rows' values of that column.
        feature : name of a feature, optional
            The one whose dependence is drawn; that with the largest mean size by default.
        order : "prediction" or "similarity", optional
            The order of rows in a heat map: by their predictions, which is usual, or like ones side by side.

        Returns
        -------
        Display
            With ``figure_`` and ``ax_``; it shows itself in a notebook.
        """
        from sipakit.plots import draw

        return draw(self, kind, ax=ax, colour_by=colour_by, feature=feature, order=order)

    def to_json(self, path: str | Path | None = None) -> str:
        """Return the result as JSON text, and write it to ``path`` if given; `sipakit.load` reads it again.

        Parameters
        ----------
        path : str or Path, optional

        Returns
        -------
        str
            Equal results give equal text; `sipakit.documents.schema_path` says where its JSON Schema is.
        """
        from sipakit.documents import dumps

        text = dumps(self)
        if path is not None:
            Path(path).write_text(text, encoding="utf-8", newline="\n")
        return text

    def to_parquet(self, path: str | Path) -> None:
        """Write the result as Parquet, one estimate a row, for large ones; `sipakit.load` reads it again.

        Parameters
        ----------
        path : str or Path

        Raises
        ------
        MissingPackageError
            Where pyarrow is not installed; it comes with ``sipakit[parquet]``.
        """
        from sipakit.documents import write_table

        write_table(self, path)

    def citation(self) -> str:
        """Return the sources of the method, one a line."""
        return "\n".join(self.references)

    def top(self, limit: int = 6) -> pd.DataFrame:
        """Return the first rows of `frame`, as this type ranks them.

        Parameters
        ----------
        limit : int, default 6
            How many rows at most.

        Returns
        -------
        DataFrame
        """
        return self.frame().head(limit)

    def __repr__(self) -> str:
        """Describe the result in a few lines that a person can read."""
        from sipakit.reports.inline import text_of

        return text_of(self)

    def _repr_html_(self) -> str:
        """Describe the result in a notebook."""
        from sipakit.reports.inline import html_of

        return html_of(self)


def tidy(axes: Sequence[Labels], estimate: Estimate) -> pd.DataFrame:
    """Return a frame with one estimate a row, and the labels of its place along each axis of the estimate."""
    shape = estimate.values.shape
    place = np.indices(shape).reshape(len(shape), -1)
    columns: dict[str, Any] = {}
    for axis, labels in zip(place, axes, strict=True):
        for name, names in labels.items():
            columns[name] = _series(_column(names).take(axis))
    numbers = {name: array.reshape(-1) for name, array in estimate.columns().items()}
    return pd.DataFrame({**columns, **numbers})


def _series(cells: Any) -> pd.Series[Any]:
    try:
        return pd.Series(cells)
    except UnicodeEncodeError:  # half a surrogate pair, which pandas' strings cannot hold where they are pyarrow's
        return pd.Series(cells, dtype=object)


def _column(labels: Sequence[Any] | NDArray[Any]) -> NDArray[Any]:
    """Labels as an array that keeps tuples and mixed types as they are."""
    if isinstance(labels, np.ndarray):
        return labels
    array = np.empty(len(labels), dtype=object)
    for i, label in enumerate(labels):  # at once, NumPy would take tuples apart
        array[i] = label
    return array
