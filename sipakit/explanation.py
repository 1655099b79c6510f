"""The results: few types, by the shape of the answer. Each holds arrays in one layout and never leaves it.

Attributions (rows, features, outputs) | Importances (features, metrics) | Effects (places of all features, outputs)
Interactions (pairs, outputs)          | Surrogates (terms, outputs)
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np
import pandas as pd

from sipakit.axis import Axis, Plane
from sipakit.caveats import Caveat
from sipakit.estimate import Estimate

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from sipakit.plots import Display

    _Labels: TypeAlias = Mapping[str, Sequence[Any] | NDArray[Any]]  # name of a column -> a label for each place

__all__ = [
    "Attributions",
    "Cost",
    "Effects",
    "Explanation",
    "Importances",
    "Interactions",
    "Surrogates",
]


@dataclass(frozen=True, slots=True)
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

    def __str__(self) -> str:
        seconds = f"{self.seconds_in_model:.2f} s in the model, {self.seconds_outside:.2f} s outside"
        gradients = f", {self.gradient_rows:,} gradient rows" if self.gradient_rows else ""
        return f"{self.rows:,} model rows{gradients}, for {self.asked:,} virtual rows and their bases; {seconds}"


@dataclass(frozen=True, kw_only=True, repr=False)
class Explanation(ABC):
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

    @property
    def values(self) -> Any:
        """The numbers, in this type's layout; the last axis is the output and stays when it is 1."""
        return self.estimate.values

    @property
    def std_error(self) -> NDArray[np.float64]:
        """Standard errors, in the layout of the estimate."""
        return self.estimate.std_error

    @abstractmethod
    def _axes(self) -> list[_Labels]:
        """Return the columns that name the places along each axis of the estimate."""

    def frame(self) -> pd.DataFrame:
        """Return a tidy frame: one estimate a row, with its place, standard error and interval."""
        shape = self.estimate.values.shape
        place = np.indices(shape).reshape(len(shape), -1)
        columns: dict[str, Any] = {}
        for axis, labels in zip(place, self._axes(), strict=True):
            for name, names in labels.items():
                columns[name] = _series(_column(names).take(axis))
        numbers = {name: array.reshape(-1) for name, array in self.estimate.columns().items()}
        return pd.DataFrame({**columns, **numbers})

    def plot(self, kind: str | None = None, *, ax: Axes | None = None, colour_by: Hashable | None = None) -> Display:
        """Draw the result.

        Parameters
        ----------
        kind : str, optional
            One of the kinds that this type offers; its usual picture by default.
        ax : matplotlib Axes, optional
            Where to draw; a figure of its own by default. Pyplot's state is never touched.
        colour_by : name of a column, optional
            Colours curves of single rows, or the points of a beeswarm, by the rows' values of that column.

        Returns
        -------
        Display
            With ``figure_`` and ``ax_``; it shows itself in a notebook.
        """
        from sipakit.plots import draw

        return draw(self, kind, ax=ax, colour_by=colour_by)

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
        """Return the first rows of `frame`, as this type ranks them."""
        return self.frame().head(limit)

    def __repr__(self) -> str:
        """Describe the result in a few lines that a person can read."""
        from sipakit.reports.inline import text_of

        return text_of(self)

    def _repr_html_(self) -> str:
        """Describe the result in a notebook."""
        from sipakit.reports.inline import html_of

        return html_of(self)


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


@dataclass(frozen=True, kw_only=True, repr=False)
class Attributions(Explanation):
    """How much each feature moves the prediction of each row. ``values`` is (rows, features, outputs).

    Parameters
    ----------
    base_values : (k,)
        What the attributions start from: the mean prediction of the background, or a local model's intercept.
    base_std_error : (k,)
    predictions : (n, k)
    row_values : (n, u) object
        The explained rows as a person reads them.
    rows : (n,) int
        Row numbers.
    additive : bool
        Whether base value and attributions add up to the prediction.
    completeness_gap : (n, k) or None
        Prediction minus base value minus the attributions' sum, for additive methods.
    fit : (n, k) or None
        R squared of a local model.
    per : str
        What a value is the change of the prediction for, such as a standard deviation; empty for the whole way from
        the base value.

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> X = np.random.default_rng(0).normal(size=(50, 2))
    >>> e = sp.Shapley(background=X).explain(lambda X: 2 * X[:, 0], X[:3])
    >>> e.values.shape, e.base_values.shape
    ((3, 2, 1), (1,))
    >>> e.frame().columns.tolist()
    ['row', 'feature', 'output', 'estimate', 'std_error', 'lower', 'upper']
    """

    base_values: NDArray[np.float64]
    base_std_error: NDArray[np.float64]
    predictions: NDArray[np.float64]
    row_values: NDArray[np.object_]
    rows: NDArray[np.intp]
    additive: bool = True
    completeness_gap: NDArray[np.float64] | None = None
    fit: NDArray[np.float64] | None = None
    per: str = ""

    dims: ClassVar[tuple[str, ...]] = ("row", "feature", "output")

    def _axes(self) -> list[_Labels]:
        return [{"row": self.rows}, {"feature": self.features}, {"output": self.outputs}]

    def top(self, limit: int = 6) -> pd.DataFrame:
        """Return the largest attributions of the first row."""
        frame = self.frame()
        first = frame[frame["row"] == self.rows[0]]
        largest = np.argsort(-first["estimate"].abs().to_numpy(), kind="stable")
        return pd.DataFrame(first.iloc[largest[:limit]])

    def to_shap(self) -> Any:
        """Return the attributions as a shap.Explanation, for shap's own pictures.

        Returns
        -------
        shap.Explanation
            ``values`` is (rows, features) for one output and (rows, features, outputs) for more, as shap's plots take
            them. Intervals and standard errors go along where they are known, and `sipakit.from_shap` reads them again.

        Raises
        ------
        InputError
            For attributions that do not add up to the prediction, which shap's pictures would add up.
        MissingPackageError
            Where shap is not installed; it comes with ``sipakit[shap]``.
        """
        from sipakit.exchange import to_shap

        return to_shap(self)


@dataclass(frozen=True, kw_only=True, repr=False)
class Importances(Explanation):
    """How much the model leans on each feature. ``values`` is (features, metrics).

    Parameters
    ----------
    metrics : tuple of names
    baseline : (m,)
        Each metric of the untouched table, as a loss or a score.

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> X = np.random.default_rng(0).normal(size=(50, 2))
    >>> e = sp.PermutationImportance().explain(lambda X: 2 * X[:, 0], X, X[:, 0])
    >>> e.metrics, e.values.shape
    (('neg_mean_squared_error',), (2, 1))
    >>> e.top(1)["feature"].tolist()
    ['x0']
    """

    metrics: tuple[str, ...]
    baseline: NDArray[np.float64]

    dims: ClassVar[tuple[str, ...]] = ("feature", "metric")

    def _axes(self) -> list[_Labels]:
        return [{"feature": self.features}, {"metric": self.metrics}]

    def top(self, limit: int = 6) -> pd.DataFrame:
        """Return the most important features."""
        return self.frame().sort_values("estimate", ascending=False, kind="stable").head(limit)


@dataclass(frozen=True, kw_only=True, repr=False)
class Effects(Explanation):
    """How the prediction moves along each feature.

    ``values`` is a tuple with one array a feature: (places, outputs) for means, (rows, places, outputs) for single
    rows, (places, places_2, outputs) for a pair. ``estimate`` holds the same numbers with the places of all features
    on one axis.

    Parameters
    ----------
    axes : tuple of Axis, or Plane for a pair
    rows : (n,) int or None
        Row numbers, where each row has a curve of its own.
    centred : bool
        Whether each curve has mean zero over the rows.
    own : (n, u) float or None
        Each row's own position on each axis, where it has a curve of its own.
    predictions : (n, k) or None
        The rows' own predictions, where each row has a curve of its own.
    columns : tuple of names
        Columns of ``row_values``: all of the table, explained or not.
    row_values : (n, p) object or None
        The rows as a person reads them, where each row has a curve of its own.

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> X = np.random.default_rng(0).normal(size=(50, 2))
    >>> e = sp.PartialDependence(grid_resolution=5).explain(lambda X: 2 * X[:, 0], X)
    >>> [axis.name for axis in e.axes], e.values[0].shape
    (['x0', 'x1'], (5, 1))
    """

    axes: tuple[Axis | Plane, ...]
    rows: NDArray[np.intp] | None = None
    centred: bool = False
    own: NDArray[np.float64] | None = None
    predictions: NDArray[np.float64] | None = None
    columns: tuple[Hashable, ...] = ()
    row_values: NDArray[np.object_] | None = None

    dims: ClassVar[tuple[str, ...]] = ("feature", "value", "output")

    @property
    def values(self) -> tuple[NDArray[np.float64], ...]:
        """One array a feature: ([rows,] places, outputs), or (places, places_2, outputs) for a pair."""
        return tuple(
            values.reshape(*axis.shape, -1) if isinstance(axis, Plane) else values
            for axis, values in zip(self.axes, self._flat(), strict=True)
        )

    def _flat(self) -> list[NDArray[np.float64]]:
        return [self.estimate.values[..., part, :] for part in self.parts()]

    @property
    def lines(self) -> dict[int, Axis]:
        """Number and axis of each single feature."""
        return {j: axis for j, axis in enumerate(self.axes) if isinstance(axis, Axis)}

    @property
    def planes(self) -> dict[int, Plane]:
        """Number and plane of each pair of features."""
        return {j: axis for j, axis in enumerate(self.axes) if isinstance(axis, Plane)}

    def parts(self) -> list[slice]:
        """Return where each feature's places lie on the common axis."""
        ends = np.cumsum([len(axis) for axis in self.axes])
        return [slice(int(end) - len(axis), int(end)) for end, axis in zip(ends, self.axes, strict=True)]

    def _axes(self) -> list[_Labels]:
        places: dict[str, Sequence[Any]] = {
            "feature": [name for axis in self.axes for name, _, _, _ in _places(axis)],
            "value": [value for axis in self.axes for _, _, value, _ in _places(axis)],
        }
        if self.planes:
            second = [place[1::2] for axis in self.axes for place in _places(axis)]
            places = {"feature": places["feature"], "feature_2": [name for name, _ in second], "value": places["value"]}
            places["value_2"] = [value for _, value in second]
        rows: list[_Labels] = [] if self.rows is None else [{"row": self.rows}]
        return [*rows, places, {"output": self.outputs}]


def _places(axis: Axis | Plane) -> list[tuple[Hashable, Hashable, Any, Any]]:
    """Return feature, second feature, value and second value of each place; None where there is no second one."""
    if isinstance(axis, Axis):
        return [(axis.name, None, value, None) for value in axis.values]
    first, second = axis.name
    return [(first, second, one, other) for one in axis.first.values for other in axis.second.values]


@dataclass(frozen=True, kw_only=True, repr=False)
class Interactions(Explanation):
    """How much of an effect is not a sum of single effects. ``values`` is (sets, outputs), in units of the outputs.

    Parameters
    ----------
    pairs : tuple of (feature, feature or None)
        None stands for all other features together.
    weak : (s, k) bool
        Where the ratio's denominator is negligible.

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> X = np.random.default_rng(0).normal(size=(50, 2))
    >>> e = sp.HStatistic().explain(lambda X: X[:, 0] * X[:, 1], X)
    >>> e.pairs
    (('x0', None), ('x1', None), ('x0', 'x1'))
    """

    pairs: tuple[tuple[Hashable, Hashable | None], ...]
    weak: NDArray[np.bool_]

    dims: ClassVar[tuple[str, ...]] = ("pair", "output")

    def _axes(self) -> list[_Labels]:
        first, second = zip(*self.pairs, strict=True)
        return [{"feature": first, "feature_2": second}, {"output": self.outputs}]

    def top(self, limit: int = 6) -> pd.DataFrame:
        """Return the strongest interactions of two features, or the totals where no pair was asked for."""
        frame = self.frame().sort_values("estimate", ascending=False, kind="stable")
        pairs = frame[frame["feature_2"].notna()]
        return (pairs if len(pairs) else frame).head(limit)


@dataclass(frozen=True, kw_only=True, repr=False)
class Surrogates(Explanation):
    """A simple model that imitates the explained one. ``values`` is (terms, outputs).

    Parameters
    ----------
    kind : "tree" or "linear"
    terms : tuple of str
        What each estimate is of: a leaf's rule, or a coefficient's column.
    term_features : tuple
        The feature behind each term; None for a leaf's rule.
    support : (t,) float
        Share of the rows in each leaf; ones for coefficients.
    fidelity : Estimate, (k,)
        R squared against the model's own predictions on rows that the surrogate has not seen.
    rules : str
        The surrogate as text.

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> X = np.random.default_rng(0).normal(size=(50, 2))
    >>> e = sp.GlobalSurrogate(kind="linear").explain(lambda X: 2 * X[:, 0], X)
    >>> e.terms, e.fidelity.values.round(3).tolist()
    (('x0', 'x1'), [1.0])
    """

    kind: str
    terms: tuple[str, ...]
    term_features: tuple[Hashable | None, ...]
    support: NDArray[np.float64]
    fidelity: Estimate
    rules: str

    dims: ClassVar[tuple[str, ...]] = ("term", "output")

    def _axes(self) -> list[_Labels]:
        return [{"feature": self.term_features, "term": self.terms}, {"output": self.outputs}]
