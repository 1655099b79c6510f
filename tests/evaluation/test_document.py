"""Comparisons as text, and the way back."""

import dataclasses
import hashlib
import json

import numpy as np
import pytest

import sipakit as sp
from sipakit.checks import same
from sipakit.documents import schema_path
from sipakit.evaluation import comparison_of
from tests.documents.walker import wrong
from tests.evaluation.made import attributions, importances

PUBLISHED = json.loads(schema_path("comparison").read_text(encoding="utf-8"))
CASES = {
    "two outputs": sp.compare([attributions(), attributions(gap=0.1)]),
    "one row": sp.compare([attributions(np.ones((1, 3, 1))), attributions(np.ones((1, 3, 1)))]),
    "other models": sp.compare({"a": attributions(), "type": attributions(predictions=np.zeros((30, 2)))}),
    "not additive": sp.compare([attributions(), attributions(explainer="LIME", additive=False)]),
    "importances": sp.compare([importances(np.arange(6.0)[:, None]), importances(np.ones((6, 1)))]),
    "hostile names": sp.compare({"</script>\u202e": attributions(), "\x00": attributions(), "": attributions()}),
}


def signed(body):
    digest = hashlib.sha256(body.encode()).hexdigest()
    return f'{{\n"schema": "sipakit.comparison/1",\n"digest": "sha256:{digest}",\n{body}'.encode()


@pytest.mark.parametrize("name", CASES)
def test_a_comparison_comes_back_equal_and_writes_the_same_bytes(name, tmp_path):
    text = CASES[name].to_json(tmp_path / "x.json")
    again = sp.load(tmp_path / "x.json")
    assert same(again, CASES[name])
    assert again.to_json() == text
    assert repr(again) == repr(CASES[name])
    assert wrong(json.loads(text), PUBLISHED, PUBLISHED) == []


def test_a_thousand_truncations_and_flips_are_refused_by_name():
    rng = np.random.default_rng(0)
    data = CASES["one row"].to_json().encode()
    for _ in range(1_000):
        flipped = bytearray(data)
        flipped[rng.integers(len(data))] ^= int(rng.integers(1, 256))
        for broken in (data[: rng.integers(len(data))], bytes(flipped)):
            with pytest.raises(sp.InputError, match="the file"):
                comparison_of(broken, "the file")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"n_rows": 1', '"n_rows": "1"', "n_rows is no int"),
        ('"measure": ', '"size": ', "lacks 'measure' and has other fields: 'size'"),
        ('"notes": ["', '"notes": [1, "', "notes is no tuple"),
        ('"notes": ["', '"more": 1,\n"notes": ["', "other fields: 'more'"),
        ('"agreements": [', '"agreements": [3, ', "no comparison"),
        ('"type": "Attributions"', '"type": "Effects"', "other fields"),
        ('"schema": "sipakit.explanation/1"', '"schema": "sipakit.explanation/2"', "sipakit.explanation/2"),
        ('"explanations": {', '"explanation": {', "explanations"),
    ],
    ids=lambda text: text[:30],
)  # fmt: skip
def test_what_a_comparison_may_not_hold_is_refused(old, new, told):
    body = CASES["one row"].to_json().split("\n", 3)[3]
    assert old in body
    with pytest.raises(sp.InputError, match="the file") as error:
        comparison_of(signed(body.replace(old, new, 1)), "the file")
    assert told in str(error.value)


def test_effects_are_no_part_of_a_comparison():
    from tests.plots import made

    one = dataclasses.replace(CASES["one row"], explanations=(made.effects(), made.effects()))
    with pytest.raises(sp.InputError, match="Effects"):
        comparison_of(one.to_json().encode(), "the file")
