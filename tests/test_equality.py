"""Equality of results by what they hold."""

import copy
import pickle
from dataclasses import replace

import numpy as np
import pytest

import sipakit as sp
from sipakit.equality import same
from tests.documents.made import CASES

X = np.random.default_rng(0).normal(size=(12, 2))


def copies(thing):
    return [copy.copy(thing), copy.deepcopy(thing), pickle.loads(pickle.dumps(thing))]


@pytest.mark.parametrize("explanation", [case[1] for case in CASES], ids=[case[0] for case in CASES])
def test_an_explanation_equals_its_copies_and_no_other(explanation):
    for twin in copies(explanation):
        assert twin == explanation
        assert not twin != explanation  # noqa: SIM202 - both operators are asked
    changed = copy.deepcopy(explanation.estimate)
    changed.values.flat[0] += 1e-9
    assert replace(explanation, estimate=changed) != explanation
    assert replace(explanation, question="Another?") != explanation
    assert explanation != "an explanation"
    with pytest.raises(TypeError, match="unhashable"):
        hash(explanation)


def test_a_file_is_equal_to_what_was_written(tmp_path):
    study = sp.explain(lambda X: X[:, 0] * X[:, 1], X, methods=["ale", "partial-dependence"])
    study["ale"].to_json(tmp_path / "ale.json")
    study.to_json(tmp_path / "study")
    assert sp.load(tmp_path / "ale.json") == study["ale"]
    assert sp.load(tmp_path / "study") == study
    assert sp.load(tmp_path / "study") != study.described(note="Another.")


def test_what_is_made_of_explanations_equals_its_copies():
    e = sp.Shapley(background=X, replicates=4).explain(lambda X: X[:, 0] * X[:, 1], X)
    one = [e.estimate, e.importance(), e.cohorts("x0"), e.rank_stability(), sp.compare([e, e])]
    two = [e[:6].estimate, e[:6].importance(), e.cohorts("x1"), e.rank_stability(top=1), sp.compare([e[:6], e[:6]])]
    for thing, other in zip(one, two, strict=True):
        assert all(twin == thing for twin in copies(thing)), type(thing)
        assert thing != other, type(thing)


def test_a_number_of_another_type_or_bit_is_another():
    assert same(np.array([0.1, np.nan]), np.array([0.1, np.nan]))
    assert not same(np.array([1.0]), np.array([1]))
    assert not same((1,), [1])
