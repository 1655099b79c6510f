"""Accumulated local effects of two features together, without what each does alone (Apley and Zhu 2020, section 3).

Rows have an *own cell*, and tell of the *steps* from one place of an axis to the next. A row between two edges tells of
the one step between them; a row at a level tells of the step up to it and of the step on from it. With D the mean
second difference over each cell between neighbouring places (steps_1, steps_2), all that follows is linear in D:

    H(e_1, e_2)   the sum of D over the cells below and left of a place, a line between places in either direction
    s_1, s_2      mean steps of H along one feature, among the rows that have the step, at their own other value
    value         H - (sum of s_1 up to e_1) - (sum of s_2 up to e_2), less its mean over the rows
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from sipakit.explainers.ale_cells import Line
from sipakit.explainers.ale_curves import flat, spread_over_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from sipakit.aggregate import CrossMoments
    from sipakit.explainers.ale_cells import Side
    from sipakit.explainers.ale_curves import Curve

    Floats: TypeAlias = NDArray[np.float64]
    Sides: TypeAlias = tuple[Side, ...]
    Where: TypeAlias = tuple[NDArray[np.intp], NDArray[np.intp]]

__all__ = ["WIDTH", "over_pair", "pair_values"]

WIDTH = 4  # numbers that a row tells of a pair


def pair_values(sides: Sides, rows: NDArray[np.intp], corners: Floats) -> Floats:
    """(r, k, 4) what rows tell: second differences, then how far along its cell a row lies, in t_1, t_2 and t_1 t_2.

    Parameters
    ----------
    sides : two Side
    rows : (r,) int
    corners : (moves_1, moves_2, r, k)
        Answers at the places that a row is moved to.
    """
    values = np.zeros((len(rows), corners.shape[-1], WIDTH))
    second = np.diff(np.diff(corners, axis=0), axis=1).reshape(-1, *corners.shape[2:])
    values[:, :, : len(second)] = np.moveaxis(second, 0, 2)
    for slot, between in enumerate(_between(sides), len(second)):
        values[:, :, slot] = np.prod([side.along[rows] for side in between], axis=0)[:, None]
    return values


def _between(sides: Sides) -> list[Sides]:
    """Return the sides in whose product a row's place on a surface is linear: t_1, t_2, t_1 t_2, but for levels."""
    first, second = ([side] if not side.levels else [] for side in sides)
    return [(side,) for side in (*first, *second)] + ([sides] if first and second else [])


@dataclass(frozen=True, eq=False)
class _Told:
    """What the rows of a pair's own cells (o_1, o_2) tell.

    Parameters
    ----------
    lines : two Line
    share : (o_1, o_2)
        Of the rows.
    second : (o_1, o_2, k, slots)
        Mean second differences.
    along : three of (o_1, o_2)
        Mean of t_1, of t_2, and of t_1 t_2; 0 where one of them has levels.
    slots : three of int or None
        Where those are among what a row tells.
    """

    lines: tuple[Line, Line]
    share: Floats
    second: Floats
    along: tuple[Floats, Floats, Floats]
    slots: tuple[int | None, int | None, int | None]

    @classmethod
    def of(cls, state: CrossMoments, sides: Sides) -> _Told:
        first, second = sides
        shape, lines = (first.size, second.size), (first.line, second.line)
        share = (state.weight / state.weight.sum()).reshape(shape)
        mean = state.mean.reshape(*shape, *state.mean.shape[1:])
        d, between = lines[0].steps.shape[1] * lines[1].steps.shape[1], _between(sides)
        slots = [d + between.index(one) if one in between else None for one in ((first,), (second,), sides)]
        along = [np.zeros(shape) if slot is None else mean[:, :, 0, slot] for slot in slots]
        return cls(lines, share, mean[..., :d], (along[0], along[1], along[2]), (slots[0], slots[1], slots[2]))

    def turns(self) -> Iterator[tuple[int, Where, Where]]:
        """Yield each second difference that a row tells of: its slot, the own cells that do, and the cells it is of."""
        for slot, (a, b) in enumerate(product(self.lines[0].steps.T, self.lines[1].steps.T)):
            row, column = np.flatnonzero(a >= 0)[:, None], np.flatnonzero(b >= 0)[None]
            yield slot, (row, column), (a[row], b[column])

    def differences(self) -> tuple[Floats, Floats]:
        """(s_1, s_2, k) mean second differences, 0 where no row tells of one, and (s_1, s_2) shares of rows that do."""
        shares = np.zeros((self.lines[0].full.shape[1], self.lines[1].full.shape[1]))
        total = np.zeros((*shares.shape, self.second.shape[2]))
        for slot, own, cells in self.turns():
            shares[cells] += self.share[own]
            total[cells] += self.share[own][..., None] * self.second[own][..., slot]
        return np.divide(total, shares[..., None], out=np.zeros_like(total), where=shares[..., None] > 0), shares

    def below(self) -> Floats:
        """(s_1, s_2) mean over the rows of the derivative of H at the row by each second difference."""
        (one, other), (t, u, both) = self.lines, self.along
        left = one.full.T @ self.share + one.part.T @ (self.share * t)
        within = one.full.T @ (self.share * u) + one.part.T @ (self.share * both)
        inside: Floats = left @ other.full + within @ other.part
        return inside


@dataclass(frozen=True, eq=False)
class _Main:
    """The effect of one feature in H, along it the rows and across it the columns of all arrays.

    Parameters
    ----------
    line : Line
    over : (s_1, s_2)
        Each step is the sum over its line of D.
    coef : (g_1, s_1)
        Each value is the sum over its line of the steps.
    shares : (s_1,)
        Of the rows that tell of each step.
    """

    line: Line
    over: Floats
    coef: Floats
    shares: Floats

    @classmethod
    def of(cls, one: Line, other: Line, share: Floats, along: tuple[Floats, Floats]) -> _Main:
        near = share @ other.full + (share * along[1]) @ other.part  # (o_1, s_2)
        shares = one.member.T @ share.sum(axis=1)
        told = shares > 0  # a step that no row tells of is taken among all rows
        over = np.where(told[:, None], one.member.T @ near / np.where(told, shares, 1.0)[:, None], near.sum(axis=0))
        beyond = share.sum(axis=1) @ one.full + (share * along[0]).sum(axis=1) @ one.part
        return cls(one, over, one.passed - beyond, shares)

    def steps(self, second: Floats) -> Floats:
        """(s_1, k) mean steps of H along the feature; ``second`` is D (s_1, s_2, k)."""
        steps: Floats = np.einsum("st,stk->sk", self.over, second)
        return steps

    def pull(self) -> Floats:
        """(g_1, o_1, s_1) how a row of each cell, by one more unit of a step that it tells of, moves each value."""
        told = self.shares > 0
        each = np.where(told, self.coef / np.where(told, self.shares, 1.0), 0.0)
        return each[:, None, :] * self.line.member


def over_pair(state: CrossMoments, sides: Sides) -> tuple[Curve, int]:
    """One pair's pure effect (g h, k), its standard error, degrees of freedom, and how many cells had no row.

    A cell that no row tells of has the difference of the nearest one, as in the authors' code: what it adds to places
    where rows are is mostly an effect of one feature, which is taken away.
    """
    places, k = [len(side.axis) for side in sides], state.mean.shape[1]
    if not state.weight.sum() > 0:
        return flat(places[0] * places[1], k), 0
    told = _Told.of(state, sides)
    second, shares = told.differences()
    source = _nearest(sides, shares > 0)
    second = second.reshape(-1, k)[source].reshape(second.shape)
    t, u, _ = told.along
    one, other = told.lines
    mains = (
        _Main.of(one, other, told.share, (t, u)),
        _Main.of(other, one, told.share.T, (u.T, t.T)),
    )
    values = np.einsum("gs,stk,ht->ghk", one.passed, second, other.passed, optimize=True)
    values -= np.einsum("st,stk->k", told.below(), second)
    values -= (mains[0].coef @ mains[0].steps(second))[:, None]
    values -= mains[1].coef @ mains[1].steps(second.swapaxes(0, 1))
    influence = _Influence.of(told, mains, (second, shares, source), values)
    errors = [spread_over_rows(state, *influence.on(place)) for place in range(places[0])]
    std_error, df = (np.concatenate(part) for part in zip(*errors, strict=True))
    return (values.reshape(-1, k), std_error, df, np.zeros_like(std_error)), int((shares <= 0).sum())


def _nearest(sides: Sides, told: NDArray[np.bool_]) -> NDArray[np.intp]:
    """(s_1 s_2,) number of the cell that speaks for each one: itself, or the nearest that rows tell of."""
    at = np.stack(np.meshgrid(*map(_along_axis, sides), indexing="ij"), axis=-1).reshape(-1, 2)
    known, source = np.flatnonzero(told), np.arange(told.size)
    for cell in np.flatnonzero(~told):
        source[cell] = known[((at[known] - at[cell]) ** 2).sum(axis=1).argmin()]
    return source


def _along_axis(side: Side) -> Floats:
    """(s,) where the middles of steps lie, on an axis from 0 to 1; the step to missing cells is as far beyond."""
    positions = side.axis.positions
    width = np.nanmax(positions) - np.nanmin(positions)
    middles = (positions[1:] + positions[:-1]) / 2 - np.nanmin(positions)
    return np.asarray(np.where(np.isnan(middles), 2.0, middles / (width or 1.0)))


@dataclass(frozen=True, eq=False)
class _Influence:
    """How one row moves the values: through its second differences, as one that tells of main effects, and as a place.

    Parameters
    ----------
    told : _Told
    mains : two _Main
    second, shares, source
        D (s_1, s_2, k), the shares of the rows that tell of it, and the cell that speaks for each one.
    apart : (h, o_1, o_2, k) and its slope in t_1
        Through the steps along the second feature.
    beside : (s_1, o_2, k) and its slope in t_2
        How far the steps along the first feature at a row's own other value are from their means.
    surface : four of (o_1, o_2, k)
        Values at the rows: in the first corner, and slopes in t_1, t_2 and t_1 t_2.
    """

    told: _Told
    mains: tuple[_Main, _Main]
    second: Floats
    shares: Floats
    source: NDArray[np.intp]
    apart: tuple[Floats, Floats]
    beside: tuple[Floats, Floats]
    surface: tuple[Floats, Floats, Floats, Floats]

    @classmethod
    def of(
        cls, told: _Told, mains: tuple[_Main, _Main], cells: tuple[Floats, Floats, NDArray[np.intp]], values: Floats
    ) -> _Influence:
        second, shares, source = cells
        one, other = told.lines
        off = np.einsum("os,stk->tok", one.full, second) - mains[1].steps(second.swapaxes(0, 1))[:, None]
        pull = mains[1].pull()
        apart = np.einsum("hqt,tok->hoqk", pull, off), np.einsum("hqt,os,stk->hoqk", pull, one.part, second)
        beside = np.einsum("qt,stk->sqk", other.full, second) - mains[0].steps(second)[:, None]
        near, far = ([values[place][:, ends] for ends in (other.start, other.end)] for place in (one.start, one.end))
        along = far[0] - near[0], near[1] - near[0], far[1] - far[0] - near[1] + near[0]  # nothing along levels
        slope = np.einsum("qt,stk->sqk", other.part, second)
        surface = near[0], along[0], along[1], along[2]
        return cls(told, mains, second, shares, source, apart, (beside, slope), surface)

    def on(self, place: int) -> tuple[Floats, Floats]:
        """Return gradient (h, o_1 o_2, k, 4) and rest (h, o_1 o_2, k) at one place of the first feature and all others.

        Row i of a cell moves the values by gradient . (v_i - mean) + rest.
        """
        pull = self.mains[0].pull()[place]
        through = np.einsum("os,sqk->oqk", pull, self.beside[0]), np.einsum("os,sqk->oqk", pull, self.beside[1])
        corner, *steps = self.surface
        slopes = (-self.apart[1] - steps[0], -through[1] - steps[1], -steps[2])
        rest = -self.apart[0] - through[0] - corner
        for mean, slope in zip(self.told.along, slopes, strict=True):
            rest = rest + mean[..., None] * slope
        gradient = np.zeros((*rest.shape, WIDTH))
        for slot, slope in zip(self.told.slots, slopes, strict=True):
            if slot is not None:
                gradient[..., slot] = slope
        by_cell = self._by_cell(place)
        for slot, own, cells in self.told.turns():
            (row, column), (s, t) = own, cells
            moved = by_cell[:, s, t][..., None]
            gradient[..., slot][:, row, column] = moved
            rest[:, row, column] += moved * (self.told.second[own][..., slot] - self.second[cells])
        flat_cells = (len(rest), -1, rest.shape[-1])
        return gradient.reshape(*flat_cells, WIDTH), rest.reshape(flat_cells)

    def _by_cell(self, place: int) -> Floats:
        """(h, s_1, s_2) how a unit more of a row's second difference, in a cell that it tells of, moves values."""
        one, other = self.mains
        through = one.line.passed[place][:, None] * other.line.passed[:, None, :] - self.told.below()
        through = through - one.coef[place][:, None] * one.over
        through -= (other.coef[:, :, None] * other.over).swapaxes(1, 2)
        order = np.argsort(self.source, kind="stable")
        speaking, starts = np.unique(self.source[order], return_index=True)
        moved = np.zeros((len(through), self.source.size))
        folded = np.add.reduceat(through.reshape(len(through), -1)[:, order], starts, axis=1)
        moved[:, speaking] = folded / self.shares.ravel()[speaking]
        return moved.reshape(through.shape)
