"""What holds for every picture, of few and of many features, outputs and rows, and whatever the names."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from sipakit.caveats import caveat
from sipakit.estimate import Estimate
from sipakit.plots import draw
from tests.plots import made, seen

SIZES = [(3, 1), (60, 3)]
LABELS = [case[0] for case in made.one_of_each()]
# How many of 60 features a picture shows: totals of interactions, and the first letters of its note.
SHOWN = {
    "attributions": "15 of 60 features",
    "waterfall": "14 of 60 features",
    "swarm": "12 of 60 features",
    "dependence": "among 60 features",
    "heat map": "12 of 60 features",
    "sizes": "20 of 60 features",
    "importances": "20 of 60 features",
    "effects": "12 of 60 features",
    "centred": "12 of 60 features",
    "heterogeneity": "12 of 60 features",
    "heterogeneity of ALE": "12 of 60 features",
    "rows": "12 of 60 features",
    "few rows": "12 of 60 features",
    "centred rows": "12 of 60 features",
    "few centred rows": "12 of 60 features",
    "slopes of rows": "9 of 45 features",
    "slopes of few rows": "9 of 45 features",
    "surfaces": "6 of 59 pairs",
    "interactions": "15 of 1,770 pairs",
    "matrix": "30 of 60 features",
    "network": "14 of 60 features",
    "decomposition": "9 of 60 main effects",
    "shares": "14 of 1,830 effects",
    "tree": "20 of 60 rules",
    "linear": "20 of 60 terms",
    "regions": "6 of 60 features",
    "no regions": "6 of 60 features",
}


def case(label, count=3, k=1, names=None):
    return next((e, kind) for name, e, kind in made.one_of_each(count, k, names=names) if name == label)


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize(("count", "k"), SIZES)
def test_a_picture_is_well_formed_of_readable_size_and_says_what_its_error_covers(label, count, k):
    explanation, kind = case(label, count, k)
    display = draw(explanation, kind)
    svg = display.svg()
    assert len(svg) < 500_000
    text = seen.whole(display)
    assert explanation.error.split(".")[0] in text
    drawn = "swarm" not in label and "rows" not in label and label not in {"heat map", "matrix", "network"}
    assert ("95 % intervals" in text) == drawn
    width, height = display.figure_.get_size_inches()
    assert 4 <= width <= 15
    assert 1.5 <= height <= 30
    for word in ("cause", "because", "impact", "driver"):
        assert word not in text.lower()


@pytest.mark.parametrize("label", LABELS)
def test_a_picture_of_many_features_says_how_many_it_shows(label):
    explanation, kind = case(label, 60)
    note = SHOWN[label]
    text = seen.whole(draw(explanation, kind))
    assert note in text
    few, few_kind = case(label, 3)
    assert " of 3 " not in seen.whole(draw(few, few_kind)).replace("1 of 3 rows", "")


@pytest.mark.parametrize("label", LABELS)
def test_no_text_that_holds_a_name_is_read_as_mathematics(label):
    explanation, kind = case(label, names=made.HOSTILE[:4])
    display = draw(explanation, kind)
    display.svg()
    named = [t for t in made.texts_of(display.figure_) if "$" in t.get_text()]
    assert named
    assert not any(t.get_parse_math() or t.get_usetex() for t in named)


@pytest.mark.parametrize("label", LABELS)
def test_numbers_without_an_error_are_drawn_without_an_interval(label):
    explanation, kind = case(label, 3, 1)
    values, endless = explanation.estimate.values, np.full(explanation.estimate.values.shape, np.inf)
    estimate = Estimate(values, endless, -endless, endless, explanation.estimate.parts)
    display = draw(dataclasses.replace(explanation, estimate=estimate), kind)
    text = seen.whole(display)
    assert "95 % intervals" not in text
    if label not in {"swarm", "dependence", "heat map", "sizes", "matrix", "network"}:
        assert "none could be had" in text
    exact = draw(dataclasses.replace(explanation, estimate=Estimate.exact(values)), kind)
    assert "95 % intervals" not in seen.whole(exact)


@pytest.mark.parametrize("label", LABELS)
def test_numbers_that_are_all_zero_can_be_drawn(label):
    explanation, kind = case(label, 3, 2)
    estimate = Estimate.exact(0 * explanation.estimate.values)
    draw(dataclasses.replace(explanation, estimate=estimate), kind).svg()


@pytest.mark.parametrize("label", LABELS)
def test_a_single_feature_can_be_drawn(label):
    names = ("only",) if label not in {"matrix", "network", "interactions"} else ("one", "two")
    explanation, kind = case(label, names=names)
    assert any(names[0] in line for line in seen.texts(draw(explanation, kind)))


def test_a_serious_caveat_stands_on_the_picture_and_others_do_not():
    caveats = (caveat("SIPA012", "Twice the same rows, two answers."), caveat("SIPA010", "There are 20 rows."))
    text = seen.whole(draw(dataclasses.replace(made.importances(), caveats=caveats)))
    assert "the model's answers are random (SIPA012)" in text
    assert "SIPA010" not in text
