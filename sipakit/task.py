"""The question without the method: which rows, against which background, of a model with which outputs."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from sipakit.errors import InputError, InputTypeError, first_few
from sipakit.intervene import Mix, Rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sipakit.table import Table

__all__ = ["Feature", "Task", "check_names", "resolve_features"]


@dataclass(frozen=True, slots=True)
class Feature:
    """What a method moves as one: a column, a named group of columns, or a pair on the grid of both.

    Parameters
    ----------
    name : Hashable
        The column or group; for a pair the tuple of both columns.
    columns : tuple of int
    parts : tuple of Feature
        The two columns of a pair; empty for anything else.
    """

    name: Hashable
    columns: tuple[int, ...]
    parts: tuple[Feature, ...] = ()


@dataclass(frozen=True, eq=False)
class Task:
    """Rows, background, target and what the model said of them.

    Parameters
    ----------
    rows : Table, n explained rows
    background : Table, b rows
        Supplies donors, grids and neighbourhoods. The explained rows themselves where the user named no other.
    features : tuple of u features
        The players, in the order of the result.
    outputs : tuple of k names
    target : (n,) float, (n,) class positions, (n, k) float, or None
    weights, background_weights : (n,), (b,)
        Importance weights of the rows; they enter aggregates and quantiles and nothing else.
    predictions, background_predictions : (n, k), (b, k), or None when the explainer does not use them
    classes : tuple or None
        Labels in the model's order, for classifiers.
    scale : str
        Unit of the outputs, such as ``"probability"``.
    budget : int or None
        Model rows that the draws may cost; in `Explainer.next_round`, what is left of them.
    tolerance : float or None
        Largest Monte Carlo standard error that is wanted.
    curves : object or None
        Answers from the model's structure, where the engine has them; with ``codes(table, column)``, equal for cells
        that the model does not tell apart.
    joint : object or None
        Means over rows with one or two columns set to any code, where the model's structure tells them.
    design : object
        What `Explainer.design` computed once for all draws: grids, edges, orders.

    Examples
    --------
    >>> import numpy as np
    >>> from sipakit.table import Table
    >>> rows = Table.from_data(np.eye(3))
    >>> task = Task(rows, rows, resolve_features(rows), ("prediction",), None, np.ones(3), np.ones(3))
    >>> task.n, task.k, task.names
    (3, 1, ('x0', 'x1', 'x2'))
    """

    rows: Table
    background: Table
    features: tuple[Feature, ...]
    outputs: tuple[str, ...]
    target: NDArray[Any] | None
    weights: NDArray[np.float64]
    background_weights: NDArray[np.float64]
    predictions: NDArray[np.float64] | None = None
    background_predictions: NDArray[np.float64] | None = None
    classes: tuple[Hashable, ...] | None = None
    scale: str = "prediction"
    budget: int | None = None
    tolerance: float | None = None
    curves: Any = None
    joint: Any = None
    design: Any = field(default=None)

    @property
    def structured(self) -> bool:
        """Whether answers follow from the model's structure."""
        return self.curves is not None or self.joint is not None

    @property
    def follows(self) -> bool:
        """Whether all answers follow from the model's structure: any mixes, or curves of single columns and pairs."""
        if self.curves is not None and self.curves.tells_all:
            return True
        known = (self.curves, self.joint)
        return all(known[bool(f.parts)] is not None and (f.parts or len(f.columns) == 1) for f in self.features)

    @property
    def single(self) -> bool:
        """Whether each feature is a single column."""
        return all(len(feature.columns) == 1 for feature in self.features)

    @property
    def n(self) -> int:
        """Number of explained rows."""
        return len(self.rows)

    @property
    def k(self) -> int:
        """Number of outputs."""
        return len(self.outputs)

    @property
    def names(self) -> tuple[Hashable, ...]:
        """Names of the features."""
        return tuple(feature.name for feature in self.features)

    @property
    def known_predictions(self) -> NDArray[np.float64]:
        """(n, k) predictions of the rows, for explainers that name "rows" in `uses`."""
        if self.predictions is None:
            message = "an explainer that builds on the predictions of the rows names 'rows' in uses"
            raise TypeError(message)
        return self.predictions

    @property
    def known_background_predictions(self) -> NDArray[np.float64]:
        """(b, k) predictions of the background, for explainers that name "background" in `uses`."""
        if self.background_predictions is None:
            message = "an explainer that builds on the predictions of the background names 'background' in uses"
            raise TypeError(message)
        return self.background_predictions

    @cached_property
    def membership(self) -> NDArray[np.bool_]:
        """(u, p) True where a column belongs to a feature; row j is the pattern that takes feature j alone."""
        pattern = np.zeros((len(self.features), self.rows.n_columns), bool)
        for j, feature in enumerate(self.features):
            pattern[j, list(feature.columns)] = True
        return pattern

    def of_rows(self, kept: NDArray[np.bool_]) -> Task:
        """Return the question about some of the explained rows; all that was designed stays."""
        about_rows = {name: getattr(self, name) for name in ("target", "weights", "predictions")}
        fewer: dict[str, Any] = {name: part[kept] for name, part in about_rows.items() if part is not None}
        return replace(self, rows=self.rows.take(np.flatnonzero(kept)), **fewer)

    def of_features(self, kept: NDArray[np.bool_]) -> Task:
        """Return the question about some of the features; all that was designed stays."""
        return replace(self, features=tuple(f for f, one in zip(self.features, kept, strict=True) if one))

    def mix(
        self,
        base: tuple[Table, NDArray[np.intp]],
        donor: tuple[Table, NDArray[np.intp]],
        take: NDArray[Any],
        which: NDArray[np.intp] | None = None,
        *,
        apart: bool = False,
    ) -> Mix:
        """Row ``base``, but the *features* ``take`` ((u,) or (q, u), bool or fraction) come from row ``donor``."""
        by_feature: NDArray[Any] = np.atleast_2d(take)
        columns = np.zeros((len(by_feature), self.rows.n_columns), by_feature.dtype)
        owned = self.membership.any(axis=0)
        columns[:, owned] = by_feature[:, self.membership.argmax(axis=0)[owned]]  # no column has two owners
        return Mix.of(Rows(*base), Rows(*donor), columns, which, apart=apart)


def resolve_features(
    table: Table,
    features: Sequence[Hashable] | None = None,
    groups: Mapping[Hashable, Sequence[Hashable]] | None = None,
    *,
    pairs: bool = False,
) -> tuple[Feature, ...]:
    """Turn the user's names into features.

    Parameters
    ----------
    table : Table, p columns
    features : names of columns or groups, in the order wanted; None for every group and every column in no group
    groups : name -> columns that move together
    pairs : bool
        Whether a tuple of two columns stands for both together. A tuple that is the name of a column or group is that
        column or group.

    Returns
    -------
    tuple of Feature

    Raises
    ------
    InputError, InputTypeError
        For names that the table lacks, repeated names, overlapping groups, a column beside its group, a group named
        like a column, and a pair of a column with itself.

    Examples
    --------
    >>> import numpy as np
    >>> from sipakit.table import Table
    >>> both, one = resolve_features(Table.from_data(np.eye(2)), [("x1", "x0"), "x0"], pairs=True)
    >>> both.columns, both.parts[0].name, one.columns
    ((1, 0), 'x1', (0,))
    """
    check_names(features, groups)
    position = {name: j for j, name in enumerate(table.names)}
    available = {**{name: (j,) for name, j in position.items()}, **_grouped(table, groups or {}, position)}
    grouped = {name for members in (groups or {}).values() for name in members}
    chosen = [n for n in available if n not in grouped] if features is None else list(features)
    together = [name for name in chosen if name not in available and _is_pair(name, position)]
    unknown = [name for name in chosen if (name not in available and name not in together) or _is_flag(name, position)]
    if unknown:
        message = f"features= names {first_few(unknown)}, which the table does not have."
        raise InputError(message, f"It has {first_few(available, 12)}.", "Check the spelling and the type of the name.")
    if together and not pairs:
        message = f"features= names {first_few(together)}, which is a pair of columns."
        raise InputError(message, "This method takes one at a time.", "PartialDependence and ALE take pairs.")
    alike = [frozenset(name) if isinstance(name, tuple) and name in together else name for name in chosen]
    if len(set(alike)) < len(alike):
        twice = sorted({str(name) for name, one in zip(chosen, alike, strict=True) if alike.count(one) > 1})
        raise InputError(f"features= names {first_few(twice)} more than once.", "Each may be named once.")
    if not chosen:
        raise InputError("features=[] names nothing.", "It takes at least one name, or None for all.")
    beside = [name for name in chosen if name in grouped and any(name in (groups or {}).get(g, ()) for g in chosen)]
    if beside:
        message = f"features= names {first_few(beside)} and the group that holds it."
        raise InputError(message, "A column belongs to one feature.", "Name the group or the column.")
    return tuple(_paired(name, position) if name in together else Feature(name, available[name]) for name in chosen)


def _is_pair(name: Hashable, position: Mapping[Hashable, int]) -> bool:
    """Whether a name is a tuple of two columns."""
    if not isinstance(name, tuple) or len(name) != 2:
        return False
    if not all(_can_be_name(one) and one in position and not _is_flag(one, position) for one in name):
        return False
    if name[0] == name[1]:
        message = f"features= names {name!r}, a feature with itself."
        raise InputError(message, "A pair takes two different columns.", f"Name {name[0]!r} alone.")
    return True


def _paired(name: Hashable, position: Mapping[Hashable, int]) -> Feature:
    """Return two columns as one feature."""
    parts = tuple(Feature(one, (position[one],)) for one in name) if isinstance(name, tuple) else ()
    return Feature(name, tuple(j for part in parts for j in part.columns), parts)


def check_names(features: object, groups: object, *, argument: str = "features") -> None:
    """Check that the arguments are lists and mappings of names at all, before there is a table.

    Parameters
    ----------
    features : what was given as a list of names
    groups : what was given as groups of them
    argument : str
        What the former is called.

    Raises
    ------
    InputTypeError
        For anything else.
    """
    if isinstance(features, str):
        message = f"{argument}={features!r} is one name."
        raise InputTypeError(message, "It takes a list of names.", f"Write {argument}=[{features!r}].")
    if features is not None and (not isinstance(features, Iterable) or isinstance(features, Iterator | Mapping)):
        raise InputTypeError(f"{argument}={features!r} is a {type(features).__name__}.", "It takes a list of names.")
    if groups is not None and not isinstance(groups, Mapping):
        message = f"groups={groups!r} is a {type(groups).__name__}."
        raise InputTypeError(message, "It takes a mapping of names to lists of columns.", "Write groups={'g': ['a']}.")
    several = [features, *(groups.values() if groups else ())]
    odd = [name for names in several if isinstance(names, Iterable) for name in names if not _can_be_name(name)]
    if odd:
        message = f"{argument}={' or groups=' if groups else ''} names {first_few(odd)}, which cannot be a name."
        raise InputTypeError(message, "A name is a string, a number or a tuple.", "Name one column at a time.")


def _can_be_name(name: object) -> bool:
    try:
        hash(name)
    except TypeError:
        return False
    return True


def _is_flag(name: Hashable, position: Mapping[Hashable, int]) -> bool:
    """Whether a boolean would be taken for column 0 or 1, which it equals."""
    return isinstance(name, bool) and not any(isinstance(known, bool) for known in position)


def _grouped(
    table: Table, groups: Mapping[Hashable, Sequence[Hashable]], position: Mapping[Hashable, int]
) -> dict[Hashable, tuple[int, ...]]:
    seen: dict[Hashable, Hashable] = {}
    for group, members in groups.items():
        if group in position:
            message = f"groups= has a group named {group!r}, which is a column too."
            raise InputError(message, "Features have names of their own.", "Rename the group.")
        listed = [] if isinstance(members, str) or not isinstance(members, Iterable) else list(members)
        if not listed:
            message = f"groups[{group!r}]={members!r} is not a list of columns."
            raise InputTypeError(message, "A group takes a list with at least one column.")
        unknown = [name for name in members if name not in position]
        if unknown:
            message = f"groups[{group!r}] names {first_few(unknown)}, which the table does not have."
            cure = "Check the spelling and the type of the name."
            raise InputError(message, f"It has {first_few(table.names, 12)}.", cure)
        for name in members:
            if name in seen:
                message = f"Column {name!r} is in the groups {seen[name]!r} and {group!r}."
                raise InputError(message, "A column may be in one group.", "Take it out of one of them.")
            seen[name] = group
    return {group: tuple(position[name] for name in members) for group, members in groups.items()}
