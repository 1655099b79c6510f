"""Names that break pictures, in every kind of picture: the SVG is read again, and its text is the cleaned name.

`SHOWS` says of each kind of picture which names of a user's it writes; a kind without a line there fails a test.
"""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest
from matplotlib.figure import Figure

from sipakit import plots
from sipakit.explanation import (
    Attributions,
    Decomposition,
    Effects,
    Importances,
    Interactions,
    Regions,
    Surrogates,
)
from sipakit.plots import KINDS, cohorts, draw
from sipakit.plots.labels import clean
from tests.plots import made, seen

# One of each way in which a name does harm, for places where all of `made.HOSTILE` would take long.
NASTY = tuple(n for n in made.HOSTILE if n not in {"<b>&", "-->", "]]>", "日本語", "😀", "\n", 7} and n == n)  # noqa: PLR0124
OUTPUTS = ("_hidden", "$x_{1$", "<b>\x00&", "\ud800\u202e", "x" * 300, "cost $ and $ price")
# The names beside those of features that each kind of picture shows.
SHOWS = {
    (Attributions, "bars"): {"outputs", "cells"},
    (Attributions, "waterfall"): {"outputs", "cells"},
    (Attributions, "beeswarm"): {"outputs", "colours"},
    (Attributions, "dependence"): {"outputs", "levels", "colours"},
    (Attributions, "heatmap"): {"outputs"},
    (Importances, "bars"): {"outputs", "metrics"},
    (Effects, "curves"): {"outputs", "levels", "colours"},
    (Effects, "centred"): {"outputs", "levels", "colours"},
    (Effects, "derivative"): {"outputs", "colours"},
    (Effects, "surface"): {"outputs", "levels"},
    (Effects, "heterogeneity"): {"outputs", "levels"},
    (Interactions, "bars"): {"outputs"},
    (Interactions, "matrix"): {"outputs"},
    (Interactions, "network"): {"outputs"},
    (Surrogates, "bars"): {"outputs", "rules"},
    (Decomposition, "effects"): {"outputs", "levels"},
    (Decomposition, "shares"): {"outputs"},
    (Regions, "curves"): {"outputs", "levels", "rules"},
}
# Names of features that a picture of each label has room for, all at once; some put several names into one text.
ROOM = {"dependence": 1, "surfaces": 5, "tree": 4, "linear": 9, "matrix": 9, "regions": 6, "no regions": 6}
LABELS = [case[0] for case in made.one_of_each()]
SHORT = {"tree"}  # rules: names stand inside a text that is broken into lines
TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f"


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


def read(display):
    """The texts of a picture, from its SVG, which holds nothing that runs, leads elsewhere or turns other text."""
    svg = display.svg()
    for node in seen.tree(svg).iter():
        assert "script" not in node.tag.lower()
        for key, value in node.attrib.items():
            assert not key.rpartition("}")[2].lower().startswith("on")
            assert "javascript" not in value
            assert key.rpartition("}")[2] != "href" or value.startswith(("#", "data:image/png"))
    assert not set(svg) & set(TURNING)
    return seen.texts(display)


def written(display):
    return set().union(*map(parts, read(display)))


def holds(display, name):
    """Whether a picture has a name, be it inside another text that is broken into lines."""
    whole = " ".join(" ".join(read(display)).split())
    unbroken = "".join("".join(read(display)).split())
    return any(one in whole or "".join(one.split()) in unbroken for one in spelled(name))


def of_kind(shown):
    """The kinds of pictures that show such names."""
    return pytest.mark.parametrize(
        "kind", [key for key, shows in SHOWS.items() if shown in shows], ids=lambda key: f"{key[0].__name__} {key[1]}"
    )


def first_of(kind, count, k=1):
    """The explanation of the first case of a kind."""
    return next(e for _, e, name in made.one_of_each(count, k) if type(e) is kind[0] and name == kind[1])


# ---- every kind


def test_every_kind_of_picture_says_which_names_it_shows_and_is_among_those_drawn():
    kinds = {(one, kind) for one, pictures in KINDS.items() for kind in pictures}
    assert set(SHOWS) == kinds
    assert {(type(e), kind) for _, e, kind in made.one_of_each()} == kinds
    assert {key for key, shows in SHOWS.items() if "colours" in shows} == {
        (one, kind) for one, kind in kinds if KINDS[one][kind] in plots._OPTIONS["colour_by"][0]
    }
    assert set(plots.__all__) == {"KINDS", "Display", "draw", "cohorts"}  # another picture needs a test here


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


@pytest.mark.parametrize("label", LABELS)
def test_names_on_the_callers_axes(label):
    names = ("$x_{1$", "_hidden", "a\x00\ud800b")
    explanation, kind = next((e, kind) for one, e, kind in made.one_of_each(names=names) if one == label)
    explanation = dataclasses.replace(explanation, outputs=("cost $ and $ price",), scale="probability")
    display = draw(explanation, kind, ax=Figure(figsize=(6, 4)).subplots())
    assert any(clean(name) in text for text in read(display) for name in names)


# ---- other names than those of features


@of_kind("outputs")
def test_names_of_outputs(kind):
    count = 2 if kind[0] is Interactions else 1
    for names in batched(OUTPUTS, 3):
        if kind[0] is Importances:  # of sizes of attributions
            explanation = dataclasses.replace(made.attributions(2, len(names), n=30), outputs=names).importance()
        elif kind[1] == "surface":  # of few places
            sides = [made.number_axis(side, places=3) for side in "xy"]
            explanation = made.pair_effects(k=len(names), planes=[made.plane(*sides)])
            explanation = dataclasses.replace(explanation, outputs=names)
        else:
            explanation = dataclasses.replace(first_of(kind, count, len(names)), outputs=names)
        display = draw(explanation, kind[1])
        for name in names:
            assert holds(display, name), name


@of_kind("levels")
def test_names_of_levels(kind):
    for levels in batched(NASTY, 7):
        axes = (made.level_axis("f", levels),)
        if kind[0] is Attributions:
            cells = np.array([[levels[i % len(levels)]] * 2 for i in range(28)], dtype=object)
            explanation = made.attributions(2, n=28, row_values=cells)
        elif kind[1] == "surface":
            explanation = made.pair_effects(planes=[made.plane(axes[0], made.level_axis("_b$", levels[::-1]))])
        else:
            rows = {"centred": made.row_effects, "effects": made.decomposition}
            make = made.regions if kind[0] is Regions else rows.get(kind[1], made.effects)
            explanation = make(axes=axes)
        texts = written(draw(explanation, kind[1]))
        for level in levels:
            assert spelled(level) & texts, level


@of_kind("cells")
def test_cells_of_a_row(kind):
    for cells in batched(NASTY, 7):
        row = np.empty((1, len(cells)), dtype=object)
        row[0] = [cell if isinstance(cell, str) else str(cell) for cell in cells]
        texts = read(draw(made.attributions(len(cells), row_values=row), kind[1]))
        for cell in cells:
            assert any(text.endswith(tuple(f" = {one}" for one in spelled(cell))) for text in texts), cell


@of_kind("colours")
def test_names_of_columns_and_levels_that_colour_rows(kind):
    for levels in batched(NASTY, 6):
        for column in (levels[0], levels[-1]):
            rows = np.empty((24, 1), dtype=object)
            rows[:, 0] = [levels[i % len(levels)] for i in range(24)]
            if kind[0] is Attributions:
                explanation = made.attributions(n=24, names=(column,), row_values=rows)
            else:
                explanation = made.row_effects(1, n=24, axes=(made.number_axis("x", places=4),))
                explanation = dataclasses.replace(explanation, columns=(column,), row_values=rows)
            display = draw(explanation, kind[1], colour_by=column)
            texts = written(display)
            assert all(spelled(level) & texts for level in levels)
            assert f"Coloured by {clean(column)}" in seen.whole(display)


@of_kind("metrics")
def test_names_of_metrics(kind):
    for names in batched(NASTY, 3):
        texts = tuple(map(str, names))
        explanation = dataclasses.replace(made.importances(2, len(names)), metrics=texts)
        display = draw(explanation, kind[1])
        for name in texts:
            assert holds(display, name.replace("_", " ")), name


@of_kind("rules")
def test_names_of_levels_inside_rules(kind):
    for name in NASTY:
        if not str(name).strip():
            continue  # inside a rule a blank name cannot be told from its blanks
        explanation = first_of(kind, 1)
        field = "terms" if kind[0] is Surrogates else "where"
        rules = list(getattr(explanation, field))
        rules[-1] = f"job = {name}"
        display = draw(dataclasses.replace(explanation, **{field: tuple(rules)}), kind[1])
        begin = clean(name)[:5].rstrip()
        assert f"job = {begin}" in " ".join(" ".join(read(display)).split()), name


# ---- groups of rows, and rulers


@pytest.mark.parametrize("made_of", ["effects", "importances", "attributions"])
def test_names_of_groups_of_rows(made_of):
    for names in batched(made.HOSTILE, 5):
        features = names[:2]
        if made_of == "attributions":
            groups = [str(names[i % len(names)]) for i in range(30)]
            display = made.attributions(n=30, names=features).cohorts(groups).plot()
        else:
            display = cohorts(dict.fromkeys(names, getattr(made, made_of)(2, names=features)))
        texts = written(display)
        assert all(spelled(name) & texts for name in (*names, *features))


def test_names_of_outputs_above_a_second_ruler():
    for name in made.HOSTILE:
        explanation = dataclasses.replace(made.attributions(2), scale="log_odds", outputs=(str(name),))
        text = seen.whole(draw(explanation))
        begin = clean(str(name))[:6].strip()
        assert begin in text
        assert "if this feature alone moved the base value" in text
