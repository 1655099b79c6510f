"""What `Explanation.plot` returns: a figure that shows itself, without pyplot."""

from __future__ import annotations

import io
import re
from collections import Counter
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, Final
from xml.sax.saxutils import escape

import matplotlib as mpl
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.transforms import Bbox

from sipakit.plots.labels import clean

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Display"]

_DRAWING = RLock()
_SAVED_DPI: Final = 200
# Text stays text: it can be searched, read aloud and copied, takes a third of the bytes of outlines,
# and the reader's own fonts show what ours lack. The salt makes equal pictures equal bytes.
_SETTINGS: Final = {"svg.fonttype": "none", "svg.hashsalt": "sipakit"}
_NO_METADATA: Final[dict[str, Any]] = dict.fromkeys(("Creator", "Date", "Format", "Type"))
_FONT: Final = re.compile(r' (?:font-family|font): [^;"]*?((?:\'[^\'";]+\'|[a-z-]+)(?:, (?:\'[^\'";]+\'|[a-z-]+))+);')
_HEADER: Final = '<?xml version="1.0" encoding="utf-8"?>\n'


@dataclass(frozen=True, eq=False)
class Display:
    """A finished picture.

    Parameters
    ----------
    figure_ : matplotlib Figure
    ax_ : Axes, or an array of Axes where the picture has several panels
    title : str
        What is shown, in one sentence.
    description : str
        The notes and main numbers in words, for readers who do not see the picture.
    owned : bool
        Whether the figure was made for this picture, and not by the caller.

    Examples
    --------
    >>> import numpy as np, sipakit as sp
    >>> X = np.random.default_rng(0).normal(size=(50, 2))
    >>> picture = sp.PartialDependence(grid_resolution=5).explain(lambda X: X[:, 0], X).plot()
    >>> picture.svg().startswith("<svg")
    True
    """

    figure_: Figure
    ax_: Any
    title: str
    description: str
    owned: bool = False

    def svg(self) -> str:
        """Return the picture as an SVG element that can stand inside a page.

        Equal pictures give equal bytes: ids come from the content, and no date or version is written. The element
        has a ``<title>`` and a ``<desc>``, and brings no style that would reach the page around it.
        """
        self._settle()
        buffer = io.StringIO()
        with _DRAWING:
            settings: Any = mpl.rcParams
            before = {name: settings[name] for name in _SETTINGS}
            try:
                settings.update(_SETTINGS)
                self.figure_.savefig(buffer, format="svg", dpi=150, metadata=_NO_METADATA)
            finally:
                settings.update(before)
        return _accessible(buffer.getvalue(), clean(self.title, None), clean(self.description, None))

    def save(self, path: str | Path, *, dpi: float = _SAVED_DPI) -> None:
        """Write the picture to a file; its ending names the format, ``.svg``, ``.png`` or ``.pdf`` for example.

        Parameters
        ----------
        path : str or Path
        dpi : float
            Dots per inch, for formats that have dots.
        """
        path = Path(path)
        if path.suffix.lower() == ".svg":
            path.write_text(_HEADER + self.svg(), encoding="utf-8", newline="\n")
            return
        self._settle()
        undated = {"CreationDate": None} if path.suffix.lower() == ".pdf" else None
        with _DRAWING:
            self.figure_.savefig(path, dpi=dpi, metadata=undated)

    def _repr_png_(self) -> bytes | None:
        """Show in a notebook; a figure of pyplot is left to pyplot, which shows it already."""
        if self.figure_.canvas.manager is not None:
            return None
        self._settle()
        buffer = io.BytesIO()
        with _DRAWING:
            self.figure_.savefig(buffer, format="png")
        return buffer.getvalue()

    def _settle(self) -> None:
        """Lay the panels out once: a second run of matplotlib's layout would move them by fractions of a dot."""
        if self.owned and isinstance(self.figure_.get_layout_engine(), ConstrainedLayoutEngine):
            with _DRAWING:
                usual = self.figure_.dpi
                self.figure_.set_dpi(_SAVED_DPI)  # letters are a little wider there, and would leave the picture
                self.figure_.draw_without_rendering()
                self.figure_.set_layout_engine("none")
                _round_places(self.figure_)
                self.figure_.set_dpi(usual)

    def __repr__(self) -> str:
        return f"Display({clean(self.title, 100)!r})"


def _round_places(figure: Figure) -> None:
    """Round where panels lie: the layout's solver leaves other last bits each time, which are in the ids of clips."""
    for panel in figure.axes:
        kept = panel.get_in_layout()
        for which in ("original", "active"):
            place = panel.get_position(original=which == "original")
            panel.set_position(Bbox(place.get_points().round(9)), which=which)
        panel.set_in_layout(kept)  # a caller may crop the picture to what is in the layout


def _accessible(text: str, title: str, description: str) -> str:
    """Make matplotlib's file an element for a page: no header, no ids of groups, no style, but a title."""
    body = text[text.index("<svg") :]
    body = re.sub(r'<g id="[^"]*">', "<g>", body)  # figure_1, axes_1 ...: twice on a page with two pictures
    body = re.sub(r"\s*<defs>\s*<style[^>]*>[^<]*</style>\s*</defs>", "", body, count=1)
    style = "stroke-linejoin: round; stroke-linecap: butt"
    fonts = Counter(match.group(0) for match in _FONT.finditer(body))
    if fonts:
        font = fonts.most_common(1)[0][0]
        body = body.replace(font, "")
        style += f";{font.rstrip(';')}"
    key = sha256((title + body).encode()).hexdigest()[:10]
    named = f'role="img" aria-labelledby="t{key} d{key}" style="{style}"'
    told = f'\n <title id="t{key}">{escape(title)}</title>\n <desc id="d{key}">{escape(description)}</desc>'
    head, rest = body.split(">", 1)
    return f"{head} {named}>{told}{rest}"
