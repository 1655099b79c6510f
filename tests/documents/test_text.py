"""Explanations as JSON text: layout, digest, and the way back."""

import dataclasses
import hashlib
import json

import numpy as np
import pandas as pd
import pytest

import sipakit as sp
from sipakit import documents
from sipakit.caveats import CODES, Caveat
from sipakit.checks import same
from sipakit.documents.text import loads
from sipakit.shown import Shown
from tests.documents.made import CASES, real
from tests.plots import made
from tests.variants import VARIANTS


def signed(body):
    """A document with the right digest, whatever its text."""
    digest = hashlib.sha256(body.encode()).hexdigest()
    return f'{{\n"schema": "{documents.SCHEMA}",\n"digest": "sha256:{digest}",\n{body}'.encode()


def body_of(explanation):
    return documents.dumps(explanation).split("\n", 3)[3]


@pytest.mark.parametrize("explanation", [case[1] for case in CASES], ids=[case[0] for case in CASES])
def test_an_explanation_comes_back_equal_and_writes_the_same_bytes(explanation):
    text = documents.dumps(explanation)
    assert text.isascii()
    assert text == documents.dumps(explanation)
    again = loads(text.encode(), "x")
    assert same(again, explanation)
    assert again.to_json() == text


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_explainers_answer_comes_back_equal(variant):
    if "Gradients" in variant:
        pytest.importorskip("torch")
    explanation = real(variant)
    text = explanation.to_json()
    again = loads(text.encode(), "x")
    assert again.to_json() == text
    assert repr(again) == repr(explanation)
    pd.testing.assert_frame_equal(again.frame(), explanation.frame(), check_exact=True)
    for field in dataclasses.fields(explanation):
        assert same(getattr(again, field.name), getattr(explanation, field.name)), field.name


@pytest.mark.parametrize("explanation", [case[1] for case in CASES], ids=[case[0] for case in CASES])
def test_a_document_holds_every_field_and_its_digest(explanation):
    text = documents.dumps(explanation)
    document = json.loads(text)
    assert set(document) == {field.name for field in dataclasses.fields(explanation)} | {"schema", "digest", "type"}
    assert document["type"] == type(explanation).__name__
    lines = text.splitlines(keepends=True)
    assert lines[:2] == ["{\n", '"schema": "sipakit.explanation/1",\n']
    assert document["digest"] == "sha256:" + hashlib.sha256("".join(lines[3:]).encode()).hexdigest()


def test_a_name_keeps_its_type():
    names = ("1", 1, ("a", 3), 1.5, True, pd.Timestamp("2024-01-01"), frozenset({1}), None)
    explanation = made.importances(names=names)
    assert json.loads(documents.dumps(explanation))["features"][:3] == ["1", 1, {"type": "tuple", "items": ["a", 3]}]
    again = loads(documents.dumps(explanation).encode(), "x").features
    assert list(zip(map(type, again), again, strict=True)) == list(zip(map(type, names), names, strict=True))


def test_tuples_as_all_features_are_not_taken_for_pairs():
    explanation = made.interactions(names=(("a", 1), ("a", 2), ("b", 1)))
    assert loads(documents.dumps(explanation).encode(), "x").sets == explanation.sets


def test_sets_of_three_come_back_as_they_were():
    text = documents.dumps(made.interactions(4, triples=True))
    assert loads(text.encode(), "x").sets[-1] == made.interactions(4, triples=True).sets[-1]


def test_what_is_no_data_among_the_parameters_stays_text_that_says_so():
    explanation = sp.ALE(background=np.eye(3)).explain(lambda X: X[:, 0], np.eye(3))
    again = loads(documents.dumps(explanation).encode(), "x")
    assert type(again.parameters["background"]) is Shown
    assert repr(again.parameters["background"]) == "<ndarray 3 x 3>"
    asked = dataclasses.replace(explanation, parameters={"scoring": len})
    assert loads(documents.dumps(asked).encode(), "x").parameters == {"scoring": "<len>"}


def test_exact_curves_are_written_once():
    exact, measured = made.row_effects(), made.effects()
    size = exact.estimate.values.size
    assert set(json.loads(exact.to_json())["estimate"]) == {"type", "values", "error", "parts"}
    assert len(json.dumps(json.loads(exact.to_json())["estimate"])) < 25 * size
    assert set(json.loads(measured.to_json())["estimate"]) == {"type", "values", "std_error", "lower", "upper", "parts"}


# ---- what is refused


BROKEN = [
    made.effects(axes=made.all_axes()[:5]),
    made.decomposition(4),
    made.regions(3),
    made.attributions(4, n=5, replicates=np.ones((3, 5, 4, 1))),
]


@pytest.mark.parametrize("explanation", BROKEN, ids=lambda e: type(e).__name__)
def test_a_thousand_truncations_and_flips_are_refused_by_name(explanation):
    rng = np.random.default_rng(0)
    data = explanation.to_json().encode()
    for _ in range(250):
        flipped = bytearray(data)
        flipped[rng.integers(len(data))] ^= int(rng.integers(1, 256))
        for broken in (data[: rng.integers(len(data))], bytes(flipped)):
            with pytest.raises(sp.SipakitError, match="the file"):
                loads(broken, "the file")


BODY = body_of(made.importances())


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"conf_level": 0.95', '"conf_level": NaN', "NaN is no JSON"),
        ('"conf_level": 0.95', '"conf_level": 1e999', "conf_level: a number is too large"),
        ('"conf_level": 0.95', '"conf_level": "0.95"', "conf_level is no float"),
        ('"conf_level": 0.95', '"conf_level": 0.95, "conf_level": 0.5', "'conf_level' stands twice"),
        ('"conf_level": 0.95,\n', "", "Importances lacks 'conf_level'"),
        ('"conf_level": 0.95', '"conf_level": 0.95, "more": 1', "other fields: 'more'"),
        ('"type": "Importances"', '"type": "Exploit"', "Exploit"),
        ('"type": "Importances"', '"type": "Effects"', "other fields"),
        ('"baseline": {"type": "array", "dtype": "float64", "shape": [1]', '"baseline": {"type": "array", "dtype": "float64", "shape": [1, 1]', "baseline has the shape (1, 1)"),  # noqa: E501
        ('"features": [', '"features": ["more", ', "estimate has the shape"),
        ('"shape": [3, 1]', '"shape": [1, 3]', "different shapes"),
        ('"code": "SIPA010"', '"code": "SIPA999"', "not known to this version"),
        ('"parameters": {', f'"parameters": {{"deep": {"[" * 5_000}{"]" * 5_000},', "nested"),
        ('"parameters": {', f'"parameters": {{"deep": {"[" * 200}{"]" * 200},', "nested"),
        ('"parameters": {', f'"parameters": {{"long": {"9" * 5_000},', "no JSON that can be read"),
        ('"parameters": {', '"parameters": {"evil": {"type": "pickle", "value": "cos"},', "no type of this schema"),
        ('"caveats": [', '"caveats": [1, ', "caveats is no"),
        ('"outputs": [', '"outputs": [1, ', "outputs is no"),
    ],
    ids=lambda text: text[:30],
)  # fmt: skip
def test_what_a_document_may_not_hold_is_refused_by_field(old, new, told):
    assert old in BODY
    with pytest.raises(sp.InputError, match="the file") as error:
        loads(signed(BODY.replace(old, new, 1)), "the file")
    assert told in str(error.value)


def test_a_document_without_changes_passes_the_same_way():
    assert same(loads(signed(BODY), "x"), made.importances())


def test_every_caveat_comes_back():
    caveats = tuple(Caveat(code, "It is so.", "Do this.") for code in CODES)
    explanation = dataclasses.replace(made.importances(), caveats=caveats)
    assert loads(documents.dumps(explanation).encode(), "x").caveats == caveats
