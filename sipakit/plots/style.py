"""How pictures look: colours, sizes, and the sheet that holds their panels.

Nothing here touches matplotlib's global settings: everything is set on the artists.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from matplotlib import colormaps
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from sipakit.errors import InputError
from sipakit.plots.display import Display
from sipakit.plots.formats import NumberTicks
from sipakit.plots.labels import evenly, put, width, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence, Sized

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.colorbar import Colorbar
    from matplotlib.legend import Legend
    from matplotlib.text import Text

__all__ = [
    "COLOURS",
    "DASHES",
    "DOWN",
    "EVEN",
    "FAINT",
    "GREY",
    "INK",
    "MARKERS",
    "SIGNED",
    "TEXT",
    "UP",
    "Sheet",
    "first_panels",
    "fitting",
    "narrower",
]

# Each pair differs by 22 or more (CIE76) for normal sight, protanopia, deuteranopia and tritanopia,
# and each has a contrast of 3 or more with white. The first two are Okabe and Ito's.
COLOURS: Final = ("#0072B2", "#D55E00", "#222222", "#CC79A7", "#332288", "#8C1C13")
DASHES: Final[tuple[Any, ...]] = (
    "-",
    (0, (5, 1.6)),
    (0, (1, 1.2)),
    "-.",
    (0, (8, 2)),
    (0, (3, 1, 1, 1, 1, 1)),
)
MARKERS: Final = ("o", "s", "^", "D", "v", "P")
UP, DOWN = COLOURS[0], COLOURS[1]
INK, GREY, FAINT = "#222222", "#666666", "#DDDDDD"
# Even steps of lightness for all kinds of colour sight; its last, very light yellows are left out.
EVEN: Final = ListedColormap(colormaps["cividis"](np.linspace(0, 0.88, 256)))
# Two hues that all kinds of colour sight tell apart, light in the middle, where nothing changes.
SIGNED: Final = ListedColormap(colormaps["PuOr_r"](np.linspace(0.05, 0.95, 257)))
TEXT: Final = {"title": 11.0, "label": 9.0, "tick": 8.0, "note": 7.5}
_LETTER = 0.56  # mean width of a letter, in units of the font's size
_RULER = 0.5  # inches of a panel below its frame, with the names of ticks and of the feature
_LINE = 1.35  # height of a line, in the same units
_EDGE = 0.09  # inches left free at both sides: letters are wider at one number of dots per inch than at another


def fitting(bars: int, ax: Axes | None) -> int:
    """Return how many of at most ``bars`` named bars fit on the caller's axes."""
    if ax is None:
        return bars
    figure = ax.get_figure(root=True)
    inches = ax.get_position().height * (figure.get_figheight() if figure is not None else 0.0)
    return min(bars, max(3, int(inches * 72 / (TEXT["tick"] * _LINE))))


def first_panels(names: Sized, most: int, ax: Axes | None) -> list[int]:
    """Return which of several outputs or metrics have a panel: the first ones, and one on the caller's axes.

    Examples
    --------
    >>> first_panels(["a", "b", "c", "d"], 3, None)
    [0, 1, 2]
    """
    return list(range(min(len(names), 1 if ax is not None else most)))


def narrower(columns: int, ax: Axes | None) -> int:
    """Return the columns of text for names: fewer on the caller's axes, which have to hold them."""
    return columns if ax is None else max(10, columns * 2 // 3)


@dataclass(frozen=True)
class Sheet:
    """The panels of one picture, on a figure of its own or on the caller's axes.

    Parameters
    ----------
    panels : tuple of Axes
    own : bool
        Whether the figure is ours, to be given a title and a layout.
    """

    panels: tuple[Axes, ...]
    own: bool

    @classmethod
    def make(
        cls,
        count: int,
        ax: Axes | None,
        *,
        columns: int = 3,
        size: tuple[float, float] = (3.0, 2.5),
        margin: float = 0.3,
        sharey: bool | Literal["row"] = False,
    ) -> Sheet:
        """Make panels in lines of at most ``columns``, or take the caller's axes as the only one.

        Parameters
        ----------
        count : int
        ax : Axes or None
        columns : int
        size : (width, height) of a panel with its rulers, inches
        margin : float
            Width of the figure left of all panels, inches.
        sharey : bool or "row"
            Whether all panels, or those of a line, have the same upright ruler.
        """
        if ax is not None:
            sheet = cls((ax,), own=False)
        else:
            across = min(columns, count)
            down = -(-count // across)
            inches = (size[0] * across + margin, size[1] * down)
            edge = _EDGE / inches[0]
            layout = ConstrainedLayoutEngine(rect=(edge, 0.0, 1.0 - 2 * edge, 1.0))
            figure = Figure(figsize=inches, dpi=120, layout=layout, facecolor="white")
            FigureCanvasAgg(figure)
            grid = figure.subplots(down, across, sharey=sharey, squeeze=False)
            for spare in grid.flat[count:]:
                spare.remove()
            sheet = cls(tuple(grid.flat[:count]), own=True)
        for panel in sheet.panels:
            _plain(panel, white=sheet.own)
        return sheet

    @classmethod
    def framed(
        cls, count: int, *, size: tuple[float, float], above: float, beside: float, margin: float
    ) -> tuple[Sheet, tuple[Axes, ...], tuple[Axes, ...]]:
        """Make panels below each other, each with smaller axes above and beside it that share its rulers.

        Parameters
        ----------
        count : int
        size : (width, height) of a panel with its rulers, inches
        above, beside : float
            Height and width of the smaller axes, inches.
        margin : float
            Width of the figure left of all panels, inches.

        Returns
        -------
        Sheet, and the axes above and beside the panels
        """
        outer = cls.make(count, None, columns=1, size=(size[0] + beside, size[1] + above), margin=margin)
        figure, panels, tops, sides = outer.figure, [], [], []
        for whole in outer.panels:
            spec = whole.get_subplotspec()
            whole.remove()
            if spec is None:
                raise TypeError(whole)
            ratios: dict[str, Any] = {"height_ratios": (above, size[1]), "width_ratios": (size[0], beside)}
            parts = spec.subgridspec(2, 2, hspace=0.03, wspace=0.03, **ratios)
            panels.append(figure.add_subplot(parts[1, 0]))
            tops.append(figure.add_subplot(parts[0, 0], sharex=panels[-1]))
            sides.append(figure.add_subplot(parts[1, 1], sharey=panels[-1]))
        for panel in (*panels, *tops, *sides):
            _plain(panel, white=True)
        return cls(tuple(panels), own=True), tuple(tops), tuple(sides)

    @property
    def figure(self) -> Figure:
        """The figure that holds the panels."""
        figure = self.panels[0].get_figure(root=True)
        if figure is None:
            message = "ax= belongs to no figure any more."
            raise InputError(message, "It takes axes of a figure.")
        return figure

    @property
    def inches(self) -> float:
        """How wide a panel is, about."""
        return float(self.panels[0].get_position().width * self.figure.get_figwidth())

    def columns(self, size: float, *, panel: bool = False) -> int:
        """Return how many columns of text of a font size fit on a line of the figure, or of a panel."""
        inches = self.figure.get_figwidth() if self.own and not panel else self.inches
        return max(16, int(inches * 72 / (_LETTER * size)))

    def grow(self, inches: float) -> None:
        """Make our own figure higher."""
        if self.own:
            self.figure.set_figheight(self.figure.get_figheight() + inches)

    def caption(self, artist: Text, *lines: str) -> None:
        """Write lines on a label or title of a panel, wrapped to its width."""
        columns = self.columns(TEXT["label"], panel=True) + (4 if len(self.panels) > 1 else 12)
        put(artist, *(evenly(line, columns) for line in lines)).set_fontsize(TEXT["label"])

    def name_bar(self, bar: Colorbar, label: str, size: float = TEXT["label"], tall: float | None = None) -> None:
        """Take the outline off a colour bar, and write its label beside it, wrapped to its height, ``tall`` inches."""
        bar.outline.set_visible(False)
        bar.ax.tick_params(labelsize=TEXT["tick"])
        high = self.figure.get_figheight()
        # our own panels keep their height, but for the ruler below; the caller's will give room to title and notes
        inches = (tall or high - _RULER) if self.own else 0.6 * high * self.panels[0].get_position().height
        columns = max(16, int(inches * 72 / (_LETTER * size)))
        put(bar.ax.yaxis.label, evenly(label, columns)).set_fontsize(size)

    def finish(
        self,
        title: str,
        notes: Iterable[str],
        facts: Iterable[str] = (),
        *,
        y_label: str = "",
        legend: tuple[Sequence[Artist], Sequence[str]] = ((), ()),
    ) -> Display:
        """Write title, notes, legend and the common label, and return the picture.

        Parameters
        ----------
        title : str
        notes : texts that stand below the picture in small letters
        facts : the main numbers in words, for readers who do not see the picture
        y_label : str
            Label of the upright rulers of all panels together.
        legend : (artists, names)
        """
        notes = [note for note in notes if note]
        if self.own:
            self._head(title, legend)
            self._foot(notes)
        else:
            self._beside(title, notes, legend)
        if y_label and self.own and len(self.panels) > 1:
            tall = int(0.6 * self.figure.get_figheight() * 72 / (_LETTER * TEXT["label"]))
            put(self.figure.supylabel(" ", fontsize=TEXT["label"], color=INK), evenly(y_label, max(24, tall)))
        elif y_label:
            put(self.panels[0].yaxis.label, evenly(y_label, 36))
        axes: Any = self.panels[0]
        if len(self.panels) > 1:
            axes = np.empty(len(self.panels), dtype=object)
            axes[:] = self.panels
        return Display(self.figure, axes, title, " ".join([*notes, *facts]), owned=self.own)

    def _head(self, title: str, legend: tuple[Sequence[Artist], Sequence[str]]) -> None:
        """Write the title, and the legend below it; matplotlib would lay one over the other."""
        lines = wrapped(title, self.columns(TEXT["title"]))
        look = {"fontsize": TEXT["title"], "color": INK}
        handles, names = legend
        if not names:
            put(self.figure.suptitle(" ", x=0.01, ha="left", **look), lines)
            self.grow((lines.count("\n") + 1.5) * TEXT["title"] * _LINE / 72)
            return
        across = max(1, self.columns(TEXT["tick"]) // (max(map(width, names)) + 9))
        box = self.figure.legend(
            handles,
            names,
            loc="outside upper left",
            ncols=min(across, len(names)),
            title=" ",
            alignment="left",
            frameon=False,
            borderpad=0,
            borderaxespad=0.4,
        )
        put(box.get_title(), lines).set(**look)
        _write_names(box, names)
        down = -(-len(names) // across)
        self.grow((lines.count("\n") + 2.0 + down) * TEXT["title"] * _LINE / 72)

    def _foot(self, notes: list[str]) -> None:
        lines = [wrapped(note, self.columns(TEXT["note"])) for note in notes]
        below = self.figure.supxlabel(" ", x=0.01, ha="left", fontsize=TEXT["note"], color=GREY)
        put(below, *lines).set_multialignment("left")
        self.grow((sum(line.count("\n") + 1 for line in lines) + 0.5) * TEXT["note"] * _LINE / 72)

    def _beside(self, title: str, notes: list[str], legend: tuple[Sequence[Artist], Sequence[str]]) -> None:
        """Write title, notes and legend on the caller's axes, and nothing outside them."""
        panel = self.panels[0]
        lines = wrapped(title, self.columns(TEXT["title"]) * 4 // 5)
        put(panel.set_title(" ", loc="left", fontsize=TEXT["title"]), lines)
        # Notes begin where the names beside the axes begin, so that they take no room to the right.
        names_beside = [label.get_text() for label in panel.get_yticklabels()]
        left = max((width(part) for name in names_beside for part in name.split("\n")), default=0) + 1
        below = panel.annotate(
            " ",
            (0, 0),
            xytext=(-left * _LETTER * TEXT["tick"], -4),
            xycoords=("axes fraction", panel.xaxis.label),
            textcoords="offset points",
            va="top",
            fontsize=TEXT["note"],
            color=GREY,
        )
        put(below, *(wrapped(note, self.columns(TEXT["note"])) for note in notes))
        handles, names = legend
        if names:
            _write_names(panel.legend(handles, names, frameon=False, loc="best"), names)


def _write_names(box: Legend, names: Sequence[str]) -> None:
    for text, name in zip(box.get_texts(), names, strict=True):
        put(text, name).set_fontsize(TEXT["tick"])


def _plain(panel: Axes, *, white: bool) -> None:
    if white:
        panel.set_facecolor("white")
    for side in ("top", "right"):
        panel.spines[side].set_visible(False)
    for ruler in (panel.xaxis, panel.yaxis):
        ruler.set_major_formatter(NumberTicks())
        ruler.label.set_fontsize(TEXT["label"])
    panel.tick_params(labelsize=TEXT["tick"], length=3)
    panel.set_axisbelow(True)
    panel.grid(visible=False)
