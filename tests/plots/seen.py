"""What a reader finds in a picture."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

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
