"""How a Gaussian copula is fitted to a table: scores by rank, ties broken as other columns say, shrunk correlations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr, ndtri

from sipakit import columns as col
from sipakit.sample.copula import Copula, Margin

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sipakit.table import Table

__all__ = ["copula_of"]

_RIDGE = 1e-6  # of a variance: copies of a column have no inverse
_SWEEPS = 6  # until ties hide next to nothing
_LEFT = 0.01  # of a variance at least, that other columns leave


def copula_of(background: Table, weights: NDArray[np.float64], rng: np.random.Generator) -> Copula:
    """Fit a Gaussian copula to the rows of a table that have weight.

    Correlations of the mean scores are shrunk towards 0 by the share that minimises their expected squared error
    (Schaefer and Strimmer 2005), which also makes them invertible.

    Parameters
    ----------
    background : Table, b rows
        Every column has an order, and no cell is missing or infinite.
    weights : (b,)
    rng : Generator
        Breaks ties.

    Returns
    -------
    Copula

    References
    ----------
    Aas, Jullum and Loland (2021), Explaining individual predictions when features are dependent.
    doi:10.1016/j.artint.2021.103502;
    Schaefer and Strimmer (2005), A shrinkage approach to large-scale covariance matrix estimation.
    doi:10.2202/1544-6115.1175

    Examples
    --------
    >>> from sipakit.table import Table
    >>> x, noise = np.random.default_rng(0).normal(size=(2, 500))
    >>> copula = copula_of(Table.from_data(np.column_stack([x, x + noise])), np.ones(500), np.random.default_rng(1))
    >>> round(float(copula.correlation[0, 1]), 2), copula.shrunk < 0.01
    (0.73, True)
    """
    use = np.flatnonzero(weights > 0)
    share = weights[use] / weights[use].sum()
    held = [_Held.of(column, use, share, rng.random(len(use))) for column in background.columns]
    fit = _Fit.of(held, share)
    for _ in range(_SWEEPS if any(one.tied for one in held) else 0):
        inverse = np.asarray(np.linalg.inv(fit.correlation), np.float64)
        for j in (j for j, one in enumerate(held) if one.tied):
            key = _likely(held[j], fit.standard, fit.reaction[:, j], _on_others(inverse, fit.reaction, j), rng)
            held[j] = _Held.of(background.columns[j], use, share, key)
        fit = _Fit.of(held, share)
    scores, middle = np.zeros((2, len(background), background.n_columns))
    scores[use] = np.column_stack([one.scores for one in held])
    middle[use] = fit.standard
    margins = tuple(one.margin for one in held)
    inverse = np.asarray(np.linalg.inv(fit.correlation), np.float64)
    told = [float(_on_others(inverse, fit.reaction, j) @ one) for j, one in enumerate(fit.reaction.T)]
    law = (fit.spread, fit.correlation, fit.reaction, fit.shrunk, np.clip(told, 0, 1))
    return Copula(background, scores, middle, *law, margins)


@dataclass(frozen=True, eq=False)
class _Held:
    """A column's margin, and of the r rows with weight their scores and the numbers of their values."""

    margin: Margin
    scores: NDArray[np.float64]
    value: NDArray[np.intp]

    @classmethod
    def of(
        cls, column: col.Column, use: NDArray[np.intp], share: NDArray[np.float64], key: NDArray[np.float64]
    ) -> _Held:
        """Rank the rows ``use`` with weights ``share``; those with equal cells by ``key``."""
        numbers = col.numbers(column)[use]
        order = np.lexsort([key, numbers])
        ascending, weights = numbers[order], share[order]
        upto = np.cumsum(weights)
        knots = _scores((upto - weights / 2) / upto[-1])
        new = np.append(True, ascending[1:] != ascending[:-1])
        begins = np.flatnonzero(new)
        middle = np.add.reduceat(weights * knots, begins) / np.add.reduceat(weights, begins)
        scores, value = np.empty(len(use)), np.empty(len(use), np.intp)
        scores[order], value[order] = knots, np.cumsum(new) - 1
        values = ascending[begins]
        ends = _scores((upto[begins[1:]] - weights[begins[1:]]) / upto[-1])
        between = _between(column, values, len(use))
        made = Margin(values, middle - weights @ knots, knots, ascending, ends, use[order[begins]], between)
        return cls(made, scores, value)

    @property
    def tied(self) -> bool:
        """Whether rows with equal cells can be told apart by others, in a column that varies."""
        return 1 < len(self.margin.numbers) < len(self.value)


@dataclass(frozen=True, eq=False)
class _Fit:
    """Standard mean scores (r, p), their spread (p,), correlation and reaction (p, p), and how far both were shrunk."""

    standard: NDArray[np.float64]
    spread: NDArray[np.float64]
    correlation: NDArray[np.float64]
    reaction: NDArray[np.float64]
    shrunk: float

    @classmethod
    def of(cls, held: list[_Held], share: NDArray[np.float64]) -> _Fit:
        """Measure how mean scores go together, and how scores go with mean scores."""
        middle = np.column_stack([one.margin.middle[one.value] for one in held])
        spread = np.sqrt(share @ middle**2)
        spread[spread < _RIDGE] = 0.0
        standard = np.where(spread > 0, middle / np.where(spread > 0, spread, 1.0), 0.0)
        raw = (standard * share[:, None]).T @ standard
        shrunk = _shrinkage(raw, standard, share, spread > 0)
        correlation = raw * ((1 - shrunk) / (1 + _RIDGE))
        np.fill_diagonal(correlation, 1.0)
        scores = np.column_stack([one.scores for one in held])
        reaction = (standard * share[:, None]).T @ scores * ((1 - shrunk) / (1 + _RIDGE))
        np.fill_diagonal(reaction, spread)
        return cls(standard, spread, correlation, reaction, shrunk)


def _likely(
    held: _Held,
    standard: NDArray[np.float64],
    reaction: NDArray[np.float64],
    pull: NDArray[np.float64],
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Draw the scores (r,) of rows that a column holds, given their cells in it and their other columns.

    Normal about ``standard @ pull``, between the scores at which each row's value begins and ends: who shares a value
    does so in an order that fits the other columns, else ties would hide how much these tell.
    """
    mean, left = standard @ pull, np.sqrt(max(1 - float(pull @ reaction), _LEFT))
    ends = np.concatenate([[-np.inf], held.margin.ends, [np.inf]])
    low, high = (ndtr((ends[held.value + side] - mean) / left) for side in (0, 1))
    return np.asarray(mean + left * _scores(low + (high - low) * rng.random(len(mean))))


def _on_others(inverse: NDArray[np.float64], reaction: NDArray[np.float64], column: int) -> NDArray[np.float64]:
    """(p,) coefficients of a column's scores on the other columns' standard mean scores, 0 of its own."""
    others = np.where(np.arange(len(inverse)) == column, 0.0, reaction[:, column])
    along = inverse @ others
    pull = along - inverse[:, column] * (along[column] / inverse[column, column])
    pull[column] = 0.0
    return np.asarray(pull)


def _scores(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Normal scores of places in a distribution, kept finite where the weights next to the ends are next to nothing."""
    return np.asarray(ndtri(np.clip(places, 1e-12, 1 - 1e-12)))


def _between(column: col.Column, values: NDArray[np.float64], rows: int) -> bool:
    """Whether a column holds fractions, most rows one of their own: what lies between them is then as good as they."""
    if col.kind(column) != "number" or not np.isfinite(values[-1] - values[0]):
        return False
    dtype = np.dtype(getattr(column.dtype, "numpy_dtype", column.dtype))
    return dtype.kind == "f" and 2 * len(values) > rows and bool((values != np.rint(values)).any())


def _shrinkage(
    raw: NDArray[np.float64], standard: NDArray[np.float64], share: NDArray[np.float64], varies: NDArray[np.bool_]
) -> float:
    """How far correlations ``raw`` (p, p) of standard columns (r, p) with weights (r,) are shrunk, from 0 to 1."""
    squares = float((share**2).sum())
    apart = ~np.eye(len(raw), dtype=bool) & varies[:, None] & varies
    whole = float((raw[apart] ** 2).sum())
    if squares > 1 / 2 or whole == 0:  # of less than two rows nothing is known
        return 1.0
    # the variance of a weighted mean of products
    weighed = standard * share[:, None]
    variance = (weighed**2).T @ standard**2 - 2 * raw * (weighed.T @ weighed) + raw**2 * squares
    return float(np.clip((variance[apart] / (1 - squares)).sum() / whole, 0, 1))
