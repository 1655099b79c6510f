"""A user's text on a picture: every string that may hold a name goes through `clean` and `put`.

Names are labels only. Left alone, `$x_{1$` raises when the picture is drawn, `a$b$` loses its signs,
a lone surrogate kills the font engine, a NUL makes the SVG unreadable, and a right-to-left override
turns the text behind it.
"""

from __future__ import annotations

import textwrap
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib import font_manager

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from matplotlib.axis import Axis as Ruler
    from matplotlib.text import Text

__all__ = ["LIMIT", "clean", "distinct", "evenly", "put", "put_ticks", "width", "wrapped"]

LIMIT = 32  # columns of text that a name may take
_REPLACED = "\N{REPLACEMENT CHARACTER}"
_ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
# Format characters that belong to the spelling of a word: soft hyphen, the two joiners.
_SPELLING = frozenset("\N{SOFT HYPHEN}\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}")
_EVERYTHING = "Last Resort High-Efficiency"  # travels with matplotlib, has a box for every character


def clean(name: object, limit: int | None = LIMIT) -> str:
    r"""Return a name as it may stand on a picture, in one line.

    Control characters, lone surrogates, noncharacters and bidirectional controls become U+FFFD,
    line ends become spaces, and a long name loses its middle.

    Parameters
    ----------
    name : object
        Shown by its ``str``.
    limit : int, optional
        Columns of text that it may take; East Asian wide characters take two. None for no limit.

    Examples
    --------
    >>> clean("a\x00b") == "a\N{REPLACEMENT CHARACTER}b", clean("")
    (True, '(no name)')
    >>> len(clean("x" * 300)), clean("the longest name of all", 13)
    (32, 'the lo…of all')
    """
    text = "".join(map(_safe, str(name))).strip()
    if not text:
        return "(no name)"
    return text if limit is None else _shortened(text, limit)


def _safe(character: str) -> str:
    point = ord(character)
    if character in "\t\n\r\N{LINE SEPARATOR}\N{PARAGRAPH SEPARATOR}":
        return " "
    unsafe = unicodedata.category(character) in {"Cc", "Cs", "Cf"} and character not in _SPELLING
    nothing = point & 0xFFFE == 0xFFFE or 0xFDD0 <= point <= 0xFDEF  # Unicode's noncharacters
    return _REPLACED if unsafe or nothing else character


def width(text: str) -> int:
    """Return the columns of text that a line takes: two for wide characters, none for accents.

    Examples
    --------
    >>> width("abc"), width("日本")
    (3, 4)
    """
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.combining(c) > 0 for c in text)


def _shortened(text: str, limit: int) -> str:
    if width(text) <= limit:
        return text
    head, tail = text, text
    while head and width(head) > limit // 2:
        head = head[:-1]
    while tail and (width(tail) > (limit - 1) // 2 or unicodedata.combining(tail[0])):
        tail = tail[1:]
    return head + _ELLIPSIS + tail


def distinct(names: Iterable[Hashable], limit: int = LIMIT) -> list[str]:
    """Clean many names; those that look alike afterwards get their number, counted from 1.

    Examples
    --------
    >>> distinct(["age", "pay", "pay "])
    ['age', 'pay #2', 'pay #3']
    """
    names = list(names)
    short = [clean(name, limit) for name in names]
    seen = {text: short.count(text) for text in set(short)}
    return [
        text if seen[text] == 1 else f"{clean(name, limit - 5)} #{number}"
        for number, (name, text) in enumerate(zip(names, short, strict=True), start=1)
    ]


def wrapped(text: str, columns: int, lines: int | None = None) -> str:
    r"""Break a text into lines of at most ``columns``; what exceeds ``lines`` ends in an ellipsis.

    Examples
    --------
    >>> wrapped("a rule that is long", 10)
    'a rule\nthat is\nlong'
    """
    narrow = max(1, columns * len(text) // max(width(text), 1))
    parts = textwrap.wrap(text, narrow, max_lines=lines, placeholder=f" {_ELLIPSIS}", break_on_hyphens=False)
    return "\n".join(parts)


def evenly(text: str, columns: int) -> str:
    r"""Break a text as `wrapped` does, into lines of about the same length.

    Examples
    --------
    >>> evenly("change of the prediction (mean 0)", 30)
    'change of the\nprediction (mean 0)'
    """
    lines = wrapped(text, columns).count("\n")
    tries = (wrapped(text, narrow) for narrow in range(width(text) // (lines + 1), columns + 1))
    return next((one for one in tries if one.count("\n") <= lines), wrapped(text, columns))


def put(artist: Text, *lines: str) -> Text:
    """Write lines on a text artist so that every character stands for itself.

    Parameters
    ----------
    artist : matplotlib Text
    *lines : str
        Cleaned once more, each a line of its own; a line end inside starts a new line.

    Returns
    -------
    Text
        The same artist, with mathematics and TeX off, and a font that has every character.
    """
    parts = [clean(part, None) for line in lines for part in line.split("\n") if part]
    artist.set_text("\n".join(parts))
    artist.set_parse_math(False)
    artist.set_usetex(False)
    artist.set_fontfamily(_families(tuple(mpl.rcParams["font.family"])))
    return artist


@lru_cache(maxsize=8)
def _families(chosen: tuple[str, ...]) -> list[str]:
    known = _EVERYTHING in font_manager.fontManager.get_font_names()
    return [*chosen, _EVERYTHING] if known else list(chosen)


def put_ticks(ruler: Ruler, places: Sequence[float], names: Sequence[str]) -> None:
    """Write names at places of a ruler, in place of its numbers."""
    shown = ["\n".join(clean(part, None) for part in name.split("\n")) for name in names]
    ruler.set_ticks(list(places), labels=shown)
    for tick, name in zip(ruler.get_major_ticks(len(places)), shown, strict=True):
        put(tick.label1, name)
        put(tick.label2, name)
