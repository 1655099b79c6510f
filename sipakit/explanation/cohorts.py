"""Mean sizes of attributions in groups of rows: by labels, or by the values of a feature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sipakit.equality import by_value
from sipakit.errors import InputError, first_few
from sipakit.names import place_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from sipakit.explanation.attributions import Attributions
    from sipakit.explanation.importances import Importances
    from sipakit.plots import Display

__all__ = ["Cohorts", "cohorts_of"]

_LEVELS = 6  # different numbers above which they are cut
_PARTS = 4
_MISSING = "missing"


@dataclass(frozen=True, eq=False)
class Cohorts:  # noqa: PLW1641 - arrays have no hash
    """Importances of the same features in groups of rows.

    Parameters
    ----------
    importances : name of a group -> Importances
        In the order of the groups' names, or of their values.

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> X = np.random.default_rng(0).normal(size=(60, 2))
    >>> e = sp.Shapley(background=X).explain(lambda X: X[:, 0] * (X[:, 1] > 0), X)
    >>> groups = e.cohorts(np.where(X[:, 1] > 0, "above", "below"))
    >>> groups.frame()["cohort"].unique().tolist(), len(groups["above"].values)
    (['above', 'below'], 2)
    """

    importances: Mapping[Hashable, Importances]

    __eq__ = by_value

    def __getitem__(self, name: Hashable) -> Importances:
        if name not in self.importances:
            message = f"[{name!r}] is no group of rows."
            raise InputError(message, f"There are {first_few(self.importances, 12)}.", "Check the spelling.")
        return self.importances[name]

    def frame(self) -> pd.DataFrame:
        """Return a tidy frame: one estimate a line, with the group in the column ``cohort``."""
        frames = {name: one.frame() for name, one in self.importances.items()}
        for place, (name, frame) in enumerate(frames.items()):
            frame.insert(0, "cohort", pd.Series([name] * len(frame), dtype=object))
            frame.insert(1, "rows", int(list(self.importances.values())[place].manifest.get("rows", 0)))
        return pd.concat(frames.values(), ignore_index=True)

    def plot(self, names: Sequence[Hashable] | None = None, *, ax: Axes | None = None) -> Display:
        """Draw the groups side by side.

        Parameters
        ----------
        names : list of two to six groups, optional
            All of them by default.
        ax : matplotlib Axes, optional

        Raises
        ------
        InputError
            For one group, or more than six.
        """
        from sipakit.plots import cohorts

        chosen = self.importances if names is None else {name: self[name] for name in names}
        return cohorts(chosen, ax=ax)

    def __repr__(self) -> str:
        """Describe it in a few lines that a person can read."""
        from sipakit.reports.inline import text_of

        return text_of(self)

    def _repr_html_(self) -> str:
        """Describe it in a notebook."""
        from sipakit.reports.inline import html_of

        return html_of(self)


def cohorts_of(e: Attributions, by: Any) -> Cohorts:
    """Return importances of groups of rows; see `Attributions.cohorts`."""
    labels, names = _groups(_cells(e, by), e.weights)
    found = {}
    for name in names:
        at = np.array([label == name for label in labels])
        found[name] = e[at].importance()
    return Cohorts(found)


def _cells(e: Attributions, by: Any) -> list[Any]:
    """Return what each row is grouped by."""
    n = len(e.rows)
    if isinstance(by, (str, int, float, tuple)) or by is None:
        found = place_of(by, e.features)
        if found is None:
            message = f"by={by!r} is no feature of these attributions."
            cure = "Pass the groups themselves, one label a row, to group by anything else."
            raise InputError(message, f"They have {first_few(e.features, 12)}.", cure)
        cells = list(e.row_values[:, found])
    else:
        cells = _listed(by)
    if len(cells) != n:
        message = f"by= has {len(cells):,} labels for {n:,} rows."
        raise InputError(message, "It takes the name of a feature, or one label a row.", "Pass one label for each row.")
    return [_MISSING if _absent(cell) else cell for cell in cells]


def _listed(by: Any) -> list[Any]:
    if not hasattr(by, "__len__"):
        message = f"by= is a {type(by).__name__}."
        raise InputError(message, "It takes the name of a feature, or one label a row.", "Pass a list or a column.")
    return list(by.tolist() if hasattr(by, "tolist") else by)


def _groups(cells: list[Any], weights: NDArray[np.float64] | None) -> tuple[list[Hashable], list[Hashable]]:
    """Return the group of each row, and the groups in order; more than a few numbers are cut into quarters of rows."""
    known = [cell for cell in cells if cell is not _MISSING]
    numbers = all(isinstance(cell, (int, float, np.number)) and not isinstance(cell, bool) for cell in known)
    gone: list[Hashable] = [_MISSING] * (len(known) < len(cells))
    if not numbers or len(set(known)) <= _LEVELS:
        return cells, _sorted(list(dict.fromkeys(known))) + gone
    at = np.array([i for i, cell in enumerate(cells) if cell is not _MISSING])
    values = np.array(known, dtype=np.float64)
    shares = np.arange(1, _PARTS) / _PARTS
    own = None if weights is None else weights[at]
    edges = np.unique(np.quantile(values, shares, method="inverted_cdf", weights=own))
    place = np.searchsorted(edges, values)  # an edge belongs to the part below it
    names = {p: f"{values[place == p].min():.6g} to {values[place == p].max():.6g}" for p in np.unique(place).tolist()}
    labels: list[Hashable] = list(cells)
    for i, p in zip(at.tolist(), place.tolist(), strict=True):
        labels[i] = names[p]
    return labels, [*names.values(), *gone]


def _absent(cell: object) -> bool:
    gone = pd.isna(cell)  # type: ignore[call-overload]
    return isinstance(gone, (bool, np.bool_)) and bool(gone)


def _sorted(names: list[Any]) -> list[Any]:
    try:
        return sorted(names)
    except TypeError:  # labels of several types keep the order of the rows
        return names
