"""The lower ruler of an effect: numbers, dates, levels, and the missing place beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator

from sipakit.plots.dates import date_ticks
from sipakit.plots.formats import NumberTicks, number
from sipakit.plots.labels import clean, distinct, put, put_ticks, width
from sipakit.plots.style import GREY, TEXT

if TYPE_CHECKING:
    from datetime import tzinfo

    from matplotlib.axes import Axes
    from matplotlib.axis import Axis as Ruler
    from numpy.typing import NDArray

    from sipakit.axis import Axis

__all__ = ["Places", "scale_of"]

_DAY = 86_400e9  # nanoseconds
_UNITS = (("days", 1.0), ("hours", 24.0), ("minutes", 1440.0), ("seconds", 86_400.0))
_MARKS = 80  # marks of a rug
_STRIP = 0.06  # share of the panel's height
_INCH = TEXT["tick"] * 0.58 / 72  # width of a letter of a tick label


@dataclass(frozen=True, eq=False)
class Places:
    """Where the places of one feature lie on a panel.

    Parameters
    ----------
    axis : Axis
    shown : (s,) int
        Which places are drawn.
    x : (s,) float
        Where, in units of the panel's ruler.
    joined : bool
        Whether a line may join the places: they have an order and a distance.
    unit : str
        Unit of a span of time, or zone of a date; else empty.
    step : float
        How far the marks of several outputs may stray from a place that stands alone.
    inches : float
        How wide the panel is.
    """

    axis: Axis
    shown: NDArray[np.intp]
    x: NDArray[np.float64]
    joined: bool
    unit: str
    step: float
    inches: float

    @classmethod
    def of(cls, axis: Axis, inches: float) -> Places:
        """Lay out an axis on a panel that is ``inches`` wide."""
        if axis.kind in ("ordered", "category"):
            shown = _frequent(axis, max(2, int(inches * 72 / (TEXT["tick"] + 0.6))))
            x = np.arange(len(shown), dtype=np.float64)
            return cls(axis, shown, x, joined=False, unit="", step=0.22, inches=inches)
        scale, unit = scale_of(axis)
        known = axis.positions * scale
        inside = known[np.isfinite(known)]
        size = float(np.abs(inside).max(initial=0.0)) or 1.0
        gap = 0.14 * ((float(np.ptp(inside)) if len(inside) else 0.0) or size)
        x = np.where(np.isnan(known), inside.max(initial=-np.inf if len(inside) else 0.0) + gap, known)
        return cls(axis, np.arange(len(axis)), x, True, unit, 0.3 * gap, inches)  # noqa: FBT003 - joined

    @property
    def known(self) -> NDArray[np.intp]:
        """The places on a ruler with distances, as indices into ``shown``: all but the missing one; none of levels."""
        known = np.isfinite(self.axis.positions[self.shown])
        return np.flatnonzero(known) if self.joined else np.empty(0, np.intp)

    @property
    def line(self) -> NDArray[np.intp]:
        """The places, as indices into ``shown``, that a line joins: two or more."""
        return self.known if len(self.known) > 1 else np.empty(0, np.intp)

    @property
    def points(self) -> NDArray[np.intp]:
        """The places, as indices into ``shown``, that stand alone: levels, a constant, and the missing place."""
        return np.setdiff1d(np.arange(len(self.shown)), self.line)

    @property
    def names(self) -> list[str]:
        """The levels' names, as they are written."""
        if self.joined:
            return []
        return distinct([self.axis.labels[g] for g in self.shown], 32 if self.inches > 4 else 20)

    @property
    def turn(self) -> int:
        """Degrees by which the levels' names must be turned to fit."""
        names, longest = self.names, max(map(width, self.names), default=0)
        if (longest + 1) * len(names) * _INCH <= self.inches:
            return 0
        return 90 if len(names) * 15 > self.inches * 72 else 40

    @property
    def cells(self) -> NDArray[np.float64]:
        """(s, 2) where the ground of each place begins and ends: half way to its neighbours."""
        if not self.joined:
            return np.column_stack([self.x - 0.5, self.x + 0.5])
        known, ends = self.x[self.known], np.empty((len(self.x), 2))
        span = float(np.ptp(self.x)) or 1.0
        middle = (known[1:] + known[:-1]) / 2
        outer = (known[1] - known[0], known[-1] - known[-2]) if len(known) > 1 else (0.14 * span, 0.14 * span)
        reach = np.minimum(outer, 0.14 * span) / 2
        edges = np.concatenate([known[:1] - reach[0], middle, known[-1:] + reach[1]])
        ends[self.known] = np.column_stack([edges[:-1], edges[1:]])
        if self.axis.has_missing:
            ends[-1] = (self.x[-1] - 0.05 * span, self.x[-1] + 0.05 * span)
        return ends

    @property
    def tall(self) -> float:
        """Inches that turned names take below the panel."""
        return float(max(map(width, self.names), default=0) * _INCH * np.sin(np.deg2rad(self.turn)))

    @property
    def cut(self) -> str:
        """What is left out, in words; empty where nothing is."""
        drawn, total = len(self.shown), len(self.axis)
        name = clean(self.axis.name)
        return "" if drawn == total else f"{drawn} of {total} levels of {name}, the most frequent ones."

    def locate(self, positions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return where positions of the axis, NaN for missing cells, lie on the panel; NaN where they do not."""
        known, places = self.axis.positions[self.shown], self.x
        inside = np.isfinite(known)
        if self.joined:
            found = positions * scale_of(self.axis)[0]
        elif self.axis.kind == "ordered" and inside.any():
            found = np.interp(positions, known[inside], places[inside])
        else:
            equal = positions[:, None] == known[None, :]
            found = np.where(equal.any(axis=1), places[equal.argmax(axis=1)], np.nan)
        absent = float(places[-1]) if self.axis.has_missing else np.nan
        return np.where(np.isnan(positions), absent, found)

    def dress(self, panel: Axes) -> None:
        """Write ticks and the feature's name, and mark where the rows are."""
        panel.set_xmargin(0.04)
        self.rule(panel.xaxis)
        if not self.joined:
            panel.set_xlim(-0.6, len(self.x) - 0.4)
            self.turn_names(panel)
        elif len(self.x) == 1:
            panel.set_xlim(self.x[0] - 4 * self.step, self.x[0] + 4 * self.step)
        elif self.axis.has_missing and len(self.known):
            middle = (self.x[self.known].max() + self.x[-1]) / 2
            panel.axvline(middle, color=GREY, linewidth=0.6, linestyle=(0, (2, 3)))
        self._rug(panel)

    def rule(self, ruler: Ruler) -> None:
        """Write ticks and the feature's name on a ruler, lower or upright."""
        if not self.joined:
            put_ticks(ruler, list(self.x), self.names)
        elif len(self.known) == 0:
            put_ticks(ruler, [float(self.x[-1])], ["missing"])
        elif self.axis.kind == "date" and not _is_span(self.axis):
            self._dates(ruler)
        else:
            self._numbers(ruler)
        room = max(12, int(self.inches * 72 / (0.56 * TEXT["label"])))
        unit = f" ({self.unit})" if self.unit else ""
        name = clean(self.axis.name, min(32, room - len(unit)))
        put(ruler.label, name + unit).set_fontsize(TEXT["label"])

    def turn_names(self, panel: Axes) -> None:
        """Turn the levels' names on the lower ruler where they need it."""
        turn = self.turn
        for label in panel.get_xticklabels() if turn else ():
            upright = "center" if turn == 90 else "top"
            label.set(rotation=turn, ha="right", va=upright, rotation_mode="anchor")

    def _dates(self, ruler: Ruler) -> None:
        positions = self.axis.positions[self.shown][self.known]
        most = max(2, int(self.inches / (12 * _INCH)) - self.axis.has_missing)
        room = self.inches - 9 * _INCH * self.axis.has_missing
        for more in (2, 1, 0):  # months and years are short: more of them have room than of days
            ticks, written = date_ticks(positions.min(), positions.max(), _zone(self.axis), most + more)
            if sum(max(map(len, text.split("\n"))) + 2 for text in written) * _INCH <= room:
                break
        inside = self._inside(ticks / _DAY)
        self._fixed(ruler, inside, written[: len(inside)])

    def _numbers(self, ruler: Ruler) -> None:
        known = self.x[self.known]
        low, high = known.min(), known.max()
        if low == high:  # ticks beside a constant would be values that do not occur
            self._fixed(ruler, known[:1], [number(float(low))])
            return
        whole = self.axis.kind == "number" and bool((known % 1 == 0).all())  # no year 2011.5
        for bins in (5, 4, 3, 2):
            locator = MaxNLocator(nbins=bins, steps=[1, 2, 2.5, 5, 10], integer=whole)
            ticks = self._inside(np.asarray(locator.tick_values(low, high)))
            written = NumberTicks().format_ticks(list(ticks))
            if (max(map(len, written), default=0) + 1.5) * (len(ticks) + 1) * _INCH <= self.inches:
                break
        if self.axis.has_missing:
            self._fixed(ruler, ticks, written)
        else:
            ruler.set_major_locator(locator)

    def _inside(self, ticks: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the ticks on the ruler that leave room for the missing place's name."""
        low, high = float(self.x.min()), float(self.x.max())
        end = high
        if self.axis.has_missing:
            end -= (0.2 if self.inches < 4 else 0.1) * (high - low)
        kept: NDArray[np.float64] = ticks[(ticks >= low - 0.03 * (high - low)) & (ticks <= end)]
        return kept

    def _fixed(self, ruler: Ruler, ticks: NDArray[np.float64], written: list[str]) -> None:
        """Write ticks, and the missing place beside them where there is one."""
        absent = [float(self.x[-1])] if self.axis.has_missing else []
        put_ticks(ruler, [*map(float, ticks), *absent], [*written, *["missing" for _ in absent]])

    def _rug(self, panel: Axes) -> None:
        """Mark where the rows are, by one path: the longer a mark, the more rows."""
        x, share, wide = self.x, self.axis.weight[self.shown], 4.0
        if self.joined:
            x, share = _gathered(self.locate(self.axis.rug[np.isfinite(self.axis.rug)]))
            if self.axis.has_missing:
                x, share = np.append(x, self.x[-1]), np.append(share, self.axis.weight[self.shown][-1])
            wide = 0.8
        high = _STRIP * np.sqrt(share / max(share.max(initial=0.0), 1e-300))
        ends = np.stack([np.zeros(len(x)), high, np.full(len(x), np.nan)], axis=1)
        panel.plot(
            np.repeat(x, 3),
            ends.reshape(-1),
            color=GREY,
            linewidth=wide,
            alpha=0.7,
            solid_capstyle="butt",
            scalex=False,
            scaley=False,
            zorder=1,
            transform=panel.get_xaxis_transform(),
        )


def scale_of(axis: Axis) -> tuple[float, str]:
    """Return the factor from positions to the ruler, and the unit of time or the zone if there is one."""
    if axis.kind != "date":
        return 1.0, ""
    if not _is_span(axis):
        zone = _zone(axis)
        return 1 / _DAY, "" if zone is None else str(zone)
    known = axis.positions[np.isfinite(axis.positions)]
    longest = float(np.abs(known).max(initial=0.0)) / _DAY
    name, factor = next(((n, f) for n, f in _UNITS if longest * f >= 2), _UNITS[-1])
    return factor / _DAY, name


def _zone(axis: Axis) -> tzinfo | None:
    zone: tzinfo | None = getattr(getattr(axis.values, "dtype", None), "tz", None)
    return zone


def _is_span(axis: Axis) -> bool:
    """Whether the axis holds spans of time, not dates."""
    return str(getattr(axis.values, "dtype", "")).startswith(("timedelta", "duration"))


def _frequent(axis: Axis, limit: int) -> NDArray[np.intp]:
    """Return the places of the most frequent levels, in the axis' order; the missing place stays."""
    if len(axis) <= limit:
        return np.arange(len(axis))
    weight = np.where(np.isnan(axis.positions), np.inf, axis.weight)
    return np.sort(np.argsort(-weight, kind="stable")[:limit])


def _gathered(rug: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Gather positions that lie closer than a dot: one mean position each, and its share."""
    if len(rug) == 0:
        return rug, rug
    low, span = rug.min(), float(np.ptp(rug)) or 1.0
    cells = np.floor((rug - low) / span * _MARKS)
    _, cell, count = np.unique(cells, return_inverse=True, return_counts=True)
    return np.bincount(cell, rug) / count, count / len(rug)
