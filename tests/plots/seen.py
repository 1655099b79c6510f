"""What a reader finds in a picture."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from itertools import combinations

from matplotlib.axis import Axis
from matplotlib.text import Text

SVG = "{http://www.w3.org/2000/svg}"


def tree(svg):
    return ET.fromstring(svg)


def texts(display):
    """Every line of text of the picture."""
    return ["".join(node.itertext()) for node in tree(display.svg()).iter(f"{SVG}text")]


def whole(display):
    """All text of the picture as one line, as wrapped text reads."""
    return " ".join(texts(display))


def references(svg):
    """Every id that a part of the picture refers to."""
    return [*re.findall(r'href="#([^"]+)"', svg), *re.findall(r"url\(#([^)]+)\)", svg)]


# ---- where the text is


def boxes(display, dpi):
    """Every text that is drawn at so many dots per inch, with its place in points from the lower left corner."""
    figure = display.figure_
    display._settle()
    usual = figure.dpi
    figure.set_dpi(dpi)
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()
    gone = _undrawn(figure)
    shown = [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip() and id(t) not in gone]
    found = [(t, t.get_window_extent(renderer).get_points() * 72 / dpi) for t in shown]
    figure.set_dpi(usual)
    return found


def _undrawn(figure):
    """Labels of ticks beyond the ends of a ruler, and of sides that have none."""
    gone = set()
    for ruler in figure.findobj(Axis):
        drawn = {id(tick) for tick in ruler._update_ticks()}
        for tick in (*ruler.majorTicks, *ruler.minorTicks):
            labels = (tick.label1, tick.label2)
            gone |= {id(label) for label in labels if id(tick) not in drawn or not label.get_visible()}
    return gone


def clipped(display, dpi):
    """Texts that leave the picture, and by how many points."""
    wide, high = display.figure_.get_size_inches() * 72
    over = [
        (max(-low[0], -low[1], high_[0] - wide, high_[1] - high), t.get_text())
        for t, (low, high_) in boxes(display, dpi)
    ]
    return [(round(by, 1), text) for by, text in over if by > 0.5]


def covered(display, dpi):
    """Pairs of level or upright texts that lie over each other, by more than the air around their letters."""
    straight = [(t.get_text(), box) for t, box in boxes(display, dpi) if t.get_rotation() in {0, 90}]
    pairs = []
    for (one, (low, high)), (other, (low_, high_)) in combinations(straight, 2):
        wide, tall = (min(high[i], high_[i]) - max(low[i], low_[i]) for i in (0, 1))
        if wide > 1 and tall > 2:
            pairs.append((one, other))
    return pairs
