"""Names that break pictures, in every kind of picture: the SVG is read again, and its text is the cleaned name."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest

from sipakit.plots import KINDS, cohorts, draw
from sipakit.plots.labels import clean
from tests.plots import made, seen

# Names that a picture of each label has room for, all at once; some pictures put several names into one text.
ROOM = {"dependence": 1, "surfaces": 5, "tree": 4, "linear": 9, "matrix": 9, "regions": 6, "no regions": 6}
LABELS = [case[0] for case in made.one_of_each()]
SHORT = {"tree"}  # rules: names stand inside a text that is broken into lines


def batched(names, size):
    return [names[first : first + size] for first in range(0, len(names), size)]


def spelled(name):
    """Every way in which a picture may write a name: whole, or without its middle where room is short."""
    return {clean(name, limit) for limit in range(8, 61)}


def parts(text):
    """A text of a picture, and the names inside a composed one, without the number that tells twins apart."""
    found = [text, text.split(" = ")[0], *text.split(" \N{MULTIPLICATION SIGN} "), re.sub(r" \(.*\)$", "", text)]
    found += re.split(r": mean of | rows\)| \(", text)[:1]
    return {re.sub(r" #\d+$", "", one) for one in found}


def written(display):
    return set().union(*map(parts, seen.texts(display)))


def test_every_kind_of_picture_is_among_those_drawn():
    kinds = {(type(e), kind) for _, e, kind in made.one_of_each()}
    assert kinds == {(one, kind) for one, pictures in KINDS.items() for kind in pictures}


@pytest.mark.parametrize("label", LABELS)
def test_the_text_of_the_svg_is_the_cleaned_name(label):
    for names in batched(made.HOSTILE, ROOM.get(label, 10)):
        explanation, kind = next((e, kind) for one, e, kind in made.one_of_each(names=names) if one == label)
        display = draw(explanation, kind)
        texts = written(display)
        for place, name in enumerate(names):
            if label in SHORT or (label.startswith("slopes") and place % 4 == 3):  # levels: named in a sentence below
                if label == "tree" and not str(name).strip():
                    continue  # inside a rule a blank name cannot be told from its blanks
                whole = " ".join(seen.whole(display).split())
                begin, _, end = clean(name, 20).partition("\N{HORIZONTAL ELLIPSIS}")
                assert begin[:6].strip() in whole
                assert end[-6:].strip() in whole
            else:
                assert spelled(name) & texts, (label, name)


@pytest.mark.parametrize("kind", ["curves", "centred", "derivative"])
def test_names_of_columns_and_levels_that_colour_rows(kind):
    for levels in batched(made.HOSTILE, 6):
        for column in (levels[0], levels[-1]):
            rows = np.empty((24, 1), dtype=object)
            rows[:, 0] = [levels[i % len(levels)] for i in range(24)]
            explanation = dataclasses.replace(
                made.row_effects(1, n=24, axes=(made.number_axis("x", places=4),)), columns=(column,), row_values=rows
            )
            display = draw(explanation, kind, colour_by=column)
            texts = written(display)
            legend = {text for group in texts for text in parts(group)}
            # a cell that is no number or is missing has a name too
            assert all(spelled("missing" if level != level else level) & legend for level in levels)  # noqa: PLR0124
            assert f"Coloured by {clean(column)}" in seen.whole(display)


@pytest.mark.parametrize("made_of", ["effects", "importances"])
def test_names_of_groups_of_rows(made_of):
    for names in batched(made.HOSTILE, 5):
        features = names[:2]
        one = getattr(made, made_of)(2, names=features)
        display = cohorts(dict.fromkeys(names, one)) if len(names) > 1 else None
        if display is not None:
            texts = written(display)
            assert all(spelled(name) & texts for name in (*names, *features))


def test_names_of_levels_on_both_sides_of_a_map():
    for levels in batched(made.HOSTILE, 7):
        plane = made.plane(made.level_axis("a", levels), made.level_axis("_b$", levels[::-1]))
        display = draw(made.pair_effects(planes=[plane]))
        texts = written(display)
        assert all(spelled(level) & texts for level in levels)
        assert "_b$" in texts


def test_names_of_outputs_above_a_second_ruler():
    for name in made.HOSTILE:
        explanation = dataclasses.replace(made.attributions(2), scale="log_odds", outputs=(str(name),))
        text = seen.whole(draw(explanation))
        begin = clean(str(name))[:6].strip()
        assert begin in text
        assert "if this feature alone moved the base value" in text
