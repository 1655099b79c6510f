"""Sentences: the right numbers, units, intervals, ties and words."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import sipakit as sp
from sipakit.estimate import Estimate
from sipakit.reports.finding import listed, ranked
from sipakit.reports.measure import Measure
from sipakit.reports.narrative import findings, headline
from sipakit.reports.shapes import shape, turns
from sipakit.reports.together import contrast, strongest
from tests.plots import made

FORBIDDEN = ("cause", "because of", "impact", "due to", "nan", "inf ")


def every_explanation():
    for k in (1, 3):
        yield from (e for _, e, _ in made.one_of_each(4, k))
    yield made.surrogates(3, 1, kind="linear")
    yield made.attributions(4, 1, n=20)
    yield made.attributions(4, 1, n=3, additive=False, fit=np.full((3, 1), 0.4))
    yield made.row_effects(3, 1, n=3)


@pytest.mark.parametrize("unit", [None, "rentals an hour"])
def test_no_sentence_says_more_than_the_model_does(unit):
    for e in every_explanation():
        for finding in findings(e, unit):
            words = finding.text.lower()
            assert not [word for word in FORBIDDEN if word in words], finding.text
            assert finding.text.endswith(".")
            assert "  " not in finding.text
            assert finding.basis.startswith("n = ")


def importances(values, half, metric="neg_mean_squared_error", baseline=-1.0, scale="prediction"):
    values, half = np.array(values)[:, None], np.array(half)[:, None]
    base = made.importances(len(values))
    estimate = Estimate(values, half / 1.96, values - half, values + half)
    names = tuple("abcdefgh"[: len(values)])
    told = {"features": names, "metrics": (metric,), "baseline": np.array([baseline]), "scale": scale}
    return replace(base, estimate=estimate, manifest={"rows": 500}, **told)


def test_importance_of_squared_errors_is_told_as_its_root_in_the_targets_unit():
    first, order, _ = findings(importances([15.0, 3.0, 0.1], [1.0, 0.5, 0.2]), "metres")
    assert first.text == (
        "Without the information in a, the model's root mean squared error is 4.00 metres (3.87 to 4.12) "
        "instead of 1.00."
    )
    assert first.basis.startswith("n = 500 rows; 95 % interval: ")
    assert order.text == "Order of importance by mean squared error: 1. a; 2. b."


def test_accuracy_is_told_as_a_share_of_wrong_predictions():
    first = findings(importances([0.06, 0.01], [0.01, 0.005], "accuracy", 0.87, "probability"))[0]
    assert "share of wrong predictions is 19.0 % (18.0 to 20.0) instead of 13.0 %." in first.text


def test_other_scores_keep_their_name():
    first = findings(importances([0.06], [0.01], "roc_auc", 0.87, "probability"))[0]
    assert first.text.startswith(
        "Without the information in a, the model's roc auc gets worse by 0.060 (0.050 to 0.070)"
    )


def test_overlapping_intervals_are_ties():
    _, order, none = findings(importances([9.0, 3.0, 2.8, 0.1], [1.0, 0.5, 0.5, 0.2]))
    assert "1. a; 2. b and c (a tie: their intervals overlap)." in order.text
    assert none.text == "No importance can be told from zero for d: the interval reaches 0."


def test_without_any_importance_no_order_is_told():
    (only,) = findings(importances([0.1, 0.2], [1.0, 1.0]))
    assert "can be told from zero" in only.text


def test_ranks_start_a_new_place_below_the_leaders_interval():
    values = np.array([5.0, 4.9, 3.0, 2.9, 0.0])
    assert ranked("abcde", values, values - 0.2, values + 0.2) == [["a", "b"], ["c", "d"], ["e"]]
    assert ranked("a", np.array([1.0]), np.array([-np.inf]), np.array([np.inf])) == [["a"]]


@pytest.mark.parametrize(
    ("curve", "words"),
    [
        ([1, 2, 3], "rises"),
        ([3, 2, 1], "falls"),
        ([0, 5, 0], "rises, then falls"),
        ([5, 0, 5], "falls, then rises"),
        ([0, 5, 1, 6], "rises, then falls, then rises"),
        ([0, 5, 0, 5, 0], "goes up and down, with 3 turns"),
        ([2, 2, 2], "does not move"),
        ([0, 5, 4.8, 9], "rises"),
        ([1.0], "does not move"),
    ],
)
def test_shapes_are_told_in_words(curve, words):
    assert shape(np.array(curve, float)) == words


def test_turns_alternate():
    for seed in range(20):
        moves = turns(np.random.default_rng(seed).normal(size=30).cumsum())
        assert all(a == -b for a, b in itertools.pairwise(moves))


def test_effects_are_told_from_their_lowest_to_their_highest_place():
    X = pd.DataFrame({"a": np.arange(50.0) % 7, "word": ["x", "y"] * 25})
    e = sp.PartialDependence().explain(lambda X: (2 * X["a"] + 100 * (X["word"] == "x")).to_numpy(), X)
    told = [finding.text for finding in findings(e, "metres")]
    assert told[0].startswith("Across word, the model's mean prediction is lowest with ")
    assert " at y, and highest with " in told[0]
    assert told[1].startswith("Along a, the model's mean prediction rises: from ")
    assert " at 0 to " in told[1]
    assert told[1].endswith(" at 6.")


@pytest.mark.parametrize("method", [sp.PartialDependence(), sp.ALE()])
def test_it_is_told_where_single_rows_are_farthest_from_the_mean_curve(method):
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(200, 3)), columns=list("abc"))
    told = findings(method.explain(lambda X: (X["a"] + 3 * X["b"] * X["c"] ** 2).to_numpy(), X), "metres")[-1].text
    assert re.match(
        "Single rows are farthest from the mean curve along [bc]: apart from its own level, each row's ", told
    )
    assert re.search(r" differs from it by \d\.\d metres \(\d\.\d to \d\.\d\), as a root mean square\.$", told)
    plain = findings(method.explain(lambda X: (X["a"] + 3 * X["b"]).to_numpy(), X), "metres")
    assert not any("Single rows" in finding.text for finding in plain)


def test_probabilities_are_percent_and_their_differences_points():
    X = np.random.default_rng(0).random((60, 2))
    model = sp.adapt(lambda X: X[:, 0], classes=["no", "yes"])
    assert "% (" in findings(sp.PartialDependence().explain(model, X))[0].text
    centred = findings(sp.ALE().explain(model, X))[0].text
    assert "probability points (" in centred
    assert "probability of yes" in centred
    row = findings(sp.Shapley(background=X[:30]).explain(model, np.ones((1, 2))))[0].text
    assert "Moved, in probability points:" in row


def test_an_interaction_that_cannot_be_told_from_zero_is_not_told():
    e = made.interactions(3)
    low = replace(e.estimate, lower=np.zeros_like(e.estimate.lower))
    texts = [finding.text for finding in findings(replace(e, estimate=low))]
    assert texts[0] == "No interaction of two features can be told from zero."
    assert not [text for text in texts if "act together" in text]


def test_the_strongest_interaction_is_shown_by_two_groups_of_rows():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"hour": rng.integers(0, 10, 400), "free": rng.integers(0, 2, 400), "z": rng.normal(size=400)})
    f = lambda X: (X["hour"] * (1 + 9 * X["free"])).to_numpy(float)
    study = sp.explain(f, X, methods=["ice", "h-statistic"])
    told = [finding.text for finding in headline(study.values(), "metres")]
    assert any("free act together" in text or "hour and free act" in text for text in told)
    text = next(text for text in told if "differs between rows" in text)
    assert "at hour = 9 it is 9 metres" in text
    assert "for free = 0 and 90 metres" in text
    picture = strongest(study.values())
    assert picture.outputs == ("free = 0", "free = 1")
    np.testing.assert_allclose(picture.values[0][:, 1], 10 * np.arange(10))


def test_groups_of_a_number_are_its_lowest_and_highest_quarter_or_its_usual_value():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.normal(size=200), "gain": np.where(rng.random(200) < 0.8, 0.0, rng.random(200))})
    ice = sp.ICE().explain(lambda X: (X["a"] * X["gain"]).to_numpy(), X)
    assert contrast(ice, "a", "gain").outputs == ("gain = 0", "gain above 0")
    low, high = contrast(ice, "gain", "a").outputs
    assert low.startswith("a at most")
    assert high.startswith("a at least")


def test_few_rows_make_no_groups():
    X = np.random.default_rng(0).normal(size=(30, 2))
    assert contrast(sp.ICE().explain(lambda X: X[:, 0], X), "x0", "x1") is None


def test_single_rows_name_their_values_and_only_sure_moves():
    X = pd.DataFrame({"a": [1.0, 2.0, 4.0] * 20, "b": [None, "u", "v"] * 20, "c": 0.0})
    e = sp.Shapley(background=X).explain(lambda X: (X["a"] * 10 + 5 * X["b"].isna()).to_numpy(), X[:1])
    text = findings(e, "metres")[0].text
    assert text.startswith(
        "Row 0: the model's prediction is 15 metres, 10 metres below the background's mean (25 metres)."
    )
    assert "a = 1" in text
    assert "b is missing: +" in text
    assert "c = 0" not in text


def test_what_if_sentences_tell_the_largest_move():
    X = np.column_stack([np.arange(10.0), np.ones(10)])
    e = sp.CeterisParibus(background=X).explain(lambda X: X[:, 0] ** 2, X[3:4])
    (told,) = findings(e, "metres")
    assert told.text == (
        "Row 0 (9 metres as it is): all else equal, the prediction moves the most along x0, between 0 at 0 and 81 at 9 "
        "(metres)."
    )
    assert "no interval is needed" in told.basis


def test_infinite_errors_say_that_no_interval_could_be_had():
    X = np.array([[1.0, 2.0]])
    for e in (sp.PartialDependence(), sp.GlobalSurrogate()):
        for finding in findings(e.explain(lambda X: X[:, 0], X)):
            assert "inf" not in finding.text
            assert "nan" not in finding.text
    assert Measure.of("prediction", "m").within(1.0, np.inf, -np.inf, np.inf) == "1 m (no interval could be had)"


@pytest.mark.parametrize(
    ("scale", "unit", "level", "step", "thing"),
    [
        ("prediction", None, "2", "2 units of the prediction", "curve"),
        ("prediction", "metres", "2 metres", "2 metres", "curve, in metres"),
        ("probability", None, "200 %", "200 probability points", "curve, in %"),
        ("log_odds", None, "2", "2 log-odds", "curve"),
        ("score", None, "2", "2 units of the raw score", "curve"),
    ],
)
def test_a_unit_is_told_where_the_name_of_the_thing_does_not_tell_it(scale, unit, level, step, thing):
    measure = Measure.of(scale, unit)
    assert (measure.level(2.0), measure.step_of(2.0), measure.put("curve")) == (level, step, thing)


def test_listing_reads_like_a_sentence():
    assert [listed([]), listed(["a"]), listed(["a", "b"])] == ["", "a", "a and b"]


@pytest.mark.parametrize("name", made.HOSTILE, ids=ascii)
def test_hostile_names_stay_in_one_line(name):
    for _, e, _ in made.one_of_each(3, names=[name, "b", "c"]):
        for finding in findings(e):
            assert "\n" not in finding.text
            assert not set(finding.text) & set("\u202e\x00\x0b\ud800")


def test_shares_of_the_loss_are_told_as_shares():
    X = np.random.default_rng(0).normal(size=(200, 2))
    e = sp.SAGE().explain(lambda X: 2 * X[:, 0] + X[:, 1], X, 2 * X[:, 0] + X[:, 1])
    text = " ".join(finding.text for finding in findings(e))
    assert "takes" in text
    assert "off the mean squared error of the mean prediction" in text
    assert "Without the information" not in text
